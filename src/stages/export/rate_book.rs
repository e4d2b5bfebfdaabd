//! The rate book: every rate in force on a day, and how it differs from the edition before.

use super::NamedBytes;
use super::csv::{Table, for_people};
use super::sheet::Sheet;
use super::workbook::{About, Book, Cell, Column, Kind, column};
use crate::model::money::Money;
use crate::model::month::Month;
use crate::model::pricing::in_words;
use crate::model::settings::{
    CardTerms, CountBy, CountWindow, OnChange, Proration, RateCard, RecoveryClass, Scope, Settings, Use,
};
use crate::model::untrusted::html;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What became of a rate since the edition before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    New,
    Raised,
    Lowered,
    /// Some may pay more and some less.
    Changed,
    Unchanged,
    Ended,
}

impl Change {
    pub const fn text(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Raised => "raised",
            Self::Lowered => "lowered",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Ended => "ended",
        }
    }
}

/// One rate, as people read it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BookedRate {
    pub service: String,
    pub rate_id: String,
    pub version: u32,
    pub description: String,
    pub scope: String,
    /// Which charges of the service, where it is not all of them.
    pub charges: String,
    pub price: String,
    pub terms: String,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub authority: String,
    pub approved_by: String,
    pub approved_on: Option<NaiveDate>,
    pub notice_on: Option<NaiveDate>,
    /// `chargeback`, `showback`, or `not approved`.
    pub used_for: String,
    pub recovers: String,
    pub change: Change,
    /// Price and terms in the edition before.
    pub before: String,
}

/// An edition of the rate book.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RateBook {
    pub state: String,
    pub on: NaiveDate,
    /// The day of the edition that it is compared with.
    pub since: NaiveDate,
    pub rates: Vec<BookedRate>,
}

/// The day before the newest change of any rate up to a day: what was in force then is the edition before.
pub fn edition_before(settings: &Settings, on: NaiveDate) -> NaiveDate {
    let changes = settings.rate_cards.iter().flat_map(|card| [card.valid.from, card.valid.to]).flatten();
    let newest = changes.filter(|day| *day <= on).max().unwrap_or(on);
    newest.pred_opt().unwrap_or(newest)
}

pub fn rate_book(settings: &Settings, on: NaiveDate, since: NaiveDate) -> RateBook {
    let in_force = |day: NaiveDate| settings.rate_cards.iter().filter(move |card| card.valid.covers(day));
    let follows = |card: &RateCard, earlier: &RateCard| {
        card.rate_id == earlier.rate_id || card.terms.supersedes.as_ref() == Some(&earlier.rate_id)
    };
    let order = |card: &RateCard| settings.service(&card.service).map_or(u32::MAX, |service| service.order);
    let mut rates: Vec<(u32, BookedRate)> = Vec::new();
    for card in in_force(on) {
        let earlier = in_force(since).find(|earlier| follows(card, earlier));
        let (change, before) = match earlier {
            None => (Change::New, String::new()),
            Some(earlier) => {
                let change = compared(card, earlier);
                let before = if change == Change::Unchanged { String::new() } else { whole_price(earlier) };
                (change, before)
            }
        };
        rates.push((order(card), booked(card, change, before)));
    }
    for card in in_force(since).filter(|earlier| !in_force(on).any(|card| follows(card, earlier))) {
        rates.push((order(card), booked(card, Change::Ended, whole_price(card))));
    }
    rates.sort_by(|(order, a), (other, b)| (order, &a.service, &a.rate_id).cmp(&(other, &b.service, &b.rate_id)));
    let rates = rates.into_iter().map(|(_, rate)| rate).collect();
    RateBook { state: settings.state.name.clone(), on, since, rates }
}

