//! Vendors' manifests: which files are the parts of a version, and what must be in them.

use super::paths::{folder_of, month_at, month_folder, name_of};
use crate::model::finding::{Code, Finding, Place};
use crate::model::month::Month;
use crate::sources::SOURCES;
use crate::sources::recognition::{ManifestShape, Newest};
use serde_json::Value;
use std::collections::BTreeSet;

/// A manifest, read.
pub struct Manifest {
    pub path: String,
    pub shape: &'static ManifestShape,
    pub export: String,
    pub version: String,
    pub month: Option<Month>,
    pub kind: String,
    pub scope: String,
    /// When it was submitted, where that decides; of runs submitted at one time, the stamp in its parts' paths.
    pub latest: (String, String),
    pub parts: Vec<Listed>,
    pub rows: Option<u64>,
    /// What is wrong in itself; only told if this is the version that counts.
    pub findings: Vec<Finding>,
}

/// A part as the manifest lists it.
pub struct Listed {
    pub name: String,
    pub rows: Option<u64>,
    pub bytes: Option<u64>,
}

impl Manifest {
    pub fn folder(&self) -> &str {
        folder_of(&self.path)
    }

    /// Whether it lies in the folder of its own version, and so says nothing about the others.
    pub fn is_beside_its_parts(&self) -> bool {
        self.is_version_folder(name_of(self.folder()))
    }

    /// Whether a folder's name is that of the version: `0b6f3a52-...`, `20250721T093000Z-bbbb2222-...`.
    pub fn is_version_folder(&self, name: &str) -> bool {
        let (name, version) = (name.to_lowercase(), self.version.to_lowercase());
        let stamped = name.strip_suffix(&version).is_some_and(|stamp| stamp.is_empty() || stamp.ends_with('-'));
        !version.is_empty() && stamped
    }
}

pub fn is_called_manifest(path: &str) -> bool {
    name_of(path).to_lowercase().ends_with("manifest.json")
}

/// `westmark-cur2` of `westmark-cur2-Manifest.json`.
fn export_of_name(path: &str) -> Option<&str> {
    let name = name_of(path);
    let ending = name.len().checked_sub("-manifest.json".len())?;
    let (export, ending) = name.split_at_checked(ending)?;
    (ending.eq_ignore_ascii_case("-manifest.json") && !export.is_empty()).then_some(export)
}

/// Reads a manifest; nothing for JSON that is none.
pub fn read(path: &str, text: &str) -> Result<Option<Manifest>, Box<Finding>> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            return Err(damaged(path, format!("It is not whole JSON: {error}.")));
        }
    };
    let shapes = SOURCES.iter().filter_map(|source| source.delivery.manifest);
    let Some(shape) = shapes.into_iter().find(|shape| shape.tells.iter().all(|at| value.pointer(at).is_some())) else {
        return if is_called_manifest(path) {
            Err(damaged(path, "It has none of the entries that name the parts of a report.".to_owned()))
        } else {
            Ok(None)
        };
    };
    Ok(Some(interpret(path, shape, &value)?))
}

