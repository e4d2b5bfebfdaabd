//! The books of the worked month: invoices, journals, tie-outs and laws, with the figures of the accounting reference.

use crate::golden::{self, agency, cost, money, month};
use chargeback::model::bill::Rated;
use chargeback::model::charge::Dimension;
use chargeback::model::intake::{SourceVersion, View};
use chargeback::model::journal_entry::{JournalEntry, Posting, Side};
use chargeback::model::money::{Money, Quantity};
use chargeback::model::month_end::{MonthEnd, VersionTotals};
use chargeback::model::proof::{ControlTotals, Feed, FeedSides, ItemType, Subtotal, TieOut, VendorState};
use chargeback::model::settings::{BillingSides, DriverValue, VendorEntries, VendorInvoice};
use chargeback::stages::{journal, reconcile};
use std::collections::BTreeMap;

/// The worked month with its own stages run over it: reconciled, journalled, and with control totals of its two files.
pub fn september() -> MonthEnd {
    let mut month_end = golden::september();
    month_end.settings.state.vendor_entries = VendorEntries::Full;
    month_end.settings.invoices = vec![invoice("AWS", "111122223333", "2045678901", "charges", "10599.75", "")];
    for (code, hours) in [("DOH", "3.25"), ("DOT", "1.50"), ("DPS", "0.75")] {
        month_end.settings.drivers.push(hours_of(code, hours));
    }
    month_end.versions = vec![version(&month_end, "aws-cur", "AWS"), version(&month_end, "azure-ea", "Microsoft")];
    again(&mut month_end);
    month_end
}

/// Runs reconcile and journal on what the month holds.
pub fn again(month_end: &mut MonthEnd) {
    let rated = Rated { charges: month_end.charges.clone(), findings: Vec::new() };
    let (vendors, _) = reconcile::vendors(&month_end.roll_up, &rated, &month_end.settings, month_end.month);
    month_end.vendors = vendors;
    month_end.journals = entries(month_end);
}

fn entries(month_end: &MonthEnd) -> Vec<JournalEntry> {
    let MonthEnd { bills, charges, vendors, past, settings, month, .. } = month_end;
    let journal = journal::journal(bills, charges, vendors, past, settings, *month);
    assert_eq!(journal.findings, []);
    journal.entries
}

pub fn invoice(provider: &str, account: &str, id: &str, item_type: &str, amount: &str, about: &str) -> VendorInvoice {
    VendorInvoice {
        file: "invoices/2025.csv".to_owned(),
        line: 2,
        provider: provider.to_owned(),
        billing_account_id: account.to_owned(),
        invoice_id: id.to_owned(),
        month: month(),
        invoice_date: None,
        amount: money(amount),
        currency: "USD".to_owned(),
        item_type: item_type.to_owned(),
        description: about.to_owned(),
    }
}

fn hours_of(code: &str, hours: &str) -> DriverValue {
    DriverValue {
        driver: "servicenow".to_owned(),
        month: month(),
        agency: agency(code),
        value: Quantity::parse(hours).unwrap(),
        unit: "hours".to_owned(),
        file: "drivers/servicenow.csv".to_owned(),
        line: 2,
    }
}

fn version(month_end: &MonthEnd, source: &str, provider: &str) -> VersionTotals {
    let mut totals = ControlTotals::default();
    let mut sum = Subtotal::default();
    for row in month_end.roll_up.rows().filter(|row| row.text(Dimension::Provider) == provider) {
        sum.rows += 1;
        sum.billed = sum.billed.checked_add(row.sums().billed).unwrap();
    }
    totals.rows_read = sum.rows;
    totals.rows_accepted = sum.rows;
    totals.rows_expected = (source == "aws-cur").then_some(sum.rows);
    totals.billed = BTreeMap::from([("USD".to_owned(), sum.billed)]);
    for subtotals in [&mut totals.by_charge_type, &mut totals.by_account, &mut totals.by_invoice] {
        subtotals.insert(provider.to_owned(), sum);
    }
    let version = SourceVersion {
        source: source.to_owned(),
        folder: source.to_owned(),
        export: "monthly".to_owned(),
        version: "1".to_owned(),
        month: month(),
        view: View::Only,
        parts: Vec::new(),
        rows_expected: totals.rows_expected,
        manifest: None,
    };
    VersionTotals { version, totals }
}

