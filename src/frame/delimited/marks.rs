//! Where the bytes stand that mean something in delimited text: sixty-four are compared at once, whatever the lengths of
//! the cells between them.

use wide::u8x64;

const LANES: usize = 64;
/// Bytes looked at in one go.
const WINDOW: usize = 4096;
/// Places written at once: of sixty-four bytes of a report about six are marks.
const STRIDE: usize = 8;

/// The marks of a block, in order: delimiters, quotes, line feeds and NUL bytes. Some other control characters come with
/// them, because one comparison less is quicker than leaving them out.
pub struct Marks {
    delimiter: u8,
    places: Box<[u32; WINDOW + STRIDE]>,
    at: usize,
    found: usize,
    /// Bytes of the block that were looked at.
    seen: usize,
    /// The end of the last window with a byte beyond ASCII.
    beyond_ascii: usize,
}

impl Marks {
    pub fn new(delimiter: u8) -> Self {
        Self { delimiter, places: Box::new([0; WINDOW + STRIDE]), at: 0, found: 0, seen: 0, beyond_ascii: 0 }
    }

    /// Begins anew at the first byte of the block.
    pub fn restart(&mut self) {
        (self.at, self.found, self.seen, self.beyond_ascii) = (0, 0, 0, 0);
    }

    /// Whether there is another mark in the block: then the [`rest`](Self::rest) is not empty.
    #[inline]
    pub fn look_on(&mut self, block: &[u8]) -> bool {
        while self.at == self.found {
            if self.seen == block.len() {
                return false;
            }
            self.look(block);
        }
        true
    }

    /// The next marks, as far as they are known.
    #[inline]
    pub fn rest(&self) -> &[u32] {
        &self.places[self.at..self.found]
    }

    #[inline]
    pub fn pass(&mut self, marks: usize) {
        self.at += marks;
    }

    /// The next mark of the block.
    #[inline]
    pub fn next(&mut self, block: &[u8]) -> Option<usize> {
        if !self.look_on(block) {
            return None;
        }
        let mark = self.places[self.at];
        self.at += 1;
        Some(mark as usize)
    }

    /// Every byte from here to the last one that was looked at is ASCII.
    pub fn ascii_since(&self, place: usize) -> bool {
        place >= self.beyond_ascii
    }

    /// Finds the marks of the next window.
    fn look(&mut self, block: &[u8]) {
        let window = &block[self.seen..block.len().min(self.seen + WINDOW)];
        let (chunks, rest) = window.as_chunks::<LANES>();
        let (mut found, mut beyond, mut base) = (0, 0, self.seen as u32);
        for chunk in chunks {
            let bytes = u8x64::from(*chunk);
            beyond |= bytes.to_bitmask();
            found = self.write(marks(bytes, self.delimiter), base, found);
            base += LANES as u32;
        }
        if !rest.is_empty() {
            // Filled up with a letter, which is no mark.
            let mut last = [b'a'; LANES];
            last[..rest.len()].copy_from_slice(rest);
            let bytes = u8x64::from(last);
            beyond |= bytes.to_bitmask();
            found = self.write(marks(bytes, self.delimiter), base, found);
        }
        self.seen += window.len();
        if beyond != 0 {
            self.beyond_ascii = self.seen;
        }
        (self.at, self.found) = (0, found);
    }

    /// Writes the places of the bits, eight at a time: what stands behind the last one is written over by the next.
    #[inline]
    fn write(&mut self, mut bits: u64, base: u32, found: usize) -> usize {
        let after = found + bits.count_ones() as usize;
        let mut at = found;
        while at < after {
            if let Some(slots) = self.places.get_mut(at..at + STRIDE) {
                for slot in slots {
                    *slot = base + bits.trailing_zeros();
                    bits &= bits.wrapping_sub(1);
                }
            }
            at += STRIDE;
        }
        after
    }
}

/// A bit for each mark.
#[inline]
fn marks(bytes: u8x64, delimiter: u8) -> u64 {
    let low = bytes.min(u8x64::splat(b'\n')).simd_eq(bytes);
    let marks = bytes.simd_eq(u8x64::splat(delimiter)) | bytes.simd_eq(u8x64::splat(b'"')) | low;
    marks.to_bitmask()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(block: &[u8], delimiter: u8) -> Vec<usize> {
        let is_mark = |byte: u8| byte == delimiter || byte == b'"' || byte <= b'\n';
        (0..block.len()).filter(|&place| is_mark(block[place])).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn every_mark_is_found(
            block in prop::collection::vec(prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), Just(b'a'), any::<u8>()], 0..5000),
            delimiter in prop_oneof![Just(b','), Just(b';'), Just(b'\t')],
        ) {
            let mut marks = Marks::new(delimiter);
            let found: Vec<usize> = std::iter::from_fn(|| marks.next(&block)).collect();
            prop_assert_eq!(found, plain(&block, delimiter));
            prop_assert!(!marks.ascii_since(0) || block.is_ascii());
        }
    }
}
