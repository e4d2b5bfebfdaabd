//! Versions that a manifest speaks for: the one that counts, its parts, and what is left over beside them.

use super::manifest::{Listed, Manifest, key};
use super::paths::{folder_of, is_below, last_number, month_folder, name_of, unpacked_name};
use super::{Chosen, Inbox, Kind};
use crate::model::finding::{Code, Place};
use crate::model::intake::{Container, Part, SourceVersion, View};
use crate::model::month::Month;
use crate::sources::SourceDefinition;
use crate::sources::recognition::Newest;
use std::collections::{BTreeMap, BTreeSet};

/// Of every export and month with manifests the version that counts.
pub fn versions(inbox: &mut Inbox, manifests: &[Manifest]) -> Vec<Chosen> {
    let mut units: BTreeMap<(&str, &str, &str, Option<Month>), Vec<&Manifest>> = BTreeMap::new();
    for manifest in manifests {
        let folder = manifest.path.split('/').next().unwrap_or_default();
        let unit = (folder, manifest.shape.name, manifest.export.as_str(), manifest.month);
        units.entry(unit).or_default().push(manifest);
    }
    let mut chosen = Vec::new();
    for unit in units.into_values() {
        let Some(manifest) = the_one_that_counts(inbox, &unit) else {
            set_unit_aside(inbox, &unit);
            continue;
        };
        chosen.extend(assemble(inbox, manifest));
        let others = manifests.iter().filter(|other| !unit.iter().any(|own| own.path == other.path));
        let of_others = listed_by(inbox, others);
        set_older_aside(inbox, &unit, manifest, &of_others);
    }
    chosen
}

fn the_one_that_counts<'m>(inbox: &mut Inbox, unit: &[&'m Manifest]) -> Option<&'m Manifest> {
    let distinct =
        |manifests: &[&'m Manifest]| manifests.iter().map(|m| m.version.to_lowercase()).collect::<BTreeSet<_>>();
    let first = unit.first()?;
    let candidates: Vec<&Manifest> = match first.shape.newest {
        Newest::ManifestAbove => {
            let above: Vec<&Manifest> = unit.iter().copied().filter(|m| !m.is_beside_its_parts()).collect();
            if above.is_empty() { unit.to_vec() } else { above }
        }
        Newest::Latest(_) => {
            let latest = unit.iter().map(|m| &m.latest).max();
            unit.iter().copied().filter(|m| Some(&m.latest) == latest).collect()
        }
    };
    let versions = distinct(&candidates);
    if versions.len() == 1 {
        return candidates.first().copied();
    }
    let list: Vec<String> = versions.into_iter().collect();
    let month = first.month.map_or(String::new(), |month| format!(" for {month}"));
    let beside_parts = candidates.iter().all(|m| m.is_beside_its_parts());
    let (code, why) = match first.shape.newest {
        Newest::ManifestAbove if beside_parts => (
            Code::ManifestMissing,
            format!(
                "There are {} versions of {}{month}, and the manifest that names the current one is missing.",
                list.len(),
                first.export
            ),
        ),
        Newest::ManifestAbove => (
            Code::VersionConflict,
            format!(
                "{} manifests of {}{month} each name another version as the current one.",
                candidates.len(),
                first.export
            ),
        ),
        Newest::Latest(_) => (
            Code::VersionConflict,
            format!("{} runs of {}{month} say the same time of submission, or none.", candidates.len(), first.export),
        ),
    };
    if code == Code::ManifestMissing && inbox.has_damaged_manifest(&first.path) {
        return None;
    }
    inbox.tell(
        code,
        Place::file(&first.path).value(list.join(", ")),
        why,
        "Download the month's folder again with its manifest, or keep only the version that counts.",
    );
    None
}

