//! What can be wrong with a row, in words: one function a kind, so that every message stands in one place.

use super::moment::DateRefusal;
use super::plan::Column;
use crate::model::decimal;
use crate::model::finding::Code;
use crate::model::money::Cost;
use crate::model::month::Month;
use crate::model::secrets::without_secrets;
use crate::sources::Watched;

/// Something wrong in one row. Faults of one kind in one column become one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub code: Code,
    pub column: Option<Column>,
    /// The cell, or as much of the row as helps.
    pub value: String,
    pub why: String,
    pub fix: String,
}

impl Fault {
    fn new(code: Code, column: Option<Column>, value: &[u8], why: impl Into<String>, fix: impl Into<String>) -> Self {
        // A message shows eighty characters; a cell can be a megabyte.
        let value = &value[..value.len().min(1000)];
        let value = without_secrets(&String::from_utf8_lossy(value)).into_owned();
        Self { code, column, value, why: why.into(), fix: fix.into() }
    }
}

const AGAIN: &str = "Download the export again as it is; if the vendor delivers it so, list the row in quarantine.csv.";
const REPAIR: &str =
    "Correct the cell in a copy of the export, or list the row in quarantine.csv with a reason and an approver.";

pub fn width(found: usize, expected: usize, line: &[u8]) -> Fault {
    let why = if found < expected {
        format!(
            "The row has {found} cells and the header {expected}: it was cut, or its values stand in other columns."
        )
    } else {
        format!("The row has {found} cells and the header {expected}: its money may stand in another column.")
    };
    Fault::new(Code::RowWidth, None, line, why, AGAIN)
}

/// Of rows that all are so.
pub fn narrow(found: usize, header: &[String]) -> Fault {
    let missing = header.get(found).map(String::as_str).unwrap_or_default();
    let why = format!(
        "All rows that were looked at have {found} cells, and the header {}: from \"{missing}\" on they count as empty. Where a \
         cell is missing further left, those after it stand in other columns.",
        header.len()
    );
    let fix = "Compare a row with the header. If values have moved, ask the vendor for the export again.";
    Fault::new(Code::RowNarrow, None, b"", why, fix)
}

pub fn header_again(line: &[u8]) -> Fault {
    let why = "Somebody has joined two exports into one file, so nobody can tell whether both were meant.";
    Fault::new(Code::RowIsHeader, None, line, why, "Put the exports into the inbox as they came, one file each.")
}

pub fn no_content(line: &[u8]) -> Fault {
    let why = "The row holds nothing but delimiters: a spreadsheet or an editor was here.";
    Fault::new(Code::RowEmpty, None, line, why, "Download the export again and do not open it in a spreadsheet.")
}

/// Of a cell that is read all the same.
pub fn older_text(column: Column, cell: &[u8]) -> Fault {
    let why = "Its bytes are not UTF-8. They are letters of Windows-1252, in which older programs save text, and are read so.";
    let fix = "Look whether names with accents are right; set encoding = \"windows-1252\" for the source in chargeback.toml, or \
               export as UTF-8, to be certain.";
    Fault::new(Code::TextOlder, Some(column), cell, why, fix)
}

pub fn not_text(column: Column, cell: &[u8]) -> Fault {
    let at = std::str::from_utf8(cell).err().map_or(0, |error| error.valid_up_to());
    let byte = cell.get(at).copied().unwrap_or_default();
    let why = format!("Byte {} of the cell (hexadecimal {byte:02X}) is not UTF-8, so the text is not certain.", at + 1);
    let fix = "Export the file as UTF-8, or set encoding = \"windows-1252\" for the source in chargeback.toml.";
    Fault::new(Code::RowNotText, Some(column), cell, why, fix)
}

pub fn amount(column: Column, cell: &[u8], refusal: decimal::Refusal) -> Fault {
    if refusal == decimal::Refusal::Empty {
        let why = "A charge without its cost cannot be billed; an empty cell is not zero.";
        return Fault::new(Code::CellMissing, Some(column), cell, why, REPAIR);
    }
    let why = format!("A charge without an exact cost cannot be billed: {refusal}.{}", hint(cell));
    Fault::new(Code::CellAmount, Some(column), cell, why, REPAIR)
}

