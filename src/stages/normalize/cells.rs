//! The texts of a row: dimensions, account numbers, currency, dates and tags, each remembered by its cell.

use super::dictionary::{Memo, is_null, without_null};
use super::moment::{self, DateRefusal};
use super::plan::{Cell, Column, Plan};
use super::refusals::{AccountFault, Fault};
use super::{refusals, tags};
use crate::frame::delimited::Cells;
use crate::model::charge::Dimension;
use crate::model::roll_up::{Symbol, Symbols};
use crate::model::secrets::{masked, without_secrets};
use crate::model::settings::BillingTag;
use crate::sources::{AccountShape, DateFormat, TagMap, fold_tag};
use chrono::NaiveDate;
use std::rc::Rc;

/// The longest text of a dimension that is kept.
const LONGEST_TEXT: usize = 2000;

/// A text as symbol, and whether something secret was masked in it.
#[derive(Clone, Copy, Default)]
pub struct Known {
    symbol: Symbol,
    masked: bool,
}

/// How a dimension's text is made uniform.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Keep,
    /// A vendor that writes one name in several cases.
    Lower,
    LastPart,
    FirstPart,
}

fn known(text: &str, change: Change, symbols: &mut Symbols) -> Known {
    let text = without_null(text);
    // Whole and in its own case: a key that is cut or lower case would not be seen.
    let shown = masked(text);
    let masked = shown.is_some();
    let text = shown.as_deref().unwrap_or(text);
    let text = match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => &text[..end],
        None => text,
    };
    let symbol = match change {
        Change::Keep => symbols.intern(text),
        Change::Lower => symbols.intern(&text.to_lowercase()),
        Change::LastPart => symbols.intern(text.rsplit('/').next().unwrap_or(text)),
        Change::FirstPart => symbols.intern(text.split(',').next().unwrap_or(text).trim_end()),
    };
    Known { symbol, masked }
}

/// One dimension that comes from columns: the first that has a value.
struct TextCell {
    place: usize,
    columns: Vec<(Column, Option<&'static str>, Memo<Known>)>,
    change: Change,
    /// How many columns make the text together, before the first that has one does.
    together: usize,
    /// What it is where no column has a value.
    otherwise: Symbol,
}

/// How the keys of any object are compared: a customer's tag `user_Name` is `name`.
const ENTRY: TagMap = TagMap { column: &[], flattened: "", kept: "" };

/// The dimensions of a row that columns hold.
pub struct Texts {
    cells: Vec<TextCell>,
}

impl Texts {
    /// Fills what is constant into the key, and keeps what must be read. A vendor that a file does not name is called as
    /// its folder in the inbox, so that an invoice can be listed for it and no bill has a vendor without a name.
    pub fn new(plan: &Plan, file: &str, key: &mut [Symbol], symbols: &mut Symbols) -> Self {
        let folder = file.split('/').nth(2).unwrap_or_default();
        let folded = plan.source.account == AccountShape::Folded;
        let mut cells = Vec::new();
        for (dimension, cell) in &plan.cells {
            let place = *dimension as usize;
            let change = match dimension {
                Dimension::ResourceId | Dimension::ResourceGroup | Dimension::RegionId if folded => Change::Lower,
                _ => Change::Keep,
            };
            // These have readers of their own.
            let special =
                matches!(dimension, Dimension::SubAccountId | Dimension::BillingAccountId | Dimension::BillingCurrency);
            let whole = |columns: &[Column]| columns.iter().map(|&column| (column, None)).collect::<Vec<_>>();
            let (columns, change) = match cell {
                Cell::Constant(text) => {
                    key[place] = symbols.intern(text);
                    continue;
                }
                Cell::Rule => continue,
                Cell::Columns(columns) => (whole(columns), change),
                Cell::Entries(entries) => (entries.clone(), change),
                Cell::LastPart(column) => (whole(&[*column]), Change::LastPart),
                Cell::FirstPart(column) => (whole(&[*column]), Change::FirstPart),
                Cell::Together(columns, otherwise) => {
                    (columns.iter().chain(otherwise).map(|&column| (column, None)).collect(), change)
                }
            };
            let together = if let Cell::Together(columns, _) = cell { columns.len() } else { 0 };
            if !special {
                let columns = columns.into_iter().map(|(column, key)| (column, key, Memo::default())).collect();
                let otherwise = if *dimension == Dimension::Provider { folder } else { "" };
                cells.push(TextCell { place, columns, change, together, otherwise: symbols.intern(otherwise) });
            }
        }
        Self { cells }
    }