/// A version's parts as files: their places in the inbox with the rows they should have, and what is missing.
struct Resolved<'m> {
    parts: Vec<(usize, &'m Listed)>,
    missing: Vec<(&'m Listed, Option<usize>)>,
}

fn resolve_all<'m>(inbox: &Inbox, manifest: &'m Manifest) -> Resolved<'m> {
    let mut resolved = Resolved { parts: Vec::new(), missing: Vec::new() };
    let mut taken = BTreeSet::new();
    for listed in &manifest.parts {
        match resolve(inbox, manifest, listed) {
            Ok(place) if taken.insert(place) => resolved.parts.push((place, listed)),
            Ok(_) => {}
            Err(elsewhere) => resolved.missing.push((listed, elsewhere)),
        }
    }
    resolved
}

/// The version with its parts, if they are all there and as they should be.
fn assemble(inbox: &mut Inbox, manifest: &Manifest) -> Option<Chosen> {
    let Resolved { parts, missing } = resolve_all(inbox, manifest);
    let places: Vec<usize> = parts.iter().map(|(place, _)| *place).collect();
    let source = places.iter().find_map(|&place| inbox.seen[place].charges());
    let month = inbox.month_of(&places, manifest.month);
    if source.is_none() && missing.is_empty() {
        // Of a format that is not read: each file is named as such.
        return None;
    }
    inbox.used.extend(&places);
    if month != inbox.month {
        // Only what is asked for is judged; the rest of another month's delivery is nobody's business today.
        inbox.refuse_month(&manifest.path, month);
        return None;
    }
    let sound = is_sound(inbox, manifest, &parts, &missing, source);
    if manifest.month.is_some_and(|said| said != month) {
        let said = manifest.month.map_or(String::new(), |said| said.to_string());
        let why = format!("Its rows are of {month}. The rows decide.");
        inbox.tell(Code::ManifestMonth, Place::file(&manifest.path).value(said), why, "Nothing needs to be done.");
    }
    let source = source.filter(|_| sound)?;
    if places.iter().all(|&place| !inbox.seen[place].has_rows()) {
        inbox.header_only(&places);
    }
    let part = |(place, listed): &(usize, &Listed)| Part {
        path: inbox.path(*place).to_owned(),
        sha256: inbox.seen[*place].file.sha256.clone(),
        rows_expected: listed.rows,
    };
    let version = SourceVersion {
        source: source.name.to_owned(),
        folder: manifest.path.split('/').next().unwrap_or_default().to_owned(),
        export: manifest.export.clone(),
        version: manifest.version.clone(),
        month,
        view: View::Only,
        parts: parts.iter().map(part).collect(),
        rows_expected: manifest.rows.or_else(|| manifest.parts.iter().map(|listed| listed.rows).sum()),
        manifest: Some(manifest.path.clone()),
    };
    Some(inbox.viewed(version, source, places, &manifest.kind, &manifest.scope))
}

/// Says all that is wrong with the parts; whether nothing is.
fn is_sound(
    inbox: &mut Inbox,
    manifest: &Manifest,
    parts: &[(usize, &Listed)],
    missing: &[(&Listed, Option<usize>)],
    source: Option<&SourceDefinition>,
) -> bool {
    let mut sound = missing.is_empty() && manifest.findings.is_empty();
    inbox.findings.extend(manifest.findings.iter().cloned());
    for (listed, elsewhere) in missing {
        inbox.tell_missing(manifest, listed, *elsewhere);
    }
    for &(place, listed) in parts {
        sound &= has_its_bytes(inbox, manifest, listed, place);
        match (inbox.seen[place].charges(), source) {
            (Some(other), Some(source)) if other.name == source.name => {}
            (_, Some(source)) => {
                sound = false;
                // What nobody can read was named when it was looked at.
                if !matches!(inbox.seen[place].kind, Kind::Unreadable) {
                    inbox.tell(
                        Code::FileNotRecognized,
                        Place::file(inbox.path(place)),
                        format!("The manifest lists it among the parts of {}, and it is none.", source.title),
                        "Download this part again.",
                    );
                }
            }
            // No part is a vendor's file: what the manifest lists is never left out in silence.
            (_, None) => {
                sound = false;
                inbox.tell_unknown(place);
            }
        }
    }
    sound
}

