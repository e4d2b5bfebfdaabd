//! `chargeback.toml`: its sections and keys.

use super::super::columns::Declared::Fund;
use super::super::columns::Kind::{Count, Currency, Flag, Known, List, Money, Name, OneOf, Text};
use super::super::columns::{Column, Kind, needed, optional};

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
            needed("provider_agency", Kind::Agency, "the agency that runs it"),
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
            optional("encoding", OneOf(&["utf-8", "windows-1252"]), "found by looking if absent"),
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
