//! Ingest: says which of the delivered files count, and what is wrong with the delivery.
//!
//! In     `InboxFile`s     what lies below `inbox/<month>/`, looked at: container, header, first rows, hash
//! Out    `Intake`         of every export the one version that counts, with its parts; the tables of ServiceNow
//! Needs  the sources the settings expect, the month
//! Tells  CB01xx files that nobody can read, CB03xx versions, parts and months
//!
//! Files are told by their content; folders and names only say what belongs together. Which of several versions counts
//! is the vendor's word (a manifest) and never a file date. Where the vendor's word is missing and two files could be
//! one month twice, nothing is chosen: billing twice is the commonest accident there is.

mod choose;
mod loose;
mod manifest;
mod paths;
mod views;

use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::intake::{Container, FileLook, InboxFile, Intake, SourceVersion, TableFile, TextEncoding};
use crate::model::mapping::Mapping;
use crate::model::month::Month;
use crate::model::settings::{SourceSetting, State};
use crate::sources::recognition::{information_in, source_of, why_not};
use crate::sources::{SourceDefinition, mapped, named, servicenow};
use manifest::Manifest;
pub use paths::{are_parts, month_folder, month_of_folder};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
pub use views::month_of_rows;

/// What counts, and what a human must be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ingested {
    pub intake: Intake,
    pub findings: Vec<Finding>,
}

pub fn ingest(files: &[InboxFile], state: &State, month: Month) -> Ingested {
    let mut inbox = Inbox::new(files, state, month);
    let manifests = inbox.read_manifests();
    let mut versions = choose::versions(&mut inbox, &manifests);
    inbox.set_copies_aside();
    versions.extend(loose::versions(&mut inbox));
    views::pair(&mut versions, &mut inbox.findings);
    inbox.refuse_equal_parts(&versions);
    inbox.name_unknown();
    let tables = inbox.tables();
    inbox.miss_expected(&versions, &tables);
    let mut versions: Vec<SourceVersion> = versions.into_iter().map(|chosen| chosen.version).collect();
    versions.sort_by(|a, b| (&a.folder, &a.export, &a.view).cmp(&(&b.folder, &b.export, &b.view)));
    let mut findings = inbox.findings;
    Finding::sort(&mut findings);
    Ingested { intake: Intake { versions, tables }, findings }
}

/// What a file is.
pub enum Kind {
    Manifest,
    Charges(&'static SourceDefinition),
    Table(&'static str),
    /// Prices and the like: about charges, and none itself.
    Information(&'static str),
    /// Of no known format.
    Unknown,
    /// A finding was made when it was looked at.
    Unreadable,
}

struct Seen<'a> {
    file: &'a InboxFile,
    kind: Kind,
    /// Of header and first rows, so that most files are told apart by a number.
    beginning: u64,
}

impl<'a> Seen<'a> {
    fn new(file: &'a InboxFile, state: &State) -> Self {
        let mut hasher = DefaultHasher::new();
        if let FileLook::Table { header, first_rows, .. } = &file.look {
            (header, first_rows).hash(&mut hasher);
        }
        Self { file, kind: kind_of(file, state), beginning: hasher.finish() }
    }

    fn charges(&self) -> Option<&'static SourceDefinition> {
        if let Kind::Charges(source) = self.kind { Some(source) } else { None }
    }

    /// Header and first rows; nothing for what is no table.
    fn table(&self) -> Option<(&'a [String], &'a [Vec<String>])> {
        match &self.file.look {
            FileLook::Table { header, first_rows, .. } => Some((header, first_rows)),
            FileLook::Json(_) | FileLook::Unreadable => None,
        }
    }

    fn has_rows(&self) -> bool {
        self.table().is_some_and(|(_, rows)| rows.iter().any(|row| row.iter().any(|cell| !cell.is_empty())))
    }

    /// Whether both begin alike, whatever they are packed in.
    fn begins_like(&self, other: &Self) -> bool {
        self.beginning == other.beginning && self.has_rows() && self.table() == other.table()
    }
}

/// A version that counts, with what is needed to pair it.
struct Chosen {
    version: SourceVersion,
    source: &'static SourceDefinition,
    /// Billing account or subscription.
    scope: String,
    /// Whether a manifest said so.
    scope_is_said: bool,
    /// Indices of its parts in the inbox.
    places: Vec<usize>,
}

/// The files, and which of them have found their use.
struct Inbox<'a> {
    seen: Vec<Seen<'a>>,
    /// Places of files by their names without the ending of a packing.
    by_name: BTreeMap<&'a str, Vec<usize>>,
    state: &'a State,
    month: Month,
    /// Parts that count.
    used: BTreeSet<usize>,
    /// Files of which a finding says why they do not count.
    set_aside: BTreeSet<usize>,
    findings: Vec<Finding>,
}

