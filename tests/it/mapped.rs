//! Services that nobody has programmed: a mapping, an owner, a catalog entry and a rate card, and they are billed.

use crate::books::{Books, golden, request};
use chargeback::close::Outcome;
use chargeback::model::exit::Exit;
use chargeback::model::money::Money;
use std::collections::BTreeMap;
use std::fs;

const MIPS: &str = r#"
source = "mainframe-mips"
title = "Mainframe usage report"
folder = "mainframe"

[columns]
charge_date = "Monat"
sub_account_id = "LPAR"
sku_meter = "Klasse"
consumed_quantity = "MIPS"
"tag:agency" = "Behoerde"

[constants]
provider_name = "State data center"
service_code = "mainframe"
billing_currency = "USD"
consumed_unit = "MIPS"
billed_cost = "0"

[amounts]
format = "1.234,56"

[dates]
format = "%m.%Y"

[[filter]]
column = "Art"
keep = ["Verbrauch"]
"#;

const MIPS_ROWS: &str = "Monat;LPAR;Klasse;Behoerde;MIPS;Art\r\n\
    09.2025;PROD1;batch;DOH;1.234,5;Verbrauch\r\n\
    09.2025;PROD1;online;DOT;265,5;Verbrauch\r\n\
    09.2025;TEST1;batch;DOT;100;Verbrauch\r\n\
    ;;;;1.600,0;Summe\r\n";

const LINES: &str = r#"
source = "telecom-lines"
title = "Carrier's bill by line"
folder = "telecom"

[columns]
billed_cost = "Total Charge (USD)"
resource_id = "Wireless Number"
sub_account_id = "Foundation Account"
charge_type = "Kind"
description = "Plan"
row_key = "Item"
"tag:agency" = "Cost Center"

[constants]
provider_name = "Carrier"
billing_currency = "USD"
charge_date = "month"
consumed_quantity = "1"
consumed_unit = "lines"

[amounts]
format = "$1,234.56"

[charge_types]
Usage = ["Line"]
Credit = ["Credit"]
Tax = ["Surcharge"]
"#;

const LINE_ROWS: &str = "Item,Foundation Account,Wireless Number,Plan,Kind,Tax (USD),Total Charge (USD),Cost Center\n\
    1,FAN-77,555-0100,Unlimited,Line,$0.00,\"$1,040.25\",DOH\n\
    2,FAN-77,555-0101,Basic,Line,$0.00,$20.00,DOT\n\
    3,FAN-77,555-0101,Basic,Credit,$0.00,($5.00),DOT\n\
    4,FAN-77,555-0100,,Surcharge,$0.00,$1.75,DOH\n";

const GATEWAY: &str = r#"
source = "ai-gateway"
title = "Log of the AI gateway"
folder = "gateway"

[columns]
billed_cost = "cost_usd"
charge_date = "time"
user_id = "user"
sku_meter = "model"
consumed_quantity = "tokens"
row_key = "request"
tags = "labels"

[constants]
provider_name = "AI gateway"
billing_currency = "USD"
consumed_unit = "Tokens"
"#;

const GATEWAY_ROWS: &str = "time\trequest\tuser\tmodel\ttokens\tcost_usd\tlabels\n\
    2025-09-03T10:00:00Z\tr1\tana@doh\tlarge\t1200\t0.003835980000000000\t\"{\"\"agency\"\": \"\"DOH\"\"}\"\n\
    2025-09-04T11:30:00Z\tr2\tbo@dot\tsmall\t800\t1.81E-8\t\"{\"\"Agency\"\": \"\"DOT\"\"}\"\n";

fn append(books: &Books, path: &str, text: &str) {
    let before = fs::read_to_string(books.path.join(path)).unwrap();
    books.write(path, format!("{}\n{text}", before.trim_end()).as_bytes());
}

