//! Where a bill line came from: its arithmetic, and the vendor's rows behind it as they stand in the files.

use super::corrected::month_of;
use super::{ExplainedCharge, Explanation, Stage, replay};
use crate::frame::charges::{FoundCharge, Wanted, find};
use crate::frame::lines::lines;
use crate::io::container::plain_text;
use crate::io::fs::Disk;
use crate::ledger::{CloseBody, Ledger, at_once};
use crate::model::bill::{BillDetail, BillLine, PoolShare};
use crate::model::charge::Dimension;
use crate::model::exit::{Exit, Stop};
use crate::model::intake::{FileLook, InboxFile};
use crate::model::money::{Cost, Money};
use crate::model::month_end::MonthEnd;
use crate::model::pricing;
use crate::model::roll_up::Row;
use crate::model::secrets::without_secrets;
use crate::model::settings::{DriverPeriod, Method, Pool, RateCard};
use crate::model::subsidy::Subsidy;
use crate::model::untrusted::Untrusted;
use crate::sources::named;
use crate::stages::rate::counted;
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a vendor's row that are shown.
const LONGEST_RAW: usize = 4096;

/// Rows are listed up to `most`, largest first; as they stand in the vendor's files only where `raw` asks for it, because
/// a packed file must be read up to them.
pub fn explain(disk: &Disk, line: &str, most: usize, raw: bool) -> Result<Explanation> {
    let ledger = Ledger::new(disk.clone());
    let body = record_of(&ledger, line)?;
    let frozen = replay::frozen(&ledger, &body)?;
    let files = frozen.delivery.files.clone();
    let end = replay::settled(frozen, &body, Stage::Allocate)?;
    let place = end.bills.lines.iter().position(|candidate| candidate.id == line);
    let place = place.ok_or_else(|| unknown(line, &format!("The bills of {} have no such line", body.month)))?;
    let line = end.bills.lines[place].clone();
    let listed = |details: &[BillDetail]| -> Result<(Vec<ExplainedCharge>, u64)> {
        let (found, more) = found(&ledger, &body, &end, details, most)?;
        let raw = if raw { raw_rows(&ledger, &body, &files, &found)? } else { BTreeMap::new() };
        Ok((found.iter().map(|(row, charge)| explained(&end, *row, charge, &raw)).collect(), more))
    };
    let (charges, more) = listed(&details(&end, place))?;
    let (usage, more_usage) = listed(&driving(&end, &line))?;
    let decided_by = decided_by(&end, &line);
    Ok(Explanation { decided_by, arithmetic: line.arithmetic.clone(), charges, line, more, usage, more_usage })
}

/// Quantity, card and version, pool and driver: what the arithmetic begins with.
fn decided_by(end: &MonthEnd, line: &BillLine) -> Vec<String> {
    let settings = &end.settings;
    let mut said = Vec::new();
    said.extend(line.quantity.map(|quantity| format!("quantity {quantity} {}", line.unit).trim_end().to_owned()));
    let card = line.rate.as_ref().and_then(|rate| settings.rate_cards.iter().find(|card| card.is(rate)));
    said.extend(card.map(|card| format!("{}: {}", card.in_words(), pricing::in_words(&card.model))));
    if let Some(share) = &line.share {
        let is_meant = |pool: &&Pool| pool.id == share.pool && pool.version == share.version;
        let at = settings.pools.iter().find(is_meant).map_or(0, |pool| pool.line);
        let (pool, version) = (&share.pool, share.version);
        said.push(format!("pool {pool} version {version} (pools.csv line {at}): {}", share.method));
        let (value, total) = (&share.driver_value, &share.driver_total);
        said.push(format!("driver value {value} of {total} {}", share.unit).trim_end().to_owned());
    }
    if let Some(part) = &line.subsidy {
        let is_meant = |of: &&Subsidy| of.id == part.subsidy && of.version == part.version;
        let at = settings.subsidies.iter().find(is_meant).map_or(0, |of| of.line);
        let (subsidy, version, lowers) = (&part.subsidy, part.version, &part.lowers);
        said.push(format!("subsidy {subsidy} version {version} (subsidies.csv line {at}), lowers {lowers}"));
    }
    said
}

/// Charges behind rows of the roll-up, and how many there are beyond. The roll-up knows how many are behind each of its
/// rows, so no more is asked than will be listed.
fn found(
    ledger: &Ledger,
    body: &CloseBody,
    end: &MonthEnd,
    details: &[BillDetail],
    most: usize,
) -> Result<(Vec<(usize, FoundCharge)>, u64)> {
    let behind: u64 = details.iter().map(|detail| end.roll_up.row(detail.row).sums().charges).sum();
    let mut charges = Vec::new();
    let mut expected = 0;
    for detail in details {
        if expected >= most as u64 {
            break;
        }
        expected += end.roll_up.row(detail.row).sums().charges;
        charges.push((*detail, wanted(end, detail.row)));
    }
    let found = rows(ledger, body, &charges, most)?;
    let more = behind.saturating_sub(found.len() as u64);
    Ok((found, more))
}

