//! The generic journal feed, its control file in two spellings, and the feed read again.
//!
//! The layout is fixed: a state's import template maps these columns and no others. Codes and ids that do not fit their
//! field are an error, because a cut code is another code; descriptions and references, which people read, are cut. Text is printable ASCII without quotes
//! and delimiters, and nothing is added to it: a machine reads this file.

use super::csv::{self, Table};
use super::outputs::Written;
use super::read_back::{Figures, compare};
use super::{NamedBytes, estimates, path, standing};
use crate::model::journal_entry::{JournalEntry, Posting, Side};
use crate::model::money::{Cost, Money, Overflow};
use crate::model::month::FiscalPeriod;
use crate::model::month_end::MonthEnd;
use crate::model::proof::{Feed, FeedSides, LawResult};
use crate::model::untrusted::Untrusted;
use anyhow::{Context, bail};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Column and the longest text it takes.
const COLUMNS: [(&str, usize); 31] = [
    ("journal_id", 30),
    ("line_no", 6),
    ("journal_type", 4),
    ("posting_date", 10),
    ("fiscal_year", 4),
    ("fiscal_period", 2),
    ("budget_fy", 4),
    ("service_period", 7),
    ("reversing_date", 10),
    ("reversal_of", 30),
    ("fund", 20),
    ("agency", 20),
    ("appropriation", 20),
    ("program", 20),
    ("cost_center", 20),
    ("project", 20),
    ("grant", 20),
    ("activity", 20),
    ("account", 20),
    ("location", 20),
    ("user1", 20),
    ("user2", 20),
    ("user3", 20),
    ("affiliate_fund", 20),
    ("affiliate_agency", 20),
    ("debit", 18),
    ("credit", 18),
    ("currency", 3),
    ("description", DESCRIPTION),
    ("reference", REFERENCE),
    ("service_code", 20),
];
const DESCRIPTION: usize = 120;
const REFERENCE: usize = 40;

pub(super) fn header() -> Vec<&'static str> {
    COLUMNS.iter().map(|(name, _)| *name).collect()
}

pub(super) fn write(end: &MonthEnd) -> anyhow::Result<Vec<NamedBytes>> {
    let feed = NamedBytes { path: feed_path(end), bytes: feed_bytes(end)? };
    let control = Control::of(end, &feed)?;
    let mut json = serde_json::to_vec_pretty(&control)?;
    json.push(b'\n');
    let line = NamedBytes { path: path(end, "journals", "journal", "control.csv"), bytes: control.one_line()? };
    let json = NamedBytes { path: path(end, "journals", "journal", "control.json"), bytes: json };
    Ok(vec![feed, json, line])
}

fn feed_path(end: &MonthEnd) -> String {
    path(end, "journals", "journal", "csv")
}

fn feed_bytes(end: &MonthEnd) -> anyhow::Result<Vec<u8>> {
    let mut table = Table::new(&header())?;
    for entry in sorted(end) {
        for (place, posting) in entry.postings().iter().enumerate() {
            table.row(&cells(end, entry, place + 1, posting)?)?;
        }
    }
    table.finish()
}

/// Entries by id, which is the order of the feed.
pub(super) fn sorted(end: &MonthEnd) -> Vec<&JournalEntry> {
    let mut entries: Vec<&JournalEntry> = end.journals.iter().collect();
    entries.sort_by(|a, b| a.id().cmp(b.id()));
    entries
}

