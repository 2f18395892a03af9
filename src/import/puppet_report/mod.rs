//! Puppet: reports of runs as PuppetDB keeps them, as an agent writes them in JSON or YAML, and as Foreman wraps them.
//!
//! An event of a package that changed its version is an install; its key is the package with the new version. A run
//! or an event that is `noop` changed nothing and is no evidence. Tags of YAML are dropped and never mean anything.

mod yaml;

use std::io::{BufRead, Read as _};

use memchr::memmem;
use serde::de::DeserializeSeed;

use super::deployment::{Deployed, PatchState};
use super::json::{Document, Flaw, Json, Outline, Stop, outline};
use super::stamp::{self, Written};
use super::tally::Tally;
use super::tree::{OneOrMany, Tree};
use super::value;
use super::{HostIndex, ImportError, Importer, Options, Place, Product, Sink};
use crate::model::{Host, Observation, ScanSummary, Stamp};

pub(super) const IMPORTER: Importer = Importer {
    name: "puppet-report",
    product: Product::Deployment,
    recognises,
    import,
};

/// The tag with which an agent's report begins.
const YAML_TAG: &[u8] = b"!ruby/object:Puppet::Transaction::Report";
/// A report in YAML is held whole, and may have this many bytes.
const MAX_YAML: u64 = 64 << 20;

fn recognises(head: &[u8]) -> bool {
    match outline(head) {
        Outline::Object(names) | Outline::ArrayOfObjects(names) => {
            let has = |name: &str| names.contains(name);
            let of_report = [
                "report_format",
                "transaction_uuid",
                "resource_statuses",
                "catalog_uuid",
            ];
            has("config_report")
                || (has("certname") || has("host")) && !has("values") && of_report.into_iter().any(has)
        }
        Outline::Null => false,
        Outline::Other => is_yaml(head),
    }
}

fn is_yaml(head: &[u8]) -> bool {
    let start = head.trim_ascii_start();
    start.starts_with(b"---") && memmem::find(&start[..start.len().min(200)], YAML_TAG).is_some()
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Reader {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        item: Observation::blank("puppet"),
    };
    let mut start = Vec::new();
    input.take(256).read_to_end(&mut start)?;
    if is_yaml(&start) {
        input.take(MAX_YAML + 1).read_to_end(&mut start)?;
        if start.len() as u64 > MAX_YAML {
            return Err(ImportError::OverLimit {
                place: Place::Whole,
                message: format!("a report in YAML has more than {MAX_YAML} bytes"),
            });
        }
        let report = yaml::tree(&start)?;
        reader.whole(&report, start.ends_with(b"\n"));
        reader.report(&report).map_err(|message| ImportError::Malformed {
            place: Place::Whole,
            message,
        })?;
    } else {
        super::json::read(&mut std::io::BufReader::new(start.chain(input)), &mut reader)?;
    }
    Ok(reader.tally.summary)
}

struct Reader<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    item: Observation,
}

impl Document for Reader<'_> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        OneOrMany(|report| self.report(&report)).deserialize(json)
    }

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }
}

