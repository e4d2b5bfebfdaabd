//! The verb `status`.

use super::arguments::{Format, Global, OptionalMonth};
use super::clock::Surroundings;
use super::console::Console;
use super::render;
use crate::close;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;

/// Show each month: its state, what has arrived from whom, what is missing
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    month: OptionalMonth,
}

impl Status {
    pub fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        let months = close::status(&global.books()?, self.month.resolve(surroundings))?;
        match global.format {
            Format::Json => console.result_json(&render::json("chargeback.status/1", &months)?)?,
            Format::Csv => console.result(&render::status_csv(&months)?)?,
            Format::Text if months.is_empty() => {
                console.hint("No month yet: put the vendors' files below inbox/YYYY-MM/SOURCE/.")?;
            }
            Format::Text => console.result(&render::status(&months))?,
        }
        Ok(Exit::Done)
    }
}
