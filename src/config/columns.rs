//! What a table of the books is: its columns, what may stand in them and what that means. From these definitions `init`
//! writes the templates, `load` checks the cells and the reference is generated, so the three cannot disagree.

use super::near::nearest;
use crate::model::codes::{AccountCode, AgencyCode, FundCode, PoolId, ServiceCode};
use crate::model::decimal;
use crate::model::money::{Money, Quantity};
use crate::model::month::Month;
use crate::model::settings::{DriverPeriod, Limit};
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// One hand-made table, or all tables of one folder.
#[derive(Debug)]
pub struct Table {
    /// `agencies.csv`, or a folder with as many files as finance likes: `rates/`.
    pub path: &'static str,
    pub about: &'static str,
    /// Books without it cannot be closed.
    pub needed: bool,
    pub columns: &'static [Column],
    /// Not empty where further columns may hold conditions, named as a charge's column or `tag:` and a billing tag; these
    /// stand in the template.
    pub conditions: &'static [&'static str],
    /// Columns that together stand on one row only.
    pub key: &'static [&'static str],
    /// Rows for the template, as comments.
    pub example: &'static [&'static str],
    /// Rows that new books begin with.
    pub starter: &'static [&'static str],
}

#[derive(Debug)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub needed: bool,
    pub about: &'static str,
}

pub const fn needed(name: &'static str, kind: Kind, about: &'static str) -> Column {
    Column { name, kind, needed: true, about }
}

pub const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Column {
    Column { name, kind, needed: false, about }
}

/// What may stand in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Texts with `;` between them.
    Texts,
    /// A vendor's number or id, which a spreadsheet may have damaged.
    Id,
    /// A code that this table declares.
    Agency,
    Service,
    Pool,
    Fund,
    Account,
    /// A name of lower-case letters, digits, `_` and `-`.
    Name,
    /// A code that another table declares.
    Known(Declared),
    /// Codes that another table declares, with `;` between them.
    KnownEach(Declared),
    Date,
    Month,
    Year,
    /// A whole number from 1.
    Count,
    /// 0 to 100, at most six decimals.
    Percent,
    /// At most two decimals.
    Money,
    /// As many decimals as needed, not negative.
    Price,
    /// As many decimals as needed, not negative.
    Quantity,
    YesNo,
    /// In settings: true or false.
    Flag,
    /// In settings: a list of texts.
    List,
    OneOf(&'static [&'static str]),
    /// `all`, `class:` and a class, or `agency:` and a code.
    Scope,
    /// `*`, or agencies, `class:` and `pool:` names with `;` between them.
    Targets,
    /// `DOH=60; pool:NET=40`.
    Shares,
    /// Drivers and their weights: `users=50; devices=50`.
    Index,
    /// Which months of a driver count.
    Period,
    /// An amount, or a percentage of the pool.
    Limit,
    /// What becomes of a pool whose driver adds up to nothing.
    ZeroDriver,
    /// An agency, or `pool:` and a pool.
    AgencyOrPool,
    /// `consumed`, or `driver:` and a driver.
    Measure,
    Currency,
}

/// Where a code must have been declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Declared {
    Agency,
    Service,
    Pool,
    Fund,
    Driver,
    BillingTag,
}

impl Declared {
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::Service => "service",
            Self::Pool => "pool",
            Self::Fund => "fund",
            Self::Driver => "driver",
            Self::BillingTag => "billing tag",
        }
    }

    pub const fn file(self) -> &'static str {
        match self {
            Self::Agency => "agencies.csv",
            Self::Service => "services.csv",
            Self::Pool => "pools.csv",
            Self::Fund => "chart/funds.csv",
            Self::Driver => "a file of drivers/",
            Self::BillingTag => "chargeback.toml",
        }
    }
}

pub const CLASSES: &[&str] = &[
    "same_fund",
    "governmental_fund",
    "proprietary_fund",
    "fiduciary_fund",
    "component_unit",
    "other_government",
    "external",
];

