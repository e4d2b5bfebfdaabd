//! Single questions about invoices and journals, each asked of the worked month.

use crate::golden::{agency, cost, money, month};
use crate::golden_books::{again, failing, holds, invoice, printed, september};
use chargeback::model::bill::{Destination, Rated, Ruling};
use chargeback::model::charge::Dimension;
use chargeback::model::codes::{AccountCode, FundCode};
use chargeback::model::finding::{Code, Finding};
use chargeback::model::journal_entry::JournalType;
use chargeback::model::money::{Cost, Money};
use chargeback::model::month::{Month, Validity};
use chargeback::model::month_end::MonthEnd;
use chargeback::model::proof::{ItemType, VendorReconciliation, VendorState};
use chargeback::model::roll_up::RollUp;
use chargeback::model::settings::{
    AccountRole, CodeValue, CounterpartyClass, FundingRule, Mode, Role, VendorEntries, VendorInvoice,
};
use chargeback::stages::journal::{Journal, journal};
use chargeback::stages::reconcile;
use std::sync::Arc;

fn journalled(month_end: &MonthEnd) -> Journal {
    let MonthEnd { bills, charges, vendors, past, settings, month, .. } = month_end;
    journal(bills, charges, vendors, past, settings, *month)
}

fn reconciled(month_end: &MonthEnd) -> (Vec<VendorReconciliation>, Vec<Finding>) {
    let rated = Rated { charges: month_end.charges.clone(), findings: Vec::new() };
    reconcile::vendors(&month_end.roll_up, &rated, &month_end.settings, month_end.month)
}

/// The lines of one journal type that hold a text.
fn lines(month_end: &MonthEnd, journal_type: JournalType, text: &str) -> Vec<String> {
    let of_type = month_end.journals.iter().filter(|entry| entry.journal_type() == journal_type).cloned();
    let of_type: Vec<_> = of_type.collect();
    let line = |line: &str| line.split_once(" | ").unwrap().1.trim_end().to_owned();
    printed(&of_type).lines().map(line).filter(|line| line.contains(text)).collect()
}

fn account(role: Role, of: Option<&str>, class: Option<CounterpartyClass>, account: &str) -> AccountRole {
    AccountRole {
        line: 30,
        role,
        service: of.map(|code| chargeback::model::codes::ServiceCode::parse(code).unwrap()),
        class,
        recovery: None,
        account: AccountCode::parse(account).unwrap(),
        name: "narrower".to_owned(),
    }
}

fn code(dimension: &str, code: &str, valid: Validity, postable: bool) -> CodeValue {
    CodeValue {
        line: 2,
        dimension: dimension.to_owned(),
        code: code.to_owned(),
        name: String::new(),
        valid,
        postable,
        federal: false,
    }
}

#[test]
fn a_missing_account_stops_its_document_and_no_other() {
    let mut month_end = september();
    month_end.settings.account_roles.retain(|row| row.role != Role::DueTo);
    let journal = journalled(&month_end);
    let ids: Vec<_> = journal.entries.iter().map(|entry| entry.id()).collect();
    assert_eq!(ids, ["VEND-202603-0001", "ACCR-202603-0001"]);
    assert_eq!(journal.findings.len(), 1);
    insta::assert_snapshot!(journal.findings[0].to_string());
}

#[test]
fn a_code_must_be_in_the_chart_on_the_posting_date() {
    let until = |day: &str| Validity { from: None, to: Some(day.parse().unwrap()) };
    for (funds, allowed) in [
        (vec![("2100", until("2025-10-01"), true)], true),
        (vec![("2100", until("2025-09-30"), true)], false),
        (vec![("2100", Validity::default(), false)], false),
        (vec![], false),
        (vec![("2100", until("2025-09-30"), false), ("2100", Validity::default(), true)], true),
    ] {
        let mut month_end = september();
        let string = month_end.bills.lines[0].funding[0].string.clone();
        month_end.settings.funding.push(FundingRule {
            line: 7,
            agency: agency("DOH"),
            service: None,
            sub_account: None,
            sequence: 1,
            percent: rust_decimal::Decimal::from(60),
            string,
            federal: true,
            valid: Validity::default(),
        });
        let others = ["7300", "1000", "2200"].map(|fund| ("fund", fund, Validity::default(), true));
        let funds = funds.into_iter().map(|(fund, valid, postable)| ("fund", fund, valid, postable)).chain(others);
        month_end.settings.code_values =
            funds.map(|(dimension, fund, valid, postable)| code(dimension, fund, valid, postable)).collect();
        let journal = journalled(&month_end);
        let made = journal.entries.iter().any(|entry| entry.journal_type() == JournalType::Bill);
        assert_eq!(made, allowed, "{:?}", month_end.settings.code_values);
        assert_eq!(journal.entries.len(), if allowed { 3 } else { 2 });
        let told: Vec<_> = journal.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(told, if allowed { vec![] } else { vec![Code::StringInvalid] });
        if !allowed && month_end.settings.code_values.len() == 4 && month_end.settings.code_values[0].postable {
            insta::assert_snapshot!(journal.findings[0].to_string());
        }
    }
}

