//! Export: the month's end as files, written to whatever takes them. Nothing here computes money, opens a file or reads a
//! clock.
//!
//! In     [`MonthEnd`]
//! Out    files in [`Outputs`], with paths below `out/<month>/<run>/`:
//!
//! ```text
//! statements/<AGENCY>/statement-<AGENCY>-2025-09.xlsx   what an agency owes, why, and the charges behind it
//! statements/<AGENCY>/statement-<AGENCY>-2025-09.html   the same as a page that needs no network
//! statements/<AGENCY>/detail-<AGENCY>-2025-09.csv       the charges behind it, one row each, for a pivot or a script
//! journals/journal-2025-09.csv                          the feed for the state's ERP
//! journals/journal-2025-09.control.json, .control.csv   counts, totals and the hash of the feed
//! journals/journal-2025-09.xlsx                         the same lines for people
//! journals/erp/<template>/                              the same lines as the ERP's own import takes them
//! journals/journal-2025-09.beancount, .hledger          the same books for two independent checkers
//! reconciliation/reconciliation-2025-09.xlsx            vendors, tie-outs, laws, pools, cents, what is not billed
//! reconciliation/tie-outs-2025-09.csv, vendors-2025-09.csv
//! findings.csv                                          what a person must be told
//! summary.json, summary.schema.json                     the month for scripts and dashboards, and what its fields mean
//! ```
//!
//! A draft's files say DRAFT inside, and those that leave the house one by one say so in their names too
//! (`journal-2025-09-DRAFT.csv`). Every exporter comes with a reader that takes the written bytes apart again and compares
//! each figure with the month's end: [`Made::read_back`].
//!
//! Measured at two million vendor rows, 84,958 details of 12 agencies, every one on the sheet of its statement: 1.05
//! CPU-seconds, 12 microseconds a detail. Two thirds are writing the workbooks (half of that the cells, a fifth their formats
//! looked up by hash, a fifth XML and deflating), a quarter is taking their XML apart again, the rest the CSV. At ten million
//! rows, 425,000 details, sheets are by month and it is again one CPU-second: then the CSV, written and read, is half of it.
//! What is in memory at once is a statement and its workbook for every thread; a CSV never is.

mod answer_xlsx;
mod closed_months;
mod cover;
mod credits;
mod csv;
mod detail_csv;
mod doubles;
mod erp;
mod findings_csv;
mod grid;
mod journal_beancount;
mod journal_csv;
mod journal_hledger;
mod journal_xlsx;
mod ledger_text;
mod look;
mod outputs;
mod rate_book;
mod read_back;
mod reconciliation_csv;
mod reconciliation_sheets;
mod reconciliation_xlsx;
mod reread;
mod sheet;
mod statement;
mod statement_changes;
mod statement_detail;
mod statement_html;
mod statement_page;
mod statement_people;
mod statement_sheets;
mod statement_xlsx;
mod subsidies;
mod summary;
mod usage_logs;
mod workbook;

pub use answer_xlsx::answer_workbook;
pub use erp::ruler;
pub use journal_csv::feed;
pub use outputs::{Fill, InMemory, Outputs};
pub use summary::SCHEMA as SUMMARY_SCHEMA;

use crate::model::finding::{Code, Finding};
use crate::model::month_end::{MonthEnd, Standing};
use crate::model::proof::LawResult;
use anyhow::Context;
use outputs::Written;
use statement::{Part, Statement, parts};
use std::io::Write;
use std::sync::Arc;

pub use rate_book::{BookedRate, RateBook, edition_before, rate_book};

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
    of: Of,
}

enum Of {
    /// Files of the whole month, small enough to be made in memory.
    Month {
        write: fn(&MonthEnd) -> anyhow::Result<Vec<NamedBytes>>,
        read_back: fn(&MonthEnd, &Written<'_>) -> Vec<LawResult>,
    },
    /// One file for every agency that has a bill line.
    Agency {
        path: fn(&Statement<'_>) -> String,
        write: fn(&Statement<'_>, &mut dyn Write) -> anyhow::Result<()>,
        read_back: fn(&Statement<'_>, &Written<'_>) -> LawResult,
    },
}

const EXPORTERS: &[Exporter] = &[
    Exporter {
        name: "statements",
        of: Of::Agency {
            path: statement_xlsx::path,
            write: statement_xlsx::write,
            read_back: statement_xlsx::read_back,
        },
    },
    Exporter {
        name: "statement pages",
        of: Of::Agency {
            path: statement_html::path,
            write: statement_html::write,
            read_back: statement_html::read_back,
        },
    },
    Exporter {
        name: "statement details",
        of: Of::Agency { path: detail_csv::path, write: detail_csv::write, read_back: detail_csv::read_back },
    },
    Exporter { name: "journal feed", of: Of::Month { write: journal_csv::write, read_back: journal_csv::read_back } },
    Exporter { name: "journal feeds by template", of: Of::Month { write: erp::write, read_back: erp::read_back } },
    Exporter {
        name: "journal for beancount",
        of: Of::Month { write: journal_beancount::write, read_back: journal_beancount::read_back },
    },
    Exporter {
        name: "journal for hledger",
        of: Of::Month { write: journal_hledger::write, read_back: journal_hledger::read_back },
    },
    Exporter {
        name: "journal workbook",
        of: Of::Month { write: journal_xlsx::write, read_back: journal_xlsx::read_back },
    },
    Exporter {
        name: "reconciliation",
        of: Of::Month { write: reconciliation_xlsx::write, read_back: reconciliation_xlsx::read_back },
    },
    Exporter {
        name: "reconciliation tables",
        of: Of::Month { write: reconciliation_csv::write, read_back: reconciliation_csv::read_back },
    },
    Exporter { name: "findings", of: Of::Month { write: findings_csv::write, read_back: findings_csv::read_back } },
    Exporter { name: "summary", of: Of::Month { write: summary::write, read_back: summary::read_back } },
];

/// A part of the month's outputs that needs no other part: pieces may be made in any order, and at once.
pub struct Piece<'a> {
    end: &'a MonthEnd,
    exporter: &'static Exporter,
    /// The agency of an [`Of::Agency`].
    part: Option<Arc<Part<'a>>>,
}

/// A piece that is being made: what it is made of is worked out once, for writing it and for reading it back.
pub struct Made<'a> {
    end: &'a MonthEnd,
    exporter: &'static Exporter,
    statement: Option<Statement<'a>>,
}

/// All pieces of a month's outputs, in the order of the laws that their reading back gives.
pub fn pieces(end: &MonthEnd) -> Vec<Piece<'_>> {
    let parts: Vec<Arc<Part<'_>>> = parts(end).into_iter().map(Arc::new).collect();
    let pieces = |exporter: &'static Exporter| -> Vec<Piece<'_>> {
        match exporter.of {
            Of::Month { .. } => vec![Piece { end, exporter, part: None }],
            Of::Agency { .. } => parts.iter().map(|part| Piece { end, exporter, part: Some(part.clone()) }).collect(),
        }
    };
    EXPORTERS.iter().flat_map(pieces).collect()
}

