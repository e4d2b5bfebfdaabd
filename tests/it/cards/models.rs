//! One test a model.

use super::{Case, bills};

const UNITS: &str = "rate_id,version,service,approved_by,model,unit,unit_price,price_per,measure,sku_meter";
const TIERS: &str =
    "rate_id,version,service,approved_by,model,unit,unit_price,measure,tier_from,tier_amount,count_window,count_by";

#[test]
fn pass_through_is_the_vendors_cost() {
    let cards = "rate_id,version,service,approved_by,model,basis\nGO,1,GO,Board,pass_through,billed";
    let used = "
        doh 3 10 GB 12.345
        doh 9 10 GB  7.655
        dot 9 10 GB -2.50";
    // 12.345 + 7.655 = 20.00; a credit of 2.50.
    bills(
        &Case { cards, used, ..Case::default() },
        "
        DOH direct GO v1 = 20.00
        DOT direct GO v1 = -2.50",
    );
}

#[test]
fn cost_plus_is_the_vendors_cost_and_a_line_of_its_own() {
    let cards = "rate_id,version,service,approved_by,model,basis,percent\nGO,1,GO,Board,cost_plus,billed,7.5";
    let used = "
        doh 3 1 GB 1000.00
        doh 9 1 GB  234.56
        dot 9 1 GB   -2.50";
    // 7.5 % of 1,234.56 = 92.592; of -2.50 = -0.1875.
    bills(
        &Case { cards, used, ..Case::default() },
        "
        DOH direct GO v1 = 1234.56
        DOH fee    GO v1 = 92.59
              7.5 percent of 1234.56 (GO 1234.56) = 92.592, rounded half up to 92.59
        DOT direct GO v1 = -2.50
        DOT fee    GO v1 = -0.19",
    );
}

#[test]
fn percent_is_taken_on_net_lines_and_names_them() {
    let cards = "rate_id,version,service,approved_by,model,percent,percent_of
        GO,1,GO,Board,pass_through,,
        FEE,1,FEE,Board,percent,4.5,GO";
    // 4.5 % of 4,810.62 = 216.4779
    bills(
        &Case { cards, used: "doh 3 1 GB 5000.00\ndoh 4 1 GB -189.38", ..Case::default() },
        "
        DOH direct GO v1  = 4810.62
        DOH fee    FEE v1 = 216.48",
    );
}

#[test]
fn unit_is_quantity_times_price_per_so_many() {
    // Tokens at a price a million, by cache class: uncached input 2.50, cached input 1.25, cache write 3.75, output 10.00.
    let cards = &format!(
        "{UNITS}
        IN,1,GO,Board,unit,token,2.50,1000000,consumed,uncached_input*
        READ,1,GO,Board,unit,token,1.25,1000000,consumed,cached_input*
        WRITE,1,GO,Board,unit,token,3.75,1000000,consumed,cache_write*
        OUT,1,GO,Board,unit,token,10.00,1000000,consumed,output*"
    );
    let used = "
        doh  1 1200000 token meter=uncached_input_tokens
        doh 15 1200000 token meter=uncached_input_tokens
        doh  1 3500000 token meter=cached_input_tokens
        doh  1   80000 token meter=cache_write_tokens
        doh  1  123456 token meter=output_tokens
        dot  1      10 token meter=output_tokens";
    // 2.4 x 2.50 = 6.00; 3.5 x 1.25 = 4.375; 0.08 x 3.75 = 0.30; 0.123456 x 10 = 1.23456; 0.00001 x 10 = 0.0001
    bills(
        &Case { cards, used, ..Case::default() },
        "
        DOH unit IN v1    2400000 token = 6.00
              2400000 token x 2.5 per 1000000 = 6, rounded half up to 6.00
        DOH unit OUT v1   123456 token  = 1.23
        DOH unit READ v1  3500000 token = 4.38
        DOH unit WRITE v1 80000 token   = 0.30
        DOT unit OUT v1   10 token      = 0.00",
    );
}

#[test]
fn graduated_prices_each_unit_in_its_tier() {
    let cards = &format!(
        "{TIERS}
        GO,1,GO,Board,graduated,GB,0.10,consumed,0,,,
        GO,1,GO,Board,graduated,GB,0.08,consumed,100,,,
        GO,1,GO,Board,graduated,GB,0.05,consumed,1000,25.00,,"
    );
    let used = "
        doh  2 1400 GB
        doh 20  100 GB
        dot  2  100 GB
        dps  2 1000 GB";
    // DOH 1,500: 100 x 0.10 + 900 x 0.08 + 500 x 0.05 + 25.00 once = 10 + 72 + 25 + 25 = 132.
    // DOT 100: the bound is inclusive, so tier two is reached and holds nothing: 10.00.
    // DPS 1,000: 10 + 72, and the third tier is reached with its 25.00 and no unit in it.
    bills(
        &Case { cards, used, ..Case::default() },
        "
        DOH unit GO v1 1500 GB = 132.00
              from 0: 100 GB x 0.1 = 10; from 100: 900 GB x 0.08 = 72; from 1000: 500 GB x 0.05 + 25 = 50
              132, rounded half up to 132.00
        DOT unit GO v1 100 GB  = 10.00
        DPS unit GO v1 1000 GB = 107.00",
    );
}

