//! What a stage made, under the hash of all it was made of: inputs, settings and rules. An unchanged stage is not run
//! again, and one changed file of a month costs only its own reading.

use super::objects::Object;
use super::{Ledger, damaged, hash_line};
use crate::io::digest::sha256;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(crate) const CACHE: &str = "ledger/cache";

/// The objects a stage left, by their roles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageManifest {
    pub stage: String,
    pub key: String,
    pub objects: BTreeMap<String, Object>,
}

impl StageManifest {
    pub fn object(&self, role: &str) -> Result<&Object> {
        let missing = || damaged(&pointer(&self.key), format!("the stage left no {role}"));
        self.objects.get(role).ok_or_else(|| missing().into())
    }
}

/// The key of a stage: a hash over named parts, each closed off so that no two lists of parts read alike.
pub fn key(stage: &str, parts: &[&str]) -> String {
    let mut text = format!("{stage}\n");
    for part in parts {
        text.push_str(&format!("{}:{part}\n", part.len()));
    }
    sha256(text.as_bytes())
}

pub(crate) fn pointer(key: &str) -> String {
    format!("{CACHE}/{}/{key}", &key[..2.min(key.len())])
}

impl Ledger {
    pub fn recall(&self, key: &str) -> Result<Option<(Object, StageManifest)>> {
        let path = pointer(key);
        if !self.disk().exists(&path) {
            return Ok(None);
        }
        let object = hash_line(&path, &super::read_sound(self.disk(), &path)?)?;
        let bytes = self.get(&object)?;
        let manifest: StageManifest =
            serde_json::from_slice(&bytes).map_err(|error| damaged(&super::objects::path_of(&object), error))?;
        if manifest.key != key {
            return Err(damaged(&path, "it leads to what another stage left").into());
        }
        Ok(Some((Object { sha256: object, bytes: bytes.len() as u64 }, manifest)))
    }

    /// The objects are there before the pointer is.
    pub fn remember(&self, manifest: &StageManifest) -> Result<Object> {
        let object = self.put_json(manifest)?;
        let (path, line) = (pointer(&manifest.key), format!("{}\n", object.sha256));
        if !self.disk().exists(&path) || super::read_sound(self.disk(), &path)? != line.as_bytes() {
            self.disk().write(&path, line.as_bytes())?;
        }
        Ok(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::fs::Disk;

    #[test]
    fn lists_of_parts_do_not_run_together() {
        assert_ne!(key("rate", &["ab", "c"]), key("rate", &["a", "bc"]));
        assert_ne!(key("rate", &[]), key("rate", &[""]));
    }

    #[test]
    fn a_pointer_that_was_exchanged_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(Disk::real(folder.path()));
        let (one, two) = (key("rate", &["1"]), key("rate", &["2"]));
        for key in [&one, &two] {
            let manifest = StageManifest { stage: "rate".to_owned(), key: key.clone(), objects: BTreeMap::new() };
            ledger.remember(&manifest).unwrap();
            assert_eq!(ledger.recall(key).unwrap().unwrap().1, manifest);
        }
        let other = ledger.disk().read(&pointer(&two)).unwrap();
        ledger.disk().write(&pointer(&one), &other).unwrap();
        assert!(ledger.recall(&one).unwrap_err().to_string().contains("damaged"));
        assert!(ledger.recall(&key("rate", &["3"])).unwrap().is_none());
    }
}
