//! A version read through, by itself or as a month reads it, and what is said of it.

use super::super::delivery::Delivery;
use super::super::parts;
use super::given::Given;
use super::report::{SniffedCosts, SniffedGroup, SniffedSet};
use crate::frame::charges::NoSink;
use crate::frame::delimited::{Record, ScanError, Scanner};
use crate::io::container;
use crate::model::charge::Dimension;
use crate::model::finding::Finding;
use crate::model::intake::{Directory, FileLook, InboxFile, Intake, SourceVersion, View};
use crate::model::money::{Cost, Exact};
use crate::model::month::Month;
use crate::model::proof::{ControlTotals, Subtotal};
use crate::model::settings::{Settings, State};
use crate::sources::{SourceDefinition, Text};
use crate::stages::ingest;
use crate::stages::normalize::{ConcludedVersion, conclude_version, normalize_part, stopped};
use anyhow::{Context, Result};
use std::collections::BTreeMap;

/// Decimals that any input may have.
const MOST_DECIMALS: u32 = 60;

pub struct Asked<'a> {
    pub given: &'a Given,
    pub state: &'a State,
    pub files: &'a [InboxFile],
    pub source: &'static SourceDefinition,
}

pub struct Read {
    pub concluded: ConcludedVersion,
    /// Before covered usage is netted with its negations.
    pub before: ControlTotals,
    pub findings: Vec<Finding>,
    /// A fingerprint of all rows.
    pub content: String,
}

impl Asked<'_> {
    pub fn read(&self, version: &SourceVersion, view: View) -> Result<Read> {
        let version = SourceVersion { view, ..version.clone() };
        let settings = settings(self.state, &currency_of(self.source, self.files));
        let folder = format!("inbox/{}", version.month);
        let delivery = Delivery {
            files: self.files.to_vec(),
            intake: Intake { versions: vec![version.clone()], tables: Vec::new() },
            directory: Directory::default(),
            findings: Vec::new(),
        };
        let open = |file: &InboxFile| self.given.open(file);
        let mut outcomes = Vec::new();
        let mut before = ControlTotals { effective: Some(BTreeMap::new()), ..ControlTotals::default() };
        for part in parts::plan(&folder, &settings, &delivery, &open)? {
            let mut text = part.text(open(part.file)?).with_context(|| format!("cannot read {}", part.path))?;
            let outcome = normalize_part(&part.job(&settings), &mut text, &mut NoSink);
            let outcome = outcome.map_err(|error| parts::stopped(&part.path, error, None))?;
            before.add(&outcome.totals)?;
            outcomes.push(outcome);
        }
        let mut contents: Vec<String> = outcomes.iter().map(|part| part.content.clone()).collect();
        contents.sort();
        let concluded = conclude_version(&version, outcomes, &settings)?;
        let findings = concluded.findings.clone();
        Ok(Read { concluded, before, findings, content: contents.join(" ") })
    }
}

impl Read {
    /// What a month is billed of it.
    pub fn adds(&self) -> BTreeMap<String, SniffedCosts> {
        let totals = &self.concluded.totals.totals;
        let effective =
            |currency: &String| totals.effective.as_ref().map(|costs| costs.get(currency).copied().unwrap_or_default());
        let costs = |(currency, &billed): (&String, &Cost)| {
            (currency.clone(), SniffedCosts { billed, effective: effective(currency) })
        };
        totals.billed.iter().filter(|(currency, _)| !currency.is_empty()).map(costs).collect()
    }
}

/// The settings that a file is read with: those of no books know its currency.
pub fn settings(state: &State, currency: &str) -> Settings {
    let currency = if currency.is_empty() { state.currency.clone() } else { currency.to_owned() };
    Settings { state: State { currency, ..state.clone() }, ..Settings::default() }
}

/// What the first rows are in.
fn currency_of(source: &SourceDefinition, files: &[InboxFile]) -> String {
    let column = source.dimensions.iter().find_map(|(dimension, text)| match text {
        Text::Column(names) if *dimension == Dimension::BillingCurrency => Some(*names),
        _ => None,
    });
    let Some(names) = column else { return String::new() };
    let of_file = |file: &InboxFile| {
        let FileLook::Table { header, first_rows, .. } = &file.look else { return None };
        let column =
            header.iter().position(|name| names.iter().any(|wanted| source.fold(wanted) == source.fold(name)))?;
        let cells = first_rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.trim().to_uppercase());
        cells.into_iter().find(|cell| cell.len() == 3 && cell.bytes().all(|byte| byte.is_ascii_uppercase()))
    };
    files.iter().find_map(of_file).unwrap_or_default()
}

