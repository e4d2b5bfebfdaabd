//! The two example months end to end, and what a run does on a month in each of its states.

use super::{closed, json, outputs};
use crate::books::{Books, Silent, golden, golden_small, request, westmark};
use crate::export::{bean_check, hledger_check};
use chargeback::close::books::NoPlant;
use chargeback::close::{self, Progress, Stage};
use chargeback::io::fs::{Disk, Fault, Faults, Operation};
use chargeback::ledger::{Actor, Ledger};
use chargeback::model::exit::{Exit, Stop};
use chargeback::model::finding::Code;
use chargeback::model::money::{Cost, Money};
use chargeback::model::month::Month;
use chrono::NaiveDate;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

#[test]
fn september_closes_to_the_cent() {
    let books = golden();
    let outcome = closed(&books, "2025-09");
    let amount = |text: &str| Money::parse(text).unwrap();
    let bills: Vec<_> = outcome.bills.iter().map(|bill| (bill.agency.as_str(), bill.due, bill.showback)).collect();
    let expected = [
        ("DOH", amount("7349.77"), amount("507.40")),
        ("DOT", amount("5120.85"), amount("253.70")),
        ("DPS", amount("4697.38"), amount("84.57")),
    ];
    assert_eq!(bills, expected);
    let control = json(&outputs(&books, &outcome)["journals/journal-2025-09.control.json"]);
    assert_eq!((control["journal_count"].as_u64(), control["line_count"].as_u64()), (Some(3), Some(19)));
    assert_eq!(
        (control["total_debit"].as_str(), control["total_credit"].as_str()),
        (Some("51281.42"), Some("51281.42"))
    );
    assert!(outcome.gates.iter().all(|gate| gate.passes), "{:#?}", outcome.gates);
    assert!(outcome.tie_outs.len() >= 10 && outcome.tie_outs.iter().all(|tie| tie.passes));
}

/// accounting.md 8.4, line for line: journal, fund, account, agency, affiliate, service, debit, credit.
const SEPTEMBER: &str = "
ACCR-202603-0001 7300 5310 DTS -    AZU  6345.67        -
ACCR-202603-0001 7300 2020 DTS -    AZU        -  6345.67
BILL-202603-0001 7300 1310 DTS 1000 -    7637.28        -
BILL-202603-0001 7300 1310 DTS 2100 -    4409.87        -
BILL-202603-0001 7300 1310 DTS 2200 -    5120.85        -
BILL-202603-0001 7300 4310 DTS -    AWS        -  9249.75
BILL-202603-0001 7300 4310 DTS -    AZU        -  4666.67
BILL-202603-0001 7300 4310 DTS -    SHR        -  2183.33
BILL-202603-0001 7300 4310 DTS -    FEE        -   724.49
BILL-202603-0001 7300 4310 DTS -    SNW        -   343.76
BILL-202603-0001 1000 6530 DOH -    -    2939.90        -
BILL-202603-0001 1000 6530 DPS -    -    4697.38        -
BILL-202603-0001 1000 2110 -   7300 -          -  7637.28
BILL-202603-0001 2100 6530 DOH -    -    4409.87        -
BILL-202603-0001 2100 2110 -   7300 -          -  4409.87
BILL-202603-0001 2200 6530 DOT -    -    5120.85        -
BILL-202603-0001 2200 2110 -   7300 -          -  5120.85
VEND-202603-0001 7300 5310 DTS -    AWS 10599.75        -
VEND-202603-0001 7300 2010 DTS -    AWS        - 10599.75
";

#[test]
fn september_posts_the_nineteen_lines_of_the_reference() {
    let books = golden();
    let outcome = closed(&books, "2025-09");
    let feed = outputs(&books, &outcome).remove("journals/journal-2025-09.csv").unwrap();
    let mut reader = csv::Reader::from_reader(feed.as_slice());
    let header = reader.headers().unwrap().clone();
    let names = ["journal_id", "fund", "account", "agency", "affiliate_fund", "service_code", "debit", "credit"];
    let places = names.map(|name| header.iter().position(|column| column == name).unwrap());
    let cell = |row: &csv::StringRecord, place: usize| match &row[place] {
        "" => "-".to_owned(),
        text => text.to_owned(),
    };
    let found: Vec<Vec<String>> =
        reader.records().map(|row| row.unwrap()).map(|row| places.map(|place| cell(&row, place)).to_vec()).collect();
    let expected: Vec<Vec<String>> =
        SEPTEMBER.trim().lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect();
    assert_eq!(found, expected);
}

