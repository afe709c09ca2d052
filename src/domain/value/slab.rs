//! Short byte strings side by side: an allocation each would cost as much again as most of them.

/// Where a byte string stands. Means something only to the [`Slab`] that made it. The default is
/// the empty string.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    slot: u32,
    bytes: u32,
}

/// Byte strings, those of about one length in slots of one size. A slot that was given back is the
/// next to be used.
#[derive(Debug, Clone, Default)]
pub struct Slab {
    /// By length, in steps.
    sizes: Vec<Slots>,
    /// What is too long for a slot.
    long: Vec<Box<[u8]>>,
    long_free: Vec<u32>,
}

/// Slots of one size.
#[derive(Debug, Clone, Default)]
struct Slots {
    blocks: Vec<Box<[u8]>>,
    used: u32,
    free: Vec<u32>,
}

/// Slots are as many times this long; half of it is lost on average.
const STEP_BYTES: usize = 4;

/// Longer strings have an allocation of their own, whose cost is then small beside them.
const SLOT_BYTES_MAX: usize = 512;

/// Slots made at a time.
const BLOCK_SLOTS: u32 = 64;

impl Slab {
    /// Keeps a byte string.
    ///
    /// # Panics
    /// When it is longer than 4 GiB; bodies are limited far below that.
    pub fn put(&mut self, bytes: &[u8]) -> Place {
        let slot = match size_of(bytes.len()) {
            None => 0,
            Some(size) => {
                if self.sizes.len() <= size {
                    self.sizes.resize_with(size + 1, Slots::default);
                }
                self.sizes[size].put(bytes, slot_bytes(size))
            }
        };
        let slot = if bytes.len() > SLOT_BYTES_MAX { self.put_long(bytes) } else { slot };
        Place { slot, bytes: u32::try_from(bytes.len()).expect("bodies are far below 4 GiB") }
    }

    fn put_long(&mut self, bytes: &[u8]) -> u32 {
        if let Some(slot) = self.long_free.pop() {
            self.long[slot as usize] = bytes.into();
            return slot;
        }
        self.long.push(bytes.into());
        number(self.long.len() - 1)
    }

    /// A byte string that is kept.
    pub fn get(&self, place: Place) -> &[u8] {
        let length = place.bytes as usize;
        match size_of(length) {
            Some(size) => &self.sizes[size].slot(place.slot, slot_bytes(size))[..length],
            None if length == 0 => &[],
            None => &self.long[place.slot as usize],
        }
    }

    /// Gives a byte string back.
    pub fn take(&mut self, place: Place) {
        match size_of(place.bytes as usize) {
            Some(size) => self.sizes[size].free(place.slot),
            None if place.bytes == 0 => {}
            None => {
                self.long[place.slot as usize] = Box::default();
                self.long_free.push(place.slot);
            }
        }
    }
}

impl Slots {
    fn put(&mut self, bytes: &[u8], slot_bytes: usize) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        });
        let (block, at) = split(slot, slot_bytes);
        if block == self.blocks.len() {
            self.blocks.push(vec![0; slot_bytes * BLOCK_SLOTS as usize].into_boxed_slice());
        }
        self.blocks[block][at..at + bytes.len()].copy_from_slice(bytes);
        slot
    }

    fn slot(&self, slot: u32, slot_bytes: usize) -> &[u8] {
        let (block, at) = split(slot, slot_bytes);
        &self.blocks[block][at..at + slot_bytes]
    }

    fn free(&mut self, slot: u32) {
        self.free.push(slot);
        if self.free.len() == self.used as usize {
            // A flood that is over gives back what it took.
            *self = Self::default();
        }
    }
}

/// Which slots take a string of this length; none if it needs none or is too long.
fn size_of(length: usize) -> Option<usize> {
    (1..=SLOT_BYTES_MAX).contains(&length).then(|| (length - 1) / STEP_BYTES)
}

fn slot_bytes(size: usize) -> usize {
    (size + 1) * STEP_BYTES
}

fn split(slot: u32, slot_bytes: usize) -> (usize, usize) {
    ((slot / BLOCK_SLOTS) as usize, (slot % BLOCK_SLOTS) as usize * slot_bytes)
}

fn number(slot: usize) -> u32 {
    u32::try_from(slot).expect("fewer than four thousand million strings")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_every_length_come_and_go() {
        let mut slab = Slab::default();
        let text = |length: usize| vec![u8::try_from(length % 251).unwrap(); length];
        let lengths = [0, 1, 4, 5, 31, 511, 512, 513, 5_000];
        let places: Vec<Place> =
            lengths.iter().cycle().take(900).map(|length| slab.put(&text(*length))).collect();
        for (place, length) in places.iter().zip(lengths.iter().cycle()) {
            assert_eq!(slab.get(*place), text(*length));
        }
        for place in places {
            slab.take(place);
        }
        assert!(slab.sizes.iter().all(|slots| slots.blocks.is_empty()));
        assert_eq!(slab.get(Place::default()), b"");
    }

    #[test]
    fn a_slot_given_back_is_used_again() {
        let mut slab = Slab::default();
        let (one, _two) = (slab.put(b"one"), slab.put(b"two"));
        slab.take(one);
        assert_eq!(slab.put(b"red"), one);
        assert_eq!(slab.get(one), b"red");
    }
}
