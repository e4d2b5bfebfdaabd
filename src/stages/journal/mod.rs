//! Journal: bills and invoices become entries that balance by fund.
//!
//! In     bills with their funding, the charges with their cents, the vendors' reconciliation
//! Out    REV for what the month before accrued, VEND for each invoice, ACCR for what was used and not invoiced, PREP for
//!        commitments paid ahead, one BILL, XFER for subsidies, ADJ for each adjustment, SETL for each payment
//! Needs  the account roles, the chart, the posting scope
//! Tells  CB0610, CB0612, CB0706: each stops its document and no other
//!
//! Lines are summarised by string, counterparty and service; the bill lines keep the detail. What nets to nothing is
//! dropped, and what nets to less than nothing changes sides, because no amount of an entry is negative.

mod accounts;
mod billing;
mod decided;
mod draft;
mod past;
mod reversal;
mod transfers;
mod vendor;

pub use reversal::reversal;

use crate::model::bill::{Bills, RatedCharge};
use crate::model::codes::ServiceCode;
use crate::model::finding::{Code, Finding, Place};
use crate::model::journal_entry::{EntryHead, JournalEntry, JournalType};
use crate::model::month::{FiscalPeriod, Month};
use crate::model::past::Past;
use crate::model::proof::VendorReconciliation;
use crate::model::settings::{Settings, VendorEntries};
use accounts::Chart;
use draft::Draft;
use std::collections::BTreeMap;

/// The entries of a month, in the order of their documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    pub entries: Vec<JournalEntry>,
    pub findings: Vec<Finding>,
}

/// Everything the drafts of a month share.
struct Books<'a> {
    settings: &'a Settings,
    month: Month,
    period: FiscalPeriod,
    chart: Chart<'a>,
    /// What stands behind a summarised line: the month's bills, or the document that adjusts them.
    reference: String,
}

impl<'a> Books<'a> {
    /// Books that are open in one month, for charges of another or the same.
    fn of(settings: &'a Settings, open: Month, month: Month) -> Self {
        let period = FiscalPeriod::of(month, settings.state.fiscal_year_starts);
        let reference = format!("BILLS-{month}");
        Self { settings, month, period, chart: Chart::new(settings, open.last_day()), reference }
    }

    /// Services stand in the order of the catalog, those it does not have after them.
    fn service_order(&self, service: Option<&ServiceCode>) -> u32 {
        service.and_then(|code| self.settings.service(code)).map_or(u32::MAX, |service| service.order)
    }
}

pub fn journal(
    bills: &Bills,
    charges: &[RatedCharge],
    vendors: &[VendorReconciliation],
    past: &Past,
    settings: &Settings,
    month: Month,
) -> Journal {
    let books = Books::of(settings, month, month);
    let Ok(charges) = RatedCharge::by_ruling(charges) else {
        let why = "The charges of one ruling left the range that can be kept exactly, so there are no journals.";
        let fix = "Look for an amount of absurd size in the month's files.";
        let findings = vec![Finding::new(Code::JournalFails, Place::default(), why, fix)];
        return Journal { entries: Vec::new(), findings };
    };
    let mut drafts = Vec::new();
    if settings.state.vendor_entries == VendorEntries::Full {
        drafts.extend(past::invoices(&books, past));
        drafts.extend(vendor::invoices(&books, &charges, vendors));
    }
    if settings.state.vendor_entries != VendorEntries::None {
        drafts.extend(past::accruals(&books, past));
        drafts.extend(vendor::accruals(&books, &charges, vendors));
        drafts.push(vendor::prepayments(&books, &charges, bills));
    }
    drafts.push(billing::bill(&books, bills));
    drafts.push(transfers::subsidies(&books, bills));
    drafts.extend(decided::adjustments(&books, bills));
    drafts.extend(decided::settlements(&books));
    let mut journal = past::reversals(&books, past);
    post(&books, drafts, &mut journal);
    journal
}

/// Numbers are given to documents that are made, so that each series has no gap.
fn post(books: &Books<'_>, drafts: Vec<Draft>, journal: &mut Journal) {
    let mut series: BTreeMap<JournalType, usize> = BTreeMap::new();
    for draft in drafts {
        let (journal_type, reverses) = (draft.journal_type, draft.reverses);
        let (dated, service_period) = (draft.dated, draft.service_period);
        let number = series.get(&journal_type).copied().unwrap_or(0) + 1;
        let id = document(journal_type, books.period, number);
        let (postings, problems) = draft.postings(books, &id);
        if !problems.is_empty() {
            journal.findings.extend(problems);
            continue;
        }
        if postings.is_empty() {
            continue;
        }
        let head = EntryHead {
            id: id.clone(),
            journal_type,
            posting_date: dated.unwrap_or(books.month.last_day()),
            period: books.period,
            service_period: service_period.unwrap_or(books.month),
            reversing_date: reverses.then(|| books.month.next().first_day()),
            reversal_of: None,
        };
        match JournalEntry::new(head, postings) {
            Ok(entry) => {
                journal.entries.push(entry);
                series.insert(journal_type, number);
            }
            Err(refusal) => journal.findings.push(unbalanced(&id, &refusal.to_string())),
        }
    }
}

/// `BILL-202603-0001`.
fn document(journal_type: JournalType, period: FiscalPeriod, number: usize) -> String {
    format!("{}-{}-{number:04}", journal_type.text(), period.compact())
}

fn unbalanced(id: &str, why: &str) -> Finding {
    let why = format!("{why}. Every fund is a set of accounts that balances by itself, so this document is not made.");
    let fix = "This is an error of the program, not of the files. Nothing was booked; please report it with the \
     month's summary.json.";
    Finding::new(Code::JournalFails, Place::default().value(id), why, fix)
}
