//! A mapping as the TOML that `mappings` reads.

use crate::model::mapping::{MappedDates, MappedQuantity, Mapping};

/// What `mappings::mapping` reads back as this mapping.
pub fn to_toml(mapping: &Mapping) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: &str| text.push_str(&format!("{} = {}\n", key_of(key), quoted(value)));
    line("source", &mapping.source);
    line("title", &mapping.title);
    if !mapping.folder.is_empty() {
        line("folder", &mapping.folder);
    }
    text.push_str(&format!("header = {}\n\n[columns]\n", list(&mapping.header)));
    for (key, column) in columns(mapping) {
        text.push_str(&format!("{} = {}\n", key_of(&key), quoted(column)));
    }
    text.push_str("\n[constants]\n");
    for (key, value) in constants(mapping) {
        text.push_str(&format!("{key} = {}\n", quoted(value)));
    }
    if !mapping.numbers.example.is_empty() && !mapping.numbers.is_plain() || mapping.reversed {
        text.push_str("\n[amounts]\n");
        if !mapping.numbers.is_plain() {
            text.push_str(&format!("format = {}\n", quoted(&mapping.numbers.example)));
        }
        if mapping.reversed {
            text.push_str("sign = \"reversed\"\n");
        }
    }
    let dates = match &mapping.dates {
        MappedDates::Iso => "iso",
        MappedDates::MonthFirst => "month-first",
        MappedDates::DayFirst => "day-first",
        MappedDates::Pattern(pattern) => pattern,
    };
    if mapping.charge_date.is_some() {
        text.push_str(&format!("\n[dates]\nformat = {}\n", quoted(dates)));
    }
    if !mapping.category.by_charge_type.is_empty() {
        text.push_str("\n[charge_types]\n");
        for (category, texts) in &mapping.category.by_charge_type {
            text.push_str(&format!("{} = {}\n", category.text(), list(texts)));
        }
    }
    for filter in &mapping.filters {
        let verb = if filter.keep { "keep" } else { "drop" };
        let texts = list(&filter.texts);
        text.push_str(&format!("\n[[filter]]\ncolumn = {}\n{verb} = {texts}\n", quoted(&filter.column)));
    }
    text
}

/// Keys of `[columns]` and the columns they name.
pub fn columns(mapping: &Mapping) -> Vec<(String, &str)> {
    let quantity = match &mapping.quantity {
        MappedQuantity::Column(name) => Some(name),
        MappedQuantity::None | MappedQuantity::EachRow => None,
    };
    let single = [
        ("billed_cost", mapping.billed_cost.as_ref()),
        ("effective_cost", mapping.effective_cost.as_ref()),
        ("list_cost", mapping.list_cost.as_ref()),
        ("contracted_cost", mapping.contracted_cost.as_ref()),
        ("consumed_quantity", quantity),
        ("charge_date", mapping.charge_date.as_ref()),
        ("charge_end", mapping.charge_end.as_ref()),
        ("billing_period", mapping.billing_period.as_ref()),
        ("description", mapping.description.as_ref()),
        ("row_key", mapping.row_key.as_ref()),
        ("tags", mapping.json_tags.as_ref()),
    ];
    let single = single.into_iter().filter_map(|(key, column)| Some((key.to_owned(), column?.as_str())));
    let texts = mapping.dimensions.iter().map(|(dimension, column)| (dimension.column().to_owned(), column.as_str()));
    let tags = mapping.tags.iter().map(|(tag, column)| (format!("tag:{tag}"), column.as_str()));
    single.chain(texts).chain(tags).collect()
}

fn constants(mapping: &Mapping) -> Vec<(&str, &str)> {
    let mut all: Vec<(&str, &str)> =
        mapping.constants.iter().map(|(dimension, text)| (dimension.column(), text.as_str())).collect();
    if mapping.billed_cost.is_none() {
        all.push(("billed_cost", "0"));
    }
    if mapping.quantity == MappedQuantity::EachRow {
        all.push(("consumed_quantity", "1"));
    }
    if mapping.charge_date.is_none() {
        all.push(("charge_date", "month"));
    }
    if mapping.category.otherwise.text() != "Usage" {
        all.push(("charge_category", mapping.category.otherwise.text()));
    }
    all
}

fn key_of(key: &str) -> String {
    let bare = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if bare { key.to_owned() } else { quoted(key) }
}

/// A basic string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::mappings::mapping;

    #[test]
    fn what_is_written_is_read_back() {
        let text = r#"
            title = "A \"quoted\" title"
            folder = "telecom/voice"
            [columns]
            charge_date = "Month\tof use"
            consumed_quantity = "MIPS"
            sub_account_id = "LPAR"
            charge_type = "Art"
            "tag:agency" = "Behörde"
            [constants]
            provider_name = "X"
            billed_cost = "0"
            charge_category = "Purchase"
            [amounts]
            format = "1.234,56 EUR"
            sign = "reversed"
            [dates]
            format = "%m.%Y"
            [charge_types]
            Tax = ["T", "MwSt"]
            [[filter]]
            column = "Art"
            drop = ["Summe"]
        "#;
        let (first, findings) = mapping("mappings/a.toml", text.as_bytes());
        assert!(findings.is_empty(), "{findings:?}");
        let first = first.unwrap();
        let (second, findings) = mapping("mappings/a.toml", to_toml(&first).as_bytes());
        assert!(findings.is_empty(), "{findings:?}\n{}", to_toml(&first));
        assert_eq!(second.unwrap(), first);
    }
}
