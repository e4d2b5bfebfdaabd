//! Azure cost details of a Microsoft customer agreement, and of a partner (CSP) who has one: prices in one currency, the
//! invoice in another; the invoice's id stands on every row once it is issued.

use super::super::recognition::Recognition;
use super::super::{Dates, Names, SourceDefinition, Text};
use super::{
    CHARGE_TYPE, CURRENCY, DIMENSIONS, ENTERPRISE_AGREEMENT, EXCHANGE_RATE, METER, RESOURCE, SUBSCRIPTION, dimensions,
};
use crate::model::charge::Dimension;

/// Who gets the invoice.
const BILLING_PROFILE: Names = &["billingProfileId", "billingAccountId"];
const COST: Names = &["costInBillingCurrency"];

const CUSTOMER_COLUMNS: [(Dimension, Text); DIMENSIONS] =
    dimensions("azure-mca", Text::Constant("Microsoft"), BILLING_PROFILE, Text::LastPart(RESOURCE));
const PARTNER_COLUMNS: [(Dimension, Text); DIMENSIONS] =
    dimensions("azure-csp", Text::FirstOf(&[&["partnerName"]]), BILLING_PROFILE, Text::LastPart(RESOURCE));

pub const CUSTOMER_AGREEMENT: SourceDefinition = SourceDefinition {
    name: "azure-mca",
    title: "Azure cost details (customer agreement)",
    recognition: Recognition {
        marks: &[
            COST,
            EXCHANGE_RATE,
            &["invoiceSectionName", "billingProfileId"],
            &["pricingCurrency"],
            &["costInPricingCurrency"],
            METER,
            CHARGE_TYPE,
        ],
        least: 5,
        never: &["customerTenantId", "partnerTenantId", "partnerEarnedCreditApplied", "BilledCost"],
        // Some generators write the columns of both agreements: a value in one of these is an enterprise agreement's.
        never_filled: &["OfferId", "AccountOwnerId", "EnrollmentNumber"],
    },
    dimensions: &CUSTOMER_COLUMNS,
    // A correction of the month before stands in the next month's file under its own day.
    dates: Dates { late_days: 92, ..ENTERPRISE_AGREEMENT.dates },
    vendor_cost: COST,
    invoice_id_when_final: true,
    required: &[
        ("the charge type", CHARGE_TYPE),
        ("the subscription", SUBSCRIPTION),
        ("the billing profile", BILLING_PROFILE),
        ("the billing currency", CURRENCY),
    ],
    ..ENTERPRISE_AGREEMENT
};

/// The partner's own cost: what the partner asks of the state may differ, and is reconciled with the partner's invoice.
pub const PARTNER_AGREEMENT: SourceDefinition = SourceDefinition {
    name: "azure-csp",
    title: "Azure cost details (partner, CSP)",
    recognition: Recognition {
        marks: &[
            COST,
            &["customerTenantId", "partnerTenantId", "partnerEarnedCreditApplied"],
            &["pricingCurrency"],
            METER,
            CHARGE_TYPE,
        ],
        least: 5,
        never: &["BilledCost"],
        never_filled: &[],
    },
    dimensions: &PARTNER_COLUMNS,
    ..CUSTOMER_AGREEMENT
};
