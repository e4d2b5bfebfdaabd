//! Prepaid credits: every grant adds up, and what was used and expired is on bills or borne by name.

use super::proof::{Proof, by};
use crate::model::bill::LineKind;
use crate::model::finding::Code;
use crate::model::money::{Money, Overflow, Quantity};
use crate::model::month_end::MonthEnd;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    let rounding = month.settings.state.rounding;
    let mut expected = Vec::new();
    for of in &month.bills.credits {
        let place = format!("grant {}", of.grant);
        let Some(grant) = month.settings.credits.iter().find(|grant| grant.id == of.grant) else {
            proof.refuse(&place, "no row".to_owned(), "the purchase in credits.csv");
            continue;
        };
        let gone = month.settings.credits_gone.iter().filter(|gone| gone.grant == of.grant);
        let before = Quantity::total(gone.map(|gone| gone.credits))?;
        let all = Quantity::total([before, of.used, of.expired, of.left])?;
        proof.pair(&place, ("gone, used, expired, left", all.to_string()), ("bought", grant.credits.to_string()));
        let earlier = grant.cost_of(Quantity::ZERO, before, rounding)?;
        let cost = Money::total([earlier, of.cost, of.expired_cost, of.left_cost])?;
        proof.money(&place, ("cost of its parts", cost), ("paid", grant.cost));
        expected.push((of.service.to_string(), of.cost));
        if grant.expired_to.is_some() {
            expected.push((of.service.to_string(), of.expired_cost));
        }
    }
    let expected = by(expected)?;
    let lines = month.bills.lines.iter().filter(|line| line.kind == LineKind::Prepaid);
    let billed = by(lines.map(|line| (line.service.to_string(), line.amount)))?;
    for service in expected.keys().chain(billed.keys()) {
        let of = |sums: &BTreeMap<String, _>| sums.get(service).copied().unwrap_or_default();
        proof.costs(&format!("credits of {service}"), ("bill lines", of(&billed)), ("used and expired", of(&expected)));
    }
    used(month, proof)
}

/// The first grant that could be used is used up before the next one is touched, and all that was used is of some grant.
fn used(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    // Told, and nothing was billed.
    if month.findings.iter().any(|finding| finding.code == Code::CreditsOverdrawn) {
        return Ok(());
    }
    let grants = &month.settings.credits;
    for driver in grants.iter().map(|grant| &grant.driver).collect::<BTreeSet<_>>() {
        let is_of = |grant: &str| grants.iter().any(|known| known.id == *grant && known.driver == *driver);
        let moves = || month.bills.credits.iter().filter(|of| is_of(&of.grant));
        let all = Quantity::total(month.settings.driver(driver, month.month).map(|value| value.value))?;
        let used = Quantity::total(moves().map(|of| of.used))?;
        proof.pair(&format!("driver {driver}"), ("used of grants", used.to_string()), ("counted", all.to_string()));
        let mut order: Vec<_> = grants.iter().filter(|grant| grant.is_usable(month.month)).collect();
        order.sort_by(|a, b| (a.bought_on, &a.id).cmp(&(b.bought_on, &b.id)));
        let of_grant = |id: &str| moves().find(|of| of.grant == id);
        let mut is_open = false;
        for of in order.into_iter().filter_map(|grant| of_grant(&grant.id)) {
            if is_open && !of.used.is_zero() {
                proof.refuse(&format!("grant {}", of.grant), "used".to_owned(), "an older grant that is not used up");
            }
            is_open |= of.used != of.opening;
        }
    }
    Ok(())
}
