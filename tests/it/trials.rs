//! Trials that write nothing: the month with other tables, what rules take, and modes that change no amount.

use crate::books::{Books, Silent, golden, request, westmark};
use chargeback::close::{self, Request, Stage, WhatIf};
use chargeback::model::exit::Exit;
use chargeback::model::money::Money;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn trial(books: &Books, month: &str) -> Request {
    Request { until: Stage::Allocate, draft: true, dry_run: true, ..request(books, month) }
}

/// A folder with the tables of the books that are named, each text replaced by another.
fn other(books: &Books, changes: &[(&str, &str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, from, to) in changes {
        let target = folder.path().join(path);
        let text = if target.exists() {
            fs::read_to_string(&target).unwrap()
        } else {
            String::from_utf8(books.read(path)).unwrap()
        };
        assert!(text.contains(from), "{path} has no {from:?}");
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, text.replace(from, to)).unwrap();
    }
    folder
}

fn whatif(books: &Books, month: &str, with: &Path) -> WhatIf {
    close::whatif(&trial(books, month), with, &Silent).unwrap()
}

/// What is due and what is shown, by agency.
fn by_agency(told: &WhatIf, is_now: bool) -> BTreeMap<String, (Money, Money)> {
    let mut sums: BTreeMap<String, (Money, Money)> = BTreeMap::new();
    for line in &told.lines {
        let amount = if is_now { line.now } else { line.would };
        let (due, shown) = sums.entry(line.agency.clone()).or_default();
        let sum = if line.what == "due" { due } else { shown };
        *sum = sum.checked_add(amount).unwrap();
    }
    sums
}

fn bills(books: &Books, month: &str) -> BTreeMap<String, (Money, Money)> {
    let outcome = books.run(&Request { draft: true, ..request(books, month) });
    assert_eq!(outcome.exit, Exit::Done, "{}", books.told(&outcome));
    outcome.bills.into_iter().map(|bill| (bill.agency, (bill.due, bill.showback))).collect()
}

#[test]
fn a_trial_shows_what_the_close_would_and_writes_nothing() {
    let changes = [
        (
            "pools.csv",
            "SHR,1,2025-07-01,,SHR,1,even,,,,DOH; DOT; DPS",
            "SHR,1,2025-07-01,,SHR,1,fixed,DOH=10; DOT=20; DPS=70,,,",
        ),
        ("rates/2026.csv", "62.50", "70"),
        ("drivers/2025-09.csv", "ai_tokens,2025-09,DOH,1200000", "ai_tokens,2025-09,DOH,200000"),
    ];
    let books = golden();
    let before = books.files("");
    let folder = other(&books, &changes);
    let told = whatif(&books, "2025-09", folder.path());
    assert_eq!(books.files(""), before, "a trial writes nothing");
    assert_eq!(told.exit, Exit::Done, "{:#?}", told.findings);
    assert_eq!(told.changed, ["drivers/2025-09.csv", "pools.csv", "rates/2026.csv"]);
    assert!(told.lines.iter().all(|line| line.would.checked_sub(line.now).unwrap() == line.difference));
    let changed = golden();
    for (path, ..) in changes {
        changed.write(path, &fs::read(folder.path().join(path)).unwrap());
    }
    assert_eq!(by_agency(&told, true), bills(&books, "2025-09"));
    assert_eq!(by_agency(&told, false), bills(&changed, "2025-09"));

    // A closed month can be tried as well, and stays closed with all its bytes.
    let closed = books.run(&request(&books, "2025-09"));
    assert_eq!(closed.state, "closed");
    let before = books.files("");
    let again = whatif(&books, "2025-09", folder.path());
    assert!(again.closed);
    assert_eq!(again.lines, told.lines);
    assert_eq!(books.files(""), before);
}

#[test]
fn a_trial_with_bad_tables_says_so() {
    let books = golden();
    let folder = other(&books, &[("pools.csv", "DOH; DOT; DPS", "DOH; DOX")]);
    let told = whatif(&books, "2025-09", folder.path());
    assert_eq!((told.exit, told.lines.len()), (Exit::Blocked, 0));
    assert!(told.findings.iter().any(|finding| finding.code.to_string() == "CB0604"), "{:#?}", told.findings);
    for (name, why) in [("pool.csv", "holds pool.csv, which is none of the tables"), ("README.md", "holds no table")] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(name), "pool,version\n").unwrap();
        let refused = close::whatif(&trial(&books, "2025-09"), folder.path(), &Silent).unwrap_err();
        assert!(format!("{refused:#}").contains(why), "{refused:#}");
    }
}

