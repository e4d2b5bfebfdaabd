//! A log of usage beside the provider's invoice: the difference by its causes, worked out by hand; seats nobody uses.

use crate::books::{golden, request};
use crate::golden_money::september;
use chargeback::model::charge::Dimension;
use chargeback::model::exit::Exit;
use chargeback::model::finding::{Code, Finding};
use chargeback::model::money::{Cost, Quantity};
use chargeback::model::month::Validity;
use chargeback::model::roll_up::{RollUp, Sums, Symbol};
use chargeback::model::settings::{Pattern, Settings};
use chargeback::model::usage_log::{LogDifference, LogPrice};
use chargeback::stages::reconcile::usage_logs;
use chrono::NaiveDate;

/// A row each: format, model, meter, day, quantity, unit, cost (`-` where the row has no money).
fn roll_up(rows: &str) -> RollUp {
    let mut part = RollUp::new(Vec::new());
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let cells: Vec<&str> = row.split_whitespace().collect();
        let [source, model, meter, day, quantity, unit, cost] = cells[..] else { panic!("{row}") };
        let mut key = vec![Symbol::EMPTY; Dimension::ALL.len()];
        let currency = if cost == "-" { "" } else { "USD" };
        for (dimension, text) in [
            (Dimension::Source, source),
            (Dimension::SkuId, model),
            (Dimension::SkuMeter, meter),
            (Dimension::UserId, model),
            (Dimension::ConsumedUnit, &unit.replace('_', " ")),
            (Dimension::BillingCurrency, currency),
        ] {
            key[dimension as usize] = part.symbols_mut().intern(text);
        }
        let billed = if cost == "-" { Cost::ZERO } else { Cost::parse(cost).unwrap() };
        let day = NaiveDate::from_ymd_opt(2025, 9, day.parse().unwrap()).unwrap();
        let quantity = Quantity::parse(quantity).unwrap();
        part.push(&key, day, Sums { billed, effective: None, list: None, contracted: None, quantity, charges: 1 });
    }
    RollUp::merge([part], Vec::new()).unwrap()
}

/// `model meter billed_meter kind from price` at a million.
fn settings(rows: &str) -> Settings {
    let mut settings = Settings::default();
    for (line, row) in rows.lines().map(str::trim).filter(|row| !row.is_empty()).enumerate() {
        let cells: Vec<&str> = row.split_whitespace().collect();
        let [model, meter, billed_meter, kind, from, price] = cells[..] else { panic!("{row}") };
        let day = |text: &str| text.parse::<u32>().ok().and_then(|day| NaiveDate::from_ymd_opt(2025, 9, day));
        let pattern = |text: &str| Pattern(text.to_owned());
        let valid = match from.split_once('-') {
            Some((from, to)) => Validity { from: day(from), to: day(to) },
            None => Validity::default(),
        };
        settings.log_prices.push(LogPrice {
            line: line as u64 + 2,
            log: "openai-usage".to_owned(),
            invoice: "openai-costs".to_owned(),
            model: pattern(model),
            billed_model: pattern(model),
            meter: pattern(meter),
            billed_meter: pattern(billed_meter),
            kind: kind.to_owned(),
            valid,
            price: price.parse().unwrap(),
            price_per: "1000000".parse().unwrap(),
        });
    }
    settings
}

fn compared(prices: &str, rows: &str) -> (Vec<String>, Vec<Finding>) {
    let (differences, findings) = usage_logs(&roll_up(rows), &settings(prices), september()).unwrap();
    let shown = |of: &LogDifference| {
        let causes = of.causes().map(|(_, amount)| amount);
        let sum = Cost::total([of.expected].into_iter().chain(causes)).unwrap();
        assert_eq!(sum, of.billed, "the causes add up: {of:?}");
        let [missing, cache, price, rounding] = causes;
        format!(
            "{} {}: {} of {} tokens, {} to {}: missing {missing}, cache class {cache}, price {price}, rounding {rounding}",
            of.model, of.kind, of.logged, of.invoiced, of.expected, of.billed
        )
    };
    (differences.iter().map(shown).collect(), findings)
}

const PRICES: &str = "
    gpt* uncached_input_tokens *,_input        input  - 2.50
    gpt* cached_input_tokens   *cached_input   input  - 1.25
    gpt* output_tokens         *output         output - 10.00";

/// The log has 1,000,000 uncached and 3,000,000 cached tokens: 2.50 + 3.75 = 6.25, 1.5625 a million. The invoice has
/// 2,000,000 and 2,400,000: 400,000 more are 0.625; the rest of 8.00 - 6.25 is that more were uncached: 1.125. Output agrees
/// in tokens and was invoiced at 11.00 a million: 0.50 is price.
#[test]
fn the_difference_is_split_into_its_causes() {
    let rows = "
        openai-usage gpt-5 uncached_input_tokens 1 1000000 tokens -
        openai-usage gpt-5 cached_input_tokens   1 3000000 tokens -
        openai-usage gpt-5 output_tokens         2  500000 tokens -
        openai-costs gpt-5 gpt-5,_input          1 2000000 tokens 5.00
        openai-costs gpt-5 gpt-5,_cached_input   1 2400 1K_tokens 3.00
        openai-costs gpt-5 gpt-5,_output         2  500000 tokens 5.50";
    let (told, findings) = compared(PRICES, rows);
    assert_eq!(
        told,
        [
            "gpt* input: 4000000 of 4400000 tokens, 6.25 to 8: missing 0.625, cache class 1.125, price 0, rounding 0",
            "gpt* output: 500000 of 500000 tokens, 5 to 5.5: missing 0, cache class 0, price 0.5, rounding 0",
        ]
    );
    let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"));
}

