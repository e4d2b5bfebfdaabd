//! The verb `demo`.

use super::console::Console;
use crate::config;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// Copy the books of a made-up state out of this program, with one month of files
#[derive(Debug, Args)]
pub struct Demo {
    /// The folder; files that are there already are left as they are
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Demo {
    pub fn run(&self, console: &mut Console<'_>) -> Result<Exit> {
        let written = config::demo_in(&self.folder)?.len();
        let (folder, month) = (self.folder.display(), config::demo::MONTH);
        console.hint(&format!(
            "The State of Westmark is in {folder}, {written} files. Close its month: `chargeback -C {folder} close --month {month}`."
        ))?;
        Ok(Exit::Done)
    }
}
