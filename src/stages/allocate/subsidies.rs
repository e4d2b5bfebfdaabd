//! Subsidies: what a fund pays of an agency's lines, as a line of its own beside each of them.
//!
//! They come after fees, so that a fee is taken on the list amount, and before minimum and maximum, so that these bound
//! what the agency pays. The percentage is taken on what counts together and rounded once; each line has its part of the
//! cents by largest remainder, and ties go to the earlier line of the bill.

use super::Books;
use super::lines::{self, Draft, rounded_in_words};
use crate::model::bill::{Bills, LineKind};
use crate::model::codes::AgencyCode;
use crate::model::finding::{Code, Finding, Place};
use crate::model::money::{Cost, Exact, Money, Overflow, apportion};
use crate::model::settings::{Scope, fraction};
use crate::model::subsidy::{Counted, LimitBy, Subsidy, SubsidyPart};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// Drafts, and what of each a version of a subsidy is taken on; by agency.
type Bases = BTreeMap<AgencyCode, Vec<(usize, Money)>>;

/// Adds a line for every line that a subsidy lowers.
pub(super) fn add(
    books: Books<'_>,
    drafts: &mut Vec<Draft>,
    bills: &mut Bills,
    findings: &mut Vec<Finding>,
) -> Result<(), Overflow> {
    let mut versions: Vec<&Subsidy> = books.settings.subsidies.iter().collect();
    if versions.is_empty() {
        return Ok(());
    }
    lines::sort(books, drafts);
    drafts.iter_mut().enumerate().for_each(|(place, draft)| draft.lowered = Some(place));
    // Earlier versions fill the limit first.
    versions.sort_by_key(|subsidy| (&subsidy.id, subsidy.valid.from, subsidy.version));
    let bases = bases(books, &versions, drafts, findings)?;
    let mut made = Vec::new();
    for (version, of_agencies) in versions.into_iter().zip(bases) {
        let mut holders: BTreeMap<String, Bases> = BTreeMap::new();
        for (agency, base) in of_agencies {
            let holder = match version.limit_by {
                LimitBy::Agency => format!("agency {agency}"),
                LimitBy::State => "state".to_owned(),
            };
            holders.entry(holder).or_default().insert(agency, base);
        }
        for (holder, agencies) in holders {
            let is_meant = |counted: &&Counted| counted.subsidy == version.id && counted.holder == holder;
            let counted = books.settings.subsidised.iter().chain(&bills.subsidised).filter(is_meant);
            let before = Money::total(counted.map(|counted| counted.amount))?;
            let given = Given { books, version, before, agencies: &agencies };
            let (counts, lines) = given.lines(drafts)?;
            bills.subsidised.push(Counted { subsidy: version.id.clone(), holder, amount: counts });
            made.extend(lines);
        }
    }
    drafts.extend(made);
    Ok(())
}

/// What each version is taken on. Rows of a line count on their days; what has no rows (shares of pools, fees, fixed
/// amounts, driver tables) counts on the first day of the month.
fn bases(
    books: Books<'_>,
    versions: &[&Subsidy],
    drafts: &[Draft],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Bases>, Overflow> {
    let mut bases = vec![Bases::new(); versions.len()];
    let changes = versions.iter().flat_map(|subsidy| [subsidy.valid.from, subsidy.valid.to]).flatten();
    let mut days: BTreeSet<NaiveDate> = changes.filter(|&day| books.month.contains(day)).collect();
    days.insert(books.month.first_day());
    let days: Vec<NaiveDate> = days.into_iter().collect();
    let span = |day: NaiveDate| days.partition_point(|from| *from <= day).saturating_sub(1);
    for (place, draft) in drafts.iter().enumerate() {
        let chosen: Vec<Option<usize>> = days.iter().map(|&day| narrowest(books, versions, draft, day)).collect();
        if chosen.iter().all(Option::is_none) {
            continue;
        }
        let is_one = chosen.iter().all(|version| version == &chosen[0]);
        let amounts =
            if is_one { Some(BTreeMap::from([(0, draft.line.amount)])) } else { draft.by_span(books, span)? };
        let Some(amounts) = amounts else {
            let version = chosen.iter().flatten().next_back().map(|&version| versions[version]);
            findings.extend(version.map(|version| without_days(books, version, draft)));
            continue;
        };
        let mut sums: BTreeMap<usize, Money> = BTreeMap::new();
        for (span, amount) in amounts {
            if let Some(version) = chosen[span] {
                let sum = sums.entry(version).or_default();
                *sum = sum.checked_add(amount)?;
            }
        }
        for (version, amount) in sums {
            bases[version].entry(draft.line.agency.clone()).or_default().push((place, amount));
        }
    }
    Ok(bases)
}

/// The version that lowers a line on a day: of those that fit, the one that is for the fewest agencies. Two that are
/// equally narrow are refused when the books are read.
fn narrowest(books: Books<'_>, versions: &[&Subsidy], draft: &Draft, day: NaiveDate) -> Option<usize> {
    let agency = books.settings.agency(&draft.line.agency)?;
    let fits = |subsidy: &Subsidy| {
        subsidy.services.contains(&draft.line.service) && subsidy.valid.covers(day) && subsidy.scope.covers(agency)
    };
    let narrow = |scope: &Scope| match scope {
        Scope::All => 0,
        Scope::Class(_) => 1,
        Scope::Agency(_) => 2,
    };
    let fitting = (0..versions.len()).filter(|&place| fits(versions[place]));
    fitting.max_by_key(|&place| (narrow(&versions[place].scope), std::cmp::Reverse(place)))
}

/// What one version gives to those whose dollars are counted together.
struct Given<'a> {
    books: Books<'a>,
    version: &'a Subsidy,
    /// What was counted before.
    before: Money,
    agencies: &'a Bases,
}

