//! Directory: who owns accounts and resources, as ServiceNow tells it.
//!
//! In     `TableRows`   ServiceNow's tables in any of their renderings, read whole
//! Out    `Directory`   accounts, resources, people and departments by their folded keys
//! Tells  CB04xx        references that lead nowhere or to several records, owners that are hidden or missing
//!
//! A display value names a record and does not identify it: two machines may be called `ramp-app`. A name that several
//! records bear is a finding and never a guess; with `sys_id`s in the export the question does not arise.

mod people;
mod records;
mod relations;
mod telling;

use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::intake::{Directory, DirectoryEntry, TableRows};
use crate::sources::servicenow::{TableRole, is_concealed};
use records::{Record, Sheet, current};
use relations::Items;
use std::collections::{BTreeMap, BTreeSet};
use telling::Telling;

pub fn directory(tables: &[TableRows]) -> (Directory, Vec<Finding>) {
    let sheets: Vec<Sheet> = tables.iter().map(Sheet::new).collect();
    let mut telling = Telling::default();
    for sheet in &sheets {
        telling.about_sheet(sheet);
    }
    let records = current(&sheets, &mut telling);
    let of = |role: TableRole| records.iter().filter(move |record| record.sheet.role == role);
    let names = Names {
        departments: Lookup::new(of(TableRole::Departments), "id", &["id", "name", "sys_id"]),
        cost_centers: Lookup::new(of(TableRole::CostCenters), "code", &["code", "name", "sys_id"]),
    };
    let mut items = Items::new(&records, &names, &mut telling);
    items.relate(of(TableRole::Relations), &mut telling);
    let above = names.above(of(TableRole::Departments), &mut telling);
    let mut directory = Directory { departments: names.departments.certain(), above, ..Directory::default() };
    for record in of(TableRole::Accounts) {
        account(record, &names, &mut directory.accounts, &mut telling);
    }
    for record in of(TableRole::Resources) {
        resource(record, &names, &items, &mut directory.resources, &mut telling);
    }
    for record in of(TableRole::People) {
        people::person(record, &names, &mut directory.people, &mut telling);
    }
    let mut findings = telling.findings();
    Finding::sort(&mut findings);
    (directory, findings)
}

/// A name or key without case and blanks around.
fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// What a reference leads to.
#[derive(Debug, PartialEq, Eq)]
enum Reference {
    Empty,
    Concealed,
    One(String),
    Several(Vec<String>),
    Nowhere(String),
}

/// Records by all their spellings.
#[derive(Default)]
struct Lookup {
    codes: BTreeMap<String, BTreeSet<String>>,
    /// Whether the table was delivered at all.
    delivered: bool,
}

struct Names {
    departments: Lookup,
    cost_centers: Lookup,
}

impl Lookup {
    fn new<'a>(records: impl Iterator<Item = &'a Record<'a>>, code: &str, spellings: &[&str]) -> Self {
        let mut lookup = Self::default();
        for record in records {
            lookup.delivered = true;
            let code = Some(record.get(code)).filter(|code| !code.is_empty()).unwrap_or(record.get("name"));
            for text in spellings.iter().map(|field| record.get(field)).filter(|text| !text.is_empty()) {
                lookup.codes.entry(fold(text)).or_default().insert(code.to_owned());
            }
        }
        lookup
    }

    fn find(&self, text: &str) -> Reference {
        if text.is_empty() {
            return Reference::Empty;
        }
        if is_concealed(text) {
            return Reference::Concealed;
        }
        let codes: Vec<String> =
            self.codes.get(&fold(text)).map(|codes| codes.iter().cloned().collect()).unwrap_or_default();
        match codes.len() {
            0 => Reference::Nowhere(text.to_owned()),
            1 => Reference::One(codes.into_iter().next().unwrap_or_default()),
            _ => Reference::Several(codes),
        }
    }

    /// Spellings that mean one record.
    fn certain(&self) -> BTreeMap<String, String> {
        self.codes.iter().filter_map(|(spelling, codes)| Some((spelling.clone(), one(codes.clone())?))).collect()
    }
}

