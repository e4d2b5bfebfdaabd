//! The verb `allocate`.

use super::arguments::Global;
use super::clock::Surroundings;
use super::console::Console;
use super::stage::{Allowances, StageArguments};
use crate::close::Stage;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;

/// Make cents: fit to the vendors' invoices, share the pools, take the fees, split by funding
///
/// The largest remainder hands out the last cents, so shares always add up to what is shared.
#[derive(Debug, Args)]
pub struct Allocate {
    #[command(flatten)]
    stage: StageArguments,
}

impl Allocate {
    pub fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        self.stage.run(Stage::Allocate, Allowances::default(), global, console, surroundings)
    }
}
