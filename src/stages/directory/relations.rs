//! Configuration items and the relations between them: from a machine up to the applications that depend on it.

use super::records::Record;
use super::telling::Telling;
use super::{Names, fold};
use crate::sources::servicenow::{TableRole, is_concealed};
use std::collections::{BTreeMap, BTreeSet};

/// Steps up at most; deeper trees are loops or mistakes.
const DEPTH: usize = 16;

pub struct Item {
    pub name: String,
    pub departments: Vec<String>,
    pub cost_center: String,
    is_application: bool,
    parents: BTreeSet<usize>,
}

#[derive(Default)]
pub struct Items {
    items: Vec<Item>,
    by_key: BTreeMap<String, usize>,
    by_name: BTreeMap<String, BTreeSet<usize>>,
    by_place: BTreeMap<(String, u64), usize>,
}

impl Items {
    pub fn new(records: &[Record], names: &Names, telling: &mut Telling) -> Self {
        let mut items = Self::default();
        for record in records {
            let is_application = record.sheet.role == TableRole::Applications;
            if !is_application && record.sheet.role != TableRole::Resources {
                continue;
            }
            let place = items.items.len();
            // What a resource says of its owner is told when the resource is entered.
            let (departments, cost_center) = if is_application {
                (names.departments_of(record, telling), names.cost_center_of(record, telling))
            } else {
                (Vec::new(), String::new())
            };
            let name = record.get("name").to_owned();
            let key = fold(record.get("sys_id"));
            if !key.is_empty() {
                items.by_key.insert(key, place);
            }
            if !name.is_empty() {
                items.by_name.entry(fold(&name)).or_default().insert(place);
            }
            items.by_place.insert((record.sheet.path().to_owned(), record.row), place);
            items.items.push(Item { name, departments, cost_center, is_application, parents: BTreeSet::new() });
        }
        items
    }

    /// Takes in who depends on whom. A relation of which one end is not certain is left out, with a finding.
    pub fn relate<'a>(&mut self, records: impl Iterator<Item = &'a Record<'a>>, telling: &mut Telling) {
        for record in records {
            let parent = self.end(record, "parent", telling);
            let child = self.end(record, "child", telling);
            if let (Some(parent), Some(child)) = (parent, child) {
                self.items[child].parents.insert(parent);
            }
        }
    }

    fn end(&self, record: &Record, field: &'static str, telling: &mut Telling) -> Option<usize> {
        let text = record.get(field);
        if text.is_empty() {
            telling.without_key(record, field);
            return None;
        }
        if is_concealed(text) {
            telling.concealed(record, field);
            return None;
        }
        if let Some(&place) = self.by_key.get(&fold(text)) {
            return Some(place);
        }
        let named: Vec<usize> =
            self.by_name.get(&fold(text)).map(|places| places.iter().copied().collect()).unwrap_or_default();
        match named.as_slice() {
            [] => telling.nowhere(record, field, "the tables of configuration items"),
            [place] => return Some(*place),
            several => telling.several(record, field, several.len()),
        }
        None
    }

    /// The nearest applications above a record.
    pub fn applications_of(&self, record: &Record) -> Vec<&Item> {
        let Some(&start) = self.by_place.get(&(record.sheet.path().to_owned(), record.row)) else { return Vec::new() };
        let mut seen = BTreeSet::from([start]);
        let mut level = vec![start];
        let mut found = BTreeSet::new();
        for _ in 0..DEPTH {
            let mut above = Vec::new();
            for &parent in level.iter().flat_map(|&place| &self.items[place].parents) {
                if !seen.insert(parent) {
                    continue;
                }
                if self.items[parent].is_application {
                    found.insert(parent);
                } else {
                    above.push(parent);
                }
            }
            level = above;
        }
        found.into_iter().map(|place| &self.items[place]).collect()
    }
}
