//! Deliveries with something wrong, each with its exact answer. The letters are those of the list of bad inputs that the
//! project keeps: G files and manifests, H doubles, D months, B headers.

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
fn g01_a_listed_part_is_missing() {
    let files = [
        aws_manifest(
            &format!("{REPORT}/r-Manifest.json"),
            "v2",
            &["cur/r/20250601-20250701/v2/r-1.csv.gz", "cur/r/20250601-20250701/v2/r-2.csv.gz"],
        ),
        report(&format!("{REPORT}/v2/r-1.csv.gz"), "1"),
    ];
    insta::assert_snapshot!(told(&files), @r#"
    CB0303 blocks the close: a part that the manifest lists is missing
      aws/cur/r/20250601-20250701/r-Manifest.json: "cur/r/20250601-20250701/v2/r-2.csv.gz"
      why  Its rows are of the month; without them the bills would be too low.
      fix  Download r-2.csv.gz of version v2 again.
    "#);
}

#[test]
fn g02_a_part_that_no_manifest_lists() {
    let files = [
        aws_manifest(&format!("{REPORT}/r-Manifest.json"), "v2", &["cur/r/20250601-20250701/v2/r-1.csv.gz"]),
        report(&format!("{REPORT}/v2/r-1.csv.gz"), "1"),
        report(&format!("{REPORT}/v2/r-2.csv.gz"), "2"),
    ];
    insta::assert_snapshot!(told(&files), @r#"
    CB0304 blocks the close: a part that no manifest lists
      aws/cur/r/20250601-20250701/v2/r-2.csv.gz
      why  aws/cur/r/20250601-20250701/r-Manifest.json does not list it. It may hold charges of another version, or charges that are missing.
      fix  Remove it from the inbox, or download the month's folder again with its manifest.
    reads aws-cur r Only: r-1.csv.gz
    "#);
}

#[test]
fn an_overwritten_report_leaves_its_old_last_part_behind() {
    let files = [
        aws_manifest(&format!("{REPORT}/r-Manifest.json"), "v2", &["cur/r/20250601-20250701/r-1.csv.gz"]),
        report(&format!("{REPORT}/r-1.csv.gz"), "1"),
        report(&format!("{REPORT}/r-2.csv.gz"), "2"),
    ];
    insta::assert_snapshot!(told(&files), @r#"
    CB0114 note: a file that is not read
      aws/cur/r/20250601-20250701/r-2.csv.gz
      why  aws/cur/r/20250601-20250701/r-Manifest.json does not list it: a longer version of the month left it behind.
      fix  Nothing needs to be done.
    reads aws-cur r Only: r-1.csv.gz
    "#);
}

#[test]
fn g03_g04_g25_parts_outside_the_folder() {
    for (name, expected) in [
        ("cur/../../etc/r-1.csv.gz", true),
        ("/cur/r-1.csv.gz", true),
        ("C:/cur/r-1.csv.gz", true),
        ("cur\\\\r-1.csv.gz", true),
        ("s3://bucket/cur/r/20250601-20250701/v2/r-1.csv.gz", false),
    ] {
        let files = [
            aws_manifest(&format!("{REPORT}/r-Manifest.json"), "v2", &[name]),
            report(&format!("{REPORT}/v2/r-1.csv.gz"), "1"),
        ];
        let findings = ingest(&files, &State::default(), Month::parse("2025-06").unwrap()).findings;
        assert_eq!(findings.iter().any(|finding| finding.code == Code::ManifestPath), expected, "{name}: {findings:?}");
    }
    let files = [
        aws_manifest(&format!("{REPORT}/r-Manifest.json"), "v2", &["cur/../\\u001b[31mr-1.csv.gz"]),
        report(&format!("{REPORT}/v2/r-1.csv.gz"), "1"),
    ];
    insta::assert_snapshot!(told(&files), @r#"
    CB0306 blocks the close: a manifest names a path outside its folder
      aws/cur/r/20250601-20250701/r-Manifest.json: "cur/../<U+001B>[31mr-1.csv.gz"
      why  Parts lie beside or below their manifest. A path that leaves that folder is damage or an attack.
      fix  Download the manifest again from the vendor's storage.
    "#);
}

#[test]
fn g05_bytes_and_rows_off_by_one() {
    let folder = "azure/exports/a/20250601-20250630/202507060512/run";
    let part = azure(&format!("{folder}/part_0_0001.csv"), "1", "Purchase");
    let name = "exports/a/20250601-20250630/202507060512/run/part_0_0001.csv";
    let manifest = |bytes| {
        azure_manifest(
            &format!("{folder}/manifest.json"),
            "a",
            "ActualCost",
            "run",
            "2025-07-06T05:12:31Z",
            (name, bytes, 1),
        )
    };
    insta::assert_snapshot!(told(&[manifest(part.bytes + 1), part.clone()]), @r#"
    CB0305 blocks the close: rows or bytes differ from the manifest
      azure/exports/a/20250601-20250630/202507060512/run/part_0_0001.csv: "164"
      why  manifest.json announces 165 bytes for this part; rows may be missing or changed.
      fix  Download this part again and do not save it from a spreadsheet.
    "#);
    let mut wrong = manifest(part.bytes);
    if let FileLook::Json(text) = &mut wrong.look {
        *text = text.replacen("\"dataRowCount\":1", "\"dataRowCount\":2", 1);
    }
    insta::assert_snapshot!(told(&[wrong, part.clone()]), @r#"
    CB0305 blocks the close: rows or bytes differ from the manifest
      azure/exports/a/20250601-20250630/202507060512/run/manifest.json, column "dataRowCount": "2"
      why  It announces 2 rows, and the parts that it lists have 1.
      fix  Download the manifest and all parts of this run again.
    "#);
    let mut wrong = manifest(part.bytes);
    if let FileLook::Json(text) = &mut wrong.look {
        *text = text.replace("\"blobCount\":1", "\"blobCount\":2");
    }
    insta::assert_snapshot!(told(&[wrong, part.clone()]), @r#"
    CB0305 blocks the close: rows or bytes differ from the manifest
      azure/exports/a/20250601-20250630/202507060512/run/manifest.json, column "blobCount": "2"
      why  It announces 2 parts, and the parts that it lists have 1.
      fix  Download the manifest and all parts of this run again.
    "#);
    insta::assert_snapshot!(told(&[manifest(part.bytes), part]), @r#"
    reads azure-ea a ActualAlone: part_0_0001.csv
    "#);
}

#[test]
fn g06_a_part_listed_twice() {
    let key = "cur/r/20250601-20250701/v2/r-1.csv.gz";
    let files = [
        aws_manifest(&format!("{REPORT}/r-Manifest.json"), "v2", &[key, key]),
        report(&format!("{REPORT}/v2/r-1.csv.gz"), "1"),
    ];
    insta::assert_snapshot!(told(&files), @r#"
    CB0307 blocks the close: a manifest lists a part twice
      aws/cur/r/20250601-20250701/r-Manifest.json: "cur/r/20250601-20250701/v2/r-1.csv.gz"
      why  Reading the part twice would bill its rows twice.
      fix  Download the manifest again; do not edit it.
    "#);
}

#[test]
fn g07_several_versions_and_no_manifest_that_chooses() {
    let version = |version: &str, cost: &str| {
        [
            aws_manifest(
                &format!("{REPORT}/{version}/r-Manifest.json"),
                version,
                &[&format!("cur/r/20250601-20250701/{version}/r-1.csv.gz")],
            ),
            report(&format!("{REPORT}/{version}/r-1.csv.gz"), cost),
        ]
    };
    let both = [version("v1", "1"), version("v2", "2")].concat();
    insta::assert_snapshot!(told(&both), @r#"
    CB0301 blocks the close: several versions of a month and no manifest
      aws/cur/r/20250601-20250701/v1/r-Manifest.json: "v1, v2"
      why  There are 2 versions of r for 2025-06, and the manifest that names the current one is missing.
      fix  Download the month's folder again with its manifest, or keep only the version that counts.
    "#);
    // Without any manifest the folders alone say the same.
    let bare: Vec<InboxFile> = both.iter().filter(|file| file.path.ends_with(".gz")).cloned().collect();
    insta::assert_snapshot!(told(&bare), @r#"
    CB0301 blocks the close: several versions of a month and no manifest
      aws/cur/r/20250601-20250701/: "v1, v2"
      why  These folders of AWS Cost and Usage Report may be several versions of one month, and no manifest says which one counts.
      fix  Add the vendor's manifest, or keep only the version that counts; files of different accounts go into a folder each.
    "#);
    // One version speaks for itself.
    insta::assert_snapshot!(told(&version("v1", "1")), @"reads aws-cur r Only: r-1.csv.gz");
}

#[test]
fn two_manifests_that_name_different_versions() {
    let files = [
        aws_manifest(&format!("{REPORT}/r-Manifest.json"), "v1", &["cur/r/20250601-20250701/v1/r-1.csv.gz"]),
        aws_manifest(&format!("{REPORT}/r-Manifest (1).json"), "v2", &["cur/r/20250601-20250701/v2/r-1.csv.gz"]),
        report(&format!("{REPORT}/v1/r-1.csv.gz"), "1"),
        report(&format!("{REPORT}/v2/r-1.csv.gz"), "2"),
    ];
    insta::assert_snapshot!(told(&files), @r#"
    CB0325 blocks the close: two versions of a month and nothing to choose by
      aws/cur/r/20250601-20250701/r-Manifest (1).json: "v1, v2"
      why  2 manifests of r for 2025-06 each name another version as the current one.
      fix  Download the month's folder again with its manifest, or keep only the version that counts.
    "#);
}

#[test]
fn g08_a_part_of_another_version_is_not_taken() {
    let files = [
        aws_manifest(&format!("{REPORT}/r-Manifest.json"), "v2", &["cur/r/20250601-20250701/v2/r-1.csv.gz"]),
        report(&format!("{REPORT}/v1/r-1.csv.gz"), "1"),
    ];
    insta::assert_snapshot!(told(&files), @r#"
    CB0303 blocks the close: a part that the manifest lists is missing
      aws/cur/r/20250601-20250701/r-Manifest.json: "cur/r/20250601-20250701/v2/r-1.csv.gz"
      why  Its rows are of the month; without them the bills would be too low. aws/cur/r/20250601-20250701/v1/r-1.csv.gz bears the same name and is of another version.
      fix  Download r-1.csv.gz of version v2 again.
    CB0308 note: an older version is not read
      aws/cur/r/20250601-20250701/v1/
      why  aws/cur/r/20250601-20250701/r-Manifest.json says that version v2 counts. 1 file of this folder is not read.
      fix  Nothing needs to be done.
    "#);
}

#[test]
fn g09_g10_g24_manifests_that_say_nothing() {
    let path = format!("{REPORT}/r-Manifest.json");
    let deep = format!("{{\"reportKeys\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let cases = [
        file(&path, "no manifest at all"),
        file(&path, "{\"assemblyId\": \"v1\", \"reportKeys\""),
        file(&path, "{\"hello\": 1}"),
        file(&path, &deep),
        aws_manifest(&path, "v1", &[]),
        aws_manifest(&path, "v1", &[""]),
        file("aws/other.json", "{\"hello\": 1}"),
    ];
    let all: Vec<String> = cases.iter().map(|case| told(std::slice::from_ref(case))).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    CB0302 blocks the close: a manifest cannot be read
      aws/cur/r/20250601-20250701/r-Manifest.json
      why  It is called a manifest and is not JSON.
      fix  Download the manifest again from the vendor's storage.
    CB0302 blocks the close: a manifest cannot be read
      aws/cur/r/20250601-20250701/r-Manifest.json
      why  It is not whole JSON: EOF while parsing an object at line 1 column 33.
      fix  Download the manifest again from the vendor's storage, with all parts of its version.
    CB0302 blocks the close: a manifest cannot be read
      aws/cur/r/20250601-20250701/r-Manifest.json
      why  It has none of the entries that name the parts of a report.
      fix  Download the manifest again from the vendor's storage, with all parts of its version.
    CB0302 blocks the close: a manifest cannot be read
      aws/cur/r/20250601-20250701/r-Manifest.json
      why  It is not whole JSON: recursion limit exceeded at line 1 column 141.
      fix  Download the manifest again from the vendor's storage, with all parts of its version.
    CB0302 blocks the close: a manifest cannot be read
      aws/cur/r/20250601-20250701/r-Manifest.json
      why  It lists no parts, so nobody can say whether the month is complete.
      fix  Download the manifest again from the vendor's storage, with all parts of its version.
    CB0302 blocks the close: a manifest cannot be read
      aws/cur/r/20250601-20250701/r-Manifest.json
      why  A part that it lists has no name.
      fix  Download the manifest again from the vendor's storage, with all parts of its version.
    CB0101 blocks the close: the file is not of any known format
      aws/other.json
      why  It is JSON and no manifest of a vendor that is known here.
      fix  Download the vendor's export as it is; remove the file if it is none; or name its format for this folder in chargeback.toml.
    "#);
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
fn d01_d15_another_month() {
    let may = file("aws/may.csv", &format!("{}\nUsage,1,1,9,2025-05-01T00:00:00Z", aws_header()));
    insta::assert_snapshot!(told(std::slice::from_ref(&may)), @r#"
    CB0311 blocks the close: rows of another month
      aws/may.csv: "2025-05"
      why  Its rows are of May 2025, and June 2025 is to be closed.
      fix  Move it to inbox/2025-05/, and put the export of June 2025 here.
    "#);
    let files = [
        aws_manifest(&format!("{REPORT}/r-Manifest.json"), "v2", &["cur/r/20250601-20250701/v2/r-1.csv.gz"]),
        InboxFile { path: format!("{REPORT}/v2/r-1.csv.gz"), ..may },
    ];
    insta::assert_snapshot!(told(&files), @r#"
    CB0311 blocks the close: rows of another month
      aws/cur/r/20250601-20250701/r-Manifest.json: "2025-05"
      why  Its rows are of May 2025, and June 2025 is to be closed.
      fix  Move it to inbox/2025-05/, and put the export of June 2025 here.
    "#);
}

#[test]
fn a_manifest_that_names_another_month_than_its_rows() {
    let may = "aws/cur/r/20250501-20250601";
    let mut manifest =
        aws_manifest(&format!("{may}/r-Manifest.json"), "v2", &["cur/r/20250501-20250601/v2/r-1.csv.gz"]);
    if let FileLook::Json(text) = &mut manifest.look {
        *text = text.replace("20250601T", "20250501T");
    }
    insta::assert_snapshot!(told(&[manifest, report(&format!("{may}/v2/r-1.csv.gz"), "1")]), @r#"
    CB0316 note: a manifest names another month than its rows
      aws/cur/r/20250501-20250601/r-Manifest.json: "2025-05"
      why  Its rows are of 2025-06. The rows decide.
      fix  Nothing needs to be done.
    reads aws-cur r Only: r-1.csv.gz
    "#);
}

#[test]
fn a24_a_header_without_rows() {
    insta::assert_snapshot!(told(&[file("aws/june.csv", &aws_header())]), @r#"
    CB0103 blocks the close: the file has a header and no rows
      aws/june.csv
      why  An export without a single row is either a month without charges or a failed download.
      fix  Download it again; if there were no charges, set `allow_empty = true` for this folder in chargeback.toml.
    reads aws-cur june Only: june.csv
    "#);
    let setting = SourceSetting { folder: "aws".to_owned(), allow_empty: true, ..SourceSetting::default() };
    insta::assert_snapshot!(told_with(&[file("aws/june.csv", &aws_header())], &state(setting)), @r#"
    CB0103 note: the file has a header and no rows
      aws/june.csv
      why  It has a header and no rows; the settings accept that for this folder.
      fix  Nothing needs to be done.
    reads aws-cur june Only: june.csv
    "#);
    // The last part of a report may be empty.
    insta::assert_snapshot!(told(&[report("aws/june-1.csv", "1"), file("aws/june-2.csv", &aws_header())]), @"reads aws-cur aws Only: june-1.csv, june-2.csv");
}

#[test]
fn b22_b31_b32_headers_of_no_known_format() {
    let files = [
        file("a/unknown.csv", "Datum,Betrag,Konto\n1,2,3"),
        file("a/preamble.csv", &format!("Report for June\n\n{}\nUsage,1,1,9,2025-06-01", aws_header())),
        file("a/mixed.csv", &format!("{},line_item_usage_account_id\nUsage,1,1,9,2025-06-01,1", aws_header())),
        file(
            "a/mca.csv",
            &format!("{AZURE},exchangeRatePricingToBilling\n1,m,s,Usage,o,8,OnDemand,06/01/2025,06/02/2025,0.92"),
        ),
        file("a/one column", "total\n1"),
    ];
    insta::assert_snapshot!(told(&files), @r#"
    CB0101 blocks the close: the file is not of any known format
      a/mca.csv
      why  It has the columns of Azure cost details (enterprise agreement) and also exchangeRatePricingToBilling, which that format never has.
      fix  Download the vendor's export as it is; remove the file if it is none; or name its format for this folder in chargeback.toml.
    CB0101 blocks the close: the file is not of any known format
      a/mixed.csv
      why  It has the columns of AWS Cost and Usage Report and also line_item_usage_account_id, which that format never has.
      fix  Download the vendor's export as it is; remove the file if it is none; or name its format for this folder in chargeback.toml.
    CB0101 blocks the close: the file is not of any known format
      a/one column
      why  Its header has no column of any format that is known here.
      fix  Download the vendor's export as it is; remove the file if it is none; or name its format for this folder in chargeback.toml.
    CB0101 blocks the close: the file is not of any known format
      a/preamble.csv, line 3
      why  Its header stands in row 3, below lines that are no table.
      fix  Download the vendor's export as it is; remove the file if it is none; or name its format for this folder in chargeback.toml.
    CB0101 blocks the close: the file is not of any known format
      a/unknown.csv
      why  Its header has no column of any format that is known here.
      fix  Download the vendor's export as it is; remove the file if it is none; or name its format for this folder in chargeback.toml.
    "#);
}

#[test]
fn b15_b16_b17_headers_that_are_still_told() {
    for header in [
        aws_header().to_uppercase(),
        aws_header().replace(',', " ,"),
        format!("\u{feff}{}", aws_header()),
        aws_header().replace("UnblendedCost", "Cost"),
        aws_header().split(',').rev().collect::<Vec<_>>().join(","),
    ] {
        let header: Vec<String> = header.split(',').map(str::to_owned).collect();
        assert_eq!(source_of(&header, &[]).map(|source| source.name), Some("aws-cur"), "{header:?}");
    }
    // An empty column of the other agreements proves nothing.
    let both = file(
        "azure/june.csv",
        &format!("{AZURE},exchangeRatePricingToBilling\n1,m,s,Purchase,o,8,Reservation,06/01/2025,06/02/2025,"),
    );
    insta::assert_snapshot!(told(&[both]), @"reads azure-ea june ActualAlone: june.csv");
}

#[test]
fn a_format_that_nobody_knows() {
    let setting =
        SourceSetting { folder: "aws".to_owned(), format: Some("aws-cost".to_owned()), ..SourceSetting::default() };
    let told = told_with(&[report("aws/june.csv", "1")], &state(setting));
    let names: Vec<&str> = crate::sources::SOURCES.iter().map(|source| source.name).collect();
    insta::assert_snapshot!(told.replace(&names.join(", "), "(all)"), @r#"
    CB0326 blocks the close: the settings name a format nobody knows
      chargeback.toml, column "format": "aws-cost"
      why  The files of aws are to be read as this, and no such format is known.
      fix  Write one of (all), servicenow, or remove the line.
    reads aws-cur june Only: june.csv
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