#[test]
fn two_other_programs_accept_what_was_written() {
    for (books, month) in [(golden(), "2025-09"), (westmark(), "2025-06")] {
        let outcome = closed(&books, month);
        let files = outputs(&books, &outcome);
        let text = |end: &str| String::from_utf8(files[&format!("journals/journal-{month}.{end}")].clone()).unwrap();
        assert_ne!(bean_check(&text("beancount")), Some(false));
        assert_ne!(hledger_check(&text("hledger")), Some(false));
    }
}

/// Totals of the versions that count, from the record of the close, beside those of another program.
#[test]
fn westmark_equals_what_another_program_counted() {
    let books = westmark();
    let outcome = closed(&books, "2025-06");
    details_add_up(&outputs(&books, &outcome));
    let versions = versions_of(&books, "2025-06");
    let expected = json(&std::fs::read(crate::cmd::root().join("tests/samples/expected.json")).unwrap());
    let aws =
        "aws-cur-legacy/westmark-create-new/cur/westmark-cur/20250601-20250701/0b6f3a52-1c11-4d5e-9f10-aa0000000003/*";
    let found = versions.iter().find(|version| version["version"]["source"] == "aws-cur").unwrap();
    let (found, aws) = (&found["totals"], &expected[aws]);
    assert_eq!(found["rows_read"], aws["rows"]);
    same_amounts(&found["billed"], &aws["billed_by_currency"]);
    assert_eq!(cost(&found["effective"]["USD"]), cost(&aws["effective_total_gross_columns"]));
    same_groups(&found["by_account"], &aws["by_account"], "billed", "billed");
    same_groups(&found["by_charge_type"], &aws["by_charge_type"], "vendor_cost", "unblended");
    let azure = "azure-ea/create-new/exports/westmark-";
    for (view, run) in
        [("actual", "bbbbbbbb-0000-4000-8000-000000000006"), ("amort", "bbbbbbbb-0000-4000-8000-000000000005")]
    {
        let key = format!("{azure}{view}/20250601-20250630/202507060512/{run}/*");
        let found = versions.iter().find(|version| version["version"]["version"] == run).unwrap();
        let (found, expected) = (&found["totals"], &expected[key.as_str()]);
        assert_eq!(found["rows_read"], expected["rows"], "{view}");
        same_amounts(&found["vendor_cost"], &expected["cost_by_currency"]);
    }
    assert_eq!(versions.len(), 3);
}

/// The cost that a line says it is charged on comes to its amount, but for the cents of its rows.
fn details_add_up(outputs: &BTreeMap<String, Vec<u8>>) {
    let mut lines: BTreeMap<(String, String), (Cost, Cost, i32)> = BTreeMap::new();
    for (_, bytes) in outputs.iter().filter(|(path, _)| path.contains("/detail-") && path.ends_with(".csv")) {
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let header = reader.headers().unwrap().clone();
        for row in reader.records().map(Result::unwrap) {
            let of = |name: &str| &row[header.iter().position(|column| column == name).unwrap()];
            let charged = match of("x_ChargedOn") {
                "billed cost" => of("BilledCost"),
                "effective cost" => of("EffectiveCost"),
                _ => continue,
            };
            let line = lines.entry((of("x_BillLine").to_owned(), of("x_ChargedOn").to_owned())).or_default();
            line.0 = line.0.checked_add(Cost::parse(charged).unwrap()).unwrap();
            line.1 = line.1.checked_add(Cost::parse(of("x_Amount")).unwrap()).unwrap();
            line.2 += 1;
        }
    }
    for (line, (cost, amount, rows)) in &lines {
        let apart = cost.checked_sub(*amount).unwrap().magnitude();
        assert!(apart <= Cost::parse("0.02").unwrap(), "{line:?}: {cost} and {amount} of {rows} rows");
    }
    assert!(lines.keys().any(|(_, on)| on == "effective cost"), "{lines:?}");
}

