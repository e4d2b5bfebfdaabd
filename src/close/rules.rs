//! Which rule takes a charge, and which rules take none in a month.

use super::books::{self, NoPlant, Opened};
use super::session::Session;
use super::whatif::charged;
use super::{Covered, Progress, Request, RuleTrace, RuleUse, RulesUsed, Stage, TraceStep};
use crate::config;
use crate::io::fs::Disk;
use crate::ledger::Ledger;
use crate::model::bill::{Destination, RatedCharge};
use crate::model::charge::Dimension;
use crate::model::exit::{Exit, Stop};
use crate::model::finding::Finding;
use crate::model::intake::Directory;
use crate::model::money::{Cost, Exact, Overflow, Quantity};
use crate::model::month::{Month, Validity};
use crate::model::month_end::{MonthEnd, Standing};
use crate::model::past::Carried;
use crate::model::roll_up::{RollUp, Sums, Symbol};
use crate::model::settings::{Measure, RateModel, Settings};
use crate::stages::rate::trace as trace_rules;
use anyhow::Result;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Rules, services, cards and pools with the charges that each took in the month.
pub fn used(disk: &Disk, request: &Request, progress: &dyn Progress) -> Result<RulesUsed> {
    let loaded = config::load(disk)?;
    let mut told = RulesUsed { month: request.month, rules: Vec::new(), covered: Vec::new(), findings: Vec::new() };
    if loaded.findings.iter().any(Finding::blocks) {
        told.findings = loaded.findings;
        return Ok(told);
    }
    let ledger = Ledger::with_threads(disk.clone(), request.threads);
    ledger.books_id()?;
    let session = Session { disk, ledger, request, progress };
    let (directory, normalized, findings) = charged(&session, &loaded)?;
    let opened = Opened {
        month: request.month,
        run: String::new(),
        standing: Standing::Draft,
        settings: loaded.settings,
        configuration: String::new(),
        directory,
        normalized,
        carried: Carried::default(),
        corrected: Vec::new(),
        findings,
    };
    let (end, _) = books::settle(opened, Stage::Rate, &NoPlant)?;
    told.rules = Counts::of(&end)?.rules(&end.settings, end.month);
    told.covered = covered(&end)?;
    told.findings = end.findings.into_iter().filter(Finding::blocks).collect();
    Ok(told)
}

#[derive(Clone, Copy, Default)]
struct Count {
    charges: u64,
    cost: Cost,
}