/// The golden month's books with three services that are only described.
fn books() -> Books {
    let books = golden();
    books.write("mappings/mainframe.toml", MIPS.as_bytes());
    books.write("mappings/telecom.toml", LINES.as_bytes());
    books.write("mappings/gateway.toml", GATEWAY.as_bytes());
    books.write("inbox/2025-09/mainframe/september.csv", MIPS_ROWS.as_bytes());
    books.write("inbox/2025-09/telecom/bill.csv", LINE_ROWS.as_bytes());
    books.write("inbox/2025-09/gateway/log.tsv", GATEWAY_ROWS.as_bytes());
    append(
        &books,
        "services.csv",
        "MIPS,Mainframe,By MIPS,7,State data center\nTEL,Telephone lines,,8,Carrier\nGW,AI log,,9,AI gateway\n",
    );
    books.write(
        "rates/described.csv",
        b"rate_id,version,service,effective_from,effective_to,authority,approved_by,approved_on,scope,model,basis,unit,unit_price,price_per,measure\n\
          MIPS-A,1,MIPS,2025-07-01,,Rate memo,Rate board,2025-05-14,all,unit,,MIPS,2.50,1,consumed\n\
          TEL-A,1,TEL,2025-07-01,,Rate memo,Rate board,2025-05-14,all,pass_through,billed,,,,\n\
          GW-A,1,GW,2025-07-01,,Rate memo,Rate board,2025-05-14,all,pass_through,billed,,,,\n",
    );
    books
}

fn closed(books: &Books) -> Outcome {
    let outcome = books.run(&request(books, "2025-09"));
    assert_eq!(outcome.exit, Exit::Done, "{}\n{}", outcome.message, books.told(&outcome));
    outcome
}

/// Agency, service and amount of some services: the detail files added up.
fn lines(books: &Books, outcome: &Outcome, services: &[&str]) -> Vec<String> {
    let mut sums: BTreeMap<String, Money> = BTreeMap::new();
    for (path, bytes) in books.files(&format!("{}/statements", outcome.outputs.as_ref().unwrap())) {
        let Some((_, name)) = path.rsplit_once("/detail-") else { continue };
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let header = reader.headers().unwrap().clone();
        let at = |name: &str| header.iter().position(|column| column == name).unwrap();
        let (service, amount) = (at("x_CatalogService"), at("x_Amount"));
        for row in reader.records() {
            let row = row.unwrap();
            if services.contains(&&row[service]) {
                let sum = sums.entry(format!("{} {}", &name[..3], &row[service])).or_default();
                *sum = sum.checked_add(Money::parse(&row[amount]).unwrap()).unwrap();
            }
        }
    }
    sums.into_iter().map(|(line, sum)| format!("{line} {sum}")).collect()
}

#[test]
fn described_services_are_billed() {
    let books = books();
    let outcome = closed(&books);
    assert_eq!(
        lines(&books, &outcome, &["MIPS", "TEL", "GW"]),
        ["DOH GW 0.00", "DOH MIPS 3086.25", "DOH TEL 1042.00", "DOT GW 0.00", "DOT MIPS 913.75", "DOT TEL 15.00"]
    );
}

/// What `map` prints for a file, and whether it is a mapping.
fn proposed_of(name: &str, rows: &str) -> chargeback::close::MapProposal {
    let folder = tempfile::TempDir::new().unwrap();
    fs::write(folder.path().join(name), rows).unwrap();
    chargeback::close::map(&folder.path().join(name)).unwrap()
}

fn proposed(name: &str, rows: &str) -> chargeback::close::MapProposal {
    let proposal = proposed_of(name, rows);
    let (mapping, findings) = chargeback::config::mappings::mapping("mappings/proposed.toml", proposal.toml.as_bytes());
    assert!(mapping.is_some(), "{findings:?}\n{}", proposal.toml);
    proposal
}

#[test]
fn a_mapping_is_proposed_and_says_what_is_missing() {
    let lines = proposed("Carrier Bill.csv", LINE_ROWS);
    let mut told = format!("{}\n{}\n\n", lines.toml, lines.missing.join("\n"));
    assert_eq!((lines.totals, lines.rows), (vec![("USD".to_owned(), "1057".to_owned())], 4));
    let mips = proposed("mips.csv", MIPS_ROWS);
    told += &format!("{}\n{}\n\n", mips.toml, mips.missing.join("\n"));
    assert_eq!(mips.first_rows[0].iter().find(|(key, _)| key == "consumed_quantity").unwrap().1, "1234.5");
    let gateway = proposed("log.tsv", GATEWAY_ROWS);
    told += &format!("{}\n{}\n", gateway.toml, gateway.missing.join("\n"));
    insta::assert_snapshot!(told);
    assert_eq!((gateway.rows_accepted, gateway.month.as_str()), (2, "2025-09"));
    assert_eq!(gateway.totals, [("USD".to_owned(), "0.0038359981".to_owned())]);
}

