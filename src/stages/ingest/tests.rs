//! Deliveries with something wrong, each with its exact answer. The letters are those of the list of bad inputs that the
//! project keeps: G files and manifests, H doubles, D months, B headers.

mod headers;
mod manifests;

use super::*;
use crate::model::intake::{Container, TextEncoding, View};
use crate::sources::aws;

const AZURE: &str =
    "Cost,MeterId,SubscriptionId,ChargeType,OfferId,BillingAccountId,PricingModel,BillingPeriodStartDate,Date";

/// The header of an AWS report, as its source knows it: type, cost, account, payer, month.
fn aws_header() -> String {
    let source = &aws::COST_AND_USAGE_REPORT;
    let marks = source.recognition.marks.iter().map(|spellings| spellings[0]);
    marks.chain([source.dates.billing_period_start[0]]).collect::<Vec<_>>().join(",")
}

fn file(path: &str, text: &str) -> InboxFile {
    let look = if text.starts_with('{') {
        FileLook::Json(text.to_owned())
    } else {
        let mut rows = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        FileLook::Table {
            container: Container::Plain,
            encoding: TextEncoding::Utf8,
            delimiter: b',',
            header: rows.next().unwrap_or_default(),
            first_rows: rows.collect(),
        }
    };
    InboxFile { path: path.to_owned(), bytes: text.len() as u64, sha256: text.to_owned(), look }
}

/// A part of an AWS report, with one row that costs so much.
fn report(path: &str, cost: &str) -> InboxFile {
    file(path, &format!("{}\nUsage,{cost},111111111111,999999999999,2025-06-01T00:00:00Z", aws_header()))
}

fn azure(path: &str, cost: &str, charge: &str) -> InboxFile {
    file(path, &format!("{AZURE}\n{cost},m,s,{charge},o,81234567,Reservation,06/01/2025,06/02/2025"))
}

const REPORT: &str = "aws/cur/r/20250601-20250701";

fn aws_manifest(path: &str, version: &str, parts: &[&str]) -> InboxFile {
    let keys: Vec<String> = parts.iter().map(|part| format!("\"{part}\"")).collect();
    let text = format!(
        r#"{{"assemblyId":"{version}","account":"999999999999","reportName":"r","billingPeriod":{{"start":"20250601T000000.000Z"}},"reportKeys":[{}]}}"#,
        keys.join(",")
    );
    file(path, &text)
}

/// A run of an Azure export with one part of that many bytes and rows.
fn azure_manifest(
    path: &str,
    export: &str,
    kind: &str,
    run: &str,
    submitted: &str,
    part: (&str, u64, u64),
) -> InboxFile {
    let (name, bytes, rows) = part;
    let text = format!(
        r#"{{"blobCount":1,"dataRowCount":{rows},"exportConfig":{{"exportName":"{export}","type":"{kind}","resourceId":"/providers/Microsoft.Billing/billingAccounts/81234567/providers/Microsoft.CostManagement/exports/{export}"}},"runInfo":{{"runId":"{run}","submittedTime":"{submitted}","startDate":"2025-06-01T00:00:00"}},"blobs":[{{"blobName":"{name}","byteCount":{bytes},"dataRowCount":{rows}}}]}}"#
    );
    file(path, &text)
}

fn told_with(files: &[InboxFile], state: &State) -> String {
    let Ingested { intake, findings } = ingest(files, state, Month::parse("2025-06").unwrap());
    let mut lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    for version in &intake.versions {
        let parts: Vec<&str> = version.parts.iter().map(|part| paths::name_of(&part.path)).collect();
        lines.push(format!("reads {} {} {:?}: {}", version.source, version.export, version.view, parts.join(", ")));
    }
    lines.join("\n")
}

fn told(files: &[InboxFile]) -> String {
    told_with(files, &State::default())
}

fn state(setting: SourceSetting) -> State {
    State { sources: vec![setting], ..State::default() }
}

