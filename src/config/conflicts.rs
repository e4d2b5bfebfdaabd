//! Rows that are right by themselves and cannot be true together: two rates for one day, shares that do not add up, fees
//! on fees, codes that the chart does not have.

use super::Sheets;
use super::sheet::Row;
use super::tables;
use super::terms::Terms;
use crate::model::codes::ServiceCode;
use crate::model::finding::{Code, Finding, Place};
use crate::model::month::Validity;
use crate::model::settings::{
    AccountString, BillingSides, FundingRule, RateCard, RateModel, Role, Scope, Settings, VendorEntries,
};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

const AGAIN: &str = "Correct one of the two and run `chargeback check` again.";

pub fn check(settings: &Settings, sheets: &Sheets, findings: &mut Vec<Finding>) {
    spellings(sheets, findings);
    versions(sheets, findings);
    ambiguous_cards(settings, findings);
    fee_cycles(settings, findings);
    super::subsidies::check(settings, findings);
    modes(settings, findings);
    funding(settings, findings);
    chart(settings, findings);
    roles(settings, findings);
}

/// In words, for findings: `from 2025-07-01 to 2026-07-01`.
pub fn span(valid: &Validity) -> String {
    match (valid.from, valid.to) {
        (None, None) => "always".to_owned(),
        (Some(from), None) => format!("from {from}"),
        (None, Some(to)) => format!("to {to}"),
        (Some(from), Some(to)) => format!("from {from} to {to}"),
    }
}

/// A spelling that means two agencies means neither.
fn spellings(sheets: &Sheets, findings: &mut Vec<Finding>) {
    let mut meaning: BTreeMap<String, (&Row, &str)> = BTreeMap::new();
    let rows = &sheets.of(tables::AGENCIES).rows;
    for row in rows {
        let code = row.get("agency");
        meaning.entry(code.to_lowercase()).or_insert((row, code));
    }
    for row in rows {
        let code = row.get("agency");
        for alias in super::columns::parts(row.get("aliases")) {
            match meaning.get(&alias.to_lowercase()) {
                Some((first, other)) if *other != code => {
                    let why = format!(
                        "On line {} it means {other}, so a tag with this value would have two owners.",
                        first.line
                    );
                    findings.push(row.finding(
                        Code::TableDuplicate,
                        "aliases",
                        alias,
                        why,
                        "Remove it from one of the two agencies.",
                    ));
                }
                _ => {
                    meaning.insert(alias.to_lowercase(), (row, code));
                }
            }
        }
    }
}

/// Versions of one card or pool that hold on the same day.
fn versions(sheets: &Sheets, findings: &mut Vec<Finding>) {
    let tables = [(tables::RATES, "rate_id", Code::RateAmbiguous), (tables::POOLS, "pool", Code::TableDuplicate)];
    for (table, key, code) in tables {
        let mut by_key: BTreeMap<&str, Vec<(&Row, Validity)>> = BTreeMap::new();
        for row in sheets.of(table).sound() {
            let valid = row.validity();
            let others = by_key.entry(row.get(key)).or_default();
            let is_tier = |other: &Row| other.get("version") == row.get("version");
            for (other, held) in others.iter().filter(|(other, held)| held.overlaps(&valid) && !is_tier(other)) {
                let why = format!(
                    "Version {} on line {} of {} holds {}, and version {} {}: on some days both would count.",
                    other.get("version"),
                    other.line,
                    other.file,
                    span(held),
                    row.get("version"),
                    span(&valid),
                );
                findings.push(row.cell(code, key, why, "End the earlier version on the day the later one starts."));
            }
            others.push((row, valid));
        }
    }
}

/// Two different cards, equally narrow, that fit the same charges on the same day.
fn ambiguous_cards(settings: &Settings, findings: &mut Vec<Finding>) {
    // Only cards of one service that are equally narrow can compete, and percentages on one base: on others they add.
    type Rivals<'a> = (&'a ServiceCode, Option<BTreeSet<&'a ServiceCode>>, (u8, u8, usize, usize));
    let mut rivals: BTreeMap<Rivals<'_>, Vec<(&RateCard, Terms)>> = BTreeMap::new();
    for card in &settings.rate_cards {
        let base = match &card.model {
            RateModel::Percent { of, .. } => Some(of.iter().collect()),
            _ => None,
        };
        let others = rivals.entry((&card.service, base, card.narrowness())).or_default();
        let terms = Terms::of(&card.conditions);
        let rival = others.iter().find(|(other, their_terms)| {
            card.rate_id != other.rate_id
                && terms.meet(their_terms)
                && card.valid.overlaps(&other.valid)
                && scopes_meet(&card.scope, &other.scope, settings)
        });
        if let Some((rival, _)) = rival {
            let why = format!(
                "{} on line {} of {} prices the same charges of {} and is equally narrow; one card prices a charge.",
                rival.rate_id, rival.line, rival.file, card.service
            );
            let place = Place::file(card.file.clone()).row(card.line).column("rate_id").value(card.rate_id.clone());
            let fix = "Make one of them narrower, or end it earlier.";
            findings.push(Finding::new(Code::RateAmbiguous, place, why, fix));
        }
        others.push((card, terms));
    }
}

