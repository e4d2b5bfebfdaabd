//! The answer to a question as a workbook: one sheet, as it was asked.

use super::doubles::to_double;
use super::workbook::write_text;
use crate::model::month::Month;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook};

/// Rows of text with the kind of each column: `amount` and `number` are numbers where a double keeps all digits.
pub fn answer_workbook(
    columns: &[(String, &str)],
    rows: &[Vec<Option<String>>],
    month: Month,
) -> anyhow::Result<Vec<u8>> {
    let mut workbook = Workbook::new();
    let day = month.last_day();
    let made = ExcelDateTime::parse_from_str(&day.to_string())?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let (bold, plain) = (Format::new().set_bold(), Format::new());
    let text = Format::new().set_num_format("@");
    let sheet = workbook.add_worksheet();
    sheet.set_name("Answer")?.set_freeze_panes(1, 0)?;
    for (place, (name, _)) in (0u16..).zip(columns) {
        write_text(sheet, 0, place, name, &bold)?;
        sheet.set_column_width(place, 20)?;
    }
    for (row, cells) in (1u32..).zip(rows) {
        for (place, (cell, (_, kind))) in (0u16..).zip(cells.iter().zip(columns)) {
            let Some(cell) = cell else { continue };
            match to_double(cell).filter(|_| matches!(*kind, "amount" | "number")) {
                Some(number) => {
                    sheet.write_number_with_format(row, place, number, &plain)?;
                }
                None => write_text(sheet, row, place, cell, &text)?,
            }
        }
    }
    Ok(workbook.save_to_buffer()?)
}
