//! The formats of every sheet: one look for all workbooks.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

const NAVY: Color = Color::RGB(0x1F3864);
const GREY: Color = Color::RGB(0x595959);
const RULE: Color = Color::RGB(0xD0D5DD);
const PALE: Color = Color::RGB(0xEEF2F8);
pub(super) const RED: Color = Color::RGB(0xC00000);
pub(super) const GREEN: Color = Color::RGB(0x2E7D32);
pub(super) const BAR: Color = Color::RGB(0x2F5597);
const MONEY: &str = "#,##0.00_);(#,##0.00);0.00_)";
/// How a day is shown; [`super::reread`] knows days by it.
pub(super) const DAY: &str = "yyyy-mm-dd";

/// The formats of all sheets.
pub(super) struct Look {
    pub title: Format,
    pub heading: Format,
    pub subtitle: Format,
    pub note: Format,
    pub label: Format,
    pub strong: Format,
    pub text: Format,
    pub long: Format,
    pub money: Format,
    pub total: Format,
    pub due: Format,
    pub decimal: Format,
    pub count: Format,
    pub right: Format,
    pub date: Format,
    pub header: Format,
    pub header_right: Format,
    pub draft: Format,
    pub done: Format,
}

impl Look {
    pub fn new() -> Self {
        let ruled = || Format::new().set_border_bottom(FormatBorder::Thin).set_border_bottom_color(RULE);
        let cell = || ruled().set_align(FormatAlign::Top);
        let words = || cell().set_num_format("@").set_align(FormatAlign::Left).set_indent(1);
        let header = || {
            let fill = Format::new().set_bold().set_font_color(Color::White).set_background_color(NAVY);
            fill.set_text_wrap().set_align(FormatAlign::VerticalCenter)
        };
        let badge = |color| Format::new().set_bold().set_font_color(Color::White).set_background_color(color);
        Self {
            title: Format::new().set_bold().set_font_size(18).set_font_color(NAVY),
            heading: Format::new().set_bold().set_font_size(13).set_font_color(NAVY),
            subtitle: Format::new().set_font_color(GREY),
            note: Format::new().set_italic().set_font_color(GREY),
            label: Format::new().set_font_color(GREY).set_align(FormatAlign::Right).set_indent(1),
            strong: Format::new().set_bold(),
            text: words(),
            long: words().set_text_wrap(),
            money: cell().set_num_format(MONEY),
            total: Format::new().set_bold().set_num_format(MONEY).set_background_color(PALE),
            due: Format::new().set_bold().set_font_size(16).set_font_color(NAVY).set_num_format(MONEY),
            decimal: cell().set_num_format("#,##0.00########_);(#,##0.00########)"),
            count: cell().set_num_format("#,##0_);(#,##0)"),
            right: cell().set_num_format("@").set_align(FormatAlign::Right).set_indent(1).set_text_wrap(),
            date: cell().set_num_format(DAY).set_align(FormatAlign::Left).set_indent(1),
            header: header().set_align(FormatAlign::Left).set_indent(1),
            header_right: header().set_align(FormatAlign::Right).set_indent(1),
            draft: badge(RED),
            done: badge(GREEN),
        }
    }
}
