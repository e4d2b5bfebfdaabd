//! Rejected rows that someone has looked at: `quarantine.csv` names file and row, a reason and an approver.

use super::conclude::{ConcludedVersion, place_of};
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::month_end::RejectedRow;
use crate::model::settings::Settings;

/// Whether a waiver's file is this one, in full or without the folders before it.
fn names(waived: &str, file: &str) -> bool {
    waived == file || file.ends_with(&format!("/{waived}"))
}

/// Waivers of the month that match no rejected row. Those of other months are left alone.
pub fn unused(versions: &[ConcludedVersion], settings: &Settings) -> Vec<Finding> {
    let Some(month) = versions.first().map(|version| version.totals.version.month) else { return Vec::new() };
    let mut findings = Vec::new();
    for waiver in &settings.quarantine {
        let of_month = waiver.file.starts_with(&format!("inbox/{month}/"));
        let is_part = |version: &&ConcludedVersion| {
            let parts = &version.totals.version.parts;
            parts.iter().any(|part| names(&waiver.file, &place_of(month, &part.path)))
        };
        let version = versions.iter().find(is_part);
        if version.is_none() && !of_month && waiver.file.starts_with("inbox/") {
            continue;
        }
        let why = match version {
            // Only the first rejected rows are kept.
            Some(version) if version.rejected.len() as u64 != version.totals.totals.rows_rejected => continue,
            Some(version) => {
                let rejected = |row: &RejectedRow| row.row == waiver.row && names(&waiver.file, &row.file);
                if version.rejected.iter().any(rejected) {
                    continue;
                }
                format!("Row {} of {} was read without fault, and counts.", waiver.row, waiver.file)
            }
            None => format!("No file of {month} that is read is called {}.", waiver.file),
        };
        let column = if version.is_some() { "row" } else { "file" };
        let place = Place::file("quarantine.csv").row(waiver.line).column(column);
        let fix = "Name file and row as the finding names them, or remove the line.";
        let mut finding = Finding::new(Code::WaiverUnused, place, why, fix);
        if version.is_none() && !of_month {
            // It may be about a file of another month.
            finding.severity = Severity::Note;
        }
        findings.push(finding);
    }
    findings
}

/// Marks waived rows; a finding whose rows are all waived no longer blocks.
pub fn apply(rejected: &mut [RejectedRow], findings: &mut [Finding], rows_rejected: u64, settings: &Settings) {
    for row in &mut *rejected {
        let waiver = settings.quarantine.iter().find(|waiver| waiver.row == row.row && names(&waiver.file, &row.file));
        row.waived = waiver.map(|waiver| (waiver.reason.clone(), waiver.approved_by.clone()));
    }
    // Only the first rejected rows are kept: what is not among them nobody has looked at.
    if rejected.len() as u64 != rows_rejected {
        return;
    }
    for finding in findings.iter_mut().filter(|finding| finding.blocks()) {
        let column = finding.place.column.as_ref().map_or("", |column| column.raw());
        let mut rows = rejected
            .iter()
            .filter(|row| {
                row.file == finding.place.file.raw() && row.column == column && finding.why.starts_with(&row.why)
            })
            .peekable();
        if rows.peek().is_some() && rows.all(|row| row.waived.is_some()) {
            finding.severity = Severity::Warning;
            finding.why.push_str(" Waived in quarantine.csv.");
            finding.fix = "Nothing needs to be done.".to_owned();
        }
    }
}
