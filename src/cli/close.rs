//! The verb `close`.

use super::arguments::Global;
use super::clock::Surroundings;
use super::console::Console;
use super::stage::{Allowances, StageArguments};
use crate::close::Stage;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;

/// Close a month: all stages, every gate, then bills and journals
///
/// The month closes whole or not at all. A closed month never changes; closing it again with the same files says so and
/// does nothing. Nightly runs on an open month use --draft.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  chargeback close --month 2025-06
  chargeback close --month last --draft --quiet      every night, from cron
  chargeback close --month 2025-06 --format json     for a program")]
pub struct Close {
    #[command(flatten)]
    stage: StageArguments,
    /// Do everything but close: outputs are marked DRAFT, nothing is posted
    #[arg(long)]
    draft: bool,
    /// Close although the vendor has not issued the invoice for every row
    #[arg(long)]
    accept_unfinal: bool,
}

impl Close {
    pub fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        let allowances = Allowances { draft: self.draft, accept_unfinal: self.accept_unfinal };
        self.stage.run(Stage::Close, allowances, global, console, surroundings)
    }
}
