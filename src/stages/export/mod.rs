//! Export: the month's end as files, in memory. Nothing here computes money, opens a file or reads a clock.
//!
//! In     [`MonthEnd`]
//! Out    [`NamedBytes`], with paths below `out/<month>/<run>/`:
//!
//! ```text
//! statements/<AGENCY>/statement-<AGENCY>-2025-09.xlsx   what an agency owes, why, and the charges behind it
//! statements/<AGENCY>/detail-<AGENCY>-2025-09.csv       the charges behind it, one row each, for a pivot or a script
//! journals/journal-2025-09.csv                          the feed for the state's ERP
//! journals/journal-2025-09.control.json, .control.csv   counts, totals and the hash of the feed
//! journals/journal-2025-09.xlsx                         the same lines for people
//! journals/journal-2025-09.beancount, .hledger          the same books for two independent checkers
//! reconciliation/reconciliation-2025-09.xlsx            vendors, tie-outs, laws, pools, cents, what is not billed
//! reconciliation/tie-outs-2025-09.csv, vendors-2025-09.csv
//! findings.csv                                          what a person must be told
//! summary.json, summary.schema.json                     the month for scripts and dashboards, and what its fields mean
//! ```
//!
//! A draft's files say DRAFT inside, and those that leave the house one by one say so in their names too
//! (`journal-2025-09-DRAFT.csv`). Every exporter comes with a reader that takes the written bytes apart again and compares
//! each figure with the month's end: [`read_back`].

mod cover;
mod csv;
mod detail_csv;
mod findings_csv;
mod grid;
mod journal_beancount;
mod journal_csv;
mod journal_hledger;
mod journal_xlsx;
mod ledger_text;
mod read_back;
mod reconciliation_csv;
mod reconciliation_sheets;
mod reconciliation_xlsx;
mod reread;
mod sheet;
mod statement;
mod statement_detail;
mod statement_sheets;
mod statement_xlsx;
mod summary;
mod workbook;

pub use journal_csv::feed;
pub use read_back::read_back;
pub use summary::SCHEMA as SUMMARY_SCHEMA;

use crate::model::month_end::{MonthEnd, Standing};
use crate::model::proof::LawResult;
use anyhow::Context;
use read_back::Written;

/// A file that is not yet on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedBytes {
    /// Below the folder of the run, with `/` between folders.
    pub path: String,
    pub bytes: Vec<u8>,
}

/// One kind of output: how it is written, and how the written bytes are proved.
struct Exporter {
    name: &'static str,
    write: fn(&MonthEnd) -> anyhow::Result<Vec<NamedBytes>>,
    read_back: fn(&MonthEnd, &Written<'_>) -> Vec<LawResult>,
}

const EXPORTERS: &[Exporter] = &[
    Exporter { name: "statements", write: statement_xlsx::write, read_back: statement_xlsx::read_back },
    Exporter { name: "statement details", write: detail_csv::write, read_back: detail_csv::read_back },
    Exporter { name: "journal feed", write: journal_csv::write, read_back: journal_csv::read_back },
    Exporter {
        name: "journal for beancount",
        write: journal_beancount::write,
        read_back: journal_beancount::read_back,
    },
    Exporter { name: "journal for hledger", write: journal_hledger::write, read_back: journal_hledger::read_back },
    Exporter { name: "journal workbook", write: journal_xlsx::write, read_back: journal_xlsx::read_back },
    Exporter { name: "reconciliation", write: reconciliation_xlsx::write, read_back: reconciliation_xlsx::read_back },
    Exporter {
        name: "reconciliation tables",
        write: reconciliation_csv::write,
        read_back: reconciliation_csv::read_back,
    },
    Exporter { name: "findings", write: findings_csv::write, read_back: findings_csv::read_back },
    Exporter { name: "summary", write: summary::write, read_back: summary::read_back },
];

/// All files of a month, in the order of their paths.
pub fn export(end: &MonthEnd) -> anyhow::Result<Vec<NamedBytes>> {
    let mut files = Vec::new();
    for exporter in EXPORTERS {
        files.extend((exporter.write)(end).with_context(|| format!("cannot write the {}", exporter.name))?);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The journal feed alone: it is read again before the tie-outs are known that the other files show.
pub fn journal_feed(end: &MonthEnd) -> anyhow::Result<Vec<NamedBytes>> {
    journal_csv::write(end)
}

/// `journals/journal-2025-09-DRAFT.csv`
fn path(end: &MonthEnd, folder: &str, stem: &str, extension: &str) -> String {
    let draft = match end.standing {
        Standing::Draft => "-DRAFT",
        Standing::Final => "",
    };
    format!("{folder}/{stem}-{}{draft}.{extension}", end.month)
}

/// `DRAFT` or `FINAL`, as every document says it.
fn standing(end: &MonthEnd) -> &'static str {
    match end.standing {
        Standing::Draft => "DRAFT",
        Standing::Final => "FINAL",
    }
}
