//! A gateway's or vendor's log of usage beside what the provider invoices for it, and why the two differ.
//!
//! Bills follow the invoice; the log is the driver and the detail. What the log would have cost, at dated prices, and what
//! was invoiced differ by requests that the log misses, by tokens that it counts in another cache class, by price, and by
//! rounding: the four add up to the difference.

use super::money::{Cost, Quantity};
use super::month::Validity;
use super::settings::Pattern;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One row of `log_prices.csv`: which rows of a log are which rows of an invoice, and at which price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPrice {
    pub line: u64,
    /// Formats: `openai-usage`, `openai-costs`.
    pub log: String,
    pub invoice: String,
    /// SKU of the log's rows, and of the invoice's where it is spelled in another way.
    pub model: Pattern,
    pub billed_model: Pattern,
    pub meter: Pattern,
    pub billed_meter: Pattern,
    /// Classes of one kind are one total that the two may divide in different ways: `input`.
    pub kind: String,
    pub valid: Validity,
    pub price: Decimal,
    pub price_per: Decimal,
}

/// What a log says of one model and kind of tokens, what the invoice says, and what explains the difference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogDifference {
    pub log: String,
    pub invoice: String,
    pub model: String,
    pub kind: String,
    pub valid: Validity,
    pub logged: Quantity,
    pub invoiced: Quantity,
    /// The logged quantities at their prices.
    pub expected: Cost,
    pub billed: Cost,
    /// Tokens that are on the invoice and not in the log, at the log's mix of classes; negative where it is the log that
    /// has more.
    pub missing: Cost,
    /// The same tokens in classes of another price.
    pub cache_class: Cost,
    pub price: Cost,
    /// At most half a cent a charge.
    pub rounding: Cost,
}

impl LogDifference {
    /// The four causes by name, in the order in which they are told.
    pub fn causes(&self) -> [(&'static str, Cost); 4] {
        [
            ("missing requests", self.missing),
            ("cache class", self.cache_class),
            ("price", self.price),
            ("rounding", self.rounding),
        ]
    }
}