fn compared(card: &RateCard, earlier: &RateCard) -> Change {
    match (card.is_more_than(earlier), earlier.is_more_than(card)) {
        (true, true) => Change::Changed,
        (true, false) => Change::Raised,
        (false, true) => Change::Lowered,
        (false, false) if whole_price(card) == whole_price(earlier) => Change::Unchanged,
        (false, false) => Change::Changed,
    }
}

fn whole_price(card: &RateCard) -> String {
    let terms = terms(&card.terms);
    let price = in_words(&card.model);
    if terms.is_empty() { price } else { format!("{price}; {terms}") }
}

fn booked(card: &RateCard, change: Change, before: String) -> BookedRate {
    let charge = |condition: &crate::model::settings::Condition| {
        let field = match &condition.field {
            crate::model::settings::Field::Dimension(dimension) => dimension.column().to_owned(),
            crate::model::settings::Field::Tag(tag) => format!("tag:{tag}"),
        };
        format!("{field} {}", condition.pattern.0)
    };
    BookedRate {
        service: card.service.to_string(),
        rate_id: card.rate_id.clone(),
        version: card.version,
        description: if card.statement_text.is_empty() { &card.description } else { &card.statement_text }.clone(),
        scope: match &card.scope {
            Scope::All => "all".to_owned(),
            Scope::Class(class) => serde_json::to_value(class).map_or_else(|_| String::new(), plain),
            Scope::Agency(code) => code.to_string(),
        },
        charges: card.conditions.iter().map(charge).collect::<Vec<_>>().join("; "),
        price: in_words(&card.model),
        terms: terms(&card.terms),
        from: card.valid.from,
        to: card.valid.to,
        authority: card.authority.clone(),
        approved_by: card.approved_by.clone(),
        approved_on: card.approved_on,
        notice_on: card.terms.notice_on,
        used_for: match (card.is_approved(), card.terms.purpose) {
            (false, _) => "not approved",
            (true, Use::Showback) => "showback",
            (true, Use::Chargeback) => "chargeback",
        }
        .to_owned(),
        recovers: match card.recovery() {
            RecoveryClass::Direct => "direct",
            RecoveryClass::Overhead => "overhead",
            RecoveryClass::PassThrough => "pass-through",
        }
        .to_owned(),
        change,
        before,
    }
}

fn plain(value: serde_json::Value) -> String {
    value.as_str().unwrap_or_default().replace('_', " ")
}

/// What a card says besides its price, in words.
fn terms(terms: &CardTerms) -> String {
    let mut words = Vec::new();
    if let Some(included) = terms.included {
        words.push(format!("{} units included", included.normalize()));
    }
    let window = match terms.window {
        CountWindow::Month => "month",
        CountWindow::Line => "line",
        CountWindow::Day => "day",
        CountWindow::FiscalYear => "fiscal year",
    };
    let by = match terms.count_by {
        CountBy::Agency => "agency",
        CountBy::Resource => "resource",
        CountBy::User => "user",
        CountBy::Account => "account",
        CountBy::State => "whole state",
    };
    if (terms.window, terms.count_by) != (CountWindow::Month, CountBy::Agency) {
        words.push(format!("counted by {by} and {window}"));
    }
    words.extend(terms.minimum.map(|least| format!("at least {least} a month")));
    let payer = terms.above_maximum_to.as_ref().map_or_else(String::new, |code| format!(", the rest paid by {code}"));
    words.extend(terms.maximum.map(|most| format!("at most {most} a month{payer}")));
    match terms.proration {
        Proration::None => {}
        Proration::Daily => words.push("parts of a month by days".to_owned()),
        Proration::Hourly => words.push("parts of a month by hours".to_owned()),
    }
    match terms.on_change {
        OnChange::Continue => {}
        OnChange::Restart => words.push("counts anew when it starts".to_owned()),
        OnChange::ProrateBounds => words.push("tiers cut to its days".to_owned()),
    }
    words.extend(terms.supersedes.as_ref().map(|rate| format!("supersedes {rate}")));
    words.join("; ")
}

