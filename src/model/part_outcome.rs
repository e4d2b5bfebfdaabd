//! What reading one part of a version leaves, apart from its charges: small, mergeable in any order, and kept in the
//! ledger, so that a part that has not changed is not read again.

use super::finding::Finding;
use super::money::{Cost, Overflow};
use super::month_end::RejectedRow;
use super::proof::ControlTotals;
use super::roll_up::RollUp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PartOutcome {
    /// As findings and charges name it.
    pub file: String,
    pub totals: ControlTotals,
    /// Kept beside the rest, as Parquet: see `frame::roll_up`.
    #[serde(skip)]
    pub roll_up: RollUp,
    /// The first of the rejected rows; the totals count all of them.
    pub rejected: Vec<RejectedRow>,
    pub findings: Vec<Finding>,
    /// By commitment.
    pub commitments: BTreeMap<String, CommitmentUse>,
    /// Rows without invoice id, and their billed cost by currency.
    pub without_invoice: (u64, BTreeMap<String, Cost>),
    /// The vendor's cost of rows that no commitment covers, by currency: both views of a month must agree on it.
    pub uncommitted: BTreeMap<String, Cost>,
    /// By currency, of a version with net costs.
    pub discounts: BTreeMap<String, Discounts>,
    /// Sorted fingerprints of the row ids, where the source has such ids.
    #[serde(skip)]
    pub row_ids: Vec<u64>,
    /// A fingerprint of the set of rows, whatever their order.
    pub content: String,
}

/// What a version with net costs says of its private discounts: in rows of their own, and in the net column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discounts {
    /// Of the rows of discounts, as listed.
    pub rows: Cost,
    /// What all rows cost as listed, discounts included, less what was invoiced. Nothing where rows and column agree.
    pub beyond_rows: Cost,
}

impl Discounts {
    pub fn add(&mut self, other: &Self) -> Result<(), Overflow> {
        self.rows = self.rows.checked_add(other.rows)?;
        self.beyond_rows = self.beyond_rows.checked_add(other.beyond_rows)?;
        Ok(())
    }
}

/// What a commitment's rows say it costs in the month, and what its used and unused parts add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitmentUse {
    /// Effective cost of what it covered and of what nobody used.
    pub consumed: Cost,
    /// Amortized upfront payment and recurring fee; none while no row has said it.
    pub owed: Option<Cost>,
}

impl CommitmentUse {
    pub fn add(&mut self, other: &Self) -> Result<(), Overflow> {
        self.consumed = self.consumed.checked_add(other.consumed)?;
        self.owed = match (self.owed, other.owed) {
            (Some(a), Some(b)) => Some(a.checked_add(b)?),
            (a, b) => a.or(b),
        };
        Ok(())
    }
}
