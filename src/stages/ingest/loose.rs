//! Charges without a manifest: taken where they can only be one version of one export, refused where they could be two.

use super::paths::{are_parts, folder_of, month_folder, name_of, unpacked_name};
use super::{Chosen, Inbox};
use crate::model::finding::{Code, Place};
use crate::model::intake::{Part, SourceVersion, View};
use crate::model::month::Month;
use crate::sources::SourceDefinition;
use std::collections::{BTreeMap, BTreeSet};

/// Files of one source, of one view of it, that lie in one folder, or in the folders of one month.
type Group<'a> = (&'a str, &'static str, Option<&'static str>, Month);

pub fn versions(inbox: &mut Inbox) -> Vec<Chosen> {
    let mut groups: BTreeMap<Group, Vec<usize>> = BTreeMap::new();
    for place in (0..inbox.seen.len()).filter(|&place| inbox.is_free(place)) {
        let Some(source) = inbox.seen[place].charges() else { continue };
        let path = inbox.path(place);
        let on_the_way = month_folder(path);
        let folder = on_the_way.map_or(folder_of(path), |(folder, _)| folder);
        let month = inbox.month_of(&[place], on_the_way.map(|(_, month)| month));
        let side = inbox.side_of(source, &[place], "").map(|side| side.kind);
        groups.entry((folder, source.name, side, month)).or_default().push(place);
    }
    let mut chosen = Vec::new();
    for ((folder, _, _, month), places) in groups {
        chosen.extend(version(inbox, folder, month, places));
    }
    chosen
}

fn version(inbox: &mut Inbox, folder: &str, month: Month, places: Vec<usize>) -> Option<Chosen> {
    let source = places.first().and_then(|&place| inbox.seen[place].charges())?;
    if month != inbox.month {
        for &place in &places {
            inbox.refuse_month(inbox.path(place), month);
        }
        return None;
    }
    if is_ambiguous(inbox, folder, &places, source) {
        return None;
    }
    inbox.used.extend(&places);
    if places.iter().all(|&place| !inbox.seen[place].has_rows()) {
        inbox.header_only(&places);
    }
    let first = inbox.path(places[0]);
    let own_folder = folder_of(first);
    let in_month_folder = month_folder(first).is_some();
    let version = SourceVersion {
        source: source.name.to_owned(),
        folder: inbox.seen[places[0]].file.folder().to_owned(),
        export: export_name(folder, first, in_month_folder, places.len()),
        version: if own_folder == folder { String::new() } else { name_of(own_folder).to_owned() },
        month,
        view: View::Only,
        parts: places
            .iter()
            .map(|&place| Part {
                path: inbox.path(place).to_owned(),
                sha256: inbox.seen[place].file.sha256.clone(),
                rows_expected: None,
            })
            .collect(),
        rows_expected: None,
        manifest: None,
    };
    Some(inbox.viewed(version, source, places, "", ""))
}

/// Whether the files of a group could be one month twice; says so.
fn is_ambiguous(inbox: &mut Inbox, folder: &str, places: &[usize], source: &SourceDefinition) -> bool {
    let list = |paths: &BTreeSet<&str>| paths.iter().copied().collect::<Vec<_>>().join(", ");
    let mut twice = false;
    for (number, &place) in places.iter().enumerate() {
        let alike = |earlier: &&usize| inbox.seen[place].begins_like(&inbox.seen[**earlier]);
        if let Some(&earlier) = places[..number].iter().find(alike) {
            twice = true;
            let why =
                format!("It begins with the same rows as {}; reading both would bill them twice.", inbox.path(earlier));
            inbox.tell(
                Code::ContentTwice,
                Place::file(inbox.path(place)),
                why,
                "Keep the one that counts and remove the other from the inbox.",
            );
        }
    }
    if twice {
        return true;
    }
    let folders: BTreeSet<&str> = places.iter().map(|&place| folder_of(inbox.path(place))).collect();
    let names: Vec<&str> = places.iter().map(|&place| name_of(inbox.path(place))).collect();
    let (what, shown) = match (folders.len(), names.len()) {
        (2.., _) => ("folders", list(&folders.iter().map(|folder| name_of(folder)).collect())),
        (_, 2..) if !are_parts(&names) => ("files", list(&names.iter().copied().collect())),
        _ => return false,
    };
    if inbox.has_damaged_manifest(&format!("{folder}/")) {
        return true;
    }
    let why = format!(
        "These {what} of {} may be several versions of one month, and no manifest says which one counts.",
        source.title
    );
    inbox.tell(
        Code::ManifestMissing,
        Place::file(format!("{folder}/")).value(shown),
        why,
        "Add the vendor's manifest, or keep only the version that counts; files of different accounts go into a folder each.",
    );
    true
}

/// What the vendor or the user calls it: the folder above the month, the folder, or the file.
fn export_name(folder: &str, path: &str, in_month_folder: bool, files: usize) -> String {
    if in_month_folder {
        let above = folder_of(folder);
        // Data Exports keep their files apart from their manifests.
        let own = if name_of(above) == "data" && above.contains('/') { folder_of(above) } else { above };
        return name_of(own).to_owned();
    }
    if folder.contains('/') || files > 1 {
        return name_of(folder).to_owned();
    }
    let name = unpacked_name(name_of(path));
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}
