//! `accounts.csv`, `chart/`, `budgets.csv` and `quarantine.csv`.

use super::sheet::{Row, Sheet};
use crate::model::codes::{AccountCode, AgencyCode, FundCode, ServiceCode};
use crate::model::settings::{AccountRole, Budget, CodeValue, Fund, QuarantineWaiver};

pub fn funds(sheet: &Sheet) -> Vec<Fund> {
    let fund = |row: &Row| {
        Some(Fund {
            code: row.parsed("fund", FundCode::parse)?,
            name: row.text("name"),
            class: row.named("class")?,
            federal: row.yes("federal").unwrap_or(false),
        })
    };
    sheet.sound().filter_map(fund).collect()
}

pub fn account_roles(sheet: &Sheet) -> Vec<AccountRole> {
    let role = |row: &Row| {
        Some(AccountRole {
            line: row.line,
            role: row.named("role")?,
            service: row.parsed("service", ServiceCode::parse),
            class: row.named("class"),
            recovery: row.named("recovery_class"),
            account: row.parsed("account", AccountCode::parse)?,
            name: row.text("name"),
        })
    };
    sheet.sound().filter_map(role).collect()
}

pub fn code_values(sheet: &Sheet) -> Vec<CodeValue> {
    let value = |row: &Row| CodeValue {
        line: row.line,
        dimension: row.text("dimension"),
        code: row.text("code"),
        name: row.text("name"),
        valid: row.validity(),
        postable: row.yes("postable").unwrap_or(true),
        federal: row.yes("federal").unwrap_or(false),
    };
    sheet.sound().map(value).collect()
}

pub fn budgets(sheet: &Sheet) -> Vec<Budget> {
    let budget = |row: &Row| {
        Some(Budget {
            line: row.line,
            fiscal_year: row.parsed("fiscal_year", str::parse)?,
            agency: row.parsed("agency", AgencyCode::parse)?,
            service: row.parsed("service", ServiceCode::parse),
            fund: row.text("fund"),
            amount: row.money("amount")?,
            as_of: row.day("as_of"),
        })
    };
    sheet.sound().filter_map(budget).collect()
}

pub fn quarantine(sheet: &Sheet) -> Vec<QuarantineWaiver> {
    let waiver = |row: &Row| {
        Some(QuarantineWaiver {
            line: row.line,
            file: row.text("file"),
            row: row.whole("row")?,
            reason: row.text("reason"),
            approved_by: row.text("approved_by"),
        })
    };
    sheet.sound().filter_map(waiver).collect()
}
