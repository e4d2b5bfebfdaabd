//! Every model of a rate card and every option, as a controller checks them: the card as finance writes it, what was used,
//! and what the bill says, with the arithmetic beside it.
//!
//! Each case is a whole September 2025, from the tables to bills; every law and tie-out must hold in each.

mod allowed;
mod bounds;
mod change;
mod credits;
mod fixed;
mod models;
mod refused;
mod subsidies;

use crate::golden_money::september;
use chargeback::close::Stage;
use chargeback::close::books::{NoPlant, Opened, settle};
use chargeback::config::{self, Loaded};
use chargeback::io::fs::Disk;
use chargeback::model::bill::BillLine;
use chargeback::model::charge::Dimension;
use chargeback::model::credits::CreditsGone;
use chargeback::model::intake::Directory;
use chargeback::model::money::{Cost, Money, Quantity};
use chargeback::model::month::Month;
use chargeback::model::month_end::{MonthEnd, Normalized, Standing};
use chargeback::model::past::Carried;
use chargeback::model::pricing::Counter;
use chargeback::model::roll_up::{RollUp, Sums, Symbol};
use chargeback::model::subsidy::Counted;
use std::fs;
use std::path::Path;

const GOLDEN: &str = "tests/closes/golden-september/in";

/// What a case begins with besides its cards.
#[derive(Clone, Copy, Default)]
pub struct Case<'a> {
    /// Rows of `rates/cards.csv` with their header.
    pub cards: &'a str,
    /// A row each: account of the agency, day, quantity, unit, and as much of `cost`, `meter=`, `resource=`, `user=` as
    /// there is. The service is GO.
    pub used: &'a str,
    /// Rows of `drivers/units.csv` without their header: agency, value.
    pub driver: &'a str,
    pub month: &'a str,
    pub counters: &'a [(&'a str, &'a str, &'a str)],
    /// A row of modes.csv, of agencies.csv.
    pub modes: &'a str,
    pub agencies: &'a str,
    pub notice_days: u32,
    /// Of the service GO.
    pub without_rate: &'a str,
    /// Revenue accounts by what a card recovers.
    pub recovers: bool,
    /// Rows of subsidies.csv with their header; what closed months counted: subsidy, holder, dollars.
    pub subsidies: &'a str,
    pub subsidised: &'a [(&'a str, &'a str, &'a str)],
    /// Rows of credits.csv with their header; what of each grant closed months have used.
    pub credits: &'a str,
    pub gone: &'a [(&'a str, &'a str)],
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Books with the service GO, whose charges are those of provider Cloud, and services without charges: FEE, TAX.
pub fn load(case: &Case<'_>) -> (tempfile::TempDir, Loaded) {
    let books = tempfile::tempdir().unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    for path in
        ["chargeback.toml", "accounts.csv", "agencies.csv", "funding.csv", "chart/accounts.csv", "chart/funds.csv"]
    {
        write(books.path(), path, &fs::read_to_string(golden.join(path)).unwrap());
    }
    let text =
        |rows: &str| rows.lines().map(str::trim).filter(|row| !row.is_empty()).collect::<Vec<_>>().join("\n") + "\n";
    if !case.agencies.is_empty() {
        write(books.path(), "agencies.csv", &text(case.agencies));
    }
    let owners = "rule,assign,value,sub_account_id\ndoh,agency,DOH,doh\ndot,agency,DOT,dot\ndps,agency,DPS,dps\n";
    write(books.path(), "owners.csv", owners);
    let without_rate = case.without_rate;
    let services = format!(
        "service,name,without_rate,provider_name\nGO,Gateway,{without_rate},Cloud\nFEE,Fee,,\nTAX,Assessment,,\nSNW,Work,,\n"
    );
    write(books.path(), "services.csv", &services);
    if case.recovers {
        let of = |path: &str| fs::read_to_string(books.path().join(path)).unwrap();
        let accounts = of("accounts.csv").replace('\n', ",\n").replace("name,\n", "name,recovery_class\n");
        let more = "revenue,,,4320,Overhead,overhead\nrevenue,,,4330,Passed on,pass_through\n";
        write(books.path(), "accounts.csv", &format!("{accounts}{more}"));
        let codes = "account,4320,Overhead,,,yes,no\naccount,4330,Passed on,,,yes,no\n";
        write(books.path(), "chart/accounts.csv", &format!("{}{codes}", of("chart/accounts.csv")));
    }
    if case.notice_days > 0 {
        let settings = fs::read_to_string(golden.join("chargeback.toml")).unwrap();
        let gates = format!("[gates]\nnotice_days = {}", case.notice_days);
        write(books.path(), "chargeback.toml", &settings.replace("[gates]", &gates));
    }
    write(books.path(), "rates/cards.csv", &text(case.cards));
    if !case.driver.is_empty() {
        let month = if case.month.is_empty() { "2025-09" } else { case.month };
        let rows = case.driver.lines().map(str::trim).filter(|row| !row.is_empty());
        let rows: Vec<String> = rows.map(|row| format!("units,{month},{row}")).collect();
        write(books.path(), "drivers/units.csv", &format!("driver,month,agency,value,unit\n{}\n", rows.join("\n")));
    }
    if !case.modes.is_empty() {
        write(books.path(), "modes.csv", &text(case.modes));
    }
    if !case.credits.is_empty() {
        write(books.path(), "credits.csv", &text(case.credits));
        let of = |path: &str| fs::read_to_string(books.path().join(path)).unwrap();
        write(books.path(), "accounts.csv", &format!("{}prepaid,,,1410,Prepaid\n", of("accounts.csv")));
        let codes = "account,1410,Prepaid,,,yes,no\n";
        write(books.path(), "chart/accounts.csv", &format!("{}{codes}", of("chart/accounts.csv")));
    }
    if !case.subsidies.is_empty() {
        write(books.path(), "subsidies.csv", &text(case.subsidies));
        let of = |path: &str| fs::read_to_string(books.path().join(path)).unwrap();
        let roles = "transfers_in,,,4910,Transfers in\ntransfers_out,,,6910,Transfers out\n";
        write(books.path(), "accounts.csv", &format!("{}{roles}", of("accounts.csv")));
        let codes = "account,4910,Transfers in,,,yes,no\naccount,6910,Transfers out,,,yes,no\n";
        write(books.path(), "chart/accounts.csv", &format!("{}{codes}", of("chart/accounts.csv")));
    }
    let loaded = config::load(&Disk::real(books.path())).unwrap();
    (books, loaded)
}

