//! Repeated texts as numbers: a cell is looked up by its bytes, and most cells repeat the one above.
//!
//! Cells are taken raw, with quotes inside still doubled: they are made single only when a text is met for the first
//! time.

use super::fingerprint::fingerprint;
use crate::frame::delimited::undoubled;
use hashbrown::HashTable;

/// Texts remembered for one column. Past this the memory starts anew: a column in which everything is distinct must not
/// fill the machine.
const MOST_KNOWN: usize = 1 << 20;

/// Something made once for each distinct cell: symbols, moments, the values of tags.
///
/// A cell of up to sixteen bytes is compared as two machine words, without following a pointer.
pub struct Memo<T> {
    known: HashTable<Known<T>>,
    /// The longer cells, one after the other.
    texts: Vec<u8>,
    /// Of the cell without a byte: in most columns the commonest.
    empty: Option<T>,
}

struct Known<T> {
    words: (u64, u64),
    length: u32,
    /// Where a longer cell begins in the texts.
    start: u32,
    value: T,
}

impl<T> Known<T> {
    fn is(&self, cell: &[u8], words: (u64, u64), texts: &[u8]) -> bool {
        let start = self.start as usize;
        self.words == words
            && self.length as usize == cell.len()
            && (cell.len() <= 16 || texts.get(start..start + cell.len()) == Some(cell))
    }
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self { known: HashTable::new(), texts: Vec::new(), empty: None }
    }
}

impl<T: Clone> Memo<T> {
    /// What `make` made of this cell, now or before.
    #[inline]
    pub fn get(&mut self, cell: &[u8], make: impl FnOnce(&str) -> T) -> T {
        if cell.is_empty() {
            return self.empty.get_or_insert_with(|| make("")).clone();
        }
        let words = words(cell);
        let hash = spread(words, cell.len());
        match self.known.find(hash, |known| known.is(cell, words, &self.texts)) {
            Some(known) => known.value.clone(),
            None => self.learn(cell, words, hash, make(&String::from_utf8_lossy(&undoubled(cell)))),
        }
    }

    /// So many that they do not stay in the cache: worth a [`look`](Self::look) ahead.
    pub fn is_wide(&self) -> bool {
        self.known.len() > 2048
    }

    /// Fetches what [`get`](Self::get) will need for this cell. Done for many cells one after the other, the waits for
    /// memory run side by side. The result only keeps the look from being left out.
    #[inline]
    pub fn look(&self, cell: &[u8]) -> usize {
        if cell.is_empty() {
            return 0;
        }
        let words = words(cell);
        let found = self.known.find(spread(words, cell.len()), |known| known.words == words);
        found.map_or(0, |known| {
            let start = known.start as usize;
            [0, 64].iter().filter_map(|line| self.texts.get(start + line)).map(|byte| usize::from(*byte)).sum()
        })
    }

    #[cold]
    fn learn(&mut self, cell: &[u8], words: (u64, u64), hash: u64, value: T) -> T {
        let start = u32::try_from(self.texts.len());
        if self.known.len() >= MOST_KNOWN || start.is_err() {
            self.known.clear();
            self.texts.clear();
        }
        let start = start.unwrap_or_default().min(self.texts.len() as u32);
        if cell.len() > 16 {
            self.texts.extend_from_slice(cell);
        }
        let known = Known { words, length: cell.len() as u32, start, value: value.clone() };
        self.known.insert_unique(hash, known, |known| spread(known.words, known.length as usize));
        value
    }
}

/// Sixteen bytes or fewer as two words that, with the length, are the cell; a longer one only by what tells it apart.
#[inline]
fn words(cell: &[u8]) -> (u64, u64) {
    if let (Some(first), Some(last)) = (cell.first_chunk::<16>(), cell.last_chunk::<16>()) {
        let (first, last) = (u128::from_le_bytes(*first), u128::from_le_bytes(*last));
        return match cell.len() {
            16 => halves(first),
            17..=32 => halves(first ^ last.rotate_left(77)),
            _ => (fingerprint(cell), last as u64),
        };
    }
    if let (Some(first), Some(last)) = (cell.first_chunk(), cell.last_chunk()) {
        return (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (cell.first_chunk(), cell.last_chunk()) {
        return (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)));
    }
    // Three bytes or fewer: the first, the middle one and the last.
    let byte = |place: usize| u64::from(cell[place]);
    (byte(0) << 16 | byte(cell.len() / 2) << 8 | byte(cell.len() - 1), 0)
}

fn halves(both: u128) -> (u64, u64) {
    (both as u64, (both >> 64) as u64)
}

/// Spreads cells over a table; it never leaves the process.
#[inline]
fn spread((first, last): (u64, u64), length: usize) -> u64 {
    let product = u128::from(first ^ 0x9e37_79b9_7f4a_7c15) * u128::from(last.rotate_left(32) ^ SPREAD ^ length as u64);
    (product as u64) ^ ((product >> 64) as u64)
}

const SPREAD: u64 = 0xe703_7ed1_a0b4_28db;

/// The text without blanks around, or nothing when it is a spelling of "no value".
pub fn without_null(text: &str) -> &str {
    if is_null(text) { "" } else { text.trim() }
}

/// Spellings of "no value" seen in vendors' files.
pub fn is_null(text: &str) -> bool {
    matches!(
        text.trim(),
        "" | "NULL" | "null" | "Unassigned" | "Not applicable" | "{}" | "00000000-0000-0000-0000-000000000000"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        /// No cell is ever taken for another one, whatever their lengths.
        #[test]
        fn each_cell_has_its_own_value(cells in prop::collection::vec("[a-c]{0,40}|[a-b\u{0}]{0,6}", 0..200)) {
            let mut memo = Memo::default();
            let mut plain = HashMap::new();
            for (place, cell) in cells.iter().enumerate() {
                let expected = *plain.entry(cell).or_insert(place);
                prop_assert_eq!(memo.get(cell.as_bytes(), |text| { assert_eq!(text, cell); place }), expected);
            }
        }
    }
}
