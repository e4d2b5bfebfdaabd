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
