//! A roll-up while it grows.

use super::{RollUp, Sums};
use crate::model::charge::Dimension;
use crate::model::money::{Cost, Overflow, Quantity};
use crate::model::symbols::{Symbol, Symbols};
use chrono::{Datelike, NaiveDate};
use hashbrown::HashTable;

/// Rows in the order in which they came, whole and quick to find and to add to.
pub(super) struct Grown {
    pub(super) symbols: Symbols,
    pub(super) tags: Vec<String>,
    pub(super) keys: Vec<Symbol>,
    pub(super) days: Vec<NaiveDate>,
    pub(super) sums: Vec<Sums>,
}

impl Grown {
    pub(super) fn new(tags: Vec<String>) -> Self {
        Self { symbols: Symbols::default(), tags, keys: Vec::new(), days: Vec::new(), sums: Vec::new() }
    }

    fn stride(&self) -> usize {
        Dimension::ALL.len() + self.tags.len()
    }

    /// Takes the rows out. Texts that none of them uses stay behind: equal rows have equal symbols, whatever was read on
    /// the way.
    pub(super) fn sorted(&mut self) -> RollUp {
        let stride = self.stride();
        let (mut keys, days, sums) =
            (std::mem::take(&mut self.keys), std::mem::take(&mut self.days), std::mem::take(&mut self.sums));
        let mut rank = vec![Symbol::EMPTY; self.symbols.len()];
        keys.iter().for_each(|symbol| rank[symbol.0 as usize] = *symbol);
        let mut by_text: Vec<Symbol> = rank.iter().copied().filter(|&symbol| symbol != Symbol::EMPTY).collect();
        by_text.sort_unstable_by(|&a, &b| self.symbols.text(a).cmp(self.symbols.text(b)));
        let mut symbols = Symbols::default();
        for &symbol in &by_text {
            rank[symbol.0 as usize] = symbols.append(self.symbols.text(symbol));
        }
        symbols.shrink();
        keys.iter_mut().for_each(|symbol| *symbol = rank[symbol.0 as usize]);
        let mut order: Vec<u32> = (0..days.len() as u32).collect();
        let key = |row: u32| &keys[row as usize * stride..(row as usize + 1) * stride];
        order.sort_unstable_by(|&a, &b| key(a).cmp(key(b)).then(days[a as usize].cmp(&days[b as usize])));
        let mut sorted = RollUp::with(symbols, self.tags.clone());
        for row in order {
            sorted.add(key(row), days[row as usize], &sums[row as usize]);
        }
        sorted.shrink();
        sorted
    }
}

/// A roll-up that grows while charges pass by.
///
/// A charge costs it one look into the table and one comparison of keys, and in a large part both wait for memory. So
/// charges are taken a few dozen at a time, and the waits run side by side; keys and running sums are kept as small as
/// they get.
pub struct RollUpBuilder {
    /// Its sums are in `running` until the end.
    roll_up: Grown,
    running: Vec<Running>,
    places: HashTable<Found>,
    pending: Pending,
}

/// Charges that wait for their row.
#[derive(Default)]
struct Pending {
    keys: Vec<Symbol>,
    days: Vec<NaiveDate>,
    sums: Vec<Sums>,
    found: Vec<(u64, Option<u32>)>,
}

/// Charges that are looked up side by side.
const AT_ONCE: usize = 64;

/// Where a key's row is, with the key's hash: the table grows without looking at a key again.
struct Found {
    hash: u64,
    row: u32,
}

/// The sums of a row while charges pass by, without room for what is not there.
#[derive(Default)]
struct Running {
    billed: Cost,
    effective: Cost,
    list: Cost,
    contracted: Cost,
    quantity: Quantity,
    charges: u64,
    unknown: u8,
}

impl Running {
    const EFFECTIVE: u8 = 1;
    const LIST: u8 = 2;
    const CONTRACTED: u8 = 4;

