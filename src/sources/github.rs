//! GitHub: usage, premium requests and Copilot seats.
//!
//! The detailed and the summarized usage report of a month are the same money, and premium requests are inside both: one
//! of the three counts. The columns `aic_*` are the same usage in credits, not more of it.

use super::recognition::Recognition;
use super::usage::{ACTIVE_SEAT, FILE, SEAT, counted, days, rule};
use super::{Amount, ChargeMade, Count, Is, Names, SourceDefinition, Text, USAGE};
use crate::model::charge::Dimension;

const DAY: Names = &["date"];
const NET: Names = &["net_amount"];
const GROSS: Names = &["gross_amount"];
const DISCOUNT: Names = &["discount_amount"];
const SKU: Names = &["sku"];
const PRODUCT: Names = &["product"];
const UNIT: Names = &["unit_type"];
const QUANTITY: Names = &["quantity"];
const MODEL: Names = &["model"];
const QUOTA: Names = &["exceeds_quota"];
const ORGANIZATION: Names = &["organization"];

/// What is listed, less discounts, is billed.
const LISTED: ChargeMade = ChargeMade { list: Amount::Column(GROSS), ..USAGE };

const USAGE_DIMENSIONS: &[(Dimension, Text)] = &[
    (Dimension::Provider, Text::Constant("GitHub")),
    (Dimension::Source, Text::Constant("github-usage")),
    (Dimension::InvoiceIssuer, Text::Constant("GitHub")),
    (Dimension::SubAccountId, Text::Column(ORGANIZATION)),
    (Dimension::SubAccountName, Text::Column(ORGANIZATION)),
    (Dimension::ResourceName, Text::Column(&["repository"])),
    (Dimension::UserId, Text::Column(&["username"])),
    (Dimension::ServiceCode, Text::Column(PRODUCT)),
    (Dimension::ServiceName, Text::Column(PRODUCT)),
    (Dimension::Publisher, Text::Constant("GitHub")),
    (Dimension::SkuId, Text::Column(SKU)),
    (Dimension::SkuMeter, Text::Column(SKU)),
    (Dimension::ChargeType, Text::Constant("Usage")),
    (Dimension::ChargeCategory, Text::Rule),
    (Dimension::ChargeClass, Text::Rule),
    (Dimension::ChargeFrequency, Text::Rule),
    (Dimension::PricingCategory, Text::Rule),
    (Dimension::BillingCurrency, Text::Constant("USD")),
    (Dimension::ConsumedUnit, Text::Column(UNIT)),
    (Dimension::CostCenter, Text::Column(&["cost_center_name"])),
];

/// Detailed or summarized.
pub const USAGE_REPORT: SourceDefinition = SourceDefinition {
    name: "github-usage",
    title: "GitHub usage",
    recognition: Recognition {
        marks: &[DAY, PRODUCT, SKU, UNIT, GROSS, NET],
        least: 5,
        never: &["exceeds_quota", "model"],
        never_filled: &[],
    },
    dimensions: USAGE_DIMENSIONS,
    dates: days(DAY),
    vendor_cost: NET,
    quantity: QUANTITY,
    description: SKU,
    rules: &[rule(&[], &[LISTED])],
    adds_up: Some([GROSS, DISCOUNT, NET]),
    known: &["applied_cost_per_quantity", "workflow_path"],
    ..FILE
};