/// Rows that measures counted for the line's agency, where one drives its pool or its rate; largest first. They have no
/// money of their own. A pool that is shared by other months' drivers has its rows in those months.
fn driving(end: &MonthEnd, line: &BillLine) -> Vec<BillDetail> {
    let settings = &end.settings;
    let pool = line.share.as_ref().and_then(|share| {
        let is_meant = |pool: &&Pool| pool.id == share.pool && pool.version == share.version;
        settings.pools.iter().find(is_meant).filter(|pool| pool.sharing.period == DriverPeriod::Same)
    });
    let card = line.rate.as_ref().and_then(|rate| settings.rate_cards.iter().find(|card| card.is(rate)));
    let mut drivers: Vec<&str> = match pool.map(|pool| &pool.method) {
        Some(Method::Driver { driver }) => vec![driver],
        Some(Method::Index { parts }) => parts.iter().map(|(driver, _)| driver.as_str()).collect(),
        _ => Vec::new(),
    };
    drivers.extend(card.and_then(RateCard::counts_from_drivers));
    let measures = settings.state.measures.iter().filter(|measure| drivers.contains(&measure.name.as_str()));
    let mut rows: Vec<Row<'_>> = measures
        .flat_map(|measure| counted(&end.roll_up, &end.directory, settings, end.month, (measure, &line.agency)))
        .collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.sums().quantity), row.number));
    rows.dedup_by_key(|row| row.number);
    rows.iter().map(|row| BillDetail { line: 0, row: row.number, amount: Money::ZERO }).collect()
}

/// The close of the month that the line's id names, or else its newest draft.
fn record_of(ledger: &Ledger, line: &str) -> Result<CloseBody> {
    let month = month_of(line).ok_or_else(|| unknown(line, "A line's id reads like DOH-2025-09-000001"))?;
    if let Some(close) = ledger.settled()?.of(month) {
        return Ok(close.body.clone());
    }
    match ledger.draft(month)? {
        Some((_, body)) => Ok(body),
        None => Err(unknown(line, &format!("{month} has neither been closed nor drafted")).into()),
    }
}

fn unknown(line: &str, why: &str) -> Stop {
    Stop::new(Exit::Usage, format!("{}: {why}.", Untrusted::new(line).for_terminal()))
}

/// Rows of the roll-up behind a line with their cents, largest first: its own, and for a share those of its pool.
fn details(end: &MonthEnd, line: usize) -> Vec<BillDetail> {
    let own = end.bills.details.iter().filter(|detail| detail.line == line).copied();
    let mut details: Vec<BillDetail> = own.collect();
    if let Some(share) = &end.bills.lines[line].share {
        let pools = behind(end, share);
        details.extend(end.bills.pool_details.iter().filter(|detail| pools.contains(&detail.line)).copied());
    }
    details.sort_by_key(|detail| (std::cmp::Reverse(magnitude(detail.amount)), detail.row));
    details
}

/// The pools, by their place, whose charges are behind a share: its own, those that gave to it, and all of its group.
fn behind(end: &MonthEnd, share: &PoolShare) -> BTreeSet<usize> {
    let pools = &end.bills.pools;
    let mut found: BTreeSet<usize> = (0..pools.len()).filter(|&place| share.is_of(&pools[place])).collect();
    let group = |place: usize| end.settings.pool(&pools[place].pool, end.month)?.sharing.group.as_ref();
    let mut waiting: Vec<usize> = found.iter().copied().collect();
    while let Some(place) = waiting.pop() {
        for other in 0..pools.len() {
            let gave = pools[place].received.iter().any(|(giver, _)| *giver == pools[other].pool);
            let together = group(place).is_some() && group(place) == group(other);
            if (gave || together) && found.insert(other) {
                waiting.push(other);
            }
        }
    }
    found
}

fn magnitude(amount: Money) -> Money {
    if amount < Money::ZERO { Money::ZERO.checked_sub(amount).unwrap_or(amount) } else { amount }
}

/// A row of the roll-up as a question to the charges.
fn wanted(end: &MonthEnd, row: usize) -> Wanted {
    let row = end.roll_up.row(row);
    let text = |dimension: &Dimension| (*dimension, row.text(*dimension).to_owned());
    let tags = end.roll_up.tags().iter().enumerate();
    Wanted {
        dimensions: Dimension::ALL.iter().map(text).collect(),
        tags: tags.map(|(place, tag)| (tag.clone(), row.tag_at(place).to_owned())).collect(),
        day: Some(row.day()),
    }
}

