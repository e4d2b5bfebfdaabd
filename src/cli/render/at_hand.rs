//! Charges of files beside an invoice.

use super::{table, text_cell};
use crate::close::{AtHand, Grouped, Reconciled};
use anyhow::Result;

/// Parts of one column that are shown; the others are one row, and all are in the CSV.
const MOST: usize = 15;

pub fn at_hand(told: &Reconciled) -> String {
    let mut blocks = Vec::new();
    let files: Vec<Vec<String>> = told
        .files
        .iter()
        .map(|file| {
            let what = if file.counts { &file.title } else { &file.reason };
            vec![file.name.clone(), if file.counts { file.rows.to_string() } else { "-".to_owned() }, what.clone()]
        })
        .collect();
    blocks.push(table(&["file", "rows", "what it is"], "lr", &files));
    for one in &told.currencies {
        for group in &one.groups {
            blocks.push(grouped(one, group));
        }
    }
    blocks.join("\n\n")
}

fn grouped(one: &AtHand, group: &Grouped) -> String {
    let row = |name: &str, billed: String| vec![name.to_owned(), billed];
    let mut rows: Vec<Vec<String>> = group
        .parts
        .iter()
        .take(MOST)
        .map(|part| row(if part.name.is_empty() { "(none)" } else { &part.name }, part.billed.for_people()))
        .collect();
    let rest = group.parts.get(MOST..).unwrap_or_default();
    let sum = crate::model::money::Cost::total(rest.iter().map(|part| part.billed));
    if let (false, Ok(sum)) = (rest.is_empty(), sum) {
        rows.push(row(&format!("{} more", rest.len()), sum.for_people()));
    }
    rows.push(row("total", one.billed.for_people()));
    table(&[group.by, &format!("billed {}", one.currency)], "lr", &rows)
}

pub fn at_hand_csv(told: &Reconciled) -> Result<String> {
    let mut rows = Vec::new();
    for one in &told.currencies {
        for group in &one.groups {
            for part in &group.parts {
                rows.push(vec![
                    one.currency.clone(),
                    group.by.to_owned(),
                    text_cell(&part.name),
                    part.billed.to_string(),
                ]);
            }
        }
    }
    super::csv(&["currency", "by", "name", "billed"], &rows)
}
