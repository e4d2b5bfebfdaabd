//! AWS Cost and Usage Report: header spellings and what each line-item type costs.
//!
//! The rules are formats.md 3.2. Covered usage carries its on-demand cost in `UnblendedCost` and a negation row takes it
//! away again; both keep it here, and `stages::normalize::netting` takes the pair out of billed once it is proved to
//! cancel. Dropping only the negations would bill all covered usage twice.

use super::recognition::{Delivery, ManifestShape, Newest, Parts, Recognition};
use super::{
    AccountShape, Amount, ChargeMade, ChargeRule, DateFormat, Dates, Is, Names, Netting, Owed, SourceDefinition, Tags,
    Text, USAGE,
};
use crate::model::charge::{ChargeCategory, Dimension};

const LINE_ITEM_TYPE: Names = &["lineItem/LineItemType"];
const UNBLENDED_COST: Names = &["lineItem/UnblendedCost"];
const PUBLIC_COST: Names = &["pricing/publicOnDemandCost"];
const RESERVATION: Names = &["reservation/ReservationARN"];
const SAVINGS_PLAN: Names = &["savingsPlan/SavingsPlanARN"];
const OPERATION: Names = &["lineItem/Operation"];
const USAGE_TYPE: Names = &["lineItem/UsageType"];

// Places in `selectors`.
const TYPE: usize = 0;
const RESERVED: usize = 1;
const PLANNED: usize = 2;
const DONE_BY: usize = 3;
const METER: usize = 4;

const ON_DEMAND: ChargeMade = ChargeMade { list: Amount::Column(PUBLIC_COST), ..USAGE };
const PURCHASE: ChargeMade = ChargeMade {
    category: ChargeCategory::Purchase,
    frequency: "One-Time",
    pricing: "",
    list: Amount::Cost,
    contracted: Amount::Unavailable,
    quantity: false,
    ..USAGE
};
/// Paid now, consumed later or elsewhere.
const COMMITMENT_PURCHASE: ChargeMade =
    ChargeMade { effective: Amount::Zero, list: Amount::Zero, pricing: "Committed", ..PURCHASE };
const UNUSED: ChargeMade = ChargeMade {
    billed: Amount::Zero,
    list: Amount::Zero,
    pricing: "Committed",
    commitment_status: "Unused",
    quantity: false,
    ..USAGE
};
const REDUCTION: ChargeMade =
    ChargeMade { list: Amount::Zero, quantity: false, pricing: "", frequency: "One-Time", ..USAGE };

const fn rule(when: &'static [(usize, Is)], charges: &'static [ChargeMade]) -> ChargeRule {
    ChargeRule { when, views: &[], charges, left_out: "", owed: Owed::Nothing }
}

const fn owing(when: &'static [(usize, Is)], owed: Owed, charges: &'static [ChargeMade]) -> ChargeRule {
    ChargeRule { when, views: &[], charges, left_out: "", owed }
}

