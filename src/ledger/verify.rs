//! `verify`: nothing in the ledger or the outputs was altered, is missing, or was added.
//!
//! Quick: the chain of closes, the audit log, every pointer, every size, every output byte. Full: every object hashed.
//! (That a month can be made again from its inputs to the same bytes is shown by `close`, which knows the stages.)
//! A person who may write here can recompute the whole chain; against that stands only the close id on paper elsewhere.

use super::objects::{OBJECTS, Object};
use super::record::{CloseBody, Settled};
use super::{BOOKS, HEAD, LOCK, Ledger, NEWER, STAGING, is_hash, is_temporary};
use crate::io::digest::sha256_of_reader;
use crate::io::fs::{DiskError, Entry, EntryKind};
use crate::model::exit::Stop;
use crate::model::finding::{Code, Finding, Place};
use crate::model::month::Month;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was looked at, and what is wrong.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Verified {
    pub findings: Vec<Finding>,
    pub closes: u64,
    pub objects: u64,
    pub bytes: u64,
    pub outputs: u64,
}

impl Verified {
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    pub fn add(&mut self, file: &str, why: impl Into<String>) {
        self.findings.push(finding(file, why));
    }

    /// Damage becomes a finding; a disk that cannot be read stays an error.
    fn take<T>(&mut self, found: Result<T>) -> Result<Option<T>> {
        match found {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                let Some(stop) = error.downcast_ref::<Stop>() else { return Err(error) };
                if stop.message.starts_with(NEWER) {
                    let fix = "Install the version that wrote them; nothing here reads or changes them.";
                    let newer = Finding::new(Code::LedgerNewer, Place::file(BOOKS), stop.message.clone(), fix);
                    self.findings.push(newer);
                    return Ok(None);
                }
                let file = stop.message.split(" is damaged: ").next().unwrap_or("ledger").to_owned();
                self.add(&file, stop.message.clone());
                Ok(None)
            }
        }
    }
}

fn finding(file: &str, why: impl Into<String>) -> Finding {
    let fix = "Restore the folder of the books from a backup and find out who or what changed it; \
               nothing more is closed on damaged books.";
    Finding::new(Code::LedgerDamaged, Place::file(file), why, fix)
}

impl Ledger {
    pub fn verify(&self, full: bool) -> Result<Verified> {
        let mut verified = Verified::default();
        let settled = self.settled();
        let settled = verified.take(settled)?;
        let books = self.books_id();
        verified.take(books)?;
        self.verify_places(&mut verified)?;
        let mut records: Vec<CloseBody> = Vec::new();
        if let Some(settled) = &settled {
            self.verify_audit(settled, &mut verified)?;
            verified.closes = settled.chain.len() as u64;
            records.extend(settled.chain.iter().map(|close| close.body.clone()));
        }
        for month in self.draft_months(&mut verified)? {
            let draft = self.draft(month);
            records.extend(verified.take(draft)?.flatten().map(|(_, body)| body));
        }
        for body in &records {
            self.verify_record(body, &mut verified)?;
        }
        if settled.is_some() {
            self.verify_outputs_known(&records, &mut verified)?;
        }
        if full {
            self.verify_objects(&mut verified)?;
        }
        verified.findings.sort_by(|a, b| (&a.place, &a.why).cmp(&(&b.place, &b.why)));
        verified.findings.dedup();
        Ok(verified)
    }

