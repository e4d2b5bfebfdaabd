//! Measures: quantities of the month's files, by the agency that owns them, as a driver table would tell them.
//!
//! Whoever owns a charge by the ownership rules owns the quantity of a row without cost as well, so a file of usage shares
//! a pool or fills a unit rate without a second set of rules. What nobody owns is told with its quantity: it is in no
//! agency's value, so the others pay its part.

use super::ownership::{NO_RULE, Owners};
use super::service_now::ServiceNow;
use super::services::Services;
use crate::model::bill::Destination;
use crate::model::charge::Dimension;
use crate::model::codes::AgencyCode;
use crate::model::exchange::Exchange;
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::intake::Directory;
use crate::model::money::{Overflow, Quantity};
use crate::model::month::Month;
use crate::model::roll_up::{RollUp, Row, Symbol};
use crate::model::settings::{Counts, DriverValue, MeasureSetting, Service, Settings};
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
    let mut rules = Rules {
        owners: Owners::new(settings, service_now, roll_up),
        services: Services::new(settings, roll_up.tags()),
        exchange: Exchange::new(settings, month),
    };
    for measure in &settings.state.measures {
        if !measure.source.is_empty() && source_named(&measure.source, &settings.state.mappings).is_none() {
            let names: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
            let why = format!("No format is called {}, so nothing would ever be counted.", measure.source);
            findings.push(finding(Code::SettingInvalid, measure, why, &format!("Write one of {}.", names.join(", "))));
            continue;
        }
        let mut taking = Taking::default();
        let taken = match measure.counts {
            Counts::Devices => taking.devices(directory, &rules, month),
            _ => taking.all(roll_up, &mut rules, measure, settings.state.currency.as_str()),
        };
        match taken {
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
    let mut rules = Rules {
        owners: Owners::new(settings, Rc::new(ServiceNow::new(directory, roll_up)), roll_up),
        services: Services::new(settings, roll_up.tags()),
        exchange: Exchange::new(settings, month),
    };
    let owner = Destination::Agency(agency.clone());
    let mut counts = |row: &Row<'a>| {
        let has_any = match measure.counts {
            Counts::Quantity => !row.sums().quantity.is_zero(),
            Counts::Cost => !row.sums().billed.is_zero(),
            Counts::Charges => true,
            Counts::Resources => !row.text(Dimension::ResourceId).is_empty(),
            // Records of ServiceNow, and no rows.
            Counts::Devices => false,
        };
        has_any && is_of(measure, row, rules.exchange) && rules.is_of_services(measure, row)
    };
    let rows: Vec<Row<'a>> = roll_up.rows().filter(|row| counts(row)).collect();
    rows.into_iter().filter(|row| rules.owners.owner(row, row.day()).destination == owner).collect()
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

/// What decides whose a row is, and whether it counts.
struct Rules<'a> {
    owners: Owners<'a>,
    services: Services<'a>,
    exchange: Exchange<'a>,
}

impl Taking {
    fn all(
        &mut self,
        roll_up: &RollUp,
        rules: &mut Rules<'_>,
        measure: &MeasureSetting,
        currency: &str,
    ) -> Result<(), Overflow> {
        let mut seen: BTreeSet<(Destination, Symbol)> = BTreeSet::new();
        for row in roll_up.rows() {
            if !is_of(measure, &row, rules.exchange) || !rules.is_of_services(measure, &row) {
                continue;
            }
            let sums = row.sums();
            let cost = || rules.exchange.in_books(row.text(Dimension::BillingCurrency), sums.billed);
            let (value, unit) = match measure.counts {
                Counts::Cost => (Quantity::from_units(cost()?.units()), currency),
                Counts::Charges => (number_of(sums.charges), "charges"),
                Counts::Resources if row.text(Dimension::ResourceId).is_empty() => continue,
                Counts::Resources => (Quantity::ONE, "resources"),
                Counts::Quantity | Counts::Devices => (sums.quantity, row.text(Dimension::ConsumedUnit)),
            };
            if value.is_zero() {
                continue;
            }
            let owner = rules.owners.owner(&row, row.day()).destination;
            // A resource that moves within the month is one of each of its owners.
            let resource = (owner.clone(), row.symbol(Dimension::ResourceId));
            if measure.counts == Counts::Resources && !seen.insert(resource) {
                continue;
            }
            self.units.insert(unit.to_owned());
            self.count(owner, value, || who(&row))?;
        }
        Ok(())
    }

    /// Every record once, under however many spellings its id is known; whose it is at the end of the month.
    fn devices(&mut self, directory: &Directory, rules: &Rules<'_>, month: Month) -> Result<(), Overflow> {
        let mut seen: BTreeSet<(&str, u64)> = BTreeSet::new();
        for (id, entry) in &directory.resources {
            if seen.insert((&entry.file, entry.row)) {
                let owner = rules.owners.of_entry(entry, month.last_day());
                self.units.insert("devices".to_owned());
                self.count(owner, Quantity::ONE, || format!("resource {id}"))?;
            }
        }
        Ok(())
    }

    fn count(&mut self, owner: Destination, value: Quantity, who: impl Fn() -> String) -> Result<(), Overflow> {
        let sum = match owner {
            Destination::Agency(agency) => self.by_agency.entry(agency).or_default(),
            Destination::Suspense(reason) => {
                self.strangers.insert(match reason.as_str() {
                    NO_RULE => who(),
                    reason => format!("{} ({reason})", who()),
                });
                &mut self.unowned
            }
            Destination::Pool(pool) => self.elsewhere.entry(format!("pool {pool}")).or_default(),
            Destination::Central(reason) | Destination::Excluded(reason) => self.elsewhere.entry(reason).or_default(),
        };
        *sum = sum.checked_add(value)?;
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
                    if measure.source.is_empty() { "all files" } else { &measure.source }
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

impl Rules<'_> {
    fn is_of_services(&mut self, measure: &MeasureSetting, row: &Row<'_>) -> bool {
        let named = |service: &Service| measure.services.contains(&service.code);
        measure.services.is_empty() || self.services.of(row).is_some_and(named)
    }
}

fn number_of(charges: u64) -> Quantity {
    Quantity::from_units(i128::from(charges) * Quantity::ONE.units())
}

/// Rows without money belong to no currency; of the others, those of another currency are nobody's here.
fn is_of(measure: &MeasureSetting, row: &Row<'_>, exchange: Exchange<'_>) -> bool {
    let own = row.text(Dimension::BillingCurrency);
    let meter = row.text(Dimension::SkuMeter);
    (measure.source.is_empty() || row.text(Dimension::Source) == measure.source)
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
