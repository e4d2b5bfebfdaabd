//! One month's money told twice: by two files, two versions, two views or two vendors' words. None of it is billed until
//! somebody has said which one counts.

use crate::books::{Books, request};
use crate::cmd::{copy, root};
use crate::deliveries::{small_books, total};
use calamine::Reader;
use chargeback::model::exit::Exit;
use chargeback::model::finding::Code;
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;

const CUR: &str = "aws-cur-legacy/westmark-create-new/cur/westmark-cur/20250601-20250701";
const CUR_MONTH: &str = "cur/westmark-cur/20250601-20250701";
const AWS_FOCUS: &str = "aws-focus/focus-1.0-aws";
const ENTERPRISE: &str = "azure-ea/create-new";
const ACTUAL: &str = "azure-ea/create-new/exports/westmark-actual";
const AZURE_FOCUS: &str = "azure-focus/create-new";

/// Books with samples at these places below the month's inbox, and which of the folders only tell usage.
fn delivered(month: &str, files: &[(&str, &str)], usage_only: &[&str]) -> (TempDir, Books) {
    let sources: String =
        usage_only.iter().map(|folder| format!("[[source]]\nfolder = \"{folder}\"\nusage_only = true\n")).collect();
    let (folder, books) = small_books("USD", &sources, &BTreeMap::new(), "billed");
    for (from, to) in files {
        let from = root().join("tests/samples").join(from);
        let to = format!("inbox/{month}/{to}");
        if from.is_dir() {
            copy(&from, &books.path.join(to));
        } else {
            books.write(&to, &fs::read(from).unwrap());
        }
    }
    (folder, books)
}

fn refused(month: &str, files: &[(&str, &str)], code: Code) -> String {
    let (_folder, books) = delivered(month, files, &[]);
    let outcome = books.run(&request(&books, month));
    assert_eq!(outcome.exit, Exit::Blocked, "{files:?}: {}", outcome.message);
    let told = outcome.findings.iter().find(|finding| finding.code == code && finding.blocks());
    told.unwrap_or_else(|| panic!("{files:?}: {}", books.told(&outcome))).to_string()
}

#[test]
fn two_sources_of_one_account_are_refused_until_one_only_tells_usage() {
    let cur = [(CUR, "aws/cur/westmark-cur/20250601-20250701"), (AWS_FOCUS, "focus")];
    let enterprise = [(ENTERPRISE, "azure"), (AZURE_FOCUS, "focus")];
    let actual = [(ACTUAL, "azure/exports/westmark-actual"), (AZURE_FOCUS, "focus")];
    for (files, billed, by_the_other) in [
        (cur, "7521.68782616", "7542.57782616"),
        (enterprise, "986.5004251872", "986.5004251872"),
        (actual, "986.5004251872", "986.5004251872"),
    ] {
        refused("2025-06", &files, Code::SourceOverlap);
        let first = files[0].1.split('/').next().unwrap();
        for (usage_only, billed) in [("focus", billed), (first, by_the_other)] {
            let (_folder, books) = delivered("2025-06", &files, &[usage_only]);
            let outcome = books.run(&request(&books, "2025-06"));
            assert_eq!(outcome.exit, Exit::Done, "{usage_only}: {}", books.told(&outcome));
            assert_eq!(total(&outcome, "billed"), Some(billed), "{usage_only}");
        }
    }
}

#[test]
fn a_payer_s_report_and_a_member_s_own_are_one_account_twice() {
    let (_folder, books) =
        delivered("2025-04", &[("aws-cur-legacy/variants/scientific-notation.csv", "aws/r.csv")], &[]);
    let text = String::from_utf8(books.read("inbox/2025-04/aws/r.csv")).unwrap();
    let own: Vec<&str> = text
        .lines()
        .enumerate()
        .filter(|(row, line)| *row == 0 || line.contains("444455556666"))
        .map(|(_, line)| line)
        .collect();
    books.write("inbox/2025-04/member/r.csv", own.join("\n").as_bytes());
    let outcome = books.run(&request(&books, "2025-04"));
    assert_eq!(outcome.exit, Exit::Blocked);
    let told = outcome.findings.iter().find(|finding| finding.code == Code::SourceOverlap).unwrap();
    assert!(told.to_string().contains("444455556666"), "{told}");
}

