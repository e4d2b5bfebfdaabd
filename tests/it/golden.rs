//! The worked month of the accounting reference, September 2025, as its month's end: every figure is the reference's, typed
//! in and not computed, so that what is written from it can be read against the page.

use chargeback::model::bill::{
    BillDetail, BillLine, Bills, Destination, FundingLine, LineKind, PoolResult, PoolShare, RateReference, RatedCharge,
    Residual, Ruling, SectionKey,
};
use chargeback::model::charge::{CostBasis, Dimension};
use chargeback::model::codes::{AccountCode, AgencyCode, FundCode, PoolId, ServiceCode};
use chargeback::model::finding::{Code, Finding, Place};
use chargeback::model::intake::Directory;
use chargeback::model::journal_entry::{EntryHead, JournalEntry, JournalType, Posting, Side};
use chargeback::model::money::{Cost, Money, Quantity};
use chargeback::model::month::{FiscalPeriod, Month, Validity};
use chargeback::model::month_end::{MonthEnd, Standing};
use chargeback::model::past::Past;
use chargeback::model::proof::{Gate, LawResult, TieOut, VendorReconciliation, VendorState};
use chargeback::model::roll_up::{RollUp, Sums, Symbol};
use chargeback::model::settings::{
    AccountRole, AccountString, Agency, CardTerms, CounterpartyClass, Fund, Mode, RateCard, RateModel, Role, Scope,
    Service, Settings,
};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::sync::Arc;

/// Texts that come from files: a test may make them hostile.
pub struct Texts<'a> {
    pub resource: &'a str,
    pub tag: &'a str,
    pub agency: &'a str,
    pub description: &'a str,
}

impl Default for Texts<'_> {
    fn default() -> Self {
        Self { resource: "", tag: "payroll", agency: "", description: "" }
    }
}

pub fn september() -> MonthEnd {
    september_with(&Texts::default())
}

pub fn september_with(texts: &Texts<'_>) -> MonthEnd {
    let (roll_up, charges) = charges(texts);
    MonthEnd {
        month: month(),
        run: "5e97ab12c0de".to_owned(),
        standing: Standing::Final,
        settings: settings(texts),
        configuration: "c0".repeat(32),
        directory: Directory::default(),
        roll_up,
        versions: Vec::new(),
        rejected: Vec::new(),
        charges,
        vendors: vendors(),
        bills: bills(),
        journals: journals(texts),
        past: Past::default(),
        usage_logs: Vec::new(),
        tie_outs: tie_outs(),
        laws: vec![LawResult {
            law: 8,
            about: "every bill is the sum of its lines".to_owned(),
            left_name: "bills".to_owned(),
            left: "17168.00".to_owned(),
            right_name: "lines".to_owned(),
            right: "17168.00".to_owned(),
            passes: true,
        }],
        gates: vec![Gate { name: "tie-outs".to_owned(), passes: true, detail: "3 of 3 hold".to_owned() }],
        findings: vec![
            Finding::new(
                Code::InvoiceMissing,
                Place::file("invoices/2025-09.csv"),
                "Azure has not invoiced September; the cost is accrued and reversed when the invoice comes.",
                "Nothing now. Add the invoice to invoices/ when it arrives.",
            )
            .at_stake(cost("6345.67"), "USD"),
        ],
    }
}

pub fn month() -> Month {
    Month::parse("2025-09").unwrap()
}

pub fn agency(code: &str) -> AgencyCode {
    AgencyCode::parse(code).unwrap()
}

pub fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

pub fn cost(text: &str) -> Cost {
    Cost::parse(text).unwrap()
}

fn service(code: &str) -> ServiceCode {
    ServiceCode::parse(code).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Cells of a table, one row a line, blanks around `|` ignored.
fn table(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| line.split('|').map(str::trim).collect())
}

