//! AWS Data Exports: CUR 2.0, and the legacy report as Athena and Parquet name its columns.
//!
//! What a line costs is that of the legacy report. Customers select columns, so any may be missing; tags, product and
//! discounts are JSON objects in one column each, or columns that a query made of them.

use super::rules::{PUBLIC_COST, RESERVATION, RULES, SAVINGS_PLAN};
use super::{NEGATIONS, REPORT_MANIFEST};
use crate::model::charge::Dimension;
use crate::sources::recognition::{Delivery, ManifestShape, Newest, Parts, Recognition};
use crate::sources::{AccountShape, DateFormat, Dates, From, Names, SourceDefinition, TagMap, Tags, Text};

const LINE_ITEM_TYPE: Names = &["line_item_line_item_type"];
/// A query may select the net cost alone.
const COST: Names = &["line_item_unblended_cost", "line_item_net_unblended_cost"];
const USAGE_TYPE: Names = &["line_item_usage_type"];
const OPERATION: Names = &["line_item_operation"];
const USAGE_ACCOUNT: Names = &["line_item_usage_account_id"];
const PRODUCT_CODE: Names = &["line_item_product_code"];
const PRODUCT: Names = &["product"];
const RESOURCE_TAGS: Names = &["resource_tags"];

/// Names of the legacy report: a file with both was put together by hand.
const LEGACY: Names = &[
    "lineItem/UnblendedCost",
    "lineItem/LineItemType",
    "lineItem/UsageAccountId",
    "lineItem/ProductCode",
    "lineItem/UsageStartDate",
    "lineItem/LineItemDescription",
    "bill/PayerAccountId",
    "bill/BillingPeriodStartDate",
];

/// `metadata/<partition>/<export>-Manifest.json`: the month's own names the execution that counts, a copy lies in the
/// folder of each execution. Its data lie beside `metadata`, in `data/<partition>/`.
pub const MANIFEST: ManifestShape = ManifestShape {
    name: "aws-data-export",
    tells: &["/executionId", "/dataFiles"],
    export: "/exportName",
    version: "/executionId",
    period_start: "",
    scope: "/account",
    scope_ends: "",
    kind: "",
    parts: Parts { list: "/dataFiles", name: "", rows: "", bytes: "" },
    count: "",
    rows: "",
    bytes: "",
    newest: Newest::ManifestAbove,
};