#[test]
fn versions_without_a_manifest_are_refused() {
    let second = "0b6f3a52-1c11-4d5e-9f10-aa0000000002";
    let third = "0b6f3a52-1c11-4d5e-9f10-aa0000000003";
    let part = |version: &str| format!("{CUR}/{version}/westmark-cur-00001.csv.gz");
    let at = |version: &str| format!("aws/{CUR_MONTH}/{version}/westmark-cur-00001.csv.gz");
    let executions = "aws-cur2/create-new/exports/westmark-cur2v/data/BILLING_PERIOD=2025-07";
    let runs = "azure-ea/create-new/exports/westmark-actual/20250601-20250630";
    let old_run = format!("{runs}/202506150510/aaaaaaaa-0000-4000-8000-000000000006/part_0_0001.csv");
    let new_run = format!("{runs}/202507060512/bbbbbbbb-0000-4000-8000-000000000006/part_0_0001.csv");
    refused("2025-06", &[(&part(second), &at(second)), (&part(third), &at(third))], Code::ManifestMissing);
    refused("2025-07", &[(executions, "aws/e/data/BILLING_PERIOD=2025-07")], Code::ManifestMissing);
    let azure = |run: &str| format!("azure/x/20250601-20250630/{run}/g/part_0_0001.csv");
    refused("2025-06", &[(&old_run, &azure("202506150510")), (&new_run, &azure("202507060512"))], Code::ContentTwice);
}

/// The manifest of pay-as-you-go exports has no `exportConfig`; its counts are checked all the same.
#[test]
fn a_small_manifest_counts_too() {
    let export = "azure-payg-legacy/third-party-koku/costreport_a243c6f2-199f-4074-9a2c-40e671cf1584.csv";
    let manifest = |rows: u64| {
        format!(
            r#"{{"manifestVersion":"2021-01-01","dataFormat":"csv","blobCount":1,"dataRowCount":{rows},"blobs":[{{"blobName":"cost/p/20190701-20190731/201908041442/73746dc5/000001.csv","dataRowCount":{rows},"headerRowCount":1}}]}}"#
        )
    };
    for (rows, exit) in [(3, Exit::Done), (4, Exit::Blocked)] {
        let run = "azure/cost/p/20190701-20190731/201908041442/73746dc5";
        let (_folder, books) = delivered("2019-07", &[(export, &format!("{run}/000001.csv"))], &[]);
        books.write(&format!("inbox/2019-07/{run}/manifest.json"), manifest(rows).as_bytes());
        let outcome = books.run(&request(&books, "2019-07"));
        assert_eq!(outcome.exit, exit, "{}", books.told(&outcome));
    }
}

#[test]
fn one_file_in_two_packings_is_refused() {
    let variant = "aws-cur-legacy/variants/scientific-notation.csv";
    let (_folder, books) = delivered("2025-04", &[(variant, "aws/r.csv")], &[]);
    let text = books.read("inbox/2025-04/aws/r.csv");
    books.write("inbox/2025-04/aws/r.csv.zst", &zstd::encode_all(text.as_slice(), 3).unwrap());
    let outcome = books.run(&request(&books, "2025-04"));
    assert_eq!(outcome.exit, Exit::Blocked);
    assert!(
        outcome.findings.iter().any(|finding| finding.code == Code::ContentTwice && finding.blocks()),
        "{}",
        books.told(&outcome)
    );
}

/// The same set of rows is the same money, whatever their order and packing; one row more is another file.
#[test]
fn the_same_rows_in_another_order_are_refused() {
    let variant = "aws-cur-legacy/variants/scientific-notation.csv";
    let (_folder, books) = delivered("2025-04", &[(variant, "aws/r.csv")], &[]);
    let text = String::from_utf8(books.read("inbox/2025-04/aws/r.csv")).unwrap();
    let (header, rows) = text.trim_end().split_once('\n').unwrap();
    let turned: Vec<&str> = rows.lines().rev().collect();
    assert!(turned.len() > 2);
    let turned = format!("{header}\n{}\n", turned.join("\n"));
    books.write("inbox/2025-04/second/other.csv.zst", &zstd::encode_all(turned.as_bytes(), 3).unwrap());
    let outcome = books.run(&request(&books, "2025-04"));
    assert_eq!(outcome.exit, Exit::Blocked);
    let told = books.told(&outcome);
    assert!(told.contains("The same rows stand in inbox/2025-04/aws/r.csv too"), "{told}");
}

