//! One cent planted in the worked month, in every figure that a stage leaves: a law or tie-out fails and says where.

use crate::golden::cost;
use crate::golden_books::{again, failing, feed, holds, september};
use chargeback::model::bill::{CentralAmount, Ruling};
use chargeback::model::codes::ServiceCode;
use chargeback::model::journal_entry::{EntryHead, JournalEntry, Posting, Side};
use chargeback::model::money::{Cost, Money};
use chargeback::model::month_end::MonthEnd;
use chargeback::stages::reconcile;
use std::sync::Arc;

fn more(amount: &mut Money) {
    *amount = amount.checked_add(Money::from_cents(1)).unwrap();
}

fn dearer(amount: &mut Cost) {
    *amount = amount.checked_add(cost("0.01")).unwrap();
}

/// Changes one figure in a fresh month; one of what fails must begin with `law` and hold `place`.
fn caught(what: &str, law: &str, place: &str, change: impl Fn(&mut MonthEnd)) {
    let mut month_end = september();
    change(&mut month_end);
    let failing = failing(&month_end);
    let named = failing.iter().any(|text| text.starts_with(law) && text.contains(place));
    assert!(named, "{what}: nothing of {law} names {place:?}:\n{}", failing.join("\n"));
}

#[test]
fn in_the_roll_up() {
    let rows = september().roll_up.len();
    for row in 0..rows {
        let change = |month_end: &mut MonthEnd| {
            let mut billed = month_end.roll_up.row(row).sums().billed;
            dearer(&mut billed);
            month_end.roll_up.set_billed(row, billed);
        };
        caught("roll-up", "law 2", "USD", change);
        caught("roll-up", "law 5", &format!("row {row} of the roll-up"), change);
        caught("roll-up", "law 12", if row < 8 { "AWS 111122223333 2045678901" } else { "Microsoft 8608480" }, change);
    }
}

#[test]
fn in_what_was_read() {
    caught("a row not read", "law 1", "aws-cur", |month_end| month_end.versions[0].totals.rows_accepted -= 1);
    caught("a row more in the manifest", "T1", "", |month_end| month_end.versions[0].totals.rows_expected = Some(9));
    caught("billed of a version", "law 2", "azure-ea", |month_end| {
        month_end.versions[1].totals.billed.values_mut().for_each(dearer);
    });
    caught("billed by account", "law 2", "by account", |month_end| {
        month_end.versions[1].totals.by_account.values_mut().for_each(|sum| dearer(&mut sum.billed));
    });
}

#[test]
fn in_a_rated_charge() {
    for charge in 0..september().charges.len() {
        caught("cost", "law 5", "of the roll-up", |month_end| dearer(&mut month_end.charges[charge].cost));
        let row = format!("row {charge} of the roll-up");
        caught("cents", "law 7", &row, |month_end| more(&mut month_end.charges[charge].amount));
        caught("cents", "T3", "", |month_end| more(&mut month_end.vendors[usize::from(charge > 7)].invoice_basis));
    }
    caught("a charge lost", "law 4", "rows", |month_end| {
        month_end.charges.pop();
    });
    caught("a charge twice", "law 5", "row 0", |month_end| {
        let again = month_end.charges[0].clone();
        month_end.charges.push(again);
    });
}

#[test]
fn in_a_bill_line() {
    let month_end = september();
    for (number, line) in month_end.bills.lines.iter().enumerate() {
        let plant = |month_end: &mut MonthEnd| more(&mut month_end.bills.lines[number].amount);
        let law = match line.service.as_str() {
            "FEE" | "SNW" => "law 5",
            _ => "law 8",
        };
        let pool = line.share.as_ref().map(|share| format!("pool {} for {}", share.pool, line.agency));
        caught("bill line", law, &pool.unwrap_or_else(|| line.id.clone()), plant);
    }
    for number in 0..month_end.bills.details.len() {
        let line = month_end.bills.details[number].line;
        let id = &month_end.bills.lines[line].id;
        caught("detail", "law 8", id, |month_end| more(&mut month_end.bills.details[number].amount));
    }
    caught("a line of another agency", "law 10", "line id", |month_end| {
        month_end.bills.lines[0].agency = month_end.bills.lines[6].agency.clone();
    });
    caught("a row of another agency", "law 10", "row 2", |month_end| month_end.bills.details[2].line = 0);
    caught("an item nobody asked for", "law 12", "AWS", |month_end| {
        let section = month_end.vendors[0].section.clone();
        let amount = Money::from_cents(1);
        month_end.bills.central.push(CentralAmount { section, reason: "planted".to_owned(), amount });
    });
}

#[test]
fn in_a_pool_share() {
    let month_end = september();
    for (number, pool) in month_end.bills.pools.iter().enumerate() {
        let place = format!("pool {}", pool.pool);
        for share in 0..pool.shares.len() {
            caught("share", "law 6", &place, |month_end| more(&mut month_end.bills.pools[number].shares[share].2));
        }
        caught("taken in", "law 6", &place, |month_end| more(&mut month_end.bills.pools[number].taken_in));
        caught("given out", "law 6", &place, |month_end| more(&mut month_end.bills.pools[number].given_out));
    }
    for number in 0..month_end.bills.pool_details.len() {
        caught("detail", "law 6", "pool", |month_end| more(&mut month_end.bills.pool_details[number].amount));
    }
}

