//! The verb `whatif`.

use super::arguments::{Format, Global, MonthArgument};
use super::clock::Surroundings;
use super::console::Console;
use super::{progress, render};
use crate::close::{self, Request, Stage};
use crate::model::exit::Exit;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// Make a month again with other cards or rules, and show who would pay what instead
///
/// The folder holds only the tables that change, named as in the books; each counts instead of the one of its name. Both
/// sides are made by the stages that close the month. Nothing is posted, and nothing is written.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  chargeback whatif --with ~/next-year --month 2025-06    (with ~/next-year/pools.csv)"
)]
pub struct WhatIf {
    /// The folder of the other tables
    #[arg(long, value_name = "DIR")]
    with: PathBuf,
    #[command(flatten)]
    month: MonthArgument,
}

impl WhatIf {
    pub fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        let request = Request {
            books: global.books()?,
            month: self.month.resolve(surroundings),
            until: Stage::Allocate,
            draft: true,
            dry_run: true,
            accept_unfinal: false,
            allow_empty: Vec::new(),
            threads: global.threads(),
            invocation: surroundings.invocation(),
        };
        let told = progress::with(console.shows_bars(), |progress| close::whatif(&request, &self.with, progress))?;
        let findings: Vec<_> = told.findings_now.iter().chain(&told.findings).cloned().collect();
        if global.format != Format::Json {
            render::findings(&findings, console)?;
        }
        match global.format {
            Format::Json => console.result_json(&render::json("chargeback.whatif/1", &told)?)?,
            Format::Csv => console.result(&render::whatif_csv(&told)?)?,
            Format::Text if console.is_quiet() => {}
            Format::Text => console.result(&render::whatif(&told)?)?,
        }
        if told.exit == Exit::Done {
            console.hint(&told.message)?;
        } else {
            console.message(&told.message)?;
        }
        Ok(told.exit)
    }
}
