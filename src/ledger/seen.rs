//! `ledger/seen/<month>`: what the files of the inbox were when they were looked at last.
//!
//! No evidence, and in no record: it may be missing, torn or removed at any time, and then every file is read. Its first
//! line is the hash of the rest, so that a damaged one is forgotten instead of believed.

use super::{LOCK, Ledger};
use crate::io::digest::sha256;
use crate::io::seen::{Memory, Seen};
use crate::model::month::Month;
use anyhow::Result;

pub(crate) const SEEN: &str = "ledger/seen";

fn path(month: Month) -> String {
    format!("{SEEN}/{month}")
}

impl Ledger {
    /// `by` names the version that looks. The time of the disk is that of the lock, which every run that writes takes
    /// first.
    pub fn seen(&self, month: Month, by: &str, writes: bool) -> Memory {
        let now = || self.disk().signature(LOCK).ok().flatten().map(|lock| lock.newest());
        Memory::new(self.recall_seen(month), by, writes.then(now).flatten())
    }

    fn recall_seen(&self, month: Month) -> Option<Seen> {
        let path = path(month);
        if !self.disk().exists(&path) {
            return None;
        }
        let bytes = self.disk().read(&path).ok()?;
        let (hash, rest) = bytes.split_at_checked(65)?;
        (hash.strip_suffix(b"\n")? == sha256(rest).as_bytes()).then(|| serde_json::from_slice(rest).ok()).flatten()
    }

    pub fn remember_seen(&self, month: Month, before: &Seen, after: &Seen) -> Result<()> {
        if before == after {
            return Ok(());
        }
        let json = serde_json::to_vec(after)?;
        let bytes = [sha256(&json).as_bytes(), b"\n", &json].concat();
        Ok(self.disk().write(&path(month), &bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::fs::{Disk, Fault, Faults, Operation};
    use crate::io::inbox::look_at_changed;
    use crate::model::settings::State;
    use std::sync::{Arc, Mutex};
    use tempfile::TempDir;

    /// Notes which files are read.
    #[derive(Default)]
    struct Reads(Mutex<Vec<String>>);

    impl Faults for Reads {
        fn before(&self, operation: Operation, path: &str, bytes: u64) -> Fault {
            // A look asks for no bytes.
            if operation == Operation::Read && bytes > 0 && path.starts_with("inbox") {
                self.0.lock().unwrap().push(path.to_owned());
            }
            Fault::None
        }
    }

    struct Books {
        folder: TempDir,
        month: Month,
    }

    impl Books {
        fn new() -> Self {
            let books = Self { folder: TempDir::new().unwrap(), month: Month::parse("2025-09").unwrap() };
            books.disk().make_dir("inbox/2025-09/aws").unwrap();
            books.disk().make_dir("ledger").unwrap();
            for name in ["a.csv", "b.csv"] {
                books.deliver(name, "id,cost\n1,2\n");
            }
            books
        }

        fn disk(&self) -> Disk {
            Disk::real(self.folder.path())
        }

        fn deliver(&self, name: &str, text: &str) {
            self.disk().write(&format!("inbox/2025-09/aws/{name}"), text.as_bytes()).unwrap();
        }

        /// The files that are read when the disk says it is so many seconds from now.
        fn read_in(&self, seconds: i128, by: &str) -> Vec<String> {
            let reads = Arc::new(Reads::default());
            let ledger = Ledger::new(Disk::with_faults(self.folder.path(), reads.clone()));
            let mut memory = ledger.seen(self.month, by, false);
            ledger.disk().write("ledger/now", b"").unwrap();
            let now = ledger.disk().signature("ledger/now").unwrap().unwrap().newest();
            memory.now = Some(now + seconds * 1_000_000_000);
            let state = State::default();
            let (files, _, after) = look_at_changed(ledger.disk(), "inbox/2025-09", &state, 1, &memory).unwrap();
            assert_eq!(files.len(), 2);
            ledger.remember_seen(self.month, &memory.before, &after).unwrap();
            let mut read = reads.0.lock().unwrap().clone();
            read.dedup();
            read.iter().map(|path| path.rsplit('/').next().unwrap().to_owned()).collect()
        }
    }

    #[test]
    fn an_unchanged_file_is_not_read_again() {
        let books = Books::new();
        assert_eq!(books.read_in(10, "1"), ["a.csv", "b.csv"]);
        assert_eq!(books.read_in(20, "1"), Vec::<String>::new());
        assert_eq!(books.read_in(20, "2"), ["a.csv", "b.csv"], "another version looks anew");
        books.deliver("b.csv", "id,cost\n1,3\n");
        assert_eq!(books.read_in(20, "2"), ["b.csv"]);
    }

    #[test]
    fn a_file_that_was_just_written_is_read_until_it_has_settled() {
        let books = Books::new();
        for _ in 0..3 {
            assert_eq!(books.read_in(1, "1"), ["a.csv", "b.csv"]);
        }
        assert_eq!(books.read_in(3, "1"), ["a.csv", "b.csv"]);
        assert_eq!(books.read_in(3, "1"), Vec::<String>::new());
    }

    #[test]
    fn a_damaged_memory_is_forgotten() {
        let books = Books::new();
        books.read_in(10, "1");
        let path = path(books.month);
        let whole = books.disk().read(&path).unwrap();
        for at in (0..whole.len()).step_by(7) {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            books.disk().write(&path, &flipped).unwrap();
            assert_eq!(Ledger::new(books.disk()).recall_seen(books.month), None, "byte {at}");
        }
        books.disk().write(&path, &whole[..30]).unwrap();
        assert_eq!(books.read_in(10, "1").len(), 2);
        assert_eq!(books.read_in(10, "1").len(), 0);
    }
}
