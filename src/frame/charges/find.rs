//! Charges found again: the rows behind a row of the roll-up.

use super::BATCH;
use super::write::{self, tag_column};
use crate::frame::columns;
use crate::model::charge::Dimension;
use crate::model::money::{Cost, Quantity};
use anyhow::{Context, Result};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use polars::prelude::{BooleanChunked, ChunkCompareEq, ChunkFull, DataFrame, ParquetReader, SerReader};
use std::io::Cursor;
use std::ops::BitAnd;

/// What a charge must say; an empty text means "no value".
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub dimensions: Vec<(Dimension, String)>,
    pub tags: Vec<(String, String)>,
    pub day: Option<NaiveDate>,
}

/// A charge and where it stands in the vendor's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCharge {
    pub file: String,
    pub row: u64,
    pub row_id: String,
    pub start: NaiveDateTime,
    pub description: String,
    pub charge_type: String,
    pub resource_id: String,
    pub billed: Cost,
    pub effective: Option<Cost>,
    pub list: Option<Cost>,
    pub quantity: Quantity,
}

/// Charges of one file that say what is wanted, in the order of the rows, at most `limit`; and how many there are.
///
/// Row groups are read one after the other and only the columns that are needed, so a file of any size can be asked.
pub fn find(parquet: &[u8], wanted: &Wanted, limit: usize) -> Result<(Vec<FoundCharge>, u64)> {
    let rows = ParquetReader::new(Cursor::new(parquet)).num_rows().context("charges cannot be read")?;
    let mut names: Vec<String> = [
        write::FILE,
        write::ROW,
        write::ROW_ID,
        write::START,
        write::DESCRIPTION,
        write::BILLED,
        write::EFFECTIVE,
        write::LIST,
        write::QUANTITY,
        Dimension::ChargeType.focus(),
        Dimension::ResourceId.focus(),
    ]
    .map(str::to_owned)
    .to_vec();
    let asked = wanted.dimensions.iter().map(|(dimension, text)| (dimension.focus().to_owned(), text.as_str()));
    let asked: Vec<(String, &str)> =
        asked.chain(wanted.tags.iter().map(|(tag, text)| (tag_column(tag), text.as_str()))).collect();
    for (name, _) in &asked {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let mut found = Vec::new();
    let mut count = 0;
    for offset in (0..rows).step_by(BATCH) {
        let frame = ParquetReader::new(Cursor::new(parquet))
            .with_columns(Some(names.clone()))
            .with_slice(Some((offset, BATCH)))
            .finish()
            .context("charges cannot be read")?;
        let frame = frame.filter(&mask(&frame, &asked, wanted.day)?)?;
        count += frame.height() as u64;
        if found.len() < limit {
            found.extend(charges(&frame.head(Some(limit - found.len())))?);
        }
    }
    Ok((found, count))
}

fn mask(frame: &DataFrame, asked: &[(String, &str)], day: Option<NaiveDate>) -> Result<BooleanChunked> {
    let mut mask = BooleanChunked::full("".into(), true, frame.height());
    for (name, text) in asked {
        let column = frame.column(name)?.str()?;
        let same = if text.is_empty() { column.is_null() } else { column.equal_missing(*text) };
        mask = mask.bitand(same);
    }
    if let Some(day) = day {
        let starts = frame.column(write::START)?.datetime()?;
        let same = |start: Option<i64>| start.and_then(moment).is_some_and(|start| start.date() == day);
        let days: BooleanChunked = starts.physical().iter().map(|start| Some(same(start))).collect();
        mask = mask.bitand(days);
    }
    Ok(mask)
}

fn moment(milliseconds: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_millis(milliseconds).map(|moment| moment.naive_utc())
}

fn charges(frame: &DataFrame) -> Result<Vec<FoundCharge>> {
    let text = |name: &str| -> Result<Vec<String>> {
        Ok(columns::strings(frame, name)?.map(|text| text.unwrap_or_default().to_owned()).collect())
    };
    let costs = |name: &str| -> Result<Vec<Option<Cost>>> {
        Ok(columns::units(frame, name)?.map(|units| units.map(Cost::from_units)).collect())
    };
    let (files, row_ids, descriptions) = (text(write::FILE)?, text(write::ROW_ID)?, text(write::DESCRIPTION)?);
    let charge_types = text(Dimension::ChargeType.focus())?;
    let resources = text(Dimension::ResourceId.focus())?;
    let (billed, effective, list) = (costs(write::BILLED)?, costs(write::EFFECTIVE)?, costs(write::LIST)?);
    let quantities: Vec<Option<i128>> = columns::units(frame, write::QUANTITY)?.collect();
    let rows = frame.column(write::ROW)?.u64()?;
    let starts = frame.column(write::START)?.datetime()?;
    (0..frame.height())
        .map(|place| {
            Ok(FoundCharge {
                file: files[place].clone(),
                row: rows.get(place).context("a row number is missing")?,
                row_id: row_ids[place].clone(),
                start: starts.physical().get(place).and_then(moment).context("a start is missing")?,
                description: descriptions[place].clone(),
                charge_type: charge_types[place].clone(),
                resource_id: resources[place].clone(),
                billed: billed[place].context("a cost is missing")?,
                effective: effective[place],
                list: list[place],
                quantity: Quantity::from_units(quantities[place].unwrap_or_default()),
            })
        })
        .collect()
}
