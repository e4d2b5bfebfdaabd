//! CUR 2.0 and the legacy report in Athena's naming against `expected.json`, to the last digit.

use super::samples::{check_aws, expected};
use super::{Case, blocking, cost, parts, sample};
use chargeback::model::charge::Dimension;
use chargeback::model::finding::{Code, Severity};
use chargeback::sources::recognition::source_of;
use std::collections::BTreeSet;

const OVERWRITTEN: &str = "aws-cur2/overwrite/exports/westmark-cur2/data/BILLING_PERIOD=2025-06";
const JULY: &str = "aws-cur2/create-new/exports/westmark-cur2v/data/BILLING_PERIOD=2025-07";

fn june() -> Case {
    let paths = [1, 2].map(|part| format!("{OVERWRITTEN}/westmark-cur2-0000{part}.csv.gz"));
    Case::aws("2025-06", parts(&paths.each_ref().map(String::as_str))).of("aws-cur2")
}

fn variant(name: &str) -> (String, Case) {
    let path = format!("aws-cur2/variants/{name}");
    (path.clone(), Case::aws("2025-04", parts(&[&path])).of("aws-cur2"))
}

#[test]
fn cur_2() {
    let july = |run: &str| {
        let path = format!("{JULY}/{run}/westmark-cur2v-00001.csv.gz");
        (format!("{JULY}/{run}/*"), Case::aws("2025-07", parts(&[&path])).of("aws-cur2"))
    };
    for (key, case) in [
        (format!("{OVERWRITTEN}/*"), june()),
        july("20250720T093000Z-aaaa1111-0000-4000-8000-000000000001"),
        july("20250721T093000Z-bbbb2222-0000-4000-8000-000000000002"),
        variant("discount-rows-colon-tags.csv"),
        variant("selected-columns.csv.gz"),
    ] {
        let version = check_aws(&key, &case);
        let wanted = if key.contains("create-new") { vec![Code::MonthNotFinal] } else { vec![] };
        assert_eq!(blocking(&version.findings), wanted, "{key}: {:#?}", version.findings);
        let unavailable = version.findings.iter().any(|finding| finding.code == Code::EffectiveUnavailable);
        assert_eq!(unavailable, key.contains("selected"), "{key}: {:#?}", version.findings);
        assert!(version.findings.iter().all(|finding| finding.code != Code::HeaderColumnUnknown), "{key}");
    }
}

#[test]
fn entries_of_json_objects() {
    for case in [june(), variant("discount-rows-colon-tags.csv").1] {
        let version = case.concluded();
        let services: BTreeSet<&str> = version.roll_up.rows().map(|row| row.text(Dimension::ServiceName)).collect();
        assert!(services.contains("Amazon Elastic Compute Cloud"), "{services:?}");
        let agencies: BTreeSet<&str> = version.roll_up.rows().map(|row| row.tag("agency")).collect();
        assert!(agencies.contains("DOT") && agencies.contains("DPS"), "{agencies:?}");
    }
}

#[test]
fn a_query_without_type_and_currency_keeps_its_money() {
    let key = "aws-cur2/third-party-aws-cur-anonymize/sample-cur20.csv";
    let version = Case::aws("2025-01", parts(&[key])).of("aws-cur-athena").concluded();
    assert_eq!(version.totals.totals.billed["USD"], cost(expected(key)["unblended_total"].as_str().unwrap()));
    let assumed = version.findings.iter().find(|finding| finding.code == Code::HeaderColumnMissing).unwrap();
    assert_eq!(assumed.severity, Severity::Warning);
    assert!(version.findings.iter().any(|finding| finding.code == Code::ChargeTypeUnknown));
}

/// Accounts of six or thirteen digits, a plan's usage without its negation, rows narrower than their header: what
/// third parties publish is made up, and each of it is told.
#[test]
fn reports_that_are_made_up() {
    for (name, month, source, currency, wanted) in [
        ("third-party-koku/2022-07-01-alt-columns.csv", "2022-07", "aws-cur-athena", "USD", vec![Code::CellAccount]),
        ("third-party-koku/2023-06-01.csv", "2023-06", "aws-cur", "NOK", vec![Code::CellAccount]),
        ("third-party-koku/2023-06-01-not-final.csv", "2023-06", "aws-cur", "NOK", vec![Code::CellAccount]),
        ("third-party-koku/test_cur.csv", "2018-06", "aws-cur", "USD", vec![Code::RowWidth]),
        ("third-party-koku/test_cur.csv.gz", "2018-06", "aws-cur", "USD", vec![Code::RowWidth]),
        (
            "third-party-aws-cur-anonymize/sample-legacy-csv.csv",
            "2025-01",
            "aws-cur",
            "USD",
            vec![Code::HeaderColumnMissing],
        ),
    ] {
        let key = format!("aws-cur-legacy/{name}");
        let case = Case { currency, ..Case::aws(month, parts(&[&key])).of(source) };
        let version = case.concluded();
        let blocks: BTreeSet<Code> = blocking(&version.findings).into_iter().collect();
        assert!(blocks.iter().any(|code| wanted.contains(code)), "{key}: {:#?}", version.findings);
        let totals = &version.totals.totals;
        let rows = expected(&key)["rows"].as_u64().unwrap();
        assert!(totals.rows_read == rows || blocks.contains(&Code::HeaderColumnMissing), "{key}");
        assert_eq!(totals.rows_read, totals.rows_accepted + totals.rows_rejected, "{key}");
    }
}

#[test]
fn each_is_told_by_its_header() {
    for (path, wanted) in [
        (format!("{OVERWRITTEN}/westmark-cur2-00001.csv.gz"), "aws-cur2"),
        ("aws-cur2/variants/discount-rows-colon-tags.csv".to_owned(), "aws-cur2"),
        ("aws-cur2/variants/selected-columns.csv.gz".to_owned(), "aws-cur2"),
        ("aws-cur2/third-party-aws-cur-anonymize/sample-cur20.csv".to_owned(), "aws-cur-athena"),
        ("aws-cur-legacy/third-party-koku/2022-07-01-alt-columns.csv".to_owned(), "aws-cur-athena"),
        ("aws-cur-legacy/third-party-koku/2023-06-01.csv".to_owned(), "aws-cur"),
        ("aws-cur-legacy/third-party-aws-cur-anonymize/sample-legacy-csv.csv".to_owned(), "aws-cur"),
    ] {
        let text = sample(&path);
        let header = text.split(|&byte| byte == b'\n').next().unwrap();
        let header: Vec<String> = String::from_utf8_lossy(header).trim().split(',').map(str::to_owned).collect();
        assert_eq!(source_of(&header, &[]).map(|source| source.name), Some(wanted), "{path}");
    }
}
