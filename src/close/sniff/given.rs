//! The files that somebody asks about: where they lie, what they are called, and how they look.

use crate::io::fs::Disk;
use crate::io::inbox;
use crate::ledger::at_once;
use crate::model::exit::{Exit, Stop};
use crate::model::finding::{Code, Finding, Place};
use crate::model::intake::InboxFile;
use crate::model::settings::State;
use crate::model::untrusted::Untrusted;
use crate::stages::ingest::month_of_folder;
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// All paths are below the root of the disk.
const FOLDER: &str = ".";

pub struct Given {
    disk: Disk,
    pub files: Vec<InboxFile>,
    /// What was found while they were looked at.
    pub findings: Vec<Finding>,
    /// As they were asked for, by their paths.
    shown: BTreeMap<String, String>,
}

impl Given {
    /// Files as they are named, and all that lie below a folder.
    pub fn look(asked: &[PathBuf], state: &State, threads: usize) -> Result<Self> {
        let mut findings = Vec::new();
        let mut found = Vec::new();
        for path in asked {
            found.extend(files_of(path, &mut findings)?);
        }
        let base = base_of(asked)?;
        let mut shown = BTreeMap::new();
        for (whole, as_asked) in found {
            let no_text = || Stop::new(Exit::Usage, format!("{as_asked} has a name that is no text"));
            let path = below(&whole, &base).ok_or_else(no_text)?;
            shown.entry(path).or_insert(as_asked);
        }
        let disk = Disk::real(base);
        let paths: Vec<&String> = shown.keys().collect();
        let looked = at_once(&paths, threads, |path| inbox::look(&disk, FOLDER, path, inbox::setting_of(state, path)))?;
        let mut files = Vec::with_capacity(looked.len());
        for (file, about) in looked {
            files.push(file);
            findings.extend(about);
        }
        Ok(Self { disk, files, findings, shown })
    }

    pub fn open(&self, file: &InboxFile) -> Result<crate::io::container::Packed> {
        Ok(Box::new(self.disk.open(&file.path)?))
    }

    pub fn open_text(&self, file: &InboxFile) -> Result<crate::io::container::Bytes> {
        inbox::open_text(&self.disk, FOLDER, file)
    }

    /// A path, or a folder of paths, as it was asked for.
    pub fn shown(&self, path: &str) -> String {
        if let Some(shown) = self.shown.get(path) {
            return shown.clone();
        }
        let folder = path.trim_end_matches('/');
        let within = self.shown.iter().find_map(|(file, shown)| {
            let rest = file.strip_prefix(folder).filter(|rest| rest.starts_with('/'))?;
            shown.strip_suffix(rest)
        });
        within
            .map_or_else(|| path.to_owned(), |folder| format!("{folder}{}", &path[path.len().min(folder_end(path))..]))
    }

    /// A finding that names its file as it was asked for.
    pub fn as_asked(&self, mut finding: Finding, month: &str) -> Finding {
        let inbox = format!("inbox/{month}/");
        let file = finding.place.file.raw();
        let path = file.strip_prefix(&inbox).unwrap_or(file).to_owned();
        finding.place = Place { file: Untrusted::new(self.shown(&path)), ..finding.place };
        finding.why = finding.why.replace(&inbox, "");
        finding
    }
}

/// Where the slash at the end of a folder's path stands.
fn folder_end(path: &str) -> usize {
    path.trim_end_matches('/').len()
}

/// The regular files of a path, whole and as they are asked for.
fn files_of(asked: &Path, findings: &mut Vec<Finding>) -> Result<Vec<(PathBuf, String)>> {
    let whole = whole(asked)?;
    let shown = asked.to_string_lossy().into_owned();
    if whole.is_symlink() {
        let why = "It is a symbolic link. What it leads to can change without anybody noticing.";
        let fix = "Name the file itself.";
        findings.push(Finding::new(Code::FileNotRegular, Place::file(shown), why, fix));
        return Ok(Vec::new());
    }
    if whole.is_file() {
        return Ok(vec![(whole, shown)]);
    }
    if !whole.is_dir() {
        let message = format!("there is no file {}", Untrusted::new(shown).for_terminal());
        return Err(Stop::new(Exit::Usage, message).into());
    }
    let (paths, about) = inbox::list(&Disk::real(&whole), "")?;
    let below = |path: &str| match shown.trim_end_matches('/') {
        "." => path.to_owned(),
        folder => format!("{folder}/{path}"),
    };
    findings.extend(about.into_iter().map(|mut finding| {
        finding.place.file = Untrusted::new(below(finding.place.file.raw()));
        finding
    }));
    Ok(paths.into_iter().map(|path| (whole.join(&path), below(&path))).collect())
}

fn whole(asked: &Path) -> Result<PathBuf> {
    let whole =
        std::path::absolute(asked).map_err(|error| Stop::new(Exit::Usage, format!("{}: {error}", asked.display())))?;
    let mut plain = PathBuf::new();
    for part in whole.components() {
        match part {
            std::path::Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    Ok(plain)
}

/// The folder that stands for the inbox: a folder that was asked for, or the one above a file's own, which is its source's.
/// Where the way to it leads through the folder of a month, it is above the export, since that says what belongs together.
fn base_of(asked: &[PathBuf]) -> Result<PathBuf> {
    let mut base: Option<PathBuf> = None;
    for path in asked {
        let path = whole(path)?;
        let folder = if path.is_dir() { path } else { path.ancestors().nth(2).unwrap_or(&path).to_owned() };
        base = Some(match base {
            None => folder,
            Some(other) => {
                let shared = other.components().zip(folder.components()).take_while(|(a, b)| a == b);
                shared.map(|(part, _)| part).collect()
            }
        });
    }
    let base = base.unwrap_or_default();
    let is_month =
        |folder: &&Path| folder.file_name().and_then(|name| month_of_folder(&name.to_string_lossy())).is_some();
    let month = base.ancestors().find(is_month).and_then(|month| month.ancestors().nth(3));
    Ok(month.unwrap_or(&base).to_owned())
}

/// A path below another with `/` between folders; none where a name is no text.
fn below(whole: &Path, base: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> =
        whole.strip_prefix(base).ok()?.components().map(|part| part.as_os_str().to_str()).collect();
    parts.map(|parts| parts.join("/"))
}
