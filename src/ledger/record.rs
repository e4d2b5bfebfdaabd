//! Close records: what a close was made of and what it made, chained by hash to the close before.
//!
//! The body holds no time, person, place or machine, so that it can be made again to the byte; those are in the attest
//! record, which holds the hash of the body and of the previous attest record. HEAD names the newest attest record.

use super::cache::StageManifest;
use super::objects::{Object, json, path_of};
use super::{Actor, HEAD, Ledger, damaged, is_hash};
use crate::model::exit::{Exit, Stop};
use crate::model::month::Month;
use crate::model::proof::{Gate, LawResult, TieOut};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A file with its size and hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NamedHash {
    /// Below the books; for outputs, below their folder.
    pub path: String,
    #[serde(flatten)]
    pub object: Object,
    /// Whether its bytes are an object of the ledger too.
    pub kept: bool,
}

/// What the person decided for this run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    pub accept_unfinal: bool,
    pub allow_empty: Vec<String>,
}

/// All of a close, or of a draft, that is not time, person or place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseBody {
    pub books: String,
    pub month: Month,
    /// `closed` or `draft`.
    pub state: String,
    /// Place in the chain; zero for a draft.
    pub sequence: u64,
    /// Id of the previous close; empty for the first and for drafts.
    pub previous: String,
    pub run: String,
    /// Version of the rules by which amounts are made.
    pub rules: String,
    pub options: Options,
    pub inputs: Vec<NamedHash>,
    /// The settings as the stages read them, and the tables they were made from.
    pub settings: Object,
    pub tables: Vec<NamedHash>,
    /// Stage name, key, and the object that says what it left.
    pub stages: Vec<KeptStage>,
    /// What the close before left to this month; what this one leaves. Of a draft only the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Object>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<Object>,
    /// Bill lines of closed months that its adjustments correct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<Object>,
    /// The outcome as the command line shows it.
    pub outcome: Object,
    pub outputs_folder: String,
    pub outputs: Vec<NamedHash>,
    /// Every object that belongs to this record, with its size.
    pub objects: BTreeMap<String, u64>,
    pub gates: Vec<Gate>,
    pub tie_outs: Vec<TieOut>,
    pub laws: Vec<LawResult>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptStage {
    pub stage: String,
    pub key: String,
    pub manifest: Object,
}

impl CloseBody {
    /// Adds a stage's objects to those that belong to the record.
    pub fn add_stage(&mut self, manifest: &StageManifest, object: Object) {
        for kept in manifest.objects.values().chain([&object]) {
            self.add_object(kept);
        }
        let (stage, key) = (manifest.stage.clone(), manifest.key.clone());
        self.stages.push(KeptStage { stage, key, manifest: object });
    }

    pub fn add_object(&mut self, object: &Object) {
        self.objects.insert(object.sha256.clone(), object.bytes);
    }

    pub fn object(&self, sha256: &str) -> Option<Object> {
        self.objects.get(sha256).map(|&bytes| Object { sha256: sha256.to_owned(), bytes })
    }
}

/// When, by whom and where a body was committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attest {
    pub body: Object,
    pub sequence: u64,
    pub month: Month,
    pub previous: String,
    pub person: String,
    pub host: String,
    pub at: String,
    pub tool: String,
    /// Hash of the audit line that announced this close.
    pub audit: String,
}

/// A committed close. Its id is the hash of its attest record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    pub id: String,
    pub attest: Attest,
    pub body: CloseBody,
}

/// The newest close of each month, newest first.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// Every close, newest first.
    pub chain: Vec<Close>,
}

impl Settled {
    pub fn head(&self) -> Option<&Close> {
        self.chain.first()
    }

    pub fn head_id(&self) -> String {
        self.head().map(|close| close.id.clone()).unwrap_or_default()
    }

    pub fn of(&self, month: Month) -> Option<&Close> {
        self.chain.iter().find(|close| close.body.month == month)
    }

    /// What the newest close of an earlier month leaves.
    pub fn left_to(&self, month: Month) -> Option<&Object> {
        self.chain.iter().find(|close| close.body.month < month)?.body.leaves.as_ref()
    }