fn versions_of(books: &Books, month: &str) -> Vec<Value> {
    let ledger = Ledger::new(Disk::real(&books.path));
    let settled = ledger.settled().unwrap();
    let body = &settled.of(Month::parse(month).unwrap()).unwrap().body;
    let kept = body.stages.iter().find(|kept| kept.stage == "normalize").unwrap();
    let (_, manifest) = ledger.recall(&kept.key).unwrap().unwrap();
    let told = json(&ledger.get(&manifest.object("told").unwrap().sha256).unwrap());
    told["versions"].as_array().unwrap().clone()
}

fn cost(value: &Value) -> Cost {
    Cost::parse(value.as_str().unwrap_or_else(|| panic!("{value}"))).unwrap()
}

fn same_amounts(found: &Value, expected: &Value) {
    let amounts = |value: &Value| -> BTreeMap<String, Cost> {
        value.as_object().unwrap().iter().map(|(name, amount)| (name.clone(), cost(amount))).collect()
    };
    assert_eq!(amounts(found), amounts(expected));
}

fn same_groups(found: &Value, expected: &Value, ours: &str, theirs: &str) {
    let groups = |value: &Value, field: &str| -> BTreeMap<String, (Option<u64>, Cost)> {
        let group = |(name, group): (&String, &Value)| (name.clone(), (group["rows"].as_u64(), cost(&group[field])));
        value.as_object().unwrap().iter().map(group).collect()
    };
    assert_eq!(groups(found, ours), groups(expected, theirs));
}

/// Notes what a run does to the disk.
#[derive(Default)]
struct Changes(Mutex<Vec<String>>);

impl Faults for Changes {
    fn before(&self, operation: Operation, path: &str, _: u64) -> Fault {
        // What is remembered of the inbox is no part of the month, and is written once its files have settled.
        if !matches!(operation, Operation::Read | Operation::Lock) && !path.starts_with("ledger/seen") {
            self.0.lock().unwrap().push(format!("{operation:?} {path}"));
        }
        Fault::None
    }
}

/// Notes which files are read.
#[derive(Default)]
struct FilesRead(Mutex<Vec<String>>);

impl Progress for FilesRead {
    fn stage(&self, _: &str) {}
    fn file(&self, name: &str, _: u64) {
        self.0.lock().unwrap().push(name.to_owned());
    }
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}

#[test]
fn a_month_that_has_not_changed_is_not_worked_on_again() {
    for draft in [true, false] {
        let books = golden_small();
        let mut request = request(&books, "2025-09");
        request.draft = draft;
        let first = books.run(&request);
        let files = || {
            let mut files = books.files("");
            files.retain(|path, _| !path.contains("ledger/seen"));
            files
        };
        let before = files();
        let changes = Arc::new(Changes::default());
        let again =
            close::run_on(&Disk::with_faults(&books.path, changes.clone()), &request, &Silent, &NoPlant).unwrap();
        assert_eq!(*changes.0.lock().unwrap(), Vec::<String>::new());
        assert_eq!((again.exit, again.state.as_str()), (first.exit, "unchanged"));
        assert!(again.stages.iter().all(|report| report.unchanged));
        assert_eq!((again.run, &again.bills), (first.run, &first.bills));
        assert_eq!(files(), before);
    }
}

