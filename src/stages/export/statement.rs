//! What one agency may see of a month: its own lines, and the charges behind them.
//!
//! Writers of agency files take a [`Statement`] and never the month's end, so that nothing of another agency is in reach.

use super::statement_detail::DetailRow;
use super::statement_people::Used;
use super::statement_sheets::Adjusted;
use super::{path, standing_in_words};
use crate::model::bill::{BillDetail, BillLine, LineKind};
use crate::model::bridge::{Billed, Step};
use crate::model::charge::{CostBasis, Dimension};
use crate::model::codes::{AgencyCode, ServiceCode};
use crate::model::exchange::{Exchange, ExchangeRate};
use crate::model::money::{Money, Overflow};
use crate::model::month::Month;
use crate::model::month_end::MonthEnd;
use crate::model::roll_up::Row;
use crate::model::settings::{AccountString, Agency, Mode, RateCard, RateModel, Service, Settings};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

pub(super) struct Statement<'a> {
    pub code: &'a AgencyCode,
    /// The name, or the code of an agency that no table names.
    pub name: &'a str,
    pub contact: &'a str,
    pub state: &'a str,
    pub currency: &'a str,
    pub month: Month,
    pub run: &'a str,
    pub standing: &'static str,
    pub lines: Vec<&'a BillLine>,
    /// By line, then in the order of the roll-up.
    pub details: Vec<Detail<'a>>,
    /// Billing tags, in the order of the settings.
    pub tags: &'a [String],
    /// The month before, where it was closed in these books.
    pub before: Option<Month>,
    /// What closed months billed and showed to the agency, by month.
    pub billed: Vec<(Month, Vec<&'a Billed>)>,
    /// Why it owes another amount than the month before.
    pub steps: Vec<&'a Step>,
    settings: &'a Settings,
    path: String,
    /// Rows of the sheet of details: see [`super::statement_detail`].
    pub sheet: OnceLock<Result<Vec<DetailRow<'a>>, Overflow>>,
    /// See [`super::statement_sheets::adjusted`] and [`super::statement_people::used`].
    pub adjusted: OnceLock<Result<Vec<Adjusted<'a>>, Overflow>>,
    pub used: OnceLock<Result<Vec<Used<'a>>, Overflow>>,
}

/// A roll-up row behind a line, with its cents.
#[derive(Clone, Copy)]
pub(super) struct Detail<'a> {
    pub line: &'a BillLine,
    pub row: Row<'a>,
    pub amount: Money,
}

/// Which lines and details of the month are an agency's: numbers, so that all agencies of a large month cost little, and a
/// statement is put together when its turn comes.
pub(super) struct Part<'a> {
    code: &'a AgencyCode,
    /// By id.
    lines: Vec<usize>,
    details: Vec<u32>,
}

/// One part for every agency that has a line, by agency.
pub(super) fn parts(end: &MonthEnd) -> Vec<Part<'_>> {
    let bills = &end.bills;
    let mut by_agency: BTreeMap<&AgencyCode, Part<'_>> = BTreeMap::new();
    for (number, line) in bills.lines.iter().enumerate() {
        let code = &line.agency;
        let start = || Part { code, lines: Vec::new(), details: Vec::new() };
        by_agency.entry(code).or_insert_with(start).lines.push(number);
    }
    let mut parts: Vec<Part<'_>> = by_agency.into_values().collect();
    let mut whose = vec![0; bills.lines.len()];
    for (place, part) in parts.iter_mut().enumerate() {
        part.lines.sort_by(|&a, &b| bills.lines[a].id.cmp(&bills.lines[b].id));
        part.lines.iter().for_each(|&line| whose[line] = place);
    }
    for (number, detail) in (0u32..).zip(&bills.details) {
        if let Some(&place) = whose.get(detail.line) {
            parts[place].details.push(number);
        }
    }
    parts
}

