//! From parts to versions to the month: totals, what the manifest says, commitments, and the two views of one month.

use super::repeats::{HeldIds, RowIds, Shared, shared};
use super::{netting, waivers};
use crate::model::charge::{CostBasis, Dimension};
use crate::model::finding::{Code, Finding, Place, Severity};
use crate::model::intake::{SourceVersion, View};
use crate::model::money::{Cost, Overflow, SCALE};
use crate::model::month::Month;
use crate::model::month_end::{Normalized, RejectedRow, VersionTotals};
use crate::model::part_outcome::{CommitmentUse, Discounts, PartOutcome};
use crate::model::proof::{ControlTotals, CutOff, add_costs};
use crate::model::roll_up::RollUp;
use crate::model::settings::Settings;
use crate::sources::{SourceDefinition, Text, named};
use std::collections::{BTreeMap, BTreeSet};

/// A version whose parts have all been read.
#[derive(Clone, Debug)]
pub struct ConcludedVersion {
    pub totals: VersionTotals,
    pub roll_up: RollUp,
    pub rejected: Vec<RejectedRow>,
    pub findings: Vec<Finding>,
    /// The vendor's cost of rows that no commitment covers, by currency.
    uncommitted: BTreeMap<String, Cost>,
    content: BTreeSet<String>,
}

/// A file of the inbox as findings and charges name it: below the books.
pub fn place_of(month: Month, path: &str) -> String {
    format!("inbox/{month}/{path}")
}

/// What stands for the whole version in a finding: its manifest, or its folder and export.
fn place_of_version(version: &SourceVersion) -> Place {
    let path = version.manifest.clone().unwrap_or_else(|| match version.parts.as_slice() {
        [part] => part.path.clone(),
        _ => format!("{}/{}", version.folder, version.export),
    });
    Place::file(place_of(version.month, &path))
}

/// Merges the outcomes of a version's parts, in whatever order they come, and checks what only the whole version can
/// tell.
pub fn conclude_version(
    version: &SourceVersion,
    mut parts: Vec<PartOutcome>,
    settings: &Settings,
) -> Result<ConcludedVersion, Overflow> {
    parts.sort_by(|a, b| a.file.cmp(&b.file));
    let tags: Vec<String> = settings.state.billing_tags.iter().map(|tag| tag.name.clone()).collect();
    let ids = |part: &mut PartOutcome| Box::new(HeldIds::from(std::mem::take(&mut part.row_ids))) as Box<dyn RowIds>;
    let total = parts.iter().map(|part| part.row_ids.len() as u64).sum();
    let mut ids: Vec<Box<dyn RowIds>> = parts.iter_mut().map(ids).collect();
    // Nothing is read from a disk here, so nothing can fail.
    let shared = shared(&mut ids, total).ok().flatten();
    let roll_up = RollUp::merge(parts.iter_mut().map(|part| std::mem::take(&mut part.roll_up)), tags)?;
    conclude_read(version, parts, roll_up, shared, settings)
}

/// The same where roll-up and row ids of the parts lie on the disk and were put together there. Parts come in the order
/// of their files.
pub fn conclude_read(
    version: &SourceVersion,
    parts: Vec<PartOutcome>,
    mut roll_up: RollUp,
    shared: Option<Shared>,
    settings: &Settings,
) -> Result<ConcludedVersion, Overflow> {
    let mut totals = ControlTotals { effective: Some(BTreeMap::new()), ..ControlTotals::default() };
    let mut commitments: BTreeMap<String, CommitmentUse> = BTreeMap::new();
    let mut uncommitted = BTreeMap::new();
    let mut discounts: BTreeMap<String, Discounts> = BTreeMap::new();
    let mut without_invoice = (0, BTreeMap::new());
    for part in &parts {
        totals.add(&part.totals)?;
        add_costs(&mut uncommitted, &part.uncommitted)?;
        without_invoice.0 += part.without_invoice.0;
        add_costs(&mut without_invoice.1, &part.without_invoice.1)?;
        for (currency, said) in &part.discounts {
            discounts.entry(currency.clone()).or_default().add(said)?;
        }
        for (id, used) in &part.commitments {
            commitments.entry(id.clone()).or_default().add(used)?;
        }
    }
    let mut findings: Vec<Finding> = parts.iter().flat_map(|part| part.findings.iter().cloned()).collect();
    let mut rejected: Vec<RejectedRow> = parts.iter().flat_map(|part| part.rejected.iter().cloned()).collect();
    waivers::apply(&mut rejected, &mut findings, totals.rows_rejected, settings);
    findings.extend(counts(version, &parts, &mut totals));
    findings.extend(shared.map(|shared| ids_in_two_parts(&parts, shared)));
    findings.extend(empty(version, &totals, &findings, settings));
    let unfinished = partly_invoiced(version, &totals, settings).unwrap_or(without_invoice);
    findings.extend(not_final(version, &totals, &unfinished, settings));
    findings.extend(unbalanced(version, &commitments)?);
    findings.extend(discounts.iter().filter_map(|(currency, said)| discounts_disagree(version, currency, said)));
    let content = parts.iter().filter(|part| part.totals.rows_read > 0).map(|part| part.content.clone()).collect();
    if let Some(rule) = named(&version.source).and_then(|source| source.netting) {
        let place = place_of_version(version);
        findings.extend(netting::net(rule, &mut roll_up, &mut totals, place, settings.state.gates.negation_limit)?);
    }
    findings.extend(conserved(version, &roll_up, &totals)?);
    findings.extend(effective_unknown(version, &totals));
    findings.extend(cut_off(version, &totals));
    Finding::sort(&mut findings);
    let totals = VersionTotals { version: version.clone(), totals };
    Ok(ConcludedVersion { totals, roll_up, rejected, findings, uncommitted, content })
}