#[test]
fn only_a_part_that_changed_is_read_again() {
    let books = westmark();
    let mut request = request(&books, "2025-06");
    request.until = Stage::Normalize;
    let read = FilesRead::default();
    let disk = Disk::real(&books.path);
    close::run_on(&disk, &request, &read, &NoPlant).unwrap();
    let all = read.0.lock().unwrap().len();
    assert!(all >= 4, "{all}");
    let path = read.0.lock().unwrap().iter().find(|path| path.contains("aws")).unwrap().clone();
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&*books.read(&path)), &mut text).unwrap();
    books.write(&path, &text);
    let read = FilesRead::default();
    close::run_on(&disk, &request, &read, &NoPlant).unwrap();
    assert_eq!(*read.0.lock().unwrap(), [path]);
    let read = FilesRead::default();
    let outcome = close::run_on(&disk, &request, &read, &NoPlant).unwrap();
    assert_eq!(read.0.lock().unwrap().len(), 0);
    assert!(outcome.stages.iter().all(|report| report.unchanged), "{:#?}", outcome.stages);
}

#[test]
fn a_closed_month_refuses_another_file_and_says_what_it_would_move() {
    let books = golden_small();
    let first = closed(&books, "2025-09");
    let part = books.files("inbox").into_keys().find(|path| path.ends_with("part_0_0001.csv")).unwrap();
    let text = String::from_utf8(books.read(&part)).unwrap();
    assert_eq!(text.matches("2222.222222").count(), 1, "{text}");
    books.write(&part, text.replace("2222.222222", "2322.222222").as_bytes());
    let before = books.files("");
    let again = books.run(&request(&books, "2025-09"));
    assert_eq!((again.exit, again.state.as_str()), (Exit::Forbidden, "closed"));
    for told in [
        "part_0_0001.csv (other content)",
        "DPS owes 4,697.38 and would owe 4,801.88, 104.50 more",
        "Microsoft 81234567 charges 6345.67 and would charge 6445.67;",
        "journal BILL-202603-0001 of ",
        &first.run,
        "2025-10",
    ] {
        assert!(again.message.contains(told), "{told}: {}", again.message);
    }
    let after = books.files("");
    assert_eq!(outputs(&books, &first), outputs(&books, &again));
    assert_eq!(before["/ledger/HEAD"], after["/ledger/HEAD"]);
    books.write(&part, text.as_bytes());
    assert_eq!(books.run(&request(&books, "2025-09")).state, "unchanged");
    books.write("inbox/2025-09/aws/late.csv", b"late");
    let again = books.run(&request(&books, "2025-09"));
    assert_eq!(again.exit, Exit::Forbidden);
    assert!(again.message.contains("inbox/2025-09/aws/late.csv (added)"), "{}", again.message);
    assert!(again.message.contains("CB0") && again.message.contains("cannot be told"), "{}", again.message);
    assert!(!again.message.contains("owes"), "{}", again.message);
    assert_eq!(again.bills, first.bills, "the close stands");
    assert!(again.findings.iter().any(chargeback::model::finding::Finding::blocks));
}

#[test]
fn an_invoice_that_comes_after_the_close_is_next_months_and_nothing_to_undo() {
    let rows = [
        ("81234567,,2025-09,2025-10-07,6345.67,USD,charges,", "6,345.67"),
        ("81234567,,2025-09,2025-10-07,120.00,USD,marketplace,", ""),
    ];
    for (row, amount) in rows {
        let books = golden_small();
        let first = closed(&books, "2025-09");
        let mut text = String::from_utf8(books.read("invoices/2025-09.csv")).unwrap();
        text.push_str(&format!("Microsoft,{row}\n"));
        books.write("invoices/2025-09.csv", text.as_bytes());
        let again = books.run(&request(&books, "2025-09"));
        assert_eq!((again.exit, again.state.as_str()), (Exit::Forbidden, "closed"), "{}", again.message);
        let invoice = format!("Microsoft 81234567 has an invoice now, of {amount}");
        for told in [
            "invoices/2025-09.csv (other content)",
            &invoice,
            "journal ACCR-202603-0001 of 6,345.67 would not be made",
            "The close stands: what was accrued is reversed in 2025-10",
        ] {
            assert!(again.message.contains(told), "{told}: {}", again.message);
        }
        assert!(!again.message.contains("Put the files"), "{}", again.message);
        assert_eq!(again.bills, first.bills);
    }
}

