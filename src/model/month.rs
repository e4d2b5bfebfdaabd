//! The month that is closed, days, and the state's fiscal calendar.

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use thiserror::Error;

/// A calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(NaiveDate);

#[derive(Debug, Error, PartialEq, Eq)]
#[error("a month is written YYYY-MM, as in 2027-03; got {0:?}")]
pub struct MonthRefusal(String);

impl Month {
    /// Takes `2027-03` and no other spelling: ledger folders sort by name only if every month has two digits.
    pub fn parse(text: &str) -> Result<Self, MonthRefusal> {
        NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d")
            .ok()
            .map(Self)
            .filter(|month| month.to_string() == text)
            .ok_or_else(|| MonthRefusal(text.to_owned()))
    }

    pub fn containing(day: NaiveDate) -> Self {
        Self(day.with_day(1).unwrap_or(day))
    }

    pub fn first_day(self) -> NaiveDate {
        self.0
    }

    pub fn last_day(self) -> NaiveDate {
        self.next().0.checked_sub_days(Days::new(1)).unwrap_or(self.0)
    }

    pub fn days(self) -> u32 {
        self.last_day().day()
    }

    pub fn next(self) -> Self {
        Self(self.0.checked_add_months(Months::new(1)).unwrap_or(self.0))
    }

    pub fn previous(self) -> Self {
        Self(self.0.checked_sub_months(Months::new(1)).unwrap_or(self.0))
    }

    pub fn contains(self, day: NaiveDate) -> bool {
        Self::containing(day) == self
    }

    /// `September 2025`: for statements.
    pub fn in_words(self) -> String {
        self.0.format("%B %Y").to_string()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Where the books put a month: the year is named for the calendar year in which it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FiscalPeriod {
    pub year: i32,
    /// 1 to 12; adjustment periods up to 16 are dated the last day of the year.
    pub period: u32,
}

impl FiscalPeriod {
    pub fn of(month: Month, first_month: u32) -> Self {
        let (year, calendar) = (month.0.year(), month.0.month());
        let period = (calendar + 12 - first_month) % 12 + 1;
        let year = if first_month > 1 && calendar >= first_month { year + 1 } else { year };
        Self { year, period }
    }

    /// `202603`: as document numbers carry it.
    pub fn compact(self) -> String {
        format!("{:04}{:02}", self.year, self.period)
    }
}

/// From inclusive, to exclusive; no end means still in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

impl Validity {
    pub fn covers(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day < to)
    }

    pub fn overlaps(&self, other: &Self) -> bool {
        let starts_before_end = |a: &Self, b: &Self| match (a.from, b.to) {
            (Some(from), Some(to)) => from < to,
            _ => true,
        };
        starts_before_end(self, other) && starts_before_end(other, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fiscal_calendars() {
        for (month, first, year, period) in [
            ("2025-03", 7, 2025, 9),
            ("2025-03", 4, 2025, 12),
            ("2025-03", 9, 2025, 7),
            ("2025-03", 10, 2025, 6),
            ("2025-06", 7, 2025, 12),
            ("2025-06", 4, 2026, 3),
            ("2025-07", 7, 2026, 1),
            ("2025-09", 9, 2026, 1),
            ("2025-10", 10, 2026, 1),
            ("2026-06", 10, 2026, 9),
            ("2025-03", 1, 2025, 3),
        ] {
            let month = Month::parse(month).unwrap();
            assert_eq!(FiscalPeriod::of(month, first), FiscalPeriod { year, period }, "{month} first {first}");
        }
    }

    #[test]
    fn one_spelling_of_a_month() {
        assert_eq!(Month::parse("2027-03").unwrap().to_string(), "2027-03");
        for refused in ["2027-3", "202703", "2027-13", "03-2027", "2027-03-01", ""] {
            assert!(Month::parse(refused).is_err(), "{refused:?}");
        }
    }
}
