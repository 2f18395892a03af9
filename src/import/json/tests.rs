//! The scanner beside serde_json: what one reads the other reads alike, and what one refuses the other refuses.

use std::io::{BufRead, Read};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde::Deserialize as _;
use serde_json::Value;

use super::super::{ImportError, Place};
use super::{Json, Stop};

/// Hands out so many bytes at a time, and again from the first number.
struct Pieces<'a> {
    rest: &'a [u8],
    sizes: &'a [usize],
    next: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let size = self
            .sizes
            .get(self.next % self.sizes.len().max(1))
            .copied()
            .unwrap_or(usize::MAX);
        self.next += 1;
        let read = size.max(1).min(buffer.len()).min(self.rest.len());
        buffer[..read].copy_from_slice(&self.rest[..read]);
        self.rest = &self.rest[read..];
        Ok(read)
    }
}

impl BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        Ok(self.rest)
    }

    fn consume(&mut self, amount: usize) {
        self.rest = &self.rest[amount..];
    }
}

fn with<T>(
    bytes: &[u8],
    sizes: &[usize],
    take: impl FnOnce(&mut Json<'_>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    let mut pieces = Pieces {
        rest: bytes,
        sizes,
        next: 0,
    };
    let mut json = Json::new(&mut pieces);
    let taken = take(&mut json)?;
    match json.peek()? {
        None => Ok(taken),
        Some(_) => Err(json.malformed("trailing characters")),
    }
}

fn read(bytes: &[u8], sizes: &[usize]) -> Result<Value, Stop> {
    with(bytes, sizes, |json| Value::deserialize(json))
}

/// Compares values; of numbers with a fraction the last digit may differ, for serde_json does not round all of them.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_entry = |((name, one), (known, other))| name == known && is_same(one, other);
            one.len() == other.len() && one.iter().zip(other).all(is_entry)
        }
        (Value::Number(one), Value::Number(other)) if one.is_f64() && other.is_f64() => {
            let (one, other) = (
                one.as_f64().unwrap_or_default(),
                other.as_f64().unwrap_or_default(),
            );
            (one - other).abs() <= one.abs() * 1e-14
        }
        (one, other) => one == other,
    }
}

/// A document as somebody may write it: with white space, escapes and numbers of any notation.
fn document() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[ -~äß€😀]{0,40}".prop_map(|text: String| serde_json::to_string(&text).unwrap_or_default()),
        "(\\\\[\"\\\\/bfnrt]|\\\\u00[0-7][0-9a-fA-F]|\\\\u[1-9]0aF|\\\\ud83d\\\\ude0[0-9]|[a-z]){0,60}"
            .prop_map(|text| format!("\"{text}\"")),
    ];
    let space = "[ \n\t\r]{0,20}";
    let leaf = prop_oneof![
        text.clone(),
        "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,2})?",
        Just("true".to_owned()),
        Just("false".to_owned()),
        Just("null".to_owned()),
    ];
    let spaced = (space, leaf, space).prop_map(|(before, leaf, after)| before + &leaf + &after);
    spaced.prop_recursive(5, 60, 6, move |inner| {
        let entry = (text.clone(), inner.clone()).prop_map(|(name, value)| format!("{name}:{value}"));
        prop_oneof![
            proptest::collection::vec(inner, 0..6).prop_map(|members| format!("[{}]", members.join(","))),
            proptest::collection::vec(entry, 0..6)
                .prop_map(|entries| format!(" {{{}}}\n", entries.join(","))),
        ]
    })
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(1..40_usize, 0..4)
}

/// Changes bytes: one is replaced, put in or taken out, or the rest is cut off.
fn spoil(bytes: &mut Vec<u8>, changes: &[(u32, u8, u8)]) {
    for (at, kind, byte) in changes {
        let at = *at as usize % bytes.len().max(1);
        match kind {
            _ if bytes.is_empty() => {}
            0 => bytes[at] = *byte,
            1 => bytes.insert(at, *byte),
            2 => drop(bytes.remove(at)),
            _ => bytes.truncate(at),
        }
    }
}

fn changes() -> impl Strategy<Value = Vec<(u32, u8, u8)>> {
    let byte = prop_oneof![
        proptest::sample::select(b"{}[]\",:\\ a1\nu0-+.eEtfn\x00\x1f\x7f\x80\xc3\xa4\xff".to_vec()),
        any::<u8>(),
    ];
    proptest::collection::vec((any::<u32>(), 0..4_u8, byte), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, rng_seed: RngSeed::Fixed(8), ..ProptestConfig::default() })]

    #[test]
    fn documents_are_read_as_serde_json_reads_them(text in document(), sizes in sizes()) {
        let found = read(text.as_bytes(), &sizes);
        prop_assert!(with(text.as_bytes(), &sizes, |json| json.skip()).is_ok(), "passes {}", text);
        let (found, expected) = (found.unwrap(), serde_json::from_str::<Value>(&text).unwrap());
        prop_assert!(is_same(&found, &expected), "{} {}", found, expected);
    }

    #[test]
    fn broken_documents_are_refused_where_serde_json_refuses_them(text in document(), changes in changes(), sizes in sizes()) {
        let mut bytes = text.into_bytes();
        spoil(&mut bytes, &changes);
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let expected = serde_json::from_slice::<Value>(&bytes).ok();
        let found = read(&bytes, &sizes).ok();
        prop_assert_eq!(found.is_some(), expected.is_some(), "{}", &shown);
        if let (Some(found), Some(expected)) = (found, expected) {
            prop_assert!(is_same(&found, &expected), "{}", &shown);
        }
        // What serde_json passes over it does not hold to be UTF-8; we do.
        let is_passed = std::str::from_utf8(&bytes).is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
        prop_assert_eq!(with(&bytes, &sizes, |json| json.skip()).is_ok(), is_passed, "passes {}", &shown);
    }
}

fn told(stop: Stop) -> ImportError {
    match stop {
        Stop::Told(error) => error,
        Stop::Value(message, place) => panic!("{message} {place:?}"),
    }
}

#[test]
fn what_is_passed_over_is_utf8_and_not_too_deep() {
    let bad = [
        &b"{\n\"a\": [\"\xff\"]}"[..],
        b"{\n\"\xc3\": 1}",
        b"{\n\"a\": \"\xed\xa0\x80\"}",
    ];
    for bytes in bad {
        let error = told(with(bytes, &[], |json| json.skip()).unwrap_err());
        assert!(
            matches!(&error, ImportError::Malformed { place: Place::Line(2), message } if message == "not UTF-8 text"),
            "{error}"
        );
    }
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(with(nested(128).as_bytes(), &[], |json| json.skip()).is_ok());
    for depth in [129, 100_000] {
        let deep = nested(depth);
        let stops = [
            with(deep.as_bytes(), &[], |json| json.skip()).unwrap_err(),
            read(deep.as_bytes(), &[]).unwrap_err(),
        ];
        for stop in stops {
            let error = told(stop);
            assert!(matches!(error, ImportError::OverLimit { .. }), "{error}");
        }
    }
}

#[test]
fn a_text_that_is_taken_has_a_bound_and_one_that_is_passed_has_none() {
    for part in ["a", "\\n"] {
        let long = format!("\"{}\"", part.repeat(super::MAX_TEXT + 1));
        assert!(with(long.as_bytes(), &[], |json| json.skip()).is_ok());
        let error = told(read(long.as_bytes(), &[]).unwrap_err());
        assert!(matches!(error, ImportError::OverLimit { .. }), "{error}");
    }
}