/// The file that a manifest means. People copy folders about, so only the end of the path counts; but a version's name in
/// it must agree, or a part of another version would be taken. Fails with a file of that name that lies elsewhere.
fn resolve(inbox: &Inbox, manifest: &Manifest, listed: &Listed) -> Result<usize, Option<usize>> {
    let wanted: Vec<&str> = key(&listed.name).split('/').collect();
    let name = wanted.last().copied().unwrap_or_default();
    let root = manifest.path.split('/').next();
    let version_at = wanted.iter().position(|part| manifest.is_version_folder(part));
    let needed = version_at.map_or(2, |at| wanted.len() - at);
    let mut best: Option<(bool, usize, usize)> = None;
    let mut elsewhere = None;
    for &place in inbox.by_name.get(unpacked_name(name)).into_iter().flatten() {
        let path = inbox.path(place);
        if path.split('/').next() != root || matches!(inbox.seen[place].kind, Kind::Manifest) {
            continue;
        }
        let above = folder_of(path).rsplit('/').zip(wanted.iter().rev().skip(1)).take_while(|(a, b)| a == *b).count();
        if above + 1 >= needed || folder_of(path) == manifest.folder() {
            let rank = (name_of(path) == name, above);
            if best.is_none_or(|(exact, shared, _)| rank > (exact, shared)) {
                best = Some((rank.0, rank.1, place));
            }
        } else {
            elsewhere = Some(place);
        }
    }
    best.map(|(_, _, place)| place).ok_or(elsewhere)
}

fn has_its_bytes(inbox: &mut Inbox, manifest: &Manifest, listed: &Listed, place: usize) -> bool {
    let file = inbox.seen[place].file;
    // Unpacked or packed again after the download: the rows are still counted.
    let as_delivered = name_of(&file.path) == name_of(key(&listed.name));
    let Some(bytes) = listed.bytes.filter(|&bytes| as_delivered && bytes != file.bytes) else { return true };
    // Some exports are packed after they were measured. Their rows are counted, and a packed file that was cut is told.
    let is_packed = file.look.container().is_some_and(|container| container != Container::Plain);
    if is_packed && bytes > file.bytes && listed.rows.or(manifest.rows).is_some() {
        return true;
    }
    let why =
        format!("{} announces {bytes} bytes for this part; rows may be missing or changed.", name_of(&manifest.path));
    inbox.tell(
        Code::ManifestCount,
        Place::file(&file.path).value(file.bytes.to_string()),
        why,
        "Download this part again and do not save it from a spreadsheet.",
    );
    false
}

/// Versions of the same export and month that do not count, and files beside the parts that no manifest lists.
fn set_older_aside(inbox: &mut Inbox, unit: &[&Manifest], manifest: &Manifest, of_others: &BTreeSet<usize>) {
    let other_month = manifest.month.is_some_and(|month| month != inbox.month);
    let listed = listed_by(inbox, unit.iter().copied());
    let own = listed_by(inbox, std::iter::once(manifest));
    let roots = roots(inbox, &[manifest], &own);
    let beside: BTreeSet<&str> = own.iter().map(|&place| folder_of(inbox.path(place))).collect();
    let mut older: BTreeMap<&str, usize> = BTreeMap::new();
    for place in 0..inbox.seen.len() {
        let path = inbox.path(place);
        let of_unit = listed.contains(&place) || roots.iter().any(|root| is_below(path, root));
        let is_manifest = matches!(inbox.seen[place].kind, Kind::Manifest);
        if !of_unit || is_manifest || own.contains(&place) || !inbox.is_free(place) || of_others.contains(&place) {
            continue;
        }
        if other_month {
            inbox.set_aside.insert(place);
        } else if beside.contains(folder_of(path)) && !listed.contains(&place) {
            set_extra_aside(inbox, manifest, &own, place);
        } else if inbox.seen[place].charges().is_some()
            || matches!(inbox.seen[place].kind, Kind::Unknown | Kind::Information(_))
        {
            inbox.set_aside.insert(place);
            // The version that counts has a finding of its own if its parts could not be taken.
            if !manifest.is_version_folder(name_of(folder_of(path))) {
                *older.entry(folder_of(path)).or_default() += 1;
            }
        }
    }
    for (folder, files) in older {
        let why = format!(
            "{} says that version {} counts. {files} {} of this folder {} not read.",
            manifest.path,
            manifest.version,
            if files == 1 { "file" } else { "files" },
            if files == 1 { "is" } else { "are" },
        );
        inbox.tell(Code::VersionSuperseded, Place::file(format!("{folder}/")), why, "Nothing needs to be done.");
    }
}

