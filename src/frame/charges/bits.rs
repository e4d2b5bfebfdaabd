//! Small numbers side by side at as many bits as the largest needs, and runs of one number: the hybrid of Parquet's
//! levels and codes, and its packed deltas.

use anyhow::{Context, Result, ensure};

/// Bits that hold every number up to this one.
pub fn width_of(largest: u32) -> u32 {
    u32::BITS - largest.leading_zeros()
}

/// A run of one number.
pub fn put_run(number: u32, width: u32, count: usize, into: &mut Vec<u8>) {
    put_varint((count as u64) << 1, into);
    into.extend_from_slice(&number.to_le_bytes()[..width.div_ceil(8) as usize]);
}

/// All numbers as one run side by side: any of them is found without those before it.
pub fn put_packed(numbers: &[u32], width: u32, into: &mut Vec<u8>) {
    put_varint((numbers.len().div_ceil(8) as u64) << 1 | 1, into);
    let mut at = into.len();
    // Room for a whole store beyond the last eight, taken back below.
    into.resize(at + numbers.len().div_ceil(8) * width as usize + 32, 0);
    let (eights, rest) = numbers.as_chunks::<8>();
    for eight in eights {
        put_eight(eight, width, &mut into[at..]);
        at += width as usize;
    }
    if !rest.is_empty() {
        let mut eight = [0; 8];
        eight[..rest.len()].copy_from_slice(rest);
        put_eight(&eight, width, &mut into[at..]);
        at += width as usize;
    }
    into.truncate(at);
}

/// Eight numbers of so many bits are as many bytes.
fn put_eight(eight: &[u32; 8], width: u32, into: &mut [u8]) {
    let four = |numbers: &[u32]| numbers.iter().rev().fold(0_u128, |bits, &number| bits << width | u128::from(number));
    if width <= 8 {
        let bits = eight.iter().rev().fold(0_u64, |bits, &number| bits << width | u64::from(number));
        into[..8].copy_from_slice(&bits.to_le_bytes());
    } else if width <= 16 {
        let bits = four(&eight[..4]) | four(&eight[4..]) << (4 * width);
        into[..16].copy_from_slice(&bits.to_le_bytes());
    } else {
        // The first four may end within a byte, which then begins the second four.
        let (low, whole, shift) = (four(&eight[..4]), (width / 2) as usize, width % 2 * 4);
        into[..16].copy_from_slice(&low.to_le_bytes());
        let shared = if shift == 4 { into[whole] } else { 0 };
        into[whole..whole + 16].copy_from_slice(&(four(&eight[4..]) << shift).to_le_bytes());
        into[whole] |= shared;
    }
}

pub fn put_varint(mut number: u64, into: &mut Vec<u8>) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

/// Deltas of a block, and of the smallest piece of it with a width of its own.
const BLOCK: usize = 128;
const PIECE: usize = 32;

/// Whole numbers as deltas: neighbours that differ by one cost a third of a bit.
pub fn put_deltas(numbers: &[u64], into: &mut Vec<u8>) {
    for number in [BLOCK, BLOCK / PIECE, numbers.len()] {
        put_varint(number as u64, into);
    }
    put_signed(numbers.first().map_or(0, |&first| first as i64), into);
    let mut deltas = [0_i64; BLOCK];
    let mut before = numbers.first().copied().unwrap_or_default();
    for block in numbers.get(1..).unwrap_or_default().chunks(BLOCK) {
        for (delta, &number) in deltas.iter_mut().zip(block) {
            *delta = number.wrapping_sub(before) as i64;
            before = number;
        }
        put_block(&deltas[..block.len()], into);
    }
}

fn put_block(deltas: &[i64], into: &mut Vec<u8>) {
    let least = deltas.iter().copied().min().unwrap_or_default();
    put_signed(least, into);
    let above = |delta: i64| delta.wrapping_sub(least) as u64;
    let widths = into.len();
    into.resize(widths + BLOCK / PIECE, 0);
    for (place, piece) in deltas.chunks(PIECE).enumerate() {
        let width = u64::BITS - piece.iter().fold(0, |bits, &delta| bits | above(delta)).leading_zeros();
        into[widths + place] = width as u8;
        let (mut bits, mut filled) = (0_u128, 0);
        // A piece that is not full is padded.
        for delta in piece.iter().map(|&delta| above(delta)).chain(std::iter::repeat_n(0, PIECE - piece.len())) {
            bits |= u128::from(delta) << filled;
            filled += width;
            if filled >= 64 {
                into.extend_from_slice(&(bits as u64).to_le_bytes());
                bits >>= 64;
                filled -= 64;
            }
        }
        into.extend_from_slice(&bits.to_le_bytes()[..filled.div_ceil(8) as usize]);
    }
}

