//! Stands where `close` and `config` will be called.

use crate::close::{Explanation, MonthStatus, Outcome, Progress, Request};
use crate::model::exit::{Exit, Stop};
use crate::model::finding::Finding;
use crate::model::month::Month;
use anyhow::{Result, bail};
use std::path::Path;

fn not_yet(what: &str) -> Stop {
    Stop::new(Exit::Usage, format!("{what} is not part of this version yet"))
}

pub fn run(_request: &Request, _progress: &dyn Progress) -> Result<Outcome> {
    bail!(not_yet("running a month"))
}

pub fn status(_books: &Path, _month: Option<Month>) -> Result<Vec<MonthStatus>> {
    bail!(not_yet("the status of months"))
}

pub fn verify(_books: &Path, _quick: bool, _expect: Option<&str>) -> Result<Vec<Finding>> {
    bail!(not_yet("verifying books"))
}

pub fn explain(_books: &Path, _line: &str, _rows: usize) -> Result<Explanation> {
    bail!(not_yet("explaining a line"))
}
