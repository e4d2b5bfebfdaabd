//! The verb `export`.

use super::arguments::Global;
use super::clock::Surroundings;
use super::console::Console;
use super::stage::{Allowances, StageArguments};
use crate::close::Stage;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;

/// Write statements, journals and the reconciliation workbook, marked DRAFT
///
/// Every file is read back after it is written and compared with the ledger.
#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    stage: StageArguments,
}

impl Export {
    pub fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        self.stage.run(Stage::Export, Allowances::default(), global, console, surroundings)
    }
}
