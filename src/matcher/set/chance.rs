//! How likely bytes of certain classes follow each other in mail.

use super::bytes::{ByteSet, frequency};

/// Lower case, upper case, digits, white space, marks, beyond ASCII.
const KINDS: usize = 6;
/// How much of visible mail text is of each kind, and of each kind after each; rounded counts.
const SHARE: [f64; KINDS] = [0.60, 0.06, 0.04, 0.16, 0.11, 0.03];
const NEXT: [[f64; KINDS]; KINDS] = [
    [0.77, 0.005, 0.01, 0.14, 0.07, 0.005],
    [0.35, 0.43, 0.04, 0.07, 0.1, 0.01],
    [0.11, 0.05, 0.52, 0.13, 0.18, 0.01],
    [0.5, 0.14, 0.03, 0.18, 0.13, 0.02],
    [0.27, 0.06, 0.06, 0.32, 0.28, 0.01],
    [0.1, 0.01, 0.01, 0.15, 0.03, 0.7],
];
/// Longer sequences are taken to be as likely as one of this length.
const LONG: u32 = 64;

fn kind(byte: u8) -> usize {
    match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        b'\t'..=b'\r' | b' ' => 3,
        0x80.. => 5,
        _ => 4,
    }
}

/// How much more often the second byte follows the first than it would if they were independent.
pub(super) fn affinity(first: u8, second: u8) -> f64 {
    NEXT[kind(first)][kind(second)] / SHARE[kind(second)]
}

fn weight(byte: u8) -> f64 {
    match byte {
        b'\n' => 0.03,
        _ => frequency(byte.to_ascii_lowercase()),
    }
}

/// How much of each kind a set holds.
pub(super) struct Portions([f64; KINDS]);

impl Portions {
    pub(super) fn of(set: ByteSet) -> Self {
        let (mut held, mut all) = ([0.0; KINDS], [0.0; KINDS]);
        for byte in 0..=0xff {
            all[kind(byte)] += weight(byte);
            if set.contains(byte) {
                held[kind(byte)] += weight(byte);
            }
        }
        Self(std::array::from_fn(|kind| held[kind] / all[kind]))
    }
}

/// The chance that a sequence stands at a place of a text, followed byte by byte.
#[derive(Default)]
pub(super) struct Walk(Option<[f64; KINDS]>);

impl Walk {
    /// So many more bytes of a set.
    pub(super) fn step(&mut self, portions: &Portions, count: u32) {
        for _ in 0..count.min(LONG) {
            let reached = match self.0 {
                None => SHARE,
                Some(last) => std::array::from_fn(|to| (0..KINDS).map(|from| last[from] * NEXT[from][to]).sum()),
            };
            self.0 = Some(std::array::from_fn(|kind| reached[kind] * portions.0[kind]));
        }
    }

    pub(super) fn chance(&self) -> f64 {
        self.0.map_or(1.0, |reached| reached.iter().sum())
    }
}
