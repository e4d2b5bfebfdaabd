//! The stages on the roll-up, one after the other, in memory: thousands of rows, so they are run again rather than kept.

use super::Stage;
use super::gates;
use super::outputs::Kept;
use crate::ledger::at_once;
use crate::model::bill::{BillLine, Bills, Rated};
use crate::model::charge::CostBasis;
use crate::model::credits::CreditsGone;
use crate::model::finding::{Code, Finding, Place};
use crate::model::intake::Directory;
use crate::model::journal_entry::Side;
use crate::model::money::{Cost, Money, Overflow, Quantity};
use crate::model::month::Month;
use crate::model::month_end::{MonthEnd, Normalized, Standing};
use crate::model::past::{Carried, Past};
use crate::model::proof::LawResult;
use crate::model::roll_up::RollUp;
use crate::model::settings::{DriverValue, Settings};
use crate::stages::allocate::{adjust, allocate};
use crate::stages::export::{self, Piece};
use crate::stages::journal::journal;
use crate::stages::rate::{measures, rate};
use crate::stages::reconcile;
use anyhow::{Context, Result};

/// What the stages on the roll-up work on.
#[derive(Clone, Debug)]
pub struct Opened {
    pub month: Month,
    pub run: String,
    pub standing: Standing,
    pub settings: Settings,
    pub configuration: String,
    pub directory: Directory,
    pub normalized: Normalized,
    /// What the close before left.
    pub carried: Carried,
    /// Closed bill lines that adjustments correct.
    pub corrected: Vec<BillLine>,
    /// What was found before normalize.
    pub findings: Vec<Finding>,
}

/// Where a test may plant a wrong cent.
pub trait Plant: Sync {
    fn after_normalize(&self, _: &mut Opened) {}
    fn after_rate(&self, _: &mut Rated) {}
    fn after_allocate(&self, _: &mut MonthEnd) {}
    fn after_journal(&self, _: &mut MonthEnd) {}
    /// What becomes of a file before it is read back.
    fn after_export(&self, _path: &str) -> Option<fn(Vec<u8>) -> Vec<u8>> {
        None
    }
}

/// Nothing is planted.
pub struct NoPlant;

impl Plant for NoPlant {}

/// Runs the stages from rate up to one of them, and says which it reached: where charges have no rate there is nothing to
/// allocate. What a stage that was not run would have made is empty.
pub fn settle(mut opened: Opened, until: Stage, plant: &dyn Plant) -> Result<(MonthEnd, Stage)> {
    plant.after_normalize(&mut opened);
    let Opened { month, run, standing, settings, configuration, directory, normalized, carried, corrected, findings } =
        opened;
    let Normalized { roll_up, versions, rejected, findings: of_normalize } = normalized;
    let mut end = MonthEnd {
        month,
        run,
        standing,
        settings,
        configuration,
        directory: directory.below(&format!("inbox/{month}")),
        roll_up,
        versions,
        rejected,
        charges: Vec::new(),
        vendors: Vec::new(),
        bills: Bills::default(),
        journals: Vec::new(),
        past: Past::default(),
        usage_logs: Vec::new(),
        tie_outs: Vec::new(),
        laws: Vec::new(),
        gates: Vec::new(),
        findings,
    };
    end.findings.extend(of_normalize);
    if until < Stage::Rate {
        return Ok((sorted(end), until));
    }
    let mut rated = rate(&end.roll_up, &end.directory, &end.settings, month);
    plant.after_rate(&mut rated);
    end.findings.append(&mut rated.findings);
    let (measured, findings) = measures(&end.roll_up, &end.directory, &end.settings, month);
    end.settings.drivers.extend(measured.iter().cloned());
    end.findings.extend(findings);
    if until < Stage::Allocate || stops(&end.findings) {
        end.charges = rated.charges;
        return Ok((sorted(end), Stage::Rate));
    }
    let (vendors, findings) = reconcile::vendors(&end.roll_up, &rated, &end.settings, month);
    end.findings.extend(findings);
    let (usage_logs, findings) = reconcile::usage_logs(&end.roll_up, &end.settings, month)?;
    end.usage_logs = usage_logs;
    end.findings.extend(findings);
    count_on(&mut end.settings, &carried, month);
    let (past, findings) = reconcile::late(carried, corrected, &end.settings, month);
    end.findings.extend(findings);
    end.findings.extend(reconcile::still_open(&past, &end.settings)?);
    end.past = past;
    let allocated = allocate(&end.roll_up, rated, &vendors, &end.settings, month);
    (end.charges, end.bills, end.vendors) = (allocated.charges, allocated.bills, vendors);
    end.bills.measured = measured;
    end.findings.extend(allocated.findings);
    end.findings.extend(adjust(&end.roll_up, &mut end.bills, &end.past, &end.settings, month));
    plant.after_allocate(&mut end);
    end.past.bridge = reconcile::bridge(&end)?;
    if until < Stage::Reconcile {
        return Ok((sorted(end), Stage::Allocate));
    }
    let made = journal(&end.bills, &end.charges, &end.vendors, &end.past, &end.settings, month);
    end.journals = made.entries;
    end.findings.extend(made.findings);
    plant.after_journal(&mut end);
    prove(&mut end)?;
    Ok((sorted(end), Stage::Reconcile))
}