/// Puts the versions of a month together and checks what only the month can tell.
pub fn conclude_month(mut versions: Vec<ConcludedVersion>, settings: &Settings) -> Result<Normalized, Overflow> {
    let name = |version: &ConcludedVersion| {
        let version = &version.totals.version;
        (version.source.clone(), version.folder.clone(), version.export.clone(), version.view, version.version.clone())
    };
    versions.sort_by_key(name);
    let tags: Vec<String> = settings.state.billing_tags.iter().map(|tag| tag.name.clone()).collect();
    let mut findings: Vec<Finding> = versions.iter().flat_map(|version| version.findings.iter().cloned()).collect();
    findings.extend(views_disagree(&versions, settings)?);
    findings.extend(overlaps(&versions));
    findings.extend(waivers::unused(&versions, settings));
    Finding::sort(&mut findings);
    let mut roll_ups = versions.iter_mut().map(|version| std::mem::take(&mut version.roll_up));
    // One version is merged and in order already.
    let roll_up = match (roll_ups.len(), roll_ups.next()) {
        (1, Some(whole)) => whole,
        (_, first) => RollUp::merge(first.into_iter().chain(roll_ups), tags)?,
    };
    let mut normalized = Normalized { roll_up, findings, ..Normalized::default() };
    for version in versions {
        normalized.versions.push(version.totals);
        normalized.rejected.extend(version.rejected);
    }
    Ok(normalized)
}

/// Rows against the manifest's, part by part where it says so, else over all parts.
fn counts(version: &SourceVersion, parts: &[PartOutcome], totals: &mut ControlTotals) -> Vec<Finding> {
    let fix = "Download the export again; rows that are missing or double change every bill.";
    let of_part = |path: &str| parts.iter().find(|part| part.file == place_of(version.month, path));
    let mut findings = Vec::new();
    for part in &version.parts {
        let Some((expected, read)) = part.rows_expected.zip(of_part(&part.path)) else { continue };
        let read = read.totals.rows_read;
        if read != expected {
            let why = format!("The manifest says {expected} rows and the file holds {read}.");
            let place = Place::file(place_of(version.month, &part.path));
            findings.push(Finding::new(Code::ManifestCount, place, why, fix));
        }
    }
    let by_part: Option<u64> = version.parts.iter().map(|part| part.rows_expected).sum();
    totals.rows_expected = version.rows_expected.or(by_part.filter(|_| !version.parts.is_empty()));
    if let Some(expected) = totals.rows_expected.filter(|&expected| expected != totals.rows_read && findings.is_empty())
    {
        let why = format!("The manifest says {expected} rows and the files hold {}.", totals.rows_read);
        findings.push(Finding::new(Code::ManifestCount, place_of_version(version), why, fix));
    }
    findings
}

