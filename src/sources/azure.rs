//! Azure cost details of an enterprise agreement: header spellings, and what charge type, pricing model and view mean.
//!
//! The actual and the amortized file of one month are two views of the same money and are never added. Where both are
//! there, the amortized rows count, and the actual file adds only what it alone knows: payments for commitments and
//! their refunds (formats.md 6.3). Unused commitment is not billed cost: the actual file, which is, has no such rows.

use super::recognition::{Delivery, ManifestShape, Newest, Parts, Proof, Recognition, Side, Views};
use super::{
    AccountShape, Amount, ChargeMade, ChargeRule, DateFormat, Dates, Is, Names, Owed, SourceDefinition, Tags, Text,
    USAGE, Watched,
};
use crate::model::charge::{ChargeCategory, Dimension};
use crate::model::finding::Code;
use crate::model::intake::View;

const COST: Names = &["Cost", "CostInBillingCurrency"];
const CHARGE_TYPE: Names = &["ChargeType"];
const PRICING_MODEL: Names = &["PricingModel"];
const FREQUENCY: Names = &["Frequency"];

// Places in `selectors`.
const TYPE: usize = 0;
const MODEL: usize = 1;
const OFTEN: usize = 2;

const COMMITTED: Is = Is::OneOf(&["Reservation", "SavingsPlan"]);
const AMORTIZED: &[View] = &[View::AmortizedAlone, View::AmortizedOfPair];
const CARRIED: &str = "the amortized view of the month carries this charge";

const COVERED: ChargeMade = ChargeMade { pricing: "Committed", commitment_status: "Used", ..USAGE };
const PURCHASE: ChargeMade =
    ChargeMade { category: ChargeCategory::Purchase, frequency: "One-Time", pricing: "", quantity: false, ..USAGE };
const COMMITMENT_PURCHASE: ChargeMade = ChargeMade { effective: Amount::Zero, pricing: "Committed", ..PURCHASE };

const fn rule(when: &'static [(usize, Is)], charges: &'static [ChargeMade]) -> ChargeRule {
    ChargeRule { when, views: &[], charges, left_out: "", owed: Owed::Nothing }
}

const fn of_views(views: &'static [View], when: &'static [(usize, Is)], charges: &'static [ChargeMade]) -> ChargeRule {
    ChargeRule { when, views, charges, left_out: "", owed: Owed::Nothing }
}

const RULES: &[ChargeRule] = &[
    // The actual view beside an amortized one: payments for commitments and their refunds, nothing else.
    of_views(
        &[View::ActualOfPair],
        &[(TYPE, Is::Text("Purchase")), (MODEL, COMMITTED), (OFTEN, Is::Text("Recurring"))],
        &[ChargeMade { frequency: "Recurring", ..COMMITMENT_PURCHASE }],
    ),
    of_views(&[View::ActualOfPair], &[(TYPE, Is::Text("Purchase")), (MODEL, COMMITTED)], &[COMMITMENT_PURCHASE]),
    of_views(
        &[View::ActualOfPair],
        &[(TYPE, Is::Text("Refund")), (MODEL, COMMITTED)],
        &[ChargeMade { correction: true, ..COMMITMENT_PURCHASE }],
    ),
    ChargeRule { when: &[], views: &[View::ActualOfPair], charges: &[], left_out: CARRIED, owed: Owed::Nothing },
    // Usage under a commitment: paid by the commitment, so billed nothing.
    of_views(
        AMORTIZED,
        &[(TYPE, Is::Text("Usage")), (MODEL, COMMITTED)],
        &[ChargeMade { billed: Amount::Zero, ..COVERED }],
    ),
    of_views(
        AMORTIZED,
        &[(TYPE, Is::OneOf(&["UnusedReservation", "UnusedSavingsPlan"]))],
        &[ChargeMade { billed: Amount::Zero, commitment_status: "Unused", quantity: false, ..COVERED }],
    ),
    of_views(
        AMORTIZED,
        &[(TYPE, Is::OneOf(&["Purchase", "Refund"])), (MODEL, COMMITTED)],
        &[ChargeMade { billed: Amount::Zero, effective: Amount::Cost, pricing: "Committed", ..PURCHASE }],
    ),
    // The actual view alone: what covered usage really cost is not in it.
    rule(&[(TYPE, Is::Text("Usage")), (MODEL, COMMITTED)], &[ChargeMade { effective: Amount::Unavailable, ..COVERED }]),
    rule(
        &[(TYPE, Is::Text("Purchase")), (MODEL, COMMITTED), (OFTEN, Is::Text("Recurring"))],
        &[ChargeMade { frequency: "Recurring", ..COMMITMENT_PURCHASE }],
    ),
    rule(&[(TYPE, Is::Text("Purchase")), (MODEL, COMMITTED)], &[COMMITMENT_PURCHASE]),
    rule(&[(TYPE, Is::Text("Refund")), (MODEL, COMMITTED)], &[ChargeMade { correction: true, ..COMMITMENT_PURCHASE }]),
    // Both views alike.
    rule(&[(TYPE, Is::Text("Usage")), (MODEL, Is::Text("Spot"))], &[ChargeMade { pricing: "Dynamic", ..USAGE }]),
    rule(&[(TYPE, Is::Text("Usage")), (MODEL, Is::OneOf(&["OnDemand", ""]))], &[USAGE]),
    rule(
        &[(TYPE, Is::Text("Purchase")), (OFTEN, Is::Text("Recurring"))],
        &[ChargeMade { frequency: "Recurring", ..PURCHASE }],
    ),
    rule(&[(TYPE, Is::Text("Purchase"))], &[PURCHASE]),
    rule(&[(TYPE, Is::Text("Refund"))], &[ChargeMade { correction: true, ..PURCHASE }]),
    rule(&[(TYPE, Is::Text("RoundingAdjustment"))], &[ChargeMade { category: ChargeCategory::Adjustment, ..PURCHASE }]),
    rule(&[(TYPE, Is::Text("Tax"))], &[ChargeMade { category: ChargeCategory::Tax, ..PURCHASE }]),
    rule(&[(TYPE, Is::Text("Credit"))], &[ChargeMade { category: ChargeCategory::Credit, ..PURCHASE }]),
];

