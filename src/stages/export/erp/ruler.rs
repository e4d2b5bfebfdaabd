//! What a template says, in the form in which an ERP's own specification says it.

use crate::model::erp::{Column, Kind, OnOverflow, Per, Record, Template};

/// Every record with its columns, what they hold and what has yet to be confirmed; for fixed rows a ruler over them.
pub fn ruler(template: &Template) -> String {
    let format = &template.format;
    let kind = match format.kind {
        Kind::Delimited => format!("delimited by {:?}", format.delimiter),
        Kind::Fixed => "fixed width".to_owned(),
        Kind::Xml => "XML".to_owned(),
    };
    let mut text = format!("{} version {}: {}\n", format.id, format.version, format.title);
    text.push_str(&format!("{kind}; {}\n", format.confidence));
    for record in &template.records {
        text.push_str(&format!("\n{}\n", heading(record)));
        for column in &record.columns {
            text.push_str(&format!("{}\n", row(format.kind, column).trim_end()));
        }
        if format.kind == Kind::Fixed {
            text.push_str(&scale(record));
        }
    }
    text
}

fn heading(record: &Record) -> String {
    let per = match record.per {
        Per::File => "once, before the journals",
        Per::Journal => "once for each journal",
        Per::Line => "once for each line",
        Per::JournalEnd => "once for each journal, after its lines",
        Per::FileEnd => "once, after the journals",
    };
    let path = if record.path.is_empty() { String::new() } else { format!("{}, ", record.path) };
    let roles = if record.roles.is_empty() { String::new() } else { format!(", of {}", record.roles.join(", ")) };
    format!("Record: {path}{per}{roles}")
}

fn row(kind: Kind, column: &Column) -> String {
    let place = match kind {
        Kind::Delimited => format!("{:>4}", column.pos),
        Kind::Fixed => format!("{:>4}-{:<4}", column.start, column.start + column.width.saturating_sub(1)),
        Kind::Xml if column.attribute => "   @".to_owned(),
        Kind::Xml => "   <".to_owned(),
    };
    let longest = column.longest().map(|longest| longest.to_string()).unwrap_or_default();
    let holds = match (&column.value, &column.from) {
        (Some(value), _) => format!("'{value}'"),
        (None, from) => from.clone().unwrap_or_default(),
    };
    let mut notes = Vec::new();
    if column.required {
        notes.push("required".to_owned());
    }
    if column.on_overflow == OnOverflow::Truncate {
        notes.push("cut if longer".to_owned());
    }
    if !column.confirm.is_empty() {
        notes.push(format!("confirm with your controller: {}", column.confirm));
    }
    format!("{place} {:<28} {longest:>4}  {holds:<44} {}", column.name, notes.join("; "))
}

/// Tens, units, and a stroke where each column begins.
fn scale(record: &Record) -> String {
    let end = record.columns.iter().map(|column| column.start + column.width).max().unwrap_or(1) - 1;
    let width = end.max(record.length);
    let tens: String = (1..=width)
        .map(|at| if at % 10 == 0 { char::from_digit((at / 10 % 10) as u32, 10) } else { Some(' ') }.unwrap_or(' '))
        .collect();
    let units: String = (1..=width).map(|at| char::from_digit((at % 10) as u32, 10).unwrap_or(' ')).collect();
    let begins = |at| record.columns.iter().any(|column| column.start == at);
    let columns: String = (1..=width).map(|at| if begins(at) { '|' } else { '.' }).collect();
    format!("{}\n{units}\n{columns}\n{width} characters\n", tens.trim_end())
}
