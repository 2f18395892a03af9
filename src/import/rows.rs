//! What readers of JSON rows share: why a row is refused, what its texts say, and times in either notation.

use std::collections::HashMap;

use serde::de::{Deserialize, Deserializer, Visitor};

use super::json::{Flaw, Text};
use super::stamp::{self, Written};
use super::tally::Tally;
use super::value::{self, Vectors};
use super::{HostIndex, ImportError, Place};
use crate::model::{Host, Observation, Stamp};

/// So many findings may come before the name of what they are on; some formats write it last.
const MAX_HELD: usize = 200_000;
/// Of a reason so many characters are kept.
const MAX_WORDS: usize = 200;
/// An id that is a sentence is kept up to this many bytes, then a digest stands for the rest.
const MAX_SENTENCE: usize = 160;

/// Why a row is refused, and the export with it.
#[derive(Debug)]
pub(super) enum Refusal {
    Malformed(String),
    Unknown(String),
    OverLimit(String),
}

impl Refusal {
    /// Keeps it for the place that the reader knows, and returns the error that stops a visitor.
    pub(super) fn stop<E: serde::de::Error>(self, flaw: &mut Flaw, whose: &str) -> E {
        match self.within(whose) {
            Self::Malformed(message) => flaw.malformed(message),
            Self::Unknown(message) => flaw.unknown(message),
            Self::OverLimit(message) => flaw.over_limit(message),
        }
    }

    /// Says in which part it is; a name that is empty says nothing.
    pub(super) fn within(self, whose: &str) -> Self {
        let worded = |message: String| {
            if whose.is_empty() {
                message
            } else {
                format!("{whose}: {message}")
            }
        };
        match self {
            Self::Malformed(message) => Self::Malformed(worded(message)),
            Self::Unknown(message) => Self::Unknown(worded(message)),
            Self::OverLimit(message) => Self::OverLimit(worded(message)),
        }
    }

    /// Returns the error for a reader that knows its place itself.
    pub(super) fn at(self, place: Place) -> ImportError {
        match self {
            Self::Malformed(message) => ImportError::Malformed { place, message },
            Self::Unknown(message) => ImportError::UnknownValue { place, message },
            Self::OverLimit(message) => ImportError::OverLimit { place, message },
        }
    }
}

/// Returns what a text says; `None` for nothing.
pub(super) fn said<'a>(text: &'a Option<Text<'_>>) -> Option<&'a str> {
    text.as_ref()
        .map(|text| text.0.trim())
        .filter(|text| !text.is_empty())
}

/// Shortens words of a scanner or of a person that become a reason.
pub(super) fn words(text: &str) -> String {
    text.trim()
        .chars()
        .take(MAX_WORDS)
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect()
}

/// Says that a value is not among those that are known.
pub(super) fn unknown(name: &str, given: &str, known: &str) -> Refusal {
    Refusal::Unknown(format!("`{name}` is {}; {known} are known", value::shown(given)))
}

/// A text, or a number or a truth value as a text.
pub(super) struct Scalar<'a>(pub(super) Text<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a text or a number")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Text(text.into())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Text(text.to_owned().into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Text(number.to_string().into())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Text(number.to_string().into())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Text(number.to_string().into())))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar(Text(truth.to_string().into())))
    }
}

/// A time as a text or as a count of seconds since 1970.
pub(super) enum When<'a> {
    Text(Text<'a>),
    Seconds(f64),
}

impl<'de: 'a, 'a> Deserialize<'de> for When<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WhenVisitor)
    }
}

struct WhenVisitor;

impl<'de> Visitor<'de> for WhenVisitor {
    type Value = When<'de>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a time as a text or as seconds since 1970")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<When<'de>, E> {
        Ok(When::Text(Text(text.into())))
    }

    fn visit_str<E>(self, text: &str) -> Result<When<'de>, E> {
        Ok(When::Text(Text(text.to_owned().into())))
    }

    fn visit_u64<E>(self, seconds: u64) -> Result<When<'de>, E> {
        Ok(When::Seconds(seconds as f64))
    }

    fn visit_f64<E>(self, seconds: f64) -> Result<When<'de>, E> {
        Ok(When::Seconds(seconds))
    }
}

/// Reads a time; a text that is empty says nothing.
pub(super) fn time(name: &str, given: &Option<When<'_>>) -> Result<Option<Stamp>, Refusal> {
    match given {
        None => Ok(None),
        Some(When::Text(text)) => text_time(name, &text.0),
        Some(When::Seconds(seconds)) => stamp::epoch_seconds(*seconds)
            .map(Some)
            .ok_or_else(|| Refusal::Unknown(format!("`{name}` is `{seconds}`, which is no time"))),
    }
}

/// Reads a time that is written as a text; one that is empty says nothing.
pub(super) fn text_time(name: &str, text: &str) -> Result<Option<Stamp>, Refusal> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    match stamp::read(text) {
        Some(Written::Sure(stamp)) => Ok(Some(stamp)),
        Some(Written::Either { .. }) | None => Err(Refusal::Unknown(format!(
            "`{name}` is {}, which is no time",
            value::shown(text)
        ))),
    }
}

/// Names the vulnerability once more: a CVE among its CVEs, anything else among its further ids.
pub(super) fn also_known_as(item: &mut Observation, tally: &mut Tally<'_>, id: &str) -> Result<(), Refusal> {
    let id = id.trim();
    let is_cut_off = item.cves.len() >= value::MAX_CVES || item.aliases.len() >= value::MAX_CVES;
    match value::cve(id) {
        _ if is_cut_off => {
            let message = format!("more than {} ids of one vulnerability", value::MAX_CVES);
            return Err(Refusal::OverLimit(message));
        }
        Some(cve) if !item.cves.contains(&cve) => item.cves.push(cve),
        None if value::flaw_of_id(id).is_some() || is_broken_cve(id) => tally.leave_out("not a CVE id"),
        None if !item.aliases.iter().any(|known| known == id) => item.aliases.push(id.to_owned()),
        Some(_) | None => {}
    }
    Ok(())
}

