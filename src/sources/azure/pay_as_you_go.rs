//! Azure cost details of pay-as-you-go: the newer header, which is that of an enterprise agreement with invoice ids and
//! without an enrollment, and the older one without a charge type, of which narrow home-made copies are about.

use super::super::recognition::{Delivery, Recognition};
use super::super::{ChargeRule, Dates, Names, Owed, SourceDefinition, Text};
use super::{
    CHARGE_TYPE, COST, CURRENCY, DIMENSIONS, ENTERPRISE_AGREEMENT, EXPORT_MANIFEST, METER, METERED, SUBSCRIPTION,
    dimensions,
};
use crate::model::charge::Dimension;

const USED_ON: Names = &["UsageDateTime", "UsageDate"];
const INSTANCE: Names = &["InstanceId", "ResourceId"];
/// Narrow files name it as newer headers do.
const PRE_TAX_COST: Names = &["PreTaxCost", "CostInBillingCurrency", "Cost"];

const COLUMNS: [(Dimension, Text); DIMENSIONS] =
    dimensions("azure-payg", Text::Constant("Microsoft"), &["BillingAccountId"], Text::FirstOf(&[&["ResourceName"]]));
const LEGACY_COLUMNS: [(Dimension, Text); DIMENSIONS] =
    dimensions("azure-payg-legacy", Text::Constant("Microsoft"), &["BillingAccountId"], Text::LastPart(INSTANCE));

pub const PAY_AS_YOU_GO: SourceDefinition = SourceDefinition {
    name: "azure-payg",
    title: "Azure cost details (pay-as-you-go)",
    recognition: Recognition {
        marks: &[COST, METER, SUBSCRIPTION, CHARGE_TYPE, &["OfferId"], &["InvoiceId"]],
        least: 6,
        never: &["customerTenantId", "partnerTenantId", "partnerEarnedCreditApplied", "BilledCost"],
        // Filled, these are of an agreement with an enrollment or with a second currency.
        never_filled: &["AccountOwnerId", "EnrollmentNumber", "BillingProfileId", "exchangeRatePricingToBilling"],
    },
    dimensions: &COLUMNS,
    required: &[
        ("the charge type", CHARGE_TYPE),
        ("the subscription", SUBSCRIPTION),
        ("the billing currency", CURRENCY),
    ],
    ..ENTERPRISE_AGREEMENT
};

/// There is no charge type: everything is usage.
const LEGACY_RULES: &[ChargeRule] =
    &[ChargeRule { when: &[], views: &[], charges: &[METERED], left_out: "", owed: Owed::Nothing }];

pub const LEGACY_PAY_AS_YOU_GO: SourceDefinition = SourceDefinition {
    name: "azure-payg-legacy",
    title: "Azure usage (pay-as-you-go, older header)",
    recognition: Recognition {
        marks: &[PRE_TAX_COST, USED_ON, SUBSCRIPTION, INSTANCE, &["MeterCategory"], &["ConsumedService"]],
        least: 4,
        never: &["ChargeType", "BilledCost"],
        never_filled: &[],
    },
    delivery: Delivery { manifest: Some(&EXPORT_MANIFEST), views: None },
    dimensions: &LEGACY_COLUMNS,
    dates: Dates { charge_start: USED_ON, ..ENTERPRISE_AGREEMENT.dates },
    vendor_cost: PRE_TAX_COST,
    quantity: &["UsageQuantity", "Quantity"],
    description: &["MeterName"],
    selectors: &[],
    rules: LEGACY_RULES,
    // Narrow files have no currency, and the settings say it then.
    required: &[("the subscription", SUBSCRIPTION)],
    ..ENTERPRISE_AGREEMENT
};
