//! Azure's FOCUS export (`FocusCost`): both views of a month in one file, so that nothing has to be paired.
//!
//! Billed cost ties to the actual view and effective cost to the amortized one. Accounts are resource paths; their last
//! part is what cost details call the same account, and so one account in two sources is found.

use super::super::recognition::{Delivery, Recognition};
use super::super::{SourceDefinition, Text, focus};
use super::EXPORT_MANIFEST;
use crate::model::charge::Dimension;

const BY_COLUMN: [(Dimension, Text); focus::DIMENSIONS] = focus::dimensions(
    "azure-focus",
    Text::Constant("Microsoft"),
    Text::LastPart(&["BillingAccountId"]),
    Text::LastPart(&["SubAccountId"]),
);

pub const FOCUS_EXPORT: SourceDefinition = SourceDefinition {
    name: "azure-focus",
    title: "Azure FOCUS export",
    recognition: Recognition {
        marks: &[
            focus::BILLED_COST,
            &["x_SkuMeterId", "x_BillingAccountId", "x_InvoiceSectionName", "x_SkuOfferId"],
            &["ChargePeriodStart", "BillingPeriodStart"],
        ],
        least: 3,
        never: &["x_Operation", "x_UsageType"],
        never_filled: &[],
    },
    delivery: Delivery { manifest: Some(&EXPORT_MANIFEST), views: None },
    dimensions: &BY_COLUMN,
    ..focus::ANY
};
