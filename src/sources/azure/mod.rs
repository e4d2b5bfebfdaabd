//! Azure cost details: header spellings, and what charge type, pricing model and view mean.
//!
//! One set of concepts under five headers, one for each kind of agreement: what they share is here, and each agreement
//! says in its own file by what it is recognized and what is different.
//!
//! The actual and the amortized file of one month are two views of the same money and are never added. Where both are
//! there, the amortized rows count, and the actual file adds only what it alone knows: payments for commitments and
//! their refunds (formats.md 6.3). Unused commitment is not billed cost: the actual file, which is, has no such rows.

pub mod customer;
pub mod enterprise;
pub mod focus_export;
pub mod pay_as_you_go;

use super::recognition::{ManifestShape, Newest, Parts, Proof, Side, Views};
use super::{Amount, ChargeMade, ChargeRule, Is, Names, Owed, Text, USAGE, Watched};
use crate::model::charge::{ChargeCategory, Dimension};
use crate::model::finding::Code;
use crate::model::intake::View;
pub use customer::{CUSTOMER_AGREEMENT, PARTNER_AGREEMENT};
pub use enterprise::ENTERPRISE_AGREEMENT;
pub use focus_export::FOCUS_EXPORT;
pub use pay_as_you_go::{LEGACY_PAY_AS_YOU_GO, PAY_AS_YOU_GO};

/// Customer and partner agreements have prices in one currency and the invoice in another: the invoice's counts.
const COST: Names = &["Cost", "CostInBillingCurrency"];
/// What it costs without any agreement, in the currency of the bill; only agreements with two currencies say it.
const LIST_COST: Names = &["paygCostInBillingCurrency"];
const LIST_PRICE: Names = &["PayGPrice"];
const CONTRACTED_PRICE: Names = &["UnitPrice"];
const QUANTITY: Names = &["Quantity"];
const PRICING_CURRENCY: Names = &["pricingCurrency"];

// Prices are of a block of `UnitOfMeasure`, and quantities count blocks (formats.md 6.4).
const LIST: Amount = Amount::First(&[Amount::Price(LIST_COST), Amount::Times(LIST_PRICE, QUANTITY, PRICING_CURRENCY)]);
const CONTRACTED: Amount = Amount::First(&[
    Amount::TimesAtRate(CONTRACTED_PRICE, QUANTITY, EXCHANGE_RATE),
    Amount::Times(CONTRACTED_PRICE, QUANTITY, PRICING_CURRENCY),
]);
const METER: Names = &["MeterId"];
const SUBSCRIPTION: Names = &["SubscriptionId", "SubscriptionGuid"];
const CURRENCY: Names = &["BillingCurrency", "BillingCurrencyCode", "Currency"];
const EXCHANGE_RATE: Names = &["exchangeRatePricingToBilling"];
const CHARGE_TYPE: Names = &["ChargeType"];
const PRICING_MODEL: Names = &["PricingModel"];
const FREQUENCY: Names = &["Frequency"];
const PUBLISHER_TYPE: Names = &["PublisherType"];

// Places in `selectors`.
const TYPE: usize = 0;
const MODEL: usize = 1;
const OFTEN: usize = 2;
const BY: usize = 3;

const COMMITTED: Is = Is::OneOf(&["Reservation", "SavingsPlan"]);
const PAIRED: &[View] = &[View::AmortizedOfPair];
const UNPAIRED: &[View] = &[View::AmortizedAlone];
const COVERED_USAGE: &[(usize, Is)] = &[(TYPE, Is::Text("Usage")), (MODEL, COMMITTED)];
const UNUSED: &[(usize, Is)] = &[(TYPE, Is::OneOf(&["UnusedReservation", "UnusedSavingsPlan"]))];
const COMMITMENT_PAID: &[(usize, Is)] = &[(TYPE, Is::OneOf(&["Purchase", "Refund"])), (MODEL, COMMITTED)];
const OF_AWS: &str = "a copy of what AWS bills itself";
const CARRIED: &str = "the amortized view of the month carries this charge";

const METERED: ChargeMade = ChargeMade { list: LIST, contracted: CONTRACTED, ..USAGE };
const COVERED: ChargeMade = ChargeMade { pricing: "Committed", commitment_status: "Used", ..METERED };
const UNUSED_COMMITMENT: ChargeMade = ChargeMade {
    commitment_status: "Unused",
    quantity: false,
    list: Amount::Zero,
    contracted: Amount::Zero,
    ..COVERED
};
const PURCHASE: ChargeMade =
    ChargeMade { category: ChargeCategory::Purchase, frequency: "One-Time", pricing: "", quantity: false, ..METERED };
