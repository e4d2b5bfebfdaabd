//! Shared cost: pools, what drives them, who helps to pay, and what becomes of a line.

use super::super::columns::Declared::{Agency, Driver, Fund, Service};
use super::super::columns::Kind::{
    AgencyOrPool, Count, Index, Known, KnownEach, Limit, Money, Month, Name, OneOf, Percent, Period, Quantity, Scope,
    Shares, Targets, Text, ZeroDriver,
};
use super::super::columns::{Kind, Table, needed, optional};
use super::{FROM, TO};

pub const POOLS: &Table = &Table {
    path: "pools.csv",
    about: "Shared cost: what is shared, by whom and how. A change is a new version.",
    needed: false,
    columns: &[
        needed("pool", Kind::Pool, "the key that stays"),
        needed("version", Count, "1, 2, 3 of this key"),
        FROM,
        TO,
        needed("service", Known(Service), "the service its shares are billed under"),
        optional(
            "stage",
            Count,
            "order in which pools are shared; blank = 1; a pool gives only to pools of later stages",
        ),
        needed(
            "method",
            OneOf(&["even", "fixed", "proportional", "driver", "index", "direct", "reciprocal"]),
            "how it is shared; direct = by a driver, whose rows about pools do not count; reciprocal = with the pools of \
             its group, by a driver or by shares",
        ),
        optional("shares", Shares, "fixed, reciprocal: percentages that add up to exactly 100"),
        optional(
            "proportional_to",
            KnownEach(Service),
            "proportional: by the agencies' own cost in these services; blank = all pass-through services",
        ),
        optional("driver", Known(Driver), "driver, direct, reciprocal: the driver table"),
        optional("index", Index, "index: the driver tables, each with its weight"),
        optional(
            "driver_period",
            Period,
            "whose driver rows count: of the same month, the one before, several added up, or always one; blank = same",
        ),
        optional("targets", Targets, "who takes part; blank = all agencies"),
        optional("exclude", Targets, "who does not"),
        optional("group", Name, "reciprocal: the group of pools that feed each other and are solved together"),
        optional("floor", Limit, "the least that anyone with a part pays"),
        optional("cap", Limit, "the most that anyone pays; the others take the rest"),
        optional("de_minimis", Limit, "a smaller share is not billed; the others take it"),
        optional(
            "on_zero_driver",
            ZeroDriver,
            "when the driver adds up to nothing: error = the close is blocked; hold = it waits in suspense; \
             central = the provider bears it; fallback = shared as that pool is; blank = error",
        ),
        optional(
            "negative",
            OneOf(&["share", "hold"]),
            "when credits exceed charges: shared as credits, or held in suspense; blank = share",
        ),
        optional("residual", Known(Agency), "who gets the leftover cents; blank = the largest remainders"),
        optional("reason", Text, "why it is shared, and why so"),
        optional("statement_text", Text, "the wording on the bill"),
    ],
    conditions: &[],
    key: &["pool", "version"],
    example: &["NETWORK,1,2025-07-01,,SHARED,1,even,,,,,,*,,,,,,,,,State network,Your part of the state network"],
    starter: &[],
};

pub const DRIVERS: &Table = &Table {
    path: "drivers/",
    about: "What agencies used in a month, measured outside the charges: hours, devices, tokens.",
    needed: false,
    columns: &[
        needed("driver", Name, "the name pools and rates use"),
        needed("month", Month, "the month it was used in"),
        needed("agency", AgencyOrPool, "who used it: an agency, or a pool whose service did"),
        needed("value", Quantity, "how much"),
        optional("unit", Text, "of what; one unit for a driver and month"),
    ],
    conditions: &[],
    key: &["driver", "month", "agency"],
    example: &["servicenow_hours,2025-07,DOT,12.25,hour"],
    starter: &[],
};

pub const SUBSIDIES: &Table = &Table {
    path: "subsidies.csv",
    about: "What a fund pays of what agencies use: a percentage, the first so many dollars of a fiscal year, or both. A plan \
            that ends step by step is a version for each step.",
    needed: false,
    columns: &[
        needed("subsidy", Text, "the key that stays"),
        needed("version", Count, "1, 2, 3 of this key"),
        FROM,
        TO,
        needed("services", KnownEach(Service), "whose lines it lowers"),
        optional("scope", Scope, "whom it is for; blank = all; the narrower goes first, and no two are added"),
        optional("percent", Percent, "how much of each dollar; blank = 100"),
        optional(
            "yearly_limit",
            Money,
            "the first so many dollars of a fiscal year, as closed months count them; blank = no end",
        ),
        optional("limit_by", OneOf(&["agency", "state"]), "whose dollars are counted together; blank = agency"),
        needed("paid_by", Known(Fund), "the fund that pays it; the provider's own bears it without an entry"),
        needed("approved_by", Text, "who says so"),
        optional("reason", Text, "why"),
        optional("statement_text", Text, "the wording on the bill"),
    ],
    conditions: &[],
    key: &["subsidy", "version"],
    example: &[
        "AI-START,1,2025-07-01,2026-07-01,AI,all,100,5000.00,agency,1000,CIO council,First year of AI,Paid by the AI fund",
        "AI-START,2,2026-07-01,2027-07-01,AI,all,75,,,1000,CIO council,,",
    ],
    starter: &[],
};

pub const MODES: &Table = &Table {
    path: "modes.csv",
    about: "Visibility, showback, absorbed or chargeback, by agency and service. The narrowest row wins; chargeback where none \
            matches.",
    needed: false,
    columns: &[
        optional("agency", Known(Agency), "blank = every agency"),
        optional("service", Known(Service), "blank = every service"),
        FROM,
        TO,
        needed(
            "mode",
            OneOf(&["visibility", "showback", "absorbed", "chargeback"]),
            "visibility = no rates; showback = a statement marked not a bill; absorbed = paid by a central fund; chargeback = billed",
        ),
        optional("absorbed_by", Known(Fund), "absorbed: the fund that pays"),
    ],
    conditions: &[],
    key: &["agency", "service", "effective_from"],
    example: &[",AI,2025-07-01,,showback,"],
    starter: &[],
};