/// What each rule took, by its kind and id.
#[derive(Default)]
struct Counts(BTreeMap<(&'static str, String), Count>);

const OWNER: &str = "owner rule";
const SERVICE: &str = "service";
const RATE: &str = "rate";
const POOL: &str = "pool";

impl Counts {
    fn of(end: &MonthEnd) -> Result<Self, Overflow> {
        let mut counts = Self::default();
        let mut last = None;
        for charge in &end.charges {
            // What a card leaves over of a charge is no further charge.
            let is_more = last.replace(charge.row) == Some(charge.row);
            let charges = if is_more { 0 } else { end.roll_up.row(charge.row).sums().charges };
            let pool = match &charge.destination {
                Destination::Pool(pool) => Some((POOL, pool.to_string())),
                _ => None,
            };
            let service = charge.service.as_ref().map(|service| (SERVICE, service.to_string()));
            let rate = charge.rate.as_ref().map(|rate| (RATE, format!("{} {}", rate.rate_id, rate.version)));
            let owner = Some((OWNER, charge.owner_rule.clone()));
            for key in [owner, service, rate, pool].into_iter().flatten() {
                let count = counts.0.entry(key).or_default();
                count.charges += charges;
                count.cost = count.cost.checked_add(charge.cost)?;
            }
        }
        Ok(counts)
    }

    fn rules(&self, settings: &Settings, month: Month) -> Vec<RuleUse> {
        let mut rules = Vec::new();
        let mut add =
            |kind: &'static str, id: String, key: String, (file, line): (&str, u64), valid: Option<&Validity>| {
                let count = self.0.get(&(kind, key)).copied().unwrap_or_default();
                let in_month = Validity { from: Some(month.first_day()), to: Some(month.next().first_day()) };
                let remark = match (count.charges, valid) {
                    (0, Some(valid)) if !valid.overlaps(&in_month) => "not in force in the month",
                    (0, _) => "takes no charge",
                    _ => "",
                };
                let (file, remark) = (file.to_owned(), remark.to_owned());
                rules.push(RuleUse {
                    kind: kind.to_owned(),
                    id,
                    file,
                    line,
                    charges: count.charges,
                    cost: count.cost,
                    remark,
                });
            };
        for rule in &settings.owner_rules {
            add(OWNER, rule.id.clone(), rule.id.clone(), ("owners.csv", rule.line), Some(&rule.valid));
        }
        for service in settings.services.iter().filter(|service| !service.matches.is_empty()) {
            add(SERVICE, service.code.to_string(), service.code.to_string(), ("services.csv", service.line), None);
        }
        for card in settings.rate_cards.iter().filter(|card| prices_charges(&card.model)) {
            let id = format!("{} {}", card.rate_id, card.version);
            add(RATE, id.clone(), id, (&card.file, card.line), Some(&card.valid));
        }
        for pool in &settings.pools {
            let id = format!("{} {}", pool.id, pool.version);
            add(POOL, id, pool.id.to_string(), ("pools.csv", pool.line), Some(&pool.valid));
        }
        for rule in rules.iter_mut().filter(|rule| rule.kind == POOL && rule.remark == "takes no charge") {
            let feeds = |giver: &&crate::model::settings::Pool| {
                giver.feeds().any(|fed| rule.id.split(' ').next() == Some(fed.as_str()))
            };
            if let Some(giver) = settings.pools.iter().find(feeds) {
                rule.remark = format!("takes no charge; pool {} gives to it", giver.id);
            }
        }
        rules
    }
}

/// Cards of the other models make lines without charges.
fn prices_charges(model: &RateModel) -> bool {
    model.passes_on().is_some() || model.counted().is_some_and(|counted| *counted.measure == Measure::Consumed)
}

/// How much of the cost has an owner, in dollars.
fn covered(end: &MonthEnd) -> Result<Vec<Covered>, Overflow> {
    let mut sums: BTreeMap<(u8, &str), Cost> = BTreeMap::new();
    for sum in RatedCharge::by_ruling(&end.charges)? {
        let to = match &sum.ruling.destination {
            Destination::Agency(_) => (0, "agencies"),
            Destination::Pool(_) => (1, "pools"),
            Destination::Central(_) => (2, "the provider"),
            Destination::Excluded(_) => (3, "excluded"),
            Destination::Suspense(_) => (4, "nobody: suspense"),
        };
        let known = sums.entry(to).or_default();
        *known = known.checked_add(sum.cost.magnitude())?;
    }
    let whole = Cost::total(sums.values().copied())?.exact();
    let row = |((_, to), cost): ((u8, &str), Cost)| {
        let percent = cost.exact().times(&Exact::from_integer(100)).divided_by(&whole);
        let percent = percent.map_or_else(String::new, |percent| percent.shown(2).trim_end_matches('.').to_owned());
        Covered { to: to.to_owned(), cost, percent }
    };
    Ok(sums.into_iter().map(row).collect())
}

/// `charge` holds columns as rules name them and their texts: `provider_name`, `tag:agency`.
pub fn trace(
    disk: &Disk,
    request: &Request,
    day: NaiveDate,
    charge: &[(String, String)],
    progress: &dyn Progress,
) -> Result<RuleTrace> {
    let loaded = config::load(disk)?;
    if let Some(finding) = loaded.findings.iter().find(|finding| finding.blocks()) {
        let message = format!("The books cannot be used: {} Run `chargeback check`.", finding.why);
        return Err(Stop::new(Exit::Usage, message).into());
    }
    let settings = &loaded.settings;
    let roll_up = one_charge(settings, day, charge)?;
    let directory = if disk.list(&format!("inbox/{}", request.month))?.is_empty() {
        Directory::default()
    } else {
        let ledger = Ledger::with_threads(disk.clone(), request.threads);
        ledger.books_id()?;
        charged(&Session { disk, ledger, request, progress }, &loaded)?.0
    };
    let traced = trace_rules(&roll_up, &directory, settings, request.month);
    let step = |step: crate::stages::rate::Step| TraceStep {
        rule: step.rule,
        line: step.line,
        said: step.said,
        takes: step.takes,
    };
    Ok(RuleTrace {
        day,
        steps: traced.steps.into_iter().map(step).collect(),
        destination: traced.destination,
        service: traced.service,
        rate: traced.rate,
        mode: traced.mode,
    })
}

/// A roll-up of one charge with the texts given and nothing else.
fn one_charge(settings: &Settings, day: NaiveDate, charge: &[(String, String)]) -> Result<RollUp> {
    let tags: Vec<String> = settings.state.billing_tags.iter().map(|tag| tag.name.clone()).collect();
    let mut roll_up = RollUp::new(tags.clone());
    let mut key = vec![Symbol::EMPTY; Dimension::ALL.len() + tags.len()];
    let currency = (Dimension::BillingCurrency.column().to_owned(), settings.state.currency.clone());
    for (name, text) in [&currency].into_iter().chain(charge) {
        let place = match name.strip_prefix("tag:") {
            Some(tag) => tags.iter().position(|known| known == tag).map(|place| Dimension::ALL.len() + place),
            None => Dimension::named(name).map(|dimension| dimension as usize),
        };
        let Some(place) = place else {
            let columns = Dimension::ALL.iter().map(|dimension| dimension.column().to_owned());
            let known: Vec<String> = columns.chain(tags.iter().map(|tag| format!("tag:{tag}"))).collect();
            let message = format!("A charge has no {name}. Rules read: {}.", known.join(", "));
            return Err(Stop::new(Exit::Usage, message).into());
        };
        key[place] = roll_up.symbols_mut().intern(text);
    }
    roll_up.push(&key, day, Sums { charges: 1, quantity: Quantity::ONE, ..Sums::default() });
    Ok(roll_up)
}
