//! What the disk refused, in words: what was tried, where, and why it failed.

use crate::model::exit::Exit;
use std::io;
use thiserror::Error;

/// What the disk refused. Exit code 74.
#[derive(Debug, Error)]
#[error("cannot {doing} {}: {source}{}", self.shown(), self.needed())]
pub struct DiskError {
    pub doing: &'static str,
    /// Below the root.
    pub path: String,
    /// Bytes that were to be written.
    pub bytes: u64,
    pub source: io::Error,
}

impl DiskError {
    pub const EXIT: Exit = Exit::Disk;

    pub(super) fn new(doing: &'static str, path: &str, source: io::Error) -> Self {
        Self { doing, path: path.to_owned(), bytes: 0, source }
    }

    pub fn is_not_found(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }

    fn shown(&self) -> &str {
        if self.path.is_empty() { "the folder of the books" } else { &self.path }
    }

    fn needed(&self) -> String {
        if matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            format!("; {} bytes were to be written there", self.bytes)
        } else {
            String::new()
        }
    }
}
