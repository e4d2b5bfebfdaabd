//! What each line-item type costs, and the columns that say so, in both spellings: `lineItem/UnblendedCost` of the
//! legacy report and `line_item_unblended_cost` of CUR 2.0 and of Athena.
//!
//! The rules are formats.md 3.2. Covered usage carries its on-demand cost in `UnblendedCost` and a negation row takes it
//! away again; both keep it here, and `stages::normalize::netting` takes the pair out of billed once it is proved to
//! cancel. Dropping only the negations would bill all covered usage twice.

use crate::model::charge::ChargeCategory;
use crate::sources::{Amount, ChargeMade, ChargeRule, Is, Names, Owed, USAGE};

pub const PUBLIC_COST: Names = &["pricing/publicOnDemandCost", "pricing_public_on_demand_cost"];
pub const RESERVATION: Names = &["reservation/ReservationARN", "reservation_reservation_a_r_n"];
pub const SAVINGS_PLAN: Names = &["savingsPlan/SavingsPlanARN", "savings_plan_savings_plan_a_r_n"];

const RESERVED_COST: Names = &["reservation/EffectiveCost", "reservation_effective_cost"];
const RESERVED_COST_NET: Names = &["reservation/NetEffectiveCost", "reservation_net_effective_cost"];
const PLANNED_COST: Names = &["savingsPlan/SavingsPlanEffectiveCost", "savings_plan_savings_plan_effective_cost"];
const PLANNED_COST_NET: Names =
    &["savingsPlan/NetSavingsPlanEffectiveCost", "savings_plan_net_savings_plan_effective_cost"];
const UPFRONT: Names =
    &["reservation/AmortizedUpfrontFeeForBillingPeriod", "reservation_amortized_upfront_fee_for_billing_period"];
const UNUSED_UPFRONT: Names = &[
    "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
];
const UNUSED_UPFRONT_NET: Names = &[
    "reservation/NetUnusedAmortizedUpfrontFeeForBillingPeriod",
    "reservation_net_unused_amortized_upfront_fee_for_billing_period",
];
const UNUSED_FEE: Names = &["reservation/UnusedRecurringFee", "reservation_unused_recurring_fee"];
const UNUSED_FEE_NET: Names = &["reservation/NetUnusedRecurringFee", "reservation_net_unused_recurring_fee"];
const COMMITMENT: Names = &["savingsPlan/TotalCommitmentToDate", "savings_plan_total_commitment_to_date"];
const USED_COMMITMENT: Names = &["savingsPlan/UsedCommitment", "savings_plan_used_commitment"];

// Places in the `selectors` of every source that has these rules.
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

pub const RULES: &[ChargeRule] = &[
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
            effective: Amount::NetColumn(RESERVED_COST, RESERVED_COST_NET),
            ..ON_DEMAND
        }],
    ),
    rule(
        &[(TYPE, Is::Text("SavingsPlanCoveredUsage"))],
        &[ChargeMade {
            pricing: "Committed",
            commitment_status: "Used",
            effective: Amount::NetColumn(PLANNED_COST, PLANNED_COST_NET),
            ..ON_DEMAND
        }],
    ),
    rule(
        &[(TYPE, Is::Text("SavingsPlanNegation"))],
        &[ChargeMade { effective: Amount::Zero, pricing: "Committed", ..REDUCTION }],
    ),
    owing(
        &[(TYPE, Is::Text("RIFee"))],
        Owed::CostAnd(UPFRONT),
        &[
            ChargeMade { frequency: "Recurring", ..COMMITMENT_PURCHASE },
            ChargeMade {
                effective: Amount::NetSum([UNUSED_UPFRONT, UNUSED_FEE], [UNUSED_UPFRONT_NET, UNUSED_FEE_NET]),
                ..UNUSED
            },
        ],
    ),
    owing(
        &[(TYPE, Is::Text("SavingsPlanRecurringFee"))],
        Owed::Column(COMMITMENT),
        &[
            ChargeMade { frequency: "Recurring", ..COMMITMENT_PURCHASE },
            ChargeMade { effective: Amount::Difference(COMMITMENT, USED_COMMITMENT), ..UNUSED },
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
