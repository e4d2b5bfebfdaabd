//! One part of a version, row by row: a row becomes its charges, is left out with a reason, or is rejected whole.
//!
//! Nothing is allocated for a usual row. Texts are symbols after one lookup, amounts are read from the bytes where they
//! lie, and columns that nobody reads are never looked at.

mod by_rule;
mod ending;
mod moments;
mod sums;

use super::amounts::{self, Cuts, Stop, VendorCost};
use super::cells::{Account, Currency, Moment, Moments, TagReader, TagTrouble, Texts};
use super::dictionary::{Memo, is_null};
use super::earlier::EarlierUsage;
use super::fingerprint::{Content, fingerprint};
use super::kept::PartKeeper;
use super::notebook::Notebook;
use super::plan::{Cell, Plan, PlannedAmount, PlannedCharge};
use super::refusals::{self, Fault};
use super::repeats::Seen;
use super::selection::Selection;
use super::tally::{RowCosts, Tally};
use super::{NormalizeError, PartJob};
use crate::frame::charges::{ChargeBatch, ChargePlace, ChargeSink};
use crate::frame::delimited::{Cells, Record, Scanner, undoubled};
use crate::frame::older_text::of_older_encoding;
use crate::model::charge::Dimension;
use crate::model::finding::Finding;
use crate::model::money::{Cost, Overflow};
use crate::model::month_end::RejectedRow;
use crate::model::part_outcome::{CommitmentUse, Discounts, PartOutcome};
use crate::model::roll_up::{RollUpBuilder, Sums, Symbol};
use crate::model::secrets::{is_suspicious, masked, without_secrets};
use crate::model::untrusted::Untrusted;
use crate::sources::{Amount, ChargeRule, Is};
use by_rule::{ByRule, RuleTexts};
use sums::{describe, sums_of};

/// Rejected rows kept whole; further ones are counted.
const MOST_REJECTED: usize = 1000;
/// Bytes of a rejected row that are kept.
const LONGEST_RAW: usize = 16 << 10;
/// Why no row of a source counts that the settings call so.
const USAGE_ONLY: &str = "the settings declare the source usage-only: another one bills it";
/// What doubles leave of a sum: 3.6300000000000003.
const NOISE: Cost = Cost::from_units(1_000_000_000);
const DAY: i64 = 24 * 60 * 60 * 1000;

pub struct Reader<'a> {
    job: &'a PartJob<'a>,
    plan: Plan,
    header_line: Vec<u8>,
    selection: Selection,
    rule_texts: Vec<Vec<RuleTexts>>,
    correction: Symbol,
    /// The file has quantities and no money, so no currency either.
    only_counts: bool,
    /// The dimensions that a rule writes; the others come from columns.
    by_rule: ByRule,
    key: Vec<Symbol>,
    /// The costs of the row's charges while it is read.
    made: Vec<Option<Sums>>,
    texts: Texts,
    accounts: [Account; 2],
    currency: Currency,
    start: Option<Moments>,
    end: Option<Moments>,
    period: Option<Moments>,
    period_end: Option<Moments>,
    tags: TagReader,
    watched: Vec<Memo<bool>>,
    earlier: EarlierUsage,
    notebook: Notebook,
    tally: Tally,
    /// For each charge that is not yet in the roll-up what the vendor wants for its row, where it is the row's first.
    first_of: Vec<Option<Cost>>,
    cuts: Cuts,
    roll_up: RollUpBuilder,
    batch: ChargeBatch,
    rejected: Vec<RejectedRow>,
    content: Content,
    seen: Seen,
}

