//! What a file is, by its content and never by its name.

use super::container::{Packed, damage_in_words, is_of_disk, plain_text, unpacked};
use crate::frame::delimited::{MOST_COLUMNS, Record, Scanner};
use crate::frame::older_text;
use crate::model::finding::{Code, Finding, Place};
use crate::model::intake::{Container, FileLook, TextEncoding};
use anyhow::{Context, Result};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::io::Read;

const LARGEST_JSON: u64 = 64 << 20;
const SAMPLE: u64 = 256 << 10;
const FIRST_ROWS: usize = 50;

/// Looks at the beginning of a file: container, encoding, delimiter, header and a few rows.
pub fn look(
    path: &str,
    declared: Option<TextEncoding>,
    open: &dyn Fn() -> Result<Packed>,
) -> Result<(FileLook, Vec<Finding>)> {
    let mut head = Vec::new();
    open()?.take(SAMPLE).read_to_end(&mut head).with_context(|| format!("reading {path}"))?;
    if head.is_empty() {
        return refuse(
            path,
            Code::FileEmpty,
            "The file has no bytes, so nobody can say whether charges are missing.",
            "Download the file again, or remove it from the inbox.",
        );
    }
    let container = match container_of(&head) {
        Ok(container) => container,
        Err(why) => {
            let fix = "Put the vendor's CSV export here, not a workbook or a page saved under its name.";
            return refuse(path, Code::FileNotText, why, fix);
        }
    };
    let sample = match sample_of(path, container, open)? {
        Ok(sample) => sample,
        Err(finding) => return Ok((FileLook::Unreadable, vec![*finding])),
    };
    if let Some((code, why)) = not_a_table(&sample) {
        let fix = "Download the export again and look at it in an editor before you put it here.";
        return refuse(path, code, why, fix);
    }
    // A Parquet file says in itself how its texts are encoded.
    let declared = declared.filter(|_| container != Container::Parquet);
    let encoding = match encoding_of(&sample, declared) {
        Ok(encoding) => encoding,
        Err(why) => {
            let fix = "Export as UTF-8, or set `encoding` for this source in chargeback.toml (\"windows-1252\").";
            return refuse(path, Code::FileEncoding, why, fix);
        }
    };
    let text = to_utf8(&sample, encoding);
    if text.trim_ascii_start().starts_with(b"{") && !text.starts_with(b"{\"\"") {
        return json(path, container, encoding, open);
    }
    table(path, container, encoding, &text)
}

/// The first unpacked bytes, or why there are none. An error is the disk's.
fn sample_of(
    path: &str,
    container: Container,
    open: &dyn Fn() -> Result<Packed>,
) -> Result<Result<Vec<u8>, Box<Finding>>> {
    let refused = |code, why: String, fix| Ok(Err(Box::new(Finding::new(code, Place::file(path), why, fix))));
    let mut sample = Vec::new();
    match unpacked(open()?, container) {
        Ok(reader) => match reader.take(SAMPLE).read_to_end(&mut sample) {
            Ok(_) => Ok(Ok(sample)),
            Err(error) if is_of_disk(&error) => Err(error).with_context(|| format!("cannot read {path}")),
            Err(error) => refused(Code::FileDamaged, damage_in_words(&error), "Download the file again."),
        },
        Err(error) if error.chain().filter_map(|cause| cause.downcast_ref()).any(is_of_disk) => {
            Err(error.context(format!("cannot read {path}")))
        }
        Err(error) if container == Container::Workbook => {
            let why = format!("This is an Excel workbook, and it cannot be read: {error}.");
            refused(Code::FileNotText, why, "Save the table again as an xlsx workbook or, better, as CSV.")
        }
        Err(error) => {
            let what = if container == Container::Parquet { "Parquet file" } else { "archive" };
            refused(Code::FileDamaged, format!("The {what} cannot be opened: {error}."), "Download the file again.")
        }
    }
}

