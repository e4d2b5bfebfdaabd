//! What the command line asks of the close, and what it gets back.

use crate::model::exit::Exit;
use crate::model::finding::Finding;
use crate::model::month::Month;
use crate::model::proof::{Gate, TieOut, VendorReconciliation};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The stages, in their order; asking for one runs those before it (unchanged ones are not run again).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    Ingest,
    Normalize,
    Rate,
    Allocate,
    Reconcile,
    Export,
    Close,
}

/// One request for a month. The clock, the person and the machine come in here and nowhere else.
#[derive(Clone, Debug)]
pub struct Request {
    pub books: PathBuf,
    pub month: Month,
    pub until: Stage,
    /// Everything but the state change; outputs are marked DRAFT.
    pub draft: bool,
    /// Nothing is written: says what would be.
    pub dry_run: bool,
    /// Close although the vendor has not issued invoices for all rows.
    pub accept_unfinal: bool,
    /// Source folders whose empty files are accepted for this run.
    pub allow_empty: Vec<String>,
    pub threads: usize,
    pub invocation: Invocation,
}

/// Who runs this, where and when: for the lock, the attest record and the audit log; never for an amount or an output.
#[derive(Clone, Debug)]
pub struct Invocation {
    pub today: NaiveDate,
    /// UTC, RFC 3339.
    pub now: String,
    /// Blank where nothing says it: then the operating system's number of the user stands for the name.
    pub person: String,
    pub host: String,
}

/// What a run did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    #[serde(skip, default = "done")]
    pub exit: Exit,
    pub month: Month,
    /// `open`, `draft`, `closed`, `unchanged`.
    pub state: String,
    /// Twelve hexadecimal digits: the close id, or the run id of a draft.
    pub run: String,
    /// One sentence for the last line of the terminal.
    pub message: String,
    /// The folder of outputs below the books.
    pub outputs: Option<String>,
    pub stages: Vec<StageReport>,
    pub gates: Vec<Gate>,
    pub tie_outs: Vec<TieOut>,
    pub vendors: Vec<VendorReconciliation>,
    /// Agency, amount due, amount shown back: for the table at the end.
    pub bills: Vec<AgencyTotal>,
    pub findings: Vec<Finding>,
}

fn done() -> Exit {
    Exit::Done
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageReport {
    pub stage: Stage,
    /// Taken from an earlier run because nothing it reads has changed.
    pub unchanged: bool,
    pub rows_in: u64,
    pub rows_out: u64,
    /// Names and decimal texts: `billed`, `effective`, `bills`.
    pub totals: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgencyTotal {
    pub agency: String,
    pub name: String,
    pub due: crate::model::money::Money,
    pub showback: crate::model::money::Money,
}

/// Where a run is. Bars on a terminal, nothing under cron.
pub trait Progress: Sync {
    fn stage(&self, name: &str);
    /// A file of so many bytes begins.
    fn file(&self, name: &str, bytes: u64);
    /// So many more bytes of the current stage's files are done.
    fn advance(&self, bytes: u64);
    fn end(&self);
}

/// What is known of each month: for `status`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MonthStatus {
    pub month: Month,
    /// `open`, `closed`, `reopened`.
    pub state: String,
    pub close_id: String,
    /// Source folder, files, bytes, and whether it is expected.
    pub sources: Vec<SourceStatus>,
    pub outputs: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStatus {
    pub folder: String,
    pub files: u64,
    pub bytes: u64,
    pub expected: bool,
}

/// A bill line, its arithmetic, and the vendor rows behind it: for `explain`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Explanation {
    pub line: crate::model::bill::BillLine,
    /// What was counted, and the card, pool or subsidy that decided, with its version and where it stands.
    #[serde(default)]
    pub decided_by: Vec<String>,
    pub arithmetic: Vec<String>,
    /// Charges behind the line with their cents, largest first.
    pub charges: Vec<ExplainedCharge>,
    /// How many more there are than are listed.
    pub more: u64,
    /// Rows of usage files that were counted for the agency where a measure drives the line, largest first.
    #[serde(default)]
    pub usage: Vec<ExplainedCharge>,
    #[serde(default)]
    pub more_usage: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedCharge {
    pub file: String,
    pub row: u64,
    pub account: String,
    pub resource: String,
    /// The person or key, where the vendor says so.
    pub user: String,
    /// The vendor's article; of AI usage the model.
    pub sku: String,
    pub meter: String,
    pub day: String,
    pub charge_type: String,
    /// Of billed and effective.
    pub currency: String,
    pub billed: String,
    pub effective: String,
    pub quantity: String,
    pub unit: String,
    /// The vendor's row as it stands in the file, or in parentheses why it cannot be read again.
    pub raw: crate::model::untrusted::Untrusted,
}

/// Files of FOCUS that were written, and what they come to: for `focus`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FocusFiles {
    pub files: Vec<String>,
    /// Of the close or the draft.
    pub run: String,
    pub rows: u64,
    /// Negations of covered usage, which is billed nothing instead.
    pub negations_left_out: u64,
    /// By currency, as decimal text.
    pub billed: std::collections::BTreeMap<String, String>,
    pub effective: std::collections::BTreeMap<String, String>,
}

/// A mapping proposed for a file: for `map`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MapProposal {
    pub file: String,
    /// Loads as a file of `mappings/`; empty where the file is no table.
    pub toml: String,
    /// Keys of the mapping and columns of the file.
    pub columns: Vec<(String, String)>,
    pub unread: Vec<String>,
    /// What the file does not say, and a person must.
    pub missing: Vec<String>,
    /// Keys and texts of the first rows, numbers as machines write them.
    pub first_rows: Vec<Vec<(String, String)>>,
    pub rows: u64,
    pub rows_without_amount: u64,
    /// Currency and sum of all rows' costs.
    pub totals: Vec<(String, String)>,
    /// Of the first row.
    pub month: String,
    /// Rows that would be charges of this month.
    pub rows_accepted: u64,
    pub findings: Vec<Finding>,
}

