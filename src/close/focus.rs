//! The charges of a closed or drafted month as FOCUS files, out of nothing but the ledger.

use super::{FocusFiles, Stage, replay};
use crate::config;
use crate::frame::charges::{ScannedGroup, scan};
use crate::frame::focus_parquet::{FocusParquet, Values};
use crate::io::fs::Disk;
use crate::ledger::{Ledger, Object};
use crate::model::exit::{Exit, Stop};
use crate::model::money::Cost;
use crate::model::month::Month;
use crate::stages::focus::{COLUMNS, Charge, Kind, Ledgered, Totals, Value};
use anyhow::{Context, Result};
use chrono::DateTime;
use hashbrown::HashMap;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Rows that are laid beside each other before they are written.
const BATCH: usize = 1 << 14;

pub fn focus(books: &Path, month: Month, folder: &Path) -> Result<FocusFiles> {
    let ledger = Ledger::new(Disk::real(books));
    let body = replay::record_of(&ledger, month)?;
    let frozen = replay::frozen(&ledger, &body)?;
    let tags: Vec<String> = frozen.settings.state.billing_tags.iter().map(|tag| tag.name.clone()).collect();
    let objects = replay::charges(&ledger, &body)?;
    let end = replay::settled(frozen, &body, Stage::Allocate)?;
    let mut ledgered = Ledgered::new(&end.roll_up, &end.charges, month);
    let mut sums = HashMap::new();
    each(&ledger, &objects, &tags, |group| ledgered.add_pairs(group, &mut sums))?;
    ledgered.look_ahead(&sums);
    let draft = if body.state == "closed" { "" } else { "-DRAFT" };
    let names = ["csv", "parquet"].map(|end| format!("focus-{month}{draft}.{end}"));
    let disk = config::folder::made(folder)?;
    let (mut csv, mut parquet) = (disk.create(&names[0])?, disk.create(&names[1])?);
    let mut totals = Totals::default();
    let mut writing = Writing::new(BufWriter::new(&mut csv), BufWriter::new(&mut parquet))?;
    each(&ledger, &objects, &tags, |group| ledgered.charges(group, &tags, &mut totals, |charge| writing.add(charge)))?;
    writing.finish()?;
    let [billed, effective] = ledgered.expected()?;
    if billed != totals.billed || effective != totals.effective {
        let message = format!(
            "The charges of {month} come to {:?} billed and {:?} effective, and its roll-up to {billed:?} and {effective:?}. Nothing was \
             written. This is a fault of the program or of the ledger: run `chargeback verify`.",
            totals.billed, totals.effective
        );
        return Err(Stop::new(Exit::DoesNotTie, message).into());
    }
    csv.commit()?;
    parquet.commit()?;
    let text = |sums: std::collections::BTreeMap<String, Cost>| {
        sums.into_iter().map(|(currency, cost)| (currency, cost.to_string())).collect()
    };
    Ok(FocusFiles {
        files: names.map(|name| folder.join(name).to_string_lossy().into_owned()).into(),
        run: body.run,
        rows: totals.rows,
        negations_left_out: totals.left_out,
        billed: text(totals.billed),
        effective: text(totals.effective),
    })
}

fn each(
    ledger: &Ledger,
    objects: &[Object],
    tags: &[String],
    mut work: impl FnMut(&ScannedGroup) -> Result<()>,
) -> Result<()> {
    for object in objects {
        let file = ledger.look_into(object)?;
        scan(file, tags, &mut work).with_context(|| format!("cannot read {}", object.path()))?;
    }
    Ok(())
}

/// Both files on their way.
struct Writing<C: Write, P: Write> {
    csv: csv::Writer<C>,
    parquet: FocusParquet<P>,
    names: Vec<&'static str>,
    batch: Vec<Values>,
    rows: usize,
    written: bool,
}

impl<C: Write, P: Write> Writing<C, P> {
    fn new(csv: C, parquet: P) -> Result<Self> {
        let names: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
        let mut csv = csv::Writer::from_writer(csv);
        csv.write_record(&names)?;
        let parquet = FocusParquet::new(parquet);
        Ok(Self { csv, parquet, names, batch: empty(), rows: 0, written: false })
    }

    fn add(&mut self, charge: &Charge<'_>) -> Result<()> {
        let mut text = String::new();
        for (column, values) in COLUMNS.iter().zip(&mut self.batch) {
            let value = (column.of)(charge);
            text.clear();
            in_csv(&value, &mut text);
            self.csv.write_field(&text)?;
            match (values, value) {
                (Values::Texts(texts), Value::Text(text)) => texts.push(Some(text.into_owned())),
                (Values::Moments(moments), Value::Moment(at)) => moments.push(Some(at)),
                (Values::Amounts(amounts), Value::Amount(units)) => amounts.push(Some(units)),
                (Values::Counts(counts), Value::Count(count)) => counts.push(Some(count)),
                (Values::Texts(texts), _) => texts.push(None),
                (Values::Moments(moments), _) => moments.push(None),
                (Values::Amounts(amounts), _) => amounts.push(None),
                (Values::Counts(counts), _) => counts.push(None),
            }
        }
        self.csv.write_record(None::<&[u8]>)?;
        self.rows += 1;
        if self.rows == BATCH { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<()> {
        self.parquet.write(&self.names, &self.batch)?;
        self.batch = empty();
        self.rows = 0;
        self.written = true;
        Ok(())
    }

    fn finish(mut self) -> Result<()> {
        // A month without charges is a file without rows.
        if self.rows > 0 || !self.written {
            self.write()?;
        }
        self.parquet.finish()?;
        self.csv.flush().context("the FOCUS file cannot be written")
    }
}

fn empty() -> Vec<Values> {
    let values = |kind| match kind {
        Kind::Text => Values::Texts(Vec::new()),
        Kind::Moment => Values::Moments(Vec::new()),
        Kind::Amount => Values::Amounts(Vec::new()),
        Kind::Count => Values::Counts(Vec::new()),
    };
    COLUMNS.iter().map(|column| values(column.kind)).collect()
}

/// A cell as FOCUS writes it: no value is an empty cell, a moment is UTC, an amount plain decimals.
fn in_csv(value: &Value<'_>, into: &mut String) {
    match value {
        Value::None => {}
        Value::Text(text) => into.push_str(text),
        Value::Moment(at) => {
            let moment =
                DateTime::from_timestamp_millis(*at).map(|moment| moment.format("%Y-%m-%dT%H:%M:%SZ").to_string());
            into.push_str(&moment.unwrap_or_default());
        }
        Value::Amount(units) => Cost::from_units(*units).push(into),
        Value::Count(count) => into.push_str(&count.to_string()),
    }
}
