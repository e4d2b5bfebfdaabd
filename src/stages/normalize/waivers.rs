//! Rejected rows that someone has looked at: `quarantine.csv` names file and row, a reason and an approver.

use crate::model::finding::{Finding, Severity};
use crate::model::month_end::RejectedRow;
use crate::model::settings::Settings;

/// Marks waived rows; a finding whose rows are all waived no longer blocks.
pub fn apply(rejected: &mut [RejectedRow], findings: &mut [Finding], rows_rejected: u64, settings: &Settings) {
    for row in &mut *rejected {
        let waiver = settings.quarantine.iter().find(|waiver| {
            waiver.row == row.row && (waiver.file == row.file || row.file.ends_with(&format!("/{}", waiver.file)))
        });
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
        }
    }
}
