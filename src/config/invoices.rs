//! `invoices/`: what the vendors asked for, from CSV or from the first sheet of a workbook.

use super::sheet::{LARGEST, Row, Sheet};
use crate::io::spreadsheet::first_sheet;
use crate::model::exchange::ExchangeRate;
use crate::model::finding::{Code, Finding, Place};
use crate::model::month::Month;
use crate::model::settings::VendorInvoice;

pub fn invoices(
    sheet: &Sheet,
    currency: &str,
    exchange: &[ExchangeRate],
    findings: &mut Vec<Finding>,
) -> Vec<VendorInvoice> {
    sheet.sound().filter_map(|row| invoice(row, currency, exchange, findings)).collect()
}

fn invoice(row: &Row, currency: &str, exchange: &[ExchangeRate], findings: &mut Vec<Finding>) -> Option<VendorInvoice> {
    let or = |name: &str, otherwise: &str| match row.get(name) {
        "" => otherwise.to_owned(),
        text => text.to_owned(),
    };
    let (own, month) = (or("currency", currency), row.month("month")?);
    if own != currency && !exchange.iter().any(|rate| rate.currency == own && rate.month == month) {
        let why = format!("These books are kept in {currency}, and exchange.csv has no rate of {own} for {month}.");
        let fix = "Add the rate of that month to exchange.csv, with its day and who published it.";
        findings.push(row.cell(Code::CellCurrency, "currency", why, fix));
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
        month,
        invoice_date: row.day("invoice_date"),
        amount: row.money("amount")?,
        currency: own,
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
    if bytes.len() as u64 > LARGEST {
        findings.push(unreadable("It is larger than 64 MB: no table is.".to_owned()));
        return;
    }
    match first_sheet(bytes) {
        Ok((first, rows)) => {
            let mut rows: Vec<(u64, Vec<String>)> = (first..).zip(rows).collect();
            months(&mut rows);
            sheet.read_cells(file, rows, findings);
        }
        Err(error) => findings.push(unreadable(format!("The workbook cannot be read: {error}."))),
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
