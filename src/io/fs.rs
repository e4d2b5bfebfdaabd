//! The only module that touches the file system.
//!
//! Everything is named by a path below one root, with `/` between folders; no name climbs out of it and no link is
//! followed. A file is written beside its place under a temporary name, synced, renamed, and its folder synced, so that
//! under its own name it is whole or absent. A sync that failed is never tried again: the kernel has forgotten the pages.
//!
//! Before every call that can fail stands a [`Faults`], nothing in the product and a simulated disk in the tests.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "this is the door")]

mod error;
mod faults;
mod files;
mod signature;
#[cfg(test)]
mod tests;

pub use error::DiskError;
pub use faults::{Fault, Faults, Operation};
pub use files::{Held, Lock, OpenFile, Pending, Scratch};
pub use signature::Signature;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Where files without a name lie.
const SCRATCH: &str = "ledger";

/// Files and folders below a root.
#[derive(Clone)]
pub struct Disk {
    root: Arc<Path>,
    faults: Option<Arc<dyn Faults>>,
    crashed: Arc<AtomicBool>,
}

type Result<T> = std::result::Result<T, DiskError>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Below the root.
    pub path: String,
    pub bytes: u64,
    pub kind: EntryKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    File,
    /// A symbolic link; nobody has looked where it leads.
    Link,
    /// A pipe, a device, a socket, or a name that is not text.
    Special,
}

