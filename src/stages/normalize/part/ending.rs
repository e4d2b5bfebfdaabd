//! How a row ends that is taken out, and how the part ends: what is said of it.

use super::*;

impl Reader<'_> {
    /// Takes the whole row out: it is kept as it stands, with what the vendor wants for it.
    pub(super) fn reject(&mut self, cells: Cells<'_>, fault: Fault) -> Result<(), NormalizeError> {
        let aligned = cells.len() == self.plan.header.len();
        let column = self.plan.vendor_cost.filter(|_| aligned);
        let cost = column.and_then(|column| amounts::needed(cells, column, &mut self.cuts).ok());
        let currency =
            Some(cells).filter(|_| aligned).and_then(|cells| self.currency.named(cells, self.roll_up.symbols_mut()));
        let at_stake = cost.zip(currency);
        self.tally.reject(at_stake).map_err(NormalizeError::Overflow)?;
        self.cuts.end_row(|cut| Some(cut) == column && at_stake.is_some()).map_err(NormalizeError::Overflow)?;
        let symbols = self.roll_up.symbols();
        let at_stake = at_stake.map(|(cost, currency)| (cost, symbols.text(currency)));
        if self.rejected.len() < MOST_REJECTED {
            let mut raw = without_secrets(&String::from_utf8_lossy(cells.line())).into_owned();
            raw.truncate(raw.floor_char_boundary(LONGEST_RAW));
            self.rejected.push(RejectedRow {
                file: self.job.file.to_owned(),
                row: cells.row(),
                column: fault.column.map_or("", |column| self.plan.name(column)).to_owned(),
                raw: Untrusted::new(raw),
                why: fault.why.clone(),
                at_stake: at_stake.map(|(cost, currency)| (cost, currency.to_owned())),
                waived: None,
            });
        }
        self.notebook.note(fault, cells.row(), at_stake);
        Ok(())
    }

    pub fn finish(
        mut self,
        sink: &mut dyn ChargeSink,
        keeper: &mut dyn PartKeeper,
    ) -> Result<PartOutcome, NormalizeError> {
        self.flush(sink)?;
        let file = self.job.file;
        let mut totals = self.tally.totals(&self.roll_up).map_err(NormalizeError::Overflow)?;
        let symbols = self.roll_up.symbols();
        totals.cut_off = self.cuts.by_name(&self.plan);
        let uses = &self.tally.commitments;
        let commitments = uses.iter().map(|(&id, &used)| (symbols.text(id).to_owned(), used)).collect();
        let (rows, costs) = &self.tally.without_invoice;
        let without_invoice = (*rows, costs.by_text(symbols));
        let uncommitted = self.tally.uncommitted.by_text(symbols);
        let discounts = &self.tally.discounts;
        let discounts = discounts.iter().map(|(currency, &sums)| (symbols.text(currency).to_owned(), sums)).collect();
        let day = self.plan.charge_start.map_or("", |column| self.plan.name(column));
        let earlier = self.earlier.finding(file, day, self.job.month, symbols);
        let mut findings = self.notebook.into_findings(file, &self.plan);
        findings.extend(earlier);
        findings.extend(self.plan.notes.iter().cloned());
        let with_ids = self.plan.row_id.map(|column| self.plan.name(column));
        let repeated = self.seen.finish(|id| if with_ids.is_some() { keeper.row_id(id) } else { Ok(()) });
        let repeated = repeated.map_err(unkept)?;
        findings.extend(match with_ids {
            Some(column) => repeated.ids_twice(file, column),
            None => repeated.rows_repeated(file, self.job.repeated_rows_limit),
        });
        keeper.roll_up(self.roll_up.finish()?).map_err(NormalizeError::Write)?;
        Finding::sort(&mut findings);
        Ok(PartOutcome {
            file: file.to_owned(),
            totals,
            rejected: self.rejected,
            findings,
            commitments,
            without_invoice,
            uncommitted,
            discounts,
            content: self.content.text(),
            ..PartOutcome::default()
        })
    }
}
