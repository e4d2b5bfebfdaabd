//! OpenAI: costs, token usage, and the credits of ChatGPT Enterprise and Edu.
//!
//! The cost file is what the platform bills, before tax and prepaid credits. The usage file has no money: beside a cost
//! file, or beside an Azure bill, it only tells whose tokens they were. Both are exported by a grouping that the user
//! chooses; two groupings of a month are the same money, so a second file of the same projects is refused.

use super::recognition::Recognition;
use super::usage::{FILE, counted, days, rule, tokens};
use super::{ChargeMade, Count, Is, Names, SourceDefinition, Text, USAGE};
use crate::model::charge::Dimension;

const START: Names = &["start_time_iso", "start_time", "timestamp"];
const PROJECT: Names = &["project_id"];
const USER: &[Names] = &[&["user_email"], &["user_id"]];
const AMOUNT: Names = &["amount_value"];
const LINE: Names = &["line_item"];
const QUANTITY: Names = &["quantity"];

pub const COSTS: SourceDefinition = SourceDefinition {
    name: "openai-costs",
    title: "OpenAI costs",
    recognition: Recognition {
        marks: &[AMOUNT, &["amount_currency"], &["start_time", "start_time_iso"]],
        least: 3,
        never: &["input_tokens", "output_tokens"],
        never_filled: &[],
    },
    dimensions: &[
        (Dimension::Provider, Text::Constant("OpenAI")),
        (Dimension::Source, Text::Constant("openai-costs")),
        (Dimension::InvoiceIssuer, Text::Constant("OpenAI")),
        (Dimension::BillingAccountId, Text::Column(&["organization_id"])),
        (Dimension::SubAccountId, Text::Column(PROJECT)),
        (Dimension::SubAccountName, Text::Column(&["project_name"])),
        (Dimension::ResourceId, Text::Column(&["api_key_id"])),
        (Dimension::UserId, Text::FirstOf(USER)),
        (Dimension::ServiceCode, Text::Constant("openai-api")),
        (Dimension::ServiceName, Text::Constant("OpenAI API")),
        (Dimension::Publisher, Text::Constant("OpenAI")),
        (Dimension::SkuId, Text::FirstPart(LINE)),
        // Model and token class: `gpt-4o-2024-08-06, cached input`.
        (Dimension::SkuMeter, Text::Column(LINE)),
        (Dimension::ChargeType, Text::Constant("Usage")),
        (Dimension::ChargeCategory, Text::Rule),
        (Dimension::ChargeClass, Text::Rule),
        (Dimension::ChargeFrequency, Text::Rule),
        (Dimension::PricingCategory, Text::Rule),
        (Dimension::BillingCurrency, Text::Column(&["amount_currency"])),
        (Dimension::ConsumedUnit, Text::Column(&["quantity_unit"])),
    ],
    dates: days(START),
    vendor_cost: AMOUNT,
    quantity: QUANTITY,
    description: LINE,
    selectors: &[AMOUNT, LINE, QUANTITY],
    rules: &[
        super::ChargeRule {
            left_out: "a day without usage",
            ..rule(&[(0, Is::Blank), (1, Is::Blank), (2, Is::Blank)], &[])
        },
        rule(&[], &[USAGE]),
    ],
    required: &[("the currency", &["amount_currency"])],
    known: &["start_time", "end_time", "end_time_iso", "user_id", "organization_name", "api_source"],
    ..FILE
};

const MODEL: Names = &["model"];
const REQUESTS: Names = &["num_model_requests", "n_requests"];
const INPUT: Names = &["input_tokens", "n_context_tokens_total"];
const CACHED: Names = &["input_cached_tokens"];
const OUTPUT: Names = &["output_tokens", "n_generated_tokens_total"];

/// Cached tokens are in the input tokens, so the classes are told apart to add up to what was used.
const UNCACHED_MADE: ChargeMade = tokens("uncached_input_tokens", Count::Difference(INPUT, CACHED));
const CACHED_MADE: ChargeMade = tokens("cached_input_tokens", Count::Column(CACHED));
const OUTPUT_MADE: ChargeMade = tokens("output_tokens", Count::Column(OUTPUT));
const REQUESTS_MADE: ChargeMade = counted("requests", "requests", Count::Column(REQUESTS));

