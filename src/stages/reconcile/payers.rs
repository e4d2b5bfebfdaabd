//! Who pays for the bill lines that are posted, from bills and settings alone: what the journals are measured by.

use crate::model::codes::ServiceCode;
use crate::model::money::Money;
use crate::model::month::{Month, Validity};
use crate::model::month_end::MonthEnd;
use crate::model::settings::{AccountString, BillingSides, Mode, RateCard};

pub struct Payer<'a> {
    pub service: &'a ServiceCode,
    /// Without its account where the funding rule leaves that to the role.
    pub string: AccountString,
    pub amount: Money,
    pub keeps_own_books: bool,
}

pub fn of(month_end: &MonthEnd) -> Vec<Payer<'_>> {
    let settings = &month_end.settings;
    let mut payers = Vec::new();
    for line in month_end.bills.posted() {
        // A fund that absorbs a line is the provider's customer for it, in place of the agency.
        let absorbs = line.mode == Mode::Absorbed;
        let customer = if absorbs { &settings.state.provider_agency } else { &line.agency };
        let mut pay = |mut string: AccountString, amount: Money| {
            if string.agency.is_empty() {
                string.agency = customer.to_string();
            }
            let keeps_own_books = settings.counterparty(&string.fund, customer).keeps_own_books();
            payers.push(Payer { service: &line.service, string, amount, keeps_own_books });
        };
        let central = line.absorbed_by.as_ref().filter(|_| absorbs).map(ToString::to_string);
        match central {
            Some(fund) if line.funding.iter().all(|part| part.string.fund != fund) => {
                pay(AccountString { fund, agency: customer.to_string(), ..AccountString::default() }, line.amount);
            }
            _ => line.funding.iter().for_each(|part| pay(part.string.clone(), part.amount)),
        }
    }
    payers
}

pub fn customers_post(month_end: &MonthEnd) -> bool {
    month_end.settings.state.billing_sides == BillingSides::Both
}

/// On at least one day of the month.
pub fn in_force(card: &RateCard, month: Month) -> bool {
    card.valid.overlaps(&Validity { from: Some(month.first_day()), to: Some(month.next().first_day()) })
}
