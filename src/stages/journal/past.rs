//! What a month owes to those before it: accruals undone, invoices that came late, and what is owed still.

use super::draft::Draft;
use super::reversal::reversal_on;
use super::vendor::{self, ByService, Owed};
use super::{Books, Journal, unbalanced};
use crate::model::journal_entry::JournalType;
use crate::model::money::{Cost, Overflow};
use crate::model::past::{Past, Spent};
use crate::model::settings::Role;

/// On the first day of the month; of a month that was never closed, on the first day that is open.
pub fn reversals(books: &Books<'_>, past: &Past) -> Journal {
    let mut journal = Journal::default();
    for entry in past.due(books.month) {
        let first = books.month.first_day();
        let day = entry.reversing_date().map_or(first, |date| date.max(first));
        match reversal_on(day, entry, journal.entries.len() + 1, books.settings.state.fiscal_year_starts) {
            Ok(reversal) => journal.entries.push(reversal),
            Err(refusal) => journal.findings.push(unbalanced(entry.id(), &refusal.to_string())),
        }
    }
    journal
}

/// Invoices of closed months, on their own day where it is in this month. The first of a section is booked whole, by the
/// services of its charges; of one that changed only the difference, for the service that most of the section is.
pub fn invoices(books: &Books<'_>, past: &Past) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for late in &past.late {
        let then = Books::of(books.settings, books.month, late.month);
        let mut draft = Draft::new(JournalType::Vend);
        draft.dated = late.dated.filter(|day| books.month.contains(*day));
        draft.service_period = Some(late.month);
        let Ok(amount) = late.amount() else {
            draft.too_large();
            drafts.push(draft);
            continue;
        };
        let all = by_service(&late.spent, |spent| i128::from(spent.ours.cents()) + i128::from(spent.others.cents()));
        let services = match late.booked {
            None => all,
            Some(_) => ByService::from([(vendor::leading(&all), i128::from(amount.cents()))]),
        };
        let (provider, reference) = (&late.vendor.section.provider, vendor::reference(&late.vendor.section));
        let about = format!("{provider} late invoice {reference}");
        let own = late.vendor.invoice.map(Cost::from_money).unwrap_or_default();
        let about = vendor::with_exchange(about, &late.vendor, own, &books.settings.state.currency);
        let owed = Owed { vendor: &late.vendor, role: Role::ApVendor, about };
        vendor::expense(&then, &mut draft, owed, &services, amount);
        drafts.push(draft);
    }
    drafts
}

/// What closed months used and no vendor has asked for yet.
pub fn accruals(books: &Books<'_>, past: &Past) -> Vec<Draft> {
    let open = match past.still_open() {
        Ok(open) => open,
        Err(Overflow) => {
            let mut draft = Draft::new(JournalType::Accr);
            draft.too_large();
            return vec![draft];
        }
    };
    let mut drafts = Vec::new();
    for (section, owed) in open {
        let then = Books::of(books.settings, books.month, section.month);
        let mut draft = Draft::new(JournalType::Accr);
        draft.reverses = true;
        draft.service_period = Some(section.month);
        let services = by_service(&section.spent, |spent| i128::from(spent.ours.cents()));
        let about = format!(
            "{} still not invoiced, {}",
            section.vendor.section.provider,
            vendor::reference(&section.vendor.section)
        );
        let about = vendor::with_exchange(about, &section.vendor, section.vendor.usage, &books.settings.state.currency);
        let about = Owed { vendor: &section.vendor, role: Role::AccruedLiability, about };
        vendor::expense(&then, &mut draft, about, &services, owed);
        drafts.push(draft);
    }
    drafts
}

fn by_service(spent: &[Spent], cents: impl Fn(&Spent) -> i128) -> ByService<'_> {
    spent.iter().map(|spent| (spent.service.as_ref(), cents(spent))).collect()
}
