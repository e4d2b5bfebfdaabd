//! Outputs on their way: written where nobody looks, read again there, and kept; in `out/` they appear by one rename.
//!
//! Waiting until a file is durable is most of what a small file costs, and a processor has better things to do: files that
//! are kept are synced and named by threads that do nothing else, several at a time, while the next are made.

use super::objects::Object;
use super::publish::staged;
use super::{Ledger, NamedHash, read_error, write_error};
use crate::io::digest::Hasher;
use crate::io::fs::{OpenFile, Pending};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// The files of one run.
pub struct Staging {
    ledger: Ledger,
    folder: String,
    /// Written, and not yet kept.
    waiting: Mutex<BTreeMap<String, (Pending, Object)>>,
    /// What the disk said of files that it did not give back.
    unread: Mutex<BTreeMap<String, anyhow::Error>>,
    keepers: Mutex<Keepers>,
}

/// Who makes files durable. A run with one thread does one thing after the other.
enum Keepers {
    Own(Vec<NamedHash>),
    Threads { queue: SyncSender<Kept>, threads: Vec<JoinHandle<Result<Vec<NamedHash>>>> },
}

struct Kept {
    pending: Pending,
    output: NamedHash,
}

impl Kept {
    fn settle(self) -> Result<NamedHash> {
        self.pending.commit()?;
        Ok(self.output)
    }
}

impl Ledger {
    /// An empty place for the outputs that are to stand in a folder of `out/`.
    pub fn staging(&self, folder: &str) -> Result<Staging> {
        let folder = staged(folder);
        self.disk().remove(&folder)?;
        self.disk().make_dir(&folder)?;
        let keepers = if self.writers > 1 { threads(self.writers) } else { Keepers::Own(Vec::new()) };
        let (waiting, unread) = (Mutex::default(), Mutex::default());
        Ok(Staging { ledger: self.clone(), folder, waiting, unread, keepers: Mutex::new(keepers) })
    }
}

fn threads(count: usize) -> Keepers {
    // What waits in the queue is an open file each.
    let (queue, next) = sync_channel(count);
    let next = Arc::new(Mutex::new(next));
    let threads = (0..count).map(|_| next.clone()).map(|next| std::thread::spawn(move || keep_all(&next))).collect();
    Keepers::Threads { queue, threads }
}

/// Keeps what comes until nothing comes any more. After a failure the rest is let go, so that nobody waits for it.
fn keep_all(next: &Mutex<Receiver<Kept>>) -> Result<Vec<NamedHash>> {
    let mut outputs = Ok(Vec::new());
    loop {
        let kept = next.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(kept) = kept else { return outputs };
        if let Ok(settled) = &mut outputs {
            match kept.settle() {
                Ok(output) => settled.push(output),
                Err(error) => outputs = Err(error),
            }
        }
    }
}

impl Staging {
    pub fn write(&self, path: &str, fill: &mut dyn FnMut(&mut dyn Write) -> Result<()>) -> Result<()> {
        let pending = self.ledger.disk().create(&format!("{}/{path}", self.folder))?;
        let mut file = Hashing { pending, hasher: Hasher::default(), refused: None };
        let filled = fill(&mut file);
        if let Some(error) = file.refused {
            return Err(write_error(path, error).into());
        }
        filled?;
        let (sha256, bytes) = file.hasher.finish();
        self.waiting().insert(path.to_owned(), (file.pending, Object { sha256, bytes }));
        Ok(())
    }

