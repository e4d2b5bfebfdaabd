//! A strict reader of delimited text: it finds fields, keeps exact row numbers, and refuses what others swallow.
//!
//! Why not the `csv` crate here: one stray quote makes it swallow every row up to the next quote into one cell, and it
//! accepts a file cut inside a quoted cell, all without an error. On the way of money a row may not vanish. This scanner
//! looks at every byte once, sixty-four at a time ([`marks`]), gives fields as ranges (only the columns somebody reads are
//! ever turned into values), and stops at the first place where the quoting no longer says where rows end, because
//! nothing after it is certain.

mod marks;

use marks::Marks;
use memchr::memchr;
use std::borrow::Cow;
use std::io::{self, Read};
use thiserror::Error;

/// One cell.
const LONGEST_CELL: usize = 1 << 20;
/// One row.
const LONGEST_ROW: usize = 8 << 20;
/// A header.
pub const MOST_COLUMNS: usize = 4096;
/// A quoted cell with more line breaks than this is a quote that was never meant to open.
const MOST_LINES_IN_CELL: usize = 1000;
/// Small enough that the inflater's output is still in the cache when it is looked at.
const BLOCK: usize = 1 << 18;

/// Why the rest of a file cannot be trusted, and in which row it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Defect {
    #[error("a quote opens in row {row} and is never closed")]
    QuoteNeverClosed { row: u64 },
    #[error("text follows a closing quote in row {row}, column {column}")]
    TextAfterQuote { row: u64, column: usize },
    #[error("a quote stands inside a cell without quotes in row {row}, column {column}")]
    QuoteInBareCell { row: u64, column: usize },
    #[error("a quoted cell in row {row}, column {column} runs over more than {MOST_LINES_IN_CELL} lines")]
    TooManyLines { row: u64, column: usize },
    #[error("row {row} holds a NUL byte")]
    Nul { row: u64 },
    #[error("row {row} is longer than {LONGEST_ROW} bytes")]
    RowTooLong { row: u64 },
    #[error("a cell of row {row}, column {column} is longer than {LONGEST_CELL} bytes")]
    CellTooLong { row: u64, column: usize },
}

#[derive(Debug, Error)]
pub enum ScanError {
    #[error(transparent)]
    Defect(#[from] Defect),
    #[error(transparent)]
    Read(#[from] io::Error),
}

#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    end: u32,
}

/// The fields of one row, as ranges of the scanner's block.
#[derive(Debug, Default)]
pub struct Record {
    /// Those of the row, and after them what longer rows left.
    spans: Vec<Span>,
    count: usize,
    start: usize,
    end: usize,
    /// No byte of the row is beyond ASCII.
    ascii: bool,
    /// 1 for the header.
    pub row: u64,
}

impl Record {
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn spans(&self) -> &[Span] {
        self.spans.get(..self.count).unwrap_or_default()
    }

    /// For at least one more cell.
    fn make_room(&mut self) {
        if self.spans.len() == self.count {
            self.spans.resize((2 * self.count).max(16), Span::default());
        }
    }

    fn push(&mut self, start: usize, end: usize) {
        self.make_room();
        self.spans[self.count] = Span { start: start as u32, end: end as u32 };
        self.count += 1;
    }
}

/// The cells of one row where they lie in the scanner's block: looking at one copies nothing.
#[derive(Clone, Copy)]
pub struct Cells<'a> {
    block: &'a [u8],
    record: &'a Record,
}

impl<'a> Cells<'a> {
    /// The cell's bytes; a quote inside is still doubled, see [`undoubled`]. Empty past the end of the row.
    pub fn raw(&self, column: usize) -> &'a [u8] {
        match self.record.spans().get(column) {
            Some(span) => &self.block[span.start as usize..span.end as usize],
            None => &[],
        }
    }

    /// The whole row as it stands in the file, without its line end.
    pub fn line(&self) -> &'a [u8] {
        &self.block[self.record.start..self.record.end]
    }

    pub fn row(&self) -> u64 {
        self.record.row
    }

    /// No byte of the row is beyond ASCII; where the scanner does not know, it looks.
    pub fn is_ascii(&self) -> bool {
        self.record.ascii || self.line().is_ascii()
    }

    pub fn len(&self) -> usize {
        self.record.len()
    }

    pub fn is_empty(&self) -> bool {
        self.record.is_empty()
    }
}

/// A raw cell with its doubled quotes made single. A cell without quotes around it never holds one.
pub fn undoubled(cell: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'"', cell).is_none() {
        return Cow::Borrowed(cell);
    }
    let mut single = Vec::with_capacity(cell.len());
    push_undoubled(cell, &mut single);
    Cow::Owned(single)
}