/// One line of the feed.
pub(super) fn cells(
    end: &MonthEnd,
    entry: &JournalEntry,
    line: usize,
    posting: &Posting,
) -> anyhow::Result<Vec<String>> {
    let FiscalPeriod { year, period } = entry.period();
    let string = &posting.string;
    let (debit, credit) = match posting.side {
        Side::Debit => (posting.amount.to_string(), String::new()),
        Side::Credit => (String::new(), posting.amount.to_string()),
    };
    let cells = vec![
        entry.id().to_owned(),
        line.to_string(),
        entry.journal_type().text().to_owned(),
        entry.posting_date().to_string(),
        year.to_string(),
        format!("{period:02}"),
        posting.budget_fiscal_year.to_string(),
        entry.service_period().to_string(),
        entry.reversing_date().map(|date| date.to_string()).unwrap_or_default(),
        entry.reversal_of().unwrap_or_default().to_owned(),
        string.fund.clone(),
        string.agency.clone(),
        string.appropriation.clone(),
        string.program.clone(),
        string.cost_center.clone(),
        string.project.clone(),
        string.grant.clone(),
        string.activity.clone(),
        string.account.clone(),
        string.location.clone(),
        string.user1.clone(),
        string.user2.clone(),
        string.user3.clone(),
        posting.affiliate_fund.clone(),
        posting.affiliate_agency.clone(),
        debit,
        credit,
        end.settings.state.currency.clone(),
        one_blank(&Untrusted::new(&posting.description).for_journal(DESCRIPTION)),
        Untrusted::new(&posting.reference).for_journal(REFERENCE),
        posting.service.clone(),
    ];
    for ((column, longest), cell) in COLUMNS.iter().zip(&cells) {
        fits(entry.id(), line, column, *longest, cell)?;
    }
    Ok(cells)
}