impl<'a> Part<'a> {
    pub fn statement(&self, end: &'a MonthEnd) -> Statement<'a> {
        let Self { code, lines, details } = self;
        let code: &'a AgencyCode = code;
        let bills = &end.bills;
        let rank: HashMap<usize, usize> = lines.iter().enumerate().map(|(rank, &line)| (line, rank)).collect();
        let mut order: Vec<(usize, usize, u32)> = details
            .iter()
            .map(|&number| {
                let detail = &bills.details[number as usize];
                (rank.get(&detail.line).copied().unwrap_or_default(), detail.row, number)
            })
            .collect();
        order.sort_unstable();
        let detail = |(.., number): (usize, usize, u32)| {
            let BillDetail { line, row, amount } = bills.details[number as usize];
            Detail { line: &bills.lines[line], row: end.roll_up.row(row), amount }
        };
        let agency: Option<&Agency> = end.settings.agency(code);
        Statement {
            code,
            name: agency.map_or(code.as_str(), |agency| &agency.name),
            contact: agency.map_or("", |agency| &agency.contact),
            state: &end.settings.state.name,
            currency: &end.settings.state.currency,
            month: end.month,
            run: &end.run,
            standing: standing_in_words(end),
            lines: lines.iter().map(|&line| &bills.lines[line]).collect(),
            details: order.into_iter().map(detail).collect(),
            tags: end.roll_up.tags(),
            before: end.past.bridge.from,
            billed: end.past.carried.billed.iter().map(|(month, billed)| (*month, own(billed, code))).collect(),
            steps: end.past.bridge.steps.iter().filter(|step| &step.agency == code).collect(),
            settings: &end.settings,
            path: path(end, &format!("statements/{code}"), "{}", ""),
            sheet: OnceLock::new(),
            adjusted: OnceLock::new(),
            used: OnceLock::new(),
        }
    }
}

fn own<'a>(billed: &'a [Billed], code: &AgencyCode) -> Vec<&'a Billed> {
    billed.iter().filter(|one| &one.agency == code).collect()
}

impl<'a> Statement<'a> {
    /// `statements/DOH/statement-DOH-2025-09.xlsx`
    pub fn path(&self, stem: &str, extension: &str) -> String {
        format!("{}{extension}", self.path.replace("{}", &format!("{stem}-{}", self.code)))
    }

    /// Lines that ask for money.
    pub fn due(&self) -> impl Iterator<Item = &'a BillLine> + '_ {
        self.lines.iter().copied().filter(|line| line.mode == Mode::Chargeback)
    }

    /// Lines that only inform: shown back, listed, or borne by a central fund.
    pub fn informing(&self) -> impl Iterator<Item = &'a BillLine> + '_ {
        self.lines.iter().copied().filter(|line| line.mode != Mode::Chargeback)
    }

    pub fn amount_due(&self) -> Result<Money, Overflow> {
        Money::total(self.due().map(|line| line.amount))
    }

    /// What was due in a closed month.
    pub fn due_in(&self, month: Month) -> Result<Money, Overflow> {
        let billed = self.billed.iter().filter(|(of, _)| *of == month).flat_map(|(_, billed)| billed);
        Money::total(billed.filter(|one| one.is_due()).map(|one| one.amount))
    }

    /// Rates by which something on it was converted.
    pub fn exchange(&self) -> Vec<&'a ExchangeRate> {
        let exchange = Exchange::new(self.settings, self.month);
        let from: BTreeSet<&str> =
            self.lines.iter().flat_map(|line| &line.converted_from).map(String::as_str).collect();
        from.into_iter().filter_map(|currency| exchange.rate(currency)).collect()
    }

    /// Of a detail in another currency: that, and its rate.
    pub fn exchange_of(&self, row: &Row<'_>) -> Option<&'a ExchangeRate> {
        Exchange::new(self.settings, self.month).rate(row.text(Dimension::BillingCurrency))
    }

    pub fn service_name(&self, line: &BillLine) -> &'a str {
        self.service(&line.service).map_or("", |service| service.name.as_str())
    }

    /// The name of a service, or its code where the catalog has it no more.
    pub fn name_of_service<'b>(&'b self, code: &'b ServiceCode) -> &'b str {
        self.service(code).map_or(code.as_str(), |service| service.name.as_str())
    }

    fn service(&self, code: &ServiceCode) -> Option<&'a Service> {
        self.settings.services.iter().find(|service| &service.code == code)
    }

    /// The card that priced a line.
    pub fn card(&self, line: &BillLine) -> Option<&'a RateCard> {
        let rate = line.rate.as_ref()?;
        self.settings.rate_cards.iter().find(|card| card.rate_id == rate.rate_id && card.version == rate.version)
    }

    /// Which of the vendor's costs a line charges; nothing for a quantity at our own rate.
    pub fn basis(&self, line: &BillLine) -> Option<CostBasis> {
        match (line.kind, self.card(line).map(|card| &card.model)) {
            (LineKind::Direct, model) => Some(model.and_then(RateModel::passes_on).unwrap_or(CostBasis::Billed)),
            _ => None,
        }
    }

    /// The same in words, beside the costs of a detail.
    pub fn charged_on(&self, line: &BillLine) -> String {
        self.basis(line).map_or_else(|| "quantity".to_owned(), |basis| format!("{basis:?} cost").to_lowercase())
    }

    /// `2100 Federal Grants`
    pub fn fund_name(&self, fund: &str) -> String {
        let named = self.settings.funds.iter().find(|named| named.code.as_str() == fund);
        named.map_or_else(|| fund.to_owned(), |named| format!("{fund} {}", named.name))
    }

    pub fn title(&self) -> &'static str {
        if self.due().next().is_some() { "Statement of IT services" } else { "IT services used: this is not a bill" }
    }

    /// What the one who signs it, or reads it, must know.
    pub fn signing(&self) -> &'static str {
        match (self.standing, self.due().next()) {
            ("DRAFT", _) => {
                "This is a draft. Figures may change until the month is closed, and nothing has been posted."
            }
            ("FINAL ON ESTIMATES", Some(_)) => {
                "Closed on estimates: a vendor had not issued its invoice when this was made, and what it asks for in the end is \
                 put right in a later month. Amounts due are posted by journal to the account strings shown here."
            }
            (_, Some(_)) => {
                "Amounts due are posted by journal to the account strings shown here; nothing has to be paid by check. \
                 Each amount is shown with how it came about, down to the vendor's charges."
            }
            _ => "Nothing is due. Below is what was used and what it cost.",
        }
    }

    /// What the lines come to that have charges behind them.
    pub fn explained(&self) -> Result<Money, Overflow> {
        // Details stand by line.
        let lines = self.details.chunk_by(|a, b| a.line.id == b.line.id).map(|details| details[0].line);
        Money::total(lines.map(|line| line.amount))
    }
}

