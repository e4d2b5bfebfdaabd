//! The steps of a case: what is done to good books to make them bad. `tests/errors/README.md` lists them.

use chargeback::model::settings::Pattern;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

type Result<T> = std::result::Result<T, String>;

/// Does one step to the books.
pub fn damage(books: &Path, step: &str) -> Result<()> {
    let mut parts = step.split(" | ");
    let verb = parts.next().unwrap_or_default();
    let parts: Vec<&str> = parts.collect();
    let file = books.join(named(books, parts.first().ok_or("names no file")?)?);
    match (verb, &parts[1..]) {
        ("set", [row, column, text]) => set(&file, row, column, &bytes_of(text)?),
        ("rename", [column, name]) => rename(&file, column, &bytes_of(name)?),
        ("drop", [column]) => drop_column(&file, column),
        ("add", [name, text]) => add_column(&file, &bytes_of(name)?, &bytes_of(text)?),
        ("repeat", [row]) => repeat(&file, row),
        ("insert", [row, line]) => insert(&file, number(row)?, &bytes_of(line)?),
        ("remove", [row]) => remove_row(&file, number(row)?),
        ("reverse", [what]) => reverse(&file, what),
        ("write", []) => write(&file, b""),
        ("write", [text]) => write(&file, &bytes_of(text)?),
        ("append", [text]) => write(&file, &[read(&file)?, bytes_of(text)?].concat()),
        ("prepend", [text]) => write(&file, &[bytes_of(text)?, read(&file)?].concat()),
        ("replace", [old, new]) => replace(&file, &bytes_of(old)?, &bytes_of(new)?),
        ("cut", [bytes]) => cut(&file, number(bytes)?),
        ("flip", [byte]) => flip(&file, number(byte)?),
        ("delete", []) => delete(&file),
        ("move", [name]) => place(books, name).and_then(|to| done(fs::rename(&file, to))),
        ("copy", [name]) => place(books, name).and_then(|to| done(fs::copy(&file, to))),
        ("folder", []) => delete(&file).and_then(|()| done(fs::create_dir_all(&file))),
        ("link", [target]) => link(&file, target),
        ("link-beside", [name, target]) => link(&file.with_file_name(name), target),
        ("pipe", []) => delete(&file).and_then(|()| pipe(&file)),
        ("append-raw", [text]) => raw(&file).and_then(|bytes| write_raw(&file, &[bytes, bytes_of(text)?].concat())),
        ("cut-text", [bytes]) => cut_text(&file, number(bytes)?),
        ("only-header", []) => edit(&file, |rows| {
            rows.truncate(1);
            Ok(())
        }),
        ("extend", [row, text]) => on_line(&file, number(row)?, |line| Ok([line.to_vec(), bytes_of(text)?].concat())),
        ("shorten", ["all"]) => edit(&file, |rows| {
            rows.iter_mut().skip(1).for_each(|row| drop(row.pop()));
            Ok(())
        }),
        ("narrow", [column]) => edit(&file, |rows| {
            let place = rows[0].iter().position(|name| name == column.as_bytes());
            let place = place.ok_or_else(|| format!("no column {column}"))?;
            rows.iter_mut().skip(1).for_each(|row| row.truncate(place));
            Ok(())
        }),
        ("shorten", [row]) => edit(&file, |rows| {
            rows[number(row)? - 1].pop();
            Ok(())
        }),
        ("blank", [row]) => edit(&file, |rows| {
            rows[number(row)? - 1].iter_mut().for_each(Vec::clear);
            Ok(())
        }),
        ("set-raw", [row, column, text]) => set_raw(&file, row, column, &bytes_of(text)?),
        ("same", [from, to, column]) => same(&file, number(from)?, number(to)?, column),
        ("join", []) => read(&file).and_then(|content| write(&file, &content.repeat(2))),
        ("widen", [columns]) => widen(&file, number(columns)?),
        ("write-beside", [name, text]) => write_raw(&file.with_file_name(name), &bytes_of(text)?),
        ("touch", []) => done(Command::new("touch").arg("-d").arg("2031-01-01").arg(&file).status()),
        ("gunzip", []) => read(&file).and_then(|content| write_raw(&file, &content)),
        ("members", []) => members(&file),
        ("gzip", []) => gzip(&read(&file)?).and_then(|packed| write_raw(&file, &packed)),
        ("gzip", [name]) => gzip(&read(&file)?).and_then(|packed| write_raw(&place(books, name)?, &packed)),
        ("zip", members) => zip(&file, members),
        ("encode", [encoding]) => encode(&file, encoding),
        ("delimit", [with]) => delimit(&file, with.as_bytes()[0]),
        ("quote", ["all"]) => quote_all(&file),
        ("lines", [ends]) => lines(&file, ends),
        _ => Err("is not a step".to_owned()),
    }
}

