//! What `sniff` answers: what each file is, and what it would add to its month. Nothing is written.
//!
//! Files that a manifest or the folder of a month holds together are one delivery, and ingest says what of it counts. Every
//! other file is judged by itself: whether it is wanted beside its neighbours only a person knows. What would bill the
//! same accounts twice is told of both.

mod given;
mod read;
mod report;
mod units;

pub use report::{SniffedCosts, SniffedGroup, SniffedSet};

use crate::config;
use crate::io::fs::Disk;
use crate::ledger::at_once;
use crate::model::finding::{Code, Finding};
use crate::model::intake::{FileLook, InboxFile, Part, SourceVersion, View};
use crate::model::month::Month;
use crate::model::roll_up::RollUp;
use crate::model::settings::State;
use crate::sources::recognition::nearest;
use crate::sources::{SourceDefinition, servicenow};
use crate::stages::ingest::{Kind, is_manifest, kind_of};
use crate::stages::normalize::conclude_month;
use anyhow::{Context, Result};
use given::Given;
use read::{Asked, Read};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use units::{Judged, Unit};

/// What does not keep a file from counting: it is decided when the month is closed, or by what else lies there.
const LATER: [Code; 2] = [Code::MonthNotFinal, Code::SourceOverlap];

pub fn sniff(asked: &[PathBuf], books: Option<&Path>, threads: usize) -> Result<BTreeMap<String, SniffedSet>> {
    Ok(sets(asked, books, threads)?.into_iter().map(|set| (set.key, set.said)).collect())
}

/// What files are, and the charges of those that count as their months would read them.
pub struct Charges {
    pub sets: BTreeMap<String, SniffedSet>,
    pub versions: Vec<(Month, RollUp)>,
}

pub fn charges(asked: &[PathBuf], books: Option<&Path>, threads: usize) -> Result<Charges> {
    let mut found = Charges { sets: BTreeMap::new(), versions: Vec::new() };
    for Set { key, said, version, read, .. } in sets(asked, books, threads)? {
        if let (Some((version, _)), Some((alone, in_month)), true) = (version, read, said.counts) {
            found.versions.push((version.month, in_month.unwrap_or(alone).concluded.roll_up));
        }
        found.sets.insert(key, said);
    }
    Ok(found)
}

fn sets(asked: &[PathBuf], books: Option<&Path>, threads: usize) -> Result<Vec<Set>> {
    let state = match books {
        Some(books) => config::load(&Disk::real(books))?.settings.state,
        None => State::default(),
    };
    let given = Given::look(asked, &state, threads)?;
    let nowhen = Month::parse("1900-01").context("a month that no file is of")?;
    let units = units::units(&given.files, &state);
    let judged: Vec<Judged> = units.iter().map(|unit| units::judge(unit, &state, nowhen)).collect();
    let mut sets = Vec::new();
    for (unit, judged) in units.iter().zip(&judged) {
        let sniffer = Sniffer { given: &given, state: &state, unit, judged, nowhen };
        sets.push(sniffer.sets()?);
    }
    let sets: Vec<Set> = sets.into_iter().flatten().collect();
    let read = at_once(&sets, threads, |set| set.read(&given, &state))?;
    let mut sets: Vec<Set> = sets.into_iter().zip(read).map(|(set, read)| Set { read, ..set }).collect();
    compare(&mut sets, &given, &state)?;
    set_copies_aside(&mut sets, &given);
    Ok(sets)
}

/// A file or the parts of a version on its way to be told.
struct Set {
    key: String,
    said: SniffedSet,
    files: Vec<InboxFile>,
    version: Option<(SourceVersion, &'static SourceDefinition)>,
    /// As alone, and as the month would read it.
    read: Option<(Read, Option<Read>)>,
}

struct Sniffer<'a> {
    given: &'a Given,
    state: &'a State,
    unit: &'a Unit,
    judged: &'a Judged,
    nowhen: Month,
}

