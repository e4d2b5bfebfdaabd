//! What each kind of line costs, rule by rule: formats.md 3.2 and 3.3 for AWS, 6.2 and 6.3 for Azure.

use super::Case;
use chargeback::model::charge::Dimension;
use chargeback::model::finding::Code;
use chargeback::model::intake::View;
use chargeback::model::money::Cost;

/// Columns of a report, and what stands in them where a case says nothing.
const AWS: [(&str, &str); 25] = [
    ("identity/LineItemId", "id"),
    ("bill/InvoiceId", "2045678901"),
    ("bill/PayerAccountId", "111122223333"),
    ("bill/BillingPeriodStartDate", "2025-06-01T00:00:00Z"),
    ("lineItem/UsageAccountId", "222233334444"),
    ("lineItem/LineItemType", "Usage"),
    ("lineItem/UsageStartDate", "2025-06-03T00:00:00Z"),
    ("lineItem/UsageEndDate", "2025-06-04T00:00:00Z"),
    ("lineItem/Operation", "RunInstances"),
    ("lineItem/UsageType", "BoxUsage:m5.large"),
    ("lineItem/CurrencyCode", "USD"),
    ("lineItem/UnblendedCost", "10"),
    ("lineItem/NetUnblendedCost", ""),
    ("pricing/publicOnDemandCost", "12"),
    ("reservation/ReservationARN", ""),
    ("reservation/EffectiveCost", ""),
    ("reservation/NetEffectiveCost", ""),
    ("reservation/UnusedAmortizedUpfrontFeeForBillingPeriod", ""),
    ("reservation/UnusedRecurringFee", ""),
    ("reservation/NetUnusedAmortizedUpfrontFeeForBillingPeriod", ""),
    ("savingsPlan/SavingsPlanARN", ""),
    ("savingsPlan/SavingsPlanEffectiveCost", ""),
    ("savingsPlan/NetSavingsPlanEffectiveCost", ""),
    ("savingsPlan/TotalCommitmentToDate", ""),
    ("savingsPlan/UsedCommitment", ""),
];

const AZURE: [(&str, &str); 18] = [
    ("BillingAccountId", "81234567"),
    ("BillingPeriodStartDate", "06/01/2025"),
    ("SubscriptionId", "s-1"),
    ("Date", "06/03/2025"),
    ("Product", "D4s v5"),
    ("MeterId", "m-1"),
    ("MeterName", "D4s v5"),
    ("Quantity", "24"),
    ("Cost", "10"),
    ("BillingCurrency", "USD"),
    ("OfferId", "MS-AZR-0017P"),
    ("ChargeType", "Usage"),
    ("Frequency", "UsageBased"),
    ("PricingModel", "OnDemand"),
    ("PublisherType", "Azure"),
    ("PayGPrice", "0.5"),
    ("UnitPrice", "0.4"),
    ("Tags", ""),
];

fn row(columns: &[(&str, &str)], changes: &str) -> String {
    let of = |name: &str| {
        let change = |part: &str| part.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())).unwrap();
        changes.split("; ").map(change).find(|(key, _)| name == key || name.ends_with(&format!("/{key}")))
    };
    let cells: Vec<String> =
        columns.iter().map(|(name, usual)| of(name).map_or_else(|| (*usual).to_owned(), |(_, value)| value)).collect();
    cells.join(",")
}

/// Category, commitment status, billed, effective and list cost of each charge, in a line.
fn charges(case: &Case) -> Vec<String> {
    let version = case.concluded();
    assert_eq!(version.totals.totals.rows_rejected, 0, "{:#?}", version.findings);
    let shown = |cost: Option<Cost>| cost.map_or("none".to_owned(), |cost| cost.to_string());
    let mut lines = Vec::new();
    for row in version.roll_up.rows() {
        let sums = row.sums();
        lines.push(format!(
            "{} {:?} {} {} {}",
            row.text(Dimension::ChargeCategory),
            row.text(Dimension::CommitmentDiscountStatus),
            sums.billed,
            shown(sums.effective),
            shown(sums.list)
        ));
    }
    lines.sort();
    lines
}

