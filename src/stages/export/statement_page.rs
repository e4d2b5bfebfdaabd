//! What the page of a statement shows, as texts: the template only puts them in their places.

use super::statement::{Statement, account_string, kind_in_words, treatment, words};
use super::statement_changes::{Before, Changes, Month, before, changes, months};
use super::statement_detail::{DetailRow, by_day, by_month, rows as detail_rows};
use super::statement_people::{Person, used};
use super::statement_sheets::{Adjusted, adjusted, percent_of, resource};
use crate::model::bill::{BillLine, FundingLine, PoolShare};
use crate::model::charge::Dimension;
use crate::model::money::{Money, Overflow, Quantity};
use crate::model::pricing;
use crate::model::settings::AccountString;
use crate::model::untrusted::harmless;
use serde::Serialize;
use std::collections::BTreeMap;

/// Rows of one table on the page. The others are one row together: an amount is never left out.
const MOST: usize = 100;

#[derive(Serialize)]
pub(super) struct Page {
    state: String,
    title: &'static str,
    agency: String,
    code: String,
    contact: String,
    month: String,
    standing: &'static str,
    run: String,
    currency: String,
    due: String,
    shown: String,
    signing: &'static str,
    /// The month before, where it was closed.
    before: Option<Before>,
    changes: Option<Changes>,
    months: Vec<Month>,
    sections: Vec<Section>,
    services: Vec<Service>,
    strings: Vec<Source>,
    due_lines: Vec<Line>,
    informing: Vec<Line>,
    shared: Vec<Line>,
    credits: Vec<Credit>,
    more_credits: Option<Rest>,
    people: Vec<Person>,
    more_people: Option<Rest>,
    rates: Vec<Rate>,
    exchange: Vec<String>,
    /// A line id, to show what to quote.
    example: String,
    workbook: String,
    detail_csv: String,
    notes: Vec<(&'static str, String)>,
}

#[derive(Serialize)]
struct Section {
    id: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
struct Service {
    code: String,
    name: String,
    kind: &'static str,
    lines: usize,
    /// Of the bill, in thousandths.
    part: u64,
    amount: String,
}

#[derive(Serialize)]
struct Source {
    fund: String,
    string: String,
    year: i32,
    federal: &'static str,
    amount: String,
}

#[derive(Clone, Serialize)]
struct Line {
    id: String,
    description: String,
    service_name: String,
    kind: &'static str,
    treatment: String,
    price: String,
    quantity: String,
    unit: String,
    arithmetic: Vec<String>,
    share: Option<Share>,
    funding: Vec<Funding>,
    charges: Vec<Charge>,
    rest: Option<Rest>,
    amount: String,
}

#[derive(Clone, Serialize)]
struct Share {
    pool: String,
    whole: String,
    method: String,
    driver: String,
    total: String,
    unit: String,
    percent: String,
    received_cent: bool,
}

#[derive(Clone, Serialize)]
struct Funding {
    string: String,
    year: i32,
    federal: &'static str,
    percent: String,
    amount: String,
}

#[derive(Clone, Serialize)]
struct Charge {
    account: String,
    resource: String,
    meter: String,
    quantity: String,
    unit: String,
    amount: String,
}

#[derive(Clone, Serialize)]
struct Rest {
    count: usize,
    amount: String,
}

#[derive(Serialize)]
struct Credit {
    line: String,
    meter: String,
    resource: String,
    kind: String,
    amount: String,
}

#[derive(Serialize)]
struct Rate {
    id: String,
    version: u32,
    text: String,
    price: String,
    from: String,
    authority: String,
    approved: String,
}

impl Page {
    pub fn of(statement: &Statement<'_>) -> anyhow::Result<Self> {
        let charges = charges(statement)?;
        let lines = |lines: &mut dyn Iterator<Item = &BillLine>| -> Result<Vec<Line>, Overflow> {
            lines.map(|line| Line::of(statement, line, charges.get(line.id.as_str()))).collect()
        };
        let due_lines = lines(&mut statement.due())?;
        let informing = lines(&mut statement.informing())?;
        let shared = due_lines.iter().chain(&informing).filter(|line| line.share.is_some()).cloned().collect();
        let (credits, more_credits) = shortened(adjusted(statement)?.iter().collect(), |one| one.amount)?;
        let (people, more_people) = shortened(used(statement)?.iter().collect(), |one| one.amount)?;
        let shown = Money::total(statement.informing().map(|line| line.amount))?;
        let name = |path: String| path.rsplit('/').next().unwrap_or_default().to_owned();
        let mut page = Self {
            state: shown_text(statement.state),
            title: statement.title(),
            agency: shown_text(statement.name),
            code: statement.code.to_string(),
            contact: shown_text(statement.contact),
            month: statement.month.in_words(),
            standing: statement.standing,
            run: statement.run.to_owned(),
            currency: statement.currency.to_owned(),
            due: statement.amount_due()?.for_people(),
            shown: shown.for_people(),
            signing: statement.signing(),
            before: before(statement)?,
            changes: changes(statement)?,
            months: months(statement)?,
            sections: Vec::new(),
            services: services(statement)?,
            strings: strings(statement)?,
            due_lines,
            informing,
            shared,
            credits: credits.into_iter().map(Credit::of).collect(),
            more_credits,
            people: people.into_iter().map(Person::of).collect(),
            more_people,
            rates: rates(statement),
            exchange: statement.exchange().iter().map(|rate| rate.between(statement.currency)).collect(),
            example: statement.lines.first().map(|line| line.id.clone()).unwrap_or_default(),
            workbook: name(statement.path("statement", "xlsx")),
            detail_csv: name(statement.path("detail", "csv")),
            notes: words(statement),
        };
        page.sections = page.sections();
        Ok(page)
    }

