//! The verb `sniff`.

use super::arguments::{Format, Global};
use super::console::{Console, Emphasis};
use super::render;
use crate::close::{self, SniffedSet};
use crate::model::exit::Exit;
use crate::model::untrusted::Untrusted;
use anyhow::Result;
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Say what files are: format, version, month, rows, what they would add, or why they would be refused
///
/// Names and endings of files do not matter. The parts of one version are told as one, by their folder. Needs no books;
/// with -C the mappings of the books, and what they say of a source's folder, are heeded. Ends with 3 where a close would
/// stop at one of them.
#[derive(Debug, Args)]
pub struct Sniff {
    /// Files, or folders with all that lies below them, manifests included
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

impl Sniff {
    pub fn run(&self, global: &Global, console: &mut Console<'_>) -> Result<Exit> {
        let books = global.books_if_given()?;
        let sets = close::sniff(&self.files, books.as_deref(), global.threads())?;
        match global.format {
            Format::Json => console.result_json(&render::json("chargeback.sniff/1", &sets)?)?,
            Format::Csv => console.result(&csv(&sets)?)?,
            Format::Text => text(&sets, console)?,
        }
        Ok(if sets.values().any(SniffedSet::is_refused) { Exit::Blocked } else { Exit::Done })
    }
}

fn csv(sets: &BTreeMap<String, SniffedSet>) -> Result<String> {
    let mut rows = Vec::new();
    for (key, set) in sets {
        let text = |text: &str| Untrusted::new(text).for_human_csv();
        let month = set.month.map(|month| month.to_string()).unwrap_or_default();
        let row = |currency: &str, billed: String, effective: String| {
            let counts = if set.counts { "yes" } else { "no" };
            let cells = [&text(key), &set.format, &set.source, &text(&set.export), &text(&set.version), &month];
            let mut cells: Vec<String> = cells.map(String::clone).into();
            cells.extend([set.rows.to_string(), counts.to_owned(), currency.to_owned(), billed, effective]);
            cells.push(text(&set.reason));
            cells
        };
        for (currency, costs) in &set.adds {
            rows.push(row(
                currency,
                costs.billed.to_string(),
                costs.effective.map(|cost| cost.to_string()).unwrap_or_default(),
            ));
        }
        if set.adds.is_empty() {
            rows.push(row("", String::new(), String::new()));
        }
    }
    const HEADER: [&str; 12] = [
        "file",
        "format",
        "source",
        "export",
        "version",
        "month",
        "rows",
        "counts",
        "currency",
        "billed",
        "effective",
        "reason",
    ];
    render::csv(&HEADER, &rows)
}

fn text(sets: &BTreeMap<String, SniffedSet>, console: &mut Console<'_>) -> Result<()> {
    for (key, set) in sets {
        let mut lines = vec![Untrusted::new(key.as_str()).for_terminal_path(), format!("  {}", what(set))];
        lines.extend(adds(set));
        if !set.counts {
            lines.push(format!("  does not count: {}", set.reason));
        }
        for near in &set.nearest {
            lines.push(format!("  near to {}, but without {}", near.title, near.lacks.join(", ")));
        }
        if set.counts && !set.is_final {
            lines.push("  not final: the vendor has not issued all invoices of the month".to_owned());
        }
        lines.extend(same_money(set));
        let told = set.findings.iter().filter(|finding| !set.reason.contains(&finding.why)).count();
        if told > 0 {
            lines.push(format!("  {} more in --format json", render::count(told, "finding", "findings")));
        }
        console.result(&lines.join("\n"))?;
    }
    let counting = sets.values().filter(|set| set.counts).count();
    let message = format!("{counting} of {} would count.", sets.len());
    console.emphasized(Emphasis::Plain, "", &message)?;
    Ok(())
}

fn same_money(set: &SniffedSet) -> Option<String> {
    let (first, more) = set.same_money_as.split_first()?;
    let first = Untrusted::new(first.as_str()).for_terminal_path();
    let others = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    Some(format!(
        "  bills the same accounts as {first}{others}: a close refuses them together, unless one is usage-only"
    ))
}

fn what(set: &SniffedSet) -> String {
    let mut parts = vec![if set.title.is_empty() { "of no known format".to_owned() } else { set.title.clone() }];
    if !set.view.is_empty() {
        parts.push(format!("{} view", set.view));
    }
    if !set.export.is_empty() {
        parts.push(format!("export {}", Untrusted::new(set.export.as_str()).for_terminal_path()));
    }
    if !set.version.is_empty() {
        parts.push(format!("version {}", Untrusted::new(set.version.as_str()).for_terminal_path()));
    }
    parts.extend(set.month.map(|month| month.to_string()));
    if set.files.len() > 1 {
        parts.push(format!("{} parts", set.files.len()));
    }
    parts.push(render::count(usize::try_from(set.rows).unwrap_or(usize::MAX), "row", "rows"));
    if set.rows_rejected > 0 {
        parts.push(format!("{} of them cannot be read", set.rows_rejected));
    }
    parts.join(", ")
}

fn adds(set: &SniffedSet) -> Vec<String> {
    let mut lines = Vec::new();
    for (currency, costs) in &set.adds {
        let effective = match costs.effective {
            Some(cost) => format!("effective {cost}"),
            None => "effective not available".to_owned(),
        };
        lines.push(format!("  adds {} {currency} billed, {effective}", costs.billed));
    }
    if set.counts && set.adds.is_empty() {
        let counted: Vec<String> = set.counted.iter().map(|(meter, quantity)| format!("{quantity} {meter}")).collect();
        let what = if counted.is_empty() {
            "no charges".to_owned()
        } else {
            format!("no charges; tells {}", counted.join(", "))
        };
        lines.push(format!("  adds {what}"));
    }
    lines
}
