//! Months and views of a version: what its first rows, its manifest and its name say, and which two are one month's
//! actual and amortized view.

use super::paths::month_at;
use super::{Chosen, Inbox};
use crate::model::charge::Dimension;
use crate::model::finding::{Code, Finding, Place};
use crate::model::intake::{SourceVersion, View};
use crate::model::month::Month;
use crate::sources::recognition::Side;
use crate::sources::{DateFormat, Names, SourceDefinition, Text, mapped};
use std::collections::{BTreeMap, BTreeSet};

impl Inbox<'_> {
    /// The month of some files: what their first rows say, then what a manifest or a folder says, then the one asked.
    pub(super) fn month_of(&self, places: &[usize], said: Option<Month>) -> Month {
        let mut found: BTreeSet<Month> = BTreeSet::new();
        for &place in places {
            let seen = &self.seen[place];
            let (Some(source), Some((header, rows))) = (seen.charges(), seen.table()) else { continue };
            let read = |day_first: bool| {
                let by_period = months(source, header, rows, source.dates.billing_period_start, day_first);
                let by_day = || months(source, header, rows, source.dates.charge_start, day_first);
                if by_period.is_empty() { by_day() } else { by_period }
            };
            let usual = read(usually_day_first(source));
            let said = self.setting(seen.file.folder()).and_then(|setting| setting.date_order.as_deref());
            found.extend(match said {
                Some(order) => read(order == "day-first"),
                None if usual.contains(&self.month) => usual,
                // All columns of the file decide when it is read; here it is only not sent away.
                None => Some(read(true)).filter(|other| other.contains(&self.month)).unwrap_or(usual),
            });
        }
        // Several months in one file are told row by row when it is read.
        if found.contains(&self.month) {
            return self.month;
        }
        found.first().copied().or(said).unwrap_or(self.month)
    }

    pub(super) fn refuse_month(&mut self, path: &str, month: Month) {
        let why = format!("Its rows are of {}, and {} is to be closed.", month.in_words(), self.month.in_words());
        let fix = format!("Move it to inbox/{month}/, and put the export of {} here.", self.month.in_words());
        self.tell(Code::MonthOther, Place::file(path).value(month.to_string()), why, fix);
    }

    /// Which view files are of: by the manifest's word, the settings, their rows, their names, in this order.
    pub(super) fn side_of(
        &self,
        source: &'static SourceDefinition,
        places: &[usize],
        kind: &str,
    ) -> Option<&'static Side> {
        let views = source.delivery.views?;
        let sides = [&views.actual, &views.amortized];
        if let Some(side) = sides.into_iter().find(|side| side.kind == kind) {
            return Some(side);
        }
        let first = places.first().map(|&place| self.seen[place].file)?;
        let format = self.setting(first.folder()).and_then(|setting| setting.format.as_deref()).unwrap_or_default();
        match format.split_once('/').map(|(_, view)| view) {
            Some("actual") => return Some(&views.actual),
            Some("amortized") => return Some(&views.amortized),
            _ => {}
        }
        let proved = places.iter().find_map(|&place| {
            let (header, rows) = self.seen[place].table()?;
            views.proved_by(source.vendor_cost, header, rows)
        });
        let path = first.path.to_lowercase();
        proved.or_else(|| sides.into_iter().find(|side| side.in_name.iter().any(|part| path.contains(part))))
    }

    /// A version with its view, as if it were alone.
    pub(super) fn viewed(
        &mut self,
        mut version: SourceVersion,
        source: &'static SourceDefinition,
        places: Vec<usize>,
        kind: &str,
        scope: &str,
    ) -> Chosen {
        if let Some(views) = source.delivery.views {
            let side = self.side_of(source, &places, kind);
            if side.is_none() && places.iter().any(|&place| self.seen[place].has_rows()) {
                self.tell(
                    Code::ViewAssumed,
                    Place::file(version.parts.first().map_or("", |part| part.path.as_str())),
                    "It is read as the actual view. If it is the amortized one, what commitments cover would be billed wrongly.",
                    format!("Set `format = \"{}/actual\"` or `\"{0}/amortized\"` for this folder in chargeback.toml.", source.name),
                );
            }
            let amortized = side.is_some_and(|side| side.kind == views.amortized.kind);
            version.view = if amortized { View::AmortizedAlone } else { View::ActualAlone };
        }
        let said = !scope.is_empty();
        let scope = if said { scope.to_owned() } else { self.account_of(source, &places) };
        Chosen { version, source, scope, scope_is_said: said, places }
    }

    /// The billing account of the first row.
    fn account_of(&self, source: &SourceDefinition, places: &[usize]) -> String {
        let Some((_, Text::Column(names) | Text::LastPart(names))) =
            source.dimensions.iter().find(|(dimension, _)| *dimension == Dimension::BillingAccountId)
        else {
            return String::new();
        };
        let account = places.iter().find_map(|&place| {
            let (header, rows) = self.seen[place].table()?;
            let column = column(source, header, names)?;
            rows.iter().filter_map(|row| row.get(column)).find(|cell| !cell.trim().is_empty())
        });
        account.map(|account| account.trim().to_lowercase()).unwrap_or_default()
    }
}