/// What is said of a set that was read.
pub fn fill(said: &mut SniffedSet, source: &SourceDefinition, read: &Read) {
    let totals = &read.before;
    let tells_billed = said.view != "amortized";
    said.rows = totals.rows_read;
    said.rows_rejected = totals.rows_rejected;
    said.rows_left_out = totals.rows_left_out.values().map(|(rows, _)| rows).sum();
    let money = !source.only_counts();
    let remainder = |names: &[&str]| {
        let is_one = |column: &str| names.iter().any(|name| source.fold(name) == source.fold(column));
        let cut = totals.cut_off.iter().filter(|(column, _)| is_one(column));
        cut.fold(Exact::zero(), |sum, (_, cut)| sum.plus(&cut.remainder.exact()))
    };
    // What the eighteenth decimal cut off belongs to the one currency there is.
    let texts = |costs: &BTreeMap<String, Cost>, cut: &Exact| -> BTreeMap<String, String> {
        let of =
            |cost: &Cost| if costs.len() == 1 { cost.exact().plus(cut).shown(MOST_DECIMALS) } else { cost.to_string() };
        costs.iter().map(|(currency, cost)| (currency.clone(), of(cost))).collect()
    };
    if money {
        let billed_cut = remainder(source.vendor_cost);
        said.cost_by_currency = texts(&totals.vendor_cost, &billed_cut);
        said.billed_by_currency = tells_billed.then(|| texts(&totals.billed, &billed_cut));
        let effective_cut = remainder(&["EffectiveCost"]);
        said.effective_by_currency = totals.effective.as_ref().map(|costs| texts(costs, &effective_cut));
        said.effective_total = match &said.effective_by_currency {
            Some(costs) if costs.len() == 1 => costs.values().next().cloned(),
            _ => None,
        };
    }
    let knows_effective = totals.effective.is_some();
    let group = |subtotal: &Subtotal| SniffedGroup {
        rows: subtotal.rows,
        cost: subtotal.vendor_cost,
        billed: tells_billed.then_some(subtotal.billed),
        effective: knows_effective.then_some(subtotal.effective),
    };
    let groups = |groups: &BTreeMap<String, Subtotal>| {
        groups.iter().map(|(name, subtotal)| (name.clone(), group(subtotal))).collect()
    };
    said.by_charge_type = groups(&totals.by_charge_type);
    said.by_account = groups(&totals.by_account);
    said.counted.clone_from(&totals.counted);
}

/// The month that its first rows say, or else a folder on the way to it.
pub fn month_of(source: &'static SourceDefinition, file: &InboxFile) -> Option<Month> {
    let FileLook::Table { header, first_rows, .. } = &file.look else { return None };
    ingest::month_of_rows(source, header, first_rows)
        .or_else(|| ingest::month_folder(&file.path).map(|(_, month)| month))
}

pub fn view_of(source: &'static SourceDefinition, files: &[InboxFile]) -> View {
    let Some(views) = source.delivery.views else { return View::Only };
    let proved = files.iter().find_map(|file| {
        let FileLook::Table { header, first_rows, .. } = &file.look else { return None };
        views.proved_by(source.vendor_cost, header, first_rows)
    });
    let path = files[0].path.to_lowercase();
    let named = || views.amortized.in_name.iter().any(|part| path.contains(part));
    match proved {
        Some(side) if side.kind == views.amortized.kind => View::AmortizedAlone,
        None if named() => View::AmortizedAlone,
        _ => View::ActualAlone,
    }
}

/// Rows below the header of a table that is no charges, and why they could not be counted to the end.
pub fn rows(given: &Given, file: &InboxFile) -> Result<(u64, Option<Finding>)> {
    let FileLook::Table { delimiter, .. } = file.look else { return Ok((0, None)) };
    let mut scanner = Scanner::new(given.open_text(file)?, delimiter);
    let mut record = Record::default();
    let mut rows = 0_u64;
    loop {
        match scanner.next(&mut record) {
            Ok(true) if record.is_empty() => {}
            Ok(true) => rows += 1,
            Ok(false) => return Ok((rows.saturating_sub(1), None)),
            Err(ScanError::Read(error)) if container::is_of_disk(&error) => {
                return Err(error).with_context(|| format!("cannot read {}", file.path));
            }
            Err(error) => {
                let finding = stopped(&file.path, error).map_err(|error| parts::stopped(&file.path, error, None))?;
                return Ok((rows.saturating_sub(1), Some(finding)));
            }
        }
    }
}
