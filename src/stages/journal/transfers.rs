//! XFER: what funds give so that agencies pay less than the list (accounting.md E17).
//!
//! The bill asks agencies for the net amount alone, and so does revenue: a subsidy is support without an exchange, which
//! GASB 103 keeps out of operating revenue. It stands as a transfer from the fund that gives it.

use super::Books;
use super::draft::{Draft, Line, LineKey};
use crate::model::bill::{BillLine, Bills};
use crate::model::journal_entry::{JournalType, Side};
use crate::model::money::Money;
use crate::model::settings::{AccountString, BillingSides, CounterpartyClass, Role};
use crate::model::subsidy::SubsidyPart;

pub fn subsidies(books: &Books<'_>, bills: &Bills) -> Draft {
    let mut draft = Draft::new(JournalType::Xfer);
    for line in bills.posted() {
        if let Some(subsidy) = &line.subsidy
            && subsidy.paid_by != books.settings.state.provider_fund
        {
            give(books, &mut draft, line, subsidy);
        }
    }
    draft
}

/// Cash comes in and is a transfer; in the fund that gives it, a transfer goes out and cash leaves.
fn give(books: &Books<'_>, draft: &mut Draft, line: &BillLine, subsidy: &SubsidyPart) {
    let state = &books.settings.state;
    let (fund, amount) = (&subsidy.paid_by, line.amount.negated());
    let class = books.settings.counterparty(fund.as_str(), &state.provider_agency);
    let mut post = |role: Role, normal: Side, ours: bool, about: String| {
        let Some(account) = books.chart.account(role, Some(&line.service), Some(class), None) else {
            draft.lacks(role, Some(&line.service), Some(class), amount);
            return;
        };
        let (own, other) = if ours { (&state.provider_fund, fund) } else { (fund, &state.provider_fund) };
        let string = AccountString {
            fund: own.to_string(),
            agency: if ours { state.provider_agency.to_string() } else { String::new() },
            account: account.account.to_string(),
            ..AccountString::default()
        };
        let mut key = LineKey::new(string, role, books.period.year);
        key.is_customer = !ours;
        if role == Role::TransfersIn {
            key.service_order = books.service_order(Some(&line.service));
            key.service = line.service.to_string();
        }
        if role != Role::Cash {
            key.affiliate_fund = other.to_string();
        }
        draft.add(key, entry_line(books, role, &account.name, (normal, amount), about));
    };
    post(Role::Cash, Side::Debit, true, format!("Subsidies of fund {fund}"));
    post(Role::TransfersIn, Side::Credit, true, format!("Subsidy of fund {fund}"));
    if pays_in_these_books(books, class) {
        post(Role::TransfersOut, Side::Debit, false, format!("Subsidies to fund {}", state.provider_fund));
        post(Role::Cash, Side::Credit, false, format!("Subsidies to fund {}", state.provider_fund));
    }
}

/// The giving fund's side is a customer's: ours to post where customers' sides are.
fn pays_in_these_books(books: &Books<'_>, class: CounterpartyClass) -> bool {
    books.settings.state.billing_sides == BillingSides::Both && !class.keeps_own_books()
}

fn entry_line(books: &Books<'_>, role: Role, name: &str, (normal, net): (Side, Money), about: String) -> Line {
    Line {
        role,
        account_name: name.to_owned(),
        normal,
        net,
        description: format!("{about}, {}", books.month.in_words()),
        reference: books.reference.clone(),
    }
}
