//! Azure agreements other than the plain enterprise one, and the odd headers that people have.

use super::samples::{amount, azure_run, check_azure, expected};
use super::{Case, blocking, cost, parts, settings};
use chargeback::frame::charges::NoSink;
use chargeback::model::charge::{CostBasis, Dimension};
use chargeback::model::finding::Code;
use chargeback::model::intake::View;
use chargeback::model::money::Cost;
use chargeback::sources::recognition::source_of;
use chargeback::stages::normalize::{conclude_month, conclude_version};
use std::collections::BTreeMap;

const MCA: &str = "azure-mca/overwrite/exports/mca-";

fn case(source: &'static str, month: &'static str, view: View, currency: &'static str, path: &str) -> Case {
    Case { source, month, view, currency, parts: parts(&[path]) }
}

fn customer(kind: &str, view: View) -> Case {
    let run = if kind == "actual" { 6 } else { 5 };
    let path = format!("{MCA}{kind}/20250601-20250630/cccccccc-0000-4000-8000-00000000000{run}/part_0_0001.csv.gz");
    case("azure-mca", "2025-06", view, "EUR", &path)
}

/// The name of a file's source, by its header and first rows.
fn recognized(text: &str) -> Option<&'static str> {
    let mut rows = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = rows.next().unwrap();
    source_of(&header, &rows.take(50).collect::<Vec<_>>()).map(|source| source.name)
}

#[test]
fn each_agreement_is_known_by_its_header() {
    for (path, source) in [
        ("azure-ea/third-party-finops-toolkit/EA_ActualCost_Small.csv", "azure-ea"),
        ("azure-ea/third-party-finops-toolkit/EA_NoRows.csv", "azure-ea"),
        ("azure-ea/third-party-koku/azure_version_2.csv", "azure-ea"),
        ("azure-mca/open-month-no-invoice.csv", "azure-mca"),
        ("azure-mca/third-party-koku/camel_azure_version_2.csv", "azure-mca"),
        ("azure-csp/csp-2025-06.csv", "azure-csp"),
        ("azure-payg-legacy/third-party-koku/azure_camelCased.csv", "azure-payg-legacy"),
        ("azure-payg-legacy/third-party-opencost/BOM.csv", "azure-payg-legacy"),
        ("azure-payg-legacy/third-party-opencost/German.csv", "azure-payg-legacy"),
        ("azure-payg-legacy/third-party-opencost/MissingBrackets.csv", "azure-payg-legacy"),
        ("azure-payg-legacy/third-party-opencost/PayAsYouGo.csv", "azure-payg-legacy"),
        ("azure-focus/ea-1.0-preview.csv", "azure-focus"),
        ("azure-focus/mca-eur-1.2-preview.csv.gz", "azure-focus"),
        ("focus-other/minimal-columns.csv", "focus"),
        ("focus-other/saas-credits-1.2.csv", "focus"),
        ("focus-other/third-party-focus-sample-data/focus_sample_rows_1-300.csv", "focus"),
        ("azure-price-sheet/ea-2025-06.csv", ""),
        ("azure-price-sheet/mca-2025-06.csv", ""),
    ] {
        let text = String::from_utf8(super::sample(path)).unwrap();
        assert_eq!(recognized(&text.replace('"', "")).unwrap_or_default(), source, "{path}");
    }
}

#[test]
fn columns_of_two_agreements_in_one_file_are_told_by_their_values() {
    let header = "costInBillingCurrency,MeterId,SubscriptionId,ChargeType,OfferId,AccountOwnerId,BillingAccountId,\
                  invoiceSectionName,exchangeRatePricingToBilling,pricingCurrency,costInPricingCurrency,invoiceId,date";
    for (row, source) in [
        ("1,m,s,Usage,MS-AZR-0017P,a@b,8,x,,,,,06/01/2025", Some("azure-ea")),
        ("1,m,s,Usage,,,8,x,0.9214,USD,1.1,G1,06/01/2025", Some("azure-mca")),
        ("1,m,s,Usage,MS-AZR-0017P,a@b,8,x,0.9214,USD,1.1,G1,06/01/2025", None),
        ("1,m,s,Usage,MS-AZR-0003P,,,,,,,G1,06/01/2025", Some("azure-payg")),
    ] {
        assert_eq!(recognized(&format!("{header}\n{row}")), source, "{row}");
    }
}

