//! Texts as numbers: each text once, in one piece of memory.
//!
//! Ten million rows share a few thousand texts; ten million different resources or tags share none, and then what counts
//! is what a text costs beside its letters: eighteen bytes here, where a string of its own and a place in a map take some
//! hundred and thirty.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// A text of the roll-up, as a number. [`Symbol::EMPTY`] is "no value".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(pub u32);

impl Symbol {
    pub const EMPTY: Self = Self(0);
}

/// Each text once.
#[derive(Clone, Debug)]
pub struct Symbols {
    letters: String,
    /// Where each text ends. The first one is the empty one.
    ends: Vec<usize>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Texts that are in `numbers`; those that came in order wait until someone asks.
    findable: usize,
}

impl Default for Symbols {
    fn default() -> Self {
        Self {
            letters: String::new(),
            ends: vec![0],
            numbers: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            findable: 1,
        }
    }
}

impl Symbols {
    pub fn intern(&mut self, text: &str) -> Symbol {
        if text.is_empty() {
            return Symbol::EMPTY;
        }
        while self.findable < self.ends.len() {
            let number = self.findable;
            self.enter(number);
            self.findable += 1;
        }
        let hash = self.hasher.hash_one(text);
        if let Some(&number) = self.numbers.find(hash, |&number| self.at(number as usize) == text) {
            return Symbol(number);
        }
        let symbol = self.append(text);
        self.enter(symbol.0 as usize);
        self.findable = self.ends.len();
        symbol
    }

    /// Adds a text that is known to be new.
    pub fn append(&mut self, text: &str) -> Symbol {
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.letters.push_str(text);
        self.ends.push(self.letters.len());
        Symbol(number)
    }

    fn enter(&mut self, number: usize) {
        let Self { letters, ends, numbers, hasher, .. } = self;
        let hash = |number: usize| hasher.hash_one(text_of(letters, ends, number));
        numbers.insert_unique(hash(number), u32::try_from(number).unwrap_or(u32::MAX), |&other| hash(other as usize));
    }

    fn at(&self, number: usize) -> &str {
        text_of(&self.letters, &self.ends, number)
    }

    pub fn text(&self, symbol: Symbol) -> &str {
        let number = symbol.0 as usize;
        if number < self.ends.len() { self.at(number) } else { "" }
    }

    /// How many there are, the empty one among them.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.len() == 1
    }

    /// Every text in the order of its number.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|number| self.at(number))
    }

    /// Gives memory back that nothing more will come into.
    pub fn shrink(&mut self) {
        self.letters.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

fn text_of<'a>(letters: &'a str, ends: &[usize], number: usize) -> &'a str {
    let start = number.checked_sub(1).map_or(0, |before| ends[before]);
    &letters[start..ends[number]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_one_number() {
        let mut symbols = Symbols::default();
        let first: Vec<Symbol> = ["a", "", "bb", "a", "ä"].map(|text| symbols.intern(text)).into();
        assert_eq!(first.iter().map(|symbol| symbol.0).collect::<Vec<_>>(), [1, 0, 2, 1, 3]);
        assert_eq!(symbols.texts().collect::<Vec<_>>(), ["", "a", "bb", "ä"]);
    }

    #[test]
    fn appended_texts_are_found() {
        let mut symbols = Symbols::default();
        for number in 0..1000 {
            assert_eq!(symbols.append(&format!("text {number}")).0, number + 1);
        }
        assert_eq!(symbols.intern("text 999").0, 1000);
        assert_eq!(symbols.intern("another").0, 1001);
        assert_eq!(symbols.intern("text 0").0, 1);
        assert_eq!(symbols.text(Symbol(1001)), "another");
        assert_eq!(symbols.text(Symbol(5000)), "");
    }
}