    pub fn newest_month(&self) -> Option<Month> {
        self.chain.iter().map(|close| close.body.month).max()
    }
}

fn head_line(sequence: u64, month: Month, id: &str) -> String {
    format!("{sequence:04} {month} {id}\n")
}

impl Ledger {
    /// What HEAD says: the id of the newest close, empty before the first.
    pub fn head(&self) -> Result<String> {
        if !self.disk().exists(HEAD) {
            return Ok(String::new());
        }
        let bytes = super::read_sound(self.disk(), HEAD)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let id = text.trim_end_matches('\n').rsplit(' ').next().unwrap_or_default().to_owned();
        if !is_hash(&id) {
            return Err(damaged(HEAD, "it does not name a close").into());
        }
        let attest: Attest = self.get_json(&id)?;
        if text != head_line(attest.sequence, attest.month, &id) {
            return Err(damaged(HEAD, "it does not agree with the close it names").into());
        }
        Ok(id)
    }

    /// Every close from HEAD back to the first, each hashed, each in its place.
    pub fn settled(&self) -> Result<Settled> {
        let mut chain: Vec<Close> = Vec::new();
        let mut id = self.head()?;
        while !id.is_empty() {
            let attest: Attest = self.get_json(&id)?;
            let body: CloseBody = self.get_json(&attest.body.sha256)?;
            let place = path_of(&id);
            let expected = chain.last().map(|close| close.body.sequence - 1);
            let in_place = expected.is_none_or(|expected| expected == attest.sequence) && attest.sequence > 0;
            if !in_place
                || (body.sequence, body.month, &body.previous) != (attest.sequence, attest.month, &attest.previous)
                || (attest.sequence == 1) != attest.previous.is_empty()
            {
                return Err(damaged(&place, "the close does not follow on the one before").into());
            }
            let previous = attest.previous.clone();
            chain.push(Close { id, attest, body });
            id = previous;
        }
        if !chain.is_empty() {
            let books = self.books_id()?.ok_or_else(|| damaged(super::BOOKS, "it is missing"))?;
            if let Some(close) = chain.iter().find(|close| close.body.books != books) {
                return Err(damaged(&path_of(&close.id), "the close is of other books").into());
            }
        }
        Ok(Settled { chain })
    }