/// The month again with other tables: for `whatif`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WhatIf {
    #[serde(skip, default = "done")]
    pub exit: Exit,
    pub month: Month,
    /// The month is closed, and its close stands whatever is tried here.
    pub closed: bool,
    /// Tables of other content than those of the books.
    pub changed: Vec<String>,
    /// By agency, service and what becomes of the lines.
    pub lines: Vec<Differing>,
    pub unbilled: Vec<Unbilled>,
    /// What blocks the books as they are.
    pub findings_now: Vec<Finding>,
    /// What is found with the other tables and not without them.
    pub findings: Vec<Finding>,
    pub message: String,
}

impl WhatIf {
    pub fn of(month: Month) -> Self {
        Self {
            exit: Exit::Done,
            month,
            closed: false,
            changed: Vec::new(),
            lines: Vec::new(),
            unbilled: Vec::new(),
            findings_now: Vec::new(),
            findings: Vec::new(),
            message: String::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differing {
    pub agency: String,
    pub service: String,
    /// `due`, `absorbed`, `showback`, `visibility`.
    pub what: String,
    pub now: crate::model::money::Money,
    pub would: crate::model::money::Money,
    pub difference: crate::model::money::Money,
}

/// Vendors' cost that is on no bill, by where it lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unbilled {
    pub place: String,
    pub now: crate::model::money::Money,
    pub would: crate::model::money::Money,
    pub difference: crate::model::money::Money,
}

/// What every rule takes in a month: for `rules test --month`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RulesUsed {
    pub month: Month,
    pub rules: Vec<RuleUse>,
    pub covered: Vec<Covered>,
    pub findings: Vec<Finding>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleUse {
    /// `owner rule`, `service`, `rate`, `pool`.
    pub kind: String,
    /// Of a card or a pool with its version.
    pub id: String,
    pub file: String,
    pub line: u64,
    pub charges: u64,
    pub cost: crate::model::money::Cost,
    pub remark: String,
}

/// A part of the month's cost by who has it, credits counted as positive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    pub to: String,
    pub cost: crate::model::money::Cost,
    /// Decimal text.
    pub percent: String,
}

/// Which rule takes a charge, and what the rules before it say: for `rules test`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTrace {
    pub day: NaiveDate,
    pub steps: Vec<TraceStep>,
    pub destination: String,
    pub service: String,
    pub rate: String,
    pub mode: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceStep {
    pub rule: String,
    /// The line of owners.csv.
    pub line: u64,
    pub said: String,
    pub takes: bool,
}
