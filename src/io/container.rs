//! What a file is, by its content and never by its name, and how to get plain UTF-8 text out of it.
//!
//! Every member of a gzip file is read (many readers stop after the first and call it done), trailers are checked, and a
//! limit on the ratio stands in front of every decompressor.

use crate::frame::delimited::{MOST_COLUMNS, Record, Scanner};
use crate::model::finding::{Code, Finding, Place};
use crate::model::intake::{Container, FileLook, TextEncoding};
use anyhow::{Context, Result, bail};
use encoding_rs::{Decoder, Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A file's bytes, as a reader.
pub type Bytes = Box<dyn Read + Send>;

/// Unpacked bytes allowed for each packed one, beyond the first megabytes.
const HIGHEST_RATIO: u64 = 200;
const RATIO_FREE: u64 = 64 << 20;
/// A zip file is held in memory while it is read.
const LARGEST_ZIP: u64 = 4 << 30;
const LARGEST_JSON: u64 = 64 << 20;
const SAMPLE: u64 = 256 << 10;
const FIRST_ROWS: usize = 50;

/// Looks at the beginning of a file: container, encoding, delimiter, header and a few rows.
pub fn look(
    path: &str,
    declared: Option<TextEncoding>,
    open: &dyn Fn() -> Result<Bytes>,
) -> Result<(FileLook, Vec<Finding>)> {
    let mut head = Vec::new();
    open()?.take(SAMPLE).read_to_end(&mut head).with_context(|| format!("reading {path}"))?;
    let refuse =
        |code, why: &str, fix: &str| Ok((FileLook::Unreadable, vec![Finding::new(code, Place::file(path), why, fix)]));
    if head.is_empty() {
        return refuse(
            Code::FileEmpty,
            "The file has no bytes, so nobody can say whether charges are missing.",
            "Download the file again, or remove it from the inbox.",
        );
    }
    let container = match container_of(&head) {
        Ok(container) => container,
        Err(why) => {
            return refuse(
                Code::FileNotText,
                why,
                "Put the vendor's CSV export here, not a workbook or a page saved under its name.",
            );
        }
    };
    let mut sample = Vec::new();
    match unpacked(open()?, container) {
        Ok(reader) => {
            if let Err(error) = reader.take(SAMPLE).read_to_end(&mut sample) {
                return refuse(Code::FileDamaged, &damage(&error), "Download the file again.");
            }
        }
        Err(error) => {
            return refuse(
                Code::FileDamaged,
                &format!("The archive cannot be opened: {error}."),
                "Download the file again.",
            );
        }
    }
    if let Some((code, why)) = not_a_table(&sample) {
        return refuse(code, why, "Download the export again and look at it in an editor before you put it here.");
    }
    let encoding = match encoding_of(&sample, declared) {
        Ok(encoding) => encoding,
        Err(why) => {
            return refuse(
                Code::FileEncoding,
                &why,
                "Export as UTF-8, or set `encoding` for this source in chargeback.toml (\"windows-1252\").",
            );
        }
    };
    let text = to_utf8(&sample, encoding);
    if text.trim_ascii_start().starts_with(b"{") && !text.starts_with(b"{\"\"") {
        return json(path, container, encoding, open);
    }
    table(path, container, encoding, &text)
}

fn json(
    path: &str,
    container: Container,
    encoding: TextEncoding,
    open: &dyn Fn() -> Result<Bytes>,
) -> Result<(FileLook, Vec<Finding>)> {
    let mut text = Vec::new();
    plain_text(open()?, container, encoding)?
        .take(LARGEST_JSON)
        .read_to_end(&mut text)
        .with_context(|| format!("reading {path}"))?;
    Ok((FileLook::Json(String::from_utf8_lossy(&text).into_owned()), Vec::new()))
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
        let finding = Finding::new(
            Code::FileEmpty,
            Place::file(path).row(1),
            "The first line is empty, so the columns have no names.",
            "Remove blank lines before the header, or download the file again.",
        );
        return Ok((FileLook::Unreadable, vec![finding]));
    }
    let header = rows.remove(0);
    if header.len() > MOST_COLUMNS {
        let why = format!("The header has {} columns; the limit is {MOST_COLUMNS}.", header.len());
        return Ok((
            FileLook::Unreadable,
            vec![Finding::new(
                Code::FileTooLarge,
                Place::file(path).row(1),
                why,
                "Check that this is the vendor's export; ask for fewer columns.",
            )],
        ));
    }
    Ok((FileLook::Table { container, encoding, delimiter, header, first_rows: rows }, Vec::new()))
}

