//! Control totals while rows pass.
//!
//! What all accepted rows come to runs along by itself, currency by currency. Subtotals by charge type, account and invoice
//! are made at the end out of the roll-up's rows, whose charges they share, and must come to the same: so one is proved by
//! the other, and a row costs no lookup of its own.

use crate::model::charge::Dimension;
use crate::model::money::{Cost, Overflow, Quantity};
use crate::model::part_outcome::{CommitmentUse, Discounts};
use crate::model::proof::{ControlTotals, Subtotal};
use crate::model::roll_up::{RollUpBuilder, Symbol, Symbols};
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

impl Counted {
    pub fn of(key: &[Symbol]) -> Self {
        let symbol = |dimension: Dimension| key[dimension as usize];
        Self {
            charge_type: symbol(Dimension::ChargeType),
            account: symbol(Dimension::SubAccountId),
            invoice: symbol(Dimension::InvoiceId),
            currency: symbol(Dimension::BillingCurrency),
        }
    }
}

/// A row's costs over all its charges.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowCosts {
    pub vendor: Cost,
    pub billed: Cost,
    /// Of the charges whose effective cost is known.
    pub effective: Cost,
    /// It is not known of one of them.
    pub without_effective: bool,
    /// It made a charge, and the roll-up says later where that went: [`Tally::place`].
    pub charged: bool,
}

#[derive(Default)]
pub struct Tally {
    pub rows_read: u64,
    pub rows_rejected: u64,
    /// What accepted rows come to, by currency.
    accepted: Sums<Subtotal>,
    /// Rows and vendor's cost, by the row of the roll-up that their first charge went into.
    by_row: Vec<(u64, Cost)>,
    /// Subtotals of rows whose roll-up was given away.
    closed: HashMap<Counted, Subtotal>,
    /// Rows and vendor's cost of rows that made no charge.
    without_charge: HashMap<Counted, (u64, Cost)>,
    rejected: HashMap<Symbol, Cost>,
    left_out: BTreeMap<&'static str, (u64, HashMap<Symbol, Cost>)>,
    without_effective: bool,
    pub without_invoice: (u64, Sums<Cost>),
    pub uncommitted: Sums<Cost>,
    pub discounts: Sums<Discounts>,
    pub commitments: HashMap<Symbol, CommitmentUse>,
    /// Quantities without money, by meter.
    pub counted: HashMap<Symbol, Quantity>,
}

/// Sums by a symbol that hardly ever changes from row to row: the last one is at hand.
#[derive(Default)]
pub struct Sums<T> {
    known: Vec<(Symbol, T)>,
    last: usize,
}

impl<T: Default> Sums<T> {
    pub fn of(&mut self, symbol: Symbol) -> &mut T {
        if self.known.get(self.last).is_none_or(|(last, _)| *last != symbol) {
            self.last = self.known.iter().position(|(known, _)| *known == symbol).unwrap_or_else(|| {
                self.known.push((symbol, T::default()));
                self.known.len() - 1
            });
        }
        &mut self.known[self.last].1
    }

    pub fn iter(&self) -> impl Iterator<Item = (Symbol, &T)> {
        self.known.iter().map(|(symbol, sum)| (*symbol, sum))
    }
}

impl Sums<Cost> {
    pub fn add(&mut self, symbol: Symbol, cost: Cost) -> Result<(), Overflow> {
        let sum = self.of(symbol);
        *sum = sum.checked_add(cost)?;
        Ok(())
    }

    pub fn by_text(&self, symbols: &Symbols) -> BTreeMap<String, Cost> {
        self.iter().map(|(symbol, &cost)| (symbols.text(symbol).to_owned(), cost)).collect()
    }
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

/// One row more.
fn count((rows, vendor_cost): &mut (u64, Cost), vendor: Cost) -> Result<(), Overflow> {
    *rows += 1;
    *vendor_cost = vendor_cost.checked_add(vendor)?;
    Ok(())
}

impl Tally {
    /// Counts a row whose key is this.
    pub fn accept(&mut self, key: &[Symbol], costs: &RowCosts) -> Result<(), Overflow> {
        self.without_effective |= costs.without_effective;
        let currency = key[Dimension::BillingCurrency as usize];
        let row = Subtotal { rows: 1, vendor_cost: costs.vendor, billed: costs.billed, effective: costs.effective };
        self.accepted.of(currency).add(&row)?;
        if costs.charged {
            return Ok(());
        }
        count(self.without_charge.entry(Counted::of(key)).or_default(), costs.vendor)
    }