    /// Writes body and attest record; nothing refers to them until [`Ledger::move_head`].
    pub fn attest(&self, body: &CloseBody, audit: &str, actor: &Actor) -> Result<Close> {
        let object = self.put(&json(body)?)?;
        let attest = Attest {
            body: object,
            sequence: body.sequence,
            month: body.month,
            previous: body.previous.clone(),
            person: actor.person.clone(),
            host: actor.host.clone(),
            at: actor.now.clone(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            audit: audit.to_owned(),
        };
        let id = self.put_json(&attest)?.sha256;
        Ok(Close { id, attest, body: body.clone() })
    }

    /// The commit. Refused when HEAD is not any more what the close was made on: on some network disks locks do nothing.
    pub fn move_head(&self, close: &Close) -> Result<()> {
        let found = self.head()?;
        if found != close.body.previous {
            let message = "Another run has closed a month while this one ran. Nothing was committed; run this again.";
            return Err(Stop::new(Exit::TryAgain, message).into());
        }
        self.disk().write(HEAD, head_line(close.body.sequence, close.body.month, &close.id).as_bytes())?;
        Ok(())
    }

    /// The newest draft of a month.
    pub fn draft(&self, month: Month) -> Result<Option<(String, CloseBody)>> {
        let path = draft_pointer(month);
        if !self.disk().exists(&path) {
            return Ok(None);
        }
        let id = super::hash_line(&path, &super::read_sound(self.disk(), &path)?)?;
        let body: CloseBody = self.get_json(&id)?;
        if body.month != month || body.state != "draft" {
            return Err(damaged(&path, "it leads to something that is no draft of this month").into());
        }
        Ok(Some((id, body)))
    }
}

pub(crate) fn draft_pointer(month: Month) -> String {
    format!("ledger/drafts/{month}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::fs::Disk;
    use tempfile::TempDir;

    fn actor() -> Actor {
        Actor { person: "ann".to_owned(), host: "finance-1".to_owned(), now: "2026-01-10T09:00:00Z".to_owned() }
    }

    fn close(ledger: &Ledger, month: &str) -> Close {
        let settled = ledger.settled().unwrap();
        let books = ledger.ensure_books_id("State of Westmark", month).unwrap();
        let month = Month::parse(month).unwrap();
        let folder = crate::ledger::outputs_folder(month, "0123456789ab", false);
        let staging = ledger.staging(&folder).unwrap();
        staging.write("summary.json", &mut |out| Ok(write!(out, "{month}")?)).unwrap();
        staging.keep("summary.json").unwrap();
        let outputs = staging.seal().unwrap();
        let kept = ledger.put(month.to_string().as_bytes()).unwrap();
        let body = CloseBody {
            books,
            month,
            state: "closed".to_owned(),
            sequence: settled.chain.len() as u64 + 1,
            previous: settled.head_id(),
            run: "0123456789ab".to_owned(),
            rules: "1".to_owned(),
            options: Options::default(),
            inputs: Vec::new(),
            settings: kept.clone(),
            tables: Vec::new(),
            stages: Vec::new(),
            carried: None,
            leaves: None,
            corrected: None,
            outcome: kept.clone(),
            outputs_folder: folder,
            outputs,
            objects: BTreeMap::from([(kept.sha256, kept.bytes)]),
            gates: Vec::new(),
            tie_outs: Vec::new(),
            laws: Vec::new(),
        };
        ledger.commit_close(&body, &actor()).unwrap()
    }

    fn books(months: &[&str]) -> (TempDir, Ledger) {
        let folder = TempDir::new().unwrap();
        let ledger = Ledger::new(Disk::real(folder.path()));
        for month in months {
            close(&ledger, month);
        }
        (folder, ledger)
    }

    fn told(ledger: &Ledger) -> String {
        ledger.verify(true).unwrap().findings.iter().map(|finding| format!("{finding}\n")).collect()
    }

    #[test]
    fn closes_follow_on_each_other() {
        let (_folder, ledger) = books(&["2025-07", "2025-08", "2025-09"]);
        let settled = ledger.settled().unwrap();
        let months: Vec<String> = settled.chain.iter().map(|close| close.body.month.to_string()).collect();
        assert_eq!(months, ["2025-09", "2025-08", "2025-07"]);
        assert_eq!(settled.chain[0].body.previous, settled.chain[1].id);
        assert_eq!(told(&ledger), "");
    }

    #[test]
    fn the_last_close_taken_away_is_missed_by_the_log_and_its_outputs() {
        let (_folder, ledger) = books(&["2025-07", "2025-08"]);
        let settled = ledger.settled().unwrap();
        let (newest, first) = (&settled.chain[0], &settled.chain[1]);
        let line = head_line(1, first.body.month, &first.id);
        ledger.disk().write(HEAD, line.as_bytes()).unwrap();
        let told = told(&ledger);
        assert!(told.contains("HEAD was set back"), "{told}");
        assert!(told.contains(&newest.body.outputs_folder), "{told}");
    }

    #[test]
    fn an_earlier_close_altered_breaks_the_chain() {
        let (_folder, ledger) = books(&["2025-07", "2025-08"]);
        let first = ledger.settled().unwrap().chain.remove(1);
        let path = first.attest.body.path();
        let text = String::from_utf8(ledger.disk().read(&path).unwrap()).unwrap();
        ledger.disk().write(&path, text.replace("\"rules\": \"1\"", "\"rules\": \"2\"").as_bytes()).unwrap();
        assert!(ledger.settled().unwrap_err().to_string().contains(&path));
        assert!(told(&ledger).contains(&path));
    }

    #[test]
    fn closes_of_other_books_are_not_taken_for_ours() {
        let (_folder, ours) = books(&["2025-07"]);
        let (_other, theirs) = books(&["2025-06"]);
        for entry in theirs.disk().list("ledger").unwrap() {
            if entry.path != super::super::BOOKS {
                ours.disk().remove(&entry.path).unwrap();
                ours.disk().write(&entry.path, &theirs.disk().read(&entry.path).unwrap()).unwrap();
            }
        }
        assert!(ours.settled().unwrap_err().to_string().contains("other books"));
    }
}
