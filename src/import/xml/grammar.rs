//! The small rules of XML: where a tag ends, what a name is, what a reference means.

use std::ops::Range;

use memchr::{memchr, memchr3};

const MAX_NAME: usize = 256;

pub(super) fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(80)])
        .escape_debug()
        .collect()
}

pub(super) fn character_reference(name: &[u8]) -> Option<char> {
    let digits = std::str::from_utf8(name.strip_prefix(b"#")?).ok()?;
    let (digits, radix) = digits
        .strip_prefix('x')
        .map_or((digits, 10), |digits| (digits, 16));
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, radix)
        .ok()
        .and_then(char::from_u32)
        .filter(|character| *character != '\0')
}

pub(super) fn is_name(name: &[u8]) -> bool {
    name.first().is_some_and(|byte| is_name_start(*byte))
        && name.len() <= MAX_NAME
        && name.iter().all(|byte| NAME_PARTS[usize::from(*byte)])
}

const fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80 || matches!(byte, b'_' | b':')
}

/// Which bytes a name may hold; a table, since every tag of an export is looked up in it.
const NAME_PARTS: [bool; 256] = {
    let mut parts = [false; 256];
    let mut at = 0;
    while at < parts.len() {
        let byte = at as u8;
        parts[at] = is_name_start(byte) || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        at += 1;
    }
    parts
};

/// Finds the end of a tag that is nothing but a name, as most are.
pub(super) fn plain_tag_end(rest: &[u8]) -> Option<usize> {
    let name = rest.get(1..rest.len().min(MAX_NAME + 2))?;
    let name = &name[..memchr(b'>', name)?];
    // Every byte is looked up whatever the first ones say, which is faster than to stop early.
    let is_plain = name.iter().fold(!name.is_empty(), |is_plain, byte| {
        is_plain & NAME_PARTS[usize::from(*byte)]
    });
    (is_plain && is_name_start(name[0])).then_some(name.len() + 1)
}

/// Finds the `>` of a tag outside its quotes.
pub(super) fn tag_end(rest: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr3(b'>', b'"', b'\'', &rest[at..])?;
        if rest[at] == b'>' {
            return Some(at);
        }
        at += memchr(rest[at], &rest[at + 1..])? + 2;
    }
}

/// Finds the `>` of a DOCTYPE or the `[` of its internal subset, outside its quotes.
pub(super) fn doctype_end(rest: &[u8]) -> Option<usize> {
    let mut quote = None;
    rest.iter().position(|byte| match quote {
        Some(open) => {
            if *byte == open {
                quote = None;
            }
            false
        }
        None if matches!(byte, b'"' | b'\'') => {
            quote = Some(*byte);
            false
        }
        None => matches!(byte, b'>' | b'['),
    })
}

pub(super) fn skip_space(tag: &[u8], from: usize) -> usize {
    tag[from..]
        .iter()
        .position(|byte| !byte.is_ascii_whitespace())
        .map_or(tag.len(), |at| from + at)
}

type AttributeAt = (Range<usize>, Range<usize>, usize);

/// Reads `name="value"` and returns where name and value are, and where it ends.
pub(super) fn attribute_at(tag: &[u8], at: usize) -> Result<AttributeAt, String> {
    let equals = memchr(b'=', &tag[at..]).ok_or("an attribute without a value")? + at;
    let name = at..at + tag[at..equals].trim_ascii_end().len();
    if !is_name(&tag[name.clone()]) {
        return Err(format!("`{}` is no attribute name", printable(&tag[name])));
    }
    let open = skip_space(tag, equals + 1);
    let quote = tag.get(open).copied().filter(|byte| matches!(byte, b'"' | b'\''));
    let quote = quote.ok_or("an attribute without quotes")?;
    let close = memchr(quote, &tag[open + 1..]).ok_or("an attribute without an end")? + open + 1;
    Ok((name, open + 1..close, close + 1))
}
