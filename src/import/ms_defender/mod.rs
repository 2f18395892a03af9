//! Microsoft Defender: vulnerabilities by machine, as pages of the API and as exported rows, and its machines.
//!
//! The rows name a machine by an id that the list of machines explains. Names of fields come in any case, and times
//! are UTC without saying so. A feed of changes holds what changed since a day: that a row is missing says nothing,
//! what is gone is a row whose status is `Fixed`, so a Source of it leaves `absence_means_fixed` out.

mod machines;
mod row;

use std::io::BufRead;

use memchr::memmem;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json::{
    Array, Document, Flaw, Json, Listed, Members, Object, Outline, Report, Stop, Text, outline, read,
};
use super::rows::{Hosts, Refusal, also_known_as, locate, package, said, unknown};
use super::stamp::{self, Written};
use super::tally::Tally;
use super::value;
use super::{ImportError, Importer, Options, Product, Sink};
use crate::model::{Exploit, Host, Observation, ObservationState, Quality, ScanSummary, Severity, Stamp};
use row::{Field, Row};

pub(super) use machines::IMPORTER as MACHINES;

pub(super) const VULNERABILITIES: Importer = Importer {
    name: "ms-defender-json",
    product: Product::Scan,
    recognises: recognises_page,
    import: import_page,
};

pub(super) const ROWS: Importer = Importer {
    name: "ms-defender-ndjson",
    product: Product::Scan,
    recognises: recognises_rows,
    import: import_rows,
};

fn within(head: &[u8], text: &str) -> bool {
    memmem::find(&head.to_ascii_lowercase(), text.as_bytes()).is_some()
}

/// Knows a page by its first row, and an empty one by what it says to be.
fn recognises_page(head: &[u8]) -> bool {
    let Outline::Object(names) = outline(head) else {
        return false;
    };
    let is_empty = || names.contains("@odata.context") && within(head, "vulnerabilit");
    names.contains("value")
        && !within(head, "\"computerdnsname\"")
        && (within(head, "\"cveid\"") && (within(head, "\"machineid\"") || within(head, "\"deviceid\""))
            || is_empty())
}

fn recognises_rows(head: &[u8]) -> bool {
    let (Outline::Object(names) | Outline::ArrayOfObjects(names)) = outline(head) else {
        return false;
    };
    let has = |wanted: &str| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    has("cveId") && has("deviceId") && (has("softwareName") || has("deviceName"))
}

fn import_page(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut page = Listed::new(Reader::new(options, sink));
    read(input, &mut page)?;
    Ok(page.report.tally.summary)
}

fn import_rows(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut lines = Lines(Reader::new(options, sink));
    read(input, &mut lines)?;
    Ok(lines.0.tally.summary)
}

struct Reader<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    item: Observation,
    hosts: Hosts,
    rows: u64,
    total: Option<u64>,
}

impl<'s> Reader<'s> {
    fn new(options: &Options<'s>, sink: &'s mut dyn Sink) -> Self {
        Self {
            tally: Tally::new(options, sink),
            flaw: Flaw::default(),
            item: Observation::blank("defender"),
            hosts: Hosts::default(),
            rows: 0,
            total: None,
        }
    }
}

/// One page of the API.
impl Report for Reader<'_> {
    const LIST: &'static str = "value";

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }

    fn end(&mut self) -> Result<(), Stop> {
        let rows = self.rows;
        if let Some(total) = self.total.filter(|total| *total > rows) {
            self.tally
                .incomplete(format!("lists {rows} of {total} vulnerabilities"));
        }
        Ok(())
    }

    fn other<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "@odata.nextLink" => {
                let link: Option<Text<'de>> = values.next_value()?;
                next_page(&mut self.tally, &link);
                Ok(())
            }
            "@odata.count" => {
                self.total = values.next_value()?;
                Ok(())
            }
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

/// Notes that a page is followed by another.
fn next_page(tally: &mut Tally<'_>, link: &Option<Text<'_>>) {
    if said(link).is_some() {
        tally.incomplete("is one page of several: `@odata.nextLink` is given");
    }
}

/// Rows one a line, or in lists.
struct Lines<'s>(Reader<'s>);

impl Document for Lines<'_> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        json.deserialize_any(Line(&mut self.0))
    }

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.0.flaw
    }

    fn takes_more(&self) -> bool {
        true
    }
}

struct Line<'r, 's>(&'r mut Reader<'s>);

impl<'de> Visitor<'de> for Line<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a row, or a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        Array(self.0).visit_seq(members)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        let mut row = Row::default();
        Object(&mut row).visit_map(entries)?;
        self.0.row(&row)
    }
}

impl Members for Reader<'_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let mut row = Row::default();
        if members.next_element_seed(Object(&mut row))?.is_none() {
            return Ok(false);
        }
        self.row(&row)?;
        Ok(true)
    }
}

