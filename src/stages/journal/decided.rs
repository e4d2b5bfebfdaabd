//! What people decided: one ADJ for each adjustment, one SETL for each payment.

use super::Books;
use super::billing;
use super::draft::{Draft, Line, LineKey};
use crate::model::adjustment::Settlement;
use crate::model::bill::{BillLine, Bills};
use crate::model::journal_entry::{JournalType, Side};
use crate::model::month::Month;
use crate::model::settings::{AccountString, BillingSides, Role};
use std::collections::BTreeMap;

/// On the day on which it is booked, for the month that it puts right.
pub fn adjustments(books: &Books<'_>, bills: &Bills) -> Vec<Draft> {
    let mut documents: BTreeMap<_, Vec<&BillLine>> = BTreeMap::new();
    for line in bills.posted() {
        if let Some(adjustment) = &line.adjustment {
            documents.entry((adjustment.booked_on, adjustment.id.as_str(), line.month)).or_default().push(line);
        }
    }
    let mut drafts = Vec::new();
    for ((day, id, month), lines) in documents {
        let then = Books { reference: id.to_owned(), ..Books::of(books.settings, books.month, month) };
        let mut draft = billing::document(&then, JournalType::Adj, lines.into_iter());
        draft.dated = Some(day);
        draft.service_period = Some(month);
        drafts.push(draft);
    }
    drafts
}

/// Cash comes in and the claim goes; in the customer's fund the debt goes and cash leaves.
pub fn settlements(books: &Books<'_>) -> Vec<Draft> {
    let mut documents: BTreeMap<_, Vec<&Settlement>> = BTreeMap::new();
    for settlement in books.settings.settlements.iter().filter(|paid| books.month.contains(paid.settled_on)) {
        documents.entry((settlement.settled_on, settlement.id.as_str())).or_default().push(settlement);
    }
    let mut drafts = Vec::new();
    for ((day, id), paid) in documents {
        let mut draft = Draft::new(JournalType::Setl);
        draft.dated = Some(day);
        draft.service_period = Some(Month::containing(day));
        for settlement in paid {
            settle(books, &mut draft, id, settlement);
        }
        drafts.push(draft);
    }
    drafts
}

fn settle(books: &Books<'_>, draft: &mut Draft, id: &str, paid: &Settlement) {
    let state = &books.settings.state;
    let agency = paid.agency.as_ref().unwrap_or(&state.provider_agency);
    let class = books.settings.counterparty(paid.fund.as_str(), agency);
    let named = billing::names_agency(class);
    let mut post = |role: Role, normal: Side, ours: bool, about: String| {
        let Some(account) = books.chart.account(role, None, Some(class), None) else {
            draft.lacks(role, None, Some(class), paid.amount);
            return;
        };
        let fund = if ours { state.provider_fund.to_string() } else { paid.fund.to_string() };
        let string_agency = match (ours, role, named) {
            (true, ..) => state.provider_agency.to_string(),
            (false, Role::DueTo, true) => agency.to_string(),
            (false, ..) => String::new(),
        };
        let string = AccountString {
            fund,
            agency: string_agency,
            account: account.account.to_string(),
            ..AccountString::default()
        };
        let mut key = LineKey::new(string, role, books.period.year);
        key.is_customer = !ours;
        if role != Role::Cash {
            key.affiliate_fund = if ours { paid.fund.to_string() } else { state.provider_fund.to_string() };
            if named {
                key.affiliate_agency = if ours { agency.to_string() } else { state.provider_agency.to_string() };
            }
        }
        draft.add(
            key,
            Line {
                role,
                account_name: account.name.clone(),
                normal,
                net: paid.amount,
                description: about,
                reference: if paid.reference.is_empty() { id.to_owned() } else { paid.reference.clone() },
            },
        );
    };
    post(Role::Cash, Side::Debit, true, format!("Settlement {id}"));
    post(Role::DueFrom, Side::Credit, true, format!("Paid by fund {}, settlement {id}", paid.fund));
    if state.billing_sides == BillingSides::Both && !class.keeps_own_books() {
        post(Role::DueTo, Side::Debit, false, format!("Paid to fund {}, settlement {id}", state.provider_fund));
        post(Role::Cash, Side::Credit, false, format!("Settlement {id}"));
    }
}
