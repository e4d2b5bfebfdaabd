//! A rate that reaches into a closed month: the month stands, and the difference is booked in the open one.

use super::closed;
use crate::books::{Books, golden_small};
use crate::cmd::{run, surroundings};
use chargeback::close;
use chargeback::model::finding::Code;
use chargeback::model::month::Month;

fn deltas(books: &Books, format: &str) -> String {
    let folder = books.path.to_str().unwrap();
    let (code, results, messages) =
        run(&["-C", folder, "rates", "deltas", "--month", "2025-09", "--format", format], &surroundings());
    assert_eq!(code, 0, "{messages}");
    results
}

#[test]
fn a_back_dated_rate_is_booked_as_deltas_in_the_open_month() {
    let books = golden_small();
    let toml = String::from_utf8(books.read("chargeback.toml")).unwrap();
    books.write("chargeback.toml", toml.replace("folder = \"a", "expected = false\nfolder = \"a").as_bytes());
    let september = closed(&books, "2025-09");
    assert_eq!(deltas(&books, "csv").lines().count(), 1, "nothing reaches back");
    // In October the board raises the hour from 62.50 to 70.00, as of 1 September.
    let rates = String::from_utf8(books.read("rates/2026.csv")).unwrap();
    let old = rates.lines().find(|row| row.starts_with("SERVICENOW-HOUR")).unwrap().to_owned();
    let ended = old.replace("2025-07-01,,", "2025-07-01,2025-09-01,");
    let new = old.replace(",1,SNW", ",2,SNW").replace("2025-07-01,,", "2025-09-01,,").replace(",62.50,", ",70.00,");
    books.write("rates/2026.csv", rates.replace(&old, &format!("{ended}\n{new}")).as_bytes());
    let hours: String = ["DOH", "DOT", "DPS"]
        .map(|agency| format!("servicenow_hours,2025-10,{agency},0,hour\nai_tokens,2025-10,{agency},0,token\n"))
        .concat();
    books.write("drivers/2025-10.csv", format!("driver,month,agency,value,unit\n{hours}").as_bytes());
    let october = books.run(&crate::books::request(&books, "2025-10"));
    let told = |code: Code| move |finding: &&chargeback::model::finding::Finding| finding.code == code;
    let warned = october.findings.iter().find(told(Code::RateBackDated)).unwrap().to_string();
    assert!(warned.contains("Rate SERVICENOW-HOUR version 2 holds on days of 2025-09, which is closed"), "{warned}");
    // 3.25 x 70 - 203.13; 1.5 x 70 - 93.75; 0.75 x 70 - 46.88.
    let rows = deltas(&books, "csv");
    let amounts: Vec<&str> = rows.lines().skip(1).map(|row| row.split(',').nth(6).unwrap()).collect();
    assert_eq!(amounts, ["24.37", "11.25", "5.62"]);
    assert!(rows.contains("RATES-2025-09,1,2025-11-01,2025-09,DOH,SNW,24.37,DOH-2025-09-0000"), "{rows}");
    // Somebody asks, somebody else approves; the rows are booked in November.
    let approved: String = rows
        .lines()
        .enumerate()
        .map(|(number, row)| match row.strip_suffix(",,") {
            Some(row) if number > 0 => format!("{row},B. Analyst,C. Controller\n"),
            _ => format!("{row}\n"),
        })
        .collect();
    books.write("adjustments.csv", approved.as_bytes());
    books.write(
        "drivers/2025-11.csv",
        format!("driver,month,agency,value,unit\n{}", hours.replace("2025-10", "2025-11")).as_bytes(),
    );
    let november = closed(&books, "2025-11");
    let due: Vec<String> = november.bills.iter().map(|bill| format!("{} {}", bill.agency, bill.due)).collect();
    assert_eq!(due, ["DOH 24.37", "DOT 11.25", "DPS 5.62"]);
    assert!(!november.findings.iter().any(|finding| finding.code == Code::RateBackDated));
    assert_eq!(deltas(&books, "csv").lines().count(), 1, "all of it is booked");
    // September is what it was.
    assert_eq!(close::verify(&books.path, false, None).unwrap(), []);
    assert!(close::rate_deltas(&books.path, Month::parse("2025-12").unwrap()).is_err());
    assert_eq!(september.bills.len(), 3);
}
