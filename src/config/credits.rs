//! `credits.csv`: credits that were bought ahead.

use super::sheet::{Row, Sheet};
use crate::model::codes::{AgencyCode, ServiceCode};
use crate::model::credits::CreditGrant;
use crate::model::finding::{Code, Finding};

pub fn grants(sheet: &Sheet, findings: &mut Vec<Finding>) -> Vec<CreditGrant> {
    let mut grants: Vec<CreditGrant> = Vec::new();
    for row in sheet.sound() {
        let Some(grant) = grant(row) else { continue };
        let mut refuse = |column: &str, why: String, fix: &str| {
            findings.push(row.cell(Code::TableCell, column, why, fix));
        };
        let other = grants.iter().find(|other| other.driver == grant.driver && other.service != grant.service);
        if grant.credits.is_zero() {
            refuse(
                "credits",
                "A grant without credits costs nobody anything.".to_owned(),
                "Write how many were bought.",
            );
        } else if grant.cost.is_negative() {
            let fix = "Write what was paid; a refund is an adjustment.";
            refuse("cost", "Nobody is paid for buying credits.".to_owned(), fix);
        } else if grant.expires_on.is_some_and(|day| day <= grant.bought_on) {
            refuse("expires_on", "It is over before it is bought.".to_owned(), "Correct one of the two days.");
        } else if let Some(other) = other {
            let why = format!("Line {} bills credits of this driver under service {}.", other.line, other.service);
            refuse("service", why, "Bill the credits of one driver under one service.");
        } else {
            grants.push(grant);
        }
    }
    grants.sort_by(|a, b| (a.bought_on, &a.id).cmp(&(b.bought_on, &b.id)));
    grants
}

fn grant(row: &Row) -> Option<CreditGrant> {
    Some(CreditGrant {
        id: row.text("grant"),
        line: row.line,
        service: row.parsed("service", ServiceCode::parse)?,
        driver: row.text("driver"),
        bought_on: row.day("bought_on")?,
        expires_on: row.day("expires_on"),
        credits: row.quantity("credits")?,
        cost: row.money("cost")?,
        expired_to: row.parsed("expired_to", AgencyCode::parse),
    })
}