/// Of what has no price.
const UNPRICED: ChargeMade = ChargeMade { list: Amount::Zero, contracted: Amount::Unavailable, ..PURCHASE };
/// The usage that it pays for carries list and contracted cost; counted here too, they would stand twice.
const COMMITMENT_PURCHASE: ChargeMade = ChargeMade {
    effective: Amount::Zero,
    list: Amount::Zero,
    contracted: Amount::Zero,
    pricing: "Committed",
    ..PURCHASE
};

const fn rule(when: &'static [(usize, Is)], charges: &'static [ChargeMade]) -> ChargeRule {
    ChargeRule { when, views: &[], charges, left_out: "", owed: Owed::Nothing }
}

const fn of_views(views: &'static [View], when: &'static [(usize, Is)], charges: &'static [ChargeMade]) -> ChargeRule {
    ChargeRule { when, views, charges, left_out: "", owed: Owed::Nothing }
}

const RULES: &[ChargeRule] = &[
    // A retired connector copied the costs of AWS accounts; AWS bills them itself.
    ChargeRule { when: &[(BY, Is::Text("AWS"))], views: &[], charges: &[], left_out: OF_AWS, owed: Owed::Nothing },
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
    // Usage under a commitment: paid by the commitment, so billed nothing where the payments are delivered too.
    of_views(PAIRED, COVERED_USAGE, &[ChargeMade { billed: Amount::Zero, ..COVERED }]),
    of_views(PAIRED, UNUSED, &[ChargeMade { billed: Amount::Zero, ..UNUSED_COMMITMENT }]),
    of_views(
        PAIRED,
        COMMITMENT_PAID,
        &[ChargeMade { billed: Amount::Zero, effective: Amount::Cost, ..COMMITMENT_PURCHASE }],
    ),
    // The amortized view alone: what was paid for commitments is not in it.
    of_views(UNPAIRED, COVERED_USAGE, &[ChargeMade { billed: Amount::Unavailable, ..COVERED }]),
    of_views(UNPAIRED, UNUSED, &[ChargeMade { billed: Amount::Unavailable, ..UNUSED_COMMITMENT }]),
    of_views(
        UNPAIRED,
        COMMITMENT_PAID,
        &[ChargeMade { billed: Amount::Unavailable, effective: Amount::Cost, ..COMMITMENT_PURCHASE }],
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
    rule(&[(TYPE, Is::Text("Usage")), (MODEL, Is::Text("Spot"))], &[ChargeMade { pricing: "Dynamic", ..METERED }]),
    rule(&[(TYPE, Is::Text("Usage")), (MODEL, Is::OneOf(&["OnDemand", ""]))], &[METERED]),
    rule(
        &[(TYPE, Is::Text("Purchase")), (OFTEN, Is::Text("Recurring"))],
        &[ChargeMade { frequency: "Recurring", ..PURCHASE }],
    ),
    rule(&[(TYPE, Is::Text("Purchase"))], &[PURCHASE]),
    rule(&[(TYPE, Is::Text("Refund"))], &[ChargeMade { correction: true, ..PURCHASE }]),
    rule(&[(TYPE, Is::Text("RoundingAdjustment"))], &[ChargeMade { category: ChargeCategory::Adjustment, ..UNPRICED }]),
    rule(&[(TYPE, Is::Text("Tax"))], &[ChargeMade { category: ChargeCategory::Tax, ..UNPRICED }]),
    rule(&[(TYPE, Is::Text("Credit"))], &[ChargeMade { category: ChargeCategory::Credit, ..UNPRICED }]),
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

const SELECTORS: &[Names] = &[CHARGE_TYPE, PRICING_MODEL, FREQUENCY, PUBLISHER_TYPE];

const WATCHED: &[Watched] = &[Watched {
    column: &["CostAllocationRuleName"],
    code: Code::AllocatedTwice,
    why: "A cost allocation rule at the vendor has moved this cost already; sharing it here again would share it twice.",
    fix: "Keep the rule and let its target pay, or switch it off at the vendor and share the cost by a pool.",
}];

/// How many dimensions [`dimensions`] fills.
const DIMENSIONS: usize = 28;

/// The columns of cost details as dimensions, in the spellings of all agreements.
const fn dimensions(
    source: &'static str,
    issuer: Text,
    billing_account: Names,
    resource_name: Text,
) -> [(Dimension, Text); DIMENSIONS] {
    [
        (Dimension::Provider, Text::Constant("Microsoft")),
        (Dimension::Source, Text::Constant(source)),
        (Dimension::InvoiceIssuer, issuer),
        (Dimension::BillingEntity, Text::Column(PUBLISHER_TYPE)),
        (Dimension::BillingAccountId, Text::Column(billing_account)),
        (Dimension::InvoiceId, Text::Column(&["InvoiceId"])),
        (Dimension::SubAccountId, Text::Column(SUBSCRIPTION)),
        (Dimension::SubAccountName, Text::Column(&["SubscriptionName"])),
        (Dimension::InvoiceSection, Text::FirstOf(&[&["InvoiceSection", "InvoiceSectionName"], &["customerName"]])),
        (Dimension::ResourceGroup, Text::Column(&["ResourceGroup", "resourceGroupName"])),
        (Dimension::ResourceId, Text::Column(RESOURCE)),
        (Dimension::ResourceName, resource_name),
        (Dimension::ServiceCode, Text::Column(&["ConsumedService"])),
        (Dimension::ServiceName, Text::FirstOf(&[&["MeterCategory"], &["PublisherName"], &["ServiceFamily"]])),
        (Dimension::Publisher, Text::Column(&["PublisherName"])),
        (Dimension::SkuId, Text::FirstOf(&[&["PartNumber"], &["ProductId"]])),
        (Dimension::SkuMeter, Text::FirstOf(&[&["MeterName"], &["PlanName"], PRODUCT])),
        (Dimension::RegionId, Text::Column(&["ResourceLocation"])),
        (Dimension::ChargeCategory, Text::Rule),
        (Dimension::ChargeClass, Text::Rule),
        (Dimension::ChargeType, Text::Column(CHARGE_TYPE)),
        (Dimension::ChargeFrequency, Text::Rule),
        (Dimension::PricingCategory, Text::Rule),
        (Dimension::CommitmentDiscountId, Text::FirstOf(&[&["benefitId"], &["ReservationId"]])),
        (Dimension::CommitmentDiscountStatus, Text::Rule),
        (Dimension::BillingCurrency, Text::Column(CURRENCY)),
        (Dimension::ConsumedUnit, Text::Column(&["UnitOfMeasure"])),
        (Dimension::CostCenter, Text::Column(&["CostCenter"])),
    ]
}

const PRODUCT: Names = &["Product", "ProductName"];
const RESOURCE: Names = &["ResourceId", "InstanceId", "InstanceName"];

/// Columns that cost details of some agreement have and nobody here reads.
const KNOWN: &[&str] = &[
    "AccountId",
    "AccountName",
    "AccountOwnerId",
    "AdditionalInfo",
    "AvailabilityZone",
    "benefitName",
    "BillingAccountId",
    "BillingAccountName",
    "BillingPeriod",
    "BillingPeriodEndDate",
    "BillingProfileId",
    "BillingProfileName",
    "ChargeId",
    "costInPricingCurrency",
    "costInUsd",
    "customerTenantId",
    "EffectivePrice",
    "exchangeRateDate",
    "exchangeRatePricingToBilling",
    "InvoiceSectionId",
    "IsAzureCreditEligible",
    "location",
    "MeterId",
    "MeterRegion",
    "MeterSubCategory",
    "OfferId",
    "partnerEarnedCreditApplied",
    "partnerEarnedCreditRate",
    "PartnerName",
    "partnerTenantId",
    "paygCostInUsd",
    "PayGPrice",
    "previousInvoiceId",
    "pricingCurrency",
    "ProductId",
    "ProductOrderId",
    "ProductOrderName",
    "provider",
    "publisherId",
    "resellerMpnId",
    "resellerName",
    "ReservationName",
    "ResourceRate",
    "ResourceType",
    "ServiceInfo1",
    "ServiceInfo2",
    "ServiceName",
    "servicePeriodEndDate",
    "servicePeriodStartDate",
    "ServiceTier",
    "Term",
    "UnitPrice",
];