/// `manifest.json` of an export's run. Runs repeat the month to date, so the one submitted last counts.
pub const EXPORT_MANIFEST: ManifestShape = ManifestShape {
    name: "azure-export",
    tells: &["/blobs"],
    export: "/exportConfig/exportName",
    version: "/runInfo/runId",
    period_start: "/runInfo/startDate",
    scope: "/exportConfig/resourceId",
    scope_ends: "/providers/Microsoft.CostManagement",
    kind: "/exportConfig/type",
    parts: Parts { list: "/blobs", name: "/blobName", rows: "/dataRowCount", bytes: "/byteCount" },
    count: "/blobCount",
    rows: "/dataRowCount",
    bytes: "/byteCount",
    newest: Newest::Latest("/runInfo/submittedTime"),
};

/// How the two views of a month are told apart where no manifest says it.
const TWO_VIEWS: Views = Views {
    actual: Side {
        kind: "ActualCost",
        in_name: &["actual"],
        proofs: &[
            Proof {
                when: &[(CHARGE_TYPE, Is::OneOf(&["Purchase", "Refund"])), (PRICING_MODEL, COMMITTED)],
                cost_is_zero: Some(false),
            },
            Proof { when: &[(CHARGE_TYPE, Is::Text("Usage")), (PRICING_MODEL, COMMITTED)], cost_is_zero: Some(true) },
        ],
    },
    amortized: Side {
        kind: "AmortizedCost",
        in_name: &["amort"],
        proofs: &[
            Proof {
                when: &[(CHARGE_TYPE, Is::OneOf(&["UnusedReservation", "UnusedSavingsPlan"]))],
                cost_is_zero: None,
            },
            Proof { when: &[(CHARGE_TYPE, Is::Text("Usage")), (PRICING_MODEL, COMMITTED)], cost_is_zero: Some(false) },
        ],
    },
};

