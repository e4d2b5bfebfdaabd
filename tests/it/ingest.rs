//! The vendors' deliveries as they are downloaded: which files count.

use chargeback::io::fs::Disk;
use chargeback::io::inbox;
use chargeback::model::finding::{Code, Finding};
use chargeback::model::intake::{Directory, Intake, SourceVersion, View};
use chargeback::model::month::Month;
use chargeback::model::settings::{SourceSetting, State};
use chargeback::model::untrusted::Untrusted;
use chargeback::stages::directory::directory;
use chargeback::stages::ingest::{Ingested, ingest};
use std::path::Path;

fn samples() -> Disk {
    Disk::real(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples"))
}

/// Takes a folder of the samples for the inbox of a month.
fn delivered(folder: &str, month: &str, sources: Vec<SourceSetting>) -> Ingested {
    let state = State { sources, ..State::default() };
    let (files, mut findings) = inbox::look_at_all(&samples(), folder, &state, 2).unwrap();
    let mut ingested = ingest(&files, &state, Month::parse(month).unwrap());
    findings.append(&mut ingested.findings);
    Ingested { findings, ..ingested }
}

fn codes(findings: &[Finding]) -> Vec<(Code, &str)> {
    findings.iter().map(|finding| (finding.code, finding.place.file.raw())).collect()
}

fn parts(version: &SourceVersion) -> Vec<&str> {
    version.parts.iter().map(|part| part.path.as_str()).collect()
}

#[test]
fn of_three_versions_of_june_the_one_that_the_manifest_names() {
    let Ingested { intake, findings } = delivered("aws-cur-legacy/westmark-create-new", "2025-06", Vec::new());
    let [version] = intake.versions.as_slice() else { panic!("{findings:#?}") };
    assert_eq!(
        (version.source.as_str(), version.export.as_str(), version.view),
        ("aws-cur", "westmark-cur", View::Only)
    );
    assert_eq!(version.version, "0b6f3a52-1c11-4d5e-9f10-aa0000000003");
    let june = "cur/westmark-cur/20250601-20250701";
    let third = format!("{june}/0b6f3a52-1c11-4d5e-9f10-aa0000000003");
    assert_eq!(
        parts(version),
        [format!("{third}/westmark-cur-00001.csv.gz"), format!("{third}/westmark-cur-00002.csv.gz")]
    );
    assert_eq!(version.manifest.as_deref(), Some(&*format!("{june}/westmark-cur-Manifest.json")));
    // July lies there too: it is not billed in June, and nobody overlooks it.
    assert_eq!(
        codes(&findings),
        [
            (Code::MonthOther, "cur/westmark-cur/20250701-20250801/westmark-cur-Manifest.json"),
            (Code::VersionSuperseded, &*format!("{june}/0b6f3a52-1c11-4d5e-9f10-aa0000000001/")),
            (Code::VersionSuperseded, &*format!("{june}/0b6f3a52-1c11-4d5e-9f10-aa0000000002/")),
        ]
    );
}

#[test]
fn data_exports_are_the_execution_that_the_manifest_names() {
    let Ingested { intake, findings } = delivered("aws-cur2/create-new", "2025-07", Vec::new());
    let [version] = intake.versions.as_slice() else { panic!("{findings:#?}") };
    assert_eq!((version.source.as_str(), version.export.as_str()), ("aws-cur2", "westmark-cur2v"));
    let data = "exports/westmark-cur2v/data/BILLING_PERIOD=2025-07";
    let second = format!("{data}/20250721T093000Z-bbbb2222-0000-4000-8000-000000000002");
    assert_eq!(parts(version), [format!("{second}/westmark-cur2v-00001.csv.gz")]);
    let first = format!("{data}/20250720T093000Z-aaaa1111-0000-4000-8000-000000000001/");
    assert_eq!(codes(&findings), [(Code::VersionSuperseded, first.as_str())]);

    let Ingested { intake, findings } = delivered("aws-cur2/overwrite", "2025-06", Vec::new());
    let [version] = intake.versions.as_slice() else { panic!("{findings:#?}") };
    let data = "exports/westmark-cur2/data/BILLING_PERIOD=2025-06";
    assert_eq!(parts(version), [1, 2].map(|part| format!("{data}/westmark-cur2-0000{part}.csv.gz")));
    assert_eq!(codes(&findings), []);
}

#[test]
fn a_data_export_that_became_shorter_leaves_a_part_that_is_not_read() {
    let (mut files, _) = inbox::look_at_all(&samples(), "aws-cur2/overwrite", &State::default(), 2).unwrap();
    let data = "exports/westmark-cur2/data/BILLING_PERIOD=2025-06";
    let (mut others, _) = inbox::look_at_all(&samples(), "aws-cur2/create-new", &State::default(), 2).unwrap();
    let mut stale = others.remove(0);
    stale.path = format!("{data}/westmark-cur2-00003.csv.gz");
    files.push(stale.clone());
    let Ingested { intake, findings } = ingest(&files, &State::default(), Month::parse("2025-06").unwrap());
    assert_eq!(intake.versions.iter().map(|version| version.parts.len()).collect::<Vec<_>>(), [2]);
    assert_eq!(codes(&findings), [(Code::FileUnused, stale.path.as_str())]);
}

#[test]
fn parquet_is_told_by_its_columns() {
    let Ingested { intake, findings } = delivered("aws-cur2/variants", "2025-06", Vec::new());
    let [version] = intake.versions.as_slice() else { panic!("{findings:#?}") };
    assert_eq!((version.source.as_str(), parts(version)), ("aws-cur2", vec!["parquet-maps.snappy.parquet"]));
}

#[test]
fn a_second_download_of_a_zip_is_not_read() {
    let Ingested { intake, findings } = delivered("aws-cur-legacy/westmark-overwrite", "2025-05", Vec::new());
    let [version] = intake.versions.as_slice() else { panic!("{findings:#?}") };
    assert_eq!(parts(version), ["cur/ow/20250501-20250601/ow-1.csv.zip"]);
    assert_eq!(codes(&findings), [(Code::FileTwice, "cur/ow/20250501-20250601/ow-1 (1).csv.zip")]);
}

#[test]
fn of_two_azure_runs_the_last_and_both_views_as_a_pair() {
    let Ingested { intake, findings } = delivered("azure-ea/create-new", "2025-06", Vec::new());
    let summary: Vec<(&str, View, usize, Option<u64>, &str)> = intake
        .versions
        .iter()
        .map(|v| (v.export.as_str(), v.view, v.parts.len(), v.rows_expected, v.version.as_str()))
        .collect();
    assert_eq!(
        summary,
        [
            ("westmark-actual", View::ActualOfPair, 2, Some(284), "bbbbbbbb-0000-4000-8000-000000000006"),
            ("westmark-amort", View::AmortizedOfPair, 2, Some(341), "bbbbbbbb-0000-4000-8000-000000000005"),
        ],
        "{findings:#?}"
    );
    let rows: Vec<Option<u64>> = intake.versions[0].parts.iter().map(|part| part.rows_expected).collect();
    assert_eq!(rows, [Some(142), Some(142)]);
    assert!(findings.iter().all(|finding| finding.code == Code::VersionSuperseded), "{findings:#?}");
    assert_eq!(findings.len(), 2);
}

#[test]
fn an_older_header_without_manifest_is_one_version() {
    let Ingested { intake, findings } = delivered("azure-ea/older-header", "2025-05", Vec::new());
    let [version] = intake.versions.as_slice() else { panic!("{findings:#?}") };
    assert_eq!((version.export.as_str(), version.view), ("westmark-ea", View::ActualAlone));
    assert_eq!(codes(&findings), []);
}

#[test]
fn every_rendering_of_servicenow_is_told() {
    for (folder, encoding) in [("default-display", None), ("raw-values", None), ("labels-cp1252", Some("windows-1252"))]
    {
        let settings = ["alm_asset", "cmdb_ci_business_app", "cmdb_ci_cloud_service_account", "cmdb_ci_vm_instance"]
            .into_iter()
            .chain(["cmdb_rel_ci", "cmn_cost_center", "cmn_department", "sc_req_item", "sys_user"]);
        let sources = settings
            .clone()
            .map(|name| SourceSetting {
                folder: format!("{name}.csv"),
                encoding: encoding.map(str::to_owned),
                ..SourceSetting::default()
            })
            .collect();
        let Ingested { intake: Intake { tables, .. }, findings } =
            delivered(&format!("servicenow/{folder}"), "2025-06", sources);
        let told: Vec<&str> = tables.iter().map(|table| table.table.as_str()).collect();
        assert_eq!(told, settings.collect::<Vec<_>>(), "{folder}: {findings:#?}");
        assert_eq!(codes(&findings), []);
    }
    let told = delivered("servicenow/excel-unicode-text", "2025-06", Vec::new()).intake.tables;
    assert_eq!(told.iter().map(|table| table.table.as_str()).collect::<Vec<_>>(), ["sc_req_item"]);
}

/// ServiceNow's tables of one rendering, read into a directory.
fn read(rendering: &str, encoding: Option<&str>) -> (Directory, Vec<String>) {
    let folder = format!("servicenow/{rendering}");
    let names = inbox::list(&samples(), &folder).unwrap().0;
    let setting =
        |folder: String| SourceSetting { folder, encoding: encoding.map(str::to_owned), ..SourceSetting::default() };
    let state = State { sources: names.into_iter().map(setting).collect(), ..State::default() };
    let (files, _) = inbox::look_at_all(&samples(), &folder, &state, 2).unwrap();
    let tables = ingest(&files, &state, Month::parse("2025-06").unwrap()).intake.tables;
    let rows: Vec<_> = tables
        .iter()
        .map(|table| {
            let file = files.iter().find(|file| file.path == table.path).unwrap();
            let (rows, findings) = inbox::read_table(&samples(), &folder, file, table).unwrap();
            assert_eq!(findings, []);
            rows
        })
        .collect();
    let (directory, mut findings) = directory(&rows);
    for finding in &mut findings {
        // As the close shows them: below the books.
        finding.place.file = Untrusted::new(format!("inbox/2025-06/{}", finding.place.file.raw()));
    }
    (directory, findings.iter().map(ToString::to_string).collect())
}

/// What the directory says of accounts and resources, a line each.
fn lines(directory: &Directory) -> String {
    let all = directory.accounts.iter().chain(&directory.resources);
    let line = |(key, entry): (&String, &chargeback::model::intake::DirectoryEntry)| {
        let name = key.rsplit('/').next().unwrap_or(key);
        let (departments, applications) = (entry.departments.join("+"), entry.applications.join("+"));
        format!("{name}: {departments} {} {applications}", entry.cost_center).trim_end().to_owned() + "\n"
    };
    all.map(line).collect()
}

#[test]
fn servicenow_by_display_values_guesses_nothing() {
    let (directory, findings) = read("default-display", None);
    insta::assert_snapshot!(lines(&directory), @r#"
    012345678901: DPS 0550001
    111122223333:
    1a111111-aaaa-4aaa-8aaa-111111111111: DOT 0460100
    222233334444: DOT 0460100
    2b222222-bbbb-4bbb-8bbb-222222222222: DHHS 0700250
    333344445555: DHHS 0700250
    444455556666: DPS 0550001
    dot-app01: DOT 0460100 Ramp Meter Control
    i-0a11b22c33d44e001: DOT
    i-0a11b22c33d44e002: DHHS 0700250 Benefits Eligibility
    i-0a11b22c33d44e003: DPS 0550001 Dispatch CAD
    i-0a11b22c33d44e004:
    i-0ffffffffffffffff:
    "#);
    insta::assert_snapshot!(findings.join("\n"), @r#"
    CB0411 warning: it is not certain which record is meant
      inbox/2025-06/cmdb_rel_ci.csv, row 2, column "child": "ramp-app"
      why  2 records bear this name; which one is meant is not guessed. It stands in 2 rows.
      fix  Export with raw values or a sys_id column for this reference, or rename one of the records.
    CB0409 note: an account without a department in ServiceNow
      inbox/2025-06/cmdb_ci_cloud_service_account.csv, row 5, column "department"
      why  ServiceNow names no department for account 111122223333; tags or other rules must own its charges.
      fix  Fill in the department in ServiceNow, or add a rule for the account to owners.csv.
    "#);
    let (labels, same) = read("labels-cp1252", Some("windows-1252"));
    assert_eq!(lines(&labels), lines(&directory));
    assert_eq!(same.len(), findings.len());
    let spellings: Vec<&str> = directory.departments.keys().map(String::as_str).collect();
    assert_eq!(
        spellings[..4],
        [
            "24c2d4ff8249b69efabde120b032ca6e",
            "7245c0544e85938671b5dd39589f0831",
            "8249b9c9fe3b1762fe1b7ff928468cf3",
            "department of public safety"
        ]
    );
}

#[test]
fn servicenow_by_raw_values_knows_both_machines_of_one_name() {
    let (directory, findings) = read("raw-values", None);
    insta::assert_snapshot!(lines(&directory), @r#"
    012345678901: DPS 0550001
    111122223333:
    1a111111-aaaa-4aaa-8aaa-111111111111: DOT 0460100
    222233334444: DOT 0460100
    2b222222-bbbb-4bbb-8bbb-222222222222: DHHS 0700250
    333344445555: DHHS 0700250
    444455556666: DPS 0550001
    dot-app01: DOT 0460100 Ramp Meter Control
    i-0a11b22c33d44e001: DOT 0460100 Ramp Meter Control
    i-0a11b22c33d44e002: DHHS 0700250 Benefits Eligibility
    i-0a11b22c33d44e003: DPS 0550001 Dispatch CAD
    i-0a11b22c33d44e004: DOT 0460100 Ramp Meter Control
    i-0ffffffffffffffff:
    "#);
    insta::assert_snapshot!(findings.join("\n"), @r#"
    CB0409 note: an account without a department in ServiceNow
      inbox/2025-06/cmdb_ci_cloud_service_account.csv, row 5, column "department"
      why  ServiceNow names no department for account 111122223333; tags or other rules must own its charges.
      fix  Fill in the department in ServiceNow, or add a rule for the account to owners.csv.
    "#);
}
