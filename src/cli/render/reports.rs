//! What is known of the months, and where a bill line came from.

use super::{count, csv, table, text_cell};
use crate::close::{ExplainedCharge, Explanation, MonthStatus};
use crate::model::untrusted::harmless;
use anyhow::Result;
use std::collections::BTreeSet;

pub fn status(months: &[MonthStatus]) -> String {
    months.iter().map(month).collect::<Vec<_>>().join("\n\n")
}

fn month(status: &MonthStatus) -> String {
    let close_id = if status.close_id.is_empty() { String::new() } else { format!("  close id {}", status.close_id) };
    let mut lines = vec![format!("{}  {}{close_id}", status.month, status.state)];
    let rows: Vec<Vec<String>> = status
        .sources
        .iter()
        .map(|source| {
            let remark = match (source.expected, source.files) {
                (true, 0) => "MISSING",
                (true, _) => "",
                (false, _) => "not expected",
            };
            vec![source.folder.clone(), source.files.to_string(), source.bytes.to_string(), remark.to_owned()]
        })
        .collect();
    if !rows.is_empty() {
        lines.push(table(&["source", "files", "bytes", ""], "lrrl", &rows));
    }
    lines.extend(outputs(&status.outputs));
    lines.join("\n")
}

/// The folder that all outputs share, and how many they are.
fn outputs(files: &[String]) -> Option<String> {
    let first = files.first()?;
    let shared =
        |folder: &&str| files.iter().all(|file| file.starts_with(folder) && file[folder.len()..].starts_with('/'));
    let folders = first.match_indices('/').map(|(end, _)| &first[..end]).collect::<Vec<_>>();
    let folder = folders.into_iter().rev().find(shared).unwrap_or_default();
    Some(format!("outputs  {folder}, {}", count(files.len(), "file", "files")))
}

pub fn status_csv(months: &[MonthStatus]) -> Result<String> {
    let rows: Vec<Vec<String>> = months
        .iter()
        .flat_map(|status| {
            let opening = [status.month.to_string(), status.state.clone(), status.close_id.clone()];
            status.sources.iter().map(move |source| {
                let expected = if source.expected { "yes" } else { "no" }.to_owned();
                let counts = [source.files.to_string(), source.bytes.to_string()];
                let cells = opening.clone().into_iter().chain([text_cell(&source.folder)]);
                cells.chain(counts).chain([expected]).collect()
            })
        })
        .collect();
    csv(&["month", "state", "close_id", "source", "files", "bytes", "expected"], &rows)
}