fn interpret(path: &str, shape: &'static ManifestShape, value: &Value) -> Result<Manifest, Box<Finding>> {
    let text = |at: &str| said(value, at).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let elements = said(value, shape.parts.list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut parts = Vec::new();
    for element in elements {
        let name = if shape.parts.name.is_empty() { Some(element) } else { element.pointer(shape.parts.name) };
        let Some(name) = name.and_then(Value::as_str).filter(|name| !name.trim().is_empty()) else {
            return Err(damaged(path, "A part that it lists has no name.".to_owned()));
        };
        let number = |at: &str| said(element, at).and_then(whole);
        parts.push(Listed { name: name.to_owned(), rows: number(shape.parts.rows), bytes: number(shape.parts.bytes) });
    }
    if parts.is_empty() {
        return Err(damaged(path, "It lists no parts, so nobody can say whether the month is complete.".to_owned()));
    }
    let latest = match shape.newest {
        Newest::ManifestAbove => Default::default(),
        Newest::Latest(at) => (text(at), stamp(&parts)),
    };
    let on_the_way = month_folder(path);
    let named = |name: String, otherwise: &str| if name.is_empty() { otherwise.to_owned() } else { name };
    let by_name =
        export_of_name(path).unwrap_or_else(|| on_the_way.map_or("", |(folder, _)| name_of(folder_of(folder))));
    let scope = text(shape.scope);
    let scope = if shape.scope_ends.is_empty() { scope.as_str() } else { before(&scope, shape.scope_ends) };
    Ok(Manifest {
        path: path.to_owned(),
        shape,
        export: named(text(shape.export), by_name),
        version: named(text(shape.version), name_of(folder_of(path))),
        month: month_at(&text(shape.period_start)).or(on_the_way.map(|(_, month)| month)),
        kind: text(shape.kind),
        scope: name_of(scope).to_lowercase(),
        latest,
        rows: said(value, shape.rows).and_then(whole),
        findings: in_itself(path, shape, value, &parts),
        parts,
    })
}

/// Parts listed twice or outside, and totals that its own parts do not add up to.
fn in_itself(path: &str, shape: &ManifestShape, value: &Value, parts: &[Listed]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for part in parts {
        if climbs(&part.name) {
            findings.push(Finding::new(
                Code::ManifestPath,
                Place::file(path).value(&part.name),
                "Parts lie beside or below their manifest. A path that leaves that folder is damage or an attack.",
                "Download the manifest again from the vendor's storage.",
            ));
        }
        if !seen.insert(part.name.as_str()) {
            findings.push(Finding::new(
                Code::ManifestPartTwice,
                Place::file(path).value(&part.name),
                "Reading the part twice would bill its rows twice.",
                "Download the manifest again; do not edit it.",
            ));
        }
    }
    let sum = |of: fn(&Listed) -> Option<u64>| parts.iter().map(of).sum::<Option<u64>>();
    let totals = [
        ("parts", shape.count, Some(parts.len() as u64)),
        ("rows", shape.rows, sum(|part| part.rows)),
        ("bytes", shape.bytes, sum(|part| part.bytes)),
    ];
    for (what, at, listed) in totals {
        if let (Some(total), Some(listed)) = (said(value, at).and_then(whole), listed)
            && total != listed
        {
            findings.push(Finding::new(
                Code::ManifestCount,
                Place::file(path).column(at.trim_start_matches('/')).value(total.to_string()),
                format!("It announces {total} {what}, and the parts that it lists have {listed}."),
                "Download the manifest and all parts of this run again.",
            ));
        }
    }
    findings
}

fn damaged(path: &str, why: String) -> Box<Finding> {
    Box::new(Finding::new(
        Code::ManifestDamaged,
        Place::file(path),
        why,
        "Download the manifest again from the vendor's storage, with all parts of its version.",
    ))
}

fn said<'a>(value: &'a Value, at: &str) -> Option<&'a Value> {
    if at.is_empty() { None } else { value.pointer(at) }
}

/// A count, as a number or as text.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn before<'a>(text: &'a str, end: &str) -> &'a str {
    text.find(end).map_or(text, |at| &text[..at])
}

/// The time in a folder's name: `202507060512`.
fn stamp(parts: &[Listed]) -> String {
    let is_stamp = |name: &&str| (12..=14).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_digit());
    parts.first().and_then(|part| key(&part.name).split('/').find(is_stamp)).unwrap_or_default().to_owned()
}

/// The path of a part below its bucket or container.
pub fn key(name: &str) -> &str {
    match name.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or(rest, |(_, key)| key),
        None => name,
    }
}

fn climbs(name: &str) -> bool {
    let key = key(name);
    let drive = key.as_bytes().get(1) == Some(&b':');
    drive || key.starts_with('/') || key.contains('\\') || key.split('/').any(|part| part == "..")
}
