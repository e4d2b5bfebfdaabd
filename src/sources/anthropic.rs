//! Anthropic: what the console bills, and the tokens behind it.
//!
//! Costs are rounded to cents a row, so tokens times price is something else; spend of the priority tier is in neither
//! file. The token file has no money and only tells whose tokens they were.

use super::recognition::Recognition;
use super::usage::{FILE, counted, days, rule, tokens};
use super::{Amount, ChargeMade, Count, Names, SourceDefinition, Text, USAGE};
use crate::model::charge::Dimension;

const DAY: Names = &["usage_date_utc"];
const COST: Names = &["cost_usd"];
const WORKSPACE: Names = &["workspace"];

pub const COSTS: SourceDefinition = SourceDefinition {
    name: "anthropic-cost",
    title: "Anthropic cost",
    recognition: Recognition { marks: &[DAY, COST], least: 2, never: &["usage_output_tokens"], never_filled: &[] },
    dimensions: &[
        (Dimension::Provider, Text::Constant("Anthropic")),
        (Dimension::Source, Text::Constant("anthropic-cost")),
        (Dimension::InvoiceIssuer, Text::Constant("Anthropic")),
        (Dimension::SubAccountId, Text::Column(WORKSPACE)),
        (Dimension::SubAccountName, Text::Column(WORKSPACE)),
        (Dimension::ResourceId, Text::FirstOf(&[&["api_key_id"], &["api_key"]])),
        (Dimension::ResourceName, Text::Column(&["api_key"])),
        (Dimension::ServiceCode, Text::Constant("claude-api")),
        (Dimension::ServiceName, Text::Constant("Claude API")),
        (Dimension::Publisher, Text::Constant("Anthropic")),
        (Dimension::SkuId, Text::Column(&["model"])),
        // `Claude Sonnet 4.5, output`: bills show the model with its token class; a web search has neither.
        (Dimension::SkuMeter, Text::Together(&[&["model"], &["token_type"], &["cost_type"]])),
        (Dimension::ChargeType, Text::Column(&["cost_type"])),
        (Dimension::ChargeCategory, Text::Rule),
        (Dimension::ChargeClass, Text::Rule),
        (Dimension::ChargeFrequency, Text::Rule),
        (Dimension::PricingCategory, Text::Rule),
        (Dimension::BillingCurrency, Text::Constant("USD")),
    ],
    dates: days(DAY),
    vendor_cost: COST,
    description: &["model"],
    rules: &[rule(&[], &[ChargeMade { list: Amount::Column(&["list_price_usd"]), ..USAGE }])],
    known: &["usage_type", "context_window", "inference_geo", "speed", "api_key_status"],
    ..FILE
};

const WRITES: &[Names] = &[
    &["usage_input_tokens_cache_write_5m"],
    &["usage_input_tokens_cache_write_1h"],
    // Before there were two.
    &["usage_input_tokens_cache_write"],
];
const UNCACHED: Names = &["usage_input_tokens_no_cache"];
const OUTPUT: Names = &["usage_output_tokens"];

pub const TOKENS: SourceDefinition = SourceDefinition {
    name: "anthropic-tokens",
    title: "Anthropic tokens",
    recognition: Recognition { marks: &[DAY, UNCACHED, OUTPUT], least: 3, never: &["cost_usd"], never_filled: &[] },
    dimensions: &[
        (Dimension::Provider, Text::Constant("Anthropic")),
        (Dimension::Source, Text::Constant("anthropic-tokens")),
        (Dimension::SubAccountId, Text::Column(WORKSPACE)),
        (Dimension::SubAccountName, Text::Column(WORKSPACE)),
        (Dimension::ResourceId, Text::Column(&["api_key"])),
        (Dimension::ResourceName, Text::Column(&["api_key"])),
        (Dimension::ServiceCode, Text::Constant("claude-api")),
        (Dimension::ServiceName, Text::Constant("Claude API")),
        (Dimension::SkuId, Text::Column(&["model_version"])),
        (Dimension::SkuMeter, Text::Rule),
        (Dimension::ChargeType, Text::Column(&["usage_type"])),
        (Dimension::ChargeCategory, Text::Rule),
        (Dimension::ChargeFrequency, Text::Rule),
        (Dimension::ConsumedUnit, Text::Rule),
    ],
    dates: days(DAY),
    // The four input columns are disjoint.
    rules: &[rule(
        &[],
        &[
            tokens("uncached_input_tokens", Count::Column(UNCACHED)),
            tokens("cache_write_tokens", Count::Sum(WRITES)),
            tokens("cached_input_tokens", Count::Column(&["usage_input_tokens_cache_read"])),
            tokens("output_tokens", Count::Column(OUTPUT)),
            counted("web_searches", "searches", Count::Column(&["web_search_count"])),
        ],
    )],
    known: &["context_window", "inference_geo", "speed"],
    ..FILE
};
