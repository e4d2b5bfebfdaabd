//! Subsidies: a percentage, the first dollars of a year, a plan that ends step by step; and who pays.

use super::{Case, bills, close, load};
use chargeback::model::journal_entry::{JournalType, Side};

const CARD: &str =
    "rate_id,version,service,effective_from,approved_by,scope,model,basis,minimum,maximum,above_maximum_to
    GO,1,GO,,Board,all,pass_through,billed,,,";
const TABLE: &str = "subsidy,version,effective_from,effective_to,services,scope,percent,yearly_limit,limit_by,paid_by,\
                     approved_by,reason,statement_text";

fn table(rows: &str) -> String {
    format!("{TABLE}\n{rows}")
}

#[test]
fn a_percentage_is_rounded_once_and_paid_by_its_fund() {
    // 75 % of 100.05 is 75.0375.
    let subsidies = &table("AI,1,2025-07-01,,GO,all,75,,,1000,CIO,,Paid by the AI fund");
    let case =
        Case { cards: CARD, used: "doh 2 1 GB 60.01\ndoh 3 1 GB 40.04\ndot 2 1 GB 8.00", subsidies, ..Case::default() };
    bills(
        &case,
        "
        DOH direct  GO v1 = 100.05
        DOH subsidy GO v1 = -75.04
              75 percent of 100.05 = 75.0375, rounded half up to 75.04
              list 100.05 less 75.04 paid by fund 1000 = 25.01 for the agency
        DOT direct  GO v1 = 8.00
        DOT subsidy GO v1 = -6.00",
    );
    let end = close(&case);
    let entry = end.journals.iter().find(|entry| entry.journal_type() == JournalType::Xfer).unwrap();
    let told: Vec<String> = entry
        .postings()
        .iter()
        .map(|line| {
            let side = if line.side == Side::Debit { "Dr" } else { "Cr" };
            format!("{} {side} {} {} {}", line.string.fund, line.string.account, line.service, line.amount)
        })
        .collect();
    // E17: cash to the provider as a transfer, out of the fund that gives it; the bill earns the net amount alone.
    assert_eq!(told, ["7300 Dr 1010  81.04", "7300 Cr 4910 GO 81.04", "1000 Cr 1010  81.04", "1000 Dr 6910  81.04"]);
    let earned: Vec<String> = end
        .journals
        .iter()
        .filter(|entry| entry.journal_type() == JournalType::Bill)
        .flat_map(|entry| entry.postings())
        .filter(|line| line.string.account == "4310")
        .map(|line| line.amount.to_string())
        .collect();
    assert_eq!(earned, ["27.01"]);
}

#[test]
fn the_first_dollars_of_a_year_count_on_from_closed_months() {
    // 900.00 of 1,000.00 are used up: 100.00 of 250.00 is left. DOT has used nothing of its own.
    let subsidies = &table("AI,1,2025-07-01,,GO,all,,1000.00,agency,1000,CIO,,");
    let used = "doh 2 1 GB 250.00\ndot 2 1 GB 30.00";
    let subsidised = &[("AI", "agency DOH", "900.00")];
    let case = Case { cards: CARD, used, subsidies, subsidised, ..Case::default() };
    bills(
        &case,
        "
        DOH direct  GO v1 = 250.00
        DOH subsidy GO v1 = -100.00
              100 percent of 250.00 = 250, rounded half up to 250.00
              of the first 1000.00 of the fiscal year for the agency: 900.00 counted by closed months and 250.00 now, so 100.00 is paid
        DOT direct  GO v1 = 30.00
        DOT subsidy GO v1 = -30.00",
    );
    let counted: Vec<String> =
        close(&case).bills.subsidised.iter().map(|counted| format!("{} {}", counted.holder, counted.amount)).collect();
    assert_eq!(counted, ["agency DOH 250.00", "agency DOT 30.00"]);
}

#[test]
fn a_credit_gives_back_what_was_paid_last() {
    let subsidies = &table("AI,1,2025-07-01,,GO,all,,1000.00,agency,1000,CIO,,");
    // 1,500.00 were used, of which the first 1,000.00 were paid: of a credit of 600.00, 500.00 lower what the agency paid
    // itself and 100.00 go back.
    let subsidised = &[("AI", "agency DOH", "1500.00")];
    bills(
        &Case { cards: CARD, used: "doh 2 1 GB -600.00", subsidies, subsidised, ..Case::default() },
        "
        DOH direct  GO v1 = -600.00
        DOH subsidy GO v1 = 100.00",
    );
}

#[test]
fn a_limit_of_the_whole_state_is_shared_by_what_would_have_been_paid() {
    // 100.00 are left of 1,000.00; 60.00 and 140.00 would have been paid: 30 and 70 percent of it.
    let subsidies = &table("AI,1,2025-07-01,,GO,all,50,1000.00,state,1000,CIO,,");
    let subsidised = &[("AI", "state", "900.00")];
    bills(
        &Case { cards: CARD, used: "doh 2 1 GB 120.00\ndot 2 1 GB 280.00", subsidies, subsidised, ..Case::default() },
        "
        DOH direct  GO v1 = 120.00
        DOH subsidy GO v1 = -30.00
        DOT direct  GO v1 = 280.00
        DOT subsidy GO v1 = -70.00",
    );
}

