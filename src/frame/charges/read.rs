//! Charges back from their Parquet file, a column of a row group at a time and no more bytes than that takes.
//!
//! Polars reads these files as well; it would decode every text of every row of a column to compare it with one, where
//! here the dictionary says at once that a row group does not have it. Only what [`super::write`] writes is read.

use super::bits::{Bytes, Packed, deltas};
use super::file::MAGIC;
use super::scan::TextColumn;
use anyhow::{Context, Result, ensure};
use polars_parquet_format::thrift::protocol::TCompactInputProtocol;
use polars_parquet_format::{ColumnMetaData, CompressionCodec, Encoding, FileMetaData, PageHeader, RowGroup};
use std::io::{Read, Seek, SeekFrom};

/// Bytes of a footer: those of a thousand row groups are a tenth of it.
const LONGEST_FOOTER: u64 = 256 << 20;

pub struct ChargesFile<R> {
    source: R,
    footer: FileMetaData,
}

/// Where a column lies in every row group.
#[derive(Clone, Copy)]
pub struct Place(usize);

/// The codes of a column's rows; a missing value has the code [`MISSING`].
pub enum Codes {
    Packed(Packed),
    Listed(Vec<u32>),
}

pub const MISSING: u32 = u32::MAX;

impl Codes {
    pub fn get(&self, row: usize) -> u32 {
        match self {
            Self::Packed(packed) => packed.get(row),
            Self::Listed(codes) => codes.get(row).copied().unwrap_or(MISSING),
        }
    }
}

/// The distinct texts of a column in a row group, each after its length.
#[derive(Default)]
pub struct Dictionary(Vec<u8>);

impl Dictionary {
    pub fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = Bytes(&self.0);
        std::iter::from_fn(move || {
            let length = u32::from_le_bytes(rest.take(4).ok()?.try_into().ok()?);
            rest.take(length as usize).ok()
        })
    }
}

impl<R: Read + Seek> ChargesFile<R> {
    pub fn open(mut source: R) -> Result<Self> {
        let size = source.seek(SeekFrom::End(0)).context("charges cannot be read")?;
        let mut end = [0; 8];
        source.seek(SeekFrom::Start(size.saturating_sub(8)))?;
        source.read_exact(&mut end).context("charges cannot be read")?;
        let length = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
        ensure!(end[4..] == MAGIC[..] && length < size.min(LONGEST_FOOTER), "this is no file of charges");
        source.seek(SeekFrom::Start(size - 8 - length))?;
        let mut bytes = vec![0; length as usize];
        source.read_exact(&mut bytes).context("charges cannot be read")?;
        let mut protocol = TCompactInputProtocol::new(&bytes[..], bytes.len() * 16 + 1024);
        let footer = FileMetaData::read_from_in_protocol(&mut protocol).context("charges cannot be read")?;
        Ok(Self { source, footer })
    }

    pub fn groups(&self) -> usize {
        self.footer.row_groups.len()
    }

    pub fn rows(&self, group: usize) -> usize {
        usize::try_from(self.footer.row_groups[group].num_rows).unwrap_or_default()
    }

    /// None where the file has no such column.
    pub fn column(&self, name: &str) -> Option<Place> {
        let leaves = self.footer.schema.get(1..).unwrap_or_default();
        leaves.iter().position(|leaf| leaf.name == name).map(Place)
    }

    pub fn needed(&self, name: &str) -> Result<Place> {
        self.column(name).with_context(|| format!("the charges have no {name}"))
    }

    fn meta(&self, group: usize, place: Place) -> Result<&ColumnMetaData> {
        let group: &RowGroup = &self.footer.row_groups[group];
        let chunk = group.columns.get(place.0).context("a row group lacks a column")?;
        chunk.meta_data.as_ref().context("a row group says nothing of a column")
    }

