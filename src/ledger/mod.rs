//! The sub-ledger on disk.
//!
//! ```text
//! ledger/
//!   BOOKS               format and id of the books
//!   objects/9f/2c61...  immutable, named by their SHA-256: inputs, settings, charges, roll-ups, records
//!   cache/<key>         what a stage made of inputs, settings and rules that hash to the key
//!   drafts/<month>      the newest draft of an open month
//!   seen/<month>        what the files of the inbox were when they were looked at last: saves reading, proves nothing
//!   HEAD                the newest close                                    <- the only commit point
//!   audit.log           who did what and when; each line hashes the one before
//!   staging/            outputs on their way; they appear in out/ by one rename
//!   lock
//! ```
//!
//! Before HEAD moves there are objects nobody refers to; after it everything else can be made again. So a run that dies
//! leaves the old month or the new one, and the next run sweeps up and goes on.

pub mod audit;
pub mod cache;
pub mod objects;
pub mod publish;
pub mod record;
mod seen;
pub mod staging;
pub mod verify;

pub use audit::Event;
pub use cache::StageManifest;
pub use objects::{NewObject, Object};
pub use publish::{Published, outputs_folder};
pub use record::{Attest, Close, CloseBody, KeptStage, NamedHash, Options, Settled};
pub use staging::Staging;
pub use verify::Verified;

use crate::io::digest::sha256;
use crate::io::fs::{Disk, DiskError, EntryKind, Held, Lock};
use crate::model::exit::{Exit, Stop};
use anyhow::Result;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// The layout described above. Books of a higher number are not touched.
pub const FORMAT: u32 = 1;

pub(crate) const BOOKS: &str = "ledger/BOOKS";
pub(crate) const HEAD: &str = "ledger/HEAD";
pub(crate) const STAGING: &str = "ledger/staging";
/// How the refusal of books of a later format begins.
pub(crate) const NEWER: &str = "These books were written by a newer version";
const LOCK: &str = "ledger/lock";

/// Who acts, where, and at what time: for the lock, the attest record and the audit log.
#[derive(Clone, Debug)]
pub struct Actor {
    pub person: String,
    pub host: String,
    /// UTC, RFC 3339.
    pub now: String,
}

#[derive(Clone, Debug)]
pub struct Ledger {
    disk: Disk,
    /// Files that are written at once.
    writers: usize,
}

impl Ledger {
    pub fn new(disk: Disk) -> Self {
        Self { disk, writers: 1 }
    }

    /// The same with several files written at once: a run with one thread does one thing after the other.
    pub fn with_threads(disk: Disk, threads: usize) -> Self {
        const WRITERS: usize = 8;
        Self { disk, writers: if threads > 1 { WRITERS } else { 1 } }
    }

    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// One run at a time writes. The other is named, so that a person can be asked.
    pub fn lock(&self, actor: &Actor) -> Result<Held> {
        let process = std::process::id();
        let holder = format!("{} on {}, process {process}, since {}", actor.person, actor.host, actor.now);
        match self.disk.lock(LOCK, &holder)? {
            Lock::Taken(held) => Ok(held),
            Lock::HeldBy(other) => {
                let other = if other.is_empty() { "somebody who has just begun" } else { &other };
                let message = format!("Another run holds these books: {other}. Try again when it has ended.");
                Err(Stop::new(Exit::TryAgain, message).into())
            }
        }
    }

    /// The id of the books, where there is one; books of a newer format are refused.
    pub fn books_id(&self) -> Result<Option<String>> {
        if !self.disk.exists(BOOKS) {
            return Ok(None);
        }
        let bytes = read_sound(&self.disk, BOOKS)?;
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let format = lines.first().and_then(|line| line.strip_prefix("chargeback books, format "));
        match (format.and_then(|format| format.parse::<u32>().ok()), lines.get(1)) {
            (Some(format), _) if format > FORMAT => {
                let why = format!("{NEWER} (format {format}; this one knows {FORMAT}). Use that version.");
                Err(Stop::new(Exit::Integrity, why).into())
            }
            (Some(_), Some(id)) if text == books_text(id) => Ok(Some((*id).to_owned())),
            _ => Err(damaged(BOOKS, "it does not say which books these are").into()),
        }
    }

    /// Gives the books their id at the first close: made of what is closed, so that the same books get the same id.
    pub fn ensure_books_id(&self, state: &str, run: &str) -> Result<String> {
        if let Some(id) = self.books_id()? {
            return Ok(id);
        }
        let id = sha256(format!("books\n{state}\n{run}").as_bytes())[..32].to_owned();
        self.disk.write(BOOKS, books_text(&id).as_bytes())?;
        Ok(id)
    }

    /// Removes what a dead run left: temporary files and staged outputs. Only under the lock.
    pub fn sweep(&self, keep_staged: Option<&str>) -> Result<()> {
        for place in ["ledger", "out"] {
            for entry in self.disk.list(place)? {
                if entry.kind == EntryKind::File && is_temporary(&entry.path) {
                    self.disk.remove(&entry.path)?;
                }
            }
        }
        for folder in self.disk.folders(STAGING)? {
            if Some(folder.as_str()) != keep_staged {
                self.disk.remove(&format!("{STAGING}/{folder}"))?;
            }
        }
        Ok(())
    }
}

fn books_text(id: &str) -> String {
    let head = format!("chargeback books, format {FORMAT}\n{id}\n");
    let check = sha256(head.as_bytes());
    format!("{head}{check}\n")
}

pub(crate) fn is_temporary(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with('.') && name.ends_with(".part")
}

/// Does the same for many files at once and gives the results in their order. Most of the time of a small write goes by in
/// waiting for the disk, and disks wait for several files in the time of one.
pub(crate) fn at_once<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let done: Mutex<BTreeMap<usize, Result<R>>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, items.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(place) else { break };
                    let result = work(item);
                    if result.is_err() {
                        next.store(items.len(), Ordering::Relaxed);
                    }
                    done.lock().unwrap_or_else(PoisonError::into_inner).insert(place, result);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

/// Exit 5, with the file.
pub fn damaged(path: &str, why: impl std::fmt::Display) -> Stop {
    Stop::new(Exit::Integrity, format!("{path} is damaged: {why}. Run `chargeback verify`."))
}

/// Text that is one SHA-256 in hexadecimal and the end of the line.
pub(crate) fn hash_line(path: &str, bytes: &[u8]) -> Result<String, Stop> {
    let text = std::str::from_utf8(bytes).ok().and_then(|text| text.strip_suffix('\n'));
    text.filter(|text| is_hash(text)).map(str::to_owned).ok_or_else(|| damaged(path, "it does not hold one hash"))
}

pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// The bytes of a file that must be there as a plain file; where something else stands, the books are damaged.
pub(crate) fn read_sound(disk: &Disk, path: &str) -> Result<Vec<u8>> {
    disk.read(path).map_err(unsound)
}

/// An error with a number of the operating system is the disk's; a link or folder in place of a file is damage.
pub(crate) fn unsound(error: DiskError) -> anyhow::Error {
    if error.source.raw_os_error().is_none() || error.is_not_found() {
        damaged(&error.path, error.source).into()
    } else {
        error.into()
    }
}

pub(crate) fn read_error(path: &str, source: std::io::Error) -> DiskError {
    DiskError { doing: "read", path: path.to_owned(), bytes: 0, source }
}

pub(crate) fn write_error(path: &str, source: std::io::Error) -> DiskError {
    DiskError { doing: "write", path: path.to_owned(), bytes: 0, source }
}
