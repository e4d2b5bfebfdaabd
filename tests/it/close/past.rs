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
use chargeback::model::money::Money;
use chargeback::model::month_end::MonthEnd;
use std::collections::BTreeMap;

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

/// accounting.md 8.6, the whole of October.
const ADJUSTMENTS: &str = "\
adjustment,line,booked_on,month,agency,service,amount,corrects,paid_by,reason,requested_by,approved_by
A-1,1,2025-10-10,2025-09,DPS,AZU,120.00,,,Marketplace item,B. Analyst,C. Controller
A-1,2,2025-10-10,2025-09,DPS,FEE,5.40,,,Fee of 4.5 percent on it,B. Analyst,C. Controller
A-2,1,2025-10-10,2025-09,DOH,SNW,-31.25,DOH-2025-09-000005,,Hours were 2.75 and not 3.25,B. Analyst,C. Controller
";
const SETTLEMENTS: &str = "\
settlement,settled_on,fund,agency,amount,reference
S-1,2025-10-20,1000,,7637.28,
S-1,2025-10-20,2100,,4409.87,
S-1,2025-10-20,2200,,5120.85,
";

/// Journal, date, fund, account, agency, affiliate, service, debit, credit.
const OCTOBER: &str = "
ADJ-202604-0001 2025-10-10 7300 1310 DTS 1000 - 125.40 -
ADJ-202604-0001 2025-10-10 7300 4310 DTS - AZU - 120.00
ADJ-202604-0001 2025-10-10 7300 4310 DTS - FEE - 5.40
ADJ-202604-0001 2025-10-10 1000 6530 DPS - - 125.40 -
ADJ-202604-0001 2025-10-10 1000 2110 - 7300 - - 125.40
ADJ-202604-0002 2025-10-10 7300 1310 DTS 1000 - - 12.50
ADJ-202604-0002 2025-10-10 7300 1310 DTS 2100 - - 18.75
ADJ-202604-0002 2025-10-10 7300 4310 DTS - SNW 31.25 -
ADJ-202604-0002 2025-10-10 1000 6530 DOH - - - 12.50
ADJ-202604-0002 2025-10-10 1000 2110 - 7300 - 12.50 -
ADJ-202604-0002 2025-10-10 2100 6530 DOH - - - 18.75
ADJ-202604-0002 2025-10-10 2100 2110 - 7300 - 18.75 -
REV-202604-0001 2025-10-01 7300 2020 DTS - AZU 6345.67 -
REV-202604-0001 2025-10-01 7300 5310 DTS - AZU - 6345.67
SETL-202604-0001 2025-10-20 7300 1010 DTS - - 17168.00 -
SETL-202604-0001 2025-10-20 7300 1310 DTS 1000 - - 7637.28
SETL-202604-0001 2025-10-20 7300 1310 DTS 2100 - - 4409.87
SETL-202604-0001 2025-10-20 7300 1310 DTS 2200 - - 5120.85
SETL-202604-0001 2025-10-20 1000 1010 - - - - 7637.28
SETL-202604-0001 2025-10-20 1000 2110 - 7300 - 7637.28 -
SETL-202604-0001 2025-10-20 2100 1010 - - - - 4409.87
SETL-202604-0001 2025-10-20 2100 2110 - 7300 - 4409.87 -
SETL-202604-0001 2025-10-20 2200 1010 - - - - 5120.85
SETL-202604-0001 2025-10-20 2200 2110 - 7300 - 5120.85 -
VEND-202604-0001 2025-10-07 7300 5310 DTS - AZU 6465.67 -
VEND-202604-0001 2025-10-07 7300 2010 DTS - AZU - 6465.67
";

