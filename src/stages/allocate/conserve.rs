//! What must hold when allocate ends. Run on what it leaves, so that an error in any step is found and not only one
//! that the step itself would notice.

use crate::model::bill::{BillLine, Bills, Destination, LineKind, RatedCharge, RulingSum, SectionKey};
use crate::model::codes::PoolId;
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Money, Overflow};
use crate::model::proof::VendorReconciliation;
use std::collections::BTreeMap;

/// Findings about every place where cents were lost or made.
pub fn conserve(
    charges: &[RatedCharge],
    bills: &Bills,
    vendors: &[VendorReconciliation],
) -> Result<Vec<Finding>, Overflow> {
    let mut check = Check(Vec::new());
    let sums = RatedCharge::by_ruling(charges)?;
    invoices(&mut check, &sums, bills, vendors)?;
    destinations(&mut check, &sums, bills)?;
    let mut details = vec![Money::ZERO; bills.lines.len()];
    for detail in &bills.details {
        if let Some(sum) = details.get_mut(detail.line) {
            *sum = sum.checked_add(detail.amount)?;
        }
    }
    for (line, details) in bills.lines.iter().zip(details) {
        let has_rows = line.kind == LineKind::Direct || (line.kind == LineKind::Unit && !details.is_zero());
        if has_rows {
            check.equal(&line.id, ("rows behind the line", details), ("line", line.amount));
        }
        if !line.funding.is_empty() {
            let funding = Money::total(line.funding.iter().map(|part| part.amount))?;
            check.equal(&line.id, ("funding", funding), ("line", line.amount));
        }
    }
    Ok(check.0)
}

struct Check(Vec<Finding>);

impl Check {
    fn equal(&mut self, what: &str, left: (&str, Money), right: (&str, Money)) {
        if left.1 == right.1 {
            return;
        }
        let why = format!("{what}: {} {}, but {} {}.", left.0, left.1.for_people(), right.0, right.1.for_people());
        let fix = "This is an error in this program; nothing is closed. Please report it.";
        self.0.push(Finding::new(Code::ConservationFails, Place::default().value(what), why, fix));
    }
}

/// Each section's charges and what the provider bears are the invoice.
fn invoices(
    check: &mut Check,
    charges: &[RulingSum<'_>],
    bills: &Bills,
    vendors: &[VendorReconciliation],
) -> Result<(), Overflow> {
    let mut sums: BTreeMap<&SectionKey, Money> = BTreeMap::new();
    for charge in charges {
        let sum = sums.entry(&charge.ruling.section).or_default();
        *sum = sum.checked_add(charge.amount)?;
    }
    for central in &bills.central {
        let sum = sums.entry(&central.section).or_default();
        *sum = sum.checked_add(central.amount)?;
    }
    for vendor in vendors {
        let sum = sums.get(&vendor.section).copied().unwrap_or_default();
        check.equal(&vendor.section.in_words(), ("charges in cents", sum), ("invoice basis", vendor.invoice_basis));
    }
    Ok(())
}

/// What agencies own is on direct lines; what a pool took in it gave out, and its lines say so.
fn destinations(check: &mut Check, charges: &[RulingSum<'_>], bills: &Bills) -> Result<(), Overflow> {
    let mut direct = Money::ZERO;
    let mut pools: BTreeMap<&PoolId, Money> = BTreeMap::new();
    for charge in charges {
        let sum = match &charge.ruling.destination {
            Destination::Agency(_) => &mut direct,
            Destination::Pool(pool) => pools.entry(pool).or_default(),
            _ => continue,
        };
        *sum = sum.checked_add(charge.amount)?;
    }
    let of_direct = bills.lines.iter().filter(|line| line.kind == LineKind::Direct);
    let billed = Money::total(of_direct.map(|line| line.amount))?;
    check.equal("direct charges", ("charges", direct), ("lines", billed));
    for result in &bills.pools {
        pools.entry(&result.pool).or_default();
    }
    for (id, charged) in pools {
        let what = format!("pool {id}");
        let results = || bills.pools.iter().filter(|result| result.pool == *id);
        let mut of_charges = Money::ZERO;
        for result in results() {
            of_charges = of_charges.checked_add(result.of_charges()?)?;
            let out = result.given_out.checked_add(result.held)?;
            check.equal(
                &what,
                ("taken in", result.taken_in.checked_add(result.exchanged)?),
                ("given out and held", out),
            );
            let passed_on = Money::total(result.passed_on.iter().map(|(.., amount)| *amount))?;
            let is_share = |line: &&BillLine| line.share.as_ref().is_some_and(|share| share.is_of(result));
            let shares = Money::total(bills.lines.iter().filter(is_share).map(|line| line.amount))?;
            check.equal(
                &what,
                ("given out", result.given_out),
                ("lines and other pools", shares.checked_add(passed_on)?),
            );
        }
        check.equal(&what, ("charges", charged), ("taken in of charges", of_charges));
        let received = Money::total(results().flat_map(|result| &result.received).map(|(_, amount)| *amount))?;
        let sent = bills.pools.iter().flat_map(|result| &result.passed_on).filter(|(to, ..)| to == id);
        check.equal(
            &what,
            ("received", received),
            ("what other pools gave it", Money::total(sent.map(|(.., cents)| *cents))?),
        );
    }
    let exchanged = Money::total(bills.pools.iter().map(|result| result.exchanged))?;
    check.equal("pools of groups", ("moved between them", exchanged), ("nothing", Money::ZERO));
    Ok(())
}
