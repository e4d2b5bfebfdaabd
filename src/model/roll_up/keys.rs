//! Keys of a roll-up, kept in groups.
//!
//! A key has some forty symbols, and what it says of accounts, of the service and of the tags stands in thousands of other
//! keys too. So each of four stretches of a key is kept once, and a key is four numbers: 16 bytes instead of 160. Where
//! one stretch is different in every row (ten million resources), only that one grows.

use crate::model::charge::Dimension;
use crate::model::symbols::Symbol;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

const GROUPS: usize = 4;
/// Where the stretches begin: accounts, the resource and its user, the service and the kind of charge, tags.
const BORDERS: [usize; GROUPS] =
    [0, Dimension::ResourceId as usize, Dimension::ServiceCode as usize, Dimension::ALL.len()];

/// A key, as the numbers of its stretches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key([u32; GROUPS]);

#[derive(Clone, Debug, Default)]
pub struct Keys {
    groups: [Group; GROUPS],
}

#[derive(Clone, Debug, Default)]
struct Group {
    width: usize,
    symbols: Vec<Symbol>,
    count: u32,
    last: u32,
    known: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Keys {
    /// For keys of so many symbols.
    pub fn new(stride: usize) -> Self {
        let mut keys = Self::default();
        for (place, group) in keys.groups.iter_mut().enumerate() {
            let end = BORDERS.get(place + 1).copied().unwrap_or(stride);
            group.width = end - BORDERS[place];
        }
        keys
    }

    pub fn keep(&mut self, key: &[Symbol]) -> Key {
        let mut numbers = [0; GROUPS];
        for ((group, number), start) in self.groups.iter_mut().zip(&mut numbers).zip(BORDERS) {
            *number = group.keep(&key[start..start + group.width]);
        }
        Key(numbers)
    }

    #[inline]
    pub fn symbol(&self, key: Key, place: usize) -> Symbol {
        let group = BORDERS[1..].iter().map(|&border| usize::from(border <= place)).sum::<usize>();
        let Group { width, symbols, .. } = &self.groups[group];
        symbols[key.0[group] as usize * width + place - BORDERS[group]]
    }

    pub fn copy(&self, key: Key, into: &mut [Symbol]) {
        for ((group, number), start) in self.groups.iter().zip(key.0).zip(BORDERS) {
            into[start..start + group.width].copy_from_slice(group.at(number));
        }
    }

    /// Nothing more will be added: what finds equal stretches goes. Adding works all the same.
    pub fn shrink(&mut self) {
        for group in &mut self.groups {
            group.known = HashTable::new();
            group.symbols.shrink_to_fit();
        }
    }
}

impl Group {
    fn at(&self, number: u32) -> &[Symbol] {
        &self.symbols[number as usize * self.width..(number as usize + 1) * self.width]
    }

    fn keep(&mut self, symbols: &[Symbol]) -> u32 {
        if self.count > 0 && self.at(self.last) == symbols {
            return self.last;
        }
        if self.known.len() < self.count as usize {
            (0..self.count).for_each(|number| self.enter(number));
        }
        let hash = self.hasher.hash_one(symbols);
        self.last = match self.known.find(hash, |&number| self.at(number) == symbols) {
            Some(&number) => number,
            None => {
                self.symbols.extend_from_slice(symbols);
                self.count += 1;
                self.enter(self.count - 1);
                self.count - 1
            }
        };
        self.last
    }

    fn enter(&mut self, number: u32) {
        let Self { width, symbols, known, hasher, .. } = self;
        let hash = |number: u32| hasher.hash_one(&symbols[number as usize * *width..(number as usize + 1) * *width]);
        known.insert_unique(hash(number), number, |&other| hash(other));
    }
}