pub fn explanation(explanation: &Explanation) -> String {
    let line = &explanation.line;
    let mut parts = vec![format!("{}  {}  {}  {}", line.id, line.agency, line.service, line.amount.for_people())];
    if !line.description.is_empty() {
        parts.push(line.description.clone());
    }
    let steps = explanation.decided_by.iter().chain(&explanation.arithmetic);
    parts.push(steps.map(|step| format!("  {step}")).collect::<Vec<_>>().join("\n"));
    let funding: Vec<Vec<String>> = line
        .funding
        .iter()
        .map(|part| {
            let (fund, account) = (part.string.fund.clone(), part.string.account.clone());
            vec![fund, account, format!("{} %", part.percent), part.amount.for_people()]
        })
        .collect();
    if !funding.is_empty() {
        parts.push(table(&["fund", "account", "part", "amount"], "llrr", &funding));
    }
    if !explanation.charges.is_empty() {
        let files: Vec<&str> = explanation.charges.iter().map(|charge| charge.file.as_str()).collect();
        let distinct: Vec<&str> = files.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let converted = !line.converted_from.is_empty();
        let rows: Vec<Vec<String>> = explanation.charges.iter().map(|of| charge(of, &distinct, converted)).collect();
        let mut header = vec!["file", "row", "account", "day", "type", "meter", "billed", "effective"];
        if converted {
            header.push("currency");
        }
        parts.push(table(&header, &"rrllllrrl"[..header.len()], &rows));
        let named = distinct.iter().enumerate().map(|(place, file)| format!("file {}  {file}", place + 1));
        parts.push(named.collect::<Vec<_>>().join("\n"));
    }
    parts.extend(more(explanation.more));
    if !explanation.usage.is_empty() {
        parts.push(usage(explanation));
        parts.extend(more(explanation.more_usage));
    }
    harmless(&parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n"))
}

fn more(rows: u64) -> Option<String> {
    (rows > 0).then(|| format!("... and {rows} more rows; --rows N lists more"))
}

/// What was counted for the agency: quantities without money.
fn usage(explanation: &Explanation) -> String {
    let files: BTreeSet<&str> = explanation.usage.iter().map(|row| row.file.as_str()).collect();
    let files: Vec<&str> = files.into_iter().collect();
    let cells = |row: &ExplainedCharge| {
        let number = files.iter().position(|file| *file == row.file).map_or(0, |place| place + 1);
        let who = if row.user.is_empty() { &row.resource } else { &row.user };
        let texts = [&row.account, who, &row.day, &row.sku, &row.meter].map(|text| cut(text));
        let counted = [row.quantity.clone(), row.unit.clone()];
        [number.to_string(), row.row.to_string()].into_iter().chain(texts).chain(counted).collect()
    };
    let rows: Vec<Vec<String>> = explanation.usage.iter().map(cells).collect();
    let header = ["file", "row", "account", "user or key", "day", "model", "meter", "quantity", "unit"];
    let named = files.iter().enumerate().map(|(place, file)| format!("file {}  {file}", place + 1));
    let named = named.collect::<Vec<_>>().join("\n");
    format!("Counted for this line\n\n{}\n\n{named}", table(&header, "rrlllllrl", &rows))
}

/// Visibly cut where a column would push the amounts off the screen; CSV and JSON have all of it.
fn cut(text: &str) -> String {
    const LONGEST: usize = 40;
    if text.chars().nth(LONGEST).is_none() {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 3).chain("...".chars()).collect()
}

/// Paths of the inbox are long, so the table numbers them. Behind a converted line the rows name their currency.
fn charge(charge: &ExplainedCharge, files: &[&str], converted: bool) -> Vec<String> {
    let number = files.iter().position(|file| *file == charge.file).map_or(0, |place| place + 1);
    let texts = [&charge.account, &charge.day, &charge.charge_type, &charge.meter].map(|text| cut(text));
    let costs = [&charge.billed, &charge.effective].map(Clone::clone);
    [number.to_string(), charge.row.to_string()]
        .into_iter()
        .chain(texts)
        .chain(costs)
        .chain(converted.then(|| charge.currency.clone()))
        .collect()
}

pub fn explanation_csv(explanation: &Explanation) -> Result<String> {
    const HEADER: [&str; 16] = [
        "behind",
        "file",
        "row",
        "account",
        "resource",
        "user",
        "sku",
        "meter",
        "day",
        "charge_type",
        "currency",
        "billed",
        "effective",
        "quantity",
        "unit",
        "raw",
    ];
    let cells = |(behind, charge): (&str, &ExplainedCharge)| {
        let ExplainedCharge { account, resource, user, sku, meter, day, charge_type, currency, .. } = charge;
        let described = [account, resource, user, sku, meter, day, charge_type, currency].map(|text| text_cell(text));
        let amounts = [&charge.billed, &charge.effective, &charge.quantity].map(Clone::clone);
        let place = [behind.to_owned(), text_cell(&charge.file), charge.row.to_string()];
        let last = [text_cell(&charge.unit), charge.raw.for_human_csv()];
        place.into_iter().chain(described).chain(amounts).chain(last).collect()
    };
    let charges = explanation.charges.iter().map(|charge| ("cost", charge));
    let usage = explanation.usage.iter().map(|row| ("driver", row));
    csv(&HEADER, &charges.chain(usage).map(cells).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_long_cell_is_cut_where_one_sees_it() {
        assert_eq!(cut(&"m".repeat(40)), "m".repeat(40));
        assert_eq!(cut(&"m".repeat(300)), format!("{}...", "m".repeat(37)));
    }
}