pub const ENTERPRISE_AGREEMENT: SourceDefinition = SourceDefinition {
    name: "azure-ea",
    title: "Azure cost details (enterprise agreement)",
    recognition: Recognition {
        marks: &[
            COST,
            &["MeterId"],
            &["SubscriptionId"],
            CHARGE_TYPE,
            &["OfferId", "AccountOwnerId"],
            &["BillingAccountId"],
        ],
        least: 4,
        never: &["customerTenantId", "partnerTenantId", "partnerEarnedCreditApplied", "BilledCost"],
        // The other agreements have a second currency; some generators write the column and leave it empty.
        never_filled: &["exchangeRatePricingToBilling"],
    },
    delivery: Delivery { manifest: Some(&EXPORT_MANIFEST), views: Some(&TWO_VIEWS) },
    dimensions: &[
        (Dimension::Provider, Text::Constant("Microsoft")),
        (Dimension::Source, Text::Constant("azure-ea")),
        (Dimension::InvoiceIssuer, Text::Constant("Microsoft")),
        (Dimension::BillingEntity, Text::Column(&["PublisherType"])),
        (Dimension::BillingAccountId, Text::Column(&["BillingAccountId"])),
        (Dimension::SubAccountId, Text::Column(&["SubscriptionId"])),
        (Dimension::SubAccountName, Text::Column(&["SubscriptionName"])),
        (Dimension::InvoiceSection, Text::Column(&["InvoiceSection", "InvoiceSectionName"])),
        (Dimension::ResourceGroup, Text::Column(&["ResourceGroup"])),
        (Dimension::ResourceId, Text::Column(&["ResourceId"])),
        (Dimension::ResourceName, Text::FirstOf(&[&["ResourceName"]])),
        (Dimension::ServiceCode, Text::Column(&["ConsumedService"])),
        (Dimension::ServiceName, Text::FirstOf(&[&["MeterCategory"], &["PublisherName"], &["ServiceFamily"]])),
        (Dimension::Publisher, Text::Column(&["PublisherName"])),
        (Dimension::SkuId, Text::Column(&["PartNumber"])),
        (Dimension::SkuMeter, Text::FirstOf(&[&["MeterName"], &["PlanName"], &["Product", "ProductName"]])),
        (Dimension::RegionId, Text::Column(&["ResourceLocation"])),
        (Dimension::ChargeCategory, Text::Rule),
        (Dimension::ChargeClass, Text::Rule),
        (Dimension::ChargeType, Text::Column(CHARGE_TYPE)),
        (Dimension::ChargeFrequency, Text::Rule),
        (Dimension::PricingCategory, Text::Rule),
        (Dimension::CommitmentDiscountId, Text::FirstOf(&[&["benefitId"], &["ReservationId"]])),
        (Dimension::CommitmentDiscountStatus, Text::Rule),
        (Dimension::BillingCurrency, Text::Column(&["BillingCurrency", "BillingCurrencyCode"])),
        (Dimension::ConsumedUnit, Text::Column(&["UnitOfMeasure"])),
        (Dimension::CostCenter, Text::Column(&["CostCenter"])),
    ],
    dates: Dates {
        billing_period_start: &["BillingPeriodStartDate"],
        charge_start: &["Date"],
        charge_end: None,
        formats: &[DateFormat::MonthFirst, DateFormat::Iso],
        late_days: 0,
    },
    vendor_cost: COST,
    net_cost: None,
    quantity: &["Quantity"],
    description: &["Product", "ProductName"],
    row_id: None,
    tags: Tags::Json { column: &["Tags"] },
    selectors: &[CHARGE_TYPE, PRICING_MODEL, FREQUENCY],
    rules: RULES,
    netting: None,
    watched: &[Watched {
        column: &["CostAllocationRuleName"],
        code: Code::AllocatedTwice,
        why: "A cost allocation rule at the vendor has moved this cost already; sharing it here again would share it twice.",
        fix: "Keep the rule and let its target pay, or switch it off at the vendor and share the cost by a pool.",
    }],
    account: AccountShape::Folded,
    invoice_id_when_final: false,
    required: &[
        ("the charge type", CHARGE_TYPE),
        ("the subscription", &["SubscriptionId"]),
        ("the billing account", &["BillingAccountId"]),
        ("the billing currency", &["BillingCurrency", "BillingCurrencyCode"]),
    ],
    known: &[
        "BillingAccountName",
        "BillingPeriodEndDate",
        "BillingProfileId",
        "BillingProfileName",
        "AccountOwnerId",
        "AccountName",
        "AccountId",
        "MeterId",
        "MeterSubCategory",
        "MeterRegion",
        "EffectivePrice",
        "UnitPrice",
        "AvailabilityZone",
        "ServiceInfo1",
        "ServiceInfo2",
        "AdditionalInfo",
        "InvoiceSectionId",
        "ReservationName",
        "ProductOrderId",
        "ProductOrderName",
        "OfferId",
        "IsAzureCreditEligible",
        "Term",
        "PayGPrice",
        "benefitName",
        "ProductId",
        "PartnerName",
    ],
    known_prefixes: &[],
};