const CHARGES: &str = "
    A1 | AWS       | 2045678901 | 000111122223 | AmazonEC2         | Compute            | 2025-09-03 | Usage  | 4321.123456 | DOH  | 4321.12
    A2 | AWS       | 2045678901 | 000111122223 | AmazonS3          | Storage            | 2025-09-04 | Usage  |  678.876544 | DOH  |  678.88
    A3 | AWS       | 2045678901 | 222233334444 | AmazonEC2         | Compute            | 2025-09-03 | Usage  | 2468.135790 | DOT  | 2468.14
    A4 | AWS       | 2045678901 | 222233334444 | AmazonS3          | Storage            | 2025-09-05 | Usage  |  531.364210 | DOT  |  531.36
    A5 | AWS       | 2045678901 | 333344445555 | AmazonEC2         | Compute            | 2025-09-03 | Usage  | 1500.250000 | DPS  | 1500.25
    A6 | AWS       | 2045678901 | 999900001111 | AmazonVPC         | Network            | 2025-09-01 | Usage  |  600.000000 | SHR  |  600.00
    A7 | AWS       | 2045678901 | 222233334444 | AmazonEC2         | SLA credit         | 2025-09-30 | Credit | -250.000000 | DOT  | -250.00
    A8 | AWS       | 2045678901 | 999900001111 | AWSSupport        | Support plan       | 2025-09-01 | Usage  |  749.996666 | SHR  |  750.00
    Z1 | Microsoft |            | sub-doh      | Microsoft.Web     | App service        | 2025-09-10 | Usage  | 1111.111111 | DOH  | 1111.11
    Z2 | Microsoft |            | sub-dps      | Microsoft.Compute | Virtual machines   | 2025-09-10 | Usage  | 2222.222222 | DPS  | 2222.22
    Z3 | Microsoft |            | sub-dot      | Microsoft.Sql     | SQL                | 2025-09-11 | Usage  | 1333.333334 | DOT  | 1333.34
    Z4 | Microsoft |            | sub-shared   | Microsoft.CogSvc  | OpenAI tokens      | 2025-09-12 | Usage  |  845.670000 | AI   |  845.67
    Z5 | Microsoft |            | sub-shared   | Microsoft.Security| Defender           | 2025-09-01 | Usage  |  833.333333 | SHR  |  833.33";

fn charges(texts: &Texts<'_>) -> (RollUp, Vec<RatedCharge>) {
    let mut roll_up = RollUp::new(vec!["application".to_owned()]);
    let mut charges = Vec::new();
    for (row, cells) in table(CHARGES).enumerate() {
        let [id, provider, invoice, account, code, meter, day_text, category, billed, to, cents] = cells[..] else {
            panic!("{cells:?}")
        };
        let account_id = if provider == "AWS" { "111122223333" } else { "8608480" };
        let resource = if texts.resource.is_empty() { format!("{meter} {id}") } else { texts.resource.to_owned() };
        let mut key = vec![Symbol::EMPTY; Dimension::ALL.len()];
        for (dimension, text) in [
            (Dimension::Provider, provider),
            (Dimension::BillingAccountId, account_id),
            (Dimension::InvoiceId, invoice),
            (Dimension::SubAccountId, account),
            (Dimension::SubAccountName, account),
            (Dimension::ResourceId, &format!("resource-{id}")),
            (Dimension::ResourceName, &resource),
            (Dimension::ServiceCode, code),
            (Dimension::ServiceName, code),
            (Dimension::SkuMeter, meter),
            (Dimension::RegionId, "us-east-1"),
            (Dimension::ChargeCategory, category),
            (Dimension::BillingCurrency, "USD"),
            (Dimension::ConsumedUnit, "Hours"),
        ] {
            key[dimension as usize] = roll_up.symbols_mut().intern(text);
        }
        key.push(roll_up.symbols_mut().intern(texts.tag));
        let billed = cost(billed);
        let quantity = Quantity::parse("720").unwrap();
        let sums = Sums { billed, effective: Some(billed), quantity, charges: 30, ..Sums::default() };
        roll_up.push(&key, day(day_text), sums);
        let destination = match to {
            "SHR" | "AI" => Destination::Pool(PoolId::parse(to).unwrap()),
            code => Destination::Agency(agency(code)),
        };
        let section = section(provider);
        let ruling = Ruling {
            destination,
            service: Some(service(if provider == "AWS" { "AWS" } else { "AZU" })),
            consumer: None,
            owner_rule: "accounts".to_owned(),
            rate: None,
            basis: CostBasis::Billed,
            section,
        };
        charges.push(RatedCharge { row, ruling: Arc::new(ruling), cost: billed, amount: money(cents) });
    }
    (roll_up, charges)
}