/// Parts of a list, without blanks around and without empty ones.
pub fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').map(str::trim).filter(|part| !part.is_empty())
}

/// Whether a spreadsheet was here: an id that has become a number with an exponent.
pub fn lost_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'+' | b'E' | b'e'))
        && text.contains(['E', 'e'])
        && text.contains('+')
        && decimal::parse(text.as_bytes()).is_ok()
}

/// A decimal exactly as written, or why not. `1_000`, `1,000` and `$5` are refused like everywhere else.
pub fn exact_decimal(text: &str) -> Result<Decimal, String> {
    let units = decimal::parse(text.as_bytes()).map_err(|refusal| format!("{refusal}."))?;
    let plain = decimal::plain(units, crate::model::money::SCALE);
    Decimal::from_str_exact(&plain).map_err(|_| "it has more digits than can be kept exactly.".to_owned())
}

impl Kind {
    /// Whether the text may stand there; the reason otherwise, as a sentence.
    pub fn check(self, text: &str) -> Result<(), String> {
        match self {
            Self::Text | Self::Texts | Self::List | Self::Known(_) | Self::KnownEach(_) | Self::AgencyOrPool => Ok(()),
            Self::Id if lost_digits(text) => {
                Err("A spreadsheet has turned the number into one like 1.23E+11: its digits are lost.".into())
            }
            Self::Id => Ok(()),
            Self::Agency => said(AgencyCode::parse(text).map_err(|refusal| refusal.why)),
            Self::Service => said(ServiceCode::parse(text).map_err(|refusal| refusal.why)),
            Self::Pool => said(PoolId::parse(text).map_err(|refusal| refusal.why)),
            Self::Fund => said(FundCode::parse(text).map_err(|refusal| refusal.why)),
            Self::Account => said(AccountCode::parse(text).map_err(|refusal| refusal.why)),
            Self::Name => name(text),
            Self::Date => date(text).map(drop),
            Self::Month => {
                Month::parse(text).map(drop).map_err(|_| "A month is written YYYY-MM, as in 2027-03.".into())
            }
            Self::Year => whole(text, 1990, 2200).map(drop),
            Self::Count => whole(text, 1, 1_000_000_000).map(drop),
            Self::Percent => percent(text),
            Self::Money => Money::parse(text).map(drop).map_err(|refusal| format!("As an amount, {refusal}.")),
            Self::Price => not_negative(text, "a rate").map(drop),
            Self::Quantity => not_negative(text, "a quantity")
                .and_then(|_| Quantity::parse(text).map(drop).map_err(|refusal| format!("As a quantity, {refusal}."))),
            Self::YesNo | Self::Flag => one_of(text, &["yes", "no"]),
            Self::OneOf(choices) => one_of(text, choices),
            Self::Scope => scope(text),
            Self::Targets => parts(text).filter_map(|part| part.strip_prefix("class:")).try_for_each(class),
            Self::Shares => shares(text).map(drop),
            Self::Index => index(text).map(drop),
            Self::Period => period(text).map(drop),
            Self::Limit => limit(text).map(drop),
            Self::ZeroDriver if text.starts_with("fallback:") => Ok(()),
            Self::ZeroDriver => one_of(text, &["error", "hold", "central", "fallback:<pool>"]),
            Self::Measure => match text.strip_prefix("driver:") {
                Some(driver) => name(driver.trim()),
                None => one_of(text, &["consumed", "driver:<name>"]),
            },
            Self::Currency if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) => Ok(()),
            Self::Currency => Err("A currency is written as three capital letters, as in USD.".into()),
        }
    }

    /// What a template says about the cell.
    pub fn in_words(self) -> String {
        match self {
            Self::Text | Self::Id => "text".into(),
            Self::Texts => "texts, ; between them".into(),
            Self::Agency | Self::Service | Self::Pool => "code: A-Z, 0-9, _ and -, at most 32".into(),
            Self::Fund | Self::Account => "code: letters, digits, _ - and ., at most 20".into(),
            Self::Name => "name: a-z, 0-9, _ and -".into(),
            Self::Known(declared) => format!("{} of {}", declared.noun(), declared.file()),
            Self::KnownEach(declared) => format!("{} codes of {}, ; between them", declared.noun(), declared.file()),
            Self::Date => "date, YYYY-MM-DD".into(),
            Self::Month => "month, YYYY-MM".into(),
            Self::Year => "year".into(),
            Self::Count => "whole number".into(),
            Self::Percent => "percent, 0 to 100, at most 6 decimals".into(),
            Self::Money => "amount, at most 2 decimals, no commas".into(),
            Self::Price | Self::Quantity => "number, not negative, all decimals count".into(),
            Self::YesNo => "yes or no".into(),
            Self::Flag => "true or false, without quotes".into(),
            Self::List => "list of texts, as in [\"agency\", \"Agency\"]".into(),
            Self::OneOf(choices) => choices.join(" | "),
            Self::Scope => "all | class:<class> | agency:<code>".into(),
            Self::Targets => "* or agencies, class:<class> and pool:<pool>, ; between them".into(),
            Self::Shares => "percentages, as in DOH=60; DOT=40; a pool as pool:<pool>".into(),
            Self::Index => "drivers and weights, as in users=50; devices=50".into(),
            Self::Period => "same | prior | trailing:<months> | frozen:<YYYY-MM>".into(),
            Self::Limit => "amount, or percentage of the pool as in 5%".into(),
            Self::ZeroDriver => "error | hold | central | fallback:<pool>".into(),
            Self::AgencyOrPool => "agency of agencies.csv, or pool:<pool> of pools.csv".into(),
            Self::Measure => "consumed | driver:<name>".into(),
            Self::Currency => "currency, as in USD".into(),
        }
    }
}

