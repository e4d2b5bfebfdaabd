//! What is handed out: against the worked month of the accounting reference, against two independent ledger programs, and
//! against texts that want to be more than text.

use crate::golden::{Texts, cost, money, september, september_with};
use calamine::{Data, Reader};
use chargeback::io::fs::Disk;
use chargeback::model::bill::{BillDetail, CentralAmount, Destination, RatedCharge, Ruling};
use chargeback::model::money::Money;
use chargeback::model::month_end::{MonthEnd, RejectedRow, Standing};
use chargeback::model::proof::{ItemType, ReconcilingItem, VendorState};
use chargeback::model::untrusted::Untrusted;
use chargeback::stages::export::{NamedBytes, SUMMARY_SCHEMA, export, feed, read_back};
use serde_json::Value;
use std::io::{Cursor, Read, Write};
use std::process::Command;
use std::sync::Arc;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

fn files(end: &MonthEnd) -> Vec<NamedBytes> {
    export(end).unwrap()
}

fn bytes<'a>(files: &'a [NamedBytes], path: &str) -> &'a [u8] {
    let names = || files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>();
    &files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path} in {:?}", names())).bytes
}

fn text<'a>(files: &'a [NamedBytes], path: &str) -> &'a str {
    std::str::from_utf8(bytes(files, path)).unwrap()
}

#[test]
fn the_golden_month_in_text() {
    let files = files(&september());
    insta::assert_snapshot!("feed", text(&files, "journals/journal-2025-09.csv"));
    insta::assert_snapshot!("control", text(&files, "journals/journal-2025-09.control.json"));
    insta::assert_snapshot!("beancount", text(&files, "journals/journal-2025-09.beancount"));
    insta::assert_snapshot!("hledger", text(&files, "journals/journal-2025-09.hledger"));
    insta::assert_snapshot!("summary", text(&files, "summary.json"));
    insta::assert_snapshot!("findings", text(&files, "findings.csv"));
    insta::assert_snapshot!("detail", text(&files, "statements/DOH/detail-DOH-2025-09.csv"));
}

#[test]
fn control_totals_of_the_golden_month() {
    let control: Value =
        serde_json::from_str(text(&files(&september()), "journals/journal-2025-09.control.json")).unwrap();
    assert_eq!(control["configuration"], "c0".repeat(32));
    assert_eq!((&control["journal_count"], &control["line_count"]), (&3.into(), &19.into()));
    assert_eq!((&control["total_debit"], &control["total_credit"]), (&"51281.42".into(), &"51281.42".into()));
    let funds = control["funds"].as_array().unwrap();
    let debits: Vec<_> = funds.iter().map(|fund| (fund["fund"].as_str().unwrap(), &fund["debit"])).collect();
    assert_eq!(debits[3], ("7300", &"34113.42".into()));
    assert_eq!(debits[0], ("1000", &"7637.28".into()));
}

#[test]
fn the_feed_reads_back_by_journal_and_fund() {
    let feed = feed(&files(&september()));
    assert_eq!(feed.unreadable, None);
    let bill = feed.sides.iter().find(|one| one.journal == "BILL-202603-0001" && one.fund == "7300").unwrap();
    assert_eq!((bill.lines, bill.debits, bill.credits), (8, money("17168.00"), money("17168.00")));
    assert!(chargeback::stages::export::feed(&[]).unreadable.is_some());
}

#[test]
fn everything_written_reads_back_the_same() {
    for end in [september(), hostile(), draft(), busy()] {
        let files = files(&end);
        for law in read_back(&end, &files) {
            assert!(law.passes, "{law:?}");
        }
    }
}

fn draft() -> MonthEnd {
    MonthEnd { standing: Standing::Draft, ..september() }
}