pub fn push_undoubled(cell: &[u8], into: &mut Vec<u8>) {
    let mut rest = cell;
    while let Some(quote) = memchr(b'"', rest) {
        into.extend_from_slice(&rest[..=quote]);
        rest = rest.get(quote + 2..).unwrap_or_default();
    }
    into.extend_from_slice(rest);
}

/// Reads rows from bytes that are already plain text.
pub struct Scanner<R> {
    source: R,
    delimiter: u8,
    block: Vec<u8>,
    /// First byte not yet given out, and the end of what was read.
    at: usize,
    filled: usize,
    at_end: bool,
    row: u64,
    marks: Marks,
    bytes: u64,
    /// What the last look ended with, after the rows before it are given out.
    ended: Option<Ended>,
}

/// Why no further row can be given out just now.
enum Ended {
    NeedMore,
    Defect(Defect),
}

enum Step {
    Row { next: usize },
    NeedMore,
}

/// What follows a quoted cell; nothing where the block ends before that is certain.
enum After {
    Cell(usize),
    Row { end: usize, next: usize },
    Nothing,
}

impl<R: Read> Scanner<R> {
    pub fn new(source: R, delimiter: u8) -> Self {
        Self {
            source,
            delimiter,
            block: vec![0; BLOCK],
            at: 0,
            filled: 0,
            at_end: false,
            row: 0,
            marks: Marks::new(delimiter),
            bytes: 0,
            ended: None,
        }
    }

    /// Bytes of plain text read so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next row; false at the end. A row of no bytes at all is given as a record without fields.
    pub fn next(&mut self, record: &mut Record) -> Result<bool, ScanError> {
        Ok(self.next_rows(std::slice::from_mut(record))? == 1)
    }

    /// As many of the next rows as lie in the block, up to the number of records; none at the end. They stay where they
    /// are until the next call.
    pub fn next_rows(&mut self, records: &mut [Record]) -> Result<usize, ScanError> {
        let mut count = 0;
        while count < records.len() {
            match self.ended.take() {
                Some(ended) if count > 0 => {
                    self.ended = Some(ended);
                    break;
                }
                Some(Ended::NeedMore) => self.fill()?,
                Some(Ended::Defect(defect)) => return Err(defect.into()),
                None => {}
            }
            if self.at == self.filled && self.at_end {
                break;
            }
            match self.scan(&mut records[count]) {
                Ok(Step::Row { next }) => {
                    self.row += 1;
                    records[count].row = self.row;
                    self.at = next;
                    count += 1;
                }
                Ok(Step::NeedMore) => self.ended = Some(Ended::NeedMore),
                Err(defect) => self.ended = Some(Ended::Defect(defect)),
            }
        }
        Ok(count)
    }