fn section(provider: &str) -> SectionKey {
    let (account, invoice) = if provider == "AWS" { ("111122223333", "2045678901") } else { ("8608480", "") };
    SectionKey {
        provider: provider.to_owned(),
        billing_account_id: account.to_owned(),
        invoice_id: invoice.to_owned(),
        currency: String::new(),
    }
}

fn settings(texts: &Texts<'_>) -> Settings {
    let mut settings = Settings::default();
    settings.state.name = "State of Westmark".to_owned();
    for (code, name) in [("DOH", "Department of Health"), ("DOT", "Transportation"), ("DPS", "Public Safety")] {
        settings.agencies.push(Agency {
            code: agency(code),
            name: format!("{name}{}", texts.agency),
            class: CounterpartyClass::GovernmentalFund,
            aliases: Vec::new(),
            contact: format!("budget@{}.westmark.example", code.to_lowercase()),
            valid: Validity::default(),
        });
    }
    for (order, (code, name)) in SERVICES.into_iter().enumerate() {
        settings.services.push(Service {
            code: service(code),
            name: name.to_owned(),
            line: 0,
            matches: Vec::new(),
            statement_text: String::new(),
            order: order as u32,
            without_rate: Default::default(),
        });
    }
    for (code, name) in
        [("7300", "IT Services"), ("1000", "General Fund"), ("2100", "Federal Grants"), ("2200", "Highway Fund")]
    {
        settings.funds.push(Fund {
            code: FundCode::parse(code).unwrap(),
            name: name.to_owned(),
            class: CounterpartyClass::GovernmentalFund,
            federal: code == "2100",
        });
    }
    for (account, role, name) in ACCOUNTS {
        settings.account_roles.push(AccountRole {
            line: 0,
            role,
            service: None,
            class: None,
            recovery: None,
            account: AccountCode::parse(account).unwrap(),
            name: name.to_owned(),
        });
    }
    settings.rate_cards.push(card("FEE-2026", "FEE", "Administration, 4.5 percent of cloud services"));
    settings.rate_cards.push(card("SNW-2026", "SNW", "ServiceNow work, by the hour"));
    settings
}

const SERVICES: [(&str, &str); 6] = [
    ("AWS", "Amazon Web Services"),
    ("AZU", "Microsoft Azure"),
    ("SHR", "Shared cloud platform"),
    ("FEE", "Cloud administration"),
    ("SNW", "ServiceNow work"),
    ("AI", "Artificial intelligence"),
];

const ACCOUNTS: [(&str, Role, &str); 8] = [
    ("1010", Role::Cash, "Cash"),
    ("1310", Role::DueFrom, "Due from other funds"),
    ("2010", Role::ApVendor, "Accounts payable"),
    ("2020", Role::AccruedLiability, "Accrued liabilities"),
    ("2110", Role::DueTo, "Due to other funds"),
    ("4310", Role::Revenue, "Charges for services"),
    ("5310", Role::ExpenseOperating, "Cloud services expense"),
    ("6530", Role::AgencyExpenditure, "IT services expenditure"),
];

fn card(id: &str, code: &str, description: &str) -> RateCard {
    let model = match code {
        "FEE" => RateModel::Percent { percent: Decimal::new(45, 1), of: ["AWS", "AZU", "SHR"].map(service).to_vec() },
        _ => RateModel::Unit {
            unit: "hours".to_owned(),
            unit_price: Decimal::new(6250, 2),
            price_per: Decimal::ONE,
            measure: chargeback::model::settings::Measure::Driver("servicenow".to_owned()),
        },
    };
    RateCard {
        rate_id: id.to_owned(),
        version: 1,
        file: "rates/2026.csv".to_owned(),
        line: 2,
        service: service(code),
        description: description.to_owned(),
        statement_text: description.to_owned(),
        valid: Validity { from: Some(day("2025-07-01")), to: None },
        authority: "Rate letter 2025-14".to_owned(),
        approved_by: "M. Alvarez, Budget Office".to_owned(),
        approved_on: Some(day("2025-06-12")),
        scope: Scope::All,
        conditions: Vec::new(),
        model,
        terms: CardTerms::default(),
    }
}

