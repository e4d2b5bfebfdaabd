//! Who used what of a statement's charges, where the vendor tells it by person or key: AI tokens, seats.

use super::statement::{Detail, Statement};
use super::statement_page::{quantity, shown_text};
use crate::model::charge::Dimension;
use crate::model::money::{Money, Overflow, Quantity};
use crate::model::roll_up::Symbol;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
pub(super) struct Person {
    user: String,
    service: String,
    model: String,
    meter: String,
    quantity: String,
    unit: String,
    amount: String,
}

/// What a person or a key used of one meter.
pub(super) struct Used<'a> {
    first: Detail<'a>,
    quantity: Quantity,
    pub amount: Money,
}

/// Worked out once for a statement.
pub(super) fn used<'a, 'b>(statement: &'b Statement<'a>) -> Result<&'b [Used<'a>], Overflow> {
    let used = statement.used.get_or_init(|| used_of(&statement.details));
    used.as_ref().map(Vec::as_slice).map_err(|_| Overflow)
}

fn used_of<'a>(details: &[Detail<'a>]) -> Result<Vec<Used<'a>>, Overflow> {
    let mut found: BTreeMap<_, Used<'a>> = BTreeMap::new();
    for detail in details.iter().filter(|detail| detail.row.symbol(Dimension::UserId) != Symbol::EMPTY) {
        let text = |dimension| detail.row.text(dimension);
        let key = [Dimension::UserId, Dimension::SkuId, Dimension::SkuMeter, Dimension::ConsumedUnit].map(text);
        let start = || Used { first: *detail, quantity: Quantity::ZERO, amount: Money::ZERO };
        let one = found.entry((key, detail.line.service.as_str())).or_insert_with(start);
        one.quantity = one.quantity.checked_add(detail.row.sums().quantity)?;
        one.amount = one.amount.checked_add(detail.amount)?;
    }
    Ok(found.into_values().collect())
}

impl Person {
    pub fn of(one: &Used<'_>) -> Self {
        let text = |dimension| shown_text(one.first.row.text(dimension));
        Self {
            user: text(Dimension::UserId),
            service: one.first.line.service.to_string(),
            model: text(Dimension::SkuId),
            meter: text(Dimension::SkuMeter),
            quantity: quantity(one.quantity),
            unit: text(Dimension::ConsumedUnit),
            amount: one.amount.for_people(),
        }
    }
}

/// All use that the vendors tell by person; none where there is none.
pub(super) fn people(statement: &Statement<'_>) -> Result<Option<Money>, Overflow> {
    let used = used(statement)?;
    let sum = Money::total(used.iter().map(|one| one.amount))?;
    Ok((!used.is_empty()).then_some(sum))
}
