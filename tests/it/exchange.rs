//! Two currencies in one month: apart in files, control totals, invoices and details; one on bills, by a declared rate.

use crate::books::{Books, request};
use crate::cmd::{run, surroundings};
use crate::deliveries::{small_books, total};
use crate::golden_money::september;
use crate::months::Dice;
use calamine::{Data, Reader};
use chargeback::close::Outcome;
use chargeback::model::charge::Dimension;
use chargeback::model::exchange::ExchangeRate;
use chargeback::model::exit::Exit;
use chargeback::model::finding::Code;
use chargeback::model::money::{Cost, Money};
use chargeback::model::proof::VendorState;
use chargeback::model::roll_up::{RollUp, Sums, Symbol};
use chargeback::model::settings::{Settings, VendorInvoice};
use chargeback::stages::{allocate::allocate, rate::rate, reconcile};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::io::Cursor;
use tempfile::TempDir;

/// One account, one invoice number, two currencies: the vendor has a Canadian and an American price list.
const CHARGES: &str = "\
BillingAccountId,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,BilledCost,EffectiveCost,BillingCurrency,SubAccountId,ServiceName,ProviderName,InvoiceId,ChargeCategory,ConsumedQuantity,ConsumedUnit
ACME,2025-09-01,2025-10-01,2025-09-02,2025-09-03,100.10,100.10,CAD,doh-1,Maps,Acme,INV-7,Usage,1,Hours
ACME,2025-09-01,2025-10-01,2025-09-02,2025-09-03,33.33,33.33,CAD,dot-1,Maps,Acme,INV-7,Usage,1,Hours
ACME,2025-09-01,2025-10-01,2025-09-04,2025-09-05,-10.05,-10.05,CAD,doh-1,Maps,Acme,INV-7,Credit,,
ACME,2025-09-01,2025-10-01,2025-09-05,2025-09-06,50,50,CAD,all-1,Maps,Acme,INV-7,Usage,1,Hours
ACME,2025-09-01,2025-10-01,2025-09-02,2025-09-03,10,10,USD,doh-1,Maps,Acme,INV-7,Usage,1,Hours
ACME,2025-09-01,2025-10-01,2025-09-02,2025-09-03,20.005,20.005,USD,dot-1,Maps,Acme,INV-7,Usage,1,Hours
";
const INVOICES: &str = "\
provider,billing_account_id,invoice_id,month,amount,currency
Acme,ACME,INV-7,2025-09,173.38,CAD
Acme,ACME,INV-7,2025-09,30.01,
";
const RATES: &str = "\
currency,month,rate,quoted_on,source,approved_by
CAD,2025-09,0.7312,2025-09-30,Bank of Canada,A. Controller
CAD,2025-08,0.9,2025-08-29,Bank of Canada,A. Controller
";

fn books(charges: &str, invoices: &str, rates: &str) -> (TempDir, Books) {
    let (folder, books) = small_books("USD", "[[source]]\nfolder = \"acme\"\n", &BTreeMap::new(), "billed");
    books.write(
        "owners.csv",
        b"rule,assign,value,sub_account_id\ndoh,agency,DOH,doh-*\ndot,agency,DOT,dot-*\nall,pool,ALL,all-*\n",
    );
    books.write(
        "pools.csv",
        b"pool,version,service,stage,method,targets,reason\nALL,1,ALL,1,even,DOH; DOT; DPS,all alike\n",
    );
    books.write("inbox/2025-09/acme/focus.csv", charges.as_bytes());
    books.write("invoices/2025-09.csv", invoices.as_bytes());
    books.write("exchange.csv", rates.as_bytes());
    (folder, books)
}

fn closed(books: &Books) -> Outcome {
    let outcome = books.run(&request(books, "2025-09"));
    assert_eq!(outcome.exit, Exit::Done, "{}\n{}", outcome.message, books.told(&outcome));
    assert!(outcome.tie_outs.iter().all(|tie| tie.passes), "{:#?}", outcome.tie_outs);
    outcome
}

fn due(outcome: &Outcome) -> Vec<String> {
    outcome.bills.iter().map(|bill| format!("{} {}", bill.agency, bill.due)).collect()
}

fn written(books: &Books, end: &str) -> Vec<u8> {
    let files = books.files("out");
    let of_end = |path: &&String| path.ends_with(end);
    let path = files.keys().find(of_end).unwrap_or_else(|| panic!("{end}: {:?}", files.keys()));
    files[path].clone()
}

fn text(books: &Books, end: &str) -> String {
    String::from_utf8(written(books, end)).unwrap()
}

fn sheet(workbook: &[u8], name: &str) -> String {
    let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(Cursor::new(workbook)).unwrap();
    let range = book.worksheet_range(name).unwrap();
    let cell = |cell: &Data| cell.to_string();
    range.rows().map(|row| row.iter().map(cell).collect::<Vec<_>>().join("|") + "\n").collect()
}