/// Rate cards and drivers lie in folders of their own: such a table alone is a trial, and one that nobody reads is named.
#[test]
fn a_trial_of_rates_alone() {
    let books = golden();
    let folder = other(&books, &[("rates/2026.csv", "62.50", "70")]);
    let told = whatif(&books, "2025-09", folder.path());
    assert_eq!((told.exit, told.changed.as_slice()), (Exit::Done, ["rates/2026.csv".to_owned()].as_slice()));
    assert!(told.lines.iter().any(|line| !line.difference.is_zero()));
    fs::write(folder.path().join("rates/2027.txt"), "").unwrap();
    let refused = close::whatif(&trial(&books, "2025-09"), folder.path(), &Silent).unwrap_err();
    assert!(format!("{refused:#}").contains("holds rates/2027.txt"), "{refused:#}");
}

/// Amounts by agency and service, whatever becomes of them.
fn amounts(told: &WhatIf, is_now: bool) -> BTreeMap<(String, String), Money> {
    let mut sums: BTreeMap<(String, String), Money> = BTreeMap::new();
    for line in &told.lines {
        let sum = sums.entry((line.agency.clone(), line.service.clone())).or_default();
        *sum = sum.checked_add(if is_now { line.now } else { line.would }).unwrap();
    }
    sums
}

/// Documents and journals change with a mode, amounts do not: for every mode, on the whole close.
#[test]
fn another_mode_is_another_document_of_the_same_amounts() {
    let modes = "agency,service,effective_from,effective_to,mode,absorbed_by\n";
    for (rows, posted) in [
        (",,2025-07-01,,visibility,\n", "0.00"),
        (",,2025-07-01,,showback,\n", "0.00"),
        (",,2025-07-01,,absorbed,1000\n", "18013.67"),
        (",,2025-07-01,,chargeback,\n", "18013.67"),
        ("DOT,,2025-07-01,,showback,\n,AWS,2025-07-01,,absorbed,1000\n,AI,2025-09-16,,visibility,\n", "12639.12"),
    ] {
        let books = golden();
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("modes.csv"), format!("{modes}{rows}")).unwrap();
        let told = whatif(&books, "2025-09", folder.path());
        assert_eq!(told.exit, Exit::Done, "{rows}: {:#?}", told.findings);
        assert_eq!(amounts(&told, true), amounts(&told, false), "{rows}");
        assert!(told.unbilled.iter().all(|of| of.difference.is_zero()), "{rows}");
        books.write("modes.csv", format!("{modes}{rows}").as_bytes());
        let outcome = books.run(&Request { draft: true, ..request(&books, "2025-09") });
        assert_eq!(outcome.exit, Exit::Done, "{rows}: {}", books.told(&outcome));
        // What is billed or absorbed, and nothing else, is revenue of the fund.
        let folder = outcome.outputs.clone().unwrap();
        let files = books.files(&folder);
        let journal = files.into_iter().find(|(path, _)| path.ends_with("/journal-2025-09-DRAFT.csv"));
        let revenue = journal.map_or(Money::ZERO, |(_, bytes)| credits_of_revenue(&bytes));
        assert_eq!(revenue.to_string(), posted, "{rows}");
    }
}

fn credits_of_revenue(journal: &[u8]) -> Money {
    let mut reader = csv::Reader::from_reader(journal);
    let header = reader.headers().unwrap().clone();
    let column =
        |name: &str| header.iter().position(|cell| cell == name).unwrap_or_else(|| panic!("{name} in {header:?}"));
    let (account, credit) = (column("account"), column("credit"));
    let rows = reader.records().map(|row| row.unwrap());
    let of_revenue = rows.filter(|row| &row[account] == "4310" && !row[credit].is_empty());
    Money::total(of_revenue.map(|row| Money::parse(&row[credit]).unwrap())).unwrap()
}

