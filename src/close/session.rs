//! What every step of a run needs: the books, the ledger, the request, and a way to say where it is.

use super::{Progress, Request, Stage, StageReport};
use crate::io::fs::Disk;
use crate::ledger::{Actor, Ledger, Object, StageManifest, cache};
use crate::model::finding::Finding;
use crate::model::untrusted::Untrusted;
use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeMap;

pub struct Session<'a> {
    pub disk: &'a Disk,
    pub ledger: Ledger,
    pub request: &'a Request,
    pub progress: &'a dyn Progress,
}

impl Session<'_> {
    /// A dry run looks at everything and leaves no byte behind.
    pub fn writes(&self) -> bool {
        !self.request.dry_run
    }

    pub fn actor(&self) -> Actor {
        actor(self.request)
    }

    pub fn threads(&self) -> usize {
        self.request.threads.max(1)
    }

    /// The folder of the month's files, below the books.
    pub fn inbox(&self) -> String {
        format!("inbox/{}", self.request.month)
    }

    /// Keeps what a stage made, and gives the object that says so. In a dry run there is nothing to give.
    pub fn remember(&self, stage: &str, key: String, objects: BTreeMap<String, Object>) -> Result<StageLeft> {
        let manifest = StageManifest { stage: stage.to_owned(), key, objects };
        let object =
            if self.writes() { self.ledger.remember(&manifest)? } else { Object { sha256: String::new(), bytes: 0 } };
        Ok(StageLeft { manifest, object })
    }

    pub fn recall(&self, key: &str) -> Result<Option<StageLeft>> {
        Ok(self.ledger.recall(key)?.map(|(object, manifest)| StageLeft { manifest, object }))
    }

    /// The object of a value, kept unless this is a dry run.
    pub fn keep_json(&self, value: &impl Serialize) -> Result<Object> {
        self.keep_bytes(&crate::ledger::objects::json(value)?)
    }

    pub fn keep_bytes(&self, bytes: &[u8]) -> Result<Object> {
        if self.writes() {
            return self.ledger.put(bytes);
        }
        Ok(Object { sha256: crate::io::digest::sha256(bytes), bytes: bytes.len() as u64 })
    }
}

pub fn actor(request: &Request) -> Actor {
    let invocation = &request.invocation;
    let person =
        if invocation.person.is_empty() { crate::io::fs::person_of_process() } else { invocation.person.clone() };
    Actor { person, host: invocation.host.clone(), now: invocation.now.clone() }
}

/// A stage's manifest and the object that holds it.
#[derive(Clone, Debug)]
pub struct StageLeft {
    pub manifest: StageManifest,
    pub object: Object,
}

/// The key of a stage in these rules.
pub fn key(stage: &str, parts: &[&str]) -> String {
    let parts: Vec<&str> = [super::RULES].into_iter().chain(parts.iter().copied()).collect();
    cache::key(stage, &parts)
}

pub fn report(stage: Stage, unchanged: bool, rows_in: u64, rows_out: u64) -> StageReport {
    StageReport { stage, unchanged, rows_in, rows_out, totals: Vec::new() }
}

/// Findings of files in the inbox name them from the folder of the books, as a person sees them.
pub fn below_books(folder: &str, findings: &mut [Finding]) {
    for finding in findings {
        let file = finding.place.file.raw();
        let lies_elsewhere = file.is_empty() || file.starts_with("inbox/") || file == "chargeback.toml";
        if !lies_elsewhere {
            finding.place.file = Untrusted::new(format!("{folder}/{file}"));
        }
    }
}
