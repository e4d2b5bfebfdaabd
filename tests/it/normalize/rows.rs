//! What is wrong with rows and cells, each with its exact message, and what becomes of the money.

use super::{Case, blocking, cost};
use chargeback::frame::charges::NoSink;
use chargeback::frame::roll_up::to_parquet;
use chargeback::model::charge::CostBasis;
use chargeback::model::finding::Code;
use chargeback::model::intake::View;
use chargeback::model::money::Cost;
use chargeback::model::part_outcome::PartOutcome;
use chargeback::model::roll_up::RollUp;
use proptest::prelude::*;
use std::fmt::Write;

const AWS: [&str; 21] = [
    "identity/LineItemId",
    "bill/InvoiceId",
    "bill/PayerAccountId",
    "bill/BillingPeriodStartDate",
    "lineItem/UsageAccountId",
    "lineItem/LineItemType",
    "lineItem/UsageStartDate",
    "lineItem/UsageEndDate",
    "lineItem/ProductCode",
    "lineItem/UsageType",
    "lineItem/UsageAmount",
    "lineItem/CurrencyCode",
    "lineItem/UnblendedCost",
    "lineItem/LineItemDescription",
    "pricing/publicOnDemandCost",
    "reservation/ReservationARN",
    "savingsPlan/SavingsPlanARN",
    "savingsPlan/SavingsPlanEffectiveCost",
    "savingsPlan/TotalCommitmentToDate",
    "savingsPlan/UsedCommitment",
    "resourceTags/user:agency",
];

const USUAL: [&str; 21] = [
    "id-1",
    "2045678901",
    "111122223333",
    "2025-06-01T00:00:00Z",
    "222233334444",
    "Usage",
    "2025-06-03T00:00:00Z",
    "2025-06-04T00:00:00Z",
    "AmazonEC2",
    "BoxUsage:m5.large",
    "24",
    "USD",
    "2.304",
    "m5.large, \"Linux\"",
    "2.4",
    "",
    "",
    "",
    "",
    "",
    "DOT",
];

const AZURE: [&str; 15] = [
    "BillingAccountId",
    "BillingPeriodStartDate",
    "SubscriptionId",
    "Date",
    "MeterCategory",
    "Quantity",
    "Cost",
    "BillingCurrency",
    "ResourceId",
    "Tags",
    "ChargeType",
    "PricingModel",
    "Frequency",
    "PublisherType",
    "CostAllocationRuleName",
];

const VM: [&str; 15] = [
    "81234567",
    "06/01/2025",
    "1A111111-aaaa-4aaa-8aaa-111111111111",
    "06/03/2025",
    "Virtual Machines",
    "24",
    "4.05504",
    "USD",
    "/subscriptions/1/resourceGroups/RG-DOT/vm1",
    "\"Agency\": \"DOT\"",
    "Usage",
    "OnDemand",
    "UsageBased",
    "Azure",
    "",
];

fn line(cells: &[&str]) -> String {
    let quoted: Vec<String> = cells
        .iter()
        .map(|cell| {
            if cell.contains(['"', ',', '\n']) {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                (*cell).to_owned()
            }
        })
        .collect();
    quoted.join(",") + "\n"
}

/// The usual row with some cells changed.
fn row(header: &[&str], usual: &[&str], changes: &[(&str, &str)]) -> String {
    let mut cells = usual.to_vec();
    for &(column, cell) in changes {
        cells[header.iter().position(|name| *name == column).unwrap_or_else(|| panic!("{column}"))] = cell;
    }
    line(&cells)
}

fn aws_row(changes: &[(&str, &str)]) -> String {
    row(&AWS, &USUAL, changes)
}

fn aws(rows: &str) -> Case {
    Case::aws("2025-06", vec![("cloud/cur.csv".to_owned(), (line(&AWS) + rows).into_bytes())])
}

fn azure(view: View, rows: &str) -> Case {
    Case::azure("2025-06", view, vec![("cloud/ea.csv".to_owned(), (line(&AZURE) + rows).into_bytes())])
}

fn read(case: &Case) -> PartOutcome {
    case.part(0, &mut NoSink)
}

