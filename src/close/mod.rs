//! The order of stages, the gates between them, and what is committed when. Nothing else knows it.
//!
//! ```text
//! configuration, inbox -> ingest -> parts, several at once -> month -> rate -> vendors -> allocate -> journal
//!   -> tie-outs and laws -> gates -> outputs staged, read back, kept -> record -> HEAD -> out/<month>/<run>/
//! ```
//!
//! What touches every vendor row is kept under the hash of all it was made of and not done twice. What works on the
//! roll-up is done again each time: it is thousands of rows, and a proof that was stored proves less than one that is made.

pub mod api;
mod at_hand;
mod backdated;
pub mod books;
mod closed;
mod commit;
mod corrected;
mod delivery;
mod erp;
mod explain;
mod focus;
mod gates;
mod keep;
mod late;
mod map;
mod outcome;
mod outputs;
mod parts;
mod query;
mod rates;
mod replay;
mod rules;
mod run;
mod session;
mod sniff;
mod status;
mod suspense;
mod together;
mod whatif;

pub use api::*;
pub use at_hand::{FileAtHand, Reconciled};
pub use backdated::{RateDelta, RateDeltas};
pub use erp::{ShownTemplate, erp_template, erp_templates};
pub use query::TableColumns;
pub use run::{run, run_on};
pub use sniff::{SniffedCosts, SniffedGroup, SniffedSet};

use crate::frame::query::Answer;
use crate::io::fs::Disk;
use crate::model::finding::Finding;
use crate::model::money::Money;
use crate::model::month::Month;
pub use crate::stages::export::RateBook;
pub use crate::stages::reconcile::{AtHand, Grouped};
use anyhow::Result;
use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The version of the rules by which amounts and outputs are made. Another number makes every stage run again, and closes of other
/// rules are not recomputed by `verify`.
pub const RULES: &str = "2";

pub fn status(books: &Path, month: Option<Month>) -> Result<Vec<MonthStatus>> {
    status::status(&Disk::real(books), month)
}

pub fn check(books: &Path) -> Result<Vec<Finding>> {
    status::check(&Disk::real(books))
}

/// `quick` looks at records, sizes and outputs; otherwise every byte is hashed and every closed month made again. `expect`
/// is a close id from a bill.
pub fn verify(books: &Path, quick: bool, expect: Option<&str>) -> Result<Vec<Finding>> {
    status::verify(&Disk::real(books), quick, expect)
}

/// A bill line and at most so many of the rows behind it, with `raw` as they stand in the vendor's files.
pub fn explain(books: &Path, line: &str, rows: usize, raw: bool) -> Result<Explanation> {
    explain::explain(&Disk::real(books), line, rows, raw)
}

/// The charges of a closed or drafted month as FOCUS files in a folder.
pub fn focus(books: &Path, month: Month, folder: &Path) -> Result<FocusFiles> {
    focus::focus(books, month, folder)
}

/// The answer to a question in SQL about the tables of a closed or drafted month.
pub fn query(books: &Path, month: Month, sql: &str) -> Result<Answer> {
    query::ask(books, month, sql)
}

/// The tables that can be asked about, with their columns.
pub fn queried_tables(books: &Path, month: Month) -> Result<Vec<TableColumns>> {
    query::tables(books, month)
}

/// Writes an answer as a workbook.
pub fn write_answer(answer: &Answer, month: Month, file: &Path) -> Result<()> {
    query::write(answer, month, file)
}

/// A mapping for a file of no known format. Needs no books.
pub fn map(file: &Path) -> Result<MapProposal> {
    map::map(file)
}

/// What each file, or all parts of one version, is and would add to its month. Needs no books; with them their mappings and
/// what they say of the sources' folders is heeded.
pub fn sniff(files: &[PathBuf], books: Option<&Path>, threads: usize) -> Result<BTreeMap<String, SniffedSet>> {
    sniff::sniff(files, books, threads)
}

/// Charges of files that belong to no books, beside an invoice. Nothing is written.
pub fn reconcile_files(
    files: &[PathBuf],
    invoice: Option<Money>,
    currency: Option<&str>,
    books: Option<&Path>,
    threads: usize,
) -> Result<Reconciled> {
    at_hand::reconcile(files, invoice, currency, books, threads)
}

/// The rates in force on a day, and what differs from an earlier one; nothing where the books cannot be used.
pub fn rate_book(books: &Path, on: NaiveDate, since: Option<NaiveDate>) -> Result<(Option<RateBook>, Vec<Finding>)> {
    rates::book(&Disk::real(books), on, since)
}

/// A closed month by today's rates: what adjustments would have to book.
pub fn rate_deltas(books: &Path, month: Month) -> Result<RateDeltas> {
    backdated::deltas(&Disk::real(books), month)
}

/// Writes an edition as a workbook, a page and a table into a folder; returns what was written.
pub fn write_rate_book(book: &RateBook, folder: &Path) -> Result<Vec<String>> {
    rates::write(book, folder)
}

/// The month again with other tables, which lie in a folder; `request` is a dry run. Nothing is written.
pub fn whatif(request: &Request, with: &Path, progress: &dyn Progress) -> Result<WhatIf> {
    whatif::whatif(&Disk::real(&request.books), request, with, progress)
}

/// What every rule takes in a month. Nothing is written.
pub fn rules_used(request: &Request, progress: &dyn Progress) -> Result<RulesUsed> {
    rules::used(&Disk::real(&request.books), request, progress)
}

/// Which rule takes a charge of these columns and texts, used on this day.
pub fn rule_trace(
    request: &Request,
    day: NaiveDate,
    charge: &[(String, String)],
    progress: &dyn Progress,
) -> Result<RuleTrace> {
    rules::trace(&Disk::real(&request.books), request, day, charge, progress)
}
