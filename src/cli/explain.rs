//! The verb `explain`.

use super::arguments::{Format, Global};
use super::console::Console;
use super::render;
use crate::close;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;

/// Walk a bill line back: its arithmetic, and the vendors' rows behind it
///
/// The number of a line stands on the statement: agency, month, place on the bill.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  chargeback explain DOT-2025-06-000001")]
pub struct Explain {
    /// The number of the bill line, as DOT-2025-06-000001
    line: String,
    /// How many of the vendors' rows to list, largest first
    #[arg(long, value_name = "N", default_value_t = 20)]
    rows: usize,
}

impl Explain {
    pub fn run(&self, global: &Global, console: &mut Console<'_>) -> Result<Exit> {
        // The table has no room for the vendor's rows as they stand.
        let raw = !matches!(global.format, Format::Text);
        let explanation = close::explain(&global.books()?, &self.line, self.rows, raw)?;
        match global.format {
            Format::Json => console.result_json(&render::json("chargeback.explanation/1", &explanation)?)?,
            Format::Csv => console.result(&render::explanation_csv(&explanation)?)?,
            Format::Text => console.result(&render::explanation(&explanation))?,
        }
        Ok(Exit::Done)
    }
}