fn said(result: Result<impl Sized, &'static str>) -> Result<(), String> {
    result.map(drop).map_err(|why| format!("As a code, {why}."))
}

pub fn date(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|day| day.to_string() == text && (1990..2200).contains(&chrono::Datelike::year(day)))
        .ok_or_else(|| "A date is written YYYY-MM-DD, as in 2027-07-01, and must exist.".into())
}

pub fn whole(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { text.parse().ok() } else { None };
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("A whole number from {least} to {most} is expected."))
}

fn name(text: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    if !text.is_empty() && text.len() <= 40 && text.bytes().all(allowed) {
        Ok(())
    } else {
        Err("A name has 1 to 40 lower-case letters, digits, _ and -.".into())
    }
}

fn percent(text: &str) -> Result<(), String> {
    let value = exact_decimal(text).map_err(|why| format!("As a percentage, {why}"))?;
    if value.is_sign_negative() && !value.is_zero() || value > Decimal::ONE_HUNDRED {
        return Err("A percentage lies between 0 and 100.".into());
    }
    if value.normalize().scale() > 6 {
        return Err("A percentage has at most six decimals.".into());
    }
    Ok(())
}

fn not_negative(text: &str, what: &str) -> Result<Decimal, String> {
    let value = exact_decimal(text).map_err(|why| format!("As {what}, {why}"))?;
    if value.is_sign_negative() && !value.is_zero() {
        Err(format!("As {what}, it cannot be negative."))
    } else {
        Ok(value)
    }
}

fn one_of(text: &str, choices: &[&str]) -> Result<(), String> {
    if choices.contains(&text) {
        return Ok(());
    }
    let guess = nearest(text, choices.iter().copied()).map(|near| format!(" Did you mean {near}?")).unwrap_or_default();
    Err(format!("Allowed are {}.{guess}", choices.join(", ")))
}

fn class(text: &str) -> Result<(), String> {
    one_of(text.trim(), CLASSES)
}

fn scope(text: &str) -> Result<(), String> {
    match text.split_once(':') {
        Some(("class", name)) => class(name),
        Some(("agency", _)) => Ok(()),
        _ => one_of(text, &["all", "class:<class>", "agency:<code>"]),
    }
}

