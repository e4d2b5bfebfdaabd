//! A Parquet file of our own making: columns of a few kinds, a row group at a time, each column as [`super::pages`] laid it
//! down. Charges and roll-ups are written this way.

use super::pages::{Chunk, Pages};
use crate::model::money::SCALE;
use anyhow::{Context, Result};
use polars_parquet_format::thrift::protocol::TCompactOutputProtocol;
use polars_parquet_format::{
    ColumnChunk, ColumnMetaData, ColumnOrder, ConvertedType, DateType, DecimalType, Encoding, FieldRepetitionType,
    FileMetaData, IntType, LogicalType, MilliSeconds, RowGroup, SchemaElement, StringType, TimeUnit, TimestampType,
    Type, TypeDefinedOrder,
};
use std::io::Write;

/// What a Parquet file begins and ends with.
pub const MAGIC: &[u8; 4] = b"PAR1";
/// Digits of a stored amount.
const PRECISION: i32 = 38;
/// Bytes of one.
pub const WIDTH: usize = 16;
/// Days from the first of January of year 1 to that of 1970.
pub const EPOCH: i32 = 719_163;

/// What the values of a column are.
#[derive(Clone, Copy)]
pub enum Kind {
    Text,
    Day,
    Moment,
    Amount,
    Count,
}

/// Writes one file: for each row group every column in its turn, then the end of the group.
pub struct ParquetFile<W: Write> {
    into: W,
    at: u64,
    name: &'static str,
    columns: Vec<(String, Kind)>,
    pub pages: Pages,
    group: Vec<ColumnChunk>,
    groups: Vec<RowGroup>,
    rows: u64,
}

impl<W: Write> ParquetFile<W> {
    /// `name` is that of the table.
    pub fn new(into: W, name: &'static str, columns: Vec<(String, Kind)>) -> Result<Self> {
        let (group, groups, pages) = (Vec::new(), Vec::new(), Pages::new()?);
        let mut file = Self { into, at: 0, name, columns, pages, group, groups, rows: 0 };
        file.put(MAGIC)?;
        Ok(file)
    }

    /// Ends the file and says how many rows it holds. Without this it is not a Parquet file.
    pub fn finish(mut self) -> Result<u64> {
        let order = ColumnOrder::TYPEORDER(TypeDefinedOrder::new());
        let footer = FileMetaData {
            version: 2,
            schema: schema(self.name, &self.columns),
            num_rows: i64::try_from(self.rows)?,
            row_groups: std::mem::take(&mut self.groups),
            key_value_metadata: None,
            created_by: Some(env!("CARGO_PKG_NAME").to_owned()),
            column_orders: Some(vec![order; self.columns.len()]),
            encryption_algorithm: None,
            footer_signing_key_metadata: None,
        };
        let mut bytes = Vec::new();
        let mut protocol = TCompactOutputProtocol::new(&mut bytes);
        footer.write_to_out_protocol(&mut protocol).context("a Parquet file cannot be written")?;
        let length = u32::try_from(bytes.len())?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(MAGIC);
        self.put(&bytes)?;
        self.into.flush().context("a Parquet file cannot be written")?;
        Ok(self.rows)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.into.write_all(bytes).context("a Parquet file cannot be written")?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Writes the column whose pages were made last.
    pub fn keep(&mut self, chunk: Result<Chunk>) -> Result<()> {
        let chunk = chunk?;
        let at = i64::try_from(self.at)?;
        let (name, kind) = &self.columns[self.group.len()];
        let meta = ColumnMetaData {
            type_: kind.physical(),
            encodings: match chunk.encoding {
                Encoding::RLE_DICTIONARY => vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY],
                encoding => vec![Encoding::RLE, encoding],
            },
            path_in_schema: vec![name.clone()],
            codec: chunk.codec,
            num_values: i64::try_from(chunk.rows)?,
            total_uncompressed_size: i64::try_from(chunk.uncompressed)?,
            total_compressed_size: i64::try_from(chunk.bytes)?,
            key_value_metadata: None,
            data_page_offset: at + i64::try_from(chunk.dictionary)?,
            index_page_offset: None,
            dictionary_page_offset: Some(at).filter(|_| chunk.dictionary > 0),
            statistics: Some(chunk.statistics),
            encoding_stats: None,
            bloom_filter_offset: None,
            bloom_filter_length: None,
            size_statistics: None,
        };
        self.group.push(ColumnChunk::new(None, 0, meta, None, None, None, None, None, None));
        let made = std::mem::take(&mut self.pages.made);
        self.put(&made)?;
        self.pages.made = made;
        Ok(())
    }

    pub fn end_group(&mut self, rows: usize) -> Result<()> {
        let columns = std::mem::take(&mut self.group);
        let sum =
            |size: fn(&ColumnMetaData) -> i64| columns.iter().filter_map(|c| c.meta_data.as_ref()).map(size).sum();
        let (uncompressed, compressed): (i64, i64) =
            (sum(|meta| meta.total_uncompressed_size), sum(|meta| meta.total_compressed_size));
        let at = i64::try_from(self.at)? - compressed;
        let ordinal = i16::try_from(self.groups.len()).ok();
        self.rows += rows as u64;
        let rows = i64::try_from(rows)?;
        self.groups.push(RowGroup::new(columns, uncompressed, rows, None, at, compressed, ordinal));
        Ok(())
    }
}

fn schema(name: &str, columns: &[(String, Kind)]) -> Vec<SchemaElement> {
    let count = i32::try_from(columns.len()).ok();
    let root = SchemaElement::new(None, None, None, name.to_owned(), count, None, None, None, None, None);
    let leaf = |(name, kind): &(String, Kind)| kind.element(name);
    std::iter::once(root).chain(columns.iter().map(leaf)).collect()
}

impl Kind {
    fn physical(self) -> Type {
        match self {
            Self::Text => Type::BYTE_ARRAY,
            Self::Day => Type::INT32,
            Self::Moment | Self::Count => Type::INT64,
            Self::Amount => Type::FIXED_LEN_BYTE_ARRAY,
        }
    }

    fn element(self, name: &str) -> SchemaElement {
        let scale = SCALE as i32;
        // Moments are UTC and say so in no word: a reader must not move them to its own clock.
        let moment = || TimestampType::new(false, TimeUnit::MILLIS(MilliSeconds::new()));
        let (converted, logical) = match self {
            Self::Text => (Some(ConvertedType::UTF8), LogicalType::STRING(StringType::new())),
            Self::Day => (Some(ConvertedType::DATE), LogicalType::DATE(DateType::new())),
            Self::Moment => (None, LogicalType::TIMESTAMP(moment())),
            Self::Amount => (Some(ConvertedType::DECIMAL), LogicalType::DECIMAL(DecimalType::new(scale, PRECISION))),
            Self::Count => (Some(ConvertedType::UINT_64), LogicalType::INTEGER(IntType::new(64, false))),
        };
        let amount = matches!(self, Self::Amount);
        SchemaElement {
            type_: Some(self.physical()),
            type_length: Some(WIDTH as i32).filter(|_| amount),
            repetition_type: Some(FieldRepetitionType::OPTIONAL),
            name: name.to_owned(),
            num_children: None,
            converted_type: converted,
            scale: Some(scale).filter(|_| amount),
            precision: Some(PRECISION).filter(|_| amount),
            field_id: None,
            logical_type: Some(logical),
        }
    }
}
