//! Tenable Vulnerability Management: the chunks of its vulnerability export and of its asset export, as JSON.
//!
//! A chunk is an array of rows, or a row a line as `jq -c '.[]'` writes it; several may follow each other.
//! A chunk does not say of how many it is one, and an export may be narrowed to what changed since a day: that
//! a row is missing says nothing. What is gone is a row whose `state` is `FIXED`, so a Source of this format
//! leaves `absence_means_fixed` out.
//!
//! The asset export names hosts and nothing that was seen on them. It is neither a scan, since that would call
//! everything on its hosts gone, nor an inventory, since then a scanner would vouch for its own coverage.

mod assets;
mod row;
mod vulnerabilities;

use std::collections::BTreeSet;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::json::{Document, Flaw, Json, Outline, Stop, Text, outline};
use super::rows::Refusal;
use super::value;
use crate::model::{Host, Stamp};

pub(super) use assets::IMPORTER as ASSETS;
pub(super) use vulnerabilities::IMPORTER as VULNERABILITIES;

/// A row may list this many names or addresses of a host.
const MAX_NAMES: usize = 256;
/// What an export writes for a value that was blacked out.
const REDACTED: &str = "[REDACTED]";

/// Returns the names of the first row; those of one row a line stand at the root.
fn names_of_first_row(head: &[u8]) -> BTreeSet<String> {
    match outline(head) {
        Outline::ArrayOfObjects(names) | Outline::Object(names) => names,
        Outline::Null | Outline::Other => BTreeSet::new(),
    }
}

/// Reads the rows of one sort.
trait Rows {
    /// Reads one row.
    fn row<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error>;
    fn flaw(&mut self) -> &mut Flaw;
}

/// Chunks of rows, one after the other.
struct Chunks<R>(R);

impl<R: Rows> Document for Chunks<R> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        json.deserialize_any(Chunk(&mut self.0))
    }

    fn flaw(&mut self) -> &mut Flaw {
        self.0.flaw()
    }

    fn takes_more(&self) -> bool {
        true
    }
}

struct Chunk<'r, R>(&'r mut R);

impl<'de, R: Rows> Visitor<'de> for Chunk<'_, R> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an array of rows, or a row")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while members.next_element_seed(Row(&mut *self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        self.0.row(serde::de::value::MapAccessDeserializer::new(entries))
    }
}

struct Row<'r, R>(&'r mut R);

impl<'de, R: Rows> DeserializeSeed<'de> for Row<'_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        self.0.row(json)
    }
}

/// A text or a list of texts; `null` is an empty list, and what was blacked out is left away.
#[derive(Default)]
struct Texts<'a>(Vec<Text<'a>>);

impl<'a> Texts<'a> {
    fn first(&self) -> Option<&str> {
        self.iter().next()
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .map(|text| text.0.trim())
            .filter(|text| !text.is_empty() && *text != REDACTED)
    }
}

impl<'de: 'a, 'a> serde::Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts<'de>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "a text, or a list of at most {MAX_NAMES} texts")
    }

    fn visit_unit<E>(self) -> Result<Texts<'de>, E> {
        Ok(Texts::default())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Texts<'de>, E> {
        Ok(Texts(vec![Text(text.into())]))
    }

    fn visit_str<E>(self, text: &str) -> Result<Texts<'de>, E> {
        Ok(Texts(vec![Text(text.to_owned().into())]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Texts<'de>, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = members.next_element()? {
            if texts.len() >= MAX_NAMES {
                return Err(serde::de::Error::invalid_length(MAX_NAMES + 1, &self));
            }
            texts.push(text);
        }
        Ok(Texts(texts))
    }
}

/// Returns what a text says; `None` for nothing, or for what was blacked out.
fn said<'a>(text: &'a Option<Text<'_>>) -> Option<&'a str> {
    super::rows::said(text).filter(|text| *text != REDACTED)
}

/// Reads a time.
fn time(name: &str, text: &Option<Text<'_>>) -> Result<Option<Stamp>, Refusal> {
    super::rows::text_time(name, said(text).unwrap_or_default())
}

/// What names a host: the keys of both exports.
struct Keys<'a> {
    asset: Option<&'a str>,
    agent: Option<&'a str>,
    bios: Option<&'a str>,
    fqdns: &'a Texts<'a>,
    hostnames: &'a Texts<'a>,
    netbios: &'a Texts<'a>,
    ips: [&'a Texts<'a>; 2],
    macs: &'a Texts<'a>,
    systems: &'a Texts<'a>,
}

impl Keys<'_> {
    /// Returns the host, and how many of its addresses are none.
    ///
    /// The agent's id is its own key; the id of the asset is one only where no agent is, and a further name
    /// where one is.
    fn host(&self) -> (Host, u64) {
        let mut junk = 0;
        let mut addresses = |texts: &Texts<'_>, read: fn(&str) -> Option<String>| {
            let mut found: Vec<String> = Vec::new();
            for part in texts.iter().flat_map(value::list) {
                match read(part) {
                    Some(address) if !found.contains(&address) => found.push(address),
                    Some(_) => {}
                    None => junk += 1,
                }
            }
            found
        };
        let mut ips = addresses(self.ips[0], value::ip);
        ips.extend(addresses(self.ips[1], value::ip));
        let macs = addresses(self.macs, value::mac);
        let own_names = self.hostnames.iter().filter(|name| value::ip(name).is_none());
        let host = Host {
            fqdn: self.fqdns.first().and_then(value::fqdn),
            hostname: own_names.chain(self.netbios.iter()).find_map(value::hostname),
            uuid: self.bios.map(str::to_lowercase),
            agent: self.agent.or(self.asset).map(str::to_owned),
            aliases: self
                .agent
                .and(self.asset)
                .map(str::to_owned)
                .into_iter()
                .collect(),
            os: self.systems.first().map(str::to_owned),
            ips,
            macs,
            ..Host::default()
        };
        let names = [
            &host.fqdn,
            &host.hostname,
            &host.ips.first().cloned(),
            &host.agent,
        ];
        let name = names.into_iter().flatten().next().cloned();
        (
            Host {
                name: name.unwrap_or_default(),
                ..host
            },
            junk,
        )
    }
}