#[test]
fn an_outsider_owes_a_receivable() {
    for (class, told) in [
        (CounterpartyClass::External, "Accounts receivable from Department of Health"),
        (CounterpartyClass::OtherGovernment, "Receivable from other government Department of Health"),
        (CounterpartyClass::ComponentUnit, "Due from component unit Department of Health"),
        (CounterpartyClass::GovernmentalFund, "Due from fund 2100"),
    ] {
        let mut month_end = september();
        month_end.settings.agencies.iter_mut().find(|agency| agency.code.as_str() == "DOH").unwrap().class = class;
        again(&mut month_end);
        let postings = month_end.journals.iter().flat_map(|entry| entry.postings());
        let told = format!("{told}, September 2025");
        assert!(postings.into_iter().any(|posting| posting.description == told), "{told}: {:#?}", month_end.journals);
    }
}

#[test]
fn the_narrowest_account_of_a_role_is_taken() {
    let mut month_end = september();
    let roles = &mut month_end.settings.account_roles;
    roles.push(account(Role::Revenue, Some("AWS"), None, "4311"));
    roles.push(account(Role::Revenue, None, Some(CounterpartyClass::GovernmentalFund), "4312"));
    roles.push(account(Role::Revenue, Some("SNW"), Some(CounterpartyClass::GovernmentalFund), "4313"));
    roles.push(account(Role::Revenue, Some("SNW"), Some(CounterpartyClass::External), "4319"));
    again(&mut month_end);
    assert_eq!(
        lines(&month_end, JournalType::Bill, "| 43"),
        [
            "7300 | 4311 | DTS | AWS |  |  | 9249.75",
            "7300 | 4312 | DTS | AZU |  |  | 4666.67",
            "7300 | 4312 | DTS | SHR |  |  | 2183.33",
            "7300 | 4312 | DTS | FEE |  |  | 724.49",
            "7300 | 4313 | DTS | SNW |  |  | 343.76",
        ]
    );
    holds(&month_end);
}

/// A central fund pays an agency's bill: the provider earns the same, the agency's own strings pay nothing.
#[test]
fn what_a_central_fund_absorbs_is_booked_to_it() {
    let mut month_end = september();
    for line in month_end.bills.lines.iter_mut().filter(|line| line.service.as_str() == "SNW") {
        line.mode = Mode::Absorbed;
        line.absorbed_by = Some(FundCode::parse("1000").unwrap());
        if line.agency.as_str() == "DOH" {
            line.funding.clear();
        }
    }
    again(&mut month_end);
    assert_eq!(lines(&month_end, JournalType::Bill, "SNW"), ["7300 | 4310 | DTS | SNW |  |  | 343.76"]);
    assert_eq!(
        lines(&month_end, JournalType::Bill, "1000 | "),
        [
            "7300 | 1310 | DTS |  | 1000 | 7852.91 |",
            "1000 | 6530 | DOH |  |  | 2858.65 |",
            "1000 | 6530 | DPS |  |  | 4697.38 |",
            "1000 | 6530 | DTS |  |  | 296.88 |",
            "1000 | 2110 |  |  | 7300 |  | 7852.91",
        ]
    );
    holds(&month_end);
}

/// In the provider's own fund one agency owes another.
#[test]
fn a_customer_in_the_same_fund_is_named_by_agency() {
    let mut month_end = september();
    let dot = month_end.bills.lines.iter_mut().filter(|line| line.agency.as_str() == "DOT");
    dot.flat_map(|line| &mut line.funding).for_each(|part| part.string.fund = "7300".to_owned());
    month_end.settings.account_roles.push(account(Role::DueFrom, None, Some(CounterpartyClass::SameFund), "1320"));
    again(&mut month_end);
    assert_eq!(
        lines(&month_end, JournalType::Bill, "5120.85"),
        [
            "7300 | 1320 | DTS |  | 7300 | 5120.85 |",
            "7300 | 6530 | DOT |  |  | 5120.85 |",
            "7300 | 2110 | DOT |  | 7300 |  | 5120.85",
        ]
    );
    let postings = month_end.journals[2].postings();
    let claim = postings.iter().find(|posting| posting.string.account == "1320").unwrap();
    assert_eq!(claim.affiliate_agency, "DOT");
    holds(&month_end);
}