/// Fund, account, agency, affiliate, service: what both months leave, zeros left out.
const BALANCES: &str = "
1000 1010 - - - -7637.28
1000 2110 - 7300 - -112.90
1000 6530 DOH - - 2927.40
1000 6530 DPS - - 4822.78
2100 1010 - - - -4409.87
2100 2110 - 7300 - 18.75
2100 6530 DOH - - 4391.12
2200 1010 - - - -5120.85
2200 6530 DOT - - 5120.85
7300 1010 DTS - - 17168.00
7300 1310 DTS 1000 - 112.90
7300 1310 DTS 2100 - -18.75
7300 2010 DTS - AWS -10599.75
7300 2010 DTS - AZU -6465.67
7300 4310 DTS - AWS -9249.75
7300 4310 DTS - AZU -4786.67
7300 4310 DTS - FEE -729.89
7300 4310 DTS - SHR -2183.33
7300 4310 DTS - SNW -312.51
7300 5310 DTS - AWS 10599.75
7300 5310 DTS - AZU 6465.67
";

fn october() -> Books {
    let books = after_september();
    add_invoices(&books, AZURE);
    books.write("adjustments.csv", ADJUSTMENTS.as_bytes());
    books.write("settlements.csv", SETTLEMENTS.as_bytes());
    books
}

fn table(text: &str) -> Vec<Vec<String>> {
    text.trim().lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

/// These columns of every line of a month's feed, a dash for nothing.
fn feed<const N: usize>(feed: &[u8], names: [&str; N]) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(feed);
    let header = reader.headers().unwrap().clone();
    let places = names.map(|name| header.iter().position(|column| column == name).unwrap());
    let cell = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    reader.records().map(|row| row.unwrap()).map(|row| places.map(|place| cell(&row[place])).to_vec()).collect()
}

#[test]
fn october_is_the_reference_line_by_line_and_both_months_leave_its_balances() {
    let books = october();
    let outcome = closed(&books, "2025-10");
    let path = format!("{}/journals/journal-2025-10.csv", outcome.outputs.as_ref().unwrap());
    let october = books.read(&path);
    let names = ["fund", "account", "agency", "affiliate_fund", "service_code", "debit", "credit"];
    let [fund, account, agency, affiliate, service, debit, credit] = names;
    let lines = ["journal_id", "posting_date", fund, account, agency, affiliate, service, debit, credit];
    assert_eq!(feed(&october, lines), table(OCTOBER));
    let mut balances: BTreeMap<Vec<String>, Money> = BTreeMap::new();
    let september = books.files("out/2025-09");
    let september = september.iter().find(|(path, _)| path.ends_with("journal-2025-09.csv")).unwrap().1;
    for row in feed(september, names).into_iter().chain(feed(&october, names)) {
        let amount = |cell: &str| if cell == "-" { Money::ZERO } else { Money::parse(cell).unwrap() };
        let sum = balances.entry(row[..5].to_vec()).or_default();
        *sum = sum.checked_add(amount(&row[5])).unwrap().checked_sub(amount(&row[6])).unwrap();
    }
    let found: Vec<Vec<String>> = balances
        .into_iter()
        .filter(|(_, sum)| !sum.is_zero())
        .map(|(key, sum)| [key, vec![sum.to_string()]].concat())
        .collect();
    assert_eq!(found, table(BALANCES));
    let due: Vec<(&str, String)> =
        outcome.bills.iter().map(|bill| (bill.agency.as_str(), bill.due.to_string())).collect();
    assert_eq!(due, [("DOH", "-31.25".to_owned()), ("DOT", "0.00".to_owned()), ("DPS", "125.40".to_owned())]);
    verified(&books);
    let explained = close::explain(&books.path, "DOH-2025-10-000002", 10, true).unwrap();
    assert_eq!(
        explained.arithmetic,
        ["DOH-2025-09-000005 was 203.13 and is 171.88", "asked for by B. Analyst, approved by C. Controller"]
    );
    let parts: Vec<(String, String)> =
        explained.line.funding.iter().map(|part| (part.string.fund.clone(), part.amount.to_string())).collect();
    assert_eq!(parts, [("2100".to_owned(), "-18.75".to_owned()), ("1000".to_owned(), "-12.50".to_owned())]);
}

