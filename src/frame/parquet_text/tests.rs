use super::*;
use polars::prelude::{IntoColumn, NamedFrom, ParquetWriter};

fn written(columns: Vec<Column>) -> Vec<u8> {
    let mut frame = DataFrame::new_infer_height(columns).unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).with_row_group_size(Some(1000)).finish(&mut frame).unwrap();
    bytes
}

fn text_of(bytes: &[u8]) -> io::Result<String> {
    let mut text = String::new();
    ParquetText::of_bytes(bytes.to_vec())?.read_to_string(&mut text)?;
    Ok(text)
}

fn sample() -> Vec<u8> {
    let moments = Series::new("at".into(), [1_748_736_000_000i64, 1_748_736_000_500])
        .cast(&DataType::Datetime(TimeUnit::Milliseconds, None))
        .unwrap();
    let exact = Series::new("exact".into(), ["12.5", "-0.0001"]).cast(&DataType::Decimal(38, 10)).unwrap();
    written(vec![
        Series::new("text, with".into(), [Some("a \"b\"\nc"), None]).into_column(),
        Series::new("double".into(), [0.1 as Double, 1.81e-8]).into_column(),
        moments.into_column(),
        exact.into_column(),
        Series::new("whole".into(), [7i64, -7]).into_column(),
    ])
}

type Double = f64;

#[test]
fn cells_say_what_the_file_says() {
    assert_eq!(
        text_of(&sample()).unwrap(),
        "\"text, with\",double,at,exact,whole\n\
         \"a \"\"b\"\"\nc\",0.1,2025-06-01T00:00:00Z,12.5000000000,7\n\
         ,0.0000000181,2025-06-01T00:00:00.500Z,-0.0001000000,-7\n"
    );
}

#[test]
fn every_row_once_over_pieces_and_row_groups() {
    let numbers: Vec<i64> = (0..70_000).collect();
    let bytes = written(vec![Series::new("n".into(), numbers.as_slice()).into_column()]);
    let text = text_of(&bytes).unwrap();
    assert!(text.lines().skip(1).map(|line| line.parse::<i64>().unwrap()).eq(numbers));
}

#[test]
fn damage_is_an_error() {
    let bytes = sample();
    assert!(text_of(b"PAR1").is_err());
    assert!(text_of(b"PAR1PAR1PAR1PAR1").is_err());
    for end in (4..bytes.len()).step_by(7) {
        assert!(text_of(&bytes[..end]).is_err(), "cut at {end}");
    }
    for at in bytes.len() - 8..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(text_of(&flipped).is_err(), "a bit of byte {at}");
    }
}
