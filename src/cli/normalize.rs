//! The verb `normalize`.

use super::arguments::Global;
use super::clock::Surroundings;
use super::console::Console;
use super::stage::{Allowances, StageArguments};
use crate::close::Stage;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;

/// Read every row of the files that count, to exact charges in one form
///
/// A row that cannot be read is listed with file, row, column, text and dollars; it is never skipped or guessed. Control
/// totals of every file are kept to compare with.
#[derive(Debug, Args)]
pub struct Normalize {
    #[command(flatten)]
    stage: StageArguments,
}

impl Normalize {
    pub fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        self.stage.run(Stage::Normalize, Allowances::default(), global, console, surroundings)
    }
}
