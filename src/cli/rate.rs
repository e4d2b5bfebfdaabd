//! The verb `rate`.

use super::arguments::Global;
use super::clock::Surroundings;
use super::console::Console;
use super::stage::{Allowances, StageArguments};
use crate::close::Stage;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;

/// Find owner, service and price of every charge
///
/// Ownership rules, the service catalog and dated rate cards decide; what no rule owns waits in suspense, by name.
#[derive(Debug, Args)]
pub struct Rate {
    #[command(flatten)]
    stage: StageArguments,
}

impl Rate {
    pub fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        self.stage.run(Stage::Rate, Allowances::default(), global, console, surroundings)
    }
}