/// One row id in two parts: within a part it was told when the part was read.
fn ids_in_two_parts(parts: &[PartOutcome], shared: Shared) -> Finding {
    let Shared { parts: (first, second), rows } = shared;
    let rows = if rows == 1 { "One row id stands".to_owned() } else { format!("{rows} row ids stand") };
    let why = format!(
        "{rows} in {} too, and the vendor gives each row its own: they would be billed twice.",
        parts[first].file
    );
    let fix = "Download the parts of this version again; do not join or copy files by hand.";
    Finding::new(Code::LineIdTwice, Place::file(&parts[second].file), why, fix)
}

fn empty(
    version: &SourceVersion,
    totals: &ControlTotals,
    findings: &[Finding],
    settings: &Settings,
) -> Option<Finding> {
    let allowed = settings.state.sources.iter().any(|source| source.folder == version.folder && source.allow_empty);
    // Of parts without rows ingest has told.
    if totals.rows_read > 0 || !version.parts.is_empty() || allowed || findings.iter().any(Finding::blocks) {
        return None;
    }
    let why = "The export holds no rows. If the month really had none, nothing is billed; if the export failed, everything is missing.";
    let fix = format!(
        "Download it again, or set allow_empty = true for the source {:?} when an empty month is right.",
        version.folder
    );
    Some(Finding::new(Code::FileHeaderOnly, place_of_version(version), why, fix))
}

/// Rows without an invoice beside rows with one, where the format leaves it open whether there are ids at all.
fn partly_invoiced(
    version: &SourceVersion,
    totals: &ControlTotals,
    settings: &Settings,
) -> Option<(u64, BTreeMap<String, Cost>)> {
    let source = named(&version.source).filter(|source| !source.invoice_id_when_final)?;
    let without = totals.by_invoice.get("").filter(|_| totals.by_invoice.len() > 1 && !source.only_counts())?;
    Some((without.rows, BTreeMap::from([(settings.state.currency.clone(), without.billed)])))
}

/// A vendor that gives each row the id of its invoice has not issued it for rows without one.
fn not_final(
    version: &SourceVersion,
    totals: &ControlTotals,
    without: &(u64, BTreeMap<String, Cost>),
    settings: &Settings,
) -> Option<Finding> {
    let (rows, costs) = without;
    if *rows == 0 {
        return None;
    }
    let why = if *rows == totals.rows_accepted {
        "No row has an invoice id: the vendor is still counting, and the amounts will change.".to_owned()
    } else {
        format!(
            "The month is partly invoiced: {rows} of {} rows have no invoice id, and their amounts can still change.",
            totals.rows_accepted
        )
    };
    let fix =
        "Wait for the invoice and download the export again, or close with --accept-unfinal and correct it later.";
    let mut finding = Finding::new(Code::MonthNotFinal, place_of_version(version), why, fix);
    if let (Some((currency, &cost)), 1) = (costs.iter().next(), costs.len()) {
        finding = finding.at_stake(cost, currency.as_str());
    }
    if settings.state.gates.accept_unfinal {
        finding.severity = Severity::Warning;
    }
    Some(finding)
}

/// What the vendor rounds at the tenth decimal of each row is far below this.
const CENT: Cost = Cost::from_units(10_000_000_000_000_000);

/// Discounts that stand in rows and in the net column too, and do not come to the same (formats.md 3.3). Without such rows
/// the difference is the discount itself.
fn discounts_disagree(version: &SourceVersion, currency: &str, said: &Discounts) -> Option<Finding> {
    if said.rows == Cost::ZERO || said.beyond_rows.magnitude() <= CENT {
        return None;
    }
    let why = format!(
        "Its rows of discounts come to {} and its net column takes off another amount: with the rows everything costs {} more than what the net column says was invoiced. The net column is billed.",
        said.rows, said.beyond_rows
    );
    let fix = "Compare the invoice: the sum it asks for is the right one. Ask the vendor which discounts lack a row or a net cost.";
    let finding = Finding::new(Code::DiscountDiffers, place_of_version(version), why, fix);
    Some(finding.at_stake(said.beyond_rows, currency))
}

/// Commitments whose used and unused parts do not add up to what they cost (formats.md 3.2).
fn unbalanced(
    version: &SourceVersion,
    commitments: &BTreeMap<String, CommitmentUse>,
) -> Result<Vec<Finding>, Overflow> {
    let mut findings = Vec::new();
    for (id, used) in commitments {
        let Some(owed) = used.owed else { continue };
        let difference = used.consumed.checked_sub(owed)?;
        if difference.magnitude() > CENT {
            let why = format!(
                "Its used and unused parts come to {} and its fees of the month to {owed}: effective cost is off by {difference}. Billed cost is not concerned.",
                used.consumed
            );
            let fix = "Look whether the export lacks accounts or days; ask the vendor when it is complete.";
            let place = place_of_version(version).value(id.as_str());
            findings.push(Finding::new(Code::CommitmentCheck, place, why, fix));
        }
    }
    Ok(findings)
}