fn used(rows: &str, month: Month) -> RollUp {
    let tags = vec!["agency".to_owned()];
    let mut part = RollUp::new(tags.clone());
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let mut cells = row.split_whitespace();
        let [account, day, quantity, unit] = [(); 4].map(|()| cells.next().unwrap());
        let mut key = vec![Symbol::EMPTY; Dimension::ALL.len() + 1];
        let mut set = |dimension: Dimension, text: &str| {
            key[dimension as usize] = part.symbols_mut().intern(text);
        };
        for (dimension, text) in [
            (Dimension::Provider, "Cloud"),
            (Dimension::BillingAccountId, "1"),
            (Dimension::SubAccountId, account),
            (Dimension::ConsumedUnit, &unit.replace('_', " ")),
            (Dimension::BillingCurrency, "USD"),
        ] {
            set(dimension, text);
        }
        let mut cost = "1";
        for cell in cells {
            match cell.split_once('=') {
                Some(("meter", text)) => set(Dimension::SkuMeter, text),
                Some(("model", text)) => set(Dimension::SkuId, text),
                Some(("resource", text)) => set(Dimension::ResourceId, text),
                Some(("user", text)) => set(Dimension::UserId, text),
                Some((other, _)) => panic!("{other}"),
                None => cost = cell,
            }
        }
        let billed = Cost::parse(cost).unwrap();
        let day = month.first_day() + chrono::Days::new(day.parse::<u64>().unwrap() - 1);
        let quantity = Quantity::parse(quantity).unwrap();
        let (effective, list) = (Some(billed), None);
        part.push(&key, day, Sums { billed, effective, list, contracted: None, quantity, charges: 1 });
    }
    RollUp::merge([part], tags).unwrap()
}

