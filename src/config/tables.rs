//! Every table of the books: names, types and meaning of all columns. This is the one place.

mod papers;
mod posting;
mod settings_file;
mod sharing;

use super::columns::Kind::{Count, Date, OneOf, Text, Texts};
use super::columns::{CLASSES, Column, Kind, Table, needed, optional};
pub use super::rate_table::RATES;
pub use papers::{ADJUSTMENTS, CREDITS, EXCHANGE, INVOICES, LOG_PRICES, QUARANTINE, SETTLEMENTS};
pub use posting::{ACCOUNTS, BUDGETS, CODE_VALUES, DIMENSIONS, FUNDING, FUNDS, ROLES};
pub use settings_file::{SECTIONS, Section};
pub use sharing::{DRIVERS, MODES, POOLS, SUBSIDIES};

pub(super) const FROM: Column = optional("effective_from", Date, "first day it holds; blank = always held");
pub(super) const TO: Column = optional("effective_to", Date, "first day it no longer holds; blank = still holds");
const CODE_AGENCY: Kind = Kind::Agency;

pub const AGENCIES: &Table = &Table {
    path: "agencies.csv",
    about: "Who can be billed.",
    needed: true,
    columns: &[
        needed("agency", CODE_AGENCY, "the code on bills, in file names and in the journal"),
        needed("name", Text, "the name on statements"),
        needed("class", OneOf(CLASSES), "what kind of counterparty it is to the provider fund"),
        optional("aliases", Texts, "other spellings: tag values, department names; compared without case"),
        optional("contact", Text, "who gets the statement"),
        FROM,
        TO,
    ],
    conditions: &[],
    key: &["agency"],
    example: &["DOT,Department of Transportation,governmental_fund,transportation; wsdot,fiscal@dot.example.gov,,"],
    starter: &[],
};

pub const OWNERS: &Table = &Table {
    path: "owners.csv",
    about: "Who owns a charge. Rules are tried from the top; the first that matches and knows an owner wins.",
    needed: true,
    columns: &[
        needed("rule", Text, "the id that rows and reports carry"),
        FROM,
        TO,
        needed(
            "assign",
            OneOf(&[
                "agency",
                "agency-of-tag",
                "agency-of-group-tag",
                "agency-of-account-tag",
                "servicenow",
                "pool",
                "central",
                "excluded",
            ]),
            "agency = this one; agency-of-tag = the agency whose code or alias the tag says; agency-of-group-tag, \
             agency-of-account-tag = the one agency that the tag says on other charges of the resource group or account; servicenow = the department of the \
             resource, or else of the user, or else of the account there; pool = shared; central = borne by the provider; excluded = not of these books",
        ),
        optional(
            "value",
            Text,
            "the agency, the tag, the pool, or for central and excluded the reason; blank for servicenow",
        ),
    ],
    conditions: &["provider_name", "sub_account_id", "service_code", "tag:agency"],
    key: &["rule"],
    example: &["dot-prod,2024-07-01,,agency,DOT,AWS,333344445555,,", "by-tag,,,agency-of-tag,agency,,,,*"],
    starter: &[],
};

pub const SERVICES: &Table = &Table {
    path: "services.csv",
    about: "The catalog: what a bill line is for. A charge belongs to the first service that matches; a further row of a \
            service gives another way to match. A service without conditions takes no charges (fees, hours, pools).",
    needed: true,
    columns: &[
        needed("service", Kind::Service, "the code on bills and in the journal"),
        optional("name", Text, "the name on statements; blank on further rows of the service"),
        optional("statement_text", Text, "a sentence for the statement"),
        optional("order", Count, "place on the bill; blank = as in this table"),
        optional(
            "without_rate",
            OneOf(&["block", "hold", "central", "at_cost"]),
            "charges without a rate: block the close; wait in suspense; are borne by the provider; are passed on at cost; blank = block",
        ),
    ],
    conditions: &["provider_name", "service_code"],
    key: &[],
    example: &["AWS,Amazon Web Services,Cloud at the vendor's cost,1,,AWS,"],
    starter: &[
        "AWS,Amazon Web Services,Cloud services of Amazon at the vendor's cost,1,,AWS,",
        "AZURE,Microsoft Azure,Cloud services of Microsoft at the vendor's cost,2,,Microsoft,",
    ],
};

/// In the order in which they are read and explained.
pub const TABLES: &[&Table] = &[
    AGENCIES,
    OWNERS,
    SERVICES,
    RATES,
    POOLS,
    DRIVERS,
    SUBSIDIES,
    MODES,
    FUNDING,
    ACCOUNTS,
    FUNDS,
    CODE_VALUES,
    BUDGETS,
    INVOICES,
    LOG_PRICES,
    CREDITS,
    EXCHANGE,
    ADJUSTMENTS,
    SETTLEMENTS,
    QUARANTINE,
];