fn effective_unknown(version: &SourceVersion, totals: &ControlTotals) -> Option<Finding> {
    if totals.effective.is_some() {
        return None;
    }
    let why = match version.view {
        View::ActualAlone => {
            "The actual view alone does not say what covered usage really cost; billed cost is complete."
        }
        _ => {
            "The export lacks the columns, or cells, that say what covered usage really cost; billed cost is complete."
        }
    };
    let fix = match version.view {
        View::ActualAlone => "Export the amortized view of the month too, where effective cost is wanted.",
        _ => "Export with the reservation and savings plan columns, where effective cost is wanted.",
    };
    Some(Finding::new(Code::EffectiveUnavailable, place_of_version(version), why, fix))
}

/// Digits behind the eighteenth decimal: one note a column, with what they come to.
fn cut_off(version: &SourceVersion, totals: &ControlTotals) -> Vec<Finding> {
    let tell = |(column, cut): (&String, &CutOff)| {
        let cells = match cut.cells {
            1 => "One cell has".to_owned(),
            cells => format!("{cells} cells have"),
        };
        let why = format!(
            "{cells} more than {SCALE} decimals. They count as {}, rounded half to even at the last of these, and what was cut off comes to {}: both together are the cells as written.",
            cut.kept, cut.remainder
        );
        let place = place_of_version(version).column(column.as_str());
        Finding::new(Code::CellCut, place, why, "Nothing needs to be done.")
    };
    totals.cut_off.iter().map(tell).collect()
}

/// The roll-up holds what the rows held: checked in every run, because nothing else would notice.
fn conserved(version: &SourceVersion, roll_up: &RollUp, totals: &ControlTotals) -> Result<Option<Finding>, Overflow> {
    let rolled = roll_up.total(CostBasis::Billed)?.unwrap_or_default();
    let counted = Cost::total(totals.billed.values().copied())?;
    let rows = totals.rows_left_out.values().map(|(rows, _)| rows).sum::<u64>();
    let complete = totals.rows_read == totals.rows_accepted + totals.rows_rejected + rows;
    if rolled == counted && complete {
        return Ok(None);
    }
    let why = format!("Charges come to {rolled} in the roll-up and to {counted} in the rows; this is our mistake.");
    let fix = "Do not close the month, and report it with this message.";
    Ok(Some(Finding::new(Code::ConservationFails, place_of_version(version), why, fix)))
}

/// The actual and the amortized view of a month are two views of the same money (formats.md 6.3).
fn views_disagree(versions: &[ConcludedVersion], settings: &Settings) -> Result<Vec<Finding>, Overflow> {
    let mut findings = Vec::new();
    // Of a folder that only tells usage no row counts, in either view.
    let counts = |folder: &str| settings.state.sources.iter().all(|one| one.folder != folder || !one.usage_only);
    let versions: Vec<_> = versions.iter().filter(|version| counts(&version.totals.version.folder)).collect();
    let sources: BTreeSet<&str> = versions.iter().map(|version| version.totals.version.source.as_str()).collect();
    for source in sources {
        let of_view = |view: View| {
            versions
                .iter()
                .filter(move |version| version.totals.version.source == source && version.totals.version.view == view)
        };
        let actual: Vec<_> = of_view(View::ActualOfPair).collect();
        let amortized: Vec<_> = of_view(View::AmortizedOfPair).collect();
        let (Some(first), Some(_)) = (actual.first(), amortized.first()) else { continue };
        let rejected = actual.iter().chain(&amortized).any(|version| version.totals.totals.rows_rejected > 0);
        if rejected {
            continue;
        }
        let mut carried = Cost::ZERO;
        let mut counted = Cost::ZERO;
        for version in &actual {
            carried = carried.checked_add(sum(version.totals.totals.rows_left_out.values().map(|(_, cost)| *cost))?)?;
            counted = counted.checked_add(sum(version.totals.totals.vendor_cost.values().copied())?)?;
        }
        let mut uncommitted = Cost::ZERO;
        let mut billed = Cost::ZERO;
        for version in &amortized {
            // What is no charge in either view stands in both.
            let foreign = sum(version.totals.totals.rows_left_out.values().map(|(_, cost)| *cost))?;
            carried = carried.checked_sub(foreign)?;
            counted = counted.checked_sub(foreign)?;
            uncommitted = uncommitted.checked_add(sum(version.uncommitted.values().copied())?)?;
        }
        for version in actual.iter().chain(&amortized) {
            billed = billed.checked_add(sum(version.totals.totals.billed.values().copied())?)?;
        }
        if carried != uncommitted || billed != counted {
            let why = format!(
                "Without commitments the actual view comes to {carried} and the amortized to {uncommitted}; together they bill {billed} and the actual view says {counted}."
            );
            let fix = "Export both views again in one go: they were cut off at different times.";
            let difference = billed.checked_sub(counted)?;
            let currency = first.totals.totals.vendor_cost.keys().next().cloned().unwrap_or_default();
            let finding = Finding::new(Code::ViewsDisagree, place_of_version(&first.totals.version), why, fix);
            findings.push(finding.at_stake(difference, currency));
        }
    }
    Ok(findings)
}

