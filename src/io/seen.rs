//! What the files of an inbox were when they were looked at last, so that an unchanged month is not hashed again.
//!
//! A file counts as the one that was seen when path, size, number on the disk, time of the last change of its content and
//! of its record are all the same to the nanosecond. The last of these is set by the kernel alone: a copy that brings an
//! old date along, or a date that was set back, shows in it. A file that had been changed less than two seconds before the
//! look is not remembered at all, because it could change once more within one tick of the clock of its disk.
//!
//! It saves reading and proves nothing: `verify` never asks it, what is kept as evidence is hashed while it is copied, and
//! without it, or with a damaged one, every file is read again. Ten million rows in twenty gzip parts (1.5 GB): 0.8 s of
//! hashing becomes a few milliseconds.

use super::fs::Signature;
use crate::model::finding::Finding;
use crate::model::intake::InboxFile;
use crate::model::settings::SourceSetting;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Nanoseconds that must lie between the last change of a file and the look at it.
const SETTLED: i128 = 2_000_000_000;

/// By path below the inbox of the month.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The version of whatever looks: another one looks anew.
    by: String,
    files: BTreeMap<String, SeenFile>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SeenFile {
    signature: Signature,
    /// What the settings said of the source, which decides how its files are read.
    setting: String,
    file: InboxFile,
    findings: Vec<Finding>,
}

/// The memory of an inbox while it is looked at.
#[derive(Default)]
pub struct Memory {
    pub before: Seen,
    /// The time of the disk at the beginning of the run; without it nothing new is remembered.
    pub now: Option<i128>,
}

impl Memory {
    pub fn new(before: Option<Seen>, by: &str, now: Option<i128>) -> Self {
        let empty = Seen { by: by.to_owned(), ..Seen::default() };
        Self { before: before.filter(|seen| seen.by == by).unwrap_or(empty), now }
    }

    /// The file as it was seen, if it still is that file.
    pub(super) fn recall(
        &self,
        found: Option<Signature>,
        path: &str,
        setting: Option<&SourceSetting>,
    ) -> Option<(InboxFile, Vec<Finding>)> {
        let seen = self.before.files.get(path)?;
        let same = found == Some(seen.signature) && seen.setting == told(setting);
        same.then(|| (seen.file.clone(), seen.findings.clone()))
    }

    /// What is to be remembered of a file that was looked at; `signature` is from before the look.
    pub(super) fn remember(
        &self,
        after: &mut Seen,
        signature: Option<Signature>,
        setting: Option<&SourceSetting>,
        (file, findings): (&InboxFile, &[Finding]),
    ) {
        let settled = |signature: &Signature| self.now.is_some_and(|now| signature.newest() + SETTLED <= now);
        if let Some(signature) = signature.filter(settled) {
            let seen = SeenFile { signature, setting: told(setting), file: file.clone(), findings: findings.to_vec() };
            after.files.insert(file.path.clone(), seen);
        }
    }

    pub(super) fn after(&self) -> Seen {
        Seen { by: self.before.by.clone(), files: BTreeMap::new() }
    }
}

fn told(setting: Option<&SourceSetting>) -> String {
    serde_json::to_string(&setting).unwrap_or_default()
}
