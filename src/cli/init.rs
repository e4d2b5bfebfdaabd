//! The verb `init`.

use super::console::Console;
use super::pending;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// Start new books: every settings file and table, with comments and no entries
#[derive(Debug, Args)]
pub struct Init {
    /// The folder; it must be empty or not be there yet
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Init {
    pub fn run(&self, console: &mut Console<'_>) -> Result<Exit> {
        let files = pending::init(&self.folder)?;
        for file in files {
            console.result(&file)?;
        }
        let folder = self.folder.display();
        console.hint(&format!(
            "New books in {folder}. Fill in chargeback.toml and the tables, then run `chargeback -C {folder} check`."
        ))?;
        Ok(Exit::Done)
    }
}
