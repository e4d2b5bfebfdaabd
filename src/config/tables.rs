//! Every table of the books: names, types and meaning of all columns. This is the one place.

use super::columns::Declared::{Agency, Driver, Fund, Service};
use super::columns::Kind::{
    AgencyOrPool, Count, Currency, Date, Flag, Index, Known, KnownEach, Limit, List, Money, Month, Name, OneOf,
    Percent, Period, Price, Quantity, Shares, Targets, Text, Texts, Year, YesNo, ZeroDriver,
};
use super::columns::{CLASSES, Column, Kind, Table, needed, optional};
pub use super::rate_table::RATES;

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

pub const FUNDING: &Table = &Table {
    path: "funding.csv",
    about: "From which account strings an agency pays. The percentages of one key and day add up to exactly 100.",
    needed: true,
    columns: &[
        needed("agency", Known(Agency), "who pays"),
        optional("service", Known(Service), "narrower: for this service only"),
        optional("sub_account_id", Kind::Id, "narrower: for charges of this account or subscription only"),
        optional("sequence", Count, "order of the strings, which decides leftover cents; blank = as in this table"),
        needed("percent", Percent, "its part"),
        needed("fund", Known(Fund), "the fund"),
        optional("erp_agency", Text, "the agency as the ERP spells it; blank = the agency"),
        optional("appropriation", Text, ""),
        optional("program", Text, ""),
        optional("cost_center", Text, ""),
        optional("project", Text, ""),
        optional("grant", Text, ""),
        optional("activity", Text, ""),
        optional("account", Kind::Account, "blank = the account of the role agency_expenditure"),
        optional("location", Text, ""),
        optional("user1", Text, "dimensions only this state has"),
        optional("user2", Text, ""),
        optional("user3", Text, ""),
        optional("federal", YesNo, "whether federal money pays; blank = as the fund"),
        optional(
            "effective_from",
            Date,
            "first day it holds; blank = always held; a month is paid by the rules in force on its first day",
        ),
        TO,
    ],
    conditions: &[],
    key: &[],
    example: &["DOT,,,1,100,2200,,,,,,,,6530,,,,,no,2025-07-01,"],
    starter: &[],
};

pub const ROLES: &[&str] = &[
    "cash",
    "due_from",
    "unbilled_receivable",
    "prepaid",
    "ap_vendor",
    "accrued_liability",
    "revenue",
    "expense_operating",
    "agency_expenditure",
    "due_to",
];

pub const ACCOUNTS: &Table = &Table {
    path: "accounts.csv",
    about: "Which account a role is. The narrowest row wins: service, then class, then neither.",
    needed: true,
    columns: &[
        needed("role", OneOf(ROLES), "what the entry means"),
        optional("service", Known(Service), "narrower: for this service only"),
        optional("class", OneOf(CLASSES), "narrower: for this kind of counterparty only"),
        needed("account", Kind::Account, "the account in the chart"),
        optional("name", Text, "its name"),
        optional(
            "recovery_class",
            OneOf(&["direct", "overhead", "pass_through"]),
            "revenue, narrower: of cards of this class only",
        ),
    ],
    conditions: &[],
    key: &["role", "service", "class"],
    example: &["revenue,,,4310,Charges for services"],
    starter: &[
        "cash,,,1010,Cash",
        "due_from,,,1310,Due from other funds",
        "prepaid,,,1410,Prepaid cloud commitments",
        "ap_vendor,,,2010,Accounts payable",
        "accrued_liability,,,2020,Accrued liabilities",
        "due_to,,,2110,Due to other funds",
        "revenue,,,4310,Charges for services",
        "expense_operating,,,5310,Cloud services",
        "agency_expenditure,,,6530,IT services",
    ],
};

pub const FUNDS: &Table = &Table {
    path: "chart/funds.csv",
    about: "Self-balancing sets of accounts.",
    needed: true,
    columns: &[
        needed("fund", Kind::Fund, "the code"),
        needed("name", Text, "its name"),
        needed("class", OneOf(CLASSES), "what kind of counterparty it is to the provider fund"),
        optional("federal", YesNo, "whether federal money is in it; blank = no"),
    ],
    conditions: &[],
    key: &["fund"],
    example: &["1000,General Fund,governmental_fund,no"],
    starter: &["7300,Information technology services,proprietary_fund,no"],
};

pub const DIMENSIONS: &[&str] = &[
    "fund",
    "agency",
    "appropriation",
    "program",
    "cost_center",
    "project",
    "grant",
    "activity",
    "account",
    "location",
    "user1",
    "user2",
    "user3",
];

pub const CODE_VALUES: &Table = &Table {
    path: "chart/",
    about: "Codes that may stand in an account string, by dimension. A dimension that no row names is not checked.",
    needed: false,
    columns: &[
        needed("dimension", OneOf(DIMENSIONS), "which part of the string"),
        needed("code", Text, "the code"),
        optional("name", Text, "its name"),
        FROM,
        TO,
        optional("postable", YesNo, "whether entries may be made to it; blank = yes"),
        optional("federal", YesNo, "whether federal money is behind it; blank = no"),
    ],
    conditions: &[],
    key: &["dimension", "code", "effective_from"],
    example: &["account,6530,IT services expenditure,,,yes,no"],
    starter: &[],
};

