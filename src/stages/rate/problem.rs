//! What cannot be ruled with certainty, counted by cause: one finding a cause, with rows, days and dollars.

use super::Span;
use crate::model::approval::ShownOnly;
use crate::model::charge::{CostBasis, Dimension};
use crate::model::codes::{AgencyCode, PoolId, ServiceCode};
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::money::{Cost, Overflow};
use crate::model::roll_up::Row;
use crate::model::settings::{RateCard, Settings, WithoutRate};
use crate::model::untrusted::Untrusted;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// A cause.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Problem {
    Owner(Unowned),
    Rate(Unrated),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unowned {
    NoRule {
        provider: String,
        account: String,
        name: String,
    },
    NotInForce {
        rule: String,
        line: u64,
        agency: AgencyCode,
    },
    UnknownAgency {
        source: String,
        value: String,
    },
    Several {
        file: String,
        row: u64,
        what: String,
        departments: String,
    },
    Uncertain {
        file: String,
        row: u64,
        what: String,
        doubt: String,
    },
    Concealed {
        file: String,
        row: u64,
        what: String,
    },
    /// A tag that a resource would inherit says several agencies.
    Disagree {
        tag: String,
        what: String,
        agencies: String,
    },
}

/// Cards are named by their place in the settings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unrated {
    NoPool(PoolId),
    NoService { provider: String, service_code: String, service_name: String },
    NoRate { service: ServiceCode, day_without: bool, instead: WithoutRate },
    TwoRates { service: ServiceCode, first: usize, second: usize },
    ShownOnly(usize, ShownOnly),
    NoBasis(usize, CostBasis),
    OtherUnit(usize, String),
}

impl Unowned {
    pub fn no_rule(row: &Row<'_>) -> Self {
        let text = |dimension| row.text(dimension).to_owned();
        Self::NoRule {
            provider: text(Dimension::Provider),
            account: text(Dimension::SubAccountId),
            name: text(Dimension::SubAccountName),
        }
    }
}

struct Tally {
    span: Option<Span>,
    cost: Cost,
    charges: u64,
}

#[derive(Default)]
pub(super) struct Problems {
    numbers: BTreeMap<Problem, usize>,
    tallies: Vec<Tally>,
    /// A cost left the range that can be kept: what is shown would be wrong.
    pub out_of_range: bool,
}

impl Problems {
    pub fn number(&mut self, problem: Problem) -> usize {
        *self.numbers.entry(problem).or_insert_with(|| {
            self.tallies.push(Tally { span: None, cost: Cost::ZERO, charges: 0 });
            self.tallies.len() - 1
        })
    }

    pub fn count(&mut self, number: usize, day: NaiveDate, cost: Cost, charges: u64) -> Result<(), Overflow> {
        let tally = &mut self.tallies[number];
        let span = tally.span.unwrap_or(Span { first: day, last: day });
        tally.span = Some(Span { first: span.first.min(day), last: span.last.max(day) });
        tally.cost = tally.cost.checked_add(cost)?;
        tally.charges = tally.charges.saturating_add(charges);
        Ok(())
    }

    pub fn findings(&self, settings: &Settings) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self
            .numbers
            .iter()
            .map(|(problem, &number)| {
                let tally = &self.tallies[number];
                let finding = match problem {
                    Problem::Owner(unowned) => describe_unowned(unowned, tally),
                    Problem::Rate(unrated) => describe_unrated(unrated, tally, settings),
                };
                finding.at_stake(tally.cost, settings.state.currency.as_str())
            })
            .collect();
        if self.out_of_range {
            let why = "Amounts add up to more than can be kept exactly, so no total could be trusted.";
            let fix = "Look for absurd amounts in the vendors' files; the largest charges are the first to doubt.";
            findings.push(Finding::new(Code::ConservationFails, Place::default(), why, fix));
        }
        findings
    }
}

fn place_of(card: &RateCard) -> Place {
    Place::file(card.file.as_str()).row(card.line)
}

fn described(card: &RateCard) -> String {
    format!("Rate {} version {}", card.rate_id, card.version)
}