/// Turns lone views of one account into a pair, and refuses two of a kind.
pub fn pair(versions: &mut [Chosen], findings: &mut Vec<Finding>) {
    let mut by_account: BTreeMap<(&str, String), Vec<usize>> = BTreeMap::new();
    for (place, chosen) in versions.iter().enumerate() {
        by_account.entry((chosen.source.name, chosen.scope.clone())).or_default().push(place);
    }
    let groups: Vec<Vec<usize>> = by_account.into_values().collect();
    for group in groups {
        for view in [View::Only, View::ActualAlone, View::AmortizedAlone] {
            refuse_overlap(versions, &group, view, findings);
        }
        let of = |view| group.iter().copied().find(|&place| versions[place].version.view == view);
        if let (Some(actual), Some(amortized)) = (of(View::ActualAlone), of(View::AmortizedAlone)) {
            versions[actual].version.view = View::ActualOfPair;
            versions[amortized].version.view = View::AmortizedOfPair;
        }
    }
}

/// Two exports of one account's same view. Without a manifest the scope is only the billing account, and several
/// exports may share it by department; whether their accounts overlap shows when the rows are read.
fn refuse_overlap(versions: &[Chosen], group: &[usize], view: View, findings: &mut Vec<Finding>) {
    let same: Vec<&Chosen> = group
        .iter()
        .map(|&place| &versions[place])
        .filter(|chosen| chosen.version.view == view && chosen.scope_is_said)
        .collect();
    let [first, rest @ ..] = same.as_slice() else { return };
    for other in rest {
        let path = other.version.manifest.clone().unwrap_or_default();
        findings.push(Finding::new(
            Code::SourceOverlap,
            Place::file(path).value(&other.scope),
            format!(
                "{} and {} are both exports of this account for {}; reading both would bill it twice.",
                first.version.export, other.version.export, other.version.month
            ),
            "Keep one of the two exports in the inbox.",
        ));
    }
}

fn column(source: &SourceDefinition, header: &[String], names: Names) -> Option<usize> {
    header.iter().position(|name| names.iter().any(|wanted| source.fold(wanted) == source.fold(name)))
}

/// The month that the first rows say they are billed in, or else were used in: the earliest of several.
pub fn month_of_rows(source: &SourceDefinition, header: &[String], rows: &[Vec<String>]) -> Option<Month> {
    let day_first = usually_day_first(source);
    let said = |names: Names| months(source, header, rows, names, day_first).first().copied();
    said(source.dates.billing_period_start).or_else(|| said(source.dates.charge_start))
}

fn usually_day_first(source: &SourceDefinition) -> bool {
    let formats = source.dates.formats;
    formats.contains(&DateFormat::DayFirst) && !formats.contains(&DateFormat::MonthFirst)
}

/// The months in a date column of the first rows.
fn months(
    source: &SourceDefinition,
    header: &[String],
    rows: &[Vec<String>],
    names: Names,
    day_first: bool,
) -> BTreeSet<Month> {
    let formats = source.dates.formats;
    let Some(column) = column(source, header, names) else { return BTreeSet::new() };
    rows.iter()
        .filter_map(|row| row.get(column))
        .filter_map(|cell| month_of_date(cell.trim(), day_first, formats))
        .collect()
}

fn month_of_date(text: &str, day_first: bool, formats: &[DateFormat]) -> Option<Month> {
    if let [DateFormat::Pattern(pattern), ..] = formats
        && let Some(moment) = mapped::moment(text, pattern)
    {
        return Month::parse(&moment.format("%Y-%m").to_string()).ok();
    }
    if text.as_bytes().get(4) == Some(&b'-') {
        return month_at(text);
    }
    if text.len() >= 9 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let day = chrono::DateTime::from_timestamp(text.parse().ok()?, 0)?;
        return month_at(&day.format("%Y-%m").to_string());
    }
    let mut parts = text.split(' ').next()?.split('/');
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    let month: u32 = if day_first { second } else { first }.parse().ok()?;
    Month::parse(&format!("{year}-{month:02}")).ok()
}
