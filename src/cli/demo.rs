//! The verb `demo`.

use super::console::Console;
use super::pending;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// Copy the books of a made-up state out of this program, with one month of files
#[derive(Debug, Args)]
pub struct Demo {
    /// The folder; it must be empty or not be there yet
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Demo {
    pub fn run(&self, console: &mut Console<'_>) -> Result<Exit> {
        pending::demo(&self.folder)?;
        let folder = self.folder.display();
        console.hint(&format!(
            "The State of Westmark is in {folder}. Close its month: `chargeback -C {folder} close --month 2025-06`."
        ))?;
        Ok(Exit::Done)
    }
}
