//! What closed months leave to those after them: accruals to be undone, and invoices that had not come.
//!
//! A closed month never changes. What becomes known of it later is booked in the month that is open, beside what was
//! booked before, so that both together say what is true now.

use super::bill::{BillLine, Bills, SectionKey};
use super::bridge::{Billed, Bridge};
use super::codes::ServiceCode;
use super::journal_entry::JournalEntry;
use super::money::{Cost, Money, Overflow, Quantity};
use super::month::{FiscalPeriod, Month};
use super::pricing::Counter;
use super::proof::VendorReconciliation;
use super::settings::DriverValue;
use super::subsidy::Counted;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What the closes up to one month leave. Every close writes its own from that of the close before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Entries that are still to be reversed.
    pub reversing: Vec<JournalEntry>,
    /// Every invoice section of the closed months, as the newest close left it.
    pub sections: Vec<CarriedSection>,
    /// Which months are closed.
    pub months: BTreeSet<Month>,
    /// Names of the adjustments that were booked, and what they added to the bill lines that they correct.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub adjustments: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub adjusted: BTreeMap<String, Money>,
    /// Names of the payments that were booked.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub settlements: BTreeSet<String>,
    /// What windows of a fiscal year have counted, by month; years that are over count no more.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counted: BTreeMap<Month, Vec<Counter>>,
    /// The same of subsidies.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subsidised: BTreeMap<Month, Vec<Counted>>,
    /// What of each grant of credits is gone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub credits: BTreeMap<String, Quantity>,
    /// What measures counted in every closed month: pools may be shared by an earlier one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<DriverValue>,
    /// What the last twelve closed months billed and showed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub billed: BTreeMap<Month, Vec<Billed>>,
}

/// One invoice section of a closed month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedSection {
    pub month: Month,
    pub vendor: VendorReconciliation,
    pub charged: SectionCharges,
    pub spent: Vec<Spent>,
}

/// What a section's charges add up to, and those of its parts that an invoice may lack or show apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionCharges {
    /// All of them in the currency of the books; the others are in the section's own.
    pub in_books: Cost,
    pub charges: Cost,
    pub credits: Cost,
    /// Tax, credits, marketplace, support.
    pub kinds: [Cost; 4],
    pub other_months: Cost,
}

/// The cents of one service in a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    pub service: Option<ServiceCode>,
    /// What these books pass on or bear.
    pub ours: Money,
    /// What is not of these books.
    pub others: Money,
}

impl CarriedSection {
    /// What no invoice has asked for yet, and stays accrued.
    pub fn owed(&self) -> Result<Option<Money>, Overflow> {
        if self.vendor.invoice.is_some() {
            return Ok(None);
        }
        let others = Money::total(self.spent.iter().map(|spent| spent.others))?;
        let owed = self.vendor.invoice_basis.checked_sub(others)?;
        Ok((!owed.is_zero()).then_some(owed))
    }

    fn is(&self, month: Month, section: &SectionKey) -> bool {
        self.month == month && &self.vendor.section == section
    }
}

/// An invoice of a closed month that came, or changed, after its close.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateInvoice {
    /// The month whose charges it bills.
    pub month: Month,
    /// Beside its charges, as it stands now.
    pub vendor: VendorReconciliation,
    pub spent: Vec<Spent>,
    /// In the currency of the books, as all that follows.
    pub invoice: Money,
    pub dated: Option<NaiveDate>,
    /// What earlier closes booked of it; none where this is the first of it.
    pub booked: Option<Money>,
    /// What was accrued for it, and is reversed.
    pub accrued: Money,
}

impl LateInvoice {
    /// What is booked of it now.
    pub fn amount(&self) -> Result<Money, Overflow> {
        self.invoice.checked_sub(self.booked.unwrap_or_default())
    }

    /// What it asks for above what the closed months expected.
    pub fn variance(&self) -> Result<Money, Overflow> {
        self.amount()?.checked_sub(self.accrued)
    }
}

/// What a month has to do with those before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    pub carried: Carried,
    pub late: Vec<LateInvoice>,
    /// Closed bill lines that adjustments of this month correct.
    pub corrected: Vec<BillLine>,
    /// Why bills are not what they were in the month before.
    pub bridge: Bridge,
}

impl Past {
    pub fn section(&self, month: Month, section: &SectionKey) -> Option<&CarriedSection> {
        self.carried.sections.iter().find(|carried| carried.is(month, section))
    }

    /// Entries of closed months whose day has come.
    pub fn due(&self, month: Month) -> impl Iterator<Item = &JournalEntry> {
        self.carried.reversing.iter().filter(move |entry| is_due(entry, month))
    }

