//! FOCUS files: of Azure in three versions, of other vendors, home-made.

use super::samples::{amount, expected, same_groups};
use super::{Case, blocking, cost, parts};
use chargeback::model::charge::{CostBasis, Dimension};
use chargeback::model::finding::Code;
use chargeback::model::intake::View;
use chargeback::model::money::Cost;
use chargeback::model::proof::Subtotal;
use chargeback::stages::normalize::ConcludedVersion;
use std::collections::BTreeMap;

fn case(source: &'static str, month: &'static str, currency: &'static str, path: &str) -> Case {
    Case { source, month, view: View::Only, currency, parts: parts(&[path]) }
}

/// Rows, billed and effective cost by what the file itself says of category, class and status; by invoice and account.
fn check(key: &str, case: &Case) -> ConcludedVersion {
    let wanted = expected(key);
    let version = case.concluded();
    let totals = &version.totals.totals;
    assert_eq!(totals.rows_read, wanted["rows"].as_u64().unwrap(), "{key}");
    assert_eq!(totals.rows_accepted, totals.rows_read, "{key}: {:#?}", version.findings);
    let currency = if wanted["by_currency"].get(case.currency).is_some() { case.currency } else { "" };
    let costs = &wanted["by_currency"][currency];
    assert_eq!(totals.billed[case.currency], amount(&costs["BilledCost"]), "{key}");
    let effective = totals.effective.as_ref().unwrap()[case.currency];
    let cut = totals.cut_off.get("EffectiveCost");
    // Cells with more than eighteen decimals: what is kept and what was cut off are together what is written.
    match cut {
        None => assert_eq!(effective, amount(&costs["EffectiveCost"]), "{key}"),
        Some(cut) => {
            let written = effective.exact().plus(&cut.remainder.exact()).shown(36);
            assert_eq!(written, costs["EffectiveCost"].as_str().unwrap(), "{key}");
        }
    }
    let mut by_account = totals.by_account.clone();
    if case.source == "azure-focus" {
        let path = |account: &String| {
            if account.is_empty() { String::new() } else { format!("/subscriptions/{account}") }
        };
        by_account = by_account.iter().map(|(account, sum)| (path(account), *sum)).collect();
    }
    same_groups(key, &wanted["by_sub_account"], "BilledCost", &by_account, |_, group| group.billed);
    if cut.is_none() {
        same_groups(key, &wanted["by_sub_account"], "EffectiveCost", &by_account, |_, group| group.effective);
    }
    if wanted["by_invoice"].as_object().is_some_and(|invoices| !invoices.is_empty()) {
        same_groups(key, &wanted["by_invoice"], "BilledCost", &totals.by_invoice, |_, group| group.billed);
    }
    version
}

fn by_category(version: &ConcludedVersion) -> BTreeMap<String, Subtotal> {
    let mut found: BTreeMap<String, Subtotal> = BTreeMap::new();
    for row in version.roll_up.rows() {
        let text = |dimension| row.text(dimension).to_owned();
        let name = [Dimension::ChargeCategory, Dimension::ChargeClass, Dimension::CommitmentDiscountStatus].map(text);
        let sum = found.entry(name.join(" | ")).or_default();
        let sums = row.sums();
        let one = Subtotal {
            rows: sums.charges,
            vendor_cost: sums.contracted.unwrap_or_default(),
            billed: sums.billed,
            effective: sums.effective.unwrap(),
        };
        sum.add(&one).unwrap();
    }
    found
}

fn check_categories(key: &str, version: &ConcludedVersion) {
    let found = by_category(version);
    let wanted = &expected(key)["by_charge_category_and_class"];
    same_groups(key, wanted, "BilledCost", &found, |_, group| group.billed);
    if version.totals.totals.cut_off.is_empty() {
        same_groups(key, wanted, "EffectiveCost", &found, |_, group| group.effective);
    }
}

const RUN: &str =
    "azure-focus/create-new/exports/westmark-focus/20250601-20250630/202507060520/dddddddd-0000-4000-8000-000000000001";

#[test]
fn azure_1_0_ties_to_both_views_of_the_enterprise_agreement() {
    let key = format!("{RUN}/*");
    let version = check(&key, &case("azure-focus", "2025-06", "USD", &format!("{RUN}/part_0_0001.csv")));
    check_categories(&key, &version);
    assert_eq!(blocking(&version.findings), [], "{:#?}", version.findings);
    assert_eq!(version.totals.totals.billed["USD"], cost("986.5004251872"));
    assert_eq!(version.roll_up.total(CostBasis::Effective).unwrap(), Some(cost("1072.07576765295376")));
    assert_eq!(version.roll_up.total(CostBasis::List).unwrap(), Some(cost("203.29996044")));
    assert_eq!(version.roll_up.total(CostBasis::Contracted).unwrap(), Some(cost("914.1308251872")));
    assert!(version.roll_up.rows().all(|row| row.text(Dimension::BillingAccountId) == "81234567"));
}

#[test]
fn azure_1_2_counts_commitments_once_in_what_was_contracted() {
    let key = "azure-focus/mca-eur-1.2-preview.csv.gz";
    let version = check(key, &case("azure-focus", "2025-06", "EUR", key));
    check_categories(key, &version);
    assert_eq!(blocking(&version.findings), [], "{:#?}", version.findings);
    let principal = cost("378.32684");
    let contracted = amount(&expected(key)["by_currency"]["EUR"]["ContractedCost"]).checked_sub(principal).unwrap();
    assert_eq!(version.roll_up.total(CostBasis::Contracted).unwrap(), Some(contracted));
    assert!(version.roll_up.rows().all(|row| row.text(Dimension::BillingAccountId) == "abcd-efgh-bg7-pgb"));
}

