//! The verbs below `rules`.

use super::arguments::{Format, Global, OptionalMonth};
use super::clock::Surroundings;
use super::console::Console;
use super::{progress, render};
use crate::close::{self, Request, Stage};
use crate::model::exit::{Exit, Stop};
use crate::model::month::Month;
use anyhow::Result;
use chrono::NaiveDate;
use clap::{Args, Subcommand};

/// Try the ownership rules: which one takes a charge, and which take none
#[derive(Debug, Args)]
pub struct Rules {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Test(Test),
}

/// Show which rule takes a charge and why those before it do not; or, for a month, which rules take no charge
///
/// A charge is described by the columns that rules read, as in owners.csv; what is not said is blank. For a month, every
/// rule, service, card and pool is listed with its charges, and how much of the cost has an owner. Nothing is written.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  chargeback rules test --month 2025-06\n  chargeback rules test \
                        provider_name=AWS sub_account_id=333344445555 tag:agency=dot --day 2025-06-12")]
pub struct Test {
    /// What is known of the charge, as COLUMN=TEXT
    #[arg(value_name = "COLUMN=TEXT", value_parser = column)]
    charge: Vec<(String, String)>,
    /// The day on which the charge was used; without it, the first of the month
    #[arg(long, value_name = "YYYY-MM-DD", requires = "charge")]
    day: Option<NaiveDate>,
    #[command(flatten)]
    month: OptionalMonth,
}

fn column(text: &str) -> Result<(String, String), String> {
    let (column, value) = text.split_once('=').ok_or("a charge is described as in provider_name=AWS")?;
    Ok((column.trim().to_owned(), value.trim().to_owned()))
}

impl Rules {
    pub fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        let Verb::Test(test) = &self.verb;
        let month = test.month.resolve(surroundings).or(test.day.map(Month::containing));
        let (Some(month), false) =
            (month.or(Some(surroundings.last_month())), test.charge.is_empty() && month.is_none())
        else {
            let message = "say which month, as in --month 2025-06, or describe a charge, as in provider_name=AWS";
            return Err(Stop::new(Exit::Usage, message.to_owned()).into());
        };
        let request = Request {
            books: global.books()?,
            month,
            until: Stage::Rate,
            draft: true,
            dry_run: true,
            accept_unfinal: false,
            allow_empty: Vec::new(),
            threads: global.threads(),
            invocation: surroundings.invocation(),
        };
        if test.charge.is_empty() { used(&request, global, console) } else { test.trace(&request, global, console) }
    }
}

fn used(request: &Request, global: &Global, console: &mut Console<'_>) -> Result<Exit> {
    let told = progress::with(console.shows_bars(), |progress| close::rules_used(request, progress))?;
    if global.format != Format::Json {
        render::findings(&told.findings, console)?;
    }
    match global.format {
        Format::Json => console.result_json(&render::json("chargeback.rules/1", &told)?)?,
        Format::Csv => console.result(&render::rules_csv(&told)?)?,
        Format::Text => console.result(&render::rules(&told))?,
    }
    Ok(if told.rules.is_empty() && !told.findings.is_empty() { Exit::Blocked } else { Exit::Done })
}

impl Test {
    fn trace(&self, request: &Request, global: &Global, console: &mut Console<'_>) -> Result<Exit> {
        let day = self.day.unwrap_or(request.month.first_day());
        let told =
            progress::with(console.shows_bars(), |progress| close::rule_trace(request, day, &self.charge, progress))?;
        match global.format {
            Format::Json => console.result_json(&render::json("chargeback.rule-trace/1", &told)?)?,
            Format::Csv => console.result(&render::trace_csv(&told)?)?,
            Format::Text => console.result(&render::trace(&told))?,
        }
        Ok(Exit::Done)
    }
}
