//! The audit log: who did what and when. Append-only, each line hashes the one before, and it cannot be switched off: a
//! run that cannot write its line stops before it commits.

use super::{Actor, Ledger, damaged, is_hash};
use crate::io::digest::sha256;
use anyhow::Result;
use serde::{Deserialize, Serialize};

pub(crate) const AUDIT: &str = "ledger/audit.log";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// `draft`, `close-begins`, `closed`, `recovered`.
    pub what: String,
    pub month: String,
    pub run: String,
    /// What the event is about: the id of a close.
    pub about: String,
    pub person: String,
    pub host: String,
    pub at: String,
    pub tool: String,
}

impl Event {
    pub fn new(what: &str, month: impl ToString, run: &str, about: &str, actor: &Actor) -> Self {
        Self {
            what: what.to_owned(),
            month: month.to_string(),
            run: run.to_owned(),
            about: about.to_owned(),
            person: actor.person.clone(),
            host: actor.host.clone(),
            at: actor.now.clone(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// The log as it was read: events with the hash of their lines, and how many bytes are whole lines.
#[derive(Clone, Debug, Default)]
pub struct AuditLog {
    pub events: Vec<(String, Event)>,
    pub whole_bytes: u64,
    pub torn: bool,
}

impl AuditLog {
    pub fn last_hash(&self) -> &str {
        self.events.last().map_or("", |(hash, _)| hash)
    }

    pub fn tells(&self, what: &str, about: &str) -> bool {
        self.events.iter().any(|(_, event)| event.what == what && event.about == about)
    }
}

fn line(previous: &str, json: &str) -> (String, String) {
    let hash = sha256(format!("{previous}\n{json}").as_bytes());
    let line = format!("{hash} {json}\n");
    (hash, line)
}

impl Ledger {
    pub fn audit_log(&self) -> Result<AuditLog> {
        let mut log = AuditLog::default();
        if !self.disk().exists(AUDIT) {
            return Ok(log);
        }
        let bytes = super::read_sound(self.disk(), AUDIT)?;
        for (number, whole) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let Some(text) = whole.strip_suffix(b"\n") else {
                log.torn = true;
                break;
            };
            let refuse = |why: &str| damaged(AUDIT, format!("line {}: {why}", number + 1));
            let text = std::str::from_utf8(text).map_err(|_| refuse("it is not text"))?;
            let (hash, json) = text.split_once(' ').ok_or_else(|| refuse("it has no hash"))?;
            if !is_hash(hash) || line(log.last_hash(), json).0 != hash {
                return Err(refuse("it or the line before was changed").into());
            }
            let event = serde_json::from_str(json).map_err(|error| refuse(&error.to_string()))?;
            log.events.push((hash.to_owned(), event));
            log.whole_bytes += whole.len() as u64;
        }
        Ok(log)
    }

    /// Adds a line and gives its hash. Only under the lock.
    pub fn audit(&self, event: &Event) -> Result<String> {
        let log = self.audit_log()?;
        if log.torn {
            self.disk().truncate(AUDIT, log.whole_bytes)?;
        }
        let (hash, line) = line(log.last_hash(), &serde_json::to_string(event)?);
        self.disk().append(AUDIT, line.as_bytes())?;
        Ok(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::fs::Disk;

    fn ledger_with_two_lines() -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(Disk::real(folder.path()));
        ledger.disk().make_dir("ledger").unwrap();
        let actor = Actor { person: "ann".into(), host: "h".into(), now: "2025-10-02T08:00:00Z".into() };
        for what in ["draft", "closed"] {
            ledger.audit(&Event::new(what, "2025-09", "0123456789ab", "id", &actor)).unwrap();
        }
        (folder, ledger)
    }

    #[test]
    fn every_flipped_byte_of_the_log_is_noticed() {
        let (_folder, ledger) = ledger_with_two_lines();
        let bytes = ledger.disk().read(AUDIT).unwrap();
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            ledger.disk().write(AUDIT, &flipped).unwrap();
            let noticed = ledger.audit_log().is_err() || ledger.audit_log().unwrap().torn;
            assert!(noticed, "byte {at}");
        }
    }

    #[test]
    fn a_torn_line_is_cut_off_and_the_chain_goes_on() {
        let (_folder, ledger) = ledger_with_two_lines();
        let bytes = ledger.disk().read(AUDIT).unwrap();
        ledger.disk().write(AUDIT, &bytes[..bytes.len() - 5]).unwrap();
        let actor = Actor { person: "bob".into(), host: "h".into(), now: "later".into() };
        ledger.audit(&Event::new("draft", "2025-09", "run", "", &actor)).unwrap();
        let log = ledger.audit_log().unwrap();
        assert_eq!(log.events.len(), 2);
        assert!(!log.torn);
    }
}
