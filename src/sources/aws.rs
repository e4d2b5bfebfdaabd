//! AWS: the legacy Cost and Usage Report, and what all of AWS's reports share.

pub mod data_exports;
pub mod focus;
mod rules;

use super::recognition::{Delivery, ManifestShape, Newest, Parts, Recognition};
use super::{AccountShape, DateFormat, Dates, Names, Netting, SourceDefinition, Tags, Text};
use crate::model::charge::Dimension;
use rules::{RESERVATION, RULES, SAVINGS_PLAN};

const LINE_ITEM_TYPE: Names = &["lineItem/LineItemType"];
const UNBLENDED_COST: Names = &["lineItem/UnblendedCost"];
const OPERATION: Names = &["lineItem/Operation"];
const USAGE_TYPE: Names = &["lineItem/UsageType"];

/// On-demand usage of savings plans, and the rows that take it away again.
const NEGATIONS: Netting = Netting { covered: "SavingsPlanCoveredUsage", negation: "SavingsPlanNegation" };

/// `<report>-Manifest.json`: one in the month's folder names the version that counts, a copy lies beside each version.
pub const REPORT_MANIFEST: ManifestShape = ManifestShape {
    name: "aws-report",
    tells: &["/assemblyId", "/reportKeys"],
    export: "/reportName",
    version: "/assemblyId",
    period_start: "/billingPeriod/start",
    scope: "/account",
    scope_ends: "",
    kind: "",
    parts: Parts { list: "/reportKeys", name: "", rows: "", bytes: "" },
    count: "",
    rows: "",
    bytes: "",
    newest: Newest::ManifestAbove,
};

pub const COST_AND_USAGE_REPORT: SourceDefinition = SourceDefinition {
    name: "aws-cur",
    title: "AWS Cost and Usage Report",
    recognition: Recognition {
        marks: &[LINE_ITEM_TYPE, UNBLENDED_COST, &["lineItem/UsageAccountId"], &["bill/PayerAccountId"]],
        least: 2,
        // Names of CUR 2.0: a file with both was put together by hand.
        never: &[
            "line_item_unblended_cost",
            "line_item_line_item_type",
            "line_item_usage_account_id",
            "line_item_product_code",
            "line_item_usage_start_date",
            "line_item_line_item_description",
            "bill_payer_account_id",
            "bill_billing_period_start_date",
        ],
        never_filled: &[],
    },
    delivery: Delivery { manifest: Some(&REPORT_MANIFEST), views: None },
    dimensions: &[
        (Dimension::Provider, Text::Constant("AWS")),
        (Dimension::Source, Text::Constant("aws-cur")),
        (Dimension::InvoiceIssuer, Text::Column(&["bill/InvoicingEntity"])),
        (Dimension::BillingEntity, Text::Column(&["bill/BillingEntity"])),
        (Dimension::BillingAccountId, Text::Column(&["bill/PayerAccountId"])),
        (Dimension::InvoiceId, Text::Column(&["bill/InvoiceId"])),
        (Dimension::SubAccountId, Text::Column(&["lineItem/UsageAccountId"])),
        (Dimension::SubAccountName, Text::Column(&["lineItem/UsageAccountName"])),
        (Dimension::ResourceId, Text::Column(&["lineItem/ResourceId"])),
        (Dimension::ResourceName, Text::Column(&["resourceTags/user:Name"])),
        (Dimension::ServiceCode, Text::Column(&["lineItem/ProductCode"])),
        (Dimension::ServiceName, Text::FirstOf(&[&["product/ProductName"], &["lineItem/ProductCode"]])),
        (Dimension::Publisher, Text::Column(&["lineItem/LegalEntity"])),
        (Dimension::SkuId, Text::Column(&["product/sku"])),
        (Dimension::SkuMeter, Text::Column(USAGE_TYPE)),
        (Dimension::RegionId, Text::FirstOf(&[&["product/regionCode"], &["product/region"]])),
        (Dimension::ChargeCategory, Text::Rule),
        (Dimension::ChargeClass, Text::Rule),
        (Dimension::ChargeType, Text::Column(LINE_ITEM_TYPE)),
        (Dimension::ChargeFrequency, Text::Rule),
        (Dimension::PricingCategory, Text::Rule),
        (Dimension::CommitmentDiscountId, Text::FirstOf(&[SAVINGS_PLAN, RESERVATION])),
        (Dimension::CommitmentDiscountStatus, Text::Rule),
        (Dimension::BillingCurrency, Text::Column(&["lineItem/CurrencyCode"])),
        (Dimension::ConsumedUnit, Text::Column(&["pricing/unit"])),
    ],
    dates: Dates {
        billing_period_start: &["bill/BillingPeriodStartDate"],
        charge_start: &["lineItem/UsageStartDate"],
        billing_period_end: None,
        charge_end: Some(&["lineItem/UsageEndDate"]),
        formats: &[DateFormat::Iso],
        late_days: 92,
    },
    vendor_cost: UNBLENDED_COST,
    net_cost: Some(&["lineItem/NetUnblendedCost"]),
    quantity: &["lineItem/UsageAmount"],
    description: &["lineItem/LineItemDescription"],
    row_id: Some(&["identity/LineItemId"]),
    tags: Tags::Columns { prefixes: &["resourcetags/user:", "resourcetags/", "costcategory/"] },
    selectors: &[LINE_ITEM_TYPE, RESERVATION, SAVINGS_PLAN, OPERATION, USAGE_TYPE],
    rules: RULES,
    netting: Some(NEGATIONS),
    adds_up: None,
    watched: &[],
    account: AccountShape::TwelveDigits,
    invoice_id_when_final: true,
    required: &[
        ("the line item type", LINE_ITEM_TYPE),
        ("the usage account", &["lineItem/UsageAccountId"]),
        ("the payer account", &["bill/PayerAccountId"]),
        ("the currency", &["lineItem/CurrencyCode"]),
    ],
    known: &[],
    // AWS adds columns to these groups every few months; what they cost stands in the columns above.
    known_prefixes: &[
        "identity/",
        "bill/",
        "lineitem/",
        "product/",
        "pricing/",
        "reservation/",
        "savingsplan/",
        "discount/",
        "splitlineitem/",
    ],
};
