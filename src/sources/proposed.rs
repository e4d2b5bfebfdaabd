//! A mapping proposed for a file that nobody has described: by what its columns are called and what their cells look like.
//!
//! A proposal is for a person to read. What the file does not say is not guessed: it is named as missing.

use super::mapped::{fold_declared, moment};
use crate::model::charge::Dimension;
use crate::model::decimal;
use crate::model::mapping::{MappedDates, MappedQuantity, Mapping, Numbers};
use std::collections::BTreeSet;

pub struct Proposed {
    pub mapping: Mapping,
    /// Key of the mapping and column of the file.
    pub columns: Vec<(String, String)>,
    /// Columns that the mapping does not read.
    pub unread: Vec<String>,
    /// What a person must decide or look at.
    pub missing: Vec<String>,
}

/// What a cell of a column must look like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Any,
    Number,
    Date,
    Currency,
    /// No two are equal.
    Key,
    /// A JSON object.
    Object,
}

/// Keys of a mapping and what people call such a column, letters and digits only. Of equal fits the first wins.
const CALLED: &[(&str, Shape, &[&str])] = &[
    (
        "billed_cost",
        Shape::Number,
        &[
            "billedcost",
            "netamount",
            "totalcharge",
            "totalcharges",
            "totalcost",
            "costusd",
            "cost",
            "amount",
            "charge",
            "charges",
            "monthlycost",
            "extendedcost",
            "total",
            "betrag",
            "kosten",
            "montant",
        ],
    ),
    ("list_cost", Shape::Number, &["listcost", "grossamount", "listprice"]),
    (
        "charge_date",
        Shape::Date,
        &[
            "chargeperiodstart",
            "usagedate",
            "chargedate",
            "date",
            "startdate",
            "starttime",
            "period",
            "billingperiod",
            "month",
            "invoicedate",
            "billdate",
            "timestamp",
            "time",
            "day",
            "datum",
            "monat",
        ],
    ),
    ("charge_end", Shape::Date, &["chargeperiodend", "enddate", "endtime"]),
    (
        "consumed_quantity",
        Shape::Number,
        &[
            "consumedquantity",
            "quantity",
            "qty",
            "usagequantity",
            "usage",
            "units",
            "mips",
            "msu",
            "hours",
            "minutes",
            "tokens",
            "totaltokens",
            "seats",
            "gb",
            "count",
            "menge",
        ],
    ),
    ("consumed_unit", Shape::Any, &["consumedunit", "unit", "unitofmeasure", "uom", "unittype", "einheit"]),
    ("billing_currency", Shape::Currency, &["billingcurrency", "currency", "currencycode", "waehrung", "devise"]),
    ("tags", Shape::Object, &["tags", "labels", "metadata"]),
    (
        "row_key",
        Shape::Key,
        &["rowid", "lineid", "lineitemid", "itemid", "requestid", "request", "recordid", "transactionid", "item", "id"],
    ),
    ("invoice_id", Shape::Any, &["invoiceid", "invoicenumber", "invoice", "billnumber", "rechnung", "rechnungsnummer"]),
    (
        "sub_account_id",
        Shape::Any,
        &[
            "subaccountid",
            "accountid",
            "accountnumber",
            "account",
            "foundationaccount",
            "customer",
            "customerid",
            "kunde",
            "tenant",
            "project",
            "projectid",
            "lpar",
            "workspace",
        ],
    ),
    ("sub_account_name", Shape::Any, &["subaccountname", "accountname", "customername", "projectname"]),
    (
        "resource_id",
        Shape::Any,
        &[
            "resourceid",
            "resource",
            "wirelessnumber",
            "phonenumber",
            "telephonenumber",
            "linenumber",
            "device",
            "deviceid",
            "serialnumber",
            "hostname",
            "host",
            "instance",
            "asset",
            "job",
        ],
    ),
    ("user_id", Shape::Any, &["userid", "username", "user", "email", "login", "userprincipalname"]),
    ("charge_type", Shape::Any, &["chargetype", "linetype", "type", "kind", "category", "art"]),
    ("service_name", Shape::Any, &["servicename", "service", "productname", "product", "leistung"]),
    (
        "sku_meter",
        Shape::Any,
        &["skumeter", "meter", "sku", "model", "rateplan", "plan", "class", "tier", "klasse", "feature"],
    ),
    ("region_id", Shape::Any, &["regionid", "region", "location", "site"]),
    ("description", Shape::Any, &["chargedescription", "description", "details", "memo", "note", "text"]),
    (
        "tag:agency",
        Shape::Any,
        &["agency", "department", "dept", "owner", "organization", "behoerde", "costcenter", "costcentre"],
    ),
];