impl<'a> Reader<'a> {
    pub fn new(job: &'a PartJob<'a>, plan: Plan, header_line: &[u8]) -> Self {
        let tags: Vec<String> = job.billing_tags.iter().map(|tag| tag.name.clone()).collect();
        let stride = Dimension::ALL.len() + tags.len();
        let mut roll_up = RollUpBuilder::new(tags);
        let symbols = roll_up.symbols_mut();
        let mut key = vec![Symbol::EMPTY; stride];
        let texts = Texts::new(&plan, job.file, &mut key, symbols);
        let rule_texts = plan
            .rules
            .iter()
            .map(|rule| {
                let made = rule.charges.iter().map(|charge| RuleTexts {
                    category: symbols.intern(charge.made.category.text()),
                    frequency: symbols.intern(charge.made.frequency),
                    pricing: symbols.intern(charge.made.pricing),
                    status: symbols.intern(charge.made.commitment_status),
                    counts: charge
                        .made
                        .counts
                        .map(|counts| (symbols.intern(counts.meter), symbols.intern(counts.unit))),
                });
                made.collect()
            })
            .collect();
        let correction = symbols.intern("Correction");
        let by_rule = ByRule::new(&plan);
        let currency = Currency::new(&plan, (job.currency, &job.convertible), job.currency_of_file, symbols);
        let formats = job.date_formats();
        Self {
            selection: Selection::new(&plan),
            rule_texts,
            correction,
            only_counts: plan.source.only_counts(),
            by_rule,
            key,
            made: Vec::new(),
            texts,
            accounts: [Account::new(&plan, Dimension::BillingAccountId), Account::new(&plan, Dimension::SubAccountId)],
            currency,
            start: plan.charge_start.map(|column| Moments::new(column, &formats)),
            end: plan.charge_end.map(|column| Moments::new(column, &formats)),
            period: plan.billing_period_start.map(|column| Moments::new(column, &formats)),
            period_end: plan.billing_period_end.map(|column| Moments::new(column, &formats)),
            tags: TagReader::new(&plan, job.billing_tags),
            watched: plan.watched.iter().map(|_| Memo::default()).collect(),
            earlier: EarlierUsage::default(),
            notebook: Notebook::default(),
            tally: Tally::default(),
            first_of: Vec::new(),
            cuts: Cuts::of(&plan),
            roll_up,
            batch: ChargeBatch::new(stride),
            rejected: Vec::new(),
            content: Content::default(),
            seen: Seen::default(),
            header_line: header_line.to_vec(),
            job,
            plan,
        }
    }

