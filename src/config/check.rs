//! What is allowed and probably not meant: rules that nothing reaches, services without a rate, days between two versions.

use super::Loaded;
use super::sheet::field_name;
use super::tables;
use super::terms::{Index, Terms};
use crate::model::codes::{AgencyCode, ServiceCode};
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::month::Validity;
use crate::model::settings::{Condition, FundingRule, Mode, OwnerResult, OwnerRule, Pool, RateCard, Settings};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// Findings beyond those of `load`; none of them blocks. Nothing is said of books that could not be read completely: what
/// is missing there would look like a mistake elsewhere.
pub fn check(loaded: &Loaded) -> Vec<Finding> {
    if loaded.findings.iter().any(Finding::blocks) {
        return Vec::new();
    }
    let settings = &loaded.settings;
    let mut findings = Vec::new();
    owner_rules(settings, &mut findings);
    services(settings, &mut findings);
    rates(settings, &mut findings);
    funding(settings, &mut findings);
    gaps(settings, &mut findings);
    unfed(settings, &mut findings);
    accounts_of_agencies(settings, &mut findings);
    for finding in &mut findings {
        finding.severity = finding.severity.min(Severity::Warning);
    }
    Finding::sort(&mut findings);
    findings
}

/// Whether a rule leads somewhere for every charge it matches.
fn decides(rule: &OwnerRule) -> bool {
    use OwnerResult::{AgencyOfAccountTag, AgencyOfGroupTag, AgencyOfTag, ServiceNow};
    !matches!(rule.owner, AgencyOfTag(_) | AgencyOfGroupTag(_) | AgencyOfAccountTag(_) | ServiceNow)
}

/// Of spans in order of their rules, those that leave no day of the inner one free; none where some day is.
fn cover<'a>(rules: impl Iterator<Item = &'a OwnerRule>, inner: &Validity) -> Option<Vec<&'a OwnerRule>> {
    let mut rules: Vec<&OwnerRule> = rules.filter(|rule| rule.valid.overlaps(inner)).collect();
    if let Some(one) = rules.iter().find(|rule| {
        rule.valid.from.is_none_or(|outer| inner.from.is_some_and(|inner| outer <= inner))
            && rule.valid.to.is_none_or(|outer| inner.to.is_some_and(|inner| inner <= outer))
    }) {
        return Some(vec![one]);
    }
    rules.sort_by_key(|rule| rule.valid.from);
    // The first day that nobody has taken yet; at the beginning that of the inner span.
    let (mut free, mut taken) = (inner.from, Vec::new());
    for rule in rules {
        if rule.valid.from > free {
            return None;
        }
        taken.push(rule);
        match rule.valid.to {
            None => return Some(taken),
            Some(to) if inner.to.is_some_and(|end| end <= to) => return Some(taken),
            Some(to) => free = free.max(Some(to)),
        }
    }
    None
}

/// A rule is never reached where earlier ones, each on its days, match all that it would. Several that divide its charges
/// among them by other conditions than dates are not put together: that asks for every value a charge can have, and
/// `rules test` tells which rules took nothing in a month.
fn owner_rules(settings: &Settings, findings: &mut Vec<Finding>) {
    let rules = &settings.owner_rules;
    let terms: Vec<Terms> = rules.iter().map(|rule| Terms::of(&rule.conditions)).collect();
    let mut index = Index::default();
    for (number, rule) in rules.iter().enumerate() {
        let candidates = index.candidates(&terms[number]);
        index.add(number, &terms[number]);
        let place = || Place::file(tables::OWNERS.path).row(rule.line).column("rule").value(rule.id.clone());
        let earlier = || candidates.iter().map(|&number| (&rules[number], &terms[number]));
        let wide =
            |(earlier, their_terms): &(&OwnerRule, &Terms)| decides(earlier) && their_terms.contains(&terms[number]);
        if let Some(hiding) = cover(earlier().filter(wide).map(|(earlier, _)| earlier), &rule.valid) {
            let named: Vec<String> = hiding.iter().map(|rule| format!("{} on line {}", rule.id, rule.line)).collect();
            let why = match &named[..] {
                [one] => format!("Rule {one} comes first and matches everything that this one would."),
                _ => format!(
                    "Rules {} come first, and on each day one of them matches everything that this one would.",
                    named.join(" and ")
                ),
            };
            let fix = "Move the rule up, or remove it.";
            findings.push(Finding::new(Code::OwnerRuleUnreachable, place(), why, fix));
            continue;
        }
        let rival = earlier().find(|(earlier, their_terms)| {
            their_terms.same_fields(&terms[number])
                && their_terms.meet(&terms[number])
                && earlier.owner != rule.owner
                && earlier.valid.overlaps(&rule.valid)
        });
        if let Some((rival, _)) = rival {
            let why = format!(
                "Some charges match rule {} on line {} as well, and that one decides because it comes first.",
                rival.id, rival.line
            );
            let fix = "Make sure that the order is meant.";
            findings.push(Finding::new(Code::OwnerRulesOverlap, place(), why, fix));
        }
    }
}

