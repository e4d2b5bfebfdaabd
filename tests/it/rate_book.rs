//! The rate book: what an edition says in each of its files, and how it differs from the one before.

use crate::cards::{Case, load};
use chargeback::close::RateBook;
use chargeback::stages::export::{edition_before, rate_book};
use chrono::NaiveDate;

const CARDS: &str = "rate_id,version,service,statement_text,effective_from,effective_to,approved_by,scope,model,unit,unit_price,measure,tier_from,minimum,maximum,above_maximum_to,amount,supersedes
    GO,1,GO,Gateway,,2025-07-01,Board,all,unit,GB,0.10,consumed,,,,,,
    GO,2,GO,Gateway <b>new</b>,2025-07-01,,Board,all,unit,GB,0.12,consumed,,5.00,90.00,DPS,,
    OLD,1,FEE,,,,Board,all,graduated,call,0.50,driver:units,0,,,,,
    OLD,1,FEE,,,,Board,all,graduated,call,0.40,driver:units,100,,,,,
    NEXT,1,FEE,,2025-07-01,,Board,all,graduated,call,0.50,driver:units,0,,,,,OLD
    NEXT,1,FEE,,2025-07-01,,Board,all,graduated,call,0.30,driver:units,100,,,,,OLD
    GONE,1,TAX,,,2025-07-01,Board,agency:DOH,flat,,,,,,,,7.00,
    TAX,1,TAX,,2025-07-01,,Board,all,assessment,,,,,,,,1200.00,
    SAME,1,SNW,,,,,all,flat,,,,,,,,1.00,";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn book() -> RateBook {
    let (_books, loaded) = load(&Case { cards: CARDS, driver: "DOH,1,call", ..Case::default() });
    assert!(loaded.findings.iter().all(|found| !found.blocks()), "{:#?}", loaded.findings);
    let since = edition_before(&loaded.settings, day("2025-09-01"));
    assert_eq!(since, day("2025-06-30"));
    rate_book(&loaded.settings, day("2025-09-01"), since)
}

#[test]
fn an_edition_tells_what_differs_from_the_one_before() {
    let book = book();
    let rows: Vec<String> = book
        .rates
        .iter()
        .map(|rate| {
            format!(
                "{} v{} {}: {} [{}] was {}",
                rate.rate_id,
                rate.version,
                rate.change.text(),
                rate.price,
                rate.terms,
                rate.before
            )
        })
        .collect();
    let expected = [
        "GO v2 changed: GB x 0.12 [at least 5.00 a month; at most 90.00 a month, the rest paid by DPS] was GB x 0.1",
        "NEXT v1 lowered: call, each by its tier: from 0 0.5; from 100 0.3 [supersedes OLD] was call, each by its tier: from 0 0.5; from 100 0.4",
        "GONE v1 ended: 7.00 a month [] was 7.00 a month",
        "TAX v1 new: 1200.00 a year, in installments [] was ",
        "SAME v1 unchanged: 1.00 a month [] was ",
    ];
    assert_eq!(rows, expected);
    assert_eq!(book.summary(), "Rates in force on 2025-09-01. Since 2025-06-30: 1 new, 1 lowered, 1 changed, 1 ended.");
    assert_eq!(book.rates[4].used_for, "not approved");
}

#[test]
fn the_three_files_say_the_same() {
    let book = book();
    let files = book.files().unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(names, ["rate-book-2025-09-01.xlsx", "rate-book-2025-09-01.html", "rate-book-2025-09-01.csv"]);
    let page = String::from_utf8(files[1].bytes.clone()).unwrap();
    assert!(page.contains("Gateway &lt;b&gt;new&lt;/b&gt;") && !page.contains("<b>"), "{page}");
    assert!(page.contains("<td>changed; before: GB x 0.1</td>"), "{page}");
    let mut table = csv::Reader::from_reader(files[2].bytes.as_slice());
    assert_eq!(table.records().count(), book.rates.len());
    let mut workbook =
        calamine::open_workbook_from_rs::<calamine::Xlsx<_>, _>(std::io::Cursor::new(&files[0].bytes)).unwrap();
    use calamine::Reader as _;
    assert_eq!(workbook.sheet_names(), ["Rates", "Changes"]);
    let cells = |sheet: &mut calamine::Xlsx<_>, name: &str| -> Vec<String> {
        sheet.worksheet_range(name).unwrap().rows().flatten().map(ToString::to_string).collect()
    };
    let rates = cells(&mut workbook, "Rates");
    assert!(rates.contains(&"GB x 0.12".to_owned()) && !rates.contains(&"GONE".to_owned()));
    let changes = cells(&mut workbook, "Changes");
    assert!(changes.contains(&"GONE".to_owned()) && !changes.contains(&"SAME".to_owned()));
    let folder = tempfile::tempdir().unwrap();
    let written = chargeback::close::write_rate_book(&book, &folder.path().join("published")).unwrap();
    assert_eq!(written.len(), 3);
    assert_eq!(std::fs::read(&written[2]).unwrap(), files[2].bytes);
    // The same books make the same bytes.
    assert_eq!(files, self::book().files().unwrap());
}