/// A file among the parts that the manifest does not list.
fn set_extra_aside(inbox: &mut Inbox, manifest: &Manifest, parts: &BTreeSet<usize>, place: usize) {
    inbox.set_aside.insert(place);
    let seen = &inbox.seen[place];
    if matches!(seen.kind, Kind::Unreadable) {
        return;
    }
    let copy_of = |&&part: &&usize| {
        let other = &inbox.seen[part];
        other.file.sha256 == seen.file.sha256 || seen.begins_like(other)
    };
    if let Some(&original) = parts.iter().find(copy_of) {
        inbox.set_copy_aside(place, original);
        return;
    }
    let path = inbox.path(place);
    // An overwritten report that became shorter leaves its old last parts behind.
    let overwritten =
        !manifest.parts.iter().any(|listed| key(&listed.name).split('/').any(|part| manifest.is_version_folder(part)));
    let number = |path: &str| last_number(name_of(path));
    let highest = parts.iter().filter_map(|&part| number(inbox.path(part))).max();
    if overwritten && number(path).zip(highest).is_some_and(|(number, highest)| number > highest) {
        let why = format!("{} does not list it: a longer version of the month left it behind.", manifest.path);
        inbox.tell(Code::FileUnused, Place::file(path), why, "Nothing needs to be done.");
    } else {
        let why = format!(
            "{} does not list it. It may hold charges of another version, or charges that are missing.",
            manifest.path
        );
        inbox.tell(
            Code::ManifestPartExtra,
            Place::file(path),
            why,
            "Remove it from the inbox, or download the month's folder again with its manifest.",
        );
    }
}

/// The month's folders: that of the manifests, and that of the parts where they do not lie below it.
fn roots<'p>(inbox: &Inbox<'p>, manifests: &[&'p Manifest], parts: &BTreeSet<usize>) -> BTreeSet<&'p str> {
    let of_manifests = manifests.iter().map(|manifest| manifest.path.as_str());
    let paths = of_manifests.chain(parts.iter().map(|&part| inbox.path(part)));
    paths.filter_map(|path| month_folder(path).map(|(folder, _)| folder)).collect()
}

fn listed_by<'m>(inbox: &Inbox, manifests: impl Iterator<Item = &'m Manifest>) -> BTreeSet<usize> {
    manifests.flat_map(|m| m.parts.iter().filter_map(|listed| resolve(inbox, m, listed).ok())).collect()
}

/// Nothing was chosen, and a finding says so: its files are not judged one by one.
fn set_unit_aside(inbox: &mut Inbox, unit: &[&Manifest]) {
    let listed = listed_by(inbox, unit.iter().copied());
    let roots = roots(inbox, unit, &listed);
    for place in 0..inbox.seen.len() {
        let path = inbox.path(place);
        if inbox.is_free(place) && (listed.contains(&place) || roots.iter().any(|root| is_below(path, root))) {
            inbox.set_aside.insert(place);
        }
    }
}

impl Inbox<'_> {
    fn tell_missing(&mut self, manifest: &Manifest, listed: &Listed, elsewhere: Option<usize>) {
        let mut why = "Its rows are of the month; without them the bills would be too low.".to_owned();
        if let Some(place) = elsewhere {
            why = format!("{why} {} bears the same name and is of another version.", self.path(place));
        }
        let fix = format!("Download {} of version {} again.", name_of(key(&listed.name)), manifest.version);
        // A path that climbs has its own finding.
        let path = Place::file(&manifest.path).value(&listed.name);
        if !manifest.findings.iter().any(|finding| finding.code == Code::ManifestPath && finding.place == path) {
            self.tell(Code::ManifestPartMissing, path, why, fix);
        }
    }
}
