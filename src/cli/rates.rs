//! The verbs below `rates`.

use super::arguments::{Format, Global};
use super::clock::Surroundings;
use super::console::Console;
use super::render;
use crate::close;
use crate::model::exit::Exit;
use anyhow::Result;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Print the rate book: every rate in force on a day, and what differs from the edition before
#[derive(Debug, Args)]
pub struct Rates {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Book(Book),
}

/// Print the rates in force on a day, and what differs from the edition before
///
/// An edition is what is in force on a day. Without --since it is compared with the day before the newest change of any rate.
/// --to writes rate-book-<day> as a workbook, a web page and a table.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  chargeback rates book --on 2025-07-01\n  chargeback rates book --on 2025-07-01 --since \
                        2024-07-01 --to published"
)]
pub struct Book {
    /// The day of the edition; without it, today
    #[arg(long, value_name = "YYYY-MM-DD")]
    on: Option<NaiveDate>,
    /// The day of the edition it is compared with
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<NaiveDate>,
    /// Write the three files into this folder
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
}

impl Rates {
    pub fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        let Verb::Book(verb) = &self.verb;
        verb.run(global, console, surroundings)
    }
}

impl Book {
    fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        let on = self.on.unwrap_or(surroundings.today);
        let (book, findings) = close::rate_book(&global.books()?, on, self.since)?;
        let Some(book) = book else {
            render::findings(&findings, console)?;
            console.message("The books cannot be used, so there is no rate book.")?;
            return Ok(Exit::Usage);
        };
        match global.format {
            Format::Json => console.result_json(&render::json("chargeback.rate-book/1", &book)?)?,
            Format::Csv => console.result(String::from_utf8_lossy(&book.csv()?).trim_end())?,
            Format::Text => {
                let rows: Vec<Vec<String>> = book
                    .rates
                    .iter()
                    .map(|rate| {
                        let price = [&rate.price, &rate.terms].into_iter().filter(|text| !text.is_empty());
                        let price: Vec<&str> = price.map(String::as_str).collect();
                        vec![
                            rate.service.clone(),
                            format!("{} v{}", rate.rate_id, rate.version),
                            rate.scope.clone(),
                            price.join("; "),
                            rate.from.map_or_else(String::new, |from| from.to_string()),
                            rate.change.text().to_owned(),
                            rate.before.clone(),
                        ]
                    })
                    .collect();
                let header = ["service", "rate", "for", "price", "from", "change", "before"];
                console.result(&format!("{}\n\n{}", book.summary(), render::table(&header, "", &rows)))?;
            }
        }
        if let Some(folder) = &self.to {
            for file in close::write_rate_book(&book, folder)? {
                console.hint(&file)?;
            }
        }
        Ok(Exit::Done)
    }
}
