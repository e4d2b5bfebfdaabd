//! What manifests say, and where they are wrong.

use super::*;

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
