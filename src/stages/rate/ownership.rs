//! Who owns a charge: ordered, dated rules, of which the first that leads to an agency, a pool or a decision wins.

use super::inherited::{Inherited, Level};
use super::matching::{Tests, fold};
use super::problem::Unowned;
use super::service_now::{Found, ServiceNow};
use crate::model::bill::Destination;
use crate::model::charge::Dimension;
use crate::model::codes::AgencyCode;
use crate::model::intake::{Directory, DirectoryEntry};
use crate::model::roll_up::{RollUp, Row};
use crate::model::settings::{Agency, OwnerResult, OwnerRule, Settings};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub(super) struct Owners<'a> {
    rules: Vec<(&'a OwnerRule, Tests)>,
    register: Register<'a>,
}

/// Which agency a text means.
struct Register<'a> {
    service_now: Rc<ServiceNow<'a>>,
    agencies: BTreeMap<String, &'a Agency>,
    by_code: BTreeMap<&'a AgencyCode, &'a Agency>,
    inherited: Inherited,
}

pub(super) struct Owned {
    pub destination: Destination,
    /// The id of the rule, blank where none led anywhere.
    pub rule: String,
    pub problems: Vec<Unowned>,
}

impl<'a> Owners<'a> {
    pub fn new(settings: &'a Settings, service_now: Rc<ServiceNow<'a>>, roll_up: &RollUp) -> Self {
        let tags = roll_up.tags();
        let mut rules: Vec<&OwnerRule> = settings.owner_rules.iter().collect();
        rules.sort_by_key(|rule| (rule.sequence, rule.line));
        let rules = rules.into_iter().map(|rule| (rule, Tests::new(&rule.conditions, tags))).collect();
        let by_code = settings.agencies.iter().map(|agency| (&agency.code, agency)).collect();
        let agencies = spellings(settings, service_now.directory());
        let inherited = Inherited::new(settings, roll_up);
        Self { rules, register: Register { service_now, agencies, by_code, inherited } }
    }

    pub fn owner(&mut self, row: &Row<'_>, day: NaiveDate) -> Owned {
        let mut problems = Vec::new();
        for (rule, tests) in &mut self.rules {
            if !rule.valid.covers(day) || !tests.pass(row) {
                continue;
            }
            if let Some(destination) = self.register.follow(rule, row, day, &mut problems) {
                return Owned { destination, rule: rule.id.clone(), problems };
            }
        }
        let destination = Destination::Suspense(reason(&problems));
        if problems.is_empty() {
            problems.push(Unowned::no_rule(row));
        }
        Owned { destination, rule: String::new(), problems }
    }
}

impl Owners<'_> {
    /// Whose a record of ServiceNow is.
    pub fn of_entry(&self, entry: &DirectoryEntry, day: NaiveDate) -> Destination {
        let mut problems = Vec::new();
        let source = format!("{} row {}", entry.file, entry.row);
        let owner = match &entry.departments[..] {
            [department] => self.register.agency_of(department, day, source, &mut problems),
            [] => return Destination::Suspense("ServiceNow names no department".to_owned()),
            several => return Destination::Suspense(format!("ServiceNow names several: {}", several.join(", "))),
        };
        owner.unwrap_or_else(|| Destination::Suspense(reason(&problems)))
    }

    /// Where one rule that fits would lead, or why it knows no owner.
    pub fn alone(&self, rule: &OwnerRule, row: &Row<'_>, day: NaiveDate) -> Result<Destination, String> {
        let mut problems = Vec::new();
        let told = |problems: &[Unowned]| {
            if problems.is_empty() { "it says nothing of this charge".to_owned() } else { reason(problems) }
        };
        self.register.follow(rule, row, day, &mut problems).ok_or_else(|| told(&problems))
    }
}

impl<'a> Register<'a> {
    /// Where a rule that fits leads; none when it goes on to the next rule.
    fn follow(
        &self,
        rule: &OwnerRule,
        row: &Row<'_>,
        day: NaiveDate,
        problems: &mut Vec<Unowned>,
    ) -> Option<Destination> {
        match &rule.owner {
            OwnerResult::Agency(code) => {
                let agency = self.by_code.get(code).filter(|agency| agency.valid.covers(day));
                // The rule has decided: that its agency is not in force is no reason to bill another one.
                Some(agency.map_or_else(
                    || {
                        problems.push(Unowned::NotInForce {
                            rule: rule.id.clone(),
                            line: rule.line,
                            agency: code.clone(),
                        });
                        Destination::Suspense(format!("rule {} names {code}, which is not in force", rule.id))
                    },
                    |agency| Destination::Agency(agency.code.clone()),
                ))
            }
            OwnerResult::AgencyOfTag(tag) => {
                let value = row.tag(tag);
                if value.trim().is_empty() {
                    return None;
                }
                self.agency_called(value, day, || format!("tag {tag}"), problems)
            }
            OwnerResult::AgencyOfGroupTag(tag) => self.inherits(Level::Group, tag, row, day, problems),
            OwnerResult::AgencyOfAccountTag(tag) => self.inherits(Level::Account, tag, row, day, problems),
            OwnerResult::ServiceNow => self.asked_of_service_now(row, day, problems),
            OwnerResult::Pool(pool) => Some(Destination::Pool(pool.clone())),
            OwnerResult::Central(reason) => Some(Destination::Central(reason.clone())),
            OwnerResult::Excluded(reason) => Some(Destination::Excluded(reason.clone())),
        }
    }

