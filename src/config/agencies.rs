//! `agencies.csv` and `owners.csv`: who can be billed, and whose a charge is.

use super::columns::parts;
use super::sheet::{Row, Sheet};
use crate::model::charge::Dimension;
use crate::model::codes::{AgencyCode, PoolId};
use crate::model::finding::{Code, Finding};
use crate::model::settings::{Agency, Condition, Field, OwnerResult, OwnerRule};

pub fn agencies(sheet: &Sheet) -> Vec<Agency> {
    let agency = |row: &Row| {
        Some(Agency {
            code: row.parsed("agency", AgencyCode::parse)?,
            name: row.text("name"),
            class: row.named("class")?,
            aliases: parts(row.get("aliases")).map(str::to_owned).collect(),
            contact: row.text("contact"),
            valid: row.validity(),
        })
    };
    let mut agencies: Vec<Agency> = sheet.sound().filter_map(agency).collect();
    // Code order is the order in which leftover cents are handed out.
    agencies.sort_by(|a, b| a.code.cmp(&b.code));
    agencies
}

pub fn owner_rules(sheet: &Sheet, findings: &mut Vec<Finding>) -> Vec<OwnerRule> {
    let mut rules = Vec::new();
    for (place, row) in sheet.rows.iter().enumerate().filter(|(_, row)| row.sound) {
        let Some(owner) = owner(row, findings) else { continue };
        findings.extend(lost_zeros(row));
        rules.push(OwnerRule {
            id: row.text("rule"),
            sequence: u32::try_from(place + 1).unwrap_or(u32::MAX),
            line: row.line,
            valid: row.validity(),
            conditions: row.conditions.clone(),
            owner,
        });
    }
    rules
}

/// AWS numbers its accounts with twelve digits. A rule that names another provider may be about any number.
fn lost_zeros(row: &Row) -> Option<Finding> {
    let provider = Field::Dimension(Dimension::Provider);
    let of_aws = |condition: &Condition| condition.field != provider || condition.pattern.matches("AWS");
    if !row.conditions.iter().all(of_aws) {
        return None;
    }
    let account = Field::Dimension(Dimension::SubAccountId);
    let mut accounts = row.conditions.iter().filter(|condition| condition.field == account);
    let text = &accounts.find(|condition| condition.pattern.0.bytes().all(|byte| byte.is_ascii_digit()))?.pattern.0;
    (text.len() != 12).then(|| {
        let why = "An AWS account number has twelve digits, leading zeros included.";
        let fix = "Format the column as text and type the number again.";
        row.finding(Code::CellAccount, Dimension::SubAccountId.column(), text, why, fix)
    })
}

fn owner(row: &Row, findings: &mut Vec<Finding>) -> Option<OwnerResult> {
    let value = row.get("value");
    let empty = |findings: &mut Vec<Finding>, what: &str| {
        let why = format!("The rule assigns to {}, and the cell must say {what}.", row.get("assign"));
        findings.push(row.cell(Code::TableCell, "value", why, "Fill the cell."));
    };
    let result = match (row.get("assign"), value) {
        ("servicenow", "") => Some(OwnerResult::ServiceNow),
        ("servicenow", _) => {
            let why = "ServiceNow says who owns the account or resource, so there is nothing to say here.";
            findings.push(row.cell(
                Code::TableCell,
                "value",
                why,
                "Leave the cell blank, or assign to something else.",
            ));
            return None;
        }
        ("agency", _) => AgencyCode::parse(value).ok().map(OwnerResult::Agency),
        ("pool", _) => PoolId::parse(value).ok().map(OwnerResult::Pool),
        ("agency-of-tag" | "agency-of-group-tag" | "agency-of-account-tag" | "central" | "excluded", "") => None,
        ("agency-of-tag", tag) => Some(OwnerResult::AgencyOfTag(tag.to_owned())),
        ("agency-of-group-tag", tag) => Some(OwnerResult::AgencyOfGroupTag(tag.to_owned())),
        ("agency-of-account-tag", tag) => Some(OwnerResult::AgencyOfAccountTag(tag.to_owned())),
        ("central", reason) => Some(OwnerResult::Central(reason.to_owned())),
        ("excluded", reason) => Some(OwnerResult::Excluded(reason.to_owned())),
        _ => None,
    };
    if result.is_none() {
        empty(
            findings,
            match row.get("assign") {
                "agency" => "which agency",
                "pool" => "which pool",
                "agency-of-tag" | "agency-of-group-tag" | "agency-of-account-tag" => "which billing tag",
                _ => "why",
            },
        );
    }
    result
}