/// What a faithful writer puts into the feed.
pub fn feed(journals: &[JournalEntry]) -> Feed {
    let mut feed = Feed::default();
    for entry in journals {
        for (fund, (debits, credits)) in entry.by_fund().unwrap() {
            let lines = entry.postings().iter().filter(|posting| posting.string.fund == fund).count() as u64;
            feed.sides.push(FeedSides { journal: entry.id().to_owned(), fund, lines, debits, credits });
        }
    }
    feed
}

/// A journal as the reference prints it.
pub fn printed(journals: &[JournalEntry]) -> String {
    let mut text = String::new();
    for entry in journals {
        for posting in entry.postings() {
            let Posting { string, side, amount, affiliate_fund, service, .. } = posting;
            let (debit, credit) = match side {
                Side::Debit => (amount.to_string(), String::new()),
                Side::Credit => (String::new(), amount.to_string()),
            };
            let cells = [entry.id(), &string.fund, &string.account, &string.agency, service, affiliate_fund];
            text.push_str(&format!("{} | {debit} | {credit}\n", cells.join(" | ")));
        }
    }
    text
}

/// Lines and debits, by fund and in all.
fn control_totals(journals: &[JournalEntry]) -> (usize, Money, BTreeMap<String, Money>) {
    let mut lines = 0;
    let mut by_fund: BTreeMap<String, Money> = BTreeMap::new();
    for entry in journals {
        lines += entry.postings().len();
        for (fund, (debits, credits)) in entry.by_fund().unwrap() {
            assert_eq!(debits, credits);
            let sum = by_fund.entry(fund).or_default();
            *sum = sum.checked_add(debits).unwrap();
        }
    }
    (lines, Money::total(by_fund.values().copied()).unwrap(), by_fund)
}

