//! What is known of each month, and whether the books are sound: reads, and writes nothing.

use super::{MonthStatus, RULES, SourceStatus, replay};
use crate::config;
use crate::io::fs::{Disk, EntryKind};
use crate::ledger::{Ledger, Settled};
use crate::model::exit::Stop;
use crate::model::finding::{Code, Finding, Place};
use crate::model::month::Month;
use anyhow::Result;
use std::collections::BTreeMap;

/// Months with files in the inbox, a close or a draft; or one of them.
pub fn status(disk: &Disk, wanted: Option<Month>) -> Result<Vec<MonthStatus>> {
    let ledger = Ledger::new(disk.clone());
    let settled = ledger.settled()?;
    let expected: BTreeMap<String, bool> =
        config::load(disk)?.settings.state.sources.into_iter().map(|source| (source.folder, source.expected)).collect();
    let mut months: Vec<Month> = Vec::new();
    for place in ["inbox", "out"] {
        months.extend(disk.folders(place)?.iter().filter_map(|name| Month::parse(name).ok()));
    }
    months.extend(settled.chain.iter().map(|close| close.body.month));
    months.extend(wanted);
    months.sort();
    months.dedup();
    months.retain(|month| wanted.is_none_or(|wanted| wanted == *month));
    months.into_iter().map(|month| of_month(disk, &ledger, &settled, &expected, month)).collect()
}

fn of_month(
    disk: &Disk,
    ledger: &Ledger,
    settled: &Settled,
    expected: &BTreeMap<String, bool>,
    month: Month,
) -> Result<MonthStatus> {
    let folder = format!("inbox/{month}/");
    let mut sources: BTreeMap<String, SourceStatus> = expected
        .iter()
        .map(|(name, &expected)| (name.clone(), SourceStatus { folder: name.clone(), files: 0, bytes: 0, expected }))
        .collect();
    for entry in disk.list(&format!("inbox/{month}"))? {
        let path = entry.path.strip_prefix(&folder).unwrap_or(&entry.path);
        let name = path.split_once('/').map_or(path, |(folder, _)| folder);
        let source = sources.entry(name.to_owned()).or_insert_with(|| SourceStatus {
            folder: name.to_owned(),
            files: 0,
            bytes: 0,
            expected: false,
        });
        if entry.kind == EntryKind::File {
            source.files += 1;
            source.bytes += entry.bytes;
        }
    }
    let close = settled.of(month);
    let draft = ledger.draft(month)?;
    let body = close.map(|close| &close.body).or(draft.as_ref().map(|(_, body)| body));
    let outputs = body.map(|body| {
        let path = |output: &crate::ledger::NamedHash| format!("{}/{}", body.outputs_folder, output.path);
        body.outputs.iter().map(path).collect()
    });
    Ok(MonthStatus {
        month,
        state: if close.is_some() { "closed" } else { "open" }.to_owned(),
        close_id: close.map(|close| close.body.run.clone()).unwrap_or_default(),
        sources: sources.into_values().collect(),
        outputs: outputs.unwrap_or_default(),
    })
}

/// The books without a month: configuration, and the ledger's chain.
pub fn check(disk: &Disk) -> Result<Vec<Finding>> {
    let loaded = config::load(disk)?;
    let mut findings = config::check(&loaded);
    findings.extend(loaded.findings);
    if let Err(error) = Ledger::new(disk.clone()).settled() {
        let stop = error.downcast::<Stop>()?;
        let fix = "Run `chargeback verify`, which names every file that was altered.";
        findings.push(Finding::new(Code::LedgerDamaged, Place::file("ledger"), stop.message, fix));
    }
    Finding::sort(&mut findings);
    Ok(findings)
}

/// Nothing was altered, is missing or was added; in full, every closed month made again from its inputs to the same bytes.
pub fn verify(disk: &Disk, quick: bool, expect: Option<&str>) -> Result<Vec<Finding>> {
    let ledger = Ledger::new(disk.clone());
    let mut verified = ledger.verify(!quick)?;
    let settled = if verified.is_sound() { ledger.settled()? } else { Settled::default() };
    if let Some(expect) = expect
        && verified.is_sound()
        && !settled.chain.iter().any(|close| close.body.run == expect || close.id.starts_with(expect))
    {
        verified.add("ledger/HEAD", format!("No close of these books has the id {expect}: it was taken away."));
    }
    if !quick {
        for close in settled.chain.iter().filter(|close| close.body.rules == RULES) {
            if close.body.carried.as_ref() != settled.left_to(close.body.month) {
                let why = format!("{} was closed on something else than the close before leaves.", close.body.month);
                verified.add(&close.body.outputs_folder, why);
            }
            if let Err(error) = replay::replay(&ledger, &close.body, &mut verified) {
                let stop = error.downcast::<Stop>()?;
                verified.add(&close.body.outputs_folder, stop.message);
            }
        }
    }
    Ok(verified.findings)
}
