//! JSON exports, read by visitors and never as a whole document.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{BufRead, Read};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{ImportError, Place};

/// An export up to this size is read at once, since a slice is read three times as fast as a stream.
const AT_ONCE: usize = 16 << 20;
/// So much memory is kept from one export to the next.
const KEPT: usize = 2 << 20;
/// One text may have this many bytes.
const MAX_TEXT: usize = 16 << 20;
const MAX_DEPTH: u32 = 128;

/// Takes errors that a visitor cannot say in words of its own, until the place is known.
#[derive(Default)]
pub(super) struct Flaw {
    error: Option<ImportError>,
}

impl Flaw {
    /// Keeps an error about a value, and returns the one that stops the visitor.
    pub(super) fn unknown<E: serde::de::Error>(&mut self, message: String) -> E {
        self.error = Some(ImportError::UnknownValue {
            place: Place::Whole,
            message,
        });
        E::custom("refused")
    }

    /// Keeps an error about the structure, and returns the one that stops the visitor.
    pub(super) fn malformed<E: serde::de::Error>(&mut self, message: String) -> E {
        self.error = Some(ImportError::Malformed {
            place: Place::Whole,
            message,
        });
        E::custom("refused")
    }

    /// Keeps an error about a limit, and returns the one that stops the visitor.
    pub(super) fn over_limit<E: serde::de::Error>(&mut self, message: String) -> E {
        self.error = Some(ImportError::OverLimit {
            place: Place::Whole,
            message,
        });
        E::custom("refused")
    }
}

/// What reads a document: anything that visits it and can hold a flaw.
pub(super) trait Document {
    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error>;
    fn flaw(&mut self) -> &mut Flaw;

    /// Tells whether another document may follow, as with one a line.
    fn takes_more(&self) -> bool {
        false
    }
}

thread_local! {
    /// Memory for an export that is read at once; a run may have ten thousand of them.
    static MEMORY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Reads one document, or as many as it takes, to the end of the input.
pub(super) fn read(input: &mut dyn BufRead, document: &mut impl Document) -> Result<(), ImportError> {
    let mut start = MEMORY.take();
    start.clear();
    let result = read_from(input, document, &mut start);
    if start.capacity() <= KEPT {
        MEMORY.set(start);
    }
    result
}

fn read_from(
    input: &mut dyn BufRead,
    document: &mut impl Document,
    start: &mut Vec<u8>,
) -> Result<(), ImportError> {
    input.take(AT_ONCE as u64 + 1).read_to_end(start)?;
    let result = if start.len() <= AT_ONCE {
        let mut json = serde_json::Deserializer::from_slice(start);
        read_all(&mut json, document)
    } else {
        let guarded = Guard {
            inner: (&**start).chain(input),
            depth: 0,
            text: 0,
            state: State::Outside,
        };
        let mut json =
            serde_json::Deserializer::from_reader(std::io::BufReader::with_capacity(AT_ONCE / 64, guarded));
        read_all(&mut json, document)
    };
    result.map_err(|error| locate(error, document.flaw()))
}

fn read_all<'de, R: serde_json::de::Read<'de>>(
    json: &mut serde_json::Deserializer<R>,
    document: &mut impl Document,
) -> Result<(), serde_json::Error> {
    loop {
        document.read(&mut *json)?;
        match json.end() {
            // Something follows; reading it tells whether it is another document.
            Err(error) if error.is_syntax() && document.takes_more() => {}
            result => return result,
        }
    }
}

fn locate(error: serde_json::Error, flaw: &mut Flaw) -> ImportError {
    // What is wrong with a value as a whole has no line of its own.
    let at = match error.line() {
        0 => Place::Whole,
        line => Place::Line(line as u64),
    };
    match flaw.error.take() {
        Some(ImportError::UnknownValue { message, .. }) => {
            return ImportError::UnknownValue { place: at, message };
        }
        Some(ImportError::Malformed { message, .. }) => return ImportError::Malformed { place: at, message },
        Some(ImportError::OverLimit { message, .. }) => return ImportError::OverLimit { place: at, message },
        Some(
            other @ (ImportError::Unreadable(_) | ImportError::Foreign(_) | ImportError::Truncated { .. }),
        ) => {
            return other;
        }
        None => {}
    }
    if error.is_io() {
        return std::io::Error::from(error).into();
    }
    if error.is_eof() {
        return ImportError::Truncated {
            place: at,
            message: error.to_string(),
        };
    }
    ImportError::Malformed {
        place: at,
        message: error.to_string(),
    }
}

/// Stops a stream that nests deeper or holds longer texts than any export.
struct Guard<R> {
    inner: R,
    depth: u32,
    text: usize,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Outside,
    Text,
    Escaped,
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        for byte in &buffer[..read] {
            self.pass(*byte)?;
        }
        Ok(read)
    }
}

impl<R> Guard<R> {
    fn pass(&mut self, byte: u8) -> std::io::Result<()> {
        match (self.state, byte) {
            (State::Outside, b'"') => (self.state, self.text) = (State::Text, 0),
            (State::Outside, b'{' | b'[') => self.depth += 1,
            (State::Outside, b'}' | b']') => self.depth = self.depth.saturating_sub(1),
            (State::Text, b'"') => self.state = State::Outside,
            (State::Text, b'\\') => self.state = State::Escaped,
            (State::Escaped, _) => self.state = State::Text,
            (State::Outside | State::Text, _) => self.text += 1,
        }
        if self.depth > MAX_DEPTH || self.text > MAX_TEXT {
            let message =
                format!("nested deeper than {MAX_DEPTH}, or one value has more than {MAX_TEXT} bytes");
            return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, message));
        }
        if matches!(
            (self.state, byte),
            (State::Outside, b',' | b':' | b'{' | b'[' | b'}' | b']' | b'\n')
        ) {
            self.text = 0;
        }
        Ok(())
    }
}

