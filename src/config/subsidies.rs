//! `subsidies.csv`: what a fund pays of what agencies use.

use super::columns::parts;
use super::conflicts::{scopes_meet, span};
use super::rate_cards::scope;
use super::sheet::{Row, Sheet};
use super::tables;
use crate::model::codes::{FundCode, ServiceCode};
use crate::model::finding::{Code, Finding, Place};
use crate::model::settings::{Role, Scope, Settings};
use crate::model::subsidy::Subsidy;
use rust_decimal::Decimal;

pub fn subsidies(sheet: &Sheet, findings: &mut Vec<Finding>) -> Vec<Subsidy> {
    let mut subsidies = Vec::new();
    for row in sheet.sound() {
        if row.money("yearly_limit").is_some_and(|limit| limit.is_negative()) {
            let why = "Nobody can pay the first dollars below nothing.";
            let fix = "Write an amount that is not negative, or leave it blank for no limit.";
            findings.push(row.cell(Code::TableCell, "yearly_limit", why, fix));
        } else if row.get("yearly_limit").is_empty() && !row.get("limit_by").is_empty() {
            let why = "There is no limit against which anything is counted.";
            findings.push(row.cell(Code::TableCell, "limit_by", why, "Fill yearly_limit, or leave both blank."));
        } else {
            subsidies.extend(subsidy(row));
        }
    }
    subsidies
}

fn subsidy(row: &Row) -> Option<Subsidy> {
    Some(Subsidy {
        id: row.text("subsidy"),
        version: row.count("version")?,
        line: row.line,
        valid: row.validity(),
        services: parts(row.get("services")).filter_map(|code| ServiceCode::parse(code).ok()).collect(),
        scope: scope(row),
        percent: row.decimal("percent").unwrap_or(Decimal::ONE_HUNDRED),
        yearly_limit: row.money("yearly_limit"),
        limit_by: row.named("limit_by").unwrap_or_default(),
        paid_by: row.parsed("paid_by", FundCode::parse)?,
        statement_text: row.text("statement_text"),
        approved_by: row.text("approved_by"),
        reason: row.text("reason"),
    })
}

/// Two that are equally narrow and lower the same lines on the same day: nobody could say which fund pays. And funds that
/// give without an account to give from.
pub fn check(settings: &Settings, findings: &mut Vec<Finding>) {
    let rank = |scope: &Scope| match scope {
        Scope::All => 0,
        Scope::Class(_) => 1,
        Scope::Agency(_) => 2,
    };
    for (place, subsidy) in settings.subsidies.iter().enumerate() {
        let rival = settings.subsidies[..place].iter().find(|other| {
            rank(&other.scope) == rank(&subsidy.scope)
                && scopes_meet(&other.scope, &subsidy.scope, settings)
                && other.valid.overlaps(&subsidy.valid)
                && other.services.iter().any(|service| subsidy.services.contains(service))
        });
        if let Some(rival) = rival {
            let why = format!(
                "Subsidy {} version {} on line {} lowers the same lines and holds {}; one subsidy lowers a line.",
                rival.id,
                rival.version,
                rival.line,
                span(&rival.valid)
            );
            let fix = "End the earlier one on the day the later one starts, or make one narrower by its scope.";
            let place = Place::file(tables::SUBSIDIES.path).row(subsidy.line).column("subsidy").value(&*subsidy.id);
            findings.push(Finding::new(Code::TableDuplicate, place, why, fix));
        }
    }
    if settings.subsidies.iter().all(|subsidy| subsidy.paid_by == settings.state.provider_fund) {
        return;
    }
    let mut needed = vec![(Role::Cash, "cash"), (Role::TransfersIn, "transfers_in")];
    if settings.state.billing_sides == crate::model::settings::BillingSides::Both {
        needed.push((Role::TransfersOut, "transfers_out"));
    }
    for (role, name) in needed.into_iter().filter(|_| !settings.account_roles.is_empty()) {
        if !settings.account_roles.iter().any(|row| row.role == role) {
            let why = "A subsidy of another fund is a transfer, and no account is given for this role.";
            let place = Place::file(tables::ACCOUNTS.path).column("role").value(name);
            let fix = "Add a row with the role and its account.";
            findings.push(Finding::new(Code::AccountRoleMissing, place, why, fix));
        }
    }
}
