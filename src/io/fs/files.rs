//! Files that are open, files that are not yet there, and the lock.

use super::{Disk, DiskError, Operation, Result, crash};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// A regular file, open for reading.
#[derive(Debug)]
pub struct OpenFile {
    pub(super) file: File,
    pub(super) path: String,
    pub(super) disk: Disk,
}

impl OpenFile {
    /// The file itself, for readers that want one. It is past the fault layer.
    pub fn into_file(self) -> File {
        self.file
    }
}

impl Read for OpenFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.disk.ask("read", Operation::Read, &self.path, into.len() as u64).map_err(|error| error.source)?;
        self.file.read(into)
    }
}

impl Seek for OpenFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// A file under a temporary name. Dropped without a commit, it is gone.
#[derive(Debug)]
pub struct Pending {
    pub(super) file: File,
    pub(super) temporary: String,
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) disk: Disk,
    pub(super) settled: bool,
}

impl Pending {
    /// Syncs the file, gives it its name, and syncs the folder.
    pub fn commit(self) -> Result<()> {
        let path = self.path.clone();
        self.commit_as(&path)
    }

    /// The same under another name, in a folder that exists: the name is often the hash of what was written.
    pub fn commit_as(mut self, rel: &str) -> Result<()> {
        let refuse = |error| DiskError { bytes: self.bytes, ..DiskError::new("write", rel, error) };
        self.disk.ask("sync", Operation::Sync, rel, self.bytes)?;
        if self.disk.faults.is_none() {
            self.file.sync_all().map_err(refuse)?;
        }
        self.disk.rename(&self.temporary, rel)?;
        self.settled = true;
        self.disk.sync_dir(rel.rsplit_once('/').map_or("", |(folder, _)| folder))
    }

    /// What has been written so far, for reading.
    pub fn reopen(&self) -> Result<OpenFile> {
        self.disk.open(&self.temporary)
    }

    /// Nobody writes to it any more, the owner included.
    pub fn make_read_only(&self) -> Result<()> {
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o440);
            self.file.set_permissions(mode).map_err(|error| DiskError::new("protect", &self.path, error))?;
        }
        Ok(())
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let allowed = self.disk.ask_write(&self.path, bytes.len())?;
        if allowed < bytes.len() {
            self.file.write_all(&bytes[..allowed])?;
            return Err(crash());
        }
        let count = self.file.write(bytes)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.settled {
            // Nothing to tell: the next run sweeps what stays.
            let _ = self.disk.remove(&self.temporary);
        }
    }
}

/// A file without a name.
#[derive(Debug)]
pub struct Scratch {
    pub(super) file: File,
    pub(super) disk: Disk,
}

impl Write for Scratch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let allowed = self.disk.ask_write(super::SCRATCH, bytes.len())?;
        self.file.write(&bytes[..allowed])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Scratch {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.file.read(into)
    }
}

impl Seek for Scratch {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Whether this run has the lock.
#[derive(Debug)]
pub enum Lock {
    Taken(Held),
    /// The other's text: person, host, since when.
    HeldBy(String),
}

/// The lock until it is dropped.
#[derive(Debug)]
pub struct Held {
    pub(super) file: File,
}

impl Drop for Held {
    fn drop(&mut self) {
        // The text is a courtesy to the next one who asks; the kernel drops the lock itself.
        let _ = self.file.set_len(0);
    }
}
