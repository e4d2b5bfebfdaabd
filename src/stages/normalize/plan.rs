//! A source's table laid over one file's header: which column is where, and what cannot be told from this file.

use crate::model::charge::Dimension;
use crate::model::finding::{Code, Finding, Place};
use crate::model::intake::View;
use crate::sources::{
    Amount, ChargeMade, ChargeRule, Count, From, Names, Owed, SourceDefinition, TagMap, Tags, Text, UNKNOWN, Watched,
    fold, fold_tag,
};
use std::collections::BTreeMap;

/// A column of the file.
pub type Column = usize;

/// Where a dimension comes from in this file.
#[derive(Clone, Debug)]
pub enum Cell {
    Constant(&'static str),
    /// The first that has a value.
    Columns(Vec<Column>),
    LastPart(Column),
    FirstPart(Column),
    /// Those that have a value, together; the last where none of them has.
    Together(Vec<Column>, Option<Column>),
    /// The first that has a value, of a column or of an entry of the JSON object in it.
    Entries(Vec<(Column, Option<&'static str>)>),
    Rule,
}

#[derive(Clone, Debug)]
pub enum PlannedAmount {
    Zero,
    Cost,
    Discount,
    Column(Column),
    NetColumn(Column, Option<Column>),
    Sum(Column, Column),
    Difference(Column, Column),
    /// A price, or a product of one with the quantity and perhaps a rate; a price of zero is none.
    Price(Column),
    Times(Column, Column, Option<Column>),
    Unavailable,
}

#[derive(Clone, Debug)]
pub struct PlannedCharge {
    pub made: &'static ChargeMade,
    pub billed: PlannedAmount,
    pub effective: PlannedAmount,
    pub list: PlannedAmount,
    pub contracted: PlannedAmount,
    pub counts: Option<PlannedCount>,
    pub told: Option<(Column, &'static Watched)>,
}

/// Where a counted quantity stands in this file.
#[derive(Clone, Debug)]
pub enum PlannedCount {
    One,
    Sum(Vec<Column>),
    Difference(Column, Option<Column>),
}

#[derive(Clone, Debug)]
pub struct PlannedRule {
    /// None for the rule of rows that no rule describes.
    pub rule: Option<&'static ChargeRule>,
    pub charges: Vec<PlannedCharge>,
    pub owed: PlannedOwed,
}

#[derive(Clone, Copy, Debug)]
pub enum PlannedOwed {
    Nothing,
    Column(Column),
    CostAnd(Column),
}

/// Where tags stand in this file.
#[derive(Clone, Debug, Default)]
pub struct TagCells {
    /// For each tag column its folded key.
    pub columns: Vec<(String, Column)>,
    /// JSON objects, with how their keys are to be understood where that is not as they stand.
    pub objects: Vec<(Column, Option<&'static TagMap>)>,
}

pub struct Plan {
    pub source: &'static SourceDefinition,
    pub header: Vec<String>,
    pub cells: Vec<(Dimension, Cell)>,
    /// None where rows have no cost.
    pub vendor_cost: Option<Column>,
    pub net_cost: Option<Column>,
    pub quantity: Option<Column>,
    pub description: Option<Column>,
    pub row_id: Option<Column>,
    pub billing_period_start: Option<Column>,
    pub billing_period_end: Option<Column>,
    /// None where rows are of the month they are delivered for.
    pub charge_start: Option<Column>,
    pub charge_end: Option<Column>,
    pub tags: TagCells,
    pub selectors: Vec<Option<Column>>,
    /// Rules of this view; the last is for rows that no other describes.
    pub rules: Vec<PlannedRule>,
    pub watched: Vec<(Column, &'static Watched)>,
    /// Gross, discount and net, where the file has all three.
    pub adds_up: Option<[Column; 3]>,
    pub notes: Vec<Finding>,
}

struct Header<'a> {
    source: &'static SourceDefinition,
    names: &'a [String],
    places: BTreeMap<String, Vec<Column>>,
}

impl Header<'_> {
    fn find(&self, names: Names) -> Option<Column> {
        names
            .iter()
            .find_map(|name| self.places.get(&self.source.fold(name)).and_then(|columns| columns.first().copied()))
    }
}

impl Plan {
    /// Lays the source over a header. `net` says that this version carries net costs.
    pub fn new(
        source: &'static SourceDefinition,
        file: &str,
        header: &[String],
        view: View,
        net: bool,
    ) -> Result<Self, Vec<Finding>> {
        let mut places: BTreeMap<String, Vec<Column>> = BTreeMap::new();
        for (column, name) in header.iter().enumerate() {
            places.entry(source.fold(name)).or_default().push(column);
        }
        let header = Header { source, names: header, places };
        let mut refused = missing(source, file, &header);
        let (twice, mut notes) = doubled(source, file, &header);
        refused.extend(twice);
        refused.extend(two_styles(source, file, &header));
        if !refused.is_empty() {
            return Err(refused);
        }
        let of_view = |rule: &&ChargeRule| rule.views.is_empty() || rule.views.contains(&view);
        let charges =
            |made: &'static [ChargeMade]| made.iter().map(|made| planned_charge(made, &header, net)).collect();
        let mut rules: Vec<PlannedRule> = source
            .rules
            .iter()
            .filter(of_view)
            .map(|rule| PlannedRule {
                rule: Some(rule),
                charges: charges(rule.charges),
                owed: planned_owed(rule.owed, &header),
            })
            .collect();
        let mut unknown: Vec<PlannedCharge> = charges(std::slice::from_ref(&UNKNOWN));
        if source.selectors.first().is_some_and(|names| header.find(names).is_none()) {
            // Nothing says whether a commitment covers the row, so nobody can say what it really cost.
            unknown.iter_mut().for_each(|charge| charge.effective = PlannedAmount::Unavailable);
        }
        rules.push(PlannedRule { rule: None, charges: unknown, owed: PlannedOwed::Nothing });
        let watched =
            source.watched.iter().filter_map(|watched| Some((header.find(watched.column)?, watched))).collect();
        let tags = tag_cells(source, &header);
        notes.extend(unread(source, file, &header));
        notes.extend(cost_instead(source, file, &header));
        Ok(Self {
            source,
            header: header.names.to_vec(),
            cells: source.dimensions.iter().map(|&(dimension, text)| (dimension, cell(text, &header))).collect(),
            vendor_cost: header.find(source.vendor_cost),
            net_cost: source.net_cost.and_then(|names| header.find(names)).filter(|_| net),
            quantity: header.find(source.quantity),
            description: header.find(source.description),
            row_id: source.row_id.and_then(|names| header.find(names)),
            billing_period_start: header.find(source.dates.billing_period_start),
            billing_period_end: source.dates.billing_period_end.and_then(|names| header.find(names)),
            charge_start: header.find(source.dates.charge_start),
            charge_end: source.dates.charge_end.and_then(|names| header.find(names)),
            tags,
            selectors: source.selectors.iter().map(|names| header.find(names)).collect(),
            rules,
            watched,
            adds_up: source
                .adds_up
                .and_then(|[gross, less, net]| Some([header.find(gross)?, header.find(less)?, header.find(net)?])),
            notes,
        })
    }

    pub fn name(&self, column: Column) -> &str {
        self.header.get(column).map_or("", |name| name.trim_start_matches('\u{feff}'))
    }
}

fn cell(text: Text, header: &Header<'_>) -> Cell {
    match text {
        Text::Constant(constant) => Cell::Constant(constant),
        Text::Column(names) => Cell::Columns(header.find(names).into_iter().collect()),
        Text::FirstOf(choices) => Cell::Columns(choices.iter().filter_map(|names| header.find(names)).collect()),
        Text::Choice(choices) => {
            let entry = |choice: &From| match *choice {
                From::Column(names) => header.find(names).map(|column| (column, None)),
                From::Entry(names, key) => header.find(names).map(|column| (column, Some(key))),
                From::Constant(_) => None,
            };
            let entries: Vec<_> = choices.iter().filter_map(entry).collect();
            match (entries.is_empty(), choices.last()) {
                (true, Some(From::Constant(constant))) => Cell::Constant(constant),
                _ => Cell::Entries(entries),
            }
        }
        Text::FirstPart(names) => header.find(names).map_or(Cell::Columns(Vec::new()), Cell::FirstPart),
        Text::Together([one, other, otherwise]) => Cell::Together(
            [one, other].into_iter().filter_map(|names| header.find(names)).collect(),
            header.find(otherwise),
        ),
        Text::LastPart(names) => header.find(names).map_or(Cell::Columns(Vec::new()), Cell::LastPart),
        Text::Rule => Cell::Rule,
        Text::ColumnOrRule(names) => header.find(names).map_or(Cell::Rule, |column| Cell::Columns(vec![column])),
    }
}

fn planned_charge(made: &'static ChargeMade, header: &Header<'_>, net: bool) -> PlannedCharge {
    let amount = |amount: Amount| planned_amount(amount, header, net);
    PlannedCharge {
        made,
        billed: amount(made.billed),
        effective: amount(made.effective),
        list: amount(made.list),
        contracted: amount(made.contracted),
        counts: made.counts.map(|counts| planned_count(counts.count, header)),
        told: made.told.and_then(|told| Some((header.find(told.column)?, told))),
    }
}

fn planned_count(count: Count, header: &Header<'_>) -> PlannedCount {
    match count {
        Count::One => PlannedCount::One,
        Count::Column(names) => PlannedCount::Sum(header.find(names).into_iter().collect()),
        Count::Sum(columns) => PlannedCount::Sum(columns.iter().filter_map(|names| header.find(names)).collect()),
        Count::Difference(from, less) => match header.find(from) {
            Some(from) => PlannedCount::Difference(from, header.find(less)),
            None => PlannedCount::Sum(Vec::new()),
        },
    }
}

fn planned_owed(owed: Owed, header: &Header<'_>) -> PlannedOwed {
    let planned = match owed {
        Owed::Nothing => None,
        Owed::Column(names) => header.find(names).map(PlannedOwed::Column),
        Owed::CostAnd(names) => header.find(names).map(PlannedOwed::CostAnd),
    };
    planned.unwrap_or(PlannedOwed::Nothing)
}

fn planned_amount(amount: Amount, header: &Header<'_>, net: bool) -> PlannedAmount {
    found_amount(amount, header, net).unwrap_or(PlannedAmount::Unavailable)
}

/// None where the file lacks a column of it.
fn found_amount(amount: Amount, header: &Header<'_>, net: bool) -> Option<PlannedAmount> {
    let column = |names: Names| header.find(names);
    let two = |first: Names, second: Names| column(first).zip(column(second));
    match amount {
        Amount::Zero => Some(PlannedAmount::Zero),
        Amount::Cost => Some(PlannedAmount::Cost),
        Amount::Discount => Some(PlannedAmount::Discount),
        Amount::Unavailable => Some(PlannedAmount::Unavailable),
        Amount::Column(names) => column(names).map(PlannedAmount::Column),
        Amount::ColumnOrCost(names) => Some(column(names).map_or(PlannedAmount::Cost, PlannedAmount::Column)),
        Amount::NetColumn(gross, after) => {
            column(gross).map(|gross| PlannedAmount::NetColumn(gross, column(after).filter(|_| net)))
        }
        Amount::Sum(first, second) => two(first, second).map(|(a, b)| PlannedAmount::Sum(a, b)),
        Amount::NetSum(gross, after) => two(after[0], after[1])
            .filter(|_| net)
            .or_else(|| two(gross[0], gross[1]))
            .map(|(a, b)| PlannedAmount::Sum(a, b)),
        Amount::Difference(from, less) => two(from, less).map(|(a, b)| PlannedAmount::Difference(a, b)),
        Amount::Price(names) => column(names).map(PlannedAmount::Price),
        Amount::Times(price, quantity, unless) => two(price, quantity)
            .filter(|_| column(unless).is_none())
            .map(|(price, quantity)| PlannedAmount::Times(price, quantity, None)),
        Amount::TimesAtRate(price, quantity, rate) => {
            two(price, quantity).zip(column(rate)).map(|((a, b), rate)| PlannedAmount::Times(a, b, Some(rate)))
        }
        Amount::First(amounts) => amounts.iter().find_map(|&amount| found_amount(amount, header, net)),
    }
}

fn tag_cells(source: &SourceDefinition, header: &Header<'_>) -> TagCells {
    let found = |name: &String| header.places.get(&source.fold(name)).and_then(|columns| columns.first()).copied();
    let key = |(column, name): (Column, &String)| Some((source.tags.key_of_column(name)?, column));
    let mut columns: Vec<(String, Column)> = header.names.iter().enumerate().filter_map(key).collect();
    let objects = match source.tags {
        Tags::Json { column } => header.find(column).map(|column| (column, None)).into_iter().collect(),
        Tags::Maps(maps) => maps.iter().filter_map(|map| Some((header.find(map.column)?, Some(map)))).collect(),
        Tags::Columns { .. } => Vec::new(),
        Tags::Declared(mapping) => {
            let object = mapping.json_tags.as_ref().and_then(found);
            if object.is_none() {
                columns = mapping.tags.iter().filter_map(|(key, name)| Some((fold_tag(key), found(name)?))).collect();
            }
            object.map(|column| (column, None)).into_iter().collect()
        }
    };
    TagCells { columns, objects }
}

/// Columns without which nothing can be billed.
fn missing(source: &SourceDefinition, file: &str, header: &Header<'_>) -> Vec<Finding> {
    let wanted = [("the cost", source.vendor_cost), ("the usage date", source.dates.charge_start)];
    wanted
        .into_iter()
        .chain(source.required.iter().copied())
        .filter(|(_, names)| !names.is_empty() && header.find(names).is_none())
        .map(|(what, names)| {
            let near = nearest(names[0], header.names);
            let why =
                format!("Without {what} the rows of this file cannot be billed. The nearest column there is {near:?}.");
            let fix = format!("Export the file again with the column {}, exactly so named.", names.join(" or "));
            Finding::new(Code::HeaderColumnMissing, Place::file(file).row(1).column(names[0]), why, fix)
        })
        .collect()
}

/// Two columns that fold to one name: refused where somebody reads it, noted where nobody does. Tag columns are not
/// doubled: `user:Agency` and `user:agency` are two tags, and their values are compared row by row.
fn doubled(source: &SourceDefinition, file: &str, header: &Header<'_>) -> (Vec<Finding>, Vec<Finding>) {
    let read: Vec<String> = source.columns().into_iter().map(|name| source.fold(name)).collect();
    let (mut refused, mut notes) = (Vec::new(), Vec::new());
    for (name, columns) in header.places.iter().filter(|(name, columns)| columns.len() > 1 && !name.is_empty()) {
        let is_tag = columns.iter().all(|&column| source.tags.key_of_column(&header.names[column]).is_some());
        let shown: Vec<&str> = columns.iter().map(|&column| header.names[column].as_str()).collect();
        let place = Place::file(file).row(1).column(shown.join(" / "));
        if read.contains(name) {
            let why = "Both have the same name, and only one of them can hold the right value.";
            refused.push(Finding::new(
                Code::HeaderColumnTwice,
                place,
                why,
                "Export the file again; do not edit the header.",
            ));
        } else if !is_tag {
            let why = "Nobody reads this column, so the amounts are certain.";
            notes.push(Finding::new(Code::HeaderUnusedTwice, place, why, "Nothing needs to be done."));
        }
    }
    (refused, notes)
}

/// `lineItem/UnblendedCost` beside `line_item_unblended_cost`: two versions of one export in one header.
fn two_styles(source: &SourceDefinition, file: &str, header: &Header<'_>) -> Option<Finding> {
    if source.mapping().is_some() {
        return None;
    }
    let styled: Vec<String> = source.columns().into_iter().filter(|name| name.contains('/')).map(fold).collect();
    let other = |name: &&String| {
        let folded = fold(name);
        !folded.contains('/')
            && styled.iter().any(|read| header.places.contains_key(read) && read.replace('/', "") == folded)
    };
    let name = header.names.iter().find(other)?;
    let place = Place::file(file).row(1).column(name.as_str());
    let why =
        "The column stands there in the spelling of another version of the export too, and only one can be right.";
    let fix = "Export the file again; do not join exports of two versions.";
    Some(Finding::new(Code::HeaderColumnTwice, place, why, fix))
}

/// Columns that no known version of the export has: named once a file, because vendors add columns that carry money.
fn unread(source: &SourceDefinition, file: &str, header: &Header<'_>) -> Option<Finding> {
    let read: Vec<String> = source.columns().into_iter().chain(source.known.iter().copied()).map(fold).collect();
    let known = |name: &str| read.contains(&fold(name)) || source.tags.key_of_column(name).is_some();
    let unknown: Vec<&str> = header
        .names
        .iter()
        .filter(|name| !known(name) && !source.known_prefixes.iter().any(|prefix| fold(name).starts_with(prefix)))
        .map(String::as_str)
        .collect();
    if unknown.is_empty() {
        return None;
    }
    let place = Place::file(file).row(1).column(unknown.join(", "));
    let why = "These columns are not in any version of the export that is known here. They are kept in the evidence and not billed on.";
    Some(Finding::new(
        Code::HeaderColumnUnknown,
        place,
        why,
        "Look whether they carry money; if they do, tell the maintainers.",
    ))
}

/// A cost that has no column, so that the vendor's cost stands in for it.
fn cost_instead(source: &SourceDefinition, file: &str, header: &Header<'_>) -> Option<Finding> {
    let charges = source.rules.iter().flat_map(|rule| rule.charges);
    let names = charges.into_iter().find_map(|made| match made.effective {
        Amount::ColumnOrCost(names) if header.find(names).is_none() => Some(names),
        _ => None,
    })?;
    let place = Place::file(file).row(1).column(names[0]);
    let why = "The file has no such column, so the effective cost of each charge is taken to be its billed cost.";
    let fix = "Nothing needs to be done unless the vendor sells commitments; then export this column too.";
    Some(Finding::new(Code::EffectiveUnavailable, place, why, fix))
}

/// The name of the header that shares most with the wanted one.
fn nearest<'a>(wanted: &str, header: &'a [String]) -> &'a str {
    let pairs = |text: &str| -> Vec<(char, char)> { text.chars().zip(text.chars().skip(1)).collect() };
    let target = pairs(&fold(wanted));
    let shared = |name: &str| pairs(&fold(name)).iter().filter(|pair| target.contains(pair)).count();
    header.iter().rev().max_by_key(|name| shared(name)).map_or("", String::as_str)
}