    pub fn field<'a>(&'a self, record: &Record, column: usize) -> Cow<'a, [u8]> {
        let Some(span) = record.spans().get(column) else { return Cow::Borrowed(&[]) };
        undoubled(&self.block[span.start as usize..span.end as usize])
    }

    /// The cells of a row where they lie.
    pub fn cells<'a>(&'a self, record: &'a Record) -> Cells<'a> {
        Cells { block: &self.block, record }
    }

    /// The row as it stands in the file, without its line end.
    pub fn raw(&self, record: &Record) -> &[u8] {
        &self.block[record.start..record.end]
    }

    /// One step over the row that begins at `self.at`, from mark to mark.
    fn scan(&mut self, record: &mut Record) -> Result<Step, Defect> {
        let delimiter = self.delimiter;
        let mut place = self.at;
        record.count = 0;
        while self.marks.look_on(&self.block[..self.filled]) {
            record.make_room();
            let bytes = &self.block[..self.filled];
            let mut other = None;
            let mut passed = 0;
            // As many cells as there is room for; usually all of the row up to a quote or its end.
            for (&mark, span) in self.marks.rest().iter().zip(&mut record.spans[record.count..]) {
                passed += 1;
                let byte = bytes[mark as usize];
                if byte != delimiter {
                    other = Some((byte, mark as usize));
                    break;
                }
                *span = Span { start: place as u32, end: mark };
                place = mark as usize + 1;
            }
            record.count += passed - usize::from(other.is_some());
            self.marks.pass(passed);
            let row = self.row + 1;
            match other {
                None => {}
                Some((b'\n', mark)) => {
                    record.push(place, mark);
                    return self.end_row(record, mark, mark + 1);
                }
                Some((b'"', mark)) if mark == place => match self.quoted_cell(record, place + 1)? {
                    After::Cell(next) => place = next,
                    After::Row { end, next } => return self.end_row(record, end, next),
                    After::Nothing => return Ok(Step::NeedMore),
                },
                Some((b'"', _)) => return Err(Defect::QuoteInBareCell { row, column: record.count + 1 }),
                Some((0, _)) => return Err(Defect::Nul { row }),
                Some(_) => {}
            }
        }
        if !self.at_end {
            return Ok(Step::NeedMore);
        }
        record.push(place, self.filled);
        self.end_row(record, self.filled, self.filled)
    }

    /// The quoted cell whose text begins at `start`, and what follows it.
    fn quoted_cell(&mut self, record: &mut Record, start: usize) -> Result<After, Defect> {
        let (row, column) = (self.row + 1, record.count + 1);
        let bytes = &self.block[..self.filled];
        let Some(end) = quoted(bytes, start, &mut self.marks, row, column)? else {
            return if self.at_end { Err(Defect::QuoteNeverClosed { row }) } else { Ok(After::Nothing) };
        };
        record.push(start, end);
        let after = end + 1;
        let next = match bytes.get(after) {
            Some(&byte) if byte == self.delimiter => After::Cell(after + 1),
            Some(b'\n') => After::Row { end: after, next: after + 1 },
            Some(b'\r') if bytes.get(after + 1) == Some(&b'\n') => After::Row { end: after, next: after + 2 },
            Some(b'\r') if after + 1 == self.filled && !self.at_end => return Ok(After::Nothing),
            None if self.at_end => return Ok(After::Row { end: after, next: after }),
            None => return Ok(After::Nothing),
            Some(_) => return Err(Defect::TextAfterQuote { row, column }),
        };
        self.marks.next(bytes);
        Ok(next)
    }

    fn end_row(&mut self, record: &mut Record, end: usize, next: usize) -> Result<Step, Defect> {
        let mut end = end;
        // A carriage return before the line feed belongs to the line end, also after a bare cell.
        if end > self.at && self.block[end - 1] == b'\r' {
            end -= 1;
            if let Some(last) = record.count.checked_sub(1).and_then(|last| record.spans.get_mut(last)) {
                last.end = last.end.min(end as u32);
            }
        }
        if end - self.at > LONGEST_CELL
            && let Some(place) = record.spans().iter().position(|span| (span.end - span.start) as usize > LONGEST_CELL)
        {
            return Err(Defect::CellTooLong { row: self.row + 1, column: place + 1 });
        }
        if end == self.at {
            record.count = 0;
        }
        record.start = self.at;
        record.end = end;
        record.ascii = self.marks.ascii_since(self.at);
        Ok(Step::Row { next })
    }

    /// Moves what is left to the front and reads on; grows only for a row that does not fit.
    fn fill(&mut self) -> Result<(), ScanError> {
        self.block.copy_within(self.at..self.filled, 0);
        self.filled -= self.at;
        self.at = 0;
        self.marks.restart();
        if self.filled == self.block.len() {
            if self.block.len() >= LONGEST_ROW {
                return Err(Defect::RowTooLong { row: self.row + 1 }.into());
            }
            self.block.resize(self.block.len() * 2, 0);
        }
        while self.filled < self.block.len() {
            match self.source.read(&mut self.block[self.filled..]) {
                Ok(0) => {
                    self.at_end = true;
                    break;
                }
                Ok(read) => {
                    self.filled += read;
                    self.bytes += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// The closing quote of the cell whose text begins at `start`, or nothing when the block ends before it is certain.
fn quoted(bytes: &[u8], start: usize, marks: &mut Marks, row: u64, column: usize) -> Result<Option<usize>, Defect> {
    let mut lines = 0;
    // The mark of a quote that is the second of two.
    let mut second = usize::MAX;
    while marks.look_on(bytes) {
        let mut passed = 0;
        let mut closing = None;
        for mark in marks.rest().iter().map(|&mark| mark as usize) {
            passed += 1;
            match bytes[mark] {
                b'"' if mark == second => {}
                b'"' if bytes.get(mark + 1) == Some(&b'"') => second = mark + 1,
                b'"' => {
                    closing = Some(mark);
                    break;
                }
                b'\n' => lines += 1,
                0 => return Err(Defect::Nul { row }),
                _ => {}
            }
        }
        marks.pass(passed);
        // Where the next byte is not here yet the caller reads on, or the file ends with this quote.
        match closing {
            None => {}
            Some(mark) if mark - start > LONGEST_CELL => return Err(Defect::CellTooLong { row, column }),
            Some(_) if lines > MOST_LINES_IN_CELL => return Err(Defect::TooManyLines { row, column }),
            Some(mark) => return Ok(Some(mark)),
        }
    }
    if bytes.len() - start > LONGEST_CELL { Err(Defect::CellTooLong { row, column }) } else { Ok(None) }
}

#[cfg(test)]
mod tests;