fn squeezed(text: &str) -> String {
    let cells = |line: &str| line.split('|').map(str::trim).collect::<Vec<_>>().join("|");
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(cells).collect::<Vec<_>>().join("\n")
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

#[test]
fn three_journals_of_nineteen_lines() {
    let month_end = september();
    assert_eq!(squeezed(&printed(&month_end.journals)), squeezed(JOURNALS));
    let (lines, total, by_fund) = control_totals(&month_end.journals);
    assert_eq!((month_end.journals.len(), lines, total), (3, 19, money("51281.42")));
    let expected = [("1000", "7637.28"), ("2100", "4409.87"), ("2200", "5120.85"), ("7300", "34113.42")];
    assert_eq!(by_fund, expected.map(|(fund, sum)| (fund.to_owned(), money(sum))).into());
    for entry in &month_end.journals {
        assert_eq!(entry.posting_date().to_string(), "2025-09-30");
        assert_eq!(entry.period().compact(), "202603");
        let reverses = entry.reversing_date().map(|date| date.to_string());
        assert_eq!(reverses.as_deref(), entry.id().starts_with("ACCR").then_some("2025-10-01"));
        assert!(entry.postings().iter().all(|posting| posting.budget_fiscal_year == 2026));
    }
}

#[test]
fn what_is_posted_is_the_states_choice() {
    for (vendor_entries, sides, lines, total, provider) in [
        (VendorEntries::Full, BillingSides::Both, 19, "51281.42", "34113.42"),
        (VendorEntries::AccrualOnly, BillingSides::Both, 17, "40681.67", "23513.67"),
        (VendorEntries::None, BillingSides::Both, 15, "34336.00", "17168.00"),
        (VendorEntries::Full, BillingSides::ProviderOnly, 12, "34113.42", "34113.42"),
    ] {
        let mut month_end = september();
        month_end.settings.state.vendor_entries = vendor_entries;
        month_end.settings.state.billing_sides = sides;
        again(&mut month_end);
        let (found, sum, by_fund) = control_totals(&month_end.journals);
        assert_eq!(
            (found, sum, by_fund["7300"]),
            (lines, money(total), money(provider)),
            "{vendor_entries:?} {sides:?}"
        );
        holds(&month_end);
    }
}

#[test]
fn the_accrual_and_its_reversal_are_zero_on_every_string() {
    let month_end = september();
    let reversals: Vec<_> = month_end.journals.iter().filter_map(|entry| journal::reversal(entry, 1, 7)).collect();
    let [Ok(reversal)] = &reversals[..] else { panic!("{reversals:?}") };
    assert_eq!(
        squeezed(&printed(std::slice::from_ref(reversal))),
        squeezed(
            "REV-202604-0001 | 7300 | 2020 | DTS | AZU | | 6345.67 |
             REV-202604-0001 | 7300 | 5310 | DTS | AZU | |         | 6345.67"
        )
    );
    assert_eq!(reversal.posting_date().to_string(), "2025-10-01");
    assert_eq!(reversal.reversal_of(), Some("ACCR-202603-0001"));
    let mut net: BTreeMap<_, i64> = BTreeMap::new();
    for posting in month_end.journals[1].postings().iter().chain(reversal.postings()) {
        let cents = posting.amount.cents();
        *net.entry(posting.string.clone()).or_default() += if posting.side == Side::Debit { cents } else { -cents };
    }
    assert!(net.values().all(|cents| *cents == 0), "{net:?}");
}

#[test]
fn invoices_beside_their_charges() {
    let month_end = september();
    let [aws, azure] = &month_end.vendors[..] else { panic!("{:?}", month_end.vendors) };
    assert_eq!(aws.state, VendorState::Matched);
    assert_eq!((aws.usage, aws.charges, aws.credits), (cost("10599.746666"), cost("10849.746666"), cost("-250.00")));
    assert_eq!((aws.invoice, aws.invoice_basis), (Some(money("10599.75")), money("10599.75")));
    assert_eq!(aws.difference, cost("0.003334"));
    let items: Vec<_> = aws.items.iter().map(|item| (item.item_type, item.amount)).collect();
    assert_eq!(items, [(ItemType::Rounding, cost("0.003334"))]);
    assert_eq!(azure.state, VendorState::AccruedNoInvoice);
    assert_eq!((azure.invoice, azure.invoice_basis), (None, money("6345.67")));
    assert!(azure.items.is_empty() && azure.difference.is_zero());
}

/// October's invoice: 120.00 of marketplace above the usage.
#[test]
fn an_item_on_the_invoice_alone_is_not_rounding() {
    let mut month_end = september();
    month_end.settings.invoices.push(invoice("Microsoft", "8608480", "", "charges", "6345.67", ""));
    month_end.settings.invoices.push(invoice("Microsoft", "8608480", "", "marketplace", "120.00", "bought by DPS"));
    again(&mut month_end);
    let azure = &month_end.vendors[1];
    assert_eq!((azure.usage, azure.invoice, azure.difference), (cost("6345.67"), Some(money("6465.67")), cost("120")));
    assert_eq!(azure.state, VendorState::MatchedWithItems);
    let items: Vec<_> = azure.items.iter().map(|item| (item.item_type, item.amount)).collect();
    assert_eq!(items, [(ItemType::InvoiceOnly, cost("120.00"))]);
    assert_eq!(azure.invoice_only().unwrap(), cost("120.00"));
    let vend = squeezed(&printed(&month_end.journals));
    assert!(vend.contains("VEND-202603-0002|7300|5310|DTS|AZU||6465.67|"), "{vend}");
}

/// The same invoice without a row that names the item: nothing may take 120.00 for rounding.
#[test]
fn an_unnamed_difference_blocks() {
    let mut month_end = september();
    month_end.settings.invoices.push(invoice("Microsoft", "8608480", "", "charges", "6465.67", ""));
    let rated = Rated { charges: month_end.charges.clone(), findings: Vec::new() };
    let (vendors, findings) = reconcile::vendors(&month_end.roll_up, &rated, &month_end.settings, month());
    assert_eq!(vendors[1].state, VendorState::Unmatched);
    let items: Vec<_> = vendors[1].items.iter().map(|item| (item.item_type, item.amount)).collect();
    assert_eq!(items, [(ItemType::Unexplained, cost("120.00"))]);
    assert_eq!(findings.len(), 1);
    insta::assert_snapshot!(findings[0].to_string());
    month_end.vendors = vendors;
    assert!(failing(&month_end).iter().any(|name| name.starts_with("law 12")));
}

fn tie<'a>(ties: &'a [TieOut], id: &str) -> &'a TieOut {
    ties.iter().find(|tie| tie.id == id).unwrap()
}

