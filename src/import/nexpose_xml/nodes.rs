//! The hosts of a report, and what was tested on them.

use sha2::{Digest as _, Sha256};

use super::super::ImportError;
use super::super::stamp;
use super::super::value;
use super::super::xml::Tag;
use super::held::Test;
use super::{MAX_TEXT, Reader};
use crate::model::{Host, Stamp};

/// A node may have this many names and addresses.
const MAX_NAMES: usize = 256;

/// What the status of a test says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// It found something; `excepted` where somebody in the console hides that.
    Found {
        is_potential: bool,
        is_excepted: bool,
    },
    Clean,
    /// It came to no end.
    Undone,
}

/// Reads a status; `None` where it is not known.
///
/// Source: the help of Nexpose on result codes, and its words for them in reports.
pub(super) fn outcome(status: &str) -> Option<Outcome> {
    let is_potential = status.ends_with("potential");
    let is_excepted = status.contains("exception");
    let begins = |start: &str| status.starts_with(start);
    if is_excepted && status.contains("vulnerable") || begins("vulnerable") || status == "potential" {
        Some(Outcome::Found {
            is_potential,
            is_excepted,
        })
    } else if begins("not-vulnerable") || begins("overridden") {
        Some(Outcome::Clean)
    } else if begins("skipped") || begins("no-") || matches!(status, "error" | "unknown" | "not-tested") {
        Some(Outcome::Undone)
    } else {
        None
    }
}

/// What is known of a node before its end.
#[derive(Default)]
struct Node {
    host: Host,
    /// How sure the console is of the operating system.
    certainty: f64,
    /// The latest of the scans that its tests name.
    scanned_at: Option<Stamp>,
}

impl Reader<'_, '_> {
    pub(super) fn nodes(&mut self) -> Result<(), ImportError> {
        self.has_nodes = true;
        while self.xml.next()? == Tag::Open {
            if self.xml.name() == b"node" {
                self.node()?;
            } else {
                self.xml.skip()?;
            }
        }
        Ok(())
    }

    fn node(&mut self) -> Result<(), ImportError> {
        let place = self.xml.place();
        let address = self.attribute("address")?;
        let key = format!("{address}\u{1f}{}", self.attribute("device-id")?);
        let is_alive = matches!(self.attribute("status")?.as_str(), "alive" | "");
        let mut node = Node::default();
        match value::ip(&address) {
            Some(ip) => node.host.ips.push(ip),
            None if address.is_empty() => {}
            None => self.tally.leave_out("not an address"),
        }
        let mac = self.attribute("hardware-address")?;
        node.host.macs.extend(value::mac(&mac));
        if node.host.macs.is_empty() && !mac.is_empty() {
            self.tally.leave_out("not an address");
        }
        let from = self.held.len();
        while self.xml.next()? == Tag::Open {
            match self.xml.name() {
                b"names" => self.names(&mut node.host)?,
                b"fingerprints" => self.fingerprints(&mut node)?,
                b"tests" => self.tests("", &mut node)?,
                b"endpoints" => self.endpoints(&mut node)?,
                _ => self.xml.skip()?,
            }
        }
        if !is_alive && self.held.len() == from {
            self.tally.skip("a host that did not answer", 1);
            return Ok(());
        }
        let index = match self.hosts.get(&key) {
            Some(known) => *known,
            None => {
                let host = node.finish(address);
                let malformed = |message| ImportError::Malformed { place, message };
                let index = self.tally.host(&host).map_err(malformed)?;
                self.hosts.insert(key, index);
                index
            }
        };
        self.held.settle(from, index);
        Ok(())
    }