pub const CUR_2: SourceDefinition = SourceDefinition {
    name: "aws-cur2",
    title: "AWS Cost and Usage Report 2.0",
    recognition: Recognition {
        marks: &[
            COST,
            &[
                "bill_payer_account_name",
                "line_item_usage_account_name",
                "resource_tags",
                "product",
                "cost_category",
                "discount",
            ],
        ],
        least: 2,
        never: LEGACY,
        never_filled: &[],
    },
    delivery: Delivery { manifest: Some(&MANIFEST), views: None },
    dimensions: &[
        (Dimension::Provider, Text::Constant("AWS")),
        (Dimension::Source, Text::Constant("aws-cur2")),
        (Dimension::InvoiceIssuer, Text::Column(&["bill_invoicing_entity"])),
        (Dimension::BillingEntity, Text::Column(&["bill_billing_entity"])),
        (Dimension::BillingAccountId, Text::Column(&["bill_payer_account_id"])),
        (Dimension::InvoiceId, Text::Column(&["bill_invoice_id"])),
        (Dimension::SubAccountId, Text::Column(USAGE_ACCOUNT)),
        (Dimension::SubAccountName, Text::Column(&["line_item_usage_account_name"])),
        (Dimension::ResourceId, Text::Column(&["line_item_resource_id"])),
        (
            Dimension::ResourceName,
            Text::Choice(&[From::Entry(RESOURCE_TAGS, "name"), From::Column(&["resource_tags_user_name"])]),
        ),
        (Dimension::ServiceCode, Text::Column(PRODUCT_CODE)),
        (
            Dimension::ServiceName,
            Text::Choice(&[
                From::Column(&["product_product_name"]),
                From::Entry(PRODUCT, "product_name"),
                From::Column(PRODUCT_CODE),
            ]),
        ),
        (Dimension::Publisher, Text::Column(&["line_item_legal_entity"])),
        (Dimension::SkuId, Text::Choice(&[From::Column(&["product_sku"]), From::Entry(PRODUCT, "sku")])),
        (Dimension::SkuMeter, Text::Column(USAGE_TYPE)),
        (
            Dimension::RegionId,
            Text::Choice(&[
                From::Column(&["product_region_code"]),
                From::Column(&["product_region"]),
                From::Entry(PRODUCT, "region"),
            ]),
        ),
        (Dimension::ChargeCategory, Text::Rule),
        (Dimension::ChargeClass, Text::Rule),
        (Dimension::ChargeType, Text::Column(LINE_ITEM_TYPE)),
        (Dimension::ChargeFrequency, Text::Rule),
        (Dimension::PricingCategory, Text::Rule),
        (Dimension::CommitmentDiscountId, Text::FirstOf(&[SAVINGS_PLAN, RESERVATION])),
        (Dimension::CommitmentDiscountStatus, Text::Rule),
        // AWS bills in dollars unless the payer chose otherwise, and then the column says so.
        (
            Dimension::BillingCurrency,
            Text::Choice(&[From::Column(&["line_item_currency_code"]), From::Constant("USD")]),
        ),
        (Dimension::ConsumedUnit, Text::Column(&["pricing_unit"])),
    ],
    dates: Dates {
        billing_period_start: &["bill_billing_period_start_date"],
        billing_period_end: None,
        charge_start: &["line_item_usage_start_date"],
        charge_end: Some(&["line_item_usage_end_date"]),
        formats: &[DateFormat::Iso],
        late_days: 92,
    },
    vendor_cost: COST,
    net_cost: Some(&["line_item_net_unblended_cost"]),
    quantity: &["line_item_usage_amount"],
    description: &["line_item_line_item_description"],
    row_id: Some(&["identity_line_item_id"]),
    tags: Tags::Maps(&[
        TagMap { column: RESOURCE_TAGS, flattened: "resource_tags_", kept: "" },
        TagMap { column: &["tags"], flattened: "", kept: "" },
        TagMap { column: &["cost_category"], flattened: "cost_category_", kept: "costcategory/" },
    ]),
    selectors: &[LINE_ITEM_TYPE, RESERVATION, SAVINGS_PLAN, OPERATION, USAGE_TYPE],
    rules: RULES,
    netting: Some(NEGATIONS),
    adds_up: None,
    watched: &[],
    account: AccountShape::TwelveDigits,
    invoice_id_when_final: true,
    required: &[("the usage account", USAGE_ACCOUNT)],
    known: PUBLIC_COST,
    // AWS adds columns to these groups every few months; what they cost stands in the columns above.
    known_prefixes: &[
        "identity",
        "bill",
        "lineitem",
        "product",
        "pricing",
        "reservation",
        "savingsplan",
        "discount",
        "splitlineitem",
        "resourcetags",
        "costcategory",
    ],
};

/// The legacy report as Athena and its Parquet files name it: maps are columns. People select from it as they do from
/// CUR 2.0, so what tells the two apart is only what CUR 2.0 has more.
pub const CUR_ATHENA: SourceDefinition = SourceDefinition {
    name: "aws-cur-athena",
    title: "AWS Cost and Usage Report in Athena's naming",
    recognition: Recognition {
        marks: &[LINE_ITEM_TYPE, COST, USAGE_ACCOUNT, &["bill_payer_account_id"]],
        least: 2,
        never: LEGACY,
        never_filled: &[],
    },
    delivery: Delivery { manifest: Some(&REPORT_MANIFEST), views: None },
    dimensions: ATHENA_DIMENSIONS,
    // The partition of the table, which Athena adds.
    known: &["year", "month"],
    ..CUR_2
};

const ATHENA_DIMENSIONS: &[(Dimension, Text)] = &{
    let mut dimensions = [(Dimension::Provider, Text::Rule); CUR_2.dimensions.len()];
    let mut place = 0;
    while place < dimensions.len() {
        dimensions[place] = CUR_2.dimensions[place];
        if let Dimension::Source = dimensions[place].0 {
            dimensions[place].1 = Text::Constant("aws-cur-athena");
        }
        place += 1;
    }
    dimensions
};
