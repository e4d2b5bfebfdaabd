//! What must hold before a month is closed, and the exit code when it does not.

use crate::model::exit::Exit;
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::month::Month;
use crate::model::month_end::MonthEnd;
use crate::model::proof::Gate;
use chrono::NaiveDate;
use std::ops::RangeInclusive;

/// A gate is shut by any blocking finding of its codes.
const GATES: &[(&str, RangeInclusive<u16>)] = &[
    ("configuration", 800..=899),
    ("files are whole and known", 100..=199),
    ("rows can be read", 200..=299),
    ("versions and months", 300..=399),
    ("charges have owners", 400..=499),
    ("charges have rates", 500..=599),
    ("pools and funding", 600..=699),
    ("vendors' invoices", 700..=703),
    ("totals tie", 704..=704),
    ("laws of the money", 705..=799),
    ("ledger", 900..=999),
];

pub fn gates(end: &MonthEnd) -> Vec<Gate> {
    let blocking: Vec<&Finding> = end.findings.iter().filter(|finding| finding.blocks()).collect();
    GATES
        .iter()
        .map(|(name, codes)| {
            let shut = blocking.iter().filter(|finding| codes.contains(&finding.code.number())).count();
            let (failing, proved) = match *name {
                "totals tie" => (end.tie_outs.iter().filter(|tie| !tie.passes).count(), end.tie_outs.len()),
                "laws of the money" => (end.laws.iter().filter(|law| !law.passes).count(), end.laws.len()),
                _ => (0, 0),
            };
            let blocks = if shut == 1 { "1 finding blocks".to_owned() } else { format!("{shut} findings block") };
            let detail = match (shut, failing, proved) {
                (0, 0, 0) => "nothing blocks".to_owned(),
                (0, 0, proved) => format!("{proved} hold"),
                (_, 0, _) => blocks,
                (0, failing, proved) => format!("{failing} of {proved} fail"),
                (_, failing, proved) => format!("{failing} of {proved} fail, {blocks}"),
            };
            Gate { name: (*name).to_owned(), passes: shut == 0 && failing == 0, detail }
        })
        .collect()
}

pub fn not_over(month: Month, today: NaiveDate) -> Option<Finding> {
    (today <= month.last_day()).then(|| {
        let why = format!(
            "{month} ends on {}; today is {today}. Charges of the days to come are not there.",
            month.last_day()
        );
        let fix =
            format!("Close after the month's end. `chargeback close --draft --month {month}` shows where it stands.");
        Finding::new(Code::MonthNotOver, Place::default(), why, fix)
    })
}

/// Sources whose files were said to be empty and are not.
pub fn needless(allow_empty: &[String], month: Month, findings: &[Finding]) -> Vec<Finding> {
    let is_empty = |source: &str| {
        let folder = format!("inbox/{month}/{source}/");
        findings
            .iter()
            .any(|finding| finding.code == Code::FileHeaderOnly && finding.place.file.raw().starts_with(&folder))
    };
    let tell = |source: &String| {
        let why = format!("The files of {source} are said to hold no rows in {month}, and none of them is empty.");
        let fix = format!("Leave out --allow-empty {source}.");
        Finding::new(Code::WaiverUnused, Place::file(format!("inbox/{month}/{source}/")), why, fix)
    };
    allow_empty.iter().filter(|source| !is_empty(source)).map(tell).collect()
}

/// In a draft an open month is no obstacle; `--accept-unfinal` and its setting are decisions, and decisions stay visible.
pub fn ease(findings: &mut [Finding], draft: bool, accept_unfinal: bool) {
    for finding in findings {
        let eased = match finding.code {
            Code::MonthNotOver => draft,
            Code::MonthNotFinal => draft || accept_unfinal,
            _ => false,
        };
        if eased && finding.blocks() {
            finding.severity = Severity::Warning;
        }
    }
}

/// The exit code of what blocks: bad input before money that does not tie, because the one explains the other.
pub fn exit_of(findings: &[Finding], gates: &[Gate]) -> Exit {
    let exits: Vec<Exit> =
        findings.iter().filter(|finding| finding.blocks()).map(|finding| exit_of_code(finding.code)).collect();
    let order = [Exit::Integrity, Exit::Blocked, Exit::DoesNotTie, Exit::Forbidden];
    match order.into_iter().find(|exit| exits.contains(exit)) {
        Some(exit) => exit,
        None if gates.iter().any(|gate| !gate.passes) => Exit::DoesNotTie,
        None => Exit::Done,
    }
}

fn exit_of_code(code: Code) -> Exit {
    match code {
        Code::MonthNotOver | Code::MonthNotFinal | Code::MonthOutOfOrder => Exit::Forbidden,
        Code::LedgerDamaged | Code::LedgerNewer | Code::OutputAltered => Exit::Integrity,
        Code::InvoiceDiffers
        | Code::TieOutFails
        | Code::ConservationFails
        | Code::JournalFails
        | Code::ReadBackFails => Exit::DoesNotTie,
        _ => Exit::Blocked,
    }
}
