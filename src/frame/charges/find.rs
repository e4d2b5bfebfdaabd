//! Charges found again: the rows behind a row of the roll-up.

use super::read::{ChargesFile, MISSING, Place};
use super::write::{self, tag_column};
use crate::model::charge::Dimension;
use crate::model::money::{Cost, Quantity};
use anyhow::{Context, Result};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use hashbrown::HashMap;
use std::collections::BTreeSet;
use std::io::{Read, Seek};

/// A code that no row has.
const NOWHERE: u32 = u32::MAX - 1;

/// What a charge must say; an empty text means "no value".
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub dimensions: Vec<(Dimension, String)>,
    pub tags: Vec<(String, String)>,
    pub day: Option<NaiveDate>,
}

impl Wanted {
    fn of(&self, dimension: Dimension) -> Option<&str> {
        self.dimensions.iter().find(|(of, _)| *of == dimension).map(|(_, text)| text.as_str())
    }

    fn tag(&self, tag: &str) -> Option<&str> {
        self.tags.iter().find(|(of, _)| of == tag).map(|(_, text)| text.as_str())
    }
}

/// A charge and where it stands in the vendor's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCharge {
    pub file: String,
    pub row: u64,
    pub start: NaiveDateTime,
    pub charge_type: String,
    pub resource_id: String,
    pub billed: Cost,
    pub effective: Option<Cost>,
    pub list: Option<Cost>,
    pub quantity: Quantity,
}

/// What several questions found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// With the place of the question, in the order of the rows.
    pub charges: Vec<(usize, FoundCharge)>,
    /// Of each question, also beyond the limit.
    pub counts: Vec<u64>,
}

/// Charges of one file that say what is wanted, in the order of the rows: each with the place of its question, at most
/// `limit` a question, and how many there are of each.
///
/// The footer says of which days a row group is, and the dictionary of the resources whether it has the wanted ones: most
/// row groups cost no more. Then one column after the other takes candidates away, until none is left.
pub fn find<R: Read + Seek>(parquet: R, wanted: &[Wanted], limit: usize) -> Result<Found> {
    let mut file = ChargesFile::open(parquet)?;
    let asked = asked(&file, wanted)?;
    let shown = Shown::new(&file)?;
    let mut found = Found { charges: Vec::new(), counts: vec![0; wanted.len()] };
    for group in 0..file.groups() {
        let candidates = candidates(&mut file, group, wanted, &asked)?;
        let mut kept: Vec<(usize, u32)> = Vec::new();
        for (question, row) in candidates {
            let count = &mut found.counts[question];
            if *count < limit as u64 {
                kept.push((question, row));
            }
            *count += 1;
        }
        if !kept.is_empty() {
            let rows: Vec<u32> = kept.iter().map(|(_, row)| *row).collect();
            let charges = shown.charges(&mut file, group, &rows)?;
            found.charges.extend(kept.into_iter().map(|(question, _)| question).zip(charges));
        }
    }
    Ok(found)
}

/// A column that some question asks about, and what each wants to read there.
struct Asked<'a> {
    place: Place,
    texts: Vec<Option<&'a str>>,
}

/// The resource first, which tells most charges apart.
fn asked<'a, R: Read + Seek>(file: &ChargesFile<R>, wanted: &'a [Wanted]) -> Result<Vec<Asked<'a>>> {
    let mut asked = Vec::new();
    let mut ask = |name: &str, texts: Vec<Option<&'a str>>| -> Result<()> {
        if texts.iter().any(Option::is_some) {
            asked.push(Asked { place: file.needed(name)?, texts });
        }
        Ok(())
    };
    let others = Dimension::ALL.iter().filter(|dimension| **dimension != Dimension::ResourceId);
    for &dimension in std::iter::once(&Dimension::ResourceId).chain(others) {
        ask(dimension.focus(), wanted.iter().map(|wanted| wanted.of(dimension)).collect())?;
    }
    let mut tags: Vec<&str> =
        wanted.iter().flat_map(|wanted| wanted.tags.iter().map(|(tag, _)| tag.as_str())).collect();
    tags.sort_unstable();
    tags.dedup();
    for tag in tags {
        ask(&tag_column(tag), wanted.iter().map(|wanted| wanted.tag(tag)).collect())?;
    }
    Ok(asked)
}