    /// Everything in the folder of the ledger is of a kind that belongs there, and every pointer leads somewhere.
    fn verify_places(&self, verified: &mut Verified) -> Result<()> {
        for Entry { path, kind, .. } in self.disk().list("ledger")? {
            if kind != EntryKind::File {
                verified.add(&path, "A link or special file stands where only plain files belong.");
                continue;
            }
            let known = [BOOKS, HEAD, LOCK, super::audit::AUDIT].contains(&path.as_str());
            if known || is_temporary(&path) || path.starts_with(&format!("{STAGING}/")) {
                continue;
            }
            if let Some(name) = path.strip_prefix(&format!("{OBJECTS}/")) {
                if !is_hash(&name.replacen('/', "", 1)) {
                    verified.add(&path, "Its name is not the name of an object.");
                }
            } else if let Some(name) = path.strip_prefix("ledger/cache/") {
                let key = name.rsplit('/').next().unwrap_or(name);
                if !is_hash(key) || path != super::cache::pointer(key) {
                    verified.add(&path, "Its name is not the key of a stage.");
                    continue;
                }
                let recalled = self.recall(key);
                verified.take(recalled)?;
            } else if let Some(name) = path.strip_prefix("ledger/seen/") {
                // It is never believed here, and a run that finds it damaged forgets it.
                if Month::parse(name).is_err() {
                    verified.add(&path, "Its name is not a month.");
                }
            } else if !path.starts_with("ledger/drafts/") {
                verified.add(&path, "Nobody who keeps these books wrote this file.");
            }
        }
        Ok(())
    }

    fn draft_months(&self, verified: &mut Verified) -> Result<Vec<Month>> {
        let mut months = Vec::new();
        for entry in self.disk().list("ledger/drafts")? {
            let name = entry.path.trim_start_matches("ledger/drafts/");
            match Month::parse(name) {
                Ok(month) => months.push(month),
                Err(_) if is_temporary(&entry.path) => {}
                Err(_) => verified.add(&entry.path, "Its name is not a month."),
            }
        }
        Ok(months)
    }

    fn verify_audit(&self, settled: &Settled, verified: &mut Verified) -> Result<()> {
        let log = self.audit_log();
        let Some(log) = verified.take(log)? else { return Ok(()) };
        let file = super::audit::AUDIT;
        if log.torn {
            verified.add(file, "Its last line has no end: a run died while it wrote, or somebody cut the file.");
        }
        for close in &settled.chain {
            if !log.events.iter().any(|(hash, _)| *hash == close.attest.audit) {
                let why = format!("The line that announced the close of {} is missing.", close.body.month);
                verified.add(file, why);
            }
        }
        for (_, event) in log.events.iter().filter(|(_, event)| event.what == "closed") {
            if !settled.chain.iter().any(|close| close.id == event.about) {
                let why =
                    format!("The log knows a close of {} that the ledger does not: HEAD was set back.", event.month);
                verified.add(HEAD, why);
            }
        }
        Ok(())
    }

    /// A record's objects are there in their size, its stages lead where they led, and its outputs are on disk unaltered.
    fn verify_record(&self, body: &CloseBody, verified: &mut Verified) -> Result<()> {
        for (sha256, &bytes) in &body.objects {
            let object = Object { sha256: sha256.clone(), bytes };
            let path = object.path();
            if !self.disk().exists(&path) {
                verified.add(&path, format!("An object of {} is missing.", body.month));
            } else if self.disk().size(&path)? != bytes {
                verified.add(&path, format!("An object of {} has not its {bytes} bytes.", body.month));
            }
        }
        for stage in &body.stages {
            let recalled = self.recall(&stage.key);
            if let Some(recalled) = verified.take(recalled)?
                && recalled.is_none_or(|(object, _)| object != stage.manifest)
            {
                let why = format!("The stage {} of {} does not lead where it led.", stage.stage, body.month);
                verified.add(&super::cache::pointer(&stage.key), why);
            }
        }
        verified.outputs += body.outputs.len() as u64;
        if self.disk().exists(&body.outputs_folder) {
            verified.findings.extend(compare_outputs(self, body)?.iter().map(|odd| of_output(body, odd)));
        } else if body.state == "closed" && !self.is_unfinished(body) {
            let why = format!("The outputs of {} are missing.", body.month);
            let odd = OddOutput { path: body.outputs_folder.clone(), why, missing: true };
            verified.findings.push(of_output(body, &odd));
        }
        Ok(())
    }

    /// A run died between the commit and the rename: the outputs are staged, and the next run moves them.
    fn is_unfinished(&self, body: &CloseBody) -> bool {
        self.disk().exists(&format!("{STAGING}/{}", body.run))
    }

