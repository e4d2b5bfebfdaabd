//! Charges to Parquet, a row group a batch.
//!
//! The vendor's id of a row is not among the columns: of 64 characters that never repeat it was half of the file, and
//! the row that has it is found by its number in the file.
//!
//! Where bytes and processor go, of 2,000,000 AWS charges (bytes a charge, plain and on disk):
//! ```text
//! ChargeDescription    73.1   6.7    hardly repeats here: written as it is, nine tenths of it taken off by zstd
//! four amounts         42.5  23.1    a dictionary where less than three quarters are distinct, or else as they are
//! ResourceId            5.7   1.8    a dictionary of 5,500 and 13 bits
//! 39 other columns     10.5   2.3    a constant takes 250 bytes a row group, row numbers that follow each other as many
//! all                 132    33.9    polars took 71.6, of them 34 for the row ids
//! ```
//! Writing is an eighth of what normalize takes (0.34 s of processor a million charges): half of that is zstd, a quarter
//! are the amounts' dictionaries, a fifth the symbols. Level 3 of zstd takes a tenth off the amounts and half as long again.
//! Amounts cannot be smaller numbers: a column has one type, and of 38 digits it is sixteen bytes. A batch of 131,072
//! charges and its pages are some 60 MB, and each thread has one.

use super::pages::{Chunk, Pages};
use super::{ChargeBatch, ChargeSink};
use crate::model::charge::Dimension;
use crate::model::money::SCALE;
use crate::model::month::Month;
use crate::model::roll_up::Symbols;
use anyhow::{Context, Result};
use chrono::{Datelike, NaiveDate};
use polars_parquet_format::thrift::protocol::TCompactOutputProtocol;
use polars_parquet_format::{
    ColumnChunk, ColumnMetaData, ColumnOrder, ConvertedType, DateType, DecimalType, Encoding, FieldRepetitionType,
    FileMetaData, IntType, LogicalType, MilliSeconds, RowGroup, SchemaElement, StringType, TimeUnit, TimestampType,
    Type, TypeDefinedOrder,
};
use std::io::Write;

pub const PERIOD_START: &str = "BillingPeriodStart";
pub const PERIOD_END: &str = "BillingPeriodEnd";
pub const START: &str = "ChargePeriodStart";
pub const END: &str = "ChargePeriodEnd";
pub const BILLED: &str = "BilledCost";
pub const EFFECTIVE: &str = "EffectiveCost";
pub const LIST: &str = "ListCost";
pub const CONTRACTED: &str = "ContractedCost";
pub const QUANTITY: &str = "ConsumedQuantity";
pub const DESCRIPTION: &str = "ChargeDescription";
pub const FILE: &str = "x_SourceFile";
pub const ROW: &str = "x_SourceRow";
/// What a Parquet file begins and ends with.
pub const MAGIC: &[u8; 4] = b"PAR1";
/// Digits of a stored amount.
const PRECISION: i32 = 38;
/// Bytes of one.
pub const WIDTH: usize = 16;
/// Days from the first of January of year 1 to that of 1970.
const EPOCH: i32 = 719_163;

pub fn tag_column(tag: &str) -> String {
    format!("x_Tag_{tag}")
}

/// What the values of a column are.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Day,
    Moment,
    Amount,
    Count,
}

/// Writes the charges of one part.
pub struct ChargesWriter<W: Write + Send> {
    into: W,
    at: u64,
    columns: Vec<(String, Kind)>,
    /// Dimensions and tags, which come first.
    keys: usize,
    file: String,
    month: Month,
    pages: Pages,
    group: Vec<ColumnChunk>,
    groups: Vec<RowGroup>,
    charges: u64,
}

impl<W: Write + Send> ChargesWriter<W> {
    /// `tags` are the billing tags in the order of the settings, `file` the part as findings name it.
    pub fn new(into: W, tags: &[String], file: &str, month: Month) -> Result<Self> {
        let names = Dimension::ALL.iter().map(|dimension| dimension.focus().to_owned());
        let names = names.chain(tags.iter().map(|tag| tag_column(tag)));
        let mut columns: Vec<(String, Kind)> = names.map(|name| (name, Kind::Text)).collect();
        let keys = columns.len();
        let others = [
            (PERIOD_START, Kind::Day),
            (PERIOD_END, Kind::Day),
            (START, Kind::Moment),
            (END, Kind::Moment),
            (BILLED, Kind::Amount),
            (EFFECTIVE, Kind::Amount),
            (LIST, Kind::Amount),
            (CONTRACTED, Kind::Amount),
            (QUANTITY, Kind::Amount),
            (DESCRIPTION, Kind::Text),
            (FILE, Kind::Text),
            (ROW, Kind::Count),
        ];
        columns.extend(others.map(|(name, kind)| (name.to_owned(), kind)));
        let (group, groups, pages) = (Vec::new(), Vec::new(), Pages::new()?);
        let mut writer =
            Self { into, at: 0, columns, keys, file: file.to_owned(), month, pages, group, groups, charges: 0 };
        writer.put(MAGIC)?;
        Ok(writer)
    }

