//! What is said of a file, or of the parts of one version.

use crate::model::finding::Finding;
use crate::model::money::{Cost, Quantity};
use crate::model::month::Month;
use crate::sources::recognition::Near;
use serde::Serialize;
use std::collections::BTreeMap;

/// A file by itself, or all parts of one version. Amounts are decimal text.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SniffedSet {
    /// As they were asked for.
    pub files: Vec<String>,
    /// What kind of file it is, as vendors' files are kin: `aws`, `azure`, `focus`, `github`, `servicenow`, `other`.
    pub format: String,
    /// The format as the settings name it: `aws-cur2`, `azure-ea`, or the table of ServiceNow.
    pub source: String,
    pub title: String,
    pub export: String,
    pub version: String,
    pub month: Option<Month>,
    /// `actual` or `amortized`, where the source has two views of a month.
    pub view: String,
    pub columns: u64,
    pub rows: u64,
    pub rows_rejected: u64,
    pub rows_left_out: u64,
    /// The vendor's cost column over all rows.
    pub cost_by_currency: BTreeMap<String, String>,
    /// None where the file cannot tell.
    pub billed_by_currency: Option<BTreeMap<String, String>>,
    pub effective_total: Option<String>,
    pub effective_by_currency: Option<BTreeMap<String, String>>,
    pub by_charge_type: BTreeMap<String, SniffedGroup>,
    pub by_account: BTreeMap<String, SniffedGroup>,
    /// Quantities without money, by meter.
    pub counted: BTreeMap<String, Quantity>,
    /// What a month would be billed of it, by currency; nothing where it does not count.
    pub adds: BTreeMap<String, SniffedCosts>,
    pub counts: bool,
    /// Why it does not count.
    pub reason: String,
    /// An older version or a copy: it does not count, and nobody need do anything.
    #[serde(skip)]
    pub passed_over: bool,
    /// Whether the vendor can still change it.
    pub is_final: bool,
    /// Where nothing fits.
    pub nearest: Vec<Near>,
    /// Others that were asked about and bill the same accounts in the same month: one of them must be left out.
    pub same_money_as: Vec<String>,
    pub findings: Vec<Finding>,
}

impl SniffedSet {
    /// Whether a close would stop at it: not what is older, a copy, or information and is passed over with a note.
    pub fn is_refused(&self) -> bool {
        !self.counts
            && !self.passed_over
            && self.findings.iter().any(|finding| finding.blocks() && !super::LATER.contains(&finding.code))
    }
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct SniffedGroup {
    pub rows: u64,
    /// The vendor's cost column.
    pub cost: Cost,
    /// Before covered usage is netted; none where the file cannot tell.
    pub billed: Option<Cost>,
    pub effective: Option<Cost>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct SniffedCosts {
    pub billed: Cost,
    pub effective: Option<Cost>,
}