#[test]
fn customer_agreement() {
    let (actual, amortized) = (customer("actual", View::ActualAlone), customer("amort", View::AmortizedAlone));
    let key = |kind: &str, run: u8| format!("{MCA}{kind}/20250601-20250630/cccccccc-0000-4000-8000-00000000000{run}/*");
    let version = check_azure(&key("actual", 6), &actual);
    assert_eq!(blocking(&version.findings), [], "{:#?}", version.findings);
    assert_eq!(version.totals.totals.billed["EUR"], cost("920.9582462119452"));
    assert_eq!(version.totals.totals.by_invoice.len(), 1);
    let version = check_azure(&key("amort", 5), &amortized);
    assert_eq!(blocking(&version.findings), [Code::BilledUnavailable], "{:#?}", version.findings);
    assert_eq!(version.totals.totals.effective.as_ref().unwrap()["EUR"], cost("999.80736675989071"));
}

#[test]
fn the_amortized_view_alone_tells_what_was_billed_where_nothing_is_committed() {
    let text =
        String::from_utf8(super::sample("azure-ea/third-party-finops-toolkit/EA_AmortizedCost_Small.csv")).unwrap();
    let on_demand = |line: &&str| !["Reservation", "SavingsPlan"].iter().any(|model| line.contains(model));
    let header = text.lines().take(1);
    let kept: Vec<&str> = header.chain(text.lines().skip(1).filter(on_demand)).collect();
    assert!(kept.len() > 5 && kept.len() < text.lines().count());
    let part = ("cloud/amort.csv".to_owned(), kept.join("\n").into_bytes());
    let version = Case::azure("2023-09", View::AmortizedAlone, vec![part]).concluded();
    assert_eq!(blocking(&version.findings), [], "{:#?}", version.findings);
    assert_eq!(version.totals.totals.billed, *version.totals.totals.effective.as_ref().unwrap());
    assert_eq!(version.totals.totals.billed, version.totals.totals.vendor_cost);
}

#[test]
fn two_views_of_a_customer_agreement() {
    let pair =
        vec![customer("actual", View::ActualOfPair).concluded(), customer("amort", View::AmortizedOfPair).concluded()];
    let month = conclude_month(pair, &settings("EUR")).unwrap();
    assert_eq!(blocking(&month.findings), [], "{:#?}", month.findings);
    assert_eq!(month.roll_up.total(CostBasis::Billed).unwrap(), Some(cost("920.9582462119452")));
    assert_eq!(month.roll_up.total(CostBasis::Effective).unwrap(), Some(cost("999.80736675989071")));
}

#[test]
fn a_month_that_is_not_invoiced_yet() {
    let key = "azure-mca/open-month-no-invoice.csv";
    let version = check_azure(key, &case("azure-mca", "2025-07", View::ActualAlone, "EUR", key));
    assert_eq!(blocking(&version.findings), [Code::MonthNotFinal]);
    let key = "azure-mca/third-party-koku/camel_azure_version_2.csv";
    let version = check_azure(key, &case("azure-mca", "2023-08", View::ActualAlone, "USD", key));
    assert_eq!(blocking(&version.findings), [Code::MonthNotFinal]);
    let list = version.roll_up.total(CostBasis::List).unwrap();
    assert_eq!(list, Some(amount(&expected(key)["paygCostInBillingCurrency_total"])));
}

#[test]
fn partner() {
    let key = "azure-csp/csp-2025-06.csv";
    let version = check_azure(key, &case("azure-csp", "2025-06", View::ActualAlone, "USD", key));
    assert_eq!(blocking(&version.findings), [], "{:#?}", version.findings);
    let row = version.roll_up.rows().next().unwrap();
    assert_eq!(row.text(Dimension::InvoiceIssuer), "Northwind Reseller");
    assert_eq!(row.text(Dimension::InvoiceSection), "Westmark Dept of Corrections");
}

#[test]
fn pay_as_you_go_without_a_charge_type() {
    let folder = "azure-payg-legacy/third-party-";
    for (file, month) in [
        ("koku/azure_camelCased.csv", "2019-07"),
        ("koku/costreport_a243c6f2-199f-4074-9a2c-40e671cf1584.csv", "2019-07"),
        ("opencost/German.csv", "2021-02"),
        ("opencost/PayAsYouGo.csv", "2021-02"),
    ] {
        let key = format!("{folder}{file}");
        let version = check_azure(&key, &case("azure-payg-legacy", month, View::Only, "USD", &key));
        assert_eq!(blocking(&version.findings), [], "{key}: {:#?}", version.findings);
        let total = version.roll_up.total(CostBasis::Effective).unwrap();
        assert_eq!(total, Some(amount(&expected(&key)["cost_by_currency"]["USD"])), "{key}");
    }
    let key = format!("{folder}opencost/BOM.csv");
    let version = case("azure-payg-legacy", "2022-11", View::Only, "USD", &key).concluded();
    assert_eq!(blocking(&version.findings), [Code::CellMissing], "its only row has no cost");
}