    /// The row's first charge went into this row of the roll-up.
    pub fn place(&mut self, at: u32, vendor: Cost) -> Result<(), Overflow> {
        let at = at as usize;
        if self.by_row.len() <= at {
            self.by_row.resize(at + 1, Default::default());
        }
        count(&mut self.by_row[at], vendor)
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

    /// The totals; subtotals come out of the roll-up that these rows made.
    pub fn totals(&self, roll_up: &RollUpBuilder) -> Result<ControlTotals, Overflow> {
        let symbols = roll_up.symbols();
        let mut totals = ControlTotals {
            rows_read: self.rows_read,
            rows_rejected: self.rows_rejected,
            counted: self.counted.iter().map(|(&meter, &sum)| (symbols.text(meter).to_owned(), sum)).collect(),
            ..ControlTotals::default()
        };
        self.group(roll_up, &mut totals)?;
        let mut vendor_cost = self.rejected.clone();
        let (mut billed, mut effective) = (HashMap::new(), HashMap::new());
        for (currency, accepted) in self.accepted.iter() {
            totals.rows_accepted += accepted.rows;
            add(&mut vendor_cost, currency, accepted.vendor_cost)?;
            add(&mut billed, currency, accepted.billed)?;
            add(&mut effective, currency, accepted.effective)?;
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

    /// The roll-up gives its rows away and begins anew.
    pub fn close_rows(&mut self, roll_up: &RollUpBuilder) -> Result<(), Overflow> {
        self.closed = self.groups(roll_up)?;
        self.by_row.clear();
        Ok(())
    }

    fn groups(&self, roll_up: &RollUpBuilder) -> Result<HashMap<Counted, Subtotal>, Overflow> {
        let mut groups = self.closed.clone();
        let rows = self.by_row.iter().copied().chain(std::iter::repeat((0, Cost::ZERO)));
        for ((key, billed, effective), (rows, vendor_cost)) in roll_up.rows().zip(rows) {
            let row = Subtotal { rows, vendor_cost, billed, effective };
            groups.entry(Counted::of(key)).or_default().add(&row)?;
        }
        Ok(groups)
    }

    fn group(&self, roll_up: &RollUpBuilder, totals: &mut ControlTotals) -> Result<(), Overflow> {
        let mut groups = self.groups(roll_up)?;
        for (&counted, &(rows, vendor_cost)) in &self.without_charge {
            let row = Subtotal { rows, vendor_cost, ..Subtotal::default() };
            groups.entry(counted).or_default().add(&row)?;
        }
        for (counted, subtotal) in &groups {
            let group = |groups: &mut BTreeMap<String, Subtotal>, symbol: Symbol| {
                groups.entry(roll_up.symbols().text(symbol).to_owned()).or_default().add(subtotal)
            };
            group(&mut totals.by_charge_type, counted.charge_type)?;
            group(&mut totals.by_account, counted.account)?;
            group(&mut totals.by_invoice, counted.invoice)?;
        }
        self.proved(&groups)
    }

    /// The rows counted one by one and the roll-up that they made come to the same, currency by currency.
    fn proved(&self, groups: &HashMap<Counted, Subtotal>) -> Result<(), Overflow> {
        let mut sums: Sums<Subtotal> = Sums::default();
        for (counted, subtotal) in groups {
            sums.of(counted.currency).add(subtotal)?;
        }
        for (currency, accepted) in self.accepted.iter() {
            assert_eq!(sums.of(currency), accepted, "the roll-up and the rows it was made of differ");
        }
        Ok(())
    }
}
