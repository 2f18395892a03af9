//! ServiceNow: configuration items of its table API, and of its CMDB instance API.
//!
//! Everything is a text. By `sysparm_display_value` a field is its raw value, its label, or both; a reference is an
//! id, or a link with an id. What is a host is what the exported table holds; an item that is a duplicate of another
//! is none of its own.

use std::io::BufRead;

use memchr::memmem;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess};

use super::json::{Document, Entries, Flaw, Json, Object, Outline, Stop, outline};
use super::tally::Tally;
use super::tree::{OneOrMany, Tree};
use super::value;
use super::{ImportError, Importer, Options, Product, Sink};
use crate::model::{Host, HostStatus, ScanSummary};

pub(super) const IMPORTER: Importer = Importer {
    name: "servicenow-cmdb",
    product: Product::Inventory,
    recognises,
    import,
};

/// Exports of a list end without a word after so many rows, where the instance is not told otherwise.
const LIST_CAP: u64 = 10_000;
/// A longer value is none that an expression would ask for.
const MAX_FIELD: usize = 4096;

/// Knows the list by fields that configuration items have and other records do not.
fn recognises(head: &[u8]) -> bool {
    const OF_ITEMS: [&str; 5] = [
        "\"install_status\"",
        "\"operational_status\"",
        "\"serial_number\"",
        "\"sys_class_path\"",
        "\"cmdb_ci_",
    ];
    match outline(head) {
        Outline::Object(names) => {
            names.contains("result")
                && OF_ITEMS
                    .iter()
                    .any(|name| memmem::find(head, name.as_bytes()).is_some())
        }
        Outline::ArrayOfObjects(_) | Outline::Null | Outline::Other => false,
    }
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut answer = Answer {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        has_result: false,
        rows: 0,
    };
    super::json::read(input, &mut answer)?;
    Ok(answer.tally.summary)
}

struct Answer<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    has_result: bool,
    rows: u64,
}

impl Document for Answer<'_> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        DeserializeSeed::deserialize(Object(self), json)?;
        if !self.has_result {
            return Err(self.flaw.malformed("`result` is missing".into()));
        }
        if self.rows > 0 && self.rows.is_multiple_of(LIST_CAP) {
            let rows = self.rows;
            self.tally.incomplete(format!(
                "has exactly {rows} rows, at which exports of a list are cut off; export it in pages or raise the limit"
            ));
        }
        Ok(())
    }

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }
}

impl Entries for Answer<'_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "result" if self.has_result => Err(self.flaw.malformed("`result` comes twice".into())),
            "result" => {
                self.has_result = true;
                values.next_value_seed(OneOrMany(|item| self.take(&item)))
            }
            "error" => {
                let message = "`error` is there; ask the server again";
                match values.next_value::<Option<IgnoredAny>>()? {
                    Some(_) => Err(self.flaw.malformed(message.into())),
                    None => Ok(()),
                }
            }
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

