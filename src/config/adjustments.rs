//! `adjustments.csv` and `settlements.csv`: what people decided, asked for and approved, after a month was closed.

use super::sheet::{Row, Sheet};
use crate::model::adjustment::{Adjustment, PaidBy, Settlement};
use crate::model::codes::{AgencyCode, FundCode, ServiceCode};
use crate::model::finding::{Code, Finding};
use crate::model::month::Month;
use std::collections::BTreeMap;

/// The word that names the provider's own revenue as what bears a concession.
const PROVIDER: &str = "provider";

pub fn adjustments(sheet: &Sheet, agencies: &Sheet, findings: &mut Vec<Finding>) -> Vec<Adjustment> {
    let known = |code: &str| agencies.rows.iter().any(|row| row.get("agency") == code);
    let mut documents: BTreeMap<String, (u64, chrono::NaiveDate, Month)> = BTreeMap::new();
    let mut adjustments = Vec::new();
    for row in sheet.sound() {
        let payer = row.get("paid_by");
        if !matches!(payer, "" | PROVIDER) && !known(payer) {
            let why = format!("It is neither an agency of agencies.csv nor the word {PROVIDER}.");
            findings.push(row.cell(
                Code::TableReference,
                "paid_by",
                why,
                "Write the agency's code as it stands there.",
            ));
            continue;
        }
        let Some(adjustment) = adjustment(row) else { continue };
        let first =
            documents.entry(adjustment.id.clone()).or_insert((row.line, adjustment.booked_on, adjustment.month));
        let of_document = ((first.1, first.2) != (adjustment.booked_on, adjustment.month)).then(|| {
            let why = format!("Line {} books this document on {} for {}.", first.0, first.1, first.2);
            row.cell(
                Code::TableCell,
                "booked_on",
                why,
                "Give rows of one id one day and one month, or ids of their own.",
            )
        });
        match wrong(row, &adjustment).or(of_document) {
            Some(finding) => findings.push(finding),
            None => adjustments.push(adjustment),
        }
    }
    adjustments
}

fn adjustment(row: &Row) -> Option<Adjustment> {
    Some(Adjustment {
        line: row.line,
        id: row.text("adjustment"),
        place: row.count("line")?,
        booked_on: row.day("booked_on")?,
        month: row.month("month")?,
        agency: row.parsed("agency", AgencyCode::parse)?,
        service: row.parsed("service", ServiceCode::parse)?,
        amount: row.money("amount")?,
        corrects: Some(row.text("corrects")).filter(|line| !line.is_empty()),
        paid_by: match row.get("paid_by") {
            "" | PROVIDER => PaidBy::Provider,
            _ => PaidBy::Agency(row.parsed("paid_by", AgencyCode::parse)?),
        },
        reason: row.text("reason"),
        requested_by: row.text("requested_by"),
        approved_by: row.text("approved_by"),
    })
}

/// What no table alone can refuse.
fn wrong(row: &Row, adjustment: &Adjustment) -> Option<Finding> {
    let cell = |column, why: String, fix: &str| Some(row.cell(Code::TableCell, column, why, fix));
    let same = |a: &str, b: &str| a.trim().eq_ignore_ascii_case(b.trim());
    if same(&adjustment.requested_by, &adjustment.approved_by) {
        let why = "Nobody approves what they asked for themselves.".to_owned();
        return cell("approved_by", why, "Have somebody else approve it, and enter their name.");
    }
    if adjustment.amount.is_zero() {
        let why = "An adjustment of nothing adjusts nothing.".to_owned();
        return cell("amount", why, "Enter what the agency is to pay more, or with a minus less.");
    }
    if Month::containing(adjustment.booked_on) <= adjustment.month {
        let why = format!("It is booked on {}, and {} is not closed before.", adjustment.booked_on, adjustment.month);
        return cell(
            "booked_on",
            why,
            "Enter a day of a later month; what is wrong in an open month is put right in its files and tables.",
        );
    }
    let is_concession = adjustment.amount.is_negative() && adjustment.corrects.is_none();
    if is_concession && row.get("paid_by").is_empty() {
        let why = "The agency is to pay less, no bill line is corrected, and nobody is named who bears it.".to_owned();
        return cell(
            "paid_by",
            why,
            "Name the agency that pays it instead, or provider; or the bill line in corrects.",
        );
    }
    if adjustment.paid_by == PaidBy::Agency(adjustment.agency.clone()) {
        let why = "The agency cannot bear what it is forgiven.".to_owned();
        return cell("paid_by", why, "Name another agency, or provider.");
    }
    if matches!(adjustment.paid_by, PaidBy::Agency(_)) && !adjustment.amount.is_negative() {
        let why = "Somebody else pays only what the agency is to pay less.".to_owned();
        return cell("paid_by", why, "Leave it blank, or give the amount a minus.");
    }
    None
}

pub fn settlements(sheet: &Sheet, findings: &mut Vec<Finding>) -> Vec<Settlement> {
    let mut days: BTreeMap<String, (u64, chrono::NaiveDate)> = BTreeMap::new();
    let mut settlements = Vec::new();
    for row in sheet.sound() {
        let Some(settlement) = settlement(row) else { continue };
        let first = days.entry(settlement.id.clone()).or_insert((row.line, settlement.settled_on));
        if settlement.amount.is_zero() {
            let why = "A payment of nothing settles nothing.";
            findings.push(row.cell(Code::TableCell, "amount", why, "Enter what was paid, or remove the row."));
        } else if first.1 != settlement.settled_on {
            let why = format!("Line {} settles this document on {}.", first.0, first.1);
            let fix = "Give rows of one id one day, or ids of their own.";
            findings.push(row.cell(Code::TableCell, "settled_on", why, fix));
        } else {
            settlements.push(settlement);
        }
    }
    settlements
}

fn settlement(row: &Row) -> Option<Settlement> {
    Some(Settlement {
        line: row.line,
        id: row.text("settlement"),
        settled_on: row.day("settled_on")?,
        fund: row.parsed("fund", FundCode::parse)?,
        agency: row.parsed("agency", AgencyCode::parse),
        amount: row.money("amount")?,
        reference: row.text("reference"),
    })
}
