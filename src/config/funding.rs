//! `funding.csv`: from which account strings an agency pays.

use super::sheet::{Row, Sheet};
use crate::model::codes::{AgencyCode, ServiceCode};
use crate::model::settings::{AccountString, FundingRule, Role, Settings};
use std::collections::BTreeMap;

pub fn rules(sheet: &Sheet, funds: &Sheet) -> Vec<FundingRule> {
    let federal = |code: &str| funds.sound().any(|fund| fund.get("fund") == code && fund.yes("federal") == Some(true));
    let mut places: BTreeMap<(String, String, String), u32> = BTreeMap::new();
    let mut rules = Vec::new();
    for row in sheet.sound() {
        let key = (row.text("agency"), row.text("service"), row.text("sub_account_id"));
        let place = places.entry(key).or_default();
        *place += 1;
        rules.extend(rule(row, *place, &federal));
    }
    rules
}

fn rule(row: &Row, place: u32, federal: &dyn Fn(&str) -> bool) -> Option<FundingRule> {
    let string = AccountString {
        fund: row.text("fund"),
        agency: row.text(if row.get("erp_agency").is_empty() { "agency" } else { "erp_agency" }),
        appropriation: row.text("appropriation"),
        program: row.text("program"),
        cost_center: row.text("cost_center"),
        project: row.text("project"),
        grant: row.text("grant"),
        activity: row.text("activity"),
        account: row.text("account"),
        location: row.text("location"),
        user1: row.text("user1"),
        user2: row.text("user2"),
        user3: row.text("user3"),
    };
    Some(FundingRule {
        line: row.line,
        agency: row.parsed("agency", AgencyCode::parse)?,
        service: row.parsed("service", ServiceCode::parse),
        sub_account: Some(row.text("sub_account_id")).filter(|account| !account.is_empty()),
        sequence: row.count("sequence").unwrap_or(place),
        percent: row.decimal("percent")?,
        federal: row.yes("federal").unwrap_or_else(|| federal(&string.fund)),
        string,
        valid: row.validity(),
    })
}

/// Gives strings without an account the one of the role, narrowest first, so that no stage needs to know the rule.
pub fn complete(settings: &mut Settings) {
    let roles: Vec<_> = settings.account_roles.iter().filter(|role| role.role == Role::AgencyExpenditure).collect();
    for rule in settings.funding.iter_mut().filter(|rule| rule.string.account.is_empty()) {
        let class = settings.agencies.iter().find(|agency| agency.code == rule.agency).map(|agency| agency.class);
        let found = roles
            .iter()
            .filter(|role| role.service.is_none() || role.service == rule.service)
            .filter(|role| role.class.is_none() || role.class == class)
            .max_by_key(|role| (role.service.is_some(), role.class.is_some()));
        if let Some(role) = found {
            rule.string.account = role.account.to_string();
        }
    }
}
