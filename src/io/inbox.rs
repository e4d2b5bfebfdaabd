//! The inbox: listing, hashing and looking at what was delivered, and opening it as text.
//!
//! Nothing in here is ever written. Links, pipes and devices are refused without opening them: a pipe would wait for ever,
//! and a link could show another file at every look. A file that changes while it is read is refused too.

use super::container::{self, Bytes, Packed, damage_in_words};
use super::digest::sha256_of_reader;
use super::fs::{Disk, DiskError, EntryKind, Signature};
use super::look::look as look_inside;
use super::seen::{Memory, Seen};
use crate::frame::delimited::{Defect, Record, ScanError, Scanner};
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::intake::{FileLook, InboxFile, TableFile, TableRows, TextEncoding};
use crate::model::month::Month;
use crate::model::settings::{SourceSetting, State};
use anyhow::{Context, Result};
use encoding_rs::WINDOWS_1252;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The folder of a month's deliveries, below the books.
pub fn folder(month: Month) -> String {
    format!("inbox/{month}")
}

/// What computers leave in folders of their own accord.
const DROPPINGS: &[&str] = &[".ds_store", "thumbs.db", "desktop.ini", ".gitkeep", ".gitignore"];
/// Beginnings of names of temporary files.
const TEMPORARY: &[&str] = &["~$", "._", ".~lock"];

/// The regular files of a folder, by their paths below it, and what else lies there.
pub fn list(disk: &Disk, folder: &str) -> Result<(Vec<String>, Vec<Finding>), DiskError> {
    let mut paths = Vec::new();
    let mut findings = Vec::new();
    for entry in disk.list(folder)? {
        let path = entry.path.strip_prefix(folder).unwrap_or(&entry.path).trim_start_matches('/').to_owned();
        let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
        let (why, fix) = match entry.kind {
            EntryKind::File if DROPPINGS.contains(&name.as_str()) => continue,
            EntryKind::File if TEMPORARY.iter().any(|start| name.starts_with(start)) => {
                let why = "A temporary file of another program; nothing in it counts.";
                findings.push(Finding::new(Code::FileUnused, Place::file(path), why, "Nothing needs to be done."));
                continue;
            }
            EntryKind::File if path.contains('\\') => {
                ("Its name holds a backslash, which is a folder on some computers.", "Rename the file.")
            }
            EntryKind::File => {
                paths.push(path);
                continue;
            }
            EntryKind::Link => (
                "It is a symbolic link. What it leads to can change without anybody noticing.",
                "Put a copy of the file itself here.",
            ),
            EntryKind::Special => (
                "It is a pipe, a device or a socket, or its name is not text. Nothing can be kept of it as evidence.",
                "Put a regular file with a plain name here.",
            ),
        };
        findings.push(Finding::new(Code::FileNotRegular, Place::file(path), why, fix));
    }
    Ok((paths, findings))
}

/// Lists, hashes and looks at every file, several at a time. Sorted by path whatever the number of threads.
pub fn look_at_all(disk: &Disk, folder: &str, state: &State, threads: usize) -> Result<(Vec<InboxFile>, Vec<Finding>)> {
    let (files, findings, _) = look_at_changed(disk, folder, state, threads, &Memory::default())?;
    Ok((files, findings))
}

/// The same without reading what has not changed since it was seen, and what is to be remembered of it all.
pub fn look_at_changed(
    disk: &Disk,
    folder: &str,
    state: &State,
    threads: usize,
    memory: &Memory,
) -> Result<(Vec<InboxFile>, Vec<Finding>, Seen)> {
    let (paths, mut findings) = list(disk, folder)?;
    let next = AtomicUsize::new(0);
    let looks = Mutex::new(Vec::with_capacity(paths.len()));
    let threads = threads.clamp(1, paths.len().max(1));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let seen = look_or_recall(disk, folder, path, setting_of(state, path), memory);
                    looks.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((path, seen));
                }
            });
        }
    });
    let mut looks = looks.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    looks.sort_by_key(|(path, _)| *path);
    let mut files = Vec::with_capacity(looks.len());
    let mut after = memory.after();
    for (path, seen) in looks {
        let (file, about, signature) = seen?;
        memory.remember(&mut after, signature, setting_of(state, path), (&file, &about));
        files.push(file);
        findings.extend(about);
    }
    Ok((files, findings, after))
}

