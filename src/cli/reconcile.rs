//! The verb `reconcile`.

use super::arguments::Global;
use super::clock::Surroundings;
use super::console::Console;
use super::stage::{Allowances, StageArguments};
use crate::close::Stage;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;

/// Compare charges with the vendors' invoices, and every total with its counterpart
///
/// Prints each tie-out with both sides and their difference, and the state of each invoice section.
#[derive(Debug, Args)]
pub struct Reconcile {
    #[command(flatten)]
    stage: StageArguments,
}

impl Reconcile {
    pub fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        self.stage.run(Stage::Reconcile, Allowances::default(), global, console, surroundings)
    }
}