const DATES: &[&str] = &[
    "%Y-%m", "%Y%m%d", "%Y%m", "%d.%m.%Y", "%m.%Y", "%m/%Y", "%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%d-%b-%Y",
    "%Y/%m/%d", "%m-%d-%Y", "%m/%d/%y",
];

/// Columns that a name alone does not make fit: at least this much of it must be the same.
const LEAST_FIT: u32 = 50;

pub fn propose(source: &str, folder: &str, header: &[String], rows: &[Vec<String>]) -> Proposed {
    let mut missing = Vec::new();
    let table = Cells { header, rows };
    let mut chosen = choose(&table);
    let number_columns: Vec<usize> =
        chosen.iter().filter(|(key, _)| shape_of(key) == Shape::Number).map(|(_, at)| *at).collect();
    let numbers = table.numbers(&number_columns, &mut missing);
    let mut mapping = Mapping {
        source: source.to_owned(),
        title: format!("{source} (proposed)"),
        folder: folder.to_owned(),
        numbers,
        ..Mapping::default()
    };
    chosen.sort_by_key(|(_, column)| *column);
    for (key, column) in &chosen {
        assign(&mut mapping, key, header[*column].clone());
    }
    if let Some((_, column)) = chosen.iter().find(|(key, _)| *key == "charge_date") {
        mapping.dates = table.dates(*column, &mut missing).unwrap_or_default();
    }
    constants(&mut mapping, &table, &chosen, &mut missing);
    mapping.header = mapping.columns().into_iter().map(str::to_owned).collect();
    let used: BTreeSet<usize> = chosen.iter().map(|(_, column)| *column).collect();
    let unread: Vec<String> =
        header.iter().enumerate().filter(|(column, _)| !used.contains(column)).map(|(_, name)| name.clone()).collect();
    let columns = chosen.iter().map(|(key, column)| ((*key).to_owned(), header[*column].clone())).collect();
    Proposed { mapping, columns, unread, missing }
}

/// What no column says.
fn constants(mapping: &mut Mapping, table: &Cells<'_>, chosen: &[(&'static str, usize)], missing: &mut Vec<String>) {
    let has = |key: &str| chosen.iter().any(|(found, _)| *found == key);
    mapping.constants.push((Dimension::Provider, mapping.source.clone()));
    missing.push(
        "Who provides the service: provider_name has the name of the file until you write a better one.".to_owned(),
    );
    if !has("billing_currency") {
        match table.currency(chosen, &mapping.numbers) {
            Some(code) => mapping.constants.push((Dimension::BillingCurrency, code)),
            None => missing.push(
                "The currency: add billing_currency to [constants], or currency to the folder in chargeback.toml."
                    .to_owned(),
            ),
        }
    }
    if !has("charge_date") {
        missing.push("No column holds a date, so all rows are of the month of their folder.".to_owned());
    }
    if !has("billed_cost") {
        missing.push(
            "No column holds a cost, so the rows cost nothing and a rate card must price their quantity.".to_owned(),
        );
        if !has("consumed_quantity") {
            mapping.quantity = MappedQuantity::EachRow;
            missing.push("No column holds a quantity, so every row counts one.".to_owned());
        }
    }
    if mapping.quantity != MappedQuantity::None && !has("consumed_unit") {
        missing.push("What is counted: add consumed_unit to [constants] for cards that price a unit.".to_owned());
    }
    if !has("sub_account_id") && !has("tag:agency") && !has("tags") && !has("user_id") {
        missing.push(
            "Nothing in a row says whose it is: map an account or a tag, or own the source by a rule.".to_owned(),
        );
    }
    if !has("row_key") {
        missing.push(
            "No column numbers the rows, so a row that was delivered twice is only told when all cells are equal."
                .to_owned(),
        );
    }
    if has("charge_type") {
        missing.push(
            "All rows are Usage: name taxes and credits in [charge_types] by the texts of the charge type.".to_owned(),
        );
    }
}