/// What closed months have counted, from their records: units of rates, dollars of subsidies, credits that are gone, and
/// the measures that the settings still have.
fn count_on(settings: &mut Settings, carried: &Carried, month: Month) {
    let starts = settings.state.fiscal_year_starts;
    settings.counters.extend(carried.counters(month, starts));
    settings.subsidised.extend(carried.subsidised(month, starts));
    let gone = |(grant, credits): (&String, &Quantity)| CreditsGone { grant: grant.clone(), credits: *credits };
    settings.credits_gone.extend(carried.credits.iter().map(gone));
    let is_known = |value: &&DriverValue| settings.state.measures.iter().any(|measure| measure.name == value.driver);
    let before = carried.measured.iter().filter(|value| value.month < month).filter(is_known);
    let before: Vec<DriverValue> = before.cloned().collect();
    settings.drivers.extend(before);
}

/// Whether anything blocks apart from what a later stage, a later day or a decision may still put right.
pub fn stops(findings: &[Finding]) -> bool {
    let later = [Code::MonthNotOver, Code::MonthNotFinal, Code::SuspenseLimit];
    findings.iter().any(|finding| finding.blocks() && !later.contains(&finding.code))
}

fn sorted(mut end: MonthEnd) -> MonthEnd {
    Finding::sort(&mut end.findings);
    end.findings.dedup();
    end
}

/// Compares every two totals that must be equal, and checks the laws again on what the stages left.
fn prove(end: &mut MonthEnd) -> Result<()> {
    let feed = match export::journal_feed(end) {
        Ok(files) => export::feed(&files),
        Err(error) => {
            end.findings.push(too_wide(&error));
            return Ok(());
        }
    };
    let problems = export::erp_problems(end);
    end.findings.extend(problems);
    end.tie_outs = reconcile::tie_outs(end, &feed);
    end.laws = reconcile::laws(end);
    tell_failures(end);
    Ok(())
}

/// An amount or a text that no journal line can hold is bad input, not a fault of ours. Without the journals nothing can be
/// compared with them.
fn too_wide(error: &anyhow::Error) -> Finding {
    let why = format!("{error:#}.");
    let line = why.split(": ").next().unwrap_or_default().to_owned();
    let fix = "Look for the row or the table that this comes from: `chargeback explain` walks a bill line back to its rows. \
               Correct an amount that is wrong, or shorten the code in its table.";
    Finding::new(Code::JournalTooWide, Place::default().value(line), why, fix)
}

