//! A Parquet file as delimited text, so that one engine reads the rows of every source: the header, then a line a row.
//!
//! Row groups are read piece by piece, and a piece is written line by line, so memory does not grow with the file. What a
//! cell says stays as it is: a double becomes the shortest decimals that mean it, exact decimals keep their digits, maps
//! become JSON objects, moments ISO dates in UTC. A damaged file is an error of the reader, whatever the decoder does.

use polars::prelude::{
    AnyValue, Column, DataFrame, DataType, LazyFrame, PlRefPath, PolarsError, PolarsResult, ScanArgsParquet,
    ScanSources, Series, TimeUnit, len,
};
use std::borrow::Cow;
use std::fmt::Write;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};

/// Rows of the first piece, which is all that somebody sees who only looks at the file, and of the others.
const FIRST_PIECE: usize = 64;
const PIECE: usize = 1 << 15;
/// Rows that are written at a time.
const LINES: usize = 256;
/// Bytes of text allowed for each packed one, beyond the first megabytes.
const HIGHEST_RATIO: u64 = 2000;
const RATIO_FREE: u64 = 64 << 20;

pub struct ParquetText<G> {
    /// What is left of the piece that is being written.
    piece: Option<Piece>,
    rows: usize,
    next: usize,
    ready: Vec<u8>,
    given: usize,
    allowed: u64,
    frame: LazyFrame,
    rounded: Rounded,
    _kept: G,
}

/// Which columns of doubles are amounts, known to [`DECIMALS`] decimals: what stands behind them is the double's noise.
type Rounded = Box<dyn Fn(&str) -> bool + Send>;

/// To how many decimals the vendor knows amounts that it delivers as doubles (formats.md 4).
const DECIMALS: usize = 10;

impl ParquetText<()> {
    pub fn of_bytes(bytes: Vec<u8>) -> io::Result<Self> {
        let size = bytes.len() as u64;
        Self::new(ScanSources::Buffers(Arc::from([bytes.into()])), size, ())
    }
}

impl<G> ParquetText<G> {
    /// Of a file of some size that nobody else writes to, and that lies there as long as `kept` lives.
    pub fn of_file(path: &Path, size: u64, kept: G) -> io::Result<Self> {
        let path = guarded(|| PlRefPath::try_from_path(path))?;
        Self::new(ScanSources::Paths([path].into_iter().collect()), size, kept)
    }

    fn new(source: ScanSources, size: u64, kept: G) -> io::Result<Self> {
        let (frame, names, rows) = guarded(|| {
            let mut arguments = ScanArgsParquet { glob: false, cache: false, ..ScanArgsParquet::default() };
            arguments.hive_options.enabled = Some(false);
            let mut frame = LazyFrame::scan_parquet_sources(source, arguments)?;
            let names: Vec<String> = frame.collect_schema()?.iter_names().map(ToString::to_string).collect();
            let rows = frame.clone().select([len()]).collect()?;
            let rows: usize = rows.columns().first().map_or(Ok(0), |rows| rows.get(0)?.try_extract())?;
            Ok((frame, names, rows))
        })?;
        let mut ready = Vec::new();
        line(&mut ready, names.into_iter().map(Cow::Owned));
        let allowed = RATIO_FREE.saturating_add(HIGHEST_RATIO.saturating_mul(size));
        Ok(Self {
            piece: None,
            rows,
            next: 0,
            ready,
            given: 0,
            allowed,
            frame,
            rounded: Box::new(|_| false),
            _kept: kept,
        })
    }

    /// The same with amounts rounded that the file has as doubles.
    pub fn with_amounts(self, are_amounts: impl Fn(&str) -> bool + Send + 'static) -> Self {
        Self { rounded: Box::new(are_amounts), ..self }
    }

    /// Writes some lines; none at the end.
    fn advance(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.given = 0;
        if self.piece.is_none() && self.next < self.rows {
            let wanted = if self.next == 0 { FIRST_PIECE } else { PIECE }.min(self.rows - self.next);
            let lazy = self.frame.clone();
            let (offset, length) = (self.next as i64, u32::try_from(wanted).unwrap_or(u32::MAX));
            let frame = guarded(|| lazy.slice(offset, length).collect())?;
            if frame.height() != wanted || frame.columns().iter().any(|column| column.len() != wanted) {
                return Err(damaged("it has fewer rows than its footer says"));
            }
            let rounded = &self.rounded;
            self.piece = Some(guarded(|| Piece::new(&frame, rounded))?);
            self.next += wanted;
        }
        let Some(piece) = &mut self.piece else { return Ok(()) };
        let ready = &mut self.ready;
        let more = guarded(|| piece.write(ready))?;
        if !more {
            self.piece = None;
        }
        self.allowed = self
            .allowed
            .checked_sub(self.ready.len() as u64)
            .ok_or_else(|| damaged(&format!("it unpacks to more than {HIGHEST_RATIO} times its size")))?;
        Ok(())
    }
}

