//! Which rows and row ids stand in a part more than once, in memory that does not grow with the part.
//!
//! Fingerprints are sorted a million at a time; from the second million on each sorted piece goes to a scratch file, and
//! at the end the pieces are read side by side in the order of the fingerprints. What is found, and the numbers in it, are
//! those of sorting all at once. A part of 100,000,000 rows holds 16 MB of fingerprints and a hundred buffers, where it
//! held 1.6 GB.

use super::kept::{PartKeeper, Scratch};
use crate::model::finding::{Code, Finding, Place, Severity};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

/// From this many rows on it is no accident that each has its twin.
const FEWEST_DOUBLED: u64 = 4;
/// Fingerprints in memory.
const MOST_HELD: usize = 1 << 20;
/// Bytes of a fingerprint and its row in a scratch file.
const WIDTH: usize = 12;
const BUFFER: usize = 1 << 16;

/// Rows by fingerprint: of the row id, or of the whole row where the vendor gives no id.
#[derive(Default)]
pub struct Seen {
    held: Vec<(u64, u32)>,
    pieces: Vec<Box<dyn Scratch>>,
    most_held: Option<usize>,
}

/// What repeats in a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repeated {
    /// The first row that repeats an earlier one, and that one.
    first: Option<(u32, u32)>,
    rows: u64,
    /// The longest series of equals.
    longest: u64,
    /// A row has no twin, or stands there thrice.
    is_odd: bool,
    count: u64,
}

impl Seen {
    #[cfg(test)]
    fn with(most_held: usize) -> Self {
        Self { most_held: Some(most_held), ..Self::default() }
    }

    pub fn push(&mut self, fingerprint: u64, row: u64, keeper: &mut dyn PartKeeper) -> io::Result<()> {
        if self.held.len() >= self.most_held.unwrap_or(MOST_HELD) {
            self.spill(keeper)?;
        }
        self.held.push((fingerprint, u32::try_from(row).unwrap_or(u32::MAX)));
        Ok(())
    }

    fn spill(&mut self, keeper: &mut dyn PartKeeper) -> io::Result<()> {
        self.held.sort_unstable();
        let mut file = BufWriter::with_capacity(BUFFER, keeper.scratch()?);
        for (fingerprint, row) in self.held.drain(..) {
            file.write_all(&fingerprint.to_le_bytes())?;
            file.write_all(&row.to_le_bytes())?;
        }
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.pieces.push(file);
        Ok(())
    }

    /// What repeats; each fingerprint is given out once, in rising order.
    pub fn finish(mut self, mut each: impl FnMut(u64) -> io::Result<()>) -> io::Result<Repeated> {
        self.held.sort_unstable();
        let mut series = Series::default();
        if self.pieces.is_empty() {
            for &(fingerprint, row) in &self.held {
                if series.add(fingerprint, row) {
                    each(fingerprint)?;
                }
            }
            return Ok(series.end());
        }
        let mut pieces: Vec<Piece> = self.pieces.into_iter().map(Piece::of_file).collect();
        pieces.push(Piece::Held(self.held.into_iter()));
        let mut heads = BinaryHeap::with_capacity(pieces.len());
        for (place, piece) in pieces.iter_mut().enumerate() {
            heads.extend(piece.next()?.map(|head| Reverse((head, place))));
        }
        while let Some(mut head) = heads.peek_mut() {
            let Reverse(((fingerprint, row), place)) = *head;
            if series.add(fingerprint, row) {
                each(fingerprint)?;
            }
            match pieces[place].next()? {
                Some(next) => *head = Reverse((next, place)),
                None => drop(PeekMut::pop(head)),
            }
        }
        Ok(series.end())
    }
}

enum Piece {
    File(BufReader<Box<dyn Scratch>>),
    Held(std::vec::IntoIter<(u64, u32)>),
}

impl Piece {
    fn of_file(file: Box<dyn Scratch>) -> Self {
        Self::File(BufReader::with_capacity(BUFFER, file))
    }

