//! AWS's FOCUS exports, told by the columns that AWS adds: `x_Operation`, `x_ServiceCode`, `x_UsageType`.
//!
//! Billed cost is after private discounts, covered usage is billed nothing, and unused commitment stands on rows of its
//! own (formats.md 5). From version 1.2 on a row names its invoice, and a row without one is of an open month.

use super::data_exports::MANIFEST;
use crate::model::charge::Dimension;
use crate::sources::recognition::{Delivery, Recognition};
use crate::sources::{AccountShape, Names, SourceDefinition, TagMap, Tags, Text, focus};

const OWN: Names = &["x_Operation", "x_ServiceCode", "x_UsageType"];
const PERIOD: Names = &["ChargePeriodStart", "BillingPeriodStart"];
/// Columns of Azure's export.
const AZURE: Names = &["x_SkuMeterId", "x_BillingAccountId", "x_InvoiceSectionName", "x_SkuOfferId"];

const fn by_column(source: &'static str) -> [(Dimension, Text); focus::DIMENSIONS] {
    focus::dimensions(
        source,
        Text::Constant("AWS"),
        Text::Column(&["BillingAccountId"]),
        Text::Column(&["SubAccountId"]),
    )
}

/// Version 1.0.
pub const FOCUS: SourceDefinition = SourceDefinition {
    name: "aws-focus",
    title: "AWS FOCUS export",
    recognition: Recognition { marks: &[focus::BILLED_COST, OWN, PERIOD], least: 3, never: AZURE, never_filled: &[] },
    delivery: Delivery { manifest: Some(&MANIFEST), views: None },
    dimensions: &by_column("aws-focus"),
    tags: Tags::Maps(&[
        TagMap { column: &["Tags"], flattened: "", kept: "" },
        TagMap { column: &["x_CostCategories"], flattened: "", kept: "costcategory/" },
    ]),
    account: AccountShape::TwelveDigits,
    required: &[("the account", &["SubAccountId"])],
    adds_up: None,
    watched: &[],
    ..focus::ANY
};

/// Version 1.2 and later.
pub const FOCUS_WITH_INVOICES: SourceDefinition = SourceDefinition {
    name: "aws-focus-1.2",
    title: "AWS FOCUS export 1.2",
    recognition: Recognition {
        marks: &[focus::BILLED_COST, OWN, PERIOD, &["InvoiceId"]],
        least: 4,
        never: AZURE,
        never_filled: &[],
    },
    dimensions: &by_column("aws-focus-1.2"),
    invoice_id_when_final: true,
    ..FOCUS
};
