//! FOCUS: the month's charges as a FOCUS 1.2 file, for whoever reads FOCUS.
//!
//! In     charges as they lie in the ledger, a row group at a time; the roll-up and where each of its rows went
//! Out    rows of [`COLUMNS`]; control totals that must be the roll-up's
//!
//! A charge has the costs that the month has: covered usage that a negation takes away again is billed nothing, and the
//! negation itself is no row, as in AWS's own FOCUS export. What a vendor's file did not say stays empty: no cost is made
//! up. Our own columns begin with `x_`, stand last, and tell the source, the owner and the vendor's row.

mod columns;
mod services;

pub use columns::{COLUMNS, FocusColumn, Kind, Value};

use crate::frame::charges::ScannedGroup;
use crate::model::bill::{Destination, RatedCharge};
use crate::model::charge::Dimension;
use crate::model::money::{Cost, Overflow};
use crate::model::month::Month;
use crate::model::roll_up::{RollUp, Symbol};
use crate::sources::named;
use anyhow::{Context, Result};
use chrono::{DateTime, Datelike, NaiveDate};
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;

/// Sums of what was handed out, by currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub rows: u64,
    /// Negations, which nothing is billed for.
    pub left_out: u64,
    pub billed: BTreeMap<String, Cost>,
    /// Of the charges whose effective cost is known.
    pub effective: BTreeMap<String, Cost>,
}

/// A charge with all that the month knows of it.
pub struct Charge<'a> {
    group: &'a ScannedGroup,
    row: usize,
    month: Month,
    tags: &'a [String],
    billed: Cost,
    owner: Option<&'a RatedCharge>,
}

impl<'a> Charge<'a> {
    /// Empty where it has no value.
    fn text(&self, dimension: Dimension) -> &'a str {
        self.group.keys[dimension as usize].text(self.row)
    }
}

/// Where each row of the roll-up went, to be found by a charge's own texts.
pub struct Ledgered<'a> {
    roll_up: &'a RollUp,
    month: Month,
    symbols: HashMap<&'a str, Symbol>,
    rows: HashMap<Vec<u32>, usize>,
    owners: HashMap<usize, &'a RatedCharge>,
    /// What netting left on rows of negations, until the first of their charges has it.
    left: HashMap<usize, Cost>,
    /// Rows whose billed cost is no longer the sum of their charges.
    netted: HashSet<usize>,
}

impl<'a> Ledgered<'a> {
    /// `charges` are those that were rated; a second one of a row, for what was prepaid, says nothing of its owner.
    pub fn new(roll_up: &'a RollUp, charges: &'a [RatedCharge], month: Month) -> Self {
        let symbols = roll_up.symbols().texts().zip(0..).map(|(text, number)| (text, Symbol(number))).collect();
        let mut rows = HashMap::new();
        for row in roll_up.rows() {
            rows.insert(key(row.key(), row.day()), row.number);
        }
        let mut owners = HashMap::new();
        for charge in charges.iter().filter(|charge| !charge.destination.is_prepaid()) {
            owners.entry(charge.row).or_insert(charge);
        }
        Self { roll_up, month, symbols, rows, owners, left: HashMap::new(), netted: HashSet::new() }
    }

