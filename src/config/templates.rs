//! What `init` writes: every file of new books with its columns explained, from the definitions in `tables`.

use super::columns::{Column, Kind, Table};
use super::sheet::header_line;
use super::tables::{self, SECTIONS, Section, TABLES};
use crate::io::fs::{Disk, DiskError};

/// Cards that new books start with: vendors at cost.
const STARTER_RATES: &str = include_str!("../../rates/starter.csv");

/// What `init` did to a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Begun {
    pub written: Vec<String>,
    /// Files that were there already and are left as they are.
    pub kept: Vec<String>,
}

/// Writes the templates of new books. What exists is never touched.
pub fn init(disk: &Disk) -> Result<Begun, DiskError> {
    let mut begun = Begun::default();
    for (path, text) in files() {
        if disk.exists(&path) {
            begun.kept.push(path);
        } else {
            disk.write(&path, text.as_bytes())?;
            begun.written.push(path);
        }
    }
    for folder in ["inbox", "drivers", "invoices"] {
        disk.make_dir(folder)?;
    }
    Ok(begun)
}

/// Path and text of every file of new books.
fn files() -> Vec<(String, String)> {
    let mut files = vec![("chargeback.toml".to_owned(), settings())];
    for table in TABLES {
        let path = match table.path {
            "rates/" => "rates/starter.csv",
            "drivers/" => "drivers/hours.csv",
            "chart/" => "chart/codes.csv",
            "invoices/" => "invoices/invoices.csv",
            path => path,
        };
        files.push((path.to_owned(), template(table)));
    }
    files
}

fn template(table: &Table) -> String {
    let mut text = format!("# {}\n#\n", table.about);
    for column in table.columns {
        text.push_str(&format!("# {}\n", explained(column)));
    }
    if !table.conditions.is_empty() {
        text.push_str("# Further columns are conditions on the charge, all of which must hold: a column of the charges as in FOCUS\n");
        text.push_str("# (provider_name, sub_account_id, resource_group, service_code ...) or tag: and a billing tag. Blank = any,\n");
        text.push_str("# * stands for any text, case does not count.\n");
    }
    text.push_str("#\n# For example:\n");
    for row in table.example {
        text.push_str(&format!("# {row}\n"));
    }
    if table.path == tables::RATES.path {
        text.push_str(STARTER_RATES);
        return text;
    }
    text.push_str(&header_line(table));
    text.push('\n');
    for row in table.starter {
        text.push_str(row);
        text.push('\n');
    }
    text
}

fn explained(column: &Column) -> String {
    let must = if column.needed { "needed; " } else { "" };
    let about = if column.about.is_empty() { "a part of the account string" } else { column.about };
    format!("{}: {about} ({must}{})", column.name, column.kind.in_words())
}

fn settings() -> String {
    let mut text = String::from("# The settings of the books. Amounts stand in quotes, like all amounts here.\n");
    for section in SECTIONS {
        text.push_str(&format!("\n# {}\n", section.about));
        let heading = if section.many { format!("[[{}]]", section.name) } else { format!("[{}]", section.name) };
        // A section that new books begin without stands there as a comment.
        let off = if section.keys.iter().any(|key| starter(section, key).is_some()) { "" } else { "# " };
        let off = if section.keys.iter().any(|key| key.needed) { off } else { "" };
        text.push_str(&format!("{off}{heading}\n"));
        for key in section.keys {
            text.push_str(&format!("# {}\n", explained(key)));
            let off = if starter(section, key).is_some() { "" } else { "# " };
            text.push_str(&format!("{off}{} = {}\n", key.name, value(section, key)));
        }
    }
    text
}

/// The value that new books begin with.
fn starter(section: &Section, key: &Column) -> Option<&'static str> {
    match (section.name, key.name) {
        ("state", "name") => Some("\"My State\""),
        ("state", "currency") => Some("\"USD\""),
        ("state", "fiscal_year_starts") => Some("7"),
        ("state", "provider_fund") => Some("\"7300\""),
        ("state", "provider_agency") => Some("\"ITS\""),
        ("billing_tag", "name") => Some("\"agency\""),
        ("billing_tag", "spellings") => Some("[\"agency\", \"owner-agency\"]"),
        ("source", "folder") => Some("\"aws\""),
        _ => None,
    }
}

fn value(section: &Section, key: &Column) -> String {
    if let Some(value) = starter(section, key) {
        return value.to_owned();
    }
    match key.kind {
        _ if section.name == "measure" => example_of_measure(key).to_owned(),
        // What holds while the line is a comment, so that to uncomment it changes nothing.
        Kind::OneOf(choices) => {
            let usual = choices.iter().find(|choice| key.about.contains(&format!("{choice} if absent")));
            format!("\"{}\"", usual.unwrap_or(&choices[0]))
        }
        Kind::Money if key.name == "invoice_tolerance" => "\"0.01\"".to_owned(),
        Kind::Money => "\"0.00\"".to_owned(),
        Kind::Flag => key.about.contains("true if absent").to_string(),
        Kind::Count => "1000000".to_owned(),
        Kind::Currency => "\"USD\"".to_owned(),
        _ => "\"\"".to_owned(),
    }
}

fn example_of_measure(key: &Column) -> &'static str {
    match key.name {
        "name" => "\"ai_tokens\"",
        "source" => "\"openai-usage\"",
        "counts" => "\"quantity\"",
        "services" => "[]",
        _ => "[\"uncached_input_tokens\", \"cached_input_tokens\", \"output_tokens\"]",
    }
}

/// The reference of all tables and settings, in Markdown.
pub fn reference() -> String {
    let mut text = String::from("# The files of the books\n");
    for section in SECTIONS {
        text.push_str(&format!("\n## chargeback.toml: {}\n\n{}\n\n", section.name, section.about));
        rows(&mut text, section.keys);
    }
    for table in TABLES {
        let must = if table.needed { "" } else { " May be absent." };
        text.push_str(&format!("\n## {}\n\n{}{must}\n\n", table.path, table.about));
        rows(&mut text, table.columns);
        if !table.conditions.is_empty() {
            text.push_str(
                "\nFurther columns are conditions on the charge: its FOCUS column, or `tag:` and a billing tag.\n",
            );
        }
    }
    text
}

fn rows(text: &mut String, columns: &[Column]) {
    text.push_str("| name | holds | meaning |\n|---|---|---|\n");
    for column in columns {
        let must = if column.needed { "**needed**: " } else { "" };
        let holds = column.kind.in_words().replace('|', "\\|");
        text.push_str(&format!("| `{}` | {must}{holds} | {} |\n", column.name, column.about.replace('|', "\\|")));
    }
}
