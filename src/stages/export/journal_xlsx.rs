//! The journals for people: what each does in each fund, and every line.

use super::NamedBytes;
use super::journal_csv::sorted;
use super::outputs::Written;
use super::path;
use super::read_back::{Figures, compare};
use super::reread::Reread;
use super::sheet::Sheet;
use super::standing_in_words;
use super::statement::account_string;
use super::workbook::{About, Book, Cell, Column, Kind, column};
use crate::model::journal_entry::{JournalEntry, Posting, Side};
use crate::model::money::{Money, Overflow};
use crate::model::month_end::MonthEnd;
use crate::model::proof::LawResult;

pub(super) fn write(end: &MonthEnd) -> anyhow::Result<Vec<NamedBytes>> {
    let mut book = Book::new(About {
        whose: end.settings.state.name.clone(),
        state: end.settings.state.name.clone(),
        title: "Journals".to_owned(),
        month: end.month,
        run: end.run.clone(),
        standing: standing_in_words(end),
    })?;
    for sheet in sheets(end)? {
        sheet.write(&mut book)?;
    }
    Ok(vec![NamedBytes { path: file(end), bytes: book.finish()? }])
}

fn file(end: &MonthEnd) -> String {
    path(end, "journals", "journal", "xlsx")
}

fn sheets(end: &MonthEnd) -> anyhow::Result<[Sheet; 2]> {
    let total = |side| {
        let postings = end.journals.iter().flat_map(JournalEntry::postings).filter(|posting| posting.side == side);
        Money::total(postings.map(|posting| posting.amount))
    };
    let (debits, credits) = (total(Side::Debit)?, total(Side::Credit)?);
    Ok([by_fund(end, debits, credits)?, lines(end, debits, credits)])
}

fn by_fund(end: &MonthEnd, debits: Money, credits: Money) -> Result<Sheet, Overflow> {
    const COLUMNS: [Column; 10] = [
        column("Journal", 22, Kind::Text),
        column("Type", 8, Kind::Text),
        column("Posting date", 14, Kind::Date),
        column("Fiscal year", 10, Kind::Text),
        column("Period", 9, Kind::Text),
        column("Reverses on", 14, Kind::Date),
        column("Fund", 28, Kind::Text),
        column("Debit", 18, Kind::Money),
        column("Credit", 18, Kind::Money),
        column("Difference", 16, Kind::Money),
    ];
    let mut rows = Vec::new();
    for entry in sorted(end) {
        for (fund, (debit, credit)) in entry.by_fund()? {
            let named = end.settings.funds.iter().find(|named| named.code.as_str() == fund);
            rows.push(vec![
                Cell::text(entry.id()),
                Cell::text(entry.journal_type().text()),
                Cell::Date(entry.posting_date()),
                Cell::text(entry.period().year),
                Cell::text(format!("{:02}", entry.period().period)),
                entry.reversing_date().map_or(Cell::Blank, Cell::Date),
                Cell::text(named.map_or_else(|| fund.clone(), |named| format!("{fund} {}", named.name))),
                Cell::Money(debit),
                Cell::Money(credit),
                Cell::Money(debit.checked_sub(credit)?),
            ]);
        }
    }
    Ok(Sheet {
        name: "By fund",
        title: "Journals by fund",
        what: "Each journal in each fund. Debits equal credits in every row: every fund balances by itself.".to_owned(),
        columns: COLUMNS.into(),
        rows,
        checks: vec![(7, debits), (8, credits)],
    })
}

fn lines(end: &MonthEnd, debits: Money, credits: Money) -> Sheet {
    const COLUMNS: [Column; 12] = [
        column("Journal", 22, Kind::Text),
        column("Line", 7, Kind::Text),
        column("Fund", 9, Kind::Text),
        column("Account", 10, Kind::Text),
        column("Account name", 28, Kind::Long),
        column("Account string", 30, Kind::Text),
        column("Service", 10, Kind::Text),
        column("Affiliate", 14, Kind::Text),
        column("Description", 40, Kind::Long),
        column("Reference", 24, Kind::Long),
        column("Debit", 17, Kind::Money),
        column("Credit", 17, Kind::Money),
    ];
    let row = |entry: &JournalEntry, place: usize, posting: &Posting| {
        let (debit, credit) = match posting.side {
            Side::Debit => (Cell::Money(posting.amount), Cell::Blank),
            Side::Credit => (Cell::Blank, Cell::Money(posting.amount)),
        };
        let affiliate = [posting.affiliate_fund.as_str(), posting.affiliate_agency.as_str()];
        vec![
            Cell::text(entry.id()),
            Cell::text(place + 1),
            Cell::text(&posting.string.fund),
            Cell::text(&posting.string.account),
            Cell::text(&posting.account_name),
            Cell::text(account_string(&posting.string)),
            Cell::text(&posting.service),
            Cell::text(affiliate.into_iter().filter(|code| !code.is_empty()).collect::<Vec<_>>().join(" ")),
            Cell::text(&posting.description),
            Cell::text(&posting.reference),
            debit,
            credit,
        ]
    };
    let of_entry = |entry: &&JournalEntry| -> Vec<Vec<Cell>> {
        entry.postings().iter().enumerate().map(|(place, posting)| row(entry, place, posting)).collect()
    };
    let sheet = Sheet {
        name: "Lines",
        title: "Journal lines",
        what: "Every line, as in the feed that the state's ERP takes.".to_owned(),
        columns: COLUMNS.into(),
        rows: sorted(end).iter().flat_map(of_entry).collect(),
        checks: vec![(10, debits), (11, credits)],
    };
    sheet.at_most("all of them are in the journal feed.")
}

pub(super) fn read_back(end: &MonthEnd, written: &Written<'_>) -> Vec<LawResult> {
    let file = file(end);
    let read = |bytes: &[u8]| {
        let (mut book, mut figures) = (Reread::open(bytes)?, Figures::default());
        sheets(end)?.iter().try_for_each(|sheet| sheet.read(&mut book, &mut figures))?;
        Ok(figures)
    };
    let ledger = || {
        let mut figures = Figures::default();
        sheets(end)?.iter().try_for_each(|sheet| sheet.figures(&mut figures))?;
        Ok(figures)
    };
    vec![compare(&file, written.bytes(&file).and_then(|bytes| read(&bytes)), ledger())]
}
