//! How to get plain UTF-8 text out of a file, whatever it is packed in.
//!
//! Every member of a gzip file is read (many readers stop after the first and call it done), trailers are checked, and a
//! limit on the ratio stands in front of every decompressor. Nothing is held in memory but a few blocks.

use crate::frame::parquet_pages;
use crate::frame::parquet_text::ParquetText;
use crate::model::intake::{Container, TextEncoding};
use anyhow::Result;
use encoding_rs::{Decoder, Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use flate2::read::MultiGzDecoder;
use std::io::{self, Cursor, Read, Seek, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Plain bytes, as a reader.
pub type Bytes = Box<dyn Read + Send>;

/// A file as it lies. A zip file has its table of contents at the end, so it must be seekable.
pub trait PackedFile: Read + Seek + Send {}

impl<F: Read + Seek + Send> PackedFile for F {}

pub type Packed = Box<dyn PackedFile>;

/// Unpacked bytes allowed for each packed one, beyond the first megabytes.
const HIGHEST_RATIO: u64 = 200;
const RATIO_FREE: u64 = 64 << 20;

/// Whether the disk failed, as against what was read from it.
pub fn is_of_disk(error: &io::Error) -> bool {
    error.raw_os_error().is_some()
}

/// Says in words what went wrong while a container was unpacked.
pub fn damage_in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            "The compressed file ends too early: it was cut off, and rows are missing.".to_owned()
        }
        _ => format!("The compressed file cannot be unpacked ({error})."),
    }
}

/// Plain UTF-8 text without a byte order mark and without a `sep=` line.
pub fn plain_text(file: Packed, container: Container, encoding: TextEncoding) -> Result<Bytes> {
    let unpacked = unpacked(file, container)?;
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
        while !head.contains(&b'\n') && text.read(&mut byte)? == 1 {
            head.push(byte[0]);
        }
        let line = head.iter().position(|&byte| byte == b'\n').map_or(head.len(), |end| end + 1);
        head.drain(..line);
    }
    Ok(Box::new(Cursor::new(head).chain(text)))
}

/// The bytes inside the container.
pub fn unpacked(file: Packed, container: Container) -> Result<Bytes> {
    match container {
        Container::Plain => Ok(Box::new(file)),
        Container::Gzip => Ok(Box::new(limited(Box::new(file), |packed| {
            MultiGzDecoder::new(io::BufReader::with_capacity(1 << 18, packed))
        }))),
        Container::Zstd => {
            let read = Arc::new(AtomicU64::new(0));
            let packed = Counted { inner: Box::new(file), read: read.clone() };
            Ok(Box::new(Limited { inner: zstd::stream::read::Decoder::new(packed)?, packed: read, given: 0 }))
        }
        Container::Zip => super::archive::text_of(file),
        Container::Workbook => super::spreadsheet::as_csv(file),
        Container::Parquet => parquet(file, |_| false),
    }
}

/// A Parquet file as text, with the columns of doubles that are amounts rounded to what the vendor knows of them.
pub fn parquet_with_amounts(file: Packed, are_amounts: impl Fn(&str) -> bool + Send + 'static) -> Result<Bytes> {
    parquet(file, are_amounts)
}

/// Packed bytes of a Parquet file that are held in memory; a larger file is copied, so that it can be mapped and nobody
/// can cut it off meanwhile.
const HELD: u64 = 8 << 20;

fn parquet(mut file: Packed, are_amounts: impl Fn(&str) -> bool + Send + 'static) -> Result<Bytes> {
    let mut head = Vec::new();
    let size = file.by_ref().take(HELD).read_to_end(&mut head)? as u64;
    if size < HELD {
        let sound = parquet_pages::check(&mut Cursor::new(&head), size);
        let text = ParquetText::of_bytes(head)?;
        return sound.map(|()| Box::new(text.with_amounts(are_amounts)) as Bytes).map_err(Into::into);
    }
    let mut copy = tempfile::NamedTempFile::new()?;
    copy.write_all(&head)?;
    let size = size + io::copy(&mut file, &mut copy)?;
    copy.flush()?;
    parquet_pages::check(copy.as_file_mut(), size)?;
    let path = copy.into_temp_path();
    let at = path.to_path_buf();
    Ok(Box::new(ParquetText::of_file(&at, size, path)?.with_amounts(are_amounts)))
}

pub(super) fn limited<D: Read>(reader: Bytes, decoder: impl FnOnce(Counted) -> D) -> Limited<D> {
    let read = Arc::new(AtomicU64::new(0));
    Limited { inner: decoder(Counted { inner: reader, read: read.clone() }), packed: read, given: 0 }
}

/// Counts packed bytes.
pub(super) struct Counted {
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
pub(super) struct Limited<D> {
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
