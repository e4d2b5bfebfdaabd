//! Many sorted roll-ups become one, row by row, without holding more of them than a row each.
//!
//! Symbols are only numbers of a roll-up's own texts. As each run brings its texts in order, the order of all of them is
//! known before the first row is read, and rows that were in order stay so under the new numbers. What is in memory is the
//! result, a number for each text of each run, and the row at the head of each run.

use super::{RollUp, Sums};
use crate::model::money::Overflow;
use crate::model::symbols::{Symbol, Symbols};
use chrono::NaiveDate;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum MergeError {
    #[error(transparent)]
    Overflow(#[from] Overflow),
    #[error(transparent)]
    Read(#[from] io::Error),
}

/// A sorted roll-up that is read once through: first its texts in rising order, then its rows.
pub trait Run {
    /// Gives the next text but the empty one; false after the last.
    fn text(&mut self, into: &mut String) -> io::Result<bool>;

    /// Gives the next row, its symbols numbered as the texts came; the empty text is none of them and has the number 0. As
    /// many symbols as it says are those of the row before, and are left as they are.
    fn row(&mut self, key: &mut [Symbol]) -> io::Result<Option<(usize, NaiveDate, Sums)>>;
}

/// A roll-up in memory, as a run.
pub struct Held {
    roll_up: RollUp,
    text: usize,
    row: usize,
}

impl From<RollUp> for Held {
    fn from(roll_up: RollUp) -> Self {
        Self { roll_up: roll_up.in_order(), text: 0, row: 0 }
    }
}

impl Run for Held {
    fn text(&mut self, into: &mut String) -> io::Result<bool> {
        self.text += 1;
        into.clear();
        into.push_str(self.roll_up.symbols.text(Symbol(self.text as u32)));
        Ok(self.text < self.roll_up.symbols.len())
    }

    fn row(&mut self, key: &mut [Symbol]) -> io::Result<Option<(usize, NaiveDate, Sums)>> {
        if self.row == self.roll_up.len() {
            return Ok(None);
        }
        let row = self.roll_up.row(self.row);
        let same = self.row.checked_sub(1).is_some_and(|before| row.has_key_of(self.roll_up.row(before)));
        if !same {
            row.copy_key(key);
        }
        let next = (if same { key.len() } else { 0 }, row.day(), row.sums());
        self.row += 1;
        Ok(Some(next))
    }
}

/// Sums of equal keys become one row; rows are in the order of their texts.
pub fn merge<R: Run>(mut runs: Vec<R>, tags: Vec<String>) -> Result<RollUp, MergeError> {
    let (symbols, numbers) = texts(&mut runs)?;
    let mut whole = RollUp::with(symbols, tags);
    let mut heads = BinaryHeap::with_capacity(runs.len());
    for (place, numbers) in numbers.into_iter().enumerate() {
        let key = vec![Symbol::EMPTY; whole.stride()];
        let mut head = Head { key, day: NaiveDate::MIN, sums: Sums::default(), place, numbers };
        if head.next(&mut runs)? {
            heads.push(head);
        }
    }
    let mut key = vec![Symbol::EMPTY; whole.stride()];
    let mut open: Option<(NaiveDate, Sums)> = None;
    while let Some(mut head) = heads.peek_mut() {
        match &mut open {
            Some((day, sums)) if *day == head.day && key == head.key => sums.add(&head.sums)?,
            _ => {
                if let Some((day, sums)) = open.take() {
                    whole.add(&key, day, &sums);
                }
                key.copy_from_slice(&head.key);
                open = Some((head.day, head.sums));
            }
        }
        if !head.next(&mut runs)? {
            PeekMut::pop(head);
        }
    }
    if let Some((day, sums)) = open {
        whole.add(&key, day, &sums);
    }
    whole.shrink();
    Ok(whole)
}

/// All texts in order, and for each run the numbers that its texts have among them.
fn texts<R: Run>(runs: &mut [R]) -> io::Result<(Symbols, Vec<Vec<Symbol>>)> {
    let mut symbols = Symbols::default();
    let mut numbers = vec![vec![Symbol::EMPTY]; runs.len()];
    let mut heads = BinaryHeap::with_capacity(runs.len());
    for (place, run) in runs.iter_mut().enumerate() {
        let mut text = String::new();
        if run.text(&mut text)? {
            heads.push(Reverse((text, place)));
        }
    }
    let mut last = Symbol::EMPTY;
    while let Some(mut head) = heads.peek_mut() {
        let Reverse((text, place)) = &mut *head;
        if symbols.text(last) != *text {
            last = symbols.append(text);
        }
        numbers[*place].push(last);
        if !runs[*place].text(text)? {
            PeekMut::pop(head);
        }
    }
    symbols.shrink();
    Ok((symbols, numbers))
}

/// The next row of a run, in the numbers of the whole.
struct Head {
    key: Vec<Symbol>,
    day: NaiveDate,
    sums: Sums,
    place: usize,
    numbers: Vec<Symbol>,
}

impl Head {
    fn next<R: Run>(&mut self, runs: &mut [R]) -> io::Result<bool> {
        let Some((shared, day, sums)) = runs[self.place].row(&mut self.key)? else { return Ok(false) };
        for symbol in self.key.iter_mut().skip(shared) {
            let number = self.numbers.get(symbol.0 as usize);
            *symbol = *number.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a text is missing"))?;
        }
        (self.day, self.sums) = (day, sums);
        Ok(true)
    }
}

impl Ord for Head {
    /// The least first.
    fn cmp(&self, other: &Self) -> Ordering {
        (&other.key, other.day, other.place).cmp(&(&self.key, self.day, self.place))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}
