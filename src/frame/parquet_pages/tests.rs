use super::*;
use polars::prelude::DataFrame;
use polars::prelude::{IntoColumn, NamedFrom, ParquetCompression, ParquetWriter, Series};
use polars_parquet_format::thrift::protocol::{TCompactOutputProtocol, TOutputProtocol};
use std::io::Cursor;

fn plain() -> Vec<u8> {
    let texts: Vec<String> = (0..500).map(|row| format!("{}.{row:03}", row % 7)).collect();
    let column = Series::new("cost".into(), texts.as_slice()).into_column();
    let mut bytes = Vec::new();
    let writer = ParquetWriter::new(&mut bytes).with_compression(ParquetCompression::Snappy);
    writer.finish(&mut DataFrame::new_infer_height(vec![column]).unwrap()).unwrap();
    bytes
}

fn checked(bytes: &[u8]) -> io::Result<()> {
    check(&mut Cursor::new(bytes), bytes.len() as u64)
}

/// The same with what a change makes of the headers of its pages and of its footer.
fn rewritten(change: impl Fn(&mut PageHeader, &[u8]), at_end: impl Fn(&mut FileMetaData)) -> Vec<u8> {
    let bytes = plain();
    let mut footer = footer(&mut Cursor::new(&bytes), bytes.len() as u64).unwrap();
    let mut made = b"PAR1".to_vec();
    let column = footer.row_groups[0].columns[0].meta_data.as_mut().unwrap();
    let (mut at, end) = (4, 4 + column.total_compressed_size as u64);
    while at < end {
        let (mut header, length) = header(&mut Cursor::new(&bytes), at, end).unwrap();
        let payload = &bytes[(at + length) as usize..][..header.compressed_page_size as usize];
        at += length + payload.len() as u64;
        change(&mut header, payload);
        if header.type_ != PageType::DICTIONARY_PAGE {
            column.data_page_offset = made.len() as i64;
        }
        write(&mut made, |protocol| header.write_to_out_protocol(protocol).map(|_| ()));
        made.extend_from_slice(payload);
    }
    column.total_compressed_size = made.len() as i64 - 4;
    at_end(&mut footer);
    let start = made.len();
    write(&mut made, |protocol| footer.write_to_out_protocol(protocol).map(|_| ()));
    let length = u32::try_from(made.len() - start).unwrap();
    made.extend_from_slice(&length.to_le_bytes());
    made.extend_from_slice(b"PAR1");
    made
}

fn write(
    into: &mut Vec<u8>,
    what: impl Fn(&mut TCompactOutputProtocol<&mut Vec<u8>>) -> polars_parquet_format::thrift::Result<()>,
) {
    let mut protocol = TCompactOutputProtocol::new(into);
    what(&mut protocol).unwrap();
    protocol.flush().unwrap();
}

fn with_checksum(header: &mut PageHeader, payload: &[u8]) {
    let mut sum = Crc::new();
    sum.update(payload);
    header.crc = Some(sum.sum().cast_signed());
}

fn nothing<T>(_: &mut T) {}

#[test]
fn a_flipped_bit_of_a_page_with_a_checksum_is_seen() {
    let bytes = rewritten(with_checksum, nothing);
    checked(&bytes).unwrap();
    checked(&plain()).unwrap();
    let end = bytes.len() - 8 - u32::from_le_bytes(bytes[bytes.len() - 8..][..4].try_into().unwrap()) as usize;
    let mut refused = 0;
    for at in 4..end {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        refused += usize::from(checked(&flipped).is_err());
    }
    // What is left are bits of headers that nobody reads: statistics and encodings.
    assert!(refused * 100 > (end - 4) * 95, "{refused} of {}", end - 4);
}

#[test]
fn numbers_that_a_decoder_would_trust_are_looked_at_first() {
    let keep = |_: &mut PageHeader, _: &[u8]| {};
    let column = |change: fn(&mut ColumnMetaData)| {
        move |footer: &mut FileMetaData| change(footer.row_groups[0].columns[0].meta_data.as_mut().unwrap())
    };
    checked(&rewritten(keep, nothing)).unwrap();
    for (bytes, why) in [
        (rewritten(|header, _| header.uncompressed_page_size = i32::MAX, nothing), "absurd size"),
        (rewritten(|header, _| header.uncompressed_page_size = -1, nothing), "below zero"),
        (rewritten(|header, _| header.compressed_page_size += 1 << 20, nothing), "longer than its column"),
        (rewritten(|header, _| header.crc = Some(7), nothing), "another checksum"),
        (rewritten(keep, column(|column| column.num_values += 1)), "another number of values"),
        (rewritten(keep, column(|column| column.num_values = 0)), "fewer values than rows"),
        (rewritten(keep, column(|column| column.total_compressed_size = i64::MAX)), "outside of the file"),
        (rewritten(keep, column(|column| column.data_page_offset = -4)), "outside of the file"),
        (rewritten(keep, column(|column| column.dictionary_page_offset = Some(1 << 40))), "behind the pages"),
        (rewritten(keep, column(|column| column.dictionary_page_offset = Some(3))), "of a page cannot be read"),
        (b"PAR1".to_vec(), "no footer"),
        (b"PAR1\xff\xff\xff\x7fPAR1".to_vec(), "longer than the file"),
        (b"PAR1\x07\x07\x07\x03\0\0\0PAR1".to_vec(), "footer cannot be read"),
    ] {
        let told = checked(&bytes).unwrap_err().to_string();
        assert!(told.contains(why), "{told}: {why}");
    }
}