    /// Ends the file and says how many charges it holds. Without this it is not a Parquet file.
    pub fn finish(mut self) -> Result<u64> {
        let order = ColumnOrder::TYPEORDER(TypeDefinedOrder::new());
        let footer = FileMetaData {
            version: 2,
            schema: schema(&self.columns),
            num_rows: i64::try_from(self.charges)?,
            row_groups: std::mem::take(&mut self.groups),
            key_value_metadata: None,
            created_by: Some(env!("CARGO_PKG_NAME").to_owned()),
            column_orders: Some(vec![order; self.columns.len()]),
            encryption_algorithm: None,
            footer_signing_key_metadata: None,
        };
        let mut bytes = Vec::new();
        let mut protocol = TCompactOutputProtocol::new(&mut bytes);
        footer.write_to_out_protocol(&mut protocol).context("charges cannot be written")?;
        let length = u32::try_from(bytes.len())?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(MAGIC);
        self.put(&bytes)?;
        self.into.flush().context("charges cannot be written")?;
        Ok(self.charges)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.into.write_all(bytes).context("charges cannot be written")?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Writes the column whose pages were made last.
    fn keep(&mut self, chunk: Result<Chunk>) -> Result<()> {
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

    fn end_group(&mut self, rows: usize) -> Result<()> {
        let columns = std::mem::take(&mut self.group);
        let sum =
            |size: fn(&ColumnMetaData) -> i64| columns.iter().filter_map(|c| c.meta_data.as_ref()).map(size).sum();
        let (uncompressed, compressed): (i64, i64) =
            (sum(|meta| meta.total_uncompressed_size), sum(|meta| meta.total_compressed_size));
        let at = i64::try_from(self.at)? - compressed;
        let ordinal = i16::try_from(self.groups.len()).ok();
        let rows = i64::try_from(rows)?;
        self.groups.push(RowGroup::new(columns, uncompressed, rows, None, at, compressed, ordinal));
        Ok(())
    }
}

impl<W: Write + Send> ChargeSink for ChargesWriter<W> {
    fn take(&mut self, batch: &ChargeBatch, symbols: &Symbols) -> Result<()> {
        let rows = batch.len();
        for place in 0..self.keys {
            let chunk = self.pages.symbols(&batch.keys[place], symbols);
            self.keep(chunk)?;
        }
        for day in [self.month.first_day(), self.month.next().first_day()] {
            let chunk = self.pages.constant(&days(day).to_le_bytes(), rows);
            self.keep(chunk)?;
        }
        for moments in [&batch.starts, &batch.ends] {
            let chunk = self.pages.numbers::<8>(moments.iter().map(|&moment| i128::from(moment)));
            self.keep(chunk)?;
        }
        for amounts in [&batch.billed, &batch.effective, &batch.list, &batch.contracted, &batch.quantity] {
            let chunk = self.pages.numbers::<WIDTH>(amounts.iter().copied());
            self.keep(chunk)?;
        }
        let chunk = self.pages.texts(&batch.descriptions);
        self.keep(chunk)?;
        let chunk = self.pages.constant_text(self.file.as_bytes(), rows);
        self.keep(chunk)?;
        let chunk = self.pages.deltas(&batch.rows);
        self.keep(chunk)?;
        self.end_group(rows)?;
        self.charges += rows as u64;
        Ok(())
    }
}

fn days(day: NaiveDate) -> i32 {
    day.num_days_from_ce() - EPOCH
}

fn schema(columns: &[(String, Kind)]) -> Vec<SchemaElement> {
    let count = i32::try_from(columns.len()).ok();
    let root = SchemaElement::new(None, None, None, "charges".to_owned(), count, None, None, None, None, None);
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
