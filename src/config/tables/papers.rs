//! What comes in on paper and what puts a month right: invoices, exchange rates, adjustments, payments, waivers.

use super::super::columns::Declared::{Agency, Driver, Fund, Service};
use super::super::columns::Kind::{Count, Currency, Date, Known, Money, Month, OneOf, Price, Quantity, Text};
use super::super::columns::{Kind, Table, needed, optional};
use super::{FROM, TO};

pub const INVOICES: &Table = &Table {
    path: "invoices/",
    about: "What the vendors asked for, one row for an invoice or a section of one. CSV or xlsx (the first sheet).",
    needed: false,
    columns: &[
        needed("provider", Text, "who asks, as provider_name in the charges: AWS, Microsoft, GitHub"),
        optional(
            "billing_account_id",
            Kind::Id,
            "the payer account, enrollment or billing account; blank where the charges carry none",
        ),
        optional(
            "invoice_id",
            Kind::Id,
            "as in the charges; blank where they carry none (Azure enterprise agreements)",
        ),
        needed("month", Month, "the month it bills"),
        optional("invoice_date", Date, "its date"),
        needed("amount", Money, "negative for a credit"),
        optional("currency", Currency, "blank = the currency of the books"),
        optional(
            "item_type",
            OneOf(&[
                "charges",
                "tax",
                "support",
                "marketplace",
                "credit",
                "usage-only",
                "credit-timing",
                "period-cut-off",
            ]),
            "charges or blank = what the usage file holds; tax, support, marketplace, credit = on the invoice only; \
             usage-only, credit-timing, period-cut-off = charges that are not on this invoice",
        ),
        optional("description", Text, ""),
    ],
    conditions: &[],
    key: &["provider", "billing_account_id", "invoice_id", "month", "currency", "item_type", "description"],
    example: &["AWS,111122223333,2045678901,2025-07,2025-08-03,1274.96,USD,charges,"],
    starter: &[],
};

pub const LOG_PRICES: &Table = &Table {
    path: "log_prices.csv",
    about: "Which rows of a log of usage are which charges of the provider, and at which price: the difference between the \
            two is told by its causes. The first row that fits counts. No bill is made of it.",
    needed: false,
    columns: &[
        needed("log", Text, "the format whose rows are the log, as in openai-usage"),
        needed("invoice", Text, "the format whose charges the provider invoices, as in openai-costs"),
        optional("model", Text, "sku_id of the log's rows, * for any text; blank = any"),
        optional("billed_model", Text, "sku_id of the charges; blank = as model"),
        needed("meter", Text, "sku_meter of the log's rows"),
        needed("billed_meter", Text, "sku_meter of the charges"),
        optional("kind", Text, "classes of one kind are one total that both may divide otherwise, as in input"),
        FROM,
        TO,
        needed("price", Price, "what the provider asks"),
        optional("price_per", Price, "for so many; blank = 1"),
    ],
    conditions: &[],
    key: &["log", "invoice", "model", "meter", "effective_from"],
    example: &["openai-usage,openai-costs,gpt-4o*,,cached_input_tokens,*cached input,input,2025-01-01,,1.25,1000000"],
    starter: &[],
};

pub const CREDITS: &Table = &Table {
    path: "credits.csv",
    about: "Credits of AI services that were bought ahead, one row for a purchase. They are used first in first out; what agencies \
            used is billed at what it was bought for, and what expires is booked. The purchase itself is a charge that \
            owners.csv gives to central, value prepaid.",
    needed: false,
    columns: &[
        needed("grant", Text, "the id of the purchase"),
        needed("service", Known(Service), "under which its use is billed"),
        needed("driver", Known(Driver), "who used how many: a driver table or a [[measure]]"),
        needed("bought_on", Date, "the first day on which it can be used"),
        optional("expires_on", Date, "the first day on which it no longer can; blank = never"),
        needed("credits", Quantity, "how many"),
        needed("cost", Money, "what was paid for them"),
        optional("expired_to", Known(Agency), "who pays what expires unused; blank = the provider bears it"),
    ],
    conditions: &[],
    key: &["grant"],
    example: &["G-1,GPT,credits,2025-07-01,2026-07-01,100000,2000.00,"],
    starter: &[],
};

