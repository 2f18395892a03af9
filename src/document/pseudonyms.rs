//! Stable names in place of those of hosts and persons, for whoever may not know them.
//!
//! A pseudonym is made with a secret key (HMAC-SHA-256), so that the same name has the same one in every document and
//! year, and nobody without the key can try names. Free text is searched for every name that is known; addresses of
//! machines and of mail are found by their form.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use aho_corasick::AhoCorasick;
use anyhow::{Context as _, Result};
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// So many hexadecimal digits tell pseudonyms apart.
const DIGITS: usize = 12;
/// The domain of mail that goes nowhere (RFC 2606).
const NOWHERE: &str = "redacted.invalid";
/// A shorter part of a person's name is no name by itself.
const MIN_PART: usize = 3;

/// A person as records and history know them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownPerson {
    /// What tells the person apart: the id of the record, else the address.
    pub key: String,
    pub id: Option<String>,
    pub names: BTreeSet<String>,
    pub emails: BTreeSet<String>,
    /// Fingerprints of keys.
    pub keys: BTreeSet<String>,
}

/// A host, and every word that means it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownHost {
    pub id: String,
    pub names: BTreeSet<String>,
}

/// All names that must not be seen.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub persons: Vec<KnownPerson>,
    pub hosts: Vec<KnownHost>,
}

/// A name, what stands in its place, and whether it counts as it is written only.
struct Name {
    text: String,
    pseudonym: String,
    as_written: bool,
}

/// Puts pseudonyms in the place of names.
pub struct Pseudonyms {
    key: Vec<u8>,
    names: Vec<Name>,
    finder: AhoCorasick,
    /// What follows the first dot in the names of known hosts, with that dot.
    domains: BTreeSet<String>,
}

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Pseudonyms")
            .field("names", &self.names.len())
            .finish_non_exhaustive()
    }
}

impl Pseudonyms {
    /// Makes the pseudonyms of all names that are known.
    pub fn new(key: &[u8], known: &Known) -> Result<Self> {
        let mut names: BTreeMap<String, Name> = BTreeMap::new();
        let mut add = |text: &str, pseudonym: &str, as_written: bool| {
            // Without regard to capitals, for letters beyond ASCII too.
            let folded = if as_written {
                text.to_owned()
            } else {
                text.to_lowercase()
            };
            for text in BTreeSet::from([text.to_owned(), text.to_uppercase(), folded]) {
                let is_one =
                    text.chars().count() > 1 && (!as_written || text.chars().any(char::is_lowercase));
                if is_one {
                    names.entry(text.clone()).or_insert_with(|| Name {
                        text,
                        pseudonym: pseudonym.to_owned(),
                        as_written,
                    });
                }
            }
        };
        for person in &known.persons {
            let tag = tag(key, "person", &person.key);
            person
                .id
                .iter()
                .for_each(|id| add(id, &format!("p-{tag}"), false));
            for email in &person.emails {
                add(email, &format!("{tag}@{NOWHERE}"), false);
            }
            for fingerprint in &person.keys {
                add(
                    fingerprint,
                    &format!("key-{}", self::tag(key, "key", fingerprint)),
                    false,
                );
            }
            for name in &person.names {
                add(name, &format!("Person {tag}"), false);
            }
        }
        let mut domains = BTreeSet::new();
        for host in &known.hosts {
            for name in &host.names {
                let pseudonym = match name.parse::<IpAddr>() {
                    Ok(address) => address_of(key, &address.to_string()),
                    Err(_) => format!("host-{}", tag(key, "host", &host.id)),
                };
                add(name, &pseudonym, false);
                let domain = name.split_once('.').map(|(_, domain)| domain);
                if let Some(domain) = domain.filter(|_| name.parse::<IpAddr>().is_err())
                    && domain.contains('.')
                {
                    domains.insert(format!(".{}", domain.to_lowercase()));
                }
            }
        }
        // Whole names go first, so that no part of one speaks for another person.
        for person in &known.persons {
            let tag = tag(key, "person", &person.key);
            let parts = person.names.iter().flat_map(|name| name.split_whitespace());
            for part in parts.filter(|part| part.chars().count() >= MIN_PART) {
                add(part, &format!("Person {tag}"), true);
            }
        }
        let names: Vec<Name> = names.into_values().collect();
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(names.iter().map(|name| &name.text))
            .context("there are too many names to replace")?;
        Ok(Self {
            key: key.to_vec(),
            names,
            finder,
            domains,
        })
    }

