//! FOCUS as given: any file in the FinOps Open Cost and Usage Specification, versions 0.5 to 1.3, home-made ones too.
//!
//! The columns are one table for all vendors ([`dimensions`]); AWS and Azure, whose files have columns of their own
//! beside them, take it and say in their own files by what they are recognized. Category, class, frequency, pricing and
//! commitment status are the vendor's own words. Costs in credits stand in `PricingCurrency...` columns and are not read:
//! they are not money (formats.md 9).

use super::recognition::{Delivery, Recognition};
use super::{
    AccountShape, Amount, ChargeMade, ChargeRule, DateFormat, Dates, Is, Names, Owed, SourceDefinition, Tags, Text,
    USAGE, Watched,
};
use crate::model::charge::{ChargeCategory, Dimension};
use crate::model::finding::Code;

pub const BILLED_COST: Names = &["BilledCost"];
/// Version 0.5 calls it amortized.
pub const EFFECTIVE_COST: Names = &["EffectiveCost", "AmortizedCost"];
/// Version 0.5 says `ChargeType`.
const CATEGORY: Names = &["ChargeCategory", "ChargeType"];
/// Version 1.0-preview has no commitment status and says it here.
const SUBCATEGORY: Names = &["ChargeSubcategory"];
/// Azure: a purchase that is spread over the usage rows of later days is `Principal`.
const AMORTIZATION: Names = &["x_AmortizationClass"];

// Places in `SELECTORS`.
const IN_CATEGORY: usize = 0;
const IN_SUBCATEGORY: usize = 1;
const IN_AMORTIZATION: usize = 2;

pub const SELECTORS: &[Names] = &[CATEGORY, SUBCATEGORY, AMORTIZATION];

const CHARGE: ChargeMade = ChargeMade {
    effective: Amount::ColumnOrCost(EFFECTIVE_COST),
    list: Amount::Column(&["ListCost"]),
    contracted: Amount::Column(&["ContractedCost", "x_OnDemandCost"]),
    ..USAGE
};
const COVERED: ChargeMade = ChargeMade { pricing: "Committed", commitment_status: "Used", ..CHARGE };
const OTHER: ChargeMade = ChargeMade { frequency: "One-Time", pricing: "", quantity: false, ..CHARGE };
const PURCHASE: ChargeMade = ChargeMade { category: ChargeCategory::Purchase, ..OTHER };

const fn rule(when: &'static [(usize, Is)], charges: &'static [ChargeMade]) -> ChargeRule {
    ChargeRule { when, views: &[], charges, left_out: "", owed: Owed::Nothing }
}

pub const RULES: &[ChargeRule] = &[
    rule(&[(IN_CATEGORY, Is::Text("Usage")), (IN_SUBCATEGORY, Is::Text("Used Commitment"))], &[COVERED]),
    rule(
        &[(IN_CATEGORY, Is::Text("Usage")), (IN_SUBCATEGORY, Is::Text("Unused Commitment"))],
        &[ChargeMade { commitment_status: "Unused", quantity: false, ..COVERED }],
    ),
    rule(
        &[(IN_CATEGORY, Is::Text("Usage")), (IN_SUBCATEGORY, Is::Text("Refund"))],
        &[ChargeMade { correction: true, ..CHARGE }],
    ),
    rule(&[(IN_CATEGORY, Is::Text("Usage"))], &[CHARGE]),
    // The usage that the purchase pays for carries list and contracted cost; counted here too, they would stand twice.
    rule(
        &[(IN_CATEGORY, Is::Text("Purchase")), (IN_AMORTIZATION, Is::Text("Principal"))],
        &[ChargeMade { list: Amount::Zero, contracted: Amount::Zero, ..PURCHASE }],
    ),
    rule(
        &[(IN_CATEGORY, Is::Text("Purchase")), (IN_SUBCATEGORY, Is::Text("Refund"))],
        &[ChargeMade { correction: true, ..PURCHASE }],
    ),
    rule(&[(IN_CATEGORY, Is::Text("Purchase"))], &[PURCHASE]),
    rule(&[(IN_CATEGORY, Is::Text("Tax"))], &[ChargeMade { category: ChargeCategory::Tax, ..OTHER }]),
    rule(&[(IN_CATEGORY, Is::Text("Credit"))], &[ChargeMade { category: ChargeCategory::Credit, ..OTHER }]),
    rule(&[(IN_CATEGORY, Is::Text("Adjustment"))], &[ChargeMade { category: ChargeCategory::Adjustment, ..OTHER }]),
    // Home-made files leave the category out and mean usage.
    rule(&[(IN_CATEGORY, Is::Blank)], &[CHARGE]),
];

/// How many dimensions [`dimensions`] fills.
pub const DIMENSIONS: usize = 29;

