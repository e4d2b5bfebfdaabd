//! Samples against `expected.json`, to the last digit.

use super::{Case, JUNE, blocking, cost, june, parts, settings};
use chargeback::model::charge::CostBasis;
use chargeback::model::finding::Code;
use chargeback::model::intake::View;
use chargeback::model::money::Cost;
use chargeback::model::proof::Subtotal;
use chargeback::stages::normalize::{ConcludedVersion, conclude_month};
use serde_json::Value;
use std::collections::BTreeMap;

pub fn expected(key: &str) -> Value {
    let all: Value = serde_json::from_slice(&super::sample("expected.json")).unwrap();
    all.get(key).unwrap_or_else(|| panic!("{key} is not in expected.json")).clone()
}

pub fn amount(value: &Value) -> Cost {
    cost(value.as_str().unwrap())
}

/// Groups of the expected file beside ours: rows and one amount each.
pub fn same_groups(
    key: &str,
    expected: &Value,
    field: &str,
    found: &BTreeMap<String, Subtotal>,
    of: impl Fn(&str, &Subtotal) -> Cost,
) {
    let expected: BTreeMap<&str, (u64, Cost)> = expected
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, group)| (name.as_str(), (group["rows"].as_u64().unwrap(), amount(&group[field]))))
        .collect();
    let found: BTreeMap<&str, (u64, Cost)> =
        found.iter().map(|(name, group)| (name.as_str(), (group.rows, of(name, group)))).collect();
    assert_eq!(found, expected, "{key}");
}

pub fn check_aws(key: &str, case: &Case) -> ConcludedVersion {
    let wanted = expected(key);
    let version = case.concluded();
    let totals = &version.totals.totals;
    assert_eq!(totals.rows_read, wanted["rows"].as_u64().unwrap(), "{key}");
    assert_eq!(totals.rows_accepted, totals.rows_read, "{key}: {:#?}", version.findings);
    same_groups(key, &wanted["by_charge_type"], "unblended", &totals.by_charge_type, |_, group| group.vendor_cost);
    let netted = totals.netted.values().next().copied().unwrap_or_default();
    same_groups(key, &wanted["by_charge_type"], "billed", &totals.by_charge_type, |name, group| match name {
        "SavingsPlanCoveredUsage" => group.billed.checked_add(netted).unwrap(),
        "SavingsPlanNegation" => group.billed.checked_sub(netted).unwrap(),
        _ => group.billed,
    });
    same_groups(key, &wanted["by_account"], "billed", &totals.by_account, |_, group| group.billed);
    for (currency, billed) in wanted["billed_by_currency"].as_object().unwrap() {
        let currency = if currency.is_empty() { "USD" } else { currency };
        assert_eq!(totals.billed[currency], amount(billed), "{key}");
    }
    let effective = if case.net() { "effective_total_net_columns" } else { "effective_total_gross_columns" };
    let total = totals.effective.as_ref().map(|costs| Cost::total(costs.values().copied()).unwrap());
    assert_eq!(total, wanted[effective].as_str().map(cost), "{key}");
    let billed = Cost::total(totals.billed.values().copied()).unwrap();
    assert_eq!(version.roll_up.total(CostBasis::Billed).unwrap(), Some(billed), "{key}");
    assert_eq!(version.roll_up.total(CostBasis::Effective).unwrap(), total, "{key}");
    version
}

#[test]
fn aws_cost_and_usage_reports() {
    let variant = |name: &str| {
        let path = format!("aws-cur-legacy/variants/{name}.csv");
        (path.clone(), Case::aws("2025-04", parts(&[&path])))
    };
    for (key, case) in [
        (format!("{JUNE}1/*"), Case::aws("2025-06", june(1, 1))),
        (format!("{JUNE}2/*"), Case::aws("2025-06", june(2, 2))),
        (format!("{JUNE}3/*"), Case::aws("2025-06", june(3, 2))),
        variant("bom-crlf-quoted-all"),
        variant("no-tags-no-cost-categories"),
        variant("scientific-notation"),
        variant("net-columns-no-discount-rows"),
    ] {
        let version = check_aws(&key, &case);
        let open = key.contains("aa0000000001");
        let wanted = if open { vec![Code::MonthNotFinal] } else { vec![] };
        assert_eq!(blocking(&version.findings), wanted, "{key}: {:#?}", version.findings);
    }
}