fn services(settings: &Settings, findings: &mut Vec<Finding>) {
    for (number, service) in settings.services.iter().enumerate() {
        let place =
            || Place::file(tables::SERVICES.path).row(service.line).column("service").value(service.code.to_string());
        let hidden = |conditions: &Vec<Condition>| {
            let narrow = Terms::of(conditions);
            let mut earlier = settings.services[..number].iter().flat_map(|earlier| &earlier.matches);
            earlier.any(|wide| Terms::of(wide).contains(&narrow))
        };
        if !service.matches.is_empty() && service.matches.iter().all(hidden) {
            let why = "Services above it match everything that this one would, so no charge ever belongs to it.";
            findings.push(Finding::new(Code::ServiceMissing, place(), why, "Move the service up, or remove it."));
        }
        let priced = settings.rate_cards.iter().any(|card| card.service == service.code);
        let shares = settings.pools.iter().any(|pool| pool.service == service.code);
        let needs_rate = !service.matches.is_empty() || !shares;
        if needs_rate && !priced && !only_seen(settings, &service.code) {
            let why = "No card in rates/ prices the service, so its charges would stop the close.";
            findings.push(Finding::new(
                Code::RateMissing,
                place(),
                why,
                "Add a card, or set the service to visibility in modes.csv.",
            ));
        }
    }
}

/// Whether a service is never charged for, by a mode for all agencies.
fn only_seen(settings: &Settings, service: &ServiceCode) -> bool {
    let rule = settings.modes.iter().find(|rule| rule.agency.is_none() && rule.service.as_ref() == Some(service));
    rule.is_some_and(|rule| matches!(rule.mode, Mode::Visibility | Mode::Showback))
}

fn rates(settings: &Settings, findings: &mut Vec<Finding>) {
    let mut by_id: BTreeMap<&str, Vec<&RateCard>> = BTreeMap::new();
    for card in &settings.rate_cards {
        by_id.entry(&card.rate_id).or_default().push(card);
        if !card.is_approved() && !only_seen(settings, &card.service) {
            let place = Place::file(card.file.clone()).row(card.line).column("approved_by").value(card.rate_id.clone());
            let why =
                "Nobody has approved the card, so it is for showback only and would stop a close that charges it.";
            findings.push(Finding::new(Code::RateUnapproved, place, why, "Name who approved it and when."));
        }
    }
    for cards in by_id.values() {
        if let Some((day, start, card)) = gap(cards, |card| &card.valid) {
            let place = Place::file(card.file.clone()).row(card.line).column("effective_from").value(start.to_string());
            let why = format!("From {day} to {start} the card prices nothing.");
            findings.push(Finding::new(Code::RateGap, place, why, NO_GAP));
        }
    }
}

const NO_GAP: &str = "Let one row start on the day the other ends.";

/// The first days between two rows of one key on which none holds, and the row after them.
fn gap<'a, T>(rows: &[&'a T], valid: impl Fn(&T) -> &Validity) -> Option<(NaiveDate, NaiveDate, &'a T)> {
    let mut rows = rows.to_vec();
    rows.sort_by_key(|row| valid(row).from);
    let mut held_to = valid(rows.first()?).to;
    for row in rows {
        let (end, start) = (held_to?, valid(row).from.unwrap_or(NaiveDate::MIN));
        if end < start {
            return Some((end, start, row));
        }
        held_to = valid(row).to.map(|to| to.max(end));
    }
    None
}