/// Agencies and their percentages, as written.
pub fn shares(text: &str) -> Result<Vec<(&str, Decimal)>, String> {
    parts(text)
        .map(|part| {
            let (agency, share) = part.split_once('=').ok_or("Shares are written as in DOH=60; DOT=40.".to_owned())?;
            percent(share.trim())?;
            Ok((agency.trim(), exact_decimal(share.trim())?))
        })
        .collect()
}

/// Drivers and their weights, as written.
pub fn index(text: &str) -> Result<Vec<(&str, Decimal)>, String> {
    parts(text)
        .map(|part| {
            let (driver, weight) = part.split_once('=').ok_or("An index is written as in users=50; devices=50.")?;
            let weight = not_negative(weight.trim(), "a weight")?;
            if weight.is_zero() {
                return Err(format!("The weight of {} is 0, so it would count for nothing.", driver.trim()));
            }
            name(driver.trim()).map(|()| (driver.trim(), weight))
        })
        .collect()
}

pub fn period(text: &str) -> Result<DriverPeriod, String> {
    match text.split_once(':') {
        None if text == "same" => Ok(DriverPeriod::Same),
        None if text == "prior" => Ok(DriverPeriod::Prior),
        Some(("trailing", months)) => {
            whole(months.trim(), 2, 60).map(|months| DriverPeriod::Trailing(u32::try_from(months).unwrap_or(60)))
        }
        Some(("frozen", month)) => Month::parse(month.trim())
            .map(DriverPeriod::Frozen)
            .map_err(|_| "A month is written YYYY-MM, as in frozen:2027-03.".into()),
        _ => Err("Allowed are same, prior, trailing:<months> and frozen:<YYYY-MM>.".into()),
    }
}

pub fn limit(text: &str) -> Result<Limit, String> {
    match text.strip_suffix('%') {
        Some(part) => {
            percent(part.trim())?;
            Ok(Limit::Percent(exact_decimal(part.trim())?))
        }
        None => {
            let amount = Money::parse(text).map_err(|refusal| format!("As an amount, {refusal}."))?;
            if amount.is_negative() { Err("A limit is not negative.".into()) } else { Ok(Limit::Amount(amount)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_stand_in_a_cell() {
        for (kind, text, fine) in [
            (Kind::Date, "2025-02-28", true),
            (Kind::Date, "2025-02-30", false),
            (Kind::Date, "2/28/2025", false),
            (Kind::Date, "0001-01-01", false),
            (Kind::Money, "10599.75", true),
            (Kind::Money, "10,599.75", false),
            (Kind::Money, "10599.751", false),
            (Kind::Percent, "33.333333", true),
            (Kind::Percent, "33.3333333", false),
            (Kind::Percent, "100.01", false),
            (Kind::Percent, "-1", false),
            (Kind::Price, "0.000000000025", true),
            (Kind::Price, "1_000", false),
            (Kind::Price, "-0.01", false),
            (Kind::Scope, "class:governmental_fund", true),
            (Kind::Scope, "class:governmental", false),
            (Kind::Shares, "DOH=60; DOT=40", true),
            (Kind::Shares, "DOH 60", false),
            (Kind::Index, "users=50; devices=12.5", true),
            (Kind::Index, "users=0", false),
            (Kind::Period, "trailing:12", true),
            (Kind::Period, "trailing:1", false),
            (Kind::Period, "frozen:2027-3", false),
            (Kind::Limit, "5%", true),
            (Kind::Limit, "100.01%", false),
            (Kind::Limit, "-5", false),
            (Kind::ZeroDriver, "fallback:NET", true),
            (Kind::ZeroDriver, "even", false),
            (Kind::Measure, "driver:servicenow_hours", true),
            (Kind::Measure, "hours", false),
            (Kind::YesNo, "true", false),
            (Kind::Currency, "usd", false),
            (Kind::Count, "0", false),
        ] {
            assert_eq!(kind.check(text).is_ok(), fine, "{kind:?} {text:?}");
        }
    }
}