const HEADER: [&str; 19] = [
    "edition",
    "service",
    "rate_id",
    "version",
    "description",
    "scope",
    "charges",
    "price",
    "terms",
    "effective_from",
    "effective_to",
    "authority",
    "approved_by",
    "approved_on",
    "notice_on",
    "used_for",
    "recovers",
    "change",
    "before",
];

impl BookedRate {
    fn cells(&self, edition: NaiveDate) -> [String; 19] {
        let day = |day: Option<NaiveDate>| day.map_or_else(String::new, |day| day.to_string());
        [
            edition.to_string(),
            self.service.clone(),
            self.rate_id.clone(),
            self.version.to_string(),
            self.description.clone(),
            self.scope.clone(),
            self.charges.clone(),
            self.price.clone(),
            self.terms.clone(),
            day(self.from),
            day(self.to),
            self.authority.clone(),
            self.approved_by.clone(),
            day(self.approved_on),
            day(self.notice_on),
            self.used_for.clone(),
            self.recovers.clone(),
            self.change.text().to_owned(),
            self.before.clone(),
        ]
    }
}

impl RateBook {
    /// Rates that are not as they were.
    pub fn changes(&self) -> impl Iterator<Item = &BookedRate> {
        self.rates.iter().filter(|rate| rate.change != Change::Unchanged)
    }

    pub fn csv(&self) -> anyhow::Result<Vec<u8>> {
        let mut table = Table::new(&HEADER)?;
        for rate in &self.rates {
            table.row(&rate.cells(self.on).map(|cell| for_people(&cell).into_owned()))?;
        }
        table.finish()
    }

    /// The three files of the edition.
    pub fn files(&self) -> anyhow::Result<Vec<NamedBytes>> {
        let named = |kind: &str, bytes| NamedBytes { path: format!("rate-book-{}.{kind}", self.on), bytes };
        Ok(vec![named("xlsx", self.workbook()?), named("html", self.page().into_bytes()), named("csv", self.csv()?)])
    }

    fn difference(&self) -> String {
        let of = |change: Change| self.rates.iter().filter(|rate| rate.change == change).count();
        let all = [Change::New, Change::Raised, Change::Lowered, Change::Changed, Change::Ended];
        let words: Vec<String> =
            all.into_iter().filter(|change| of(*change) > 0).map(|c| format!("{} {}", of(c), c.text())).collect();
        if words.is_empty() { "no rate differs".to_owned() } else { words.join(", ") }
    }

    /// `Rates in force on 2025-07-01. Since 2025-06-30: 2 raised, 1 ended.`
    pub fn summary(&self) -> String {
        format!("Rates in force on {}. Since {}: {}.", self.on, self.since, self.difference())
    }

    fn workbook(&self) -> anyhow::Result<Vec<u8>> {
        let mut book = Book::new(About {
            whose: self.state.clone(),
            state: self.state.clone(),
            title: "Rate book".to_owned(),
            month: Month::containing(self.on),
            run: format!("edition {}", self.on),
            standing: "Rate book",
        })?;
        self.sheet("Rates", "Rates in force", self.rates.iter().filter(|rate| rate.change != Change::Ended))
            .write(&mut book)?;
        self.sheet("Changes", "What differs from the edition before", self.changes()).write(&mut book)?;
        book.finish()
    }