pub fn quantity(column: Column, cell: &[u8], refusal: decimal::Refusal) -> Fault {
    let why = format!("Unit prices and drivers need the quantity: {refusal}.{}", hint(cell));
    Fault::new(Code::CellQuantity, Some(column), cell, why, REPAIR)
}

pub fn list_cost(column: Column, cell: &[u8]) -> Fault {
    let why = "The list cost is only shown beside what was paid, so the charge counts and has no list cost.";
    Fault::new(Code::CellListCost, Some(column), cell, why, "Nothing needs to be done.")
}

/// What people write into amounts, and how a machine writes it.
fn hint(cell: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(cell);
    let text = text.trim();
    let digit = |c: char| c.is_ascii_digit();
    if !text.chars().any(digit) {
        ""
    } else if text.starts_with('(') {
        " Parentheses are for people; a file says -12.34."
    } else if text.contains(',') {
        " A thousands separator or a decimal comma: a spreadsheet has saved this file."
    } else if text.contains('$') || text.chars().any(char::is_alphabetic) && !text.to_ascii_lowercase().contains('e') {
        " The currency belongs into its own column."
    } else {
        ""
    }
}

pub fn date(column: Column, cell: &[u8], refusal: DateRefusal) -> Fault {
    let code = if refusal == DateRefusal::Empty { Code::CellMissing } else { Code::CellDate };
    Fault::new(code, Some(column), cell, refusal.why(), REPAIR)
}

pub fn ends_before(column: Column, cell: &[u8]) -> Fault {
    Fault::new(Code::CellDate, Some(column), cell, "The charge ends before it starts.", REPAIR)
}

pub fn other_period(column: Column, cell: &[u8], month: Month) -> Fault {
    let why = format!("The row is billed in another month than {month}, the one these books are to close.");
    let fix = format!("Put the export of {month} into the folder; a row of another month is billed with its own.");
    Fault::new(Code::MonthOther, Some(column), cell, why, fix)
}

pub fn inclusive_end(column: Column, cell: &[u8]) -> Fault {
    let why = "In this format a period ends where the next one begins. This one is read as ending with its last day.";
    Fault::new(Code::PeriodEndInclusive, Some(column), cell, why, "Nothing needs to be done.")
}

pub fn other_day(column: Column, cell: &[u8], month: Month) -> Fault {
    let why = format!("The usage lies outside {month}, and nothing in the row says that it is billed in that month.");
    let fix = format!("Put the export of {month} into the folder, or list the row in quarantine.csv with an approver.");
    Fault::new(Code::MonthOther, Some(column), cell, why, fix)
}

pub fn far_day(column: Column, cell: &[u8], month: Month, latest: i64) -> Fault {
    let why = if latest == 0 {
        format!("The row is billed in {month}, but its usage lies outside that month.")
    } else {
        format!("The row is billed in {month}, but its usage lies after it or more than {latest} days before it.")
    };
    let fix = "Look the row up at the vendor; if it is right, list it in quarantine.csv with an approver.";
    Fault::new(Code::MonthOther, Some(column), cell, why, fix)
}

pub fn watched(column: Column, cell: &[u8], watched: &Watched) -> Fault {
    Fault::new(watched.code, Some(column), cell, watched.why, watched.fix)
}

pub fn currency(column: Option<Column>, cell: &[u8]) -> Fault {
    let Some(_) = column else {
        let why = "The file has no column for its currency, so nobody can say what money this is.";
        let fix = "Set currency = \"USD\", or what it is, for the source in chargeback.toml.";
        return Fault::new(Code::CellMissing, None, cell, why, fix);
    };
    let (code, why) = if cell.trim_ascii().is_empty() {
        (Code::CellMissing, "Nobody can say what money this is.")
    } else {
        (Code::CellCurrency, "A currency is three letters, as in USD.")
    };
    Fault::new(code, column, cell, why, REPAIR)
}

pub fn other_currency(column: Option<Column>, cell: &[u8], books: &str) -> Fault {
    let why = format!("These books are kept in {books}; amounts in two currencies are never added.");
    let fix = "Declare the rate of the month in exchange.csv, with its day and who published it, or keep books in that currency.";
    Fault::new(Code::CurrencyMixed, column, cell, why, fix)
}

