//! All charges of a file, a row group at a time: for what hands every charge on.

use super::read::{ChargesFile, Codes, MISSING, Place};
use super::write::{self, tag_column};
use crate::model::charge::Dimension;
use anyhow::{Context, Result};
use std::io::{Read, Seek};

/// The texts of a column in a row group.
pub struct TextColumn {
    bytes: Vec<u8>,
    /// Where each distinct text, or each row's, lies.
    places: Vec<(usize, usize)>,
    codes: Codes,
}

impl TextColumn {
    pub(super) fn new(texts: Vec<u8>, codes: Codes) -> Self {
        let mut places = Vec::new();
        let mut at = 0;
        while let Some(length) = texts.get(at..at + 4).and_then(|length| length.try_into().ok()) {
            let start = at + 4;
            at = start + u32::from_le_bytes(length) as usize;
            places.push((start, at.min(texts.len())));
        }
        Self { bytes: texts, places, codes }
    }

    /// Which of the distinct texts a row has; none where it has no value.
    pub fn code(&self, row: usize) -> Option<usize> {
        Some(self.codes.get(row)).filter(|&code| code != MISSING).map(|code| code as usize)
    }

    pub fn distinct(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(|&place| self.at(place))
    }

    /// Empty where the row has no value.
    pub fn text(&self, row: usize) -> &str {
        let place = self.code(row).and_then(|code| self.places.get(code));
        place.map_or("", |&place| self.at(place))
    }

    fn at(&self, (start, end): (usize, usize)) -> &str {
        std::str::from_utf8(&self.bytes[start..end]).unwrap_or_default()
    }
}

/// Charges side by side, a column each. Amounts are units of the eighteenth decimal, moments milliseconds since 1970.
pub struct ScannedGroup {
    pub rows: usize,
    /// Dimensions in their order, then the billing tags.
    pub keys: Vec<TextColumn>,
    pub starts: Vec<Option<i128>>,
    pub ends: Vec<Option<i128>>,
    pub billed: Vec<Option<i128>>,
    pub effective: Vec<Option<i128>>,
    pub list: Vec<Option<i128>>,
    pub contracted: Vec<Option<i128>>,
    pub quantity: Vec<Option<i128>>,
    pub description: TextColumn,
    pub file: TextColumn,
    pub row_numbers: Vec<u64>,
}

/// Gives every row group of a file of charges that were written with these billing tags.
pub fn scan<R: Read + Seek>(
    parquet: R,
    tags: &[String],
    mut each: impl FnMut(&ScannedGroup) -> Result<()>,
) -> Result<()> {
    let mut file = ChargesFile::open(parquet)?;
    let names = Dimension::ALL.iter().map(|dimension| dimension.focus().to_owned());
    let keys: Vec<String> = names.chain(tags.iter().map(|tag| tag_column(tag))).collect();
    let keys: Vec<Place> = keys.iter().map(|name| file.needed(name)).collect::<Result<_>>()?;
    let at = |name: &str, file: &ChargesFile<R>| file.needed(name);
    let moments = [at(write::START, &file)?, at(write::END, &file)?];
    let amounts = [write::BILLED, write::EFFECTIVE, write::LIST, write::CONTRACTED, write::QUANTITY];
    let amounts: Vec<Place> = amounts.iter().map(|name| at(name, &file)).collect::<Result<_>>()?;
    let texts = [at(write::DESCRIPTION, &file)?, at(write::FILE, &file)?];
    let row = at(write::ROW, &file)?;
    for group in 0..file.groups() {
        let rows = file.rows(group);
        let all: Vec<u32> = (0..u32::try_from(rows)?).collect();
        let keys = keys.iter().map(|&place| file.texts(group, place)).collect::<Result<_>>()?;
        let [starts, ends] = moments.map(|place| file.numbers::<8>(group, place, &all));
        let mut amounts = amounts.iter().map(|&place| file.numbers::<{ super::file::WIDTH }>(group, place, &all));
        let mut amount = || amounts.next().context("an amount is missing")?;
        let (billed, effective, list, contracted, quantity) = (amount()?, amount()?, amount()?, amount()?, amount()?);
        drop(amounts);
        let [description, source] = texts.map(|place| file.texts(group, place));
        let row_numbers = file.counts(group, row, &all)?;
        each(&ScannedGroup {
            rows,
            keys,
            starts: starts?,
            ends: ends?,
            billed,
            effective,
            list,
            contracted,
            quantity,
            description: description?,
            file: source?,
            row_numbers,
        })?;
    }
    Ok(())
}