/// Who keeps own books gets a receivable; its side is not ours to post.
#[test]
fn an_outsiders_books_are_its_own() {
    let mut month_end = september();
    month_end.settings.agencies[1].class = CounterpartyClass::ComponentUnit;
    let class = Some(CounterpartyClass::ComponentUnit);
    month_end.settings.account_roles.push(account(Role::DueFrom, None, class, "1210"));
    month_end.settings.account_roles.push(account(Role::Revenue, None, class, "4390"));
    again(&mut month_end);
    assert_eq!(lines(&month_end, JournalType::Bill, "5120.85"), ["7300 | 1210 | DTS |  | 2200 | 5120.85 |"]);
    assert_eq!(lines(&month_end, JournalType::Bill, "2200 | 6530"), Vec::<String>::new());
    assert_eq!(lines(&month_end, JournalType::Bill, "4390 | DTS | AWS"), ["7300 | 4390 | DTS | AWS |  |  | 2749.50"]);
    holds(&month_end);
}

/// Credits above charges: amounts stay above zero and change sides. What is nothing is on no line.
#[test]
fn a_credit_balance_changes_sides_and_nothing_is_dropped() {
    let mut month_end = september();
    for line in &mut month_end.bills.lines {
        let part = line.agency.as_str() == "DOT";
        let change = |amount: &mut Money| match (part, line.service.as_str()) {
            (true, _) => *amount = amount.negated(),
            (false, "SNW") => *amount = Money::ZERO,
            _ => {}
        };
        line.funding.iter_mut().for_each(|part| change(&mut part.amount));
        change(&mut line.amount);
    }
    let entries = journalled(&month_end).entries;
    let text = printed(&entries);
    let has = |line: &str| assert!(text.contains(line), "{line}\n{text}");
    has("BILL-202603-0001 | 7300 | 1310 | DTS |  | 2200 |  | 5120.85\n");
    has("BILL-202603-0001 | 7300 | 4310 | DTS | SNW |  | 93.75 | \n");
    has("BILL-202603-0001 | 2200 | 6530 | DOT |  |  |  | 5120.85\n");
    has("BILL-202603-0001 | 2200 | 2110 |  |  | 7300 | 5120.85 | \n");
    let mut nothing = september();
    nothing.bills.lines.iter_mut().for_each(|line| {
        line.amount = Money::ZERO;
        line.funding.iter_mut().for_each(|part| part.amount = Money::ZERO);
    });
    let entries = journalled(&nothing).entries;
    assert!(entries.iter().all(|entry| entry.journal_type() != JournalType::Bill));
}

/// A commitment paid ahead: 600.00 of the shared network row was billed and not used.
#[test]
fn what_is_paid_ahead_waits_in_prepaid() {
    let mut month_end = september();
    let charge = &mut month_end.charges[5];
    charge.ruling = Arc::new(Ruling { destination: Destination::prepaid(), ..Ruling::clone(&charge.ruling) });
    month_end.settings.account_roles.push(account(Role::Prepaid, None, None, "1410"));
    again(&mut month_end);
    assert_eq!(
        lines(&month_end, JournalType::Prep, ""),
        ["7300 | 1410 | DTS | AWS |  | 600.00 |", "7300 | 5310 | DTS | AWS |  |  | 600.00"]
    );
    month_end.charges[5].amount = money("-600.00");
    again(&mut month_end);
    assert_eq!(
        lines(&month_end, JournalType::Prep, ""),
        ["7300 | 1410 | DTS | AWS |  |  | 600.00", "7300 | 5310 | DTS | AWS |  | 600.00 |"]
    );
    month_end.settings.state.vendor_entries = VendorEntries::None;
    again(&mut month_end);
    assert_eq!(lines(&month_end, JournalType::Prep, ""), Vec::<String>::new());
}

