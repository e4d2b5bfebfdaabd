//! The configuration of the books: what loads, and what is told about what does not.

use chargeback::config::{self, Loaded};
use chargeback::io::fs::Disk;
use chargeback::model::finding::{Code, Finding};
use chargeback::model::money::Money;
use std::fs;
use std::path::{Path, PathBuf};

const GOLDEN: &str = "tests/closes/golden-september/in";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn load(folder: &Path) -> Loaded {
    config::load(&Disk::real(folder)).unwrap()
}

/// All findings of `load` and `check`, as people read them.
fn told(loaded: &Loaded) -> String {
    let mut findings = loaded.findings.clone();
    findings.extend(config::check(loaded));
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A copy of the golden books without their inbox.
fn golden_copy() -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let target = to.join(entry.file_name());
            if entry.file_name() == "inbox" {
                continue;
            }
            if entry.path().is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let books = tempfile::tempdir().unwrap();
    copy(&root().join(GOLDEN), books.path());
    books
}

#[test]
fn the_golden_books_say_what_they_mean() {
    let loaded = load(&root().join(GOLDEN));
    assert_eq!(told(&loaded), "");
    let settings = &loaded.settings;
    assert_eq!(settings.agencies.len(), 3);
    assert_eq!(settings.owner_rules.len(), 9);
    assert_eq!(settings.rate_cards.len(), 4);
    assert_eq!(settings.invoices[0].amount, Money::from_cents(1_059_975));
    assert!(settings.funding.iter().filter(|rule| rule.federal).all(|rule| rule.string.fund == "2100"));
    assert_eq!(loaded.files.len(), 13);
}

#[test]
fn the_example_of_westmark_has_nothing_to_complain_about() {
    let loaded = load(&root().join("examples/westmark"));
    assert_eq!(told(&loaded), "");
    assert_eq!(loaded.settings.services.len(), 8);
    assert_eq!(loaded.settings.rate_cards.len(), 14);
}

#[test]
fn the_demo_is_the_example() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::real(folder.path());
    let written = config::demo::demo(&disk).unwrap();
    assert!(written.contains(&"inbox/2025-06/servicenow/cmn_department.csv".to_owned()));
    assert_eq!(load(folder.path()).files, load(&root().join("examples/westmark")).files);
    assert!(config::demo::demo(&disk).unwrap().is_empty(), "what exists is never touched");
}

#[test]
fn new_books_lack_approvals_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::real(folder.path());
    let begun = config::init(&disk).unwrap();
    assert!(begun.written.contains(&"rates/starter.csv".to_owned()) && begun.kept.is_empty());
    let loaded = load(folder.path());
    assert_eq!(loaded.findings, []);
    let codes: Vec<Code> = config::check(&loaded).iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::RateUnapproved; 2]);
    let settings = std::fs::read_to_string(disk.root().join("chargeback.toml")).unwrap();
    for usual in ["# vendor_entries = \"accrual-only\"", "# billing_sides = \"both\"", "# expected = true"] {
        assert!(settings.contains(usual), "{usual} is not what holds while it is a comment: {settings}");
    }
    let again = config::init(&disk).unwrap();
    assert_eq!((again.written.len(), again.kept), (0, begun.written));
}