fn done<T>(result: std::io::Result<T>) -> Result<()> {
    result.map(drop).map_err(|error| error.to_string())
}

fn number(text: &str) -> Result<usize> {
    text.parse().map_err(|_| format!("{text:?} is not a number"))
}

/// A name below the books. `*` stands for anything, and the first file that fits is meant; the golden month's files have
/// short names.
fn named(books: &Path, name: &str) -> Result<PathBuf> {
    let pattern = match name {
        "AWS" => "inbox/2025-09/aws/*00001.csv.gz",
        "AZURE" => "inbox/2025-09/azure/*.csv",
        "AWS-MANIFEST" => "inbox/2025-09/aws/cur/westmark-cur/20250901-20251001/westmark-cur-Manifest.json",
        "AZURE-MANIFEST" => "inbox/2025-09/azure/*manifest.json",
        other => other,
    };
    let exact = String::from_utf8(bytes_of(pattern)?).map_err(|error| error.to_string())?;
    if !exact.contains('*') {
        return Ok(PathBuf::from(exact));
    }
    let below = |path: PathBuf| path.strip_prefix(books).unwrap().to_owned();
    let fits = |path: &PathBuf| Pattern(exact.clone()).matches(&path.to_string_lossy());
    files_below(books).into_iter().map(below).find(fits).ok_or_else(|| format!("no file {exact}"))
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn place(books: &Path, name: &str) -> Result<PathBuf> {
    let path = books.join(named(books, name)?);
    done(fs::create_dir_all(path.parent().unwrap()))?;
    Ok(path)
}

/// Text with `\n`, `\t`, `\r`, `\\`, `\x1b`, `\u{202e}`, and `{9*40}` for forty nines.
fn bytes_of(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '\\' => rest = escape(rest, &mut bytes)?,
            '{' => match repeated(rest) {
                Some((unit, times, after)) => {
                    bytes.extend(bytes_of(unit)?.repeat(times));
                    rest = after;
                }
                None => bytes.push(b'{'),
            },
            other => bytes.extend(other.to_string().as_bytes()),
        }
    }
    Ok(bytes)
}

/// After an opening brace: what is repeated, how often, and what comes behind the closing brace.
fn repeated(text: &str) -> Option<(&str, usize, &str)> {
    let mut depth = 1;
    let closing = text.bytes().position(|byte| {
        depth += i32::from(byte == b'{') - i32::from(byte == b'}');
        depth == 0
    })?;
    let (unit, times) = text[..closing].rsplit_once('*')?;
    Some((unit, times.parse().ok()?, &text[closing + 1..]))
}