impl Reader<'_> {
    /// YAML has no end of its own: what shows that a report is whole are the fields that each one has, and its count.
    fn whole(&mut self, report: &Tree, has_line_end: bool) {
        let has_fields = ["time", "resource_statuses"]
            .iter()
            .all(|name| report.get(name).is_some());
        let of_resources = report.get("metrics").and_then(|metrics| metrics.get("resources"));
        let values = of_resources.and_then(|resources| resources.get("values"));
        let mut rows = values.map_or(&[][..], Tree::members).iter().map(Tree::members);
        let total = rows.find(|row| row.first().and_then(Tree::text).map(plain) == Some("total"));
        let total = total.and_then(|row| row.get(2)).and_then(Tree::text);
        let found = report
            .get("resource_statuses")
            .map_or(0, |resources| resources.entries().len());
        let is_counted = total.is_none_or(|total| total == found.to_string());
        if !has_fields || !has_line_end || !is_counted {
            let message = "the report lacks a field or resources, so that it may be cut off";
            self.tally.incomplete(message);
        }
    }

    fn report(&mut self, report: &Tree) -> Result<(), String> {
        let report = report.get("config_report").unwrap_or(report);
        let name = report.text_of("certname").or_else(|| report.text_of("host"));
        let name = name.ok_or("a report without `certname` or `host`")?;
        let mut at = None;
        for field in [
            "end_time",
            "reported_at",
            "time",
            "start_time",
            "producer_timestamp",
        ] {
            at = at.or(time(report, field)?);
        }
        if let Some(at) = at {
            stamp::keep_latest(&mut self.tally.summary.run_at, at);
        }
        let host = self.tally.host(&Host {
            name: name.to_owned(),
            scanned_at: at,
            ..Host::default()
        })?;
        let is_noop = report.is_true("noop");
        for (title, resource) in resources(report) {
            self.resource(host, title, resource, is_noop)?;
        }
        Ok(())
    }

    /// Counts a resource once, and once more for each further package event of it.
    fn resource(
        &mut self,
        host: Option<HostIndex>,
        title: &str,
        resource: &Tree,
        is_noop: bool,
    ) -> Result<(), String> {
        let events = resource.get("events").map(listed).unwrap_or_default();
        if is_noop && !events.is_empty() {
            self.tally.skip("`noop`: nothing was changed", 1);
            return Ok(());
        }
        if resource.is_true("skipped") {
            self.tally.skip("skipped by the agent", 1);
            return Ok(());
        }
        let is_package = resource.text_of("resource_type").map_or_else(
            || title.starts_with("Package["),
            |sort| sort.eq_ignore_ascii_case("package"),
        );
        let of_version = |event: &&&Tree| event.text_of("property").is_none_or(|name| name == "ensure");
        let events: Vec<&Tree> = events
            .iter()
            .filter(of_version)
            .copied()
            .filter(|_| is_package)
            .collect();
        if events.is_empty() {
            self.tally.informational();
        }
        let given = resource
            .text_of("resource_title")
            .or_else(|| resource.text_of("title"));
        let named = title
            .strip_prefix("Package[")
            .and_then(|rest| rest.strip_suffix(']'));
        let package = given.or(named).unwrap_or(title);
        for event in events {
            self.event(host, package, event, resource)?;
        }
        Ok(())
    }

    fn event(
        &mut self,
        host: Option<HostIndex>,
        package: &str,
        event: &Tree,
        resource: &Tree,
    ) -> Result<(), String> {
        let new = event
            .text_of("new_value")
            .or_else(|| event.text_of("desired_value"));
        let new = plain(new.unwrap_or_default());
        let word = plain(event.text_of("status").unwrap_or_default());
        let state = match word {
            "success" => PatchState::Installed,
            "failure" => PatchState::Failed,
            "noop" => {
                self.tally.skip("`noop`: nothing was changed", 1);
                return Ok(());
            }
            "audit" => {
                self.tally.informational();
                return Ok(());
            }
            other => {
                return Err(format!(
                    "the `status` of an event of `{package}` is {}; `success`, `failure`, `noop` and `audit` are known",
                    value::shown(other)
                ));
            }
        };
        if matches!(new, "absent" | "purged" | "held" | "disabled") {
            self.tally.informational();
            return Ok(());
        }
        let is_version = !matches!(new, "" | "present" | "installed" | "latest");
        let patch = match value::advisory(package) {
            None if is_version => format!("{package}-{new}"),
            Some(_) | None => package.to_owned(),
        };
        let at = match time(event, "timestamp")?.or(time(event, "time")?) {
            Some(at) => Some(at),
            None => time(resource, "timestamp")?.or(time(resource, "time")?),
        };
        let old = event
            .text_of("old_value")
            .or_else(|| event.text_of("previous_value"));
        let title = format!("{package}: {} to {new}", plain(old.unwrap_or("unknown")));
        let deployed = Deployed {
            patch: &patch,
            title: &title,
            state,
            word,
            at,
        };
        match deployed.describe(&mut self.item) {
            Ok(()) => self.tally.observation(host, &self.item),
            Err(_) => self.tally.skip("a package whose name is no key", 1),
        }
        Ok(())
    }
}

/// Lists the resources with their names: those of PuppetDB in a list, those of an agent by name.
fn resources(report: &Tree) -> impl Iterator<Item = (&str, &Tree)> {
    let by_name = report.get("resource_statuses").map_or(&[][..], Tree::entries);
    let in_list = report.get("resources").map(listed).unwrap_or_default();
    let by_name = by_name.iter().map(|(name, resource)| (name.as_str(), resource));
    let in_list = in_list
        .into_iter()
        .map(|resource| (resource.text_of("resource_title").unwrap_or("-"), resource));
    by_name.chain(in_list)
}

/// Returns the members of a list, which an answer may wrap as `data`.
fn listed(tree: &Tree) -> Vec<&Tree> {
    tree.get("data").unwrap_or(tree).members().iter().collect()
}

/// Takes the colon off a symbol of Ruby.
fn plain(word: &str) -> &str {
    word.strip_prefix(':').unwrap_or(word)
}

fn time(tree: &Tree, name: &str) -> Result<Option<Stamp>, String> {
    let Some(given) = tree.text_of(name) else {
        return Ok(None);
    };
    match stamp::read(given) {
        Some(Written::Sure(stamp)) => Ok(Some(stamp)),
        Some(Written::Either { .. }) | None => {
            Err(format!("`{name}` is {}, which is no time", value::shown(given)))
        }
    }
}