/// September with something of everything that is on no bill.
fn busy() -> MonthEnd {
    let mut end = september();
    let to = |charge: &mut RatedCharge, destination| {
        charge.ruling = Arc::new(Ruling { destination, ..Ruling::clone(&charge.ruling) });
    };
    to(&mut end.charges[5], Destination::Excluded("billed by the federal partner".to_owned()));
    to(&mut end.charges[7], Destination::prepaid());
    to(&mut end.charges[12], Destination::Suspense("no rule names this account".to_owned()));
    end.vendors[1].invoice = Some(money("6465.67"));
    end.vendors[1].invoice_basis = money("6465.67");
    end.vendors[1].difference = cost("120.00");
    end.vendors[1].state = VendorState::MatchedWithItems;
    end.vendors[1].items.push(ReconcilingItem {
        item_type: ItemType::InvoiceOnly,
        description: "Marketplace: monitoring agent, bought by DPS".to_owned(),
        amount: cost("120.00"),
    });
    end.bills.central.push(CentralAmount {
        section: end.vendors[1].section.clone(),
        reason: "invoice only: marketplace".to_owned(),
        amount: money("120.00"),
    });
    end.rejected.push(RejectedRow {
        file: "inbox/2025-09/azure/export.csv".to_owned(),
        row: 418,
        column: "CostInBillingCurrency".to_owned(),
        raw: Untrusted::new("sub-dot,2025-09-11,\"12,34\""),
        why: "an amount is not a number".to_owned(),
        at_stake: Some((cost("12.34"), "USD".to_owned())),
        waived: Some(("vendor confirmed a duplicate".to_owned(), "R. Okafor".to_owned())),
    });
    end
}

#[test]
fn a_draft_says_so_in_names_and_contents() {
    let files = files(&draft());
    for file in &files {
        let fixed = ["findings.csv", "summary.json", "summary.schema.json"].contains(&file.path.as_str());
        assert_eq!(file.path.contains("DRAFT"), !fixed, "{}", file.path);
    }
    assert!(text(&files, "summary.json").contains("\"standing\": \"DRAFT\""));
}

#[test]
fn same_month_same_bytes_in_any_order() {
    let first = files(&september());
    let mut end = september();
    end.journals.reverse();
    end.vendors.reverse();
    end.bills.details.reverse();
    end.findings.reverse();
    for (one, other) in first.iter().zip(files(&end)) {
        assert!(*one == other, "{} differs", one.path);
    }
}

/// An edited cent in every file that holds an amount is seen when it is read back.
#[test]
fn an_edited_cent_is_seen() {
    let end = september();
    for (path, amount, edited) in [
        ("journals/journal-2025-09.csv", "2939.90", "2939.91"),
        ("journals/journal-2025-09.control.csv", "51281.42", "51281.43"),
        ("journals/journal-2025-09.control.json", "7637.28", "7637.27"),
        ("journals/journal-2025-09.beancount", "4697.38 USD", "4697.39 USD"),
        ("journals/journal-2025-09.hledger", "4697.38 USD", "4697.39 USD"),
        ("findings.csv", "6345.67", "6345.68"),
        ("summary.json", "7349.77", "7349.76"),
        ("statements/DOH/detail-DOH-2025-09.csv", ",4321.12\n", ",4321.13\n"),
        ("statements/DOH/detail-DOH-2025-09.csv", "4321.123456,,billed", "4321.123457,,billed"),
        ("reconciliation/tie-outs-2025-09.csv", "16945.42", "16945.43"),
        ("reconciliation/vendors-2025-09.csv", "10599.75", "10599.76"),
    ] {
        let mut files = files(&end);
        let file = files.iter_mut().find(|file| file.path == path).unwrap();
        let text = String::from_utf8(file.bytes.clone()).unwrap();
        assert!(text.contains(amount), "{path} holds {amount}");
        file.bytes = text.replacen(amount, edited, 1).into_bytes();
        assert_only_fails(&end, &files, path);
    }
}