fn escape<'a>(rest: &'a str, bytes: &mut Vec<u8>) -> Result<&'a str> {
    let (letter, after) = rest.split_at_checked(1).ok_or("ends in a backslash")?;
    let hex = |digits: &str| u32::from_str_radix(digits, 16).map_err(|_| format!("{digits:?} is not hexadecimal"));
    match letter {
        "n" => bytes.push(b'\n'),
        "t" => bytes.push(b'\t'),
        "r" => bytes.push(b'\r'),
        "\\" => bytes.push(b'\\'),
        "{" => bytes.push(b'{'),
        // Nothing: an empty cell.
        "e" => {}
        "x" => {
            bytes.push(u8::try_from(hex(&after[..2])?).unwrap());
            return Ok(&after[2..]);
        }
        "u" => {
            let (digits, behind) = after.strip_prefix('{').and_then(|text| text.split_once('}')).ok_or("\\u{...}")?;
            bytes.extend(char::from_u32(hex(digits)?).ok_or("no character")?.to_string().as_bytes());
            return Ok(behind);
        }
        other => return Err(format!("\\{other} is not an escape")),
    }
    Ok(after)
}

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// The content; of a gzip file what is packed in it.
fn read(file: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(file).map_err(|error| error.to_string())?;
    if !is_gzip(&bytes) {
        return Ok(bytes);
    }
    let mut content = Vec::new();
    done(MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut content))?;
    Ok(content)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    done(packed.write_all(bytes))?;
    packed.finish().map_err(|error| error.to_string())
}

/// Writes content; what was packed is packed again.
fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    let packed = fs::read(file).is_ok_and(|before| is_gzip(&before));
    if packed { write_raw(file, &gzip(bytes)?) } else { write_raw(file, bytes) }
}

/// Writes a file as it shall lie. A manifest beside it keeps telling its size, so that a case is about one thing.
fn write_raw(file: &Path, bytes: &[u8]) -> Result<()> {
    done(fs::create_dir_all(file.parent().unwrap()))?;
    let manifest = file.with_file_name("manifest.json");
    if let (Ok(before), Ok(told)) = (fs::metadata(file), fs::read_to_string(&manifest))
        && manifest != file
    {
        let size = |bytes: u64| format!("\"byteCount\": {bytes},");
        let mut tells = told.replace(&size(before.len()), &size(bytes.len() as u64));
        let whole: serde_json::Value = serde_json::from_str(&told).map_err(|error| error.to_string())?;
        if let Some(total) = whole["byteCount"].as_u64().filter(|&total| total != before.len()) {
            tells = tells.replace(&size(total), &size(total - before.len() + bytes.len() as u64));
        }
        done(fs::write(&manifest, tells))?;
    }
    // A new file: what lies there may be read-only, as the ledger's objects are.
    let _ = fs::remove_file(file);
    done(fs::write(file, bytes))
}

fn records(file: &Path) -> Result<Vec<Vec<Vec<u8>>>> {
    let content = read(file)?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(content.as_slice());
    let rows: std::result::Result<Vec<csv::ByteRecord>, csv::Error> = reader.byte_records().collect();
    let rows = rows.map_err(|error| error.to_string())?;
    Ok(rows.iter().map(|row| row.iter().map(<[u8]>::to_vec).collect()).collect())
}

fn write_records(file: &Path, rows: &[Vec<Vec<u8>>], delimiter: u8, quotes: csv::QuoteStyle) -> Result<()> {
    let mut writer =
        csv::WriterBuilder::new().flexible(true).delimiter(delimiter).quote_style(quotes).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(|error| error.to_string())?;
    }
    write(file, &writer.into_inner().map_err(|error| error.to_string())?)
}

fn edit(file: &Path, change: impl FnOnce(&mut Vec<Vec<Vec<u8>>>) -> Result<()>) -> Result<()> {
    let mut rows = records(file)?;
    change(&mut rows)?;
    write_records(file, &rows, b',', csv::QuoteStyle::Necessary)
}

fn column(rows: &[Vec<Vec<u8>>], name: &str) -> Result<usize> {
    let header = rows.first().ok_or("has no header")?;
    header.iter().position(|cell| cell == name.as_bytes()).ok_or_else(|| format!("has no column {name}"))
}

fn set(file: &Path, row: &str, name: &str, text: &[u8]) -> Result<()> {
    edit(file, |rows| {
        let at = column(rows, name)?;
        let chosen = if row == "all" { 1..rows.len() } else { number(row)? - 1..number(row)? };
        for row in chosen {
            *rows.get_mut(row).and_then(|cells| cells.get_mut(at)).ok_or("has no such row")? = text.to_vec();
        }
        Ok(())
    })
}

