//! Windows, whose units are counted, and cards that change within a window.

use super::{Case, bills};

const CARD: &str = "rate_id,version,service,effective_from,effective_to,approved_by,scope,model,unit,unit_price,measure,tier_from,count_window,count_by,on_change,included_quantity,supersedes";

/// Two versions with a change on the 15th: 0.10 and 0.05 before, 0.20 and 0.10 after; the second tier from 100.
fn changing(on_change: &str, window: &str) -> String {
    format!(
        "{CARD}
        GO,1,GO,,2025-09-15,Board,all,graduated,GB,0.10,consumed,0,{window},,,,
        GO,1,GO,,2025-09-15,Board,all,graduated,GB,0.05,consumed,100,{window},,,,
        GO,2,GO,2025-09-15,,Board,all,graduated,GB,0.20,consumed,0,{window},,{on_change},,
        GO,2,GO,2025-09-15,,Board,all,graduated,GB,0.10,consumed,100,{window},,{on_change},,"
    )
}

#[test]
fn a_rate_changes_on_the_15th_and_its_tiers_go_on() {
    // 80 before the change fill the low tier; of the 60 after it 20 are still in it: 8.00, then 20 x 0.20 + 40 x 0.10.
    let used = "doh 3 80 GB\ndoh 15 10 GB\ndoh 20 50 GB";
    bills(
        &Case { cards: &changing("", ""), used, ..Case::default() },
        "
        DOH unit GO v1 80 GB = 8.00
              from 0: 80 GB x 0.1 = 8
        DOH unit GO v2 60 GB = 8.00
              80 GB were counted before; from 0: 20 GB x 0.2 = 4; from 100: 40 GB x 0.1 = 4",
    );
}

#[test]
fn units_of_one_price_fill_the_tiers_of_the_card_after_it() {
    let cards = &format!(
        "{CARD}
        GO,1,GO,,2025-09-15,Board,all,unit,GB,0.10,consumed,,,,,,
        GO,2,GO,2025-09-15,,Board,all,graduated,GB,0.20,consumed,0,,,,,
        GO,2,GO,2025-09-15,,Board,all,graduated,GB,0.10,consumed,100,,,,,"
    );
    // 80 x 0.10; then 20 x 0.20 + 40 x 0.10.
    let used = "doh 3 80 GB\ndoh 20 60 GB";
    bills(&Case { cards, used, ..Case::default() }, "DOH unit GO v1 80 GB = 8.00\nDOH unit GO v2 60 GB = 8.00");
}

#[test]
fn tiers_begin_anew_where_the_card_says_so() {
    // Restart: 60 x 0.20. Bounds cut to 16 of 30 days: from 53.33 on; 53.33 x 0.20 + 6.67 x 0.1 = 11.3333.
    let used = "doh 3 80 GB\ndoh 15 10 GB\ndoh 20 50 GB";
    bills(
        &Case { cards: &changing("restart", ""), used, ..Case::default() },
        "
        DOH unit GO v1 80 GB = 8.00
        DOH unit GO v2 60 GB = 12.00",
    );
    bills(
        &Case { cards: &changing("prorate_bounds", ""), used, ..Case::default() },
        "
        DOH unit GO v1 80 GB = 8.00
        DOH unit GO v2 60 GB = 11.33",
    );
}

#[test]
fn a_rate_that_supersedes_another_counts_on() {
    let cards = &format!(
        "{CARD}
        OLD,1,GO,,,Board,all,graduated,GB,0.10,consumed,0,,,,,
        OLD,1,GO,,,Board,all,graduated,GB,0.05,consumed,100,,,,,
        NEW,1,GO,2025-09-15,,Board,all,graduated,GB,0.20,consumed,0,,,,,OLD
        NEW,1,GO,2025-09-15,,Board,all,graduated,GB,0.10,consumed,100,,,,,OLD"
    );
    bills(
        &Case { cards, used: "doh 3 80 GB\ndoh 20 60 GB", ..Case::default() },
        "
        DOH unit NEW v1 60 GB = 8.00
        DOH unit OLD v1 80 GB = 8.00",
    );
}

