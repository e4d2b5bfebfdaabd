//! What a human must be told: the file, the row, the column, the value, why it matters and the way out.

use super::money::Cost;
use super::untrusted::Untrusted;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a finding does to the close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Something the reader should know; the money is certain.
    Note,
    /// Someone should look; the money is certain.
    Warning,
    /// The close cannot go on.
    Blocks,
}

/// Where a finding is: a file below the books, and as much of row, column and value as there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    pub file: Untrusted,
    /// The line for hand-made tables, the record number (header is 1) for vendors' files.
    pub row: Option<u64>,
    pub column: Option<Untrusted>,
    pub value: Option<Untrusted>,
}

impl Place {
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: Untrusted::new(file), ..Self::default() }
    }

    pub fn row(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }

    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(Untrusted::new(column));
        self
    }

    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(Untrusted::new(value));
        self
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub code: Code,
    pub severity: Severity,
    pub place: Place,
    /// Why it matters, in one or two sentences.
    pub why: String,
    /// What to do about it.
    pub fix: String,
    /// The dollars concerned, where they are known, with their currency.
    pub at_stake: Option<(Cost, String)>,
}

impl Finding {
    pub fn new(code: Code, place: Place, why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code, severity: code.severity(), place, why: why.into(), fix: fix.into(), at_stake: None }
    }

    pub fn at_stake(mut self, cost: Cost, currency: impl Into<String>) -> Self {
        self.at_stake = Some((cost, currency.into()));
        self
    }

    pub fn blocks(&self) -> bool {
        self.severity == Severity::Blocks
    }

    /// The order in which findings are shown: what blocks first, then by code and place.
    pub fn sort(findings: &mut [Self]) {
        findings.sort_by(|a, b| (b.severity, a.code, &a.place, &a.why).cmp(&(a.severity, b.code, &b.place, &b.why)));
    }
}

/// The text of [`style`]: code and title, place, why, fix.
impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.severity {
            Severity::Blocks => "blocks the close",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        writeln!(out, "{} {verdict}: {}", self.code, self.code.title())?;
        let place = &self.place;
        let mut parts = Vec::new();
        if !place.file.is_empty() {
            parts.push(place.file.for_terminal_path());
        }
        // Vendors' files are counted in records, because a quoted cell may hold line breaks; people look for lines.
        let unit = if place.file.raw().starts_with("inbox/") { "row" } else { "line" };
        parts.extend(place.row.map(|row| format!("{unit} {row}")));
        parts.extend(place.column.as_ref().map(|column| format!("column {}", column.for_terminal())));
        let value = place.value.as_ref().map(Untrusted::for_terminal);
        match (parts.is_empty(), value) {
            (false, Some(value)) => writeln!(out, "  {}: {value}", parts.join(", "))?,
            (false, None) => writeln!(out, "  {}", parts.join(", "))?,
            (true, Some(value)) => writeln!(out, "  {value}")?,
            (true, None) => {}
        }
        write!(out, "  why  {}", self.why)?;
        if let Some((cost, currency)) = &self.at_stake {
            write!(out, " At stake: {} {currency}.", cost.for_people())?;
        }
        write!(out, "\n  fix  {}", self.fix)
    }
}

