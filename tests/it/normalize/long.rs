//! Amounts with more decimals than are kept: they count, and not a digit of them is lost.

use super::samples::expected;
use super::{Case, blocking, cost, parts, sample};
use chargeback::model::finding::Code;
use chargeback::model::intake::View;
use chargeback::stages::normalize::ConcludedVersion;

/// What a version's cells say: what is kept, and what was cut off of it.
fn as_written(version: &ConcludedVersion, column: &str) -> String {
    let totals = &version.totals.totals;
    let cut = totals.cut_off[column];
    assert_eq!(cut.as_kept(), cut.as_written());
    totals.vendor_cost["USD"].exact().plus(&cut.remainder.exact()).shown(36)
}

#[test]
fn azure_cost_details_with_thirty_decimals() {
    let key = "azure-ea/third-party-finops-toolkit/EA_AmortizedCost_Small.csv";
    let version = Case::azure("2023-09", View::AmortizedAlone, parts(&[key])).concluded();
    assert_eq!(blocking(&version.findings), [Code::BilledUnavailable], "{:#?}", version.findings);
    let totals = &version.totals.totals;
    assert_eq!((totals.rows_accepted, totals.rows_rejected), (28, 0));
    assert_eq!(as_written(&version, "Cost"), expected(key)["cost_by_currency"]["USD"].as_str().unwrap());
    let told: Vec<String> =
        version.findings.iter().filter(|finding| finding.code == Code::CellCut).map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_report_with_nineteen_decimals_in_four_columns() {
    let key = "aws-cur-legacy/third-party-koku/test_cur.csv";
    // Its rows lack a cell before the last, and its accounts have a digit too many.
    let text = String::from_utf8(sample(key)).unwrap().replace("6838635603105", "683863560310");
    let aligned: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(place, line)| match (place, line.rsplit_once(',')) {
            (1.., Some((start, last))) => format!("{start},,{last}"),
            _ => line.to_owned(),
        })
        .collect();
    let version = Case::aws("2018-06", vec![("cloud/test_cur.csv".to_owned(), aligned.join("\n").into_bytes())]);
    let version = version.concluded();
    let totals = &version.totals.totals;
    assert_eq!((totals.rows_accepted, totals.rows_rejected), (19, 0), "{:#?}", version.findings);
    assert_eq!(as_written(&version, "lineItem/UnblendedCost"), expected(key)["unblended_total"].as_str().unwrap());
    let cells: Vec<(&str, u64)> = totals.cut_off.iter().map(|(column, cut)| (column.as_str(), cut.cells)).collect();
    // A cell that two costs are made of counts once.
    assert_eq!(
        cells,
        [("lineItem/UnblendedCost", 10), ("lineItem/UsageAmount", 2), ("pricing/publicOnDemandCost", 10)]
    );
}

#[test]
fn rows_and_their_cut_digits_count_together() {
    let header = "Date,BillingPeriodStartDate,Cost,BillingCurrency,SubscriptionId,BillingAccountId,ChargeType,Quantity,MeterId,MeterCategory,MeterName,PricingModel,ProductName,ResourceId,ConsumedService";
    let row = |cost: &str, kind: &str, quantity: &str| {
        format!("06/02/2025,06/01/2025,{cost},USD,sub-1,1,{kind},{quantity},m,c,n,OnDemand,p,r,s")
    };
    let text = [
        header.to_owned(),
        row("0.1234567890123456785", "Usage", "1"),
        row("-0.1234567890123456775", "Usage", "2.0000000000000000001"),
        // The row is refused for its quantity: its cost is in the vendor's total, and so are the digits cut off.
        row("1.00000000000000000025", "Usage", "many"),
        // Refused for its cost, and so in no total.
        row("0.0000000000000000000000000000000000001", "Usage", "1"),
    ]
    .join("\n");
    let version = Case::azure("2025-06", View::ActualAlone, vec![("cloud/a.csv".to_owned(), text.into_bytes())]);
    let version = version.concluded();
    let totals = &version.totals.totals;
    assert_eq!((totals.rows_accepted, totals.rows_rejected), (2, 2), "{:#?}", version.findings);
    assert_eq!(totals.billed["USD"], cost("0"));
    assert_eq!(totals.cut_off["Cost"].cells, 3);
    assert_eq!(as_written(&version, "Cost"), "1.00000000000000000125");
    assert_eq!(totals.cut_off["Quantity"].remainder.to_string(), "0.0000000000000000001");
    assert_eq!(blocking(&version.findings), [Code::CellAmount, Code::CellQuantity]);
}
