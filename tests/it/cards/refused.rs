//! Cards that say what cannot be.

use super::{Case, load};

fn told(cards: &str) -> String {
    let (_books, loaded) = load(&Case { cards, driver: "DOH,1,h", ..Case::default() });
    let told = loaded.findings.iter().filter(|found| found.blocks());
    let line = |why: &str| why.split('\n').next().unwrap_or_default().to_owned();
    told.map(|found| {
        let column = found.place.column.as_ref().map_or("", |column| column.raw());
        format!("{} line {} {column}: {}", found.code, found.place.row.unwrap_or_default(), line(&found.why))
    })
    .collect::<Vec<_>>()
    .join("\n")
}

#[test]
fn cards_that_cannot_be() {
    let head = "rate_id,version,service,approved_by,model,unit,unit_price,price_per,measure,tier_from,count_by,count_window,minimum,maximum,above_maximum_to";
    for (rows, expected) in [
        (
            "GO,1,GO,B,graduated,GB,1,,consumed,10,,,,,",
            "CB0804 line 2 tier_from: No tier begins at 0, so the first units would have no price.",
        ),
        (
            "GO,1,GO,B,graduated,GB,1,,consumed,0,,,,,\nGO,1,GO,B,graduated,TB,1,,consumed,5,,,,,",
            "CB0804 line 3 unit: It is a tier of the card on line 2, which says \"GB\".",
        ),
        (
            "GO,1,GO,B,graduated,GB,1,,consumed,0,,,,,\nGO,1,GO,B,graduated,GB,1,,consumed,0,,,,,",
            "CB0805 line 3 rate_id + version + tier_from: Line 2 of rates/cards.csv has the same, and nobody can say which one counts.",
        ),
        (
            "GO,1,GO,B,unit,GB,1,,consumed,0,,,,,",
            "CB0804 line 2 tier_from: The card has the model unit, so nobody would read the cell.",
        ),
        ("GO,1,GO,B,step,GB,1,0,consumed,,,,,,", "CB0804 line 2 price_per: A price for 0 units is none."),
        (
            "GO,1,GO,B,unit,h,1,,driver:units,,user,,,,",
            "CB0804 line 2 count_by: A driver table tells quantities by agency only.",
        ),
        (
            "GO,1,GO,B,unit,h,1,,driver:units,,,day,,,",
            "CB0804 line 2 count_window: A driver table tells quantities of a month.",
        ),
        ("GO,1,GO,B,unit,h,1,,consumed,,,,5,4,DPS", "CB0804 line 2 minimum: It is more than the maximum."),
        (
            "GO,1,GO,B,unit,h,1,,consumed,,,,,4,",
            "CB0804 line 2 above_maximum_to: What is above the maximum must be paid by somebody, or it would disappear.",
        ),
        (
            "GO,1,GO,B,unit,h,1,,consumed,,,,,4,XXX",
            "CB0806 line 2 above_maximum_to: There is no such agency in agencies.csv.",
        ),
    ] {
        assert_eq!(told(&format!("{head}\n{rows}")), expected, "{rows}");
    }
}