/// The vendor's rows behind the questions: of every part at once, and of each no more pages than the questions need.
fn rows(
    ledger: &Ledger,
    body: &CloseBody,
    wanted: &[(BillDetail, Wanted)],
    most: usize,
) -> Result<Vec<(usize, FoundCharge)>> {
    let questions: Vec<Wanted> = wanted.iter().map(|(_, wanted)| wanted.clone()).collect();
    let each = at_once(&replay::charges(ledger, body)?, threads(), |object| {
        let file = ledger.look_into(object)?;
        find(file, &questions, most).with_context(|| format!("cannot read {}", object.path()))
    })?;
    let charges = each.into_iter().flat_map(|found| found.charges);
    let mut found: Vec<(usize, FoundCharge)> =
        charges.map(|(question, charge)| (wanted[question].0.row, charge)).collect();
    let rank: BTreeMap<usize, usize> =
        wanted.iter().enumerate().map(|(rank, (detail, _))| (detail.row, rank)).collect();
    found.sort_by(|a, b| (rank.get(&a.0), &a.1.file, a.1.row).cmp(&(rank.get(&b.0), &b.1.file, b.1.row)));
    found.truncate(most);
    Ok(found)
}

fn netted(row: &Row<'_>, charge: &FoundCharge) -> bool {
    let pair = named(row.text(Dimension::Source)).and_then(|source| source.netting);
    let of_pair = pair.is_some_and(|pair| [pair.covered, pair.negation].contains(&charge.charge_type.as_str()));
    of_pair && row.sums().billed.is_zero()
}

fn explained(
    end: &MonthEnd,
    row: usize,
    charge: &FoundCharge,
    raw: &BTreeMap<(String, u64), String>,
) -> ExplainedCharge {
    let row = end.roll_up.row(row);
    let raw = raw.get(&(charge.file.clone(), charge.row)).cloned().unwrap_or_default();
    ExplainedCharge {
        file: charge.file.clone(),
        row: charge.row,
        account: row.text(Dimension::SubAccountId).to_owned(),
        resource: charge.resource_id.clone(),
        user: row.text(Dimension::UserId).to_owned(),
        sku: row.text(Dimension::SkuId).to_owned(),
        meter: row.text(Dimension::SkuMeter).to_owned(),
        day: row.day().to_string(),
        charge_type: charge.charge_type.clone(),
        currency: row.text(Dimension::BillingCurrency).to_owned(),
        // What negations took away from covered usage is in nobody's bill, so its rows show nothing.
        billed: if netted(&row, charge) { Cost::ZERO } else { charge.billed }.to_string(),
        effective: charge.effective.map(|cost| cost.to_string()).unwrap_or_default(),
        quantity: charge.quantity.to_string(),
        unit: row.text(Dimension::ConsumedUnit).to_owned(),
        raw: Untrusted::new(raw),
    }
}

/// The vendor's rows as they stand in the kept files, or why they cannot be shown.
fn raw_rows(
    ledger: &Ledger,
    body: &CloseBody,
    files: &[InboxFile],
    found: &[(usize, FoundCharge)],
) -> Result<BTreeMap<(String, u64), String>> {
    let mut by_file: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for (_, charge) in found {
        by_file.entry(&charge.file).or_default().insert(charge.row);
    }
    let by_file: Vec<(&str, BTreeSet<u64>)> = by_file.into_iter().collect();
    let raw = at_once(&by_file, threads(), |(path, wanted)| rows_of_file(ledger, body, files, path, wanted))?;
    Ok(raw.into_iter().flatten().collect())
}

fn rows_of_file(
    ledger: &Ledger,
    body: &CloseBody,
    files: &[InboxFile],
    path: &str,
    wanted: &BTreeSet<u64>,
) -> Result<Vec<((String, u64), String)>> {
    let folder = format!("inbox/{}", body.month);
    let file = files.iter().find(|file| format!("{folder}/{}", file.path) == path);
    let file = file.with_context(|| format!("{path} is not among the files of the month"))?;
    let FileLook::Table { container, encoding, .. } = file.look else { return Ok(Vec::new()) };
    if let Some(why) = replay::gone(ledger, &folder, body, file)? {
        return Ok(wanted.iter().map(|&row| ((path.to_owned(), row), format!("({why})"))).collect());
    }
    let text = plain_text(replay::open_again(ledger, &folder, body, file)?, container, encoding)?;
    let rows = lines(text, wanted, LONGEST_RAW).with_context(|| format!("cannot read {path}"))?;
    let shown = |line: &[u8]| {
        let mut text = without_secrets(&String::from_utf8_lossy(line)).into_owned();
        text.truncate(text.floor_char_boundary(LONGEST_RAW));
        text
    };
    Ok(rows.into_iter().map(|(row, line)| ((path.to_owned(), row), shown(&line))).collect())
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
