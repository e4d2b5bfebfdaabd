//! Findings: all of them, what blocks first, each with where, why, the dollars and the way out.

use super::{csv, text_cell};
use crate::cli::console::{Console, Emphasis};
use crate::model::finding::{Finding, Severity};
use crate::model::untrusted::Untrusted;
use anyhow::Result;
use std::io;

/// Notes beyond this many are counted and not shown; what blocks or warns is always shown.
const NOTES_SHOWN: usize = 20;

/// To standard error. Under quiet only what blocks.
pub fn findings(findings: &[Finding], console: &mut Console<'_>) -> io::Result<()> {
    let mut sorted = findings.to_vec();
    Finding::sort(&mut sorted);
    let (notes, others): (Vec<Finding>, Vec<Finding>) =
        sorted.into_iter().partition(|finding| finding.severity == Severity::Note);
    let shown = others.iter().chain(notes.iter().take(NOTES_SHOWN));
    for finding in shown.filter(|finding| finding.blocks() || !console.is_quiet()).collect::<Vec<_>>() {
        one(finding, console)?;
    }
    if notes.len() > NOTES_SHOWN {
        let more = notes.len() - NOTES_SHOWN;
        console.hint(&format!("... and {more} more notes: see --format json, or findings.csv among the outputs.\n"))?;
    }
    Ok(())
}

fn one(finding: &Finding, console: &mut Console<'_>) -> io::Result<()> {
    let text = finding.to_string();
    let (opening, rest) = text.split_once(':').unwrap_or((&text, ""));
    let emphasis = match finding.severity {
        Severity::Blocks => Emphasis::Bad,
        Severity::Warning => Emphasis::Careful,
        Severity::Note => Emphasis::Plain,
    };
    console.emphasized(emphasis, opening, &format!(":{rest}\n"))
}

pub fn findings_csv(findings: &[Finding]) -> Result<String> {
    let optional = |text: &Option<Untrusted>| text.as_ref().map(Untrusted::for_human_csv).unwrap_or_default();
    let cells = |finding: &Finding| {
        let place = &finding.place;
        let (amount, currency) = match &finding.at_stake {
            Some((cost, currency)) => (cost.to_string(), currency.clone()),
            None => (String::new(), String::new()),
        };
        let severity = match finding.severity {
            Severity::Blocks => "blocks",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        vec![
            finding.code.to_string(),
            severity.to_owned(),
            finding.code.title().to_owned(),
            place.file.for_human_csv(),
            place.row.map(|row| row.to_string()).unwrap_or_default(),
            optional(&place.column),
            optional(&place.value),
            text_cell(&finding.why),
            text_cell(&finding.fix),
            amount,
            currency,
        ]
    };
    const HEADER: [&str; 11] =
        ["code", "severity", "title", "file", "row", "column", "value", "why", "fix", "at_stake", "currency"];
    csv(&HEADER, &findings.iter().map(cells).collect::<Vec<_>>())
}