const RULES: &[ChargeRule] = &[
    // Containers on shared instances: rows that repeat the instance's cost by task, never additional.
    ChargeRule {
        when: &[(DONE_BY, Is::OneOf(&["ECSTask-EC2", "EKSPod-EC2"]))],
        views: &[],
        charges: &[],
        left_out: "split cost allocation repeats the cost of the instance by container",
        owed: Owed::Nothing,
    },
    rule(
        &[(TYPE, Is::Text("Usage")), (METER, Is::Containing("SpotUsage"))],
        &[ChargeMade { pricing: "Dynamic", ..ON_DEMAND }],
    ),
    rule(&[(TYPE, Is::Text("Usage"))], &[ON_DEMAND]),
    rule(
        &[(TYPE, Is::Text("DiscountedUsage"))],
        &[ChargeMade {
            pricing: "Committed",
            commitment_status: "Used",
            effective: Amount::NetColumn(&["reservation/EffectiveCost"], &["reservation/NetEffectiveCost"]),
            ..ON_DEMAND
        }],
    ),
    rule(
        &[(TYPE, Is::Text("SavingsPlanCoveredUsage"))],
        &[ChargeMade {
            pricing: "Committed",
            commitment_status: "Used",
            effective: Amount::NetColumn(
                &["savingsPlan/SavingsPlanEffectiveCost"],
                &["savingsPlan/NetSavingsPlanEffectiveCost"],
            ),
            ..ON_DEMAND
        }],
    ),
    rule(
        &[(TYPE, Is::Text("SavingsPlanNegation"))],
        &[ChargeMade { effective: Amount::Zero, pricing: "Committed", ..REDUCTION }],
    ),
    owing(
        &[(TYPE, Is::Text("RIFee"))],
        Owed::CostAnd(&["reservation/AmortizedUpfrontFeeForBillingPeriod"]),
        &[
            ChargeMade { frequency: "Recurring", ..COMMITMENT_PURCHASE },
            ChargeMade {
                effective: Amount::NetSum(
                    [&["reservation/UnusedAmortizedUpfrontFeeForBillingPeriod"], &["reservation/UnusedRecurringFee"]],
                    [
                        &["reservation/NetUnusedAmortizedUpfrontFeeForBillingPeriod"],
                        &["reservation/NetUnusedRecurringFee"],
                    ],
                ),
                ..UNUSED
            },
        ],
    ),
    owing(
        &[(TYPE, Is::Text("SavingsPlanRecurringFee"))],
        Owed::Column(&["savingsPlan/TotalCommitmentToDate"]),
        &[
            ChargeMade { frequency: "Recurring", ..COMMITMENT_PURCHASE },
            ChargeMade {
                effective: Amount::Difference(&["savingsPlan/TotalCommitmentToDate"], &["savingsPlan/UsedCommitment"]),
                ..UNUSED
            },
        ],
    ),
    rule(&[(TYPE, Is::Text("SavingsPlanUpfrontFee"))], &[COMMITMENT_PURCHASE]),
    rule(&[(TYPE, Is::Text("Fee")), (RESERVED, Is::Present)], &[COMMITMENT_PURCHASE]),
    rule(&[(TYPE, Is::Text("Fee"))], &[PURCHASE]),
    rule(&[(TYPE, Is::Text("FlatRateSubscription"))], &[ChargeMade { frequency: "Recurring", ..PURCHASE }]),
    rule(
        &[(TYPE, Is::Text("Tax"))],
        &[ChargeMade { category: ChargeCategory::Tax, frequency: "Recurring", ..REDUCTION }],
    ),
    rule(&[(TYPE, Is::Text("Credit"))], &[ChargeMade { category: ChargeCategory::Credit, ..REDUCTION }]),
    // A refund of a commitment's fee returns what was never in effective cost.
    rule(
        &[(TYPE, Is::Text("Refund")), (RESERVED, Is::Present)],
        &[ChargeMade { category: ChargeCategory::Purchase, effective: Amount::Zero, ..REDUCTION }],
    ),
    rule(
        &[(TYPE, Is::Text("Refund")), (PLANNED, Is::Present)],
        &[ChargeMade { category: ChargeCategory::Purchase, effective: Amount::Zero, ..REDUCTION }],
    ),
    rule(&[(TYPE, Is::Text("Refund"))], &[REDUCTION]),
    rule(
        &[(
            TYPE,
            Is::OneOf(&[
                "EdpDiscount",
                "PrivateRateDiscount",
                "BundledDiscount",
                "SppDiscount",
                "RiVolumeDiscount",
                "Discount",
            ]),
        )],
        &[ChargeMade { billed: Amount::Discount, effective: Amount::Discount, ..REDUCTION }],
    ),
];

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
    netting: Some(Netting { covered: "SavingsPlanCoveredUsage", negation: "SavingsPlanNegation" }),
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