#[test]
fn a_narrow_file_asks_for_its_currency() {
    let key = "azure-payg-legacy/third-party-opencost/MissingBrackets.csv";
    let case = case("azure-payg-legacy", "2021-02", View::Only, "USD", key);
    let version = case.concluded();
    insta::assert_snapshot!(version.findings[0].to_string());
    let part = case.part_with(0, |job| job.currency_of_file = Some("USD"), &mut NoSink);
    let version = conclude_version(&case.version(), vec![part], &settings("USD")).unwrap();
    assert_eq!(blocking(&version.findings), [], "{:#?}", version.findings);
    let totals = &version.totals.totals;
    assert_eq!((totals.billed["USD"], totals.rows_accepted), (amount(&expected(key)["cost_by_currency"][""]), 1));
    assert_eq!(version.roll_up.total(CostBasis::List).unwrap(), Some(cost("5")));
}

#[test]
fn enterprise_agreements_in_other_dresses() {
    let key = "azure-ea/excel-resaved-utf16.txt";
    let version = check_azure(key, &case("azure-ea", "2025-04", View::ActualAlone, "USD", key));
    assert_eq!(version.totals.totals.billed["USD"], cost("937.653985"));
    assert_eq!(blocking(&version.findings), [], "{:#?}", version.findings);
    // The currency is called MC, and a currency has three letters.
    let key = "azure-ea/third-party-koku/azure_version_2.csv";
    let version = case("azure-ea", "2020-09", View::ActualAlone, "USD", key).concluded();
    assert_eq!(blocking(&version.findings), [Code::CellCurrency]);
    assert_eq!(version.totals.totals.rows_rejected, 5);
    let key = "azure-ea/third-party-finops-toolkit/EA_NoRows.csv";
    let version = case("azure-ea", "2023-09", View::ActualAlone, "USD", key).concluded();
    assert_eq!((version.totals.totals.rows_read, blocking(&version.findings)), (0, vec![]), "ingest has told");
}

#[test]
fn cost_details_and_the_focus_export_of_one_month_are_never_added() {
    let actual = azure_run("actual", "202507060512/bbbbbbbb-0000-4000-8000-000000000006", 2);
    let details = Case::azure("2025-06", View::ActualAlone, actual).concluded();
    let path = "azure-focus/create-new/exports/westmark-focus/20250601-20250630/202507060520/dddddddd-0000-4000-8000-000000000001/part_0_0001.csv";
    let focus = case("azure-focus", "2025-06", View::Only, "USD", path);
    let both = conclude_month(vec![details.clone(), focus.concluded()], &settings("USD")).unwrap();
    assert_eq!(blocking(&both.findings), [Code::SourceOverlap]);
    let finding = both.findings.iter().find(|finding| finding.code == Code::SourceOverlap).unwrap();
    insta::assert_snapshot!(finding.to_string());

    let declared = focus.part_with(0, |job| job.usage_only = true, &mut NoSink);
    let declared = conclude_version(&focus.version(), vec![declared], &settings("USD")).unwrap();
    let totals = &declared.totals.totals;
    assert_eq!((totals.rows_read, totals.rows_accepted), (344, 0));
    let month = conclude_month(vec![details, declared], &settings("USD")).unwrap();
    assert_eq!(blocking(&month.findings), [], "{:#?}", month.findings);
    assert_eq!(month.roll_up.total(CostBasis::Billed).unwrap(), Some(cost("986.5004251872")));
}

#[test]
fn a_focus_file_of_anybody_may_be_about_the_same_accounts() {
    let actual = azure_run("actual", "202507060512/bbbbbbbb-0000-4000-8000-000000000006", 2);
    let details = Case::azure("2025-06", View::ActualAlone, actual).concluded();
    let text = "BilledCost,EffectiveCost,ChargeCategory,BillingCurrency,ChargePeriodStart,SubAccountId\n\
                5,5,Usage,USD,2025-06-03,1A111111-aaaa-4aaa-8aaa-111111111111";
    let parts = vec![("cloud/tool.csv".to_owned(), text.as_bytes().to_vec())];
    let tool = Case { source: "focus", month: "2025-06", view: View::Only, currency: "USD", parts };
    let both = conclude_month(vec![details, tool.concluded()], &settings("USD")).unwrap();
    assert_eq!(blocking(&both.findings), [Code::SourceOverlap]);
}