impl<'a> Piece<'a> {
    pub fn make(&self) -> Made<'a> {
        let Self { end, exporter, part } = self;
        Made { end, exporter, statement: part.as_ref().map(|part| part.statement(end)) }
    }
}

impl Made<'_> {
    /// Writes the files, and gives their paths.
    pub fn write(&self, outputs: &dyn Outputs) -> anyhow::Result<Vec<String>> {
        self.written(outputs).with_context(|| format!("cannot write the {}", self.exporter.name))
    }

    fn written(&self, outputs: &dyn Outputs) -> anyhow::Result<Vec<String>> {
        match (&self.exporter.of, &self.statement) {
            (Of::Agency { path, write, .. }, Some(statement)) => {
                let path = path(statement);
                outputs.write(&path, &mut |out| write(statement, out))?;
                Ok(vec![path])
            }
            (Of::Agency { .. }, None) => Ok(Vec::new()),
            (Of::Month { write, .. }, _) => {
                let mut paths = Vec::new();
                for NamedBytes { path, bytes } in write(self.end)? {
                    outputs.write(&path, &mut |out| Ok(out.write_all(&bytes)?))?;
                    paths.push(path);
                }
                Ok(paths)
            }
        }
    }

    /// Takes what was written apart again and compares it with the month's end, to the cent; a result for every file.
    pub fn read_back(&self, outputs: &dyn Outputs) -> Vec<LawResult> {
        let written = Written(outputs);
        match (&self.exporter.of, &self.statement) {
            (Of::Agency { read_back, .. }, Some(statement)) => vec![read_back(statement, &written)],
            (Of::Agency { .. }, None) => Vec::new(),
            (Of::Month { read_back, .. }, _) => read_back(self.end, &written),
        }
    }
}

/// All files of a month at once, in the order of their paths.
pub fn export(end: &MonthEnd) -> anyhow::Result<Vec<NamedBytes>> {
    let files = InMemory::default();
    for piece in pieces(end) {
        piece.make().write(&files)?;
    }
    Ok(files.into_files())
}

/// Proves that files say what the month's end says.
pub fn read_back(end: &MonthEnd, files: &[NamedBytes]) -> Vec<LawResult> {
    let files = InMemory::of(files);
    pieces(end).iter().flat_map(|piece| piece.make().read_back(&files)).collect()
}

/// The journal feed alone: it is read again before the tie-outs are known that the other files show.
pub fn journal_feed(end: &MonthEnd) -> anyhow::Result<Vec<NamedBytes>> {
    journal_csv::write(end)
}

/// What keeps the feeds by template from being written.
pub fn erp_problems(end: &MonthEnd) -> Vec<Finding> {
    erp::problems(end)
}

/// `journals/journal-2025-09-DRAFT.csv`
fn path(end: &MonthEnd, folder: &str, stem: &str, extension: &str) -> String {
    let draft = match end.standing {
        Standing::Draft => "-DRAFT",
        Standing::Final => "",
    };
    format!("{folder}/{stem}-{}{draft}.{extension}", end.month)
}

/// For people, who must see on each page that a vendor had not issued its invoice yet.
fn standing_in_words(end: &MonthEnd) -> &'static str {
    match standing(end) {
        "FINAL" if estimates(end).next().is_some() => "FINAL ON ESTIMATES",
        standing => standing,
    }
}

/// Exports whose vendor was still counting when the month was closed all the same.
fn estimates(end: &MonthEnd) -> impl Iterator<Item = &Finding> {
    end.findings.iter().filter(|finding| finding.code == Code::MonthNotFinal)
}

/// `DRAFT` or `FINAL`, as every document says it.
fn standing(end: &MonthEnd) -> &'static str {
    match end.standing {
        Standing::Draft => "DRAFT",
        Standing::Final => "FINAL",
    }
}
