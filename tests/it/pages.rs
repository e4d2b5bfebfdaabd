//! The statement as a page: what a reader sees on it, what it may load, and that a vendor's text is never more than text.

use crate::golden::{Texts, september, september_with};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chargeback::model::month_end::MonthEnd;
use chargeback::stages::export::{NamedBytes, export, read_back};
use quick_xml::Reader;
use quick_xml::events::Event;
use sha2::{Digest, Sha256};
use std::io::{Cursor, Read};

const AGENCIES: [&str; 3] = ["DOH", "DOT", "DPS"];

fn page(end: &MonthEnd, agency: &str) -> String {
    let path = format!("statements/{agency}/statement-{agency}-2025-09.html");
    let file = export(end).unwrap().into_iter().find(|file| file.path == path).unwrap();
    String::from_utf8(file.bytes).unwrap()
}

/// Elements with the names of their attributes, and the texts, without style and script.
fn parts(page: &str) -> (Vec<String>, Vec<String>) {
    let mut reader = Reader::from_str(page);
    let (mut elements, mut texts, mut name) = (Vec::new(), vec![String::new()], String::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) | Event::Empty(element) => {
                name = element.name().as_ref().to_owned();
                let names = element.attributes().map(|attribute| attribute.unwrap().key.as_ref().to_owned());
                elements.push(format!("{name} {}", names.collect::<Vec<String>>().join(" ")));
                texts.push(String::new());
            }
            Event::Text(text) if !matches!(name.as_str(), "style" | "script") => {
                texts.last_mut().unwrap().push_str(&text);
            }
            Event::GeneralRef(entity) => {
                let entity = format!("&{};", &*entity);
                texts.last_mut().unwrap().push_str(&quick_xml::escape::unescape(&entity).unwrap());
            }
            Event::End(_) => texts.push(String::new()),
            Event::Eof => break,
            _ => {}
        }
    }
    let texts = texts.iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    (elements, texts.filter(|text| !text.is_empty()).collect())
}

#[test]
fn what_a_reader_sees() {
    let (_, texts) = parts(&page(&september(), "DOH"));
    insta::assert_snapshot!("page", texts.join("\n"));
}

#[test]
fn a_text_of_a_vendor_changes_no_element() {
    let with = |text: &str| september_with(&Texts { resource: text, tag: text, agency: text, description: text });
    let (plain, _) = parts(&page(&with("plain"), "DOH"));
    for hostile in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</style><style>body{display:none}",
        "{{ 7 * 7 }} {% for x in y %}",
        "]]><!-- & &amp; &#60;b&#62;",
        "\u{202e}evil\u{200b}\u{1b}[2J",
    ] {
        let page = page(&with(hostile), "DOH");
        let (elements, texts) = parts(&page);
        assert_eq!(elements, plain, "{hostile:?}");
        assert!(!page.contains(['\u{202e}', '\u{200b}', '\u{1b}']), "{hostile:?}");
        let shown =
            hostile.replace('\u{202e}', "<U+202E>").replace('\u{200b}', "<U+200B>").replace('\u{1b}', "<U+001B>");
        assert!(texts.iter().any(|text| text.contains(&shown)), "{hostile:?} in {texts:#?}");
    }
}

#[test]
fn nothing_is_loaded_and_only_our_script_runs() {
    let page = page(&september(), "DOH");
    let between = |from: &str, to: &str| page.split(from).nth(1).unwrap().split(to).next().unwrap().to_owned();
    let policy = quick_xml::escape::unescape(&between("http-equiv=\"Content-Security-Policy\" content=\"", "\""))
        .unwrap()
        .into_owned();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    for (kind, name) in [("style-src", "style"), ("script-src", "script")] {
        let content = between(&format!("<{name}>"), &format!("</{name}>"));
        let hash = STANDARD.encode(Sha256::digest(content.as_bytes()));
        assert!(policy.contains(&format!("{kind} 'sha256-{hash}'")), "{name}: {policy}");
    }
    let (elements, _) = parts(&page);
    for element in &elements {
        let attributes = element.split(' ').skip(1);
        for attribute in attributes {
            let loads =
                matches!(attribute, "src" | "srcset" | "action" | "data" | "style") || attribute.starts_with("on");
            assert!(!loads, "{element}");
        }
    }
    assert!(!page.contains("http://") && !page.contains("https://"));
}

/// Texts of every file in a folder; a workbook's are those of its parts.
fn text_of(file: &NamedBytes) -> String {
    if !file.path.ends_with(".xlsx") {
        return String::from_utf8(file.bytes.clone()).unwrap();
    }
    let mut archive = zip::ZipArchive::new(Cursor::new(&file.bytes)).unwrap();
    let mut text = String::new();
    for place in 0..archive.len() {
        archive.by_index(place).unwrap().read_to_string(&mut text).unwrap();
    }
    text
}

#[test]
fn no_folder_holds_anything_of_another_agency() {
    let end = september();
    let files = export(&end).unwrap();
    for own in AGENCIES {
        let folder = format!("statements/{own}/");
        let of_folder: Vec<_> = files.iter().filter(|file| file.path.starts_with(&folder)).collect();
        assert_eq!(of_folder.len(), 3, "{own}");
        let others: Vec<String> = AGENCIES
            .into_iter()
            .filter(|other| *other != own)
            .flat_map(|other| {
                let name =
                    end.settings.agencies.iter().find(|agency| agency.code.as_str() == other).unwrap().name.clone();
                let lines = end.bills.lines.iter().filter(move |line| line.agency.as_str() == other);
                lines.map(|line| line.id.clone()).chain([name]).collect::<Vec<_>>()
            })
            .collect();
        for file in of_folder {
            let text = text_of(file);
            for other in &others {
                assert!(!text.contains(other.as_str()), "{} holds {other}", file.path);
            }
        }
    }
}

#[test]
fn a_cent_that_was_changed_on_the_page_is_seen() {
    let end = september();
    let files = export(&end).unwrap();
    let place = files.iter().position(|file| file.path.ends_with("statement-DOH-2025-09.html")).unwrap();
    let page = String::from_utf8(files[place].bytes.clone()).unwrap();
    assert!(read_back(&end, &files).iter().all(|law| law.passes));
    let shown: Vec<usize> = page.match_indices("data-figure=").map(|(at, _)| at).collect();
    assert!(shown.len() > 20, "{}", shown.len());
    for at in shown {
        let from = at + page[at..].find('>').unwrap();
        let to = from + page[from..].find('<').unwrap();
        let last = page[from..to].rfind(|character: char| character.is_ascii_digit()).unwrap() + from;
        let other = if &page[last..=last] == "1" { "2" } else { "1" };
        let mut edited = files.clone();
        edited[place].bytes = format!("{}{other}{}", &page[..last], &page[last + 1..]).into_bytes();
        assert!(read_back(&end, &edited).iter().any(|law| !law.passes), "{}", &page[at..to]);
    }
}