/// What the settings say of the source folder that a path begins with.
pub fn setting_of<'a>(state: &'a State, path: &str) -> Option<&'a SourceSetting> {
    let source = path.split('/').next().unwrap_or_default();
    state.sources.iter().find(|setting| setting.folder == source)
}

/// A file, what is told of it, and its signature where it did not change during the look.
type Looked = (InboxFile, Vec<Finding>, Option<Signature>);

fn look_or_recall(
    disk: &Disk,
    folder: &str,
    path: &str,
    setting: Option<&SourceSetting>,
    memory: &Memory,
) -> Result<Looked> {
    let signature = || disk.signature(&format!("{folder}/{path}"));
    let before = signature()?;
    if let Some((file, findings)) = memory.recall(before, path, setting) {
        return Ok((file, findings, before));
    }
    let (file, findings) = look(disk, folder, path, setting)?;
    let unchanged = signature()? == before;
    Ok((file, findings, before.filter(|_| unchanged)))
}

/// Hashes a file and looks at its beginning. `path` is below `folder`, as it stands in findings.
pub fn look(
    disk: &Disk,
    folder: &str,
    path: &str,
    setting: Option<&SourceSetting>,
) -> Result<(InboxFile, Vec<Finding>)> {
    let place = format!("{folder}/{path}");
    let before = disk.stamp(&place)?;
    let (sha256, bytes) = sha256_of_reader(&mut disk.open(&place)?).with_context(|| format!("cannot read {place}"))?;
    let open = || -> Result<Packed> { Ok(Box::new(disk.open(&place)?)) };
    let (mut look, mut findings) = look_inside(path, declared(setting), &open)?;
    let after = disk.stamp(&place)?;
    if before != after || bytes != after.1 {
        look = FileLook::Unreadable;
        findings = vec![Finding::new(
            Code::FileChanged,
            Place::file(path),
            "It changed while it was read: most likely a download or a copy is still under way.",
            "Wait until the file is complete and run again.",
        )];
    }
    Ok((InboxFile { path: path.to_owned(), bytes, sha256, look }, findings))
}

fn declared(setting: Option<&SourceSetting>) -> Option<TextEncoding> {
    let encoding = setting?.encoding.as_deref()?;
    let folded = encoding.to_lowercase().replace(['-', '_', ' '], "");
    match folded.as_str() {
        "windows1252" | "cp1252" | "latin1" | "iso88591" => Some(TextEncoding::Windows1252),
        "utf16" | "utf16le" => Some(TextEncoding::Utf16LittleEndian),
        "utf16be" => Some(TextEncoding::Utf16BigEndian),
        _ => None,
    }
}

/// A file as plain UTF-8 text: unpacked, transcoded, without byte order mark. Damage shows as an error of the reader, at
/// the latest at its end; nothing that was read before is to be used then.
pub fn open_text(disk: &Disk, folder: &str, file: &InboxFile) -> Result<Bytes> {
    let FileLook::Table { container, encoding, .. } = file.look else {
        anyhow::bail!("{} is not a table", file.path);
    };
    let packed: Packed = Box::new(disk.open(&format!("{folder}/{}", file.path))?);
    container::plain_text(packed, container, encoding)
}

/// Rows of a table that is read whole, at most.
const MOST_TABLE_ROWS: usize = 2_000_000;

