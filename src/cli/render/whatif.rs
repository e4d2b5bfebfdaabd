//! What other tables would change: by agency, by service, and what is on no bill.

use super::{csv, table, text_cell};
use crate::close::{Differing, WhatIf};
use crate::model::money::{Money, Overflow};
use anyhow::Result;
use std::collections::BTreeMap;

pub fn whatif(told: &WhatIf) -> Result<String> {
    let state = if told.closed { ", which is closed and stays so" } else { "" };
    let mut parts = vec![format!("{}{state}, with other {}", told.month, listed(&told.changed))];
    if told.lines.is_empty() {
        return Ok(parts.remove(0));
    }
    let by = |of: fn(&Differing) -> &String, header: &'static str| -> Result<String> {
        let mut rows = summed(&told.lines, of)?;
        rows.push(totals(&told.lines)?);
        let cells: Vec<Vec<String>> = rows.iter().map(row).collect();
        Ok(table(&[header, "what", "now", "would be", "difference"], "llrrr", &cells))
    };
    parts.push(by(|line| &line.agency, "agency")?);
    parts.push(by(|line| &line.service, "service")?);
    let unbilled: Vec<Vec<String>> = told
        .unbilled
        .iter()
        .map(|of| vec![of.place.clone(), of.now.for_people(), of.would.for_people(), of.difference.for_people()])
        .collect();
    if !unbilled.is_empty() {
        parts.push(table(&["on no bill", "now", "would be", "difference"], "lrrr", &unbilled));
    }
    let moved: Vec<Vec<String>> = told
        .lines
        .iter()
        .filter(|line| !line.difference.is_zero())
        .map(|line| {
            let amounts = [line.now, line.would, line.difference].map(Money::for_people);
            [line.agency.clone(), line.service.clone(), line.what.clone()].into_iter().chain(amounts).collect()
        })
        .collect();
    parts.push(if moved.is_empty() {
        "No line of a bill would change.".to_owned()
    } else {
        table(&["agency", "service", "what", "now", "would be", "difference"], "lllrrr", &moved)
    });
    Ok(parts.join("\n\n"))
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "tables of the same content".to_owned() } else { names.join(", ") }
}

type Row = (String, String, Money, Money, Money);

/// Sums of what is due, absorbed, shown, by agency or by service.
fn summed(lines: &[Differing], of: fn(&Differing) -> &String) -> Result<Vec<Row>, Overflow> {
    let mut sums: BTreeMap<(&String, &String), (Money, Money)> = BTreeMap::new();
    for line in lines {
        let (now, would) = sums.entry((of(line), &line.what)).or_default();
        (*now, *would) = (now.checked_add(line.now)?, would.checked_add(line.would)?);
    }
    let row = |((name, what), (now, would)): ((&String, &String), (Money, Money))| {
        Ok((name.clone(), what.clone(), now, would, would.checked_sub(now)?))
    };
    sums.into_iter().map(row).collect()
}

fn totals(lines: &[Differing]) -> Result<Row, Overflow> {
    let now = Money::total(lines.iter().map(|line| line.now))?;
    let would = Money::total(lines.iter().map(|line| line.would))?;
    Ok(("all".to_owned(), String::new(), now, would, would.checked_sub(now)?))
}

fn row((name, what, now, would, difference): &Row) -> Vec<String> {
    let amounts = [now, would, difference].map(|amount| amount.for_people());
    [name.clone(), what.clone()].into_iter().chain(amounts).collect()
}

pub fn whatif_csv(told: &WhatIf) -> Result<String> {
    let mut rows: Vec<Vec<String>> = told
        .lines
        .iter()
        .map(|line| {
            let names = [&line.agency, &line.service, &line.what].map(|text| text_cell(text));
            names.into_iter().chain([line.now, line.would, line.difference].map(|amount| amount.to_string())).collect()
        })
        .collect();
    rows.extend(told.unbilled.iter().map(|of| {
        let names = [String::new(), String::new(), text_cell(&of.place)];
        names.into_iter().chain([of.now, of.would, of.difference].map(|amount| amount.to_string())).collect()
    }));
    csv(&["agency", "service", "what", "now", "would_be", "difference"], &rows)
}
