//! The bills as one entry: the provider earns and has a claim, each customer spends and owes.
//!
//! Showback and visibility reach no entry. What a central fund absorbs is booked to that fund as its customer.

use super::Books;
use super::draft::{Draft, Line, LineKey};
use crate::model::bill::{BillLine, Bills, FundingLine};
use crate::model::codes::AgencyCode;
use crate::model::finding::{Code, Finding, Place};
use crate::model::journal_entry::{JournalType, Side};
use crate::model::money::{Cost, Money};
use crate::model::settings::{AccountRole, AccountString, BillingSides, CounterpartyClass, Mode, RateCard, Role};

pub fn bill(books: &Books<'_>, bills: &Bills) -> Draft {
    document(books, JournalType::Bill, bills.posted().filter(|line| line.adjustment.is_none()))
}

pub fn document<'a>(books: &Books<'a>, journal_type: JournalType, lines: impl Iterator<Item = &'a BillLine>) -> Draft {
    let mut draft = Draft::new(journal_type);
    for line in lines {
        match customers(books, line) {
            Ok(customers) => {
                for customer in customers {
                    post(books, &mut draft, line, customer);
                }
            }
            Err(finding) => draft.refuse(*finding),
        }
    }
    draft
}

/// One account string that pays a part of a bill line, and the agency behind it.
struct Customer<'a> {
    agency: &'a AgencyCode,
    string: AccountString,
    amount: Money,
    budget_fiscal_year: i32,
}

/// The strings that pay. A fund that absorbs a line is the customer for it in place of the agency, whose own funding is
/// not asked.
fn customers<'a>(books: &Books<'a>, line: &'a BillLine) -> Result<Vec<Customer<'a>>, Box<Finding>> {
    let funded = |agency: &'a AgencyCode| {
        let customer = |part: &FundingLine| Customer {
            agency,
            string: named(part.string.clone(), agency),
            amount: part.amount,
            budget_fiscal_year: part.budget_fiscal_year,
        };
        line.funding.iter().map(customer).collect()
    };
    if line.mode != Mode::Absorbed {
        return Ok(funded(&line.agency));
    }
    let Some(fund) = &line.absorbed_by else {
        let why = "It is to be absorbed, and no fund says that it does. Document BILL is not made.";
        let fix = "Name the fund in absorbed_by of the row in modes.csv.";
        let finding = Finding::new(Code::FundingMissing, Place::file("modes.csv").value(line.id.clone()), why, fix);
        let currency = books.settings.state.currency.clone();
        return Err(Box::new(finding.at_stake(Cost::from_money(line.amount), currency)));
    };
    let agency = &books.settings.state.provider_agency;
    if line.funding.iter().any(|part| part.string.fund == fund.as_str()) {
        return Ok(funded(agency));
    }
    let string = AccountString { fund: fund.to_string(), agency: agency.to_string(), ..AccountString::default() };
    Ok(vec![Customer { agency, string, amount: line.amount, budget_fiscal_year: books.period.year }])
}

/// A string whose rule leaves the agency blank is the agency's own.
fn named(mut string: AccountString, agency: &AgencyCode) -> AccountString {
    if string.agency.is_empty() {
        string.agency = agency.to_string();
    }
    string
}

fn post(books: &Books<'_>, draft: &mut Draft, line: &BillLine, customer: Customer<'_>) {
    let class = books.settings.counterparty(&customer.string.fund, customer.agency);
    earn(books, draft, line, class, customer.amount);
    claim(books, draft, line, class, &customer);
    if books.settings.state.billing_sides == BillingSides::Both && !class.keeps_own_books() {
        spend(books, draft, line, class, &customer);
        owe(books, draft, line, class, &customer);
    }
}

/// The provider's revenue, by service.
fn earn(books: &Books<'_>, draft: &mut Draft, line: &BillLine, class: CounterpartyClass, amount: Money) {
    let Some(account) = account(books, draft, Role::Revenue, line, class, amount) else { return };
    let mut key = LineKey::new(provider_string(books, account), Role::Revenue, books.period.year);
    key.service_order = books.service_order(Some(&line.service));
    key.service = line.service.to_string();
    let service = books.settings.service(&line.service).map_or(line.service.as_str(), |service| &service.name);
    let about = format!("{service}, billed");
    draft.add(key, entry_line(books, account, Side::Credit, amount, &about, books.reference.clone()));
}

