//! `invoices/`: what the vendors asked for, from CSV or from the first sheet of a workbook.

use super::sheet::{LARGEST, Row, Sheet};
use crate::model::finding::{Code, Finding, Place};
use crate::model::month::Month;
use crate::model::settings::VendorInvoice;
use calamine::{Data, Reader, Xlsx};
use std::io::Cursor;

pub fn invoices(sheet: &Sheet, currency: &str, findings: &mut Vec<Finding>) -> Vec<VendorInvoice> {
    sheet.sound().filter_map(|row| invoice(row, currency, findings)).collect()
}

fn invoice(row: &Row, currency: &str, findings: &mut Vec<Finding>) -> Option<VendorInvoice> {
    let or = |name: &str, otherwise: &str| match row.get(name) {
        "" => otherwise.to_owned(),
        text => text.to_owned(),
    };
    if or("currency", currency) != currency {
        let why = format!("These books are kept in {currency}, and nothing is converted here.");
        findings.push(row.cell(
            Code::CellCurrency,
            "currency",
            why,
            "Enter the amount that was paid in the currency of the books.",
        ));
        return None;
    }
    let account = row.text("billing_account_id");
    let digits = account.bytes().all(|byte| byte.is_ascii_digit());
    if row.get("provider") == "AWS" && !(digits && account.len() == 12) {
        let why = "An AWS account number has twelve digits, leading zeros included.";
        findings.push(row.cell(
            Code::CellAccount,
            "billing_account_id",
            why,
            "Format the column as text and type the number again.",
        ));
        return None;
    }
    Some(VendorInvoice {
        file: row.file.clone(),
        line: row.line,
        provider: row.text("provider"),
        billing_account_id: account,
        invoice_id: row.text("invoice_id"),
        month: row.month("month")?,
        invoice_date: row.day("invoice_date"),
        amount: row.money("amount")?,
        currency: currency.to_owned(),
        item_type: or("item_type", "charges"),
        description: row.text("description"),
    })
}

/// Reads the first sheet of a workbook as if it were a CSV table. A number becomes the shortest decimal that means the
/// same double: whole cents come out exactly, and what is not whole cents has too many decimals and is a finding.
pub fn read_workbook(sheet: &mut Sheet, file: &str, bytes: Vec<u8>, findings: &mut Vec<Finding>) {
    let unreadable = |why: String| {
        Finding::new(Code::TableUnreadable, Place::file(file), why, "Save it again as an xlsx workbook, or as CSV.")
    };
    // A workbook is a zip file, and a few kilobytes of one can unpack to gigabytes.
    let unpacked = zip::ZipArchive::new(Cursor::new(&bytes)).ok().and_then(|archive| archive.decompressed_size());
    if unpacked.is_some_and(|size| size > u128::from(LARGEST)) {
        findings.push(unreadable("Unpacked it would be larger than 64 MB: no table of invoices is.".to_owned()));
        return;
    }
    let range = match Xlsx::new(Cursor::new(bytes)) {
        Ok(mut workbook) => workbook.worksheet_range_at(0),
        Err(error) => {
            findings.push(unreadable(format!("The workbook cannot be read: {error}.")));
            return;
        }
    };
    match range {
        Some(Ok(range)) => {
            let first = u64::from(range.start().map_or(0, |(row, _)| row)) + 1;
            let rows = (first..).zip(range.rows()).map(|(line, cells)| (line, cells.iter().map(cell_text).collect()));
            let mut rows: Vec<(u64, Vec<String>)> = rows.collect();
            months(&mut rows);
            sheet.read_cells(file, rows, findings);
        }
        Some(Err(error)) => findings.push(unreadable(format!("The first sheet cannot be read: {error}."))),
        None => findings.push(unreadable("The workbook has no sheet.".to_owned())),
    }
}

/// A spreadsheet turns a month that somebody types into the date of its first day; nothing else is meant by it.
fn months(rows: &mut [(u64, Vec<String>)]) {
    let header = rows.iter().position(|(_, cells)| cells.iter().any(|cell| cell == "month"));
    let Some(header) = header else { return };
    let column = rows[header].1.iter().position(|cell| cell == "month").unwrap_or_default();
    for (_, cells) in &mut rows[header + 1..] {
        if let Some(cell) = cells.get_mut(column)
            && let Some(month) = cell.strip_suffix("-01").filter(|month| Month::parse(month).is_ok())
        {
            *cell = month.to_owned();
        }
    }
}

fn cell_text(cell: &Data) -> String {
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
