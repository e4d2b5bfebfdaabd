//! From one month's bill to the next: what each line came to before, and why it comes to something else now.

use super::bill::{BillLine, LineKind};
use super::codes::{AgencyCode, ServiceCode};
use super::money::{Money, Overflow, Quantity};
use super::month::Month;
use super::settings::Mode;
use serde::{Deserialize, Serialize};

/// What one agency was billed or shown in a month for one service, kind and rate or pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billed {
    pub agency: AgencyCode,
    pub service: ServiceCode,
    pub kind: LineKind,
    pub mode: Mode,
    /// The pool of a share, otherwise the rate.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    pub amount: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit_price: String,
    /// What the pool shared out in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Money>,
    /// Of the vendor's charges behind it. Months before the newest keep none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub meters: Vec<MeterUse>,
}

/// What was used of one meter, and its cents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeterUse {
    /// Blank for the smallest of a line that has very many: together they are one.
    pub meter: String,
    pub unit: String,
    pub quantity: Quantity,
    pub amount: Money,
}

impl Billed {
    pub fn of(line: &BillLine) -> Self {
        let rate = line.rate.as_ref().map(|rate| rate.rate_id.clone());
        let pool = line.share.as_ref().map(|share| share.pool.to_string());
        Self {
            agency: line.agency.clone(),
            service: line.service.clone(),
            kind: line.kind,
            mode: line.mode,
            by: pool.or(rate).unwrap_or_default(),
            amount: line.amount,
            quantity: line.quantity,
            unit: line.unit.clone(),
            unit_price: line.unit_price.clone(),
            whole: line.share.as_ref().map(|share| share.pool_amount),
            meters: Vec::new(),
        }
    }

    /// Lines that are one thing to who reads the bill, whatever version of a rate they are priced by.
    pub fn key(&self) -> (&AgencyCode, &ServiceCode, LineKind, &str) {
        (&self.agency, &self.service, self.kind, &self.by)
    }

    pub fn is_due(&self) -> bool {
        self.mode == Mode::Chargeback
    }

    /// Adds another line of the same key and mode.
    pub fn add(&mut self, other: Self) -> Result<(), Overflow> {
        self.amount = self.amount.checked_add(other.amount)?;
        self.quantity = match (self.quantity, other.quantity) {
            (Some(one), Some(other)) => Some(one.checked_add(other)?),
            (one, other) => one.or(other),
        };
        self.whole = match (self.whole, other.whole) {
            (Some(one), Some(other)) => Some(one.checked_add(other)?),
            (one, other) => one.or(other),
        };
        if self.unit_price != other.unit_price {
            self.unit_price.clear();
        }
        Ok(())
    }
}

/// Why a bill changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// More or less of the same, at last month's price.
    Volume,
    /// The same at another price.
    Price,
    /// More of the dear and less of the cheap, or the other way about.
    Mix,
    New,
    Ended,
    /// A pool that costs more or less.
    Pool,
    /// Another part of a pool.
    Share,
    /// Shown before and billed now, or the other way about.
    Treatment,
    Adjustment,
    /// What a fund pays of it.
    Subsidy,
    /// Charges that have no quantity: credits, taxes, fees.
    Other,
}

impl Effect {
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Volume => "used more or less",
            Self::Price => "price",
            Self::Mix => "dearer or cheaper kinds",
            Self::New => "new",
            Self::Ended => "ended",
            Self::Pool => "the shared cost itself",
            Self::Share => "your part of a shared cost",
            Self::Treatment => "billed instead of shown, or the reverse",
            Self::Adjustment => "adjustments",
            Self::Subsidy => "what a fund pays of it",
            Self::Other => "credits, taxes and fees",
        }
    }
}

/// One reason for a change, in cents. All of an agency's are what it owes now less what it owed the month before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub agency: AgencyCode,
    pub service: ServiceCode,
    pub effect: Effect,
    pub amount: Money,
}

/// The month before, beside this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bridge {
    /// None where the month before was not closed in these books.
    pub from: Option<Month>,
    pub steps: Vec<Step>,
}
