//! Windows of a fiscal year: what later months begin to count with comes from the records of the closed ones.

use super::{closed, json, outputs};
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

/// Half of the hours, until 120.00 of a year are paid.
const SUBSIDIES: &str =
    "subsidy,version,effective_from,services,percent,yearly_limit,limit_by,paid_by,approved_by,statement_text
START,1,2025-07-01,SNW,50,120.00,agency,1000,CIO,Half of your first hours
";

#[test]
fn a_subsidy_counts_on_from_closed_months_and_no_file_resets_it() {
    let books = golden_small();
    let append = |path: &str, rows: &str| {
        books.write(path, [books.read(path), rows.as_bytes().to_vec()].concat().as_slice());
    };
    books.write("subsidies.csv", SUBSIDIES.as_bytes());
    append("accounts.csv", "transfers_in,,,4910,Transfers in\ntransfers_out,,,6910,Transfers out\n");
    append("chart/accounts.csv", "account,4910,Transfers in,,,yes,no\naccount,6910,Transfers out,,,yes,no\n");
    let toml = String::from_utf8(books.read("chargeback.toml")).unwrap();
    books.write("chargeback.toml", toml.replace("folder = \"a", "expected = false\nfolder = \"a").as_bytes());
    // 3.25 hours at 62.50 are 203.13, half of it 101.565: 101.57, which is within the 120.00.
    let september = work(&books, "2025-09");
    assert_eq!(
        september[1],
        "DOH -101.57: 50 percent of 203.13 = 101.565, rounded half up to 101.57; of the first 120.00 of the fiscal year for \
         the agency: 0.00 counted by closed months and 101.57 now, so 101.57 is paid; list 203.13 less 101.57 paid by fund \
         1000 = 101.56 for the agency"
    );
    let hours = |month: &str, doh: &str| {
        let rows: String = [("DOH", doh), ("DOT", "0"), ("DPS", "0")]
            .map(|(agency, hours)| {
                format!("servicenow_hours,{month},{agency},{hours},hour\nai_tokens,{month},{agency},0,token\n")
            })
            .concat();
        books.write(&format!("drivers/{month}.csv"), format!("driver,month,agency,value,unit\n{rows}").as_bytes());
    };
    // 18.43 are left of 62.50. Handed-out files are no memory: they are taken away.
    hours("2025-10", "2");
    std::fs::remove_dir_all(books.path.join("out")).unwrap();
    let october = work(&books, "2025-10");
    assert_eq!(
        october[1],
        "DOH -18.43: 50 percent of 125.00 = 62.5, rounded half up to 62.50; of the first 120.00 of the fiscal year for the \
         agency: 101.57 counted by closed months and 62.50 now, so 18.43 is paid; list 125.00 less 18.43 paid by fund 1000 = \
         106.57 for the agency"
    );
    hours("2025-11", "2");
    assert!(work(&books, "2025-11")[1].starts_with("DOH 0.00: 50 percent of 125.00"));
    let summary = |month: &str| {
        let files = books.files(&format!("out/{month}"));
        let (_, bytes) = files.into_iter().find(|(path, _)| path.ends_with("summary.json")).unwrap();
        json(&bytes)["subsidies"].clone()
    };
    assert_eq!(
        summary("2025-10"),
        serde_json::json!([{ "fund": "1000", "subsidy": "START", "version": 1, "list": "125.00", "paid": "18.43",
                             "net": "106.57", "posted": "18.43" }])
    );
    // What was taken away is made again from the ledger.
    books.run(&crate::books::request(&books, "2025-09"));
    assert_eq!(close::verify(&books.path, false, None).unwrap(), []);
}

#[test]
fn credits_that_are_gone_are_in_the_records_of_closed_months() {
    let books = golden_small();
    let append = |path: &str, rows: &str| {
        books.write(path, [books.read(path), rows.as_bytes().to_vec()].concat().as_slice());
    };
    append("services.csv", "GPT,Assistant,By credits,7,\n");
    append("accounts.csv", "prepaid,,,1410,Prepaid\n");
    append("chart/accounts.csv", "account,1410,Prepaid,,,yes,no\n");
    books.write(
        "credits.csv",
        b"grant,service,driver,bought_on,expires_on,credits,cost,expired_to\n\
          G-1,GPT,credits,2025-07-01,2025-11-01,1000,20.00,DPS\nG-2,GPT,credits,2025-08-01,,1000,30.00,\n",
    );
    let toml = String::from_utf8(books.read("chargeback.toml")).unwrap();
    books.write("chargeback.toml", toml.replace("folder = \"a", "expected = false\nfolder = \"a").as_bytes());
    append("drivers/2025-09.csv", "credits,2025-09,DOH,700,credits\n");
    let lines = |month: &str| -> Vec<String> {
        closed(&books, month);
        let explained = ["DOH", "DOT", "DPS"]
            .into_iter()
            .flat_map(|agency| (1..12).map(move |number| format!("{agency}-{month}-{number:06}")));
        let told = explained.filter_map(|id| close::explain(&books.path, &id, 1, false).ok());
        let of_service = told.filter(|told| told.line.service.as_str() == "GPT");
        of_service.map(|told| format!("{} {} {}", told.line.agency, told.line.unit, told.line.amount)).collect()
    };
    assert_eq!(lines("2025-09"), ["DOH credits 14.00"]);
    for (month, doh) in [("2025-10", "100"), ("2025-11", "50")] {
        let rows = format!(
            "credits,{month},DOH,{doh},credits\nservicenow_hours,{month},DOH,0,hour\nai_tokens,{month},DOH,0,token\n"
        );
        books.write(&format!("drivers/{month}.csv"), format!("driver,month,agency,value,unit\n{rows}").as_bytes());
    }
    // October uses 100 of the 300 that are left, and 200 expire with it; November begins with the next purchase.
    assert_eq!(lines("2025-10"), ["DOH credits 2.00", "DPS expired 4.00"]);
    assert_eq!(lines("2025-11"), ["DOH credits 1.50"]);
    assert_eq!(close::verify(&books.path, false, None).unwrap(), []);
}
