//! ServiceNow's tables: what tells each of them from the others, and under which names its columns come.
//!
//! Two switches of the instance make four renderings: field names or labels in the header, display values or raw values
//! in the cells. Folded, a label mostly equals its field name (`Cost center`, `cost_center`); the others are listed here.

use super::fold;
use std::collections::BTreeSet;

/// As `[[source]] format` names it.
pub const FORMAT: &str = "servicenow";

/// One table that an export may be of.
pub struct TableDefinition {
    pub name: &'static str,
    /// The header has one field of each of these lists.
    pub tells: &'static [&'static [&'static str]],
    pub role: TableRole,
}

/// What a table is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableRole {
    /// Cloud accounts and their departments.
    Accounts,
    /// Things that run, by their vendor's resource id.
    Resources,
    /// Who depends on whom.
    Relations,
    /// What a relation leads up to.
    Applications,
    Departments,
    CostCenters,
    /// Who uses seats and tokens, and the department they work for.
    People,
    /// Orders and assets: known, not needed for ownership.
    Other,
}

/// The first whose telling columns are all there.
pub const TABLES: &[TableDefinition] = &[
    TableDefinition {
        name: "cmdb_ci_cloud_service_account",
        tells: &[&["account_id"], &["name"]],
        role: TableRole::Accounts,
    },
    TableDefinition { name: "cmdb_rel_ci", tells: &[&["parent"], &["child"], &["type"]], role: TableRole::Relations },
    TableDefinition { name: "cmdb_ci_vm_instance", tells: &[&["object_id"], &["name"]], role: TableRole::Resources },
    TableDefinition {
        name: "cmdb_ci_business_app",
        tells: &[&["it_application_owner", "business_criticality", "busines_criticality"], &["name"]],
        role: TableRole::Applications,
    },
    TableDefinition { name: "cmn_department", tells: &[&["dept_head"], &["name"]], role: TableRole::Departments },
    TableDefinition { name: "cmn_cost_center", tells: &[&["account_number"], &["code"]], role: TableRole::CostCenters },
    TableDefinition { name: "sys_user", tells: &[&["user_name"], &["email"]], role: TableRole::People },
    TableDefinition { name: "sc_req_item", tells: &[&["cat_item"], &["number"]], role: TableRole::Other },
    TableDefinition { name: "sc_task", tells: &[&["request_item"], &["number"]], role: TableRole::Other },
    TableDefinition { name: "alm_asset", tells: &[&["asset_tag"]], role: TableRole::Other },
];

/// Tables that are only told by the name of their file, because their columns are those of every configuration item.
const BY_FILE_NAME: &[TableDefinition] = &[
    TableDefinition { name: "sc_request", tells: &[&["number"]], role: TableRole::Other },
    TableDefinition { name: "cmdb_ci_service", tells: &[&["name"]], role: TableRole::Applications },
    TableDefinition { name: "cmdb_ci_appl", tells: &[&["name"]], role: TableRole::Resources },
    TableDefinition { name: "cmdb_ci_server", tells: &[&["name"]], role: TableRole::Resources },
    TableDefinition { name: "cmdb_ci", tells: &[&["name"]], role: TableRole::Resources },
];

/// Labels that do not fold to their field's name, and fields that instances spell differently.
const OTHER_NAMES: &[(&str, &[&str])] = &[
    ("sys_class_name", &["Class"]),
    ("ci", &["Configuration item"]),
    ("sys_updated_on", &["Updated"]),
    ("sys_id", &["Sys ID"]),
    ("u_fund", &["Fund"]),
    ("it_application_owner", &["IT Owner"]),
    ("dept_head", &["Department head"]),
    ("user_name", &["User ID"]),
    // The name under which a vendor knows a person, where it is neither address nor login: a column of the instance's own.
    ("u_login", &["u_github_login", "u_github_username", "u_github", "GitHub login", "GitHub username"]),
    ("u_upn", &["u_user_principal_name", "User principal name", "UPN"]),
    ("cat_item", &["Item"]),
    ("object_id", &["Object ID"]),
    ("id", &["ID"]),
];

/// Texts that stand where the reader's role may not see a value.
const CONCEALED: &[&str] = &["(restricted)", "restricted", "(hidden)", "security prevents reading this field"];