impl Sniffer<'_> {
    fn sets(&self) -> Result<Vec<Set>> {
        let mut sets = Vec::new();
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for version in &self.judged.versions {
            told.extend(version.parts.iter().map(|part| part.path.as_str()));
            sets.push(self.counting(version)?);
        }
        let mut older: BTreeMap<(&str, &str), Vec<&InboxFile>> = BTreeMap::new();
        for file in self.unit.iter().filter(|file| !told.contains(file.path.as_str()) && !is_manifest(file)) {
            match kind_of(file, self.state) {
                Kind::Charges(source) => {
                    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                    // In the folder of a version all files are its parts; elsewhere each is another.
                    let one = if is_versions(folder) { folder } else { file.path.as_str() };
                    older.entry((one, source.name)).or_default().push(file);
                }
                kind => sets.push(self.other(file, &kind)?),
            }
        }
        for files in older.into_values() {
            sets.push(self.refused(files)?);
        }
        Ok(sets)
    }

    fn file(&self, path: &str) -> Result<&InboxFile> {
        self.unit
            .iter()
            .find(|file| file.path == path)
            .with_context(|| format!("{path} is a part and not among the files"))
    }

    /// Findings about any of these files, the folders they are in, or their manifest.
    fn findings(&self, files: &[InboxFile], manifest: Option<&str>) -> Vec<Finding> {
        let concerns = |finding: &Finding| {
            let place = finding.place.file.raw();
            let above = |path: &str| place.ends_with('/') && path.starts_with(place);
            manifest == Some(place) || files.iter().any(|file| file.path == place || above(&file.path))
        };
        let of_look = self.given.findings.iter().filter(|finding| concerns(finding));
        let of_look = of_look.map(|finding| self.given.as_asked(finding.clone(), ""));
        let of_unit = self.judged.findings.iter().filter(|(_, finding)| concerns(finding));
        let of_unit = of_unit.map(|(month, finding)| self.given.as_asked(finding.clone(), &month.to_string()));
        of_look.chain(of_unit).collect()
    }

    fn described(&self, files: Vec<InboxFile>, manifest: Option<&str>) -> Set {
        let shown: Vec<String> = files.iter().map(|file| self.given.shown(&file.path)).collect();
        let folder = files[0].path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let whole = files.len() > 1 || is_versions(folder) && self.unit.len() > 1;
        let key = match shown[0].rsplit_once('/') {
            Some((folder, _)) if whole => format!("{folder}/*"),
            _ => shown[0].clone(),
        };
        let columns = match &files[0].look {
            FileLook::Table { header, .. } => header.len() as u64,
            _ => 0,
        };
        let findings = self.findings(&files, manifest);
        let said = SniffedSet { files: shown, columns, findings, is_final: true, ..SniffedSet::default() };
        Set { key, said, files, version: None, read: None }
    }

    fn charges(&self, mut set: Set, version: SourceVersion, source: &'static SourceDefinition) -> Set {
        let said = &mut set.said;
        said.format = family(source).to_owned();
        said.source = source.name.to_owned();
        said.title = source.title.to_owned();
        said.export.clone_from(&version.export);
        said.version.clone_from(&version.version);
        said.month = Some(version.month).filter(|month| *month != self.nowhen);
        said.view = match version.view {
            View::Only => "",
            View::ActualAlone | View::ActualOfPair => "actual",
            View::AmortizedAlone | View::AmortizedOfPair => "amortized",
        }
        .to_owned();
        set.version = Some((version, source));
        set
    }

    fn counting(&self, version: &SourceVersion) -> Result<Set> {
        let files = version.parts.iter().map(|part| self.file(&part.path).cloned()).collect::<Result<Vec<_>>>()?;
        let Kind::Charges(source) = kind_of(&files[0], self.state) else { anyhow::bail!("a part is no charges") };
        let mut set = self.described(files, version.manifest.as_deref());
        set.said.counts = true;
        Ok(self.charges(set, version.clone(), source))
    }

    /// Charges that no version has among its parts: older ones, copies, and what is damaged.
    fn refused(&self, files: Vec<&InboxFile>) -> Result<Set> {
        let files: Vec<InboxFile> = files.into_iter().cloned().collect();
        let Kind::Charges(source) = kind_of(&files[0], self.state) else { anyhow::bail!("a part is no charges") };
        let part =
            |file: &InboxFile| Part { path: file.path.clone(), sha256: file.sha256.clone(), rows_expected: None };
        let folder = files[0].path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let beside = self.beside(source, &files[0].path);
        let month = read::month_of(source, &files[0]).or(beside.map(|other| other.month)).unwrap_or(self.nowhen);
        let version = SourceVersion {
            source: source.name.to_owned(),
            folder: String::new(),
            export: beside.map(|other| other.export.clone()).unwrap_or_default(),
            version: folder.rsplit('/').next().filter(|_| is_versions(&folder)).unwrap_or_default().to_owned(),
            month,
            view: read::view_of(source, &files),
            parts: files.iter().map(part).collect(),
            rows_expected: None,
            manifest: None,
        };
        let mut set = self.described(files, None);
        let told = set.said.findings.iter().find(|finding| finding.blocks()).or(set.said.findings.first());
        set.said.passed_over = told.is_some_and(|finding| !finding.blocks());
        set.said.reason = match told.map(|finding| finding.why.clone()).or_else(|| self.of_the_unit()) {
            Some(why) => why,
            None => "No version that counts has it among its parts.".to_owned(),
        };
        Ok(self.charges(set, version, source))
    }

    /// The version that counts of the same export: of those of the source the one whose files lie nearest.
    fn beside(&self, source: &SourceDefinition, path: &str) -> Option<&SourceVersion> {
        let shared = |version: &&SourceVersion| {
            let other = version.parts.first().map_or("", |part| part.path.as_str());
            path.split('/').zip(other.split('/')).take_while(|(a, b)| a == b).count()
        };
        let of_source = self.judged.versions.iter().filter(|version| version.source == source.name);
        of_source.max_by_key(shared).filter(|version| shared(version) > 0)
    }

    /// Why nothing of a delivery counts, where that stands at its manifest.
    fn of_the_unit(&self) -> Option<String> {
        let finding = self.judged.findings.iter().find(|(_, finding)| finding.blocks())?;
        Some(self.given.as_asked(finding.1.clone(), &finding.0.to_string()).why)
    }

    fn other(&self, file: &InboxFile, kind: &Kind) -> Result<Set> {
        let mut set = self.described(vec![file.clone()], None);
        let said = &mut set.said;
        said.format = "other".to_owned();
        let why = said.findings.iter().find(|finding| finding.blocks()).or(said.findings.first());
        said.reason = why.map(|finding| finding.why.clone()).unwrap_or_default();
        match kind {
            Kind::Table(table) => {
                said.format = servicenow::FORMAT.to_owned();
                said.source = (*table).to_owned();
                said.title = format!("ServiceNow's table {table}");
                said.counts = !said.findings.iter().any(Finding::blocks);
                said.reason.clear();
            }
            Kind::Information(title) => said.title = (*title).to_owned(),
            Kind::Unknown | Kind::Manifest => {
                said.format = "unknown".to_owned();
                if let FileLook::Table { header, .. } = &file.look {
                    said.nearest = nearest(header);
                }
            }
            Kind::Unreadable | Kind::Charges(_) => said.format = "unreadable".to_owned(),
        }
        if matches!(file.look, FileLook::Table { .. }) {
            let (rows, found) = read::rows(self.given, file)?;
            said.rows = rows;
            if let Some(finding) = found.filter(|_| said.counts) {
                said.counts = false;
                said.reason.clone_from(&finding.why);
                said.findings.push(self.given.as_asked(finding, ""));
            }
        }
        Ok(set)
    }
}

