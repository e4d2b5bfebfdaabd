//! Workbooks of ours, read by a reader of its own that knows nothing of how they were written: tables by the names of
//! their columns, never by fixed places. Each sheet is inflated and taken apart once, however often it is asked.

use super::grid::{Grid, Shared, SheetRow, attribute, read_text};
use super::look::DAY;
use super::workbook::NO_ROWS;
use anyhow::{Context, ensure};
use quick_xml::Reader;
use quick_xml::events::Event;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// A workbook that was written.
pub(super) struct Reread<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Members of the archive by the names of their sheets.
    members: BTreeMap<String, String>,
    shared: Shared,
    grids: BTreeMap<String, Grid>,
}

impl<'a> Reread<'a> {
    pub fn open(bytes: &'a [u8]) -> anyhow::Result<Self> {
        let mut archive = ZipArchive::new(Cursor::new(bytes))?;
        let members = members(&mut archive)?;
        let texts = texts(&member(&mut archive, "xl/sharedStrings.xml")?).context("the shared texts")?;
        let days = days(&member(&mut archive, "xl/styles.xml")?).context("the styles")?;
        Ok(Self { archive, members, shared: Shared { texts, days }, grids: BTreeMap::new() })
    }

    /// Hands over the cells of the named columns, row by row: the header is found by its names, and the table ends where
    /// its first column is empty. Nothing for a sheet that says it has no rows.
    pub fn each_row(
        &mut self,
        sheet: &str,
        headers: &[&str],
        mut tell: impl FnMut(&[&str]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let (grid, shared) = self.grid(sheet)?;
        let mut rows = grid.rows(shared);
        let Some((number, places)) = rows.find_map(|row| Some((row.number, places(row, headers)?))) else {
            let empty = grid.rows(shared).flat_map(SheetRow::cells).any(|(_, text)| text == NO_ROWS);
            ensure!(empty, "the sheet {sheet} has no table with the columns {}", headers.join(", "));
            return Ok(());
        };
        let mut cells = Vec::with_capacity(headers.len());
        for row in table(rows, number) {
            cells.clear();
            cells.extend(places.iter().map(|&place| row.at(place).unwrap_or_default()));
            tell(&cells)?;
        }
        Ok(())
    }

    /// The same, all at once.
    pub fn rows(&mut self, sheet: &str, headers: &[&str]) -> anyhow::Result<Vec<Vec<String>>> {
        let mut found = Vec::new();
        self.each_row(sheet, headers, |row| {
            found.push(row.iter().map(|&cell| cell.to_owned()).collect());
            Ok(())
        })?;
        Ok(found)
    }

    /// The same for all tables of a sheet that have these columns, one after the other.
    pub fn all_rows(&mut self, sheet: &str, headers: &[&str]) -> anyhow::Result<Vec<Vec<String>>> {
        let (grid, shared) = self.grid(sheet)?;
        let (mut rows, mut found) = (grid.rows(shared), Vec::new());
        while let Some((number, places)) = rows.find_map(|row| Some((row.number, places(row, headers)?))) {
            let cells = |row: SheetRow<'_>| {
                places.iter().map(|&place| row.at(place).unwrap_or_default().to_owned()).collect::<Vec<_>>()
            };
            found.extend(table(rows.by_ref(), number).map(cells));
        }
        Ok(found)
    }

    /// What stands right of a text, row by row of those that hold it.
    pub fn beside(&mut self, sheet: &str, label: &str) -> anyhow::Result<Vec<Vec<String>>> {
        let (grid, shared) = self.grid(sheet)?;
        let beside = |row: SheetRow<'_>| {
            let mut cells = row.cells();
            cells.find(|(_, text)| *text == label)?;
            Some(cells.map(|(_, text)| text.to_owned()).collect())
        };
        Ok(grid.rows(shared).filter_map(beside).collect())
    }

    fn grid(&mut self, sheet: &str) -> anyhow::Result<(&Grid, &Shared)> {
        if !self.grids.contains_key(sheet) {
            let cannot = || format!("the sheet {sheet} cannot be read");
            let name = self.members.get(sheet).with_context(cannot)?;
            let xml = member(&mut self.archive, name).with_context(cannot)?;
            self.grids.insert(sheet.to_owned(), Grid::read(&xml, &self.shared).with_context(cannot)?);
        }
        Ok((self.grids.get(sheet).context("no sheet")?, &self.shared))
    }
}

