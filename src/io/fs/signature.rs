//! What tells an unchanged file.

use serde::{Deserialize, Serialize};
use std::fs::Metadata;

/// Size, place on the disk, and the times of the last change of the content and of the record, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    bytes: u64,
    device: u64,
    number: u64,
    content_changed: i128,
    record_changed: i128,
}

impl Signature {
    #[cfg(unix)]
    pub(super) fn of(about: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let time = |seconds: i64, nanoseconds: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
        Some(Self {
            bytes: about.len(),
            device: about.dev(),
            number: about.ino(),
            content_changed: time(about.mtime(), about.mtime_nsec()),
            record_changed: time(about.ctime(), about.ctime_nsec()),
        })
    }

    /// Without the time at which the record was changed a file could be exchanged unseen.
    #[cfg(not(unix))]
    pub(super) fn of(_: &Metadata) -> Option<Self> {
        None
    }

    /// The later of its two times.
    pub fn newest(&self) -> i128 {
        self.content_changed.max(self.record_changed)
    }
}
