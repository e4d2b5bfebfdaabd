//! What one agency may see of a month: its own lines, and the charges behind them.
//!
//! Writers of agency files take a [`Statement`] and never the month's end, so that nothing of another agency is in reach.

use super::{path, standing};
use crate::model::bill::BillLine;
use crate::model::codes::AgencyCode;
use crate::model::money::{Money, Overflow};
use crate::model::month::Month;
use crate::model::month_end::MonthEnd;
use crate::model::roll_up::Row;
use crate::model::settings::{Agency, FundingRule, Mode, RateCard, Settings};
use std::collections::BTreeMap;

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

    /// Funding rules of this agency, as they stand in the settings.
    pub fn funding_rules(&self) -> impl Iterator<Item = &'a FundingRule> + '_ {
        let code = self.code;
        self.settings.funding.iter().filter(move |rule| &rule.agency == code)
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