#[test]
fn volume_prices_all_units_in_the_tier_of_the_total() {
    let cards = &format!(
        "{TIERS}
        GO,1,GO,Board,volume,GB,0.10,consumed,0,,,
        GO,1,GO,Board,volume,GB,0.08,consumed,100,5.00,,"
    );
    let used = "
        doh  2  99.5 GB
        dot  2    60 GB
        dot 20    40 GB";
    // DOH 99.5 x 0.10 = 9.95. DOT exactly 100: 100 x 0.08 + 5.00 = 13.00.
    bills(
        &Case { cards, used, ..Case::default() },
        "
        DOH unit GO v1 99.5 GB = 9.95
        DOT unit GO v1 100 GB  = 13.00
              100 GB are in the tier from 100: 100 x 0.08 + 5 = 13",
    );
}

#[test]
fn package_asks_for_each_started_package() {
    // The size stands in the unit: 100 Hours. The vendor counts hours, or blocks of a hundred.
    let cards = &format!("{UNITS}\nGO,1,GO,Board,package,100 Hours,12.00,,consumed,");
    let used = "
        doh  2   1 Hours
        doh  9  99 Hours
        dot  2 100.25 hours
        dps  2   3 100_Hours";
    // DOH 100 hours: 1 package. DOT 100.25: 2. DPS 3 blocks are 300 hours: 3.
    bills(
        &Case { cards, used, ..Case::default() },
        "
        DOH unit GO v1 100 Hours    = 12.00
              100 Hours in packages of 100: 1 started; 1 x 12 = 12
        DOT unit GO v1 100.25 Hours = 24.00
        DPS unit GO v1 300 Hours    = 36.00",
    );
}

#[test]
fn package_with_zero_use_asks_nothing() {
    let cards = "rate_id,version,service,approved_by,model,unit,unit_price,measure
        GO,1,FEE,Board,package,100 calls,12.00,driver:units";
    bills(
        &Case { cards, driver: "DOH,0,calls\nDOT,1,calls", ..Case::default() },
        "
        DOH unit GO v1 0 calls = 0.00
              0 calls in packages of 100: 0 started; 0 x 12 = 0
        DOT unit GO v1 1 calls = 12.00",
    );
}

#[test]
fn step_rises_with_each_started_block() {
    // 3,000 for each started 500,000 transactions.
    let cards = "rate_id,version,service,approved_by,model,unit,unit_price,price_per,measure
        GO,1,FEE,Board,step,transactions,3000,500000,driver:units";
    let driver = "
        DOH,500000,transactions
        DOT,500001,transactions
        DPS,1750000,transactions";
    bills(
        &Case { cards, driver, ..Case::default() },
        "
        DOH unit GO v1 500000 transactions  = 3000.00
        DOT unit GO v1 500001 transactions  = 6000.00
              500001 transactions in steps of 500000: 2 started; 2 x 3000 = 6000
        DPS unit GO v1 1750000 transactions = 12000.00",
    );
}

#[test]
fn credits_of_units_undo_what_they_correct() {
    let cards = &format!(
        "{TIERS}
        GO,1,GO,Board,graduated,GB,0.10,consumed,0,,,
        GO,1,GO,Board,graduated,GB,0.05,consumed,100,,,"
    );
    // 250 - 100 = 150: 10 + 2.50. And 40 less than were ever used here: -4.00.
    bills(
        &Case { cards, used: "doh 2 250 GB\ndoh 9 -100 GB\ndot 3 -40 GB", ..Case::default() },
        "
        DOH unit GO v1 150 GB = 12.50
        DOT unit GO v1 -40 GB = -4.00",
    );
}

/// Percentages are the one thing that adds: of one base the narrowest, of several bases all.
#[test]
fn fees_on_different_bases_add() {
    let cards = "rate_id,version,service,approved_by,scope,model,percent,percent_of,amount
        GO,1,GO,Board,all,pass_through,,,
        TAX,1,TAX,Board,all,flat,,,100.00
        FEE-GO,1,FEE,Board,all,percent,5,GO,
        FEE-TAX,1,FEE,Board,all,percent,2,TAX,
        FEE-DOT,1,FEE,Board,agency:DOT,percent,1,GO,";
    bills(
        &Case { cards, used: "doh 2 1 GB 200.00\ndot 2 1 GB 200.00", ..Case::default() },
        "
        DOH direct GO v1      = 200.00
        DOH fee    FEE-GO v1  = 10.00
        DOH fee    FEE-TAX v1 = 2.00
        DOH fixed  TAX v1     = 100.00
        DOT direct GO v1      = 200.00
        DOT fee    FEE-DOT v1 = 2.00
        DOT fee    FEE-TAX v1 = 2.00
        DOT fixed  TAX v1     = 100.00
        DPS fee    FEE-TAX v1 = 2.00
        DPS fixed  TAX v1     = 100.00",
    );
}