/// The same for workbooks: a number in a sheet is edited, and every number of every sheet that is an amount counts.
#[test]
fn an_edited_cent_in_a_workbook_is_seen() {
    let end = busy();
    for (path, sheet, amount, edited) in [
        ("statements/DOH/statement-DOH-2025-09.xlsx", 1, "7349.77", "7349.78"),
        ("statements/DOH/statement-DOH-2025-09.xlsx", 1, "727.78", "727.79"),
        ("statements/DOH/statement-DOH-2025-09.xlsx", 1, "4409.87", "4409.86"),
        ("statements/DOH/statement-DOH-2025-09.xlsx", 2, "203.13", "203.12"),
        ("statements/DOH/statement-DOH-2025-09.xlsx", 3, "121.88", "121.87"),
        ("statements/DOH/statement-DOH-2025-09.xlsx", 4, "507.4", "507.41"),
        ("statements/DOH/statement-DOH-2025-09.xlsx", 6, "507.4", "507.41"),
        ("statements/DOH/statement-DOH-2025-09.xlsx", 7, "4321.12", "4321.13"),
        ("statements/DOH/statement-DOH-2025-09.xlsx", 7, "4321.123456", "4321.123457"),
        ("journals/journal-2025-09.xlsx", 1, "7637.28", "7637.29"),
        ("journals/journal-2025-09.xlsx", 1, "51281.42", "51281.43"),
        ("journals/journal-2025-09.xlsx", 2, "2939.9", "2939.91"),
        ("reconciliation/reconciliation-2025-09.xlsx", 1, "845.67", "845.68"),
        ("reconciliation/reconciliation-2025-09.xlsx", 2, "10599.746666", "10599.746667"),
        ("reconciliation/reconciliation-2025-09.xlsx", 3, "120", "120.01"),
        ("reconciliation/reconciliation-2025-09.xlsx", 4, "7349.77", "7349.76"),
        ("reconciliation/reconciliation-2025-09.xlsx", 5, "16945.42", "16945.43"),
        ("reconciliation/reconciliation-2025-09.xlsx", 6, "0.003334", "0.003335"),
        ("reconciliation/reconciliation-2025-09.xlsx", 8, "2183.33", "2183.34"),
        ("reconciliation/reconciliation-2025-09.xlsx", 9, "727.77", "727.78"),
        ("reconciliation/reconciliation-2025-09.xlsx", 11, "600", "600.01"),
        ("reconciliation/reconciliation-2025-09.xlsx", 12, "750", "750.01"),
        ("reconciliation/reconciliation-2025-09.xlsx", 13, "12.34", "12.35"),
    ] {
        let mut files = files(&end);
        let file = files.iter_mut().find(|file| file.path == path).unwrap();
        file.bytes = with_edited_sheet(&file.bytes, sheet, amount, edited);
        assert_only_fails(&end, &files, path);
    }
}

fn with_edited_sheet(workbook: &[u8], sheet: usize, amount: &str, edited: &str) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut copy = ZipWriter::new(Cursor::new(Vec::new()));
    for place in 0..archive.len() {
        let mut member = archive.by_index(place).unwrap();
        let name = member.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        if name == format!("xl/worksheets/sheet{sheet}.xml") {
            let (from, to) = (format!("<v>{amount}</v>"), format!("<v>{edited}</v>"));
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(&from), "sheet {sheet} holds {amount}");
            bytes = text.replacen(&from, &to, 1).into_bytes();
        }
        copy.start_file(name, SimpleFileOptions::default()).unwrap();
        copy.write_all(&bytes).unwrap();
    }
    copy.finish().unwrap().into_inner()
}

fn assert_only_fails(end: &MonthEnd, files: &[NamedBytes], path: &str) {
    let failed: Vec<_> = read_back(end, files).into_iter().filter(|law| !law.passes).collect();
    assert!(!failed.is_empty(), "{path}: the edit is not seen");
    assert!(failed.iter().all(|law| law.about.starts_with(path)), "{path}: {failed:?}");
}

#[test]
fn a_file_that_is_missing_or_torn_is_seen() {
    let end = september();
    let whole = files(&end);
    for place in 0..whole.len() {
        let path = whole[place].path.clone();
        if path == "summary.schema.json" {
            continue;
        }
        let mut missing = whole.clone();
        missing.remove(place);
        assert_only_fails(&end, &missing, &path);
        let mut torn = whole.clone();
        let half = torn[place].bytes.len() / 2;
        torn[place].bytes.truncate(half);
        assert_only_fails(&end, &torn, &path);
    }
}

