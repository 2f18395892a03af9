//! A git bundle is compared with a repository; nothing in it is believed, and nothing of it is kept.
//!
//! Where it holds a difference, the base is read from the repository: whatever is not there is wrong anyway.

use std::collections::{HashMap, HashSet};

use flate2::{Decompress, FlushDecompress, Status};
use git2::{ObjectType, Oid};

use super::delta::{apply_delta, take};
use super::reach::Reached;
use super::{BASE_DELTA, MAX_BYTES, OFFSET_DELTA, pack_hash};
use crate::source::objects::Objects;

/// The most lines before the pack.
const MAX_LINES: usize = 1000;

/// Reads what stands before the pack: the one commit that every name leads to, and the pack.
pub(super) fn read_head(bytes: &[u8]) -> Result<(&str, &[u8]), String> {
    let mut rest = bytes;
    let first = take_line(&mut rest).ok_or("is no git bundle")?;
    if !matches!(first, "# v2 git bundle" | "# v3 git bundle") {
        return Err("is no git bundle of version 2 or 3".to_owned());
    }
    let mut head = None;
    for _ in 0..MAX_LINES {
        let line = take_line(&mut rest).ok_or("ends before its pack")?;
        if line.is_empty() {
            let head = head.ok_or("names no commit")?;
            return Ok((head, rest));
        }
        if let Some(capability) = line.strip_prefix('@') {
            if !capability.starts_with("object-format=") {
                return Err(format!("asks for `{}`", capability.escape_debug()));
            }
        } else if line.starts_with('-') {
            return Err("needs commits that are not in it".to_owned());
        } else {
            let (hash, name) = line.split_once(' ').ok_or("has a line that names nothing")?;
            if head.is_some_and(|head| head != hash) {
                let name = name.escape_debug();
                return Err(format!("ends in more than one commit: `{name}` is another"));
            }
            head = Some(hash);
        }
    }
    Err(format!("has more than {MAX_LINES} lines before its pack"))
}

fn take_line<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let end = memchr::memchr(b'\n', bytes)?;
    let line = std::str::from_utf8(&bytes[..end]).ok()?;
    *bytes = &bytes[end + 1..];
    Some(line)
}

/// Compares every object with those of the repository; says how many there are, or what differs first.
pub(super) fn check(
    objects: &Objects<'_>,
    commit: &str,
    reached: &[Reached],
    bytes: &[u8],
) -> Result<usize, String> {
    let (head, pack) = read_head(bytes)?;
    if head != commit {
        let head = head.escape_debug();
        return Err(format!("its head is `{head}`, and `{commit}` is the commit"));
    }
    let expected: HashMap<Oid, ObjectType> = reached.iter().map(|one| (one.id, one.kind)).collect();
    let hash_bytes = commit.len() / 2;
    let body = pack.len().checked_sub(hash_bytes).ok_or(CUT_OFF)?;
    let (body, hash) = pack.split_at(body);
    if pack_hash(objects.format, body) != hash {
        return Err("its pack is damaged or cut off".to_owned());
    }
    let mut reader = Reader {
        objects,
        expected,
        body,
        rest: body,
        at: HashMap::new(),
        seen: HashSet::new(),
    };
    reader.read()?;
    let missing = reached.iter().find(|one| !reader.seen.contains(&one.id));
    match missing {
        Some(one) => Err(format!("object `{}` is not in it", one.id)),
        None => Ok(reader.seen.len()),
    }
}

const CUT_OFF: &str = "its pack is cut off";
const MALFORMED: &str = "its pack is malformed";

