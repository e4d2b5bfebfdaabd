//! The table of rate cards: names, types and meaning of its columns.

use super::columns::Declared::{Agency, Service};
use super::columns::Kind::{
    Count, Date, Known, KnownEach, Measure, Money, OneOf, Percent, Price, Quantity, Scope, Text,
};
use super::columns::{Table, needed, optional};
use super::tables::{FROM, TO};

pub const MODELS: &[&str] =
    &["pass_through", "percent", "unit", "graduated", "volume", "package", "step", "flat", "assessment", "cost_plus"];

pub const RATES: &Table = &Table {
    path: "rates/",
    about: "Rate cards. A change is a new row with a start date; versions are only ever appended. A card with tiers has a row \
            for each: the same card again, with another tier_from.",
    needed: true,
    columns: &[
        needed("rate_id", Text, "the key that stays"),
        needed("version", Count, "1, 2, 3 of this key"),
        needed("service", Known(Service), "the service it prices"),
        optional("description", Text, "for the people who keep the card"),
        optional("statement_text", Text, "the wording on the bill"),
        FROM,
        TO,
        optional("authority", Text, "statute, memo or board that allows it"),
        optional("approved_by", Text, "a rate without approval is for showback only"),
        optional("approved_on", Date, "when"),
        optional("scope", Scope, "whom it is for; blank = all; the narrower goes first"),
        needed("model", OneOf(MODELS), "the arithmetic"),
        optional(
            "basis",
            OneOf(&["billed", "effective", "list", "contracted"]),
            "pass_through, cost_plus: which of the vendor's costs; blank = billed",
        ),
        optional("percent", Percent, "percent, cost_plus: how much"),
        optional("percent_of", KnownEach(Service), "percent: the services on whose net lines it is taken"),
        optional("unit", Text, "what is counted; 100 Hours is a package of a hundred hours"),
        optional("unit_price", Price, "the price of a unit, a package, a step, or a unit in the tier"),
        optional("price_per", Price, "for how many units that price is, or the size of a package or step; blank = 1"),
        optional("measure", Measure, "the charges' consumed quantity, or a driver table"),
        optional("tier_from", Quantity, "graduated, volume: the tier's lower bound, inclusive; the next row's ends it"),
        optional("tier_amount", Money, "graduated, volume: asked once where the tier is reached"),
        optional("amount", Money, "flat: a month; assessment: the authorized yearly amount"),
        optional(
            "count_window",
            OneOf(&["line", "day", "month", "fiscal_year"]),
            "what is counted together; blank = month; line = one resource's meter on one day",
        ),
        optional(
            "count_by",
            OneOf(&["resource", "user", "account", "agency", "state"]),
            "whose units are counted together; blank = agency",
        ),
        optional("included_quantity", Quantity, "units of each window that cost nothing"),
        optional("minimum", Money, "the least that an agency pays in a month; the shortfall is a line of its own"),
        optional("maximum", Money, "the most that an agency pays in a month; the excess is a line of its own"),
        optional("above_maximum_to", Known(Agency), "who pays what is above the maximum"),
        optional(
            "proration",
            OneOf(&["none", "daily", "hourly"]),
            "amounts of a month in a part of one: in full, or by days or hours of the whole month; blank = none",
        ),
        optional(
            "on_change",
            OneOf(&["continue", "restart", "prorate_bounds"]),
            "a card that starts within a window: counts on, counts anew, or anew with tiers cut to its days; blank = continue",
        ),
        optional("supersedes", Text, "the rate_id that ends where this one starts"),
        optional("use", OneOf(&["chargeback", "showback"]), "showback = never charged; blank = chargeback"),
        optional("notice_on", Date, "the day on which the agencies were told"),
        optional(
            "recovery_class",
            OneOf(&["direct", "overhead", "pass_through"]),
            "decides the revenue account; blank = as the model is",
        ),
    ],
    conditions: &["sku_meter"],
    key: &["rate_id", "version"],
    // Under the header of `rates/starter.csv`, which has the columns that the starter's cards need.
    example: &[
        "AWS-AT-COST,1,AWS,,At the vendor's cost,2025-07-01,,IT statute 7,Rate board,2025-05-14,all,pass_through,billed,,,,,,,",
    ],
    starter: &[],
};