/// Reads a table whole. Rows that are not as wide as the header, or hold bytes that are no text, become findings.
pub fn read_table(disk: &Disk, folder: &str, file: &InboxFile, table: &TableFile) -> Result<(TableRows, Vec<Finding>)> {
    let FileLook::Table { delimiter, .. } = file.look else {
        anyhow::bail!("{} is not a table", file.path);
    };
    let mut scanner = Scanner::new(open_text(disk, folder, file)?, delimiter);
    let mut record = Record::default();
    let mut rows = TableRows { file: table.clone(), ..TableRows::default() };
    let mut findings = Vec::new();
    let mut older = false;
    loop {
        match scanner.next(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(ScanError::Read(error)) if container::is_of_disk(&error) => {
                return Err(error).with_context(|| format!("cannot read {folder}/{}", file.path));
            }
            Err(error) => {
                findings.push(unreadable(&file.path, &error));
                break;
            }
        }
        // Blank lines at the end are common and harmless.
        if record.is_empty() {
            continue;
        }
        let mut cells = Vec::with_capacity(record.len());
        for column in 0..record.len() {
            match String::from_utf8(scanner.field(&record, column).into_owned()) {
                Ok(cell) => cells.push(cell),
                Err(error) => {
                    if !older {
                        findings.push(of_older_encoding(&file.path, record.row, rows.header.get(column), &error));
                    }
                    older = true;
                    cells.push(WINDOWS_1252.decode_without_bom_handling(error.as_bytes()).0.into_owned());
                }
            }
        }
        if rows.header.is_empty() {
            rows.header = cells;
        } else if cells.len() != rows.header.len() {
            let why =
                format!("It has {} cells, the header has {}: values may have moved.", cells.len(), rows.header.len());
            let place = Place::file(&file.path).row(record.row);
            findings.push(Finding::new(Code::RowWidth, place, why, "Export the table again."));
        } else {
            rows.rows.push((record.row, cells));
        }
        if rows.rows.len() > MOST_TABLE_ROWS {
            let why = format!("A table of more than {MOST_TABLE_ROWS} rows is not read whole.");
            findings.push(Finding::new(Code::FileTooLarge, Place::file(&file.path), why, "Export fewer rows."));
            break;
        }
    }
    Ok((rows, findings))
}

fn unreadable(path: &str, error: &ScanError) -> Finding {
    match error {
        ScanError::Defect(defect) => {
            let (code, row) = match *defect {
                Defect::QuoteNeverClosed { row }
                | Defect::TextAfterQuote { row, .. }
                | Defect::QuoteInBareCell { row, .. }
                | Defect::TooManyLines { row, .. } => (Code::RowQuote, row),
                Defect::Nul { row } => (Code::RowNotText, row),
                Defect::RowTooLong { row } | Defect::CellTooLong { row, .. } => (Code::RowTooLong, row),
            };
            let why = format!("From here on nobody can say where a row ends: {defect}.");
            let fix = "Export the table again; do not edit it by hand.";
            Finding::new(code, Place::file(path).row(row), why, fix)
        }
        ScanError::Read(error) => {
            Finding::new(Code::FileDamaged, Place::file(path), damage_in_words(error), "Download the file again.")
        }
    }
}

fn of_older_encoding(path: &str, row: u64, column: Option<&String>, error: &std::string::FromUtf8Error) -> Finding {
    let at = error.utf8_error().valid_up_to();
    let byte = error.as_bytes().get(at).copied().unwrap_or_default();
    let mut finding = Finding::new(
        Code::FileEncoding,
        Place::file(path).row(row).column(column.map_or("", String::as_str)),
        format!(
            "Byte {} of the cell (hexadecimal {byte:02X}) is not UTF-8. This cell and others like it are read as Windows-1252, in which people save tables.",
            at + 1
        ),
        "Look whether names with accents are right; export as UTF-8 to be certain.",
    );
    finding.severity = Severity::Note;
    finding
}

#[cfg(test)]
mod tests;
