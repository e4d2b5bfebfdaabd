//! Where tables are read from: the books, and for a trial a folder that lies over them.

use crate::io::fs::{Disk, DiskError, Entry};

/// A file of the folder over the books counts instead of the one below it, and beside those that are only there.
#[derive(Clone, Copy)]
pub struct Layers<'a> {
    pub books: &'a Disk,
    pub over: Option<&'a Disk>,
}

impl Layers<'_> {
    fn of(&self, path: &str) -> &Disk {
        self.over.filter(|over| over.exists(path)).unwrap_or(self.books)
    }

    pub fn exists(&self, path: &str) -> bool {
        self.of(path).exists(path)
    }

    pub fn size(&self, path: &str) -> Result<u64, DiskError> {
        self.of(path).size(path)
    }

    pub fn read(&self, path: &str) -> Result<Vec<u8>, DiskError> {
        self.of(path).read(path)
    }

    pub fn list(&self, folder: &str) -> Result<Vec<Entry>, DiskError> {
        self.merged(|disk| disk.list(folder))
    }

    pub fn files(&self, folder: &str) -> Result<Vec<Entry>, DiskError> {
        self.merged(|disk| disk.files(folder))
    }

    fn merged(&self, list: impl Fn(&Disk) -> Result<Vec<Entry>, DiskError>) -> Result<Vec<Entry>, DiskError> {
        let mut entries = list(self.books)?;
        if let Some(over) = self.over {
            let above = list(over)?;
            entries.retain(|entry| !above.iter().any(|other| other.path == entry.path));
            entries.extend(above);
            entries.sort_by(|a, b| a.path.cmp(&b.path));
        }
        Ok(entries)
    }
}