#[test]
fn tie_outs_of_the_worked_month() {
    let month_end = september();
    let ties = reconcile::tie_outs(&month_end, &feed(&month_end.journals));
    let sides: Vec<_> = ties.iter().map(|tie| (tie.id.as_str(), tie.left.as_str(), tie.right.as_str())).collect();
    assert_eq!(
        sides,
        [
            ("T1", "8", "8"),
            ("T2", "13", "13"),
            ("T3", "16945.42", "16945.42"),
            ("T4", "16945.42", "16945.42"),
            ("T5", "3029.00", "3029.00"),
            ("T6", "17168.00", "17168.00"),
            ("T7", "17168.00", "17168.00"),
            ("T8", "17168.00", "17168.00"),
            ("T9", "51281.42", "51281.42"),
            ("T13", "5.5", "5.5"),
        ]
    );
    assert!(ties.iter().all(|tie| tie.passes), "{ties:?}");
    let part = |id: &str, name: &str| tie(&ties, id).parts.iter().find(|part| part.0 == name).unwrap().1.clone();
    for (id, name, amount) in [
        ("T3", "normalised cost", "16945.416666"),
        ("T3", "listed rounding (fit)", "0.003334"),
        ("T4", "billable AWS", "9249.75"),
        ("T4", "billable AZU", "4666.67"),
        ("T4", "billable SHR", "2183.33"),
        ("T4", "showback AI", "845.67"),
        ("T5", "pool SHR", "2183.33"),
        ("T6", "pass-through", "13916.42"),
        ("T6", "allocated", "2183.33"),
        ("T6", "markup", "724.49"),
        ("T6", "unit-rated", "343.76"),
        ("T6", "bill DOH", "7349.77"),
        ("T7", "fund 2100", "4409.87"),
        ("T8", "due from customers", "17168.00"),
        ("T8", "expenditure", "17168.00"),
        ("T9", "BILL-202603-0001 fund 7300", "8 lines, debits 17168.00, credits 17168.00"),
    ] {
        assert_eq!(part(id, name), amount, "{id} {name}");
    }
}

#[test]
fn every_law_holds_in_the_worked_month() {
    let laws = reconcile::laws(&september());
    assert!(laws.iter().all(|law| law.passes), "{laws:#?}");
    assert_eq!(laws.iter().map(|law| law.law).collect::<Vec<_>>(), (1..=13).collect::<Vec<_>>());
}

/// Laws and tie-outs that do not hold, by name and place.
pub fn failing(month_end: &MonthEnd) -> Vec<String> {
    let ties = reconcile::tie_outs(month_end, &feed(&month_end.journals));
    let ties = ties.into_iter().filter(|tie| !tie.passes).map(|tie| tie.id);
    let laws = reconcile::laws(month_end).into_iter().filter(|law| !law.passes);
    laws.map(|law| {
        format!(
            "law {}: {}: {} {} is not {} {}",
            law.law, law.about, law.left_name, law.left, law.right_name, law.right
        )
    })
    .chain(ties)
    .collect()
}

pub fn holds(month_end: &MonthEnd) {
    assert_eq!(failing(month_end), Vec::<String>::new());
}

