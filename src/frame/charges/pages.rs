//! One column of a row group as Parquet pages: a dictionary of its distinct values and a code a row, or the values as
//! they are where they do not repeat.
//!
//! Texts come as symbols, so their dictionary is made by one look into an array a row: no text is hashed or copied but
//! the distinct ones. A column of one value is a run of one code. A page is compressed where that takes a tenth off it.

use super::bits::{put_deltas, put_packed, put_run, width_of};
use super::distinct::{Numbers, Places, Words};
use super::{NONE, Texts};
use crate::model::roll_up::{Symbol, Symbols};
use anyhow::{Context, Result};
use polars_parquet_format::thrift::protocol::TCompactOutputProtocol;
use polars_parquet_format::{
    CompressionCodec, DataPageHeaderV2, DictionaryPageHeader, Encoding, PageHeader, PageType, Statistics,
};
use std::ops::Range;
use zstd::bulk::Compressor;

/// Shorter pages are not worth a frame.
const SHORTEST_COMPRESSED: usize = 256;

/// A column chunk, for the footer.
#[derive(Debug)]
pub struct Chunk {
    pub rows: usize,
    pub codec: CompressionCodec,
    pub encoding: Encoding,
    /// Bytes of the dictionary page; none where there is none.
    pub dictionary: usize,
    pub bytes: usize,
    pub uncompressed: usize,
    pub statistics: Statistics,
}

/// How the values of a page are said.
enum Said {
    Nothing,
    Codes,
    Plain,
    Deltas,
}

/// Makes the pages of one column after the other, in buffers that are kept.
pub struct Pages {
    /// The chunk that was made last.
    pub made: Vec<u8>,
    rows: usize,
    missing: usize,
    /// 1 for a row with a value; empty where all have one.
    present: Vec<u32>,
    codes: Vec<u32>,
    distinct: u32,
    dictionary: Vec<u8>,
    /// Where the least and the greatest value of the dictionary lie in it.
    bounds: Option<(Range<usize>, Range<usize>)>,
    values: Vec<u8>,
    levels: Vec<u8>,
    numbers: Numbers,
    places: Places,
    words: Words,
    zstd: Compressor<'static>,
    packed: [Vec<u8>; 2],
}

impl Pages {
    pub fn new() -> Result<Self> {
        Ok(Self {
            made: Vec::new(),
            rows: 0,
            missing: 0,
            present: Vec::new(),
            codes: Vec::new(),
            distinct: 0,
            dictionary: Vec::new(),
            bounds: None,
            values: Vec::new(),
            levels: Vec::new(),
            numbers: Numbers::default(),
            places: Places::default(),
            words: Words::default(),
            zstd: Compressor::new(1).context("pages cannot be compressed")?,
            packed: [Vec::new(), Vec::new()],
        })
    }

    fn begin(&mut self, rows: usize) {
        self.rows = rows;
        self.missing = 0;
        self.present.clear();
        self.codes.clear();
        self.distinct = 0;
        self.dictionary.clear();
        self.bounds = None;
        self.values.clear();
    }

    /// Texts that the part knows by number; an empty one is null.
    pub fn symbols(&mut self, column: &[Symbol], symbols: &Symbols) -> Result<Chunk> {
        self.begin(column.len());
        let first = column.first().copied().unwrap_or_default();
        if column.iter().all(|&symbol| symbol == first) {
            return self.constant_text(symbols.text(first).as_bytes(), column.len());
        }
        self.places.begin();
        let Self { codes, places, dictionary, bounds, .. } = self;
        let mut extremes = ("", "");
        let mut code = |symbol| {
            places.code(symbol, || {
                let text = symbols.text(symbol);
                put_text(text.as_bytes(), dictionary);
                let whole = dictionary.len() - text.len()..dictionary.len();
                let (least, most) = bounds.get_or_insert_with(|| {
                    extremes = (text, text);
                    (whole.clone(), whole.clone())
                });
                if text < extremes.0 {
                    (extremes.0, *least) = (text, whole);
                } else if text > extremes.1 {
                    (extremes.1, *most) = (text, whole);
                }
            })
        };
        if column.contains(&Symbol::EMPTY) {
            self.present.extend(column.iter().map(|&symbol| u32::from(symbol != Symbol::EMPTY)));
            codes.extend(column.iter().filter(|&&symbol| symbol != Symbol::EMPTY).map(|&symbol| code(symbol)));
            self.missing = column.len() - codes.len();
        } else {
            codes.extend(column.iter().map(|&symbol| code(symbol)));
        }
        self.distinct = places.count;
        self.end(Said::Codes, None)
    }

