//! Subsidies: what a fund pays of what agencies use, so that a service costs them less while they learn to use it.
//!
//! The first so many dollars of a fiscal year, a percentage, or both; a plan that glides from 100 percent to nothing is a
//! version for each step. What earlier months counted comes from the records of their closes and from nowhere else.

use super::card::Scope;
use super::codes::{FundCode, ServiceCode};
use super::money::{Money, Overflow};
use super::month::Validity;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One version of a subsidy; a change is a new row with a start date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subsidy {
    pub id: String,
    pub version: u32,
    pub line: u64,
    pub valid: Validity,
    /// Whose lines it lowers.
    pub services: Vec<ServiceCode>,
    pub scope: Scope,
    /// Of each dollar: 100 where the table leaves it blank.
    pub percent: Decimal,
    /// The first so many dollars of a fiscal year; none = without end.
    pub yearly_limit: Option<Money>,
    pub limit_by: LimitBy,
    /// The fund that pays it. The provider's own bears it without an entry.
    pub paid_by: FundCode,
    pub statement_text: String,
    pub approved_by: String,
    pub reason: String,
}

/// Whose dollars are counted together against the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitBy {
    #[default]
    Agency,
    State,
}

/// Dollars that a closed month counted: its percentage of what was used, whether or not the limit was reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Counted {
    pub subsidy: String,
    /// `agency DOH`, `state`.
    pub holder: String,
    pub amount: Money,
}

/// What a bill line of kind subsidy lowers, and by whom it is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubsidyPart {
    pub subsidy: String,
    pub version: u32,
    pub paid_by: FundCode,
    /// The bill line that it lowers, and how much of it counts: all, unless the subsidy changes within the month.
    pub lowers: String,
    pub list: Money,
    pub net: Money,
}

impl Subsidy {
    /// What it pays of dollars that come after others: of the first `yearly_limit` alone. A credit gives back what was
    /// paid last, so that the year comes to the same in whatever order charges and credits came.
    pub fn granted(&self, before: Money, counts: Money) -> Result<Money, Overflow> {
        let Some(limit) = self.yearly_limit else { return Ok(counts) };
        let within = |counted: Money| counted.clamp(Money::ZERO, limit);
        within(before.checked_add(counts)?).checked_sub(within(before))
    }

    /// `subsidy AI-PILOT version 2`: for findings.
    pub fn in_words(&self) -> String {
        format!("subsidy {} version {}", self.id, self.version)
    }
}
