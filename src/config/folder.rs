//! The same for a folder by its path, for the command line, which knows no disk.

use super::templates::Begun;
use super::{Loaded, check, demo, init, load};
use crate::io::fs::{Disk, DiskError};
use crate::model::finding::Finding;
use std::path::Path;

pub fn init_in(folder: &Path) -> Result<Begun, DiskError> {
    init(&made(folder)?)
}

pub fn demo_in(folder: &Path) -> Result<Vec<String>, DiskError> {
    demo::demo(&made(folder)?)
}

/// What blocks in the settings and tables, and what is probably not meant.
pub fn check_in(folder: &Path) -> Result<Vec<Finding>, DiskError> {
    let loaded: Loaded = load(&Disk::real(folder))?;
    let doubtful = check(&loaded);
    Ok(loaded.findings.into_iter().chain(doubtful).collect())
}

/// The folder, made with those above it where it is not there yet.
fn made(folder: &Path) -> Result<Disk, DiskError> {
    let here = folder.ancestors().find(|above| above.is_dir());
    let above = here.unwrap_or_else(|| Path::new("."));
    let missing: Vec<_> =
        folder.strip_prefix(above).unwrap_or(folder).iter().map(|name| name.to_string_lossy()).collect();
    Disk::real(above).make_dir(&missing.join("/"))?;
    Ok(Disk::real(folder))
}
