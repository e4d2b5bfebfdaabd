//! Fingerprints of rows and row ids: the same on every machine, because they are kept with a part's outcome.

const FIRST: u64 = 0xa076_1d64_78bd_642f;
const SECOND: u64 = 0xe703_7ed1_a0b4_28db;
const THIRD: u64 = 0x8ebc_6af0_9c88_c6e3;

/// Sixty-four bits of a text. It guards against accidents, not against people: whoever can forge rows can forge files.
///
/// A long text runs in four lanes, because each step of one must wait for the step before.
pub fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hash = FIRST ^ bytes.len() as u64;
    let (blocks, rest) = bytes.as_chunks::<64>();
    if !blocks.is_empty() {
        let mut lanes = [hash, hash ^ SECOND, hash ^ THIRD, hash ^ SECOND ^ THIRD];
        for block in blocks {
            let (chunks, _) = block.as_chunks::<16>();
            for (lane, chunk) in lanes.iter_mut().zip(chunks) {
                *lane = step(*lane, chunk);
            }
        }
        hash = fold(lanes[0] ^ lanes[1].rotate_left(17), lanes[2] ^ lanes[3].rotate_left(31)) ^ lanes[1] ^ lanes[3];
    }
    let (chunks, rest) = rest.as_chunks::<16>();
    let hash = chunks.iter().fold(hash, step);
    let mut last = [0; 16];
    last[..rest.len()].copy_from_slice(rest);
    fold(step(hash, &last) ^ FIRST, SECOND)
}

fn step(hash: u64, chunk: &[u8; 16]) -> u64 {
    let both = u128::from_le_bytes(*chunk);
    fold(both as u64 ^ SECOND, (both >> 64) as u64 ^ hash)
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// The fingerprint of a set of rows: sums do not know the order.
#[derive(Clone, Copy, Default)]
pub struct Content(u64, u64);

impl Content {
    pub fn add(&mut self, row: u64) {
        self.0 = self.0.wrapping_add(row);
        self.1 = self.1.wrapping_add((row ^ FIRST).rotate_left(23).wrapping_mul(SECOND | 1));
    }

    pub fn text(self) -> String {
        format!("{:016x}{:016x}", self.0, self.1)
    }
}
