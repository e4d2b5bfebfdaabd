//! What the files and settings of a closed month would make of it now, beside what was closed.

use super::outcome::agency_totals;
use super::run::Sources;
use super::session::Session;
use super::{AgencyTotal, Outcome, RULES, Stage, commit, replay};
use crate::ledger::{Close, NamedHash};
use crate::model::bill::BillLine;
use crate::model::exit::Exit;
use crate::model::finding::{Code, Finding};
use crate::model::journal_entry::{JournalEntry, Side};
use crate::model::money::{Cost, Money, Overflow};
use crate::model::month_end::MonthEnd;
use crate::model::proof::VendorReconciliation;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};

/// What blocks a close and still lets its bills and journals be made.
const TELLABLE: &[Code] = &[
    Code::MonthNotOver,
    Code::MonthNotFinal,
    Code::MonthOutOfOrder,
    Code::SuspenseLimit,
    Code::InvoiceDiffers,
    Code::InvoiceUnmatched,
];

/// Exit 0 where the same bills and journals come of what lies in the books now: tables change every month. Otherwise exit
/// 4, with what changed and what it would move. In both cases the close stands, and its own figures are shown.
pub fn judge(session: &Session<'_>, close: &Close, sources: &Sources, end: MonthEnd) -> Result<Outcome> {
    let body = &close.body;
    let (month, run) = (body.month, &body.run);
    let mut told: Outcome = session.ledger.get_json(&body.outcome.sha256)?;
    let mut what = changed(&body.inputs, &sources.delivered.inputs);
    what.extend(changed(&body.tables, &commit::tables(session, sources)?));
    let names = if what.is_empty() { "the settings".to_owned() } else { what.join(", ") };
    let blocking: Vec<&Finding> = end.findings.iter().filter(|finding| finding.blocks()).collect();
    let unread: BTreeSet<String> =
        blocking.iter().map(|finding| finding.code).filter(|code| !TELLABLE.contains(code)).map(in_words).collect();
    let effect = if body.rules != RULES {
        format!("The month was closed by rules {}, so what it would move cannot be told by rules {RULES}.", body.rules)
    } else if !unread.is_empty() {
        let codes = unread.into_iter().collect::<Vec<_>>().join(", ");
        format!(
            "What lies there now cannot be billed ({codes}, see the findings), and what it would move cannot be told before."
        )
    } else {
        let before = replay::settled(replay::frozen(&session.ledger, body)?, body, Stage::Close)?;
        let moved = moved(&before, &end)?;
        if moved.is_empty() {
            told.message = format!(
                "{month} is closed, close id {run}. Since then {names} changed, and the same bills and journals come of it."
            );
            return Ok(super::closed::unchanged(told));
        }
        let blocks = if blocking.is_empty() { "" } else { " Beyond that, the findings would block the close." };
        format!("{}.{blocks} {}", moved.join("; "), advice(&before, &end, &what))
    };
    told.exit = Exit::Forbidden;
    told.state = "closed".to_owned();
    told.message = format!(
        "{month} is closed, close id {run}, and a closed month is never changed. Changed since: {names}. {effect}"
    );
    told.findings = end.findings;
    Ok(told)
}

fn in_words(code: Code) -> String {
    code.to_string()
}

/// Names of files that were added, removed or changed.
fn changed(before: &[NamedHash], now: &[NamedHash]) -> Vec<String> {
    let by_path = |files: &[NamedHash]| -> BTreeMap<String, String> {
        files.iter().map(|file| (file.path.clone(), file.object.sha256.clone())).collect()
    };
    let (before, now) = (by_path(before), by_path(now));
    let gone = before.keys().filter(|path| !now.contains_key(*path)).map(|path| format!("{path} (removed)"));
    let new_or_other = now.iter().filter_map(|(path, sha256)| match before.get(path) {
        None => Some(format!("{path} (added)")),
        Some(other) if other != sha256 => Some(format!("{path} (other content)")),
        Some(_) => None,
    });
    gone.chain(new_or_other).collect()
}

