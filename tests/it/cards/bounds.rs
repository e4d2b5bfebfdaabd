//! Included quantities, minimum and maximum.

use super::{Case, bills};

const CARD: &str = "rate_id,version,service,effective_from,approved_by,scope,model,unit,unit_price,measure,included_quantity,minimum,maximum,above_maximum_to,proration,count_by";

#[test]
fn included_units_cost_nothing() {
    let cards = &format!("{CARD}\nGO,1,GO,,Board,all,unit,GB,0.50,consumed,100,,,,,");
    bills(
        &Case { cards, used: "doh 2 60 GB\ndoh 9 90 GB\ndot 2 99.9 GB", ..Case::default() },
        "
        DOH unit GO v1 150 GB  = 25.00
              150 GB with 100 included leave 50; 50 GB x 0.5 = 25
        DOT unit GO v1 99.9 GB = 0.00",
    );
}

#[test]
fn a_minimum_writes_what_lines_are_short_of() {
    let cards = &format!("{CARD}\nGO,1,GO,,Board,all,unit,GB,0.50,consumed,,40.00,,,,");
    // DOH 30.00 is 10.00 short; DOT has more; DPS used nothing and has no card of its own.
    bills(
        &Case { cards, used: "doh 2 60 GB\ndot 2 81 GB", ..Case::default() },
        "
        DOH unit      GO v1 60 GB = 30.00
        DOH shortfall GO v1       = 10.00
              minimum 40.00, rounded half up to 40.00, less 30.00 = 10.00
        DOT unit      GO v1 81 GB = 40.50",
    );
}

#[test]
fn a_minimum_in_a_partial_first_month() {
    // The card starts on 21 September: 10 of 30 days of 40.00 are 13.33; DOH used 5.00.
    for (proration, short) in [("", "35.00"), ("daily", "8.33"), ("hourly", "8.33")] {
        let cards = &format!("{CARD}\nGO,1,GO,2025-09-21,Board,agency:DOH,unit,GB,0.50,consumed,,40.00,,,{proration},");
        bills(
            &Case { cards, used: "doh 25 10 GB", ..Case::default() },
            &format!(
                "
            DOH unit      GO v1 10 GB = 5.00
            DOH shortfall GO v1       = {short}"
            ),
        );
    }
}

#[test]
fn a_card_of_ones_own_has_its_minimum_without_use() {
    let cards = &format!("{CARD}\nGO,1,GO,,Board,agency:DOH,unit,GB,0.50,consumed,,40.00,,,,");
    bills(&Case { cards, ..Case::default() }, "DOH shortfall GO v1 = 40.00");
}

#[test]
fn what_is_above_a_maximum_is_paid_by_another() {
    let cards = &format!("{CARD}\nGO,1,GO,,Board,all,unit,GB,0.50,consumed,,,100.00,DPS,,");
    // DOH 150.00: 50.00 above; DOT exactly 100.00.
    bills(
        &Case { cards, used: "doh 2 300 GB\ndot 2 200 GB", ..Case::default() },
        "
        DOH unit   GO v1 300 GB = 150.00
        DOH excess GO v1        = -50.00
              150.00 less the maximum 100.00, rounded half up to 100.00, is paid by DPS: 50.00
        DOT unit   GO v1 200 GB = 100.00
        DPS excess GO v1        = 50.00",
    );
}

#[test]
fn bounds_of_the_vendors_cost_and_of_a_fee() {
    let cards = "rate_id,version,service,approved_by,model,percent,percent_of,minimum,maximum,above_maximum_to
        GO,1,GO,Board,pass_through,,,,1000.00,DPS
        FEE,1,FEE,Board,percent,5,GO,60.00,,";
    // The fee comes before any bound (rating.md 1): 5 % of 1,500.00 is more than its minimum, and nobody is asked for a
    // fee on what it pays above another's maximum.
    bills(
        &Case { cards, used: "doh 2 1 GB 1500.00\ndot 2 1 GB 1000.00", ..Case::default() },
        "
        DOH direct    GO v1  = 1500.00
        DOH excess    GO v1  = -500.00
        DOH fee       FEE v1 = 75.00
        DOT direct    GO v1  = 1000.00
        DOT fee       FEE v1 = 50.00
        DOT shortfall FEE v1 = 10.00
        DPS excess    GO v1  = 500.00",
    );
}
