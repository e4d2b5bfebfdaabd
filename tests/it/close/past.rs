//! A month after a closed one: accruals undone, invoices that came late, and what is owed still.

use super::{closed, outputs};
use crate::books::{Books, Silent, golden_small, request};
use crate::export::{bean_check, hledger_check};
use chargeback::close;
use chargeback::close::books::Plant;
use chargeback::io::fs::Disk;
use chargeback::model::exit::Exit;
use chargeback::model::finding::Code;
use chargeback::model::journal_entry::JournalType;
use chargeback::model::month_end::MonthEnd;

const INVOICES: &str =
    "provider,billing_account_id,invoice_id,month,invoice_date,amount,currency,item_type,description\n";
/// accounting.md 8.6: Azure's invoice, with 120.00 of marketplace above the usage.
const AZURE: &str = "Microsoft,81234567,,2025-09,2025-10-07,6345.67,USD,charges,\n\
                     Microsoft,81234567,,2025-09,2025-10-07,120.00,USD,marketplace,bought by DPS\n";

/// September closed, and the months after it without any files or hours.
fn after_september() -> Books {
    after_september_of(golden_small())
}

fn after_september_of(books: Books) -> Books {
    let toml = String::from_utf8(books.read("chargeback.toml")).unwrap();
    let toml = toml.replace("folder = \"a", "expected = false\nfolder = \"a");
    books.write("chargeback.toml", toml.as_bytes());
    closed(&books, "2025-09");
    for month in ["2025-10", "2025-11"] {
        let hours: String = ["DOH", "DOT", "DPS"]
            .map(|agency| format!("servicenow_hours,{month},{agency},0,hour\nai_tokens,{month},{agency},0,token\n"))
            .concat();
        books.write(&format!("drivers/{month}.csv"), format!("driver,month,agency,value,unit\n{hours}").as_bytes());
    }
    books
}

fn add_invoices(books: &Books, rows: &str) {
    books.write("invoices/later.csv", format!("{INVOICES}{rows}").as_bytes());
}