    fn sheet<'a>(&self, name: &'static str, title: &'static str, rates: impl Iterator<Item = &'a BookedRate>) -> Sheet {
        const COLUMNS: [Column; 18] = [
            column("Service", 12, Kind::Text),
            column("Rate", 20, Kind::Text),
            column("Version", 9, Kind::Text),
            column("What it is", 36, Kind::Long),
            column("For", 16, Kind::Text),
            column("Charges", 28, Kind::Long),
            column("Price", 40, Kind::Long),
            column("Terms", 36, Kind::Long),
            column("In force from", 14, Kind::Date),
            column("In force to", 14, Kind::Date),
            column("Authority", 26, Kind::Long),
            column("Approved by", 22, Kind::Long),
            column("Approved on", 14, Kind::Date),
            column("Notice on", 14, Kind::Date),
            column("Used for", 13, Kind::Text),
            column("Recovers", 13, Kind::Text),
            column("Change", 12, Kind::Text),
            column("Before", 40, Kind::Long),
        ];
        let date = |date: Option<NaiveDate>| date.map_or(Cell::Blank, Cell::Date);
        let row = |rate: &BookedRate| {
            vec![
                Cell::text(&rate.service),
                Cell::text(&rate.rate_id),
                Cell::text(rate.version),
                Cell::text(&rate.description),
                Cell::text(&rate.scope),
                Cell::text(&rate.charges),
                Cell::text(&rate.price),
                Cell::text(&rate.terms),
                date(rate.from),
                date(rate.to),
                Cell::text(&rate.authority),
                Cell::text(&rate.approved_by),
                date(rate.approved_on),
                date(rate.notice_on),
                Cell::text(&rate.used_for),
                Cell::text(&rate.recovers),
                Cell::text(rate.change.text()),
                Cell::text(&rate.before),
            ]
        };
        let checks: Vec<(usize, Money)> = Vec::new();
        Sheet { name, title, what: self.summary(), columns: COLUMNS.into(), rows: rates.map(row).collect(), checks }
    }

    /// One page without anything to load: it can be sent, printed and put on a site as it is.
    fn page(&self) -> String {
        const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;margin:2rem;color:#1a1a1a}h1{font-size:1.5rem;color:#1f3864}\
             table{border-collapse:collapse;width:100%;margin:1rem 0 2rem}th,td{text-align:left;vertical-align:top;\
             padding:.35rem .6rem;border-bottom:1px solid #d0d5dd}th{background:#1f3864;color:#fff}\
             .unchanged{color:#595959}@media print{body{margin:0}}";
        let day = |day: Option<NaiveDate>| day.map_or_else(String::new, |day| day.to_string());
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Rate book of {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Rate book, {}</h1>\n<p>{}</p>\n",
            self.on,
            html(&self.state),
            html(&self.summary())
        );
        let mut table = |title: &str, rates: Vec<&BookedRate>| {
            page.push_str(&format!("<h2>{title}</h2>\n<table>\n<thead><tr>"));
            for header in ["Service", "Rate", "What it is", "For", "Price and terms", "In force", "Approved", "Change"]
            {
                page.push_str(&format!("<th scope=\"col\">{header}</th>"));
            }
            page.push_str("</tr></thead>\n<tbody>\n");
            for rate in rates {
                let price = [&rate.price, &rate.terms, &rate.charges].map(|text| html(text));
                let price: Vec<&str> = price.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
                let until = rate.to.map_or_else(String::new, |to| format!(" to {to}"));
                let approved = if rate.approved_by.is_empty() {
                    "not approved".to_owned()
                } else {
                    format!("{} {}", html(&rate.approved_by), day(rate.approved_on))
                };
                let before =
                    if rate.before.is_empty() { String::new() } else { format!("; before: {}", html(&rate.before)) };
                page.push_str(&format!(
                    "<tr class=\"{}\"><td>{}</td><td>{} v{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}{until}</td><td>{approved}</td><td>{}{before}</td></tr>\n",
                    rate.change.text(),
                    html(&rate.service),
                    html(&rate.rate_id),
                    rate.version,
                    html(&rate.description),
                    html(&rate.scope),
                    price.join("<br>"),
                    day(rate.from),
                    rate.change.text(),
                ));
            }
            page.push_str("</tbody>\n</table>\n");
        };
        table("What differs", self.changes().collect());
        table("Rates in force", self.rates.iter().filter(|rate| rate.change != Change::Ended).collect());
        page.push_str("</body>\n</html>\n");
        page
    }
}
