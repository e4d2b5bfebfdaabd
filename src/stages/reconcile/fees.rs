//! What a percent card is taken on, computed again from the bills' rows and not from what allocate wrote down.

use crate::model::bill::{BillLine, LineKind};
use crate::model::codes::{AgencyCode, ServiceCode};
use crate::model::money::{Money, Overflow, apportion};
use crate::model::month_end::MonthEnd;
use crate::model::settings::{Agency, Mode, RateCard, RateModel, fraction};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Fees<'a> {
    month: &'a MonthEnd,
    /// Cents of lines by day; made once a card is met that is not in force all month.
    by_day: Option<BTreeMap<(usize, NaiveDate), Money>>,
}

impl<'a> Fees<'a> {
    pub fn new(month: &'a MonthEnd) -> Self {
        Self { month, by_day: None }
    }

    /// Lines of the services, of the days on which the card is the agency's. What has no day counts on the month's first.
    /// A fee is taken before anything is subsidised, brought up to a minimum or cut to a maximum.
    pub fn base(&mut self, agency: &AgencyCode, card: &RateCard, of: &[ServiceCode]) -> Result<Money, Overflow> {
        let month = self.month;
        let lines = month.bills.lines.iter().enumerate();
        let lines: Vec<(usize, &BillLine)> =
            lines.filter(|(_, line)| line.agency == *agency && of.contains(&line.service) && is_before(line)).collect();
        let Some(agency) = month.settings.agency(agency) else { return Ok(Money::ZERO) };
        let first = month.month.first_day();
        let all: BTreeSet<NaiveDate> = first.iter_days().take_while(|day| month.month.contains(*day)).collect();
        let own: BTreeSet<NaiveDate> = all.iter().copied().filter(|day| self.is_card_of(agency, card, *day)).collect();
        if own == all {
            return Money::total(lines.iter().map(|(_, line)| line.amount));
        }
        let by_day = match &mut self.by_day {
            Some(by_day) => by_day,
            none => none.insert(by_day(month)?),
        };
        let mut base = Money::ZERO;
        for (number, line) in lines {
            if line.kind == LineKind::Fee {
                for (day, amount) in of_fee(month, by_day, agency, line)? {
                    base = base.checked_add(if own.contains(&day) { amount } else { Money::ZERO })?;
                }
                continue;
            }
            let days = by_day.range((number, first)..=(number, month.month.last_day()));
            let (mut amount, mut has_days) = (Money::ZERO, false);
            for ((_, day), of_day) in days {
                has_days = true;
                if own.contains(day) {
                    amount = amount.checked_add(*of_day)?;
                }
            }
            let is_first = !has_days && own.contains(&first);
            base = base.checked_add(if is_first { line.amount } else { amount })?;
        }
        Ok(base)
    }

    /// In force on the day, and no narrower card on the same base is.
    fn is_card_of(&self, agency: &Agency, card: &RateCard, day: NaiveDate) -> bool {
        let base = |card: &RateCard| match &card.model {
            RateModel::Percent { of, .. } => of.iter().cloned().collect::<BTreeSet<_>>(),
            _ => BTreeSet::new(),
        };
        let is_narrower = |other: &RateCard| {
            other.service == card.service
                && other.valid.covers(day)
                && other.scope.covers(agency)
                && other.narrowness() > card.narrowness()
                && base(other) == base(card)
        };
        card.valid.covers(day) && !self.month.settings.rate_cards.iter().any(is_narrower)
    }
}

/// A percentage above the vendor's cost by the days of that cost, as far as both are treated alike.
fn of_fee(
    month: &MonthEnd,
    by_day: &BTreeMap<(usize, NaiveDate), Money>,
    agency: &Agency,
    fee: &BillLine,
) -> Result<Vec<(NaiveDate, Money)>, Overflow> {
    let is_its = |card: &&RateCard| fee.rate.as_ref().is_some_and(|rate| card.is(rate));
    let Some(card) = month.settings.rate_cards.iter().find(is_its) else { return Ok(Vec::new()) };
    let RateModel::CostPlus { percent, .. } = &card.model else { return Ok(Vec::new()) };
    let (own, fund) = month.settings.mode(&agency.code, &card.service, month.month.first_day());
    let own_fund = if own == Mode::Absorbed { fund.cloned() } else { None };
    let mut sums: BTreeMap<NaiveDate, Money> = BTreeMap::new();
    for (number, line) in month.bills.lines.iter().enumerate() {
        if line.kind != LineKind::Direct || line.agency != agency.code || line.rate != fee.rate {
            continue;
        }
        let keeps = line.mode < own || own == Mode::Chargeback;
        let treated = if keeps { (line.mode, &line.absorbed_by) } else { (own, &own_fund) };
        if treated == (fee.mode, &fee.absorbed_by) {
            let days = by_day.range((number, month.month.first_day())..=(number, month.month.last_day()));
            for ((_, day), amount) in days {
                let sum = sums.entry(*day).or_default();
                *sum = sum.checked_add(*amount)?;
            }
        }
    }
    let exact: Vec<_> = sums.values().map(|sum| sum.exact().times(&fraction(*percent))).collect();
    let cents = apportion(fee.amount, &exact).map_err(|_| Overflow)?.cents;
    Ok(sums.into_keys().zip(cents).collect())
}

fn is_before(line: &BillLine) -> bool {
    let after = [LineKind::Subsidy, LineKind::Shortfall, LineKind::Excess, LineKind::Adjustment];
    !after.contains(&line.kind)
}

/// A row that is dated outside the month counts on the month's nearest day.
pub(super) fn by_day(month: &MonthEnd) -> Result<BTreeMap<(usize, NaiveDate), Money>, Overflow> {
    let (first, last) = (month.month.first_day(), month.month.last_day());
    let mut sums = BTreeMap::new();
    for detail in month.bills.details.iter().filter(|detail| detail.row < month.roll_up.len()) {
        let day = month.roll_up.row(detail.row).day().clamp(first, last);
        let sum: &mut Money = sums.entry((detail.line, day)).or_default();
        *sum = sum.checked_add(detail.amount)?;
    }
    Ok(sums)
}
