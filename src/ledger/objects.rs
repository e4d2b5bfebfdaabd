//! Immutable objects named by the hash of their bytes. Nothing is read without being hashed again: of single flipped bits
//! in a Parquet file most are read back as other numbers without an error.

use super::{Ledger, NamedHash, damaged};
use crate::io::digest::{Hasher, sha256, sha256_of_reader};
use crate::io::fs::{OpenFile, Pending};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

pub(crate) const OBJECTS: &str = "ledger/objects";

/// An object's name and size.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Object {
    pub sha256: String,
    pub bytes: u64,
}

impl Object {
    pub fn path(&self) -> String {
        path_of(&self.sha256)
    }
}

pub(crate) fn path_of(sha256: &str) -> String {
    let (folder, name) = sha256.split_at_checked(2).unwrap_or((sha256, ""));
    format!("{OBJECTS}/{folder}/{name}")
}

/// An object that is being written; its name is known at the end.
pub struct NewObject {
    pending: Pending,
    hasher: Hasher,
    ledger: Ledger,
}

impl Write for NewObject {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.pending.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pending.flush()
    }
}

impl NewObject {
    pub fn finish(self) -> Result<Object> {
        let (sha256, bytes) = self.hasher.finish();
        let object = Object { sha256, bytes };
        if !self.ledger.has(&object) {
            let path = object.path();
            self.ledger.disk().make_dir(path.rsplit_once('/').map_or(OBJECTS, |(folder, _)| folder))?;
            self.pending.make_read_only()?;
            self.pending.commit_as(&path)?;
        }
        Ok(object)
    }
}

impl Ledger {
    pub fn has(&self, object: &Object) -> bool {
        let path = object.path();
        self.disk().exists(&path) && self.disk().size(&path).is_ok_and(|bytes| bytes == object.bytes)
    }

    pub fn new_object(&self) -> Result<NewObject> {
        let pending = self.disk().create(&format!("{OBJECTS}/incoming"))?;
        Ok(NewObject { pending, hasher: Hasher::default(), ledger: self.clone() })
    }

    pub fn put(&self, bytes: &[u8]) -> Result<Object> {
        let object = Object { sha256: sha256(bytes), bytes: bytes.len() as u64 };
        if !self.has(&object) {
            let mut new = self.new_object()?;
            new.write_all(bytes).map_err(|source| crate::io::fs::DiskError {
                doing: "write",
                path: object.path(),
                bytes: object.bytes,
                source,
            })?;
            new.finish()?;
        }
        Ok(object)
    }

    pub fn put_json(&self, value: &impl Serialize) -> Result<Object> {
        self.put(&json(value)?)
    }

    /// Copies a file of the books into the ledger; none when its bytes are not the expected ones any more.
    pub fn keep(&self, path: &str, expected: &Object) -> Result<Option<()>> {
        if self.has(expected) {
            return Ok(Some(()));
        }
        let mut from = self.disk().open(path)?;
        let mut new = self.new_object()?;
        let mut chunk = vec![0; 1 << 18];
        loop {
            let count = from.read(&mut chunk).map_err(|error| super::read_error(path, error))?;
            if count == 0 {
                break;
            }
            new.write_all(&chunk[..count]).map_err(|error| super::write_error(&expected.path(), error))?;
        }
        let (sha256, _) = new.hasher.clone().finish();
        if sha256 != expected.sha256 {
            return Ok(None);
        }
        new.finish()?;
        Ok(Some(()))
    }

    /// The same for many files; gives the first that is not the expected one any more.
    pub fn keep_all<'a>(&self, files: &[&'a NamedHash]) -> Result<Option<&'a str>> {
        let kept = super::at_once(files, self.writers, |file| self.keep(&file.path, &file.object))?;
        Ok(files.iter().zip(kept).find(|(_, kept)| kept.is_none()).map(|(file, _)| file.path.as_str()))
    }

    /// The bytes, if they still are what their name says.
    pub fn get(&self, sha256_name: &str) -> Result<Vec<u8>> {
        let path = path_of(sha256_name);
        if !self.disk().exists(&path) {
            return Err(damaged(&path, "the object is missing").into());
        }
        let bytes = super::read_sound(self.disk(), &path)?;
        let found = sha256(&bytes);
        if found != sha256_name {
            return Err(damaged(&path, format!("its bytes hash to {found}")).into());
        }
        Ok(bytes)
    }

    pub fn get_json<T: serde::de::DeserializeOwned>(&self, sha256: &str) -> Result<T> {
        let bytes = self.get(sha256)?;
        serde_json::from_slice(&bytes).map_err(|error| damaged(&path_of(sha256), error).into())
    }

    /// A large object, hashed once through and then opened.
    pub fn open_object(&self, object: &Object) -> Result<OpenFile> {
        let path = object.path();
        self.check_object(object)?;
        self.disk().open(&path).map_err(super::unsound)
    }

    /// An object of which a few pages are looked at: whether they still are what its name says, `verify` asks.
    pub fn look_into(&self, object: &Object) -> Result<OpenFile> {
        let path = object.path();
        if !self.disk().exists(&path) {
            return Err(damaged(&path, "the object is missing").into());
        }
        let bytes = self.disk().size(&path)?;
        if bytes != object.bytes {
            return Err(damaged(&path, format!("it has {bytes} bytes instead of {}", object.bytes)).into());
        }
        self.disk().open(&path).map_err(super::unsound)
    }

    pub fn check_object(&self, object: &Object) -> Result<()> {
        let path = object.path();
        if !self.disk().exists(&path) {
            return Err(damaged(&path, "the object is missing").into());
        }
        let (found, bytes) = sha256_of_reader(&mut self.disk().open(&path).map_err(super::unsound)?)
            .map_err(|error| super::read_error(&path, error))?;
        if found != object.sha256 || bytes != object.bytes {
            return Err(damaged(&path, format!("its {bytes} bytes hash to {found}")).into());
        }
        Ok(())
    }
}

/// JSON as it is hashed: fields in the order of their types, maps by key, an end of line.
pub fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}