#[test]
fn azure_1_0_preview_says_the_status_in_the_subcategory() {
    let key = "azure-focus/ea-1.0-preview.csv";
    let version = check(key, &case("azure-focus", "2025-05", "USD", key));
    assert_eq!(blocking(&version.findings), [], "{:#?}", version.findings);
    let rows: BTreeMap<String, u64> =
        by_category(&version).into_iter().map(|(name, group)| (name, group.rows)).collect();
    let wanted = [
        ("Adjustment |  | ", 2),
        ("Purchase |  | ", 3),
        ("Usage |  | ", 22),
        ("Usage |  | Unused", 6),
        ("Usage |  | Used", 9),
    ];
    assert_eq!(rows, wanted.map(|(name, rows)| (name.to_owned(), rows)).into());
}

#[test]
fn a_vendor_that_counts_in_credits() {
    let key = "focus-other/saas-credits-1.2.csv";
    let version = check(key, &case("focus", "2025-06", "USD", key));
    check_categories(key, &version);
    assert_eq!(blocking(&version.findings), [], "{:#?}", version.findings);
    let totals = &version.totals.totals;
    assert_eq!(totals.by_invoice["INV-202506-77"].billed, cost("5081.634"));
    assert_eq!(version.roll_up.total(CostBasis::List).unwrap(), Some(cost("5987.034")));
}

#[test]
fn the_public_sample() {
    let key = "focus-other/third-party-focus-sample-data/focus_sample_rows_1-300.csv";
    let version = check(key, &case("focus", "2024-09", "USD", key));
    let found = by_category(&version);
    assert_eq!(found["Usage |  | "].billed, cost("5.1691934992"), "NULL is no class");
    assert_eq!(found["Usage |  | Used"].rows, 4);
    assert_eq!(blocking(&version.findings), [], "{:#?}", version.findings);
    assert!(version.roll_up.rows().all(|row| row.text(Dimension::Provider) == "AWS"));
}

#[test]
fn ten_columns_made_by_hand() {
    let key = "focus-other/minimal-columns.csv";
    let asked = case("focus", "2025-06", "USD", key).concluded();
    assert_eq!(blocking(&asked.findings), [Code::CellMissing], "a file without currency asks");
    let named = String::from_utf8(super::sample(key)).unwrap().replacen("Tags", "Tags,BillingCurrency", 1);
    let rows: Vec<String> = named
        .lines()
        .enumerate()
        .map(|(row, line)| if row == 0 { line.to_owned() } else { format!("{line},USD") })
        .collect();
    let parts = vec![("cloud/minimal.csv".to_owned(), rows.join("\n").into_bytes())];
    let version = check(key, &Case { parts, ..case("focus", "2025-06", "USD", key) });
    assert_eq!(blocking(&version.findings), [], "{:#?}", version.findings);
    assert!(version.findings.iter().any(|finding| finding.code == Code::PeriodEndInclusive));
    assert_eq!(version.roll_up.rows().next().unwrap().tag_at(0), "DOT");
}

fn small(text: &str) -> ConcludedVersion {
    let parts = vec![("cloud/focus.csv".to_owned(), text.as_bytes().to_vec())];
    Case { source: "focus", month: "2025-06", view: View::Only, currency: "USD", parts }.concluded()
}

#[test]
fn versions_0_5_and_1_3_name_columns_differently() {
    let old = small(
        "BilledCost,AmortizedCost,ChargeType,Provider,Publisher,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,SubAccountId\n\
         5,4.5,Purchase,Cloud,Seller,USD,2025-06-01,2025-06-03,2025-06-04,a",
    );
    let new = small(
        "BilledCost,EffectiveCost,ChargeCategory,ServiceProviderName,HostProviderName,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,SubAccountId\n\
         5,4.5,Purchase,Cloud,Seller,USD,2025-06-01,2025-06-03,2025-06-04,a",
    );
    for version in [old, new] {
        assert_eq!(version.findings, []);
        let row = version.roll_up.rows().next().unwrap();
        let text = [Dimension::Provider, Dimension::Publisher, Dimension::ChargeCategory].map(|name| row.text(name));
        assert_eq!(text, ["Cloud", "Seller", "Purchase"]);
        assert_eq!(row.sums().effective, Some(cost("4.5")));
    }
}

#[test]
fn without_an_effective_cost_the_billed_one_stands_in_and_a_sixth_category_is_told() {
    let version = small(
        "BilledCost,ChargeCategory,BillingCurrency,ChargePeriodStart,SubAccountId\n\
         5,Usage,USD,2025-06-03,a\n\
         -1,Rebate,USD,2025-06-03,a",
    );
    let codes: Vec<Code> = version.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::ChargeTypeUnknown, Code::EffectiveUnavailable]);
    let total = |basis| version.roll_up.total(basis).unwrap();
    assert_eq!(total(CostBasis::Billed), Some(cost("4")));
    assert_eq!(total(CostBasis::Effective), Some(cost("4")));
    assert_eq!(by_category(&version)["Adjustment |  | "].billed, Cost::parse("-1").unwrap());
}