macro_rules! codes {
    ($($(#[$about:meta])* $name:ident = $number:literal, $severity:ident, $title:literal;)*) => {
        /// Every finding there is. Numbers are permanent; a retired one is never given again.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$about])* $name,)* }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            pub const fn number(self) -> u16 {
                match self { $(Self::$name => $number,)* }
            }

            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

// 01 files and containers, 02 rows and cells, 03 versions and months, 04 ownership, 05 rates, 06 allocation and funding,
// 07 reconciliation, 08 configuration, 09 ledger.
codes! {
    FileNotRecognized = 101, Blocks, "the file is not of any known format";
    FileEmpty = 102, Blocks, "the file is empty";
    FileHeaderOnly = 103, Blocks, "the file has a header and no rows";
    FileDamaged = 104, Blocks, "the file is damaged";
    FileNotRegular = 105, Blocks, "not a regular file";
    FileEncoding = 106, Blocks, "the text encoding is not allowed here";
    FileNotText = 107, Blocks, "the file is not a table";
    FileChanged = 108, Blocks, "the file changed while it was read";
    FileTooLarge = 109, Blocks, "the file exceeds a limit";
    HeaderColumnMissing = 110, Blocks, "a column that is needed is missing";
    HeaderColumnTwice = 111, Blocks, "two columns have one name";
    HeaderColumnUnknown = 112, Note, "columns nobody reads";
    HeaderUnusedTwice = 113, Note, "an unused column stands twice";
    FileUnused = 114, Note, "a file that is not read";
    TableCut = 115, Warning, "a table may have been cut off";
    RowWidth = 201, Blocks, "a row has another number of cells than the header";
    RowQuote = 202, Blocks, "a quote is out of place";
    RowNotText = 203, Blocks, "a cell holds bytes that are not text";
    RowTooLong = 204, Blocks, "a row or cell exceeds a limit";
    RowIsHeader = 205, Blocks, "the header stands again among the rows";
    RowEmpty = 206, Blocks, "a row has no content";
    CellAmount = 207, Blocks, "an amount is not a number";
    CellDate = 208, Blocks, "a date is not a date";
    CellCurrency = 209, Blocks, "a currency is not one";
    CellAccount = 210, Blocks, "an account number is damaged";
    CellMissing = 211, Blocks, "a cell that is needed is empty";
    CellQuantity = 212, Blocks, "a quantity is not a number";
    CellTags = 213, Blocks, "tags cannot be read";
    ChargeTypeUnknown = 214, Warning, "a charge type nobody has described";
    LineIdTwice = 215, Blocks, "one line id stands on two rows";
    RowsRepeated = 216, Note, "rows that are equal in every cell";
    TagsDisagree = 217, Warning, "two spellings of one tag disagree";
    SecretInText = 218, Warning, "a text looks like a key or a personal number";
    CellListCost = 219, Note, "a list cost is not a number";
    QuantityWithoutSign = 220, Note, "quantity and cost have different signs";
    CellCut = 221, Note, "amounts with more decimals than are kept";
    UserConcealed = 222, Warning, "the vendor conceals who used it";
    DiscountDiffers = 223, Warning, "gross less discount is not net";
    PeriodEndInclusive = 225, Note, "a billing period ends on a month's last day";
    DatesDayFirst = 226, Note, "dates are read with the day first";
    DateOrderOpen = 227, Blocks, "the day may stand first or the month";
    RowNarrow = 228, Warning, "all rows have fewer cells than the header";
    TextOlder = 229, Warning, "text is read as Windows-1252";
    ManifestMissing = 301, Blocks, "several versions of a month and no manifest";
    ManifestDamaged = 302, Blocks, "a manifest cannot be read";
    ManifestPartMissing = 303, Blocks, "a part that the manifest lists is missing";
    ManifestPartExtra = 304, Blocks, "a part that no manifest lists";
    ManifestCount = 305, Blocks, "rows or bytes differ from the manifest";
    ManifestPath = 306, Blocks, "a manifest names a path outside its folder";
    ManifestPartTwice = 307, Blocks, "a manifest lists a part twice";
    VersionSuperseded = 308, Note, "an older version is not read";
    FileTwice = 309, Note, "the same file stands twice";
    SourceOverlap = 310, Blocks, "two sources bill the same account and month";
    MonthOther = 311, Blocks, "rows of another month";
    SourceMissing = 312, Blocks, "an expected source has delivered nothing";
    MonthNotFinal = 313, Blocks, "the vendor has not issued the invoice for these rows";
    MonthNotOver = 314, Blocks, "the month is not over";
    CurrencyMixed = 315, Blocks, "charges in a currency these books do not keep";
    ManifestMonth = 316, Note, "a manifest names another month than its rows";
    ViewsDisagree = 317, Blocks, "two views of one month disagree";
    VersionRestated = 318, Note, "the month was delivered again with other amounts";
    AllocatedTwice = 319, Warning, "the vendor has already shared costs";
    CommitmentCheck = 320, Warning, "a commitment does not add up";
    NegationCheck = 321, Blocks, "savings plan negations do not cancel";
    EffectiveUnavailable = 322, Note, "effective cost is not available";
    MonthOutOfOrder = 323, Blocks, "months are closed in their order";
    ContentTwice = 324, Blocks, "two files hold the same rows";
    VersionConflict = 325, Blocks, "two versions of a month and nothing to choose by";
    FormatUnknown = 326, Blocks, "the settings name a format nobody knows";
    ViewAssumed = 327, Warning, "actual or amortized: nothing says which";
    BilledUnavailable = 328, Blocks, "billed cost is not known";
    UsageEarlier = 329, Note, "usage of an earlier month";
    OwnerMissing = 401, Warning, "charges without an owner";
    OwnerUnknownAgency = 402, Warning, "an owner that is not a known agency";
    OwnerAmbiguous = 403, Warning, "an owner that is not certain";
    SuspenseLimit = 404, Blocks, "too much is unowned";
    OwnerRuleUnreachable = 405, Warning, "an ownership rule that can never match";
    ServiceMissing = 406, Blocks, "charges that belong to no service";
    // 407 is retired: an account that no table names is told by what nobody owns (401).
    DirectoryConcealed = 408, Warning, "ServiceNow does not show the owner";
    DirectoryOwnerEmpty = 409, Note, "an account without a department in ServiceNow";
    DirectoryReference = 410, Warning, "a reference that leads to no record";
    DirectoryAmbiguous = 411, Warning, "it is not certain which record is meant";
    DirectoryKey = 412, Note, "records without sys_id";
    DirectoryRepeated = 413, Warning, "one account, resource or person stands on two records";
    DirectoryAccount = 414, Note, "an account number was repaired";
    OwnerRulesOverlap = 415, Note, "two ownership rules that match the same charge";
    SuspenseAged = 416, Warning, "suspense that has waited since an earlier month";
    RateMissing = 501, Blocks, "no rate for a service that was used";
    RateAmbiguous = 502, Blocks, "two rates for one charge";
    RateUnapproved = 503, Blocks, "a rate without approval";
    RateGap = 504, Blocks, "days without a rate";
    UnitMixed = 505, Blocks, "quantities in several units under one price";
    FeeCycle = 506, Blocks, "fees are taken on each other";
    RateDriverMissing = 507, Blocks, "a rate whose driver table has no rows";
    RateWithinMonth = 508, Blocks, "a rate changes within a month that cannot be told apart by day";
    RateShownOnly = 509, Blocks, "a rate for showback is charged";
    RateNotice = 510, Blocks, "a raised rate is charged before its notice is over";
    RateBackDated = 511, Warning, "a rate reaches into a closed month";
    CreditsOverdrawn = 512, Blocks, "credits were used that nobody bought";
    PoolDriverMissing = 601, Blocks, "a pool has no driver";
    PoolDriverZero = 602, Blocks, "a pool's driver adds up to nothing";
    PoolDriverNegative = 603, Blocks, "a driver is negative";
    PoolTargetUnknown = 604, Blocks, "a pool names an unknown target";
    PoolCycle = 605, Blocks, "pools feed each other";
    PoolUndefined = 606, Blocks, "charges for a pool that nobody has defined";
    FundingIncomplete = 607, Blocks, "funding does not add up to 100 percent";
    FundingMissing = 608, Blocks, "a bill line without funding";
    FundingOverlap = 609, Blocks, "two funding rules for one line";
    StringInvalid = 610, Blocks, "an account code that is not valid";
    PoolShares = 611, Blocks, "shares do not add up to 100 percent";
    AccountRoleMissing = 612, Blocks, "no account for a role";
    PoolDriverUnmatched = 613, Warning, "driver rows that reach nobody";
    PoolTargetIdle = 614, Warning, "agencies of a pool without a driver row";
    PoolWithinMonth = 615, Blocks, "a pool changes within a month that cannot be told apart by day";
    PoolClosed = 616, Blocks, "a pool is fed after it was shared";
    PoolLimits = 617, Blocks, "floors or caps that a pool cannot keep";
    PoolHeld = 618, Warning, "a pool is held";
    PoolStepDown = 619, Note, "what a plain step-down would have given";
    PoolUnfed = 620, Warning, "a pool that nothing goes into";
    InvoiceDiffers = 701, Blocks, "the vendor's invoice differs from its charges";
    InvoiceMissing = 702, Warning, "no invoice yet: the cost is accrued";
    InvoiceUnmatched = 703, Blocks, "an invoice without charges";
    TieOutFails = 704, Blocks, "two totals that must be equal are not";
    ConservationFails = 705, Blocks, "money was lost or made at a stage border";
    JournalFails = 706, Blocks, "a journal does not balance";
    ReadBackFails = 707, Blocks, "a file says something else than the ledger";
    UnitPriceDiffers = 708, Note, "price times quantity is not the cost";
    JournalTooWide = 709, Blocks, "a journal line does not fit its fields";
    InvoiceLate = 710, Note, "an invoice of a closed month is booked in the open one";
    AdjustmentRefused = 711, Blocks, "an adjustment or a payment cannot be booked";
    UsageLogDiffers = 712, Warning, "a log of usage differs from the invoice";
    SeatsDormant = 713, Note, "seats that nobody uses";
    TableUnreadable = 801, Blocks, "a table cannot be read";
    TableColumnMissing = 802, Blocks, "a table lacks a column";
    TableColumnUnknown = 803, Blocks, "a table has a column nobody knows";
    TableCell = 804, Blocks, "a cell of a table is not valid";
    TableDuplicate = 805, Blocks, "two rows of a table say the same thing";
    TableReference = 806, Blocks, "a table names something that does not exist";
    SettingInvalid = 807, Blocks, "a setting is not valid";
    AgencyCodeTwice = 808, Note, "two accounts for one agency";
    WaiverUnused = 809, Warning, "a waiver that waives nothing";
    TemplateInvalid = 810, Blocks, "a template of a feed is not valid";
    LedgerDamaged = 901, Blocks, "the ledger is damaged";
    LedgerNewer = 902, Blocks, "the books were written by a newer version";
    OutputAltered = 903, Blocks, "outputs are not what the ledger says";
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CB{:04}", self.number())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.to_string() == text)
            .ok_or_else(|| serde::de::Error::custom("unknown code"))
    }
}
