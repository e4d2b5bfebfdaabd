//! The only code that prints: arguments in, exit code out.
//!
//! Results go to standard output; findings, progress and hints go to standard error. Exit codes are permanent, see
//! [`crate::model::exit`]. Nothing here computes money, and nothing but [`clock`] knows the time.

mod allocate;
mod arguments;
mod check;
pub mod clock;
mod close;
mod codes;
mod completions;
pub mod console;
mod demo;
mod explain;
mod export;
mod failure;
mod focus;
mod ingest;
mod init;
pub mod interruption;
mod man;
mod map;
mod normalize;
mod progress;
mod query;
mod rate;
mod rates;
mod reconcile;
mod render;
mod rules;
mod sniff;
mod stage;
mod status;
mod verify;
mod verify_template;
mod whatif;

use anyhow::Result;
use arguments::Global;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use clock::Surroundings;
use console::Console;
use std::ffi::OsString;

/// Closes a month of consumption-based IT services: the vendors' files in, bills and journals out.
///
/// Every cent that comes in is on a bill, in a pool, absorbed by name, or in a list that blocks the close; and every
/// cent on a bill can be walked back to the vendor's row.
#[derive(Debug, Parser)]
#[command(
    name = "chargeback",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(after_help = AFTER_HELP)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

const AFTER_HELP: &str = "\
Examples:
  chargeback demo westmark                             copy a made-up state's books
  chargeback -C westmark close --month 2025-06         a month's bills and journals
  chargeback -C westmark explain DOT-2025-06-000001    a bill line back to the vendor's rows

Exit codes:
  0 done or nothing to do     2 wrong usage or configuration     3 findings block the close
  4 the month's state forbids it     5 ledger or outputs altered     6 the money does not tie
  74 disk     75 try again later     130, 143 interrupted     anything else is a fault of ours";

/// The verbs, in the order in which a month meets them.
#[derive(Debug, Subcommand)]
enum Verb {
    Init(init::Init),
    Demo(demo::Demo),
    Check(check::Check),
    Rules(rules::Rules),
    Rates(rates::Rates),
    Whatif(whatif::WhatIf),
    Sniff(sniff::Sniff),
    Map(map::Map),
    Ingest(ingest::Ingest),
    Normalize(normalize::Normalize),
    Rate(rate::Rate),
    Allocate(allocate::Allocate),
    Reconcile(reconcile::Reconcile),
    Export(export::Export),
    Close(close::Close),
    Status(status::Status),
    Explain(explain::Explain),
    Focus(focus::Focus),
    Query(query::Query),
    Verify(verify::Verify),
    VerifyTemplate(verify_template::VerifyTemplate),
    Codes(codes::Codes),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Runs one command and gives its exit code. Everything it prints goes to the console's two streams.
pub fn run<T>(arguments: impl IntoIterator<Item = T>, console: &mut Console<'_>, surroundings: &Surroundings) -> u8
where
    T: Into<OsString> + Clone,
{
    let cli = match parse(arguments, console.width()) {
        Ok(cli) => cli,
        Err(refusal) => return failure::usage(&refusal, console),
    };
    console.set_quiet(cli.global.quiet);
    match dispatch(cli, console, surroundings) {
        Ok(exit) => exit as u8,
        Err(error) => failure::stopped(&error, console),
    }
}

fn parse<T>(arguments: impl IntoIterator<Item = T>, width: Option<usize>) -> Result<Cli, clap::Error>
where
    T: Into<OsString> + Clone,
{
    let command = match width {
        Some(columns) => Cli::command().term_width(columns),
        None => Cli::command(),
    };
    Cli::from_arg_matches(&command.try_get_matches_from(arguments)?)
}

fn dispatch(cli: Cli, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<crate::model::exit::Exit> {
    let Cli { global, verb } = cli;
    match verb {
        Verb::Init(verb) => verb.run(console),
        Verb::Demo(verb) => verb.run(console),
        Verb::Check(verb) => verb.run(&global, console),
        Verb::Rules(verb) => verb.run(&global, console, surroundings),
        Verb::Rates(verb) => verb.run(&global, console, surroundings),
        Verb::Whatif(verb) => verb.run(&global, console, surroundings),
        Verb::Sniff(verb) => verb.run(&global, console),
        Verb::Map(verb) => verb.run(&global, console),
        Verb::Ingest(verb) => verb.run(&global, console, surroundings),
        Verb::Normalize(verb) => verb.run(&global, console, surroundings),
        Verb::Rate(verb) => verb.run(&global, console, surroundings),
        Verb::Allocate(verb) => verb.run(&global, console, surroundings),
        Verb::Reconcile(verb) => verb.run(&global, console, surroundings),
        Verb::Export(verb) => verb.run(&global, console, surroundings),
        Verb::Close(verb) => verb.run(&global, console, surroundings),
        Verb::Status(verb) => verb.run(&global, console, surroundings),
        Verb::Explain(verb) => verb.run(&global, console),
        Verb::Focus(verb) => verb.run(&global, console, surroundings),
        Verb::Query(verb) => verb.run(&global, console, surroundings),
        Verb::VerifyTemplate(verb) => verb.run(&global, console),
        Verb::Verify(verb) => verb.run(&global, console),
        Verb::Codes(verb) => verb.run(&global, console),
        Verb::Completions(verb) => verb.run(console),
        Verb::Man(verb) => verb.run(console),
    }
}