fn container_of(head: &[u8]) -> Result<Container, &'static str> {
    match head {
        [0x1f, 0x8b, ..] => Ok(Container::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Ok(Container::Zstd),
        [b'P', b'K', 3, 4, ..] if memchr::memmem::find(head, b"[Content_Types].xml").is_some() => {
            Err("This is an Excel workbook under another name.")
        }
        [b'P', b'K', 3, 4, ..] => Ok(Container::Zip),
        [b'P', b'A', b'R', b'1', ..] => Err("This is a Parquet file; this source is read as delimited text."),
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
        return Err("Every other byte is NUL: UTF-16 without a byte order mark, or no text at all.".to_owned());
    }
    let controls = sample.iter().filter(|&&byte| byte < 9).count();
    if nuls == 0 && controls * 50 > sample.len() {
        return Err("The bytes are not text.".to_owned());
    }
    match std::str::from_utf8(sample) {
        Ok(_) => Ok(TextEncoding::Utf8),
        // Cut by the sample's end, or one bad cell that the reader will name with row and column.
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

fn damage(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            "The compressed file ends too early: it was cut off, and rows are missing.".to_owned()
        }
        _ => format!("The compressed file cannot be unpacked ({error})."),
    }
}

/// Says in words what went wrong while a container was unpacked.
pub fn damage_in_words(error: &io::Error) -> String {
    damage(error)
}

/// Plain UTF-8 text without a byte order mark and without a `sep=` line.
pub fn plain_text(reader: Bytes, container: Container, encoding: TextEncoding) -> Result<Bytes> {
    let unpacked = unpacked(reader, container)?;
    let text: Bytes = match encoding {
        TextEncoding::Utf8 => unpacked,
        TextEncoding::Utf16LittleEndian => Box::new(Transcoded::new(unpacked, UTF_16LE)),
        TextEncoding::Utf16BigEndian => Box::new(Transcoded::new(unpacked, UTF_16BE)),
        TextEncoding::Windows1252 => Box::new(Transcoded::new(unpacked, WINDOWS_1252)),
    };
    without_preamble(text)
}