fn report(changes: &str, snake: bool) -> Case {
    let names = AWS.map(|(name, _)| name.to_owned()).join(",");
    let named = |name: &str| {
        let mut snake = String::new();
        for letter in name.chars() {
            match letter {
                '/' => snake.push('_'),
                letter if letter.is_uppercase() && !snake.ends_with('_') => {
                    snake.extend(['_', letter.to_ascii_lowercase()])
                }
                letter => snake.push(letter.to_ascii_lowercase()),
            }
        }
        snake.replace("_arn", "_a_r_n")
    };
    let names =
        if snake { names.replace("ARN", "Arn").split(',').map(named).collect::<Vec<_>>().join(",") } else { names };
    let case =
        Case::aws("2025-06", vec![("r.csv".to_owned(), format!("{names}\n{}", row(&AWS, changes)).into_bytes())]);
    if snake { case.of("aws-cur-athena") } else { case }
}

#[test]
fn every_type_of_an_aws_line() {
    const RI: &str = "ReservationARN=ri; EffectiveCost=3";
    for (changes, wanted) in [
        ("LineItemType=Usage", &["Usage \"\" 10 10 12"][..]),
        ("LineItemType=Usage; publicOnDemandCost=", &["Usage \"\" 10 10 none"]),
        (&format!("LineItemType=DiscountedUsage; UnblendedCost=0; {RI}"), &["Usage \"Used\" 0 3 12"]),
        // One row is the payment and what of it was not used.
        (
            "LineItemType=RIFee; ReservationARN=ri; UnusedAmortizedUpfrontFeeForBillingPeriod=2; UnusedRecurringFee=1.5",
            &["Purchase \"\" 10 0 0", "Usage \"Unused\" 0 3.5 0"],
        ),
        ("LineItemType=RIFee; ReservationARN=ri; UnblendedCost=0", &["Purchase \"\" 0 0 0", "Usage \"Unused\" 0 0 0"]),
        ("LineItemType=Fee; ReservationARN=ri", &["Purchase \"\" 10 0 0"]),
        ("LineItemType=Fee", &["Purchase \"\" 10 10 10"]),
        ("LineItemType=FlatRateSubscription", &["Purchase \"\" 10 10 10"]),
        (
            "LineItemType=SavingsPlanRecurringFee; SavingsPlanARN=sp; TotalCommitmentToDate=10; UsedCommitment=7.25",
            &["Purchase \"\" 10 0 0", "Usage \"Unused\" 0 2.75 0"],
        ),
        ("LineItemType=SavingsPlanUpfrontFee; SavingsPlanARN=sp", &["Purchase \"\" 10 0 0"]),
        ("LineItemType=Tax", &["Tax \"\" 10 10 0"]),
        ("LineItemType=Credit; UnblendedCost=-10", &["Credit \"\" -10 -10 0"]),
        ("LineItemType=Refund; UnblendedCost=-10", &["Usage \"\" -10 -10 0"]),
        ("LineItemType=Refund; UnblendedCost=-10; ReservationARN=ri", &["Purchase \"\" -10 0 0"]),
        ("LineItemType=Refund; UnblendedCost=-10; SavingsPlanARN=sp", &["Purchase \"\" -10 0 0"]),
        ("LineItemType=EdpDiscount; UnblendedCost=-1", &["Usage \"\" -1 -1 0"]),
        ("LineItemType=SppDiscount; UnblendedCost=-1", &["Usage \"\" -1 -1 0"]),
        ("LineItemType=BundledDiscount; UnblendedCost=-1", &["Usage \"\" -1 -1 0"]),
        ("LineItemType=SomethingNew", &["Adjustment \"\" 10 10 0"]),
        // What containers took of an instance is no further cost.
        ("LineItemType=Usage; Operation=EKSPod-EC2", &[]),
        // After private discounts, where a file tells it in columns of its own.
        ("LineItemType=Usage; NetUnblendedCost=9", &["Usage \"\" 9 9 12"]),
        (
            "LineItemType=DiscountedUsage; UnblendedCost=0; NetUnblendedCost=0; ReservationARN=ri; EffectiveCost=3; NetEffectiveCost=2.7",
            &["Usage \"Used\" 0 2.7 12"],
        ),
    ] {
        assert_eq!(charges(&report(changes, false)), wanted, "{changes}");
        assert_eq!(charges(&report(changes, true)), wanted, "{changes}, in Athena's naming");
    }
}