const BILLS: &str = "
    DOH | AWS | direct | chargeback | 5000.00 | 2100 60 3000.00, 1000 40 2000.00
    DOH | AZU | direct | chargeback | 1111.11 | 2100 60  666.67, 1000 40  444.44
    DOH | SHR | shared | chargeback |  727.78 | 2100 60  436.67, 1000 40  291.11
    DOH | FEE | fee    | chargeback |  307.75 | 2100 60  184.65, 1000 40  123.10
    DOH | SNW | unit   | chargeback |  203.13 | 2100 60  121.88, 1000 40   81.25
    DOH | AI  | shared | showback   |  507.40 |
    DOT | AWS | direct | chargeback | 2749.50 | 2200 100 2749.50
    DOT | AZU | direct | chargeback | 1333.34 | 2200 100 1333.34
    DOT | SHR | shared | chargeback |  727.78 | 2200 100  727.78
    DOT | FEE | fee    | chargeback |  216.48 | 2200 100  216.48
    DOT | SNW | unit   | chargeback |   93.75 | 2200 100   93.75
    DOT | AI  | shared | showback   |  253.70 |
    DPS | AWS | direct | chargeback | 1500.25 | 1000 100 1500.25
    DPS | AZU | direct | chargeback | 2222.22 | 1000 100 2222.22
    DPS | SHR | shared | chargeback |  727.77 | 1000 100  727.77
    DPS | FEE | fee    | chargeback |  200.26 | 1000 100  200.26
    DPS | SNW | unit   | chargeback |   46.88 | 1000 100   46.88
    DPS | AI  | shared | showback   |   84.57 |";

fn bills() -> Bills {
    let mut bills = Bills { lines: table(BILLS).enumerate().map(line).collect(), ..Bills::default() };
    for (row, cells) in table(CHARGES).enumerate() {
        let (provider, to, amount) = (cells[1], cells[9], money(cells[10]));
        let code = if provider == "AWS" { "AWS" } else { "AZU" };
        let direct = bills.lines.iter().position(|line| line.agency.as_str() == to && line.service.as_str() == code);
        match direct {
            Some(line) => bills.details.push(BillDetail { line, row, amount }),
            None => bills.pool_details.push(BillDetail { line: usize::from(to == "SHR"), row, amount }),
        }
    }
    bills.pools = vec![
        pool("AI", "845.67", "by tokens", [("1200000", "507.40"), ("600000", "253.70"), ("200000", "84.57")]),
        pool("SHR", "2183.33", "even", [("1", "727.78"), ("1", "727.78"), ("1", "727.77")]),
    ];
    bills.residuals = vec![
        Residual {
            step: "fit AWS 111122223333 2045678901".to_owned(),
            received_by: "pool SHR".to_owned(),
            cents: Money::from_cents(1),
        },
        Residual { step: "pool SHR".to_owned(), received_by: "DOH, DOT".to_owned(), cents: Money::from_cents(2) },
    ];
    bills
}

fn line((place, cells): (usize, Vec<&str>)) -> BillLine {
    let [to, code, kind, mode, amount, funding] = cells[..] else { panic!("{cells:?}") };
    let of = |pool: &str| table(POOL_SHARES).find(|row| row[0] == pool && row[1] == to).map(|row| pool_share(&row));
    let (rate, quantity, unit, unit_price) = match code {
        "FEE" => (Some("FEE-2026"), None, "", "4.5"),
        "SNW" => (Some("SNW-2026"), Some(["3.25", "1.50", "0.75"][place / 6]), "hours", "62.50"),
        _ => (None, None, "", ""),
    };
    BillLine {
        adjustment: None,
        subsidy: None,
        id: format!("{to}-2025-09-{:06}", place % 6 + 1),
        agency: agency(to),
        service: service(code),
        month: month(),
        kind: match kind {
            "direct" => LineKind::Direct,
            "shared" => LineKind::Shared,
            "fee" => LineKind::Fee,
            _ => LineKind::Unit,
        },
        mode: if mode == "showback" { Mode::Showback } else { Mode::Chargeback },
        absorbed_by: None,
        description: SERVICES.iter().find(|(one, _)| *one == code).unwrap().1.to_owned(),
        provider: match code {
            "AWS" => "AWS",
            "AZU" => "Microsoft",
            _ => "",
        }
        .to_owned(),
        amount: money(amount),
        rate: rate.map(|id| RateReference { rate_id: id.to_owned(), version: 1 }),
        quantity: quantity.map(|text| Quantity::parse(text).unwrap()),
        unit: unit.to_owned(),
        unit_price: unit_price.to_owned(),
        share: of(code),
        arithmetic: match code {
            "SNW" => vec![format!("{} hours x 62.50 = {amount}", quantity.unwrap())],
            "FEE" => vec!["4.5 percent of AWS, AZU and SHR, net of credits".to_owned()],
            _ => Vec::new(),
        },
        converted_from: Vec::new(),
        funding: funding.split(',').filter(|text| !text.trim().is_empty()).map(|text| funding_line(to, text)).collect(),
    }
}