    fn add(&mut self, sums: &Sums) -> Result<(), Overflow> {
        self.billed = self.billed.checked_add(sums.billed)?;
        for (sum, cost, bit) in [
            (&mut self.effective, sums.effective, Self::EFFECTIVE),
            (&mut self.list, sums.list, Self::LIST),
            (&mut self.contracted, sums.contracted, Self::CONTRACTED),
        ] {
            match cost {
                Some(cost) => *sum = sum.checked_add(cost)?,
                None => self.unknown |= bit,
            }
        }
        self.quantity = self.quantity.checked_add(sums.quantity)?;
        self.charges = self.charges.checked_add(sums.charges).ok_or(Overflow)?;
        Ok(())
    }

    fn sums(&self) -> Sums {
        let known = |cost: Cost, bit: u8| (self.unknown & bit == 0).then_some(cost);
        Sums {
            billed: self.billed,
            effective: known(self.effective, Self::EFFECTIVE),
            list: known(self.list, Self::LIST),
            contracted: known(self.contracted, Self::CONTRACTED),
            quantity: self.quantity,
            charges: self.charges,
        }
    }
}

impl RollUpBuilder {
    pub fn new(tags: Vec<String>) -> Self {
        Self { roll_up: Grown::new(tags), running: Vec::new(), places: HashTable::new(), pending: Pending::default() }
    }

    pub fn symbols(&self) -> &Symbols {
        &self.roll_up.symbols
    }

    pub fn symbols_mut(&mut self) -> &mut Symbols {
        &mut self.roll_up.symbols
    }

    /// Adds a charge's costs to the row of its key.
    pub fn add(&mut self, key: &[Symbol], day: NaiveDate, sums: &Sums) -> Result<(), Overflow> {
        self.take(key, day, sums);
        if self.pending.days.len() < AT_ONCE { Ok(()) } else { self.settle(|_| Ok(())) }
    }

    /// Takes a charge, which [`settle`](Self::settle) adds.
    pub fn take(&mut self, key: &[Symbol], day: NaiveDate, sums: &Sums) {
        self.pending.keys.extend_from_slice(key);
        self.pending.days.push(day);
        self.pending.sums.push(*sums);
    }

    /// Keys, one after the other, and sums of what was taken.
    pub fn taken(&self) -> (&[Symbol], &[Sums]) {
        (&self.pending.keys, &self.pending.sums)
    }

    /// Adds what was taken, and says for each charge, in their order, which row it went into.
    pub fn settle(&mut self, mut placed: impl FnMut(u32) -> Result<(), Overflow>) -> Result<(), Overflow> {
        let mut pending = std::mem::take(&mut self.pending);
        let stride = self.roll_up.stride();
        let charges = || pending.keys.chunks_exact(stride).zip(&pending.days);
        pending.found.clear();
        pending.found.extend(charges().map(|(key, &day)| {
            let hash = key_hash(key, day);
            (hash, self.places.find(hash, |found| found.hash == hash).map(|found| found.row))
        }));
        self.fetch(&pending.found);
        for (((key, &day), sums), &(hash, found)) in charges().zip(&pending.sums).zip(&pending.found) {
            let row = match found.filter(|&row| self.is_row(row, key, day)) {
                Some(row) => row,
                None => self.row_of(hash, key, day)?,
            };
            self.running[row as usize].add(sums)?;
            placed(row)?;
        }
        pending.keys.clear();
        pending.days.clear();
        pending.sums.clear();
        self.pending = pending;
        Ok(())
    }

