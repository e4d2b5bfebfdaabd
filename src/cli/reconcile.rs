//! The verb `reconcile`.

use super::arguments::{Format, Global, MonthArgument};
use super::clock::Surroundings;
use super::console::{Console, Emphasis};
use super::render;
use super::stage::{Allowances, StageOptions};
use crate::close::{self, Reconciled, Stage};
use crate::model::exit::{Exit, Stop};
use crate::model::money::Money;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// Compare charges with the vendors' invoices, and every total with its counterpart
///
/// Of a month: prints each tie-out with both sides and their difference, and the state of each invoice section.
///
/// With FILES: what vendors' files come to by invoice, account, service and charge type, needing no books. With --invoice it is
/// compared with what the vendor asks, and a difference is looked for among the charges: the exit code is 6 where the charges in
/// cents are not the invoice.
#[derive(Debug, Args)]
#[command(mut_arg("month", |month| month.required(false).required_unless_present("files").conflicts_with("files")))]
pub struct Reconcile {
    #[command(flatten)]
    month: Option<MonthArgument>,
    #[command(flatten)]
    options: StageOptions,
    /// Vendors' files, or folders with all that lies below them, manifests included
    #[arg(value_name = "FILES", conflicts_with_all = ["dry_run", "allow_empty"])]
    files: Vec<PathBuf>,
    /// What the vendor's invoice asks for, as in 10599.75
    #[arg(long, value_name = "AMOUNT", requires = "files", allow_negative_numbers = true, value_parser = amount)]
    invoice: Option<Money>,
    /// The currency of the invoice, where the files have charges in several
    #[arg(long, value_name = "CODE", requires = "invoice")]
    currency: Option<String>,
}

fn amount(text: &str) -> Result<Money, String> {
    Money::parse(text).map_err(|why| format!("an amount is written as in 10599.75: {why}"))
}

impl Reconcile {
    pub fn run(&self, global: &Global, console: &mut Console<'_>, surroundings: &Surroundings) -> Result<Exit> {
        if !self.files.is_empty() {
            return self.of_files(global, console);
        }
        let Some(month) = &self.month else {
            return Err(Stop::new(Exit::Usage, "name a month with --month, or vendors' files").into());
        };
        let of_month = (month.resolve(surroundings), Stage::Reconcile);
        self.options.run(of_month, Allowances::default(), global, console, surroundings)
    }

    fn of_files(&self, global: &Global, console: &mut Console<'_>) -> Result<Exit> {
        let books = global.books_if_given()?;
        let currency = self.currency.as_deref();
        let told = close::reconcile_files(&self.files, self.invoice, currency, books.as_deref(), global.threads())?;
        if global.format != Format::Json {
            render::findings(&told.findings, console)?;
        }
        match global.format {
            Format::Json => console.result_json(&render::json("chargeback.reconcile/1", &told)?)?,
            Format::Csv => console.result(&render::at_hand_csv(&told)?)?,
            Format::Text => console.result(&render::at_hand(&told))?,
        }
        for sentence in sentences(&told) {
            console.emphasized(Emphasis::Plain, "", &sentence)?;
        }
        Ok(told.exit())
    }
}

/// The answer in words.
fn sentences(told: &Reconciled) -> Vec<String> {
    let mut sentences = Vec::new();
    let refused = told.files.iter().filter(|file| file.refused).count();
    if refused > 0 {
        let files = render::count(refused, "file is", "files are");
        sentences.push(format!("{files} refused, and charges are missing here for that; the table says why."));
    }
    for one in &told.currencies {
        let Some((invoice, difference)) = one.invoice.zip(one.difference) else { continue };
        let (asked, billed) = (invoice.for_people(), one.billed.for_people());
        if one.matches {
            let rounding = if difference.is_zero() { String::new() } else { format!("; {difference} is its rounding") };
            sentences.push(format!("The invoice of {asked} {} is these charges, {billed}{rounding}.", one.currency));
            continue;
        }
        let (size, way) = (difference.magnitude().for_people(), if difference.is_negative() { "less" } else { "more" });
        sentences.push(format!(
            "The invoice of {asked} {} asks for {size} {way} than these charges, {billed}.",
            one.currency
        ));
        sentences.extend(one.explanations.iter().cloned());
        if one.explanations.is_empty() {
            sentences
                .push("No part of these charges is the difference, alone or two of one column together.".to_owned());
        }
    }
    sentences
}