#[test]
fn covered_usage_is_billed_nothing() {
    let version = Case::aws("2025-06", june(3, 2)).concluded();
    let totals = &version.totals.totals;
    assert_eq!(totals.netted["USD"], cost("993.6"));
    assert_eq!(totals.by_charge_type["SavingsPlanCoveredUsage"].billed, Cost::ZERO);
    assert_eq!(totals.by_charge_type["SavingsPlanNegation"].billed, Cost::ZERO);
    assert_eq!(totals.billed["USD"], cost("7521.68782616"));
}

#[test]
fn a_row_id_on_two_rows_blocks_and_counts_all() {
    let key = "aws-cur-legacy/variants/duplicated-rows.csv";
    let version = Case::aws("2025-04", parts(&[key])).concluded();
    let wanted = expected(key);
    assert_eq!(version.totals.totals.billed["USD"], amount(&wanted["billed_by_currency"]["USD"]));
    // One of the repeated rows is covered usage, so the plan's pair does not cancel either.
    assert_eq!(blocking(&version.findings), [Code::LineIdTwice, Code::NegationCheck]);
    let finding = version.findings.iter().find(|finding| finding.code == Code::LineIdTwice).unwrap();
    insta::assert_snapshot!(finding.to_string());
}

const RUN: &str = "azure-ea/create-new/exports/westmark-";

pub fn azure_run(kind: &str, run: &str, parts_of_it: u8) -> Vec<(String, Vec<u8>)> {
    let paths: Vec<String> =
        (0..parts_of_it).map(|part| format!("{RUN}{kind}/20250601-20250630/{run}/part_{part}_0001.csv")).collect();
    parts(&paths.iter().map(String::as_str).collect::<Vec<_>>())
}

pub fn check_azure(key: &str, case: &Case) -> ConcludedVersion {
    let wanted = expected(key);
    let version = case.concluded();
    let totals = &version.totals.totals;
    assert_eq!(totals.rows_read, wanted["rows"].as_u64().unwrap(), "{key}");
    assert_eq!(totals.rows_accepted, totals.rows_read, "{key}: {:#?}", version.findings);
    let mut by_type: BTreeMap<String, (u64, Cost)> = BTreeMap::new();
    for (name, group) in wanted["by_charge_type_and_pricing_model"].as_object().unwrap() {
        let sum = by_type.entry(name.split(" | ").next().unwrap().to_owned()).or_default();
        sum.0 += group["rows"].as_u64().unwrap();
        sum.1 = sum.1.checked_add(amount(&group["cost"])).unwrap();
    }
    let found: BTreeMap<String, (u64, Cost)> =
        totals.by_charge_type.iter().map(|(name, group)| (name.clone(), (group.rows, group.vendor_cost))).collect();
    assert_eq!(found, by_type, "{key}");
    let mut accounts = totals.by_account.clone();
    const NOBODY: &str = "00000000-0000-0000-0000-000000000000";
    if wanted["by_subscription"].get(NOBODY).is_some()
        && let Some(nobody) = accounts.remove("")
    {
        accounts.insert(NOBODY.to_owned(), nobody);
    }
    same_groups(key, &wanted["by_subscription"], "cost", &accounts, |_, group| group.vendor_cost);
    version
}