impl<'a> Inbox<'a> {
    fn new(files: &'a [InboxFile], state: &'a State, month: Month) -> Self {
        let mut files: Vec<&InboxFile> = files.iter().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut findings = Vec::new();
        for setting in &state.sources {
            findings.extend(unknown_format(setting, &state.mappings));
        }
        findings.extend(state.mappings.iter().filter_map(takes_a_vendors_name));
        let mut seen: Vec<Seen> = files.into_iter().map(|file| Seen::new(file, state)).collect();
        findings.extend(seen.iter_mut().filter_map(|seen| re_saved(seen, setting(state, seen.file))));
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, seen) in seen.iter().enumerate() {
            by_name.entry(paths::unpacked_name(paths::name_of(&seen.file.path))).or_default().push(place);
        }
        Self { seen, by_name, state, month, used: BTreeSet::new(), set_aside: BTreeSet::new(), findings }
    }

    fn is_free(&self, place: usize) -> bool {
        !self.used.contains(&place) && !self.set_aside.contains(&place)
    }

    fn path(&self, place: usize) -> &'a str {
        &self.seen[place].file.path
    }

    fn setting(&self, folder: &str) -> Option<&'a SourceSetting> {
        self.state.sources.iter().find(|setting| setting.folder == folder)
    }
    /// Whether a manifest below this source's folder cannot be read. It may be the one that is missed elsewhere, and to say
    /// that it is missing would be wrong.
    fn has_damaged_manifest(&self, path: &str) -> bool {
        let root = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
        let is_beside = |other: &str| manifest::is_called_manifest(other) && root(other) == root(path);
        let told = |finding: &Finding| finding.code == Code::ManifestDamaged && is_beside(finding.place.file.raw());
        let unread = |seen: &Seen<'_>| matches!(seen.kind, Kind::Unreadable) && is_beside(&seen.file.path);
        self.findings.iter().any(told) || self.seen.iter().any(unread)
    }

    fn tell(&mut self, code: Code, place: Place, why: impl Into<String>, fix: impl Into<String>) {
        self.findings.push(Finding::new(code, place, why, fix));
    }

    fn read_manifests(&mut self) -> Vec<Manifest> {
        let mut manifests = Vec::new();
        for seen in &mut self.seen {
            match (&seen.file.look, &seen.kind) {
                (FileLook::Json(text), _) => match manifest::read(&seen.file.path, text) {
                    Ok(Some(manifest)) => manifests.push(manifest),
                    Ok(None) => seen.kind = Kind::Unknown,
                    Err(finding) => self.findings.push(*finding),
                },
                (FileLook::Table { .. }, Kind::Unknown) if manifest::is_called_manifest(&seen.file.path) => {
                    seen.kind = Kind::Manifest;
                    self.findings.push(Finding::new(
                        Code::ManifestDamaged,
                        Place::file(&seen.file.path),
                        "It is called a manifest and is not JSON.",
                        "Download the manifest again from the vendor's storage.",
                    ));
                }
                _ => {}
            }
        }
        manifests
    }

    /// Files with the same bytes as one that counts, or as an earlier one.
    fn set_copies_aside(&mut self) {
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        let used_first = self.used.iter().copied();
        let order: Vec<usize> = used_first.chain((0..self.seen.len()).filter(|place| self.is_free(*place))).collect();
        for place in order {
            let seen = &self.seen[place];
            if matches!(seen.kind, Kind::Manifest | Kind::Unreadable | Kind::Information(_)) || !seen.has_rows() {
                continue;
            }
            match first.get(seen.file.sha256.as_str()) {
                Some(&earlier) if !self.used.contains(&place) => self.set_copy_aside(place, earlier),
                Some(_) => {}
                None => {
                    first.insert(&seen.file.sha256, place);
                }
            }
        }
    }

    fn set_copy_aside(&mut self, place: usize, original: usize) {
        self.set_aside.insert(place);
        let why = format!("It holds the same rows as {}, which is read. This copy is not.", self.path(original));
        self.tell(Code::FileTwice, Place::file(self.path(place)), why, "Remove the copy from the inbox.");
    }

    /// Two parts that both count and begin with the same rows: one file in two packings, or one month twice.
    fn refuse_equal_parts(&mut self, versions: &[Chosen]) {
        let mut earlier_by_beginning: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for place in versions.iter().flat_map(|chosen| chosen.places.iter().copied()) {
            let seen = &self.seen[place];
            let alike = earlier_by_beginning.entry(seen.beginning).or_default();
            let original = alike.iter().copied().find(|&earlier| seen.begins_like(&self.seen[earlier]));
            alike.push(place);
            if let Some(earlier) = original {
                let why = format!(
                    "It begins with the same rows as {}; reading both would bill them twice.",
                    self.path(earlier)
                );
                self.tell(
                    Code::ContentTwice,
                    Place::file(self.path(place)),
                    why,
                    "Keep the one that counts and remove the other from the inbox.",
                );
            }
        }
    }

    /// What is left and of no known format.
    fn name_unknown(&mut self) {
        for place in 0..self.seen.len() {
            if self.is_free(place) {
                self.tell_unknown(place);
            }
        }
    }

    /// Why a header is of no known format.
    fn unlike(&self, place: usize, header: &[String], rows: &[Vec<String>]) -> String {
        let of_folder = |mapping: &&Mapping| {
            let below = self.path(place).strip_prefix(&mapping.folder);
            !mapping.folder.is_empty() && below.is_some_and(|rest| rest.starts_with('/'))
        };
        if let Some(mapping) = self.state.mappings.iter().find(of_folder) {
            let lacks = mapped::lacking(mapping, header).join(", ");
            return format!("{} is for this folder, and the file lacks these columns of it: {lacks}.", mapping.file);
        }
        match servicenow::lacks(paths::name_of(self.path(place)), header) {
            Some((table, column)) => {
                format!("It is called {table}, a table of ServiceNow, and lacks the column {column}.")
            }
            None => why_not(header, rows),
        }
    }

    /// Says of a file of no known format what is nearest to it.
    fn tell_unknown(&mut self, place: usize) {
        match self.seen[place].kind {
            Kind::Unknown => {}
            Kind::Information(title) => {
                let why = format!("It is {title}: information, and nothing of it is added to a bill.");
                return self.tell(Code::FileUnused, Place::file(self.path(place)), why, "Nothing needs to be done.");
            }
            _ => return,
        }
        let (why, row) = match self.seen[place].table() {
            None => ("It is JSON and no manifest of a vendor that is known here.".to_owned(), None),
            Some((header, rows)) => match header_below(rows) {
                Some(row) => (format!("Its header stands in row {row}, below lines that are no table."), Some(row)),
                None => (self.unlike(place, header, rows), None),
            },
        };
        let at = Place::file(self.path(place));
        self.tell(
            Code::FileNotRecognized,
            row.map_or(at.clone(), |row| at.row(row)),
            why,
            "Download the vendor's export as it is; remove the file if it is none; or name its format for this folder in chargeback.toml.",
        );
    }

    fn tables(&mut self) -> Vec<TableFile> {
        let mut tables = Vec::new();
        for place in 0..self.seen.len() {
            let Kind::Table(table) = self.seen[place].kind else { continue };
            if !self.is_free(place) {
                continue;
            }
            let file = self.seen[place].file;
            if !self.seen[place].has_rows() {
                self.header_only(&[place]);
            }
            tables.push(TableFile { path: file.path.clone(), sha256: file.sha256.clone(), table: table.to_owned() });
        }
        tables
    }

    /// Says that files have a header and no rows; false where the settings accept it.
    fn header_only(&mut self, places: &[usize]) {
        let Some(&place) = places.first() else { return };
        let file = self.seen[place].file;
        let accepted = self.setting(file.folder()).is_some_and(|setting| setting.allow_empty);
        let (why, fix) = if accepted {
            ("It has a header and no rows; the settings accept that for this folder.", "Nothing needs to be done.")
        } else {
            (
                "An export without a single row is either a month without charges or a failed download.",
                "Download it again; if there were no charges, set `allow_empty = true` for this folder in chargeback.toml.",
            )
        };
        let mut finding = Finding::new(Code::FileHeaderOnly, Place::file(&file.path), why, fix);
        if accepted {
            finding.severity = crate::model::finding::Severity::Note;
        }
        self.findings.push(finding);
    }

    fn miss_expected(&mut self, versions: &[Chosen], tables: &[TableFile]) {
        for setting in self.state.sources.iter().filter(|setting| setting.expected) {
            let folder = &setting.folder;
            let delivered = versions.iter().any(|chosen| &chosen.version.folder == folder)
                || tables.iter().any(|table| table.path.split('/').next() == Some(folder));
            // Files that were refused have findings of their own.
            let refused = self.seen.iter().any(|seen| seen.file.folder() == folder);
            if !delivered && !refused {
                let place = Place::file(format!("{folder}/"));
                let why = format!("The settings expect files from {folder} every month, and {} has none.", self.month);
                let fix = format!("Put the export into inbox/{}/{folder}/, or set `expected = false`.", self.month);
                self.tell(Code::SourceMissing, place, why, fix);
            }
        }
    }
}