pub const EXCHANGE: &Table = &Table {
    path: "exchange.csv",
    about: "What another currency is in that of the books, one rate a month and currency. Charges and invoices in a \
            currency without a rate for their month are a finding and on no bill; bills and journals name the rate.",
    needed: false,
    columns: &[
        needed("currency", Currency, "of the vendor's charges and invoice"),
        needed("month", Month, "the month whose charges it converts"),
        needed("rate", Price, "what one unit of it is in the currency of the books"),
        needed("quoted_on", Date, "the day of which the rate is"),
        needed("source", Text, "who published it; stands on bills and in journals"),
        needed("approved_by", Text, "who says that it is to be used"),
    ],
    conditions: &[],
    key: &["currency", "month"],
    example: &["CAD,2025-07,0.7312,2025-07-31,Bank of Canada,A. Controller"],
    starter: &[],
};

pub const ADJUSTMENTS: &Table = &Table {
    path: "adjustments.csv",
    about: "What puts a closed month right: asked for by one person, approved by another, booked in an open month. It \
            stands on that month's bill and in an ADJ entry of its own.",
    needed: false,
    columns: &[
        needed("adjustment", Text, "the id of the document; its rows are one entry"),
        needed("line", Count, "1, 2, 3 within it"),
        needed("booked_on", Date, "a day of the open month"),
        needed("month", Month, "the closed month that it puts right"),
        needed("agency", Known(Agency), "whose bill"),
        needed("service", Known(Service), "of which service"),
        needed("amount", Money, "what the agency is to pay more; with a minus less"),
        optional("corrects", Text, "the bill line of that month; its funding is corrected string by string"),
        optional("paid_by", Text, "who bears a minus that corrects no line: an agency, or provider"),
        needed("reason", Text, "stands on the bill"),
        needed("requested_by", Text, "who asked for it"),
        needed("approved_by", Text, "who approved it; somebody else"),
    ],
    conditions: &[],
    key: &["adjustment", "line"],
    example: &["A-1,1,2025-10-10,2025-09,DOT,AWS,120.00,,,Marketplace item bought by DOT,B. Analyst,C. Controller"],
    starter: &[],
};

pub const SETTLEMENTS: &Table = &Table {
    path: "settlements.csv",
    about: "What funds paid of what they were billed: one row for a fund and payment. A SETL entry is made of each id.",
    needed: false,
    columns: &[
        needed("settlement", Text, "the id of the payment; its rows are one entry"),
        needed("settled_on", Date, "the day the money moved"),
        needed("fund", Known(Fund), "which paid"),
        optional("agency", Known(Agency), "where the fund alone does not say who owed"),
        needed("amount", Money, "what it paid; with a minus what it was given back"),
        optional("reference", Text, "warrant or transfer"),
    ],
    conditions: &[],
    key: &["settlement", "fund", "agency"],
    example: &["S-1,2025-10-20,1000,,7637.28,transfer 4711"],
    starter: &[],
};

pub const QUARANTINE: &Table = &Table {
    path: "quarantine.csv",
    about: "Rejected rows that someone has looked at and taken out of the close.",
    needed: false,
    columns: &[
        needed("file", Text, "as the finding names it"),
        needed("row", Count, "as the finding names it"),
        needed("reason", Text, "why it may be left out"),
        needed("approved_by", Text, "who says so"),
    ],
    conditions: &[],
    key: &["file", "row"],
    example: &["inbox/2025-07/aws/part-1.csv,418,Test row of the vendor; ticket 4711,A. Controller"],
    starter: &[],
};
