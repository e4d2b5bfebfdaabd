//! Who can be billed, and the rules by which a charge finds its owner and its service.

use super::super::charge::Dimension;
use super::super::codes::{AgencyCode, PoolId, ServiceCode};
use super::super::month::Validity;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agency {
    pub code: AgencyCode,
    pub name: String,
    pub class: CounterpartyClass,
    /// Other spellings that mean this agency: tag values, ServiceNow department names. Compared without case and blanks around.
    pub aliases: Vec<String>,
    pub contact: String,
    pub valid: Validity,
}

/// Chooses which receivable or payable a role resolves to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CounterpartyClass {
    SameFund,
    #[default]
    GovernmentalFund,
    ProprietaryFund,
    FiduciaryFund,
    ComponentUnit,
    OtherGovernment,
    External,
}

impl CounterpartyClass {
    /// Parties that keep books of their own: they get a receivable, and their side is not ours to post.
    pub const fn keeps_own_books(self) -> bool {
        matches!(self, Self::ComponentUnit | Self::OtherGovernment | Self::External)
    }
}

/// One ordered, dated rule of `owners.csv`; the first match wins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OwnerRule {
    pub id: String,
    pub sequence: u32,
    /// The line of the table, for findings.
    pub line: u64,
    pub valid: Validity,
    pub conditions: Vec<Condition>,
    pub owner: OwnerResult,
}

/// Text compared with a dimension or billing tag, without case; `*` stands for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    pub field: Field,
    pub pattern: Pattern,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Field {
    Dimension(Dimension),
    Tag(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern(pub String);

impl Pattern {
    /// Without case and blanks around; `*` stands for any run of characters.
    pub fn matches(&self, text: &str) -> bool {
        fn glob(pattern: &[u8], text: &[u8]) -> bool {
            let (mut p, mut t) = (0, 0);
            let mut star: Option<(usize, usize)> = None;
            while t < text.len() {
                if p < pattern.len() && pattern[p] == b'*' {
                    star = Some((p, t));
                    p += 1;
                } else if p < pattern.len() && pattern[p] == text[t] {
                    p += 1;
                    t += 1;
                } else if let Some((star_p, star_t)) = star {
                    p = star_p + 1;
                    t = star_t + 1;
                    star = Some((star_p, star_t + 1));
                } else {
                    return false;
                }
            }
            pattern[p..].iter().all(|&byte| byte == b'*')
        }
        let fold = |text: &str| text.trim().to_lowercase();
        glob(fold(&self.0).as_bytes(), fold(text).as_bytes())
    }

    /// How many characters are fixed: more is narrower.
    pub fn fixed(&self) -> usize {
        self.0.chars().filter(|&character| character != '*').count()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "to", content = "value")]
pub enum OwnerResult {
    /// This agency.
    Agency(AgencyCode),
    /// The agency whose code or alias is the value of this tag; no match goes on to the next rule.
    AgencyOfTag(String),
    /// The same, by what this tag says on other charges of the resource group.
    AgencyOfGroupTag(String),
    /// The same, by what this tag says on other charges of the account.
    AgencyOfAccountTag(String),
    /// The agency of the account or resource in ServiceNow; no match goes on to the next rule.
    ServiceNow,
    /// A shared pool.
    Pool(PoolId),
    /// Borne by the provider, with the reason.
    Central(String),
    /// Not of these books (retired connector, another payer), with the reason.
    Excluded(String),
}

/// A service of the catalog.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Service {
    pub code: ServiceCode,
    pub name: String,
    pub line: u64,
    /// Ways in which a charge belongs to this service: any of the lists, all conditions of one. None for services that
    /// no charge belongs to (fees, hours, pools). The first service in the table that matches takes the charge.
    pub matches: Vec<Vec<Condition>>,
    pub statement_text: String,
    pub order: u32,
    /// What becomes of a charge that no card prices.
    #[serde(default, skip_serializing_if = "WithoutRate::blocks")]
    pub without_rate: WithoutRate,
}

/// What becomes of an agency's charge that no card prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutRate {
    /// It blocks the close.
    #[default]
    Block,
    /// It waits in suspense.
    Hold,
    /// The provider bears it.
    Central,
    /// It is passed on as the vendor billed it.
    AtCost,
}

impl WithoutRate {
    pub fn blocks(&self) -> bool {
        *self == Self::Block
    }
}
