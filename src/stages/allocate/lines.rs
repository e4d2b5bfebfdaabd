//! Bill lines before they have their numbers, and how they get them.

use super::Books;
use crate::model::bill::{BillDetail, BillLine, Bills, LineKind, RateReference};
use crate::model::codes::{AgencyCode, FundCode, ServiceCode};
use crate::model::money::{Exact, Money, Overflow, Rounding};
use crate::model::settings::{Mode, RateCard};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// What happens to a line, and who absorbs it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Treatment {
    pub mode: Mode,
    pub absorbed_by: Option<FundCode>,
}

impl Treatment {
    /// Of an amount that is rounded before it is known what happens to its parts.
    pub fn of_whole() -> Self {
        Self { mode: Mode::Chargeback, absorbed_by: None }
    }
}

/// A line without its number and funding.
pub(super) struct Draft {
    pub line: BillLine,
    /// The account whose own funding rule pays the line; otherwise blank.
    pub account: String,
    /// Rows behind the line with their cents.
    pub details: Vec<(usize, Money)>,
    /// Of a percentage above the vendor's cost: its cents by day of use.
    pub days: Vec<(NaiveDate, Money)>,
    /// The same number on a line that is subsidised and on what lowers it.
    pub lowered: Option<usize>,
}

impl<'a> Books<'a> {
    pub fn treatment(&self, agency: &AgencyCode, service: &ServiceCode, day: NaiveDate) -> Treatment {
        let (mode, fund) = self.settings.mode(agency, service, day);
        let absorbed_by = if mode == Mode::Absorbed { fund.cloned() } else { None };
        Treatment { mode, absorbed_by }
    }

    pub fn draft(&self, agency: &AgencyCode, service: &ServiceCode, kind: LineKind, treatment: Treatment) -> Draft {
        let line = BillLine {
            id: String::new(),
            agency: agency.clone(),
            service: service.clone(),
            month: self.month,
            kind,
            mode: treatment.mode,
            absorbed_by: treatment.absorbed_by,
            description: self.wording(service),
            provider: String::new(),
            amount: Money::ZERO,
            rate: None,
            quantity: None,
            unit: String::new(),
            unit_price: String::new(),
            share: None,
            arithmetic: Vec::new(),
            converted_from: Vec::new(),
            funding: Vec::new(),
            adjustment: None,
            subsidy: None,
        };
        Draft { line, account: String::new(), details: Vec::new(), days: Vec::new(), lowered: None }
    }

    fn wording(&self, service: &ServiceCode) -> String {
        let Some(service) = self.settings.service(service) else { return service.to_string() };
        let text = if service.statement_text.is_empty() { &service.name } else { &service.statement_text };
        text.clone()
    }

    pub fn card(&self, rate: &RateReference) -> Option<&'a RateCard> {
        let is_meant = |card: &&RateCard| card.rate_id == rate.rate_id && card.version == rate.version;
        self.settings.rate_cards.iter().find(is_meant)
    }
}

impl Draft {
    pub fn priced_by(&mut self, card: &RateCard) {
        self.line.rate = Some(RateReference { rate_id: card.rate_id.clone(), version: card.version });
        if !card.statement_text.is_empty() {
            self.line.description.clone_from(&card.statement_text);
        }
    }

    /// Its amount by span of the month, if that can be told: by the day of its rows, or on the first day where it has none.
    pub fn by_span(
        &self,
        books: Books<'_>,
        span: impl Fn(NaiveDate) -> usize,
    ) -> Result<Option<BTreeMap<usize, Money>>, Overflow> {
        if self.details.is_empty() {
            return Ok(Some(BTreeMap::from([(0, self.line.amount)])));
        }
        let mut sums: BTreeMap<usize, Money> = BTreeMap::new();
        for &(row, amount) in &self.details {
            let sum = sums.entry(span(books.roll_up.row(row).day())).or_default();
            *sum = sum.checked_add(amount)?;
        }
        let is_whole = Money::total(sums.values().copied())? == self.line.amount;
        Ok(is_whole.then_some(sums))
    }

    /// An account whose own funding rule pays stands on the bill by itself.
    pub fn of_account(&mut self, account: String) {
        if !account.is_empty() {
            self.line.description.push_str(&format!(" (account {account})"));
        }
        self.account = account;
    }
}

/// Cents of the parts of one amount, so that they add up to the whole, rounded once: each part is the rounded sum up to
/// its end less the rounded sum up to its start. A line that is cut because its mode changes keeps its amount.
pub(super) fn cut(parts: &[Exact], rounding: Rounding) -> Result<Vec<Money>, Overflow> {
    let (mut exact, mut cents) = (Exact::zero(), Money::ZERO);
    let mut cut = Vec::with_capacity(parts.len());
    for part in parts {
        exact = exact.plus(part);
        let upto = exact.round(rounding)?;
        cut.push(upto.checked_sub(cents)?);
        cents = upto;
    }
    Ok(cut)
}

pub(super) fn rounded_in_words(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::HalfUp => "rounded half up",
        Rounding::HalfEven => "rounded half even",
    }
}

/// Puts lines in the order of the bills: by agency, services as in the catalog.
pub(super) fn sort(books: Books<'_>, drafts: &mut [Draft]) {
    let place: BTreeMap<&ServiceCode, u32> =
        books.settings.services.iter().map(|service| (&service.code, service.order)).collect();
    drafts.sort_by_cached_key(|Draft { line, account, .. }| {
        let service = (place.get(&line.service).copied().unwrap_or(u32::MAX), line.service.clone());
        let pool = line.share.as_ref().map(|share| (share.pool.clone(), share.version));
        let of = (line.provider.clone(), line.rate.clone(), pool, account.clone());
        let subsidy = line.subsidy.as_ref().map(|subsidy| (subsidy.subsidy.clone(), subsidy.version));
        (line.agency.clone(), service, line.kind, of, line.mode, line.absorbed_by.clone(), subsidy)
    });
}

/// Gives the lines their number, by agency without gaps. Returns the account of each line whose own funding rule pays.
pub(super) fn number(books: Books<'_>, mut drafts: Vec<Draft>, bills: &mut Bills) -> Vec<String> {
    sort(books, &mut drafts);
    let mut last: BTreeMap<AgencyCode, u32> = BTreeMap::new();
    let mut accounts = Vec::with_capacity(drafts.len());
    // By what subsidies call the line that they lower.
    let mut ids: BTreeMap<usize, String> = BTreeMap::new();
    for Draft { mut line, details, account, lowered, .. } in drafts {
        let number = last.entry(line.agency.clone()).or_default();
        *number += 1;
        line.id = format!("{}-{}-{number:06}", line.agency, books.month);
        match (&mut line.subsidy, lowered) {
            // It stands behind every line that a subsidy of its service can lower.
            (Some(subsidy), Some(lowered)) => subsidy.lowers = ids.get(&lowered).cloned().unwrap_or_default(),
            (_, Some(lowered)) => drop(ids.insert(lowered, line.id.clone())),
            _ => {}
        }
        let place = bills.lines.len();
        bills.details.extend(details.into_iter().map(|(row, amount)| BillDetail { line: place, row, amount }));
        bills.lines.push(line);
        accounts.push(account);
    }
    accounts
}
