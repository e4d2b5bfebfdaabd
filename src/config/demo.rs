//! The example books inside the binary, so that a first close needs no download.

use crate::io::fs::{Disk, DiskError};
use include_dir::{Dir, DirEntry, include_dir};

static WESTMARK: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/examples/westmark");

/// The month whose files lie in the example's inbox.
pub const MONTH: &str = "2025-06";

/// Writes the books of the invented State of Westmark; the paths it wrote. What exists is never touched.
pub fn demo(disk: &Disk) -> Result<Vec<String>, DiskError> {
    let mut files = Vec::new();
    collect(&WESTMARK, &mut files);
    // Somebody may have closed the example before this program was built; the copy begins open.
    files.retain(|(path, _)| !["ledger/", "out/"].iter().any(|made| path.starts_with(made)));
    files.sort_by_key(|(path, _)| path.clone());
    let mut written = Vec::new();
    for (path, bytes) in files {
        if !disk.exists(&path) {
            disk.write(&path, bytes)?;
            written.push(path);
        }
    }
    Ok(written)
}

fn collect(folder: &'static Dir<'static>, files: &mut Vec<(String, &'static [u8])>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => collect(folder, files),
            DirEntry::File(file) => {
                let parts: Vec<_> = file.path().iter().map(|part| part.to_string_lossy()).collect();
                files.push((parts.join("/"), file.contents()));
            }
        }
    }
}
