//! One cent, wrong by intent, after any stage: no month is closed with it.

use crate::books::{Silent, golden_small, request};
use chargeback::close;
use chargeback::close::books::{Opened, Plant};
use chargeback::io::fs::Disk;
use chargeback::model::bill::Rated;
use chargeback::model::exit::Exit;
use chargeback::model::journal_entry::{EntryHead, JournalEntry};
use chargeback::model::money::{Cost, Money};
use chargeback::model::month_end::MonthEnd;
use chargeback::model::roll_up::Sums;

type After<T> = fn(&mut T);
/// What becomes of a file's bytes.
type Change = fn(Vec<u8>) -> Vec<u8>;

#[derive(Default)]
struct Cent {
    normalize: Option<After<Opened>>,
    rate: Option<After<Rated>>,
    allocate: Option<After<MonthEnd>>,
    journal: Option<After<MonthEnd>>,
    export: Option<(&'static str, Change)>,
}

impl Plant for Cent {
    fn after_normalize(&self, opened: &mut Opened) {
        self.normalize.iter().for_each(|plant| plant(opened));
    }
    fn after_rate(&self, rated: &mut Rated) {
        self.rate.iter().for_each(|plant| plant(rated));
    }
    fn after_allocate(&self, end: &mut MonthEnd) {
        self.allocate.iter().for_each(|plant| plant(end));
    }
    fn after_journal(&self, end: &mut MonthEnd) {
        self.journal.iter().for_each(|plant| plant(end));
    }
    fn after_export(&self, path: &str) -> Option<Change> {
        self.export.filter(|(planted, _)| *planted == path).map(|(_, change)| change)
    }
}

fn caught(name: &str, cent: Cent) {
    let books = golden_small();
    let before = books.files("out");
    let outcome = close::run_on(&Disk::real(&books.path), &request(&books, "2025-09"), &Silent, &cent).unwrap();
    assert_eq!(outcome.exit, Exit::DoesNotTie, "{name}: {}\n{}", outcome.message, books.told(&outcome));
    assert_eq!(books.files("out"), before, "{name}");
    assert!(!books.path.join("ledger/HEAD").exists(), "{name}");
}

fn cent() -> Money {
    Money::from_cents(1)
}

fn more(cost: Cost) -> Cost {
    cost.checked_add(Cost::parse("0.01").unwrap()).unwrap()
}

fn one_more(amount: &mut Money) {
    *amount = amount.checked_add(cent()).unwrap();
}

#[test]
fn after_normalize() {
    let roll_up: After<Opened> = |opened| {
        let roll_up = &mut opened.normalized.roll_up;
        let (key, day) = (roll_up.row(0).key().to_vec(), roll_up.row(0).day());
        let billed = Cost::parse("0.01").unwrap();
        roll_up.push(&key, day, Sums { billed, charges: 1, ..Sums::default() });
    };
    caught("a charge too many in the roll-up", Cent { normalize: Some(roll_up), ..Cent::default() });
    let totals: After<Opened> = |opened| {
        let billed = &mut opened.normalized.versions[0].totals.billed;
        let usd = billed.get_mut("USD").unwrap();
        *usd = more(*usd);
    };
    caught("a control total", Cent { normalize: Some(totals), ..Cent::default() });
}

#[test]
fn after_rate() {
    let cost: After<Rated> = |rated| rated.charges[0].cost = more(rated.charges[0].cost);
    caught("a rated charge", Cent { rate: Some(cost), ..Cent::default() });
    let lost: After<Rated> = |rated| {
        rated.charges.remove(0);
    };
    caught("a charge that rate lost", Cent { rate: Some(lost), ..Cent::default() });
}

#[test]
fn after_allocate() {
    let plants: [(&str, After<MonthEnd>); 7] = [
        ("a charge's cents", |end| one_more(&mut end.charges[0].amount)),
        ("a bill line", |end| one_more(&mut end.bills.lines[0].amount)),
        ("a funding line", |end| one_more(&mut end.bills.lines[0].funding[0].amount)),
        ("a detail", |end| one_more(&mut end.bills.details[0].amount)),
        ("a pool's share", |end| one_more(&mut end.bills.pools[0].shares[0].2)),
        ("what a pool took in", |end| one_more(&mut end.bills.pools[0].taken_in)),
        ("an invoice basis", |end| one_more(&mut end.vendors[0].invoice_basis)),
    ];
    for (name, plant) in plants {
        caught(name, Cent { allocate: Some(plant), ..Cent::default() });
    }
}

/// Both sides of a fund, so that the entry balances and can be made.
fn inflated(entry: &JournalEntry) -> JournalEntry {
    let mut postings = entry.postings().to_vec();
    let fund = postings[0].string.fund.clone();
    for side in [chargeback::model::journal_entry::Side::Debit, chargeback::model::journal_entry::Side::Credit] {
        let posting = postings.iter_mut().find(|posting| posting.side == side && posting.string.fund == fund);
        one_more(&mut posting.unwrap().amount);
    }
    let head = EntryHead {
        id: entry.id().to_owned(),
        journal_type: entry.journal_type(),
        posting_date: entry.posting_date(),
        period: entry.period(),
        service_period: entry.service_period(),
        reversing_date: entry.reversing_date(),
        reversal_of: entry.reversal_of().map(str::to_owned),
    };
    JournalEntry::new(head, postings).unwrap()
}

#[test]
fn after_journal() {
    for place in 0..3 {
        let plants: [After<MonthEnd>; 3] = [
            |end| end.journals[0] = inflated(&end.journals[0]),
            |end| end.journals[1] = inflated(&end.journals[1]),
            |end| end.journals[2] = inflated(&end.journals[2]),
        ];
        caught(&format!("journal {place}"), Cent { journal: Some(plants[place]), ..Cent::default() });
    }
    let lost: After<MonthEnd> = |end| {
        end.journals.remove(0);
    };
    caught("a lost journal", Cent { journal: Some(lost), ..Cent::default() });
}

#[test]
fn after_export() {
    let plants: [(&str, Change); 4] = [
        ("journals/journal-2025-09.csv", |bytes| change(&bytes, "6345.67", "6345.68")),
        ("journals/journal-2025-09.control.json", |bytes| change(&bytes, "51281.42", "51281.43")),
        ("summary.json", |bytes| change(&bytes, "\"due\": \"7349.77\"", "\"due\": \"7349.78\"")),
        ("statements/DOH/detail-DOH-2025-09.csv", |bytes| change(&bytes, "4321.12\n", "4321.13\n")),
    ];
    for (path, plant) in plants {
        caught(path, Cent { export: Some((path, plant)), ..Cent::default() });
    }
}

fn change(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}