/// A plan's usage is shown at its on-demand cost and taken away again: both are billed nothing once they cancel.
#[test]
fn a_savings_plan_s_usage_and_its_negation() {
    let rows = [
        row(&AWS, "LineItemId=1; LineItemType=SavingsPlanCoveredUsage; SavingsPlanARN=sp; SavingsPlanEffectiveCost=7"),
        row(
            &AWS,
            "LineItemId=2; LineItemType=SavingsPlanNegation; UnblendedCost=-10; SavingsPlanARN=sp; publicOnDemandCost=",
        ),
    ];
    let names = AWS.map(|(name, _)| name).join(",");
    let case = |rows: &[String]| {
        Case::aws("2025-06", vec![("r.csv".to_owned(), format!("{names}\n{}", rows.join("\n")).into_bytes())])
    };
    assert_eq!(charges(&case(&rows)), ["Usage \"\" 0 0 0", "Usage \"Used\" 0 7 12"]);
    let alone = case(&rows[..1]).concluded();
    assert!(alone.findings.iter().any(|finding| finding.code == Code::NegationCheck && finding.blocks()));
}

/// What of a commitment was used and what not are together what it costs in the month; or somebody is told by how much
/// they are not. A cent is the vendor's rounding.
#[test]
fn used_and_unused_parts_are_what_a_commitment_costs() {
    const USED: &str = "LineItemId=1; LineItemType=DiscountedUsage; UnblendedCost=0; ReservationARN=ri; EffectiveCost=";
    const FEE: &str = "LineItemId=2; LineItemType=RIFee; ReservationARN=ri; UnblendedCost=10; \
                       AmortizedUpfrontFeeForBillingPeriod=5; UnusedAmortizedUpfrontFeeForBillingPeriod=2; UnusedRecurringFee=4";
    const COVERED: &str = "LineItemId=1; LineItemType=SavingsPlanCoveredUsage; UnblendedCost=0; SavingsPlanARN=sp; SavingsPlanEffectiveCost=";
    const PLAN: &str = "LineItemId=2; LineItemType=SavingsPlanRecurringFee; SavingsPlanARN=sp; TotalCommitmentToDate=10; UsedCommitment=7.25";
    for (fee, used, off) in [
        // The fee of the month is 10 and 5 of what was paid before; 6 of it nobody used.
        (FEE, format!("{USED}9"), None),
        (FEE, format!("{USED}9.009"), None),
        (FEE, format!("{USED}8.5"), Some("off by -0.5.")),
        (FEE, format!("{USED}9.25"), Some("off by 0.25.")),
        (PLAN, format!("{COVERED}7.25"), None),
        (PLAN, format!("{COVERED}6"), Some("off by -1.25.")),
    ] {
        let mut columns = AWS.to_vec();
        columns.push(("reservation/AmortizedUpfrontFeeForBillingPeriod", ""));
        let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",");
        let text = format!("{names}\n{}\n{}", row(&columns, &used), row(&columns, fee));
        let version = Case::aws("2025-06", vec![("r.csv".to_owned(), text.into_bytes())]).concluded();
        let told = version.findings.iter().find(|finding| finding.code == Code::CommitmentCheck);
        assert_eq!(told.is_some(), off.is_some(), "{used}: {:#?}", version.findings);
        if let (Some(told), Some(off)) = (told, off) {
            assert!(told.why.contains(off), "{used}: {}", told.why);
        }
    }
}