/// Rows below a header, up to one whose first column is empty or that is not there.
fn table<'a>(rows: impl Iterator<Item = SheetRow<'a>>, header: u32) -> impl Iterator<Item = SheetRow<'a>> {
    let follows = |(number, row): &(u32, SheetRow<'_>)| row.number == *number && row.at(0).is_some();
    (header + 1..).zip(rows).take_while(follows).map(|(_, row)| row)
}

/// Where the headers stand, in a row that has all of them.
fn places(row: SheetRow<'_>, headers: &[&str]) -> Option<Vec<u32>> {
    let place = |header: &&str| row.cells().find(|(_, text)| text == header).map(|(column, _)| column);
    headers.iter().map(place).collect()
}

/// A member of the archive, whole: the archive's own check is over its last byte.
fn member(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> anyhow::Result<String> {
    let mut member = archive.by_name(name)?;
    let mut xml = String::with_capacity(usize::try_from(member.size()).unwrap_or_default());
    member.read_to_string(&mut xml)?;
    Ok(xml)
}

/// Which member holds which sheet.
fn members(archive: &mut ZipArchive<Cursor<&[u8]>>) -> anyhow::Result<BTreeMap<String, String>> {
    let mut targets = BTreeMap::new();
    each(&member(archive, "xl/_rels/workbook.xml.rels")?, "Relationship", &["Id", "Target"], |[id, target]| {
        targets.insert(id, format!("xl/{target}"));
    })?;
    let mut members = BTreeMap::new();
    each(&member(archive, "xl/workbook.xml")?, "sheet", &["name", "r:id"], |[name, id]| {
        if let Some(target) = targets.get(&id) {
            members.insert(name, target.clone());
        }
    })?;
    Ok(members)
}

/// Two attributes of every element of a name.
fn each(xml: &str, element: &str, names: &[&str; 2], mut tell: impl FnMut([String; 2])) -> anyhow::Result<()> {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event()? {
            Event::Start(found) | Event::Empty(found) if found.name().0 == element => {
                let [Some(one), Some(two)] = [attribute(&found, names[0])?, attribute(&found, names[1])?] else {
                    continue;
                };
                tell([one, two]);
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn texts(xml: &str) -> anyhow::Result<Vec<String>> {
    let mut reader = Reader::from_str(xml);
    let mut texts: Vec<String> = Vec::new();
    loop {
        match reader.read_event()? {
            Event::Start(found) if found.name().0 == "si" => texts.push(String::new()),
            Event::Empty(found) if found.name().0 == "si" => texts.push(String::new()),
            Event::Start(found) if found.name().0 == "t" => {
                read_text(&mut reader, texts.last_mut().context("a text of its own")?)?;
            }
            Event::End(found) if found.name().0 == "si" => {
                if let Some(text) = texts.last_mut().filter(|text| text.contains("_x")) {
                    *text = unescaped(text);
                }
            }
            Event::Eof => return Ok(texts),
            _ => {}
        }
    }
}

/// A workbook writes a character that XML has no place for as `_x0007_`, and a text that looks like that with its first
/// stroke so written.
fn unescaped(text: &str) -> String {
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(place) = rest.find("_x") {
        let code = rest.get(place + 2..place + 7).and_then(|code| code.strip_suffix('_'));
        let character = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        let (taken, length) = character.map_or(('_', 1), |character| (character, 7));
        plain.push_str(&rest[..place]);
        plain.push(taken);
        rest = &rest[place + length..];
    }
    plain + rest
}

/// By style: whether its numbers are shown as days.
fn days(xml: &str) -> anyhow::Result<Vec<bool>> {
    let mut shown_as_day = Vec::new();
    each(xml, "numFmt", &["numFmtId", "formatCode"], |[id, code]| {
        if code == DAY {
            shown_as_day.push(id);
        }
    })?;
    let mut reader = Reader::from_str(xml);
    let (mut days, mut inside) = (Vec::new(), false);
    loop {
        match reader.read_event()? {
            Event::Start(found) if found.name().0 == "cellXfs" => inside = true,
            Event::End(found) if found.name().0 == "cellXfs" => return Ok(days),
            Event::Start(found) | Event::Empty(found) if inside && found.name().0 == "xf" => {
                let id = attribute(&found, "numFmtId")?.unwrap_or_default();
                days.push(shown_as_day.contains(&id));
            }
            Event::Eof => return Ok(days),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::export::workbook::{About, Book, Cell, Column, Kind, column};
    use calamine::{Data, Reader as _};

    const COLUMNS: [Column; 4] = [
        column("Text", 20, Kind::Text),
        column("Day", 20, Kind::Date),
        column("Number", 20, Kind::Decimal),
        column("Amount", 20, Kind::Money),
    ];

    fn workbook() -> Vec<u8> {
        let month = crate::model::month::Month::parse("2025-09").unwrap();
        let whose = "Parks & Roads".to_owned();
        let about =
            About { state: whose.clone(), title: whose.clone(), run: whose.clone(), whose, month, standing: "FINAL" };
        let texts = ["a < b && c > \"d\"", "_x0041_ stays", "  blanks  ", "l'\u{e9}t\u{e9} \u{1f332}", "=1+1"];
        let numbers = ["0.003334", "-12", "0.1234567890123456", "1.4695080615", "9999999999999.99"];
        let row = |(place, (text, number)): (u32, (&str, &str))| {
            vec![
                Cell::text(text),
                chrono::NaiveDate::from_ymd_opt(2025, 2, 26 + place).map_or(Cell::Blank, Cell::Date),
                Cell::Decimal(number.to_owned()),
                Cell::Money(crate::model::money::Money::from_cents(-199 + i64::from(place) * 100)),
            ]
        };
        let rows: Vec<_> = (0..).zip(texts.into_iter().zip(numbers)).map(row).collect();
        let sum = crate::stages::export::workbook::sum_of(&rows, 3).unwrap();
        let mut book = Book::new(about).unwrap();
        book.table_sheet("Sheet", "Title", "What", &COLUMNS, &rows, &[(3, sum)]).unwrap();
        book.table_sheet("Empty", "Title", "What", &COLUMNS, &[], &[]).unwrap();
        book.finish().unwrap()
    }

    /// Place and content of every cell that holds something, as another library sees them.
    fn by_calamine(bytes: &[u8], sheet: &str) -> Vec<(u32, u32, String)> {
        let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(Cursor::new(bytes)).unwrap();
        let range = book.worksheet_range(sheet).unwrap();
        let text = |cell: &Data| match cell {
            Data::DateTime(date) => {
                let (year, month, day, ..) = date.to_ymd_hms_milli();
                format!("{year:04}-{month:02}-{day:02}")
            }
            other => other.to_string(),
        };
        let used = range.used_cells();
        used.filter(|(.., cell)| **cell != Data::Empty)
            .map(|(row, column, cell)| (row as u32 + 1, column as u32, text(cell)))
            .collect()
    }

    #[test]
    fn another_library_reads_the_same_cells() {
        let bytes = workbook();
        let mut book = Reread::open(&bytes).unwrap();
        for sheet in ["Sheet", "Empty"] {
            let (grid, shared) = book.grid(sheet).unwrap();
            let cells = |row: SheetRow<'_>| {
                row.cells().map(|(column, text)| (row.number, column, text.to_owned())).collect::<Vec<_>>()
            };
            let ours: Vec<_> = grid.rows(shared).flat_map(cells).collect();
            assert_eq!(ours, by_calamine(&bytes, sheet), "{sheet}");
        }
    }

    #[test]
    fn tables_are_found_by_their_headers() {
        let bytes = workbook();
        let mut book = Reread::open(&bytes).unwrap();
        let rows = book.rows("Sheet", &["Amount", "Day"]).unwrap();
        assert_eq!(rows.len(), 5);
        assert_eq!(rows[0], ["-1.99", "2025-02-26"]);
        assert_eq!(rows[4], ["2.01", ""]);
        assert_eq!(book.rows("Empty", &["Amount"]).unwrap(), Vec::<Vec<String>>::new());
        assert!(book.rows("Sheet", &["Amount", "Nothing"]).is_err());
        assert_eq!(book.beside("Sheet", "In the ledger").unwrap(), [["0.05"]]);
    }
}