/// Runs a checker on a journal; none when it is not installed, and says so aloud.
#[expect(clippy::print_stderr, reason = "a check that nobody made must not pass in silence")]
fn accepts(program: &str, arguments: &[&str], name: &str, journal: &str) -> Option<bool> {
    let folder = tempfile::tempdir().unwrap();
    Disk::real(folder.path()).write(name, journal.as_bytes()).unwrap();
    let outcome = Command::new(program).args(arguments).arg(folder.path().join(name)).output();
    match outcome {
        Ok(outcome) => {
            if !outcome.status.success() {
                eprintln!("{program}: {}", String::from_utf8_lossy(&outcome.stderr));
            }
            Some(outcome.status.success())
        }
        Err(_) => {
            eprintln!("SKIPPED: {program} is not installed, so nobody but us has added the journals");
            None
        }
    }
}

pub fn bean_check(journal: &str) -> Option<bool> {
    accepts("bean-check", &[], "month.beancount", journal)
}

pub fn hledger_check(journal: &str) -> Option<bool> {
    accepts("hledger", &["check", "-s", "ordereddates", "-f"], "month.journal", journal)
}

/// A cent from the General Fund to the federal one: on one side of the books, and then on both, where every transaction
/// still balances and only the stated balances tell.
#[test]
fn two_other_programs_add_the_books_and_miss_no_cent() {
    let files = files(&september());
    type Check = fn(&str) -> Option<bool>;
    for (path, check) in [
        ("journals/journal-2025-09.beancount", bean_check as Check),
        ("journals/journal-2025-09.hledger", hledger_check as Check),
    ] {
        let journal = text(&files, path);
        let Some(accepted) = check(journal) else { continue };
        assert!(accepted, "{path} is refused");
        let one_side = edited(
            journal,
            &[
                ("Expenses:F1000:A6530:Agency-DOH  2939.90 USD", "Expenses:F1000:A6530:Agency-DOH  2939.89 USD"),
                ("Expenses:F2100:A6530:Agency-DOH  4409.87 USD", "Expenses:F2100:A6530:Agency-DOH  4409.88 USD"),
            ],
        );
        assert_eq!(check(&one_side), Some(false), "{path}: a cent moved on one side");
        let both_sides = edited(
            &one_side,
            &[
                ("Liabilities:F1000:A2110:Fund-7300  -7637.28 USD", "Liabilities:F1000:A2110:Fund-7300  -7637.27 USD"),
                ("Liabilities:F2100:A2110:Fund-7300  -4409.87 USD", "Liabilities:F2100:A2110:Fund-7300  -4409.88 USD"),
            ],
        );
        assert_eq!(check(&both_sides), Some(false), "{path}: a cent moved on both sides");
    }
}

fn edited(journal: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(journal.to_owned(), |journal, (from, to)| {
        assert!(journal.contains(from), "{from}");
        journal.replacen(from, to, 1)
    })
}

#[test]
fn a_month_without_journals_is_accepted_too() {
    let files = files(&MonthEnd { journals: Vec::new(), ..september() });
    assert_ne!(bean_check(text(&files, "journals/journal-2025-09.beancount")), Some(false));
    assert_ne!(hledger_check(text(&files, "journals/journal-2025-09.hledger")), Some(false));
}

const HOSTILE: [&str; 14] = [
    "=1+2",
    "+1+2",
    "-1+2",
    "@SUM(A1)",
    "\t=cmd|' /C calc'!A0",
    "\r=1",
    "=HYPERLINK(\"http://x/?\"&A1)",
    "\u{ff1d}1+2",
    "<script>alert(1)</script>",
    "\u{1b}[2J\u{7}\u{9b}31m",
    "\u{202e}evil\u{200b}",
    "]]><a>&\u{1}",
    "a\"b,c;d|e\nBILL-202603-0002,1",
    "date:2020-01-01 [2020-01-01] {{x}} #tag ^link",
];

fn hostile() -> MonthEnd {
    let all = HOSTILE.join(" ");
    september_with(&Texts { resource: &all, tag: &all, agency: &all, description: &all })
}

