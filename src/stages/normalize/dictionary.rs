//! Repeated texts as numbers: a cell is looked up by its bytes, and most cells repeat the one above.
//!
//! Cells are taken raw, with quotes inside still doubled: they are made single only when a text is met for the first
//! time.

use crate::frame::delimited::undoubled;
use hashbrown::HashMap;

/// Texts remembered for one column. Past this the memory starts anew: a column in which everything is distinct must not
/// fill the machine.
const MOST_KNOWN: usize = 1 << 20;

/// Something made once for each distinct cell: symbols, moments, the values of tags.
pub struct Memo<T> {
    known: HashMap<Box<[u8]>, T>,
    last: Vec<u8>,
    last_value: Option<T>,
    /// Of the cell without a byte: in most columns the commonest.
    empty: Option<T>,
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), last: Vec::new(), last_value: None, empty: None }
    }
}

impl<T: Clone> Memo<T> {
    /// What `make` made of this cell, now or before.
    pub fn get(&mut self, cell: &[u8], make: impl FnOnce(&str) -> T) -> T {
        if cell.is_empty() {
            return self.empty.get_or_insert_with(|| make("")).clone();
        }
        if let Some(value) = self.last_value.as_ref().filter(|_| self.last == cell) {
            return value.clone();
        }
        let value = match self.known.get(cell) {
            Some(value) => value.clone(),
            None => {
                let value = make(&String::from_utf8_lossy(&undoubled(cell)));
                if self.known.len() >= MOST_KNOWN {
                    self.known.clear();
                }
                self.known.insert(cell.into(), value.clone());
                value
            }
        };
        self.last.clear();
        self.last.extend_from_slice(cell);
        self.last_value = Some(value.clone());
        value
    }
}

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