/// By hand. In CAD: DOH 100.10 - 10.05 = 90.05, DOT 33.33, the pool 50, together 173.38, which is the invoice. At 0.7312
/// these are 65.84456, 24.370896, 36.56 and 126.775456, so the invoice is 126.78 USD; the floors 65.84, 24.37 and 36.56
/// leave a cent over, which goes to the largest remainder, DOH. The pool's 36.56 by three are 12.19, 12.19 and 12.18. In
/// USD: 10 and 20.005, the invoice 30.01, its cent DOT's.
#[test]
fn a_canadian_invoice_beside_an_american_one() {
    let (_folder, books) = books(CHARGES, INVOICES, RATES);
    let outcome = closed(&books);
    assert_eq!(due(&outcome), ["DOH 88.04", "DOT 56.57", "DPS 12.18"]);
    assert_eq!(total(&outcome, "billed CAD"), Some("173.38"));
    assert_eq!(total(&outcome, "billed"), Some("30.005"));
    let vendors: Vec<String> = outcome
        .vendors
        .iter()
        .map(|vendor| format!("{} {} {}", vendor.section.in_words(), vendor.usage, vendor.invoice_basis))
        .collect();
    assert_eq!(vendors, ["Acme acme INV-7 30.005 30.01", "Acme acme INV-7 CAD 173.38 126.78"]);
    assert!(outcome.vendors.iter().all(|vendor| vendor.state == VendorState::Matched));

    let reconciled = text(&books, "reconciliation/vendors-2025-09.csv");
    assert!(
        reconciled.contains(
            "Acme,acme,INV-7,matched,CAD,183.43,-10.05,173.38,173.38,126.78,0,0.7312,2025-09-30,Bank of Canada\n"
        ),
        "{reconciled}"
    );
    let summary = text(&books, "summary.json");
    assert!(summary.contains("\"billed cost CAD\"") && summary.contains("\"rate\": \"0.7312\""), "{summary}");
    let details = text(&books, "detail-DOH-2025-09.csv");
    assert!(details.contains(",CAD,1,100.1,100.1,0.7312,billed cost,"), "{details}");
    assert!(details.contains(",USD,1,10,10,,billed cost,10.00\n"), "{details}");
    let entries = text(&books, "journal-2025-09.csv");
    assert!(entries.contains("Acme invoice INV-7 173.38 CAD at USD 0.7312 of 2025-09-30 Bank of Canada"), "{entries}");
    let statement = written(&books, "statement-DOH-2025-09.xlsx");
    let rate = "1 CAD = USD 0.7312 of 2025-09-30, Bank of Canada";
    assert!(sheet(&statement, "Summary").contains(rate), "{}", sheet(&statement, "Summary"));
    let services = sheet(&statement, "Services");
    assert!(services.contains("90.05 CAD at USD 0.7312 of 2025-09-30, Bank of Canada = 65.84456 USD"), "{services}");
    let rates = sheet(&statement, "Exchange rates");
    assert!(rates.contains("CAD|0.7312|USD|") && rates.contains("|Bank of Canada|A. Controller"), "{rates}");
    let shared = text(&books, "summary.json");
    assert!(shared.contains("126.78"), "{shared}");
}

