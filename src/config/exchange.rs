//! `exchange.csv`: what other currencies are in that of the books.

use super::columns::exact_decimal;
use super::sheet::{Row, Sheet};
use crate::model::exchange::ExchangeRate;
use crate::model::finding::{Code, Finding, Severity};

/// A rate quoted this many days before its month or after it is probably another month's.
const DAYS_AWAY: u64 = 31;

pub fn rates(sheet: &Sheet, books: &str, findings: &mut Vec<Finding>) -> Vec<ExchangeRate> {
    sheet.sound().filter_map(|row| rate(row, books, findings)).collect()
}

fn rate(row: &Row, books: &str, findings: &mut Vec<Finding>) -> Option<ExchangeRate> {
    let rate = ExchangeRate {
        line: row.line,
        currency: row.text("currency"),
        month: row.month("month")?,
        rate: exact_decimal(row.get("rate")).ok()?,
        quoted_on: row.day("quoted_on")?,
        source: row.text("source"),
        approved_by: row.text("approved_by"),
    };
    if rate.currency == books {
        let why = format!("These books are kept in {books}; it is not converted.");
        findings.push(row.cell(Code::TableCell, "currency", why, "Remove the row."));
        return None;
    }
    if rate.rate.is_zero() {
        let why = "By a rate of nothing every charge would be free.";
        findings.push(row.cell(Code::TableCell, "rate", why, "Enter the rate as it was published."));
        return None;
    }
    let days = chrono::Days::new(DAYS_AWAY);
    let earliest = rate.month.first_day().checked_sub_days(days);
    let latest = rate.month.last_day().checked_add_days(days);
    if earliest.is_some_and(|day| rate.quoted_on < day) || latest.is_some_and(|day| rate.quoted_on > day) {
        let why = format!("A rate for {} is of that month or close to it.", rate.month);
        let mut finding = row.cell(Code::TableCell, "quoted_on", why, "Look whether month and day belong together.");
        finding.severity = Severity::Warning;
        findings.push(finding);
    }
    Some(rate)
}
