//! The verb `focus`.

use super::arguments::{Format, Global, MonthArgument};
use super::clock::Surroundings;
use super::console::Console;
use super::render;
use crate::close;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// Write the month's charges as a FOCUS 1.2 file, CSV and Parquet, with our columns as x_
///
/// Of the month as it was closed, or else of its newest draft; only the ledger is read. The files hold every agency's
/// charges, so they are for the office and its data lake and not for an agency.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  chargeback focus --month 2025-06 exports")]
pub struct Focus {
    #[command(flatten)]
    month: MonthArgument,
    /// Where the files go; made if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Focus {
    pub fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        let made = close::focus(&global.books()?, self.month.resolve(surroundings), &self.folder)?;
        if global.format == Format::Json {
            console.result_json(&render::json("chargeback.focus/1", &made)?)?;
            return Ok(Exit::Done);
        }
        let rows: Vec<Vec<String>> = made
            .billed
            .iter()
            .map(|(currency, billed)| {
                let effective = made.effective.get(currency).cloned().unwrap_or_default();
                vec![currency.clone(), made.rows.to_string(), billed.clone(), effective]
            })
            .collect();
        let header = ["currency", "rows", "billed", "effective"];
        match global.format {
            Format::Csv => console.result(&render::csv(&header, &rows)?)?,
            _ => console.result(&render::table(&header, "lrrr", &rows))?,
        }
        if made.negations_left_out > 0 {
            let rows = made.negations_left_out;
            console.hint(&format!("{rows} negations are no rows: what they cover is billed nothing."))?;
        }
        console.hint(&format!("Written: {}.", made.files.join(", ")))?;
        Ok(Exit::Done)
    }
}
