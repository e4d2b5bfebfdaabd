//! How answers look: tables, CSV, JSON, findings, and the sentence at the end.

mod at_hand;
mod findings;
mod outcome;
mod reports;
mod rules;
mod whatif;

pub use at_hand::{at_hand, at_hand_csv};
pub use findings::{findings, findings_csv};
pub use outcome::{ending, outcome, outcome_csv};
pub use reports::{explanation, explanation_csv, status, status_csv};
pub use rules::{rules, rules_csv, trace, trace_csv};
pub use whatif::{whatif, whatif_csv};

use crate::model::untrusted::{Untrusted, harmless};
use anyhow::{Context, Result};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;

/// A table of aligned columns. `align` has one letter a column, `r` for amounts; what it does not name goes left.
pub fn table(header: &[&str], align: &str, rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().map(|name| name.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| harmless(cell).replace('\n', " ")));
    }
    let letters = align.chars().chain(std::iter::repeat('l'));
    for (column, letter) in table.column_iter_mut().zip(letters) {
        column.set_padding((0, 2));
        column.set_cell_alignment(if letter == 'r' { CellAlignment::Right } else { CellAlignment::Left });
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// For a spreadsheet: text that would run as a formula is quoted, amounts are plain decimals.
pub fn csv(header: &[&str], rows: &[Vec<String>]) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row)?;
    }
    let bytes = writer.into_inner().context("writing CSV")?;
    String::from_utf8(bytes).context("CSV is text")
}

/// A text cell of such a CSV.
fn text_cell(text: &str) -> String {
    Untrusted::new(text).for_human_csv()
}

/// One object with the name of its schema first, so that a program knows what it reads.
pub fn json<T: Serialize + ?Sized>(schema: &str, content: &T) -> Result<String> {
    #[derive(Serialize)]
    struct Document<'a, T: ?Sized> {
        schema: &'a str,
        content: &'a T,
    }
    serde_json::to_string_pretty(&Document { schema, content }).context("writing JSON")
}

/// `1 finding blocks`, `3 findings block`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