pub const PREMIUM_REQUESTS: SourceDefinition = SourceDefinition {
    name: "github-premium-requests",
    title: "GitHub premium requests",
    recognition: Recognition {
        marks: &[DAY, PRODUCT, SKU, MODEL, GROSS, NET],
        least: 6,
        never: &["workflow_path"],
        never_filled: &[],
    },
    dimensions: &[
        (Dimension::Provider, Text::Constant("GitHub")),
        (Dimension::Source, Text::Constant("github-premium-requests")),
        (Dimension::InvoiceIssuer, Text::Constant("GitHub")),
        (Dimension::SubAccountId, Text::Column(ORGANIZATION)),
        (Dimension::SubAccountName, Text::Column(ORGANIZATION)),
        (Dimension::UserId, Text::Column(&["username"])),
        (Dimension::ServiceCode, Text::Column(PRODUCT)),
        (Dimension::ServiceName, Text::Column(PRODUCT)),
        (Dimension::Publisher, Text::Constant("GitHub")),
        (Dimension::SkuId, Text::Column(SKU)),
        (Dimension::SkuMeter, Text::Column(MODEL)),
        (Dimension::ChargeType, Text::Constant("Usage")),
        (Dimension::ChargeCategory, Text::Rule),
        (Dimension::ChargeClass, Text::Rule),
        (Dimension::ChargeFrequency, Text::Rule),
        (Dimension::PricingCategory, Text::Rule),
        (Dimension::BillingCurrency, Text::Constant("USD")),
        (Dimension::ConsumedUnit, Text::Column(UNIT)),
        (Dimension::CostCenter, Text::Column(&["cost_center_name"])),
    ],
    dates: days(DAY),
    vendor_cost: NET,
    quantity: QUANTITY,
    description: SKU,
    rules: &[rule(&[], &[LISTED])],
    adds_up: Some([GROSS, DISCOUNT, NET]),
    known: &["applied_cost_per_quantity", "exceeds_quota", "total_monthly_quota"],
    known_prefixes: &["aic"],
    ..FILE
};

/// As it was before it had money.
pub const PREMIUM_USAGE: SourceDefinition = SourceDefinition {
    name: "github-premium-usage",
    title: "GitHub premium requests without cost",
    recognition: Recognition {
        marks: &[DAY, MODEL, QUANTITY, QUOTA],
        least: 4,
        never: &["net_amount"],
        never_filled: &[],
    },
    dimensions: &[
        (Dimension::Provider, Text::Constant("GitHub")),
        (Dimension::Source, Text::Constant("github-premium-usage")),
        (Dimension::SubAccountId, Text::Column(ORGANIZATION)),
        (Dimension::UserId, Text::Column(&["username"])),
        (Dimension::ServiceCode, Text::Constant("copilot")),
        (Dimension::ServiceName, Text::Constant("copilot")),
        (Dimension::SkuId, Text::Column(MODEL)),
        (Dimension::SkuMeter, Text::Rule),
        (Dimension::ChargeType, Text::Constant("Usage without cost")),
        (Dimension::ChargeCategory, Text::Rule),
        (Dimension::ChargeFrequency, Text::Rule),
        (Dimension::ConsumedUnit, Text::Rule),
    ],
    dates: days(DAY),
    rules: &[rule(&[], &[counted("requests", "requests", Count::Column(QUANTITY))])],
    known: &["exceeds_quota", "total_monthly_quota"],
    ..FILE
};

const ACTIVITY: Names = &["Last Activity At"];

pub const SEATS: SourceDefinition = SourceDefinition {
    name: "github-seats",
    title: "GitHub Copilot seats",
    recognition: Recognition {
        marks: &[&["Report Time"], &["Login"], ACTIVITY, &["Last Surface Used"]],
        least: 4,
        never: &[],
        never_filled: &[],
    },
    dimensions: &[
        (Dimension::Provider, Text::Constant("GitHub")),
        (Dimension::Source, Text::Constant("github-seats")),
        (Dimension::SubAccountId, Text::Column(ORGANIZATION)),
        (Dimension::SubAccountName, Text::Column(ORGANIZATION)),
        (Dimension::UserId, Text::Column(&["Login"])),
        (Dimension::ServiceCode, Text::Constant("copilot")),
        (Dimension::ServiceName, Text::Constant("copilot")),
        (Dimension::SkuMeter, Text::Rule),
        (Dimension::ChargeType, Text::Constant("Usage without cost")),
        (Dimension::ChargeCategory, Text::Rule),
        (Dimension::ChargeFrequency, Text::Rule),
        (Dimension::ConsumedUnit, Text::Rule),
    ],
    dates: days(&["Report Time"]),
    selectors: &[ACTIVITY],
    // Empty after ninety days without activity.
    rules: &[rule(&[(0, Is::Present)], &[SEAT, ACTIVE_SEAT]), rule(&[], &[SEAT])],
    known: &["Last Authenticated At", "Last Surface Used"],
    ..FILE
};