/// A comma that became a blank beside a blank leaves one.
fn one_blank(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A code that is cut or changed is another code, so one that does not fit stops the export.
fn fits(journal: &str, line: usize, column: &str, longest: usize, cell: &str) -> anyhow::Result<()> {
    let shown = Untrusted::new(cell).for_terminal();
    if cell.chars().count() > longest {
        bail!("journal {journal}, line {line}: {column} {shown} is longer than {longest} characters");
    }
    if Untrusted::new(cell).for_journal(longest) != cell {
        bail!("journal {journal}, line {line}: {column} {shown} holds a character that journal feeds do not take");
    }
    Ok(())
}

/// What the receiver compares with what arrived. Who approved a close and when it was made are in the ledger's record: they
/// would give the same month other bytes.
#[derive(Debug, Serialize)]
struct Control {
    schema: &'static str,
    /// The run: it changes with every input, setting and rule.
    batch_id: String,
    /// SHA-256 of the settings, under which the ledger keeps them.
    configuration: String,
    standing: &'static str,
    /// A vendor had not issued its invoice when the month was closed.
    on_estimates: bool,
    state: String,
    month: String,
    fiscal_year: i32,
    fiscal_period: u32,
    currency: String,
    feed_file: String,
    feed_sha256: String,
    journal_count: usize,
    line_count: usize,
    total_debit: Money,
    total_credit: Money,
    funds: Vec<FundControl>,
}

#[derive(Debug, Serialize)]
struct FundControl {
    fund: String,
    line_count: usize,
    debit: Money,
    credit: Money,
}

impl Control {
    fn of(end: &MonthEnd, feed: &NamedBytes) -> anyhow::Result<Self> {
        let funds = fund_totals(&end.journals)?;
        let period = FiscalPeriod::of(end.month, end.settings.state.fiscal_year_starts);
        Ok(Self {
            schema: "chargeback.journal-control/1",
            batch_id: end.run.clone(),
            configuration: end.configuration.clone(),
            standing: standing(end),
            on_estimates: estimates(end).next().is_some(),
            state: end.settings.state.name.clone(),
            month: end.month.to_string(),
            fiscal_year: period.year,
            fiscal_period: period.period,
            currency: end.settings.state.currency.clone(),
            feed_file: feed.path.rsplit('/').next().unwrap_or_default().to_owned(),
            feed_sha256: sha256(&feed.bytes),
            journal_count: end.journals.len(),
            line_count: funds.iter().map(|fund| fund.line_count).sum(),
            total_debit: Money::total(funds.iter().map(|fund| fund.debit))?,
            total_credit: Money::total(funds.iter().map(|fund| fund.credit))?,
            funds,
        })
    }

    fn one_line(&self) -> anyhow::Result<Vec<u8>> {
        let mut table = Table::new(&[
            "schema",
            "batch_id",
            "configuration",
            "standing",
            "month",
            "fiscal_year",
            "fiscal_period",
            "currency",
            "feed_file",
            "feed_sha256",
            "journal_count",
            "line_count",
            "total_debit",
            "total_credit",
            "on_estimates",
        ])?;
        table.row(&[
            self.schema.to_owned(),
            self.batch_id.clone(),
            self.configuration.clone(),
            self.standing.to_owned(),
            self.month.clone(),
            self.fiscal_year.to_string(),
            format!("{:02}", self.fiscal_period),
            self.currency.clone(),
            self.feed_file.clone(),
            self.feed_sha256.clone(),
            self.journal_count.to_string(),
            self.line_count.to_string(),
            self.total_debit.to_string(),
            self.total_credit.to_string(),
            self.on_estimates.to_string(),
        ])?;
        table.finish()
    }
}

fn fund_totals(entries: &[JournalEntry]) -> Result<Vec<FundControl>, Overflow> {
    let mut funds: BTreeMap<&str, FundControl> = BTreeMap::new();
    for posting in entries.iter().flat_map(JournalEntry::postings) {
        let fund = funds.entry(&posting.string.fund).or_insert_with(|| FundControl {
            fund: posting.string.fund.clone(),
            line_count: 0,
            debit: Money::ZERO,
            credit: Money::ZERO,
        });
        fund.line_count += 1;
        match posting.side {
            Side::Debit => fund.debit = fund.debit.checked_add(posting.amount)?,
            Side::Credit => fund.credit = fund.credit.checked_add(posting.amount)?,
        }
    }
    Ok(funds.into_values().collect())
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The journals as the written CSV says them, by journal and fund.
pub fn feed(files: &[NamedBytes]) -> Feed {
    let is_feed = |file: &&NamedBytes| file.path.starts_with("journals/journal-") && is_feed_name(&file.path);
    let parsed = match files.iter().find(is_feed) {
        Some(file) => parse(&file.bytes),
        None => Err(anyhow::anyhow!("no journal feed was written")),
    };
    match parsed.and_then(|lines| sides(&lines)) {
        Ok(sides) => Feed { sides, unreadable: None },
        Err(why) => Feed { sides: Vec::new(), unreadable: Some(format!("{why:#}")) },
    }
}

fn is_feed_name(path: &str) -> bool {
    path.strip_suffix(".csv").is_some_and(|stem| !stem.ends_with(".control"))
}

/// One line of the written feed.
struct FeedLine {
    cells: csv::Row,
    side: Side,
    amount: Money,
}

fn parse(bytes: &[u8]) -> anyhow::Result<Vec<FeedLine>> {
    let (header, rows) = csv::read(bytes)?;
    if header != self::header() {
        bail!("the header is not the feed's");
    }
    let line = |(number, cells): (usize, csv::Row)| {
        let (debit, credit) = (cells.get(25).unwrap_or_default(), cells.get(26).unwrap_or_default());
        let (side, amount) = match (debit, credit) {
            (debit, "") => (Side::Debit, debit),
            ("", credit) => (Side::Credit, credit),
            _ => bail!("line {}: it has a debit and a credit", number + 2),
        };
        let amount = Money::parse(amount).with_context(|| format!("line {}: {amount:?}", number + 2))?;
        Ok(FeedLine { cells, side, amount })
    };
    rows.into_iter().enumerate().map(line).collect()
}

fn sides(lines: &[FeedLine]) -> anyhow::Result<Vec<FeedSides>> {
    let mut sides: BTreeMap<(&str, &str), FeedSides> = BTreeMap::new();
    for line in lines {
        let (journal, fund) = (&line.cells[0], &line.cells[10]);
        let start = || FeedSides { journal: journal.to_owned(), fund: fund.to_owned(), ..FeedSides::default() };
        let side = sides.entry((journal, fund)).or_insert_with(start);
        side.lines += 1;
        match line.side {
            Side::Debit => side.debits = side.debits.checked_add(line.amount)?,
            Side::Credit => side.credits = side.credits.checked_add(line.amount)?,
        }
    }
    Ok(sides.into_values().collect())
}

/// The feed line by line, and both control files.
pub(super) fn read_back(end: &MonthEnd, written: &Written<'_>) -> Vec<LawResult> {
    let feed = feed_path(end);
    let json = path(end, "journals", "journal", "control.json");
    let line = path(end, "journals", "journal", "control.csv");
    let read = |path: &str| written.bytes(path);
    vec![
        compare(&feed, read(&feed).and_then(|bytes| figures_of_feed(&bytes)), figures_of_ledger(end)),
        compare(&json, read(&json).and_then(|bytes| figures_of_json(&bytes)), control_of_ledger(end, true)),
        compare(&line, read(&line).and_then(|bytes| figures_of_line(&bytes)), control_of_ledger(end, false)),
    ]
}

/// What names a line in the feed and in the ledger: journal, place, fund, agency, account, side.
fn figures_of_feed(bytes: &[u8]) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    for FeedLine { cells, side, amount } in parse(bytes)? {
        let [journal, line, fund, agency, account] = [0, 1, 10, 11, 18].map(|place| &cells[place]);
        figures.add_money(format!("{journal} line {line} {fund}/{agency}/{account} {side:?}"), amount)?;
    }
    Ok(figures)
}

fn figures_of_ledger(end: &MonthEnd) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    for entry in &end.journals {
        for (place, Posting { string, side, amount, .. }) in entry.postings().iter().enumerate() {
            let whose = format!("{}/{}/{}", string.fund, string.agency, string.account);
            figures.add_money(format!("{} line {} {whose} {side:?}", entry.id(), place + 1), *amount)?;
        }
    }
    Ok(figures)
}