    fn sections(&self) -> Vec<Section> {
        let sections = [
            ("services", "By service", !self.services.is_empty()),
            ("strings", "Where the money comes from", !self.strings.is_empty()),
            ("changes", "What changed", self.changes.is_some()),
            ("months", "Month by month", !self.months.is_empty()),
            ("lines", "Every line", !self.due_lines.is_empty()),
            ("shared", "Shared costs", !self.shared.is_empty()),
            ("credits", "Credits", !self.credits.is_empty()),
            ("people", "Who used it", !self.people.is_empty()),
            ("showback", "Showback", !self.informing.is_empty()),
            ("rates", "Rates", !self.rates.is_empty()),
            ("questions", "Questions", true),
            ("words", "How to read it", true),
        ];
        sections.into_iter().filter(|(.., has)| *has).map(|(id, name, _)| Section { id, name }).collect()
    }
}

/// Invisible characters are shown as code points: a right-to-left mark turns no amount around.
pub(super) fn shown_text(text: &str) -> String {
    harmless(text)
}

pub(super) fn quantity(quantity: Quantity) -> String {
    let plain = quantity.to_string();
    let (whole, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
    let grouped = whole.parse::<i64>().map_or_else(|_| whole.to_owned(), grouped);
    if decimals.is_empty() { grouped } else { format!("{grouped}.{decimals}") }
}

/// `1,234`
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { "-".to_owned() } else { String::new() };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const fn yes(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// The largest of them, and the others together.
fn shortened<T>(mut all: Vec<T>, amount: impl Fn(&T) -> Money) -> Result<(Vec<T>, Option<Rest>), Overflow> {
    if all.len() <= MOST {
        return Ok((all, None));
    }
    all.sort_by_key(|one| std::cmp::Reverse(amount(one).cents().unsigned_abs()));
    let rest = all.split_off(MOST);
    let sum = Money::total(rest.iter().map(amount))?;
    Ok((all, Some(Rest { count: rest.len(), amount: sum.for_people() })))
}

/// One row a service and kind, the largest first.
fn services(statement: &Statement<'_>) -> Result<Vec<Service>, Overflow> {
    let mut sums: BTreeMap<(&str, &'static str), (&BillLine, usize, Money)> = BTreeMap::new();
    for line in statement.due() {
        let key = (line.service.as_str(), kind_in_words(line.kind));
        let (_, lines, sum) = sums.entry(key).or_insert((line, 0, Money::ZERO));
        (*lines, *sum) = (*lines + 1, sum.checked_add(line.amount)?);
    }
    let mut rows: Vec<_> = sums.into_iter().collect();
    rows.sort_by_key(|(_, (.., sum))| std::cmp::Reverse(sum.cents()));
    let whole: i64 = rows.iter().map(|(_, (.., sum))| sum.cents().max(0)).sum();
    let row = |((code, kind), (line, lines, sum)): ((&str, &'static str), (&BillLine, usize, Money))| Service {
        code: code.to_owned(),
        name: shown_text(name_of(statement, line)),
        kind,
        lines,
        part: u64::try_from(i128::from(sum.cents().max(0)) * 1000 / i128::from(whole.max(1))).unwrap_or_default(),
        amount: sum.for_people(),
    };
    Ok(rows.into_iter().map(row).collect())
}

/// The service's name, or what the line is where the catalog names none.
fn name_of<'a>(statement: &'a Statement<'_>, line: &'a BillLine) -> &'a str {
    let name = statement.service_name(line);
    if name.is_empty() { &line.description } else { name }
}

fn strings(statement: &Statement<'_>) -> Result<Vec<Source>, Overflow> {
    let mut sums: BTreeMap<(&AccountString, i32, bool), Money> = BTreeMap::new();
    for part in statement.due().flat_map(|line| &line.funding) {
        let sum = sums.entry((&part.string, part.budget_fiscal_year, part.federal)).or_default();
        *sum = sum.checked_add(part.amount)?;
    }
    let row = |((string, year, federal), sum): ((&AccountString, i32, bool), Money)| Source {
        fund: shown_text(&statement.fund_name(&string.fund)),
        string: account_string(string),
        year,
        federal: yes(federal),
        amount: sum.for_people(),
    };
    Ok(sums.into_iter().map(row).collect())
}

/// The rows behind each line, over the days of the month.
type Charges<'a> = BTreeMap<&'a str, Vec<&'a DetailRow<'a>>>;

struct Behind {
    charges: Vec<Charge>,
    rest: Option<Rest>,
}

fn charges(statement: &Statement<'_>) -> Result<BTreeMap<String, Behind>, Overflow> {
    let own;
    let rows = if by_day(statement) {
        own = by_month(&statement.details)?;
        &own
    } else {
        detail_rows(statement)?
    };
    let mut by_line: Charges<'_> = BTreeMap::new();
    for row in rows {
        by_line.entry(row.first.line.id.as_str()).or_default().push(row);
    }
    let mut behind = BTreeMap::new();
    for (id, rows) in by_line {
        let (rows, rest) = shortened(rows, |row| row.amount)?;
        behind.insert(id.to_owned(), Behind { charges: rows.into_iter().map(Charge::of).collect(), rest });
    }
    Ok(behind)
}

/// What the charges behind each line come to, where the page shows them: rows past the sheet's limit are only in the CSV.
pub(super) fn charged(statement: &Statement<'_>) -> Result<BTreeMap<String, Money>, Overflow> {
    let mut sums: BTreeMap<String, Money> = BTreeMap::new();
    if !by_day(statement) && detail_rows(statement)?.is_empty() {
        return Ok(sums);
    }
    for lines in statement.details.chunk_by(|a, b| std::ptr::eq(a.line, b.line)) {
        let sum = sums.entry(lines[0].line.id.clone()).or_default();
        *sum = sum.checked_add(Money::total(lines.iter().map(|detail| detail.amount))?)?;
    }
    Ok(sums)
}

/// All credits and adjustments together; none where there are none.
pub(super) fn credits(statement: &Statement<'_>) -> Result<Option<Money>, Overflow> {
    let adjusted = adjusted(statement)?;
    let sum = Money::total(adjusted.iter().map(|one| one.amount))?;
    Ok((!adjusted.is_empty()).then_some(sum))
}

impl Charge {
    fn of(row: &DetailRow<'_>) -> Self {
        let text = |dimension| shown_text(row.first.row.text(dimension));
        Self {
            account: text(Dimension::SubAccountId),
            resource: shown_text(&resource(&row.first)),
            meter: text(Dimension::SkuMeter),
            quantity: quantity(row.quantity),
            unit: text(Dimension::ConsumedUnit),
            amount: row.amount.for_people(),
        }
    }
}

impl Credit {
    fn of(one: &Adjusted<'_>) -> Self {
        let text = |dimension| shown_text(one.first.row.text(dimension));
        Self {
            line: one.first.line.id.clone(),
            meter: text(Dimension::SkuMeter),
            resource: shown_text(&resource(&one.first)),
            kind: [text(Dimension::ChargeCategory), text(Dimension::ChargeType)].join(", "),
            amount: one.amount.for_people(),
        }
    }
}

impl Line {
    fn of(statement: &Statement<'_>, line: &BillLine, behind: Option<&Behind>) -> Result<Self, Overflow> {
        let rate = line.rate.as_ref().map(|rate| format!("{} v{}", rate.rate_id, rate.version));
        let price = [line.unit_price.clone(), rate.unwrap_or_default()];
        let price: Vec<&str> = price.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        Ok(Self {
            id: line.id.clone(),
            description: shown_text(&line.description),
            service_name: shown_text(name_of(statement, line)),
            kind: kind_in_words(line.kind),
            treatment: treatment(line),
            price: shown_text(&price.join(", rate ")),
            quantity: line.quantity.map(quantity).unwrap_or_default(),
            unit: shown_text(&line.unit),
            arithmetic: line.arithmetic.iter().map(|step| shown_text(step)).collect(),
            share: line.share.as_ref().map(Share::of),
            funding: line.funding.iter().map(Funding::of).collect(),
            charges: behind.map(|behind| behind.charges.clone()).unwrap_or_default(),
            rest: behind.and_then(|behind| behind.rest.clone()),
            amount: line.amount.for_people(),
        })
    }
}

impl Share {
    fn of(share: &PoolShare) -> Self {
        let number = |text: &str| Quantity::parse(text).map_or_else(|_| shown_text(text), quantity);
        Self {
            pool: share.pool.to_string(),
            whole: share.pool_amount.for_people(),
            method: shown_text(&share.method),
            driver: number(&share.driver_value),
            total: number(&share.driver_total),
            unit: shown_text(&share.unit),
            percent: percent_of(share).unwrap_or_default(),
            received_cent: share.received_cent,
        }
    }
}

impl Funding {
    fn of(part: &FundingLine) -> Self {
        Self {
            string: account_string(&part.string),
            year: part.budget_fiscal_year,
            federal: yes(part.federal),
            percent: part.percent.clone(),
            amount: part.amount.for_people(),
        }
    }
}

fn rates(statement: &Statement<'_>) -> Vec<Rate> {
    let mut cards: Vec<_> = statement.lines.iter().filter_map(|line| statement.card(line)).collect();
    cards.sort_by(|a, b| (&a.rate_id, a.version).cmp(&(&b.rate_id, b.version)));
    cards.dedup_by_key(|card| (&card.rate_id, card.version));
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let rate = |card: &crate::model::settings::RateCard| Rate {
        id: card.rate_id.clone(),
        version: card.version,
        text: shown_text(if card.statement_text.is_empty() { &card.description } else { &card.statement_text }),
        price: shown_text(&pricing::in_words(&card.model)),
        from: day(card.valid.from),
        authority: shown_text(&card.authority),
        approved: [shown_text(&card.approved_by), day(card.approved_on)].join(" ").trim().to_owned(),
    };
    cards.into_iter().map(rate).collect()
}