fn setting<'a>(state: &'a State, file: &InboxFile) -> Option<&'a SourceSetting> {
    state.sources.iter().find(|setting| setting.folder == file.folder())
}

/// Whether a file says which parts make a version of a vendor's report.
pub fn is_manifest(file: &InboxFile) -> bool {
    match &file.look {
        FileLook::Json(text) => !matches!(manifest::read(&file.path, text), Ok(None)),
        FileLook::Table { .. } | FileLook::Unreadable => false,
    }
}

pub fn kind_of(file: &InboxFile, state: &State) -> Kind {
    let FileLook::Table { header, first_rows, .. } = &file.look else {
        return if matches!(file.look, FileLook::Json(_)) { Kind::Manifest } else { Kind::Unreadable };
    };
    if manifest::is_called_manifest(&file.path) {
        return Kind::Unknown;
    }
    let said = setting(state, file).and_then(|setting| setting.format.as_deref());
    let source = said
        .and_then(|format| named_format(format, &state.mappings))
        .or_else(|| mapped::taking(&state.mappings, &file.path, header, true))
        .or_else(|| source_of(header, first_rows))
        .or_else(|| mapped::taking(&state.mappings, &file.path, header, false));
    if let Some(source) = source {
        return Kind::Charges(source);
    }
    if let Some(title) = information_in(header) {
        return Kind::Information(title);
    }
    servicenow::table_of(paths::name_of(&file.path), header).map_or(Kind::Unknown, Kind::Table)
}