#[test]
fn what_is_counted_together() {
    // 0.10 up to 100, then 0.05. Rows: 80 and 60 on the 3rd, 90 on the 4th; two resources; DOT 70.
    let used = "
        doh 3 80 GB resource=a
        doh 3 60 GB resource=b
        doh 4 90 GB resource=a
        dot 4 70 GB resource=c";
    for (window, by, doh, dot) in [
        // 230 together: 10 + 130 x 0.05 = 16.50; 70 x 0.10.
        ("month", "agency", "16.50", "7.00"),
        // Each row alone: 8 + 6 + 9.
        ("line", "agency", "23.00", "7.00"),
        // 140 on the 3rd: 10 + 2; 90 on the 4th: 9.
        ("day", "agency", "21.00", "7.00"),
        // a 170: 13.50; b 60: 6.
        ("month", "resource", "19.50", "7.00"),
        // The state's 300 cost 10 + 10 = 20; by quantity 230 / 300 and 70 / 300.
        ("month", "state", "15.33", "4.67"),
        ("", "account", "16.50", "7.00"),
    ] {
        let cards = &format!(
            "{CARD}
            GO,1,GO,,,Board,all,graduated,GB,0.10,consumed,0,{window},{by},,,
            GO,1,GO,,,Board,all,graduated,GB,0.05,consumed,100,{window},{by},,,"
        );
        bills(
            &Case { cards, used, ..Case::default() },
            &format!(
                "
            DOH unit GO v1 230 GB = {doh}
            DOT unit GO v1 70 GB  = {dot}"
            ),
        );
    }
}

#[test]
fn a_fiscal_year_counts_from_closed_months() {
    let cards = &format!(
        "{CARD}
        GO,1,GO,,,Board,all,graduated,GB,0.10,consumed,0,fiscal_year,,,50,
        GO,1,GO,,,Board,all,graduated,GB,0.05,consumed,100,fiscal_year,,,50,"
    );
    // DOH counted 120 in July and August, of which 50 are included and 70 cost: 30 are left at 0.10, 20 at 0.05.
    let counters = &[("GO", "agency DOH", "90"), ("GO", "agency DOH", "30"), ("OTHER", "agency DOH", "1000")];
    bills(&Case { cards, used: "doh 3 50 GB\ndot 3 50 GB", counters, ..Case::default() }, "
        DOH unit GO v1 50 GB = 4.00
              120 GB were counted before; 50 GB with 50 included leave 50; from 0: 30 GB x 0.1 = 3; from 100: 20 GB x 0.05 = 1
        DOT unit GO v1 50 GB = 0.00");
}

#[test]
fn order_of_rows_changes_nothing() {
    let rows = ["doh 3 80.5 GB resource=a", "doh 3 60 GB resource=b", "doh 15 7 GB", "doh 14 9.125 GB", "dot 20 1 GB"];
    let expected = "
        DOH unit GO v1 149.625 GB = 12.48
        DOH unit GO v2 7 GB = 0.70
        DOT unit GO v2 1 GB = 0.20";
    for turn in 0..rows.len() {
        let used: Vec<&str> = rows.iter().cycle().skip(turn).take(rows.len()).copied().collect();
        bills(&Case { cards: &changing("", ""), used: &used.join("\n"), ..Case::default() }, expected);
    }
}

#[test]
fn a_line_whose_mode_changes_is_cut_and_keeps_its_amount() {
    let modes = "agency,service,effective_from,effective_to,mode,absorbed_by\n,GO,2025-09-10,,showback,";
    let cards = &format!(
        "{CARD}
        GO,1,GO,,,Board,all,graduated,GB,0.10,consumed,0,,,,,
        GO,1,GO,,,Board,all,graduated,GB,0.05,consumed,100,,,,,"
    );
    // 150 cost 12.50 whether shown or charged: 100 / 150 and 50 / 150 of it.
    bills(
        &Case { cards, used: "doh 3 50 GB\ndoh 12 100 GB", modes, ..Case::default() },
        "
        DOH unit GO v1 100 GB = 8.33
        DOH unit GO v1 50 GB = 4.17",
    );
}

/// A fee on a service whose cards ask a percentage above the vendor's cost: that percentage has the days of its cost.
#[test]
fn a_fee_on_cost_plus_changes_in_mid_month() {
    let cards = "rate_id,version,service,effective_from,effective_to,approved_by,model,basis,percent,percent_of
        GO,1,GO,,,Board,cost_plus,billed,10,
        FEE,1,FEE,,2025-09-15,Board,percent,,5,GO
        FEE,2,FEE,2025-09-15,,Board,percent,,8,GO";
    // Until the 14th 100.00 and 10.00 above it: 5 % of 110.00. From the 15th 200.00 and 20.00: 8 % of 220.00.
    bills(
        &Case { cards, used: "doh 14 1 GB 100.00\ndoh 15 1 GB 200.00", ..Case::default() },
        "
        DOH direct GO v1  = 300.00
        DOH fee    GO v1  = 30.00
        DOH fee    FEE v1 = 5.50
        DOH fee    FEE v2 = 17.60",
    );
    // Three days of 0.05 above each: 0.15 and the cents of its days add up to it.
    bills(
        &Case { cards, used: "doh 13 1 GB 0.45\ndoh 14 1 GB 0.45\ndoh 15 1 GB 0.45", ..Case::default() },
        "
        DOH direct GO v1  = 1.35
        DOH fee    GO v1  = 0.14
        DOH fee    FEE v1 = 0.05
        DOH fee    FEE v2 = 0.04",
    );
}
