//! Where money is posted: funding, accounts, the chart, budgets.

use super::super::columns::Declared::{Agency, Fund, Service};
use super::super::columns::Kind::{Count, Date, Known, Money, OneOf, Percent, Text, Year, YesNo};
use super::super::columns::{CLASSES, Kind, Table, needed, optional};
use super::{FROM, TO};

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
    "transfers_in",
    "transfers_out",
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
