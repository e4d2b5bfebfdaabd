//! Rates that reach into closed months. A closed month never changes: what it would be by today's rates is told beside what
//! it is, as rows of `adjustments.csv` that somebody asks for and somebody else approves.

use super::run::Configured;
use super::{Stage, replay};
use crate::config;
use crate::io::fs::Disk;
use crate::ledger::{Ledger, Settled};
use crate::model::bill::BillLine;
use crate::model::codes::{AgencyCode, ServiceCode};
use crate::model::exit::{Exit, Stop};
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Money, Overflow};
use crate::model::month::Month;
use crate::model::month_end::MonthEnd;
use crate::model::settings::{RateCard, Settings};
use anyhow::Result;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one agency's lines of a service would be by today's rates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateDelta {
    pub agency: AgencyCode,
    pub service: ServiceCode,
    pub was: Money,
    pub would_be: Money,
    /// What adjustments for these rates have booked or are about to.
    pub booked: Money,
    /// What is left to be booked.
    pub amount: Money,
    /// The bill line whose funding the adjustment follows.
    pub corrects: String,
}

/// A closed month by today's rates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RateDeltas {
    pub month: Month,
    /// The document that the rows would be, and the day they would be booked on.
    pub adjustment: String,
    pub booked_on: NaiveDate,
    pub rows: Vec<RateDelta>,
    /// What blocks the month by today's rates.
    pub findings: Vec<Finding>,
}

/// Adjustments for the rates of a month begin with this.
fn document(month: Month) -> String {
    format!("RATES-{month}")
}

pub fn deltas(disk: &Disk, month: Month) -> Result<RateDeltas> {
    let ledger = Ledger::new(disk.clone());
    let settled = ledger.settled()?;
    let Some(close) = settled.of(month) else {
        let message = format!("{month} is not closed, so no rate reaches back into it.");
        return Err(Stop::new(Exit::Usage, message).into());
    };
    let open = settled.newest_month().unwrap_or(month).next();
    let loaded = config::load(disk)?;
    let mut told = RateDeltas {
        month,
        adjustment: document(month),
        booked_on: open.first_day(),
        rows: Vec::new(),
        findings: loaded.findings.iter().filter(|finding| finding.blocks()).cloned().collect(),
    };
    if !told.findings.is_empty() {
        return Ok(told);
    }
    let body = &close.body;
    let before = replay::settled(replay::frozen(&ledger, body)?, body, Stage::Allocate)?;
    let mut frozen = replay::frozen(&ledger, body)?;
    frozen.settings.rate_cards.clone_from(&loaded.settings.rate_cards);
    let after = replay::settled(frozen, body, Stage::Allocate)?;
    let is_new = |finding: &&Finding| finding.blocks() && !before.findings.contains(finding);
    told.findings = after.findings.iter().filter(is_new).cloned().collect();
    if told.findings.is_empty() {
        told.rows = rows(&before, &after, &loaded.settings)?;
    }
    Ok(told)
}

fn rows(before: &MonthEnd, after: &MonthEnd, settings: &Settings) -> Result<Vec<RateDelta>, Overflow> {
    let mut sums: BTreeMap<(&AgencyCode, &ServiceCode), (Money, Money)> = BTreeMap::new();
    for line in before.bills.charged() {
        let (was, _) = sums.entry((&line.agency, &line.service)).or_default();
        *was = was.checked_add(line.amount)?;
    }
    for line in after.bills.charged() {
        let (_, would_be) = sums.entry((&line.agency, &line.service)).or_default();
        *would_be = would_be.checked_add(line.amount)?;
    }
    let mut rows = Vec::new();
    for ((agency, service), (was, would_be)) in sums {
        let is_for_this = |id: &str| id.starts_with(&document(before.month));
        let booked = settings.adjustments.iter().filter(|row| {
            (&row.agency, &row.service, row.month) == (agency, service, before.month) && is_for_this(&row.id)
        });
        let booked = Money::total(booked.map(|row| row.amount))?;
        let amount = would_be.checked_sub(was)?.checked_sub(booked)?;
        if amount.is_zero() {
            continue;
        }
        let own = |line: &&BillLine| &line.agency == agency && &line.service == service && !line.funding.is_empty();
        let largest = before.bills.charged().filter(own).max_by_key(|line| line.amount.magnitude());
        let corrects = largest.map_or_else(String::new, |line| line.id.clone());
        rows.push(RateDelta {
            agency: agency.clone(),
            service: service.clone(),
            was,
            would_be,
            booked,
            amount,
            corrects,
        });
    }
    Ok(rows)
}

/// What prices a month, by card: the days on which it does, and everything else that it says.
fn in_month(cards: &[RateCard], month: Month) -> BTreeMap<(&str, u32), (NaiveDate, NaiveDate, String, &RateCard)> {
    let (first, end) = (month.first_day(), month.next().first_day());
    let mut known = BTreeMap::new();
    for card in cards {
        let from = card.valid.from.map_or(first, |from| from.max(first));
        let to = card.valid.to.map_or(end, |to| to.min(end));
        if from < to {
            let said =
                format!("{:?} {:?} {:?} {:?} {}", card.model, card.terms, card.scope, card.conditions, card.service);
            known.insert((card.rate_id.as_str(), card.version), (from, to, said, card));
        }
    }
    known
}

/// Rates that hold in months which are closed with others, and of which no adjustment knows yet.
pub fn findings(ledger: &Ledger, settled: &Settled, settings: &Settings, month: Month) -> Result<Vec<Finding>> {
    let mut months: BTreeMap<(&str, u32), (Month, Month, &RateCard)> = BTreeMap::new();
    for close in settled.chain.iter().filter(|close| close.body.month < month) {
        let of = close.body.month;
        if settings.adjustments.iter().any(|row| row.id.starts_with(&document(of))) {
            continue;
        }
        let closed: Configured = ledger.get_json(&close.body.settings.sha256)?;
        let then = in_month(&closed.settings.rate_cards, of);
        for (key, (from, to, said, card)) in in_month(&settings.rate_cards, of) {
            let is_same = then.get(&key).is_some_and(|known| (known.0, known.1, &known.2) == (from, to, &said));
            if !is_same {
                let (first, last, _) = months.entry(key).or_insert((of, of, card));
                (*first, *last) = ((*first).min(of), (*last).max(of));
            }
        }
    }
    let finding = |(first, last, card): (Month, Month, &RateCard)| {
        let of = if first == last { first.to_string() } else { format!("{first} to {last}") };
        let why = format!(
            "Rate {} version {} holds on days of {of}, which is closed and was priced otherwise. Its bills stand; what the rate \
             makes of it is booked nowhere.",
            card.rate_id, card.version
        );
        let fix = format!(
            "`chargeback rates deltas --month {first}` says who would pay what, as rows for adjustments.csv. Or let the version \
             start in the open month."
        );
        let place = Place::file(card.file.as_str()).row(card.line).column("effective_from");
        Finding::new(Code::RateBackDated, place, why, fix)
    };
    Ok(months.into_values().map(finding).collect())
}
