//! The pages of a Parquet file, before anybody decodes them: whether they lie where the footer says, hold as many values,
//! unpack to a sane size, and have the checksums that many writers give them.
//!
//! A decoder trusts these numbers: a flipped bit in one of them makes it ask for gigabytes, and a flipped bit in a value
//! is another amount that nobody would notice. Pages without a checksum can only be measured.

use flate2::Crc;
use polars_parquet_format::thrift::protocol::TCompactInputProtocol;
use polars_parquet_format::{ColumnMetaData, Encoding, FileMetaData, PageHeader, PageType};
use std::io::{self, Read, Seek, SeekFrom};

/// `PAR1` and the length of the footer.
const TAIL: u64 = 8;
/// No header of a page is longer, with the smallest and greatest value of a text column in it.
const LONGEST_HEADER: u64 = 4 << 20;
const FIRST_HEADER: u64 = 1 << 12;
/// Unpacked bytes allowed for each packed one of a page, beyond the first megabytes.
const HIGHEST_RATIO: u64 = 2000;
const RATIO_FREE: u64 = 64 << 20;

/// Goes through all pages of a file of this size.
pub fn check(file: &mut (impl Read + Seek), size: u64) -> io::Result<()> {
    let footer = footer(file, size)?;
    for group in &footer.row_groups {
        for column in group.columns.iter().filter_map(|column| column.meta_data.as_ref()) {
            if column.num_values < group.num_rows {
                return Err(damaged("a column has fewer values than rows"));
            }
            chunk(file, column, size)?;
        }
    }
    Ok(())
}

fn footer(file: &mut (impl Read + Seek), size: u64) -> io::Result<FileMetaData> {
    let mut tail = [0; TAIL as usize];
    let start = size.checked_sub(TAIL).ok_or_else(|| damaged("it has no footer"))?;
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut tail)?;
    let length = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    let start = start.checked_sub(length).ok_or_else(|| damaged("its footer is longer than the file"))?;
    file.seek(SeekFrom::Start(start))?;
    // Lists of a footer are allocated as they say; what they say is bounded by what the bytes could hold.
    let most = usize::try_from(length.saturating_mul(64)).unwrap_or(usize::MAX).saturating_add(1 << 20);
    let mut protocol = TCompactInputProtocol::new(file.by_ref().take(length), most);
    FileMetaData::read_from_in_protocol(&mut protocol).map_err(|_| damaged("its footer cannot be read"))
}

/// The pages of one column of one row group, which lie one after the other.
fn chunk(file: &mut (impl Read + Seek), column: &ColumnMetaData, size: u64) -> io::Result<()> {
    let outside = || damaged("a column lies outside of the file");
    let dictionary = column.dictionary_page_offset.filter(|&offset| offset > 0);
    if dictionary.is_some_and(|offset| offset >= column.data_page_offset) {
        return Err(damaged("a dictionary lies behind the pages that need it"));
    }
    let first = dictionary.unwrap_or(column.data_page_offset);
    let mut at = u64::try_from(first).map_err(|_| outside())?;
    let length = u64::try_from(column.total_compressed_size).map_err(|_| outside())?;
    let end = at.checked_add(length).filter(|end| *end <= size - TAIL).ok_or_else(outside)?;
    let (mut values, mut has_dictionary) = (0i64, false);
    while at < end {
        let (header, length) = header(file, at, end)?;
        if dictionary == i64::try_from(at).ok() && header.type_ != PageType::DICTIONARY_PAGE {
            return Err(damaged("no dictionary lies where the footer says"));
        }
        has_dictionary |= header.type_ == PageType::DICTIONARY_PAGE;
        if needs_dictionary(&header) && !has_dictionary {
            return Err(damaged("a page needs a dictionary that is not there"));
        }
        at += length;
        let packed = sizes(&header)?;
        if packed > end - at {
            return Err(damaged("a page is longer than its column"));
        }
        values = values.checked_add(values_of(&header)?).ok_or_else(outside)?;
        if let Some(crc) = header.crc {
            sum_up(file, at, packed, crc)?;
        }
        at += packed;
    }
    if values != column.num_values {
        return Err(damaged("its pages hold another number of values than its footer says"));
    }
    Ok(())
}

/// The header at a place, and how long it is.
fn header(file: &mut (impl Read + Seek), at: u64, end: u64) -> io::Result<(PageHeader, u64)> {
    let mut wanted = FIRST_HEADER;
    loop {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(at))?;
        file.by_ref().take(wanted.min(end - at)).read_to_end(&mut bytes)?;
        let mut left = bytes.as_slice();
        let mut protocol = TCompactInputProtocol::new(&mut left, bytes.len().saturating_mul(64));
        match PageHeader::read_from_in_protocol(&mut protocol) {
            Ok(header) => return Ok((header, (bytes.len() - left.len()) as u64)),
            Err(_) if wanted < LONGEST_HEADER.min(end - at) => wanted *= 16,
            Err(_) => return Err(damaged("the header of a page cannot be read")),
        }
    }
}

/// Bytes of a page as it lies, where those and what they unpack to are sane.
fn sizes(header: &PageHeader) -> io::Result<u64> {
    let size = |size: i32| u64::try_from(size).map_err(|_| damaged("a page has a size below zero"));
    let (packed, unpacked) = (size(header.compressed_page_size)?, size(header.uncompressed_page_size)?);
    if unpacked > RATIO_FREE + HIGHEST_RATIO * packed {
        return Err(damaged("a page unpacks to absurd size"));
    }
    Ok(packed)
}

fn needs_dictionary(header: &PageHeader) -> bool {
    let first = header.data_page_header.as_ref().map(|page| page.encoding);
    let encoding = first.or(header.data_page_header_v2.as_ref().map(|page| page.encoding));
    matches!(encoding, Some(Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY))
}

fn values_of(header: &PageHeader) -> io::Result<i64> {
    let values = match header.type_ {
        PageType::DATA_PAGE => header.data_page_header.as_ref().map(|page| page.num_values),
        PageType::DATA_PAGE_V2 => header.data_page_header_v2.as_ref().map(|page| page.num_values),
        _ => Some(0),
    };
    values.filter(|&values| values >= 0).map(i64::from).ok_or_else(|| damaged("a page does not say what it holds"))
}

fn sum_up(file: &mut (impl Read + Seek), at: u64, length: u64, crc: i32) -> io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    let (mut sum, mut left, mut block) = (Crc::new(), length, vec![0; 1 << 16]);
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
        file.read_exact(&mut block[..wanted])?;
        sum.update(&block[..wanted]);
        left -= wanted as u64;
    }
    if sum.sum() != crc.cast_unsigned() {
        return Err(damaged(&format!("the page at byte {at} has another checksum than its header says")));
    }
    Ok(())
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("it is no sound Parquet file: {why}"))
}

#[cfg(test)]
mod tests;