const POOL_SHARES: &str = "
    SHR | DOH | even      | 2183.33 | 1       | 3       | share  | yes
    SHR | DOT | even      | 2183.33 | 1       | 3       | share  | yes
    SHR | DPS | even      | 2183.33 | 1       | 3       | share  | no
    AI  | DOH | by tokens |  845.67 | 1200000 | 2000000 | tokens | no
    AI  | DOT | by tokens |  845.67 | 600000  | 2000000 | tokens | no
    AI  | DPS | by tokens |  845.67 | 200000  | 2000000 | tokens | no";

fn pool_share(cells: &[&str]) -> PoolShare {
    PoolShare {
        pool: PoolId::parse(cells[0]).unwrap(),
        version: 1,
        method: cells[2].to_owned(),
        pool_amount: money(cells[3]),
        driver_value: cells[4].to_owned(),
        driver_total: cells[5].to_owned(),
        unit: cells[6].to_owned(),
        exact: String::new(),
        received_cent: cells[7] == "yes",
    }
}

fn pool(id: &str, amount: &str, method: &str, shares: [(&str, &str); 3]) -> PoolResult {
    PoolResult {
        pool: PoolId::parse(id).unwrap(),
        version: 1,
        service: service(id),
        description: SERVICES.iter().find(|(one, _)| *one == id).unwrap().1.to_owned(),
        taken_in: money(amount),
        shares: ["DOH", "DOT", "DPS"]
            .into_iter()
            .zip(shares)
            .map(|(code, (value, cents))| (agency(code), value.to_owned(), money(cents)))
            .collect(),
        given_out: money(amount),
        method: method.to_owned(),
        received: Vec::new(),
        passed_on: Vec::new(),
        exchanged: Money::ZERO,
        held: Money::ZERO,
    }
}

fn funding_line(to: &str, text: &str) -> FundingLine {
    let cells: Vec<&str> = text.split_whitespace().collect();
    FundingLine {
        string: AccountString {
            fund: cells[0].to_owned(),
            agency: to.to_owned(),
            appropriation: "0101".to_owned(),
            program: "0042".to_owned(),
            account: "6530".to_owned(),
            ..AccountString::default()
        },
        percent: cells[1].to_owned(),
        federal: cells[0] == "2100",
        amount: money(cells[2]),
        budget_fiscal_year: 2026,
    }
}

const JOURNALS: &str = "
    VEND-202603-0001 | 7300 | 5310 | DTS | AWS |      | 10599.75 |
    VEND-202603-0001 | 7300 | 2010 | DTS | AWS |      |          | 10599.75
    ACCR-202603-0001 | 7300 | 5310 | DTS | AZU |      |  6345.67 |
    ACCR-202603-0001 | 7300 | 2020 | DTS | AZU |      |          |  6345.67
    BILL-202603-0001 | 7300 | 1310 | DTS |     | 1000 |  7637.28 |
    BILL-202603-0001 | 7300 | 1310 | DTS |     | 2100 |  4409.87 |
    BILL-202603-0001 | 7300 | 1310 | DTS |     | 2200 |  5120.85 |
    BILL-202603-0001 | 7300 | 4310 | DTS | AWS |      |          |  9249.75
    BILL-202603-0001 | 7300 | 4310 | DTS | AZU |      |          |  4666.67
    BILL-202603-0001 | 7300 | 4310 | DTS | SHR |      |          |  2183.33
    BILL-202603-0001 | 7300 | 4310 | DTS | FEE |      |          |   724.49
    BILL-202603-0001 | 7300 | 4310 | DTS | SNW |      |          |   343.76
    BILL-202603-0001 | 1000 | 6530 | DOH |     |      |  2939.90 |
    BILL-202603-0001 | 1000 | 6530 | DPS |     |      |  4697.38 |
    BILL-202603-0001 | 1000 | 2110 |     |     | 7300 |          |  7637.28
    BILL-202603-0001 | 2100 | 6530 | DOH |     |      |  4409.87 |
    BILL-202603-0001 | 2100 | 2110 |     |     | 7300 |          |  4409.87
    BILL-202603-0001 | 2200 | 6530 | DOT |     |      |  5120.85 |
    BILL-202603-0001 | 2200 | 2110 |     |     | 7300 |          |  5120.85";

