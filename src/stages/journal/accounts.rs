//! Which account a role is, what kind of counterparty a customer is, and whether a string may be posted to.
//!
//! No account number stands in the code: entries speak of roles, and `accounts.csv` says which account a role is. The
//! narrowest row wins: service, then class, then what a card's revenue recovers, then none of these.

use crate::model::codes::ServiceCode;
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Cost, Money};
use crate::model::settings::{AccountRole, AccountString, CounterpartyClass, RecoveryClass, Role, Settings};
use chrono::NaiveDate;
use std::collections::BTreeSet;

pub struct Chart<'a> {
    settings: &'a Settings,
    posting_date: NaiveDate,
}

impl<'a> Chart<'a> {
    pub fn new(settings: &'a Settings, posting_date: NaiveDate) -> Self {
        Self { settings, posting_date }
    }

    pub fn account(
        &self,
        role: Role,
        service: Option<&ServiceCode>,
        class: Option<CounterpartyClass>,
        recovery: Option<RecoveryClass>,
    ) -> Option<&'a AccountRole> {
        self.settings
            .account_roles
            .iter()
            .filter(|row| row.role == role)
            .filter(|row| row.service.is_none() || row.service.as_ref() == service)
            .filter(|row| row.class.is_none() || row.class == class)
            .filter(|row| row.recovery.is_none() || row.recovery == recovery)
            .max_by_key(|row| {
                (row.service.is_some(), row.class.is_some(), row.recovery.is_some(), std::cmp::Reverse(row.line))
            })
    }

    /// The name of an account that a funding rule chose by itself.
    pub fn name(&self, account: &str) -> String {
        let role = self.settings.account_roles.iter().find(|row| row.account.as_str() == account).map(|row| &row.name);
        let listed = || {
            let of_chart = |value: &&_| is_account(value) && value.code == account;
            self.settings.code_values.iter().find(of_chart).map(|value| &value.name)
        };
        role.or_else(listed).cloned().unwrap_or_default()
    }

    /// Codes of the string that the chart does not hold on the posting date. A dimension without any row is not
    /// checked.
    pub fn refused<'s>(&self, string: &'s AccountString) -> Vec<(&'static str, &'s str, &'static str)> {
        let mut refused = Vec::new();
        for (dimension, code) in string.dimensions().into_iter().filter(|(_, code)| !code.is_empty()) {
            let known = || self.settings.code_values.iter().filter(move |value| value.dimension == dimension);
            if known().next().is_none() {
                continue;
            }
            let mut of_code = known().filter(|value| value.code == code).peekable();
            let why = match of_code.peek() {
                None => "the chart does not hold this code",
                Some(_) => match of_code.find(|value| value.valid.covers(self.posting_date)) {
                    None => "this code is not in force then",
                    Some(value) if !value.postable => "no entries may be made to this code",
                    Some(_) => continue,
                },
            };
            refused.push((dimension, code, why));
        }
        refused
    }

    /// Where someone wrote the code: the funding rule or the role, or else the chart that lacks it.
    fn place(&self, dimension: &str, code: &str) -> Place {
        let of_rule = |rule: &&crate::model::settings::FundingRule| {
            rule.string.dimensions().contains(&(dimension, code)) && rule.valid.covers(self.posting_date)
        };
        if let Some(rule) = self.settings.funding.iter().find(of_rule) {
            return Place::file("funding.csv").row(rule.line);
        }
        let of_role = |row: &&AccountRole| dimension == "account" && row.account.as_str() == code;
        match self.settings.account_roles.iter().find(of_role) {
            Some(row) => Place::file("accounts.csv").row(row.line),
            None => Place::file("chart"),
        }
    }

    pub fn string_finding(&self, dimension: &str, code: &str, why: &str, document: &str, amount: Money) -> Finding {
        let place = self.place(dimension, code).column(dimension).value(code);
        let why = format!("The entry is dated {}; {why}. Document {document} is not made.", self.posting_date);
        let fix = "Correct the code, or add it to the chart with the dates on which it may be used.";
        let currency = self.settings.state.currency.clone();
        Finding::new(Code::StringInvalid, place, why, fix).at_stake(Cost::from_money(amount), currency)
    }

    pub fn role_finding(&self, role: Role, missing: &MissingAccount, document: &str) -> Finding {
        let mut needed = role_text(role).to_owned();
        let services: Vec<&str> = missing.services.iter().map(|service| service.as_str()).collect();
        let classes: Vec<&str> = missing.classes.iter().map(|class| class_text(*class)).collect();
        for (name, of) in [("service", services), ("class", classes)] {
            if !of.is_empty() {
                needed.push_str(&format!(", {name} {}", of.join(" or ")));
            }
        }
        let why = format!("No row says which account this is. Document {document} is not made.");
        let fix = "Add a row for the role; without service and class it serves all of them.";
        let place = Place::file("accounts.csv").column("role").value(needed);
        let currency = self.settings.state.currency.clone();
        Finding::new(Code::AccountRoleMissing, place, why, fix).at_stake(Cost::from_money(missing.amount), currency)
    }
}

/// For what the account table has no row of a role.
#[derive(Clone, Debug, Default)]
pub struct MissingAccount {
    pub services: BTreeSet<ServiceCode>,
    pub classes: BTreeSet<CounterpartyClass>,
    pub amount: Money,
}

fn is_account(value: &crate::model::settings::CodeValue) -> bool {
    value.dimension == "account"
}

/// Names as in the tables `accounts.csv` and `chart/`.
pub fn role_text(role: Role) -> &'static str {
    match role {
        Role::Cash => "cash",
        Role::DueFrom => "due_from",
        Role::UnbilledReceivable => "unbilled_receivable",
        Role::Prepaid => "prepaid",
        Role::ApVendor => "ap_vendor",
        Role::AccruedLiability => "accrued_liability",
        Role::Revenue => "revenue",
        Role::ExpenseOperating => "expense_operating",
        Role::AgencyExpenditure => "agency_expenditure",
        Role::DueTo => "due_to",
        Role::TransfersIn => "transfers_in",
        Role::TransfersOut => "transfers_out",
    }
}

fn class_text(class: CounterpartyClass) -> &'static str {
    match class {
        CounterpartyClass::SameFund => "same_fund",
        CounterpartyClass::GovernmentalFund => "governmental_fund",
        CounterpartyClass::ProprietaryFund => "proprietary_fund",
        CounterpartyClass::FiduciaryFund => "fiduciary_fund",
        CounterpartyClass::ComponentUnit => "component_unit",
        CounterpartyClass::OtherGovernment => "other_government",
        CounterpartyClass::External => "external",
    }
}