/// The only one of a set.
fn one(codes: BTreeSet<String>) -> Option<String> {
    if codes.len() == 1 { codes.into_iter().next() } else { None }
}

impl Names {
    /// The departments that a record's cell can mean. A text that no department bears stays as it is: an agency's
    /// aliases may know it.
    fn departments_of(&self, record: &Record, telling: &mut Telling) -> Vec<String> {
        match self.departments.find(record.get("department")) {
            Reference::Empty => Vec::new(),
            Reference::Concealed => {
                telling.concealed(record, "department");
                Vec::new()
            }
            Reference::One(code) => vec![code],
            Reference::Several(codes) => {
                telling.several(record, "department", codes.len());
                codes
            }
            Reference::Nowhere(text) => {
                if self.departments.delivered {
                    telling.nowhere(record, "department", "cmn_department");
                }
                vec![text]
            }
        }
    }

    fn cost_center_of(&self, record: &Record, telling: &mut Telling) -> String {
        match self.cost_centers.find(record.get("cost_center")) {
            Reference::Empty => String::new(),
            Reference::Concealed => {
                telling.concealed(record, "cost_center");
                String::new()
            }
            Reference::One(code) => code,
            Reference::Several(codes) => {
                telling.several(record, "cost_center", codes.len());
                String::new()
            }
            Reference::Nowhere(text) => {
                if self.cost_centers.delivered {
                    telling.nowhere(record, "cost_center", "cmn_cost_center");
                }
                text
            }
        }
    }

    /// Which department each is part of. An agency may be known by the whole, while people and accounts name the part.
    fn above<'a>(
        &self,
        records: impl Iterator<Item = &'a Record<'a>>,
        telling: &mut Telling,
    ) -> BTreeMap<String, String> {
        let mut above: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for record in records {
            let id = Some(record.get("id")).filter(|id| !id.is_empty()).unwrap_or(record.get("name"));
            match self.departments.find(record.get("parent")) {
                Reference::One(parent) if parent != id => {
                    above.entry(id.to_owned()).or_default().insert(parent);
                }
                Reference::Empty | Reference::One(_) => {}
                Reference::Concealed => telling.concealed(record, "parent"),
                Reference::Several(codes) => telling.several(record, "parent", codes.len()),
                Reference::Nowhere(_) => telling.nowhere(record, "parent", "cmn_department"),
            }
        }
        above.into_iter().filter_map(|(id, parents)| Some((id, one(parents)?))).collect()
    }

    fn entry(&self, record: &Record, telling: &mut Telling) -> DirectoryEntry {
        DirectoryEntry {
            departments: self.departments_of(record, telling),
            concealed: is_concealed(record.get("department")),
            cost_center: self.cost_center_of(record, telling),
            applications: Vec::new(),
            file: record.sheet.path().to_owned(),
            row: record.row,
        }
    }
}

/// One cloud account.
fn account(record: &Record, names: &Names, accounts: &mut BTreeMap<String, DirectoryEntry>, telling: &mut Telling) {
    let text = record.get("account_id");
    if text.is_empty() {
        telling.without_key(record, "account_id");
        return;
    }
    if is_concealed(text) {
        telling.concealed(record, "account_id");
        return;
    }
    let Some(key) = account_key(record, text, telling) else { return };
    let entry = names.entry(record, telling);
    if entry.departments.is_empty() && record.get("department").is_empty() {
        telling.say(Finding::new(
            Code::DirectoryOwnerEmpty,
            record.place("department"),
            format!("ServiceNow names no department for account {key}; tags or other rules must own its charges."),
            "Fill in the department in ServiceNow, or add a rule for the account to owners.csv.",
        ));
    }
    telling.say_any(add(accounts, key, entry, record));
}