/// The figures that the reference warns of, each with what it would look like here.
#[test]
fn wrong_answers_are_caught() {
    type Mistake = fn(&mut MonthEnd);
    let mistakes: [(&str, Mistake, &[&str]); 6] = [
        (
            "each third of the pool rounded by itself: 2,183.34",
            |m| set(m, "DPS-2025-09-000003", "727.78"),
            &["law 6", "T5"],
        ),
        ("half-even rounding of 203.125", |m| set(m, "DOH-2025-09-000005", "203.12"), &["law 5"]),
        ("fee before the credit: 227.73", |m| set(m, "DOT-2025-09-000004", "227.73"), &["law 5"]),
        ("the bill total is split, not each line", split_the_total, &["law 8"]),
        ("AI absorbed into the shared pool", ai_into_shared, &["law 6", "T5"]),
        ("usage is booked instead of the invoice basis", usage_for_basis, &["law 12", "T3"]),
    ];
    for (mistake, make, caught_by) in mistakes {
        let mut month_end = september();
        make(&mut month_end);
        let failing = failing(&month_end);
        for law in caught_by {
            assert!(failing.iter().any(|name| name.starts_with(law)), "{mistake}: {law} holds\n{}", failing.join("\n"));
        }
    }
}

/// A bill line of another amount, with funding, journals and documents made from it as if it were right.
fn set(month_end: &mut MonthEnd, id: &str, amount: &str) {
    let line = month_end.bills.lines.iter_mut().find(|line| line.id == id).unwrap();
    let change = money(amount).checked_sub(line.amount).unwrap();
    line.amount = money(amount);
    line.funding[0].amount = line.funding[0].amount.checked_add(change).unwrap();
    month_end.journals = entries(month_end);
}

fn split_the_total(month_end: &mut MonthEnd) {
    let funding = &mut month_end.bills.lines[0].funding;
    funding[0].amount = money("2999.99");
    funding[1].amount = money("2000.01");
    let by_fund = |fund: &str| {
        let parts =
            month_end.bills.lines.iter().filter(|line| line.agency == agency("DOH")).flat_map(|line| &line.funding);
        Money::total(parts.filter(|part| part.string.fund == fund).map(|part| part.amount)).unwrap()
    };
    assert_eq!((by_fund("2100"), by_fund("1000")), (money("4409.86"), money("2939.91")));
    month_end.journals = entries(month_end);
}

fn ai_into_shared(month_end: &mut MonthEnd) {
    for line in month_end.bills.lines.iter_mut().filter(|line| line.service.as_str() == "AI") {
        let share = line.share.as_mut().unwrap();
        share.pool = chargeback::model::codes::PoolId::parse("SHR").unwrap();
    }
}

fn usage_for_basis(month_end: &mut MonthEnd) {
    month_end.vendors[0].invoice_basis = money("10599.74");
}

/// Nothing that a customer's fund owes can be put into the provider's: such an entry cannot be made.
#[test]
fn a_fund_out_of_balance_cannot_be_written() {
    use chargeback::model::journal_entry::{EntryHead, EntryRefusal};
    let month_end = september();
    let bill = &month_end.journals[2];
    let head = || EntryHead {
        id: bill.id().to_owned(),
        journal_type: bill.journal_type(),
        posting_date: bill.posting_date(),
        period: bill.period(),
        service_period: bill.service_period(),
        reversing_date: None,
        reversal_of: None,
    };
    let one_side: Vec<Posting> = bill.postings().iter().filter(|line| line.side == Side::Debit).cloned().collect();
    assert!(matches!(JournalEntry::new(head(), one_side), Err(EntryRefusal::Unbalanced { .. })));
    let mut moved = bill.postings().to_vec();
    let of_fund = |fund: &str, lines: &[Posting]| lines.iter().position(|line| line.string.fund == fund).unwrap();
    let (from, to) = (of_fund("1000", &moved), of_fund("2100", &moved));
    moved[from].amount = moved[from].amount.checked_sub(Money::from_cents(1)).unwrap();
    moved[to].amount = moved[to].amount.checked_add(Money::from_cents(1)).unwrap();
    let refusal = JournalEntry::new(head(), moved).unwrap_err();
    assert_eq!(refusal.to_string(), "journal BILL-202603-0001: fund 1000 has debits 7637.27 and credits 7637.28");
}
