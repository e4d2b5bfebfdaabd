//! Closed bill lines that this month's adjustments correct, made again from the records of their months.

use super::{Stage, replay};
use crate::ledger::{Ledger, Settled};
use crate::model::bill::BillLine;
use crate::model::month::Month;
use crate::model::settings::Settings;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};

pub fn corrected(ledger: &Ledger, settled: &Settled, settings: &Settings, month: Month) -> Result<Vec<BillLine>> {
    let mut wanted: BTreeMap<Month, BTreeSet<&str>> = BTreeMap::new();
    for row in settings.adjustments.iter().filter(|row| month.contains(row.booked_on)) {
        if let Some(id) = &row.corrects
            && let Some(of) = month_of(id).filter(|of| *of < month)
        {
            wanted.entry(of).or_default().insert(id);
        }
    }
    let mut lines = Vec::new();
    for (of, ids) in wanted {
        let Some(close) = settled.of(of) else { continue };
        let end = replay::settled(replay::frozen(ledger, &close.body)?, &close.body, Stage::Allocate)?;
        lines.extend(end.bills.lines.into_iter().filter(|line| ids.contains(line.id.as_str())));
    }
    Ok(lines)
}

/// The month that a bill line's id names: `DOH-2025-09-000001`.
pub fn month_of(line: &str) -> Option<Month> {
    let mut parts = line.rsplitn(4, '-');
    let (number, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Month::parse(&format!("{year}-{month}")).ok()).flatten()
}
