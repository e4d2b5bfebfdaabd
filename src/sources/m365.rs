//! Microsoft 365 Copilot: who has a licence, and whether it was used. The invoice is Microsoft's or a reseller's; this
//! file only tells whose seats it is for.

use super::recognition::Recognition;
use super::usage::{ACTIVE_SEAT, FILE, SEAT, days, rule};
use super::{ChargeMade, Is, Names, SourceDefinition, Text, Watched};
use crate::model::charge::Dimension;
use crate::model::finding::Code;

const USER: Names = &["User Principal Name"];
const REFRESHED: Names = &["Report Refresh Date"];
const ACTIVITY: Names = &["Last Activity Date"];

const CONCEALED: Watched = Watched {
    column: USER,
    code: Code::UserConcealed,
    why: "The tenant conceals names in reports, so nobody can say whose seat this is, and no rule will guess.",
    fix: "Switch concealed names off (Microsoft 365 admin center, Org settings, Reports) and export the report again.",
};

const HIDDEN_SEAT: ChargeMade = ChargeMade { told: Some(&CONCEALED), ..SEAT };

pub const COPILOT_SEATS: SourceDefinition = SourceDefinition {
    name: "m365-copilot",
    title: "Microsoft 365 Copilot usage by user",
    recognition: Recognition {
        marks: &[
            REFRESHED,
            USER,
            &["Copilot Chat Last Activity Date", "Microsoft Teams Copilot Last Activity Date"],
            &["Report Period"],
        ],
        least: 3,
        never: &[],
        never_filled: &[],
    },
    dimensions: &[
        (Dimension::Provider, Text::Constant("Microsoft")),
        (Dimension::Source, Text::Constant("m365-copilot")),
        (Dimension::UserId, Text::Column(USER)),
        (Dimension::ServiceCode, Text::Constant("m365-copilot")),
        (Dimension::ServiceName, Text::Constant("Microsoft 365 Copilot")),
        (Dimension::SkuMeter, Text::Rule),
        (Dimension::ChargeType, Text::Constant("Usage without cost")),
        (Dimension::ChargeCategory, Text::Rule),
        (Dimension::ChargeFrequency, Text::Rule),
        (Dimension::ConsumedUnit, Text::Rule),
    ],
    dates: days(REFRESHED),
    // A user has one seat; one who stands there twice would be counted twice.
    row_id: Some(USER),
    selectors: &[USER, ACTIVITY],
    rules: &[
        rule(&[(0, Is::Concealed), (1, Is::Present)], &[HIDDEN_SEAT, ACTIVE_SEAT]),
        rule(&[(0, Is::Concealed)], &[HIDDEN_SEAT]),
        rule(&[(1, Is::Present)], &[SEAT, ACTIVE_SEAT]),
        rule(&[], &[SEAT]),
    ],
    required: &[("the user", USER)],
    known: &[
        "Report Period",
        "Display Name",
        "Microsoft Teams Copilot Last Activity Date",
        "Word Copilot Last Activity Date",
        "Excel Copilot Last Activity Date",
        "PowerPoint Copilot Last Activity Date",
        "Outlook Copilot Last Activity Date",
        "OneNote Copilot Last Activity Date",
        "Loop Copilot Last Activity Date",
        "Copilot Chat Last Activity Date",
    ],
    ..FILE
};