const fn batch(made: ChargeMade) -> ChargeMade {
    ChargeMade { pricing: "Batch", ..made }
}

pub const USAGE_REPORT: SourceDefinition = SourceDefinition {
    name: "openai-usage",
    title: "OpenAI usage",
    recognition: Recognition {
        marks: &[INPUT, OUTPUT, REQUESTS, MODEL],
        least: 4,
        never: &["amount_value"],
        never_filled: &[],
    },
    dimensions: &[
        (Dimension::Provider, Text::Constant("OpenAI")),
        (Dimension::Source, Text::Constant("openai-usage")),
        (Dimension::SubAccountId, Text::Column(PROJECT)),
        (Dimension::SubAccountName, Text::Column(&["project_name"])),
        (Dimension::ResourceId, Text::Column(&["api_key_id"])),
        (Dimension::UserId, Text::FirstOf(USER)),
        (Dimension::ServiceCode, Text::Constant("openai-api")),
        (Dimension::ServiceName, Text::Constant("OpenAI API")),
        (Dimension::SkuId, Text::Column(MODEL)),
        (Dimension::SkuMeter, Text::Rule),
        (Dimension::ChargeType, Text::Constant("Usage without cost")),
        (Dimension::ChargeCategory, Text::Rule),
        (Dimension::ChargeFrequency, Text::Rule),
        (Dimension::PricingCategory, Text::Rule),
        (Dimension::ConsumedUnit, Text::Rule),
    ],
    dates: days(START),
    selectors: &[&["batch"]],
    rules: &[
        rule(
            &[(0, Is::Text("true"))],
            &[batch(UNCACHED_MADE), batch(CACHED_MADE), batch(OUTPUT_MADE), batch(REQUESTS_MADE)],
        ),
        rule(&[], &[UNCACHED_MADE, CACHED_MADE, OUTPUT_MADE, REQUESTS_MADE]),
    ],
    required: &[("the input tokens", INPUT)],
    known: &["start_time", "end_time", "end_time_iso", "service_tier", "organization_id", "organization_name"],
    // Text, audio and image tokens, and the uncached ones, are parts of the columns above.
    known_prefixes: &["input", "output"],
    ..FILE
};

/// The same without output: embeddings, which a file of their own may hold beside the other usage.
pub const EMBEDDINGS: SourceDefinition = SourceDefinition {
    name: "openai-embeddings-usage",
    title: "OpenAI usage of embeddings",
    recognition: Recognition {
        marks: &[INPUT, REQUESTS, MODEL],
        least: 3,
        never: &["amount_value", "output_tokens", "n_generated_tokens_total"],
        never_filled: &[],
    },
    ..USAGE_REPORT
};

pub const CHATGPT_CREDITS: SourceDefinition = SourceDefinition {
    name: "chatgpt-credits",
    title: "ChatGPT Enterprise or Edu credits",
    recognition: Recognition {
        marks: &[&["date_partition"], &["usage_credits"], &["usage_type"], &["account_user_id"]],
        least: 3,
        never: &[],
        never_filled: &[],
    },
    dimensions: &[
        (Dimension::Provider, Text::Constant("OpenAI")),
        (Dimension::Source, Text::Constant("chatgpt-credits")),
        (Dimension::SubAccountId, Text::Column(&["account_id"])),
        // Removed users have no address any more.
        (Dimension::UserId, Text::FirstOf(&[&["email"], &["public_id"], &["account_user_id"]])),
        (Dimension::ServiceCode, Text::Constant("chatgpt")),
        (Dimension::ServiceName, Text::Constant("ChatGPT")),
        (Dimension::SkuId, Text::Column(&["usage_type"])),
        (Dimension::SkuMeter, Text::Rule),
        (Dimension::ChargeType, Text::Constant("Usage without cost")),
        (Dimension::ChargeCategory, Text::Rule),
        (Dimension::ChargeFrequency, Text::Rule),
        (Dimension::ConsumedUnit, Text::Rule),
    ],
    dates: days(&["date_partition"]),
    rules: &[rule(&[], &[counted("credits", "credits", Count::Column(&["usage_credits"]))])],
    required: &[("the credits", &["usage_credits"])],
    known: &["name", "usage_quantity", "usage_units"],
    ..FILE
};
