//! What one agency may see of a month: its own lines, and the charges behind them.
//!
//! Writers of agency files take a [`Statement`] and never the month's end, so that nothing of another agency is in reach.

use super::{path, standing};
use crate::model::bill::{BillLine, LineKind};
use crate::model::charge::CostBasis;
use crate::model::codes::AgencyCode;
use crate::model::money::{Money, Overflow};
use crate::model::month::Month;
use crate::model::month_end::MonthEnd;
use crate::model::roll_up::Row;
use crate::model::settings::{AccountString, Agency, Mode, RateCard, RateModel, Settings};
use std::collections::{BTreeMap, BTreeSet};

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
    settings: &'a Settings,
    path: String,
}

/// A roll-up row behind a line, with its cents.
pub(super) struct Detail<'a> {
    pub line: &'a BillLine,
    pub row: Row<'a>,
    pub amount: Money,
}

/// One statement for every agency that has a line, by agency.
pub(super) fn statements(end: &MonthEnd) -> Vec<Statement<'_>> {
    let mut statements: BTreeMap<&AgencyCode, Statement<'_>> = BTreeMap::new();
    for line in &end.bills.lines {
        statements.entry(&line.agency).or_insert_with(|| empty(end, &line.agency)).lines.push(line);
    }
    for detail in &end.bills.details {
        let Some(line) = end.bills.lines.get(detail.line) else { continue };
        let Some(statement) = statements.get_mut(&line.agency) else { continue };
        statement.details.push(Detail { line, row: end.roll_up.row(detail.row), amount: detail.amount });
    }
    for statement in statements.values_mut() {
        statement.lines.sort_by(|a, b| a.id.cmp(&b.id));
        statement.details.sort_by(|a, b| (&a.line.id, a.row.number).cmp(&(&b.line.id, b.row.number)));
    }
    statements.into_values().collect()
}

fn empty<'a>(end: &'a MonthEnd, code: &'a AgencyCode) -> Statement<'a> {
    let agency: Option<&Agency> = end.settings.agency(code);
    Statement {
        code,
        name: agency.map_or(code.as_str(), |agency| &agency.name),
        contact: agency.map_or("", |agency| &agency.contact),
        state: &end.settings.state.name,
        currency: &end.settings.state.currency,
        month: end.month,
        run: &end.run,
        standing: standing(end),
        lines: Vec::new(),
        details: Vec::new(),
        tags: end.roll_up.tags(),
        settings: &end.settings,
        path: path(end, &format!("statements/{code}"), "{}", ""),
    }
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

    pub fn service_name(&self, line: &BillLine) -> &'a str {
        let service = self.settings.services.iter().find(|service| service.code == line.service);
        service.map_or("", |service| service.name.as_str())
    }

    /// The card that priced a line.
    pub fn card(&self, line: &BillLine) -> Option<&'a RateCard> {
        let rate = line.rate.as_ref()?;
        self.settings.rate_cards.iter().find(|card| card.rate_id == rate.rate_id && card.version == rate.version)
    }

    /// Which of the vendor's costs a line charges; nothing for a quantity at our own rate.
    pub fn basis(&self, line: &BillLine) -> Option<CostBasis> {
        match (line.kind, self.card(line).map(|card| &card.model)) {
            (LineKind::Direct, Some(RateModel::PassThrough { basis })) => Some(*basis),
            (LineKind::Direct, _) => Some(CostBasis::Billed),
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

    /// What the lines come to that have charges behind them.
    pub fn explained(&self) -> Result<Money, Overflow> {
        let explained: BTreeSet<&str> = self.details.iter().map(|detail| detail.line.id.as_str()).collect();
        let lines = self.lines.iter().filter(|line| explained.contains(line.id.as_str()));
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
