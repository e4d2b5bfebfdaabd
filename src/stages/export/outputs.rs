//! Where files go as they are made, and where they are read again.
//!
//! The stage opens no file: it fills what it is given, a piece of the month at a time, and whoever calls it decides what
//! lies in memory and what on a disk. So a file of millions of rows never is in memory as a whole.

use super::NamedBytes;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Writes a file's bytes, from the first to the last.
pub type Fill<'a> = &'a mut dyn FnMut(&mut dyn Write) -> anyhow::Result<()>;

pub trait Outputs: Sync {
    fn write(&self, path: &str, fill: Fill<'_>) -> anyhow::Result<()>;

    /// The bytes of a file as they lie there.
    fn open(&self, path: &str) -> anyhow::Result<Box<dyn Read + '_>>;
}

/// Files in memory: a month of few rows, or a part of one.
#[derive(Default)]
pub struct InMemory(Mutex<BTreeMap<String, Vec<u8>>>);

impl InMemory {
    pub fn of(files: &[NamedBytes]) -> Self {
        Self(Mutex::new(files.iter().map(|file| (file.path.clone(), file.bytes.clone())).collect()))
    }

    /// Takes a file out.
    pub fn take(&self, path: &str) -> Option<Vec<u8>> {
        self.files().remove(path)
    }

    /// In the order of their paths.
    pub fn into_files(self) -> Vec<NamedBytes> {
        let files = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        files.into_iter().map(|(path, bytes)| NamedBytes { path, bytes }).collect()
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outputs for InMemory {
    fn write(&self, path: &str, fill: Fill<'_>) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        fill(&mut bytes)?;
        self.files().insert(path.to_owned(), bytes);
        Ok(())
    }

    fn open(&self, path: &str) -> anyhow::Result<Box<dyn Read + '_>> {
        let bytes = self.files().get(path).cloned();
        let bytes = bytes.ok_or_else(|| anyhow::anyhow!("the file was not written"))?;
        Ok(Box::new(std::io::Cursor::new(bytes)))
    }
}

/// The files as they were written.
#[derive(Clone, Copy)]
pub(super) struct Written<'a>(pub &'a dyn Outputs);

impl<'a> Written<'a> {
    pub fn open(self, path: &str) -> anyhow::Result<Box<dyn Read + 'a>> {
        self.0.open(path)
    }

    pub fn bytes(self, path: &str) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(path)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    pub fn text(self, path: &str) -> anyhow::Result<String> {
        Ok(String::from_utf8(self.bytes(path)?)?)
    }
}