fn shape_of(key: &str) -> Shape {
    CALLED.iter().find(|(called, _, _)| *called == key).map_or(Shape::Any, |(_, shape, _)| *shape)
}

fn assign(mapping: &mut Mapping, key: &str, column: String) {
    match key {
        "billed_cost" => mapping.billed_cost = Some(column),
        "list_cost" => mapping.list_cost = Some(column),
        "charge_date" => mapping.charge_date = Some(column),
        "charge_end" => mapping.charge_end = Some(column),
        "consumed_quantity" => mapping.quantity = MappedQuantity::Column(column),
        "row_key" => mapping.row_key = Some(column),
        "description" => mapping.description = Some(column),
        "tags" => mapping.json_tags = Some(column),
        _ => match (key.strip_prefix("tag:"), Dimension::named(key)) {
            (Some(tag), _) => mapping.tags.push((tag.to_owned(), column)),
            (None, Some(dimension)) => mapping.dimensions.push((dimension, column)),
            (None, None) => {}
        },
    }
}

/// Keys and columns, each at most once: the best fits first.
fn choose(table: &Cells<'_>) -> Vec<(&'static str, usize)> {
    let mut fits: Vec<(u32, usize, usize)> = Vec::new();
    for (place, (_, shape, called)) in CALLED.iter().enumerate() {
        for (column, name) in table.header.iter().enumerate() {
            let fit = fit(name, called);
            if fit >= LEAST_FIT && table.has_shape(column, *shape) {
                fits.push((fit, place, column));
            }
        }
    }
    fits.sort_by_key(|&(fit, place, column)| (std::cmp::Reverse(fit), place, column));
    let mut chosen: Vec<(&'static str, usize)> = Vec::new();
    for (_, place, column) in fits {
        let key = CALLED[place].0;
        let names = |other: &str| matches!((key, other), ("tags", "tag:agency") | ("tag:agency", "tags"));
        if chosen.iter().all(|(other, taken)| *other != key && *taken != column && !names(other)) {
            chosen.push((key, column));
        }
    }
    chosen
}

/// How well a name fits, up to 1000: equal to what people call it, ending or beginning with it, or sharing most pairs.
fn fit(name: &str, called: &[&str]) -> u32 {
    let without_unit = name.split('(').next().unwrap_or(name);
    let letters: String = without_unit.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let letters = letters.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue");
    let score = |(place, wanted): (usize, &&str)| {
        let earlier = 20 - u32::try_from(place.min(20)).unwrap_or(20);
        if letters == **wanted {
            900 + earlier
        } else if wanted.len() >= 4 && (letters.ends_with(wanted) || letters.starts_with(wanted)) {
            500 + earlier
        } else {
            let shared = shared_pairs(&letters, wanted);
            if shared >= 70 { 100 + shared } else { 0 }
        }
    };
    called.iter().enumerate().map(score).max().unwrap_or(0)
}

/// Of a hundred pairs of letters, how many two words share.
fn shared_pairs(a: &str, b: &str) -> u32 {
    let pairs = |text: &str| -> Vec<(char, char)> { text.chars().zip(text.chars().skip(1)).collect() };
    let (a, mut b) = (pairs(a), pairs(b));
    let all = a.len() + b.len();
    let mut shared = 0;
    for pair in a {
        if let Some(at) = b.iter().position(|other| *other == pair) {
            b.swap_remove(at);
            shared += 2;
        }
    }
    u32::try_from(shared * 100 / all.max(1)).unwrap_or(0)
}

struct Cells<'a> {
    header: &'a [String],
    rows: &'a [Vec<String>],
}