pub(super) fn scopes_meet(a: &Scope, b: &Scope, settings: &Settings) -> bool {
    let class_of = |code| settings.agency(code).map(|agency| agency.class);
    match (a, b) {
        (Scope::All, _) | (_, Scope::All) => true,
        (Scope::Class(a), Scope::Class(b)) => a == b,
        (Scope::Agency(a), Scope::Agency(b)) => a == b,
        (Scope::Class(class), Scope::Agency(agency)) | (Scope::Agency(agency), Scope::Class(class)) => {
            class_of(agency) == Some(*class)
        }
    }
}

/// Fees that are taken on themselves, directly or around a corner.
fn fee_cycles(settings: &Settings, findings: &mut Vec<Finding>) {
    let mut taken_on: BTreeMap<&ServiceCode, Vec<(&ServiceCode, &RateCard)>> = BTreeMap::new();
    for card in &settings.rate_cards {
        if let RateModel::Percent { of, .. } = &card.model {
            taken_on.entry(&card.service).or_default().extend(of.iter().map(|service| (service, card)));
        }
    }
    let mut told: BTreeSet<BTreeSet<&ServiceCode>> = BTreeSet::new();
    for start in taken_on.keys() {
        let Some(path) = way_back(start, &taken_on) else { continue };
        if !told.insert(path.iter().map(|(service, _)| *service).collect()) {
            continue;
        }
        let (_, card) = path[0];
        let mut words: Vec<&str> = vec![start.as_str()];
        words.extend(path.iter().map(|(service, _)| service.as_str()));
        let place = Place::file(card.file.clone()).row(card.line).column("percent_of").value(path[0].0.to_string());
        let why = format!("The fee would be taken on its own result: {}.", words.join(" is taken on "));
        findings.push(Finding::new(Code::FeeCycle, place, why, "Remove one of these services from percent_of."));
    }
}

type Steps<'a> = Vec<(&'a ServiceCode, &'a RateCard)>;

/// The shortest way from a fee back to itself.
fn way_back<'a>(start: &'a ServiceCode, taken_on: &BTreeMap<&'a ServiceCode, Steps<'a>>) -> Option<Steps<'a>> {
    let mut ways: Vec<Steps<'a>> = taken_on.get(start)?.iter().map(|step| vec![*step]).collect();
    let mut seen: BTreeSet<&ServiceCode> = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let Some((last, _)) = way.last().copied() else { continue };
            if last == start {
                return Some(way);
            }
            if seen.insert(last) {
                let next = taken_on.get(last).into_iter().flatten();
                longer.extend(next.map(|step| way.iter().copied().chain([*step]).collect::<Steps<'a>>()));
            }
        }
        ways = longer;
    }
    None
}

fn modes(settings: &Settings, findings: &mut Vec<Finding>) {
    for (place, rule) in settings.modes.iter().enumerate() {
        for other in &settings.modes[..place] {
            if rule.agency == other.agency && rule.service == other.service && rule.valid.overlaps(&other.valid) {
                let place = Place::file(tables::MODES.path).row(rule.line).column("mode");
                let why =
                    format!("Line {} is for the same agency and service and holds {}.", other.line, span(&other.valid));
                findings.push(Finding::new(Code::TableDuplicate, place, why, AGAIN));
            }
        }
    }
}

/// Percentages of one key, on every day on which one of them changes.
fn funding(settings: &Settings, findings: &mut Vec<Finding>) {
    type Key<'a> = (&'a str, Option<&'a ServiceCode>, Option<&'a str>);
    let mut keys: BTreeMap<Key<'_>, Vec<&FundingRule>> = BTreeMap::new();
    for rule in &settings.funding {
        keys.entry((rule.agency.as_str(), rule.service.as_ref(), rule.sub_account.as_deref())).or_default().push(rule);
    }
    for ((agency, service, account), rules) in keys {
        let mut key = agency.to_owned();
        key.extend(service.map(|service| format!(" {service}")));
        key.extend(account.map(|account| format!(" {account}")));
        let days: BTreeSet<NaiveDate> = rules
            .iter()
            .flat_map(|rule| [Some(rule.valid.from.unwrap_or(NaiveDate::MIN)), rule.valid.to])
            .flatten()
            .collect();
        for day in days {
            let in_force: Vec<&FundingRule> = rules.iter().copied().filter(|rule| rule.valid.covers(day)).collect();
            if let Some(finding) = funding_on(&key, day, &in_force) {
                findings.push(finding);
                break;
            }
        }
    }
}