#[test]
fn a_stage_of_a_closed_month_says_that_it_is_closed() {
    let books = golden_small();
    closed(&books, "2025-09");
    let mut request = request(&books, "2025-09");
    for stage in [Stage::Ingest, Stage::Rate, Stage::Reconcile] {
        request.until = stage;
        let outcome = books.run(&request);
        assert_eq!((outcome.exit, outcome.state.as_str()), (Exit::Done, "closed"), "{stage:?}");
    }
}

#[test]
fn a_table_that_moves_no_amount_of_a_closed_month_is_no_obstacle() {
    let books = golden_small();
    closed(&books, "2025-09");
    let path = "modes.csv";
    let mut text = String::from_utf8(books.read(path)).unwrap();
    let header = text.lines().next().unwrap().split(',').collect::<Vec<_>>();
    let cell = |name: &&str| match *name {
        "agency" => "DOH",
        "service" => "AWS",
        "mode" => "showback",
        "effective_from" => "2026-07-01",
        _ => "",
    };
    text.push_str(&format!("{}\n", header.iter().map(cell).collect::<Vec<_>>().join(",")));
    books.write(path, text.as_bytes());
    let again = books.run(&request(&books, "2025-09"));
    assert_eq!((again.exit, again.state.as_str()), (Exit::Done, "unchanged"), "{}", again.message);
    assert!(again.message.contains("modes.csv"), "{}", again.message);
}

#[test]
fn two_runs_exclude_each_other_and_the_other_is_named() {
    let books = golden_small();
    let other = Actor { person: "bob".into(), host: "finance-2".into(), now: "2026-01-10T08:59:00Z".into() };
    let held = Ledger::new(Disk::real(&books.path)).lock(&other).unwrap();
    let error = books.try_run(&request(&books, "2025-09")).unwrap_err();
    let stop = error.downcast_ref::<Stop>().unwrap();
    assert_eq!(stop.exit, Exit::TryAgain);
    let named = format!("bob on finance-2, process {}, since 2026-01-10T08:59:00Z", std::process::id());
    assert!(stop.message.contains(&named), "{}", stop.message);
    drop(held);
    let mut nameless = request(&books, "2025-09");
    nameless.invocation.person.clear();
    nameless.until = Stage::Ingest;
    books.run(&nameless);
    let log = Ledger::new(Disk::real(&books.path)).audit_log().unwrap();
    assert!(log.events[0].1.person.starts_with("user id "), "{:?}", log.events);
    closed(&books, "2025-09");
}

