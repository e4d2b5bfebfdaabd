//! People: whose seats and tokens are of which department.

use super::records::Record;
use super::telling::Telling;
use super::{Names, add, fold};
use crate::model::intake::DirectoryEntry;
use crate::sources::servicenow::is_concealed;
use std::collections::{BTreeMap, BTreeSet};

/// Under which a vendor's file may name a person. The display name is none of them: two people may share it.
const KEYS: &[&str] = &["email", "user_name", "u_upn", "u_login", "sys_id"];

/// One person, found by any key. Who has left still owns what was used before, so nobody is left out for being inactive.
pub fn person(record: &Record, names: &Names, people: &mut BTreeMap<String, DirectoryEntry>, telling: &mut Telling) {
    let usual = ["email", "user_name"];
    if let Some(field) = usual.into_iter().find(|field| is_concealed(record.get(field))) {
        telling.concealed(record, field);
    } else if usual.iter().all(|field| record.get(field).is_empty()) {
        telling.without_key(record, "email");
    }
    let shown = KEYS.iter().map(|field| record.get(field)).filter(|text| !text.is_empty() && !is_concealed(text));
    let keys: BTreeSet<String> = shown.map(fold).collect();
    let entry = names.entry(record, telling);
    let mut told = false;
    for key in keys {
        // Two records of one person mostly share several keys; that is one thing to tell.
        let finding = add(people, key, entry.clone(), record);
        if let Some(finding) = finding.filter(|_| !told) {
            telling.say(finding);
            told = true;
        }
    }
}
