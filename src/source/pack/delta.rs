//! One content as the difference from another, in the form of git's packs.

use std::collections::HashMap;

/// So many equal bytes are worth a copy.
const BLOCK: usize = 16;
/// A copy tells at most this many bytes; git reads more, and older readers do not.
const MAX_COPY: usize = 0x1_0000;
const MAX_INSERT: usize = 127;

/// Writes a number in sevens of bits, the lowest first.
fn put_size(out: &mut Vec<u8>, mut size: usize) {
    while size >= 0x80 {
        out.push((size & 0x7f) as u8 | 0x80);
        size >>= 7;
    }
    out.push(size as u8);
}

/// Describes `target` by what it shares with `base`.
pub(super) fn make_delta(base: &[u8], target: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    put_size(&mut out, base.len());
    put_size(&mut out, target.len());
    let shared = |one: &mut dyn Iterator<Item = (&u8, &u8)>| one.take_while(|(a, b)| a == b).count();
    let front = shared(&mut base.iter().zip(target));
    let (base_rest, target_rest) = (&base[front..], &target[front..]);
    let back = shared(&mut base_rest.iter().rev().zip(target_rest.iter().rev()));
    let middle = &base_rest[..base_rest.len() - back];
    put_copy(&mut out, 0, front);
    put_middle(
        &mut out,
        (front, middle),
        &target_rest[..target_rest.len() - back],
    );
    put_copy(&mut out, base.len() - back, back);
    out
}

/// Describes what differs; `base` begins at a place of the whole.
fn put_middle(out: &mut Vec<u8>, (start, base): (usize, &[u8]), target: &[u8]) {
    let mut places: HashMap<&[u8], usize> = HashMap::with_capacity(base.len() / BLOCK);
    for (number, block) in base.chunks_exact(BLOCK).enumerate() {
        places.entry(block).or_insert(number * BLOCK);
    }
    let (mut at, mut written) = (0, 0);
    while at + BLOCK <= target.len() {
        let Some(&place) = places.get(&target[at..at + BLOCK]) else {
            at += 1;
            continue;
        };
        let before = target[written..at]
            .iter()
            .rev()
            .zip(base[..place].iter().rev())
            .take_while(|(one, other)| one == other)
            .count();
        let behind = target[at..]
            .iter()
            .zip(&base[place..])
            .take_while(|(one, other)| one == other)
            .count();
        put_insert(out, &target[written..at - before]);
        put_copy(out, start + place - before, before + behind);
        at += behind;
        written = at;
    }
    put_insert(out, &target[written..]);
}

fn put_insert(out: &mut Vec<u8>, bytes: &[u8]) {
    for part in bytes.chunks(MAX_INSERT) {
        out.push(part.len() as u8);
        out.extend_from_slice(part);
    }
}

fn put_copy(out: &mut Vec<u8>, mut place: usize, mut length: usize) {
    while length > 0 {
        let size = length.min(MAX_COPY);
        let command = out.len();
        out.push(0x80);
        for bit in 0..4 {
            put_byte(out, command, bit, (place >> (8 * bit)) as u8);
        }
        // No size at all means the largest.
        let told = if size == MAX_COPY { 0 } else { size };
        for bit in 0..3 {
            put_byte(out, command, 4 + bit, (told >> (8 * bit)) as u8);
        }
        place += size;
        length -= size;
    }
}

/// Adds a byte unless it is zero, and says in the command whether it is there.
fn put_byte(out: &mut Vec<u8>, command: usize, bit: usize, byte: u8) {
    if byte != 0 {
        out[command] |= 1 << bit;
        out.push(byte);
    }
}

/// Makes the content again; `None` where the difference is malformed, or the content has over `max_bytes`.
pub(super) fn apply_delta(base: &[u8], mut delta: &[u8], max_bytes: u64) -> Option<Vec<u8>> {
    let before = take_size(&mut delta)?;
    let after = take_size(&mut delta)?;
    if before != base.len() as u64 || after > max_bytes {
        return None;
    }
    let mut target = Vec::new();
    while let Some(command) = take(&mut delta) {
        let part = if command & 0x80 == 0 {
            let (part, rest) = delta
                .split_at_checked(usize::from(command))
                .filter(|_| command > 0)?;
            delta = rest;
            part
        } else {
            let (mut place, mut length) = (0_usize, 0_usize);
            for bit in (0..7).filter(|bit| command & (1 << bit) != 0) {
                let byte = usize::from(take(&mut delta)?);
                if bit < 4 {
                    place |= byte << (8 * bit);
                } else {
                    length |= byte << (8 * (bit - 4));
                }
            }
            let length = if length == 0 { MAX_COPY } else { length };
            base.get(place..place.checked_add(length)?)?
        };
        if (target.len() + part.len()) as u64 > after {
            return None;
        }
        target.extend_from_slice(part);
    }
    (target.len() as u64 == after).then_some(target)
}

pub(super) fn take(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

fn take_size(bytes: &mut &[u8]) -> Option<u64> {
    let mut size = 0_u64;
    for shift in (0..63).step_by(7) {
        let byte = take(bytes)?;
        size |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(size);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{apply_delta, make_delta};

    #[test]
    fn a_difference_makes_the_content_again() {
        let long: Vec<u8> = (0..200_000_u32)
            .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
            .collect();
        let mut moved = long[70_000..].to_vec();
        moved.extend_from_slice(b"something new in between, longer than one insert can be: ");
        moved.extend_from_slice(&[7; 300]);
        moved.extend_from_slice(&long[..70_000]);
        let rows: [(&[u8], &[u8]); 7] = [
            (b"", b""),
            (b"", b"all of it is new"),
            (b"all of it is gone", b""),
            (b"the same", b"the same"),
            (
                b"aaaaaaaaaaaaaaaaaaaaaaaa",
                b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            ),
            (&long, &moved),
            (&moved, &long),
        ];
        for (base, target) in rows {
            let delta = make_delta(base, target);
            assert_eq!(apply_delta(base, &delta, 1 << 20).as_deref(), Some(target));
            assert!(target.len() < 1000 || delta.len() < 2000, "{}", delta.len());
            // Cut off anywhere, it is nothing.
            for length in 0..delta.len().min(40) {
                assert_eq!(apply_delta(base, &delta[..length], 1 << 20), None);
            }
            if !target.is_empty() {
                assert_eq!(apply_delta(base, &delta, target.len() as u64 - 1), None);
            }
        }
    }
}