/// Questions and rows that belong together, in the order of the rows.
fn candidates<R: Read + Seek>(
    file: &mut ChargesFile<R>,
    group: usize,
    wanted: &[Wanted],
    asked: &[Asked<'_>],
) -> Result<Vec<(usize, u32)>> {
    let mut open = of_the_days(file, group, wanted)?;
    let rows = u32::try_from(file.rows(group))?;
    let Some((first, others)) = asked.split_first() else {
        let all = (0..rows).flat_map(|row| open.iter().map(move |&question| (question, row))).collect();
        return on_their_day(file, group, wanted, all);
    };
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let codes = first.codes(file, group)?;
    open.retain(|&question| codes[question] != Some(NOWHERE));
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let column = file.codes(group, first.place)?;
    let any = open.iter().any(|&question| codes[question].is_none());
    let known = open.iter().filter_map(|&question| codes[question]).collect::<BTreeSet<_>>();
    let (least, most) = (known.first().copied().unwrap_or_default(), known.last().copied().unwrap_or_default());
    let mut candidates = Vec::new();
    for row in 0..rows {
        let code = column.get(row as usize);
        // Nearly every row is none of those that are asked for.
        if any || (least..=most).contains(&code) && known.contains(&code) {
            let says = |&&question: &&usize| codes[question].is_none_or(|wanted| wanted == code);
            candidates.extend(open.iter().filter(says).map(|&question| (question, row)));
        }
    }
    candidates = on_their_day(file, group, wanted, candidates)?;
    for asked in others {
        if candidates.is_empty() {
            break;
        }
        let codes = asked.codes(file, group)?;
        candidates.retain(|(question, _)| codes[*question] != Some(NOWHERE));
        if !candidates.is_empty() {
            let column = file.codes(group, asked.place)?;
            candidates.retain(|&(question, row)| codes[question].is_none_or(|code| code == column.get(row as usize)));
        }
    }
    Ok(candidates)
}

/// The questions whose day may be among those of a row group: files follow the days, so most row groups have none.
fn of_the_days<R: Read + Seek>(file: &ChargesFile<R>, group: usize, wanted: &[Wanted]) -> Result<Vec<usize>> {
    let bounds = file.moments(group, file.needed(write::START)?)?;
    let days = bounds.and_then(|(first, last)| {
        let day = |at: i64| moment(i128::from(at)).map(|moment| moment.date());
        day(first).zip(day(last))
    });
    let may = |wanted: &Wanted| days.zip(wanted.day).is_none_or(|((first, last), day)| (first..=last).contains(&day));
    Ok((0..wanted.len()).filter(|&question| may(&wanted[question])).collect())
}

impl Asked<'_> {
    /// What each question asks for, in the codes of a row group.
    fn codes<R: Read + Seek>(&self, file: &mut ChargesFile<R>, group: usize) -> Result<Vec<Option<u32>>> {
        let dictionary = file.dictionary(group, self.place)?;
        let mut codes: Vec<Option<u32>> =
            self.texts.iter().map(|text| text.map(|text| if text.is_empty() { MISSING } else { NOWHERE })).collect();
        let mut by_text: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (question, text) in self.texts.iter().enumerate() {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                by_text.entry(text.as_bytes()).or_default().push(question);
            }
        }
        for (code, text) in dictionary.texts().enumerate() {
            for &question in by_text.get(text).into_iter().flatten() {
                codes[question] = Some(u32::try_from(code)?);
            }
        }
        Ok(codes)
    }
}

fn on_their_day<R: Read + Seek>(
    file: &mut ChargesFile<R>,
    group: usize,
    wanted: &[Wanted],
    mut candidates: Vec<(usize, u32)>,
) -> Result<Vec<(usize, u32)>> {
    if wanted.iter().all(|wanted| wanted.day.is_none()) || candidates.is_empty() {
        return Ok(candidates);
    }
    let rows: Vec<u32> = candidates.iter().map(|(_, row)| *row).collect();
    let starts = file.needed(write::START)?;
    let mut starts = file.numbers::<8>(group, starts, &rows)?.into_iter();
    candidates.retain(|(question, _)| {
        let start = starts.next().flatten();
        wanted[*question].day.is_none_or(|day| start.and_then(moment).is_some_and(|start| start.date() == day))
    });
    Ok(candidates)
}

fn moment(milliseconds: i128) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_millis(i64::try_from(milliseconds).ok()?).map(|moment| moment.naive_utc())
}

/// The columns that are shown.
struct Shown {
    texts: [Place; 3],
    amounts: [Place; 4],
    start: Place,
    row: Place,
}

impl Shown {
    fn new<R: Read + Seek>(file: &ChargesFile<R>) -> Result<Self> {
        let [file_name, charge_type, resource] =
            [write::FILE, Dimension::ChargeType.focus(), Dimension::ResourceId.focus()].map(|name| file.needed(name));
        let [billed, effective, list, quantity] =
            [write::BILLED, write::EFFECTIVE, write::LIST, write::QUANTITY].map(|name| file.needed(name));
        Ok(Self {
            texts: [file_name?, charge_type?, resource?],
            amounts: [billed?, effective?, list?, quantity?],
            start: file.needed(write::START)?,
            row: file.needed(write::ROW)?,
        })
    }

    fn charges<R: Read + Seek>(
        &self,
        file: &mut ChargesFile<R>,
        group: usize,
        rows: &[u32],
    ) -> Result<Vec<FoundCharge>> {
        let [files, charge_types, resources] = self.texts.map(|place| texts(file, group, place, rows));
        let (files, charge_types, resources) = (files?, charge_types?, resources?);
        let [billed, effective, list, quantity] =
            self.amounts.map(|place| file.numbers::<{ super::file::WIDTH }>(group, place, rows));
        let (billed, effective, list, quantity) = (billed?, effective?, list?, quantity?);
        let starts = file.numbers::<8>(group, self.start, rows)?;
        let numbers = file.counts(group, self.row, rows)?;
        let charge = |place: usize| {
            Ok(FoundCharge {
                file: files[place].clone(),
                row: numbers[place],
                start: starts[place].and_then(moment).context("a start is missing")?,
                charge_type: charge_types[place].clone(),
                resource_id: resources[place].clone(),
                billed: Cost::from_units(billed[place].context("a cost is missing")?),
                effective: effective[place].map(Cost::from_units),
                list: list[place].map(Cost::from_units),
                quantity: Quantity::from_units(quantity[place].unwrap_or_default()),
            })
        };
        (0..rows.len()).map(charge).collect()
    }
}

/// The texts of some rows.
fn texts<R: Read + Seek>(file: &mut ChargesFile<R>, group: usize, place: Place, rows: &[u32]) -> Result<Vec<String>> {
    let dictionary = file.dictionary(group, place)?;
    let known: Vec<&[u8]> = dictionary.texts().collect();
    let codes = file.codes(group, place)?;
    let text = |row: &u32| known.get(codes.get(*row as usize) as usize).copied().unwrap_or_default();
    Ok(rows.iter().map(|row| String::from_utf8_lossy(text(row)).into_owned()).collect())
}