    /// Fetches what [`read`](Self::read) will look up in columns of many texts.
    pub fn look_ahead<'a>(&self, rows: impl Iterator<Item = Cells<'a>> + Clone) {
        let wide = self.cells.iter().flat_map(|text| &text.columns).filter(|(_, _, memo)| memo.is_wide());
        for (column, _, memo) in wide {
            std::hint::black_box(rows.clone().map(|cells| memo.look(cells.raw(*column))).sum::<usize>());
        }
    }

    pub fn read(
        &mut self,
        cells: Cells<'_>,
        key: &mut [Symbol],
        symbols: &mut Symbols,
        mut secret: impl FnMut(Column, &str),
    ) {
        for text in &mut self.cells {
            let change = text.change;
            let mut symbol = Symbol::EMPTY;
            for (place, (column, key, memo)) in text.columns.iter_mut().enumerate() {
                let found = memo.get(cells.raw(*column), |text| match key {
                    None => known(text, change, symbols),
                    Some(key) => known(&tags::entry(text, key, |key| ENTRY.key(key)), change, symbols),
                });
                if found.masked {
                    secret(*column, symbols.text(found.symbol));
                }
                if symbol != Symbol::EMPTY && found.symbol != Symbol::EMPTY {
                    let both = format!("{}, {}", symbols.text(symbol), symbols.text(found.symbol));
                    symbol = symbols.intern(&both);
                } else if found.symbol != Symbol::EMPTY {
                    symbol = found.symbol;
                }
                if symbol != Symbol::EMPTY && place + 1 >= text.together {
                    break;
                }
            }
            key[text.place] = if symbol == Symbol::EMPTY { text.otherwise } else { symbol };
        }
    }
}

/// An account number of the source's shape.
pub struct Account {
    place: usize,
    column: Option<Column>,
    last_part: bool,
    shape: AccountShape,
    /// Rows without account are refused.
    needed: bool,
    known: Memo<Result<Symbol, AccountFault>>,
}

impl Account {
    pub fn new(plan: &Plan, dimension: Dimension) -> Self {
        let needed = match plan.source.account {
            AccountShape::TwelveDigits => true,
            AccountShape::Folded => dimension == Dimension::BillingAccountId,
            AccountShape::AsWritten => false,
        };
        Self {
            place: dimension as usize,
            column: column_of(plan, dimension),
            last_part: plan.cells.iter().any(|(of, cell)| *of == dimension && matches!(cell, Cell::LastPart(_))),
            shape: plan.source.account,
            needed,
            known: Memo::default(),
        }
    }

    pub fn read(&mut self, cells: Cells<'_>, key: &mut [Symbol], symbols: &mut Symbols) -> Result<(), Fault> {
        let Some(column) = self.column else { return Ok(()) };
        let cell = cells.raw(column);
        let (shape, needed, last_part) = (self.shape, self.needed, self.last_part);
        let part = |text: &'_ str| text.rfind('/').filter(|_| last_part).map_or(0, |slash| slash + 1);
        match self.known.get(cell, |text| account(&text[part(text)..], shape, needed, symbols)) {
            Ok(symbol) => {
                key[self.place] = symbol;
                Ok(())
            }
            Err(fault) => Err(refusals::account(column, cell, fault)),
        }
    }
}

fn account(text: &str, shape: AccountShape, needed: bool, symbols: &mut Symbols) -> Result<Symbol, AccountFault> {
    let text = without_null(text);
    if is_scientific(text) {
        return Err(AccountFault::Spreadsheet);
    }
    if text.is_empty() {
        return if needed { Err(AccountFault::Missing) } else { Ok(Symbol::EMPTY) };
    }
    match shape {
        AccountShape::Folded => Ok(symbols.intern(&without_secrets(text).to_lowercase())),
        AccountShape::AsWritten => Ok(symbols.intern(&without_secrets(text))),
        AccountShape::TwelveDigits if !text.bytes().all(|byte| byte.is_ascii_digit()) => Err(AccountFault::NotDigits),
        AccountShape::TwelveDigits if text.len() != 12 => Err(AccountFault::Length(text.len())),
        AccountShape::TwelveDigits => Ok(symbols.intern(text)),
    }
}

/// `1.23457E+11`: digits, a point or a sign of the exponent, which no number of an account has.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let marked = mantissa.contains('.') || exponent.starts_with('+');
    marked && mantissa.split('.').all(digits) && digits(exponent.trim_start_matches(['+', '-']))
}