/// Takes the entries of an object one by one; each call takes the value of its entry.
pub(super) trait Entries {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error>;
}

/// Takes the members of an array one by one; `false` at its end.
pub(super) trait Members {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error>;
}

/// An object whose entries are taken as they come; `null` has none.
pub(super) struct Object<'a, E>(pub(super) &'a mut E);

/// An array whose members are taken as they come; `null` has none.
pub(super) struct Array<'a, M>(pub(super) &'a mut M);

impl<'de, E: Entries> DeserializeSeed<'de> for Object<'_, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, E: Entries> Visitor<'de> for Object<'_, E> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_unit<X>(self) -> Result<(), X> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(name) = entries.next_key::<Text<'de>>()? {
            self.0.entry(&name.0, &mut entries)?;
        }
        Ok(())
    }
}

impl<'de, M: Members> DeserializeSeed<'de> for Array<'_, M> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, M: Members> Visitor<'de> for Array<'_, M> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_unit<X>(self) -> Result<(), X> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while self.0.member(&mut members)? {}
        Ok(())
    }
}

/// A text that is borrowed from the export where it can be.
#[derive(Clone, Default, serde::Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Reads a value from an object only: derived readers would take an array of its fields, too.
pub(super) struct Strict<T>(pub(super) T);

impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(StrictVisitor(std::marker::PhantomData))
            .map(Self)
    }
}

struct StrictVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: serde::Deserialize<'de>> Visitor<'de> for StrictVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<T, A::Error> {
        T::deserialize(serde::de::value::MapAccessDeserializer::new(entries))
    }
}

/// Counts the members of an array and drops them.
#[derive(Default)]
pub(super) struct Count(pub(super) u64);

impl Members for Count {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let found = members.next_element::<serde::de::IgnoredAny>()?.is_some();
        self.0 += u64::from(found);
        Ok(found)
    }
}

/// What stands at the root of a document, by its first bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Outline {
    /// The names of the entries that the first bytes hold.
    Object(BTreeSet<String>),
    /// The names of the first member's entries that the first bytes hold.
    ArrayOfObjects(BTreeSet<String>),
    Null,
    Other,
}

/// Outlines a document that may be cut off.
pub(super) fn outline(head: &[u8]) -> Outline {
    let head = head.trim_ascii();
    match head {
        b"null" => Outline::Null,
        [b'{', ..] => Outline::Object(names_at(head, 1)),
        [b'[', rest @ ..] if rest.trim_ascii_start().starts_with(b"{") => {
            Outline::ArrayOfObjects(names_at(head, 2))
        }
        _ => Outline::Other,
    }
}

/// Tells whether a document begins with a list of this name that is empty.
pub(super) fn begins_with_empty_list(head: &[u8], name: &str) -> bool {
    let begin = format!("{{\"{name}\":[]");
    let mut dense = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    begin.bytes().all(|byte| dense.next() == Some(&byte))
}

/// Collects the names at one depth, to the end of the first object there.
fn names_at(head: &[u8], wanted: u32) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut depth = 0_u32;
    let mut at = 0;
    while let Some(byte) = head.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == wanted => return names,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let Some(length) = text_length(&head[at + 1..]) else {
                    return names;
                };
                let text = &head[at + 1..at + 1 + length];
                at += 1 + length;
                let is_name = head[at + 1..].trim_ascii_start().starts_with(b":");
                if depth == wanted && is_name && names.len() < 256 {
                    names.insert(String::from_utf8_lossy(text).into_owned());
                }
            }
            _ => {}
        }
        at += 1;
    }
    names
}

fn text_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', &text[at..])?;
        if text[at] == b'"' {
            return Some(at);
        }
        at = (at + 2).min(text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::{Guard, Outline, Read as _, State, outline};

    #[test]
    fn the_outline_is_that_of_the_root() {
        let Outline::Object(names) =
            outline(br#" {"a": {"b": 1}, "c\"d": "e:", "f": ["g", {"h": 1}], "i": "cut"#)
        else {
            panic!()
        };
        assert_eq!(Vec::from_iter(names), ["a", "c\\\"d", "f", "i"]);
        let Outline::ArrayOfObjects(names) = outline(br#"[ {"a": 1, "b": [{"c": 2}]}, {"d": 3}]"#) else {
            panic!()
        };
        assert_eq!(Vec::from_iter(names), ["a", "b"]);
        assert_eq!(outline(b" null\n"), Outline::Null);
        for other in ["", "[]", "[1]", "\"a\"", "12", "nul", "<a>"] {
            assert_eq!(outline(other.as_bytes()), Outline::Other, "{other}");
        }
    }

    #[test]
    fn a_stream_may_not_nest_or_grow_without_end() {
        let good = format!(
            "[{}{}]",
            "[".repeat(100) + &"]".repeat(100),
            ",\"x\"".repeat(10_000)
        );
        let deep = "[".repeat(200);
        let long = "\"".to_owned() + &"a".repeat(super::MAX_TEXT + 2);
        for (text, is_good) in [(good, true), (deep, false), (long, false)] {
            let mut guard = Guard {
                inner: text.as_bytes(),
                depth: 0,
                text: 0,
                state: State::Outside,
            };
            assert_eq!(guard.read_to_end(&mut Vec::new()).is_ok(), is_good);
        }
    }
}
