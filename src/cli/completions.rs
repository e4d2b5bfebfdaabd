//! The verb `completions`.

use super::Cli;
use super::console::Console;
use crate::model::exit::Exit;
use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print the completions of a shell
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  chargeback completions bash > ~/.local/share/bash-completion/completions/chargeback"
)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub fn run(&self, console: &mut Console<'_>) -> Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "chargeback", &mut script);
        console.result_bytes(&script)?;
        Ok(Exit::Done)
    }
}