    /// Sections that are still without an invoice, with what is owed for them.
    pub fn still_open(&self) -> Result<Vec<(&CarriedSection, Money)>, Overflow> {
        let mut open = Vec::new();
        for carried in &self.carried.sections {
            let came = self.late.iter().any(|late| carried.is(late.month, &late.vendor.section));
            if let Some(owed) = carried.owed()?.filter(|_| !came) {
                open.push((carried, owed));
            }
        }
        Ok(open)
    }
}

impl Carried {
    /// Whether a month lies between the first that these books closed and the one that is open: what is dated there can
    /// be booked there no more.
    pub fn is_behind(&self, of: Month, open: Month) -> bool {
        self.months.first().is_some_and(|first| *first <= of) && of < open
    }

    /// What closed months of a month's fiscal year have counted.
    pub fn counters(&self, month: Month, fiscal_year_starts: u32) -> Vec<Counter> {
        of_year(&self.counted, month, fiscal_year_starts)
    }

    /// The same of subsidies.
    pub fn subsidised(&self, month: Month, fiscal_year_starts: u32) -> Vec<Counted> {
        of_year(&self.subsidised, month, fiscal_year_starts)
    }

    /// What a close leaves: what it found, less what it undid or booked, and what it adds.
    pub fn after(
        past: &Past,
        month: Month,
        (bills, journals): (&Bills, &[JournalEntry]),
        (own, paid): (Vec<CarriedSection>, impl IntoIterator<Item = String>),
        own_billed: Vec<Billed>,
    ) -> Result<Self, Overflow> {
        let waits = past.carried.reversing.iter().filter(|entry| !is_due(entry, month));
        let adds = journals.iter().filter(|entry| entry.reversing_date().is_some());
        let mut sections = past.carried.sections.clone();
        for late in &past.late {
            match sections.iter_mut().find(|carried| carried.is(late.month, &late.vendor.section)) {
                Some(carried) => carried.vendor = late.vendor.clone(),
                None => sections.push(CarriedSection {
                    month: late.month,
                    vendor: late.vendor.clone(),
                    charged: SectionCharges::default(),
                    spent: late.spent.clone(),
                }),
            }
        }
        sections.extend(own);
        let mut months = past.carried.months.clone();
        months.insert(month);
        let (mut adjustments, mut adjusted) = (past.carried.adjustments.clone(), past.carried.adjusted.clone());
        for line in &bills.lines {
            let Some(adjustment) = &line.adjustment else { continue };
            adjustments.insert(format!("{}/{}", adjustment.id, adjustment.place));
            if let Some(corrected) = &adjustment.corrects {
                let sum = adjusted.entry(corrected.clone()).or_default();
                *sum = sum.checked_add(line.amount)?;
            }
        }
        let mut settlements = past.carried.settlements.clone();
        settlements.extend(paid);
        let mut counted = past.carried.counted.clone();
        if !bills.counted.is_empty() {
            counted.insert(month, bills.counted.clone());
        }
        let mut subsidised = past.carried.subsidised.clone();
        if !bills.subsidised.is_empty() {
            subsidised.insert(month, bills.subsidised.clone());
        }
        let year_before = (0..11).fold(month, |month, _| month.previous());
        counted.retain(|of, _| *of >= year_before);
        subsidised.retain(|of, _| *of >= year_before);
        let mut billed = past.carried.billed.clone();
        billed.retain(|of, _| *of >= year_before);
        // Only the month after looks at meters.
        billed.values_mut().flatten().for_each(|one| one.meters.clear());
        billed.insert(month, own_billed);
        let reversing = waits.chain(adds).cloned().collect();
        let mut credits = past.carried.credits.clone();
        for of in &bills.credits {
            let gone = credits.entry(of.grant.clone()).or_default();
            *gone = gone.checked_add(of.used)?.checked_add(of.expired)?;
        }
        let measured = [past.carried.measured.clone(), bills.measured.clone()].concat();
        Ok(Self {
            reversing,
            sections,
            months,
            adjustments,
            adjusted,
            settlements,
            counted,
            subsidised,
            credits,
            measured,
            billed,
        })
    }
}

fn of_year<T: Clone>(counted: &BTreeMap<Month, Vec<T>>, month: Month, fiscal_year_starts: u32) -> Vec<T> {
    let year = FiscalPeriod::of(month, fiscal_year_starts).year;
    let of_year = |of: &Month| *of < month && FiscalPeriod::of(*of, fiscal_year_starts).year == year;
    counted.iter().filter(|(of, _)| of_year(of)).flat_map(|(_, counters)| counters.clone()).collect()
}

fn is_due(entry: &JournalEntry, month: Month) -> bool {
    entry.reversing_date().is_some_and(|date| date <= month.last_day())
}