/// With net costs, a discount's row with a blank net cell is in the other rows already.
#[test]
fn discounts_in_rows_and_in_columns_are_not_taken_twice() {
    let names = AWS.map(|(name, _)| name).join(",");
    let rows = [
        row(&AWS, "LineItemId=1; LineItemType=Usage; NetUnblendedCost=9"),
        row(&AWS, "LineItemId=2; LineItemType=EdpDiscount; UnblendedCost=-1"),
        row(&AWS, "LineItemId=3; LineItemType=Tax; UnblendedCost=0.5"),
    ];
    let text = format!("{names}\n{}", rows.join("\n"));
    let version = Case::aws("2025-06", vec![("r.csv".to_owned(), text.into_bytes())]).concluded();
    assert_eq!(version.totals.totals.billed["USD"], super::cost("9.5"));
    assert_eq!(version.totals.totals.vendor_cost["USD"], super::cost("9.5"));
}

/// Rows of discounts and net columns are two renderings of one discount. The column is billed; where both are there and
/// come to different sums, somebody has to look.
#[test]
fn discount_rows_and_net_columns_must_agree() {
    let names = AWS.map(|(name, _)| name).join(",");
    let told = |rows: &[&str]| {
        let rows: Vec<String> =
            rows.iter().enumerate().map(|(id, changes)| row(&AWS, &format!("LineItemId={id}; {changes}"))).collect();
        let text = format!("{names}\n{}", rows.join("\n"));
        let version = Case::aws("2025-06", vec![("r.csv".to_owned(), text.into_bytes())]).concluded();
        let found = version.findings.iter().find(|finding| finding.code == Code::DiscountDiffers);
        (version.totals.totals.billed["USD"], found.and_then(|finding| finding.at_stake.clone()))
    };
    const ROW: &str = "LineItemType=EdpDiscount; UnblendedCost=-1";
    let cost = super::cost;
    // In columns alone they differ by the discount; in rows and columns they come to the same.
    assert_eq!(told(&["NetUnblendedCost=9"]), (cost("9"), None));
    assert_eq!(told(&["NetUnblendedCost=9", ROW]), (cost("9"), None));
    assert_eq!(told(&["NetUnblendedCost=9.004", ROW]), (cost("9.004"), None), "rounding");
    // The column takes two off, the row one; the row takes one off, the column nothing.
    assert_eq!(told(&["NetUnblendedCost=8", ROW]), (cost("8"), Some((cost("1"), "USD".to_owned()))));
    assert_eq!(told(&["NetUnblendedCost=10", ROW]), (cost("10"), Some((cost("-1"), "USD".to_owned()))));
}

/// What a month costs and what it was billed differ by what was paid ahead and what of that is used in it.
#[test]
fn effective_is_billed_less_purchases_and_fees_and_with_amortization() {
    let names = AWS.map(|(name, _)| name).join(",");
    // Upfront 120 for a year, ten of them for June, eight of these used; a plan at 6 paid monthly, of which 5 are used.
    let rows = [
        "LineItemType=Usage; UnblendedCost=10",
        "LineItemType=Fee; UnblendedCost=120; ReservationARN=ri",
        "LineItemType=DiscountedUsage; UnblendedCost=0; ReservationARN=ri; EffectiveCost=8",
        "LineItemType=RIFee; UnblendedCost=4; ReservationARN=ri; UnusedAmortizedUpfrontFeeForBillingPeriod=2; UnusedRecurringFee=1",
        "LineItemType=DiscountedUsage; UnblendedCost=0; ReservationARN=ri; EffectiveCost=3",
        "LineItemType=SavingsPlanRecurringFee; UnblendedCost=6; SavingsPlanARN=sp; TotalCommitmentToDate=6; UsedCommitment=5",
        "LineItemType=SavingsPlanCoveredUsage; UnblendedCost=7; SavingsPlanARN=sp; SavingsPlanEffectiveCost=5",
        "LineItemType=SavingsPlanNegation; UnblendedCost=-7; SavingsPlanARN=sp",
        "LineItemType=Tax; UnblendedCost=0.5",
        "LineItemType=Credit; UnblendedCost=-2",
    ];
    let rows: Vec<String> =
        rows.iter().enumerate().map(|(id, changes)| row(&AWS, &format!("LineItemId={id}; {changes}"))).collect();
    let text = format!("{names}\n{}", rows.join("\n"));
    let totals = Case::aws("2025-06", vec![("r.csv".to_owned(), text.into_bytes())]).concluded().totals.totals;
    let (billed, effective) = (totals.billed["USD"], totals.effective.unwrap()["USD"]);
    assert_eq!(billed, super::cost("138.5"));
    // Upfront 120, fees 4 and 6; amortized 10 upfront and 4 recurring of the reservation, 6 of the plan.
    let identity = ["120", "4", "6"].iter().fold(billed, |sum, paid| sum.checked_sub(super::cost(paid)).unwrap());
    let identity = ["14", "6"].iter().fold(identity, |sum, due| sum.checked_add(super::cost(due)).unwrap());
    assert_eq!(effective, identity);
}