#[test]
fn explain_prints_the_conversion_and_the_rows_in_their_own_currency() {
    let (_folder, books) = books(CHARGES, INVOICES, RATES);
    closed(&books);
    let mut told = Vec::new();
    for number in 1..=3 {
        let (path, line) = (books.path.to_str().unwrap(), format!("DOH-2025-09-{number:06}"));
        let (exit, results, messages) = run(&["explain", &line, "--books", path], &surroundings());
        assert_eq!(exit, 0, "{messages}");
        told.push(results);
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn without_its_rate_nothing_is_converted_and_nothing_is_billed() {
    let of_august = RATES.replace("CAD,2025-09", "CAD,2025-07");
    for rates in [of_august.as_str(), "currency,month,rate,quoted_on,source,approved_by\n"] {
        let invoices = INVOICES.lines().filter(|line| !line.contains("CAD")).collect::<Vec<_>>().join("\n");
        let (_folder, books) = books(CHARGES, &invoices, rates);
        let outcome = books.run(&request(&books, "2025-09"));
        assert_eq!(outcome.exit, Exit::Blocked);
        let mixed: Vec<&_> = outcome.findings.iter().filter(|finding| finding.code == Code::CurrencyMixed).collect();
        let told = books.told(&outcome);
        assert!(mixed.iter().all(|finding| finding.blocks()) && told.contains("173.38 CAD"), "{told}");
        assert!(outcome.bills.is_empty(), "{told}");
    }
}

/// An invoice in dollars for charges in Canadian dollars is a mistake of whoever entered it, not an invoice to be met.
#[test]
fn an_invoice_is_compared_in_its_own_currency_only() {
    let canadian: String =
        CHARGES.lines().filter(|line| !line.contains("USD")).map(|line| format!("{line}\n")).collect();
    let (_folder, books) = books(
        &canadian,
        "provider,billing_account_id,invoice_id,month,amount\nAcme,ACME,INV-7,2025-09,126.78\n",
        RATES,
    );
    let outcome = books.run(&request(&books, "2025-09"));
    assert_eq!(outcome.exit, Exit::Blocked);
    let told = books.told(&outcome);
    assert!(told.contains("The charges of Acme acme INV-7 CAD are in CAD"), "{told}");
}

#[test]
fn a_changed_rate_is_another_run_and_moves_only_what_was_converted() {
    let (_folder, books) = books(CHARGES, INVOICES, &RATES.replace("0.7312", "1.5"));
    // 90.05, 33.33 and 50 at 1.5: 135.075, 49.995 and 75, together the invoice's 260.07.
    assert_eq!(due(&closed(&books)), ["DOH 170.08", "DOT 95.00", "DPS 25.00"]);
}

// ---- properties -----------------------------------------------------------------------------------------------------

/// Charges of three agencies and a pool in one foreign currency, in up to six decimals, some of them credits.
fn made(dice: &mut Dice, rows: usize) -> (RollUp, Cost) {
    let mut roll_up = RollUp::new(Vec::new());
    let mut sum = Cost::ZERO;
    for row in 0..rows {
        let mut key = vec![Symbol::EMPTY; Dimension::ALL.len()];
        for (dimension, text) in [
            (Dimension::Provider, "AWS"),
            (Dimension::BillingAccountId, "ACME"),
            (Dimension::InvoiceId, "INV-7"),
            (Dimension::SubAccountId, ["doh", "dot", "shared"][dice.below(3)]),
            (Dimension::ResourceId, &format!("r-{row}")),
            (Dimension::ChargeCategory, "Usage"),
            (Dimension::BillingCurrency, "CAD"),
        ] {
            key[dimension as usize] = roll_up.symbols_mut().intern(text);
        }
        let units = i128::try_from(dice.below(50_000_000)).unwrap() - 5_000_000;
        let billed = Cost::from_units(units * 1_000_000_000_000);
        sum = sum.checked_add(billed).unwrap();
        let sums = Sums { billed, effective: Some(billed), charges: 1, ..Sums::default() };
        roll_up.push(&key, september().first_day(), sums);
    }
    (roll_up, sum)
}

fn at(rate: Decimal) -> Settings {
    let mut settings = crate::golden_money::settings();
    settings.exchange = vec![ExchangeRate {
        line: 2,
        currency: "CAD".to_owned(),
        month: september(),
        rate,
        quoted_on: september().last_day(),
        source: "Bank".to_owned(),
        approved_by: "ann".to_owned(),
    }];
    settings
}

/// The charges become the converted invoice to the cent, whatever the rate: nothing is left with the provider but what a
/// cent of the vendor's is worth.
#[test]
fn converted_charges_are_the_converted_invoice() {
    for seed in 0..400 {
        let mut dice = Dice::new(seed);
        let (rows, scale) = (1 + dice.below(60), 1 + u32::try_from(dice.below(9)).unwrap());
        let (roll_up, sum) = made(&mut dice, rows);
        let digits = 1 + i64::try_from(dice.below(20_000)).unwrap();
        let mut settings = at(Decimal::new(digits, scale));
        let invoice = sum.exact().round_half_up().unwrap();
        settings.invoices = vec![VendorInvoice {
            line: 2,
            amount: invoice,
            currency: "CAD".to_owned(),
            provider: "AWS".to_owned(),
            billing_account_id: "ACME".to_owned(),
            invoice_id: "INV-7".to_owned(),
            ..settings.invoices[0].clone()
        }];
        let rated = rate(&roll_up, &chargeback::model::intake::Directory::default(), &settings, september());
        let (vendors, findings) = reconcile::vendors(&roll_up, &rated, &settings, september());
        assert_eq!(vendors.len(), 1, "seed {seed}: {findings:#?}");
        let converted = settings.exchange[0].convert(Cost::from_money(invoice)).unwrap();
        let expected = converted.exact().round(settings.state.rounding).unwrap();
        assert_eq!(vendors[0].invoice_basis, expected, "seed {seed}");
        let allocated = allocate(&roll_up, rated, &vendors, &settings, september());
        let charges = Money::total(allocated.charges.iter().map(|charge| charge.amount)).unwrap();
        let central = Money::total(allocated.bills.central.iter().map(|central| central.amount)).unwrap();
        assert_eq!(charges.checked_add(central).unwrap(), expected, "seed {seed}");
        // At most half a cent of the vendor's is between invoice and charges, and half a cent of ours.
        let worth = settings.exchange[0].convert(Cost::parse("0.005").unwrap()).unwrap();
        let most = worth.checked_add(Cost::parse("0.01").unwrap()).unwrap();
        assert!(Cost::from_money(central).magnitude() <= most, "seed {seed}: {central}");
    }
}