/// Each service accounts for its own cost; what the invoice alone has goes with the service of most of it.
#[test]
fn expense_is_told_by_service() {
    let mut month_end = september();
    for charge in &mut month_end.charges[4..8] {
        let service = Some(chargeback::model::codes::ServiceCode::parse("SHR").unwrap());
        charge.ruling = Arc::new(Ruling { service, ..Ruling::clone(&charge.ruling) });
    }
    month_end.settings.account_roles.push(account(Role::ExpenseOperating, Some("SHR"), None, "5320"));
    month_end.settings.invoices.push(invoice("AWS", "111122223333", "2045678901", "tax", "10.00", ""));
    again(&mut month_end);
    assert_eq!(
        lines(&month_end, JournalType::Vend, ""),
        [
            "7300 | 5310 | DTS | AWS |  | 8009.50 |",
            "7300 | 5320 | DTS | SHR |  | 2600.25 |",
            "7300 | 2010 | DTS | AWS |  |  | 10609.75",
        ]
    );
}

#[test]
fn rows_that_cannot_count_are_told_with_their_dollars() {
    let aws = |amount: &str| invoice("AWS", "111122223333", "2045678901", "charges", amount, "");
    type Case = (&'static str, VendorInvoice, Code, VendorState);
    let cases: [Case; 3] = [
        ("twice", aws("10599.75"), Code::TableDuplicate, VendorState::Matched),
        (
            "another currency",
            VendorInvoice { currency: "CAD".to_owned(), item_type: "tax".to_owned(), ..aws("12.00") },
            Code::CurrencyMixed,
            VendorState::Matched,
        ),
        (
            "another month",
            VendorInvoice { month: Month::parse("2025-10").unwrap(), ..aws("7.00") },
            Code::MonthOther,
            VendorState::Matched,
        ),
    ];
    for (case, row, code, state) in cases {
        let mut month_end = september();
        month_end.settings.invoices.push(VendorInvoice { line: 3, ..row });
        let (vendors, findings) = reconciled(&month_end);
        assert_eq!(vendors[0].state, state, "{case}");
        assert_eq!(vendors[0].invoice, Some(money("10599.75")), "{case}");
        let told: Vec<_> = findings.iter().filter(|finding| finding.blocks()).collect();
        assert_eq!(told.iter().map(|finding| finding.code).collect::<Vec<_>>(), [code], "{case}");
        assert!(told[0].at_stake.is_some());
        insta::assert_snapshot!(format!("an invoice row {case}"), told[0].to_string());
    }
}

#[test]
fn an_invoice_without_charges_is_a_section_as_well() {
    let mut month_end = september();
    month_end.settings.invoices.push(invoice("AWS", "999999999999", "777", "charges", "55.00", ""));
    let (vendors, findings) = reconciled(&month_end);
    let found = vendors.iter().find(|vendor| vendor.section.invoice_id == "777").unwrap();
    assert_eq!((found.state, found.usage, found.invoice_basis), (VendorState::Unmatched, Cost::ZERO, money("55.00")));
    assert!(findings.iter().any(|finding| finding.code == Code::InvoiceUnmatched && finding.blocks()));
    month_end.settings.invoices[1].item_type = "support".to_owned();
    let (vendors, findings) = reconciled(&month_end);
    let found = vendors.iter().find(|vendor| vendor.section.invoice_id == "777").unwrap();
    assert_eq!(found.state, VendorState::MatchedWithItems);
    assert!(findings.iter().all(|finding| !finding.blocks()), "{findings:?}");
}

/// An enterprise agreement's invoice has a number, its charges have none: it is the account's month.
#[test]
fn an_invoice_whose_charges_carry_no_id_is_the_accounts_month() {
    for id in ["", "E0800ABCDE"] {
        let mut month_end = september();
        month_end.settings.invoices.push(invoice("microsoft", "8608480", id, "charges", "6345.67", ""));
        again(&mut month_end);
        assert_eq!(month_end.vendors.len(), 2);
        assert_eq!((month_end.vendors[1].state, month_end.vendors[1].items.len()), (VendorState::Matched, 0));
        holds(&month_end);
    }
}

/// What explains an invoice that differs from its charges, and what does not.
#[test]
fn differences_are_named() {
    use ItemType::{CreditTiming, InvoiceOnly, Rounding, Unexplained, UsageOnly};
    type Case = (
        &'static str,
        &'static str,
        &'static [(&'static str, &'static str)],
        VendorState,
        &'static [(ItemType, &'static str)],
    );
    let cases: [Case; 9] = [
        ("half a cent up", "10599.75", &[], VendorState::Matched, &[(Rounding, "0.003334")]),
        ("half a cent down", "10599.74", &[], VendorState::Matched, &[(Rounding, "-0.006666")]),
        ("two cents", "10599.77", &[], VendorState::Unmatched, &[(Unexplained, "0.023334")]),
        (
            "the credit is not granted yet",
            "10849.75",
            &[],
            VendorState::MatchedWithItems,
            &[(CreditTiming, "250"), (Rounding, "0.003334")],
        ),
        (
            "tax apart",
            "10599.75",
            &[("tax", "50.00")],
            VendorState::MatchedWithItems,
            &[(InvoiceOnly, "50"), (Rounding, "0.003334")],
        ),
        (
            "the credit shown apart is a charge as well",
            "10849.75",
            &[("credit", "-250.00")],
            VendorState::Matched,
            &[(Rounding, "0.003334")],
        ),
        (
            "support and a tax that nobody explains",
            "10600.75",
            &[("support", "20.00")],
            VendorState::Unmatched,
            &[(InvoiceOnly, "20"), (Unexplained, "1.003334")],
        ),
        (
            "late rows, named",
            "10500.00",
            &[("usage-only", "99.75")],
            VendorState::MatchedWithItems,
            &[(UsageOnly, "-99.75"), (Rounding, "0.003334")],
        ),
        (
            "a marketplace item is in no charge",
            "10599.75",
            &[("marketplace", "120.00")],
            VendorState::MatchedWithItems,
            &[(InvoiceOnly, "120"), (Rounding, "0.003334")],
        ),
    ];
    for (case, amount, items, state, expected) in cases {
        let mut month_end = september();
        month_end.settings.invoices[0].amount = money(amount);
        for (item_type, amount) in items {
            month_end.settings.invoices.push(invoice("AWS", "111122223333", "2045678901", item_type, amount, ""));
        }
        let (vendors, _) = reconciled(&month_end);
        let found: Vec<_> = vendors[0].items.iter().map(|item| (item.item_type, item.amount)).collect();
        let expected: Vec<_> = expected.iter().map(|(item_type, amount)| (*item_type, cost(amount))).collect();
        assert_eq!((vendors[0].state, found), (state, expected), "{case}");
    }
}