impl Cells<'_> {
    /// Cells of a column that hold something.
    fn filled(&self, column: usize) -> impl Iterator<Item = &str> {
        self.rows.iter().filter_map(move |row| row.get(column)).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    }

    fn has_shape(&self, column: usize, shape: Shape) -> bool {
        if shape == Shape::Any {
            return true;
        }
        let all = |fits: &dyn Fn(&str) -> bool| self.filled(column).next().is_some() && self.filled(column).all(fits);
        match shape {
            Shape::Any => true,
            Shape::Number => all(&|cell| {
                let digits = cell.chars().filter(char::is_ascii_digit).count();
                let other = cell.chars().filter(|c| c.is_alphabetic()).count();
                digits > 0 && other <= 3 && !cell.contains([':', '/']) && cell.matches('-').count() <= 2
            }),
            Shape::Date => self.dates(column, &mut Vec::new()).is_some(),
            Shape::Currency => all(&|cell| cell.len() == 3 && cell.bytes().all(|byte| byte.is_ascii_alphabetic())),
            Shape::Key => {
                let distinct: BTreeSet<&str> = self.filled(column).collect();
                !distinct.is_empty() && distinct.len() == self.rows.len()
            }
            Shape::Object => all(&|cell| cell.starts_with('{')),
        }
    }

    /// The spelling in which all cells of some columns are numbers.
    fn numbers(&self, columns: &[usize], missing: &mut Vec<String>) -> Numbers {
        let cells = || columns.iter().flat_map(|&column| self.filled(column));
        let symbols: BTreeSet<String> = cells()
            .map(|cell| cell.chars().filter(|c| !c.is_ascii_digit() && !" .,'-+()\u{a0}".contains(*c)).collect())
            .filter(|symbol: &String| !symbol.is_empty() && !symbol.eq_ignore_ascii_case("e"))
            .collect();
        let symbol = symbols.first().cloned().unwrap_or_default();
        let reads = |numbers: &Numbers| {
            cells().all(|cell| numbers.plain(cell).is_some_and(|plain| decimal::parse_long(plain.as_bytes()).is_ok()))
        };
        for example in ["1234.56", "1,234.56", "1.234,56", "1 234,56", "1'234.56", "1234,56"] {
            for spelled in [example.to_owned(), format!("{symbol}{example}")] {
                let Some(numbers) = Numbers::of_example(&spelled) else { continue };
                if reads(&numbers) {
                    let thousands = |cell: &str| cell.split('.').nth(1).is_some_and(|after| after.len() == 3);
                    if example == "1234.56" && cells().next().is_some() && cells().all(thousands) {
                        missing.push(
                            "All numbers have three digits after the point: if they are thousands, set format in [amounts]."
                                .to_owned(),
                        );
                    }
                    return numbers;
                }
            }
        }
        missing.push("Not all numbers are of one spelling: set format in [amounts].".to_owned());
        Numbers::default()
    }

    fn dates(&self, column: usize, missing: &mut Vec<String>) -> Option<MappedDates> {
        let all = |fits: &dyn Fn(&str) -> bool| self.filled(column).next().is_some() && self.filled(column).all(fits);
        let day = |cell: &str, pattern: &str| {
            let text = cell.get(..cell.find(['T', ' ']).unwrap_or(cell.len())).unwrap_or(cell);
            moment(text, pattern).is_some_and(|moment| {
                let year = moment.format("%Y").to_string();
                year.starts_with("20")
            })
        };
        if all(&|cell| cell.len() >= 10 && day(cell, "%Y-%m-%d")) {
            return Some(MappedDates::Iso);
        }
        let slashed = |cell: &str| {
            cell.split(' ').next().is_some_and(|day| day.rsplit('/').next().is_some_and(|year| year.len() == 4))
        };
        let (month_first, day_first) =
            (all(&|cell| slashed(cell) && day(cell, "%m/%d/%Y")), all(&|cell| slashed(cell) && day(cell, "%d/%m/%Y")));
        if month_first {
            if day_first {
                missing.push("Whether 03/04 is March or April: the month is taken to come first.".to_owned());
            }
            return Some(MappedDates::MonthFirst);
        }
        if day_first {
            return Some(MappedDates::DayFirst);
        }
        let whole = |cell: &str, pattern: &str| {
            moment(cell, pattern).is_some_and(|moment| moment.format("%Y").to_string().starts_with("20"))
        };
        let pattern = DATES.iter().find(|pattern| all(&|cell| whole(cell, pattern)))?;
        Some(MappedDates::Pattern((*pattern).to_owned()))
    }

    /// What the cost's header or sign says.
    fn currency(&self, chosen: &[(&'static str, usize)], numbers: &Numbers) -> Option<String> {
        let (_, column) = chosen.iter().find(|(key, _)| *key == "billed_cost")?;
        let name = fold_declared(&self.header[*column]).to_uppercase();
        let words = name.split(|c: char| !c.is_ascii_alphanumeric());
        let known = ["USD", "EUR", "GBP", "CAD", "AUD", "CHF"];
        words.into_iter().chain([numbers.symbol.as_str()]).find_map(|word| {
            let code = match word {
                "€" => "EUR",
                "£" => "GBP",
                other => other,
            };
            known.into_iter().find(|known| *known == code).map(str::to_owned)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposed(text: &str, delimiter: char) -> Proposed {
        let mut rows = text.lines().map(|line| line.split(delimiter).map(str::to_owned).collect::<Vec<_>>());
        let header = rows.next().unwrap();
        propose("file", "", &header, &rows.collect::<Vec<_>>())
    }

    #[test]
    fn columns_by_name_and_shape() {
        for (text, delimiter, expected) in [
            (
                "Monat;LPAR;Klasse;Behörde;MIPS\n09.2025;PROD1;batch;DOH;1.234,5\n09.2025;TEST1;batch;DOT;1.100,0",
                ';',
                "charge_date=Monat sub_account_id=LPAR sku_meter=Klasse tag:agency=Behörde consumed_quantity=MIPS | 1.234,56 %m.%Y",
            ),
            (
                "Item,Wireless Number,Total Charge (USD),Currency Note,Bill Date\n1,555-0100,$5.00,x,9/30/2025\n2,555-0101,$7.00,y,9/30/2025",
                ',',
                "row_key=Item resource_id=Wireless Number billed_cost=Total Charge (USD) charge_date=Bill Date description=Currency Note | $1234.56 MonthFirst",
            ),
        ] {
            let found = proposed(text, delimiter);
            let dates = match &found.mapping.dates {
                MappedDates::Pattern(pattern) => pattern.clone(),
                other => format!("{other:?}"),
            };
            let mut columns: Vec<String> =
                found.columns.iter().map(|(key, column)| format!("{key}={column}")).collect();
            columns.sort();
            let (wanted, rest) = expected.split_once(" | ").unwrap();
            for pair in &columns {
                assert!(wanted.contains(pair.as_str()), "{pair} is not in {wanted}");
            }
            assert_eq!(format!("{} {dates}", found.mapping.numbers.example), rest);
        }
    }
}