/// Whether a folder holds one version: below the folder of a month, or a month's partition.
fn is_versions(folder: &str) -> bool {
    let name = folder.rsplit('/').next().unwrap_or_default();
    crate::stages::ingest::month_folder(folder).is_some()
        || crate::stages::ingest::month_of_folder(name).is_some() && name.contains('=')
}

/// What a source's files are kin to.
fn family(source: &SourceDefinition) -> &'static str {
    let name = source.name;
    const KIN: [(&str, &str); 10] = [
        ("aws-focus", "focus"),
        ("azure-focus", "focus"),
        ("focus", "focus"),
        ("aws", "aws"),
        ("azure", "azure"),
        ("openai-costs", "openai-costs"),
        ("chatgpt-credits", "chatgpt-credits"),
        ("anthropic-cost", "anthropic-cost"),
        ("github-usage", "github"),
        ("github-premium", "github"),
    ];
    if source.mapping().is_some() {
        return "mapped";
    }
    KIN.iter().find(|(begins, _)| name.starts_with(begins)).map_or("other", |(_, family)| family)
}

impl Set {
    fn read(&self, given: &Given, state: &State) -> Result<Option<(Read, Option<Read>)>> {
        let Some((version, source)) = &self.version else { return Ok(None) };
        // What was refused before it was read, a workbook for one, is not read.
        let in_doubt =
            self.said.findings.iter().any(|finding| matches!(finding.code, Code::FileNotText | Code::FileDamaged));
        if in_doubt {
            return Ok(None);
        }
        let asked = Asked { given, state, files: &self.files, source };
        let of_pair = |view| matches!(view, View::ActualOfPair | View::AmortizedOfPair);
        let alone = match version.view {
            View::ActualOfPair => View::ActualAlone,
            View::AmortizedOfPair => View::AmortizedAlone,
            view => view,
        };
        let by_itself = asked.read(version, alone)?;
        let in_month = if of_pair(version.view) { Some(asked.read(version, version.view)?) } else { None };
        Ok(Some((by_itself, in_month)))
    }
}