    /// Brings the rows' keys and sums into the cache, all of them at once.
    fn fetch(&self, found: &[(u64, Option<u32>)]) {
        const LINE: usize = 16;
        let stride = self.roll_up.stride();
        let touch = |row: u32| {
            let key = row as usize * stride;
            let lines = (0..stride).step_by(LINE).filter_map(|line| self.roll_up.keys.get(key + line));
            let sums = self.running.get(row as usize).map_or(0, |running| running.charges + u64::from(running.unknown));
            lines.fold(sums, |touched, symbol| touched ^ u64::from(symbol.0))
        };
        std::hint::black_box(found.iter().filter_map(|(_, row)| row.map(touch)).fold(0, |a, b| a ^ b));
    }

    fn is_row(&self, row: u32, key: &[Symbol], day: NaiveDate) -> bool {
        let row = row as usize;
        self.roll_up.days[row] == day && self.roll_up.keys.get(row * key.len()..(row + 1) * key.len()) == Some(key)
    }

    /// The row of a key that none of the rows before this batch was, or that shares its hash with another.
    fn row_of(&mut self, hash: u64, key: &[Symbol], day: NaiveDate) -> Result<u32, Overflow> {
        let found = self.places.find(hash, |found| found.hash == hash && self.is_row(found.row, key, day));
        if let Some(found) = found {
            return Ok(found.row);
        }
        let row = u32::try_from(self.running.len()).map_err(|_| Overflow)?;
        self.places.insert_unique(hash, Found { hash, row }, |found| found.hash);
        self.roll_up.keys.extend_from_slice(key);
        self.roll_up.days.push(day);
        self.running.push(Running::default());
        Ok(row)
    }

    /// Keys, billed and known effective cost of the rows, in the order in which they came.
    pub fn rows(&self) -> impl Iterator<Item = (&[Symbol], Cost, Cost)> {
        let keys = self.roll_up.keys.chunks_exact(self.roll_up.stride());
        keys.zip(&self.running).map(|(key, running)| (key, running.billed, running.effective))
    }

    /// How many rows it has grown to, without charges that wait.
    pub fn len(&self) -> usize {
        self.running.len()
    }

    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Gives the rows away and begins anew. Symbols stay what they are: others hold them.
    pub fn take_rows(&mut self) -> Result<RollUp, Overflow> {
        self.settle(|_| Ok(()))?;
        self.roll_up.sums = self.running.drain(..).map(|running| running.sums()).collect();
        self.places.clear();
        Ok(self.roll_up.sorted())
    }

    pub fn finish(mut self) -> Result<RollUp, Overflow> {
        self.take_rows()
    }
}

/// A quick hash of a key: it only spreads rows over a table and never leaves the process. Four lanes, because a step of
/// one must wait for the step before.
fn key_hash(key: &[Symbol], day: NaiveDate) -> u64 {
    const FACTORS: [u64; 4] =
        [0x9e37_79b9_7f4a_7c15, 0xe703_7ed1_a0b4_28db, 0x8ebc_6af0_9c88_c6e3, 0xa076_1d64_78bd_642f];
    let fold = |hash: u64, a: Symbol, b: Symbol, factor: u64| {
        let product = u128::from(hash ^ (u64::from(a.0) << 32 | u64::from(b.0))) * u128::from(factor);
        (product as u64) ^ ((product >> 64) as u64)
    };
    let mut lanes = FACTORS;
    lanes[0] ^= day.num_days_from_ce() as u64;
    let (blocks, rest) = key.as_chunks::<8>();
    for block in blocks {
        let (pairs, _) = block.as_chunks::<2>();
        for ((lane, pair), factor) in lanes.iter_mut().zip(pairs).zip(FACTORS) {
            *lane = fold(*lane, pair[0], pair[1], factor);
        }
    }
    for (place, &symbol) in rest.iter().enumerate() {
        lanes[place % 4] = fold(lanes[place % 4], symbol, Symbol(place as u32 + 1), FACTORS[0]);
    }
    fold(
        lanes[0] ^ lanes[1].rotate_left(17) ^ lanes[2].rotate_left(31) ^ lanes[3].rotate_left(47),
        Symbol(0),
        Symbol(1),
        FACTORS[1],
    )
}