#[test]
fn a_plan_glides_to_nothing() {
    let subsidies = &table(
        "AI,1,2025-07-01,2026-07-01,GO,all,100,,,1000,CIO,,
        AI,2,2026-07-01,2027-07-01,GO,all,75,,,1000,CIO,,
        AI,3,2027-07-01,2028-07-01,GO,all,50,,,1000,CIO,,
        AI,4,2028-07-01,2029-07-01,GO,all,0,,,1000,CIO,,",
    );
    for (month, paid) in
        [("2026-06", "-40.00"), ("2026-07", "-30.00"), ("2027-07", "-20.00"), ("2028-07", "0.00"), ("2029-07", "")]
    {
        let line = if paid.is_empty() { String::new() } else { format!("DOH subsidy GO v1 = {paid}") };
        bills(
            &Case { cards: CARD, used: "doh 2 1 GB 40.00", subsidies, month, ..Case::default() },
            &format!("DOH direct GO v1 = 40.00\n{line}"),
        );
    }
}

#[test]
fn a_plan_that_changes_on_the_15th_counts_days_of_use() {
    let subsidies = &table(
        "AI,1,,2025-09-15,GO,all,100,,,1000,CIO,,
        AI,2,2025-09-15,,GO,all,50,,,1000,CIO,,",
    );
    bills(
        &Case { cards: CARD, used: "doh 14 1 GB 10.00\ndoh 15 1 GB 20.00", subsidies, ..Case::default() },
        "
        DOH direct  GO v1 = 30.00
        DOH subsidy GO v1 = -10.00
              100 percent of 10.00 = 10, rounded half up to 10.00
        DOH subsidy GO v1 = -10.00
              50 percent of 20.00 = 10, rounded half up to 10.00
              list 20.00 less 10.00 paid by fund 1000 = 10.00 for the agency",
    );
}

#[test]
fn fees_are_taken_on_the_list_and_bounds_on_what_the_agency_pays() {
    // The fee is 5 % of 100.00 and not subsidised. What the agency pays of GO is 25.00, which is 5.00 short.
    let cards = "rate_id,version,service,approved_by,model,percent,percent_of,minimum
        GO,1,GO,Board,pass_through,,,30.00
        FEE,1,FEE,Board,percent,5,GO,";
    let subsidies = &table("AI,1,,,GO,all,75,,,1000,CIO,,");
    bills(
        &Case { cards, used: "doh 2 1 GB 100.00", subsidies, ..Case::default() },
        "
        DOH direct    GO v1  = 100.00
        DOH subsidy   GO v1  = -75.00
        DOH shortfall GO v1  = 5.00
        DOH fee       FEE v1 = 5.00",
    );
}

#[test]
fn the_narrower_subsidy_pays_alone() {
    let subsidies = &table(
        "AI,1,,,GO,all,50,,,1000,CIO,,
        AI-DOH,1,,,GO;FEE,agency:DOH,80,,,2200,CIO,,",
    );
    let case = Case { cards: CARD, used: "doh 2 1 GB 10.00\ndot 2 1 GB 10.00", subsidies, ..Case::default() };
    bills(
        &case,
        "
        DOH direct  GO v1 = 10.00
        DOH subsidy GO v1 = -8.00
        DOT direct  GO v1 = 10.00
        DOT subsidy GO v1 = -5.00",
    );
}

#[test]
fn what_is_only_shown_is_subsidised_alike_and_posts_nothing() {
    let subsidies = &table("AI,1,,,GO,all,75,,,1000,CIO,,");
    let modes = "agency,service,mode\nDOH,GO,showback";
    let shown = Case { cards: CARD, used: "doh 2 1 GB 100.05", subsidies, modes, ..Case::default() };
    for case in [shown, Case { modes: "", ..shown }] {
        bills(&case, "DOH direct GO v1 = 100.05\nDOH subsidy GO v1 = -75.04");
    }
    assert!(close(&shown).journals.iter().all(|entry| entry.journal_type() != JournalType::Xfer));
}

#[test]
fn the_providers_own_fund_bears_it_without_an_entry() {
    let subsidies = &table("AI,1,,,GO,all,75,,,7300,CIO,,");
    let case = Case { cards: CARD, used: "doh 2 1 GB 100.00", subsidies, ..Case::default() };
    bills(&case, "DOH direct GO v1 = 100.00\nDOH subsidy GO v1 = -75.00");
    assert!(close(&case).journals.iter().all(|entry| entry.journal_type() != JournalType::Xfer));
}

#[test]
fn tables_that_cannot_be() {
    let told = |rows: &str| {
        let subsidies = &table(rows);
        let (_books, loaded) = load(&Case { cards: CARD, subsidies, ..Case::default() });
        loaded.findings.iter().filter(|found| found.blocks()).map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(told(
        "AI,1,,,GO,all,50,,,1000,CIO,,
        AI,2,2025-09-01,,GO,all,40,,,1000,CIO,,
        NEG,1,,,FEE,all,50,-1.00,,1000,CIO,,
        LIM,1,,,TAX,all,50,,state,1000,CIO,,"
    ));
}