/// Puts what was read beside each other month by month, and fills in what is said.
fn compare(sets: &mut [Set], given: &Given, state: &State) -> Result<()> {
    let mut by_month: BTreeMap<Month, Vec<usize>> = BTreeMap::new();
    for (place, set) in sets.iter_mut().enumerate() {
        let Some((version, source)) = &set.version else { continue };
        let Some((alone, in_month)) = &set.read else { continue };
        read::fill(&mut set.said, source, alone);
        // Of a file that lacks a column no row was read.
        if set.said.rows == 0 && alone.findings.iter().any(Finding::blocks) {
            for file in &set.files {
                set.said.rows += read::rows(given, file)?.0;
            }
        }
        let counted = in_month.as_ref().unwrap_or(alone);
        set.said.findings.extend(counted.findings.iter().cloned());
        if set.said.counts {
            by_month.entry(version.month).or_default().push(place);
        }
    }
    for places in by_month.into_values() {
        let concluded = places.iter().filter_map(|&place| {
            let (alone, in_month) = sets[place].read.as_ref()?;
            Some(in_month.as_ref().unwrap_or(alone).concluded.clone())
        });
        let month = conclude_month(concluded.collect(), &read::settings(state, ""))?;
        for finding in month.findings {
            let (code, why) = (finding.code, finding.why.clone());
            let at = places.iter().copied().find(|&place| sets[place].is_at(&finding));
            let Some(at) = at.filter(|_| matches!(code, Code::SourceOverlap | Code::ViewsDisagree)) else { continue };
            if code == Code::ViewsDisagree {
                sets[at].said.findings.push(finding);
                continue;
            }
            let other = places.iter().copied().find(|&place| place != at && sets[place].is_named_in(&why));
            if let Some(other) = other {
                let keys = (sets[at].key.clone(), sets[other].key.clone());
                sets[at].said.same_money_as.push(keys.1);
                sets[other].said.same_money_as.push(keys.0);
            }
        }
    }
    for set in sets.iter_mut().filter(|set| set.version.is_some()) {
        set.judge();
    }
    Ok(())
}

impl Set {
    fn places(&self) -> Vec<String> {
        let Some((version, _)) = &self.version else { return Vec::new() };
        let inbox = format!("inbox/{}", version.month);
        match (&version.manifest, version.parts.as_slice()) {
            (Some(manifest), _) => vec![format!("{inbox}/{manifest}")],
            (None, [part]) => vec![format!("{inbox}/{}", part.path)],
            (None, _) => vec![format!("{inbox}/{}/{}", version.folder, version.export)],
        }
    }

    fn is_at(&self, finding: &Finding) -> bool {
        self.places().iter().any(|place| place == finding.place.file.raw())
    }

    fn is_named_in(&self, why: &str) -> bool {
        self.places().iter().any(|place| why.contains(&format!(" in {place} too")))
    }

    /// Whether it counts, and what it adds.
    fn judge(&mut self) {
        let said = &mut self.said;
        Finding::sort(&mut said.findings);
        said.findings.dedup();
        said.is_final = !said.findings.iter().any(|finding| finding.code == Code::MonthNotFinal);
        let refusal = said.findings.iter().find(|finding| finding.blocks() && !LATER.contains(&finding.code));
        if let Some(finding) = refusal {
            said.counts = false;
            if said.reason.is_empty() {
                said.reason.clone_from(&finding.why);
            }
        }
        if let Some((alone, in_month)) = self.read.as_ref().filter(|_| said.counts) {
            said.adds = in_month.as_ref().unwrap_or(alone).adds();
        }
    }
}

/// A file with the rows of one that counts already, whatever either is packed in.
fn set_copies_aside(sets: &mut [Set], given: &Given) {
    let mut first: BTreeMap<(String, u64, String), String> = BTreeMap::new();
    for set in sets.iter_mut().filter(|set| set.said.rows > 0) {
        let content = match &set.read {
            Some((alone, _)) => alone.content.clone(),
            None => set.files[0].sha256.clone(),
        };
        let source = set.said.source.clone();
        match first.get(&(source.clone(), set.said.rows, content.clone())) {
            Some(original) if set.said.counts => {
                set.said.counts = false;
                set.said.passed_over = true;
                set.said.adds.clear();
                set.said.reason = format!("It holds the same rows as {original}, which counts. This copy does not.");
            }
            Some(_) => {}
            None => {
                first.insert((source, set.said.rows, content), set.key.clone());
            }
        }
    }
    for set in sets {
        let month = set.version.as_ref().map(|(version, _)| version.month.to_string()).unwrap_or_default();
        let findings = std::mem::take(&mut set.said.findings);
        set.said.findings = findings.into_iter().map(|finding| given.as_asked(finding, &month)).collect();
        set.said.reason = set.said.reason.replace(&format!("inbox/{month}/"), "");
    }
}