impl Tally {
    /// `it waits`, `they wait`: the verb for so many charges.
    fn verb(&self, one: &'static str, many: &'static str) -> &'static str {
        if self.charges == 1 { one } else { many }
    }

    /// `3 charges of 2025-09-01 to 2025-09-30`
    fn charges(&self) -> String {
        let number = if self.charges == 1 { "1 charge".to_owned() } else { format!("{} charges", self.charges) };
        match self.span {
            Some(Span { first, last }) if first == last => format!("{number} of {first}"),
            Some(Span { first, last }) => format!("{number} of {first} to {last}"),
            None => number,
        }
    }
}

fn describe_unowned(problem: &Unowned, tally: &Tally) -> Finding {
    let charges = tally.charges();
    let wait = tally.verb("it waits", "they wait");
    match problem {
        Unowned::NotInForce { rule, line, agency } => {
            let why = format!(
                "Rule {rule} gives {charges} to {agency}, which is no agency in force on these days, so {wait} in suspense."
            );
            let fix = "Correct the rule or its dates, or the dates of the agency in agencies.csv.";
            let place = Place::file("owners.csv").row(*line).value(agency.as_str());
            Finding::new(Code::OwnerUnknownAgency, place, why, fix)
        }
        Unowned::UnknownAgency { source, value } => {
            let shown = Untrusted::new(value.as_str()).for_terminal();
            let belong = tally.verb("belongs", "belong");
            let why =
                format!("By {source}, {charges} {belong} to {shown}, and no agency in force has that code or alias.");
            let fix = "Add the value to the aliases of its agency in agencies.csv, or correct it at its source.";
            let place = Place::file("agencies.csv").column("aliases").value(value.as_str());
            Finding::new(Code::OwnerUnknownAgency, place, why, fix)
        }
        Unowned::Several { file, row, what, departments } => {
            let have = tally.verb("has", "have");
            let why = format!(
                "ServiceNow gives {what} to several departments ({departments}), so {charges} {have} no certain owner."
            );
            let fix = "Correct the relation in ServiceNow and export it again, or add a rule to owners.csv before the ServiceNow rule.";
            Finding::new(Code::OwnerAmbiguous, Place::file(file.as_str()).row(*row), why, fix)
        }
        Unowned::Uncertain { file, row, what, doubt } => {
            let have = tally.verb("has", "have");
            let why = format!("ServiceNow does not tell whose {what} is: {doubt}. By it {charges} {have} no owner.");
            let fix = "Fill in the whole resource id in ServiceNow's object_id and export again, or add a rule to owners.csv before the ServiceNow rule.";
            Finding::new(Code::OwnerAmbiguous, Place::file(file.as_str()).row(*row).column("object_id"), why, fix)
        }
        Unowned::Concealed { file, row, what } => {
            let have = tally.verb("has", "have");
            let why = format!("ServiceNow does not show the department of {what}, so by it {charges} {have} no owner.");
            let fix =
                "Give the exporting role the right to read this field and export again, or add a rule to owners.csv.";
            Finding::new(Code::DirectoryConcealed, Place::file(file.as_str()).row(*row).column("department"), why, fix)
        }
        Unowned::Disagree { tag, what, agencies } => {
            let have = tally.verb("has", "have");
            let why = format!("Tag {tag} of {what} says {agencies}, so {charges} without it {have} no certain owner.");
            let fix = "Tag these resources themselves, or add a rule to owners.csv before the one that inherits.";
            Finding::new(Code::OwnerAmbiguous, Place::file("owners.csv").value(what.as_str()), why, fix)
        }
        Unowned::NoRule { provider, account, name } => {
            let named = if name.is_empty() { String::new() } else { format!(" ({name})") };
            let why = format!(
                "No ownership rule matches {charges} of {provider} account {account}{named}, so {wait} in suspense."
            );
            let fix = "Add a rule to owners.csv: an agency, a pool, central or excluded.";
            Finding::new(Code::OwnerMissing, Place::file("owners.csv").value(account.as_str()), why, fix)
        }
    }
}