    /// Returns a text without the names: whole words only, the longest first.
    pub fn text(&self, text: &str) -> String {
        let mut found: Vec<(usize, usize, &Name)> = self
            .finder
            .find_overlapping_iter(text)
            .map(|found| {
                (
                    found.start(),
                    found.end(),
                    &self.names[found.pattern().as_usize()],
                )
            })
            .filter(|(start, end, name)| {
                is_word(text, *start, *end) && (!name.as_written || text[*start..*end] == name.text)
            })
            .collect();
        found.sort_by_key(|(start, end, name)| (*start, usize::MAX - end, name.as_written));
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        for (start, end, name) in found {
            if start >= at {
                self.put_forms(&text[at..start], &mut out);
                out.push_str(&name.pseudonym);
                at = end;
            }
        }
        self.put_forms(&text[at..], &mut out);
        out
    }

    /// Replaces the names in every text of a document of JSON; of keys in those that are no words of ours.
    pub fn json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(values) => values.into_iter().map(|value| self.json(value)).collect(),
            Value::Object(object) => {
                let is_ours = |key: &str| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
                let entry = |(key, value): (String, Value)| {
                    let key = if is_ours(&key) { key } else { self.text(&key) };
                    (key, self.json(value))
                };
                Value::Object(object.into_iter().map(entry).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }

    /// Replaces addresses, and what is named like a host, in a text without known names.
    fn put_forms(&self, text: &str, out: &mut String) {
        let is_part = |char: char| char.is_alphanumeric() || ".:-_@+%".contains(char);
        let mut rest = text;
        while let Some(start) = rest.find(is_part) {
            let (before, from) = rest.split_at(start);
            let end = from.find(|char| !is_part(char)).unwrap_or(from.len());
            out.push_str(before);
            self.put_form(&from[..end], out);
            rest = &from[end..];
        }
        out.push_str(rest);
    }

    fn put_form(&self, run: &str, out: &mut String) {
        let word =
            run.trim_matches(|char: char| ".-_+%".contains(char) || (char == ':' && !run.contains("::")));
        let Some(start) = run.find(word).filter(|_| word.len() > 2) else {
            out.push_str(run);
            return;
        };
        out.push_str(&run[..start]);
        let folded = word.to_lowercase();
        let address = word
            .parse::<IpAddr>()
            .ok()
            .or_else(|| word.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
        let is_mail = word
            .split_once('@')
            .is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.') && domain != NOWHERE);
        let is_host = |domain: &String| folded.len() > domain.len() && folded.ends_with(domain.as_str());
        if let Some(address) = address {
            out.push_str(&address_of(&self.key, &address.to_string()));
        } else if is_mail {
            out.push_str(&format!("{}@{NOWHERE}", tag(&self.key, "person", &folded)));
        } else if is_mac(word) {
            out.push_str(&address_of(&self.key, &folded.replace('-', ":")));
        } else if word.contains(':') {
            // A port, an image, a protocol: each part may be a host.
            for (place, part) in word.split(':').enumerate() {
                out.push_str(if place > 0 { ":" } else { "" });
                self.put_form(part, out);
            }
        } else if self.domains.iter().any(is_host) {
            out.push_str(&format!("host-{}", tag(&self.key, "host", &folded)));
        } else {
            self.put_ranges(word, out);
        }
        out.push_str(&run[start + word.len()..]);
    }

    /// Replaces the addresses in what stands for several of them, such as `192.0.2.1-192.0.2.9`.
    fn put_ranges(&self, word: &str, out: &mut String) {
        for part in word.split_inclusive('-') {
            let (bare, dash) = part.strip_suffix('-').map_or((part, ""), |bare| (bare, "-"));
            match bare.parse::<IpAddr>() {
                Ok(address) => out.push_str(&address_of(&self.key, &address.to_string())),
                Err(_) => out.push_str(bare),
            }
            out.push_str(dash);
        }
    }
}

fn tag(key: &[u8], sort: &str, name: &str) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    mac.update(sort.as_bytes());
    mac.update(&[0]);
    mac.update(name.to_lowercase().as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes[..DIGITS / 2]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn address_of(key: &[u8], address: &str) -> String {
    format!("address-{}", tag(key, "address", address))
}

fn is_mac(word: &str) -> bool {
    let is_one = |separator: char| {
        let parts: Vec<&str> = word.split(separator).collect();
        parts.len() == 6
            && parts
                .iter()
                .all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    is_one(':') || is_one('-')
}

/// Tells whether no letter or digit touches a part of a text.
fn is_word(text: &str, start: usize, end: usize) -> bool {
    let touches = |char: Option<char>| char.is_some_and(char::is_alphanumeric);
    text.is_char_boundary(start)
        && text.is_char_boundary(end)
        && !touches(text[..start].chars().next_back())
        && !touches(text[end..].chars().next())
}

#[cfg(test)]
mod tests {
    use super::{Known, KnownHost, KnownPerson, Pseudonyms};

    fn pseudonyms(key: &[u8]) -> Pseudonyms {
        let set = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let person = |id: &str, name: &str, email: &str| KnownPerson {
            key: id.into(),
            id: Some(id.into()),
            names: set(&[name]),
            emails: set(&[email]),
            keys: set(&["SHA256:udrRw1+6zq/4BfZrQjMVVn3M8Xoifcmvv9vJrOralI0"]),
        };
        let known = Known {
            persons: vec![
                person("p-kim", "Jörg Kim", "kim@nordhafen.example"),
                person("p-kim-2", "Ada Price", "a.p@x.example"),
            ],
            hosts: vec![KnownHost {
                id: "web01.nordhafen.example".into(),
                names: set(&["web01", "web01.nordhafen.example", "192.0.2.11", "NH-4107"]),
            }],
        };
        Pseudonyms::new(key, &known).unwrap()
    }

    #[test]
    fn whole_names_go_and_the_rest_stays() {
        let names = pseudonyms(b"a key of some length");
        let host = names.text("web01");
        assert!(host.starts_with("host-") && host.len() == 17, "{host}");
        let person = names.text("Jörg Kim");
        let tag = person.strip_prefix("Person ").unwrap().to_owned();
        let mail = format!("{tag}@redacted.invalid");
        let rows = [
            ("WEB01.Nordhafen.example", host.clone()),
            ("on web01, (NH-4107)", format!("on {host}, ({host})")),
            ("web011 and aweb01", "web011 and aweb01".into()),
            ("sys-web01-prod", format!("sys-{host}-prod")),
            ("asked JÖRG KIM.", format!("asked Person {tag}.")),
            (
                "asked Jörg, then Kim",
                format!("asked Person {tag}, then Person {tag}"),
            ),
            ("the price of it", "the price of it".into()),
            ("p-kim", format!("p-{tag}")),
            (
                "approvals/pol-1/1f7a-p-kim-1.yaml",
                format!("approvals/pol-1/1f7a-p-{tag}-1.yaml"),
            ),
            ("<kim@nordhafen.example>", format!("<{mail}>")),
            ("2026-09-30T23:59:59+02:00", "2026-09-30T23:59:59+02:00".into()),
            (
                "CVE-2026-1111 in 4.18.0.305",
                "CVE-2026-1111 in 4.18.0.305".into(),
            ),
            ("nordhafen.example", "nordhafen.example".into()),
            ("", String::new()),
        ];
        for (text, expected) in rows {
            assert_eq!(names.text(text), expected, "{text}");
        }
        assert_ne!(
            names.text("p-kim-2"),
            format!("p-{tag}-2"),
            "the longest name counts"
        );
        assert_eq!(names.text(&person), person, "what is replaced stays so");
    }

    #[test]
    fn addresses_and_strangers_are_known_by_their_form() {
        let names = pseudonyms(b"a key of some length");
        let address = names.text("192.0.2.11");
        assert!(address.starts_with("address-"), "{address}");
        for (text, gone) in [
            ("192.0.2.11:443", "192"),
            ("from 192.0.2.77-192.0.2.99.", "192"),
            ("192.0.2.0/24", "192"),
            ("[2001:db8::7]:22", "2001"),
            ("2001:DB8::7", "DB8"),
            ("00:00:5E:00:53:01", "5E"),
            ("00-00-5e-00-53-01", "5e"),
            ("somebody.else@other.example wrote", "somebody"),
            ("db99.nordhafen.example", "db99"),
            ("https://db99.nordhafen.example:8443/x", "db99"),
            ("ssh:db99.nordhafen.example", "db99"),
            ("image:DB99.nordhafen.example:22:data", "DB99"),
            ("SHA256:udrRw1+6zq/4BfZrQjMVVn3M8Xoifcmvv9vJrOralI0", "udrRw1"),
        ] {
            let found = names.text(text);
            assert!(!found.contains(gone), "{text}: {found}");
        }
        assert_eq!(
            names.text("2001:DB8::7"),
            names.text("2001:db8:0::7"),
            "one address, one pseudonym"
        );
        let long = "a:".repeat(1 << 20);
        assert_eq!(names.text(&long), long, "as long as a file may be");
        assert_ne!(pseudonyms(b"another key").text("web01"), names.text("web01"));
        assert_eq!(
            pseudonyms(b"a key of some length").text("web01"),
            names.text("web01")
        );
    }
}
