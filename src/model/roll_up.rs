//! The roll-up: charges summed by everything that can change who pays, how much, or what the bill shows.
//!
//! Rates and allocation are linear in it or windowed over days, so working on thousands of roll-up rows instead of
//! millions of charges is exact. Sums of integers are associative: merging partial roll-ups in any order gives the same
//! rows to the last digit. Texts are kept once, as [`Symbol`]s: ten million rows share a few thousand of them.

mod amounts;
mod builder;
mod keys;
mod merge;

pub use super::symbols::{Symbol, Symbols};
pub use amounts::Packed;
pub use builder::RollUpBuilder;
pub use merge::{Held, MergeError, Run, merge};

use super::charge::{CostBasis, Dimension};
use super::money::{Cost, Overflow, Quantity};
use amounts::Amounts;
use builder::Grown;
use chrono::NaiveDate;
use hashbrown::HashMap;
use keys::{Key, Keys};
use std::collections::BTreeMap;

/// The sums of one roll-up row. A cost that the source cannot tell for every charge is none, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    pub billed: Cost,
    pub effective: Option<Cost>,
    pub list: Option<Cost>,
    pub contracted: Option<Cost>,
    pub quantity: Quantity,
    pub charges: u64,
}

impl Default for Sums {
    fn default() -> Self {
        let known = Some(Cost::ZERO);
        Self {
            billed: Cost::ZERO,
            effective: known,
            list: known,
            contracted: known,
            quantity: Quantity::ZERO,
            charges: 0,
        }
    }
}

impl Sums {
    pub fn add(&mut self, other: &Self) -> Result<(), Overflow> {
        let both = |a: Option<Cost>, b: Option<Cost>| a.zip(b).map(|(a, b)| a.checked_add(b)).transpose();
        self.billed = self.billed.checked_add(other.billed)?;
        self.effective = both(self.effective, other.effective)?;
        self.list = both(self.list, other.list)?;
        self.contracted = both(self.contracted, other.contracted)?;
        self.quantity = self.quantity.checked_add(other.quantity)?;
        self.charges = self.charges.checked_add(other.charges).ok_or(Overflow)?;
        Ok(())
    }

    pub fn basis(&self, basis: CostBasis) -> Option<Cost> {
        match basis {
            CostBasis::Billed => Some(self.billed),
            CostBasis::Effective => self.effective,
            CostBasis::List => self.list,
            CostBasis::Contracted => self.contracted,
        }
    }
}

/// Roll-up rows in the order of their texts, so that nothing depends on the order in which files were read.
///
/// A row takes 68 bytes and what is new in its key and texts, where a key of forty symbols and five sums of 128 bits would
/// take 300: of 20,000,000 vendor rows with some million roll-up rows 100 MB instead of 320, and no copy is made of it.
#[derive(Clone, Debug)]
pub struct RollUp {
    symbols: Symbols,
    /// Billing tags, in the order of the settings; their values follow the dimensions in every key.
    tags: Vec<String>,
    keys: Keys,
    places: Vec<Key>,
    days: Vec<NaiveDate>,
    amounts: Amounts,
    /// Texts and rows came in order and each once: true of all but roll-ups that were put together by hand.
    ordered: bool,
    /// Amounts were taken for others after the rows had been put together.
    altered: bool,
}

impl Default for RollUp {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl RollUp {
    pub fn new(tags: Vec<String>) -> Self {
        Self { ordered: false, ..Self::with(Symbols::default(), tags) }
    }

    /// For rows that come in order, under texts that are in order.
    fn with(symbols: Symbols, tags: Vec<String>) -> Self {
        Self {
            symbols,
            keys: Keys::new(Dimension::ALL.len() + tags.len()),
            tags,
            places: Vec::new(),
            days: Vec::new(),
            amounts: Amounts::default(),
            ordered: true,
            altered: false,
        }
    }

    fn stride(&self) -> usize {
        Dimension::ALL.len() + self.tags.len()
    }

    /// For roll-ups put together by hand.
    pub fn symbols_mut(&mut self) -> &mut Symbols {
        self.ordered = false;
        &mut self.symbols
    }