/// 333,333 tokens at 10.00 are 3.33333, invoiced as 3.33. A price that falls on the 15th splits the month.
#[test]
fn rounding_and_a_price_that_changes_are_no_difference() {
    let prices = "
        gpt* output_tokens *output output 1-15  10.00
        gpt* output_tokens *output output 15-99 5.00";
    let rows = "
        openai-usage gpt-5 output_tokens  14 333333 tokens -
        openai-usage gpt-5 output_tokens  15 200000 tokens -
        openai-costs gpt-5 gpt-5,_output  14 333333 tokens 3.33
        openai-costs gpt-5 gpt-5,_output  15 200000 tokens 1.00";
    let (told, findings) = compared(prices, rows);
    assert_eq!(
        told,
        [
            "gpt* output: 333333 of 333333 tokens, 3.33333 to 3.33: missing 0, cache class 0, price 0, rounding -0.00333",
            "gpt* output: 200000 of 200000 tokens, 1 to 1: missing 0, cache class 0, price 0, rounding 0",
        ]
    );
    assert!(findings.iter().all(|finding| !finding.blocks()) && findings.len() == 1);
}

/// What went past the gateway altogether, what the gateway saw and nobody invoiced, and what no row is for.
#[test]
fn either_side_may_be_alone() {
    let rows = "
        openai-usage gpt-5   output_tokens  2 100000 tokens -
        openai-costs gpt-5   gpt-5,_input   2 400000 tokens 1.00
        openai-usage whisper seconds        2 60     seconds -
        openai-costs whisper whisper        2 60     seconds 0.36";
    let (told, findings) = compared(PRICES, rows);
    assert_eq!(
        told,
        [
            "gpt* input: 0 of 400000 tokens, 0 to 1: missing 1, cache class 0, price 0, rounding 0",
            "gpt* output: 100000 of 0 tokens, 1 to 0: missing -1, cache class 0, price 0, rounding 0",
        ]
    );
    let unmatched: Vec<String> =
        findings.iter().filter(|told| told.why.starts_with("No row")).map(|told| told.why.clone()).collect();
    assert_eq!(
        unmatched,
        [
            "No row is for 60 of openai-usage seconds in the log, so they are compared with nothing.",
            "No row is for openai-costs whisper of the invoice, so nothing of the log explains it."
        ]
    );
}

#[test]
fn seats_that_nobody_uses_are_listed() {
    let rows = "
        github-seats ana  seats        1 1 seats -
        github-seats ana  active_seats 1 1 seats -
        github-seats bo   seats        1 1 seats -
        github-seats cy   seats        1 1 seats -
        github-seats cy   seats        8 1 seats -
        github-seats cy   active_seats 8 1 seats -";
    let (_, findings) = usage_logs(&roll_up(rows), &Settings::default(), september()).unwrap();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].code, Code::SeatsDormant);
    assert_eq!(findings[0].why, "1 of 3 seats of github-seats show no use on any report of the month: bo.");
}

/// In the books: the table is read, the sheet is written and read back, a wrong name blocks.
#[test]
fn a_month_with_a_log_and_an_invoice() {
    let books = golden();
    let append = |path: &str, text: &str| {
        let before = String::from_utf8(books.read(path)).unwrap();
        books.write(path, format!("{before}{text}").as_bytes());
    };
    append("chargeback.toml", "\n[[source]]\nfolder = \"openai\"\n");
    append("services.csv", "GPT,OpenAI,By token,7,OpenAI\n");
    append("owners.csv", "openai,,,agency,DOH,OpenAI,,,\n");
    books.write(
        "rates/gpt.csv",
        b"rate_id,version,service,approved_by,model,basis\nGPT,1,GPT,Board,pass_through,billed\n",
    );
    books.write(
        "inbox/2025-09/openai/costs.csv",
        b"start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,line_item,project_id,organization_id\n\
          2025-09-01T00:00:00+00:00,2025-09-02T00:00:00+00:00,5.50,usd,500000,tokens,\"gpt-5, output\",proj_1,org_1\n",
    );
    books.write(
        "inbox/2025-09/openai/usage.csv",
        b"start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,input_tokens,output_tokens,input_cached_tokens\n\
          2025-09-01T00:00:00+00:00,2025-09-02T00:00:00+00:00,proj_1,10,u,k,gpt-5,FALSE,0,450000,0\n",
    );
    let table = "log,invoice,model,meter,billed_meter,kind,price,price_per\n\
                 openai-usage,openai-costs,gpt-5,output_tokens,*output,output,10.00,1000000\n\
                 openai-usage,openai-costs,,requests,none,,0,1\n";
    books.write("log_prices.csv", table.as_bytes());
    let outcome = books.run(&request(&books, "2025-09"));
    assert_eq!(outcome.exit, Exit::Done, "{}\n{}", outcome.message, books.told(&outcome));
    let told = books.told(&outcome);
    assert!(told.contains("missing requests 0.50, price 0.50"), "{told}");
    books.write("log_prices.csv", table.replace("openai-costs", "openai-cost").as_bytes());
    let outcome = books.run(&request(&books, "2025-09"));
    assert!(books.told(&outcome).contains("No format and no mapping has this name"), "{}", books.told(&outcome));
}