/// What the provider is owed, by fund; by agency where the fund does not tell who owes.
fn claim(books: &Books<'_>, draft: &mut Draft, line: &BillLine, class: CounterpartyClass, customer: &Customer<'_>) {
    let Some(account) = account(books, draft, Role::DueFrom, line, class, customer.amount) else { return };
    let mut key = LineKey::new(provider_string(books, account), Role::DueFrom, books.period.year);
    key.affiliate_fund = customer.string.fund.clone();
    if names_agency(class) {
        key.affiliate_agency = customer.agency.to_string();
    }
    let about = owing(books, class, customer);
    draft.add(key, entry_line(books, account, Side::Debit, customer.amount, &about, books.reference.clone()));
}

/// Who owes, as a person would say it: an outsider owes a receivable, another agency or fund of the state what is due.
fn owing(books: &Books<'_>, class: CounterpartyClass, customer: &Customer<'_>) -> String {
    let (agency, fund) = (customer.agency, &customer.string.fund);
    let name = || books.settings.agency(agency).map_or(agency.as_str(), |agency| &agency.name);
    match class {
        CounterpartyClass::External => format!("Accounts receivable from {}", name()),
        CounterpartyClass::OtherGovernment => format!("Receivable from other government {}", name()),
        CounterpartyClass::ComponentUnit => format!("Due from component unit {}", name()),
        CounterpartyClass::SameFund => format!("Due from fund {fund}, agency {agency}"),
        _ => format!("Due from fund {fund}"),
    }
}

/// What the customer spends: on the account that its funding rule names, or else that of the role.
fn spend(books: &Books<'_>, draft: &mut Draft, line: &BillLine, class: CounterpartyClass, customer: &Customer<'_>) {
    let mut string = customer.string.clone();
    let name = if string.account.is_empty() {
        let Some(account) = account(books, draft, Role::AgencyExpenditure, line, class, customer.amount) else {
            return;
        };
        string.account = account.account.to_string();
        account.name.clone()
    } else {
        books.chart.name(&string.account)
    };
    let agency = books.settings.agency(customer.agency).map_or(customer.agency.as_str(), |agency| &agency.name);
    let key = LineKey::new(string, Role::AgencyExpenditure, customer.budget_fiscal_year);
    let line = Line {
        role: Role::AgencyExpenditure,
        account_name: name,
        normal: Side::Debit,
        net: customer.amount,
        description: format!("IT services to {agency}, {}", books.month.in_words()),
        reference: format!("{}-{}", customer.agency, books.month),
    };
    draft.add(key, line);
}

fn owe(books: &Books<'_>, draft: &mut Draft, line: &BillLine, class: CounterpartyClass, customer: &Customer<'_>) {
    let Some(account) = account(books, draft, Role::DueTo, line, class, customer.amount) else { return };
    let state = &books.settings.state;
    let within_fund = class == CounterpartyClass::SameFund;
    let string = AccountString {
        fund: customer.string.fund.clone(),
        agency: if within_fund { customer.agency.to_string() } else { String::new() },
        account: account.account.to_string(),
        ..AccountString::default()
    };
    let mut key = LineKey::new(string, Role::DueTo, books.period.year);
    key.affiliate_fund = state.provider_fund.to_string();
    if within_fund {
        key.affiliate_agency = state.provider_agency.to_string();
    }
    let about = format!("Due to fund {}", state.provider_fund);
    draft.add(key, entry_line(books, account, Side::Credit, customer.amount, &about, books.reference.clone()));
}

/// In the provider's own fund, and with outsiders, the fund alone does not say who owes.
pub fn names_agency(class: CounterpartyClass) -> bool {
    class == CounterpartyClass::SameFund || class.keeps_own_books()
}

fn account<'a>(
    books: &Books<'a>,
    draft: &mut Draft,
    role: Role,
    line: &BillLine,
    class: CounterpartyClass,
    amount: Money,
) -> Option<&'a AccountRole> {
    let card = line.rate.as_ref().and_then(|rate| books.settings.rate_cards.iter().find(|card| card.is(rate)));
    let recovery = card.filter(|_| role == Role::Revenue).map(RateCard::recovery);
    let found = books.chart.account(role, Some(&line.service), Some(class), recovery);
    if found.is_none() {
        draft.lacks(role, Some(&line.service), Some(class), amount);
    }
    found
}

fn provider_string(books: &Books<'_>, account: &AccountRole) -> AccountString {
    let state = &books.settings.state;
    AccountString {
        fund: state.provider_fund.to_string(),
        agency: state.provider_agency.to_string(),
        account: account.account.to_string(),
        ..AccountString::default()
    }
}

fn entry_line(
    books: &Books<'_>,
    account: &AccountRole,
    normal: Side,
    net: Money,
    about: &str,
    reference: String,
) -> Line {
    Line {
        role: account.role,
        account_name: account.name.clone(),
        normal,
        net,
        description: format!("{about}, {}", books.month.in_words()),
        reference,
    }
}
