//! Repeated texts as numbers: a cell is looked up by its bytes, and most cells repeat the one above.

use crate::model::roll_up::{Symbol, Symbols};
use hashbrown::HashMap;

/// The symbols of one column. Null spellings become [`Symbol::EMPTY`], blanks around go.
#[derive(Default)]
pub struct Dictionary {
    known: HashMap<Box<[u8]>, Symbol>,
    last: Vec<u8>,
    last_symbol: Symbol,
    any: bool,
}

impl Dictionary {
    /// The symbol of a cell; `change` makes the text that is kept from a text met for the first time.
    pub fn symbol(
        &mut self,
        cell: &[u8],
        symbols: &mut Symbols,
        change: impl FnOnce(&str) -> Option<String>,
    ) -> Symbol {
        if self.any && self.last == cell {
            return self.last_symbol;
        }
        let symbol = match self.known.get(cell) {
            Some(&symbol) => symbol,
            None => {
                let text = String::from_utf8_lossy(cell);
                let text = if is_null(&text) { "" } else { text.trim() };
                let symbol = match change(text) {
                    Some(changed) => symbols.intern(&changed),
                    None => symbols.intern(text),
                };
                self.known.insert(cell.into(), symbol);
                symbol
            }
        };
        self.last.clear();
        self.last.extend_from_slice(cell);
        self.last_symbol = symbol;
        self.any = true;
        symbol
    }
}

/// Spellings of "no value" seen in vendors' files.
pub fn is_null(text: &str) -> bool {
    matches!(
        text.trim(),
        "" | "NULL" | "null" | "Unassigned" | "Not applicable" | "{}" | "00000000-0000-0000-0000-000000000000"
    )
}

/// Something parsed once for each distinct cell: moments, the values of tags.
pub struct Memo<T> {
    known: HashMap<Box<[u8]>, T>,
    last: Vec<u8>,
    last_value: Option<T>,
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), last: Vec::new(), last_value: None }
    }
}

impl<T: Clone> Memo<T> {
    pub fn get(&mut self, cell: &[u8], make: impl FnOnce(&[u8]) -> T) -> T {
        if let Some(value) = self.last_value.as_ref().filter(|_| self.last == cell) {
            return value.clone();
        }
        let value = match self.known.get(cell) {
            Some(value) => value.clone(),
            None => {
                let value = make(cell);
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