/// What a person's program has written: good enough for tables and mapped files, and said; never for a vendor's export,
/// whose account numbers and amounts it may have changed.
fn re_saved(seen: &mut Seen, setting: Option<&SourceSetting>) -> Option<Finding> {
    let FileLook::Table { container, encoding, .. } = &seen.file.look else { return None };
    let vendors = match seen.kind {
        Kind::Charges(source) => source.mapping().is_none().then_some(source),
        Kind::Table(_) => None,
        _ => return None,
    };
    let older = *encoding == TextEncoding::Windows1252 && setting.is_none_or(|setting| setting.encoding.is_none());
    let (code, why, fix) = match (vendors, *container == Container::Workbook, older) {
        (Some(source), true, _) => (
            Code::FileNotText,
            format!(
                "This is {} saved as an Excel workbook, which rounds long numbers and takes zeros away.",
                source.title
            ),
            "Put the vendor's own CSV export here.",
        ),
        (Some(source), false, true) => (
            Code::TextOlder,
            format!(
                "This is {}, and its bytes are not UTF-8. They are letters of Windows-1252, in which older programs save text, and are read so.",
                source.title
            ),
            "Look whether names with accents are right; set `encoding` for this source in chargeback.toml, or export as UTF-8, to be certain.",
        ),
        (None, false, true) => (
            Code::FileEncoding,
            "Its bytes are not UTF-8. It is read as Windows-1252, in which people save tables.".to_owned(),
            "Look whether names with accents are right; export as UTF-8, or set `encoding` in chargeback.toml, to be certain.",
        ),
        _ => return None,
    };
    let mut finding = Finding::new(code, Place::file(&seen.file.path), why, fix);
    match vendors {
        Some(_) if code == Code::FileNotText => seen.kind = Kind::Unreadable,
        Some(_) => {}
        None => finding.severity = Severity::Note,
    }
    Some(finding)
}

/// `azure-ea`, or with its view `azure-ea/amortized`.
fn named_format(format: &str, mappings: &[Mapping]) -> Option<&'static SourceDefinition> {
    mapped::source_named(format.split('/').next().unwrap_or(format), mappings)
}

/// Charges name their source, so two formats cannot have one name.
fn takes_a_vendors_name(mapping: &Mapping) -> Option<Finding> {
    let vendors = named(&mapping.source)?;
    let place = Place::file(&mapping.file).column("source").value(&mapping.source);
    let why = format!("This is the name of {}, which is read without a mapping.", vendors.title);
    Some(Finding::new(Code::FormatUnknown, place, why, "Give the mapping a name of its own."))
}

fn unknown_format(setting: &SourceSetting, mappings: &[Mapping]) -> Option<Finding> {
    let format = setting.format.as_deref()?;
    if named_format(format, mappings).is_some() || format == servicenow::FORMAT {
        return None;
    }
    let vendors = crate::sources::SOURCES.iter().map(|source| source.name);
    let names: Vec<&str> = vendors.chain(mappings.iter().map(|mapping| mapping.source.as_str())).collect();
    Some(Finding::new(
        Code::FormatUnknown,
        Place::file("chargeback.toml").column("format").value(format),
        format!("The files of {} are to be read as this, and no such format is known.", setting.folder),
        format!("Write one of {}, {}, or remove the line.", names.join(", "), servicenow::FORMAT),
    ))
}

/// The row in which a known header stands, where lines precede it.
fn header_below(rows: &[Vec<String>]) -> Option<u64> {
    let found = rows.iter().position(|row| row.len() > 3 && source_of(row, &[]).is_some())?;
    Some(found as u64 + 2)
}

#[cfg(test)]
mod tests;