#[test]
fn g22_an_expected_source_without_files() {
    let setting = SourceSetting { folder: "azure".to_owned(), expected: true, ..SourceSetting::default() };
    insta::assert_snapshot!(told_with(&[report("aws/june.csv", "1")], &state(setting)), @r#"
    CB0312 blocks the close: an expected source has delivered nothing
      azure/
      why  The settings expect files from azure every month, and 2025-06 has none.
      fix  Put the export into inbox/2025-06/azure/, or set `expected = false`.
    reads aws-cur june Only: june.csv
    "#);
}

#[test]
fn h01_the_same_file_under_a_second_name() {
    insta::assert_snapshot!(told(&[report("aws/june.csv", "1"), report("aws/copy of june.csv", "1")]), @r#"
    CB0309 note: the same file stands twice
      aws/june.csv
      why  It holds the same rows as aws/copy of june.csv, which is read. This copy is not.
      fix  Remove the copy from the inbox.
    reads aws-cur copy of june Only: copy of june.csv
    "#);
    insta::assert_snapshot!(told(&[report("aws/june.csv", "1"), report("other/june.csv", "1")]), @r#"
    CB0309 note: the same file stands twice
      other/june.csv
      why  It holds the same rows as aws/june.csv, which is read. This copy is not.
      fix  Remove the copy from the inbox.
    reads aws-cur june Only: june.csv
    "#);
}

#[test]
fn h01_the_same_rows_in_another_packing() {
    let mut packed = report("aws/a/june.csv.gz", "1");
    packed.sha256 = "other".to_owned();
    insta::assert_snapshot!(told(&[report("aws/b/june.csv", "1"), packed.clone()]), @r#"
    CB0324 blocks the close: two files hold the same rows
      aws/b/june.csv
      why  It begins with the same rows as aws/a/june.csv.gz; reading both would bill them twice.
      fix  Keep the one that counts and remove the other from the inbox.
    reads aws-cur a Only: june.csv.gz
    reads aws-cur b Only: june.csv
    "#);
    packed.path = "aws/b/june.csv.gz".to_owned();
    insta::assert_snapshot!(told(&[report("aws/b/june.csv", "1"), packed]), @r#"
    CB0324 blocks the close: two files hold the same rows
      aws/b/june.csv.gz
      why  It begins with the same rows as aws/b/june.csv; reading both would bill them twice.
      fix  Keep the one that counts and remove the other from the inbox.
    "#);
}

#[test]
fn h03_parts_of_a_month_that_overlap() {
    insta::assert_snapshot!(told(&[report("aws/days-1-15.csv", "1"), report("aws/days-1-31.csv", "2")]), @r#"
    CB0301 blocks the close: several versions of a month and no manifest
      aws/: "days-1-15.csv, days-1-31.csv"
      why  These files of AWS Cost and Usage Report may be several versions of one month, and no manifest says which one counts.
      fix  Add the vendor's manifest, or keep only the version that counts; files of different accounts go into a folder each.
    "#);
    // Numbered without a gap they are parts of one report.
    insta::assert_snapshot!(told(&[report("aws/june-1.csv", "1"), report("aws/june-2.csv", "2")]), @"reads aws-cur aws Only: june-1.csv, june-2.csv");
    // In folders of their own they are reports of their own.
    insta::assert_snapshot!(told(&[report("aws/a/june.csv", "1"), report("aws/b/june.csv", "2")]), @r#"
    reads aws-cur a Only: june.csv
    reads aws-cur b Only: june.csv
    "#);
}

#[test]
fn views_by_manifest_rows_and_names() {
    let plain = |path: &str, cost| azure(path, cost, "Usage");
    insta::assert_snapshot!(told(&[plain("azure/a.csv", "0"), plain("azure/b.csv", "1.5")]), @r#"
    reads azure-ea a ActualOfPair: a.csv
    reads azure-ea b AmortizedOfPair: b.csv
    "#);
    let on_demand =
        |path: &str, cost: &str| file(path, &format!("{AZURE}\n{cost},m,s,Usage,o,8,OnDemand,06/01/2025,06/02/2025"));
    insta::assert_snapshot!(told(&[on_demand("azure/actual.csv", "1"), on_demand("azure/amortized.csv", "1.0")]), @r#"
    reads azure-ea actual ActualOfPair: actual.csv
    reads azure-ea amortized AmortizedOfPair: amortized.csv
    "#);
    insta::assert_snapshot!(told(&[on_demand("azure/june.csv", "1")]), @r#"
    CB0327 warning: actual or amortized: nothing says which
      azure/june.csv
      why  It is read as the actual view. If it is the amortized one, what commitments cover would be billed wrongly.
      fix  Set `format = "azure-ea/actual"` or `"azure-ea/amortized"` for this folder in chargeback.toml.
    reads azure-ea june ActualAlone: june.csv
    "#);
    let format = Some("azure-ea/amortized".to_owned());
    let setting = SourceSetting { folder: "azure".to_owned(), format, ..SourceSetting::default() };
    insta::assert_snapshot!(told_with(&[on_demand("azure/june.csv", "1")], &state(setting)), @"reads azure-ea june AmortizedAlone: june.csv");
}

#[test]
fn two_exports_of_one_account_and_two_runs_of_one_time() {
    let run = |export: &str, run: &str, cost: &str| {
        let part = azure(&format!("azure/{export}/20250601-20250630/{run}/p.csv"), cost, "Purchase");
        let name = format!("{export}/20250601-20250630/{run}/p.csv");
        let manifest = format!("azure/{export}/20250601-20250630/{run}/manifest.json");
        [azure_manifest(&manifest, export, "ActualCost", run, "2025-07-06", (&name, part.bytes, 1)), part]
    };
    insta::assert_snapshot!(told(&[run("a", "r1", "1"), run("b", "r2", "2")].concat()), @r#"
    CB0310 blocks the close: two sources bill the same account and month
      azure/b/20250601-20250630/r2/manifest.json: "81234567"
      why  a and b are both exports of this account for 2025-06; reading both would bill it twice.
      fix  Keep one of the two exports in the inbox.
    reads azure-ea a ActualAlone: p.csv
    reads azure-ea b ActualAlone: p.csv
    "#);
    insta::assert_snapshot!(told(&[run("a", "r1", "1"), run("a", "r2", "2")].concat()), @r#"
    CB0325 blocks the close: two versions of a month and nothing to choose by
      azure/a/20250601-20250630/r1/manifest.json: "r1, r2"
      why  2 runs of a for 2025-06 say the same time of submission, or none.
      fix  Download the month's folder again with its manifest, or keep only the version that counts.
    "#);
}

#[test]
fn the_vendor_s_order_of_parts_stays_and_packing_may_change() {
    let files = [
        aws_manifest(
            "aws/r-Manifest.json",
            "v2",
            &["cur/r/20250601-20250701/v2/r-2.csv.gz", "cur/r/20250601-20250701/v2/r-1.csv.gz"],
        ),
        report("aws/r-1.csv", "1"),
        report("aws/r-2.csv.gz", "2"),
    ];
    insta::assert_snapshot!(told(&files), @"reads aws-cur r Only: r-2.csv.gz, r-1.csv");
    let versions = ingest(&files, &State::default(), Month::parse("2025-06").unwrap()).intake.versions;
    assert_eq!((versions[0].view, versions[0].version.as_str()), (View::Only, "v2"));
}

#[test]
fn a_file_of_another_format_among_the_parts() {
    let files = [
        aws_manifest(
            &format!("{REPORT}/r-Manifest.json"),
            "v2",
            &["cur/r/20250601-20250701/v2/r-1.csv.gz", "cur/r/20250601-20250701/v2/r-2.csv.gz"],
        ),
        report(&format!("{REPORT}/v2/r-1.csv.gz"), "1"),
        file(&format!("{REPORT}/v2/r-2.csv.gz"), "a,b\n1,2"),
    ];
    insta::assert_snapshot!(told(&files), @r#"
    CB0101 blocks the close: the file is not of any known format
      aws/cur/r/20250601-20250701/v2/r-2.csv.gz
      why  The manifest lists it among the parts of AWS Cost and Usage Report, and it is none.
      fix  Download this part again.
    "#);
}

#[test]
fn an_export_of_a_format_that_is_not_read_is_not_passed_over() {
    let folder = "azure/exports/f/20250601-20250630/202507060512/run";
    let part = file(&format!("{folder}/part_0_0001.csv"), "Datum,Betrag\n1,2025-06-01");
    let name = "exports/f/20250601-20250630/202507060512/run/part_0_0001.csv";
    let manifest = format!("{folder}/manifest.json");
    let manifest = azure_manifest(&manifest, "f", "FocusCost", "run", "2025-07-06", (name, part.bytes, 1));
    insta::assert_snapshot!(told(&[manifest, part]), @r#"
    CB0101 blocks the close: the file is not of any known format
      azure/exports/f/20250601-20250630/202507060512/run/part_0_0001.csv
      why  Its header has no column of any format that is known here.
      fix  Download the vendor's export as it is; remove the file if it is none; or name its format for this folder in chargeback.toml.
    "#);
}

#[test]
fn prices_are_information_and_never_billed() {
    let details = "ReservationOrderId,ReservationId,InstanceId,SKUName,ReservedHours,UsageDate,UsedHours\no,r,i,s,24,2025-06-01,3";
    let folder = "azure/exports/p/20250601-20250630/202507060512/run";
    let sheet = |path: &str, first: &str| {
        file(path, &format!("{first},MeterId,UnitPrice,EffectiveStartDate,PriceType\n1,m,0.1,2025-06-01,Consumption"))
    };
    let part = sheet(&format!("{folder}/part_0_0001.csv"), "TierMinimumUnits");
    let name = "exports/p/20250601-20250630/202507060512/run/part_0_0001.csv";
    let manifest = format!("{folder}/manifest.json");
    let manifest = azure_manifest(&manifest, "p", "PriceSheet", "run", "2025-07-06", (name, part.bytes, 1));
    let files = [sheet("azure/prices.csv", "EnrollmentNumber"), manifest, part, file("azure/used.csv", details)];
    insta::assert_snapshot!(told(&files), @r"
    CB0114 note: a file that is not read
      azure/exports/p/20250601-20250630/202507060512/run/part_0_0001.csv
      why  It is a price sheet of an Azure customer agreement: information, and nothing of it is added to a bill.
      fix  Nothing needs to be done.
    CB0114 note: a file that is not read
      azure/prices.csv
      why  It is a price sheet of an Azure enterprise agreement: information, and nothing of it is added to a bill.
      fix  Nothing needs to be done.
    CB0114 note: a file that is not read
      azure/used.csv
      why  It is a list of Azure reservation details: information, and nothing of it is added to a bill.
      fix  Nothing needs to be done.
    ");
}

#[test]
fn ten_thousand_small_parts() {
    let keys: Vec<String> = (0..10_000).map(|n| format!("cur/r/20250601-20250701/v2/r-{n:05}.csv")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut files = vec![aws_manifest(&format!("{REPORT}/r-Manifest.json"), "v2", &keys)];
    files.extend(keys.iter().map(|key| report(&format!("aws/{key}"), &key[key.len() - 9..])));
    let ingested = ingest(&files, &State::default(), Month::parse("2025-06").unwrap());
    assert_eq!(ingested.findings, []);
    assert_eq!(ingested.intake.versions[0].parts.len(), 10_000);
}

#[test]
fn the_order_of_the_files_changes_nothing() {
    let mut files = vec![
        aws_manifest(&format!("{REPORT}/r-Manifest.json"), "v2", &["cur/r/20250601-20250701/v2/r-1.csv.gz"]),
        report(&format!("{REPORT}/v1/r-1.csv.gz"), "1"),
        report(&format!("{REPORT}/v2/r-1.csv.gz"), "2"),
        azure("azure/a.csv", "0", "Usage"),
        file("servicenow/cmn_department.csv", "name,id,dept_head\nA,1,x"),
    ];
    let forward = told(&files);
    files.reverse();
    assert_eq!(told(&files), forward);
}