impl Answer<'_> {
    /// Takes an item; the instance API puts its fields beside its relations.
    fn take(&mut self, item: &Tree) -> Result<(), String> {
        let inner = item.get("attributes");
        let inner = inner.filter(|inner| !inner.entries().is_empty());
        self.item(inner.unwrap_or(item))
    }

    fn item(&mut self, item: &Tree) -> Result<(), String> {
        self.rows += 1;
        let row = self.rows;
        if item.entries().is_empty() {
            return Err(format!("item {row} is no object with fields"));
        }
        if raw(item, "duplicate_of").is_some() {
            self.tally.skip("a duplicate of another item", 1);
            return Ok(());
        }
        let host = self.host(item);
        if host.name.is_empty() {
            self.tally.skip("an item without a name", 1);
            return Ok(());
        }
        self.tally
            .host(&host)
            .map(drop)
            .map_err(|flaw| format!("item {row}: {flaw}"))
    }

    fn host(&mut self, item: &Tree) -> Host {
        let fqdn = raw(item, "fqdn").map(str::to_owned).or_else(|| {
            let (name, domain) = (raw(item, "host_name")?, raw(item, "dns_domain")?);
            Some(format!("{name}.{domain}"))
        });
        let hostname = raw(item, "host_name");
        let name = raw(item, "name")
            .or(fqdn.as_deref())
            .or(hostname)
            .unwrap_or_default();
        let os: Vec<&str> = ["os", "os_version"]
            .iter()
            .filter_map(|name| label(item, name))
            .collect();
        Host {
            name: name.to_owned(),
            fqdn: fqdn.as_deref().and_then(value::fqdn),
            hostname: hostname.and_then(value::hostname),
            ips: self.addresses(item, "ip_address", value::ip, "not an IP address"),
            macs: self.addresses(item, "mac_address", value::mac, "not a MAC address"),
            serial: raw(item, "serial_number").map(str::to_owned),
            os: (!os.is_empty()).then(|| os.join(" ")),
            status: self.status(item),
            fields: self.fields(item),
            ..Host::default()
        }
    }

    fn addresses(
        &mut self,
        item: &Tree,
        name: &str,
        read: fn(&str) -> Option<String>,
        reason: &str,
    ) -> Vec<String> {
        let mut found = Vec::new();
        for part in value::list(raw(item, name).unwrap_or_default()) {
            match read(part) {
                Some(address) => found.push(address),
                None => self.tally.leave_out(reason),
            }
        }
        found
    }

    /// One status that says retired is enough. Words of an organisation's own say nothing, so that nobody's host
    /// stops being governed by them.
    fn status(&mut self, item: &Tree) -> HostStatus {
        let mut status = HostStatus::Unknown;
        for (name, read) in [
            ("install_status", install_status as fn(&str) -> Option<HostStatus>),
            ("operational_status", operational_status),
        ] {
            let words = [raw(item, name), label(item, name)];
            let Some(found) = words.into_iter().flatten().find_map(read) else {
                if raw(item, name).is_some() {
                    self.tally.leave_out("a status that is none of ServiceNow's own");
                }
                continue;
            };
            if status != HostStatus::Retired {
                status = found;
            }
        }
        status
    }

    /// Every field that has a text, by its label.
    fn fields(&mut self, item: &Tree) -> std::collections::BTreeMap<String, String> {
        let mut fields = std::collections::BTreeMap::new();
        for (name, _) in item.entries() {
            match label(item, name) {
                Some(text) if text.len() <= MAX_FIELD => drop(fields.insert(name.clone(), text.to_owned())),
                Some(_) => self.tally.leave_out("a field that is too long to be asked for"),
                None => {}
            }
        }
        fields
    }
}

/// Returns the value of a field as the instance keeps it, where the export has it.
fn raw<'t>(item: &'t Tree, name: &str) -> Option<&'t str> {
    let field = item.get(name)?;
    let value = field.text_of("value").or_else(|| field.text_of("display_value"));
    field.text().or(value)
}

/// Returns the value of a field as people read it, where the export has it.
fn label<'t>(item: &'t Tree, name: &str) -> Option<&'t str> {
    let field = item.get(name)?;
    let value = field.text_of("display_value").or_else(|| field.text_of("value"));
    field.text().or(value)
}

/// Reads the status of an item's life. Source: the choices of `cmdb_ci.install_status` as delivered.
fn install_status(word: &str) -> Option<HostStatus> {
    match word.to_lowercase().as_str() {
        "1" | "installed" | "2" | "on order" | "3" | "in maintenance" | "4" | "pending install" | "5"
        | "pending repair" | "6" | "in stock" => Some(HostStatus::Active),
        "7" | "retired" | "8" | "stolen" | "100" | "absent" => Some(HostStatus::Retired),
        _ => None,
    }
}

/// Reads whether an item is in use. Source: the choices of `cmdb_ci.operational_status` as delivered.
fn operational_status(word: &str) -> Option<HostStatus> {
    match word.to_lowercase().as_str() {
        "1" | "operational" | "2" | "non-operational" | "3" | "repair in progress" | "4" | "dr standby"
        | "5" | "ready" => Some(HostStatus::Active),
        "6" | "retired" => Some(HostStatus::Retired),
        _ => None,
    }
}