impl<G> Read for ParquetText<G> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.ready.len() {
            self.advance()?;
        }
        let count = into.len().min(self.ready.len() - self.given);
        into[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

/// Some rows, column by column, and how many of them are written.
struct Piece {
    /// And whether it is an amount to be rounded.
    columns: Vec<(Series, bool)>,
    rows: usize,
    written: usize,
}

impl Piece {
    fn new(frame: &DataFrame, rounded: &Rounded) -> PolarsResult<Self> {
        let column = |column: &Column| Ok((as_text(column)?, rounded(column.name())));
        let columns = frame.columns().iter().map(column).collect::<PolarsResult<Vec<_>>>()?;
        Ok(Self { columns, rows: frame.height(), written: 0 })
    }

    /// Writes some lines; whether there are more.
    fn write(&mut self, into: &mut Vec<u8>) -> PolarsResult<bool> {
        let end = self.rows.min(self.written + LINES);
        let mut cells: Vec<Vec<u8>> = Vec::with_capacity(self.columns.len());
        for row in self.written..end {
            cells.clear();
            for (column, is_amount) in &self.columns {
                cells.push(if *is_amount { amount(column, row)? } else { cell(column, row)? });
            }
            line_of_bytes(into, cells.iter().map(Vec::as_slice));
        }
        self.written = end;
        Ok(end < self.rows)
    }
}

/// Integers, decimals and truth values as texts: the digits that the file has.
fn as_text(column: &Column) -> PolarsResult<Series> {
    let series = column.as_materialized_series();
    let dtype = series.dtype();
    if dtype.is_integer() || dtype.is_bool() || matches!(dtype, DataType::Decimal(_, _)) {
        series.cast(&DataType::String)
    } else {
        Ok(series.clone())
    }
}

/// A double at its [`DECIMALS`] decimals; what is no double stays as it is.
fn amount(series: &Series, row: usize) -> PolarsResult<Vec<u8>> {
    match series.get(row)? {
        AnyValue::Float64(number) if number.is_finite() => {
            let text = format!("{number:.DECIMALS$}");
            let text = text.trim_end_matches('0').trim_end_matches('.');
            Ok(if text == "-0" { b"0".to_vec() } else { text.as_bytes().to_vec() })
        }
        _ => cell(series, row),
    }
}

fn cell(series: &Series, row: usize) -> PolarsResult<Vec<u8>> {
    let value = series.get(row)?;
    Ok(match value {
        AnyValue::Null => Vec::new(),
        AnyValue::String(text) => text.as_bytes().to_vec(),
        AnyValue::Binary(bytes) => bytes.to_vec(),
        AnyValue::List(_) | AnyValue::Struct(..) | AnyValue::StructOwned(_) => {
            let mut text = String::new();
            json(series, row, &mut text)?;
            text.into_bytes()
        }
        value => plain(&value).into_bytes(),
    })
}

/// A value that is neither text nor made of others.
fn plain(value: &AnyValue<'_>) -> String {
    let moment = |since: i64, unit: TimeUnit| match unit {
        TimeUnit::Nanoseconds => Some(chrono::DateTime::from_timestamp_nanos(since)),
        TimeUnit::Microseconds => chrono::DateTime::from_timestamp_micros(since),
        TimeUnit::Milliseconds => chrono::DateTime::from_timestamp_millis(since),
    };
    let iso = |since, unit| match moment(since, unit) {
        Some(moment) => moment.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string(),
        None => since.to_string(),
    };
    match value {
        // The shortest digits that mean the same double, never in powers of ten.
        AnyValue::Float32(number) => number.to_string(),
        AnyValue::Float64(number) => number.to_string(),
        AnyValue::Date(days) => {
            let day = chrono::DateTime::from_timestamp(i64::from(*days) * 24 * 60 * 60, 0);
            day.map_or_else(|| days.to_string(), |day| day.format("%Y-%m-%d").to_string())
        }
        AnyValue::Datetime(since, unit, _) => iso(*since, *unit),
        AnyValue::DatetimeOwned(since, unit, _) => iso(*since, *unit),
        other => other.str_value().into_owned(),
    }
}

/// Lists of keys and values, which is how Parquet has maps, and structs become objects; other lists arrays.
fn json(series: &Series, row: usize, into: &mut String) -> PolarsResult<()> {
    match series.get(row)? {
        AnyValue::Null => into.push_str("null"),
        AnyValue::List(inner) => list(&inner, into)?,
        AnyValue::Struct(..) | AnyValue::StructOwned(_) => {
            into.push('{');
            let mut first = true;
            for field in series.struct_()?.fields_as_series() {
                if field.get(row)? != AnyValue::Null {
                    separate(&mut first, into);
                    text(field.name(), into);
                    into.push(':');
                    json(&field, row, into)?;
                }
            }
            into.push('}');
        }
        AnyValue::Binary(bytes) => text(&String::from_utf8_lossy(bytes), into),
        number @ (AnyValue::Float32(_) | AnyValue::Float64(_)) => {
            let digits = plain(&number);
            if digits.ends_with(|end: char| end.is_ascii_digit()) {
                into.push_str(&digits)
            } else {
                text(&digits, into)
            }
        }
        value if value.is_integer() || matches!(value, AnyValue::Boolean(_)) => into.push_str(&value.str_value()),
        value => text(&plain(&value), into),
    }
    Ok(())
}

fn list(inner: &Series, into: &mut String) -> PolarsResult<()> {
    let fields = if let DataType::Struct(_) = inner.dtype() { inner.struct_()?.fields_as_series() } else { Vec::new() };
    let entries = match fields.as_slice() {
        [keys, values] if keys.name() == "key" && values.name() == "value" => Some((keys, values)),
        _ => None,
    };
    into.push(if entries.is_some() { '{' } else { '[' });
    let mut first = true;
    for row in 0..inner.len() {
        separate(&mut first, into);
        match entries {
            Some((keys, values)) => {
                text(&String::from_utf8_lossy(&cell(keys, row)?), into);
                into.push(':');
                json(values, row, into)?;
            }
            None => json(inner, row, into)?,
        }
    }
    into.push(if entries.is_some() { '}' } else { ']' });
    Ok(())
}

fn separate(first: &mut bool, into: &mut String) {
    if !std::mem::take(first) {
        into.push(',');
    }
}

fn text(text: &str, into: &mut String) {
    // Writing into a text does not fail.
    let _ = write!(into, "{}", serde_json::Value::from(text));
}

fn line<'a>(into: &mut Vec<u8>, cells: impl Iterator<Item = Cow<'a, str>>) {
    let cells: Vec<Cow<'a, str>> = cells.collect();
    line_of_bytes(into, cells.iter().map(|cell| cell.as_bytes()));
}