/// A total that does not tie and a law that is broken become findings, with both sides. While something else blocks they
/// only follow from it (a line without funding ties to nothing), and the gates show them.
fn tell_failures(end: &mut MonthEnd) {
    let explains = |finding: &&Finding| finding.code < Code::TieOutFails;
    let before: Vec<Finding> = end.findings.iter().filter(explains).cloned().collect();
    if stops(&before) {
        return;
    }
    let fix = "This is a fault of the program or of the ledger, not of your files: keep the books as they are and report it \
               with the reconciliation workbook. Nothing is closed.";
    let known = |code: Code, why: &str, findings: &[Finding]| {
        findings.iter().any(|finding| finding.code == code && finding.why == why)
    };
    for tie in end.tie_outs.iter().filter(|tie| !tie.passes) {
        let why = format!(
            "{} {}: {} is {}, {} is {}; the difference is {}.",
            tie.id, tie.about, tie.left_name, tie.left, tie.right_name, tie.right, tie.difference
        );
        if !known(Code::TieOutFails, &why, &end.findings) {
            end.findings.push(Finding::new(Code::TieOutFails, Place::default(), why, fix));
        }
    }
    for law in end.laws.iter().filter(|law| !law.passes) {
        let why = format!(
            "Law {} ({}): {} is {}, {} is {}.",
            law.law, law.about, law.left_name, law.left, law.right_name, law.right
        );
        if !known(Code::ConservationFails, &why, &end.findings) {
            end.findings.push(Finding::new(Code::ConservationFails, Place::default(), why, fix));
        }
    }
}

/// How many files were written, and their size.
#[derive(Clone, Copy, Debug, Default)]
pub struct Published {
    pub files: u64,
    pub bytes: u64,
}

/// Writes the outputs a piece at a time, reads each back, and refuses what does not say the same as the ledger. Pieces are
/// made on several threads; files, and the order of what is found, are the same with any number.
pub fn publish(end: &mut MonthEnd, plant: &dyn Plant, outputs: &dyn Kept, threads: usize) -> Result<Published> {
    end.gates = gates::gates(end);
    let made = at_once(&export::pieces(end), threads, |piece| publish_piece(piece, plant, outputs));
    let mut published = Published::default();
    for (piece, read) in made.context("writing the outputs")? {
        published.files += piece.files;
        published.bytes += piece.bytes;
        for law in read.iter().filter(|law| !law.passes) {
            let why = format!("{}: {} is {}, {} is {}.", law.about, law.left_name, law.left, law.right_name, law.right);
            let fix = "This is a fault of the program: report it. Nothing was written.";
            end.findings.push(Finding::new(Code::ReadBackFails, Place::default(), why, fix));
        }
        end.laws.extend(read);
    }
    end.gates = gates::gates(end);
    Ok(published)
}

fn publish_piece(piece: &Piece<'_>, plant: &dyn Plant, outputs: &dyn Kept) -> Result<(Published, Vec<LawResult>)> {
    let made = piece.make();
    let paths = made.write(outputs)?;
    for path in &paths {
        if let Some(change) = plant.after_export(path) {
            let mut bytes = Vec::new();
            outputs.open(path)?.read_to_end(&mut bytes)?;
            let changed = change(bytes);
            outputs.write(path, &mut |out| Ok(out.write_all(&changed)?))?;
        }
    }
    let laws = made.read_back(outputs);
    let mut published = Published::default();
    for path in &paths {
        published.files += 1;
        published.bytes += outputs.keep(path)?;
    }
    Ok((published, laws))
}

/// Billed and effective cost of the roll-up as decimal text, by currency; effective only where every source tells it.
pub fn cost_totals(roll_up: &RollUp, books: &str) -> Result<Vec<(String, String)>, Overflow> {
    let mut totals = Vec::new();
    for (name, basis) in [("billed", CostBasis::Billed), ("effective", CostBasis::Effective)] {
        for (currency, total) in roll_up.totals(basis, books)? {
            totals.extend(total.map(|total| (format!("{name} {currency}").trim_end().to_owned(), total.to_string())));
        }
    }
    Ok(totals)
}

pub fn rated_total(end: &MonthEnd) -> Result<Vec<(String, String)>, Overflow> {
    let total = Cost::total(end.charges.iter().map(|charge| charge.cost))?;
    Ok(vec![("rated".to_owned(), total.to_string())])
}

/// The debits of all journals, which are their credits.
pub fn debits(end: &MonthEnd) -> Result<Money, Overflow> {
    let postings = end.journals.iter().flat_map(|journal| journal.postings());
    Money::total(postings.filter(|posting| posting.side == Side::Debit).map(|posting| posting.amount))
}