fn sum(costs: impl IntoIterator<Item = Cost>) -> Result<Cost, Overflow> {
    Cost::total(costs)
}

/// Two versions that bill one account, unless they are the two views of one month.
fn overlaps(versions: &[ConcludedVersion]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, later) in versions.iter().enumerate() {
        for earlier in &versions[..place] {
            let (a, b) = (&earlier.totals.version, &later.totals.version);
            let views = [a.view, b.view];
            let pair =
                a.source == b.source && views.contains(&View::ActualOfPair) && views.contains(&View::AmortizedOfPair);
            if pair || !may_share(&a.source, &b.source) || !is_rival(&a.source, &b.source) {
                continue;
            }
            let accounts = |version: &ConcludedVersion| -> BTreeSet<String> {
                version.totals.totals.by_account.keys().filter(|account| !account.is_empty()).cloned().collect()
            };
            let shared: Vec<String> = accounts(earlier).intersection(&accounts(later)).cloned().collect();
            let nameless = [earlier, later].into_iter().find(|version| is_nameless(version, &accounts(version)));
            let Some(first) = shared.first().cloned().or_else(|| nameless.map(|_| "no account".to_owned())) else {
                continue;
            };
            let same = !earlier.content.is_empty() && earlier.content == later.content;
            let what = if same { "The same rows stand" } else { "These accounts stand" };
            let more = if shared.len() > 1 { format!(" and {} more", shared.len() - 1) } else { String::new() };
            let why = format!("{what} in {} too, so the month would be billed twice.", place_of_version(a).file.raw());
            let fix = "Leave one of the two in the inbox: the one that the vendor's invoice is made from. Or give the other a folder of its own, with usage_only = true in chargeback.toml.";
            let place = place_of_version(b).value(format!("{first}{more}"));
            findings.push(Finding::new(Code::SourceOverlap, place, why, fix));
        }
    }
    findings
}

/// Whether two sources could tell the same thing: two files that bill, or two files of one kind that count. A file that
/// only counts splits what another bills and adds nothing to it.
fn is_rival(a: &str, b: &str) -> bool {
    let counts = |source: &str| named(source).is_some_and(SourceDefinition::only_counts);
    a == b || !counts(a) && !counts(b)
}

/// A file that names no account may be about any: a vendor's report by another grouping is the same money again.
fn is_nameless(version: &ConcludedVersion, accounts: &BTreeSet<String>) -> bool {
    let alone = |source: &SourceDefinition| source.delivery.manifest.is_none() && source.mapping().is_none();
    let source = &version.totals.version.source;
    accounts.is_empty()
        && version.totals.totals.rows_accepted > 0
        && !provider(source).is_empty()
        && named(source).is_some_and(alone)
}

/// Whether two sources can bill one account: they are one provider's, or one of them may be anybody's, as FOCUS is.
fn may_share(a: &str, b: &str) -> bool {
    let (a, b) = (provider(a), provider(b));
    a == b || a.is_empty() || b.is_empty()
}

/// Whose accounts a source bills. A mapped file shares them with no other: its account may be any text.
fn provider(source: &str) -> &str {
    let of = |source: &'static SourceDefinition| {
        source.dimensions.iter().find_map(|(dimension, text)| match (dimension, text) {
            (Dimension::Provider, Text::Constant(name)) => Some(*name),
            _ => None,
        })
    };
    named(source).map_or(source, |definition| of(definition).unwrap_or_default())
}