pub fn column_of(plan: &Plan, dimension: Dimension) -> Option<Column> {
    plan.cells.iter().find(|(found, _)| *found == dimension).and_then(|(_, cell)| match cell {
        Cell::Columns(columns) => columns.first().copied(),
        Cell::Entries(entries) => entries.iter().find(|(_, key)| key.is_none()).map(|(column, _)| *column),
        Cell::LastPart(column) | Cell::FirstPart(column) => Some(*column),
        Cell::Together(columns, _) => columns.first().copied(),
        Cell::Constant(_) | Cell::Rule => None,
    })
}

fn constant_of(plan: &Plan, dimension: Dimension) -> Option<&'static str> {
    plan.cells.iter().find(|(found, _)| *found == dimension).and_then(|(_, cell)| match cell {
        Cell::Constant(text) => Some(*text),
        _ => None,
    })
}

/// The currency of a row: that of the books or one with a rate, or a fault.
pub struct Currency {
    pub column: Option<Column>,
    known: Memo<Option<Symbol>>,
    books: Symbol,
    convertible: Vec<Symbol>,
    /// Of a file whose cells do not say.
    of_file: Option<Symbol>,
}

impl Currency {
    pub fn new(
        plan: &Plan,
        (books, convertible): (&str, &[&str]),
        of_file: Option<&str>,
        symbols: &mut Symbols,
    ) -> Self {
        Self {
            column: column_of(plan, Dimension::BillingCurrency),
            known: Memo::default(),
            books: symbols.intern(books),
            convertible: convertible.iter().map(|text| symbols.intern(text)).collect(),
            of_file: said_by_mapping(plan).or(of_file).or(assumed_currency(plan)).map(|text| symbols.intern(text)),
        }
    }

    /// The currency that the row names, whether the books keep it or not.
    pub fn named(&mut self, cells: Cells<'_>, symbols: &mut Symbols) -> Option<Symbol> {
        let Some(column) = self.column else { return self.of_file };
        let of_file = self.of_file;
        self.known.get(cells.raw(column), |text| {
            let text = without_null(text);
            if text.is_empty() {
                return of_file;
            }
            let letters = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
            letters.then(|| symbols.intern(&text.to_uppercase()))
        })
    }

    pub fn read(&mut self, cells: Cells<'_>, symbols: &mut Symbols) -> Result<Symbol, Fault> {
        let (column, cell) = (self.column, self.column.map_or(&b""[..], |column| cells.raw(column)));
        match self.named(cells, symbols) {
            Some(symbol) if symbol == self.books || self.convertible.contains(&symbol) => Ok(symbol),
            Some(_) => Err(refusals::other_currency(column, cell, symbols.text(self.books))),
            None => Err(refusals::currency(column, cell)),
        }
    }
}

/// The currency that the source means where a file has no column for it.
pub fn assumed_currency(plan: &Plan) -> Option<&'static str> {
    constant_of(plan, Dimension::BillingCurrency).filter(|_| plan.source.mapping().is_none())
}

fn said_by_mapping(plan: &Plan) -> Option<&'static str> {
    constant_of(plan, Dimension::BillingCurrency).filter(|_| plan.source.mapping().is_some())
}

/// A moment and its day.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub milliseconds: i64,
    pub day: NaiveDate,
}

/// A column of dates.
pub struct Moments {
    pub column: Column,
    formats: Vec<DateFormat>,
    known: Memo<Result<Moment, DateRefusal>>,
}

impl Moments {
    pub fn new(column: Column, formats: &[DateFormat]) -> Self {
        Self { column, formats: formats.to_vec(), known: Memo::default() }
    }

    pub fn read(&mut self, cells: Cells<'_>) -> Result<Moment, DateRefusal> {
        let formats = &self.formats;
        self.known.get(cells.raw(self.column), |text| {
            let moment = moment::parse(text, formats)?;
            Ok(Moment { milliseconds: moment.and_utc().timestamp_millis(), day: moment.date() })
        })
    }
}

/// What a JSON text of tags says, as symbols.
#[derive(Default)]
pub struct JsonTags {
    values: Vec<Symbol>,
    masked: bool,
    disagree: Option<usize>,
    unreadable: Option<&'static str>,
}