fn json(
    path: &str,
    container: Container,
    encoding: TextEncoding,
    open: &dyn Fn() -> Result<Packed>,
) -> Result<(FileLook, Vec<Finding>)> {
    let mut text = Vec::new();
    if let Err(error) = plain_text(open()?, container, encoding)?.take(LARGEST_JSON + 1).read_to_end(&mut text) {
        if is_of_disk(&error) {
            return Err(error).with_context(|| format!("cannot read {path}"));
        }
        return refuse(path, Code::FileDamaged, damage_in_words(&error), "Download the file again.");
    }
    if text.len() as u64 > LARGEST_JSON {
        let why = format!("A manifest is some thousands of bytes; this is more than {LARGEST_JSON}.");
        return refuse(path, Code::FileTooLarge, why, "Download the manifest again from the vendor's storage.");
    }
    match String::from_utf8(text) {
        Ok(text) => Ok((FileLook::Json(text), Vec::new())),
        Err(error) => {
            let why = format!("Byte {} of it is not UTF-8.", error.utf8_error().valid_up_to() + 1);
            refuse(path, Code::FileEncoding, why, "Download the file again.")
        }
    }
}

/// A file that cannot be read, and why.
fn refuse(path: &str, code: Code, why: impl Into<String>, fix: &str) -> Result<(FileLook, Vec<Finding>)> {
    Ok((FileLook::Unreadable, vec![Finding::new(code, Place::file(path), why, fix)]))
}

fn table(path: &str, container: Container, encoding: TextEncoding, text: &[u8]) -> Result<(FileLook, Vec<Finding>)> {
    let first_line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let (text, first_line, declared) = match first_line.strip_prefix(b"sep=") {
        Some(rest) => {
            let body = &text[(first_line.len() + 1).min(text.len())..];
            (body, body.split(|&byte| byte == b'\n').next().unwrap_or_default(), rest.first().copied())
        }
        None => (text, first_line, None),
    };
    if first_line.len() == text.len() && first_line.trim_ascii_end().contains(&b'\r') {
        let why = "Its lines end in carriage returns alone, so all rows look like one.";
        return refuse(path, Code::FileNotText, why, "Download the export again; do not save it from a spreadsheet.");
    }
    if first_line.len() == text.len() && text.len() as u64 + 8 >= SAMPLE {
        let why = format!("Its first line is longer than {SAMPLE} bytes, which no header is.");
        return refuse(path, Code::FileTooLarge, why, "Check that this is the vendor's export.");
    }
    let delimiter = declared.unwrap_or_else(|| delimiter_of(first_line));
    let mut scanner = Scanner::new(text, delimiter);
    let mut record = Record::default();
    let mut rows: Vec<Vec<String>> = Vec::new();
    // A defect in the sample is told with its row when the file is read through; here it only ends the look.
    while rows.len() <= FIRST_ROWS && scanner.next(&mut record).unwrap_or(false) {
        let cell = |column| String::from_utf8_lossy(&scanner.field(&record, column)).into_owned();
        rows.push((0..record.len()).map(cell).collect());
    }
    if rows.first().is_none_or(|header| header.iter().all(|name| name.trim().is_empty())) {
        let why = "The first line is empty or broken, so the columns have no names.";
        return refuse(path, Code::FileEmpty, why, "Remove what stands before the header, or download the file again.");
    }
    let header = rows.remove(0);
    if header.len() > MOST_COLUMNS {
        let why = format!("The header has {} columns; the limit is {MOST_COLUMNS}.", header.len());
        let fix = "Check that this is the vendor's export; ask for fewer columns.";
        return refuse(path, Code::FileTooLarge, why, fix);
    }
    Ok((FileLook::Table { container, encoding, delimiter, header, first_rows: rows }, Vec::new()))
}

fn container_of(head: &[u8]) -> Result<Container, &'static str> {
    match head {
        [0x1f, 0x8b, ..] => Ok(Container::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Ok(Container::Zstd),
        [b'P', b'K', 3, 4, ..] if memchr::memmem::find(head, b"[Content_Types].xml").is_some() => {
            Ok(Container::Workbook)
        }
        [b'P', b'K', 3, 4, ..] => Ok(Container::Zip),
        [b'P', b'A', b'R', b'1', ..] => Ok(Container::Parquet),
        // A table may begin with `PARENT`.
        [b'P', b'A', b'R', b'E', rest @ ..] if rest.iter().take(64).any(|&byte| byte < 9) => {
            Err("This is an encrypted Parquet file.")
        }
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Err("This is an old Excel workbook."),
        [b'%', b'P', b'D', b'F', ..] => Err("This is a PDF."),
        _ => Ok(Container::Plain),
    }
}

