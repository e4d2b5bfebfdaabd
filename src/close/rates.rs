//! The rate book of the books, for a day.

use crate::config;
use crate::io::fs::Disk;
use crate::model::exit::{Exit, Stop};
use crate::model::finding::Finding;
use crate::stages::export::{RateBook, edition_before, rate_book};
use anyhow::Result;
use chrono::NaiveDate;
use std::path::Path;

/// The rates in force on a day, beside those of an earlier one: by default, of the edition before.
pub fn book(disk: &Disk, on: NaiveDate, since: Option<NaiveDate>) -> Result<(Option<RateBook>, Vec<Finding>)> {
    let loaded = config::load(disk)?;
    if loaded.findings.iter().any(Finding::blocks) {
        return Ok((None, loaded.findings));
    }
    let since = since.unwrap_or_else(|| edition_before(&loaded.settings, on));
    if since > on {
        let message = format!("The edition of {since} is not before that of {on}.");
        return Err(Stop::new(Exit::Usage, message).into());
    }
    Ok((Some(rate_book(&loaded.settings, on, since)), Vec::new()))
}

/// Writes the edition as a workbook, a page and a table; returns their names.
pub fn write(book: &RateBook, folder: &Path) -> Result<Vec<String>> {
    if let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        Disk::real(parent).make_dir(&name.to_string_lossy())?;
    }
    let disk = Disk::real(folder);
    let mut written = Vec::new();
    for file in book.files()? {
        disk.write(&file.path, &file.bytes)?;
        written.push(folder.join(&file.path).display().to_string());
    }
    Ok(written)
}