    /// A file that is written and not yet kept, as it lies on the disk.
    pub fn open(&self, path: &str) -> Result<impl Read + '_> {
        let file = match self.waiting().get(path).context("the file was not written")?.0.reopen() {
            Ok(file) => file,
            Err(error) => {
                let told = io::Error::from(error.source.kind());
                self.remember(path, error.into());
                return Err(told.into());
            }
        };
        Ok(Reading { file, path: path.to_owned(), staging: self })
    }

    fn remember(&self, path: &str, error: anyhow::Error) {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).entry(path.to_owned()).or_insert(error);
    }

    /// The file is what it should be: it becomes durable. Gives its size. A file that the disk did not give back is not: that
    /// is an error of the disk and no proof of anything.
    pub fn keep(&self, path: &str) -> Result<u64> {
        if let Some(error) = self.unread.lock().unwrap_or_else(PoisonError::into_inner).remove(path) {
            return Err(error);
        }
        let (pending, object) = self.waiting().remove(path).context("the file was not written")?;
        let bytes = object.bytes;
        let kept = Kept { pending, output: NamedHash { path: path.to_owned(), object, kept: false } };
        let queue = match &mut *self.keepers() {
            Keepers::Own(outputs) => {
                outputs.push(kept.settle()?);
                return Ok(bytes);
            }
            Keepers::Threads { queue, .. } => queue.clone(),
        };
        queue.send(kept).ok().context("the outputs are kept by nobody")?;
        Ok(bytes)
    }

    /// All files are durable under their names.
    pub fn seal(self) -> Result<Vec<NamedHash>> {
        let keepers = self.keepers.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut outputs = match keepers {
            Keepers::Own(outputs) => outputs,
            Keepers::Threads { queue, threads } => {
                drop(queue);
                let ended = threads.into_iter().map(JoinHandle::join).collect::<Vec<_>>();
                let mut outputs = Vec::new();
                for thread in ended {
                    outputs.extend(thread.map_err(|_| anyhow::anyhow!("a thread that keeps outputs panicked"))??);
                }
                outputs
            }
        };
        outputs.sort();
        Ok(outputs)
    }

    /// The files are not what they should be, and go.
    pub fn discard(self) -> Result<()> {
        let (disk, folder) = (self.ledger.disk().clone(), self.folder.clone());
        self.seal()?;
        Ok(disk.remove(&folder)?)
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<String, (Pending, Object)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keepers(&self) -> MutexGuard<'_, Keepers> {
        self.keepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that is hashed while it is written, and remembers what the disk said: in between it is packed into other errors.
struct Hashing {
    pending: Pending,
    hasher: Hasher,
    refused: Option<io::Error>,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.pending.write(bytes) {
            Ok(count) => {
                self.hasher.update(&bytes[..count]);
                Ok(count)
            }
            Err(error) => {
                let told = io::Error::from(error.kind());
                self.refused = Some(error);
                Err(told)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that is read back, and what the disk says of it.
struct Reading<'a> {
    file: OpenFile,
    path: String,
    staging: &'a Staging,
}

impl Read for Reading<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.file.read(into).map_err(|error| {
            let told = io::Error::from(error.kind());
            self.staging.remember(&self.path, read_error(&self.path, error).into());
            told
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::fs::Disk;

    fn write(staging: &Staging, path: &str, text: &str) {
        staging.write(path, &mut |out| Ok(out.write_all(text.as_bytes())?)).unwrap();
    }

    #[test]
    fn files_are_read_where_they_lie_and_kept_in_any_order() {
        for threads in [1, 2] {
            let folder = tempfile::tempdir().unwrap();
            let ledger = Ledger::with_threads(Disk::real(folder.path()), threads);
            let staging = ledger.staging("out/2025-09/0123456789ab").unwrap();
            for path in ["b/two.csv", "one.csv"] {
                write(&staging, path, path);
                let mut text = String::new();
                staging.open(path).unwrap().read_to_string(&mut text).unwrap();
                assert_eq!(text, path);
            }
            assert_eq!(staging.keep("one.csv").unwrap(), 7);
            assert_eq!(staging.keep("b/two.csv").unwrap(), 9);
            assert!(staging.keep("three.csv").is_err());
            let outputs = staging.seal().unwrap();
            let paths: Vec<&str> = outputs.iter().map(|output| output.path.as_str()).collect();
            assert_eq!(paths, ["b/two.csv", "one.csv"]);
            let bytes = ledger.disk().read("ledger/staging/0123456789ab/b/two.csv").unwrap();
            assert_eq!(bytes, b"b/two.csv");
            assert_eq!(outputs[0].object.sha256, crate::io::digest::sha256(&bytes));
        }
    }

    #[test]
    fn what_is_discarded_or_not_kept_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::with_threads(Disk::real(folder.path()), 2);
        let staging = ledger.staging("out/2025-09/0123456789ab").unwrap();
        write(&staging, "one.csv", "1");
        write(&staging, "two.csv", "2");
        staging.keep("one.csv").unwrap();
        staging.discard().unwrap();
        assert_eq!(ledger.disk().list("ledger/staging").unwrap(), []);
    }
}