/// An open month is closed only by a decision, and whoever reads what comes of it sees that on the first page.
#[test]
fn a_month_that_is_closed_on_estimates_says_so_on_its_outputs() {
    let (_folder, books) =
        delivered("2025-07", &[("azure-mca/open-month-no-invoice.csv.gz", "azure/open.csv.gz")], &[]);
    let mut request = request(&books, "2025-07");
    let settings = String::from_utf8(books.read("chargeback.toml")).unwrap();
    let settings = settings.replace("accept_unfinal = true\n", "").replace("\"USD\"", "\"EUR\"");
    books.write("chargeback.toml", settings.as_bytes());
    let outcome = books.run(&request);
    assert_eq!(outcome.exit, Exit::Forbidden, "{}", books.told(&outcome));
    assert!(books.told(&outcome).contains("--accept-unfinal"), "{}", books.told(&outcome));
    request.accept_unfinal = true;
    let outcome = books.run(&request);
    assert_eq!(outcome.exit, Exit::Done, "{}", books.told(&outcome));
    let files = books.files("out");
    let (mut summaries, mut workbooks, mut texts) = (0, 0, 0);
    for (path, bytes) in files {
        if path.ends_with("/summary.json") {
            let summary: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            let why = summary["estimates"][0]["why"].as_str().unwrap();
            assert!(why.contains("invoice id"), "{why}");
            summaries += 1;
        }
        let marks = [
            (".control.json", "\"on_estimates\": true"),
            (".control.csv", ",true\n"),
            (".beancount", "FINAL ON ESTIMATES"),
            (".hledger", "FINAL ON ESTIMATES"),
            (".html", "FINAL ON ESTIMATES"),
        ];
        for (_, mark) in marks.into_iter().filter(|(end, _)| path.ends_with(end)) {
            assert!(String::from_utf8(bytes.clone()).unwrap().contains(mark), "{path}");
            texts += 1;
        }
        if path.ends_with(".xlsx") {
            let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(std::io::Cursor::new(&bytes)).unwrap();
            let first = book.worksheet_range_at(0).unwrap().unwrap();
            let said = first.cells().any(|(_, _, cell)| cell.to_string().contains("FINAL ON ESTIMATES"));
            assert!(said, "{path}");
            workbooks += 1;
        }
    }
    assert!(summaries == 1 && workbooks >= 3 && texts >= 5, "{summaries} {workbooks} {texts}");
}

/// FOCUS says with an empty invoice id that a row is not invoiced yet. A file without ids at all is of a vendor who has
/// none.
#[test]
fn a_month_of_focus_that_is_partly_invoiced_is_told() {
    let saas = "focus-other/saas-credits-1.2.csv";
    for (from, to, exit) in
        [("INV-202506-77", "INV-202506-77", Exit::Done), ("INV-202506-77", "", Exit::Done), ("", "", Exit::Forbidden)]
    {
        let (_folder, books) = delivered("2025-06", &[(saas, "data-cloud/june.csv")], &[]);
        let text = String::from_utf8(books.read("inbox/2025-06/data-cloud/june.csv")).unwrap();
        let text = if from.is_empty() { text.replacen("INV-202506-77", "", 1) } else { text.replace(from, to) };
        books.write("inbox/2025-06/data-cloud/june.csv", text.as_bytes());
        let settings = String::from_utf8(books.read("chargeback.toml")).unwrap();
        books.write("chargeback.toml", settings.replace("accept_unfinal = true", "accept_unfinal = false").as_bytes());
        let outcome = books.run(&request(&books, "2025-06"));
        assert_eq!(outcome.exit, exit, "{}", books.told(&outcome));
        if exit == Exit::Forbidden {
            let told = outcome.findings.iter().find(|finding| finding.code == Code::MonthNotFinal).unwrap();
            assert!(told.why.contains("partly invoiced: 1 of 15 rows"), "{told}");
            assert!(told.at_stake.is_some(), "{told}");
        }
    }
}
