//! Windows of a fiscal year: what later months begin to count with comes from the records of the closed ones.

use super::{closed, outputs};
use crate::books::{Books, golden_small};
use chargeback::close;

/// September's hours: DOH 3.25, DOT 1.50, DPS 0.75.
const CARDS: &str =
    "rate_id,version,service,approved_by,model,unit,unit_price,measure,tier_from,count_window,basis,percent,percent_of
AWS-AT-COST,1,AWS,Board,pass_through,,,,,,billed,,
AZU-AT-COST,1,AZU,Board,pass_through,,,,,,billed,,
BROKERAGE-FEE,1,FEE,Board,percent,,,,,,,4.5,AWS; AZU; SHR
SNW,1,SNW,Board,graduated,hour,60.00,driver:servicenow_hours,0,fiscal_year,,,
SNW,1,SNW,Board,graduated,hour,50.00,driver:servicenow_hours,4,fiscal_year,,,
";

fn work(books: &Books, month: &str) -> Vec<String> {
    let outcome = closed(books, month);
    let files = outputs(books, &outcome);
    let summary: serde_json::Value = serde_json::from_slice(&files["summary.json"]).unwrap();
    let line = outcome.outputs.clone().unwrap();
    assert!(summary.is_object() && !line.is_empty());
    let mut lines = Vec::new();
    for agency in ["DOH", "DOT", "DPS"] {
        for number in 1..9 {
            let id = format!("{agency}-{month}-{number:06}");
            let Ok(told) = close::explain(&books.path, &id, 10, false) else { break };
            if told.line.service.as_str() == "SNW" {
                lines.push(format!("{agency} {}: {}", told.line.amount, told.arithmetic.join("; ")));
            }
        }
    }
    lines
}

#[test]
fn a_fiscal_year_counts_on_from_the_months_that_are_closed() {
    let books = golden_small();
    books.write("rates/2026.csv", CARDS.as_bytes());
    let toml = String::from_utf8(books.read("chargeback.toml")).unwrap();
    books.write("chargeback.toml", toml.replace("folder = \"a", "expected = false\nfolder = \"a").as_bytes());
    assert_eq!(
        work(&books, "2025-09"),
        [
            "DOH 195.00: from 0: 3.25 hour x 60 = 195; 195, rounded half up to 195.00",
            "DOT 90.00: from 0: 1.5 hour x 60 = 90; 90, rounded half up to 90.00",
            "DPS 45.00: from 0: 0.75 hour x 60 = 45; 45, rounded half up to 45.00",
        ]
    );
    for (month, doh) in [("2025-10", "2"), ("2025-11", "1.5")] {
        let hours: String = [("DOH", doh), ("DOT", "0"), ("DPS", "0")]
            .map(|(agency, hours)| {
                format!("servicenow_hours,{month},{agency},{hours},hour\nai_tokens,{month},{agency},0,token\n")
            })
            .concat();
        books.write(&format!("drivers/{month}.csv"), format!("driver,month,agency,value,unit\n{hours}").as_bytes());
    }
    // 0.75 hours are left of the first tier, 1.25 are in the second: 45.00 + 62.50. November is in the second alone.
    let october = work(&books, "2025-10");
    assert_eq!(
        october[0],
        "DOH 107.50: 3.25 hour were counted before; from 0: 0.75 hour x 60 = 45; from 4: 1.25 hour x 50 = 62.5; 107.5, rounded half up to 107.50"
    );
    let november = work(&books, "2025-11");
    assert_eq!(
        november[0],
        "DOH 75.00: 5.25 hour were counted before; from 4: 1.5 hour x 50 = 75; 75, rounded half up to 75.00"
    );
    // The counter is in the chain of records: each month is made again from what it was closed on.
    assert_eq!(close::verify(&books.path, false, None).unwrap(), []);
}
