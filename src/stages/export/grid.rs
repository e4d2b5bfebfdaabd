//! One sheet of a workbook as cells, pulled from its XML in one pass.
//!
//! Only what proves a figure is kept: where a cell stands and what it says. Shared texts stay numbers, and an amount stays
//! the characters of the file, so that a sheet of twenty thousand rows costs a few megabytes for the moment it is compared.

use anyhow::{Context, bail, ensure};
use chrono::{Days, NaiveDate};
use quick_xml::Reader;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// What all sheets of a workbook share.
#[derive(Default)]
pub(super) struct Shared {
    pub texts: Vec<String>,
    /// By style: whether a number in it is a day.
    pub days: Vec<bool>,
}

/// Cells that hold something, row by row.
#[derive(Default)]
pub(super) struct Grid {
    rows: Vec<GridRow>,
    cells: Vec<GridCell>,
    own: String,
}

struct GridRow {
    /// As the sheet counts: from 1.
    number: u32,
    first: usize,
    last: usize,
}

struct GridCell {
    column: u32,
    content: Content,
}

enum Content {
    /// The place of a shared text.
    Shared(usize),
    /// Where it stands in [`Grid::own`].
    Own(usize, usize),
}

/// One row of a sheet that is being read.
#[derive(Clone, Copy)]
pub(super) struct SheetRow<'a> {
    pub number: u32,
    cells: &'a [GridCell],
    grid: &'a Grid,
    shared: &'a Shared,
}

impl<'a> SheetRow<'a> {
    fn content(self, cell: &GridCell) -> &'a str {
        match cell.content {
            Content::Shared(place) => self.shared.texts.get(place).map_or("", String::as_str),
            Content::Own(first, last) => &self.grid.own[first..last],
        }
    }

    /// Columns and contents of the cells that hold something, from left to right.
    pub fn cells(self) -> impl Iterator<Item = (u32, &'a str)> {
        self.cells.iter().map(move |cell| (cell.column, self.content(cell)))
    }

    /// Nothing where the cell is empty.
    pub fn at(self, column: u32) -> Option<&'a str> {
        let place = self.cells.binary_search_by_key(&column, |cell| cell.column).ok()?;
        Some(self.content(&self.cells[place]))
    }
}

impl Grid {
    pub fn rows<'a>(&'a self, shared: &'a Shared) -> impl Iterator<Item = SheetRow<'a>> {
        self.rows.iter().map(move |row| SheetRow {
            number: row.number,
            cells: &self.cells[row.first..row.last],
            grid: self,
            shared,
        })
    }

    pub fn read(xml: &str, shared: &Shared) -> anyhow::Result<Self> {
        let mut reader = Reader::from_str(xml);
        let mut grid = Self::default();
        loop {
            match reader.read_event()? {
                Event::Start(row) if row.name().0 == "row" => {
                    let number = attribute(&row, "r")?.context("a row without a number")?.parse()?;
                    let first = grid.cells.len();
                    grid.row(&mut reader, shared).with_context(|| format!("row {number}"))?;
                    grid.rows.push(GridRow { number, first, last: grid.cells.len() });
                }
                Event::Eof => return Ok(grid),
                _ => {}
            }
        }
    }

    fn row(&mut self, reader: &mut Reader<&[u8]>, shared: &Shared) -> anyhow::Result<()> {
        let mut text = String::new();
        loop {
            match reader.read_event()? {
                Event::Start(cell) if cell.name().0 == "c" => {
                    let about = About::of(&cell)?;
                    read_value(reader, &mut text)?;
                    let follows = self.cells.last().is_none_or(|last| last.column < about.column);
                    let starts_row = self.rows.last().map_or(0, |row| row.last) == self.cells.len();
                    ensure!(follows || starts_row, "cells are out of order");
                    if let Some(content) = self.content(&about, &text, shared)? {
                        self.cells.push(GridCell { column: about.column, content });
                    }
                }
                Event::End(row) if row.name().0 == "row" => return Ok(()),
                Event::Eof => bail!("the sheet ends within a row"),
                _ => {}
            }
        }
    }