fn told(name: &str, case: &Case) -> String {
    let part = read(case);
    let totals = &part.totals;
    let mut text = format!(
        "# {name}\n# rows read {} accepted {} rejected {}, vendor cost {:?}, billed {:?}\n",
        totals.rows_read, totals.rows_accepted, totals.rows_rejected, totals.vendor_cost, totals.billed
    );
    for finding in &part.findings {
        writeln!(text, "{finding}").unwrap();
    }
    for row in &part.rejected {
        writeln!(text, "rejected row {} column {:?} {:?} {:?}", row.row, row.column, row.raw, row.at_stake).unwrap();
    }
    text + "\n"
}

#[test]
fn bad_cells_of_a_cost_and_usage_report() {
    let second = |column: &'static str, cell: &'static str| {
        let other = ("identity/LineItemId", "id-2");
        (format!("{column} {cell:?}"), aws_row(&[]) + &aws_row(&[other, (column, cell)]))
    };
    let mut text = String::new();
    for (name, rows) in [
        second("lineItem/UnblendedCost", "N/A"),
        second("lineItem/UnblendedCost", ""),
        second("lineItem/UnblendedCost", "1,234.56"),
        second("lineItem/UnblendedCost", "(12.34)"),
        second("lineItem/UnblendedCost", "$12.34"),
        second("lineItem/UnblendedCost", "1.5e-7"),
        second("lineItem/UnblendedCost", "1e400"),
        second("lineItem/UnblendedCost", "0.0000000000000000001"),
        second("lineItem/UnblendedCost", "=1+1"),
        second("lineItem/UsageAmount", "many"),
        second("lineItem/UsageAmount", "-3"),
        second("lineItem/CurrencyCode", "EUR"),
        second("lineItem/CurrencyCode", "dollars"),
        second("lineItem/CurrencyCode", ""),
        second("lineItem/CurrencyCode", "usd"),
        second("lineItem/UsageAccountId", "1.23457E+11"),
        second("lineItem/UsageAccountId", "22233334444"),
        second("lineItem/UsageAccountId", ""),
        second("lineItem/UsageStartDate", "03/04/2025"),
        second("lineItem/UsageStartDate", ""),
        second("lineItem/UsageStartDate", "2025-06-31T00:00:00Z"),
        second("lineItem/UsageStartDate", "2025-06-05T00:00:00Z"),
        second("lineItem/UsageStartDate", "2024-06-03T00:00:00Z"),
        second("lineItem/UsageStartDate", "2025-05-31T00:00:00Z"),
        second("bill/BillingPeriodStartDate", "2025-05-01T00:00:00Z"),
        second("lineItem/LineItemType", "FutureThing"),
        second("pricing/publicOnDemandCost", "convertible"),
        second("resourceTags/user:agency", "key AKIAIOSFODNN7EXAMPLE"),
        second("identity/LineItemId", "id-1"),
        (
            "a cell too many".to_owned(),
            aws_row(&[]) + &aws_row(&[("identity/LineItemId", "id-2")]).replace('\n', ",x\n"),
        ),
        ("a cell too few".to_owned(), aws_row(&[]) + "id-2,2045678901\n"),
        ("the header again".to_owned(), aws_row(&[]) + &line(&AWS)),
        ("only commas".to_owned(), aws_row(&[]) + &",".repeat(20) + "\n"),
        ("blank lines at the end".to_owned(), aws_row(&[]) + "\n\r\n\n"),
        ("a quote never closed".to_owned(), aws_row(&[]) + "id-2,\"2045678901,111\n" + &aws_row(&[])),
        ("a footer".to_owned(), aws_row(&[]) + &aws_row(&[]).replace("id-1", "Total").replace("111122223333", "")),
        (
            "three rows of one fault".to_owned(),
            aws_row(&[("lineItem/LineItemType", "FutureThing")]).replace("id-1", "a")
                + &aws_row(&[("lineItem/LineItemType", "FutureThing")]).replace("id-1", "b")
                + &aws_row(&[("lineItem/LineItemType", "FutureThing")]).replace("id-1", "c"),
        ),
    ] {
        text += &told(&name, &aws(&rows));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn bad_cells_of_azure_cost_details() {
    let second = |column: &'static str, cell: &'static str| {
        (
            format!("{column} {cell:?}"),
            row(&AZURE, &VM, &[]) + &row(&AZURE, &VM, &[("MeterCategory", "Storage"), (column, cell)]),
        )
    };
    let mut text = String::new();
    for (name, rows) in [
        second("Cost", "4,05"),
        second("Cost", "5.64902E-05"),
        second("SubscriptionId", "00000000-0000-0000-0000-000000000000"),
        second("BillingAccountId", "8.1235E+7"),
        second("Date", "2025-06-03"),
        second("Date", "13/06/2025"),
        second("Date", "05/31/2025"),
        second("Date", "6/3/25"),
        second("Tags", "\"agency\": \"DOT\",\"Agency\": \"DOH\""),
        second("Tags", "\"agency\": "),
        second("CostAllocationRuleName", "shared-network"),
        ("equal rows".to_owned(), row(&AZURE, &VM, &[]).repeat(3)),
        ("every row twice".to_owned(), (row(&AZURE, &VM, &[]) + &row(&AZURE, &VM, &[("Quantity", "12")])).repeat(2)),
    ] {
        text += &told(&name, &azure(View::ActualAlone, &rows));
    }
    insta::assert_snapshot!(text);
}

/// A letter of an older encoding, further down than anybody looked when the encoding was settled.
#[test]
fn a_cell_of_windows_1252_is_read_and_told() {
    let mut case =
        aws(&(aws_row(&[]) + &aws_row(&[("identity/LineItemId", "id-2"), ("resourceTags/user:agency", "D?T")])));
    let place = case.parts[0].1.iter().position(|&byte| byte == b'?').unwrap();
    case.parts[0].1[place] = 0xc9;
    insta::assert_snapshot!(told("DÉT in Windows-1252", &case));
}

#[test]
fn bytes_that_are_not_text_are_shown() {
    let mut case =
        aws(&(aws_row(&[]) + &aws_row(&[("identity/LineItemId", "id-2"), ("resourceTags/user:agency", "D?T")])));
    let place = case.parts[0].1.iter().position(|&byte| byte == b'?').unwrap();
    case.parts[0].1[place] = 0xff;
    insta::assert_snapshot!(told("byte FF", &case));
}

#[test]
fn headers_that_cannot_be_read() {
    let mut text = String::new();
    let cost = AWS.iter().position(|name| *name == "lineItem/UnblendedCost").unwrap();
    for (name, change) in [
        ("without its cost", "lineItem/BlendedCosts"),
        ("the cost twice", "lineitem/UnblendedCost "),
        ("the cost in two styles", "line_item_unblended_cost"),
    ] {
        let mut header = AWS.to_vec();
        let place = if name == "without its cost" { cost } else { 20 };
        header[place] = change;
        let case =
            Case::aws("2025-06", vec![("cloud/cur.csv".to_owned(), (line(&header) + &aws_row(&[])).into_bytes())]);
        text += &told(name, &case);
    }
    text += &told("nothing at all", &Case::aws("2025-06", vec![("cloud/cur.csv".to_owned(), Vec::new())]));
    insta::assert_snapshot!(text);
}

#[test]
fn a_truncated_gzip_is_a_finding() {
    let mut packed = Vec::new();
    let mut writer = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::fast());
    std::io::Write::write_all(&mut writer, (line(&AWS) + &aws_row(&[]).repeat(500)).as_bytes()).unwrap();
    writer.finish().unwrap();
    packed.truncate(packed.len() / 2);
    let case = aws("");
    let settings = super::settings("USD");
    let job = chargeback::stages::normalize::PartJob {
        source: chargeback::sources::named("aws-cur").unwrap(),
        file: "inbox/2025-06/cloud/cur.csv.gz",
        delimiter: b',',
        row_width: None,
        month: case.version().month,
        view: View::Only,
        net: false,
        currency: "USD",
        convertible: Vec::new(),
        currency_of_file: None,
        date_order: None,
        about_dates: None,
        usage_only: false,
        billing_tags: &settings.state.billing_tags,
        repeated_rows_limit: 1,
    };
    let mut text = flate2::read::MultiGzDecoder::new(packed.as_slice());
    let part = chargeback::stages::normalize::normalize_part(&job, &mut text, &mut NoSink).unwrap();
    assert!(part.findings.iter().any(|finding| finding.code == Code::FileDamaged), "{:#?}", part.findings);
}

#[test]
fn plans_whose_negations_are_missing_block_and_stay_in_the_total() {
    let arn = ("savingsPlan/SavingsPlanARN", "arn:plan");
    let covered = |id, amount| {
        let kind = ("lineItem/LineItemType", "SavingsPlanCoveredUsage");
        let effective = ("savingsPlan/SavingsPlanEffectiveCost", "1.5");
        aws_row(&[("identity/LineItemId", id), kind, arn, effective, ("lineItem/UnblendedCost", amount)])
    };
    let negation = |id, amount| {
        let kind = ("lineItem/LineItemType", "SavingsPlanNegation");
        aws_row(&[("identity/LineItemId", id), kind, arn, ("lineItem/UnblendedCost", amount)])
    };
    let fee = aws_row(&[
        ("identity/LineItemId", "fee"),
        ("lineItem/LineItemType", "SavingsPlanRecurringFee"),
        arn,
        ("lineItem/UnblendedCost", "4"),
        ("savingsPlan/TotalCommitmentToDate", "4"),
        ("savingsPlan/UsedCommitment", "3"),
    ]);
    let whole = aws(&(covered("a", "2.304") + &covered("b", "2.304") + &negation("c", "-4.608") + &fee)).concluded();
    assert_eq!(blocking(&whole.findings), []);
    assert_eq!(whole.totals.totals.billed["USD"], cost("4"));
    assert_eq!(whole.totals.totals.effective.as_ref().unwrap()["USD"], cost("4"));
    assert_eq!(whole.roll_up.rows().filter(|row| !row.sums().billed.is_zero()).count(), 1);

    let lacking = aws(&(covered("a", "2.304") + &covered("b", "2.304") + &fee)).concluded();
    assert_eq!(lacking.totals.totals.billed["USD"], cost("8.608"));
    let mut settings = super::settings("USD");
    let rows = covered("a", "2.304") + &covered("b", "2.304") + &fee;
    for (limit, blocks) in [(460, true), (461, false)] {
        settings.state.gates.negation_limit = chargeback::model::money::Money::from_cents(limit);
        let case = aws(&rows);
        let parts = vec![case.part(0, &mut NoSink)];
        let version = chargeback::stages::normalize::conclude_version(&case.version(), parts, &settings).unwrap();
        assert_eq!(version.findings.iter().any(|finding| finding.blocks()), blocks, "{limit} cents");
        assert_eq!(version.totals.totals.billed["USD"], cost("8.608"), "what is tolerated is billed as it stands");
    }
    let half = aws(&(covered("a", "2.304") + &negation("c", "-2.304") + &fee)).concluded();
    let text: Vec<String> =
        lacking.findings.iter().chain(&half.findings).map(std::string::ToString::to_string).collect();
    insta::assert_snapshot!(text.join("\n\n"));
}

#[test]
fn a_month_partly_invoiced() {
    let open = aws_row(&[("identity/LineItemId", "id-2"), ("bill/InvoiceId", "")]);
    let version = aws(&(aws_row(&[]) + &open)).concluded();
    insta::assert_snapshot!(version.findings[0].to_string());
}

#[test]
fn a_rejected_row_that_someone_waived_no_longer_blocks() {
    let case = aws(&(aws_row(&[]) + &aws_row(&[("identity/LineItemId", "id-2"), ("lineItem/UsageAmount", "many")])));
    let mut settings = super::settings("USD");
    settings.quarantine.push(chargeback::model::settings::QuarantineWaiver {
        line: 2,
        file: "cloud/cur.csv".to_owned(),
        row: 3,
        reason: "vendor confirmed".to_owned(),
        approved_by: "J. Doe".to_owned(),
    });
    let part = case.part(0, &mut NoSink);
    let version = chargeback::stages::normalize::conclude_version(&case.version(), vec![part], &settings).unwrap();
    assert_eq!(blocking(&version.findings), []);
    assert_eq!(version.rejected[0].waived, Some(("vendor confirmed".to_owned(), "J. Doe".to_owned())));
    assert_eq!(version.rejected[0].at_stake, Some((cost("2.304"), "USD".to_owned())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Reading two parts and merging them is reading their rows in one, and no digit of the vendor's cost is lost.
    #[test]
    fn merging_is_reading_in_one(
        costs in prop::collection::vec((any::<i32>(), 0usize..4, 1u32..30, 0usize..3), 1..40),
        cut in 0usize..40,
    ) {
        let cut = cut.min(costs.len());
        let mut rows = Vec::new();
        let mut total = Cost::ZERO;
        for (place, &(units, account, day, agency)) in costs.iter().enumerate() {
            let amount = Cost::from_units(i128::from(units) * 1_000_000_007);
            total = total.checked_add(amount).unwrap();
            rows.push(aws_row(&[
                ("identity/LineItemId", &format!("id-{place}")),
                ("lineItem/UnblendedCost", &amount.to_string()),
                ("lineItem/UsageAccountId", ["222233334444", "333344445555", "444455556666", "000055556666"][account]),
                ("lineItem/UsageStartDate", &format!("2025-06-{day:02}T07:00:00Z")),
                ("lineItem/UsageEndDate", &format!("2025-06-{day:02}T08:00:00Z")),
                ("resourceTags/user:agency", ["DOT", "DOH", ""][agency]),
            ]));
        }
        let whole = read(&aws(&rows.concat()));
        let parts = [read(&aws(&rows[..cut].concat())), read(&aws(&rows[cut..].concat()))];
        let tags = whole.roll_up.tags().to_vec();
        prop_assert_eq!(whole.roll_up.total(CostBasis::Billed).unwrap(), Some(total));
        for order in [[0, 1], [1, 0]] {
            let merged = RollUp::merge(order.map(|place: usize| parts[place].roll_up.clone()), tags.clone()).unwrap();
            prop_assert_eq!(to_parquet(&merged).unwrap(), to_parquet(&whole.roll_up).unwrap());
        }
    }
    /// Netting moves no money: what the vendor's rounding leaves of a pair stays, and covered usage is billed nothing.
    #[test]
    fn netting_keeps_the_total(
        covered in prop::collection::vec((1i64..1_000_000_000, 0usize..3, 1u32..5), 1..30),
        rounding in -1i128..=1,
    ) {
        let accounts = ["222233334444", "333344445555", "444455556666"];
        let mut rows = String::new();
        let mut sums = std::collections::BTreeMap::new();
        let row = |id: &str, kind: &str, amount: Cost, account: usize, day: u32| {
            aws_row(&[
                ("identity/LineItemId", id),
                ("lineItem/LineItemType", kind),
                ("lineItem/UnblendedCost", &amount.to_string()),
                ("lineItem/UsageAccountId", accounts[account]),
                ("lineItem/UsageStartDate", &format!("2025-06-{day:02}T07:00:00Z")),
                ("lineItem/UsageEndDate", &format!("2025-06-{day:02}T08:00:00Z")),
                ("savingsPlan/SavingsPlanEffectiveCost", "0.5"),
            ])
        };
        for (place, &(amount, account, day)) in covered.iter().enumerate() {
            let amount = Cost::from_units(i128::from(amount) * 100_000_000);
            rows += &row(&format!("c{place}"), "SavingsPlanCoveredUsage", amount, account, day);
            let sum: &mut Cost = sums.entry((account, day)).or_default();
            *sum = sum.checked_add(amount).unwrap();
        }
        let mut total = Cost::ZERO;
        for (place, ((account, day), sum)) in sums.into_iter().enumerate() {
            let left = Cost::from_units(rounding * 100_000_000);
            rows += &row(&format!("n{place}"), "SavingsPlanNegation", left.checked_sub(sum).unwrap(), account, day);
            total = total.checked_add(left).unwrap();
        }
        let version = aws(&rows).concluded();
        prop_assert_eq!(blocking(&version.findings), vec![]);
        prop_assert_eq!(version.totals.totals.billed["USD"], total);
        prop_assert_eq!(version.roll_up.total(CostBasis::Billed).unwrap(), Some(total));
        for row in version.roll_up.rows() {
            let covered = row.text(chargeback::model::charge::Dimension::ChargeType) == "SavingsPlanCoveredUsage";
            prop_assert!(!covered || row.sums().billed.is_zero());
        }
    }
}
