//! Facts: of one host by the module `setup`, from the cache of facts, or of many in the output of an ad-hoc command.

use std::io::BufRead;

use super::super::json::Outline;
use super::super::stamp::{self, Written};
use super::super::tally::Tally;
use super::super::tree::Tree;
use super::super::value;
use super::super::{ImportError, Options, Place, Sink};
use super::{Lines, MAX_TEXT, outline_behind_noise, tree};
use crate::model::{Host, ScanSummary, Stamp};

/// What fills a field of the firmware that nobody has set.
const UNSET: [&str; 6] = [
    "na",
    "n/a",
    "none",
    "not specified",
    "to be filled by o.e.m.",
    "default string",
];

/// Warnings stand before the answers; they are few.
const MAX_LINES_BEFORE: usize = 100;

pub(super) fn recognises(head: &[u8]) -> bool {
    let mut lines = head.split(|byte| *byte == b'\n').take(MAX_LINES_BEFORE);
    if lines.any(|line| prompt(&String::from_utf8_lossy(&line[..line.len().min(2048)])).is_some()) {
        return true;
    }
    match outline_behind_noise(head) {
        Outline::Object(names) => {
            let has = |name: &str| names.contains(name);
            let of_host = names.iter().filter(|name| name.starts_with("ansible_")).count();
            !has("plays")
                && !has("_event")
                && (has("ansible_facts")
                    || of_host >= 3
                    || has("unreachable") && has("msg") && has("changed"))
        }
        Outline::ArrayOfObjects(_) | Outline::Null | Outline::Other => false,
    }
}

/// Splits the line with which the answer of one host begins, such as `web01 | SUCCESS => {`.
fn prompt(line: &str) -> Option<(&str, &str, &str)> {
    let (host, rest) = line.split_once(" | ")?;
    let (word, text) = rest.split_once("=> ")?;
    let word = word.split(" | ").next().unwrap_or_default().trim();
    let is_known = matches!(word, "SUCCESS" | "CHANGED" | "FAILED!" | "UNREACHABLE!");
    let is_host = !host.is_empty() && !host.contains(char::is_whitespace);
    (is_known && is_host && text.trim_start().starts_with('{')).then_some((host, word, text))
}

pub(super) fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Reader {
        tally: Tally::new(options, sink),
        unreachable: 0,
        failed: 0,
        read: 0,
    };
    let mut lines = Lines::new(input);
    let mut block = Block::default();
    while let Some(line) = lines.next()? {
        if let Some((host, _, text)) = prompt(&line) {
            reader.block(&block)?;
            block = Block {
                host: host.to_owned(),
                text: text.to_owned(),
                before: lines.line - 1,
            };
        } else if !block.text.is_empty() || line.trim_start().starts_with('{') {
            if block.text.is_empty() {
                block.before = lines.line - 1;
            }
            block.text.push_str(&line);
        }
        if block.text.len() as u64 > MAX_TEXT {
            return Err(ImportError::OverLimit {
                place: Place::Line(lines.line),
                message: format!("the facts of one host have more than {MAX_TEXT} bytes"),
            });
        }
    }
    reader.block(&block)?;
    reader.finish()
}

/// The answer of one host.
#[derive(Default)]
struct Block {
    /// Empty where the text does not say.
    host: String,
    text: String,
    before: u64,
}

struct Reader<'s> {
    tally: Tally<'s>,
    unreachable: u64,
    failed: u64,
    read: u64,
}