fn not_a_table(sample: &[u8]) -> Option<(Code, &'static str)> {
    let start = sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample).trim_ascii_start();
    let begins = |text: &[u8]| start.get(..text.len()).is_some_and(|head| head.eq_ignore_ascii_case(text));
    if start.is_empty() {
        Some((Code::FileEmpty, "The file holds nothing but blanks."))
    } else if begins(b"<!doctype html") || begins(b"<html") {
        Some((Code::FileNotText, "This is HTML: most likely a sign-in page saved instead of the file."))
    } else if begins(b"<?xml") || begins(b"<error") {
        Some((Code::FileNotText, "This is XML: most likely the storage's error message saved instead of the file."))
    } else {
        None
    }
}

fn encoding_of(sample: &[u8], declared: Option<TextEncoding>) -> Result<TextEncoding, String> {
    match (sample, declared) {
        ([0xff, 0xfe, ..], _) => return Ok(TextEncoding::Utf16LittleEndian),
        ([0xfe, 0xff, ..], _) => return Ok(TextEncoding::Utf16BigEndian),
        (_, Some(declared)) => return Ok(declared),
        _ => {}
    }
    let nuls = memchr::memchr_iter(0, sample).count();
    if nuls * 4 > sample.len() {
        return utf16_without_mark(sample)
            .ok_or_else(|| "Every other byte is NUL, and it is not UTF-16: it is no text.".to_owned());
    }
    let controls = sample.iter().filter(|&&byte| byte < 9).count();
    if nuls == 0 && controls * 50 > sample.len() {
        return Err("The bytes are not text.".to_owned());
    }
    match std::str::from_utf8(sample) {
        Ok(_) => Ok(TextEncoding::Utf8),
        // Cut by the sample's end.
        Err(error) if error.error_len().is_none() => Ok(TextEncoding::Utf8),
        Err(_) if is_windows_1252(sample) => Ok(TextEncoding::Windows1252),
        // One bad cell that the reader will name with row and column.
        Err(error) if error.valid_up_to() > 0 && error.valid_up_to() * 2 > sample.len().min(4096) => {
            Ok(TextEncoding::Utf8)
        }
        Err(error) => {
            let at = error.valid_up_to();
            Err(format!(
                "Byte {} (hexadecimal {:02X}) is not UTF-8.",
                at + 1,
                sample.get(at).copied().unwrap_or_default()
            ))
        }
    }
}

/// Text that begins without a byte order mark: its letters are mostly those of English, so one half of every pair of bytes is
/// zero, and never the other.
fn utf16_without_mark(sample: &[u8]) -> Option<TextEncoding> {
    let pairs = sample.as_chunks::<2>().0;
    let zeros = |half: usize| pairs.iter().filter(|pair| pair[half] == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    let (encoding, decoder) = match (first * 10 > pairs.len() * 7, second * 10 > pairs.len() * 7) {
        (true, false) => (TextEncoding::Utf16BigEndian, UTF_16BE),
        (false, true) => (TextEncoding::Utf16LittleEndian, UTF_16LE),
        _ => return None,
    };
    let (text, _, malformed) = decoder.decode(&sample[..pairs.len() * 2]);
    // The sample may end within a character of two pairs.
    let sound = !malformed || text.trim_end_matches('\u{fffd}').chars().all(|c| c != '\u{fffd}');
    let is_text = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    (sound && text.chars().all(is_text)).then_some(encoding)
}

/// Text of several columns without a byte that Windows-1252 does not have.
fn is_windows_1252(sample: &[u8]) -> bool {
    let first_line = sample.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let is_text = |&byte: &u8| byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r');
    sample.iter().all(is_text) && older_text::is_windows_1252(sample) && first_line.contains(&delimiter_of(first_line))
}

fn delimiter_of(first_line: &[u8]) -> u8 {
    let outside_quotes = |wanted: u8| {
        let mut quoted = false;
        first_line
            .iter()
            .filter(|&&byte| {
                quoted ^= byte == b'"';
                byte == wanted && !quoted
            })
            .count()
    };
    // Of equal counts the earlier of the list.
    let candidates = [b',', b';', b'\t', b'|'];
    candidates.into_iter().rev().max_by_key(|&candidate| outside_quotes(candidate)).unwrap_or(b',')
}

fn to_utf8(sample: &[u8], encoding: TextEncoding) -> Vec<u8> {
    let encoding: &'static Encoding = match encoding {
        TextEncoding::Utf8 => return sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample).to_vec(),
        TextEncoding::Utf16LittleEndian => UTF_16LE,
        TextEncoding::Utf16BigEndian => UTF_16BE,
        TextEncoding::Windows1252 => WINDOWS_1252,
    };
    encoding.decode(sample).0.into_owned().into_bytes()
}