fn figures_of_json(bytes: &[u8]) -> anyhow::Result<Figures> {
    let control: serde_json::Value = serde_json::from_slice(bytes)?;
    let mut figures = Figures::default();
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    for name in ["journal_count", "line_count", "total_debit", "total_credit"] {
        figures.add_text(name, &text(&control[name]))?;
    }
    for fund in control["funds"].as_array().context("funds are missing")? {
        for name in ["line_count", "debit", "credit"] {
            figures.add_text(format!("fund {} {name}", text(&fund["fund"])), &text(&fund[name]))?;
        }
    }
    Ok(figures)
}

fn figures_of_line(bytes: &[u8]) -> anyhow::Result<Figures> {
    let (header, rows) = csv::read(bytes)?;
    let mut figures = Figures::default();
    let cells = rows.iter().flat_map(|row| header.iter().zip(row));
    let figure = |name: &str| name.ends_with("_count") || name.starts_with("total_");
    for (name, cell) in cells.filter(|(name, _)| figure(name)) {
        figures.add_text(name, cell)?;
    }
    Ok(figures)
}

fn control_of_ledger(end: &MonthEnd, with_funds: bool) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let mut total = Cost::ZERO;
    let mut lines = 0;
    for fund in fund_totals(&end.journals)? {
        total = total.checked_add(Cost::from_money(fund.debit))?;
        lines += fund.line_count;
        if with_funds {
            figures.add_count(format!("fund {} line_count", fund.fund), fund.line_count)?;
            figures.add_money(format!("fund {} debit", fund.fund), fund.debit)?;
            figures.add_money(format!("fund {} credit", fund.fund), fund.credit)?;
        }
    }
    figures.add_count("journal_count", end.journals.len())?;
    figures.add_count("line_count", lines)?;
    figures.add("total_debit", total)?;
    figures.add("total_credit", total)?;
    Ok(figures)
}