/// The account's number as the vendor's files spell it.
fn account_key(record: &Record, text: &str, telling: &mut Telling) -> Option<String> {
    let key = fold(text);
    let digits: String = key.chars().filter(|character| *character != '-').collect();
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let other_cloud = !matches!(fold(record.get("datacenter_type")).as_str(), "" | "aws" | "amazon");
    if key.contains("e+") && key.starts_with(|character: char| character.is_ascii_digit()) {
        telling.say(Finding::new(
            Code::CellAccount,
            record.place("account_id").value(text),
            "A spreadsheet turned the account number into a rounded number; its last digits are lost.",
            "Export the table from ServiceNow again and do not save it from a spreadsheet.",
        ));
        return None;
    }
    if other_cloud || !all_digits || !(9..=12).contains(&digits.len()) || digits == key && digits.len() == 12 {
        return Some(key);
    }
    let whole = format!("{digits:0>12}");
    telling.say(Finding::new(
        Code::DirectoryAccount,
        record.place("account_id").value(text),
        format!("Account numbers of AWS have twelve digits; it is read as {whole}."),
        "Correct it in ServiceNow if that is wrong; export as text.",
    ));
    Some(whole)
}

/// One thing that runs in a cloud, by the id that the vendor's charges give it.
fn resource(
    record: &Record,
    names: &Names,
    items: &Items,
    resources: &mut BTreeMap<String, DirectoryEntry>,
    telling: &mut Telling,
) {
    let key = [record.get("object_id"), record.get("vm_inst_id")].into_iter().find(|text| !text.is_empty());
    // Items of the data center have no id in a cloud; they only carry relations.
    let Some(key) = key.filter(|key| !is_concealed(key)) else { return };
    let mut entry = names.entry(record, telling);
    let found = items.applications_of(record);
    entry.applications = found.iter().map(|item| item.name.clone()).collect();
    if entry.departments.is_empty() {
        let inherited: BTreeSet<&String> = found.iter().flat_map(|item| &item.departments).collect();
        entry.departments = inherited.into_iter().cloned().collect();
    }
    if let ([application], true) = (found.as_slice(), entry.cost_center.is_empty()) {
        entry.cost_center.clone_from(&application.cost_center);
    }
    if found.len() > 1 {
        let list: Vec<&str> = found.iter().map(|item| item.name.as_str()).collect();
        telling.say(Finding::new(
            Code::DirectoryAmbiguous,
            record.place("name").value(record.get("name")),
            format!("Its relations lead up to {} applications: {}.", list.len(), list.join(", ")),
            "Correct the relations in ServiceNow, or add a rule for the resource to owners.csv.",
        ));
    }
    telling.say_any(add(resources, fold(key), entry, record));
}

/// Adds an entry. A second record of one key that says something else makes the owner ambiguous.
fn add(
    entries: &mut BTreeMap<String, DirectoryEntry>,
    key: String,
    entry: DirectoryEntry,
    record: &Record,
) -> Option<Finding> {
    let Some(first) = entries.get_mut(&key) else {
        entries.insert(key, entry);
        return None;
    };
    first.concealed |= entry.concealed;
    let agree = first.departments == entry.departments && first.cost_center == entry.cost_center;
    let what = if agree { "Both say the same owner." } else { "They do not agree on the owner, so it is not certain." };
    let mut finding = Finding::new(
        Code::DirectoryRepeated,
        Place { value: None, ..record.place("") }.value(&key),
        format!("Row {} of {} has the same key. {what}", first.row, first.file),
        "Keep one record for it in ServiceNow.",
    );
    finding.place.column = None;
    if agree {
        finding.severity = Severity::Note;
    } else {
        let all: BTreeSet<String> = first.departments.drain(..).chain(entry.departments).collect();
        first.departments = all.into_iter().collect();
        if first.cost_center != entry.cost_center {
            first.cost_center.clear();
        }
    }
    let applications: BTreeSet<String> = first.applications.drain(..).chain(entry.applications).collect();
    first.applications = applications.into_iter().collect();
    Some(finding)
}

#[cfg(test)]
mod tests;