fn funding_on(key: &str, day: NaiveDate, rules: &[&FundingRule]) -> Option<Finding> {
    let last = rules.last()?;
    let total: Decimal = rules.iter().map(|rule| rule.percent).sum();
    let lines = rules.iter().map(|rule| rule.line.to_string()).collect::<Vec<_>>().join(", ");
    let place = Place::file(tables::FUNDING.path).row(last.line);
    let when = if day == NaiveDate::MIN { "From the beginning".to_owned() } else { format!("On {day}") };
    if total != Decimal::ONE_HUNDRED {
        let mixed = rules.iter().any(|rule| rule.valid != last.valid);
        let fix = if mixed && total > Decimal::ONE_HUNDRED {
            "End the earlier rows on the day the later ones start, or correct the percentages."
        } else {
            "Correct the percentages; six decimals are allowed."
        };
        let why =
            format!("{when} the rows of {key} add up to {} percent and not to 100 (lines {lines}).", total.normalize());
        let place = place.column("percent").value(last.percent.to_string());
        return Some(Finding::new(Code::FundingIncomplete, place, why, fix));
    }
    let sequences: BTreeSet<u32> = rules.iter().map(|rule| rule.sequence).collect();
    (sequences.len() < rules.len()).then(|| {
        let why = format!("{when} two rows of {key} have one sequence, which decides leftover cents (lines {lines}).");
        let place = place.column("sequence").value(last.sequence.to_string());
        Finding::new(Code::FundingOverlap, place, why, "Number the rows of a key 1, 2, 3.")
    })
}

/// Account codes that the chart does not have, or to which nothing may be posted.
fn chart(settings: &Settings, findings: &mut Vec<Finding>) {
    let mut told = |place: Place, dimension: &str, code: &str| {
        let mut listed = settings.code_values.iter().filter(|value| value.dimension == dimension).peekable();
        if listed.peek().is_none() || code.is_empty() {
            return;
        }
        let why = match listed.find(|value| value.code == code) {
            None => format!("The chart lists {dimension} codes in chart/, and this is none of them."),
            Some(value) if !value.postable => {
                format!("The chart says on line {} that nothing is posted to it.", value.line)
            }
            Some(_) => return,
        };
        let place = place.column(dimension).value(code);
        findings.push(Finding::new(Code::StringInvalid, place, why, "Correct the code, or add it to the chart."));
    };
    for rule in &settings.funding {
        for (dimension, code) in dimensions(&rule.string) {
            told(Place::file(tables::FUNDING.path).row(rule.line), dimension, code);
        }
    }
    for role in &settings.account_roles {
        told(Place::file(tables::ACCOUNTS.path).row(role.line), "account", role.account.as_str());
    }
}

/// The parts of a string with their names.
fn dimensions(string: &AccountString) -> [(&'static str, &str); 13] {
    [
        ("fund", &string.fund),
        ("agency", &string.agency),
        ("appropriation", &string.appropriation),
        ("program", &string.program),
        ("cost_center", &string.cost_center),
        ("project", &string.project),
        ("grant", &string.grant),
        ("activity", &string.activity),
        ("account", &string.account),
        ("location", &string.location),
        ("user1", &string.user1),
        ("user2", &string.user2),
        ("user3", &string.user3),
    ]
}

/// Roles without which no month can be posted.
fn roles(settings: &Settings, findings: &mut Vec<Finding>) {
    let state = &settings.state;
    let mut needed = vec![(Role::DueFrom, "due_from"), (Role::Revenue, "revenue")];
    if state.billing_sides == BillingSides::Both {
        needed.extend([(Role::AgencyExpenditure, "agency_expenditure"), (Role::DueTo, "due_to")]);
    }
    if state.vendor_entries != VendorEntries::None {
        needed.extend([(Role::ExpenseOperating, "expense_operating"), (Role::AccruedLiability, "accrued_liability")]);
    }
    if state.vendor_entries == VendorEntries::Full {
        needed.push((Role::ApVendor, "ap_vendor"));
    }
    // A table without rows was reported already.
    for (role, name) in needed.into_iter().filter(|_| !settings.account_roles.is_empty()) {
        let anywhere = settings.account_roles.iter().any(|row| row.role == role && row.service.is_none());
        let by_service = settings.account_roles.iter().any(|row| row.role == role);
        let by_string =
            role == Role::AgencyExpenditure && settings.funding.iter().all(|rule| !rule.string.account.is_empty());
        if !anywhere && !by_service && !by_string {
            let place = Place::file(tables::ACCOUNTS.path).column("role").value(name);
            let why = "Entries of every month have this role, and no account is given for it.";
            findings.push(Finding::new(
                Code::AccountRoleMissing,
                place,
                why,
                "Add a row with the role and its account.",
            ));
        }
    }
}