#[test]
fn what_a_connector_copied_from_aws_is_not_billed_again() {
    let text = "Date,BillingPeriodStartDate,Cost,BillingCurrency,SubscriptionId,BillingAccountId,ChargeType,PricingModel,PublisherType\n\
                06/02/2025,06/01/2025,7,USD,s,8,Usage,OnDemand,AWS\n\
                06/02/2025,06/01/2025,2,USD,s,8,Usage,OnDemand,Azure";
    let view = |view| {
        let parts = vec![(format!("cloud/{view:?}.csv"), text.as_bytes().to_vec())];
        Case::azure("2025-06", view, parts).concluded()
    };
    let month = conclude_month(vec![view(View::ActualOfPair), view(View::AmortizedOfPair)], &settings("USD")).unwrap();
    assert_eq!(blocking(&month.findings), [], "{:#?}", month.findings);
    assert_eq!(month.roll_up.total(CostBasis::Billed).unwrap(), Some(cost("2")));
}

/// Quantities count blocks, so price times quantity it is; a price of zero is none, and prices of a customer agreement
/// are turned into the currency of the bill.
#[test]
fn list_and_contracted_cost_come_from_the_prices_of_the_file() {
    let run = "202507060512/bbbbbbbb-0000-4000-8000-000000000005";
    let enterprise = Case::azure("2025-06", View::AmortizedOfPair, azure_run("amort", run, 2));
    let (mut partner, open) = (customer("amort", View::AmortizedOfPair), "none");
    let by_pricing = |case: &Case| {
        let version = case.concluded();
        let mut sums: BTreeMap<(String, String), (Option<Cost>, Option<Cost>)> = BTreeMap::new();
        let add = |sum: &mut Option<Cost>, more: Option<Cost>| {
            *sum = sum.zip(more).map(|(a, b)| a.checked_add(b).unwrap());
        };
        for row in version.roll_up.rows().filter(|row| row.text(Dimension::ChargeCategory) == "Usage") {
            let key = (row.text(Dimension::PricingCategory), row.text(Dimension::CommitmentDiscountStatus));
            let sum = sums.entry((key.0.to_owned(), key.1.to_owned())).or_insert((Some(Cost::ZERO), Some(Cost::ZERO)));
            add(&mut sum.0, row.sums().list);
            add(&mut sum.1, row.sums().contracted);
        }
        let shown = |cost: &Option<Cost>| cost.map_or(open.to_owned(), |cost| cost.to_string());
        let mut lines = Vec::new();
        for ((category, status), (list, contracted)) in &sums {
            lines.push(format!("{category} {status} {} {}", shown(list), shown(contracted)));
        }
        lines
    };
    // On demand and spot as Microsoft's own FOCUS export of the month, and five Marketplace rows of 1.05 with prices.
    let wanted = [
        "Committed Unused 0 0",
        "Committed Used 486 427.68",
        "Dynamic  17.298 3.366",
        "Standard  187.05196044 164.7317251872",
    ];
    assert_eq!(by_pricing(&enterprise), wanted);
    let wanted = [
        "Committed Unused 0 0",
        "Committed Used 447.8004 425.41038",
        "Dynamic  15.9383772 3.1014324",
        "Standard  172.349676349416 163.7805660319452",
    ];
    assert_eq!(by_pricing(&partner), wanted);
    // A price of zero, a blank rate, and no rate at all where prices are in another currency: nothing is made up.
    let [(_, text)] = partner.parts.as_slice() else { panic!() };
    let text = String::from_utf8(text.clone()).unwrap();
    for (changed, wanted) in [
        (text.replace(",0.9214,", ",,"), ["172.349676349416 none", "447.8004 none"]),
        (text.replace("exchangeRatePricingToBilling", "rate"), ["172.349676349416 none", "447.8004 none"]),
        (text.replace("paygCostInBillingCurrency", "payg"), ["none 163.7805660319452", "none 425.41038"]),
    ] {
        partner.parts[0].1 = changed.into_bytes();
        let found = by_pricing(&partner);
        for wanted in wanted {
            assert!(found.iter().any(|line| line.ends_with(wanted)), "{found:#?} {wanted}");
        }
    }
}