#[test]
fn runs_at_once_end_in_one_close() {
    for _ in 0..5 {
        let books = golden_small();
        let ends: Vec<Exit> = std::thread::scope(|scope| {
            let run = || match books.try_run(&request(&books, "2025-09")) {
                Ok(outcome) => outcome.exit,
                Err(error) => error.downcast_ref::<Stop>().unwrap_or_else(|| panic!("{error:#}")).exit,
            };
            let runs: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        assert!(ends.contains(&Exit::Done), "{ends:?}");
        assert!(ends.iter().all(|exit| matches!(exit, Exit::Done | Exit::TryAgain)), "{ends:?}");
        assert_eq!(Ledger::new(Disk::real(&books.path)).settled().unwrap().chain.len(), 1);
        assert_eq!(close::verify(&books.path, true, None).unwrap(), []);
    }
}

/// Where locks do nothing, the second commit is refused because HEAD is not what it was made on.
#[test]
fn a_commit_on_an_old_head_is_refused() {
    let books = golden_small();
    closed(&books, "2025-09");
    let ledger = Ledger::new(Disk::real(&books.path));
    let mut late = ledger.settled().unwrap().chain.remove(0);
    late.body.previous = String::new();
    let error = ledger.move_head(&late).unwrap_err();
    assert_eq!(error.downcast_ref::<Stop>().unwrap().exit, Exit::TryAgain);
}

#[test]
fn a_draft_is_marked_and_goes_when_the_month_is_closed() {
    let books = golden_small();
    let mut request = request(&books, "2025-09");
    request.draft = true;
    request.invocation.today = NaiveDate::from_ymd_opt(2025, 9, 20).unwrap();
    let draft = books.run(&request);
    assert_eq!((draft.exit, draft.state.as_str()), (Exit::Done, "draft"), "{}", books.told(&draft));
    assert!(draft.findings.iter().any(|finding| finding.code == Code::MonthNotOver && !finding.blocks()));
    assert!(outputs(&books, &draft).contains_key("journals/journal-2025-09-DRAFT.csv"));
    request.draft = false;
    let refused = books.run(&request);
    assert_eq!(refused.exit, Exit::Forbidden, "{}", refused.message);
    let outcome = closed(&books, "2025-09");
    let folders: Vec<String> = Disk::real(&books.path).folders("out/2025-09").unwrap();
    assert_eq!(folders, [outcome.run]);
    assert_eq!(close::verify(&books.path, true, None).unwrap(), []);
}

#[test]
fn a_dry_run_leaves_no_byte() {
    let books = golden_small();
    let before = books.files("");
    let mut request = request(&books, "2025-09");
    request.dry_run = true;
    let outcome = books.run(&request);
    assert_eq!(outcome.exit, Exit::Done, "{}", outcome.message);
    assert!(outcome.message.contains("would be closed"), "{}", outcome.message);
    assert_eq!(books.files(""), before);
    assert_eq!(closed(&books, "2025-09").run, outcome.run);
}

#[test]
fn each_stage_runs_on_what_the_one_before_left() {
    let books = golden_small();
    let mut request = request(&books, "2025-09");
    let stages =
        [Stage::Ingest, Stage::Normalize, Stage::Rate, Stage::Allocate, Stage::Reconcile, Stage::Export, Stage::Close];
    for (place, stage) in stages.into_iter().enumerate() {
        request.until = stage;
        let outcome = books.run(&request);
        assert_eq!(outcome.exit, Exit::Done, "{stage:?}: {}\n{}", outcome.message, books.told(&outcome));
        let ran: Vec<Stage> = outcome.stages.iter().map(|report| report.stage).collect();
        assert_eq!(ran, stages[..(place + 1).min(6)], "{stage:?}");
        assert_eq!(outcome.stages[0].unchanged, place > 0);
        assert!(place < 2 || outcome.stages[1].unchanged, "{stage:?}");
    }
}

#[test]
fn months_are_closed_in_their_order() {
    let books = golden_small();
    books.write("inbox/2025-08/aws/readme.csv", b"a,b\n1,2\n");
    let refused = books.run(&request(&books, "2025-09"));
    assert_eq!(refused.exit, Exit::Forbidden);
    assert!(refused.findings.iter().any(|finding| finding.code == Code::MonthOutOfOrder && finding.blocks()));
    std::fs::remove_dir_all(books.path.join("inbox/2025-08")).unwrap();
    closed(&books, "2025-09");
    books.write("inbox/2025-08/aws/readme.csv", b"a,b\n1,2\n");
    assert_eq!(
        books.run(&request(&books, "2025-08")).exit,
        Exit::Blocked,
        "the file is not known, and that comes first"
    );
}

#[test]
fn an_explanation_walks_back_to_the_vendors_rows() {
    let books = golden_small();
    closed(&books, "2025-09");
    let explained = close::explain(&books.path, "DOT-2025-09-000001", 10, true).unwrap();
    assert_eq!((explained.line.amount, explained.more), (Money::parse("2749.50").unwrap(), 0));
    let billed = Cost::total(explained.charges.iter().map(|charge| Cost::parse(&charge.billed).unwrap())).unwrap();
    assert_eq!(billed, Cost::parse("2749.5").unwrap());
    for charge in &explained.charges {
        assert!(charge.raw.raw().contains(&charge.account), "{:?}", charge.raw.raw());
        let amount = charge.billed.trim_start_matches('-').trim_end_matches('0');
        assert!(charge.raw.raw().contains(amount.trim_end_matches('.')), "{amount}: {:?}", charge.raw.raw());
    }
    let error = close::explain(&books.path, "DOT-2025-09-999999", 10, true).unwrap_err();
    assert_eq!(error.downcast_ref::<Stop>().unwrap().exit, Exit::Usage);
}