struct Reader<'a> {
    objects: &'a Objects<'a>,
    expected: HashMap<Oid, ObjectType>,
    body: &'a [u8],
    rest: &'a [u8],
    /// Which object stands at a place of the pack.
    at: HashMap<usize, Oid>,
    seen: HashSet<Oid>,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<(), String> {
        let head = self.rest.get(..12).ok_or(CUT_OFF)?;
        if &head[..8] != b"PACK\0\0\0\x02" {
            return Err("its pack is of another version than 2".to_owned());
        }
        let count = head[8..]
            .iter()
            .fold(0_usize, |count, byte| count << 8 | usize::from(*byte));
        self.rest = &self.rest[12..];
        for _ in 0..count {
            let offset = self.body.len() - self.rest.len();
            let id = self.read_object(offset)?;
            self.at.insert(offset, id);
            if !self.seen.insert(id) {
                return Err(format!("object `{id}` is in it twice"));
            }
        }
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err("something lies behind its last object".to_owned())
        }
    }

    fn read_object(&mut self, offset: usize) -> Result<Oid, String> {
        let (kind, size) = self.read_size()?;
        let (kind, data) = match kind {
            1 => (ObjectType::Commit, self.inflate(size)?),
            2 => (ObjectType::Tree, self.inflate(size)?),
            3 => (ObjectType::Blob, self.inflate(size)?),
            OFFSET_DELTA => {
                let back = self.read_offset()?;
                let base = offset
                    .checked_sub(back)
                    .and_then(|place| self.at.get(&place))
                    .copied();
                self.read_delta(base.ok_or(MALFORMED)?, size)?
            }
            BASE_DELTA => {
                let length = self.objects.id_bytes();
                let (base, rest) = self.rest.split_at_checked(length).ok_or(CUT_OFF)?;
                self.rest = rest;
                self.read_delta(Oid::from_bytes(base).map_err(|_| MALFORMED)?, size)?
            }
            _ => return Err("it holds an object that is no commit, folder or file".to_owned()),
        };
        let id = Oid::hash_object_ext(kind, &data, self.objects.format).map_err(|_| MALFORMED)?;
        if self.expected.get(&id) == Some(&kind) {
            Ok(id)
        } else {
            Err(format!("object `{id}` in it is none that the commit leads to"))
        }
    }

    /// Makes an object from its difference to one of the repository.
    fn read_delta(&mut self, base: Oid, size: u64) -> Result<(ObjectType, Vec<u8>), String> {
        let delta = self.inflate(size)?;
        let foreign =
            || format!("object `{base}`, on which another builds, is none that the commit leads to");
        let kind = *self.expected.get(&base).ok_or_else(foreign)?;
        let base = self
            .objects
            .database
            .read(base, kind, MAX_BYTES)
            .map_err(|error| error.to_string())?;
        let data = apply_delta(base.data(), &delta, MAX_BYTES).ok_or(MALFORMED)?;
        Ok((kind, data))
    }

    fn read_size(&mut self) -> Result<(u8, u64), String> {
        let first = take(&mut self.rest).ok_or(CUT_OFF)?;
        let (kind, mut size, mut byte) = (first >> 4 & 7, u64::from(first & 0x0f), first);
        let mut shift = 4;
        while byte & 0x80 != 0 {
            byte = take(&mut self.rest).ok_or(CUT_OFF)?;
            size |= u64::from(byte & 0x7f).checked_shl(shift).ok_or(MALFORMED)?;
            shift += 7;
        }
        if size > MAX_BYTES {
            return Err(format!("it holds an object of more than {MAX_BYTES} bytes"));
        }
        Ok((kind, size))
    }

    fn read_offset(&mut self) -> Result<usize, String> {
        let mut byte = take(&mut self.rest).ok_or(CUT_OFF)?;
        let mut back = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = take(&mut self.rest).ok_or(CUT_OFF)?;
            if back > self.body.len() {
                return Err(MALFORMED.to_owned());
            }
            back = (back + 1) << 7 | usize::from(byte & 0x7f);
        }
        Ok(back)
    }

    /// Takes one compressed content of so many bytes.
    fn inflate(&mut self, size: u64) -> Result<Vec<u8>, String> {
        let mut inflate = Decompress::new(true);
        let (mut data, mut buffer) = (Vec::new(), [0_u8; 1 << 14]);
        loop {
            let before = (inflate.total_in(), inflate.total_out());
            let status = inflate
                .decompress(self.rest, &mut buffer, FlushDecompress::None)
                .map_err(|_| MALFORMED)?;
            let taken = usize::try_from(inflate.total_in() - before.0).map_err(|_| MALFORMED)?;
            let made = usize::try_from(inflate.total_out() - before.1).map_err(|_| MALFORMED)?;
            self.rest = &self.rest[taken..];
            data.extend_from_slice(&buffer[..made]);
            let is_done = matches!(status, Status::StreamEnd);
            if is_done && data.len() as u64 == size {
                return Ok(data);
            }
            if is_done || data.len() as u64 > size || (taken, made) == (0, 0) {
                return Err(MALFORMED.to_owned());
            }
        }
    }
}