fn rename(file: &Path, old: &str, name: &[u8]) -> Result<()> {
    edit(file, |rows| {
        let at = column(rows, old)?;
        rows[0][at] = name.to_vec();
        Ok(())
    })
}

fn drop_column(file: &Path, name: &str) -> Result<()> {
    edit(file, |rows| {
        let at = column(rows, name)?;
        rows.iter_mut().for_each(|row| drop(row.remove(at)));
        Ok(())
    })
}

fn add_column(file: &Path, name: &[u8], text: &[u8]) -> Result<()> {
    edit(file, |rows| {
        for (place, row) in rows.iter_mut().enumerate() {
            row.push(if place == 0 { name.to_vec() } else { text.to_vec() });
        }
        Ok(())
    })
}

fn repeat(file: &Path, row: &str) -> Result<()> {
    edit(file, |rows| {
        let again = if row == "all" { rows[1..].to_vec() } else { vec![rows[number(row)? - 1].clone()] };
        rows.extend(again);
        Ok(())
    })
}

fn remove_row(file: &Path, row: usize) -> Result<()> {
    edit(file, |rows| {
        rows.remove(row - 1);
        Ok(())
    })
}

fn reverse(file: &Path, what: &str) -> Result<()> {
    edit(file, |rows| match what {
        "rows" => {
            rows[1..].reverse();
            Ok(())
        }
        "columns" => {
            rows.iter_mut().for_each(|row| row.reverse());
            Ok(())
        }
        other => Err(format!("cannot reverse {other}")),
    })
}

/// A raw line before a row; the file must have no line breaks within cells.
fn insert(file: &Path, row: usize, line: &[u8]) -> Result<()> {
    let content = read(file)?;
    let mut all: Vec<&[u8]> = content.split_inclusive(|&byte| byte == b'\n').collect();
    let line = [line, b"\n"].concat();
    all.insert(row - 1, &line);
    let joined = all.concat();
    write(file, &joined)
}

/// A line as it is written, without its end.
fn on_line(file: &Path, row: usize, change: impl FnOnce(&[u8]) -> Result<Vec<u8>>) -> Result<()> {
    let content = read(file)?;
    let mut all: Vec<Vec<u8>> = content.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    all[row - 1] = change(&all[row - 1])?;
    write(file, &all.join(&b'\n'))
}

/// A cell as it shall stand in the file, quotes and all.
fn set_raw(file: &Path, row: &str, name: &str, text: &[u8]) -> Result<()> {
    let mark = b"@@@@";
    set(file, row, name, mark)?;
    replace(file, mark, text)
}

fn same(file: &Path, from: usize, to: usize, name: &str) -> Result<()> {
    edit(file, |rows| {
        let at = column(rows, name)?;
        rows[to - 1][at] = rows[from - 1][at].clone();
        Ok(())
    })
}

fn widen(file: &Path, columns: usize) -> Result<()> {
    edit(file, |rows| {
        for (place, row) in rows.iter_mut().enumerate() {
            row.extend(
                (0..columns).map(|number| if place == 0 { format!("extra{number}").into() } else { Vec::new() }),
            );
        }
        Ok(())
    })
}

fn members(file: &Path) -> Result<()> {
    let content = read(file)?;
    let (first, second) = content.split_at(content.len() / 2);
    write_raw(file, &[gzip(first)?, gzip(second)?].concat())
}

fn replace(file: &Path, old: &[u8], new: &[u8]) -> Result<()> {
    let content = read(file)?;
    let mut changed = Vec::new();
    let mut rest = content.as_slice();
    let mut times = 0;
    while let Some(at) = rest.windows(old.len()).position(|window| window == old) {
        changed.extend([&rest[..at], new].concat());
        rest = &rest[at + old.len()..];
        times += 1;
    }
    changed.extend(rest);
    if times == 0 { Err("does not hold the text to replace".to_owned()) } else { write(file, &changed) }
}

