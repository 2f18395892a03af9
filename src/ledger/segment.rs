//! A segment as bytes: one file a run, lines of JSON, packed where it is large.

use std::io::Read as _;
use std::sync::Arc;

use super::line::{Head, Line};
use crate::source::sha256_hex;

/// The folder of the segments.
pub const LEDGER: &str = "ledger";
/// From this many bytes on a segment is packed.
const PACKED_FROM: usize = 64 << 10;
/// Unpacked, no segment may have more bytes than this.
const MAX_BYTES: u64 = 4 << 30;
/// How hard is packed; the level changes no digest, since that is of the text.
const LEVEL: i32 = 6;

/// One run in the ledger.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Relative to the governed root.
    pub path: Arc<str>,
    pub head: Head,
    /// `sha256:` of the unpacked text.
    pub digest: String,
    /// As it lies in the file: unpacked it is many times larger, and seldom needed twice.
    bytes: Vec<u8>,
}

impl Segment {
    /// Returns the unpacked text.
    pub(super) fn text(&self) -> Result<String, String> {
        text(&self.path, &self.bytes)
    }
}

/// Parses the lines after the head one by one; an error names the line.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Result<Line, String>> {
    let lines = text.lines().enumerate().skip(1);
    lines.map(|(index, line)| parse(line, index + 1))
}

/// Returns the path of a segment.
pub(super) fn path_of(sequence: u64, is_packed: bool) -> String {
    let packed = if is_packed { ".zst" } else { "" };
    format!("{LEDGER}/{sequence:06}.jsonl{packed}")
}

/// Tells which segment a path is; `None` for what is none.
pub(super) fn sequence_of(path: &str) -> Option<u64> {
    let name = path.strip_prefix(LEDGER)?.strip_prefix('/')?;
    let number = name.strip_suffix(".zst").unwrap_or(name).strip_suffix(".jsonl")?;
    let is_number = number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|sequence| is_number && *sequence > 0)
}

/// Writes a segment: its path and its bytes.
pub(super) fn write(head: &Head, lines: &[Line]) -> anyhow::Result<(String, Vec<u8>, String)> {
    let mut text = serde_json::to_vec(head)?;
    text.push(b'\n');
    for line in lines {
        serde_json::to_writer(&mut text, line)?;
        text.push(b'\n');
    }
    let digest = format!("sha256:{}", sha256_hex(&text));
    let is_packed = text.len() >= PACKED_FROM;
    let bytes = if is_packed {
        zstd::bulk::compress(&text, LEVEL)?
    } else {
        text
    };
    Ok((path_of(head.sequence, is_packed), bytes, digest))
}

fn text(path: &str, bytes: &[u8]) -> Result<String, String> {
    let text = if path.ends_with(".zst") {
        unpack(bytes)?
    } else {
        bytes.to_vec()
    };
    String::from_utf8(text).map_err(|_| "it is no UTF-8 text".to_owned())
}

/// Reads the head of a segment, and returns the text with it; an error says what is wrong with it, with its line.
pub(super) fn read(path: &Arc<str>, bytes: Vec<u8>) -> Result<(Segment, String), String> {
    let text = text(path, &bytes)?;
    let digest = format!("sha256:{}", sha256_hex(text.as_bytes()));
    if !text.ends_with('\n') {
        return Err("it ends within a line".into());
    }
    let head: Head = parse(text.lines().next().unwrap_or_default(), 1)?;
    if head.ledger != 1 {
        return Err(format!(
            "line 1: it is of version {}, and this tool reads 1",
            head.ledger
        ));
    }
    let segment = Segment {
        path: Arc::clone(path),
        head,
        digest,
        bytes,
    };
    Ok((segment, text))
}

fn parse<T: serde::de::DeserializeOwned>(line: &str, number: usize) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| format!("line {number}: {error}"))
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let cannot = |error: std::io::Error| format!("it cannot be unpacked: {error}");
    let reader = zstd::stream::read::Decoder::new(bytes).map_err(cannot)?;
    let mut text = Vec::new();
    reader
        .take(MAX_BYTES + 1)
        .read_to_end(&mut text)
        .map_err(cannot)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(format!("unpacked it has more than {MAX_BYTES} bytes"));
    }
    Ok(text)
}
