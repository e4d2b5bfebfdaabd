//! What ServiceNow says of the resource, the person and the account of a row.
//!
//! A record may hold a resource's whole id or only its last part, and so may the vendor's row. A last part that several
//! resources of the month share, or several records, says of none of them whose it is.

use super::matching::fold;
use crate::model::charge::Dimension;
use crate::model::intake::{Directory, DirectoryEntry};
use crate::model::roll_up::{RollUp, Row, Symbol};
use hashbrown::{HashMap, HashSet};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct ServiceNow<'a> {
    directory: &'a Directory,
    /// Records that hold a whole id, by its last part.
    by_last_part: HashMap<&'a str, Vec<&'a DirectoryEntry>>,
    /// How many resources of the month end with a last part that is a record's whole key.
    ends_with: HashMap<&'a str, usize>,
}

/// What is found under a key.
pub(super) enum Found<'a> {
    Nothing,
    One(&'a DirectoryEntry),
    /// The record or records, and in words what is not certain about them.
    Uncertain(&'a DirectoryEntry, String),
}

impl<'a> ServiceNow<'a> {
    pub fn new(directory: &'a Directory, roll_up: &RollUp) -> Self {
        let mut by_last_part: HashMap<&str, Vec<&DirectoryEntry>> = HashMap::new();
        let mut short: HashMap<&str, BTreeSet<String>> = HashMap::new();
        for (key, entry) in &directory.resources {
            match last_part(key) {
                Some(part) => by_last_part.entry(part).or_default().push(entry),
                None => {
                    short.insert(key, BTreeSet::new());
                }
            }
        }
        if !short.is_empty() {
            let resources: HashSet<Symbol> = roll_up.rows().map(|row| row.symbol(Dimension::ResourceId)).collect();
            for resource in resources {
                let id = fold(roll_up.symbols().text(resource));
                if let Some(ids) = last_part(&id).and_then(|part| short.get_mut(part)) {
                    ids.insert(id);
                }
            }
        }
        let ends_with = short.into_iter().map(|(part, ids)| (part, ids.len())).collect();
        Self { directory, by_last_part, ends_with }
    }

    pub fn directory(&self) -> &'a Directory {
        self.directory
    }

    /// Whether anything is said under this text: all other texts are alike to the rules.
    pub fn knows(&self, dimension: Dimension, text: &str) -> bool {
        !matches!(self.find(dimension, text), Found::Nothing)
    }

    pub fn of(&self, row: &Row<'_>, dimension: Dimension) -> Found<'a> {
        self.find(dimension, row.text(dimension))
    }

    fn find(&self, dimension: Dimension, text: &str) -> Found<'a> {
        let in_table = |table: &'a BTreeMap<String, DirectoryEntry>| {
            if text.is_empty() { None } else { table.get(&fold(text)) }.map_or(Found::Nothing, Found::One)
        };
        match dimension {
            Dimension::UserId => in_table(&self.directory.people),
            Dimension::ResourceId => match in_table(&self.directory.resources) {
                Found::Nothing if !text.is_empty() => self.resource_by_part(&fold(text)),
                found => found,
            },
            _ => in_table(&self.directory.accounts),
        }
    }

    fn resource_by_part(&self, id: &str) -> Found<'a> {
        let Some(part) = last_part(id) else {
            return match self.by_last_part.get(id).map(Vec::as_slice) {
                None | Some([]) => Found::Nothing,
                Some([entry]) => Found::One(entry),
                Some([first, rest @ ..]) => {
                    let records = rest.len() + 1;
                    Found::Uncertain(first, format!("{records} records hold an id that ends with {id}"))
                }
            };
        };
        let Some(entry) = self.directory.resources.get(part) else { return Found::Nothing };
        match self.ends_with.get(part) {
            Some(&several) if several > 1 => Found::Uncertain(
                entry,
                format!("the record only holds {part}, with which {several} resources of the month end"),
            ),
            _ => Found::One(entry),
        }
    }
}

/// The last part of a path or of a name with colons (`arn:aws:ec2:...:instance/i-1`); none where it has no parts.
fn last_part(id: &str) -> Option<&str> {
    let (_, part) = id.trim_end_matches(['/', ':']).rsplit_once(['/', ':'])?;
    Some(part)
}
