//! The verb `codes`.

use super::arguments::{Format, Global};
use super::console::Console;
use super::render;
use crate::model::exit::Exit;
use crate::model::finding::{Code, Severity};
use anyhow::Result;
use clap::Args;
use serde::Serialize;

/// List every finding there is: its code, what it does to a close, what it means
#[derive(Debug, Args)]
pub struct Codes {}

#[derive(Serialize)]
struct Described {
    code: Code,
    severity: Severity,
    title: &'static str,
}

impl Codes {
    pub fn run(&self, global: &Global, console: &mut Console<'_>) -> Result<Exit> {
        let described = |&code: &Code| Described { code, severity: code.severity(), title: code.title() };
        let all: Vec<Described> = Code::ALL.iter().map(described).collect();
        let cells =
            |row: &Described| vec![row.code.to_string(), verdict(row.severity).to_owned(), row.title.to_owned()];
        let rows: Vec<Vec<String>> = all.iter().map(cells).collect();
        match global.format {
            Format::Json => console.result_json(&render::json("chargeback.codes/1", &all)?)?,
            Format::Csv => console.result(&render::csv(&["code", "severity", "title"], &rows)?)?,
            Format::Text => console.result(&render::table(&["code", "does", "says"], "", &rows))?,
        }
        Ok(Exit::Done)
    }
}

fn verdict(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocks => "blocks the close",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