/// What a person does now. An invoice that comes after the close is what the accrual waited for, and nothing to undo.
fn advice(before: &MonthEnd, now: &MonthEnd, what: &[String]) -> String {
    let (month, next) = (before.month, before.month.next());
    let came = now.vendors.iter().any(|vendor| {
        let accrued = before.vendors.iter().any(|was| was.section == vendor.section && was.invoice.is_none());
        accrued && vendor.invoice.is_some()
    });
    let invoices_alone = !what.is_empty() && what.iter().all(|name| name.starts_with("invoices/"));
    let of_invoices = match (came, invoices_alone) {
        (true, _) => format!(
            "The close stands: what was accrued is reversed in {next}, and the invoice is booked there, in the month in \
             which it arrives, not in {month}."
        ),
        (false, true) => format!("The close stands: book the difference of the invoice in {next}."),
        (false, false) => String::new(),
    };
    let of_files = if invoices_alone {
        String::new()
    } else {
        format!("Put the files of the close back, or book the difference as an adjustment in {next}.")
    };
    [of_invoices, of_files].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What would move: the cost and the invoice of each vendor, the bill of each agency, each journal.
fn moved(before: &MonthEnd, now: &MonthEnd) -> Result<Vec<String>, Overflow> {
    let mut moved = vendors(&before.vendors, &now.vendors)?;
    let agencies = agencies(&agency_totals_of(before)?, &agency_totals_of(now)?)?;
    let bills_read_alike = before.bills.lines.iter().map(essence).eq(now.bills.lines.iter().map(essence));
    if agencies.is_empty() && !bills_read_alike {
        moved.push("bills come to the same amounts and have other lines".to_owned());
    }
    moved.extend(agencies);
    moved.extend(journals(&before.journals, &now.journals)?);
    let nothing_booked = bills_read_alike && before.journals == now.journals;
    Ok(if nothing_booked { Vec::new() } else { moved })
}

fn agency_totals_of(end: &MonthEnd) -> Result<BTreeMap<String, AgencyTotal>, Overflow> {
    Ok(agency_totals(end)?.into_iter().map(|total| (total.agency.clone(), total)).collect())
}

/// A bill line without the place in the tables from which its price was read.
fn essence(line: &BillLine) -> BillLine {
    BillLine { rate: None, arithmetic: Vec::new(), ..line.clone() }
}

fn vendors(before: &[VendorReconciliation], now: &[VendorReconciliation]) -> Result<Vec<String>, Overflow> {
    let by_section = |vendors: &[VendorReconciliation]| -> BTreeMap<String, (Cost, Option<Money>)> {
        vendors.iter().map(|vendor| (vendor.section.in_words(), (vendor.usage, vendor.invoice))).collect()
    };
    let (before, now) = (by_section(before), by_section(now));
    let mut moved = Vec::new();
    for section in before.keys().chain(now.keys()).collect::<BTreeSet<_>>() {
        let none = (Cost::ZERO, None);
        let (was, would) = (before.get(section).unwrap_or(&none), now.get(section).unwrap_or(&none));
        if was.0 != would.0 {
            moved.push(format!("{section} charges {} and would charge {}", was.0, would.0));
        }
        match (was.1, would.1) {
            (was, would) if was == would => {}
            (None, Some(would)) => moved.push(format!("{section} has an invoice now, of {}", would.for_people())),
            (Some(was), None) => {
                moved.push(format!("{section} has no invoice any more, it had one of {}", was.for_people()))
            }
            (Some(was), Some(would)) => {
                moved.push(format!("the invoice of {section} was {} and is {}", was.for_people(), would.for_people()));
            }
            (None, None) => {}
        }
    }
    Ok(moved)
}

fn agencies(
    before: &BTreeMap<String, AgencyTotal>,
    now: &BTreeMap<String, AgencyTotal>,
) -> Result<Vec<String>, Overflow> {
    let mut moved = Vec::new();
    for agency in before.keys().chain(now.keys()).collect::<BTreeSet<_>>() {
        let amounts = |totals: &BTreeMap<String, AgencyTotal>| {
            totals.get(agency).map_or((Money::ZERO, Money::ZERO), |total| (total.due, total.showback))
        };
        let (was, would) = (amounts(before), amounts(now));
        for ((does, to), was, would) in [(("owes", "owe"), was.0, would.0), (("is shown", "be shown"), was.1, would.1)]
        {
            if was != would {
                let by = would.checked_sub(was)?;
                let (by, more) = if by > Money::ZERO { (by, "more") } else { (was.checked_sub(would)?, "less") };
                let (was, would, by) = (was.for_people(), would.for_people(), by.for_people());
                moved.push(format!("{agency} {does} {was} and would {to} {would}, {by} {more}"));
            }
        }
    }
    Ok(moved)
}

fn journals(before: &[JournalEntry], now: &[JournalEntry]) -> Result<Vec<String>, Overflow> {
    let by_id = |entries: &[JournalEntry]| -> BTreeMap<String, JournalEntry> {
        entries.iter().map(|entry| (entry.id().to_owned(), entry.clone())).collect()
    };
    let (before, now) = (by_id(before), by_id(now));
    let mut moved = Vec::new();
    for id in before.keys().chain(now.keys()).collect::<BTreeSet<_>>() {
        match (before.get(id), now.get(id)) {
            (Some(was), None) => moved.push(format!("journal {id} of {} would not be made", debits(was)?)),
            (None, Some(would)) => moved.push(format!("journal {id} of {} would be made", debits(would)?)),
            (Some(was), Some(would)) if was != would => {
                let (was, would) = (debits(was)?, debits(would)?);
                moved.push(if was == would {
                    format!("journal {id} of {was} would have other lines")
                } else {
                    format!("journal {id} of {was} would be of {would}")
                });
            }
            _ => {}
        }
    }
    Ok(moved)
}

fn debits(entry: &JournalEntry) -> Result<String, Overflow> {
    let debits = entry.postings().iter().filter(|posting| posting.side == Side::Debit);
    Ok(Money::total(debits.map(|posting| posting.amount))?.for_people())
}