    /// One text in all rows; an empty one is null.
    pub fn constant_text(&mut self, text: &[u8], rows: usize) -> Result<Chunk> {
        self.begin(rows);
        if text.is_empty() {
            self.missing = rows;
            return self.end(Said::Nothing, None);
        }
        put_text(text, &mut self.dictionary);
        self.distinct = 1;
        let whole = 4..self.dictionary.len();
        self.bounds = Some((whole.clone(), whole));
        self.end(Said::Codes, None)
    }

    /// One number in all rows, as the bytes of its type.
    pub fn constant(&mut self, number: &[u8], rows: usize) -> Result<Chunk> {
        self.begin(rows);
        self.dictionary.extend_from_slice(number);
        self.distinct = 1;
        self.bounds = Some((0..number.len(), 0..number.len()));
        self.end(Said::Codes, None)
    }

    /// Numbers of `W` bytes; [`NONE`] is null. Those of four bytes are days, those of eight moments and counts, those
    /// of sixteen amounts, which Parquet wants with the greatest byte first.
    pub fn numbers<const W: usize>(&mut self, column: impl ExactSizeIterator<Item = i128> + Clone) -> Result<Chunk> {
        self.begin(column.len());
        let mut rest = column.clone();
        let first = rest.next().unwrap_or(NONE);
        if rest.all(|number| number == first) {
            if first == NONE {
                self.missing = column.len();
                return self.end(Said::Nothing, None);
            }
            let mut bytes = Vec::with_capacity(W);
            put_number::<W>(first, &mut bytes);
            return self.constant(&bytes, column.len());
        }
        if column.clone().any(|number| number == NONE) {
            self.present.extend(column.clone().map(|number| u32::from(number != NONE)));
            self.missing = column.clone().filter(|&number| number == NONE).count();
        }
        let there = column.filter(|&number| number != NONE);
        if self.numbers.index(there.clone(), self.rows, &mut self.codes) {
            self.numbers.distinct.iter().for_each(|&number| put_number::<W>(number, &mut self.dictionary));
            self.distinct = self.numbers.distinct.len() as u32;
            self.bounds = self.numbers.bounds().map(|(least, most)| {
                let place = |code: usize| code * W..(code + 1) * W;
                (place(least), place(most))
            });
            return self.end(Said::Codes, None);
        }
        self.codes.clear();
        self.values.reserve(self.rows * W);
        there.for_each(|number| put_number::<W>(number, &mut self.values));
        self.end(Said::Plain, None)
    }

    /// Numbers that grow by little.
    pub fn deltas(&mut self, column: &[u64]) -> Result<Chunk> {
        self.begin(column.len());
        put_deltas(column, &mut self.values);
        for bound in [column.iter().min(), column.iter().max()] {
            self.dictionary.extend_from_slice(&bound.copied().unwrap_or_default().to_le_bytes());
        }
        self.bounds = Some((0..8, 8..16));
        self.end(Said::Deltas, None)
    }

    /// Texts that come as they are; an empty one is null.
    pub fn texts(&mut self, texts: &Texts) -> Result<Chunk> {
        self.begin(texts.len());
        self.missing = texts.iter().filter(|text| text.is_empty()).count();
        if self.missing == self.rows {
            return self.end(Said::Nothing, None);
        }
        if self.missing > 0 {
            self.present.extend(texts.iter().map(|text| u32::from(!text.is_empty())));
        }
        if self.words.index(texts, &mut self.codes) {
            self.words.distinct.iter().for_each(|&place| put_text(texts.get(place as usize), &mut self.dictionary));
            self.distinct = self.words.distinct.len() as u32;
            return self.end(Said::Codes, None);
        }
        self.codes.clear();
        self.end(Said::Plain, Some(texts.plain()))
    }

