//! All that is known of a month once its stages have run: what outputs are written from and laws are checked on.

use super::bill::{Bills, RatedCharge};
use super::finding::Finding;
use super::intake::{Directory, SourceVersion};
use super::journal_entry::JournalEntry;
use super::money::Cost;
use super::month::Month;
use super::past::Past;
use super::proof::{ControlTotals, Gate, LawResult, TieOut, VendorReconciliation};
use super::roll_up::RollUp;
use super::settings::Settings;
use super::untrusted::Untrusted;
use super::usage_log::LogDifference;
use serde::{Deserialize, Serialize};

/// A row of a vendor's file that could not be read. It is kept whole: its money is not lost, only not billed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRow {
    pub file: String,
    /// Record number; the header is 1.
    pub row: u64,
    pub column: String,
    /// The row as it stands in the file.
    pub raw: Untrusted,
    pub why: String,
    /// The vendor's cost of the row, where that cell could be read, and its currency.
    pub at_stake: Option<(Cost, String)>,
    /// Someone has looked at it and taken it out of the close: reason and approver, from `quarantine.csv`.
    pub waived: Option<(String, String)>,
}

/// One version of one source with what was counted while it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionTotals {
    pub version: SourceVersion,
    pub totals: ControlTotals,
}

/// What normalize leaves of a month.
#[derive(Clone, Debug, Default)]
pub struct Normalized {
    pub roll_up: RollUp,
    pub versions: Vec<VersionTotals>,
    pub rejected: Vec<RejectedRow>,
    pub findings: Vec<Finding>,
}

/// How far a run may go: a draft shows everything and posts nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    Draft,
    Final,
}

/// The month as the exporters see it. No exporter computes money.
#[derive(Clone, Debug)]
pub struct MonthEnd {
    pub month: Month,
    /// Twelve hexadecimal digits of the hash of inputs, settings and rules: printed on every document.
    pub run: String,
    pub standing: Standing,
    pub settings: Settings,
    /// SHA-256 of the settings as the ledger keeps them; blank where no ledger does.
    pub configuration: String,
    pub directory: Directory,
    pub roll_up: RollUp,
    pub versions: Vec<VersionTotals>,
    pub rejected: Vec<RejectedRow>,
    /// With the cents that `fit` made.
    pub charges: Vec<RatedCharge>,
    pub vendors: Vec<VendorReconciliation>,
    pub bills: Bills,
    pub journals: Vec<JournalEntry>,
    /// What closed months left, and what became known of them since.
    pub past: Past,
    /// Logs of usage beside the provider's invoices.
    pub usage_logs: Vec<LogDifference>,
    pub tie_outs: Vec<TieOut>,
    pub laws: Vec<LawResult>,
    pub gates: Vec<Gate>,
    pub findings: Vec<Finding>,
}
