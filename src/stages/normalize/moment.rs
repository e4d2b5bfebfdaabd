//! Dates and times as vendors write them. All cloud times are UTC; one with an offset is moved to UTC.

use super::dictionary::is_null;
use crate::sources::{DateFormat, mapped};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};

/// Why a text is not a date of this source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateRefusal {
    Empty,
    NotADate,
    /// Outside the years that cloud files can be of.
    Year,
}

impl DateRefusal {
    pub fn why(self) -> &'static str {
        match self {
            Self::Empty => "The cell is empty, so nobody can say which month pays.",
            Self::NotADate => "It is not a date in a spelling that this source uses.",
            Self::Year => "The year is out of range; a spreadsheet or a wrong clock was here.",
        }
    }
}

pub fn parse(text: &str, formats: &[DateFormat]) -> Result<NaiveDateTime, DateRefusal> {
    let text = text.trim();
    if is_null(text) {
        return Err(DateRefusal::Empty);
    }
    let moment = formats
        .iter()
        .find_map(|format| match format {
            DateFormat::Iso => iso(text),
            DateFormat::MonthFirst => slashed(text, "%m/%d/%Y"),
            DateFormat::DayFirst => slashed(text, "%d/%m/%Y"),
            DateFormat::Pattern(pattern) => mapped::moment(text, pattern),
            DateFormat::Unix => seconds(text),
        })
        .ok_or(DateRefusal::NotADate)?;
    if (2000..2100).contains(&moment.year()) { Ok(moment) } else { Err(DateRefusal::Year) }
}

fn seconds(text: &str) -> Option<NaiveDateTime> {
    let text = text.strip_suffix(".0").unwrap_or(text);
    let seconds = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    DateTime::from_timestamp(seconds, 0).map(|moment| moment.naive_utc())
}

fn iso(text: &str) -> Option<NaiveDateTime> {
    let four_digits = text.get(..4).is_some_and(|year| year.bytes().all(|byte| byte.is_ascii_digit()));
    if !four_digits || text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.naive_utc());
    }
    if let Ok(moment) = DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%:z") {
        return Some(moment.naive_utc());
    }
    let text = text.strip_suffix('Z').unwrap_or(text);
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|day| day.and_hms_opt(0, 0, 0)))
}

fn slashed(text: &str, format: &str) -> Option<NaiveDateTime> {
    let day = text.split(' ').next()?;
    // chrono reads the year 25 from two digits; a vendor means 2025, and nobody knows for sure.
    if day.rsplit('/').next()?.len() != 4 {
        return None;
    }
    NaiveDate::parse_from_str(day, format).ok()?.and_hms_opt(0, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_dates() {
        use DateFormat::{DayFirst, Iso, MonthFirst};
        for (text, formats, expected) in [
            ("2025-06-01T00:00:00Z", &[Iso][..], Ok("2025-06-01 00:00:00")),
            ("2025-06-01T00:00:00.000Z", &[Iso], Ok("2025-06-01 00:00:00")),
            ("2025-06-01 00:00:00", &[Iso], Ok("2025-06-01 00:00:00")),
            ("2025-06-01 00:00:00+00:00", &[Iso], Ok("2025-06-01 00:00:00")),
            ("2025-05-31T20:00:00-05:00", &[Iso], Ok("2025-06-01 01:00:00")),
            ("2025-06-01", &[Iso], Ok("2025-06-01 00:00:00")),
            ("06/01/2025", &[MonthFirst], Ok("2025-06-01 00:00:00")),
            ("9/2/2023", &[MonthFirst], Ok("2023-09-02 00:00:00")),
            ("02/09/2023", &[DayFirst], Ok("2023-09-02 00:00:00")),
            ("06/01/2025", &[Iso], Err(DateRefusal::NotADate)),
            ("2025-13-01", &[Iso], Err(DateRefusal::NotADate)),
            ("2025-02-30", &[Iso], Err(DateRefusal::NotADate)),
            ("2025-06-01T25:00:00Z", &[Iso], Err(DateRefusal::NotADate)),
            ("1717200000", &[Iso, MonthFirst], Err(DateRefusal::NotADate)),
            ("45678", &[Iso, MonthFirst], Err(DateRefusal::NotADate)),
            ("6/1/25", &[MonthFirst], Err(DateRefusal::NotADate)),
            ("0001-01-01", &[Iso], Err(DateRefusal::Year)),
            ("9999-12-31", &[Iso], Err(DateRefusal::Year)),
            ("", &[Iso], Err(DateRefusal::Empty)),
            ("June 1st", &[Iso, MonthFirst], Err(DateRefusal::NotADate)),
        ] {
            assert_eq!(parse(text, formats).map(|moment| moment.to_string()), expected.map(str::to_owned), "{text:?}");
        }
    }
}