    fn names(&mut self, host: &mut Host) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            let name = self.xml.text(MAX_TEXT)?.trim().trim_end_matches('.').to_owned();
            let is_of_all = name.to_lowercase().starts_with("localhost");
            if is_of_all {
                self.tally.leave_out("a name that every host has");
            } else if name.is_empty() || value::ip(&name).is_some() {
            } else if name.contains('.') && host.fqdn.is_none() {
                host.fqdn = value::fqdn(&name);
            } else if !name.contains('.') && host.hostname.is_none() {
                host.hostname = value::hostname(&name);
            } else if host.aliases.len() < MAX_NAMES && !host.aliases.contains(&name) {
                host.aliases.push(name);
            }
        }
        Ok(())
    }

    /// Takes the operating system of which the console is surest.
    fn fingerprints(&mut self, node: &mut Node) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            let certainty = self.attribute("certainty")?.parse().unwrap_or(0.0);
            if self.xml.name() == b"os" && (node.host.os.is_none() || certainty > node.certainty) {
                let (vendor, product) = (self.attribute("vendor")?, self.attribute("product")?);
                let vendor = if product.starts_with(&vendor) {
                    String::new()
                } else {
                    vendor
                };
                let parts = [vendor, product, self.attribute("version")?];
                let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                node.host.os = Some(parts.join(" ")).filter(|os| !os.is_empty());
                node.certainty = certainty;
            }
            self.xml.skip()?;
        }
        Ok(())
    }

    fn endpoints(&mut self, node: &mut Node) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            let instance = format!(
                "{}/{}",
                self.attribute("port")?,
                self.attribute("protocol")?.to_lowercase()
            );
            self.endpoint(&instance, node)?;
        }
        Ok(())
    }

    /// Reads what stands in an endpoint, in its services and in each of them.
    fn endpoint(&mut self, instance: &str, node: &mut Node) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            match self.xml.name() {
                b"services" | b"service" => self.endpoint(instance, node)?,
                b"tests" => self.tests(instance, node)?,
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }

    fn tests(&mut self, instance: &str, node: &mut Node) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            if self.xml.name() == b"test" {
                self.test(instance, node)?;
            } else {
                self.xml.skip()?;
            }
        }
        Ok(())
    }

    fn test(&mut self, instance: &str, node: &mut Node) -> Result<(), ImportError> {
        let status = self.attribute("status")?.to_lowercase();
        let known = "`vulnerable-…`, `exception-vulnerable-…`, `potential`, `not-vulnerable…`, `overridden-…`, \
                     `skipped-…`, `error` and `unknown` are known";
        let outcome = outcome(&status).ok_or_else(|| self.unknown("status", &status, known))?;
        if let Some(ended) = self.scans.get(&self.attribute("scan-id")?) {
            stamp::keep_latest(&mut node.scanned_at, *ended);
        }
        let (is_potential, is_excepted) = match outcome {
            Outcome::Found {
                is_potential,
                is_excepted,
            } => (is_potential, is_excepted),
            Outcome::Clean => {
                self.tally.skip("a test that found nothing", 1);
                return self.xml.skip();
            }
            Outcome::Undone => {
                self.tally.skip("a test that came to no end", 1);
                return self.xml.skip();
            }
        };
        let id = self.attribute("id")?.to_lowercase();
        if let Some(flaw) = value::flaw_of_id(&id) {
            return Err(self.xml.malformed(format!("the `id` of a test: {flaw}")));
        }
        let since = self.time("vulnerable-since")?;
        let key = self.attribute("key")?;
        let instance = match (instance, key.as_str()) {
            (instance, "") => instance.to_owned(),
            ("", key) => key.to_owned(),
            (instance, key) => format!("{instance} {key}"),
        };
        let place = self.xml.place();
        let over = |message| ImportError::OverLimit {
            place: place.clone(),
            message,
        };
        let test = Test {
            host: None,
            check: self.held.text(&id).map_err(over)?,
            instance: self.held.text(&instance).map_err(over)?,
            excepted: match is_excepted {
                true => Some(self.held.text(&status).map_err(over)?),
                false => None,
            },
            is_potential,
            since,
            proof: self.proof()?,
        };
        self.held.push(test).map_err(over)
    }

    /// Hashes all text in the present element; `None` where there is none.
    fn proof(&mut self) -> Result<Option<[u8; 32]>, ImportError> {
        let mut hash = Sha256::new();
        let mut has_text = false;
        let mut depth = 1_usize;
        while depth > 0 {
            let tag = self.xml.next_with(|chunk| {
                has_text |= !chunk.trim_ascii().is_empty();
                hash.update(chunk);
            })?;
            match tag {
                Tag::Open => depth += 1,
                Tag::Close => depth -= 1,
                Tag::End => break,
            }
        }
        Ok(has_text.then(|| hash.finalize().into()))
    }
}

impl Node {
    fn finish(self, address: String) -> Host {
        let own_name = self.host.fqdn.as_ref().or(self.host.hostname.as_ref());
        Host {
            name: own_name.cloned().unwrap_or(address),
            scanned_at: self.scanned_at,
            ..self.host
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, outcome};

    #[test]
    fn a_status_says_what_became_of_a_test() {
        let found = |is_potential, is_excepted| {
            Some(Outcome::Found {
                is_potential,
                is_excepted,
            })
        };
        let rows = [
            ("vulnerable-exploited", found(false, false)),
            ("vulnerable-version", found(false, false)),
            ("vulnerable-potential", found(true, false)),
            ("potential", found(true, false)),
            ("exception-vulnerable-exploited", found(false, true)),
            ("exception-vulnerable-potential", found(true, true)),
            ("vulnerable-exception-version", found(false, true)),
            ("not-vulnerable", Some(Outcome::Clean)),
            ("not-vulnerable-version", Some(Outcome::Clean)),
            ("overridden-vulnerable-version", Some(Outcome::Clean)),
            ("skipped-version", Some(Outcome::Undone)),
            ("error", Some(Outcome::Undone)),
            ("unknown", Some(Outcome::Undone)),
            ("no-tests", Some(Outcome::Undone)),
            ("", None),
            ("maybe", None),
        ];
        for (status, expected) in rows {
            assert_eq!(outcome(status), expected, "{status}");
        }
    }
}
