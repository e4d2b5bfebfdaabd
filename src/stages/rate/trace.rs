//! Which rule takes a charge, and why those before it do not: the ownership rules one after the other, then service, card
//! and mode, as rate decides them.

use super::Desk;
use super::ownership::Owners;
use super::service_now::ServiceNow;
use crate::model::bill::Destination;
use crate::model::intake::Directory;
use crate::model::month::Month;
use crate::model::roll_up::{RollUp, Row};
use crate::model::settings::{Condition, Field, OwnerRule, Settings};
use std::rc::Rc;

/// One rule and what it says of the charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub rule: String,
    /// The line of owners.csv.
    pub line: u64,
    pub said: String,
    pub takes: bool,
}

/// Everything that is decided about one charge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traced {
    pub steps: Vec<Step>,
    /// Where it goes, in words.
    pub destination: String,
    pub service: String,
    pub rate: String,
    pub mode: String,
}

/// Traces the first row of a roll-up that holds the charge in question.
pub fn trace(roll_up: &RollUp, directory: &Directory, settings: &Settings, month: Month) -> Traced {
    let Some(row) = roll_up.rows().next() else { return Traced::default() };
    let service_now = Rc::new(ServiceNow::new(directory, roll_up));
    let owners = Owners::new(settings, service_now, roll_up);
    let mut steps = Vec::new();
    let mut rules: Vec<&OwnerRule> = settings.owner_rules.iter().collect();
    rules.sort_by_key(|rule| (rule.sequence, rule.line));
    for rule in rules {
        let step = step(rule, &row, &owners);
        let takes = step.takes;
        steps.push(step);
        if takes {
            break;
        }
    }
    let mut desk = Desk::new(roll_up, directory, settings, month);
    let ruling = desk.decide(&row).ruling;
    let service = ruling.service.clone();
    let mode = match (&ruling.destination, &service) {
        (Destination::Agency(agency), Some(service)) => {
            format!("{:?}", settings.mode(agency, service, row.day()).0).to_lowercase()
        }
        _ => String::new(),
    };
    Traced {
        steps,
        destination: in_words(&ruling.destination),
        service: service.map_or_else(String::new, |service| service.to_string()),
        rate: ruling
            .rate
            .as_ref()
            .map_or_else(String::new, |rate| format!("{} version {}", rate.rate_id, rate.version)),
        mode,
    }
}

fn step(rule: &OwnerRule, row: &Row<'_>, owners: &Owners<'_>) -> Step {
    let day = row.day();
    let (said, takes) = if !rule.valid.covers(day) {
        (format!("is not in force on {day}"), false)
    } else if let Some(condition) = rule.conditions.iter().find(|condition| !holds(condition, row)) {
        let (name, text) = named(condition, row);
        (format!("wants {name} {:?}, and it is {text:?}", condition.pattern.0), false)
    } else {
        match owners.alone(rule, row, day) {
            Ok(destination) => (format!("takes it: {}", in_words(&destination)), true),
            Err(reason) => (format!("fits and knows no owner: {reason}"), false),
        }
    };
    Step { rule: rule.id.clone(), line: rule.line, said, takes }
}

fn holds(condition: &Condition, row: &Row<'_>) -> bool {
    condition.pattern.matches(&named(condition, row).1)
}

fn named(condition: &Condition, row: &Row<'_>) -> (String, String) {
    match &condition.field {
        Field::Dimension(dimension) => (dimension.column().to_owned(), row.text(*dimension).to_owned()),
        Field::Tag(tag) => (format!("tag:{tag}"), row.tag(tag).to_owned()),
    }
}

fn in_words(destination: &Destination) -> String {
    match destination {
        Destination::Agency(agency) => format!("agency {agency}"),
        Destination::Pool(pool) => format!("pool {pool}"),
        Destination::Central(reason) => format!("borne by the provider: {reason}"),
        Destination::Excluded(reason) => format!("excluded: {reason}"),
        Destination::Suspense(reason) => format!("suspense: {reason}"),
    }
}