impl Reader<'_> {
    fn row<E: serde::de::Error>(&mut self, row: &Row) -> Result<(), E> {
        self.rows += 1;
        let number = self.rows;
        let taken = self.take(row);
        taken.map_err(|refusal| refusal.stop(&mut self.flaw, &format!("row {number}")))
    }

    fn take(&mut self, row: &Row) -> Result<(), Refusal> {
        if let Some(name) = row.twice() {
            return Err(Refusal::Malformed(format!("{} comes twice", value::shown(name))));
        }
        let machine = row.get(Field::Machine);
        if let Some(flaw) = value::flaw_of_id(machine) {
            return Err(Refusal::Malformed(format!("the id of the machine: {flaw}")));
        }
        let id = row.get(Field::Vulnerability);
        if let Some(flaw) = value::flaw_of_id(id) {
            return Err(Refusal::Malformed(format!("`cveId`: {flaw}")));
        }
        self.item.clear();
        self.item.id.push_str(id);
        also_known_as(&mut self.item, &mut self.tally, id)?;
        let given = row.get(Field::Severity);
        self.item.severity_given.push_str(given);
        self.item.severity = severity(given)?;
        self.item.exploit = exploit(row.get(Field::Exploit))?;
        self.life(row)?;
        self.remedy(row.get(Field::Remedy));
        let product = row.get(Field::Product);
        self.item.title = format!("{id} in {product}");
        let mut instance = package(product, row.get(Field::Version));
        if !row.get(Field::Vendor).is_empty() {
            instance = format!("{}/{instance}", row.get(Field::Vendor));
        }
        locate(&mut self.item, instance);
        let seen = self.item.last_seen;
        let index = self.hosts.pour(&mut self.tally, machine, || host(row, seen))?;
        self.tally.observation(index, &self.item);
        Ok(())
    }

    fn life(&mut self, row: &Row) -> Result<(), Refusal> {
        self.item.first_seen = self.time(row.get(Field::FirstSeen));
        self.item.last_seen = self.time(row.get(Field::LastSeen));
        let changed = self.time(row.get(Field::Changed));
        for found in [self.item.last_seen, changed].into_iter().flatten() {
            stamp::keep_latest(&mut self.tally.summary.run_at, found);
        }
        match row.get(Field::Status) {
            "" | "New" | "Updated" => {}
            "Fixed" => {
                self.item.state = ObservationState::Fixed;
                self.item.last_fixed = changed.or(self.item.last_seen);
            }
            other => return Err(unknown("status", other, "`New`, `Updated` and `Fixed`")),
        }
        Ok(())
    }

    /// Reads a time, which is UTC though it does not say so; real exports hold some that are none.
    fn time(&mut self, text: &str) -> Option<Stamp> {
        match stamp::read(text) {
            Some(Written::Sure(Stamp::Wall(wall))) => Some(Stamp::At(wall.and_utc())),
            Some(Written::Sure(stamp)) => Some(stamp),
            Some(Written::Either { .. }) | None => {
                if !text.is_empty() {
                    self.tally.leave_out("not a time");
                }
                None
            }
        }
    }

    /// Takes the key of the patch: the number of a KB article, or an advisory.
    fn remedy(&mut self, given: &str) {
        if given.is_empty() {
            return;
        }
        let key = value::advisory(given).or_else(|| value::advisory(&format!("KB{given}")));
        self.item.remediation = key.map(|(_, key)| key);
        self.item.fix_available = Some(true);
    }
}

fn host(row: &Row, seen: Option<Stamp>) -> Host {
    let machine = row.get(Field::Machine);
    let named = Some(row.get(Field::Name)).filter(|name| !name.is_empty());
    let system = [row.get(Field::System), row.get(Field::SystemVersion)];
    let os = system.join(" ").trim().to_owned();
    let is_onboarded = row.get(Field::IsOnboarded).eq_ignore_ascii_case("true");
    Host {
        name: named.unwrap_or(machine).to_owned(),
        fqdn: named.filter(|name| name.contains('.')).and_then(value::fqdn),
        hostname: named.filter(|name| !name.contains('.')).and_then(value::hostname),
        agent: Some(machine.to_owned()),
        os: Some(os).filter(|os| !os.is_empty()),
        quality: is_onboarded.then_some(Quality::Agent),
        scanned_at: seen,
        ..Host::default()
    }
}

/// Reads the severity; `None` where there is none yet.
fn severity(given: &str) -> Result<Option<Severity>, Refusal> {
    if given.is_empty() || given.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    Severity::from_word(given).map(Some).ok_or_else(|| {
        let known = "`Critical`, `High`, `Medium`, `Low` and `None`";
        unknown("severity", given, known)
    })
}

/// Reads what is known of an exploit; one in a kit is one in use.
fn exploit(given: &str) -> Result<Exploit, Refusal> {
    match given.to_ascii_lowercase().as_str() {
        "" | "noexploit" => Ok(Exploit::None),
        "exploitispublic" | "exploitisverified" => Ok(Exploit::Poc),
        "exploitisinkit" => Ok(Exploit::Active),
        _ => {
            let known = "`NoExploit`, `ExploitIsPublic`, `ExploitIsVerified` and `ExploitIsInKit`";
            Err(unknown("exploitabilityLevel", given, known))
        }
    }
}