#[test]
fn what_is_read_without_a_mapping_is_named() {
    let samples = crate::cmd::root().join("tests/samples");
    let table = chargeback::close::map(&samples.join("servicenow/default-display/cmn_department.csv")).unwrap();
    assert!(table.missing[0].contains("ServiceNow's cmn_department"), "{:?}", table.missing);
    let nothing = proposed_of("notes.txt", "Some notes\nand more\n");
    assert!(nothing.findings.iter().any(|finding| finding.blocks()), "a file without columns is no mapping");
}

/// Numbers of a workbook are numbers, and its dates dates, whatever the mapping says of text.
#[test]
fn a_mapped_workbook_is_billed_like_its_text() {
    let books = books();
    fs::remove_file(books.path.join("inbox/2025-09/mainframe/september.csv")).unwrap();
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, name) in ["Monat", "LPAR", "Klasse", "Behoerde", "MIPS", "Art"].into_iter().enumerate() {
        sheet.write_string(0, column as u16, name).unwrap();
    }
    let date = rust_xlsxwriter::Format::new().set_num_format("mm.yyyy");
    let september = rust_xlsxwriter::ExcelDateTime::from_ymd(2025, 9, 1).unwrap();
    for (row, (agency, amount)) in [("DOH", "1234.5"), ("DOT", "365.5")].into_iter().enumerate() {
        let row = row as u32 + 1;
        sheet.write_datetime_with_format(row, 0, &september, &date).unwrap();
        sheet.write_string(row, 1, "PROD1").unwrap();
        sheet.write_string(row, 2, "batch").unwrap();
        sheet.write_string(row, 3, agency).unwrap();
        sheet.write_number(row, 4, amount.parse::<f64>().unwrap()).unwrap();
        sheet.write_string(row, 5, "Verbrauch").unwrap();
    }
    books.write("inbox/2025-09/mainframe/september.xlsx", &workbook.save_to_buffer().unwrap());
    let outcome = closed(&books);
    assert_eq!(lines(&books, &outcome, &["MIPS"]), ["DOH MIPS 3086.25", "DOT MIPS 913.75"]);
}

#[test]
fn the_mapping_of_the_documentation_loads() {
    let text = fs::read_to_string(crate::cmd::root().join("docs/mappings.md")).unwrap();
    let toml = text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let (mapping, findings) = chargeback::config::mappings::mapping("mappings/x.toml", toml.as_bytes());
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(mapping.unwrap().header, ["LPAR", "MIPS"]);
}

/// A mapping that cannot be used is told by `check`, line by line, and blocks the close.
#[test]
fn mistakes_in_a_mapping_block() {
    let books = books();
    books.write("mappings/telecom.toml", LINES.replace("billed_cost", "biled_cost").as_bytes());
    books.write("mappings/again.toml", GATEWAY.as_bytes());
    let told: Vec<String> = chargeback::close::check(&books.path).unwrap().iter().map(ToString::to_string).collect();
    let told = told.join("\n");
    for expected in [
        "mappings/telecom.toml, line 7, column \"biled_cost\"",
        "Did you mean billed_cost?",
        "Both mappings have this name",
    ] {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
    assert_eq!(books.run(&request(&books, "2025-09")).exit, Exit::Blocked);
}

/// The file changed its header: what the mapping misses is named.
#[test]
fn a_file_that_lost_a_column_is_not_billed_without_it() {
    let books = books();
    books.write("inbox/2025-09/telecom/bill.csv", LINE_ROWS.replace("Cost Center", "CC").as_bytes());
    let outcome = books.run(&request(&books, "2025-09"));
    assert_eq!(outcome.exit, Exit::Blocked);
    assert!(books.told(&outcome).contains("lacks these columns of it: Cost Center"), "{}", books.told(&outcome));
}
