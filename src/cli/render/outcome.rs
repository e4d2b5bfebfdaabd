//! What a run of a month did: the tables on standard output, and the last sentence with the next command.

use super::{count, csv, table, text_cell};
use crate::cli::console::{Console, Emphasis};
use crate::close::{Outcome, Request, Stage};
use crate::model::exit::Exit;
use crate::model::money::{Money, Overflow};
use std::io;

/// The tables of a verb: its stages, the comparisons, and who owes what, as far as the run came.
pub fn outcome(outcome: &Outcome, until: Stage) -> String {
    let parts = match until {
        Stage::Ingest | Stage::Normalize | Stage::Rate => vec![stages(outcome)],
        Stage::Allocate => vec![stages(outcome), bills(outcome)],
        Stage::Reconcile => vec![stages(outcome), tie_outs(outcome), vendors(outcome)],
        Stage::Export => vec![stages(outcome), bills(outcome), vendors(outcome), outputs(outcome)],
        Stage::Close => {
            vec![bills(outcome), vendors(outcome), tie_outs_in_short(outcome), gates(outcome), outputs(outcome)]
        }
    };
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn stages(outcome: &Outcome) -> String {
    let totals = |pairs: &[(String, String)]| {
        pairs.iter().map(|(name, total)| format!("{name} {total}")).collect::<Vec<_>>().join("  ")
    };
    let rows: Vec<Vec<String>> = outcome
        .stages
        .iter()
        .map(|report| {
            let state = if report.unchanged { "unchanged" } else { "done" };
            let (rows_in, rows_out) = (report.rows_in.to_string(), report.rows_out.to_string());
            vec![name(report.stage).to_owned(), state.to_owned(), rows_in, rows_out, totals(&report.totals)]
        })
        .collect();
    if rows.is_empty() { String::new() } else { table(&["stage", "", "in", "out", "totals"], "llrrl", &rows) }
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Ingest => "ingest",
        Stage::Normalize => "normalize",
        Stage::Rate => "rate",
        Stage::Allocate => "allocate",
        Stage::Reconcile => "reconcile",
        Stage::Export => "export",
        Stage::Close => "close",
    }
}

fn bills(outcome: &Outcome) -> String {
    if outcome.bills.is_empty() {
        return String::new();
    }
    let mut rows: Vec<Vec<String>> = outcome
        .bills
        .iter()
        .map(|total| {
            let (due, showback) = (total.due.for_people(), total.showback.for_people());
            vec![total.agency.clone(), total.name.clone(), due, showback]
        })
        .collect();
    let sum =
        |amounts: Result<Money, Overflow>| amounts.map_or_else(|overflow| overflow.to_string(), Money::for_people);
    let due = sum(Money::total(outcome.bills.iter().map(|total| total.due)));
    let showback = sum(Money::total(outcome.bills.iter().map(|total| total.showback)));
    rows.push(vec!["total".to_owned(), String::new(), due, showback]);
    table(&["agency", "", "amount due", "showback"], "llrr", &rows)
}

fn vendors(outcome: &Outcome) -> String {
    let rows: Vec<Vec<String>> = outcome
        .vendors
        .iter()
        .map(|vendor| {
            let invoice = vendor.invoice.map_or_else(|| "none".to_owned(), Money::for_people);
            let state = vendor.state.in_words().to_owned();
            vec![vendor.section.in_words(), vendor.usage.to_string(), invoice, vendor.difference.to_string(), state]
        })
        .collect();
    let header = ["vendor", "charges", "invoice", "difference", "state"];
    if rows.is_empty() { String::new() } else { table(&header, "lrrrl", &rows) }
}

fn tie_outs(outcome: &Outcome) -> String {
    let rows: Vec<Vec<String>> = outcome
        .tie_outs
        .iter()
        .map(|tie_out| {
            let verdict = if tie_out.passes { "ties" } else { "DOES NOT TIE" };
            let sides = [&tie_out.left_name, &tie_out.left, &tie_out.right_name, &tie_out.right, &tie_out.difference];
            let cells = [&tie_out.id, &tie_out.about].into_iter().chain(sides).cloned();
            cells.chain([verdict.to_owned()]).collect()
        })
        .collect();
    let header = ["", "tie-out", "left", "", "right", "", "difference", ""];
    if rows.is_empty() { String::new() } else { table(&header, "lllrlrrl", &rows) }
}

fn tie_outs_in_short(outcome: &Outcome) -> String {
    let all = &outcome.tie_outs;
    let failing: Vec<&str> = all.iter().filter(|tie_out| !tie_out.passes).map(|tie_out| tie_out.id.as_str()).collect();
    match (all.len(), failing.as_slice()) {
        (0, _) => String::new(),
        (number, []) => format!("tie-outs  {}", count(number, "holds", "hold")),
        (number, some) => format!("tie-outs  {} of {number} DO NOT TIE: {}", some.len(), some.join(", ")),
    }
}