fn raw(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).map_err(|error| error.to_string())
}

/// The file as it lies: a gzip file loses packed bytes.
fn cut(file: &Path, bytes: usize) -> Result<()> {
    let content = raw(file)?;
    let _ = fs::remove_file(file);
    done(fs::write(file, &content[..content.len().checked_sub(bytes).ok_or("is shorter")?]))
}

/// The content: what is packed is packed again.
fn cut_text(file: &Path, bytes: usize) -> Result<()> {
    let content = read(file)?;
    write(file, &content[..content.len().checked_sub(bytes).ok_or("is shorter")?])
}

/// The lowest bit of a byte, counted from the end of the file as it lies.
fn flip(file: &Path, byte: usize) -> Result<()> {
    let mut content = fs::read(file).map_err(|error| error.to_string())?;
    let at = content.len().checked_sub(byte).ok_or("is shorter")?;
    content[at] ^= 1;
    let _ = fs::remove_file(file);
    done(fs::write(file, &content))
}

fn delete(file: &Path) -> Result<()> {
    if file.is_dir() { done(fs::remove_dir_all(file)) } else { done(fs::remove_file(file)) }
}

fn link(file: &Path, target: &str) -> Result<()> {
    let _ = fs::remove_file(file);
    done(std::os::unix::fs::symlink(target, file))
}

fn pipe(file: &Path) -> Result<()> {
    let made = Command::new("mkfifo").arg(file).status().map_err(|error| error.to_string())?;
    if made.success() { Ok(()) } else { Err("mkfifo failed".to_owned()) }
}

/// The file's content in a zip with members of these names.
fn zip(file: &Path, members: &[&str]) -> Result<()> {
    let content = read(file)?;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for member in members {
        let stored = zip::write::SimpleFileOptions::default();
        archive.start_file(*member, stored).map_err(|error| error.to_string())?;
        done(archive.write_all(&content))?;
    }
    write_raw(file, &archive.finish().map_err(|error| error.to_string())?.into_inner())
}

fn encode(file: &Path, encoding: &str) -> Result<()> {
    let text = String::from_utf8(read(file)?).map_err(|error| error.to_string())?;
    let bytes = match encoding {
        "utf-8-bom" => ["\u{feff}".as_bytes(), text.as_bytes()].concat(),
        "utf-16le-bom" => [vec![0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat(),
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "latin-1" => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect(),
        other => return Err(format!("{other} is not an encoding")),
    };
    write_raw(file, &bytes)
}

fn delimit(file: &Path, delimiter: u8) -> Result<()> {
    let delimiter = if delimiter == b'\\' { b'\t' } else { delimiter };
    write_records(file, &records(file)?, delimiter, csv::QuoteStyle::Necessary)
}

fn quote_all(file: &Path) -> Result<()> {
    write_records(file, &records(file)?, b',', csv::QuoteStyle::Always)
}

fn lines(file: &Path, ends: &str) -> Result<()> {
    let content = read(file)?;
    let mut changed = Vec::new();
    for (place, line) in content.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
        let end: &[u8] = match ends {
            "lf" => b"\n",
            "crlf" => b"\r\n",
            "cr" => b"\r",
            "mixed" if place % 2 == 0 => b"\r\n",
            "mixed" => b"\n",
            "none at the end" => b"\n",
            other => return Err(format!("{other} is not a line end")),
        };
        changed.extend([bare, end].concat());
    }
    if ends == "none at the end" {
        changed.pop();
    }
    write(file, &changed)
}

#[test]
fn texts_of_steps_are_read() {
    let text = |text| String::from_utf8(bytes_of(text).unwrap()).unwrap();
    assert_eq!(text(r"a\tb\x1b[2J\u{202e}"), "a\tb\u{1b}[2J\u{202e}");
    assert_eq!(text("{9*5}.{0*2}1"), "99999.001");
    assert_eq!(text("{{ab*2}*2}\\e"), "abababab");
    assert_eq!(text("{\"a\": 1}"), "{\"a\": 1}");
}