#[test]
fn hostile_texts_stay_text() {
    for hostile in HOSTILE {
        let end = september_with(&Texts { resource: hostile, tag: hostile, agency: hostile, description: hostile });
        let files = files(&end);
        let feed = text(&files, "journals/journal-2025-09.csv");
        assert_eq!(feed.lines().count(), 20, "{hostile:?}");
        assert!(feed.lines().all(|line| line.split(',').count() == 31 && line.is_ascii()), "{hostile:?}");
        let detail = text(&files, "statements/DOH/detail-DOH-2025-09.csv");
        for cell in csv::Reader::from_reader(detail.as_bytes())
            .records()
            .flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
        {
            let formula = cell.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}']);
            assert!(!formula || chargeback::model::money::Cost::parse(&cell).is_ok(), "{cell:?}");
            assert!(!cell.contains(char::is_control), "{cell:?}");
        }
    }
}

#[test]
fn hostile_texts_mean_nothing_to_the_checkers() {
    let files = files(&hostile());
    assert_ne!(bean_check(text(&files, "journals/journal-2025-09.beancount")), Some(false));
    assert_ne!(hledger_check(text(&files, "journals/journal-2025-09.hledger")), Some(false));
}

/// Formulas are ours alone and from a short list; nothing is a link; a text that begins like a formula is marked as text.
#[test]
fn workbooks_hold_no_formula_but_ours() {
    for file in files(&hostile()).iter().filter(|file| file.path.ends_with(".xlsx")) {
        let text = contents(file);
        let formulas: Vec<&str> = text.split("<f>").skip(1).map(|rest| rest.split("</f>").next().unwrap()).collect();
        assert!(!formulas.is_empty(), "{}", file.path);
        for formula in formulas {
            let ours = formula.strip_prefix("ROUND(").unwrap_or_else(|| panic!("{}: {formula}", file.path));
            let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || ":(),-".contains(c);
            assert!(ours.chars().all(plain), "{}: {formula}", file.path);
        }
        assert!(!text.contains("<hyperlink"), "{}", file.path);
        let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r') || matches!(c, '\u{202e}' | '\u{200b}');
        assert!(!text.contains(hidden), "{}", file.path);
    }
}

#[test]
fn leading_zeros_and_cents_survive_in_a_workbook() {
    let files = files(&september());
    let statement = bytes(&files, "statements/DOH/statement-DOH-2025-09.xlsx");
    let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(Cursor::new(statement)).unwrap();
    let sheet = book.worksheet_range("Line detail").unwrap();
    let row = sheet.rows().find(|row| row[5] == Data::String("Compute A1".to_owned())).unwrap();
    assert_eq!(row[3], Data::String("000111122223".to_owned()));
    assert_eq!(row[14], Data::Float(4321.12));
    assert!(matches!(row[7], Data::DateTime(_)), "{:?}", row[7]);
}

#[test]
fn a_code_that_does_not_fit_stops_the_export() {
    let mut end = september();
    end.settings.state.currency = "USDX".to_owned();
    let refusal = format!("{:#}", export(&end).unwrap_err());
    assert!(refusal.contains("currency \"USDX\" is longer than 3 characters"), "{refusal}");
}

#[test]
fn an_agency_sees_nothing_of_another() {
    let files = files(&september());
    for file in files.iter().filter(|file| file.path.starts_with("statements/DOH/")) {
        let text = contents(file);
        for foreign in ["DOT", "DPS", "Compute A3", "Compute A5", "machines Z2", "222233334444", "Transportation"] {
            assert!(!text.contains(foreign), "{} holds {foreign}", file.path);
        }
        assert!(text.contains("Compute A1"), "{}", file.path);
    }
}

/// The text of a file, unpacked where it is a workbook.
fn contents(file: &NamedBytes) -> String {
    if !file.path.ends_with(".xlsx") {
        return String::from_utf8(file.bytes.clone()).unwrap();
    }
    let mut archive = ZipArchive::new(Cursor::new(&file.bytes)).unwrap();
    let mut text = String::new();
    for place in 0..archive.len() {
        archive.by_index(place).unwrap().read_to_string(&mut text).unwrap();
    }
    text
}