#[test]
fn every_rule_of_a_month_is_listed_with_what_it_takes() {
    let books = westmark();
    let before = books.files("");
    let told = close::rules_used(&trial(&books, "2025-06"), &Silent).unwrap();
    assert_eq!(books.files(""), before);
    let of = |kind: &str, id: &str| told.rules.iter().find(|rule| rule.kind == kind && rule.id == id).unwrap();
    assert_eq!(of("owner rule", "payer-account").charges, 138);
    assert_eq!(of("owner rule", "retired-lab").remark, "not in force in the month");
    assert_eq!(of("rate", "AWS-AT-COST 2").remark, "not in force in the month");
    assert_eq!(of("pool", "SHARED 1").charges, 143);
    // All charges have a rule here, each one.
    let taken: u64 = told.rules.iter().filter(|rule| rule.kind == "owner rule").map(|rule| rule.charges).sum();
    let served: u64 = told.rules.iter().filter(|rule| rule.kind == "service").map(|rule| rule.charges).sum();
    assert_eq!(taken, served);
    assert!(told.covered.iter().all(|part| !part.to.starts_with("nobody")), "{:?}", told.covered);
}

const CARRIER: &str = r#"
source = "carrier"
title = "Carrier's bill"
folder = "telecom"

[columns]
billed_cost = "cost"
sub_account_id = "account"
resource_id = "line"
charge_date = "day"

[constants]
provider_name = "Carrier"
billing_currency = "USD"
consumed_quantity = "1"
consumed_unit = "lines"
"#;

/// Books with nothing but a carrier's bill: account LAB belongs to nobody.
fn carrier(days: &str) -> Books {
    let books = golden();
    fs::remove_dir_all(books.path.join("inbox")).unwrap();
    fs::remove_dir_all(books.path.join("invoices")).unwrap();
    let toml = String::from_utf8(books.read("chargeback.toml")).unwrap();
    let toml = toml.replace("folder = \"a", "expected = false\nfolder = \"a");
    let limit = "suspense_limit = \"0.00\"";
    assert!(toml.contains(limit), "{toml}");
    let toml = toml.replace(limit, &format!("suspense_limit = \"100.00\"\n{days}"));
    books.write("chargeback.toml", toml.as_bytes());
    books.write("mappings/carrier.toml", CARRIER.as_bytes());
    let append = |path: &str, rows: &str| {
        let text = String::from_utf8(books.read(path)).unwrap();
        books.write(path, format!("{}\n{rows}", text.trim_end()).as_bytes());
    };
    append("services.csv", "TEL,Telephone lines,,8,Carrier\n");
    books.write(
        "rates/tel.csv",
        b"rate_id,version,service,effective_from,approved_by,approved_on,model,basis\n\
          TEL-A,1,TEL,2025-07-01,Rate board,2025-05-14,pass_through,billed\n",
    );
    for month in ["2025-10", "2025-11", "2025-12"] {
        let day = |day: u32| format!("{month}-{day:02}");
        let rows = format!(
            "day,account,line,cost\n{},doh,555-1,10.00\n{},doh,555-1,5.00\n{},doh,555-2,5.00\n{},dot,555-3,60.00\n{},LAB,555-9,{}\n",
            day(1),
            day(2),
            day(2),
            day(3),
            day(4),
            if month == "2025-10" { "7.00" } else { "8.50" }
        );
        books.write(&format!("inbox/{month}/telecom/bill.csv"), rows.as_bytes());
        let hours: String = ["DOH", "DOT", "DPS"]
            .map(|agency| format!("servicenow_hours,{month},{agency},0,hour\nai_tokens,{month},{agency},0,token\n"))
            .concat();
        books.write(&format!("drivers/{month}.csv"), format!("driver,month,agency,value,unit\n{hours}").as_bytes());
    }
    let owners = String::from_utf8(books.read("owners.csv")).unwrap();
    let header = owners.lines().find(|line| line.starts_with("rule,")).unwrap();
    let row = |id: &str, account: &str, agency: &str| {
        let cell = |column: &str| match column {
            "rule" => id.to_owned(),
            "assign" => "agency".to_owned(),
            "value" => agency.to_owned(),
            "sub_account_id" => account.to_owned(),
            _ => String::new(),
        };
        header.split(',').map(cell).collect::<Vec<_>>().join(",")
    };
    append("owners.csv", &format!("{}\n{}\n", row("tel-doh", "doh", "DOH"), row("tel-dot", "dot", "DOT")));
    books
}