pub const BUDGETS: &Table = &Table {
    path: "budgets.csv",
    about: "What agencies have to spend.",
    needed: false,
    columns: &[
        needed("fiscal_year", Year, "the year in which it ends"),
        needed("agency", Known(Agency), "whose"),
        optional("service", Known(Service), "blank = all services together"),
        optional("fund", Known(Fund), "blank = all funds together"),
        needed("amount", Money, "for the whole year"),
        optional("as_of", Date, "the day it was taken from the budget system"),
    ],
    conditions: &[],
    key: &["fiscal_year", "agency", "service", "fund"],
    example: &["2026,DOT,,2200,120000.00,2025-07-15"],
    starter: &[],
};

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

/// In the order in which they are read and explained.
pub const TABLES: &[&Table] = &[
    AGENCIES,
    OWNERS,
    SERVICES,
    RATES,
    POOLS,
    DRIVERS,
    MODES,
    FUNDING,
    ACCOUNTS,
    FUNDS,
    CODE_VALUES,
    BUDGETS,
    INVOICES,
    EXCHANGE,
    ADJUSTMENTS,
    SETTLEMENTS,
    QUARANTINE,
];

/// A part of `chargeback.toml`.
#[derive(Debug)]
pub struct Section {
    pub name: &'static str,
    /// `[[name]]`, as often as needed, instead of `[name]`.
    pub many: bool,
    pub about: &'static str,
    pub keys: &'static [Column],
}

/// Every key of `chargeback.toml`. Amounts stand in quotes, like all amounts in the books.
pub const SECTIONS: &[Section] = &[
    Section {
        name: "state",
        many: false,
        about: "Whose books these are.",
        keys: &[
            needed("name", Text, "the name on every document"),
            optional("currency", Currency, "the one currency of the books; USD if absent"),
            optional("fiscal_year_starts", Count, "month in which the fiscal year starts, 1 to 12; 7 if absent"),
            needed("provider_fund", Known(Fund), "the internal service fund that bills"),
            needed("provider_agency", CODE_AGENCY, "the agency that runs it"),
        ],
    },
    Section {
        name: "posting",
        many: false,
        about: "What is posted and how cents are made.",
        keys: &[
            optional("vendor_entries", OneOf(&["none", "accrual-only", "full"]), "accrual-only if absent"),
            optional("billing_sides", OneOf(&["both", "provider-only"]), "both if absent"),
            optional("rounding", OneOf(&["half-up", "half-even"]), "half-up if absent"),
            optional(
                "funding_residual",
                OneOf(&["largest-remainder", "never-federal"]),
                "who gets leftover cents of a funding split; largest-remainder if absent",
            ),
            optional(
                "evidence",
                OneOf(&["copy", "reference"]),
                "how raw inputs are kept: a copy, or name and hash; copy if absent",
            ),
        ],
    },
    Section {
        name: "gates",
        many: false,
        about: "What stops a close.",
        keys: &[
            optional("suspense_limit", Money, "unowned cost up to this does not block; \"0.00\" if absent"),
            optional(
                "suspense_days",
                Count,
                "something that closes have left unowned for more days than this blocks; no limit if absent",
            ),
            optional(
                "negation_limit",
                Money,
                "savings plan negations may miss covered usage by this much; \"0.00\" if absent",
            ),
            optional(
                "invoice_tolerance",
                Money,
                "allowed difference of an invoice section from its charges; \"0.01\" if absent",
            ),
            optional("accept_unfinal", Flag, "close although the vendor has not issued all invoices; false if absent"),
            optional("repeated_rows_limit", Count, "equal rows in one file beyond this block; 1000000 if absent"),
            optional(
                "notice_days",
                Count,
                "a raised rate may be charged so many days after its notice_on; 0 if absent",
            ),
        ],
    },
    Section {
        name: "billing_tag",
        many: true,
        about: "A tag that decides ownership or stands on bills.",
        keys: &[
            needed("name", Name, "as rules and bills call it"),
            optional(
                "spellings",
                List,
                "in order of preference, without case, blanks, - and _; costcategory/x is an AWS cost category; the name if absent",
            ),
        ],
    },
    Section {
        name: "source",
        many: true,
        about: "What is expected in one folder below inbox/<month>/.",
        keys: &[
            needed("folder", Text, "the folder"),
            optional("format", Text, "a format name, where recognition by content shall be overruled"),
            optional("expected", Flag, "a month without files is a finding; true if absent"),
            optional("encoding", OneOf(&["utf-8", "windows-1252"]), "utf-8 if absent"),
            optional("date_order", OneOf(&["month-first", "day-first"]), "where the file's dates need it"),
            optional("currency", Currency, "of a file that does not say"),
            optional("allow_empty", Flag, "a file with a header and no rows is accepted; false if absent"),
            optional("usage_only", Flag, "another source bills the same charges, and no row counts; false if absent"),
        ],
    },
    Section {
        name: "measure",
        many: true,
        about: "A driver that files of the inbox tell, by the agency that owns their rows. Pools and rates name it.",
        keys: &[
            needed("name", Name, "the name pools and rates use"),
            optional("source", Text, "the format whose rows count, as in openai-usage; all of them if absent"),
            optional("meters", List, "the meters that are added up, as in output_tokens; all of them if absent"),
            optional(
                "counts",
                OneOf(&["quantity", "cost", "charges", "resources", "devices"]),
                "quantity = what was consumed; cost = billed; charges, resources = how many; devices = records of \
                 ServiceNow's tables of resources; quantity if absent",
            ),
            optional("services", List, "the services of services.csv whose charges count; all of them if absent"),
        ],
    },
];
