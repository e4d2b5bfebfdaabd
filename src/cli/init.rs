//! The verb `init`.

use super::console::Console;
use crate::config;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// Start new books: every settings file and table, with comments and no entries
#[derive(Debug, Args)]
pub struct Init {
    /// The folder; files that are there already are left as they are
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Init {
    pub fn run(&self, console: &mut Console<'_>) -> Result<Exit> {
        let begun = config::init_in(&self.folder)?;
        for file in &begun.written {
            console.result(file)?;
        }
        for file in &begun.kept {
            console.hint(&format!("{file} was there and is left as it is"))?;
        }
        let folder = self.folder.display();
        console.hint(&format!(
            "New books in {folder}. Fill in chargeback.toml and the tables, then run `chargeback -C {folder} check`."
        ))?;
        Ok(Exit::Done)
    }
}
