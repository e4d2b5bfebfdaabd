//! What subsidies pay, computed again from the lines that they lower, and what the journal makes of it.

use super::fees::by_day;
use super::proof::{Proof, by};
use crate::model::bill::{BillLine, LineKind};
use crate::model::journal_entry::{JournalEntry, JournalType, Side};
use crate::model::money::{Money, Overflow};
use crate::model::month_end::MonthEnd;
use crate::model::settings::{Agency, BillingSides, Role, Scope, fraction};
use crate::model::subsidy::{LimitBy, Subsidy};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// Line by line, and version by version what it gives to those who are counted together.
pub(super) fn check(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let lowered: BTreeMap<&str, &BillLine> = month.bills.lines.iter().map(|line| (line.id.as_str(), line)).collect();
    for line in month.bills.lines.iter().filter(|line| line.kind == LineKind::Subsidy) {
        let Some(part) = &line.subsidy else {
            proof.refuse(&line.id, "no subsidy".to_owned(), "the one that pays it");
            continue;
        };
        proof.money(&line.id, ("list less subsidy", part.list.checked_add(line.amount)?), ("net", part.net));
        let of = lowered.get(part.lowers.as_str());
        if of.is_none_or(|of| (&of.agency, &of.service, of.mode) != (&line.agency, &line.service, line.mode)) {
            proof.refuse(&line.id, part.lowers.clone(), "a line of the same agency, service and mode");
        }
    }
    if month.settings.subsidies.is_empty() {
        return Ok(());
    }
    let days = by_day(month)?;
    let mut versions: Vec<&Subsidy> = month.settings.subsidies.iter().collect();
    versions.sort_by_key(|subsidy| (&subsidy.id, subsidy.valid.from, subsidy.version));
    let mut counted: BTreeMap<(&str, String), Money> = BTreeMap::new();
    for before in &month.settings.subsidised {
        let sum = counted.entry((&before.subsidy, before.holder.clone())).or_default();
        *sum = sum.checked_add(before.amount)?;
    }
    for version in versions {
        let mut holders: BTreeMap<String, (Money, Money)> = BTreeMap::new();
        for agency in &month.settings.agencies {
            let counts = base(month, &days, version, agency)?.exact().times(&fraction(version.percent));
            let is_of = |line: &&BillLine| {
                let part = line.subsidy.as_ref();
                part.is_some_and(|part| part.subsidy == version.id && part.version == version.version)
            };
            let paid = Money::total(month.bills.of(&agency.code).filter(is_of).map(|line| line.amount))?;
            let holder = match version.limit_by {
                LimitBy::Agency => format!("agency {}", agency.code),
                LimitBy::State => "state".to_owned(),
            };
            let (sum, given) = holders.entry(holder).or_default();
            *sum = sum.checked_add(counts.round(month.settings.state.rounding)?)?;
            *given = given.checked_sub(paid)?;
        }
        for (holder, (counts, given)) in holders {
            let place = format!("{} for {holder}", version.in_words());
            let before = counted.entry((&version.id, holder)).or_default();
            proof.money(
                &place,
                ("lines", given),
                ("its percentage within its limit", version.granted(*before, counts)?),
            );
            *before = before.checked_add(counts)?;
        }
    }
    Ok(())
}

/// Lines of its services on the days on which it is the agency's; what has no rows counts on the month's first day.
fn base(
    month: &MonthEnd,
    days: &BTreeMap<(usize, NaiveDate), Money>,
    version: &Subsidy,
    agency: &Agency,
) -> Result<Money, Overflow> {
    let (first, last) = (month.month.first_day(), month.month.last_day());
    let after = [LineKind::Subsidy, LineKind::Shortfall, LineKind::Excess, LineKind::Adjustment];
    let mut base = Money::ZERO;
    for (number, line) in month.bills.lines.iter().enumerate() {
        if line.agency != agency.code || after.contains(&line.kind) || !version.services.contains(&line.service) {
            continue;
        }
        let has = |day| holds(month, version, agency, line, day);
        if first.iter_days().take_while(|day| *day <= last).all(has) {
            base = base.checked_add(line.amount)?;
            continue;
        }
        let mut rows = days.range((number, first)..=(number, last)).peekable();
        if rows.peek().is_none() && has(first) {
            base = base.checked_add(line.amount)?;
        }
        for ((_, day), amount) in rows {
            if has(*day) {
                base = base.checked_add(*amount)?;
            }
        }
    }
    Ok(base)
}

/// In force, and no narrower one is.
fn holds(month: &MonthEnd, version: &Subsidy, agency: &Agency, line: &BillLine, day: NaiveDate) -> bool {
    let rank = |scope: &Scope| match scope {
        Scope::All => 0,
        Scope::Class(_) => 1,
        Scope::Agency(_) => 2,
    };
    let fits = |other: &Subsidy| {
        other.valid.covers(day) && other.scope.covers(agency) && other.services.contains(&line.service)
    };
    let narrower = |other: &Subsidy| fits(other) && rank(&other.scope) > rank(&version.scope);
    fits(version) && !month.settings.subsidies.iter().any(narrower)
}

/// E17: what each fund gives is what the posted lines say, on both sides where both are ours.
pub(super) fn transfers(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let state = &month.settings.state;
    let given = month.bills.posted().filter_map(|line| line.subsidy.as_ref().map(|part| (part, line.amount)));
    let given = given.filter(|(part, _)| part.paid_by != state.provider_fund);
    let given = by(given.map(|(part, amount)| (part.paid_by.to_string(), amount.negated())))?;
    let entries = || month.journals.iter().filter(|entry| entry.journal_type() == JournalType::Xfer);
    let of_role = |role: Role, side: Side| {
        let postings = entries().flat_map(JournalEntry::postings).filter(move |posting| posting.role == role);
        postings.map(move |posting| {
            let amount = if posting.side == side { posting.amount } else { posting.amount.negated() };
            (posting, amount)
        })
    };
    let received = by(of_role(Role::TransfersIn, Side::Credit).map(|(line, sum)| (line.affiliate_fund.clone(), sum)))?;
    let gave = by(of_role(Role::TransfersOut, Side::Debit).map(|(line, sum)| (line.string.fund.clone(), sum)))?;
    for fund in given.keys().chain(received.keys()).chain(gave.keys()).collect::<BTreeSet<_>>() {
        let of = |sums: &BTreeMap<String, _>| sums.get(fund).copied().unwrap_or_default();
        let place = format!("subsidies of fund {fund}");
        proof.costs(&place, ("transfers in", of(&received)), ("bill lines", of(&given)));
        let class = month.settings.counterparty(fund, &state.provider_agency);
        if state.billing_sides == BillingSides::Both && !class.keeps_own_books() {
            proof.costs(&place, ("transfers out", of(&gave)), ("bill lines", of(&given)));
        }
    }
    Ok(())
}
