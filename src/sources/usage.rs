//! What the AI vendors' files have in common: one small file a month without manifest or invoice id, days in UTC, and for
//! each row a cost, or quantities that only tell who used how much of what another bill charges.

use super::recognition::{Delivery, Recognition};
use super::{
    AccountShape, ChargeMade, ChargeRule, Count, Counts, DateFormat, Dates, Is, Names, Owed, SourceDefinition, Tags,
    USAGE,
};

pub const NOTHING: Recognition = Recognition { marks: &[], least: 1, never: &[], never_filled: &[] };

/// Of a source that says the rest itself.
pub const FILE: SourceDefinition = SourceDefinition {
    name: "",
    title: "",
    recognition: NOTHING,
    delivery: Delivery { manifest: None, views: None },
    dimensions: &[],
    dates: days(&[]),
    vendor_cost: &[],
    net_cost: None,
    quantity: &[],
    description: &[],
    row_id: None,
    tags: Tags::Columns { prefixes: &[] },
    selectors: &[],
    rules: &[rule(&[], &[USAGE])],
    netting: None,
    adds_up: None,
    watched: &[],
    account: AccountShape::AsWritten,
    invoice_id_when_final: false,
    required: &[],
    known: &[],
    known_prefixes: &[],
};

/// One row a day or bucket, which ends with the day it begins on.
pub const fn days(start: Names) -> Dates {
    Dates {
        billing_period_start: &[],
        billing_period_end: None,
        charge_start: start,
        charge_end: None,
        formats: &[DateFormat::Iso, DateFormat::MonthFirst, DateFormat::Unix],
        late_days: 0,
    }
}

pub const fn rule(when: &'static [(usize, Is)], charges: &'static [ChargeMade]) -> ChargeRule {
    ChargeRule { when, views: &[], charges, left_out: "", owed: Owed::Nothing }
}

pub const fn counted(meter: &'static str, unit: &'static str, count: Count) -> ChargeMade {
    ChargeMade { counts: Some(Counts { meter, unit, count }), ..USAGE }
}

pub const fn tokens(meter: &'static str, count: Count) -> ChargeMade {
    counted(meter, "tokens", count)
}

pub const SEAT: ChargeMade = counted("seats", "seats", Count::One);
/// A seat somebody has used: dormant ones are the difference.
pub const ACTIVE_SEAT: ChargeMade = counted("active_seats", "seats", Count::One);