    /// The one agency that the tag names on other charges of the group or account. Values that name no agency were told
    /// with the charges that carry them.
    fn inherits(
        &self,
        level: Level,
        tag: &str,
        row: &Row<'_>,
        day: NaiveDate,
        problems: &mut Vec<Unowned>,
    ) -> Option<Destination> {
        let known = |value: &str| self.agencies.get(&fold(value)).filter(|agency| agency.valid.covers(day));
        let agencies: BTreeSet<&AgencyCode> =
            self.inherited.values(level, tag, row).filter_map(known).map(|agency| &agency.code).collect();
        if agencies.len() > 1 {
            let agencies = agencies.into_iter().map(AgencyCode::as_str).collect::<Vec<_>>().join(", ");
            problems.push(Unowned::Disagree { tag: tag.to_owned(), what: level.in_words(row), agencies });
            return None;
        }
        agencies.first().map(|agency| Destination::Agency((*agency).clone()))
    }

    /// The resource's department, or else that of the person who used it, or else its account's: what is said of the
    /// narrower thing counts. A record without a department leaves it to the next.
    fn asked_of_service_now(&self, row: &Row<'_>, day: NaiveDate, problems: &mut Vec<Unowned>) -> Option<Destination> {
        let mut hidden = None;
        let narrowest_first =
            [(Dimension::ResourceId, "resource"), (Dimension::UserId, "user"), (Dimension::SubAccountId, "account")];
        for (dimension, noun) in narrowest_first {
            let what = || format!("{noun} {}", row.text(dimension));
            let (entry, doubt) = match self.service_now.of(row, dimension) {
                Found::Nothing => continue,
                Found::One(entry) => (entry, None),
                Found::Uncertain(entry, doubt) => (entry, Some(doubt)),
            };
            let (file, line) = (entry.file.clone(), entry.row);
            if let Some(doubt) = doubt {
                problems.push(Unowned::Uncertain { file, row: line, what: what(), doubt });
                return None;
            }
            match &entry.departments[..] {
                [] if entry.concealed && hidden.is_none() => {
                    hidden = Some(Unowned::Concealed { file, row: line, what: what() });
                }
                [] => {}
                [department] => return self.agency_of(department, day, format!("{file} row {line}"), problems),
                several => {
                    let departments = several.join(", ");
                    problems.push(Unowned::Several { file, row: line, what: what(), departments });
                    return None;
                }
            }
        }
        problems.extend(hidden);
        None
    }

    /// The agency that a department is, or is part of.
    fn agency_of(
        &self,
        department: &str,
        day: NaiveDate,
        source: String,
        problems: &mut Vec<Unowned>,
    ) -> Option<Destination> {
        let above = &self.service_now.directory().above;
        let mut seen = BTreeSet::new();
        let mut name = department;
        while seen.insert(name) && !self.is_known(name, day) {
            let Some(whole) = above.get(name) else { break };
            name = whole;
        }
        let name = if self.is_known(name, day) { name } else { department };
        self.agency_called(name, day, || source, problems)
    }

    fn is_known(&self, name: &str, day: NaiveDate) -> bool {
        self.agencies.get(&fold(name)).is_some_and(|agency| agency.valid.covers(day))
    }

    fn agency_called(
        &self,
        name: &str,
        day: NaiveDate,
        source: impl FnOnce() -> String,
        problems: &mut Vec<Unowned>,
    ) -> Option<Destination> {
        let agency = self.agencies.get(&fold(name)).filter(|agency| agency.valid.covers(day));
        if agency.is_none() {
            problems.push(Unowned::UnknownAgency { source: source(), value: name.to_owned() });
        }
        agency.map(|agency| Destination::Agency(agency.code.clone()))
    }
}

/// In suspense because nothing came near.
pub(super) const NO_RULE: &str = "no ownership rule matches";

/// Why nobody owns a charge, in the words of the first rule that came near.
fn reason(problems: &[Unowned]) -> String {
    match problems.first() {
        Some(Unowned::UnknownAgency { source, value }) => format!("{source} says {value:?}, which is no agency"),
        Some(Unowned::Several { departments, .. }) => format!("ServiceNow names several: {departments}"),
        Some(Unowned::Disagree { tag, what, agencies }) => format!("tag {tag} of {what} says {agencies}"),
        Some(Unowned::Concealed { .. }) => "ServiceNow does not show the department".to_owned(),
        Some(Unowned::Uncertain { doubt, .. }) => format!("ServiceNow is not certain: {doubt}"),
        _ => NO_RULE.to_owned(),
    }
}

/// Every spelling that means an agency: code, aliases, and the ids under which ServiceNow keeps the same department.
fn spellings<'a>(settings: &'a Settings, directory: &Directory) -> BTreeMap<String, &'a Agency> {
    let mut spellings: BTreeMap<String, &Agency> = BTreeMap::new();
    for agency in &settings.agencies {
        let own = [agency.code.as_str()].into_iter().chain(agency.aliases.iter().map(String::as_str));
        for spelling in own.map(fold).filter(|spelling| !spelling.is_empty()) {
            spellings.entry(spelling).or_insert(agency);
        }
    }
    let departments: BTreeMap<String, &String> =
        directory.departments.iter().map(|(spelling, id)| (fold(spelling), id)).collect();
    for agency in &settings.agencies {
        let own = [agency.code.as_str(), &agency.name].into_iter().chain(agency.aliases.iter().map(String::as_str));
        for id in own.filter_map(|spelling| departments.get(&fold(spelling))) {
            spellings.entry(fold(id)).or_insert(agency);
        }
    }
    spellings
}