fn put_signed(number: i64, into: &mut Vec<u8>) {
    put_varint((number << 1 ^ number >> 63) as u64, into);
}

/// Bytes that are read from the front.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).context("a page ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub fn varint(&mut self) -> Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        anyhow::bail!("a number in a page has no end")
    }

    fn signed(&mut self) -> Result<i64> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }
}

/// Numbers as they lie in a page.
pub enum Packed {
    All(u32),
    Each { bytes: Vec<u8>, width: u32 },
}

impl Packed {
    /// One run of so many numbers, which is all that we write.
    pub fn read(mut page: Bytes<'_>, width: u32, count: usize) -> Result<Self> {
        ensure!(width <= 32, "a page packs numbers of {width} bits");
        let head = page.varint()?;
        if head & 1 == 0 {
            ensure!(head >> 1 == count as u64, "a page holds more than one run");
            let mut number = [0; 4];
            let length = width.div_ceil(8) as usize;
            number[..length].copy_from_slice(page.take(length)?);
            return Ok(Self::All(u32::from_le_bytes(number)));
        }
        ensure!(head >> 1 == count.div_ceil(8) as u64, "a page holds more than one run");
        let mut bytes = page.take(count.div_ceil(8) * width as usize)?.to_vec();
        // So that eight bytes can be taken wherever a number begins.
        bytes.extend_from_slice(&[0; 8]);
        Ok(Self::Each { bytes, width })
    }

    pub fn get(&self, place: usize) -> u32 {
        match self {
            Self::All(number) => *number,
            Self::Each { bytes, width } => {
                let bit = place * *width as usize;
                let Some(word) = bytes.get(bit / 8..).and_then(|rest| rest.first_chunk::<8>()) else { return 0 };
                (u64::from_le_bytes(*word) >> (bit % 8) & ((1 << width) - 1)) as u32
            }
        }
    }
}

/// The numbers behind [`put_deltas`].
pub fn deltas(page: &[u8], count: usize) -> Result<Vec<u64>> {
    let mut page = Bytes(page);
    let (block, pieces, numbers) = (page.varint()?, page.varint()?, page.varint()?);
    ensure!((block, pieces, numbers) == (BLOCK as u64, (BLOCK / PIECE) as u64, count as u64), "deltas of another kind");
    let mut numbers = Vec::with_capacity(count);
    let mut number = page.signed()? as u64;
    numbers.push(number);
    while numbers.len() < count {
        let least = page.signed()?;
        for &width in page.take(BLOCK / PIECE)? {
            let left = count - numbers.len();
            if left == 0 {
                break;
            }
            ensure!(width <= 64, "a page packs numbers of {width} bits");
            let mut bytes = page.take(usize::from(width) * PIECE / 8)?.to_vec();
            bytes.extend_from_slice(&[0; 16]);
            for bit in (0..PIECE.min(left)).map(|place| place * usize::from(width)) {
                let word =
                    bytes.get(bit / 8..).and_then(|rest| rest.first_chunk::<16>()).context("a page ends too early")?;
                let above = u128::from_le_bytes(*word) >> (bit % 8) & ((1 << width) - 1);
                number = number.wrapping_add(least as u64).wrapping_add(above as u64);
                numbers.push(number);
            }
        }
    }
    numbers.truncate(count);
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_width_come_back_from_any_place() {
        for width in 1..=32 {
            let largest = u32::MAX >> (32 - width);
            for count in [1, 7, 8, 9, 100] {
                let numbers: Vec<u32> = (0..count).map(|n: u32| n.wrapping_mul(2_654_435_761) & largest).collect();
                let mut page = Vec::new();
                put_packed(&numbers, width, &mut page);
                let back = Packed::read(Bytes(&page), width, numbers.len()).unwrap();
                let back: Vec<u32> = (0..numbers.len()).map(|place| back.get(place)).collect();
                assert_eq!(back, numbers, "{width} bits");
            }
        }
    }

    #[test]
    fn deltas_come_back_however_wide() {
        let wide = [0, u64::MAX, 1, 1 << 63, 7, 7, 8];
        for count in [1, 2, 32, 33, 128, 129, 130, 1000] {
            let near: Vec<u64> = (2..count + 2).collect();
            let far: Vec<u64> = (0..count as usize).map(|place| wide[place % wide.len()]).collect();
            for numbers in [near, far] {
                let mut page = Vec::new();
                put_deltas(&numbers, &mut page);
                assert_eq!(deltas(&page, numbers.len()).unwrap(), numbers);
            }
        }
    }
}