impl Given<'_> {
    /// What is counted now, and the lines.
    fn lines(&self, drafts: &[Draft]) -> Result<(Money, Vec<Draft>), Overflow> {
        let (version, rounding) = (self.version, self.books.settings.state.rounding);
        let rate = fraction(version.percent);
        let mut cents: Vec<Money> = Vec::new();
        for base in self.agencies.values() {
            let parts: Vec<Exact> = base.iter().map(|(_, amount)| amount.exact().times(&rate)).collect();
            let sum = parts.iter().fold(Exact::zero(), |sum, part| sum.plus(part)).round(rounding)?;
            cents.extend(apportion(sum, &parts).map_err(|_| Overflow)?.cents);
        }
        let counts = Money::total(cents.iter().copied())?;
        let granted = version.granted(self.before, counts)?;
        if granted != counts {
            // The rest of the limit is shared as what would have been paid without one.
            let part = granted.exact().divided_by(&counts.exact()).unwrap_or_else(Exact::zero);
            let exact: Vec<Exact> = cents.iter().map(|cents| cents.exact().times(&part)).collect();
            cents = apportion(granted, &exact).map_err(|_| Overflow)?.cents;
        }
        let mut cents = cents.into_iter();
        let mut lines = Vec::new();
        for base in self.agencies.values() {
            let sentences = self.sentences(base, counts, granted)?;
            for &(place, list) in base {
                let paid = cents.next().unwrap_or_default();
                lines.push(self.line(&drafts[place], list, paid, sentences.clone())?);
            }
        }
        Ok((counts, lines))
    }

    fn sentences(&self, base: &[(usize, Money)], counts: Money, granted: Money) -> Result<Vec<String>, Overflow> {
        let Self { version, before, .. } = self;
        let rounding = self.books.settings.state.rounding;
        let total = Money::total(base.iter().map(|(_, amount)| *amount))?;
        let exact = total.exact().times(&fraction(version.percent));
        let percent = version.percent.normalize();
        let (shown, words) = (exact.shown(12), rounded_in_words(rounding));
        let mut sentences =
            vec![format!("{percent} percent of {total} = {shown}, {words} to {}", exact.round(rounding)?)];
        if let Some(limit) = version.yearly_limit {
            let whose = if version.limit_by == LimitBy::State { "all agencies together" } else { "the agency" };
            sentences.push(format!(
                "of the first {limit} of the fiscal year for {whose}: {before} counted by closed months and {counts} now, so \
                 {granted} is paid"
            ));
        }
        Ok(sentences)
    }

    fn line(&self, of: &Draft, list: Money, paid: Money, sentences: Vec<String>) -> Result<Draft, Overflow> {
        let (version, net) = (self.version, list.checked_sub(paid)?);
        let mut line = of.line.clone();
        line.kind = LineKind::Subsidy;
        line.amount = paid.negated();
        if !version.statement_text.is_empty() {
            line.description.clone_from(&version.statement_text);
        }
        (line.quantity, line.share) = (None, None);
        line.converted_from.clear();
        line.unit = "percent".to_owned();
        line.unit_price = version.percent.to_string();
        line.arithmetic = sentences;
        let by = &version.paid_by;
        line.arithmetic.push(format!("list {list} less {paid} paid by fund {by} = {net} for the agency"));
        line.subsidy = Some(SubsidyPart {
            subsidy: version.id.clone(),
            version: version.version,
            paid_by: by.clone(),
            lowers: String::new(),
            list,
            net,
        });
        Ok(Draft { line, account: of.account.clone(), details: Vec::new(), days: Vec::new(), lowered: of.lowered })
    }
}

fn without_days(books: Books<'_>, subsidy: &Subsidy, draft: &Draft) -> Finding {
    let why = format!(
        "The {} changes within {}, and the {} of {} are not known by day, so nobody can tell which part it lowers.",
        subsidy.in_words(),
        books.month,
        draft.line.amount,
        draft.line.service
    );
    let fix = "Let the change take effect on the first of a month.";
    let place = Place::file("subsidies.csv").row(subsidy.line).column("effective_from");
    let stake = Cost::from_money(draft.line.amount);
    Finding::new(Code::RateWithinMonth, place, why, fix).at_stake(stake, &books.settings.state.currency)
}
