//! Workbooks that people re-save tables as: the first sheet with cells, as the CSV text that a careful person would export.
//!
//! A workbook knows numbers only as doubles. A number becomes the shortest decimal that means the same double, which is
//! what was typed for up to fifteen digits; dates become `2025-09-01`.

use super::container::{Bytes, Packed};
use anyhow::{Context, Result, bail};
use calamine::{Data, Range, Reader, Xlsb, Xlsx};
use std::io::{Cursor, Read};

/// Bytes of a workbook, packed and unpacked: a few kilobytes of one can unpack to gigabytes.
const LARGEST: u64 = 64 << 20;
const LARGEST_UNPACKED: u128 = 512 << 20;

/// The cells of the first sheet that has any, and the number of its first row.
pub fn first_sheet(bytes: Vec<u8>) -> Result<(u64, Vec<Vec<String>>)> {
    let unpacked = zip::ZipArchive::new(Cursor::new(&bytes)).ok().and_then(|archive| archive.decompressed_size());
    if unpacked.is_some_and(|size| size > LARGEST_UNPACKED) {
        bail!("unpacked it would be larger than 512 MB");
    }
    let range = match Xlsx::new(Cursor::new(&bytes)) {
        Ok(mut workbook) => with_cells(workbook.worksheets()),
        Err(error) => match Xlsb::new(Cursor::new(&bytes)) {
            Ok(mut workbook) => with_cells(workbook.worksheets()),
            Err(_) => return Err(error.into()),
        },
    };
    let range = range.context("the workbook has no sheet with cells")?;
    let first = u64::from(range.start().map_or(0, |(row, _)| row)) + 1;
    Ok((first, range.rows().map(|cells| cells.iter().map(cell_text).collect()).collect()))
}

fn with_cells(sheets: Vec<(String, Range<Data>)>) -> Option<Range<Data>> {
    sheets.into_iter().map(|(_, range)| range).find(|range| !range.is_empty())
}

/// The sheet as CSV. A row without content is an empty line, so that rows keep their numbers.
pub fn as_csv(file: Packed) -> Result<Bytes> {
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        bail!("a workbook of more than 64 MB is not read");
    }
    let (_, rows) = first_sheet(bytes)?;
    // Columns that only formatting reaches have no name and no cell.
    let width =
        rows.iter().filter_map(|row| row.iter().rposition(|cell| !cell.is_empty())).max().map_or(0, |last| last + 1);
    let mut text = Vec::new();
    for mut row in rows {
        row.truncate(width);
        if row.iter().all(String::is_empty) {
            text.push(b'\n');
            continue;
        }
        let mut writer = csv::Writer::from_writer(&mut text);
        writer.write_record(&row)?;
        writer.flush()?;
    }
    Ok(Box::new(Cursor::new(text)))
}

pub fn cell_text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.trim().to_owned(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::Bool(value) => if *value { "yes" } else { "no" }.to_owned(),
        Data::DateTime(moment) => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            let date = format!("{year:04}-{month:02}-{day:02}");
            if (hour, minute, second) == (0, 0, 0) { date } else { format!("{date} {hour:02}:{minute:02}:{second:02}") }
        }
        // `#REF!` and its like are no value; the cell's check says so.
        other => other.to_string(),
    }
}