/// Journal, date, service month, account, service, debit and credit of every line.
fn lines(books: &Books, month: &str) -> Vec<String> {
    let outcome = closed(books, month);
    let feed = outputs(books, &outcome).remove(&format!("journals/journal-{month}.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(feed.as_slice());
    let header = reader.headers().unwrap().clone();
    let names = ["journal_id", "posting_date", "service_period", "account", "service_code", "debit", "credit"];
    let places = names.map(|name| header.iter().position(|column| column == name).unwrap());
    let line = |row: csv::StringRecord| places.map(|place| row[place].to_owned()).join(" ");
    reader.records().map(|row| line(row.unwrap())).collect()
}

fn verified(books: &Books) {
    let findings = close::verify(&books.path, false, None).unwrap();
    assert_eq!(findings, []);
}

#[test]
fn october_books_the_late_invoice_and_undoes_the_accrual() {
    let books = after_september();
    add_invoices(&books, AZURE);
    assert_eq!(
        lines(&books, "2025-10"),
        [
            "REV-202604-0001 2025-10-01 2025-09 2020 AZU 6345.67 ",
            "REV-202604-0001 2025-10-01 2025-09 5310 AZU  6345.67",
            "VEND-202604-0001 2025-10-07 2025-09 5310 AZU 6465.67 ",
            "VEND-202604-0001 2025-10-07 2025-09 2010 AZU  6465.67",
        ]
    );
    let outcome = books.run(&request(&books, "2025-10"));
    let late = outcome.findings.iter().find(|finding| finding.code == Code::InvoiceLate).unwrap().to_string();
    assert!(late.contains("6,465.67, and 6,345.67 was accrued"), "{late}");
    assert!(late.contains("difference of 120.00"), "{late}");
    let files = outputs(&books, &outcome);
    assert_eq!(
        String::from_utf8_lossy(&files["reconciliation/closed-months-2025-10.csv"]).lines().nth(1).unwrap(),
        "2025-09,Microsoft,81234567,,matched with items,USD,6345.67,6345.67,,6465.67,6465.67,120.00,\
         on the invoice only 120.00 (marketplace: bought by DPS)"
    );
    let text = |end: &str| String::from_utf8(files[&format!("journals/journal-2025-10.{end}")].clone()).unwrap();
    assert_ne!(bean_check(&text("beancount")), Some(false));
    assert_ne!(hledger_check(&text("hledger")), Some(false));
    verified(&books);
    assert_eq!(lines(&books, "2025-11"), Vec::<String>::new(), "what is booked is booked once");
    verified(&books);
}

#[test]
fn what_no_vendor_asks_for_stays_accrued_until_the_invoice_comes() {
    let books = after_september();
    assert_eq!(
        lines(&books, "2025-10"),
        [
            "ACCR-202604-0001 2025-10-31 2025-09 5310 AZU 6345.67 ",
            "ACCR-202604-0001 2025-10-31 2025-09 2020 AZU  6345.67",
            "REV-202604-0001 2025-10-01 2025-09 2020 AZU 6345.67 ",
            "REV-202604-0001 2025-10-01 2025-09 5310 AZU  6345.67",
        ]
    );
    add_invoices(&books, AZURE);
    assert_eq!(
        lines(&books, "2025-11"),
        [
            "REV-202605-0001 2025-11-01 2025-09 2020 AZU 6345.67 ",
            "REV-202605-0001 2025-11-01 2025-09 5310 AZU  6345.67",
            // Its own day lies in a month that is closed.
            "VEND-202605-0001 2025-11-30 2025-09 5310 AZU 6465.67 ",
            "VEND-202605-0001 2025-11-30 2025-09 2010 AZU  6465.67",
        ]
    );
    verified(&books);
}

#[test]
fn a_month_that_is_skipped_leaves_its_reversal_to_the_next() {
    let books = after_september();
    add_invoices(&books, AZURE);
    let found = lines(&books, "2025-11");
    assert_eq!(found[0], "REV-202605-0001 2025-11-01 2025-09 2020 AZU 6345.67 ");
    assert_eq!(found.len(), 4, "{found:#?}");
}

#[test]
fn of_an_invoice_that_changed_only_the_difference_is_booked() {
    let books = after_september();
    add_invoices(
        &books,
        &format!("{AZURE}AWS,500000000001,2109876543,2025-09,2025-10-12,15.00,USD,support,late fee\n"),
    );
    let found = lines(&books, "2025-10");
    assert_eq!(
        found[4..],
        ["VEND-202604-0002 2025-10-12 2025-09 5310 AWS 15.00 ", "VEND-202604-0002 2025-10-12 2025-09 2010 AWS  15.00"]
    );
    // A credit note for half of it.
    let rows = format!(
        "{AZURE}AWS,500000000001,2109876543,2025-09,2025-10-12,15.00,USD,support,late fee\n\
         AWS,500000000001,2109876543,2025-09,2025-11-12,-7.50,USD,support,half of it waived\n"
    );
    add_invoices(&books, &rows);
    assert_eq!(
        lines(&books, "2025-11"),
        ["VEND-202605-0001 2025-11-12 2025-09 5310 AWS  7.50", "VEND-202605-0001 2025-11-12 2025-09 2010 AWS 7.50 "]
    );
    verified(&books);
}

#[test]
fn a_late_invoice_that_its_charges_do_not_explain_blocks() {
    let books = after_september();
    add_invoices(&books, "Microsoft,81234567,,2025-09,2025-10-07,6465.67,USD,charges,\n");
    let outcome = books.run(&request(&books, "2025-10"));
    assert_eq!(outcome.exit, Exit::DoesNotTie, "{}", books.told(&outcome));
    let differs = outcome.findings.iter().find(|finding| finding.code == Code::InvoiceDiffers).unwrap();
    assert!(differs.to_string().contains("of which no item explains 120.00"), "{differs}");
}

#[test]
fn without_invoices_in_the_books_only_the_accrual_is_undone() {
    let books = golden_small();
    let toml = String::from_utf8(books.read("chargeback.toml")).unwrap();
    books.write("chargeback.toml", toml.replace("\"full\"", "\"accrual-only\"").as_bytes());
    let other = after_september_of(books);
    add_invoices(&other, AZURE);
    assert_eq!(
        lines(&other, "2025-10"),
        [
            "REV-202604-0001 2025-10-01 2025-09 2020 AZU 6345.67 ",
            "REV-202604-0001 2025-10-01 2025-09 5310 AZU  6345.67"
        ]
    );
}

/// A reversal that is lost, or a late invoice that is, is missed by the laws.
#[test]
fn no_follow_up_is_lost_unseen() {
    struct Without(JournalType);
    impl Plant for Without {
        fn after_journal(&self, end: &mut MonthEnd) {
            end.journals.retain(|entry| entry.journal_type() != self.0);
        }
    }
    for journal_type in [JournalType::Rev, JournalType::Vend] {
        let books = after_september();
        add_invoices(&books, AZURE);
        let request = request(&books, "2025-10");
        let outcome = close::run_on(&Disk::real(&books.path), &request, &Silent, &Without(journal_type)).unwrap();
        assert_eq!(outcome.exit, Exit::DoesNotTie, "{journal_type:?}: {}", books.told(&outcome));
    }
}

#[test]
fn a_draft_made_before_the_close_before_it_is_made_again() {
    let books = golden_small();
    let toml = String::from_utf8(books.read("chargeback.toml")).unwrap();
    books.write("chargeback.toml", toml.replace("folder = \"a", "expected = false\nfolder = \"a").as_bytes());
    books.write(
        "drivers/2025-10.csv",
        b"driver,month,agency,value,unit\nservicenow_hours,2025-10,DOH,0,hour\nai_tokens,2025-10,DOH,0,token\n",
    );
    let mut draft = request(&books, "2025-10");
    draft.draft = true;
    let before = books.run(&draft);
    closed(&books, "2025-09");
    let after = books.run(&draft);
    assert_ne!(before.run, after.run, "{}", after.message);
    assert_ne!(after.state, "unchanged");
    assert_eq!(books.run(&draft).state, "unchanged");
}