    pub fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    pub fn len(&self) -> usize {
        self.amounts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a row. `key` holds a symbol for each dimension, then one for each billing tag.
    pub fn push(&mut self, key: &[Symbol], day: NaiveDate, sums: Sums) {
        self.ordered = false;
        self.add(key, day, &sums);
    }

    fn add(&mut self, key: &[Symbol], day: NaiveDate, sums: &Sums) {
        debug_assert_eq!(key.len(), self.stride());
        self.places.push(self.keys.keep(key));
        self.days.push(day);
        self.amounts.push(sums);
    }

    fn shrink(&mut self) {
        self.keys.shrink();
        self.places.shrink_to_fit();
        self.days.shrink_to_fit();
        self.amounts.shrink();
    }

    pub fn row(&self, number: usize) -> Row<'_> {
        Row { roll_up: self, number }
    }

    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.len()).map(|number| self.row(number))
    }

    /// Over all currencies, which is no amount of money: for proving that two sums are made of the same rows.
    pub fn total(&self, basis: CostBasis) -> Result<Option<Cost>, Overflow> {
        let mut total = Cost::ZERO;
        for row in self.rows() {
            match row.sums().basis(basis) {
                Some(cost) => total = total.checked_add(cost)?,
                None => return Ok(None),
            }
        }
        Ok(Some(total))
    }

    /// By currency, that of the books first and also without a row; none where a row of it does not tell it. Rows
    /// without money have no currency and count as the books'.
    pub fn totals(&self, basis: CostBasis, books: &str) -> Result<Vec<(&str, Option<Cost>)>, Overflow> {
        let mut sums: HashMap<Symbol, Option<Cost>> = HashMap::new();
        for row in self.rows() {
            let sum = sums.entry(row.symbol(Dimension::BillingCurrency)).or_insert(Some(Cost::ZERO));
            *sum = match sum.zip(row.sums().basis(basis)) {
                Some((sum, cost)) => Some(sum.checked_add(cost)?),
                None => None,
            };
        }
        let mut own = Some(Cost::ZERO);
        let mut others = BTreeMap::new();
        for (symbol, sum) in sums {
            match self.symbols.text(symbol) {
                text if text.is_empty() || text == books => {
                    own = own.zip(sum).map(|(own, sum)| own.checked_add(sum)).transpose()?;
                }
                text => {
                    others.insert(text, sum);
                }
            }
        }
        Ok([("", own)].into_iter().chain(others).collect())
    }

    /// Sums of equal keys become one row; rows are put in the order of their texts.
    pub fn merge(parts: impl IntoIterator<Item = Self>, tags: Vec<String>) -> Result<Self, Overflow> {
        let runs: Vec<Held> = parts.into_iter().map(Held::from).collect();
        merge(runs, tags).map_err(|_| Overflow)
    }

    /// Takes the billed cost of one row for another: see `stages::normalize::netting`.
    pub fn set_billed(&mut self, number: usize, billed: Cost) {
        let sums = Sums { billed, ..self.amounts.get(number) };
        self.amounts.set(number, &sums);
        self.altered = true;
    }

    /// Whether it is not any more what its rows came to.
    pub fn is_altered(&self) -> bool {
        self.altered
    }

    /// The same with texts and rows in order.
    fn in_order(self) -> Self {
        if self.ordered {
            return self;
        }
        let mut grown = Grown { symbols: self.symbols.clone(), ..Grown::new(self.tags.clone()) };
        let mut key = vec![Symbol::EMPTY; self.stride()];
        for row in self.rows() {
            row.copy_key(&mut key);
            grown.keys.extend_from_slice(&key);
            grown.days.push(row.day());
            grown.sums.push(row.sums());
        }
        grown.sorted()
    }
}

/// One row of a roll-up.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    roll_up: &'a RollUp,
    pub number: usize,
}

impl<'a> Row<'a> {
    /// The symbol at a place of the key: dimensions first, then billing tags.
    #[inline]
    pub fn symbol_at(&self, place: usize) -> Symbol {
        self.roll_up.keys.symbol(self.roll_up.places[self.number], place)
    }

    /// Whether another row of the same roll-up has the same key: they differ in the day.
    #[inline]
    pub fn has_key_of(&self, other: Self) -> bool {
        self.roll_up.places[self.number] == self.roll_up.places[other.number]
    }

    /// All symbols of the key.
    pub fn key(&self) -> Vec<Symbol> {
        let mut key = vec![Symbol::EMPTY; self.roll_up.stride()];
        self.copy_key(&mut key);
        key
    }

    pub fn copy_key(&self, into: &mut [Symbol]) {
        self.roll_up.keys.copy(self.roll_up.places[self.number], into);
    }

    pub fn symbol(&self, dimension: Dimension) -> Symbol {
        self.symbol_at(dimension as usize)
    }

    pub fn text(&self, dimension: Dimension) -> &'a str {
        self.roll_up.symbols.text(self.symbol(dimension))
    }

    /// The value of the billing tag at `place` in [`RollUp::tags`].
    pub fn tag_at(&self, place: usize) -> &'a str {
        self.roll_up.symbols.text(self.symbol_at(Dimension::ALL.len() + place))
    }

    pub fn tag(&self, name: &str) -> &'a str {
        self.roll_up.tags.iter().position(|tag| tag == name).map_or("", |place| self.tag_at(place))
    }

    pub fn day(&self) -> NaiveDate {
        self.roll_up.days[self.number]
    }

    #[inline]
    pub fn sums(&self) -> Sums {
        self.roll_up.amounts.get(self.number)
    }
}
