//! The same for a folder by its path, for the command line, which knows no disk.

use super::templates::Begun;
use super::{demo, init};
use crate::io::fs::{Disk, DiskError};
use std::path::Path;

pub fn init_in(folder: &Path) -> Result<Begun, DiskError> {
    init(&made(folder)?)
}

pub fn demo_in(folder: &Path) -> Result<Vec<String>, DiskError> {
    demo::demo(&made(folder)?)
}

/// The folder, made with those above it where it is not there yet.
pub fn made(folder: &Path) -> Result<Disk, DiskError> {
    let here = folder.ancestors().find(|above| above.is_dir());
    let above = here.unwrap_or_else(|| Path::new("."));
    let missing: Vec<_> =
        folder.strip_prefix(above).unwrap_or(folder).iter().map(|name| name.to_string_lossy()).collect();
    Disk::real(above).make_dir(&missing.join("/"))?;
    Ok(Disk::real(folder))
}
