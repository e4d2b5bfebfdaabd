//! Findings as a table for a person: what, where, why, the way out, and the dollars concerned.

use super::NamedBytes;
use super::csv::{self, Table, for_people};
use super::outputs::Written;
use super::read_back::{Figures, compare};
use crate::model::finding::{Finding, Severity};
use crate::model::month_end::MonthEnd;
use crate::model::proof::LawResult;
use crate::model::untrusted::Untrusted;

const FILE: &str = "findings.csv";
const HEADER: [&str; 11] =
    ["code", "severity", "title", "file", "row", "column", "value", "why", "fix", "at_stake", "currency"];

pub(super) fn write(end: &MonthEnd) -> anyhow::Result<Vec<NamedBytes>> {
    let mut table = Table::new(&HEADER)?;
    for finding in sorted(end) {
        let place = &finding.place;
        let shown = |text: &Option<Untrusted>| text.as_ref().map(Untrusted::for_human_csv).unwrap_or_default();
        let (cost, currency) = finding.at_stake.clone().unzip();
        table.row(&[
            finding.code.to_string(),
            severity(finding.severity).to_owned(),
            finding.code.title().to_owned(),
            place.file.for_human_csv(),
            place.row.map(|row| row.to_string()).unwrap_or_default(),
            shown(&place.column),
            shown(&place.value),
            for_people(&finding.why).into_owned(),
            for_people(&finding.fix).into_owned(),
            cost.map(|cost| cost.to_string()).unwrap_or_default(),
            for_people(&currency.unwrap_or_default()).into_owned(),
        ])?;
    }
    Ok(vec![NamedBytes { path: FILE.to_owned(), bytes: table.finish()? }])
}

pub(super) fn sorted(end: &MonthEnd) -> Vec<Finding> {
    let mut findings = end.findings.clone();
    Finding::sort(&mut findings);
    findings
}

pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocks => "blocks",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

pub(super) fn read_back(end: &MonthEnd, written: &Written<'_>) -> Vec<LawResult> {
    vec![compare(FILE, written.bytes(FILE).and_then(|bytes| read(&bytes)), in_ledger(end))]
}

fn read(bytes: &[u8]) -> anyhow::Result<Figures> {
    let (_, rows) = csv::read(bytes)?;
    let mut figures = Figures::default();
    for (number, row) in rows.iter().enumerate() {
        let at_stake = if row[9].is_empty() { "0" } else { &row[9] };
        figures.add_text(format!("{} {} {}", number + 1, &row[0], &row[1]), at_stake)?;
    }
    Ok(figures)
}

fn in_ledger(end: &MonthEnd) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    for (number, finding) in sorted(end).iter().enumerate() {
        let cost = finding.at_stake.as_ref().map(|(cost, _)| *cost).unwrap_or_default();
        figures.add(format!("{} {} {}", number + 1, finding.code, severity(finding.severity)), cost)?;
    }
    Ok(figures)
}
