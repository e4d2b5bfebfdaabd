//! Read-back: every written file is taken apart again by another reader, and each figure compared with the month's end.
//!
//! A figure has a name that both sides build on their own: the file's from the cells that say whose it is, the month's
//! end from its types. So a cent that moved from one line to another is seen although the total stayed.

use crate::model::decimal;
use crate::model::money::{Cost, Money, Overflow};
use crate::model::proof::LawResult;
use chrono::{Datelike, NaiveDate};
use std::collections::{BTreeMap, HashMap};

/// Law 14: what was written is read again by another reader and says the same.
const LAW: u8 = 14;

/// Named amounts of one file or of the month's end. Amounts of one name are added.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Figures(BTreeMap<String, Cost>);

impl Figures {
    pub fn add(&mut self, name: impl Into<String>, amount: Cost) -> Result<(), Overflow> {
        let sum = self.0.entry(name.into()).or_default();
        *sum = sum.checked_add(amount)?;
        Ok(())
    }

    pub fn add_money(&mut self, name: impl Into<String>, amount: Money) -> Result<(), Overflow> {
        self.add(name, Cost::from_money(amount))
    }

    pub fn add_count(&mut self, name: impl Into<String>, count: usize) -> Result<(), Overflow> {
        self.add_text(name, &count.to_string()).map_err(|_| Overflow)
    }

    pub fn add_text(&mut self, name: impl Into<String>, amount: &str) -> anyhow::Result<()> {
        let name = name.into();
        let units = decimal::parse(amount.as_bytes()).map_err(|why| anyhow::anyhow!("{name}: {amount:?}: {why}"))?;
        Ok(self.add(name, Cost::from_units(units))?)
    }

    /// For what may be an amount or a word: a word that is no amount is no figure.
    pub fn add_if_amount(&mut self, name: impl Into<String>, text: &str) -> Result<(), Overflow> {
        match decimal::parse(text.as_bytes()) {
            Ok(units) => self.add(name, Cost::from_units(units)),
            Err(_) => Ok(()),
        }
    }
}

/// Sums by day; details over a whole month have none.
type Days<const KINDS: usize> = BTreeMap<Option<NaiveDate>, [Option<Cost>; KINDS]>;

/// Amounts of `KINDS` kinds by bill line and day: what hundreds of thousands of details come to. A figure's name is put
/// together once for each line and day, not for each detail.
pub(super) struct ByDay<const KINDS: usize> {
    places: HashMap<String, usize>,
    last: usize,
    lines: Vec<(String, Days<KINDS>)>,
}

impl<const KINDS: usize> ByDay<KINDS> {
    pub fn new() -> Self {
        Self { places: HashMap::new(), last: 0, lines: Vec::new() }
    }

    /// Adds what a detail has of each kind. Most details are of the line of the one before.
    pub fn add(&mut self, line: &str, day: Option<NaiveDate>, amounts: [Option<Cost>; KINDS]) -> Result<(), Overflow> {
        if self.lines.get(self.last).is_none_or(|(last, _)| last != line) {
            self.last = match self.places.get(line) {
                Some(&place) => place,
                None => {
                    self.places.insert(line.to_owned(), self.lines.len());
                    self.lines.push((line.to_owned(), BTreeMap::new()));
                    self.lines.len() - 1
                }
            };
        }
        let sums = self.lines[self.last].1.entry(day).or_insert([None; KINDS]);
        for (sum, amount) in sums.iter_mut().zip(amounts) {
            if let Some(amount) = amount {
                *sum = Some(sum.unwrap_or_default().checked_add(amount)?);
            }
        }
        Ok(())
    }

    /// The sums as figures, named by line, day and kind.
    pub fn figures(&self, figures: &mut Figures, name: impl Fn(&str, &str, usize) -> String) -> Result<(), Overflow> {
        for (line, days) in &self.lines {
            for (day, sums) in days {
                let day = day.map(|day| day.to_string()).unwrap_or_default();
                for (kind, sum) in sums.iter().enumerate() {
                    if let Some(sum) = sum {
                        figures.add(name(line, &day, kind), *sum)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// `2025-09-01`, and no other spelling: a day that is read back is compared as a day.
pub(super) fn day(text: &str) -> anyhow::Result<NaiveDate> {
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<u32>().ok());
    let day = (text.len() == 10 && text.is_ascii())
        .then(|| NaiveDate::from_ymd_opt(i32::try_from(number(0, 4)?).ok()?, number(5, 7)?, number(8, 10)?))
        .flatten();
    let day = day.filter(|day| day.year() > 999 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-');
    day.ok_or_else(|| anyhow::anyhow!("{text:?} is no day"))
}

/// An amount of a file.
pub(super) fn amount(text: &str) -> anyhow::Result<Cost> {
    let units = decimal::parse(text.as_bytes()).map_err(|why| anyhow::anyhow!("{text:?}: {why}"))?;
    Ok(Cost::from_units(units))
}

/// One file's figures beside the month's end's: equal in every name and amount, or the first that differs is told.
pub(super) fn compare(path: &str, in_file: anyhow::Result<Figures>, in_ledger: anyhow::Result<Figures>) -> LawResult {
    let law = |left: String, right: String, passes| LawResult {
        law: LAW,
        about: format!("{path}, read again, says what the ledger says"),
        left_name: "in the file".to_owned(),
        left,
        right_name: "in the ledger".to_owned(),
        right,
        passes,
    };
    let (file, ledger) = match (in_file, in_ledger) {
        (Ok(file), Ok(ledger)) => (file, ledger),
        (Err(why), Ok(_)) => return law(format!("cannot be read: {why:#}"), "figures".to_owned(), false),
        (_, Err(why)) => return law("figures".to_owned(), format!("cannot be added up: {why:#}"), false),
    };
    let names = file.0.keys().chain(ledger.0.keys());
    match names.into_iter().find(|name| file.0.get(*name) != ledger.0.get(*name)) {
        None => {
            let all = format!("{} figures", ledger.0.len());
            law(all.clone(), all, true)
        }
        Some(name) => {
            let side = |figures: &Figures| match figures.0.get(name) {
                Some(amount) => format!("{name}: {amount}"),
                None => format!("{name}: nothing"),
            };
            law(side(&file), side(&ledger), false)
        }
    }
}