/// Rates, allocates, journals and proves the month.
pub fn close(case: &Case<'_>) -> MonthEnd {
    let (_books, loaded) = load(case);
    let blocking: Vec<String> =
        loaded.findings.iter().filter(|found| found.blocks()).map(ToString::to_string).collect();
    assert_eq!(blocking.join("\n"), "");
    let month = if case.month.is_empty() { september() } else { Month::parse(case.month).unwrap() };
    let mut settings = loaded.settings;
    settings.counters = case
        .counters
        .iter()
        .map(|(rate_id, holder, quantity)| Counter {
            rate_id: (*rate_id).to_owned(),
            version: 1,
            holder: (*holder).to_owned(),
            quantity: Quantity::parse(quantity).unwrap(),
        })
        .collect();
    settings.subsidised = case
        .subsidised
        .iter()
        .map(|(subsidy, holder, amount)| Counted {
            subsidy: (*subsidy).to_owned(),
            holder: (*holder).to_owned(),
            amount: Money::parse(amount).unwrap(),
        })
        .collect();
    let gone = |(grant, credits): &(&str, &str)| CreditsGone {
        grant: (*grant).to_owned(),
        credits: Quantity::parse(credits).unwrap(),
    };
    settings.credits_gone = case.gone.iter().map(gone).collect();
    let opened = Opened {
        month,
        run: "0123456789ab".to_owned(),
        standing: Standing::Draft,
        settings,
        configuration: String::new(),
        directory: Directory::default(),
        normalized: Normalized { roll_up: used(case.used, month), ..Normalized::default() },
        carried: Carried::default(),
        corrected: Vec::new(),
        findings: Vec::new(),
    };
    settle(opened, Stage::Reconcile, &NoPlant).unwrap().0
}

fn shown(line: &BillLine) -> String {
    let version = line.rate.as_ref().map_or(String::new(), |rate| format!(" {} v{}", rate.rate_id, rate.version));
    let quantity = line.quantity.map_or(String::new(), |quantity| format!(" {quantity} {}", line.unit));
    format!("{} {}{version}{quantity} = {}", line.agency, format!("{:?}", line.kind).to_lowercase(), line.amount)
}

/// The bill lines of our own rates, one a row; an indented row is the next sentence of the arithmetic of the line above,
/// and need not be written. The vendor's side is none of the case.
#[track_caller]
pub fn bills(case: &Case<'_>, expected: &str) {
    let end = close(case);
    let blocking: Vec<String> = end.findings.iter().filter(|found| found.blocks()).map(ToString::to_string).collect();
    // Charges that were read from no file are in no control total.
    let blocking: Vec<String> = blocking.into_iter().filter(|told| !told.contains("cost of the files")).collect();
    assert_eq!(blocking.join("\n"), "", "{:#?}", end.bills.lines);
    let broken: Vec<_> =
        end.laws.iter().filter(|law| !law.passes && law.left_name != "billed cost of the files").collect();
    assert!(broken.is_empty() && !end.laws.is_empty(), "{broken:#?}");
    let untied: Vec<_> = end.tie_outs.iter().filter(|tie| !tie.passes).collect();
    assert!(untied.is_empty() && !end.tie_outs.is_empty(), "{untied:#?}");
    let rows: Vec<&str> = expected.lines().filter(|row| !row.trim().is_empty()).collect();
    let indent = rows.first().map_or(0, |row| row.len() - row.trim_start().len());
    let (mut lines, mut sentences): (Vec<String>, Vec<(usize, &str)>) = (Vec::new(), Vec::new());
    for row in rows {
        if row.len() - row.trim_start().len() > indent {
            sentences.push((lines.len() - 1, row.trim()));
        } else {
            lines.push(row.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    let found: Vec<&BillLine> = end.bills.lines.iter().collect();
    let said = |line: &&BillLine| format!("{}\n      {}", shown(line), line.arithmetic.join("\n      "));
    let all = found.iter().map(said).collect::<Vec<_>>().join("\n");
    assert_eq!(found.iter().map(|line| shown(line)).collect::<Vec<_>>(), lines, "\n{all}");
    for (line, sentence) in sentences {
        assert!(found[line].arithmetic.iter().any(|said| said == sentence), "{sentence}\n{all}");
    }
}