    fn content(&mut self, about: &About, text: &str, shared: &Shared) -> anyhow::Result<Option<Content>> {
        let first = self.own.len();
        match about.kind {
            CellKind::Shared => {
                let place: usize = text.parse()?;
                ensure!(place < shared.texts.len(), "a text that the workbook does not have");
                return Ok(Some(Content::Shared(place)));
            }
            CellKind::Number if text.is_empty() => return Ok(None),
            CellKind::Number if shared.days.get(about.style).copied().unwrap_or_default() => {
                self.own.push_str(&day(text)?.to_string());
            }
            CellKind::Number => super::doubles::push_number(&mut self.own, text)?,
            CellKind::Own => self.own.push_str(text),
        }
        Ok(Some(Content::Own(first, self.own.len())))
    }
}

struct About {
    column: u32,
    style: usize,
    kind: CellKind,
}

enum CellKind {
    Number,
    Shared,
    Own,
}

impl About {
    fn of(cell: &BytesStart<'_>) -> anyhow::Result<Self> {
        let mut about = Self { column: 0, style: 0, kind: CellKind::Number };
        let mut placed = false;
        for attribute in unchecked(cell) {
            let attribute = attribute?;
            match attribute.key.0 {
                "r" => (about.column, placed) = (column(&attribute.value)?, true),
                "s" => about.style = attribute.value.parse()?,
                "t" => {
                    about.kind = match &*attribute.value {
                        "s" => CellKind::Shared,
                        "n" => CellKind::Number,
                        _ => CellKind::Own,
                    };
                }
                _ => {}
            }
        }
        ensure!(placed, "a cell without a place");
        Ok(about)
    }
}

/// The column of `AB12`, from 0.
fn column(place: &str) -> anyhow::Result<u32> {
    let letters = place.bytes().take_while(u8::is_ascii_uppercase);
    let column = letters.fold(0, |column: u32, letter| column.saturating_mul(26) + u32::from(letter - b'A') + 1);
    column.checked_sub(1).with_context(|| format!("{place} is no place of a cell"))
}

/// The value or the text of a cell up to its end; never the formula.
fn read_value(reader: &mut Reader<&[u8]>, text: &mut String) -> anyhow::Result<()> {
    text.clear();
    loop {
        match reader.read_event()? {
            Event::Start(inner) if matches!(inner.name().0, "v" | "t") => read_text(reader, text)?,
            Event::End(cell) if cell.name().0 == "c" => return Ok(()),
            Event::Eof => bail!("the sheet ends within a cell"),
            _ => {}
        }
    }
}

/// Characters up to the end of an element that holds nothing else.
pub(super) fn read_text(reader: &mut Reader<&[u8]>, text: &mut String) -> anyhow::Result<()> {
    loop {
        match reader.read_event()? {
            Event::Text(part) => text.push_str(&part),
            Event::CData(part) => text.push_str(&part),
            Event::GeneralRef(part) => text.push(character(&part)?),
            Event::End(_) => return Ok(()),
            Event::Eof => bail!("the file ends within a text"),
            _ => {}
        }
    }
}

fn character(part: &BytesRef<'_>) -> anyhow::Result<char> {
    if let Some(character) = part.resolve_char_ref()? {
        return Ok(character);
    }
    Ok(match &**part {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        other => bail!("&{other}; is no character"),
    })
}

/// An attribute by its name, as it is written.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> anyhow::Result<Option<String>> {
    for attribute in unchecked(element) {
        let attribute = attribute?;
        if attribute.key.0 == name {
            return Ok(Some(attribute.value.into_owned()));
        }
    }
    Ok(None)
}

/// Nobody looks whether a name comes twice: the first or the last of two would be compared with the ledger as well.
fn unchecked<'a>(element: &'a BytesStart<'_>) -> Attributes<'a> {
    let mut attributes = element.attributes();
    attributes.with_checks(false);
    attributes
}

/// Workbooks count days from the end of 1899, and believe in a 29 February 1900: from March 1900 on this is right.
fn day(text: &str) -> anyhow::Result<NaiveDate> {
    let whole: u64 = text.parse().with_context(|| format!("{text} is no day"))?;
    let first = NaiveDate::from_ymd_opt(1899, 12, 30).context("no calendar")?;
    first.checked_add_days(Days::new(whole)).with_context(|| format!("{text} is no day"))
}