/// The table that a header is of.
pub fn table_of(file_name: &str, header: &[String]) -> Option<&'static str> {
    let names: BTreeSet<String> = header.iter().map(|name| fold(name)).collect();
    let has = |field: &str| spellings(field).any(|name| names.contains(&name));
    let is_it = |table: &&TableDefinition| table.tells.iter().all(|fields| fields.iter().any(|field| has(field)));
    if let Some(table) = TABLES.iter().find(is_it) {
        return Some(table.name);
    }
    if lacks(file_name, header).is_some() {
        return None;
    }
    let called = file_name.to_lowercase();
    BY_FILE_NAME.iter().filter(is_it).find(|table| called.starts_with(table.name)).map(|table| table.name)
}

/// The table that a file is called after without having the columns that tell it, and the first that is missing.
pub fn lacks(file_name: &str, header: &[String]) -> Option<(&'static str, &'static str)> {
    let called = file_name.to_lowercase();
    let table = TABLES.iter().find(|table| called.starts_with(table.name))?;
    let missing = table.tells.iter().find(|fields| !fields.iter().any(|field| column_of(header, field).is_some()))?;
    Some((table.name, missing[0]))
}

pub fn role_of(table: &str) -> TableRole {
    let found = TABLES.iter().chain(BY_FILE_NAME).find(|definition| definition.name == table);
    found.map_or(TableRole::Other, |definition| definition.role)
}

/// The place of a field in a header of any rendering.
pub fn column_of(header: &[String], field: &str) -> Option<usize> {
    let exactly = fold(field);
    header.iter().position(|name| fold(name) == exactly).or_else(|| {
        let others: Vec<String> = spellings(field).collect();
        header.iter().position(|name| others.contains(&fold(name)))
    })
}

fn spellings(field: &str) -> impl Iterator<Item = String> {
    let others = OTHER_NAMES.iter().filter(move |(name, _)| *name == field).flat_map(|(_, others)| others.iter());
    std::iter::once(fold(field)).chain(others.map(|name| fold(name)))
}

/// A cell without blanks around, and without the apostrophe that keeps a spreadsheet from running it.
pub fn cell(text: &str) -> &str {
    let text = text.trim();
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => text,
    }
}

pub fn is_concealed(text: &str) -> bool {
    CONCEALED.iter().any(|concealed| text.eq_ignore_ascii_case(concealed))
        || (text.len() >= 3 && text.bytes().all(|byte| byte == b'*'))
}

/// Whether a cell holds the key of another record instead of its name.
pub fn is_sys_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_told_by_their_header() {
        for (file, header, expected) in [
            ("x.bin", "name,account_id,department,sys_id", Some("cmdb_ci_cloud_service_account")),
            ("x.bin", "Name,Account id,Department,Sys ID", Some("cmdb_ci_cloud_service_account")),
            ("x.bin", "Name,Object ID,Vm inst id,Class", Some("cmdb_ci_vm_instance")),
            ("x.bin", "Parent,Type,Child,Sys ID", Some("cmdb_rel_ci")),
            ("x.bin", "name,number,busines_criticality,department", Some("cmdb_ci_business_app")),
            ("x.bin", "name,code,account_number,manager", Some("cmn_cost_center")),
            ("x.bin", "Name,Id,Department head,Cost center", Some("cmn_department")),
            ("x.bin", "asset_tag,display_name,cost", Some("alm_asset")),
            ("cmdb_ci_service.csv", "name,department,sys_id", Some("cmdb_ci_service")),
            ("cmdb_ci_linux.csv", "name,department,sys_id", Some("cmdb_ci")),
            ("x.bin", "number,request_item,state,sys_id", Some("sc_task")),
            ("x.bin", "Number,Request item,State,Sys ID", Some("sc_task")),
            ("sc_request.csv", "number,requested_for,price,sys_id", Some("sc_request")),
            ("x.bin", "model,Asset tag,cost", Some("alm_asset")),
            ("x.bin", "name,department,sys_id", None),
        ] {
            let header: Vec<String> = header.split(',').map(str::to_owned).collect();
            assert_eq!(table_of(file, &header), expected, "{header:?}");
        }
    }
}
