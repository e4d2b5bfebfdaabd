//! The mirror of an entry, on the day it is to be undone.

use crate::model::journal_entry::{EntryHead, EntryRefusal, JournalEntry, JournalType, Posting, Side};
use crate::model::month::{FiscalPeriod, Month};
use chrono::NaiveDate;

/// The entry that takes back an accrual: the same strings and amounts with their sides exchanged, so that both together
/// are zero on every string. It belongs to the month of its date; `number` is its place in that month's series. None
/// for an entry that is not to be reversed.
pub fn reversal(
    entry: &JournalEntry,
    number: usize,
    fiscal_year_starts: u32,
) -> Option<Result<JournalEntry, EntryRefusal>> {
    entry.reversing_date().map(|date| reversal_on(date, entry, number, fiscal_year_starts))
}

/// The same on a later day, where the month of its own was never closed.
pub(super) fn reversal_on(
    posting_date: NaiveDate,
    entry: &JournalEntry,
    number: usize,
    fiscal_year_starts: u32,
) -> Result<JournalEntry, EntryRefusal> {
    let period = FiscalPeriod::of(Month::containing(posting_date), fiscal_year_starts);
    let head = EntryHead {
        id: super::document(JournalType::Rev, period, number),
        journal_type: JournalType::Rev,
        posting_date,
        period,
        service_period: entry.service_period(),
        reversing_date: None,
        reversal_of: Some(entry.id().to_owned()),
    };
    let mirrored = entry.postings().iter().map(|posting| Posting {
        side: match posting.side {
            Side::Debit => Side::Credit,
            Side::Credit => Side::Debit,
        },
        description: format!("Reversal of {}: {}", entry.id(), posting.description),
        ..posting.clone()
    });
    // The liability goes first, as the reversal is read: what was owed is taken back, then the expense.
    let mut postings: Vec<Posting> = mirrored.collect();
    postings.sort_by_key(|posting| posting.side);
    JournalEntry::new(head, postings)
}