    fn verify_outputs_known(&self, records: &[CloseBody], verified: &mut Verified) -> Result<()> {
        let mut unknown: BTreeMap<String, String> = BTreeMap::new();
        for entry in self.disk().list("out")? {
            let within = |body: &&CloseBody| entry.path.starts_with(&format!("{}/", body.outputs_folder));
            // A draft of a dead run is swept by the next one.
            let of_draft = entry.path.split('/').nth(2).is_some_and(|name| name.starts_with("draft-"));
            if !records.iter().any(|body| within(&body)) && !of_draft && !is_temporary(&entry.path) {
                let folder: Vec<&str> = entry.path.split('/').take(3).collect();
                unknown.entry(folder.join("/")).or_insert(entry.path);
            }
        }
        for path in unknown.values() {
            verified.add(path, "No close or draft of these books wrote this file.");
        }
        Ok(())
    }

    fn verify_objects(&self, verified: &mut Verified) -> Result<()> {
        for entry in self.disk().list(OBJECTS)? {
            if entry.kind != EntryKind::File || is_temporary(&entry.path) {
                continue;
            }
            let name = entry.path.trim_start_matches(OBJECTS).replace('/', "");
            let (found, bytes) = sha256_of_reader(&mut self.disk().open(&entry.path).map_err(super::unsound)?)
                .map_err(|error| super::read_error(&entry.path, error))?;
            verified.objects += 1;
            verified.bytes += bytes;
            if found != name {
                verified.add(&entry.path, format!("Its bytes hash to {found}."));
            }
        }
        Ok(())
    }
}

/// An output that is not as its record says.
pub(crate) struct OddOutput {
    pub path: String,
    pub why: String,
    pub missing: bool,
}

/// The ledger can make every output again, so no backup is needed for one.
fn of_output(body: &CloseBody, odd: &OddOutput) -> Finding {
    let (folder, month) = (&body.outputs_folder, body.month);
    let close = if body.state == "closed" { "close" } else { "close --draft" };
    let fix = if odd.missing {
        format!("Run `chargeback {close} --month {month}`: what is missing is made again from the ledger.")
    } else {
        format!(
            "Find out who or what changed it. Then delete the folder {folder} and run `chargeback {close} --month {month}`: \
             it is made anew from the ledger."
        )
    };
    Finding::new(Code::OutputAltered, Place::file(&odd.path), odd.why.clone(), fix)
}

/// Every output of a record is on disk with its bytes, and nothing else is in its folder.
pub(crate) fn compare_outputs(ledger: &Ledger, body: &CloseBody) -> Result<Vec<OddOutput>> {
    let disk = ledger.disk();
    let mut expected: BTreeMap<String, &Object> =
        body.outputs.iter().map(|file| (format!("{}/{}", body.outputs_folder, file.path), &file.object)).collect();
    let (mut odd, mut there) = (Vec::new(), Vec::new());
    let altered = |path: &str, why: String| OddOutput { path: path.to_owned(), why, missing: false };
    for entry in disk.list(&body.outputs_folder)? {
        let Some(object) = expected.remove(&entry.path) else {
            odd.push(altered(&entry.path, format!("The close of {} did not write this file.", body.month)));
            continue;
        };
        if entry.kind != EntryKind::File {
            odd.push(altered(&entry.path, "A link or special file stands in place of the file.".to_owned()));
            continue;
        }
        there.push((entry.path, object));
    }
    let hashed = super::at_once(&there, ledger.writers, |(path, _)| {
        let read = |error| -> DiskError { super::read_error(path, error) };
        Ok(sha256_of_reader(&mut disk.open(path)?).map_err(read)?.0)
    })?;
    for ((path, object), found) in there.iter().zip(hashed).filter(|((_, object), found)| *found != object.sha256) {
        let why = format!("Its bytes hash to {found}; the close of {} wrote {}.", body.month, object.sha256);
        odd.push(altered(path, why));
    }
    for path in expected.into_keys() {
        let why = format!("The close of {} wrote this file, and it is missing.", body.month);
        odd.push(OddOutput { path, why, missing: true });
    }
    Ok(odd)
}
