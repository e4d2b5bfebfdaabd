//! Azure cost details of an enterprise agreement: one currency, no invoice ids, an enrollment as billing account.

use super::super::recognition::{Delivery, Recognition};
use super::super::{AccountShape, DateFormat, Dates, SourceDefinition, Tags, Text};
use super::{
    CHARGE_TYPE, COST, CURRENCY, DIMENSIONS, EXPORT_MANIFEST, KNOWN, METER, PRODUCT, RULES, SELECTORS, SUBSCRIPTION,
    TWO_VIEWS, WATCHED, dimensions,
};
use crate::model::charge::Dimension;

const BY_COLUMN: [(Dimension, Text); DIMENSIONS] =
    dimensions("azure-ea", Text::Constant("Microsoft"), &["BillingAccountId"], Text::FirstOf(&[&["ResourceName"]]));

pub const ENTERPRISE_AGREEMENT: SourceDefinition = SourceDefinition {
    name: "azure-ea",
    title: "Azure cost details (enterprise agreement)",
    recognition: Recognition {
        marks: &[COST, METER, SUBSCRIPTION, CHARGE_TYPE, &["OfferId", "AccountOwnerId"], &["BillingAccountId"]],
        least: 4,
        never: &["customerTenantId", "partnerTenantId", "partnerEarnedCreditApplied", "BilledCost"],
        // The other agreements have a second currency; some generators write the column and leave it empty.
        never_filled: &["exchangeRatePricingToBilling"],
    },
    delivery: Delivery { manifest: Some(&EXPORT_MANIFEST), views: Some(&TWO_VIEWS) },
    dimensions: &BY_COLUMN,
    dates: Dates {
        billing_period_start: &["BillingPeriodStartDate"],
        billing_period_end: None,
        charge_start: &["Date"],
        charge_end: None,
        formats: &[DateFormat::MonthFirst, DateFormat::Iso],
        late_days: 0,
    },
    vendor_cost: COST,
    net_cost: None,
    quantity: &["Quantity"],
    description: PRODUCT,
    row_id: None,
    tags: Tags::Json { column: &["Tags"] },
    selectors: SELECTORS,
    rules: RULES,
    netting: None,
    adds_up: None,
    watched: WATCHED,
    account: AccountShape::Folded,
    invoice_id_when_final: false,
    required: &[
        ("the charge type", CHARGE_TYPE),
        ("the subscription", SUBSCRIPTION),
        ("the billing account", &["BillingAccountId"]),
        ("the billing currency", CURRENCY),
    ],
    known: KNOWN,
    known_prefixes: &[],
};
