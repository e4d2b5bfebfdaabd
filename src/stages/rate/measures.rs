//! Measures: quantities of the month's files, by the agency that owns them, as a driver table would tell them.
//!
//! Whoever owns a charge by the ownership rules owns the quantity of a row without cost as well, so a file of usage shares
//! a pool or fills a unit rate without a second set of rules. What nobody owns is told with its quantity: it is in no
//! agency's value, so the others pay its part.

use super::ownership::{NO_RULE, Owners};
use super::service_now::ServiceNow;
use crate::model::bill::Destination;
use crate::model::charge::Dimension;
use crate::model::codes::AgencyCode;
use crate::model::exchange::Exchange;
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::intake::Directory;
use crate::model::money::{Overflow, Quantity};
use crate::model::month::Month;
use crate::model::roll_up::{RollUp, Row};
use crate::model::settings::{DriverValue, MeasureSetting, Settings};
use crate::sources::SOURCES;
use crate::sources::mapped::source_named;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

const FILE: &str = "chargeback.toml";

/// The values of all measures of the settings in this month, ready to stand beside those of the driver tables.
pub fn measures(
    roll_up: &RollUp,
    directory: &Directory,
    settings: &Settings,
    month: Month,
) -> (Vec<DriverValue>, Vec<Finding>) {
    let (mut values, mut findings) = (Vec::new(), Vec::new());
    if settings.state.measures.is_empty() {
        return (values, findings);
    }
    let service_now = Rc::new(ServiceNow::new(directory, roll_up));
    let mut owners = Owners::new(settings, service_now, roll_up.tags());
    for measure in &settings.state.measures {
        if source_named(&measure.source, &settings.state.mappings).is_none() {
            let names: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
            let why = format!("No format is called {}, so nothing would ever be counted.", measure.source);
            findings.push(finding(Code::SettingInvalid, measure, why, &format!("Write one of {}.", names.join(", "))));
            continue;
        }
        let mut taking = Taking::default();
        match taking.all(roll_up, &mut owners, measure, Exchange::new(settings, month)) {
            Ok(()) => taking.end(measure, month, &mut values, &mut findings),
            Err(Overflow) => findings.push(finding(Code::TableCell, measure, Overflow.to_string(), "Ask the vendor.")),
        }
    }
    Finding::sort(&mut findings);
    (values, findings)
}

/// The rows that a measure counts for an agency: what `explain` shows behind a share that it drives.
pub fn counted<'a>(
    roll_up: &'a RollUp,
    directory: &Directory,
    settings: &Settings,
    month: Month,
    (measure, agency): (&MeasureSetting, &AgencyCode),
) -> Vec<Row<'a>> {
    let mut owners = Owners::new(settings, Rc::new(ServiceNow::new(directory, roll_up)), roll_up.tags());
    let exchange = Exchange::new(settings, month);
    let rows = roll_up.rows().filter(|row| is_of(measure, row, exchange) && !row.sums().quantity.is_zero());
    rows.filter(|row| owners.owner(row, row.day()).destination == Destination::Agency(agency.clone())).collect()
}

/// One measure while it is taken.
#[derive(Default)]
struct Taking {
    by_agency: BTreeMap<AgencyCode, Quantity>,
    /// What goes to pools, is borne centrally or is not of these books, by the words for it.
    elsewhere: BTreeMap<String, Quantity>,
    unowned: Quantity,
    /// Whose they are, as the file says.
    strangers: BTreeSet<String>,
    units: BTreeSet<String>,
}

impl Taking {
    fn all(
        &mut self,
        roll_up: &RollUp,
        owners: &mut Owners<'_>,
        measure: &MeasureSetting,
        exchange: Exchange<'_>,
    ) -> Result<(), Overflow> {
        for row in roll_up.rows().filter(|row| is_of(measure, row, exchange)) {
            let quantity = row.sums().quantity;
            if quantity.is_zero() {
                continue;
            }
            self.units.insert(row.text(Dimension::ConsumedUnit).to_owned());
            let sum = match owners.owner(&row, row.day()).destination {
                Destination::Agency(agency) => self.by_agency.entry(agency).or_default(),
                Destination::Suspense(reason) => {
                    self.strangers.insert(match reason.as_str() {
                        NO_RULE => who(&row),
                        reason => format!("{} ({reason})", who(&row)),
                    });
                    &mut self.unowned
                }
                Destination::Pool(pool) => self.elsewhere.entry(format!("pool {pool}")).or_default(),
                Destination::Central(reason) | Destination::Excluded(reason) => {
                    self.elsewhere.entry(reason).or_default()
                }
            };
            *sum = sum.checked_add(quantity)?;
        }
        Ok(())
    }

    fn end(self, measure: &MeasureSetting, month: Month, values: &mut Vec<DriverValue>, findings: &mut Vec<Finding>) {
        let unit = match self.units.iter().collect::<Vec<_>>()[..] {
            [] => return,
            [unit] => unit.clone(),
            ref several => {
                let list: Vec<&str> = several.iter().map(|unit| unit.as_str()).collect();
                let why = format!(
                    "It would add {} of {}, and a sum of both means nothing.",
                    list.join(" and "),
                    measure.source
                );
                let fix = "Name the meters it counts: `meters = [\"output_tokens\"]`.";
                findings.push(finding(Code::UnitMixed, measure, why, fix));
                return;
            }
        };
        if !self.unowned.is_zero() {
            let shown: Vec<&str> = self.strangers.iter().take(3).map(String::as_str).collect();
            let more = self.strangers.len().saturating_sub(shown.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let why = format!(
                "{} {unit} of {}{more} are owned by no agency, so they count for nobody and the others bear their part.",
                self.unowned,
                shown.join(", ")
            );
            let fix = "Add a rule to owners.csv for these accounts or users.";
            findings.push(finding(Code::PoolDriverUnmatched, measure, why, fix));
        }
        for (place, quantity) in &self.elsewhere {
            let why = format!("{quantity} {unit} go to {place} and count for no agency.");
            let mut note = finding(Code::PoolDriverUnmatched, measure, why, "Nothing needs to be done.");
            note.severity = Severity::Note;
            findings.push(note);
        }
        values.extend(self.by_agency.into_iter().map(|(agency, value)| DriverValue {
            driver: measure.name.clone(),
            month,
            agency,
            value,
            unit: unit.clone(),
            file: FILE.to_owned(),
            line: measure.line,
        }));
    }
}

/// Rows without money belong to no currency; of the others, those of another currency are nobody's here.
fn is_of(measure: &MeasureSetting, row: &Row<'_>, exchange: Exchange<'_>) -> bool {
    let own = row.text(Dimension::BillingCurrency);
    let meter = row.text(Dimension::SkuMeter);
    row.text(Dimension::Source) == measure.source
        && (own.is_empty() || exchange.keeps(own))
        && (measure.meters.is_empty() || measure.meters.iter().any(|wanted| wanted.eq_ignore_ascii_case(meter)))
}

fn who(row: &Row<'_>) -> String {
    let names = [Dimension::SubAccountId, Dimension::UserId, Dimension::ResourceId, Dimension::CostCenter];
    let name = names.into_iter().find(|&name| !row.text(name).is_empty());
    name.map_or_else(|| "nobody named".to_owned(), |name| format!("{name} {}", row.text(name)))
}

fn finding(code: Code, measure: &MeasureSetting, why: impl Into<String>, fix: &str) -> Finding {
    let place = Place::file(FILE).row(measure.line).column("measure").value(measure.name.as_str());
    Finding::new(code, place, why, fix)
}