/// FOCUS columns, those of AWS and Azure beside them, as dimensions. Who provides is the vendor's name where the format
/// is one vendor's, and accounts are given by the vendor's own rules.
pub const fn dimensions(
    source: &'static str,
    provider: Text,
    billing_account: Text,
    sub_account: Text,
) -> [(Dimension, Text); DIMENSIONS] {
    [
        (Dimension::Provider, provider),
        (Dimension::Source, Text::Constant(source)),
        (Dimension::InvoiceIssuer, Text::Column(&["InvoiceIssuerName", "InvoiceIssuer"])),
        (Dimension::BillingEntity, Text::FirstOf(&[&["x_PublisherCategory"]])),
        (Dimension::BillingAccountId, billing_account),
        (Dimension::InvoiceId, Text::Column(&["InvoiceId", "x_InvoiceId"])),
        (Dimension::SubAccountId, sub_account),
        (Dimension::SubAccountName, Text::Column(&["SubAccountName"])),
        (Dimension::InvoiceSection, Text::Column(&["x_InvoiceSectionName"])),
        (Dimension::ResourceGroup, Text::Column(&["x_ResourceGroupName"])),
        (Dimension::ResourceId, Text::Column(&["ResourceId"])),
        (Dimension::ResourceName, Text::Column(&["ResourceName"])),
        (Dimension::UserId, Text::Column(&["x_UserId"])),
        (Dimension::ServiceCode, Text::Column(&["x_ServiceCode", "x_ServiceId"])),
        (
            Dimension::ServiceName,
            Text::FirstOf(&[
                &["ServiceName"],
                &["x_SkuMeterSubcategory"],
                &["PublisherName", "Publisher"],
                &["HostProviderName"],
                &["ServiceCategory"],
            ]),
        ),
        (Dimension::Publisher, Text::FirstOf(&[&["PublisherName", "Publisher"], &["HostProviderName"]])),
        (Dimension::SkuId, Text::Column(&["SkuId"])),
        (Dimension::SkuMeter, Text::FirstOf(&[&["SkuMeter"], &["x_SkuMeterName"], &["x_UsageType"]])),
        (Dimension::RegionId, Text::Column(&["RegionId", "Region"])),
        // Five words, and the rules know them: a sixth is told as unknown and not taken over.
        (Dimension::ChargeCategory, Text::Rule),
        (Dimension::ChargeClass, Text::ColumnOrRule(&["ChargeClass"])),
        (Dimension::ChargeType, Text::Column(CATEGORY)),
        (Dimension::ChargeFrequency, Text::ColumnOrRule(&["ChargeFrequency"])),
        (Dimension::PricingCategory, Text::ColumnOrRule(&["PricingCategory"])),
        (Dimension::CommitmentDiscountId, Text::Column(&["CommitmentDiscountId"])),
        (Dimension::CommitmentDiscountStatus, Text::ColumnOrRule(&["CommitmentDiscountStatus"])),
        (Dimension::BillingCurrency, Text::Column(&["BillingCurrency"])),
        (Dimension::ConsumedUnit, Text::Column(&["ConsumedUnit", "UsageUnit"])),
        (Dimension::CostCenter, Text::Column(&["x_CostCenter"])),
    ]
}

const ANY_DIMENSIONS: [(Dimension, Text); DIMENSIONS] = dimensions(
    "focus",
    Text::FirstOf(&[&["ServiceProviderName"], &["ProviderName", "Provider"], &["InvoiceIssuerName"]]),
    Text::Column(&["BillingAccountId"]),
    Text::Column(&["SubAccountId"]),
);

/// A file of nobody in particular, and what the vendors' own definitions have in common.
pub const ANY: SourceDefinition = SourceDefinition {
    name: "focus",
    title: "FOCUS file",
    recognition: Recognition {
        marks: &[BILLED_COST, &["ChargePeriodStart", "BillingPeriodStart"]],
        least: 2,
        never: &[],
        never_filled: &[],
    },
    delivery: Delivery { manifest: None, views: None },
    dimensions: &ANY_DIMENSIONS,
    dates: Dates {
        billing_period_start: &["BillingPeriodStart"],
        billing_period_end: Some(&["BillingPeriodEnd"]),
        charge_start: &["ChargePeriodStart", "BillingPeriodStart"],
        charge_end: Some(&["ChargePeriodEnd", "BillingPeriodEnd"]),
        formats: &[DateFormat::Iso, DateFormat::MonthFirst],
        late_days: 92,
    },
    vendor_cost: BILLED_COST,
    net_cost: None,
    quantity: &["ConsumedQuantity", "UsageQuantity"],
    description: &["ChargeDescription"],
    row_id: None,
    tags: Tags::Json { column: &["Tags"] },
    selectors: SELECTORS,
    rules: RULES,
    netting: None,
    adds_up: None,
    watched: &[Watched {
        column: &["x_CostAllocationRuleName"],
        code: Code::AllocatedTwice,
        why: "A cost allocation rule at the vendor has moved this cost already; sharing it here again would share it twice.",
        fix: "Keep the rule and let its target pay, or switch it off at the vendor and share the cost by a pool.",
    }],
    account: AccountShape::Folded,
    invoice_id_when_final: false,
    required: &[("an account, a resource or tags", &["SubAccountId", "ResourceId", "Tags"])],
    known: KNOWN,
    // FOCUS leaves names that begin with `x_` to the vendors.
    known_prefixes: &["x"],
};

/// Columns of some version that nobody here reads.
const KNOWN: &[&str] = &[
    "AllocatedMethodDetails",
    "AllocatedMethodId",
    "AllocatedResourceId",
    "AllocatedResourceName",
    "AllocatedTags",
    "AvailabilityZone",
    "BillingAccountName",
    "BillingAccountType",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "CommitmentDiscountCategory",
    "CommitmentDiscountName",
    "CommitmentDiscountQuantity",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "CommitmentProgramEligibilityDetails",
    "ContractApplied",
    "ContractedUnitPrice",
    "InvoiceDetailId",
    "ListUnitPrice",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "Provider",
    "ProviderName",
    "RegionName",
    "ResourceType",
    "ServiceCategory",
    "ServiceProviderName",
    "ServiceSubcategory",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountType",
];
