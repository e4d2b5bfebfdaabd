//! What came of a run, as the one who asked for it is told.

use super::session::report;
use super::{AgencyTotal, Outcome, Request, Stage, StageReport, books};
use crate::model::exit::Exit;
use crate::model::finding::Finding;
use crate::model::money::{Money, Overflow};
use crate::model::month_end::{MonthEnd, Normalized};
use crate::model::settings::Mode;
use anyhow::Result;

pub fn empty(
    request: &Request,
    exit: Exit,
    message: String,
    findings: Vec<Finding>,
    stages: Vec<StageReport>,
) -> Outcome {
    Outcome {
        exit,
        month: request.month,
        state: "open".to_owned(),
        run: String::new(),
        message,
        outputs: None,
        stages,
        gates: Vec::new(),
        tie_outs: Vec::new(),
        vendors: Vec::new(),
        bills: Vec::new(),
        findings,
    }
}

pub fn outcome(end: &MonthEnd, stages: Vec<StageReport>) -> Result<Outcome> {
    Ok(Outcome {
        exit: Exit::Done,
        month: end.month,
        state: "open".to_owned(),
        run: end.run.clone(),
        message: String::new(),
        outputs: None,
        stages,
        gates: end.gates.clone(),
        tie_outs: end.tie_outs.clone(),
        vendors: end.vendors.clone(),
        bills: agency_totals(end)?,
        findings: end.findings.clone(),
    })
}

/// What each agency owes, and what it is only shown.
pub fn agency_totals(end: &MonthEnd) -> Result<Vec<AgencyTotal>, Overflow> {
    let mut totals = Vec::new();
    for agency in &end.settings.agencies {
        let lines: Vec<_> = end.bills.of(&agency.code).collect();
        if lines.is_empty() {
            continue;
        }
        let of = |wanted: &dyn Fn(Mode) -> bool| {
            Money::total(lines.iter().filter(|line| wanted(line.mode)).map(|line| line.amount))
        };
        totals.push(AgencyTotal {
            agency: agency.code.to_string(),
            name: agency.name.clone(),
            due: of(&|mode| mode == Mode::Chargeback)?,
            showback: of(&|mode| mode != Mode::Chargeback)?,
        });
    }
    totals.sort_by(|a, b| a.agency.cmp(&b.agency));
    Ok(totals)
}

pub fn rows_read(normalized: &Normalized) -> u64 {
    normalized.versions.iter().map(|version| version.totals.rows_read).sum()
}

/// What the stages on the roll-up took in and gave out.
pub fn stage_reports(end: &MonthEnd, until: Stage) -> Result<Vec<StageReport>> {
    let mut reports = Vec::new();
    let (rows, charges) = (end.roll_up.len() as u64, end.charges.len() as u64);
    if until >= Stage::Rate {
        let mut rated = report(Stage::Rate, false, rows, charges);
        rated.totals = books::rated_total(end)?;
        reports.push(rated);
    }
    if until >= Stage::Allocate {
        let mut allocated = report(Stage::Allocate, false, charges, end.bills.lines.len() as u64);
        let bills = Money::total(end.bills.charged().map(|line| line.amount))?;
        let shown = Money::total(end.bills.lines.iter().map(|line| line.amount))?.checked_sub(bills)?;
        allocated.totals = vec![("bills".to_owned(), bills.to_string()), ("not billed".to_owned(), shown.to_string())];
        reports.push(allocated);
    }
    if until >= Stage::Reconcile {
        let postings = end.journals.iter().map(|journal| journal.postings().len() as u64).sum();
        let mut reconciled = report(Stage::Reconcile, false, end.bills.lines.len() as u64, postings);
        let debits = books::debits(end)?;
        reconciled.totals =
            vec![("journals".to_owned(), end.journals.len().to_string()), ("debits".to_owned(), debits.to_string())];
        reports.push(reconciled);
    }
    Ok(reports)
}