/// Why an account number is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountFault {
    Missing,
    /// `1.23457E+11`.
    Spreadsheet,
    /// Another number of digits than twelve.
    Length(usize),
    NotDigits,
}

pub fn account(column: Column, cell: &[u8], fault: AccountFault) -> Fault {
    let (code, why) = match fault {
        AccountFault::Missing => (Code::CellMissing, "A charge that names no account has no owner.".to_owned()),
        AccountFault::Spreadsheet => (
            Code::CellAccount,
            "A spreadsheet has rounded the account number: its last digits are gone and cannot be guessed.".to_owned(),
        ),
        AccountFault::Length(digits) if digits < 12 => (
            Code::CellAccount,
            format!("It has {digits} digits and an account number twelve: a spreadsheet takes leading zeros away."),
        ),
        AccountFault::Length(digits) => {
            (Code::CellAccount, format!("It has {digits} digits and an account number twelve."))
        }
        AccountFault::NotDigits => {
            (Code::CellAccount, "An account number is twelve digits and nothing else.".to_owned())
        }
    };
    Fault::new(code, Some(column), cell, why, AGAIN)
}

pub fn tag_text(column: Column, cell: &[u8], why: &'static str) -> Fault {
    Fault::new(
        Code::CellTags,
        Some(column),
        cell,
        why,
        "Correct the tags at the vendor and export again, or own the charge by its account.",
    )
}

pub fn tags_disagree(column: Column, cell: &[u8], tag: &str) -> Fault {
    let why = format!(
        "The charge has two values for {tag}, written with different spellings; the first spelling of the settings counts."
    );
    Fault::new(Code::TagsDisagree, Some(column), cell, why, "Correct one of them at the vendor.")
}

pub fn secret(column: Column, shown: &str) -> Fault {
    let why = "It looks like a cloud key or a personal number. It is masked in everything that is handed out; the export still holds it.";
    let fix = "Remove it at the vendor, and replace the key if it is one.";
    Fault::new(Code::SecretInText, Some(column), shown.as_bytes(), why, fix)
}

pub fn unknown_type(column: Option<Column>, cell: &[u8]) -> Fault {
    let why =
        "No rule says what this charge type does to each cost, so its whole cost counts as billed and as effective.";
    let fix = "Look at the rows; if the type is new at the vendor, tell the maintainers.";
    Fault::new(Code::ChargeTypeUnknown, column, cell, why, fix)
}

pub fn billed_unknown(column: Option<Column>, cell: &[u8]) -> Fault {
    let why = "The amortized view spreads what was paid for a commitment over its days; what was billed for it this month is in the actual view alone, which is not there.";
    let fix = "Deliver the actual export of the month beside the amortized one.";
    Fault::new(Code::BilledUnavailable, column, cell, why, fix)
}

/// The vendor's own sum does not hold: what it asks for is billed, and a person asks why.
pub fn discount_differs(column: Column, cell: &[u8], (gross, discount): (Cost, Cost), rest: Cost) -> Fault {
    let why =
        format!("{gross} less {discount} is not this amount; {rest} is between them, and the net amount is billed.");
    let fix = "Compare with the invoice, and export the month again if it asks for something else.";
    Fault::new(Code::DiscountDiffers, Some(column), cell, why, fix)
}

pub fn quantity_sign(column: Column, cell: &[u8]) -> Fault {
    let why = "The quantity is negative and the cost is not, so a unit price made of them would be negative.";
    Fault::new(
        Code::QuantityWithoutSign,
        Some(column),
        cell,
        why,
        "Nothing needs to be done unless the service is priced by the unit.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_into_amounts() {
        for (cell, expected) in [
            ("1,234.56", " A thousands separator or a decimal comma: a spreadsheet has saved this file."),
            ("(12.34)", " Parentheses are for people; a file says -12.34."),
            ("$12.34", " The currency belongs into its own column."),
            ("12.34USD", " The currency belongs into its own column."),
            ("N/A", ""),
            ("1e400", ""),
        ] {
            assert_eq!(hint(cell.as_bytes()), expected, "{cell}");
        }
    }
}
