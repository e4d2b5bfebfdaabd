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
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << (at % 8);
        assert!(text_of(&flipped).is_err(), "a bit of byte {at}");
    }
}

/// Ten decimals are what a vendor knows of a cost; behind them a double only shows what it cannot hold.
#[test]
fn amounts_lose_the_noise_of_doubles_and_quantities_nothing() {
    let doubles = [0.1 as Double + 0.2, 1.81e-8, -4e-11, 123_456.7, 2.5e-10];
    let column = |name: &str| Series::new(name.into(), doubles).into_column();
    let bytes = written(vec![column("line_item_unblended_cost"), column("line_item_usage_amount")]);
    let text = ParquetText::of_bytes(bytes).unwrap().with_amounts(|name| name.ends_with("cost"));
    let mut read = String::new();
    { text }.read_to_string(&mut read).unwrap();
    assert_eq!(
        read,
        "line_item_unblended_cost,line_item_usage_amount\n\
         0.3,0.30000000000000004\n\
         0.0000000181,0.0000000181\n\
         0,-0.00000000004\n\
         123456.7,123456.7\n\
         0.0000000003,0.00000000025\n"
    );
}

/// Whatever a flipped bit is made into: it is an error, or the file is read to its end.
#[test]
fn flipped_bits_end_the_reading_or_nothing() {
    let bytes = include_bytes!("../../../tests/samples/aws-cur2/variants/parquet-maps.snappy.parquet");
    for at in (0..bytes.len()).step_by(bytes.len() / 100) {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << (at % 8);
        let sound = crate::frame::parquet_pages::check(&mut io::Cursor::new(&flipped), flipped.len() as u64);
        let rows = text_of(&flipped).map(|text| text.lines().count() > 1);
        assert!(sound.is_err() || rows.unwrap_or(true), "a bit of byte {at}");
    }
}