fn describe_unrated(problem: &Unrated, tally: &Tally, settings: &Settings) -> Finding {
    let charges = tally.charges();
    let cards = &settings.rate_cards;
    match problem {
        Unrated::NoPool(pool) => {
            let why = format!(
                "An ownership rule gives {charges} to pool {pool}, and no version of it is in force in the month."
            );
            let fix = "Add the pool to pools.csv, or correct the rule in owners.csv.";
            Finding::new(Code::PoolUndefined, Place::file("pools.csv").column("pool").value(pool.as_str()), why, fix)
        }
        Unrated::NoService { provider, service_code, service_name } => {
            let shown = [service_name, service_code].into_iter().find(|text| !text.is_empty());
            let shown = shown.map_or("without a name", String::as_str);
            let (belong, them) = (tally.verb("belongs", "belong"), tally.verb("it", "them"));
            let why = format!(
                "{charges} of {provider} service {shown} {belong} to no service of the catalog, so nothing can price {them}."
            );
            let fix = "Add the vendor's service to a service in services.csv.";
            let value = if service_code.is_empty() { shown } else { service_code };
            Finding::new(Code::ServiceMissing, Place::file("services.csv").value(value), why, fix)
        }
        Unrated::NoRate { service, day_without, instead } => {
            let (code, why) = if *day_without {
                (Code::RateGap, format!("Service {service} has rates, but none in force for {charges}."))
            } else {
                (Code::RateMissing, format!("Service {service} has no rate that fits {charges}."))
            };
            let fix = "Add a card to rates/ that is in force on these days and fits these charges.";
            let place = Place::file("rates").column("service").value(service.as_str());
            let why = match instead {
                WithoutRate::Block => return Finding::new(code, place, why, fix),
                WithoutRate::Hold => format!("{why} By services.csv what has no rate waits in suspense."),
                WithoutRate::Central => format!("{why} By services.csv the provider bears what has no rate."),
                WithoutRate::AtCost => {
                    format!("{why} By services.csv what has no rate is passed on at the vendor's cost.")
                }
            };
            // Somebody has decided what becomes of such charges, and should see how much it is.
            let severity = Severity::Warning;
            Finding { severity, ..Finding::new(code, place, why, fix) }
        }
        Unrated::TwoRates { service, first, second } => {
            let (first, second) = (&cards[*first], &cards[*second]);
            let why = format!(
                "{} and {} ({} line {}) fit {charges} of service {service} equally well, and a charge has one price.",
                described(first),
                described(second),
                second.file,
                second.line
            );
            let fix = "End one of the two, or make one narrower by its scope or its conditions.";
            Finding::new(Code::RateAmbiguous, place_of(first), why, fix)
        }
        Unrated::ShownOnly(number, why) => shown_only(&cards[*number], why, &charges, tally.verb("is", "are")),
        Unrated::NoBasis(number, basis) => no_basis(&cards[*number], *basis, &charges),
        Unrated::OtherUnit(number, used) => other_unit(&cards[*number], used, tally),
    }
}

fn shown_only(card: &RateCard, why: &ShownOnly, charges: &str, are: &str) -> Finding {
    why.finding(card, &format!("{} prices {charges} that {are} charged", described(card)))
}

fn no_basis(card: &RateCard, basis: CostBasis, charges: &str) -> Finding {
    let basis = format!("{basis:?}").to_lowercase();
    let why = format!(
        "{} passes on {basis} cost, which the files do not tell for {charges}; shown here at billed cost.",
        described(card)
    );
    let fix = "Deliver the export that has this cost, or set the card's basis to billed.";
    let mut finding = Finding::new(Code::EffectiveUnavailable, place_of(card).column("basis"), why, fix);
    // A note elsewhere; here a card asks for a cost that nobody knows, and billing another would be a guess.
    finding.severity = Severity::Blocks;
    finding
}

fn other_unit(card: &RateCard, used: &str, tally: &Tally) -> Finding {
    let (are, stay) = (tally.verb("is", "are"), tally.verb("stays", "stay"));
    let unit = card.model.counted().map_or("", |counted| counted.unit);
    let price = described(card);
    let why =
        format!("{price} is a price per {unit}; {} {are} measured in {used:?} and {stay} unbilled.", tally.charges());
    let fix = "Give the other unit a card of its own, with a condition on consumed_unit.";
    Finding::new(Code::UnitMixed, place_of(card).column("unit").value(used), why, fix)
}
