//! Charges found again: the rows behind a row of the roll-up.

use super::BATCH;
use super::write::{self, tag_column};
use crate::frame::columns;
use crate::model::charge::Dimension;
use crate::model::money::{Cost, Quantity};
use anyhow::{Context, Result};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use hashbrown::HashMap;
use polars::prelude::{DataFrame, IdxCa, ParquetReader, SerReader, StringChunked};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

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
    pub start: NaiveDateTime,
    pub description: String,
    pub charge_type: String,
    pub resource_id: String,
    pub billed: Cost,
    pub effective: Option<Cost>,
    pub list: Option<Cost>,
    pub quantity: Quantity,
}

/// What several questions found.
#[derive(Clone, Debug, Default)]
pub struct FoundEach {
    /// With the place of the question, in the order of the rows.
    pub charges: Vec<(usize, FoundCharge)>,
    /// Of each question, also beyond the limit.
    pub counts: Vec<u64>,
}

/// Charges of one file that say what is wanted, in the order of the rows, at most `limit`; and how many there are.
pub fn find(parquet: &[u8], wanted: &Wanted, limit: usize) -> Result<(Vec<FoundCharge>, u64)> {
    let found = find_each(parquet, std::slice::from_ref(wanted), limit)?;
    Ok((found.charges.into_iter().map(|(_, charge)| charge).collect(), found.counts.iter().sum()))
}

/// The same for many questions in one reading: each charge with the place of its question, at most `limit` a question,
/// and how many there are of each.
///
/// Row groups are read one after the other. Resource and day, which tell most charges apart, are looked at first; a row
/// group in which no question has a candidate costs two columns.
pub fn find_each(parquet: &[u8], wanted: &[Wanted], limit: usize) -> Result<FoundEach> {
    let rows = ParquetReader::new(Cursor::new(parquet)).num_rows().context("charges cannot be read")?;
    let questions = Questions::new(wanted);
    let mut counts = vec![0; wanted.len()];
    let mut found = Vec::new();
    for offset in (0..rows).step_by(BATCH) {
        let read = |names: Vec<String>| {
            ParquetReader::new(Cursor::new(parquet))
                .with_columns(Some(names))
                .with_slice(Some((offset, BATCH)))
                .finish()
                .context("charges cannot be read")
        };
        let candidates =
            questions.candidates(&read(vec![Dimension::ResourceId.focus().to_owned(), write::START.to_owned()])?)?;
        if candidates.is_empty() {
            continue;
        }
        let frame = read(columns_of(wanted))?;
        let mut kept: Vec<(usize, u32)> = Vec::new();
        for (question, row) in matching(&frame, wanted, candidates)? {
            let count: &mut u64 = &mut counts[question];
            if *count < limit as u64 {
                kept.push((question, row));
            }
            *count += 1;
        }
        let rows = IdxCa::from_vec("".into(), kept.iter().map(|(_, row)| *row).collect());
        let charges = charges(&frame.take(&rows)?)?;
        found.extend(kept.into_iter().map(|(question, _)| question).zip(charges));
    }
    Ok(FoundEach { charges: found, counts })
}

/// Questions by the resource they ask for.
struct Questions<'a> {
    by_resource: HashMap<&'a str, Vec<usize>>,
    /// Those that ask for no resource in particular.
    of_any: Vec<usize>,
    days: Vec<Option<NaiveDate>>,
}

impl<'a> Questions<'a> {
    fn new(wanted: &'a [Wanted]) -> Self {
        let mut questions = Self { by_resource: HashMap::new(), of_any: Vec::new(), days: Vec::new() };
        for (place, wanted) in wanted.iter().enumerate() {
            let resource = wanted.dimensions.iter().find(|(dimension, _)| *dimension == Dimension::ResourceId);
            match resource {
                Some((_, resource)) => questions.by_resource.entry(resource).or_default().push(place),
                None => questions.of_any.push(place),
            }
            questions.days.push(wanted.day);
        }
        questions
    }

    /// Questions and rows that may belong together, in the order of the rows.
    fn candidates(&self, frame: &DataFrame) -> Result<Vec<(usize, u32)>> {
        let resources = columns::strings(frame, Dimension::ResourceId.focus())?;
        let starts = frame.column(write::START)?.datetime()?;
        let mut candidates = Vec::new();
        for (row, (resource, start)) in resources.zip(starts.physical().iter()).enumerate() {
            let named = self.by_resource.get(resource.unwrap_or_default()).into_iter().flatten();
            let mut day = None;
            for &question in named.chain(&self.of_any) {
                let same = self.days[question].is_none_or(|wanted| {
                    *day.get_or_insert_with(|| start.and_then(moment).map(|start| start.date())) == Some(wanted)
                });
                if same {
                    candidates.push((question, u32::try_from(row)?));
                }
            }
        }
        Ok(candidates)
    }
}

/// Every column that is shown or asked for.
fn columns_of(wanted: &[Wanted]) -> Vec<String> {
    let shown = [
        write::FILE,
        write::ROW,
        write::START,
        write::DESCRIPTION,
        write::BILLED,
        write::EFFECTIVE,
        write::LIST,
        write::QUANTITY,
        Dimension::ChargeType.focus(),
        Dimension::ResourceId.focus(),
    ];
    let mut names: BTreeSet<String> = shown.map(str::to_owned).into();
    for wanted in wanted {
        names.extend(wanted.dimensions.iter().map(|(dimension, _)| dimension.focus().to_owned()));
        names.extend(wanted.tags.iter().map(|(tag, _)| tag_column(tag)));
    }
    names.into_iter().collect()
}

/// Of the candidates those that say all that their question asks.
fn matching(frame: &DataFrame, wanted: &[Wanted], candidates: Vec<(usize, u32)>) -> Result<Vec<(usize, u32)>> {
    let mut texts: BTreeMap<String, &StringChunked> = BTreeMap::new();
    for column in frame.columns() {
        if let Ok(text) = column.str() {
            texts.insert(column.name().to_string(), text);
        }
    }
    let says = |name: &str, row: u32, text: &str| {
        texts.get(name).is_some_and(|column| column.get(row as usize).unwrap_or_default() == text)
    };
    let tags: Vec<Vec<(String, &str)>> = wanted
        .iter()
        .map(|wanted| wanted.tags.iter().map(|(tag, text)| (tag_column(tag), text.as_str())).collect())
        .collect();
    let matches = |&(question, row): &(usize, u32)| {
        wanted[question].dimensions.iter().all(|(dimension, text)| says(dimension.focus(), row, text))
            && tags[question].iter().all(|(tag, text)| says(tag, row, text))
    };
    Ok(candidates.into_iter().filter(matches).collect())
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
    let (files, descriptions) = (text(write::FILE)?, text(write::DESCRIPTION)?);
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