impl Disk {
    pub fn real(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into().into(), faults: None, crashed: Arc::default() }
    }

    pub fn with_faults(root: impl Into<PathBuf>, faults: Arc<dyn Faults>) -> Self {
        Self { faults: Some(faults), ..Self::real(root) }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The same disk with its root at a folder below.
    pub fn below(&self, rel: &str) -> Result<Self> {
        Ok(Self { root: self.place("open", rel)?.into(), ..self.clone() })
    }

    pub fn read(&self, rel: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(rel)?.read_to_end(&mut bytes).map_err(|error| DiskError::new("read", rel, error))?;
        Ok(bytes)
    }

    /// Opens a regular file; a link, a pipe or a folder is refused before it is touched.
    pub fn open(&self, rel: &str) -> Result<OpenFile> {
        let place = self.place("open", rel)?;
        self.ask("open", Operation::Read, rel, 0)?;
        let about = fs::symlink_metadata(&place).map_err(|error| DiskError::new("open", rel, error))?;
        if !about.is_file() {
            return Err(DiskError::new("open", rel, io::Error::other("it is not a regular file")));
        }
        let file = File::open(&place).map_err(|error| DiskError::new("open", rel, error))?;
        Ok(OpenFile { file, path: rel.to_owned(), disk: self.clone() })
    }

    /// Whether anything bears this name, a link that leads nowhere included.
    pub fn exists(&self, rel: &str) -> bool {
        self.place("look for", rel).is_ok_and(|place| fs::symlink_metadata(place).is_ok())
    }

    pub fn size(&self, rel: &str) -> Result<u64> {
        let place = self.place("look at", rel)?;
        self.ask("look at", Operation::Read, rel, 0)?;
        fs::symlink_metadata(place).map(|about| about.len()).map_err(|error| DiskError::new("look at", rel, error))
    }

    /// Seconds and nanoseconds of the last change and the size: whether a file has changed while it was read. Never kept.
    pub fn stamp(&self, rel: &str) -> Result<(std::time::SystemTime, u64)> {
        let place = self.place("look at", rel)?;
        let look = || fs::symlink_metadata(&place).and_then(|about| Ok((about.modified()?, about.len())));
        look().map_err(|error| DiskError::new("look at", rel, error))
    }

    /// What tells a file from every other and from itself before a change; none where the system does not say.
    pub fn signature(&self, rel: &str) -> Result<Option<Signature>> {
        let place = self.place("look at", rel)?;
        let about = fs::symlink_metadata(&place).map_err(|error| DiskError::new("look at", rel, error))?;
        Ok(about.is_file().then(|| Signature::of(&about)).flatten())
    }

    /// Everything below a folder that is not a folder, sorted by path. A folder that is absent is empty.
    pub fn list(&self, rel: &str) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut folders = vec![rel.trim_end_matches('/').to_owned()];
        while let Some(folder) = folders.pop() {
            self.list_folder(&folder, rel == folder, &mut entries, &mut folders)?;
        }
        entries.sort();
        Ok(entries)
    }

    /// What lies directly in a folder and is not a folder, sorted by path. A folder that is absent is empty.
    pub fn files(&self, rel: &str) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        self.list_folder(rel.trim_end_matches('/'), true, &mut entries, &mut Vec::new())?;
        entries.sort();
        Ok(entries)
    }

    /// Names of the folders directly in a folder, sorted.
    pub fn folders(&self, rel: &str) -> Result<Vec<String>> {
        let mut folders = Vec::new();
        self.list_folder(rel, true, &mut Vec::new(), &mut folders)?;
        let mut names: Vec<_> = folders.iter().map(|path| path.rsplit('/').next().unwrap_or(path).to_owned()).collect();
        names.sort();
        Ok(names)
    }

    fn list_folder(
        &self,
        folder: &str,
        may_be_absent: bool,
        entries: &mut Vec<Entry>,
        folders: &mut Vec<String>,
    ) -> Result<()> {
        let refuse = |error| DiskError::new("list", folder, error);
        let place = self.place("list", folder)?;
        self.ask("list", Operation::Read, folder, 0)?;
        match fs::symlink_metadata(&place) {
            Err(error) if may_be_absent && error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(refuse(error)),
            Ok(about) if !about.is_dir() && !folder.is_empty() => {
                return Err(refuse(io::Error::other("it is not a folder")));
            }
            Ok(_) => {}
        }
        for entry in fs::read_dir(&place).map_err(refuse)? {
            let entry = entry.map_err(refuse)?;
            let about = fs::symlink_metadata(entry.path()).map_err(refuse)?;
            let name = entry.file_name();
            let path = if folder.is_empty() {
                name.to_string_lossy().into_owned()
            } else {
                format!("{folder}/{}", name.to_string_lossy())
            };
            let kind = match about.file_type() {
                _ if name.to_str().is_none() => EntryKind::Special,
                kind if kind.is_symlink() => EntryKind::Link,
                kind if kind.is_dir() => {
                    folders.push(path);
                    continue;
                }
                kind if kind.is_file() => EntryKind::File,
                _ => EntryKind::Special,
            };
            entries.push(Entry { path, bytes: about.len(), kind });
        }
        Ok(())
    }

    /// Writes a file: whole under its name, or not at all.
    pub fn write(&self, rel: &str, bytes: &[u8]) -> Result<()> {
        let mut pending = self.create(rel)?;
        pending
            .write_all(bytes)
            .map_err(|error| DiskError { bytes: bytes.len() as u64, ..DiskError::new("write", rel, error) })?;
        pending.commit()
    }

    /// A file that appears under its name when it is committed. Folders on the way are made.
    pub fn create(&self, rel: &str) -> Result<Pending> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let (folder, name) = rel.rsplit_once('/').unwrap_or(("", rel));
        if !folder.is_empty() {
            self.make_dir(folder)?;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let temporary = format!(".{name}.{}-{number}.part", std::process::id());
        let temporary = if folder.is_empty() { temporary } else { format!("{folder}/{temporary}") };
        let place = self.place("create", &temporary)?;
        self.ask("create", Operation::Create, rel, 0)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
        let file = options.open(place).map_err(|error| DiskError::new("create", rel, error))?;
        Ok(Pending { file, temporary, path: rel.to_owned(), bytes: 0, disk: self.clone(), settled: false })
    }

    /// A file without a name, which is gone when it is dropped: in the ledger, because the folder for temporary files is
    /// often memory; elsewhere where there is no ledger yet.
    pub fn scratch(&self) -> Result<Scratch> {
        let refuse = |error| DiskError::new("create", SCRATCH, error);
        let place = self.place("create", SCRATCH)?;
        self.ask("create", Operation::Create, SCRATCH, 0)?;
        let is_folder = fs::symlink_metadata(&place).is_ok_and(|about| about.is_dir());
        let file = if is_folder { tempfile::tempfile_in(place) } else { tempfile::tempfile() };
        Ok(Scratch { file: file.map_err(refuse)?, disk: self.clone() })
    }

    /// Moves a file or folder to a name of which nothing bears it, or replaces a file.
    pub fn rename(&self, from: &str, to: &str) -> Result<()> {
        let refuse = |error| DiskError::new("rename", to, error);
        let (old, new) = (self.place("rename", from)?, self.place("rename", to)?);
        self.ask("rename", Operation::Rename, to, 0)?;
        fs::rename(old, new).map_err(refuse)
    }

    /// Removes a file or a whole folder; what is absent already is no error.
    pub fn remove(&self, rel: &str) -> Result<()> {
        let refuse = |error| DiskError::new("remove", rel, error);
        let place = self.place("remove", rel)?;
        match fs::symlink_metadata(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(refuse(error)),
            Ok(about) if about.is_dir() => {
                for entry in self.list(rel)? {
                    self.remove(&entry.path)?;
                }
                self.ask("remove", Operation::Remove, rel, 0)?;
                fs::remove_dir_all(place).map_err(refuse)
            }
            Ok(_) => {
                self.ask("remove", Operation::Remove, rel, 0)?;
                fs::remove_file(place).map_err(refuse)
            }
        }
    }

    /// Makes a folder and those above it; each new name is synced into its parent.
    pub fn make_dir(&self, rel: &str) -> Result<()> {
        let mut parent = String::new();
        for name in rel.split('/').filter(|name| !name.is_empty()) {
            let folder = if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
            let place = self.place("make", &folder)?;
            match fs::symlink_metadata(&place) {
                Ok(about) if about.is_dir() => {}
                Ok(_) => return Err(DiskError::new("make", &folder, io::Error::other("it exists and is no folder"))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.ask("make", Operation::MakeFolder, &folder, 0)?;
                    match folder_for_owner_and_group().create(&place) {
                        // Another thread was here in between.
                        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                        made => made.map_err(|error| DiskError::new("make", &folder, error))?,
                    }
                    self.sync_dir(&parent)?;
                }
                Err(error) => return Err(DiskError::new("make", &folder, error)),
            }
            parent = folder;
        }
        Ok(())
    }

    /// Makes the names in a folder durable.
    pub fn sync_dir(&self, rel: &str) -> Result<()> {
        let place = self.place("sync", rel)?;
        self.ask("sync", Operation::SyncFolder, rel, 0)?;
        // A simulated disk decides itself what is durable; thousands of its crashes would else wait for the real one.
        if cfg!(unix) && self.faults.is_none() {
            File::open(place)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| DiskError::new("sync", rel, error))?;
        }
        Ok(())
    }

    /// Adds a line to a file and syncs it. Only for logs: a torn last line is told from a whole one by its missing end.
    pub fn append(&self, rel: &str, bytes: &[u8]) -> Result<()> {
        let refuse = |error| DiskError { bytes: bytes.len() as u64, ..DiskError::new("write", rel, error) };
        let place = self.regular_or_absent(rel)?;
        let is_new = !self.exists(rel);
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
        let mut file = options.open(place).map_err(refuse)?;
        let allowed = self.ask_write(rel, bytes.len()).map_err(refuse)?;
        file.write_all(&bytes[..allowed]).map_err(refuse)?;
        if allowed < bytes.len() {
            return Err(refuse(crash()));
        }
        self.ask("sync", Operation::Sync, rel, 0)?;
        file.sync_all().map_err(refuse)?;
        if is_new {
            self.sync_dir(rel.rsplit_once('/').map_or("", |(folder, _)| folder))?;
        }
        Ok(())
    }

    /// Cuts a file to a length and syncs it: the torn end of a log that a dead run left.
    pub fn truncate(&self, rel: &str, bytes: u64) -> Result<()> {
        let refuse = |error| DiskError::new("shorten", rel, error);
        let place = self.regular_or_absent(rel)?;
        self.ask("shorten", Operation::Write, rel, 0)?;
        let file = OpenOptions::new().write(true).open(place).map_err(refuse)?;
        file.set_len(bytes).map_err(refuse)?;
        self.ask("sync", Operation::Sync, rel, 0)?;
        file.sync_all().map_err(refuse)
    }

    /// Takes a lock without waiting. The file is never removed; the kernel drops the lock of a dead process.
    pub fn lock(&self, rel: &str, holder: &str) -> Result<Lock> {
        let refuse = |error| DiskError::new("lock", rel, error);
        if let Some((folder, _)) = rel.rsplit_once('/') {
            self.make_dir(folder)?;
        }
        let place = self.regular_or_absent(rel)?;
        self.ask("lock", Operation::Lock, rel, 0)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
        let mut file = options.open(place).map_err(refuse)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut other = String::new();
                // The text is a courtesy: without it the answer is the same.
                let _ = file.take(4096).read_to_string(&mut other);
                return Ok(Lock::HeldBy(other.trim().to_owned()));
            }
            Err(TryLockError::Error(error)) => return Err(refuse(error)),
        }
        file.set_len(0).and_then(|()| file.write_all(holder.as_bytes())).map_err(refuse)?;
        Ok(Lock::Taken(Held { file }))
    }

    fn regular_or_absent(&self, rel: &str) -> Result<PathBuf> {
        let place = self.place("open", rel)?;
        match fs::symlink_metadata(&place) {
            Ok(about) if !about.is_file() => {
                Err(DiskError::new("open", rel, io::Error::other("it is not a regular file")))
            }
            _ => Ok(place),
        }
    }

    /// A place on disk for a path below the root. No component climbs, and none above the last is a link.
    fn place(&self, doing: &'static str, rel: &str) -> Result<PathBuf> {
        let refuse =
            |why: &str| DiskError::new(doing, rel, io::Error::new(io::ErrorKind::InvalidInput, why.to_owned()));
        let mut place = self.root.to_path_buf();
        let mut names = rel.split('/').filter(|name| !name.is_empty() && *name != ".").peekable();
        if rel.starts_with('/') || rel.contains(['\0', '\\']) {
            return Err(refuse("this is no path below the folder of the books"));
        }
        while let Some(name) = names.next() {
            if name == ".." {
                return Err(refuse("the path climbs out of the folder of the books"));
            }
            place.push(name);
            if names.peek().is_some() && fs::symlink_metadata(&place).is_ok_and(|about| about.is_symlink()) {
                return Err(refuse("a folder on the way is a symbolic link, which is not followed"));
            }
        }
        Ok(place)
    }

    fn ask(&self, doing: &'static str, operation: Operation, rel: &str, bytes: u64) -> Result<()> {
        match self.verdict(operation, rel, bytes) {
            Fault::None => Ok(()),
            Fault::Error(number) => {
                Err(DiskError { bytes, ..DiskError::new(doing, rel, io::Error::from_raw_os_error(number)) })
            }
            Fault::Crash | Fault::Tear(_) => {
                self.crashed.store(true, Ordering::SeqCst);
                Err(DiskError::new(doing, rel, crash()))
            }
        }
    }

    /// How many of the bytes may be written; if not all, the power is gone.
    fn ask_write(&self, rel: &str, bytes: usize) -> io::Result<usize> {
        match self.verdict(Operation::Write, rel, bytes as u64) {
            Fault::None => Ok(bytes),
            Fault::Error(number) => Err(io::Error::from_raw_os_error(number)),
            Fault::Tear(kept) if kept < bytes => {
                self.crashed.store(true, Ordering::SeqCst);
                Ok(kept)
            }
            Fault::Crash | Fault::Tear(_) => {
                self.crashed.store(true, Ordering::SeqCst);
                Err(crash())
            }
        }
    }

    fn verdict(&self, operation: Operation, rel: &str, bytes: u64) -> Fault {
        match &self.faults {
            None => Fault::None,
            Some(_) if self.crashed.load(Ordering::SeqCst) => Fault::Crash,
            Some(faults) => faults.before(operation, rel, bytes),
        }
    }
}

/// Who runs this process where no variable says it: under cron there may be none.
pub fn person_of_process() -> String {
    #[cfg(unix)]
    let user = fs::metadata("/proc/self").ok().map(|about| std::os::unix::fs::MetadataExt::uid(&about));
    #[cfg(not(unix))]
    let user: Option<u32> = None;
    user.map_or_else(|| "unknown".to_owned(), |user| format!("user id {user}"))
}

/// Whatever the mask of the process says, others see nothing of an agency's bills.
fn folder_for_owner_and_group() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o750);
    #[cfg(not(unix))]
    builder.recursive(false);
    builder
}

fn crash() -> io::Error {
    // EIO: whoever tells the disk's errors from a file's does so by this number.
    io::Error::from_raw_os_error(5)
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Disk").field(&self.root).finish()
    }
}