/// The example in a template's comments must be as right as the reader believes it to be.
#[test]
fn examples_in_templates_hold() {
    let folder = tempfile::tempdir().unwrap();
    config::init(&Disk::real(folder.path())).unwrap();
    for table in config::tables::TABLES {
        let name = fs::read_dir(folder.path().join(table.path.trim_end_matches('/')));
        let path = match name {
            Ok(mut entries) => {
                let wanted = |path: &PathBuf| path.file_name().is_some_and(|name| name != "funds.csv");
                entries.find_map(|entry| Some(entry.unwrap().path()).filter(wanted)).unwrap()
            }
            Err(_) => folder.path().join(table.path),
        };
        let mut text = fs::read_to_string(&path).unwrap();
        text = table.example.iter().fold(text, |text, row| text + row + "\n");
        fs::write(&path, text).unwrap();
    }
    let about_cells = [Code::TableCell, Code::TableUnreadable, Code::TableColumnUnknown, Code::TableColumnMissing];
    let wrong: Vec<String> = load(folder.path())
        .findings
        .iter()
        .filter(|finding| about_cells.contains(&finding.code))
        .map(ToString::to_string)
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reference_of_the_books_is_up_to_date() {
    let path = root().join("docs/books.md");
    let reference = config::templates::reference();
    if std::env::var_os("INSTA_UPDATE").is_some_and(|how| how == "always") {
        fs::write(&path, &reference).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, reference, "INSTA_UPDATE=always writes docs/books.md anew");
}

/// What is wrong, in which file, and the text that replaces another. A row without the second text is added to the file.
type Damage = (&'static str, &'static str, &'static str, &'static str);

const DAMAGES: &[Damage] = &[
    ("an unknown setting", "chargeback.toml", "currency =", "curency ="),
    ("an unknown section", "chargeback.toml", "[posting]", "[postings]"),
    ("an amount as a number", "chargeback.toml", "\"0.01\"", "0.01"),
    ("a setting twice", "chargeback.toml", "currency = \"USD\"", "currency = \"USD\"\ncurrency = \"USD\""),
    ("one folder inside another", "chargeback.toml", "folder = \"azure\"", "folder = \"aws/azure\""),
    ("a fund nobody declares", "chargeback.toml", "\"7300\"", "\"7301\""),
    ("a month that is none", "chargeback.toml", "fiscal_year_starts = 7", "fiscal_year_starts = 13"),
    ("a folder outside the inbox", "chargeback.toml", "folder = \"azure\"", "folder = \"../azure\""),
    ("a missing column", "accounts.csv", "account,name", "accounts,name"),
    ("an unknown column", "agencies.csv", "aliases", "alias"),
    ("a column twice", "agencies.csv", "contact", "name"),
    (
        "semicolons between the cells",
        "modes.csv",
        "agency,service,effective_from,effective_to,mode,absorbed_by",
        "agency;service;effective_from;effective_to;mode;absorbed_by",
    ),
    ("a code no file system takes", "agencies.csv", "DOT,", "../DOT,"),
    ("an agency twice", "agencies.csv", "DPS,Dep", "DOT,Dep"),
    ("a spelling of two agencies", "agencies.csv", "state police", "WDOT"),
    ("a surplus cell", "agencies.csv", "Department of Health,", "Health, Department of,"),
    ("an open quote", "agencies.csv", "Department of Health,", "\"Department of Health,"),
    ("a rule without its pool", "owners.csv", "pool,SHR,AWS,500000000009", "pool,SHRD,AWS,500000000009"),
    ("a rule for an unknown tag", "owners.csv", "tag:agency", "tag:agancy"),
    ("a rule without a reason", "owners.csv", "pool,AI,", "central,,"),
    ("an account a spreadsheet has damaged", "owners.csv", "500000000011", "5.00E+11"),
    ("an account without its zero", "owners.csv", "500000000011", "50000000011"),
    ("a rule nothing reaches", "owners.csv", "by-tag,,,", "late,,,agency,DOH,AWS,500000000012,,\nby-tag,,,"),
    ("a service apart from its rows", "services.csv", "AI,AI", "AWS,,,,Microsoft\nAI,AI"),
    ("a service that takes nothing", "services.csv", "SHR,", "EC2,Machines,,9,AWS\nSHR,"),
    ("a rate for no service", "rates/2026.csv", "1,SNW,", "1,SNOW,"),
    ("two rates on one day", "rates/2026.csv", "AZU-AT-COST,1,AZU", "AWS-AT-COST,2,AWS"),
    ("two equally narrow cards", "rates/2026.csv", "AZU-AT-COST,1,AZU", "AWS-AGAIN,1,AWS"),
    ("a negative rate", "rates/2026.csv", "62.50,1", "-62.50,1"),
    ("a rate with a comma", "rates/2026.csv", "62.50,1", "\"1,062.50\",1"),
    ("a fee on itself", "rates/2026.csv", "AWS; AZU; SHR", "AWS; FEE"),
    ("a price that is a percentage", "rates/2026.csv", "pass_through,billed,,,", "pass_through,billed,4.5,,"),
    (
        "a rate that ends before it starts",
        "rates/2026.csv",
        "1,FEE,Brokerage team,4.5 percent of net cloud cost,2025-07-01,",
        "1,FEE,Brokerage team,4.5 percent of net cloud cost,2025-07-01,2025-07-01",
    ),
    (
        "a rate nobody approved",
        "rates/2026.csv",
        "hour,2025-07-01,,Rate memo FY2026,Rate board,",
        "hour,2025-07-01,,Rate memo FY2026,,",
    ),
    ("shares that are not 100", "pools.csv", "even,,,,DOH; DOT; DPS", "fixed,DOH=33.33; DOT=33.33; DPS=33.33,,,"),
    ("a pool without its driver", "pools.csv", "driver,,,ai_tokens", "driver,,,ai_token"),
    ("a pool for an unknown agency", "pools.csv", "even,,,,DOH; DOT; DPS", "even,,,,DOH; DOT; DSP"),
    ("two versions of a pool on one day", "pools.csv", "AI,1,2025-07-01,,AI", "SHR,2,2025-07-01,,AI"),
    ("a negative driver", "drivers/2025-09.csv", "DOH,3.25", "DOH,-3.25"),
    ("a driver in two units", "drivers/2025-09.csv", "DOT,1.50,hour", "DOT,1.50,day"),
    ("a mode for nobody", "modes.csv", ",AI,", "DOE,AI,"),
    ("absorbed by whom", "modes.csv", "showback", "absorbed"),
    (
        "a gap between two versions",
        "pools.csv",
        "AI,1,2025-07-01,,AI",
        "AI,1,2025-07-01,2025-09-01,AI,1,driver,,,ai_tokens,DOH,,,\nAI,2,2025-10-01,,AI",
    ),
    (
        "funding that stops for a month",
        "funding.csv",
        "DPS,,,1,100,1000,6530,no,2025-07-01,",
        "DPS,,,1,100,1000,6530,no,2025-07-01,2026-07-01\nDPS,,,1,100,1000,6530,no,2026-08-01,",
    ),
    ("funding of 99.99 percent", "funding.csv", "2,40,", "2,39.99,"),
    (
        "funding of two versions",
        "funding.csv",
        "DOT,,,1,100,2200,6530,no,2025-07-01,",
        "DOT,,,1,100,2200,6530,no,2025-07-01,\nDOT,,,1,100,1000,6530,no,2026-01-01,",
    ),
    ("an account the chart lacks", "funding.csv", "2200,6530", "2200,6531"),
    ("no account for a role", "accounts.csv", "due_to,,,2110,Due to other funds\n", ""),
    ("a date in another order", "invoices/2025-09.csv", "2025-10-03", "10/03/2025"),
    ("an invoice of too many decimals", "invoices/2025-09.csv", "10599.75", "10599.746666"),
    ("an invoice in another currency", "invoices/2025-09.csv", "USD", "EUR"),
    (
        "an invoice twice",
        "invoices/2025-09.csv",
        "USD,charges,\n",
        "USD,charges,\nAWS,500000000001,2109876543,2025-09,2025-10-03,10599.75,USD,charges,\n",
    ),
];

#[test]
fn what_is_said_about_wrong_books() {
    let mut all = String::new();
    for (about, file, from, to) in DAMAGES {
        let books = golden_copy();
        let path = books.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{about}: {file} does not hold {from:?}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let told = told(&load(books.path()));
        assert_ne!(told, "", "{about}");
        all.push_str(&format!("# {about}\n{told}\n\n"));
    }
    insta::assert_snapshot!("wrong_books", all);
}

#[test]
fn files_that_are_no_tables() {
    let mut all = String::new();
    for (about, bytes) in [
        ("missing", None),
        ("empty", Some(b"".to_vec())),
        ("a workbook", Some(b"PK\x03\x04".to_vec())),
        ("UTF-16", Some(b"\xff\xfea\0g\0".to_vec())),
        ("an accent of Windows-1252", Some(b"agency,name,class\nDOT,Sant\xe9,external\n".to_vec())),
    ] {
        let books = golden_copy();
        let path = books.path().join("agencies.csv");
        fs::remove_file(&path).unwrap();
        if let Some(bytes) = bytes {
            fs::write(&path, bytes).unwrap();
        }
        let loaded = load(books.path());
        all.push_str(&format!("# {about}\n{}\n\n", lines(&loaded.findings)));
    }
    insta::assert_snapshot!("no_tables", all);
}

fn lines(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_table_whose_name_is_nearly_right() {
    let books = golden_copy();
    fs::rename(books.path().join("modes.csv"), books.path().join("mode.csv")).unwrap();
    fs::write(books.path().join("contracts.csv"), "contract\n").unwrap();
    assert_eq!(
        lines(&load(books.path()).findings),
        "CB0114 blocks the close: a file that is not read\n  mode.csv\n  why  No table of this name is read.\n  fix  Did you mean \
         modes.csv? Otherwise move the file elsewhere.\nCB0114 note: a file that is not read\n  contracts.csv\n  why  No table of \
         this name is read.\n  fix  Nothing, if that is meant."
    );
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    for end in ["\n", "\r\n"] {
        let books = golden_copy();
        let text = [
            "# a comment",
            "",
            "agency,name,class",
            "",
            "# another",
            "\"DOT\",\"two",
            "lines\",external",
            "DPS,x,nobody",
            "",
        ];
        fs::write(books.path().join("agencies.csv"), text.join(end)).unwrap();
        let findings = load(books.path()).findings;
        let wrong = findings.iter().find(|finding| finding.code == Code::TableCell).unwrap();
        assert_eq!(wrong.place.row, Some(8), "{wrong}");
    }
}

/// Hours and devices come from whoever counts them, and that is a workbook.
#[test]
fn drivers_in_a_workbook_are_read_as_their_text() {
    let books = golden_copy();
    let header = ["driver", "month", "agency", "value", "unit"];
    let text = "driver,month,agency,value,unit\nnurses,2025-09,DOT,12.25,hour\nnurses,2025-09,DPS,0.1,hour\n";
    fs::write(books.path().join("drivers/nurses.csv"), text).unwrap();
    let values = |file: &str| -> Vec<String> {
        let loaded = load(books.path());
        assert_eq!(lines(&loaded.findings), "");
        let of_file = loaded.settings.drivers.iter().filter(|value| value.file == file);
        of_file.map(|row| format!("{} {} {} {} {}", row.driver, row.month, row.agency, row.value, row.unit)).collect()
    };
    let of_text = values("drivers/nurses.csv");
    assert_eq!(of_text.len(), 2);
    fs::remove_file(books.path().join("drivers/nurses.csv")).unwrap();
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_row(0, 0, header).unwrap();
    let day = rust_xlsxwriter::Format::new().set_num_format("mmm yyyy");
    for (row, agency, hours) in [(1, "DOT", 12.25), (2, "DPS", 0.1)] {
        sheet.write(row, 0, "nurses").unwrap();
        sheet.write_with_format(row, 1, rust_xlsxwriter::ExcelDateTime::from_ymd(2025, 9, 1).unwrap(), &day).unwrap();
        sheet.write(row, 2, agency).unwrap();
        sheet.write(row, 3, hours).unwrap();
        sheet.write(row, 4, "hour").unwrap();
    }
    workbook.save(books.path().join("drivers/nurses.xlsx")).unwrap();
    assert_eq!(values("drivers/nurses.xlsx"), of_text);
}

#[test]
fn invoices_in_a_workbook_are_exact_cents_or_a_finding() {
    let books = golden_copy();
    fs::remove_file(books.path().join("invoices/2025-09.csv")).unwrap();
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    let header = ["provider", "billing_account_id", "invoice_id", "month", "invoice_date", "amount"];
    sheet.write_row(0, 0, header).unwrap();
    let day = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
    for (row, amount) in [(1, 10599.75), (2, 0.1 + 0.2)] {
        sheet.write_row(row, 0, ["AWS", "500000000001"]).unwrap();
        sheet.write(row, 2, 2_109_876_543_u32 + row).unwrap();
        sheet.write_with_format(row, 3, rust_xlsxwriter::ExcelDateTime::from_ymd(2025, 9, 1).unwrap(), &day).unwrap();
        sheet.write_with_format(row, 4, rust_xlsxwriter::ExcelDateTime::from_ymd(2025, 10, 3).unwrap(), &day).unwrap();
        sheet.write(row, 5, amount).unwrap();
    }
    workbook.save(books.path().join("invoices/aws.xlsx")).unwrap();
    let loaded = load(books.path());
    assert_eq!(
        lines(&loaded.findings),
        "CB0804 blocks the close: a cell of a table is not valid\n  invoices/aws.xlsx, line 3, column \"amount\": \
         \"0.30000000000000004\"\n  why  As an amount, it has more than two decimals.\n  fix  Correct the cell and run \
         `chargeback check` again."
    );
    let [invoice] = &loaded.settings.invoices[..] else { panic!("{:?}", loaded.settings.invoices) };
    assert_eq!((invoice.amount, invoice.invoice_id.as_str()), (Money::from_cents(1_059_975), "2109876544"));
    assert_eq!(invoice.invoice_date.unwrap().to_string(), "2025-10-03");
}