#[test]
fn a_second_correction_of_a_line_starts_from_the_first() {
    let books = october();
    closed(&books, "2025-10");
    let second = "A-3,1,2025-11-05,2025-09,DOH,SNW,-0.01,DOH-2025-09-000005,,A cent less,B. Analyst,C. Controller\n";
    books.write("adjustments.csv", format!("{ADJUSTMENTS}{second}").as_bytes());
    closed(&books, "2025-11");
    let line = close::explain(&books.path, "DOH-2025-11-000002", 10, true).unwrap();
    // 171.87 on 60 and 40 percent is 103.12 and 68.75; the month before it was 103.13 and 68.75.
    assert_eq!(line.arithmetic[0], "DOH-2025-09-000005 was 171.88 and is 171.87");
    let parts: Vec<String> = line.line.funding.iter().map(|part| part.amount.to_string()).collect();
    assert_eq!(parts, ["-0.01", "0.00"]);
    verified(&books);
}

#[test]
fn what_an_agency_is_forgiven_another_is_asked_for() {
    let books = after_september();
    add_invoices(&books, AZURE);
    let rows = "A-1,1,2025-10-10,2025-09,DOH,AWS,-100.00,,DPS,Shared by mistake,B. Analyst,C. Controller\n";
    let head = ADJUSTMENTS.lines().next().unwrap();
    books.write("adjustments.csv", format!("{head}\n{rows}").as_bytes());
    let outcome = closed(&books, "2025-10");
    let due: Vec<(&str, String)> =
        outcome.bills.iter().map(|bill| (bill.agency.as_str(), bill.due.to_string())).collect();
    assert_eq!(due, [("DOH", "-100.00".to_owned()), ("DOT", "0.00".to_owned()), ("DPS", "100.00".to_owned())]);
    verified(&books);
}

#[test]
fn an_adjustment_for_a_month_that_was_closed_without_it_is_not_forgotten() {
    let books = after_september();
    add_invoices(&books, AZURE);
    closed(&books, "2025-10");
    books.write("adjustments.csv", ADJUSTMENTS.as_bytes());
    let outcome = books.run(&request(&books, "2025-11"));
    assert_eq!(outcome.exit, Exit::Blocked);
    let refused = outcome.findings.iter().filter(|finding| finding.code == Code::AdjustmentRefused);
    assert_eq!(refused.count(), 3, "{}", books.told(&outcome));
}

/// What is dated in a month that was closed without it, or that was skipped, blocks the next with its amount.
#[test]
fn what_the_books_are_past_is_not_forgotten() {
    let books = after_september();
    let support = "AWS,500000000001,,2025-10,2025-10-31,15.00,USD,support,yearly fee\n";
    add_invoices(&books, &format!("{AZURE}{support}"));
    books.write("adjustments.csv", ADJUSTMENTS.as_bytes());
    books.write("settlements.csv", SETTLEMENTS.as_bytes());
    // October is skipped.
    let outcome = books.run(&request(&books, "2025-11"));
    assert_eq!(outcome.exit, Exit::Blocked);
    let count = |code: Code| outcome.findings.iter().filter(|finding| finding.code == code).count();
    assert_eq!((count(Code::AdjustmentRefused), count(Code::InvoiceUnmatched)), (6, 1), "{}", books.told(&outcome));
    let told = books.told(&outcome);
    assert!(told.contains("settlements.csv, line 2, column \"settled_on\": \"2025-10-20\""), "{told}");
    assert!(told.contains("invoices/later.csv, line 4, column \"month\": \"2025-10\""), "{told}");
    assert!(told.contains("At stake: 15.00 USD"), "{told}");
}

/// An adjustment that is lost between the table and the bill.
#[test]
fn no_adjustment_is_lost_unseen() {
    struct Lost;
    impl Plant for Lost {
        fn after_allocate(&self, end: &mut MonthEnd) {
            end.bills.lines.retain(|line| line.adjustment.is_none());
        }
    }
    let books = october();
    let outcome = close::run_on(&Disk::real(&books.path), &request(&books, "2025-10"), &Silent, &Lost).unwrap();
    assert_eq!(outcome.exit, Exit::DoesNotTie, "{}", books.told(&outcome));
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