    fn bytes(&mut self, at: i64, length: i64) -> Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length)?.min(i32::MAX as usize)];
        self.source.seek(SeekFrom::Start(u64::try_from(at)?))?;
        self.source.read_exact(&mut bytes).context("charges cannot be read")?;
        Ok(bytes)
    }

    /// The dictionary page of a column, without its rows; none where all values are missing.
    fn dictionary_page(&mut self, group: usize, place: Place) -> Result<Vec<u8>> {
        let meta = self.meta(group, place)?;
        let (codec, end) = (meta.codec, meta.data_page_offset);
        let Some(at) = meta.dictionary_page_offset else { return Ok(Vec::new()) };
        let bytes = self.bytes(at, end - at)?;
        let mut page = &bytes[..];
        let header = header(&mut page)?;
        unpacked(page, codec == CompressionCodec::ZSTD, usize::try_from(header.uncompressed_page_size)?)
    }

    pub fn dictionary(&mut self, group: usize, place: Place) -> Result<Dictionary> {
        let meta = self.meta(group, place)?;
        let known = meta.dictionary_page_offset.is_some()
            || meta.statistics.as_ref().is_some_and(|s| s.null_count == Some(meta.num_values));
        ensure!(known, "the charges were written by another version of this program");
        Ok(Dictionary(self.dictionary_page(group, place)?))
    }

    /// The texts of all rows, whether they have a dictionary or lie as they are.
    pub fn texts(&mut self, group: usize, place: Place) -> Result<TextColumn> {
        let rows = self.rows(group);
        let page = self.page(group, place)?;
        if page.encoding == Encoding::RLE_DICTIONARY || page.missing == rows {
            let codes = page.codes(rows)?;
            return Ok(TextColumn::new(self.dictionary_page(group, place)?, codes));
        }
        ensure!(page.encoding == Encoding::PLAIN, "a column of texts is written otherwise");
        let mut next = 0..;
        let mut code = |row| match page.missing == 0 || page.present.get(row) != 0 {
            true => next.next().unwrap_or(MISSING),
            false => MISSING,
        };
        let codes = Codes::Listed((0..rows).map(&mut code).collect());
        Ok(TextColumn::new(page.values, codes))
    }

    /// Which rows have a value, and the values as they lie.
    fn page(&mut self, group: usize, place: Place) -> Result<Page> {
        let rows = self.rows(group);
        let meta = self.meta(group, place)?;
        let (codec, at) = (meta.codec, meta.data_page_offset);
        let end = meta.dictionary_page_offset.unwrap_or(at) + meta.total_compressed_size;
        let bytes = self.bytes(at, end - at)?;
        let mut page = Bytes(&bytes);
        let header = header(&mut page.0)?;
        let about =
            header.data_page_header_v2.context("the charges were written by another version of this program")?;
        ensure!(usize::try_from(about.num_values)? == rows, "a column of the charges has more than one page");
        let levels = usize::try_from(about.definition_levels_byte_length)?;
        let missing = usize::try_from(about.num_nulls)?;
        let present = Packed::read(Bytes(page.take(levels)?), 1, rows)?;
        let packed = codec == CompressionCodec::ZSTD && about.is_compressed != Some(false);
        let plain =
            usize::try_from(header.uncompressed_page_size)?.checked_sub(levels).context("a page is too short")?;
        let values = unpacked(page.0, packed, plain)?;
        Ok(Page { encoding: about.encoding, missing, present, values })
    }

    pub fn codes(&mut self, group: usize, place: Place) -> Result<Codes> {
        let rows = self.rows(group);
        self.page(group, place)?.codes(rows)
    }

    /// Between which moments all those of a column lie, where the footer says it.
    pub fn moments(&self, group: usize, place: Place) -> Result<Option<(i64, i64)>> {
        let statistics = self.meta(group, place)?.statistics.as_ref();
        let moment = |bytes: &Option<Vec<u8>>| Some(i64::from_le_bytes(bytes.as_deref()?.try_into().ok()?));
        Ok(statistics.and_then(|bounds| moment(&bounds.min_value).zip(moment(&bounds.max_value))))
    }

    /// Amounts or moments of some rows, in their order.
    pub fn numbers<const W: usize>(&mut self, group: usize, place: Place, rows: &[u32]) -> Result<Vec<Option<i128>>> {
        let all = self.rows(group);
        let page = self.page(group, place)?;
        if page.encoding == Encoding::PLAIN {
            return page.plain::<W>(all, rows);
        }
        let codes = page.codes(all)?;
        let dictionary = self.dictionary_page(group, place)?;
        let known = dictionary.as_chunks::<W>().0;
        let number = |row: &u32| match codes.get(*row as usize) {
            MISSING => Ok(None),
            code => Ok(Some(number(known.get(code as usize).context("a code has no value")?))),
        };
        rows.iter().map(number).collect()
    }

    /// Row numbers of some rows.
    pub fn counts(&mut self, group: usize, place: Place, rows: &[u32]) -> Result<Vec<u64>> {
        let all = self.rows(group);
        let page = self.page(group, place)?;
        ensure!(page.encoding == Encoding::DELTA_BINARY_PACKED, "row numbers are written otherwise");
        let counts = deltas(&page.values, all)?;
        rows.iter().map(|&row| counts.get(row as usize).copied().context("a row has no number")).collect()
    }
}

