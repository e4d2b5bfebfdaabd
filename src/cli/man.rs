//! The verb `man`.

use super::Cli;
use super::console::Console;
use crate::model::exit::Exit;
use anyhow::{Context, Result};
use clap::{Args, CommandFactory};
use std::path::PathBuf;

/// Write the manual pages, one for each verb
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  chargeback man ~/.local/share/man/man1")]
pub struct Man {
    /// An existing folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Man {
    pub fn run(&self, console: &mut Console<'_>) -> Result<Exit> {
        // The crate writes the files: they are no part of any books, and a half-written page harms nobody.
        clap_mangen::generate_to(Cli::command(), &self.folder)
            .with_context(|| format!("writing manual pages to {}", self.folder.display()))?;
        console.hint(&format!("Manual pages are in {}.", self.folder.display()))?;
        Ok(Exit::Done)
    }
}
