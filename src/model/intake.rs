//! What lies in the inbox, and what of it counts.

use super::month::Month;
use serde::{Deserialize, Serialize};

/// One file below `inbox/<month>/`, looked at but not read through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxFile {
    /// Below `inbox/<month>/`, with `/` between folders: `aws/westmark-cur/.../part-1.csv.gz`.
    pub path: String,
    pub bytes: u64,
    /// SHA-256 of the file as it lies.
    pub sha256: String,
    pub look: FileLook,
}

impl InboxFile {
    /// The source folder: the first component of the path, as `[[source]] folder` in the settings names it.
    pub fn folder(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }
}

/// What the first bytes say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileLook {
    /// JSON text, whole: a manifest.
    Json(String),
    Table {
        container: Container,
        encoding: TextEncoding,
        delimiter: u8,
        header: Vec<String>,
        /// Up to 50 rows, to decide between formats that share a header.
        first_rows: Vec<Vec<String>>,
    },
    /// A finding has said why it cannot be read.
    Unreadable,
}

impl FileLook {
    /// What a table is packed in.
    pub fn container(&self) -> Option<Container> {
        if let Self::Table { container, .. } = self { Some(*container) } else { None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Container {
    Plain,
    Gzip,
    Zip,
    Zstd,
    /// xlsx or xlsb: the first sheet with cells.
    Workbook,
    Parquet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextEncoding {
    Utf8,
    Utf16LittleEndian,
    Utf16BigEndian,
    Windows1252,
}

/// One version of one export of one month: the parts that count, and only they.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceVersion {
    /// A name in `sources::SOURCES`: `aws-cur`, `azure-ea`.
    pub source: String,
    pub folder: String,
    /// The report or export name, as the vendor's manifest or folder says.
    pub export: String,
    /// Assembly, execution or run id; empty when nothing names one.
    pub version: String,
    pub month: Month,
    pub view: View,
    pub parts: Vec<Part>,
    /// Rows over all parts, where the manifest says.
    pub rows_expected: Option<u64>,
    /// The manifest that chose the parts.
    pub manifest: Option<String>,
}

/// Which of a vendor's views of one month this is, and whether its counterpart is there too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// The source has one view.
    Only,
    ActualAlone,
    AmortizedAlone,
    /// Of a pair, the actual view adds what the amortized one lacks.
    ActualOfPair,
    AmortizedOfPair,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub path: String,
    pub sha256: String,
    pub rows_expected: Option<u64>,
}

/// A hand-made or exported table that is not charges: ServiceNow and its like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFile {
    pub path: String,
    pub sha256: String,
    /// `cmdb_ci_cloud_service_account`, `cmn_department`, ...
    pub table: String,
}

/// The rows of such a table, read whole: they are thousands, not millions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRows {
    pub file: TableFile,
    pub header: Vec<String>,
    /// Row number (1 is the header) and cells, as many as the header has.
    pub rows: Vec<(u64, Vec<String>)>,
}

/// What ingest found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intake {
    pub versions: Vec<SourceVersion>,
    pub tables: Vec<TableFile>,
}

/// Who owns accounts and resources, as ServiceNow tells it. Keys are folded (lower case, trimmed, AWS ids padded).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// Account or subscription to agency text (department id or name) and cost center.
    pub accounts: std::collections::BTreeMap<String, DirectoryEntry>,
    /// Resource id to the same.
    pub resources: std::collections::BTreeMap<String, DirectoryEntry>,
    /// People by their address, login and sys_id to the same.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub people: std::collections::BTreeMap<String, DirectoryEntry>,
    /// Departments: every spelling (name, id, sys_id) to the department id.
    pub departments: std::collections::BTreeMap<String, String>,
    /// Department id to the id of the department above it.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub above: std::collections::BTreeMap<String, String>,
}

impl Directory {
    /// The same, with the tables' paths below the books instead of below the month's inbox.
    pub fn below(mut self, folder: &str) -> Self {
        let Self { accounts, resources, people, .. } = &mut self;
        for entry in accounts.values_mut().chain(resources.values_mut()).chain(people.values_mut()) {
            entry.file = format!("{folder}/{}", entry.file);
        }
        self
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryEntry {
    /// Department ids; more than one means ambiguous, none means nobody said.
    pub departments: Vec<String>,
    /// The department stands there and was not shown to whoever exported it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub concealed: bool,
    pub cost_center: String,
    /// Applications reached by walking relations; more than one means ambiguous.
    pub applications: Vec<String>,
    pub file: String,
    pub row: u64,
}
