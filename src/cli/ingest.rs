//! The verb `ingest`.

use super::arguments::Global;
use super::clock::Surroundings;
use super::console::Console;
use super::stage::{Allowances, StageArguments};
use crate::close::Stage;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;

/// Look at what the vendors delivered: which files count, and whether they are whole
///
/// Recognizes every file below inbox/MONTH by its content, chooses the version of each export that counts, compares the
/// parts with their manifests, and says what is missing, superseded, damaged or unknown.
#[derive(Debug, Args)]
pub struct Ingest {
    #[command(flatten)]
    stage: StageArguments,
}

impl Ingest {
    pub fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        self.stage.run(Stage::Ingest, Allowances::default(), global, console, surroundings)
    }
}
