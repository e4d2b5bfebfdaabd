//! Where a run's outputs go: into the ledger's staging, or nowhere, where only what they are like is asked for.

use crate::io::digest::sha256;
use crate::ledger::{NamedHash, Object, Staging};
use crate::stages::export::{Fill, InMemory, Outputs};
use anyhow::{Context, Result};
use std::io::Read;
use std::sync::{Mutex, PoisonError};

/// Outputs that are done with one by one.
pub trait Kept: Outputs {
    /// A file was read back and is right. Gives its size.
    fn keep(&self, path: &str) -> Result<u64>;
}

impl Outputs for Staging {
    fn write(&self, path: &str, fill: Fill<'_>) -> Result<()> {
        Self::write(self, path, fill)
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read + '_>> {
        Ok(Box::new(Self::open(self, path)?))
    }
}

impl Kept for Staging {
    fn keep(&self, path: &str) -> Result<u64> {
        Self::keep(self, path)
    }
}

/// Each file is in memory while it is proved, and then only its hash.
#[derive(Default)]
pub struct Proved {
    files: InMemory,
    hashes: Mutex<Vec<NamedHash>>,
}

impl Proved {
    pub fn hashes(self) -> Vec<NamedHash> {
        let mut hashes = self.hashes.into_inner().unwrap_or_else(PoisonError::into_inner);
        hashes.sort();
        hashes
    }
}

impl Outputs for Proved {
    fn write(&self, path: &str, fill: Fill<'_>) -> Result<()> {
        self.files.write(path, fill)
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read + '_>> {
        self.files.open(path)
    }
}

impl Kept for Proved {
    fn keep(&self, path: &str) -> Result<u64> {
        let file = self.files.take(path).context("the file was not written")?;
        let object = Object { sha256: sha256(&file), bytes: file.len() as u64 };
        let bytes = object.bytes;
        let hash = NamedHash { path: path.to_owned(), object, kept: false };
        self.hashes.lock().unwrap_or_else(PoisonError::into_inner).push(hash);
        Ok(bytes)
    }
}
