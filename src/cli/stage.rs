//! What the stage verbs and close have in common: a request made of arguments, a run with progress, an outcome shown.

use super::arguments::{Format, Global, MonthArgument};
use super::clock::Surroundings;
use super::console::Console;
use super::{progress, render};
use crate::close::{self, Outcome, Request, Stage};
use crate::model::exit::Exit;
use crate::model::month::Month;
use anyhow::Result;
use clap::Args;

#[derive(Debug, Args)]
pub struct StageArguments {
    #[command(flatten)]
    month: MonthArgument,
    #[command(flatten)]
    options: StageOptions,
}

#[derive(Debug, Args)]
pub struct StageOptions {
    /// Write nothing; say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Accept that this source's files hold no rows this month; may be repeated
    #[arg(long, value_name = "SOURCE")]
    pub allow_empty: Vec<String>,
}

/// What only some verbs may ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowances {
    pub draft: bool,
    pub accept_unfinal: bool,
}

impl StageArguments {
    pub fn run(
        &self,
        until: Stage,
        allowances: Allowances,
        global: &Global,
        console: &mut Console<'_>,
        surroundings: &Surroundings,
    ) -> Result<Exit> {
        self.options.run((self.month.resolve(surroundings), until), allowances, global, console, surroundings)
    }
}

impl StageOptions {
    /// Runs everything of a month up to one stage and shows what came of it.
    pub fn run(
        &self,
        (month, until): (Month, Stage),
        allowances: Allowances,
        global: &Global,
        console: &mut Console<'_>,
        surroundings: &Surroundings,
    ) -> Result<Exit> {
        let request = Request {
            books: global.books()?,
            month,
            until,
            draft: allowances.draft,
            dry_run: self.dry_run,
            accept_unfinal: allowances.accept_unfinal,
            allow_empty: self.allow_empty.clone(),
            threads: global.threads(),
            invocation: surroundings.invocation(),
        };
        let outcome = progress::with(console.shows_bars(), |progress| close::run(&request, progress))?;
        show(&outcome, &request, global.format, console)?;
        Ok(outcome.exit)
    }
}

/// What a person must know, the results in the form asked for, and the last sentence. JSON holds the findings itself.
fn show(outcome: &Outcome, request: &Request, format: Format, console: &mut Console<'_>) -> Result<()> {
    if format != Format::Json {
        render::findings(&outcome.findings, console)?;
    }
    match format {
        Format::Json => console.result_json(&render::json("chargeback.outcome/1", outcome)?)?,
        Format::Csv => console.result(&render::outcome_csv(outcome, request.until)?)?,
        Format::Text if console.is_quiet() => {}
        Format::Text => {
            let text = render::outcome(outcome, request.until);
            if !text.is_empty() {
                console.result(&text)?;
            }
        }
    }
    render::ending(outcome, request, console)?;
    Ok(())
}
