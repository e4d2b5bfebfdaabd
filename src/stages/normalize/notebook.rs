//! Findings of one part while it is read: a thousand rows with one fault are one finding, so memory stays small and a
//! reader sees what is wrong instead of a thousand lines.

use super::plan::Plan;
use super::refusals::Fault;
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::money::Cost;
use std::collections::BTreeMap;

/// Kinds of fault in one part; past it, further kinds are counted together.
const MOST_KINDS: usize = 200;

struct Entry {
    fault: Fault,
    row: u64,
    /// The last one, so that two charges or dimensions of one row count it once.
    last: u64,
    rows: u64,
    at_stake: BTreeMap<String, i128>,
}

/// A fault's kind: code, column, and for unknown charge types the type itself.
type Kind = (Code, Option<usize>, String);

#[derive(Default)]
pub struct Notebook {
    entries: BTreeMap<Kind, Entry>,
    /// Rows of kinds that found no room.
    beyond: u64,
    beyond_blocks: bool,
}

impl Notebook {
    pub fn note(&mut self, fault: Fault, row: u64, at_stake: Option<(Cost, &str)>) {
        let part = match fault.code {
            Code::ChargeTypeUnknown => fault.value.clone(),
            _ => fault.why.clone(),
        };
        let kind = (fault.code, fault.column, part);
        if self.entries.len() >= MOST_KINDS && !self.entries.contains_key(&kind) {
            self.beyond += 1;
            self.beyond_blocks |= fault.code.severity() == Severity::Blocks;
            return;
        }
        let entry = self.entries.entry(kind).or_insert_with(|| Entry {
            fault,
            row,
            last: 0,
            rows: 0,
            at_stake: BTreeMap::new(),
        });
        if entry.last == row {
            return;
        }
        entry.last = row;
        entry.rows += 1;
        if let Some((cost, currency)) = at_stake {
            let sum = entry.at_stake.entry(currency.to_owned()).or_default();
            *sum = sum.saturating_add(cost.units());
        }
    }

    pub fn into_findings(self, file: &str, plan: &Plan) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.entries.into_values().map(|entry| entry.finding(file, plan)).collect();
        if self.beyond > 0 {
            let why = format!("{} more rows are wrong in yet other ways; nobody reads a list that long.", self.beyond);
            let fix = "Correct what stands above first; most of it will have one cause.";
            let mut more = Finding::new(Code::FileDamaged, Place::file(file), why, fix);
            if !self.beyond_blocks {
                more.severity = Severity::Warning;
            }
            findings.push(more);
        }
        findings
    }
}

impl Entry {
    fn finding(self, file: &str, plan: &Plan) -> Finding {
        let mut place = Place::file(file).row(self.row);
        if let Some(column) = self.fault.column {
            place = place.column(plan.name(column));
        }
        place = place.value(self.fault.value);
        let mut why = self.fault.why;
        match self.rows {
            1 => {}
            2 => why.push_str(" One more row has the same."),
            rows => why.push_str(&format!(" {} more rows have the same.", rows - 1)),
        }
        let mut finding = Finding::new(self.fault.code, place, why, self.fault.fix);
        // Two currencies are never added, so only one amount can be said.
        if let (Some((currency, &units)), 1) = (self.at_stake.iter().next(), self.at_stake.len())
            && units != 0
        {
            finding = finding.at_stake(Cost::from_units(units), currency.as_str());
        }
        finding
    }
}
