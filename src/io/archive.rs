//! Zip files. Names of members are only compared, never used as paths.
//!
//! Several members are one file cut into parts, which is proved by their names, equal but for numbers, and by their
//! headers; they follow each other in the order of these numbers, and the header stands once. Anything else may be two
//! views or versions of one month, and is refused.

use super::container::{Bytes, Packed, limited};
use anyhow::{Context, Result, bail};
use flate2::read::DeflateDecoder;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

/// Packed bytes of an archive with several members, which is held in memory.
const LARGEST_JOINED: u64 = 512 << 20;
const LONGEST_HEADER: u64 = 1 << 20;

/// Where a member lies.
struct Member {
    name: String,
    start: u64,
    bytes: u64,
    method: zip::CompressionMethod,
    crc: u32,
}

pub fn text_of(file: Packed) -> Result<Bytes> {
    let mut archive = zip::ZipArchive::new(file)?;
    let mut members = Vec::new();
    for number in 0..archive.len() {
        let member = archive.by_index_raw(number)?;
        let name = member.name()?.into_owned();
        if member.is_dir() || name.starts_with("__MACOSX/") || name.ends_with(".DS_Store") {
            continue;
        }
        if name.contains("..") || name.starts_with('/') || name.contains('\\') {
            bail!("the file inside the archive has a path that climbs out of its folder");
        }
        if member.encrypted() {
            bail!("the archive is protected by a password");
        }
        let start = member.data_start().context("the archive does not say where its file begins")?;
        let (method, crc, bytes) = (member.compression(), member.crc32(), member.compressed_size());
        members.push(Member { name, start, bytes, method, crc });
    }
    let file = archive.into_inner();
    match members.as_slice() {
        [] => bail!("the archive holds no file"),
        [member] => open(file, member),
        _ => joined(file, members),
    }
}

fn open(mut file: Packed, member: &Member) -> Result<Bytes> {
    file.seek(SeekFrom::Start(member.start))?;
    let packed: Bytes = Box::new(io::BufReader::with_capacity(1 << 18, file).take(member.bytes));
    let inner: Bytes = match member.method {
        zip::CompressionMethod::Stored => packed,
        zip::CompressionMethod::Deflated => Box::new(limited(packed, DeflateDecoder::new)),
        other => bail!("the archive uses {other}, which is not supported"),
    };
    Ok(Box::new(Checked { inner: flate2::CrcReader::new(inner), expected: member.crc }))
}

fn joined(file: Packed, mut members: Vec<Member>) -> Result<Bytes> {
    members.sort_by_cached_key(|member| numbered(&member.name));
    let without_numbers = |member: &Member| member.name.replace(|c: char| c.is_ascii_digit(), "").to_lowercase();
    let first = without_numbers(&members[0]);
    let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    if members.iter().any(|member| without_numbers(member) != first) {
        bail!(
            "the archive holds {}, which are not parts of one file; put each into the inbox by itself",
            names.join(", ")
        );
    }
    let mut bytes = Vec::new();
    let mut file = file;
    file.seek(SeekFrom::Start(0))?;
    file.take(LARGEST_JOINED + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_JOINED {
        bail!("an archive of several files and more than 512 MB is not read; unpack it into the inbox");
    }
    let bytes: Arc<[u8]> = bytes.into();
    let mut header = Vec::new();
    let mut all: Bytes = Box::new(io::empty());
    for (number, member) in members.iter().enumerate() {
        let mut text = open(Box::new(Cursor::new(bytes.clone())), member)?;
        let line = first_line(&mut text)?;
        if line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff") {
            bail!("the archive holds several files of UTF-16 text; unpack it into the inbox");
        }
        if number == 0 {
            header.clone_from(&line);
        } else if line.trim_ascii() != header.trim_ascii() {
            bail!("{} has another header than {}; put each into the inbox by itself", member.name, members[0].name);
        }
        let kept = if number == 0 { line } else { Vec::new() };
        let part = EndsLine { inner: Cursor::new(kept).chain(text), last: b'\n', ended: false };
        all = Box::new(all.chain(part));
    }
    Ok(all)
}

/// A name whose numbers sort as numbers.
fn numbered(name: &str) -> String {
    let mut key = String::new();
    let mut digits = String::new();
    for character in name.chars().chain(['\0']) {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        if !digits.is_empty() {
            key.push_str(&format!("{digits:0>20}"));
            digits.clear();
        }
        key.extend(character.to_lowercase());
    }
    key
}

fn first_line(text: &mut Bytes) -> Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut byte = [0; 1];
    while line.len() as u64 <= LONGEST_HEADER && text.read(&mut byte)? == 1 {
        line.push(byte[0]);
        if byte[0] == b'\n' {
            break;
        }
    }
    Ok(line)
}

/// Text whose last line ends, so that the next part begins a line of its own.
struct EndsLine<R> {
    inner: R,
    last: u8,
    ended: bool,
}

impl<R: Read> Read for EndsLine<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.ended || into.is_empty() {
            return Ok(0);
        }
        let count = self.inner.read(into)?;
        if count > 0 {
            self.last = into[count - 1];
            return Ok(count);
        }
        self.ended = true;
        if self.last == b'\n' {
            return Ok(0);
        }
        into[0] = b'\n';
        Ok(1)
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