    /// Lays down the pages of the column that was filled.
    fn end(&mut self, said: Said, elsewhere: Option<&[u8]>) -> Result<Chunk> {
        self.levels.clear();
        match self.missing {
            0 => put_run(1, 1, self.rows, &mut self.levels),
            missing if missing == self.rows => put_run(0, 1, self.rows, &mut self.levels),
            _ => put_packed(&self.present, 1, &mut self.levels),
        }
        let encoding = match said {
            Said::Codes => {
                let width = width_of(self.distinct.saturating_sub(1));
                self.values.push(width as u8);
                match self.distinct {
                    1 => put_run(0, width, self.rows - self.missing, &mut self.values),
                    _ => put_packed(&self.codes, width, &mut self.values),
                }
                Encoding::RLE_DICTIONARY
            }
            Said::Nothing | Said::Plain => Encoding::PLAIN,
            Said::Deltas => Encoding::DELTA_BINARY_PACKED,
        };
        let statistics = self.statistics();
        let has_dictionary = matches!(said, Said::Codes);
        let plain = [if has_dictionary { &self.dictionary[..] } else { &[] }, elsewhere.unwrap_or(&self.values)];
        let mut sizes = [0; 2];
        for ((page, packed), size) in plain.iter().zip(&mut self.packed).zip(&mut sizes) {
            *size = compress(&mut self.zstd, page, packed)?;
        }
        let all = plain[0].len() + plain[1].len();
        let pays = all >= SHORTEST_COMPRESSED && sizes[0] + sizes[1] < all / 10 * 9;
        let page = |place: usize| if pays { &self.packed[place][..sizes[place]] } else { plain[place] };
        self.made.clear();
        let (mut dictionary, mut headers) = (0, 0);
        if has_dictionary {
            headers = put_header(&dictionary_header(self.distinct, plain[0].len(), page(0).len())?, &mut self.made)?;
            self.made.extend_from_slice(page(0));
            dictionary = self.made.len();
        }
        let rows = i32::try_from(self.rows)?;
        let levels = self.levels.len();
        let header = DataPageHeaderV2 {
            num_values: rows,
            num_nulls: i32::try_from(self.missing)?,
            num_rows: rows,
            encoding,
            definition_levels_byte_length: i32::try_from(levels)?,
            repetition_levels_byte_length: 0,
            is_compressed: Some(pays),
            statistics: None,
        };
        let header =
            page_header(PageType::DATA_PAGE_V2, levels + plain[1].len(), levels + page(1).len(), None, Some(header))?;
        headers += put_header(&header, &mut self.made)?;
        self.made.extend_from_slice(&self.levels);
        self.made.extend_from_slice(page(1));
        Ok(Chunk {
            rows: self.rows,
            codec: if pays { CompressionCodec::ZSTD } else { CompressionCodec::UNCOMPRESSED },
            encoding,
            dictionary,
            bytes: self.made.len(),
            uncompressed: headers + levels + all,
            statistics,
        })
    }
}

impl Pages {
    fn statistics(&self) -> Statistics {
        let bound = |range: &Range<usize>| self.dictionary.get(range.clone()).map(<[u8]>::to_vec);
        let (least, most) = self.bounds.as_ref().map_or((None, None), |(least, most)| (bound(least), bound(most)));
        Statistics {
            max: None,
            min: None,
            null_count: i64::try_from(self.missing).ok(),
            distinct_count: None,
            is_max_value_exact: most.as_ref().map(|_| true),
            is_min_value_exact: least.as_ref().map(|_| true),
            max_value: most,
            min_value: least,
        }
    }
}

fn put_text(text: &[u8], into: &mut Vec<u8>) {
    into.extend_from_slice(&(text.len() as u32).to_le_bytes());
    into.extend_from_slice(text);
}

fn put_number<const W: usize>(number: i128, into: &mut Vec<u8>) {
    match W {
        4 => into.extend_from_slice(&(number as i32).to_le_bytes()),
        8 => into.extend_from_slice(&(number as i64).to_le_bytes()),
        _ => into.extend_from_slice(&number.to_be_bytes()),
    }
}

/// Compresses a page and says to how many bytes; 0 for none.
fn compress(zstd: &mut Compressor<'_>, page: &[u8], into: &mut Vec<u8>) -> Result<usize> {
    if page.is_empty() {
        return Ok(0);
    }
    let room = zstd::zstd_safe::compress_bound(page.len());
    if into.len() < room {
        into.resize(room, 0);
    }
    zstd.compress_to_buffer(page, &mut into[..]).context("a page cannot be compressed")
}

fn dictionary_header(distinct: u32, plain: usize, packed: usize) -> Result<PageHeader> {
    let header = DictionaryPageHeader::new(i32::try_from(distinct)?, Encoding::PLAIN, None);
    page_header(PageType::DICTIONARY_PAGE, plain, packed, Some(header), None)
}

fn page_header(
    kind: PageType,
    plain: usize,
    packed: usize,
    dictionary: Option<DictionaryPageHeader>,
    values: Option<DataPageHeaderV2>,
) -> Result<PageHeader> {
    let (plain, packed) = (i32::try_from(plain)?, i32::try_from(packed)?);
    Ok(PageHeader::new(kind, plain, packed, None, None, None, dictionary, values))
}

fn put_header(header: &PageHeader, into: &mut Vec<u8>) -> Result<usize> {
    header.write_to_out_protocol(&mut TCompactOutputProtocol::new(into)).context("a page cannot be written")
}