/// Gates are listed where one fails; a close that went through has passed them all.
fn gates(outcome: &Outcome) -> String {
    let failing: Vec<Vec<String>> = outcome
        .gates
        .iter()
        .filter(|gate| !gate.passes)
        .map(|gate| vec![gate.name.clone(), "shut".to_owned(), gate.detail.clone()])
        .collect();
    if failing.is_empty() { String::new() } else { table(&["gate", "", ""], "lll", &failing) }
}

fn outputs(outcome: &Outcome) -> String {
    outcome.outputs.as_ref().map(|folder| format!("outputs   {folder}")).unwrap_or_default()
}

/// One table for a spreadsheet: the one the verb is asked for.
pub fn outcome_csv(outcome: &Outcome, until: Stage) -> anyhow::Result<String> {
    match until {
        Stage::Reconcile => {
            let cells = |tie: &crate::model::proof::TieOut| {
                let verdict = if tie.passes { "yes" } else { "no" }.to_owned();
                let texts = [&tie.id, &tie.about, &tie.left_name].map(|text| text_cell(text));
                let right = text_cell(&tie.right_name);
                let amounts = [tie.left.clone(), right, tie.right.clone(), tie.difference.clone(), verdict];
                texts.into_iter().chain(amounts).collect()
            };
            let header = ["id", "about", "left_name", "left", "right_name", "right", "difference", "passes"];
            csv(&header, &outcome.tie_outs.iter().map(cells).collect::<Vec<_>>())
        }
        Stage::Allocate | Stage::Export | Stage::Close => {
            let cells = |total: &crate::close::AgencyTotal| {
                let (due, showback) = (total.due.to_string(), total.showback.to_string());
                vec![text_cell(&total.agency), text_cell(&total.name), due, showback]
            };
            let rows: Vec<Vec<String>> = outcome.bills.iter().map(cells).collect();
            csv(&["agency", "name", "amount_due", "showback"], &rows)
        }
        Stage::Ingest | Stage::Normalize | Stage::Rate => {
            let mut rows = Vec::new();
            for report in &outcome.stages {
                let unchanged = if report.unchanged { "yes" } else { "no" };
                let counts = [report.rows_in.to_string(), report.rows_out.to_string()];
                let opening =
                    || [name(report.stage).to_owned(), unchanged.to_owned()].into_iter().chain(counts.clone());
                rows.push(opening().chain([String::new(), String::new()]).collect());
                for (total, amount) in &report.totals {
                    rows.push(opening().chain([total.clone(), amount.clone()]).collect());
                }
            }
            csv(&["stage", "unchanged", "rows_in", "rows_out", "total", "amount"], &rows)
        }
    }
}

/// One sentence, and the command that comes next.
pub fn ending(outcome: &Outcome, request: &Request, console: &mut Console<'_>) -> io::Result<()> {
    let (emphasis, opening) = match outcome.exit {
        Exit::Done => (Emphasis::Good, outcome.state.clone()),
        _ => (Emphasis::Bad, "not done".to_owned()),
    };
    if outcome.exit != Exit::Done || !console.is_quiet() {
        console.emphasized(emphasis, &opening, &format!(": {}", outcome.message))?;
    }
    next(outcome, request).map_or(Ok(()), |command| console.hint(&command))
}

/// A draft's outputs are in a folder of drafts; those of a closed month stay where they are.
fn of_draft(outcome: &Outcome) -> bool {
    outcome.outputs.as_deref().is_some_and(|folder| folder.contains("/draft-"))
}

fn next(outcome: &Outcome, request: &Request) -> Option<String> {
    let (month, until) = (outcome.month, request.until);
    let run = |stage: Stage| format!("chargeback {} --month {month}", name(stage));
    let text = match outcome.exit {
        Exit::Done if request.dry_run => format!("next  {} without --dry-run", run(until)),
        Exit::Done => match (until, outcome.state.as_str()) {
            (Stage::Close | Stage::Export, _) if of_draft(outcome) => format!("next  {}", run(Stage::Close)),
            (_, "closed" | "unchanged") => "next  chargeback verify".to_owned(),
            (Stage::Ingest, _) => format!("next  {}", run(Stage::Normalize)),
            (Stage::Normalize, _) => format!("next  {}", run(Stage::Rate)),
            (Stage::Rate, _) => format!("next  {}", run(Stage::Allocate)),
            (Stage::Allocate, _) => format!("next  {}", run(Stage::Reconcile)),
            (Stage::Reconcile, _) => format!("next  {}", run(Stage::Export)),
            (Stage::Export | Stage::Close, _) => format!("next  {}", run(Stage::Close)),
        },
        Exit::Blocked | Exit::Usage => format!("next  put right what is said above, then {}", run(until)),
        Exit::DoesNotTie => format!("next  chargeback reconcile --month {month} shows both sides of every comparison"),
        Exit::TryAgain => format!("next  later: {}", run(until)),
        Exit::Integrity => "next  chargeback verify".to_owned(),
        Exit::Forbidden => format!("next  chargeback status --month {month}"),
        Exit::Disk => return None,
    };
    Some(text)
}