/// A column of JSON objects, how their keys are meant, and what was read of them.
type TagObject = (Column, Option<&'static TagMap>, Memo<Rc<JsonTags>>);

/// The billing tags of a row.
pub struct TagReader {
    /// For each billing tag its columns, the preferred spelling first.
    columns: Vec<Vec<(Column, Memo<Known>)>>,
    objects: Vec<TagObject>,
}

/// Something to tell about a row's tags; the charge counts all the same.
pub enum TagTrouble {
    Unreadable(Column, &'static str),
    Disagree(usize, Column),
    Secret(Column, Symbol),
}

impl TagReader {
    pub fn new(plan: &Plan, wanted: &[BillingTag]) -> Self {
        let found = &plan.tags.columns;
        let of_tag = |tag: &BillingTag| {
            let spelled = |spelling: &String| {
                let spelling = fold_tag(spelling);
                found.iter().filter(move |(key, _)| *key == spelling).map(|&(_, column)| column)
            };
            tag.spellings.iter().flat_map(spelled).map(|column| (column, Memo::default())).collect()
        };
        Self {
            columns: wanted.iter().map(of_tag).collect(),
            objects: plan.tags.objects.iter().map(|&(column, map)| (column, map, Memo::default())).collect(),
        }
    }

    /// Fills the tags' places of the key.
    pub fn read(
        &mut self,
        cells: Cells<'_>,
        wanted: &[BillingTag],
        values: &mut [Symbol],
        symbols: &mut Symbols,
        mut trouble: impl FnMut(TagTrouble, &Symbols),
    ) {
        values.fill(Symbol::EMPTY);
        for (place, columns) in self.columns.iter_mut().enumerate() {
            for (column, memo) in columns {
                let found = memo.get(cells.raw(*column), |text| tag_value(text, symbols));
                if found.masked {
                    trouble(TagTrouble::Secret(*column, found.symbol), symbols);
                }
                if !agree(&mut values[place], found.symbol, symbols) {
                    trouble(TagTrouble::Disagree(place, *column), symbols);
                }
            }
        }
        for (column, map, memo) in &mut self.objects {
            let tags = memo.get(cells.raw(*column), |text| Rc::new(json_tags(text, *map, wanted, symbols)));
            if let Some(why) = tags.unreadable {
                trouble(TagTrouble::Unreadable(*column, why), symbols);
            }
            for (place, &value) in tags.values.iter().enumerate() {
                if !agree(&mut values[place], value, symbols) || tags.disagree == Some(place) {
                    trouble(TagTrouble::Disagree(place, *column), symbols);
                }
            }
            if tags.masked {
                let shown = tags.values.iter().copied().find(|&value| symbols.text(value).contains("****"));
                trouble(TagTrouble::Secret(*column, shown.unwrap_or_default()), symbols);
            }
        }
    }
}

/// Takes a value where there is none yet; whether it says the same otherwise.
fn agree(value: &mut Symbol, other: Symbol, symbols: &Symbols) -> bool {
    if *value == Symbol::EMPTY {
        *value = other;
    }
    other == Symbol::EMPTY || same(*value, other, symbols)
}

fn same(a: Symbol, b: Symbol, symbols: &Symbols) -> bool {
    a == b || symbols.text(a).to_lowercase() == symbols.text(b).to_lowercase()
}

fn tag_value(text: &str, symbols: &mut Symbols) -> Known {
    if is_null(text) {
        return Known::default();
    }
    known(tags::cut(text.trim()), Change::Keep, symbols)
}

fn json_tags(text: &str, map: Option<&TagMap>, wanted: &[BillingTag], symbols: &mut Symbols) -> JsonTags {
    let folded = |key: &str| map.map_or_else(|| fold_tag(key), |map| map.key(key));
    match tags::from_json(text, wanted, folded) {
        Err(why) => JsonTags { unreadable: Some(why), ..JsonTags::default() },
        Ok(found) => {
            let values: Vec<Known> = found.values.iter().map(|value| tag_value(value, symbols)).collect();
            JsonTags {
                masked: values.iter().any(|value| value.masked),
                values: values.into_iter().map(|value| value.symbol).collect(),
                disagree: found.disagree,
                unreadable: None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_numbers() {
        use AccountFault::{Length, Missing, NotDigits, Spreadsheet};
        use AccountShape::{Folded, TwelveDigits};
        for (text, shape, expected) in [
            ("012345678901", TwelveDigits, Ok("012345678901")),
            ("12345678901", TwelveDigits, Err(Length(11))),
            ("1234567890123", TwelveDigits, Err(Length(13))),
            ("1.23457E+11", TwelveDigits, Err(Spreadsheet)),
            ("1E+11", TwelveDigits, Err(Spreadsheet)),
            ("12345678901x", TwelveDigits, Err(NotDigits)),
            ("", TwelveDigits, Err(Missing)),
            ("1A111111-AAAA-4AAA-8AAA-111111111111", Folded, Ok("1a111111-aaaa-4aaa-8aaa-111111111111")),
            ("8.1235E+7", Folded, Err(Spreadsheet)),
        ] {
            let mut symbols = Symbols::default();
            let found = account(text, shape, true, &mut symbols).map(|symbol| symbols.text(symbol).to_owned());
            assert_eq!(found, expected.map(str::to_owned), "{text:?}");
        }
    }
}
