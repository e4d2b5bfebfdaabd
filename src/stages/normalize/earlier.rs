//! Metered usage of an earlier month: the billing period decides, so this month bills it, and one note a file says so.

use super::tally::{add, by_text};
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Cost, Overflow};
use crate::model::month::Month;
use crate::model::roll_up::{Symbol, Symbols};
use chrono::NaiveDate;
use hashbrown::HashMap;

#[derive(Default)]
pub struct EarlierUsage {
    rows: u64,
    /// The first such row.
    row: u64,
    earliest: Option<NaiveDate>,
    billed: HashMap<Symbol, Cost>,
}

impl EarlierUsage {
    pub fn add(&mut self, row: u64, day: NaiveDate, billed: Cost, currency: Symbol) -> Result<(), Overflow> {
        if self.rows == 0 {
            self.row = row;
        }
        self.rows += 1;
        self.earliest = Some(self.earliest.map_or(day, |earliest| earliest.min(day)));
        add(&mut self.billed, currency, billed)
    }

    pub fn finding(&self, file: &str, column: &str, month: Month, symbols: &Symbols) -> Option<Finding> {
        let earliest = self.earliest?;
        let rows = match self.rows {
            1 => "One row is".to_owned(),
            rows => format!("{rows} rows are"),
        };
        let why = format!(
            "{rows} billed in {month} for usage before it, the earliest of {earliest}. The billing period decides, so it stays in this month's bills."
        );
        let fix = "Nothing needs to be done, unless an earlier month's export has billed this usage already.";
        let place = Place::file(file).row(self.row).column(column).value(earliest.to_string());
        let mut finding = Finding::new(Code::UsageEarlier, place, why, fix);
        let billed = by_text(&self.billed, symbols);
        if let (Some((currency, &cost)), 1) = (billed.iter().next(), billed.len())
            && !currency.is_empty()
        {
            finding = finding.at_stake(cost, currency.as_str());
        }
        Some(finding)
    }
}
