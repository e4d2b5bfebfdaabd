//! The month's charges as FOCUS files: what went in comes out, to the last digit, read by our own reader of FOCUS.

use crate::cmd::{copy, root, run, surroundings};
use crate::sniff::sniffed;
use chargeback::stages::focus::COLUMNS;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The example books with their month drafted, and the files.
fn exported() -> (TempDir, PathBuf, serde_json::Value) {
    let folder = TempDir::new().unwrap();
    let books = folder.path().join("books");
    copy(&root().join("examples/westmark"), &books);
    let books = books.to_str().unwrap();
    let (code, _, message) = run(&["-C", books, "close", "--month", "2025-06", "--draft"], &surroundings());
    assert_eq!(code, 0, "{message}");
    let into = folder.path().join("focus");
    let arguments = ["-C", books, "--format", "json", "focus", "--month", "2025-06", into.to_str().unwrap()];
    let (code, text, message) = run(&arguments, &surroundings());
    assert_eq!(code, 0, "{message}");
    let made: serde_json::Value = serde_json::from_str(&text).unwrap();
    (folder, into, made["content"].clone())
}

fn rows(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let cells = |row: Result<csv::StringRecord, csv::Error>| row.unwrap().iter().map(str::to_owned).collect();
    (header, reader.records().map(cells).collect())
}

#[test]
fn both_files_are_read_back_to_the_last_digit() {
    let (folder, into, made) = exported();
    let books = folder.path().join("books");
    let summary = &["-C", books.to_str().unwrap(), "--format", "json", "normalize", "--month", "2025-06"];
    let (_, text, _) = run(summary, &surroundings());
    let outcome: serde_json::Value = serde_json::from_str(&text).unwrap();
    let stages = outcome["content"]["stages"].as_array().unwrap();
    let totals = stages.iter().find(|stage| stage["stage"] == "normalize").unwrap()["totals"].as_array().unwrap();
    let total = |name: &str| totals.iter().find(|total| total[0] == name).map(|total| total[1].clone()).unwrap();
    assert_eq!(made["billed"]["USD"], total("billed"));
    for name in ["focus-2025-06-DRAFT.csv", "focus-2025-06-DRAFT.parquet"] {
        let mut sets = sniffed(&[into.join(name)]);
        let (_, set) = sets.pop_first().unwrap();
        assert_eq!(set.source, "focus", "{name}: {}", set.reason);
        assert_eq!(set.rows, made["rows"].as_u64().unwrap(), "{name}");
        let billed = set.billed_by_currency.unwrap();
        assert_eq!(billed["USD"].as_str(), made["billed"]["USD"].as_str().unwrap(), "{name}");
        assert_eq!(set.rows_rejected, 0, "{name}: {:#?}", set.findings);
        if total("effective").is_string() {
            assert_eq!(set.effective_by_currency.unwrap()["USD"].as_str(), made["effective"]["USD"].as_str().unwrap());
        }
    }
}

#[test]
fn columns_are_those_of_focus_and_then_ours() {
    let (_folder, into, made) = exported();
    let (header, rows) = rows(&into.join("focus-2025-06-DRAFT.csv"));
    let of_focus: Vec<&String> = header.iter().take_while(|name| !name.starts_with("x_")).collect();
    assert!(of_focus.is_sorted(), "{of_focus:?}");
    assert!(header[of_focus.len()..].iter().all(|name| name.starts_with("x_")), "{header:?}");
    assert_eq!(header.len(), COLUMNS.len());
    assert_eq!(rows.len() as u64, made["rows"].as_u64().unwrap());
    let column = |name: &str| header.iter().position(|other| other == name).unwrap();
    let values = |name: &str| -> BTreeSet<&str> { rows.iter().map(|row| row[column(name)].as_str()).collect() };
    // What the specification never lets be empty, and what may only be one of its words.
    for name in ["BilledCost", "BillingCurrency", "ProviderName", "PublisherName", "InvoiceIssuerName", "ServiceName"] {
        assert!(!values(name).contains(""), "{name}");
    }
    assert!(values("ChargeCategory").is_subset(&["Usage", "Purchase", "Tax", "Credit", "Adjustment"].into()));
    assert!(values("ChargeClass").is_subset(&["", "Correction"].into()));
    assert!(values("PricingCategory").is_subset(&["", "Standard", "Dynamic", "Committed", "Other"].into()));
    assert!(values("BillingPeriodStart").iter().eq(&["2025-06-01T00:00:00Z"]));
    assert!(
        values("x_OwnerKind").contains("agency")
            && values("x_SourceFile").iter().all(|file| file.starts_with("inbox/"))
    );
    // A negation is no row, and what it covers is billed nothing.
    let types = values("x_ChargeType");
    assert!(types.contains("SavingsPlanCoveredUsage") && !types.contains("SavingsPlanNegation"), "{types:?}");
    let covered = rows.iter().filter(|row| row[column("x_ChargeType")] == "SavingsPlanCoveredUsage");
    assert!(covered.map(|row| &row[column("BilledCost")]).all(|billed| billed == "0"));
    assert!(made["negations_left_out"].as_u64().unwrap() > 0);
}

#[test]
fn a_month_that_nobody_has_drafted_has_no_charges() {
    let folder = TempDir::new().unwrap();
    let books = folder.path().join("books");
    copy(&root().join("examples/westmark"), &books);
    let into = folder.path().join("focus");
    let arguments = ["-C", books.to_str().unwrap(), "focus", "--month", "2025-06", into.to_str().unwrap()];
    let (code, _, message) = run(&arguments, &surroundings());
    assert_eq!(code, 2);
    assert!(message.contains("neither been closed nor drafted"), "{message}");
    assert!(!fs::exists(into.join("focus-2025-06.csv")).unwrap());
}