    /// Gives every charge of a row group that a month hands out, in order, and counts it.
    pub fn charges(
        &mut self,
        group: &ScannedGroup,
        tags: &[String],
        totals: &mut Totals,
        mut each: impl FnMut(&Charge<'_>) -> Result<()>,
    ) -> Result<()> {
        let codes: Vec<Vec<Option<Symbol>>> = group
            .keys
            .iter()
            .map(|column| column.distinct().map(|text| self.symbols.get(text).copied()).collect())
            .collect();
        for row in 0..group.rows {
            let place = self.place(group, &codes, row)?;
            let text = |dimension: Dimension| group.keys[dimension as usize].text(row);
            let cost = group.billed[row].map(Cost::from_units).unwrap_or_default();
            let billed = self.billed(place, text(Dimension::Source), text(Dimension::ChargeType), cost)?;
            let currency = text(Dimension::BillingCurrency).to_owned();
            if billed.is_none_or(|billed| billed.is_zero())
                && is_negation(text(Dimension::Source), text(Dimension::ChargeType), billed)
            {
                totals.left_out += 1;
                continue;
            }
            let billed = billed.unwrap_or_default();
            totals.rows += 1;
            add(&mut totals.billed, &currency, billed)?;
            if let Some(effective) = group.effective[row] {
                add(&mut totals.effective, &currency, Cost::from_units(effective))?;
            }
            let owner = self.owners.get(&place).copied();
            each(&Charge { group, row, month: self.month, tags, billed, owner })?;
        }
        Ok(())
    }

    fn place(&self, group: &ScannedGroup, codes: &[Vec<Option<Symbol>>], row: usize) -> Result<usize> {
        let symbols: Option<Vec<Symbol>> = group
            .keys
            .iter()
            .zip(codes)
            .map(|(column, codes)| {
                column.code(row).map_or(Some(Symbol::EMPTY), |code| codes.get(code).copied().flatten())
            })
            .collect();
        let start = group.starts[row].and_then(|start| DateTime::from_timestamp_millis(i64::try_from(start).ok()?));
        let day = start.context("a charge has no day")?.date_naive();
        let place = symbols.and_then(|symbols| self.rows.get(&key(symbols, day)).copied());
        place.context("a charge is in no row of the roll-up")
    }

    /// What the month bills for a charge: its own cost, or what netting left of it.
    fn billed(&mut self, place: usize, source: &str, charge_type: &str, cost: Cost) -> Result<Option<Cost>> {
        let Some(pair) = named(source).and_then(|source| source.netting) else { return Ok(Some(cost)) };
        if ![pair.covered, pair.negation].contains(&charge_type) {
            return Ok(Some(cost));
        }
        if !self.netted.contains(&place) {
            return Ok(Some(cost));
        }
        if charge_type == pair.covered {
            return Ok(Some(Cost::ZERO));
        }
        Ok(self.left.remove(&place).or(Some(Cost::ZERO)))
    }

    /// Finds the rows whose charges were netted: those of a pair whose billed cost is not what their charges come to.
    pub fn look_ahead(&mut self, sums: &HashMap<usize, Cost>) {
        for (&place, &sum) in sums {
            let billed = self.roll_up.row(place).sums().billed;
            if billed != sum {
                self.netted.insert(place);
                if !billed.is_zero() {
                    self.left.insert(place, billed);
                }
            }
        }
    }

    /// Adds up what the charges of a row group say themselves, for [`Self::look_ahead`]: of pairs alone.
    pub fn add_pairs(&self, group: &ScannedGroup, sums: &mut HashMap<usize, Cost>) -> Result<()> {
        let codes: Vec<Vec<Option<Symbol>>> = group
            .keys
            .iter()
            .map(|column| column.distinct().map(|text| self.symbols.get(text).copied()).collect())
            .collect();
        for row in 0..group.rows {
            let source = group.keys[Dimension::Source as usize].text(row);
            let charge_type = group.keys[Dimension::ChargeType as usize].text(row);
            let pair = named(source).and_then(|source| source.netting);
            if pair.is_some_and(|pair| [pair.covered, pair.negation].contains(&charge_type)) {
                let cost = group.billed[row].map(Cost::from_units).unwrap_or_default();
                let sum = sums.entry(self.place(group, &codes, row)?).or_default();
                *sum = sum.checked_add(cost)?;
            }
        }
        Ok(())
    }

    /// What must come out.
    pub fn expected(&self) -> Result<[BTreeMap<String, Cost>; 2], Overflow> {
        let (mut billed, mut effective) = (BTreeMap::new(), BTreeMap::new());
        for row in self.roll_up.rows() {
            let (currency, sums) = (row.text(Dimension::BillingCurrency), row.sums());
            add(&mut billed, currency, sums.billed)?;
            if let Some(cost) = sums.effective {
                add(&mut effective, currency, cost)?;
            }
        }
        Ok([billed, effective])
    }
}

/// Whether a charge is a negation that nothing is left of.
fn is_negation(source: &str, charge_type: &str, billed: Option<Cost>) -> bool {
    let pair = named(source).and_then(|source| source.netting);
    billed.is_some_and(Cost::is_zero) && pair.is_some_and(|pair| pair.negation == charge_type)
}

fn add(sums: &mut BTreeMap<String, Cost>, currency: &str, cost: Cost) -> Result<(), Overflow> {
    let sum = sums.entry(currency.to_owned()).or_default();
    *sum = sum.checked_add(cost)?;
    Ok(())
}

fn key(symbols: Vec<Symbol>, day: NaiveDate) -> Vec<u32> {
    let day = u32::try_from(day.num_days_from_ce()).unwrap_or_default();
    symbols.into_iter().map(|symbol| symbol.0).chain([day]).collect()
}

/// Who pays, in two words: `agency` and its code, `pool` and its id, or why nobody does.
fn owner(destination: &Destination) -> (&'static str, &str) {
    match destination {
        Destination::Agency(agency) => ("agency", agency.as_str()),
        Destination::Pool(pool) => ("pool", pool.as_str()),
        Destination::Central(reason) => ("central", reason),
        Destination::Excluded(reason) => ("excluded", reason),
        Destination::Suspense(reason) => ("suspense", reason),
    }
}