fn journals(texts: &Texts<'_>) -> Vec<JournalEntry> {
    [JournalType::Vend, JournalType::Accr, JournalType::Bill]
        .into_iter()
        .map(|journal_type| {
            let id = format!("{}-202603-0001", journal_type.text());
            let postings = table(JOURNALS).filter(|cells| cells[0] == id).map(|cells| posting(&cells, texts)).collect();
            let head = EntryHead {
                id,
                journal_type,
                posting_date: day("2025-09-30"),
                period: FiscalPeriod { year: 2026, period: 3 },
                service_period: month(),
                reversing_date: (journal_type == JournalType::Accr).then(|| day("2025-10-01")),
                reversal_of: None,
            };
            JournalEntry::new(head, postings).unwrap()
        })
        .collect()
}

fn posting(cells: &[&str], texts: &Texts<'_>) -> Posting {
    let (side, amount) = if cells[7].is_empty() { (Side::Debit, cells[6]) } else { (Side::Credit, cells[7]) };
    let (_, role, name) = ACCOUNTS.into_iter().find(|(account, ..)| *account == cells[2]).unwrap();
    Posting {
        role,
        string: AccountString {
            fund: cells[1].to_owned(),
            agency: cells[3].to_owned(),
            account: cells[2].to_owned(),
            program: "0042".to_owned(),
            ..AccountString::default()
        },
        account_name: name.to_owned(),
        side,
        amount: money(amount),
        affiliate_fund: cells[5].to_owned(),
        affiliate_agency: String::new(),
        budget_fiscal_year: 2026,
        description: format!("IT services September 2025{}", texts.description),
        reference: cells[0].to_owned(),
        service: cells[4].to_owned(),
    }
}

fn vendors() -> Vec<VendorReconciliation> {
    vec![
        VendorReconciliation {
            section: section("AWS"),
            currency: "USD".to_owned(),
            exchange: None,
            usage: cost("10599.746666"),
            charges: cost("10849.746666"),
            credits: cost("-250.00"),
            invoice: Some(money("10599.75")),
            invoice_basis: money("10599.75"),
            difference: cost("0.003334"),
            items: Vec::new(),
            state: VendorState::Matched,
        },
        VendorReconciliation {
            section: section("Microsoft"),
            currency: "USD".to_owned(),
            exchange: None,
            usage: cost("6345.67"),
            charges: cost("6345.67"),
            credits: Cost::ZERO,
            invoice: None,
            invoice_basis: money("6345.67"),
            difference: Cost::ZERO,
            items: Vec::new(),
            state: VendorState::AccruedNoInvoice,
        },
    ]
}

fn tie_outs() -> Vec<TieOut> {
    let tie_out =
        |id: &str, about: &str, left_name: &str, left: &str, right_name: &str, parts: &[(&str, &str)]| TieOut {
            id: id.to_owned(),
            about: about.to_owned(),
            left_name: left_name.to_owned(),
            left: left.to_owned(),
            right_name: right_name.to_owned(),
            right: left.to_owned(),
            difference: "0".to_owned(),
            passes: true,
            parts: parts.iter().map(|(name, amount)| ((*name).to_owned(), (*amount).to_owned())).collect(),
        };
    vec![
        tie_out("T2", "rows read are accepted or rejected", "rows read", "13", "accepted and rejected", &[]),
        tie_out(
            "T3",
            "normalized cost becomes the invoice basis",
            "normalized cost and rounding",
            "16945.42",
            "invoice basis",
            &[("normalized cost", "16945.416666"), ("rounding (fit)", "0.003334")],
        ),
        tie_out("T6", "what is billed is what the statements ask", "billed", "17168.00", "statements", &[]),
    ]
}