    fn next(&mut self) -> io::Result<Option<(u64, u32)>> {
        let file = match self {
            Self::Held(held) => return Ok(held.next()),
            Self::File(file) => file,
        };
        let mut entry = [0; WIDTH];
        match file.read_exact(&mut entry) {
            Ok(()) => {
                let (fingerprint, row) = (entry.first_chunk::<8>(), entry.last_chunk::<4>());
                let number = fingerprint.map_or(0, |bytes| u64::from_le_bytes(*bytes));
                Ok(Some((number, row.map_or(0, |bytes| u32::from_le_bytes(*bytes)))))
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The series of equal fingerprints that is going by.
#[derive(Default)]
struct Series {
    fingerprint: u64,
    rows: [u32; 2],
    length: u64,
    found: Repeated,
}

impl Series {
    /// Whether a new series begins.
    fn add(&mut self, fingerprint: u64, row: u32) -> bool {
        self.found.count += 1;
        if self.length > 0 && self.fingerprint == fingerprint {
            if self.length == 1 {
                self.rows[1] = row;
            }
            self.length += 1;
            return false;
        }
        self.close();
        (self.fingerprint, self.rows[0], self.length) = (fingerprint, row, 1);
        true
    }

    fn close(&mut self) {
        let found = &mut self.found;
        found.is_odd |= !self.length.is_multiple_of(2);
        if self.length > 1 {
            found.rows += self.length - 1;
            found.longest = found.longest.max(self.length);
            let pair = (self.rows[1], self.rows[0]);
            found.first = Some(found.first.map_or(pair, |first| first.min(pair)));
        }
    }

    fn end(mut self) -> Repeated {
        self.close();
        self.found
    }
}

impl Repeated {
    /// One row id on several rows.
    pub fn ids_twice(&self, file: &str, column: &str) -> Option<Finding> {
        let (again, before) = self.first?;
        let more = match self.rows {
            1 => String::new(),
            2 => " One more row repeats an id.".to_owned(),
            rows => format!(" {} more rows repeat an id.", rows - 1),
        };
        let why = format!(
            "Row {before} has the same id, and the vendor gives each row its own: one of them would be billed twice.{more}"
        );
        let place = Place::file(file).row(u64::from(again)).column(column);
        Some(Finding::new(Code::LineIdTwice, place, why, "Download the export again; do not join files by hand."))
    }

    /// Rows that are equal in every cell: legitimate where the vendor gives no ids, up to a limit.
    pub fn rows_repeated(&self, file: &str, limit: u64) -> Option<Finding> {
        let (again, before) = self.first?;
        if !self.is_odd && self.count >= FEWEST_DOUBLED {
            return Some(all_twice(file, again, before));
        }
        let more = match self.rows {
            1 => String::new(),
            2 => " One more row repeats an earlier one.".to_owned(),
            rows => format!(" {} more rows repeat an earlier one.", rows - 1),
        };
        let why =
            format!("Row {before} is equal in every cell.{more} The vendor gives no row ids, so all of them count.");
        let place = Place::file(file).row(u64::from(again));
        let mut finding = Finding::new(
            Code::RowsRepeated,
            place,
            why,
            "If the file was joined from two exports, put the exports into the inbox as they came.",
        );
        if self.longest > limit {
            finding.severity = Severity::Blocks;
        }
        Some(finding)
    }
}

fn all_twice(file: &str, again: u32, before: u32) -> Finding {
    let why = format!(
        "Row {before} is equal in every cell, and every other row of the file has such a twin: everything would be billed twice."
    );
    let place = Place::file(file).row(u64::from(again));
    let fix = "Download the export again, and put it into the inbox once.";
    let mut finding = Finding::new(Code::RowsRepeated, place, why, fix);
    finding.severity = Severity::Blocks;
    finding
}

/// The sorted row ids of one part, read once through.
pub trait RowIds {
    /// Appends every id up to this one that was not given before.
    fn up_to(&mut self, last: u64, into: &mut Vec<u64>) -> io::Result<()>;
}

/// Ids in memory.
pub struct HeldIds(std::iter::Peekable<std::vec::IntoIter<u64>>);

impl From<Vec<u64>> for HeldIds {
    fn from(ids: Vec<u64>) -> Self {
        Self(ids.into_iter().peekable())
    }
}

impl RowIds for HeldIds {
    fn up_to(&mut self, last: u64, into: &mut Vec<u64>) -> io::Result<()> {
        into.extend(std::iter::from_fn(|| self.0.next_if(|&id| id <= last)));
        Ok(())
    }
}

/// Row ids that stand in two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The first two parts of which that is true.
    pub parts: (usize, usize),
    pub rows: u64,
}

/// Ids that are compared at once.
const AT_ONCE: u64 = 1 << 16;

/// Compares the ids of all parts, a narrow range of fingerprints at a time: fingerprints spread evenly, so each range holds
/// few of them. Sorting finds the order that the parts bring along, and what is not there twice costs no more than that.
pub fn shared(parts: &mut [Box<dyn RowIds + '_>], total: u64) -> io::Result<Option<Shared>> {
    let ranges = (total / AT_ONCE).max(1);
    let width = u64::MAX / ranges;
    let (mut ids, mut sorted, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    let mut found: Option<Shared> = None;
    for range in 1..=ranges {
        let last = if range == ranges { u64::MAX } else { range * width };
        ids.clear();
        ends.clear();
        for part in parts.iter_mut() {
            part.up_to(last, &mut ids)?;
            ends.push(ids.len());
        }
        sorted.clone_from(&ids);
        sorted.sort();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            twice(&ids, &ends, &mut found);
        }
    }
    Ok(found)
}

/// Whether no id of `fresh` stands in another part, where the parts of `known` are known to share none. A bit for each
/// fresh id tells of nearly every known one that it is none of them.
pub fn are_apart(
    known: &mut [Box<dyn RowIds + '_>],
    fresh: &mut [Box<dyn RowIds + '_>],
    total: u64,
) -> io::Result<bool> {
    let ranges = (total / AT_ONCE).max(1);
    let width = u64::MAX / ranges;
    let (mut ids, mut others, mut bits) = (Vec::new(), Vec::new(), Vec::new());
    for range in 1..=ranges {
        let last = if range == ranges { u64::MAX } else { range * width };
        ids.clear();
        for part in fresh.iter_mut() {
            part.up_to(last, &mut ids)?;
        }
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Ok(false);
        }
        let words = (ids.len().max(1) / 2).next_power_of_two();
        bits.clear();
        bits.resize(words, 0_u64);
        let place = |id: u64| ((id >> 6) as usize & (words - 1), 1 << (id & 63));
        for (word, bit) in ids.iter().map(|&id| place(id)) {
            bits[word] |= bit;
        }
        for part in known.iter_mut() {
            others.clear();
            part.up_to(last, &mut others)?;
            let may_be = |id: &&u64| {
                let (word, bit) = place(**id);
                bits[word] & bit != 0
            };
            if others.iter().filter(may_be).any(|id| ids.binary_search(id).is_ok()) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn twice(ids: &[u64], ends: &[usize], found: &mut Option<Shared>) {
    let mut of_parts: Vec<(u64, usize)> = Vec::with_capacity(ids.len());
    for (part, &end) in ends.iter().enumerate() {
        of_parts.extend(ids[of_parts.len()..end].iter().map(|&id| (id, part)));
    }
    of_parts.sort_unstable();
    for pair in of_parts.windows(2).filter(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1) {
        let parts = (pair[0].1, pair[1].1);
        let shared = found.get_or_insert(Shared { parts, rows: 0 });
        shared.parts = shared.parts.min(parts);
        shared.rows += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::kept::HeldPart;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// The same, plainly: everything in memory.
    fn plain(rows: &[(u64, u32)]) -> Repeated {
        let mut rows = rows.to_vec();
        rows.sort_unstable();
        let mut found = Repeated { count: rows.len() as u64, ..Repeated::default() };
        for series in rows.chunk_by(|a, b| a.0 == b.0) {
            found.is_odd |= series.len() % 2 == 1;
            if let [before, again, ..] = series {
                found.rows += series.len() as u64 - 1;
                found.longest = found.longest.max(series.len() as u64);
                let pair = (again.1, before.1);
                found.first = Some(found.first.map_or(pair, |first| first.min(pair)));
            }
        }
        found
    }

    proptest! {
        #[test]
        fn pieces_say_what_the_whole_says(
            fingerprints in prop::collection::vec(prop_oneof![0..20_u64, any::<u64>()], 0..300), most_held in 1_usize..40
        ) {
            let rows: Vec<(u64, u32)> = fingerprints.iter().copied().zip(2..).collect();
            let mut keeper = HeldPart::default();
            let mut seen = Seen::with(most_held);
            for &(fingerprint, row) in &rows {
                seen.push(fingerprint, u64::from(row), &mut keeper).unwrap();
                prop_assert!(seen.held.len() <= most_held, "memory is bounded");
            }
            let mut given = Vec::new();
            let found = seen.finish(|id| { given.push(id); Ok(()) }).unwrap();
            prop_assert_eq!(found, plain(&rows));
            let mut distinct = fingerprints;
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(given, distinct);
        }

        #[test]
        fn ids_of_two_parts_are_found_range_by_range(
            parts in prop::collection::vec(prop::collection::btree_set(prop_oneof![0..50_u64, any::<u64>(), Just(u64::MAX)], 0..80), 1..6),
            total in 0..AT_ONCE * 40
        ) {
            let mut all: Vec<(u64, usize)> =
                parts.iter().enumerate().flat_map(|(part, ids)| ids.iter().map(move |&id| (id, part))).collect();
            all.sort_unstable();
            let pairs: Vec<(usize, usize)> =
                all.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| (pair[0].1, pair[1].1)).collect();
            let expected = pairs.iter().min().map(|&parts| Shared { parts, rows: pairs.len() as u64 });
            let mut ids: Vec<Box<dyn RowIds>> = parts
                .iter()
                .map(|ids| Box::new(HeldIds::from(ids.iter().copied().collect::<Vec<_>>())) as Box<dyn RowIds>)
                .collect();
            prop_assert_eq!(shared(&mut ids, total).unwrap(), expected);
            let held = |parts: &[BTreeSet<u64>]| -> Vec<Box<dyn RowIds>> {
                let held = |ids: &BTreeSet<u64>| HeldIds::from(ids.iter().copied().collect::<Vec<_>>());
                parts.iter().map(|ids| Box::new(held(ids)) as Box<dyn RowIds>).collect()
            };
            for first_fresh in 0..=parts.len() {
                let (known, fresh) = parts.split_at(first_fresh);
                if shared(&mut held(known), total).unwrap().is_none() {
                    let apart = are_apart(&mut held(known), &mut held(fresh), total).unwrap();
                    prop_assert_eq!(apart, expected.is_none());
                }
            }
        }
    }
}
