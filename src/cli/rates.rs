//! The verbs below `rates`.

use super::arguments::{Format, Global, MonthArgument};
use super::clock::Surroundings;
use super::console::Console;
use super::render;
use crate::close::{self, RateDelta, RateDeltas};
use crate::model::exit::Exit;
use anyhow::Result;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Print the rate book, and what rates that reach into closed months would change
#[derive(Debug, Args)]
pub struct Rates {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Book(Book),
    Deltas(Deltas),
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

/// Show what a closed month would be by today's rates, as rows for adjustments.csv
///
/// A closed month never changes. A rate that reaches back into it is booked in the open month: --format csv prints the rows, which
/// somebody asks for and somebody else approves. What such rows book already is left out.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  chargeback rates deltas --month 2025-06 --format csv > deltas.csv")]
pub struct Deltas {
    #[command(flatten)]
    month: MonthArgument,
}

impl Rates {
    pub fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        match &self.verb {
            Verb::Book(verb) => verb.run(global, console, surroundings),
            Verb::Deltas(verb) => verb.run(global, console, surroundings),
        }
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

impl Deltas {
    fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        let told = close::rate_deltas(&global.books()?, self.month.resolve(surroundings))?;
        if global.format != Format::Json {
            render::findings(&told.findings, console)?;
        }
        match global.format {
            Format::Json => console.result_json(&render::json("chargeback.rate-deltas/1", &told)?)?,
            Format::Csv => console.result(&adjustments(&told)?)?,
            Format::Text => {
                let rows: Vec<Vec<String>> = told
                    .rows
                    .iter()
                    .map(|row| {
                        let amounts = [row.was, row.would_be, row.booked, row.amount].map(|amount| amount.for_people());
                        let [was, would_be, booked, amount] = amounts;
                        let (agency, service) = (row.agency.to_string(), row.service.to_string());
                        vec![agency, service, was, would_be, booked, amount, row.corrects.clone()]
                    })
                    .collect();
                let header = ["agency", "service", "was", "would be", "booked", "to book", "corrects"];
                console.result(&render::table(&header, "  >>>>", &rows))?;
            }
        }
        if !told.findings.is_empty() {
            console.message(&format!("{} cannot be billed by today's rates, see the findings.", told.month))?;
            return Ok(Exit::Blocked);
        }
        if told.rows.is_empty() {
            console.hint(&format!("Today's rates make the bills of {} as they are.", told.month))?;
        }
        Ok(Exit::Done)
    }
}

/// Rows of adjustments.csv; who asks and who approves is left to people.
fn adjustments(told: &RateDeltas) -> Result<String> {
    let header = [
        "adjustment",
        "line",
        "booked_on",
        "month",
        "agency",
        "service",
        "amount",
        "corrects",
        "paid_by",
        "reason",
        "requested_by",
        "approved_by",
    ];
    let row = |(place, row): (usize, &RateDelta)| {
        let needs_payer = row.amount.is_negative() && row.corrects.is_empty();
        vec![
            told.adjustment.clone(),
            (place + 1).to_string(),
            told.booked_on.to_string(),
            told.month.to_string(),
            row.agency.to_string(),
            row.service.to_string(),
            row.amount.to_string(),
            row.corrects.clone(),
            if needs_payer { "provider" } else { "" }.to_owned(),
            format!("Rates of {}: {} becomes {}", told.month, row.was, row.would_be),
            String::new(),
            String::new(),
        ]
    };
    let rows: Vec<Vec<String>> = told.rows.iter().enumerate().map(row).collect();
    render::csv(&header, &rows)
}
