//! Amounts of another currency in that of the books, by the rate that somebody declared for the month.
//!
//! Currencies stay apart up to here: files, control totals, invoices and tie-ins are in their own. What an agency is asked
//! for is in the currency of the books, so each cost is converted once, when it is rated, with one rate a month and
//! currency; the invoice that it is fitted to with the same one.

use super::money::{Cost, Exact, Overflow};
use super::month::Month;
use super::settings::Settings;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One row of `exchange.csv`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeRate {
    pub line: u64,
    pub currency: String,
    pub month: Month,
    /// What one unit of the currency is in that of the books.
    pub rate: Decimal,
    /// The day of which the rate is, and who published it.
    pub quoted_on: NaiveDate,
    pub source: String,
    pub approved_by: String,
}

impl ExchangeRate {
    /// To the eighteenth decimal, a half to even.
    pub fn convert(&self, cost: Cost) -> Result<Cost, Overflow> {
        cost.exact().times(&Exact::from_decimal(self.rate)).to_cost()
    }

    /// `1 CAD = USD 0.7312 of 2025-09-30, Bank of Canada`
    pub fn between(&self, books: &str) -> String {
        format!("1 {} = {books} {}", self.currency, self.in_words())
    }

    /// `0.7312 of 2025-09-30, Bank of Canada`: on bills and in journals.
    pub fn in_words(&self) -> String {
        format!("{} of {}, {}", self.rate.normalize(), self.quoted_on, self.source)
    }
}

/// The rates of one month.
#[derive(Clone, Copy)]
pub struct Exchange<'a> {
    settings: &'a Settings,
    month: Month,
}

impl<'a> Exchange<'a> {
    pub fn new(settings: &'a Settings, month: Month) -> Self {
        Self { settings, month }
    }

    /// Whether amounts of this currency can stand on a bill.
    pub fn keeps(&self, currency: &str) -> bool {
        currency == self.settings.state.currency || self.rate(currency).is_some()
    }

    /// None for the currency of the books, and for one that nobody has declared a rate for.
    pub fn rate(&self, currency: &str) -> Option<&'a ExchangeRate> {
        let is_meant = |rate: &&ExchangeRate| rate.month == self.month && rate.currency == currency;
        self.settings.exchange.iter().find(is_meant)
    }

    pub fn in_books(&self, currency: &str, cost: Cost) -> Result<Cost, Overflow> {
        if currency == self.settings.state.currency {
            return Ok(cost);
        }
        self.rate(currency).map_or(Ok(cost), |rate| rate.convert(cost))
    }

    /// Currencies that can be converted in this month.
    pub fn currencies(&self) -> Vec<&'a str> {
        let of_month = self.settings.exchange.iter().filter(|rate| rate.month == self.month);
        let mut currencies: Vec<&str> = of_month.map(|rate| rate.currency.as_str()).collect();
        currencies.sort_unstable();
        currencies
    }
}
