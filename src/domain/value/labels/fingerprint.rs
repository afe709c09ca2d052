//! What identifies a label set in Prometheus and Alertmanager.

use std::fmt;

use super::Labels;
use super::packing::Parts;

/// Identifies a label set: FNV-1a over sorted `name 0xff value 0xff`, as in Prometheus.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Fingerprint(pub u64);

/// So many sets are hashed side by side: FNV waits for each byte, and a core has other hands free.
const LANES: usize = 4;

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

impl Fingerprint {
    /// The identity of the set that these pairs make, which are in order and without empty values.
    pub fn of<'a>(sorted: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut hash = OFFSET;
        for part in sorted.flat_map(|(name, value)| [name, value]) {
            hash = part.bytes().fold(hash, step);
            hash = step(hash, 0xff);
        }
        Self(hash)
    }

    /// The identities of some sets, for less than one by one.
    pub fn of_each<'a>(sets: impl Iterator<Item = &'a Labels>) -> Vec<Self> {
        let mut found = Vec::with_capacity(sets.size_hint().0);
        let mut lanes: [Vec<u8>; LANES] = Default::default();
        let mut taken = 0;
        for set in sets {
            let lane = &mut lanes[taken];
            lane.clear();
            set.spell(lane);
            taken += 1;
            if taken == LANES {
                found.extend(side_by_side(&lanes).map(Self));
                taken = 0;
            }
        }
        found.extend(lanes[..taken].iter().map(|lane| Self(go_on(OFFSET, lane))));
        found
    }
}

fn side_by_side(lanes: &[Vec<u8>; LANES]) -> [u64; LANES] {
    let shortest = lanes.iter().map(Vec::len).min().unwrap_or_default();
    let [(a, rest_a), (b, rest_b), (c, rest_c), (d, rest_d)] =
        lanes.each_ref().map(|lane| lane.split_at(shortest));
    let mut hashes = [OFFSET; LANES];
    for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
        let [hash_a, hash_b, hash_c, hash_d] = hashes;
        hashes = [step(hash_a, *a), step(hash_b, *b), step(hash_c, *c), step(hash_d, *d)];
    }
    let [hash_a, hash_b, hash_c, hash_d] = hashes;
    [go_on(hash_a, rest_a), go_on(hash_b, rest_b), go_on(hash_c, rest_c), go_on(hash_d, rest_d)]
}

fn go_on(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().copied().fold(hash, step)
}

#[inline]
fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(PRIME)
}

impl Labels {
    /// Appends what identifies the set: its parts, each with an end.
    fn spell(&self, out: &mut Vec<u8>) {
        let bytes = self.packed.as_bytes();
        let mut parts = Parts::new(&self.packed);
        // An end takes as much as a short length, and room for more is no loss.
        out.reserve(bytes.len());
        while let Some((name, value)) = parts.pair() {
            out.extend_from_slice(&bytes[name]);
            out.push(0xff);
            out.extend_from_slice(&bytes[value]);
            out.push(0xff);
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hashed_side_by_side_keep_their_identities() {
        let set = |length: usize| {
            let pairs = (0..length % 7).map(|n| (format!("name{n}"), "é".repeat(length + n)));
            Labels::new(pairs)
        };
        for count in 0..14 {
            let sets: Vec<Labels> = (0..count).map(|n| set(n * 5 % 11)).collect();
            let alone: Vec<Fingerprint> = sets.iter().map(Labels::fingerprint).collect();
            assert_eq!(Fingerprint::of_each(sets.iter()), alone);
        }
    }
}