    /// Reads rows that lie side by side, and hands on a batch when it is full, and the roll-up when it has grown too large
    /// to be held.
    pub fn rows<'b>(
        &mut self,
        rows: impl Iterator<Item = Cells<'b>> + Clone,
        sink: &mut dyn ChargeSink,
        keeper: &mut dyn PartKeeper,
    ) -> Result<(), NormalizeError> {
        self.texts.look_ahead(rows.clone());
        rows.into_iter().try_for_each(|cells| self.row(cells, keeper))?;
        self.settle().map_err(NormalizeError::Overflow)?;
        if self.roll_up.len() >= keeper.most_rows() {
            self.tally.close_rows(&self.roll_up)?;
            keeper.roll_up(self.roll_up.take_rows()?).map_err(NormalizeError::Write)?;
        }
        if self.batch.is_full() { self.flush(sink) } else { Ok(()) }
    }

    /// Adds the rows' charges to the batch and to the roll-up.
    fn settle(&mut self) -> Result<(), Overflow> {
        let Self { roll_up, tally, first_of, batch, .. } = self;
        let (keys, sums) = roll_up.taken();
        batch.values(keys, sums);
        let mut firsts = first_of.drain(..);
        roll_up.settle(|at| match firsts.next().flatten() {
            Some(vendor) => tally.place(at, vendor),
            None => Ok(()),
        })
    }

    fn row(&mut self, cells: Cells<'_>, keeper: &mut dyn PartKeeper) -> Result<(), NormalizeError> {
        if !cells.is_ascii()
            && let Some(text) = of_older_encoding(cells.line())
        {
            return self.row_of_older_encoding(&text, cells.row(), keeper);
        }
        self.tally.rows_read += 1;
        let line = fingerprint(cells.line());
        self.content.add(line);
        match self.plan.row_id {
            Some(column) => {
                let id = cells.raw(column);
                if !id.is_empty() {
                    self.seen.push(fingerprint(id), cells.row(), keeper).map_err(unkept)?;
                }
            }
            None => self.seen.push(line, cells.row(), keeper).map_err(unkept)?,
        }
        match self.charges(cells) {
            Ok(()) => self.cuts.end_row(|_| true).map_err(NormalizeError::Overflow)?,
            Err(Stop::Fault(fault)) => self.reject(cells, fault)?,
            Err(Stop::Overflow) => return Err(NormalizeError::Overflow(Overflow)),
        }
        Ok(())
    }

    /// A row as UTF-8 that was none in the file: rare enough to be taken apart by itself.
    fn row_of_older_encoding(
        &mut self,
        text: &str,
        row: u64,
        keeper: &mut dyn PartKeeper,
    ) -> Result<(), NormalizeError> {
        let mut scanner = Scanner::new(text.as_bytes(), self.job.delimiter);
        let mut record = Record::default();
        // No letter is a delimiter or a quote, so the cells are those that were found before.
        if scanner.next(&mut record).unwrap_or(false) {
            record.row = row;
            let cells = scanner.cells(&record);
            for column in (0..cells.len()).filter(|&column| !cells.raw(column).is_ascii()) {
                self.notebook.note(refusals::older_text(column, cells.raw(column)), row, None);
            }
            self.row(cells, keeper)?;
        }
        Ok(())
    }

    fn flush(&mut self, sink: &mut dyn ChargeSink) -> Result<(), NormalizeError> {
        if !self.batch.is_empty() {
            sink.take(&self.batch, self.roll_up.symbols()).map_err(NormalizeError::Write)?;
            self.batch.clear();
        }
        Ok(())
    }

    fn charges(&mut self, cells: Cells<'_>) -> Result<(), Stop> {
        self.check_shape(cells)?;
        if self.is_filtered(cells)? {
            return Ok(());
        }
        let rule = self.selection.rule(cells);
        if let Some(without_cost) = self.left_out_without_cost(rule, cells) {
            return Ok(self.tally.leave_out(without_cost, Cost::ZERO, Symbol::EMPTY)?);
        }
        let cost = VendorCost::read(&self.plan, cells, &mut self.cuts)?;
        let currency =
            if self.only_counts { Symbol::EMPTY } else { self.currency.read(cells, self.roll_up.symbols_mut())? };
        if cells.len() < self.plan.header.len() {
            let at_stake = Some((cost.invoiced(), self.roll_up.symbols().text(currency)));
            self.notebook.note(refusals::narrow(cells.len(), &self.plan.header), cells.row(), at_stake);
        }
        self.key[Dimension::BillingCurrency as usize] = currency;
        for account in &mut self.accounts {
            account.read(cells, &mut self.key, self.roll_up.symbols_mut())?;
        }
        let metered = self.plan.rules[rule].charges.iter().any(|charge| charge.made.quantity);
        let (start, end) = self.moments(cells, metered)?;
        self.read_texts(cells, &cost, currency);
        self.make(cells, rule, &cost, start, end)?;
        self.compare_with_net(rule, &cost, currency)
    }

    /// Adds up what a version with net costs says of its discounts in both ways.
    fn compare_with_net(&mut self, rule: usize, cost: &VendorCost, currency: Symbol) -> Result<(), Stop> {
        let charges = &self.plan.rules[rule].charges;
        if self.plan.net_cost.is_none() || charges.is_empty() {
            return Ok(());
        }
        let in_a_row = charges.iter().any(|charge| matches!(charge.made.billed, Amount::Discount));
        let invoiced = if in_a_row { cost.discount() } else { cost.invoiced() };
        let rows = if in_a_row { cost.gross } else { Cost::ZERO };
        let beyond_rows = cost.gross.checked_sub(invoiced)?;
        self.tally.discounts.of(currency).add(&Discounts { rows, beyond_rows })?;
        Ok(())
    }

    /// Why a row with a blank cost is left out, where the vendor writes such rows.
    fn left_out_without_cost(&self, rule: usize, cells: Cells<'_>) -> Option<&'static str> {
        let planned_for = |rule: &&ChargeRule| rule.when.iter().any(|(_, is)| matches!(is, Is::Blank));
        let rule = self.plan.rules[rule].rule.filter(|rule| rule.charges.is_empty()).filter(planned_for)?;
        self.plan.vendor_cost.filter(|&column| is_blank(cells.raw(column))).map(|_| rule.left_out)
    }

    /// Faults of the row as a whole.
    fn check_shape(&self, cells: Cells<'_>) -> Result<(), Fault> {
        let line = cells.line();
        if line == self.header_line {
            return Err(refusals::header_again(line));
        }
        if cells.len() != self.plan.header.len() && self.job.row_width != Some(cells.len()) {
            return Err(refusals::width(cells.len(), self.plan.header.len(), line));
        }
        if !cells.is_ascii() && std::str::from_utf8(line).is_err() {
            let column = (0..cells.len()).find(|&column| std::str::from_utf8(cells.raw(column)).is_err());
            let column = column.unwrap_or_default();
            return Err(refusals::not_text(column, cells.raw(column)));
        }
        if self.plan.vendor_cost.is_none_or(|column| cells.raw(column).is_empty())
            && (0..cells.len()).all(|column| cells.raw(column).trim_ascii().is_empty())
        {
            return Err(refusals::no_content(line));
        }
        Ok(())
    }

    /// Whether the settings or a mapping's filter leave the row out: it need hold nothing then that a charge must, as a
    /// line of totals does not.
    fn is_filtered(&mut self, cells: Cells<'_>) -> Result<bool, Overflow> {
        let left_out = if self.job.usage_only {
            USAGE_ONLY
        } else if self.plan.source.mapping().is_none() {
            return Ok(false);
        } else {
            let rule = self.selection.rule(cells);
            let rule = self.plan.rules[rule].rule.filter(|rule| rule.charges.is_empty());
            let Some(rule) = rule else { return Ok(false) };
            rule.left_out
        };
        let cost = self.plan.vendor_cost.and_then(|column| amounts::needed(cells, column, &mut self.cuts).ok());
        // Of another currency or of none only the row is counted: amounts of two currencies are never added.
        let books = self.roll_up.symbols_mut().intern(self.job.currency);
        let named = self.currency.named(cells, self.roll_up.symbols_mut());
        let cost = cost.filter(|_| named == Some(books)).unwrap_or_default();
        self.tally.leave_out(left_out, cost, books)?;
        Ok(true)
    }

    /// Dimensions and tags, and what is to be told about them.
    fn read_texts(&mut self, cells: Cells<'_>, cost: &VendorCost, currency: Symbol) {
        let Self { texts, tags, key, roll_up, notebook, job, .. } = self;
        let symbols = roll_up.symbols_mut();
        let row = cells.row();
        texts.read(cells, key, symbols, |column, shown| notebook.note(refusals::secret(column, shown), row, None));
        let at_stake = cost.invoiced();
        tags.read(cells, job.billing_tags, &mut key[Dimension::ALL.len()..], symbols, |trouble, symbols| {
            let (fault, at_stake) = match trouble {
                TagTrouble::Unreadable(column, why) => {
                    (refusals::tag_text(column, &undoubled(cells.raw(column)), why), Some(at_stake))
                }
                TagTrouble::Disagree(place, column) => {
                    let name = job.billing_tags.get(place).map_or("", |tag| &tag.name);
                    (refusals::tags_disagree(column, &undoubled(cells.raw(column)), name), Some(at_stake))
                }
                TagTrouble::Secret(column, shown) => (refusals::secret(column, symbols.text(shown)), None),
            };
            notebook.note(fault, row, at_stake.map(|cost| (cost, symbols.text(currency))));
        });
    }

    /// The row's charges by its rule.
    fn make(&mut self, cells: Cells<'_>, rule: usize, cost: &VendorCost, start: Moment, end: i64) -> Result<(), Stop> {
        let currency = self.key[Dimension::BillingCurrency as usize];
        let planned = &self.plan.rules[rule];
        if let Some(left_out) = planned.rule.filter(|rule| rule.charges.is_empty()) {
            return Ok(self.tally.leave_out(left_out.left_out, cost.gross, currency)?);
        }
        if planned.rule.is_none() {
            let column = self.plan.selectors.first().copied().flatten();
            let cell = column.map_or(&b""[..], |column| cells.raw(column));
            let at_stake = Some((cost.invoiced(), self.roll_up.symbols().text(currency)));
            self.notebook.note(refusals::unknown_type(column, &undoubled(cell)), cells.row(), at_stake);
        }
        self.watch(cells, cost, currency);
        self.add_up(cells, currency)?;
        let planned = &self.plan.rules[rule];
        // Everything that can refuse the row comes before the first charge is counted.
        self.made.clear();
        for charge in &planned.charges {
            let told = (&mut self.notebook, &mut self.cuts);
            self.made.push(sums_of(&self.plan, charge, cells, cost, self.roll_up.symbols().text(currency), told)?);
        }
        let owed = amounts::owed(planned.owed, cells, cost, &mut self.cuts)?;
        let description = self.plan.description.filter(|&column| is_suspicious(cells.raw(column))).and_then(|column| {
            let shown = masked(&String::from_utf8_lossy(&undoubled(cells.raw(column))))?;
            self.notebook.note(refusals::secret(column, &shown), cells.row(), None);
            Some(shown)
        });
        let commitment = self.key[Dimension::CommitmentDiscountId as usize];
        let late = start.day < self.job.month.first_day();
        let mut costs = RowCosts { vendor: cost.gross, ..RowCosts::default() };
        let mut committed = false;
        for ((charge, texts), sums) in planned.charges.iter().zip(&self.rule_texts[rule]).zip(&self.made) {
            let Some(sums) = sums else { continue };
            let key = &mut self.key;
            let class = if charge.made.correction || late { self.correction } else { Symbol::EMPTY };
            self.by_rule.write(key, [texts.category, class, texts.frequency, texts.pricing, texts.status]);
            if let Some((meter, unit)) = texts.counts {
                let counted = self.tally.counted.entry(meter).or_default();
                *counted = counted.checked_add(sums.quantity)?;
                key[Dimension::SkuMeter as usize] = meter;
                key[Dimension::ConsumedUnit as usize] = unit;
            }
            self.roll_up.take(key, start.day, sums);
            self.first_of.push((!costs.charged).then_some(costs.vendor));
            costs.charged = true;
            self.batch.place(ChargePlace { start: start.milliseconds, end, row: cells.row() });
            describe(&mut self.batch, &self.plan, cells, description.as_deref());
            costs.billed = costs.billed.checked_add(sums.billed)?;
            costs.effective = costs.effective.checked_add(sums.effective.unwrap_or_default())?;
            costs.without_effective |= sums.effective.is_none();
            committed |= charge.made.pricing == "Committed";
            if !charge.made.commitment_status.is_empty() && commitment != Symbol::EMPTY && !self.job.net {
                let used = self.tally.commitments.entry(commitment).or_default();
                used.consumed = used.consumed.checked_add(sums.effective.unwrap_or_default())?;
            }
        }
        if late && planned.charges.iter().any(|charge| charge.made.quantity) {
            self.earlier.add(cells.row(), start.day, costs.billed, currency)?;
        }
        if let Some(owed) = owed.filter(|_| commitment != Symbol::EMPTY && !self.job.net) {
            let owing = CommitmentUse { consumed: Cost::ZERO, owed: Some(owed) };
            self.tally.commitments.entry(commitment).or_default().add(&owing)?;
        }
        Ok(self.count(&costs, committed)?)
    }

    /// Columns in which any value is something to tell.
    fn watch(&mut self, cells: Cells<'_>, cost: &VendorCost, currency: Symbol) {
        for (&(column, watched), memo) in self.plan.watched.iter().zip(&mut self.watched) {
            let cell = cells.raw(column);
            if !cell.is_empty() && memo.get(cell, |text| !is_null(text)) {
                let at_stake = Some((cost.invoiced(), self.roll_up.symbols().text(currency)));
                self.notebook.note(refusals::watched(column, &undoubled(cell), watched), cells.row(), at_stake);
            }
        }
    }

    /// Gross less discount is net, but for the noise of doubles.
    fn add_up(&mut self, cells: Cells<'_>, currency: Symbol) -> Result<(), Stop> {
        let Some([gross, less, net]) = self.plan.adds_up else { return Ok(()) };
        let amount = |column| amounts::optional(cells, column, &mut Cuts::default());
        // Of a cell that is no number its own reader tells; a blank discount is none.
        let (Ok(Some(gross)), Ok(less), Ok(Some(billed))) = (amount(gross), amount(less), amount(net)) else {
            return Ok(());
        };
        let less = less.unwrap_or_default();
        let rest = gross.checked_sub(less)?.checked_sub(billed)?;
        if rest.magnitude() > NOISE {
            let fault = refusals::discount_differs(net, &undoubled(cells.raw(net)), (gross, less), rest);
            self.notebook.note(fault, cells.row(), Some((rest, self.roll_up.symbols().text(currency))));
        }
        Ok(())
    }

    fn count(&mut self, costs: &RowCosts, committed: bool) -> Result<(), Overflow> {
        let symbol = |dimension: Dimension| self.key[dimension as usize];
        let (invoice, currency) = (symbol(Dimension::InvoiceId), symbol(Dimension::BillingCurrency));
        self.tally.accept(&self.key, costs)?;
        if self.plan.source.invoice_id_when_final && invoice == Symbol::EMPTY {
            self.tally.without_invoice.0 += 1;
            self.tally.without_invoice.1.add(currency, costs.billed)?;
        }
        if !committed {
            self.tally.uncommitted.add(currency, costs.vendor)?;
        }
        Ok(())
    }
}

fn unkept(error: std::io::Error) -> NormalizeError {
    NormalizeError::Write(error.into())
}

fn is_blank(cell: &[u8]) -> bool {
    cell.is_empty() || cell.len() < 40 && std::str::from_utf8(cell).is_ok_and(is_null)
}
