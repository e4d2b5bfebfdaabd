//! Dates with slashes: `01/06/2025` is 6 January for one vendor and 1 June for another.
//!
//! Vendors of such dates write the month first, whatever the reader's locale, and people's programs turn that round when
//! they save a file again. A whole column decides: a first number above twelve is no month, and then no second may be.

use super::dictionary::is_null;
use super::{NormalizeError, header_of, is_damage};
use crate::frame::delimited::{Record, ScanError, Scanner};
use crate::model::finding::{Code, Finding, Place};
use crate::model::month::Month;
use crate::sources::{DateFormat, Names, SourceDefinition, fold};
use std::io::Read;

/// What the columns of dates of a version prove, or leave open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayOrder {
    /// A date that begins with a number above twelve: file, row, column, cell.
    day_first: Option<(String, u64, String, String)>,
    /// The same of one whose second number is.
    month_first: Option<(String, u64, String, String)>,
    /// The first date with slashes.
    either: Option<(String, u64, String, String)>,
}

/// Whether the first rows have dates with slashes that, read with the month first, are not of this month.
pub fn is_in_doubt(source: &SourceDefinition, header: &[String], rows: &[Vec<String>], month: Month) -> bool {
    if !source.dates.formats.contains(&DateFormat::MonthFirst) {
        return false;
    }
    let columns = columns(source, header);
    let cells = rows.iter().flat_map(|row| columns.iter().filter_map(|&column| row.get(column)));
    let month = month.first_day();
    cells.filter_map(|cell| numbers(cell)).any(|(first, _)| first != chrono::Datelike::month(&month))
}

impl DayOrder {
    /// Adds what one part's columns of dates say.
    pub fn read(
        &mut self,
        source: &SourceDefinition,
        file: &str,
        delimiter: u8,
        text: &mut dyn Read,
    ) -> Result<(), NormalizeError> {
        let mut scanner = Scanner::new(text, delimiter);
        let mut record = Record::default();
        let mut header: Option<(Vec<String>, Vec<usize>)> = None;
        loop {
            match scanner.next(&mut record) {
                Ok(true) => {}
                // A defect is told when the part itself is read.
                Ok(false) | Err(ScanError::Defect(_)) => return Ok(()),
                Err(ScanError::Read(error)) if is_damage(&error) => return Ok(()),
                Err(ScanError::Read(error)) => return Err(NormalizeError::Read(error)),
            }
            let cells = scanner.cells(&record);
            let Some((names, columns)) = &header else {
                let names = header_of(cells);
                let columns = columns(source, &names);
                header = Some((names, columns));
                continue;
            };
            for &column in columns.iter().filter(|&&column| column < cells.len()) {
                let cell = String::from_utf8_lossy(cells.raw(column));
                let Some((first, second)) = numbers(&cell) else { continue };
                let seen = || Some((file.to_owned(), cells.row(), names[column].clone(), cell.trim().to_owned()));
                self.either = self.either.take().or_else(seen);
                if first > 12 {
                    self.day_first = self.day_first.take().or_else(seen);
                }
                if second > 12 {
                    self.month_first = self.month_first.take().or_else(seen);
                }
            }
        }
    }

    /// The day stands first in some date, and in none the month.
    pub fn is_day_first(&self) -> bool {
        self.day_first.is_some() && self.month_first.is_none()
    }

    /// What is to be told: that the column proves it, or that nothing does.
    pub fn finding(&self) -> Option<Finding> {
        let at = |(file, row, column, cell): &(String, u64, String, String)| {
            Place::file(file).row(*row).column(column).value(cell)
        };
        match (&self.day_first, &self.month_first) {
            (Some(proof), None) => {
                let why = "No month has this number, and no date of these columns has the month first: all dates with slashes are read with the day first.";
                let fix = "Nothing needs to be done; or set `date_order = \"day-first\"` for this folder in chargeback.toml, and it is not asked again.";
                Some(Finding::new(Code::DatesDayFirst, at(proof), why, fix))
            }
            (None, None) => {
                let why = "No date of these columns has a number above twelve, and read with the month first rows are of another month.";
                let fix = "Set `date_order = \"day-first\"` or `\"month-first\"` for this folder in chargeback.toml.";
                self.either.as_ref().map(|either| Finding::new(Code::DateOrderOpen, at(either), why, fix))
            }
            // Dates with the month first, or of both kinds: those that are none are told row by row.
            _ => None,
        }
    }
}

/// The columns that say which month and day a charge is of.
fn columns(source: &SourceDefinition, header: &[String]) -> Vec<usize> {
    let dates = &source.dates;
    let all: [Names; 4] = [
        dates.billing_period_start,
        dates.charge_start,
        dates.billing_period_end.unwrap_or_default(),
        dates.charge_end.unwrap_or_default(),
    ];
    let wanted: Vec<String> = all.iter().copied().flatten().map(|name| fold(name)).collect();
    (0..header.len()).filter(|&column| wanted.contains(&fold(&header[column]))).collect()
}

/// The first two numbers of a date with slashes.
fn numbers(cell: &str) -> Option<(u32, u32)> {
    let cell = cell.trim();
    if is_null(cell) {
        return None;
    }
    let mut parts = cell.split(' ').next()?.split('/');
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    let number = |text: &str| text.parse::<u32>().ok().filter(|_| text.len() <= 2);
    (year.len() == 4 && parts.next().is_none()).then_some(())?;
    Some((number(first)?, number(second)?))
}