#[test]
fn in_a_funding_line() {
    for (number, line) in september().bills.lines.iter().enumerate() {
        for part in 0..line.funding.len() {
            let plant = |month_end: &mut MonthEnd| more(&mut month_end.bills.lines[number].funding[part].amount);
            caught("funding", "law 8", &line.id, plant);
            caught("funding", "T7", "", plant);
        }
    }
    // A cent from one string of a line to the other: the line still adds up, the books of the two funds do not.
    caught("funding", "law 9", "fund 2100", |month_end| {
        let funding = &mut month_end.bills.lines[1].funding;
        more(&mut funding[0].amount);
        funding[1].amount = funding[1].amount.checked_sub(Money::from_cents(1)).unwrap();
    });
}

/// The entry again with other lines.
fn posted(entry: &JournalEntry, postings: Vec<Posting>) -> JournalEntry {
    let head = EntryHead {
        id: entry.id().to_owned(),
        journal_type: entry.journal_type(),
        posting_date: entry.posting_date(),
        period: entry.period(),
        service_period: entry.service_period(),
        reversing_date: entry.reversing_date(),
        reversal_of: None,
    };
    JournalEntry::new(head, postings).unwrap()
}

/// Every pair of lines of one fund that a cent can be added to, or moved between, with the entry still in balance.
#[test]
fn in_a_journal_posting() {
    let month_end = september();
    let mut planted = 0;
    for (number, entry) in month_end.journals.iter().enumerate() {
        let lines = entry.postings();
        for (one, other) in (0..lines.len()).flat_map(|one| (one + 1..lines.len()).map(move |other| (one, other))) {
            if lines[one].string.fund != lines[other].string.fund {
                continue;
            }
            let mut postings = lines.to_vec();
            more(&mut postings[one].amount);
            if lines[one].side == lines[other].side {
                postings[other].amount = postings[other].amount.checked_sub(Money::from_cents(1)).unwrap();
            } else {
                more(&mut postings[other].amount);
            }
            let law = "law 9";
            caught(entry.id(), law, "", |month_end| month_end.journals[number] = posted(entry, postings.clone()));
            planted += 1;
        }
    }
    assert_eq!(planted, 35);
    two_services_in_one_section();
    caught("a journal lost", "law 9", "ACCR", |month_end| {
        month_end.journals.remove(1);
    });
    caught("a journal twice", "law 9", "next of its series", |month_end| {
        let again = month_end.journals[0].clone();
        month_end.journals.push(again);
    });
}

/// A cent from the expense of one service to that of another, in one entry.
fn two_services_in_one_section() {
    let mixed = |month_end: &mut MonthEnd| {
        for charge in &mut month_end.charges[4..8] {
            let service = Some(ServiceCode::parse("SHR").unwrap());
            charge.ruling = Arc::new(Ruling { service, ..Ruling::clone(&charge.ruling) });
        }
        again(month_end);
    };
    let mut whole = september();
    mixed(&mut whole);
    holds(&whole);
    caught("expense of another service", "law 9", "expense of SHR", |month_end| {
        mixed(month_end);
        let mut postings = month_end.journals[0].postings().to_vec();
        more(&mut postings[0].amount);
        postings[1].amount = postings[1].amount.checked_sub(Money::from_cents(1)).unwrap();
        month_end.journals[0] = posted(&month_end.journals[0], postings);
    });
}

#[test]
fn in_a_vendors_basis() {
    for vendor in 0..2 {
        let place = ["AWS 111122223333", "Microsoft 8608480"][vendor];
        let plant = |month_end: &mut MonthEnd| more(&mut month_end.vendors[vendor].invoice_basis);
        caught("basis", "law 12", place, plant);
        caught("basis", "law 7", "invoice basis", plant);
        caught("basis", "T3", "", plant);
        caught("basis", "T4", "", plant);
        caught("usage", "law 12", place, |month_end| dearer(&mut month_end.vendors[vendor].usage));
        caught("credits", "law 12", place, |month_end| dearer(&mut month_end.vendors[vendor].credits));
    }
    caught("invoice", "law 12", "AWS", |month_end| more(month_end.vendors[0].invoice.as_mut().unwrap()));
    caught("difference", "law 12", "AWS", |month_end| dearer(&mut month_end.vendors[0].difference));
    caught("a vendor lost", "law 12", "Microsoft", |month_end| {
        month_end.vendors.pop();
    });
}

#[test]
fn in_the_written_journals() {
    let month_end = september();
    let faithful = feed(&month_end.journals);
    for number in 0..faithful.sides.len() {
        let mut planted = faithful.clone();
        more(&mut planted.sides[number].debits);
        more(&mut planted.sides[number].credits);
        let ties = reconcile::tie_outs(&month_end, &planted);
        let failing: Vec<_> = ties.iter().filter(|tie| !tie.passes).collect();
        assert_eq!(failing.iter().map(|tie| tie.id.as_str()).collect::<Vec<_>>(), ["T9"]);
        let sides = &faithful.sides[number];
        let place = format!("{} fund {}", sides.journal, sides.fund);
        let part = failing[0].parts.iter().find(|(name, _)| *name == place).unwrap();
        assert!(part.1.contains("is not"), "{part:?}");
    }
    let mut unreadable = faithful.clone();
    unreadable.unreadable = Some("line 3 has no fund".to_owned());
    assert!(reconcile::tie_outs(&month_end, &unreadable).iter().any(|tie| tie.id == "T9" && !tie.passes));
    let mut lost = faithful;
    lost.sides.pop();
    assert!(reconcile::tie_outs(&month_end, &lost).iter().any(|tie| tie.id == "T9" && !tie.passes));
    assert_eq!(month_end.journals[0].postings()[0].side, Side::Debit);
    holds(&month_end);
}