/// Days without a version of a pool, or without funding of a key that has some before and after.
fn gaps(settings: &Settings, findings: &mut Vec<Finding>) {
    let mut pools: BTreeMap<&str, Vec<&Pool>> = BTreeMap::new();
    for pool in &settings.pools {
        pools.entry(pool.id.as_str()).or_default().push(pool);
    }
    for (id, versions) in pools {
        if let Some((day, start, pool)) = gap(&versions, |pool| &pool.valid) {
            let place = Place::file(tables::POOLS.path).row(pool.line).column("effective_from").value(id);
            let why = format!("From {day} to {start} nobody shares the pool.");
            findings.push(Finding::new(Code::PoolUndefined, place, why, NO_GAP));
        }
    }
    type Key<'a> = (&'a AgencyCode, Option<&'a ServiceCode>, Option<&'a str>);
    let mut keys: BTreeMap<Key<'_>, Vec<&FundingRule>> = BTreeMap::new();
    for rule in &settings.funding {
        keys.entry((&rule.agency, rule.service.as_ref(), rule.sub_account.as_deref())).or_default().push(rule);
    }
    for ((agency, ..), rules) in keys {
        if let Some((day, start, rule)) = gap(&rules, |rule| &rule.valid) {
            let place =
                Place::file(tables::FUNDING.path).row(rule.line).column("effective_from").value(agency.to_string());
            let why = format!("From {day} to {start} no row of this key pays.");
            findings.push(Finding::new(Code::FundingMissing, place, why, NO_GAP));
        }
    }
}

/// Pools into which no rule and no other pool puts anything: probably a code that is written otherwise elsewhere.
fn unfed(settings: &Settings, findings: &mut Vec<Finding>) {
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for pool in &settings.pools {
        let by_rule = settings.owner_rules.iter().any(|rule| rule.owner == OwnerResult::Pool(pool.id.clone()));
        let by_pool = settings.pools.iter().any(|other| other.feeds().any(|fed| *fed == pool.id));
        if !by_rule && !by_pool && told.insert(pool.id.as_str()) {
            let place = Place::file(tables::POOLS.path).row(pool.line).column("pool").value(pool.id.as_str());
            let why = "No rule of owners.csv and no other pool gives it anything, so it never shares a cent.";
            let fix = "Add a rule that assigns the pool, or remove it.";
            findings.push(Finding::new(Code::PoolUnfed, place, why, fix));
        }
    }
}

fn funding(settings: &Settings, findings: &mut Vec<Finding>) {
    for agency in &settings.agencies {
        let billed = settings.mode(&agency.code, &ServiceCode::parse("ANY").expect("is a code"), NaiveDate::MAX);
        let funded = settings.funding.iter().any(|rule| rule.agency == agency.code && rule.service.is_none());
        if !funded && billed.0 == Mode::Chargeback && agency.code != settings.state.provider_agency {
            let place = Place::file(tables::FUNDING.path).column("agency").value(agency.code.to_string());
            let why = "No row says from which account string the agency pays all its services.";
            findings.push(Finding::new(Code::FundingMissing, place, why, "Add a row with 100 percent and its fund."));
        }
    }
}

/// Agencies that own several accounts: fine, and worth a look when one was meant to move.
fn accounts_of_agencies(settings: &Settings, findings: &mut Vec<Finding>) {
    let mut owned: BTreeMap<(&AgencyCode, Option<&str>), Vec<&OwnerRule>> = BTreeMap::new();
    for rule in &settings.owner_rules {
        let pattern = |name: &str| {
            let mut named = rule.conditions.iter().filter(|condition| field_name(&condition.field) == name);
            named.next().map(|condition| condition.pattern.0.as_str())
        };
        if let (OwnerResult::Agency(code), Some(_)) = (&rule.owner, pattern("sub_account_id")) {
            owned.entry((code, pattern("provider_name"))).or_default().push(rule);
        }
    }
    for ((code, _), rules) in owned.into_iter().filter(|(_, rules)| rules.len() > 1) {
        let lines = rules.iter().map(|rule| rule.line.to_string()).collect::<Vec<_>>().join(", ");
        let place = Place::file(tables::OWNERS.path).row(rules[0].line).column("value").value(code.to_string());
        let why = format!("Lines {lines} give it an account each.");
        findings.push(Finding::new(Code::AgencyCodeTwice, place, why, "Nothing, if that is meant."));
    }
}
