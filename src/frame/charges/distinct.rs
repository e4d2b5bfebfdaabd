//! The distinct values of a column in the order in which they come, and the code of each row among them.

use super::{NONE, Texts};
use crate::model::roll_up::Symbol;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// After so many values it is clear whether they repeat: where a whole row group has twice as many values as distinct
/// ones, one number in a hundred has come twice by then; a text, which costs more to look up, must have more often.
const SAMPLE: usize = 4096;
const DISTINCT_NUMBERS: usize = SAMPLE / 128 * 127;
const DISTINCT_TEXTS: usize = SAMPLE / 16 * 15;

/// Symbols by an array: no text is looked at.
#[derive(Default)]
pub struct Places {
    /// Round and code, by symbol.
    codes: Vec<(u32, u32)>,
    round: u32,
    pub count: u32,
}

impl Places {
    pub fn begin(&mut self) {
        self.round += 1;
        self.count = 0;
    }

    pub fn code(&mut self, symbol: Symbol, add: impl FnOnce()) -> u32 {
        let symbol = symbol.0 as usize;
        if self.codes.len() <= symbol {
            self.codes.resize(symbol + 1, (0, 0));
        }
        let (round, code) = &mut self.codes[symbol];
        if *round != self.round {
            *round = self.round;
            *code = self.count;
            self.count += 1;
            add();
        }
        *code
    }
}

/// Numbers by an open table.
#[derive(Default)]
pub struct Numbers {
    pub distinct: Vec<i128>,
    /// Code plus one; 0 is free.
    slots: Vec<u32>,
}

impl Numbers {
    /// False where the numbers hardly repeat.
    pub fn index(&mut self, column: impl Iterator<Item = i128>, rows: usize, codes: &mut Vec<u32>) -> bool {
        let bits = (rows.max(2) * 2).next_power_of_two().trailing_zeros();
        self.slots.clear();
        self.slots.resize(1 << bits, 0);
        self.distinct.clear();
        let mut last = (NONE, 0);
        for number in column {
            if number != last.0 {
                last = (number, self.code(number, bits));
                if codes.len() == SAMPLE && self.distinct.len() > DISTINCT_NUMBERS {
                    return false;
                }
            }
            codes.push(last.1);
        }
        self.distinct.len() <= codes.len() / 4 * 3
    }

    fn code(&mut self, number: i128, bits: u32) -> u32 {
        let mixed = (number as u64 ^ (number >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut slot = (mixed >> (u64::BITS - bits)) as usize;
        loop {
            match self.slots[slot] {
                0 => {
                    self.distinct.push(number);
                    self.slots[slot] = self.distinct.len() as u32;
                    return self.distinct.len() as u32 - 1;
                }
                code if self.distinct[code as usize - 1] == number => return code - 1,
                _ => slot = (slot + 1) & ((1 << bits) - 1),
            }
        }
    }

    /// The codes of the least and the greatest.
    pub fn bounds(&self) -> Option<(usize, usize)> {
        let place = |bound: Option<(usize, &i128)>| bound.map(|(code, _)| code);
        let numbers = || self.distinct.iter().enumerate();
        place(numbers().min_by_key(|(_, number)| **number)).zip(place(numbers().max_by_key(|(_, number)| **number)))
    }
}

/// Texts without symbols by their hash.
#[derive(Default)]
pub struct Words {
    /// The row in which each came first.
    pub distinct: Vec<u32>,
    codes: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Words {
    /// False where the texts hardly repeat. An empty text is none.
    pub fn index(&mut self, texts: &Texts, codes: &mut Vec<u32>) -> bool {
        let Self { distinct, codes: table, hasher } = self;
        distinct.clear();
        table.clear();
        for (row, text) in texts.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            let same = |&code: &u32| texts.get(distinct[code as usize] as usize) == text;
            let hash = hasher.hash_one(text);
            if let Some(&code) = table.find(hash, same) {
                codes.push(code);
                continue;
            }
            let code = distinct.len() as u32;
            let first = |&code: &u32| hasher.hash_one(texts.get(distinct[code as usize] as usize));
            table.insert_unique(hash, code, first);
            distinct.push(row as u32);
            codes.push(code);
            if codes.len() == SAMPLE && distinct.len() > DISTINCT_TEXTS {
                return false;
            }
        }
        distinct.len() <= codes.len() / 4 * 3
    }
}