/// The parts of an account string that are not empty, in the order of the chart.
pub(super) fn account_string(string: &AccountString) -> String {
    let AccountString { fund, agency, appropriation, program, cost_center, project, grant, .. } = string;
    let AccountString { activity, account, location, user1, user2, user3, .. } = string;
    [
        fund,
        agency,
        appropriation,
        program,
        cost_center,
        project,
        grant,
        activity,
        account,
        location,
        user1,
        user2,
        user3,
    ]
    .into_iter()
    .filter(|part| !part.is_empty())
    .map(String::as_str)
    .collect::<Vec<_>>()
    .join("-")
}

pub(super) fn kind_in_words(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Direct => "At vendor's cost",
        LineKind::Shared => "Share of a pool",
        LineKind::Unit => "Quantity times rate",
        LineKind::Fee => "Percentage fee",
        LineKind::Fixed => "Fixed amount",
        LineKind::Prepaid => "Prepaid credits",
        LineKind::Subsidy => "Subsidy",
        LineKind::Shortfall => "Up to the minimum",
        LineKind::Excess => "Above the maximum",
        LineKind::Adjustment => "Adjustment",
    }
}

/// What a mode asks of the agency, in words.
pub(super) fn treatment(line: &BillLine) -> String {
    match (line.mode, &line.absorbed_by) {
        (Mode::Chargeback, _) => "Due".to_owned(),
        (Mode::Showback, _) => "Showback".to_owned(),
        (Mode::Visibility, _) => "For information".to_owned(),
        (Mode::Absorbed, Some(fund)) => format!("Paid by fund {fund}"),
        (Mode::Absorbed, None) => "Paid centrally".to_owned(),
    }
}

/// What the words of a statement mean.
pub(super) fn words(statement: &Statement<'_>) -> Vec<(&'static str, String)> {
    let run = format!(
        "{}. It changes with every input, setting and rule, and is printed on every page. The same month closed again \
         from the same files gives this statement again, byte for byte.",
        statement.run
    );
    let notes = [
        ("Amount due", "What is posted against your account strings for the month. Nothing has to be paid by check."),
        (
            "At vendor's cost",
            "The vendor's charges for your accounts and resources, net of credits, to the cent of its invoice, or of the accrual while there is none.",
        ),
        ("Share of a pool", "Your part of a cost that agencies share, by the driver: see Shared cost."),
        ("Quantity times rate", "What you used, times our approved rate. The rate and its authority are under Rates."),
        ("Percentage fee", "A percentage of other lines of this bill, after credits."),
        ("Showback", "What you used and what it cost, for information. It is not asked of you and not posted."),
        (
            "Cents",
            "Shares are rounded so that they add up: leftover cents go to the largest remainders, ties to the \
                   agency that comes first by code. Nothing is lost and nothing is made.",
        ),
        (
            "Difference",
            "Sums are formulas over the rows, so that you can see them recompute; beside each stands the \
                        ledger's figure. The difference must be 0.00.",
        ),
    ];
    let notes = notes.map(|(word, meaning): (&str, &str)| (word, meaning.to_owned()));
    notes.into_iter().chain([("Run", run)]).collect()
}