/// Charges that the invoice lacks are owed all the same.
#[test]
fn charges_that_the_invoice_lacks_are_accrued() {
    let mut month_end = september();
    month_end.settings.invoices[0].amount = money("10500.00");
    month_end.settings.invoices.push(invoice("AWS", "111122223333", "2045678901", "usage-only", "99.75", "late rows"));
    again(&mut month_end);
    assert_eq!(lines(&month_end, JournalType::Vend, "5310"), ["7300 | 5310 | DTS | AWS |  | 10500.00 |"]);
    assert_eq!(
        lines(&month_end, JournalType::Accr, "5310"),
        ["7300 | 5310 | DTS | AWS |  | 99.75 |", "7300 | 5310 | DTS | AZU |  | 6345.67 |"]
    );
    assert!(!failing(&month_end).iter().any(|text| text.starts_with("law 9")), "{:?}", failing(&month_end));
}

/// Days of August among September's charges, which the invoice of September does not have.
#[test]
fn charges_of_other_months_are_a_cut_off_item() {
    let mut month_end = september();
    let mut roll_up = RollUp::new(month_end.roll_up.tags().to_vec());
    for row in month_end.roll_up.rows() {
        let mut key: Vec<_> = Vec::new();
        for symbol in row.key() {
            key.push(roll_up.symbols_mut().intern(month_end.roll_up.symbols().text(symbol)));
        }
        let late = row.text(Dimension::ResourceId) == "resource-A5";
        let day = if late { "2025-08-31".parse().unwrap() } else { row.day() };
        roll_up.push(&key, day, row.sums());
    }
    month_end.roll_up = roll_up;
    month_end.settings.invoices[0].amount = money("9099.50");
    let (vendors, _) = reconciled(&month_end);
    let found: Vec<_> = vendors[0].items.iter().map(|item| (item.item_type, item.amount)).collect();
    assert_eq!(found, [(ItemType::PeriodCutOff, cost("-1500.25")), (ItemType::Rounding, cost("0.003334"))]);
    assert_eq!(vendors[0].state, VendorState::MatchedWithItems);
}

/// A wide tolerance lets a difference pass; it does not make rounding of it, and someone is told.
#[test]
fn a_wide_tolerance_makes_nothing_rounding() {
    let mut month_end = september();
    month_end.settings.state.gates.invoice_tolerance = money("200.00");
    month_end.settings.invoices.push(invoice("Microsoft", "8608480", "", "charges", "6465.67", ""));
    let (vendors, findings) = reconciled(&month_end);
    assert_eq!(vendors[1].items[0].item_type, ItemType::Unexplained);
    assert!(findings.iter().any(|finding| finding.code == Code::InvoiceDiffers && !finding.blocks()));
    assert_eq!(month_end.month, month());
}