#[test]
fn the_summary_keeps_to_its_schema() {
    let schema: Value = serde_json::from_str(SUMMARY_SCHEMA).unwrap();
    for end in [september(), draft(), hostile()] {
        let summary: Value = serde_json::from_str(text(&files(&end), "summary.json")).unwrap();
        keeps_to(&schema, &schema, &summary, "summary");
        assert_eq!(summary["agencies"][0]["due"], "7349.77");
        assert_eq!(summary["services"][0]["showback"], "845.67");
        assert_eq!(cost(summary["stages"][0]["amount"].as_str().unwrap()), cost("16945.416666"));
    }
}

/// What went to agencies, pools and the provider, with what no charge holds, is what the vendors asked for.
#[test]
fn the_totals_of_the_stages_add_up() {
    let mut taxed = september();
    taxed.vendors[1].invoice_basis = money("6465.67");
    taxed.bills.central.push(CentralAmount {
        section: taxed.vendors[1].section.clone(),
        reason: "invoice only: tax".to_owned(),
        amount: money("120.00"),
    });
    for end in [september(), taxed] {
        let summary: Value = serde_json::from_str(text(&files(&end), "summary.json")).unwrap();
        let of = |stage: &str| {
            let stages = summary["stages"].as_array().unwrap().iter().filter(|one| one["stage"] == stage);
            Money::total(stages.map(|one| money(one["amount"].as_str().unwrap()))).unwrap()
        };
        assert_eq!(of("allocate"), of("reconcile"));
    }
}

#[test]
fn an_edited_part_of_a_tie_out_is_seen() {
    let mut end = september();
    end.tie_outs[0].parts = vec![("AWS".to_owned(), "4711.08".to_owned())];
    let mut files = files(&end);
    let file = files.iter_mut().find(|file| file.path == "summary.json").unwrap();
    file.bytes = String::from_utf8(file.bytes.clone()).unwrap().replacen("4711.08", "4711.09", 1).into_bytes();
    assert_only_fails(&end, &files, "summary.json");
}

/// As much of JSON schema as ours uses.
fn keeps_to(root: &Value, schema: &Value, value: &Value, place: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        return keeps_to(root, &root["$defs"][name.rsplit('/').next().unwrap()], value, place);
    }
    if let Some(constant) = schema.get("const") {
        assert_eq!(value, constant, "{place}");
    }
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(allowed.contains(value), "{place}: {value}");
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(kinds.is_empty() || kinds.contains(&kind), "{place} is {kind}, not {kinds:?}");
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(value.get(name.as_str().unwrap()).is_some(), "{place} lacks {name}");
    }
    for (name, one) in value.as_object().into_iter().flatten() {
        match (schema["properties"].get(name), &schema["additionalProperties"]) {
            (Some(property), _) => keeps_to(root, property, one, &format!("{place}.{name}")),
            (None, Value::Bool(false)) => panic!("{place}.{name} is not in the schema"),
            (None, others) => keeps_to(root, others, one, &format!("{place}.{name}")),
        }
    }
    for one in value.as_array().into_iter().flatten() {
        keeps_to(root, &schema["items"], one, &format!("{place}[]"));
    }
}

/// Writes what there is to look at, where `EXPORT_LOOK` says: for a person with a spreadsheet program.
#[test]
fn a_place_to_look_at_the_workbooks() {
    let Some(folder) = std::env::var_os("EXPORT_LOOK") else { return };
    let disk = Disk::real(folder);
    for file in files(&busy()) {
        disk.write(&file.path, &file.bytes).unwrap();
    }
}

/// More rows than a sheet is good for are shown over the days of the month; the CSV has them all.
#[test]
fn a_large_agency_has_its_details_by_month_in_the_workbook_and_by_day_beside_it() {
    let mut end = september();
    let nothing = BillDetail { line: 0, row: 0, amount: money("0.00") };
    end.bills.details.extend(std::iter::repeat_n(nothing, 21_000));
    let files = files(&end);
    for law in read_back(&end, &files) {
        assert!(law.passes, "{law:?}");
    }
    let detail = text(&files, "statements/DOH/detail-DOH-2025-09.csv");
    assert_eq!(detail.lines().count(), 21_004);
    let statement = bytes(&files, "statements/DOH/statement-DOH-2025-09.xlsx");
    let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(Cursor::new(statement)).unwrap();
    assert!(book.worksheet_range("Line detail").unwrap().rows().len() < 20);
}