/// Takes away a byte order mark and a `sep=` line.
fn without_preamble(mut text: Bytes) -> Result<Bytes> {
    let mut head = vec![0; 8];
    let mut filled = 0;
    while filled < head.len() {
        match text.read(&mut head[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    head.truncate(filled);
    if head.starts_with(b"\xef\xbb\xbf") {
        head.drain(..3);
    }
    if head.starts_with(b"sep=") {
        let mut byte = [0; 1];
        while head.last() != Some(&b'\n') && text.read(&mut byte)? == 1 {
            head.push(byte[0]);
        }
        head.clear();
    }
    Ok(Box::new(Cursor::new(head).chain(text)))
}

/// The bytes inside the container.
pub fn unpacked(reader: Bytes, container: Container) -> Result<Bytes> {
    match container {
        Container::Plain => Ok(reader),
        Container::Gzip => {
            Ok(Box::new(limited(reader, |packed| MultiGzDecoder::new(io::BufReader::with_capacity(1 << 18, packed)))))
        }
        Container::Zstd => {
            let read = Arc::new(AtomicU64::new(0));
            let packed = Counted { inner: reader, read: read.clone() };
            Ok(Box::new(Limited { inner: zstd::stream::read::Decoder::new(packed)?, packed: read, given: 0 }))
        }
        Container::Zip => zip_member(reader),
    }
}

fn limited<D: Read>(reader: Bytes, decoder: impl FnOnce(Counted) -> D) -> Limited<D> {
    let read = Arc::new(AtomicU64::new(0));
    Limited { inner: decoder(Counted { inner: reader, read: read.clone() }), packed: read, given: 0 }
}

/// The one data member of a zip file. Its name is only compared, never used as a path.
fn zip_member(reader: Bytes) -> Result<Bytes> {
    let mut bytes = Vec::new();
    reader.take(LARGEST_ZIP).read_to_end(&mut bytes)?;
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes))?;
    let mut members = Vec::new();
    for number in 0..archive.len() {
        let member = archive.by_index_raw(number)?;
        let name = member.name()?.into_owned();
        if !member.is_dir() && !name.starts_with("__MACOSX/") && !name.ends_with(".DS_Store") {
            members.push((number, name));
        }
    }
    let [(number, name)] = members.as_slice() else {
        bail!("the archive holds {} files, and one is expected", members.len());
    };
    if name.contains("..") || name.starts_with('/') || name.contains('\\') {
        bail!("the file inside the archive has a path that climbs out of its folder");
    }
    let member = archive.by_index_raw(*number)?;
    let start = member.data_start().context("the archive does not say where its file begins")?;
    let range = usize::try_from(start)?..usize::try_from(start + member.compressed_size())?;
    let (method, crc) = (member.compression(), member.crc32());
    drop(member);
    drop(archive);
    bytes.truncate(range.end);
    let mut packed = Cursor::new(bytes);
    packed.set_position(range.start as u64);
    let packed: Bytes = Box::new(packed);
    let inner: Bytes = match method {
        zip::CompressionMethod::Stored => packed,
        zip::CompressionMethod::Deflated => Box::new(limited(packed, DeflateDecoder::new)),
        other => bail!("the archive uses {other}, which is not supported"),
    };
    Ok(Box::new(Checked { inner: flate2::CrcReader::new(inner), expected: crc }))
}

/// Counts packed bytes.
struct Counted {
    inner: Bytes,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Refuses to unpack more than a sane ratio: a bomb.
struct Limited<D> {
    inner: D,
    packed: Arc<AtomicU64>,
    given: u64,
}

impl<D: Read> Read for Limited<D> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.given += count as u64;
        let allowed = RATIO_FREE + HIGHEST_RATIO * self.packed.load(Ordering::Relaxed);
        if self.given > allowed {
            return Err(io::Error::other(format!("it unpacks to more than {HIGHEST_RATIO} times its size")));
        }
        Ok(count)
    }
}

/// Compares the checksum at the end.
struct Checked {
    inner: flate2::CrcReader<Bytes>,
    expected: u32,
}

impl Read for Checked {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        if count == 0 && !into.is_empty() && self.inner.crc().sum() != self.expected {
            return Err(io::Error::other("its checksum is wrong"));
        }
        Ok(count)
    }
}

/// Text of another encoding as UTF-8.
struct Transcoded {
    inner: Bytes,
    decoder: Decoder,
    packed: Vec<u8>,
    ready: Vec<u8>,
    given: usize,
    at_end: bool,
}

impl Transcoded {
    fn new(inner: Bytes, encoding: &'static Encoding) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            packed: vec![0; 1 << 16],
            ready: Vec::new(),
            given: 0,
            at_end: false,
        }
    }
}

impl Read for Transcoded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() && !self.at_end {
            let count = self.inner.read(&mut self.packed)?;
            self.at_end = count == 0;
            let mut text = String::with_capacity(count * 3 + 16);
            let (_, _, malformed) = self.decoder.decode_to_string(&self.packed[..count], &mut text, self.at_end);
            if malformed {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "its bytes are not of the declared encoding"));
            }
            self.ready = text.into_bytes();
            self.given = 0;
        }
        let count = into.len().min(self.ready.len() - self.given);
        into[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
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
