//! How many rows a second: `cargo test --release --test it -- --ignored --nocapture rows_a_second`.

use super::Case;
use chargeback::frame::charges::{ChargesWriter, NoSink};
use chargeback::frame::delimited::{Record, Scanner};
use chargeback::frame::roll_up::write_run;
use chargeback::model::month::Month;
use std::fmt::Write;
use std::time::Instant;

/// Columns of the shape that a month of a large payer has.
const HEADER: &str = "identity/LineItemId,identity/TimeInterval,bill/InvoiceId,bill/InvoicingEntity,bill/BillingEntity,\
bill/BillType,bill/PayerAccountId,bill/BillingPeriodStartDate,bill/BillingPeriodEndDate,lineItem/UsageAccountId,\
lineItem/LineItemType,lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/ProductCode,lineItem/UsageType,\
lineItem/Operation,lineItem/AvailabilityZone,lineItem/ResourceId,lineItem/UsageAmount,lineItem/NormalizationFactor,\
lineItem/CurrencyCode,lineItem/UnblendedRate,lineItem/UnblendedCost,lineItem/BlendedCost,lineItem/LineItemDescription,\
lineItem/LegalEntity,product/ProductName,product/region,product/sku,pricing/publicOnDemandCost,pricing/unit,\
reservation/ReservationARN,reservation/EffectiveCost,savingsPlan/SavingsPlanARN,savingsPlan/SavingsPlanEffectiveCost,\
resourceTags/user:Agency,resourceTags/user:Application,resourceTags/user:CostCenter";

fn month_of(rows: usize) -> String {
    let mut text = String::with_capacity(rows * 700);
    text.push_str(HEADER);
    text.push('\n');
    let resources = (rows / 360).max(1);
    let services = ["AmazonEC2", "AmazonS3", "AmazonRDS", "AWSLambda", "AmazonDynamoDB"];
    for row in 0..rows {
        let (resource, hour) = (row % resources, row / resources);
        let (day, hour) = (hour / 24 % 28 + 1, hour % 24);
        let account = 100_000_000_000_u64 + 7919 * (resource as u64 % 200);
        let service = services[resource % services.len()];
        let cost = (row as u64).wrapping_mul(2_654_435_761) % 100_000;
        writeln!(
            text,
            "{row:064x},2025-04-{day:02}T{hour:02}:00:00Z/2025-04-{day:02}T{hour:02}:59:59Z,INV-20250400,\
             \"Amazon Web Services, Inc.\",AWS,Anniversary,100000000000,2025-04-01T00:00:00Z,2025-05-01T00:00:00Z,{account},\
             Usage,2025-04-{day:02}T{hour:02}:00:00Z,2025-04-{day:02}T{hour:02}:59:59Z,{service},USW2-BoxUsage:m5.large,\
             RunInstances,us-west-2a,arn:aws:{service}:us-west-2:{account}:resource/{resource:032x},{}.{:03},,USD,\
             0.0000012345,0.{cost:010},0.{cost:010},\"${}.{:03} per On Demand Linux {service} Instance Hour, first \"\"10\"\" TB\",\
             \"Amazon Web Services, Inc.\",Amazon {service},us-west-2,{:016X},0.{cost:010},Hrs,,,,,{},app-{},CC{}",
            row % 50,
            row % 1000,
            row % 100,
            resource % 1000,
            resource % 4000,
            ["DOT", "DOH", "DOR", "EDU", ""][resource % 5],
            resource % 120,
            1000 + account % 60
        )
        .unwrap();
    }
    text
}

#[test]
#[ignore = "a measurement, for the release profile"]
fn rows_a_second() {
    let rows = std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(200_000);
    let case = Case::aws("2025-04", vec![("cloud/bench.csv".to_owned(), month_of(rows).into_bytes())]);
    let bytes = case.parts[0].1.len();
    println!("{rows} rows, {} MB", bytes / 1_000_000);
    let lap = |name: &str, start: Instant| {
        let micros = start.elapsed().as_micros().max(1);
        println!("{name:<10} {:>9} rows/s  {:>5} MB/s", rows as u128 * 1_000_000 / micros, bytes as u128 / micros);
    };
    let start = Instant::now();
    let mut scanner = Scanner::new(case.parts[0].1.as_slice(), b',');
    let mut record = Record::default();
    while scanner.next(&mut record).unwrap() {}
    lap("scan", start);
    let start = Instant::now();
    let part = case.part(0, &mut NoSink);
    lap("charges", start);
    println!("{} roll-up rows", part.roll_up.len());
    assert_eq!(part.totals.rows_accepted, rows as u64);
    let start = Instant::now();
    let tags = ["agency".to_owned(), "application".to_owned()];
    let mut written = Vec::new();
    let mut writer = ChargesWriter::new(&mut written, &tags, "bench.csv", Month::parse("2025-04").unwrap()).unwrap();
    case.part(0, &mut writer);
    writer.finish().unwrap();
    lap("written", start);
    println!("{} MB of Parquet", written.len() / 1_000_000);
    let start = Instant::now();
    let kept = write_run(&part.roll_up, Vec::new()).unwrap();
    lap("kept", start);
    println!("{} MB for the part cache", kept.len() / 1_000_000);
}
