//! Which of the files belong together, and what ingest says of them month by month.

use crate::model::finding::{Code, Finding};
use crate::model::intake::{FileLook, InboxFile, SourceVersion, TableFile};
use crate::model::month::Month;
use crate::model::settings::State;
use crate::stages::ingest::{Ingested, Kind, are_parts, ingest, is_manifest, kind_of, month_folder};
use std::collections::{BTreeMap, BTreeSet};

/// Files that are judged together.
pub type Unit = Vec<InboxFile>;

/// Manifests, what lies below their folders and what lies in folders of months are one delivery: which version counts is
/// said there. Numbered parts of one file are another, and any other file is judged by itself.
pub fn units(files: &[InboxFile], state: &State) -> Vec<Unit> {
    let folder = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
    let manifests = files.iter().filter(|file| is_manifest(file));
    let of_manifests: BTreeSet<String> = manifests.map(|file| folder(&file.path)).collect();
    let mut delivered = Unit::new();
    let mut loose: BTreeMap<(String, &str), Unit> = BTreeMap::new();
    let mut units = Vec::new();
    for file in files {
        let own = folder(&file.path);
        let below_one = of_manifests.iter().any(|above| own == *above || own.starts_with(&format!("{above}/")));
        match kind_of(file, state) {
            _ if below_one || month_folder(&file.path).is_some() => delivered.push(file.clone()),
            Kind::Charges(source) => loose.entry((own, source.name)).or_default().push(file.clone()),
            _ => units.push(vec![file.clone()]),
        }
    }
    for files in loose.into_values() {
        units.extend(split(files));
    }
    units.push(delivered);
    units.retain(|unit| !unit.is_empty());
    units
}

/// Numbered parts stay together if they have one header.
fn split(files: Unit) -> Vec<Unit> {
    let name = |file: &'_ InboxFile| file.path.rsplit('/').next().unwrap_or_default().to_owned();
    let names: Vec<String> = files.iter().map(name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let header = |file: &InboxFile| match &file.look {
        FileLook::Table { header, .. } => header.clone(),
        _ => Vec::new(),
    };
    let one_header = files.windows(2).all(|pair| header(&pair[0]) == header(&pair[1]));
    if files.len() > 1 && one_header && are_parts(&names) {
        return vec![files];
    }
    files.into_iter().map(|file| vec![file]).collect()
}

/// What ingest says of a unit.
#[derive(Default)]
pub struct Judged {
    pub versions: Vec<SourceVersion>,
    pub tables: Vec<TableFile>,
    /// With the month that was asked for.
    pub findings: Vec<(Month, Finding)>,
}

impl Judged {
    fn add(&mut self, month: Month, of_month: Ingested) {
        for version in of_month.intake.versions {
            // A file that names no month is taken to be of every one.
            let is_known =
                |part: &str| self.versions.iter().flat_map(|known| &known.parts).any(|known| known.path == part);
            if !version.parts.iter().any(|part| is_known(&part.path)) {
                self.versions.push(version);
            }
        }
        for table in of_month.intake.tables {
            if !self.tables.contains(&table) {
                self.tables.push(table);
            }
        }
        for finding in of_month.findings.into_iter().filter(|finding| finding.code != Code::MonthOther) {
            if !self.findings.iter().any(|(_, known)| *known == finding) {
                self.findings.push((month, finding));
            }
        }
    }
}

/// Asks for a month that no file is of, and then for each of those that are named.
pub fn judge(unit: &Unit, state: &State, nowhen: Month) -> Judged {
    let first = ingest(unit, state, nowhen);
    let named = |finding: &Finding| Month::parse(finding.place.value.as_ref()?.raw()).ok();
    let of_others = first.findings.iter().filter(|finding| finding.code == Code::MonthOther);
    let months: BTreeSet<Month> = of_others.filter_map(named).collect();
    let mut judged = Judged::default();
    for &month in &months {
        judged.add(month, ingest(unit, state, month));
    }
    if months.is_empty() || !first.intake.versions.is_empty() {
        judged.add(nowhen, first);
    }
    judged
}