fn close_of(books: &Books, month: &str) -> close::Outcome {
    let mut request = request(books, month);
    request.invocation.today = "2026-02-01".parse().unwrap();
    books.run(&request)
}

/// What waits in suspense month after month is told with its age and all its dollars; at an age it blocks.
#[test]
fn suspense_grows_old_and_blocks_at_an_age() {
    let books = carrier("suspense_days = 40\n");
    let aged = |outcome: &close::Outcome| {
        let told: Vec<_> =
            outcome.findings.iter().filter(|finding| finding.code.to_string() == "CB0416").cloned().collect();
        told
    };
    let october = close_of(&books, "2025-10");
    assert_eq!((october.state.as_str(), aged(&october).len()), ("closed", 0), "{}", books.told(&october));
    let november = close_of(&books, "2025-11");
    let told = aged(&november);
    assert_eq!((november.state.as_str(), told.len()), ("closed", 1), "{}", books.told(&november));
    assert!(!told[0].blocks());
    assert_eq!(told[0].at_stake.as_ref().unwrap().0.to_string(), "15.5");
    assert_eq!(
        told[0].why,
        "What is told of it as CB0401 has had no owner since the close of 2025-10, 30 days before the end of 2025-11: 2025-10 \
         7.00, 2025-11 8.50. The gate allows 40."
    );
    // Proved again from the ledger, the age included.
    assert_eq!(close::verify(&books.path, false, None).unwrap(), vec![]);
    let december = close_of(&books, "2025-12");
    let told = aged(&december);
    assert_eq!((december.exit, told.len()), (Exit::Blocked, 1), "{}", books.told(&december));
    assert!(told[0].blocks() && told[0].why.contains("61 days"), "{}", told[0].why);
    // With an owner it is closed.
    let owners = String::from_utf8(books.read("owners.csv")).unwrap();
    let owners_of_both = format!("{}\n{}", owners.trim_end(), {
        let row = owners.lines().find(|line| line.starts_with("tel-dot,")).unwrap();
        row.replace("tel-dot,", "tel-lab,").replace(",dot", ",LAB")
    });
    books.write("owners.csv", owners_of_both.as_bytes());
    let december = close_of(&books, "2025-12");
    assert_eq!((december.state.as_str(), aged(&december).len()), ("closed", 0), "{}", books.told(&december));
}

/// Ten dollars of the pool by cost, by charges, by lines: DOH has 20.00 on three rows of two lines, DOT 60.00 on one.
#[test]
fn a_pool_by_what_the_files_count() {
    for (counts, expected) in
        [("cost", ["2.50", "7.50"]), ("charges", ["7.50", "2.50"]), ("resources", ["6.67", "3.33"])]
    {
        let books = carrier("");
        let toml = String::from_utf8(books.read("chargeback.toml")).unwrap();
        let measure = format!("[[measure]]\nname = \"lines\"\ncounts = \"{counts}\"\nservices = [\"TEL\"]\n");
        books.write("chargeback.toml", format!("{toml}\n{measure}").as_bytes());
        books.write(
            "pools.csv",
            b"pool,version,service,method,driver,targets\nSHR,1,SHR,driver,lines,\nAI,1,AI,even,,\n",
        );
        let owners = String::from_utf8(books.read("owners.csv")).unwrap();
        let lab = owners.lines().find(|line| line.starts_with("tel-dot,")).unwrap();
        let lab = lab.replace("tel-dot,", "tel-lab,").replace(",dot", ",LAB").replace(",agency,DOT", ",pool,SHR");
        books.write("owners.csv", format!("{}\n{lab}\n", owners.trim_end()).as_bytes());
        let bill = String::from_utf8(books.read("inbox/2025-10/telecom/bill.csv")).unwrap();
        books.write("inbox/2025-10/telecom/bill.csv", bill.replace("7.00", "10.00").as_bytes());
        let folder = other(&books, &[("services.csv", "Telephone lines", "Lines")]);
        let told = whatif(&books, "2025-10", folder.path());
        let shares: Vec<String> =
            told.lines.iter().filter(|line| line.service == "SHR").map(|line| line.now.to_string()).collect();
        assert_eq!(shares, expected, "{counts}: {:#?} {:#?}", told.findings_now, told.lines);
    }
}
