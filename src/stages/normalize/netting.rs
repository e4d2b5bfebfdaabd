//! Savings plans: covered usage stands at its on-demand cost and negation rows take it away again (formats.md 3.2).
//!
//! Both go out of billed cost once they are proved to cancel, account by account and day by day, so that no bill shows an
//! on-demand price that nobody paid. What does not cancel stays as it is and blocks: dropping half of a pair would bill
//! all covered usage twice.

use crate::model::charge::Dimension;
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::money::{Cost, Money, Overflow};
use crate::model::proof::ControlTotals;
use crate::model::roll_up::{RollUp, Row, Symbol};
use crate::sources::Netting;
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// What the vendor's rounding at the tenth decimal can make of one row.
const ROUNDING: i128 = 100_000_000;

/// Within these, covered usage and negations must cancel.
type Group = (Symbol, Symbol);

#[derive(Default)]
struct Balance {
    covered: Cost,
    sum: Cost,
    charges: u64,
    negations: u64,
}

impl Balance {
    fn add(&mut self, row: &Row<'_>, covered: bool) -> Result<(), Overflow> {
        let billed = row.sums().billed;
        if covered {
            self.covered = self.covered.checked_add(billed)?;
        } else {
            self.negations += 1;
        }
        self.sum = self.sum.checked_add(billed)?;
        self.charges += row.sums().charges;
        Ok(())
    }

    fn cancels(&self) -> bool {
        let rounding = if self.negations > 0 { ROUNDING * i128::from(self.charges) } else { 0 };
        self.sum.magnitude().units() <= rounding
    }
}

/// Takes what cancels out of billed, in the roll-up and in the totals by charge type.
pub fn net(
    rule: Netting,
    roll_up: &mut RollUp,
    totals: &mut ControlTotals,
    place: Place,
    limit: Money,
) -> Result<Option<Finding>, Overflow> {
    let mut days: BTreeMap<(Group, NaiveDate), Balance> = BTreeMap::new();
    let mut months: BTreeMap<Group, Balance> = BTreeMap::new();
    let mut members = Vec::new();
    for row in roll_up.rows() {
        let charge_type = row.text(Dimension::ChargeType);
        let covered = charge_type == rule.covered;
        if !covered && charge_type != rule.negation {
            continue;
        }
        let group = (row.symbol(Dimension::BillingCurrency), row.symbol(Dimension::SubAccountId));
        days.entry((group, row.day())).or_default().add(&row, covered)?;
        months.entry(group).or_default().add(&row, covered)?;
        members.push((row.number, group, covered));
    }
    // A negation that the vendor wrote for the whole month cancels over the month and not by the day.
    let failing: BTreeSet<Group> =
        days.iter().filter(|(_, balance)| !balance.cancels()).map(|((group, _), _)| *group).collect();
    let proved = |group: &Group| !failing.contains(group) || months[group].cancels();
    take_out(rule, roll_up, totals, &members, &months, proved)?;
    tell(rule, roll_up, &months, proved, (place, limit))
}

fn take_out(
    rule: Netting,
    roll_up: &mut RollUp,
    totals: &mut ControlTotals,
    members: &[(usize, Group, bool)],
    months: &BTreeMap<Group, Balance>,
    proved: impl Fn(&Group) -> bool,
) -> Result<(), Overflow> {
    // What the vendor's rounding leaves stays on one negation, so that not even that is lost.
    let mut residues: BTreeMap<Group, Cost> = months.iter().map(|(&group, balance)| (group, balance.sum)).collect();
    for &(number, group, covered) in members.iter().filter(|(_, group, _)| proved(group)) {
        let row = roll_up.row(number);
        let billed = row.sums().billed;
        let left = if covered { Cost::ZERO } else { residues.remove(&group).unwrap_or_default() };
        let change = left.checked_sub(billed)?;
        let invoice = row.text(Dimension::InvoiceId).to_owned();
        let currency = row.text(Dimension::BillingCurrency).to_owned();
        if covered {
            let netted = totals.netted.entry(currency).or_default();
            *netted = netted.checked_add(billed)?;
        }
        let charge_type = if covered { rule.covered } else { rule.negation };
        let subtotals = [totals.by_charge_type.get_mut(charge_type), totals.by_invoice.get_mut(&invoice)];
        for subtotal in subtotals.into_iter().flatten() {
            subtotal.billed = subtotal.billed.checked_add(change)?;
        }
        roll_up.set_billed(number, left);
    }
    Ok(())
}

fn tell(
    rule: Netting,
    roll_up: &RollUp,
    months: &BTreeMap<Group, Balance>,
    proved: impl Fn(&Group) -> bool,
    (place, limit): (Place, Money),
) -> Result<Option<Finding>, Overflow> {
    let open: Vec<(&Group, &Balance)> = months.iter().filter(|(group, _)| !proved(group)).collect();
    let Some(&(&(currency, account), first)) = open.first() else { return Ok(None) };
    let symbols = roll_up.symbols();
    let more = match open.len() {
        1 => String::new(),
        2 => " One more account has the same.".to_owned(),
        accounts => format!(" {} more accounts have the same.", accounts - 1),
    };
    let why = format!(
        "In this account {} comes to {} and {} takes {} of it away. What is left is on-demand cost that no invoice asks for, so nothing was netted.{more}",
        rule.covered,
        first.covered,
        rule.negation,
        first.covered.checked_sub(first.sum)?,
    );
    let fix = "Download the export again with all its parts; rows of one of the two types are missing. If the vendor's file is so, raise `negation_limit` in chargeback.toml: its amounts are then billed as they stand.";
    let one_currency = open.iter().all(|((other, _), _)| *other == currency);
    let place = place.value(symbols.text(account));
    let mut finding = Finding::new(Code::NegationCheck, place, why, fix);
    if one_currency {
        let total = Cost::total(open.iter().map(|(_, balance)| balance.sum))?;
        finding = finding.at_stake(total, symbols.text(currency));
    }
    let magnitude = Cost::total(open.iter().map(|(_, balance)| balance.sum.magnitude()))?;
    if magnitude <= Cost::from_money(limit) {
        finding.severity = Severity::Warning;
    }
    Ok(Some(finding))
}
