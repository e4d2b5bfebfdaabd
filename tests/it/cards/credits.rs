//! Prepaid credits: first in first out, cents that add up to what was paid, and what expires.

use super::{Case, bills, close};
use chargeback::model::journal_entry::{JournalType, Side};

const CARD: &str = "rate_id,version,service,approved_by,model,basis\nGO,1,GO,Board,pass_through,billed";
const TABLE: &str = "grant,service,driver,bought_on,expires_on,credits,cost,expired_to";

/// 1,000 credits for 20.00 and 500 for 15.00, of which closed months have used 800: 200 are left at 0.02.
fn grants() -> String {
    format!("{TABLE}\nG-2,SNW,units,2025-08-01,,500,15.00,\nG-1,SNW,units,2025-07-01,2026-07-01,1000,20.00,")
}

#[test]
fn the_oldest_credits_are_used_first() {
    // 250 are used: 200 x 20.00 / 1000 = 4.00 and 50 x 15.00 / 500 = 1.50. DOH used 150 of them, DOT 100.
    let case = Case {
        cards: CARD,
        driver: "DOH,150,credits\nDOT,100,credits",
        credits: &grants(),
        gone: &[("G-1", "800")],
        ..Case::default()
    };
    bills(
        &case,
        "
        DOH prepaid 150 credits = 3.30
              grant G-1 of 2025-07-01: 800 of 1000 were gone before; 200 x 20.00 / 1000 = 4.00, by rounded sums
              grant G-2 of 2025-08-01: 0 of 500 were gone before; 50 x 15.00 / 500 = 1.50, by rounded sums
              5.50 x 150 / 250 credits = 3.3, cut to 3.30
        DOT prepaid 100 credits = 2.20",
    );
    let end = close(&case);
    let moves: Vec<String> = end
        .bills
        .credits
        .iter()
        .map(|of| format!("{} {} used {} left {} for {}", of.grant, of.opening, of.used, of.left, of.left_cost))
        .collect();
    assert_eq!(moves, ["G-1 200 used 200 left 0 for 0.00", "G-2 500 used 50 left 450 for 13.50"]);
    let entry = end.journals.iter().find(|entry| entry.journal_type() == JournalType::Prep).unwrap();
    let told: Vec<String> = entry
        .postings()
        .iter()
        .map(|line| {
            let side = if line.side == Side::Debit { "Dr" } else { "Cr" };
            format!("{side} {} {} {}", line.string.account, line.service, line.amount)
        })
        .collect();
    // E9: the expense of the month, out of what was paid ahead.
    assert_eq!(told, ["Cr 1410 SNW 5.50", "Dr 5310 SNW 5.50"]);
}

#[test]
fn cents_of_a_grant_add_up_to_what_was_paid() {
    // 7 credits for 1.00: used one by one they cost 0.14, 0.15, 0.14, 0.14, 0.14, 0.15, 0.14.
    let credits = &format!("{TABLE}\nG,SNW,units,2025-07-01,,7,1.00,");
    let cents: Vec<String> = ["0", "1", "2", "3", "4", "5", "6"]
        .into_iter()
        .map(|gone| {
            let case = Case { cards: CARD, driver: "DOH,1,credits", credits, gone: &[("G", gone)], ..Case::default() };
            close(&case).bills.lines.iter().map(|line| line.amount.to_string()).collect()
        })
        .collect();
    assert_eq!(cents, ["0.14", "0.15", "0.14", "0.14", "0.14", "0.15", "0.14"]);
}

#[test]
fn what_expires_is_booked_and_paid_by_whom_the_purchase_names() {
    // September is the last month: 100 of 1,000 are used, 900 expire. The cents are those of the whole grant.
    for (to, line) in [("DPS", "DPS prepaid 900 expired = 18.00"), ("", "")] {
        let credits = &format!("{TABLE}\nG,SNW,units,2025-07-01,2025-10-01,1000,20.00,{to}");
        let case = Case { cards: CARD, driver: "DOH,100,credits", credits, ..Case::default() };
        bills(&case, &format!("DOH prepaid 100 credits = 2.00\n{line}"));
        let end = close(&case);
        let entry = end.journals.iter().find(|entry| entry.journal_type() == JournalType::Prep).unwrap();
        assert!(entry.postings().iter().all(|line| line.amount.to_string() == "20.00"), "{entry:?}");
    }
    // What expired on the first of the month is not used any more; it was booked when August was closed.
    let credits =
        &format!("{TABLE}\nOLD,SNW,units,2025-01-01,2025-09-01,1000,10.00,\nNEW,SNW,units,2025-08-01,,1000,30.00,");
    let case = Case { cards: CARD, driver: "DOH,100,credits", credits, gone: &[("OLD", "1000")], ..Case::default() };
    bills(&case, "DOH prepaid 100 credits = 3.00");
}

#[test]
fn more_than_was_bought_is_refused() {
    let case = Case {
        cards: CARD,
        driver: "DOH,150,credits\nDOT,100,credits",
        credits: &format!("{TABLE}\nG,SNW,units,2025-07-01,,200,4.00,\nLATER,SNW,units,2025-10-01,,200,4.00,"),
        ..Case::default()
    };
    let told: Vec<String> =
        close(&case).findings.iter().filter(|found| found.blocks()).map(ToString::to_string).collect();
    assert!(
        told.iter().any(|told| told.contains("250 credits were used in 2025-09 and 50 of them nobody had bought")),
        "{told:?}"
    );
}
