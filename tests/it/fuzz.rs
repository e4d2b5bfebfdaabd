//! Every fuzz target over the samples and over some thousand mutations of them, the same ones each time.

#[path = "../../fuzz/targets.rs"]
mod targets;

use crate::cmd::root;
use std::fs;
use std::path::Path;
use targets::TARGETS;

/// A sequence that looks like chance and is always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

/// Bytes of a seed that are taken, and mutations of each.
const LONGEST: usize = 3000;
const EACH: usize = 12;

/// What breaks readers.
const HOSTILE: &[&[u8]] = &[
    b"\"",
    b"\"\"",
    b",",
    b"\n",
    b"\r",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"1e999999999",
    b"-",
    b"E+10",
    b"NaN",
    b"99999999999999999999999999999999999999999",
    b"0.0000000000000000000000000000000000001",
    b"{",
    b"}",
    b"[[[[[[",
    b"\\u0000",
    b"0001-01-01",
    b"9999-12-31T23:59:60Z",
    b"2025-02-30",
    b"+262143-01-01",
    b"sep=",
    b"PK\x03\x04",
    b"PAR1",
    b"\x1f\x8b\x08",
    b"\x28\xb5\x2f\xfd",
    b"=cmd()",
    b"\xe2\x80\xae",
];

fn mutated(seed: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len());
        let end = (at + dice.below(40)).min(bytes.len());
        match dice.below(6) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            3 => bytes.truncate(at),
            4 => {
                let hostile = HOSTILE[dice.below(HOSTILE.len())];
                bytes.splice(at..at, hostile.iter().copied());
            }
            _ => {
                let hostile = HOSTILE[dice.below(HOSTILE.len())];
                bytes.splice(at..end, hostile.iter().copied());
            }
        }
    }
    bytes
}

fn files_below(folder: &Path, found: &mut Vec<Vec<u8>>) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files_below(&path, found);
        } else if path.extension().is_none_or(|end| end != "json" && end != "md") {
            found.push(fs::read(path).unwrap());
        }
    }
}

/// The text of a sample, unpacked where it is gzip.
fn text(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(bytes);
    match bytes.starts_with(b"\x1f\x8b") && std::io::Read::read_to_end(&mut reader, &mut text).is_ok() {
        true => text,
        false => bytes.to_vec(),
    }
}

/// Seeds of a target, with the bytes that choose in front.
fn seeds(target: &str, samples: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let short = |bytes: Vec<u8>| bytes[..bytes.len().min(LONGEST)].to_vec();
    let behind = |first: &[u8], sample: &[u8]| [first, &short(text(sample))].concat();
    let page = fs::read_to_string(root().join("docs/mappings.md")).unwrap();
    let sheets = [
        "invoice,provider,billing_account_id,month,amount\n1,AWS,111122223333,2025-06,12.50\n",
        "driver,month,agency,value,unit\nhours,2025-06,DOT,1.5,hours\n",
    ];
    match target {
        "delimited" => samples.iter().map(|sample| behind(b"\0", sample)).collect(),
        "packed" => samples.iter().map(|sample| sample[..sample.len().min(40_000)].to_vec()).collect(),
        // Each sample meets the reader that is its own and some that are not.
        "source" => {
            let one = |(place, sample): (usize, &Vec<u8>)| {
                let own = (0..23).find(|&source| is_of(source, &text(sample))).unwrap_or(place as u8 % 23);
                [behind(&[own, 0], sample), behind(&[own, 27], sample), behind(&[place as u8, 1], sample)]
            };
            samples.iter().enumerate().flat_map(one).collect()
        }
        "amount" => {
            ["0", "-12.34", "1.81E-8", "0.003835980000000000000000000000", "1,234.56", "$1.50", "(12.50)", "1e30"]
                .iter()
                .flat_map(|amount| std::iter::repeat_n(amount.as_bytes().to_vec(), 20))
                .collect()
        }
        "mapping" => page
            .split("```toml\n")
            .skip(1)
            .flat_map(|block| std::iter::repeat_n(block.split("```").next().unwrap().as_bytes().to_vec(), 10))
            .collect(),
        _ => sheets.iter().flat_map(|sheet| std::iter::repeat_n(sheet.as_bytes().to_vec(), 20)).collect(),
    }
}

fn is_of(source: u8, text: &[u8]) -> bool {
    let header = String::from_utf8_lossy(text.split(|&byte| byte == b'\n').next().unwrap_or_default()).into_owned();
    let header: Vec<String> = header.split(',').map(|name| name.trim_matches(['"', '\r']).to_owned()).collect();
    let found = chargeback::sources::recognition::source_of(&header, &[]);
    found.is_some_and(|found| found.name == chargeback::sources::SOURCES[usize::from(source)].name)
}

#[test]
fn no_target_panics_on_mutated_samples() {
    let mut samples = Vec::new();
    files_below(&root().join("tests/samples"), &mut samples);
    let mut dice = Dice(20_250_601);
    let mut runs = 0;
    for (name, target) in TARGETS {
        for seed in seeds(name, &samples) {
            target(&seed);
            for _ in 0..EACH {
                let bytes = mutated(&seed, &mut dice);
                target(&bytes);
                runs += 1;
            }
        }
    }
    assert!(runs > 5000, "{runs} mutations");
}