#[test]
fn azure_cost_details() {
    let (open, closed) =
        ("202506150510/aaaaaaaa-0000-4000-8000-00000000000", "202507060512/bbbbbbbb-0000-4000-8000-00000000000");
    let june = |kind: &str, run: &str, view: View, parts_of_it: u8| {
        let run = format!("{run}{}", if kind == "actual" { 6 } else { 5 });
        let key = format!("{RUN}{kind}/20250601-20250630/{run}/*");
        (key, Case::azure("2025-06", view, azure_run(kind, &run, parts_of_it)))
    };
    let single = |path: &str, month, view| (path.to_owned(), Case::azure(month, view, parts(&[path])));
    for (key, case) in [
        june("actual", open, View::ActualAlone, 1),
        june("actual", closed, View::ActualAlone, 2),
        june("amort", open, View::AmortizedAlone, 1),
        june("amort", closed, View::AmortizedAlone, 2),
        single(
            "azure-ea/older-header/westmark-ea/20250501-20250531/westmark-ea_7d0c1f5e-0000-4000-8000-000000000001.csv",
            "2025-05",
            View::ActualAlone,
        ),
        single("azure-ea/third-party-finops-toolkit/EA_ActualCost_Small.csv", "2023-09", View::ActualAlone),
    ] {
        let version = check_azure(&key, &case);
        let total = amount(&expected(&key)["cost_by_currency"]["USD"]);
        let totals = &version.totals.totals;
        match case.view {
            View::ActualAlone => {
                assert_eq!(totals.billed["USD"], total, "{key}");
                // A file without covered usage tells its effective cost.
                assert_eq!(totals.effective.is_some(), key.contains("finops"), "{key}");
            }
            _ => assert_eq!(totals.effective.as_ref().unwrap()["USD"], total, "{key}"),
        }
        // What was paid for commitments is in the actual view alone.
        let expected = if case.view == View::AmortizedAlone { case.parts.len() } else { 0 };
        assert_eq!(
            blocking(&version.findings),
            vec![Code::BilledUnavailable; expected],
            "{key}: {:#?}",
            version.findings
        );
    }
}

#[test]
fn two_views_of_a_month_are_combined_and_never_added() {
    let run = "202507060512/bbbbbbbb-0000-4000-8000-00000000000";
    let actual = Case::azure("2025-06", View::ActualOfPair, azure_run("actual", &format!("{run}6"), 2)).concluded();
    let amortized =
        Case::azure("2025-06", View::AmortizedOfPair, azure_run("amort", &format!("{run}5"), 2)).concluded();
    let carried: u64 = actual.totals.totals.rows_left_out.values().map(|(rows, _)| rows).sum();
    assert_eq!((carried, actual.totals.totals.rows_accepted), (281, 3));
    let month = conclude_month(vec![actual.clone(), amortized.clone()], &settings("USD")).unwrap();
    let other_way = conclude_month(vec![amortized, actual], &settings("USD")).unwrap();
    assert_eq!(month.roll_up.total(CostBasis::Billed).unwrap(), Some(cost("986.5004251872")));
    assert_eq!(month.roll_up.total(CostBasis::Effective).unwrap(), Some(cost("1072.07576765295376")));
    assert_eq!(blocking(&month.findings), [], "{:#?}", month.findings);
    assert_eq!(month.findings, other_way.findings);
    assert!(month.findings.iter().any(|finding| finding.code == Code::AllocatedTwice));
}

#[test]
fn views_of_different_runs_disagree() {
    let actual = azure_run("actual", "202506150510/aaaaaaaa-0000-4000-8000-000000000006", 1);
    let amortized = azure_run("amort", "202507060512/bbbbbbbb-0000-4000-8000-000000000005", 2);
    let actual = Case::azure("2025-06", View::ActualOfPair, actual).concluded();
    let amortized = Case::azure("2025-06", View::AmortizedOfPair, amortized).concluded();
    let month = conclude_month(vec![actual, amortized], &settings("USD")).unwrap();
    let finding = month.findings.iter().find(|finding| finding.code == Code::ViewsDisagree).unwrap();
    insta::assert_snapshot!(finding.to_string());
}
