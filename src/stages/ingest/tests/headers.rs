//! Months, and headers that are no known format's or not quite.

use super::*;

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