impl Reader<'_> {
    fn block(&mut self, block: &Block) -> Result<(), ImportError> {
        if block.text.is_empty() {
            return Ok(());
        }
        self.read += 1;
        let answer = tree(&block.text, block.before)?;
        if answer.is_true("unreachable") {
            self.unreachable += 1;
            self.tally.skip("unreachable: a gap, not a pass", 1);
            return Ok(());
        }
        if answer.is_true("failed") {
            self.failed += 1;
            self.tally.skip("failed: a gap, not a pass", 1);
            return Ok(());
        }
        let place = Place::Line(block.before + 1);
        let mut host = match answer.get("ansible_facts") {
            Some(facts) => host_of(facts),
            None => host_of(&answer),
        }
        .map_err(|message| ImportError::UnknownValue {
            place: place.clone(),
            message,
        })?;
        if !block.host.is_empty() {
            if host.name != block.host && !host.name.is_empty() {
                host.aliases.push(std::mem::take(&mut host.name));
            }
            host.name.clone_from(&block.host);
        }
        if host.scanned_at.is_none() {
            host.scanned_at = answer.text_of("_timestamp").and_then(sure);
        }
        if let Some(at) = host.scanned_at {
            stamp::keep_latest(&mut self.tally.summary.run_at, at);
        }
        let poured = self.tally.host(&host);
        poured
            .map(drop)
            .map_err(|message| ImportError::Malformed { place, message })
    }

    fn finish(mut self) -> Result<ScanSummary, ImportError> {
        if self.read == 0 {
            return Err(ImportError::Foreign("a text without the facts of a host".into()));
        }
        for (count, what) in [
            (self.unreachable, "could not be reached"),
            (self.failed, "failed to answer"),
        ] {
            if count > 0 {
                self.tally.incomplete(format!("{count} hosts {what}"));
            }
        }
        Ok(self.tally.summary)
    }
}

fn sure(text: &str) -> Option<Stamp> {
    match stamp::read(text) {
        Some(Written::Sure(stamp)) => Some(stamp),
        Some(Written::Either { .. }) | None => None,
    }
}

/// Makes the host of its facts, whose names may lack their `ansible_`.
fn host_of(facts: &Tree) -> Result<Host, String> {
    let fact = |name: &str| {
        let prefixed = facts.get(&format!("ansible_{name}"));
        prefixed.or_else(|| facts.get(name))
    };
    let text = |name: &str| fact(name).and_then(Tree::text);
    let set = |name: &str| text(name).filter(|text| !UNSET.contains(&text.to_lowercase().as_str()));
    let fqdn = text("fqdn").filter(|name| name.contains('.') && !name.starts_with("localhost"));
    let hostname = text("hostname").filter(|name| *name != "localhost");
    let mut host = Host {
        name: fqdn
            .or(hostname)
            .or(text("nodename"))
            .unwrap_or_default()
            .to_owned(),
        fqdn: fqdn.and_then(value::fqdn),
        hostname: hostname.and_then(value::hostname),
        uuid: set("product_uuid").map(str::to_lowercase),
        serial: set("product_serial").map(str::to_owned),
        ..Host::default()
    };
    let os: Vec<&str> = ["distribution", "distribution_version"]
        .into_iter()
        .filter_map(text)
        .collect();
    host.os = (!os.is_empty()).then(|| os.join(" "));
    let listed = ["all_ipv4_addresses", "all_ipv6_addresses"]
        .into_iter()
        .filter_map(fact);
    let own = fact("default_ipv4").and_then(|address| address.text_of("address"));
    for text in own
        .into_iter()
        .chain(listed.flat_map(Tree::members).filter_map(Tree::text))
    {
        let usable = |ip: &std::net::IpAddr| !ip.is_loopback() && !ip.is_unspecified();
        if let Some(ip) = text.parse().ok().filter(usable).map(|ip| ip.to_string())
            && host.ips.len() < 1024
            && !host.ips.contains(&ip)
        {
            host.ips.push(ip);
        }
    }
    let mac = fact("default_ipv4").and_then(|address| address.text_of("macaddress"));
    host.macs.extend(mac.and_then(value::mac));
    if let Some(given) = fact("date_time").and_then(|time| time.text_of("iso8601")) {
        let no_time = || format!("`ansible_date_time` is {}, which is no time", value::shown(given));
        host.scanned_at = Some(sure(given).ok_or_else(no_time)?);
    }
    Ok(host)
}
