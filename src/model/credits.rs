//! Prepaid credits of AI services: bought in grants, used first in first out, gone when they expire.

use super::codes::{AgencyCode, ServiceCode};
use super::money::{Exact, Money, Overflow, Quantity, Rounding};
use super::month::Month;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// One purchase of credits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditGrant {
    pub id: String,
    pub line: u64,
    /// Under which its use is billed.
    pub service: ServiceCode,
    /// Who used how many: a driver table or a measure.
    pub driver: String,
    pub bought_on: NaiveDate,
    /// The first day on which it can be used no more.
    pub expires_on: Option<NaiveDate>,
    pub credits: Quantity,
    pub cost: Money,
    /// Who pays what expires unused; none = the provider bears it.
    pub expired_to: Option<AgencyCode>,
}

/// What of a grant closed months have used or lost.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CreditsGone {
    pub grant: String,
    pub credits: Quantity,
}

/// A grant in a month: what was there, what was used, what expired, what is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditMove {
    pub grant: String,
    pub service: ServiceCode,
    pub opening: Quantity,
    pub used: Quantity,
    pub cost: Money,
    pub expired: Quantity,
    pub expired_cost: Money,
    pub left: Quantity,
    pub left_cost: Money,
}

impl CreditGrant {
    /// Whether it can be used on any day of the month.
    pub fn is_usable(&self, month: Month) -> bool {
        self.bought_on <= month.last_day() && self.expires_on.is_none_or(|day| day > month.first_day())
    }

    /// Whether nothing of it can be used after the month.
    pub fn expires_within(&self, month: Month) -> bool {
        self.bought_on <= month.last_day() && self.expires_on.is_some_and(|day| day <= month.next().first_day())
    }

    /// What so many of its credits cost, by cumulative rounding: all of them together cost what was paid.
    pub fn cost_of(&self, before: Quantity, credits: Quantity, rounding: Rounding) -> Result<Money, Overflow> {
        let upto = |gone: Quantity| {
            let part = gone.exact().divided_by(&self.credits.exact()).unwrap_or_else(Exact::zero);
            self.cost.exact().times(&part).round(rounding)
        };
        upto(before.checked_add(credits)?)?.checked_sub(upto(before)?)
    }
}
