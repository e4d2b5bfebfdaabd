use super::*;
use crate::model::intake::TableFile;

/// Tables as text: a line with the table's name, then its rows, cells apart by `|`.
fn tables(text: &str) -> Vec<TableRows> {
    let mut tables: Vec<TableRows> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix("# ") {
            let path = format!(
                "inbox/2025-06/servicenow/{name}{}.csv",
                tables.iter().filter(|t| t.file.table == name).count()
            );
            let file = TableFile { path: path.replace("0.csv", ".csv"), sha256: String::new(), table: name.to_owned() };
            tables.push(TableRows { file, ..TableRows::default() });
            continue;
        }
        let table = tables.last_mut().unwrap();
        let cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
        if table.header.is_empty() {
            table.header = cells;
        } else {
            table.rows.push((table.rows.len() as u64 + 2, cells));
        }
    }
    tables
}

const DEPARTMENTS: &str = "
    # cmn_department
    name                         | id  | dept_head | sys_id
    Department of Transportation | DOT | Ana       | 7245c0544e85938671b5dd39589f0831
    Department of Health         | DOH | José      | 8249b9c9fe3b1762fe1b7ff928468cf3
";

fn told(text: &str) -> (Directory, Vec<String>) {
    let (directory, findings) = directory(&tables(text));
    (directory, findings.iter().map(ToString::to_string).collect())
}

fn owner(directory: &Directory, account: &str) -> String {
    directory.accounts.get(account).map_or("-".to_owned(), |entry| entry.departments.join("+"))
}

#[test]
fn departments_by_name_id_and_key() {
    let (directory, findings) = told(&format!(
        "{DEPARTMENTS}
        # cmdb_ci_cloud_service_account
        name | account_id   | department                       | sys_id
        a    | 111111111111 | Department of Transportation     | 01
        b    | 222222222222 | dot                              | 02
        c    | 333333333333 | 8249b9c9fe3b1762fe1b7ff928468cf3 | 03
        d    | 1A-B         | DEPARTMENT OF HEALTH             | 04
    "
    ));
    let owners: Vec<String> = ["111111111111", "222222222222", "333333333333", "1a-b"]
        .iter()
        .map(|account| owner(&directory, account))
        .collect();
    assert_eq!(owners, ["DOT", "DOT", "DOH", "DOH"]);
    assert_eq!(findings, Vec::<String>::new());
}