fn line_of_bytes<'a>(into: &mut Vec<u8>, cells: impl ExactSizeIterator<Item = &'a [u8]>) {
    let alone = cells.len() == 1;
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            into.push(b',');
        }
        // A line without a byte would be no row.
        let quoted = alone && cell.is_empty() || cell.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'));
        if !quoted {
            into.extend_from_slice(cell);
            continue;
        }
        into.push(b'"');
        for &byte in cell {
            if byte == b'"' {
                into.push(b'"');
            }
            into.push(byte);
        }
        into.push(b'"');
    }
    into.push(b'\n');
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// How many readers are inside the decoder.
static DECODING: AtomicUsize = AtomicUsize::new(0);

/// Runs the decoder. On damaged bytes it may panic instead of failing; that is an error like any other, and says nothing
/// on the terminal.
fn guarded<T>(work: impl FnOnce() -> PolarsResult<T>) -> io::Result<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let in_decoder = panic.location().is_some_and(|location| location.file().contains("polars"));
            if DECODING.load(Ordering::Relaxed) == 0 || !in_decoder {
                others(panic);
            }
        }));
    });
    DECODING.fetch_add(1, Ordering::Relaxed);
    let result = catch_unwind(AssertUnwindSafe(work));
    DECODING.fetch_sub(1, Ordering::Relaxed);
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(PolarsError::IO { error, .. })) if error.raw_os_error().is_some() => {
            Err(error.raw_os_error().map_or_else(|| damaged("it cannot be read"), io::Error::from_raw_os_error))
        }
        Ok(Err(error)) => {
            let why = error.to_string();
            Err(damaged(&format!("it is no sound Parquet file: {}", why.lines().next().unwrap_or_default())))
        }
        Err(panic) => {
            let why = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            let why = why.and_then(|why| why.lines().next()).unwrap_or("its bytes contradict each other");
            Err(damaged(&format!("it is no sound Parquet file: {why}")))
        }
    }
}

#[cfg(test)]
mod tests;
