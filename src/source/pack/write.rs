//! A pack is written, with the head of a git bundle before it.

use std::collections::HashMap;
use std::io::Write as _;

use anyhow::{Context as _, Result};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use git2::{ObjectFormat, ObjectType, Oid};

use super::delta::make_delta;
use super::reach::Reached;
use super::{MAX_BYTES, OFFSET_DELTA, pack_hash};
use crate::source::objects::Objects;

/// A content that is larger is not compared with another.
const MAX_DELTA_BYTES: usize = 8 << 20;
/// So many differences may hang on each other.
const MAX_CHAIN: u32 = 50;
/// The branch to which the commit is given: its own name is no input.
const BRANCH: &str = "refs/heads/main";

/// Where an object stands in the pack, and on how many differences it hangs.
#[derive(Clone, Copy)]
struct Place {
    offset: usize,
    chain: u32,
}

/// Writes a git bundle; `None` where it would have more than `max_bytes`.
pub(super) fn write(
    objects: &Objects<'_>,
    head: Oid,
    reached: &[Reached],
    max_bytes: u64,
) -> Result<Option<Vec<u8>>> {
    let begin = match objects.format {
        ObjectFormat::Sha1 => "# v2 git bundle\n",
        ObjectFormat::Sha256 => "# v3 git bundle\n@object-format=sha256\n",
    };
    let mut out = format!("{begin}{head} {BRANCH}\n{head} HEAD\n\n").into_bytes();
    let start = out.len();
    out.extend_from_slice(b"PACK\0\0\0\x02");
    let count = u32::try_from(reached.len()).context("the history holds too many objects")?;
    out.extend_from_slice(&count.to_be_bytes());
    let mut places: HashMap<Oid, Place> = HashMap::with_capacity(reached.len());
    for one in reached {
        let place = put_object(objects, one, &places, &mut out)?;
        places.insert(one.id, place);
        if out.len() as u64 > max_bytes {
            return Ok(None);
        }
    }
    let hash = pack_hash(objects.format, &out[start..]);
    out.extend_from_slice(&hash);
    Ok(Some(out))
}

fn put_object(
    objects: &Objects<'_>,
    one: &Reached,
    places: &HashMap<Oid, Place>,
    out: &mut Vec<u8>,
) -> Result<Place> {
    let object = objects.database.read(one.id, one.kind, MAX_BYTES)?;
    let (data, offset) = (object.data(), out.len());
    let base = one.later.and_then(|id| Some((id, *places.get(&id)?)));
    if let Some((id, place)) = base
        && place.chain < MAX_CHAIN
        && data.len() <= MAX_DELTA_BYTES
        && objects.database.header(id)?.0 <= MAX_DELTA_BYTES as u64
    {
        let base = objects.database.read(id, one.kind, MAX_BYTES)?;
        let delta = make_delta(base.data(), data);
        if delta.len() < data.len() / 2 {
            put_head(out, OFFSET_DELTA, delta.len());
            put_offset(out, offset - place.offset);
            deflate(out, &delta)?;
            let chain = place.chain + 1;
            return Ok(Place { offset, chain });
        }
    }
    put_head(out, kind_number(one.kind), data.len());
    deflate(out, data)?;
    Ok(Place { offset, chain: 0 })
}

/// Returns the number that packs give to a kind of object.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library knows kinds that no history holds"
)]
fn kind_number(kind: ObjectType) -> u8 {
    match kind {
        ObjectType::Commit => 1,
        ObjectType::Tree => 2,
        _ => 3,
    }
}

/// Writes the kind and the size: four bits of it, then sevens.
fn put_head(out: &mut Vec<u8>, kind: u8, size: usize) {
    let mut byte = kind << 4 | (size & 0x0f) as u8;
    let mut rest = size >> 4;
    while rest > 0 {
        out.push(byte | 0x80);
        byte = (rest & 0x7f) as u8;
        rest >>= 7;
    }
    out.push(byte);
}

/// Writes how far back the base stands: sevens of bits, the highest first, each but the last with one added.
fn put_offset(out: &mut Vec<u8>, mut back: usize) {
    let mut bytes = vec![(back & 0x7f) as u8];
    back >>= 7;
    while back > 0 {
        back -= 1;
        bytes.push((back & 0x7f) as u8 | 0x80);
        back >>= 7;
    }
    out.extend(bytes.iter().rev());
}

fn deflate(out: &mut Vec<u8>, data: &[u8]) -> Result<()> {
    let mut encoder = ZlibEncoder::new(out, Compression::default());
    encoder.write_all(data)?;
    encoder.finish().context("cannot compress")?;
    Ok(())
}