#[test]
fn account_numbers_that_a_spreadsheet_touched() {
    let (directory, findings) = told(
        "
        # cmdb_ci_cloud_service_account
        name | account_id     | department | datacenter_type | sys_id
        a    | 12345678901    | DOT        | aws             | 01
        b    | 1.23457E+11    | DOT        | aws             | 02
        c    | 1111-2222-3333 | DOH        |                 | 03
        d    | 12345678901    | DOH        | google          | 04
        e    |                | DOH        | aws             | 05
        f    | 999999999999   |            | aws             | 06
        g    | 888888888888   | (restricted) | aws           | 07
    ",
    );
    assert_eq!(
        directory.accounts.keys().map(String::as_str).collect::<Vec<_>>(),
        ["012345678901", "111122223333", "12345678901", "888888888888", "999999999999"]
    );
    insta::assert_snapshot!(findings.join("\n"), @r#"
    CB0210 blocks the close: an account number is damaged
      inbox/2025-06/servicenow/cmdb_ci_cloud_service_account.csv, row 3, column "account_id": "1.23457E+11"
      why  A spreadsheet turned the account number into a rounded number; its last digits are lost.
      fix  Export the table from ServiceNow again and do not save it from a spreadsheet.
    CB0408 warning: ServiceNow does not show the owner
      inbox/2025-06/servicenow/cmdb_ci_cloud_service_account.csv, row 8, column "department": "(restricted)"
      why  The account that made the export may not see this value, so it counts as missing.
      fix  Give the exporting role the right to read this field, and export again.
    CB0409 note: an account without a department in ServiceNow
      inbox/2025-06/servicenow/cmdb_ci_cloud_service_account.csv, row 7, column "department"
      why  ServiceNow names no department for account 999999999999; tags or other rules must own its charges.
      fix  Fill in the department in ServiceNow, or add a rule for the account to owners.csv.
    CB0412 note: records without sys_id
      inbox/2025-06/servicenow/cmdb_ci_cloud_service_account.csv, row 6, column "account_id"
      why  The cell is empty, so the record cannot be found by it.
      fix  Fill it in in ServiceNow, or leave the record out of the export.
    CB0414 note: an account number was repaired
      inbox/2025-06/servicenow/cmdb_ci_cloud_service_account.csv, row 2, column "account_id": "12345678901"
      why  Account numbers of AWS have twelve digits; it is read as 012345678901.
      fix  Correct it in ServiceNow if that is wrong; export as text.
    CB0414 note: an account number was repaired
      inbox/2025-06/servicenow/cmdb_ci_cloud_service_account.csv, row 4, column "account_id": "1111-2222-3333"
      why  Account numbers of AWS have twelve digits; it is read as 111122223333.
      fix  Correct it in ServiceNow if that is wrong; export as text.
    "#);
}

#[test]
fn two_records_of_one_account() {
    let (directory, findings) = told(&format!(
        "{DEPARTMENTS}
        # cmdb_ci_cloud_service_account
        name | account_id   | department | cost_center | sys_id
        a    | 111111111111 | DOT        | 10          | 01
        b    | 111111111111 | DOH        | 10          | 02
        c    | 012345678901 | DOT        | 10          | 03
        d    | 12345678901  | DOT        | 10          | 04
        e    | 222222222222 | Roads      | 20          | 05
    "
    ));
    assert_eq!(owner(&directory, "111111111111"), "DOH+DOT");
    assert_eq!(owner(&directory, "012345678901"), "DOT");
    // An agency's aliases may know what no department is called.
    assert_eq!(owner(&directory, "222222222222"), "Roads");
    insta::assert_snapshot!(findings.join("\n"), @r#"
    CB0410 warning: a reference that leads to no record
      inbox/2025-06/servicenow/cmdb_ci_cloud_service_account.csv, row 6, column "department": "Roads"
      why  No record of cmn_department bears this name.
      fix  Export both tables on the same day and without filters, or correct the reference in ServiceNow.
    CB0413 warning: one account, resource or person stands on two records
      inbox/2025-06/servicenow/cmdb_ci_cloud_service_account.csv, row 3: "111111111111"
      why  Row 2 of inbox/2025-06/servicenow/cmdb_ci_cloud_service_account.csv has the same key. They do not agree on the owner, so it is not certain.
      fix  Keep one record for it in ServiceNow.
    CB0413 note: one account, resource or person stands on two records
      inbox/2025-06/servicenow/cmdb_ci_cloud_service_account.csv, row 5: "012345678901"
      why  Row 4 of inbox/2025-06/servicenow/cmdb_ci_cloud_service_account.csv has the same key. Both say the same owner.
      fix  Keep one record for it in ServiceNow.
    CB0414 note: an account number was repaired
      inbox/2025-06/servicenow/cmdb_ci_cloud_service_account.csv, row 5, column "account_id": "12345678901"
      why  Account numbers of AWS have twelve digits; it is read as 012345678901.
      fix  Correct it in ServiceNow if that is wrong; export as text.
    "#);
}

#[test]
fn departments_of_one_name_are_not_guessed() {
    let (directory, findings) = told(
        "
        # cmn_department
        name          | id  | dept_head | sys_id
        Public Safety | DPS | Lee       | 01
        Public Safety | DHS | Kim       | 02
        # cmdb_ci_cloud_service_account
        name | account_id   | department    | sys_id
        a    | 111111111111 | Public Safety | 03
        b    | 222222222222 | Public Safety | 04
        c    | 333333333333 | 02            | 05
    ",
    );
    assert_eq!(owner(&directory, "111111111111"), "DHS+DPS");
    assert_eq!(owner(&directory, "333333333333"), "DHS");
    assert!(!directory.departments.contains_key("public safety"));
    insta::assert_snapshot!(findings.join("\n"), @r#"
    CB0411 warning: it is not certain which record is meant
      inbox/2025-06/servicenow/cmdb_ci_cloud_service_account.csv, row 2, column "department": "Public Safety"
      why  2 records bear this name; which one is meant is not guessed. It stands in 2 rows.
      fix  Export with raw values or a sys_id column for this reference, or rename one of the records.
    "#);
}

const MACHINES: &str = "
    # cmdb_ci_vm_instance
    name   | object_id | department | cost_center | sys_id
    web    | i-1       |            |             | 21
    web    | i-2       | DOH        |             | 22
    db     | i-3       |            |             | 23
    queue  | i-4       |            |             | 24
    # cmdb_ci_business_app
    name     | it_application_owner | department | cost_center | sys_id
    Ramp     | Ana                  | DOT        | 10          | 31
    Benefits | José                 | DOH        | 20          | 32
";

#[test]
fn applications_by_relations() {
    let (directory, findings) = told(&format!(
        "{DEPARTMENTS}{MACHINES}
        # cmdb_rel_ci
        parent   | type                | child | sys_id
        Ramp     | Depends on::Used by | db    | 41
        Ramp     | Depends on::Used by | web   | 42
        db       | Depends on::Used by | queue | 43
        queue    | Depends on::Used by | db    | 44
        Benefits | Depends on::Used by | queue | 45
        Ghost    | Depends on::Used by | db    | 46
    "
    ));
    let entry = |key: &str| {
        let entry = &directory.resources[key];
        (entry.departments.join("+"), entry.cost_center.clone(), entry.applications.join("+"))
    };
    let of = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    // Two machines are called `web`: neither gets the application.
    assert_eq!(entry("i-1"), of("", "", ""));
    assert_eq!(entry("i-2"), of("DOH", "", ""));
    assert_eq!(entry("i-4"), of("DOH+DOT", "", "Ramp+Benefits"));
    insta::assert_snapshot!(findings.join("\n"), @r#"
    CB0410 warning: a reference that leads to no record
      inbox/2025-06/servicenow/cmdb_rel_ci.csv, row 7, column "parent": "Ghost"
      why  No record of the tables of configuration items bears this name.
      fix  Export both tables on the same day and without filters, or correct the reference in ServiceNow.
    CB0411 warning: it is not certain which record is meant
      inbox/2025-06/servicenow/cmdb_ci_vm_instance.csv, row 4, column "name": "db"
      why  Its relations lead up to 2 applications: Ramp, Benefits.
      fix  Correct the relations in ServiceNow, or add a rule for the resource to owners.csv.
    CB0411 warning: it is not certain which record is meant
      inbox/2025-06/servicenow/cmdb_ci_vm_instance.csv, row 5, column "name": "queue"
      why  Its relations lead up to 2 applications: Ramp, Benefits.
      fix  Correct the relations in ServiceNow, or add a rule for the resource to owners.csv.
    CB0411 warning: it is not certain which record is meant
      inbox/2025-06/servicenow/cmdb_rel_ci.csv, row 3, column "child": "web"
      why  2 records bear this name; which one is meant is not guessed.
      fix  Export with raw values or a sys_id column for this reference, or rename one of the records.
    "#);
}

#[test]
fn raw_values_settle_what_names_cannot() {
    let (directory, findings) = told(&format!(
        "{DEPARTMENTS}{MACHINES}
        # cmdb_rel_ci
        parent | type | child | sys_id
        31     | x    | 21    | 41
        32     | x    | 22    | 42
    "
    ));
    assert_eq!(directory.resources["i-1"].applications, ["Ramp"]);
    assert_eq!(
        (directory.resources["i-1"].departments.join(""), &*directory.resources["i-1"].cost_center),
        ("DOT".to_owned(), "10")
    );
    assert_eq!(directory.resources["i-2"].applications, ["Benefits"]);
    assert_eq!(findings, Vec::<String>::new());
}

#[test]
fn people_by_every_key_and_departments_by_what_they_are_part_of() {
    let (directory, findings) = told(
        "
        # cmn_department
        name          | id  | dept_head | parent | sys_id
        Health        | DOH | José      |        | 01
        Clinics       | CLI | Kim       | Health | 02
        Loop          | LOP | Kim       | LOP    | 03
        Orphan        | ORP | Kim       | Ghost  | 04
        # sys_user
        User ID | name | email                | department   | active | GitHub login | sys_id
        areyes  | Ana  | Ana@doh.example.gov  | Clinics      | true   | ana-gh       | 11
        jn      | José | jn@doh.example.gov   | 01           | false  |              | 12
        jn2     | José | JN@doh.example.gov   | Clinics      | true   |              | 13
        lp      | Lee  | (restricted)         | (restricted) | true   |              | 14
                | Pat  |                      | 01           | true   |              | 15
    ",
    );
    let departments = |key: &str| directory.people.get(key).map(|entry| entry.departments.join("+"));
    for (key, expected) in [
        ("ana@doh.example.gov", Some("CLI")),
        ("areyes", Some("CLI")),
        ("ana-gh", Some("CLI")),
        ("11", Some("CLI")),
        // Who has left still owns what was used before.
        ("jn", Some("DOH")),
        // Two people with one address: nobody's, but each by the own login.
        ("jn@doh.example.gov", Some("CLI+DOH")),
        ("jn2", Some("CLI")),
        ("lp", Some("")),
        ("(restricted)", None),
        ("josé", None),
    ] {
        assert_eq!(departments(key).as_deref(), expected, "{key}");
    }
    assert!(directory.people["lp"].concealed);
    assert_eq!(directory.above.iter().collect::<Vec<_>>(), [(&"CLI".to_owned(), &"DOH".to_owned())]);
    insta::assert_snapshot!(findings.join("\n"));
}

#[test]
fn a_newer_export_replaces_the_older() {
    let (directory, findings) = told(
        "
        # cmdb_ci_cloud_service_account
        name | account_id   | department | sys_updated_on      | sys_id
        a    | 111111111111 | DOT        | 25-05-2025 00:00:00 | 01
        b    | 222222222222 | DOT        | 25-05-2025 00:00:00 | 02
        # cmdb_ci_cloud_service_account
        name | account_id   | department | sys_updated_on      | sys_id
        a    | 111111111111 | DOH        | 2025-06-30 00:00:00 | 01
        b    | 222222222222 | DOT        | 25-05-2025 00:00:00 | 02
    ",
    );
    assert_eq!(
        (owner(&directory, "111111111111"), owner(&directory, "222222222222")),
        ("DOH".to_owned(), "DOT".to_owned())
    );
    insta::assert_snapshot!(findings.join("\n"), @r#"
    CB0413 note: one account, resource or person stands on two records
      inbox/2025-06/servicenow/cmdb_ci_cloud_service_account.csv, row 2, column "sys_id": "01"
      why  Row 2 of inbox/2025-06/servicenow/cmdb_ci_cloud_service_account1.csv is the same record, updated later; it counts.
      fix  Nothing needs to be done; remove the older export if it is not needed.
    "#);
}

#[test]
fn tables_without_keys_or_cut_off() {
    let mut cut = tables(
        "
        # cmn_cost_center
        name | code | account_number
    ",
    );
    cut[0].rows = (0..1000).map(|row| (row + 2, vec![format!("c{row}"), format!("{row}"), "1".to_owned()])).collect();
    let (_, findings) = directory(&cut);
    insta::assert_snapshot!(findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @r#"
    CB0115 warning: a table may have been cut off
      inbox/2025-06/servicenow/cmn_cost_center.csv
      why  It has exactly 1000 rows, which is where exports stop by default; more records may exist.
      fix  Raise the export's row limit in ServiceNow, or export in two parts.
    CB0412 note: records without sys_id
      inbox/2025-06/servicenow/cmn_cost_center.csv, row 1
      why  The export has no sys_id column, so its records are only told apart by their names.
      fix  Add sys_id to the view that is exported.
    "#);
}
