//! Templates of feeds, shown to whoever compares them with the ERP's specification.

use crate::config::erp;
use crate::io::fs::Disk;
use crate::model::exit::{Exit, Stop};
use crate::model::finding::Finding;
use crate::stages::export::ruler;
use anyhow::Result;
use std::path::Path;

/// A template as text, its ruler, and what is wrong with it; without a ruler where anything is.
#[derive(Clone, Debug, Default)]
pub struct ShownTemplate {
    pub text: String,
    pub ruler: String,
    pub findings: Vec<Finding>,
}

/// Id and title of the templates that come with the program.
pub fn erp_templates() -> Vec<(String, String)> {
    let title = |text: &str| erp::template("", text.as_bytes()).0.map(|template| template.format.title);
    erp::shipped().into_iter().filter_map(|(name, text)| Some((name, title(text)?))).collect()
}

/// A template by its name, or by the path of its file.
pub fn erp_template(name: &str) -> Result<ShownTemplate> {
    let shipped = erp::shipped().into_iter().find(|(id, _)| id == name);
    let bytes = match shipped {
        Some((_, text)) => text.as_bytes().to_vec(),
        None => file(name)?,
    };
    let (template, findings) = erp::template(name, &bytes);
    let ruler = template.as_ref().map(ruler).unwrap_or_default();
    Ok(ShownTemplate { text: String::from_utf8_lossy(&bytes).into_owned(), ruler, findings })
}

fn file(name: &str) -> Result<Vec<u8>> {
    let path = Path::new(name);
    let inside = path.file_name().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let disk = Disk::real(folder);
    if inside.is_empty() || !disk.exists(&inside) {
        let names: Vec<String> = erp::shipped().into_iter().map(|(id, _)| id).collect();
        let message = format!("{name} is neither a file nor a template. There are: {}.", names.join(", "));
        return Err(Stop::new(Exit::Usage, message).into());
    }
    Ok(disk.read(&inside)?)
}