/// Something that is meant as a CVE and is none, such as `CVE-YYYY-abcd`.
fn is_broken_cve(id: &str) -> bool {
    id.get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("CVE-"))
}

/// Takes a vector once; what is no vector is counted, an empty text is none.
pub(super) fn take_vector(item: &mut Observation, tally: &mut Tally<'_>, vectors: &mut Vectors, text: &str) {
    match vectors.read(text) {
        Some(vector) if !item.vectors.contains(&vector) => item.vectors.push(vector),
        None if !text.trim().is_empty() => tally.leave_out("not a CVSS vector"),
        Some(_) | None => {}
    }
}

/// Makes an id of any text: spaces become `_`, what is not printable ASCII its bytes in hex.
pub(super) fn id_of(text: &str) -> String {
    let mut id = String::with_capacity(text.len());
    for byte in text.trim().bytes() {
        match byte {
            b' ' => id.push('_'),
            byte if byte.is_ascii_graphic() => id.push(char::from(byte)),
            byte => id.push_str(&format!("%{byte:02X}")),
        }
    }
    if id.len() > MAX_SENTENCE {
        let digest = value::fingerprint(text.as_bytes()).to_string();
        id.truncate(MAX_SENTENCE);
        id.push('~');
        id.extend(digest.chars().skip("sha256:".len()).take(16));
    }
    id
}

/// Writes a package as `name@version`.
pub(super) fn package(name: &str, version: &str) -> String {
    match (name.trim(), version.trim()) {
        (name, "") => name.to_owned(),
        (name, version) => format!("{name}@{version}"),
    }
}

/// Writes where a finding is, and the digest of it, which tells two on a host apart.
pub(super) fn locate(item: &mut Observation, instance: String) {
    item.fingerprint = Some(value::fingerprint(instance.as_bytes()));
    item.instance = instance;
}

/// A host that may be named after its findings.
#[derive(Default)]
pub(super) struct LateHost {
    pub(super) host: Host,
    /// What the sink calls it, once it was poured.
    poured: Option<Option<HostIndex>>,
    held: Vec<Observation>,
}

impl LateHost {
    /// Pours an observation, or holds it until the host is poured.
    pub(super) fn take(&mut self, tally: &mut Tally<'_>, item: &Observation) -> Result<(), Refusal> {
        match self.poured {
            Some(index) => tally.observation(index, item),
            None if self.held.len() >= MAX_HELD => {
                let message =
                    format!("more than {MAX_HELD} findings stand before the name of what they are on");
                return Err(Refusal::OverLimit(message));
            }
            None => self.held.push(item.clone()),
        }
        Ok(())
    }

    /// Pours the host, once, and what was held for it.
    pub(super) fn pour(&mut self, tally: &mut Tally<'_>) -> Result<(), Refusal> {
        if self.poured.is_some() {
            return Ok(());
        }
        let index = tally.host(&self.host).map_err(Refusal::Malformed)?;
        self.pour_as(tally, index);
        Ok(())
    }

    /// Pours the host where another of the same name was not poured before, and what was held for it.
    pub(super) fn pour_among(&mut self, tally: &mut Tally<'_>, known: &mut Hosts) -> Result<(), Refusal> {
        if self.poured.is_none() {
            let index = known.pour(tally, &self.host.name, || self.host.clone())?;
            self.pour_as(tally, index);
        }
        Ok(())
    }

    fn pour_as(&mut self, tally: &mut Tally<'_>, index: Option<HostIndex>) {
        self.poured = Some(index);
        for item in std::mem::take(&mut self.held) {
            tally.observation(index, &item);
        }
    }
}

/// The hosts that were poured, by what tells them apart in the export; the rows of one need not follow each other.
#[derive(Default)]
pub(super) struct Hosts(HashMap<String, Option<HostIndex>>);

impl Hosts {
    /// Pours the host of a key once; one without a key is the export's unnamed one.
    pub(super) fn pour(
        &mut self,
        tally: &mut Tally<'_>,
        key: &str,
        host: impl FnOnce() -> Host,
    ) -> Result<Option<HostIndex>, Refusal> {
        if let Some(known) = self.0.get(key) {
            return Ok(*known);
        }
        let index = tally.host(&host()).map_err(Refusal::Malformed)?;
        if !key.is_empty() {
            self.0.insert(key.to_owned(), index);
        }
        Ok(index)
    }
}

#[cfg(test)]
mod tests {
    use super::{id_of, package, words};

    #[test]
    fn an_id_is_printable_and_tells_texts_apart() {
        for (text, id) in [
            ("CVE-2026-1111", "CVE-2026-1111"),
            (" Prototype pollution ", "Prototype_pollution"),
            ("größe\u{7}", "gr%C3%B6%C3%9Fe%07"),
        ] {
            assert_eq!(id_of(text), id);
        }
        let (one, other) = (id_of(&"x".repeat(300)), id_of(&"x".repeat(301)));
        assert!(one != other && one.len() == other.len() && one.len() < 256);
    }

    #[test]
    fn packages_and_words_are_short() {
        assert_eq!(package("libssl", " 3.0 "), "libssl@3.0");
        assert_eq!(package("libssl", ""), "libssl");
        assert_eq!(words(" a\nb "), "a b");
        assert_eq!(words(&"x".repeat(999)).len(), 200);
    }
}