#[test]
fn every_type_of_an_azure_row_in_every_view() {
    use View::{ActualAlone, ActualOfPair, AmortizedAlone, AmortizedOfPair};
    const RESERVED: &str = "ChargeType=Usage; PricingModel=Reservation; Cost=";
    for (changes, view, wanted) in [
        ("ChargeType=Usage", ActualAlone, "Usage \"\" 10 10 12"),
        ("ChargeType=Usage", AmortizedOfPair, "Usage \"\" 10 10 12"),
        ("ChargeType=Usage", ActualOfPair, ""),
        ("ChargeType=Usage; PricingModel=Spot", ActualAlone, "Usage \"\" 10 10 12"),
        (&format!("{RESERVED}0"), ActualAlone, "Usage \"Used\" 0 none 12"),
        (&format!("{RESERVED}7"), AmortizedOfPair, "Usage \"Used\" 0 7 12"),
        (&format!("{RESERVED}7"), AmortizedAlone, "Usage \"Used\" 0 7 12"),
        ("ChargeType=UnusedReservation; PricingModel=Reservation", AmortizedOfPair, "Usage \"Unused\" 0 10 0"),
        ("ChargeType=UnusedSavingsPlan; PricingModel=SavingsPlan", AmortizedOfPair, "Usage \"Unused\" 0 10 0"),
        ("ChargeType=Purchase; PricingModel=SavingsPlan", ActualAlone, "Purchase \"\" 10 0 0"),
        ("ChargeType=Purchase; PricingModel=SavingsPlan", ActualOfPair, "Purchase \"\" 10 0 0"),
        ("ChargeType=Purchase; PricingModel=SavingsPlan; Cost=0", AmortizedOfPair, "Purchase \"\" 0 0 0"),
        ("ChargeType=Purchase; PublisherType=Marketplace; PayGPrice=0", ActualAlone, "Purchase \"\" 10 10 none"),
        ("ChargeType=Refund; PricingModel=Reservation; Cost=-10", ActualOfPair, "Purchase \"\" -10 0 0"),
        ("ChargeType=Refund; Cost=-10; PayGPrice=0", ActualAlone, "Purchase \"\" -10 -10 none"),
        ("ChargeType=RoundingAdjustment; PricingModel=; Cost=0.0027", ActualAlone, "Adjustment \"\" 0.0027 0.0027 0"),
        ("ChargeType=Tax; PricingModel=", ActualAlone, "Tax \"\" 10 10 0"),
        ("ChargeType=Credit; PricingModel=; Cost=-10", ActualAlone, "Credit \"\" -10 -10 0"),
        ("ChargeType=Usage; PublisherType=AWS", ActualAlone, ""),
    ] {
        let names = AZURE.map(|(name, _)| name).join(",");
        let text = format!("{names}\n{}", row(&AZURE, changes));
        let found = charges(&Case::azure("2025-06", view, vec![("p.csv".to_owned(), text.into_bytes())]));
        let wanted: Vec<&str> = [wanted].into_iter().filter(|wanted| !wanted.is_empty()).collect();
        assert_eq!(found, wanted, "{changes} in {view:?}");
    }
}
