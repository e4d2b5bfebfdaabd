//! Law 8 for adjustments: each row of the table that is dated in the month stands on a bill once, with its amount; where
//! another agency bears it, once more with the other sign.

use super::proof::{Proof, by};
use crate::model::adjustment::PaidBy;
use crate::model::finding::{Code, Finding};
use crate::model::money::{Money, Overflow};
use crate::model::month_end::MonthEnd;
use std::collections::{BTreeMap, BTreeSet};

pub fn adjustments(month: &MonthEnd, proof: &mut Proof) -> Result<(), Overflow> {
    // What cannot be booked blocks by itself.
    let of_row = |line: u64| {
        move |finding: &&Finding| finding.code == Code::AdjustmentRefused && finding.place.row == Some(line)
    };
    let dated = month.settings.adjustments.iter().filter(|row| month.month.contains(row.booked_on));
    let mut decided: BTreeMap<(String, String), Money> = BTreeMap::new();
    for row in dated.filter(|row| !month.findings.iter().any(|finding| of_row(row.line)(&finding))) {
        decided.insert((row.name(), row.agency.to_string()), row.amount);
        if let PaidBy::Agency(payer) = &row.paid_by {
            decided.insert((row.name(), payer.to_string()), row.amount.negated());
        }
    }
    let decided = by(decided)?;
    let on_bills = by(month.bills.lines.iter().filter_map(|line| {
        let adjustment = line.adjustment.as_ref()?;
        Some(((format!("{}/{}", adjustment.id, adjustment.place), line.agency.to_string()), line.amount))
    }))?;
    for key in decided.keys().chain(on_bills.keys()).collect::<BTreeSet<_>>() {
        let of = |sums: &BTreeMap<_, _>| sums.get(key).copied().unwrap_or_default();
        let place = format!("adjustment {} for {}", key.0, key.1);
        proof.costs(&place, ("bill lines", of(&on_bills)), ("the table", of(&decided)));
    }
    Ok(())
}