struct Page {
    encoding: Encoding,
    missing: usize,
    present: Packed,
    values: Vec<u8>,
}

impl Page {
    fn codes(&self, rows: usize) -> Result<Codes> {
        if self.missing == rows {
            return Ok(Codes::Packed(Packed::All(MISSING)));
        }
        ensure!(self.encoding == Encoding::RLE_DICTIONARY, "a column of the charges has no dictionary");
        let mut values = Bytes(&self.values);
        let width = u32::from(values.byte()?);
        let packed = Packed::read(values, width, rows.saturating_sub(self.missing))?;
        if self.missing == 0 {
            return Ok(Codes::Packed(packed));
        }
        let mut next = 0..;
        let mut code = |row| match self.present.get(row) {
            0 => MISSING,
            _ => next.next().map_or(MISSING, |place| packed.get(place)),
        };
        Ok(Codes::Listed((0..rows).map(&mut code).collect()))
    }

    fn plain<const W: usize>(&self, all: usize, rows: &[u32]) -> Result<Vec<Option<i128>>> {
        let values = self.values.as_chunks::<W>().0;
        let mut places = Vec::new();
        if self.missing > 0 {
            let mut before = 0;
            places = (0..all).map(|row| (before, before += self.present.get(row)).0).collect();
        }
        let number = |&row: &u32| {
            if self.missing > 0 && self.present.get(row as usize) == 0 {
                return Ok(None);
            }
            let place = places.get(row as usize).copied().unwrap_or(row);
            Ok(Some(number(values.get(place as usize).context("a page ends too early")?)))
        };
        rows.iter().map(number).collect()
    }
}

fn header(page: &mut &[u8]) -> Result<PageHeader> {
    let most = page.len() * 16 + 1024;
    PageHeader::read_from_in_protocol(&mut TCompactInputProtocol::new(page, most)).context("a page cannot be read")
}

fn unpacked(page: &[u8], packed: bool, plain: usize) -> Result<Vec<u8>> {
    if packed && plain > 0 {
        return zstd::bulk::decompress(page, plain).context("a page cannot be unpacked");
    }
    Ok(page.to_vec())
}

/// See `Pages::numbers` for how moments and amounts lie.
fn number<const W: usize>(bytes: &[u8; W]) -> i128 {
    match (bytes.first_chunk::<8>(), bytes.first_chunk::<16>()) {
        (_, Some(amount)) => i128::from_be_bytes(*amount),
        (Some(moment), None) => i128::from(i64::from_le_bytes(*moment)),
        _ => 0,
    }
}
