//! Control totals while rows pass: one lookup a row, spread over charge types, accounts and invoices at the end.

use crate::model::money::{Cost, Overflow, Quantity};
use crate::model::part_outcome::CommitmentUse;
use crate::model::proof::{ControlTotals, Subtotal};
use crate::model::roll_up::{Symbol, Symbols};
use hashbrown::HashMap;
use std::collections::BTreeMap;

/// What a row is counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Counted {
    pub charge_type: Symbol,
    pub account: Symbol,
    pub invoice: Symbol,
    pub currency: Symbol,
}

/// A row's costs over all its charges.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowCosts {
    pub vendor: Cost,
    pub billed: Cost,
    pub effective: Option<Cost>,
}

#[derive(Default)]
pub struct Tally {
    pub rows_read: u64,
    pub rows_rejected: u64,
    rows_accepted: u64,
    accepted: HashMap<Counted, Subtotal>,
    rejected: HashMap<Symbol, Cost>,
    left_out: BTreeMap<&'static str, (u64, HashMap<Symbol, Cost>)>,
    without_effective: bool,
    pub without_invoice: (u64, HashMap<Symbol, Cost>),
    pub uncommitted: HashMap<Symbol, Cost>,
    pub commitments: HashMap<Symbol, CommitmentUse>,
    /// Quantities without money, by meter.
    pub counted: HashMap<Symbol, Quantity>,
}

/// Adds to a sum by symbol.
pub fn add(sums: &mut HashMap<Symbol, Cost>, symbol: Symbol, cost: Cost) -> Result<(), Overflow> {
    let sum = sums.entry(symbol).or_default();
    *sum = sum.checked_add(cost)?;
    Ok(())
}

pub fn by_text(sums: &HashMap<Symbol, Cost>, symbols: &Symbols) -> BTreeMap<String, Cost> {
    sums.iter().map(|(&symbol, &cost)| (symbols.text(symbol).to_owned(), cost)).collect()
}

impl Tally {
    pub fn accept(&mut self, counted: Counted, costs: &RowCosts) -> Result<(), Overflow> {
        self.rows_accepted += 1;
        self.without_effective |= costs.effective.is_none();
        let subtotal = self.accepted.entry(counted).or_default();
        let row = Subtotal {
            rows: 1,
            vendor_cost: costs.vendor,
            billed: costs.billed,
            effective: costs.effective.unwrap_or_default(),
        };
        subtotal.add(&row)
    }

    pub fn reject(&mut self, at_stake: Option<(Cost, Symbol)>) -> Result<(), Overflow> {
        self.rows_rejected += 1;
        at_stake.map_or(Ok(()), |(cost, currency)| add(&mut self.rejected, currency, cost))
    }

    pub fn leave_out(&mut self, why: &'static str, cost: Cost, currency: Symbol) -> Result<(), Overflow> {
        let (rows, costs) = self.left_out.entry(why).or_default();
        *rows += 1;
        add(costs, currency, cost)
    }

    pub fn totals(&self, symbols: &Symbols) -> Result<ControlTotals, Overflow> {
        let mut totals = ControlTotals {
            rows_read: self.rows_read,
            rows_accepted: self.rows_accepted,
            rows_rejected: self.rows_rejected,
            counted: self.counted.iter().map(|(&meter, &sum)| (symbols.text(meter).to_owned(), sum)).collect(),
            ..ControlTotals::default()
        };
        let mut vendor_cost = self.rejected.clone();
        let (mut billed, mut effective) = (HashMap::new(), HashMap::new());
        for (counted, subtotal) in &self.accepted {
            let group = |groups: &mut BTreeMap<String, Subtotal>, symbol: Symbol| {
                groups.entry(symbols.text(symbol).to_owned()).or_default().add(subtotal)
            };
            group(&mut totals.by_charge_type, counted.charge_type)?;
            group(&mut totals.by_account, counted.account)?;
            group(&mut totals.by_invoice, counted.invoice)?;
            add(&mut vendor_cost, counted.currency, subtotal.vendor_cost)?;
            add(&mut billed, counted.currency, subtotal.billed)?;
            add(&mut effective, counted.currency, subtotal.effective)?;
        }
        for (&why, (rows, costs)) in &self.left_out {
            let mut sum = Cost::ZERO;
            for (&currency, &cost) in costs {
                add(&mut vendor_cost, currency, cost)?;
                sum = sum.checked_add(cost)?;
            }
            totals.rows_left_out.insert(why.to_owned(), (*rows, sum));
        }
        totals.vendor_cost = by_text(&vendor_cost, symbols);
        totals.billed = by_text(&billed, symbols);
        totals.effective = (!self.without_effective).then(|| by_text(&effective, symbols));
        Ok(totals)
    }
}
