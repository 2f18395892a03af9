//! The vulnerability export: a row is a plugin on a port of a host, with its life.

use std::collections::HashMap;
use std::io::BufRead;

use serde::Deserialize as _;
use serde::de::Deserializer;

use super::super::json::{Flaw, Strict, read};
use super::super::rows::Refusal;
use super::super::stamp;
use super::super::tally::Tally;
use super::super::value::{self, Vectors};
use super::super::{HostIndex, ImportError, Importer, Options, Product, Sink};
use super::row::{Asset, Plugin, Row, Times};
use super::{Chunks, Keys, Rows, names_of_first_row, said, time};
use crate::model::{Exploit, Host, Observation, ObservationState, Quality, ScanSummary, Severity, Stamp};

pub(in crate::import) const IMPORTER: Importer = Importer {
    name: "tenable-vm",
    product: Product::Scan,
    recognises,
    import,
};

/// The words of `severity`, at the place of their `severity_id`.
const WORDS: [&str; 5] = ["info", "low", "medium", "high", "critical"];

/// Asks for little: an output of any length may stand between the first names of a row and the others.
fn recognises(head: &[u8]) -> bool {
    let names = names_of_first_row(head);
    names.contains("asset") && (names.contains("plugin") || names.contains("output"))
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut chunks = Chunks(Reader {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        item: Observation::blank("nessus"),
        vectors: Vectors::default(),
        hosts: HashMap::new(),
        rows: 0,
    });
    read(input, &mut chunks)?;
    Ok(chunks.0.tally.summary)
}

struct Reader<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    item: Observation,
    vectors: Vectors,
    /// The assets that were seen, by their id; the rows of one need not follow each other.
    hosts: HashMap<String, Option<HostIndex>>,
    rows: u64,
}

impl Rows for Reader<'_> {
    fn row<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        let Strict(row) = Strict::<Row<'de>>::deserialize(deserializer)?;
        self.rows += 1;
        let number = self.rows;
        self.pour(&row)
            .map_err(|refusal| refusal.stop(&mut self.flaw, &format!("row {number}")))
    }

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }
}

impl Reader<'_> {
    fn pour(&mut self, row: &Row<'_>) -> Result<(), Refusal> {
        let missing = |name: &str| Refusal::Malformed(format!("a row without `{name}`"));
        let asset = row.asset.as_ref().ok_or_else(|| missing("asset"))?;
        let plugin = row.plugin.as_ref().ok_or_else(|| missing("plugin"))?;
        let times = times(row)?;
        let host = self.host(&asset.0, &times)?;
        let state = state(said(&row.state).ok_or_else(|| missing("state"))?)?;
        let rating = rating(row)?;
        let Some(severity) = rating.severity else {
            self.tally.informational();
            return Ok(());
        };
        self.item.clear();
        self.item.severity = Some(severity);
        self.item.severity_given.push_str(severity.word());
        self.item.suppressed = rating.suppressed;
        self.item.state = state;
        self.item.first_seen = times.first_found;
        self.item.last_seen = times.last_found;
        self.item.last_fixed = times.last_fixed;
        self.plugin(&plugin.0)?;
        if let Some(port) = &row.port {
            let protocol = said(&port.0.protocol).unwrap_or_default().to_lowercase();
            self.item.instance = format!("{}/{protocol}", port.0.port.unwrap_or_default());
        }
        self.item.fingerprint = said(&row.output).map(|output| value::fingerprint(output.as_bytes()));
        self.tally.observation(host, &self.item);
        Ok(())
    }

    /// Finds the host of a row, or pours it.
    fn host(&mut self, asset: &Asset<'_>, times: &Times) -> Result<Option<HostIndex>, Refusal> {
        for found in times.of_scan() {
            stamp::keep_latest(&mut self.tally.summary.run_at, found);
        }
        let id = said(&asset.uuid).unwrap_or_default();
        if let Some(known) = self.hosts.get(id).filter(|_| !id.is_empty()) {
            return Ok(*known);
        }
        let keys = Keys {
            asset: said(&asset.uuid),
            agent: said(&asset.agent_uuid),
            bios: said(&asset.bios_uuid),
            fqdns: &asset.fqdn,
            hostnames: &asset.hostname,
            netbios: &asset.netbios_name,
            ips: [&asset.ipv4, &asset.ipv6],
            macs: &asset.mac_address,
            systems: &asset.operating_system,
        };
        let (host, junk) = keys.host();
        for _ in 0..junk {
            self.tally.leave_out("not an address");
        }
        let key = if id.is_empty() {
            host.name.clone()
        } else {
            id.to_owned()
        };
        if let Some(known) = self.hosts.get(&key) {
            return Ok(*known);
        }
        let host = seen(host, asset, times)?;
        let index = self.tally.host(&host).map_err(Refusal::Malformed)?;
        self.hosts.insert(key, index);
        Ok(index)
    }

    fn plugin(&mut self, plugin: &Plugin<'_>) -> Result<(), Refusal> {
        let id = plugin
            .id
            .as_ref()
            .ok_or_else(|| Refusal::Malformed("a `plugin` without `id`".into()))?;
        self.item.id.push_str(&id.0);
        if let Some(flaw) = value::flaw_of_id(&self.item.id) {
            return Err(Refusal::Malformed(format!("`plugin.id`: {flaw}")));
        }
        self.item.title.push_str(said(&plugin.name).unwrap_or_default());
        let cves = plugin.cve.as_deref().unwrap_or_default();
        if cves.len() > value::MAX_CVES {
            let message = format!("`plugin.cve` has more than {} CVEs", value::MAX_CVES);
            return Err(Refusal::OverLimit(message));
        }
        for text in cves {
            match value::cve(&text.0) {
                Some(cve) => self.item.cves.push(cve),
                None => self.tally.leave_out("not a CVE id"),
            }
        }
        value::settle_cves(&mut self.item.cves);
        for text in plugin.vectors() {
            match self.vectors.read(text) {
                Some(vector) => self.item.vectors.push(vector),
                None => self.tally.leave_out("not a CVSS vector"),
            }
        }
        self.references(plugin);
        let published = time("patch_publication_date", &plugin.patch_publication_date)?;
        self.item.patch_published = published.map(|stamp| match stamp {
            Stamp::At(instant) => instant.date_naive(),
            Stamp::Wall(wall) => wall.date(),
            Stamp::Day(day) => day,
        });
        // `has_patch: false` says that Tenable knows of none, not that there is none.
        let has_patch = published.is_some() || plugin.has_patch == Some(true);
        self.item.fix_available = has_patch.then_some(true);
        Ok(())
    }

    /// Takes the key of the patch and what is known of exploits.
    fn references(&mut self, plugin: &Plugin<'_>) {
        let mut remediation = None;
        self.item.exploit = plugin.exploit();
        for Strict(reference) in plugin.xrefs.iter().flatten() {
            let (family, id) = (said(&reference.family), said(&reference.id));
            if family == Some("CISA-KNOWN-EXPLOITED") {
                self.item.exploit = Exploit::Active;
            }
            if let (Some(family), Some(id)) = (family, id) {
                value::prefer(
                    &mut remediation,
                    value::advisory_of_family(&format!("{family}:{id}")),
                );
            }
        }
        self.item.remediation = remediation.map(|(_, key)| key);
    }
}

fn times(row: &Row<'_>) -> Result<Times, Refusal> {
    let scan = row.scan.as_ref().map(|scan| &scan.0);
    let completed = scan.map(|scan| time("scan.completed_at", &scan.completed_at));
    Ok(Times {
        completed: completed.transpose()?.flatten(),
        first_found: time("first_found", &row.first_found)?,
        last_found: time("last_found", &row.last_found)?,
        last_fixed: time("last_fixed", &row.last_fixed)?,
    })
}

/// Notes when and how well a host was seen: by an agent where it has one, else by the kind of results that came last.
///
/// The newest time of the asset and of its first row counts; the run's own would be that of another host.
fn seen(mut host: Host, asset: &Asset<'_>, times: &Times) -> Result<Host, Refusal> {
    let authenticated = time("last_authenticated_results", &asset.last_authenticated_results)?;
    let unauthenticated = time(
        "last_unauthenticated_results",
        &asset.last_unauthenticated_results,
    )?;
    let mut last_results = unauthenticated;
    if let Some(authenticated) = authenticated {
        stamp::keep_latest(&mut last_results, authenticated);
    }
    let by_results = last_results.map(|last| {
        if authenticated == Some(last) {
            Quality::Authenticated
        } else {
            Quality::Unauthenticated
        }
    });
    host.quality = said(&asset.agent_uuid).map(|_| Quality::Agent).or(by_results);
    host.scanned_at = last_results;
    for found in times.of_scan() {
        stamp::keep_latest(&mut host.scanned_at, found);
    }
    Ok(host)
}

fn state(given: &str) -> Result<ObservationState, Refusal> {
    match given.to_ascii_uppercase().as_str() {
        "OPEN" => Ok(ObservationState::Seen),
        "REOPENED" => Ok(ObservationState::Reopened),
        "FIXED" => Ok(ObservationState::Fixed),
        _ => Err(Refusal::Unknown(format!(
            "`state` is {}; `OPEN`, `REOPENED` and `FIXED` are known",
            value::shown(given)
        ))),
    }
}

/// What the row is rated, `None` for informational, and what somebody changed of it in Tenable.
struct Rating {
    severity: Option<Severity>,
    suppressed: Option<String>,
}

/// Rates a row. A severity that somebody recast in Tenable is not taken for the scanner's: the higher counts.
fn rating(row: &Row<'_>) -> Result<Rating, Refusal> {
    let given = said(&row.severity).ok_or_else(|| Refusal::Malformed("a row without `severity`".into()))?;
    let known = WORDS.iter().position(|word| word.eq_ignore_ascii_case(given));
    let Some(given) = known else {
        return Err(Refusal::Unknown(format!(
            "`severity` is {}; {} are known",
            value::shown(given),
            WORDS.map(|word| format!("`{word}`")).join(", ")
        )));
    };
    let by_id = |name: &str, id: Option<u64>| match id.map(usize::try_from) {
        None => Ok(given),
        Some(Ok(place)) if place < WORDS.len() => Ok(place),
        Some(_) => Err(Refusal::Unknown(format!(
            "`{name}` is `{}`; `0` to `4` are known",
            id.unwrap_or_default()
        ))),
    };
    if by_id("severity_id", row.severity_id)? != given {
        let (word, id) = (WORDS[given], row.severity_id.unwrap_or_default());
        let message = format!("`severity` is `{word}`, but `severity_id` is `{id}`");
        return Err(Refusal::Malformed(message));
    }
    let own = by_id("severity_default_id", row.severity_default_id)?;
    let (counted, suppressed) = match said(&row.severity_modification_type).unwrap_or("NONE") {
        "NONE" => (given, None),
        "ACCEPTED" => (given.max(own), Some("accepted in Tenable".into())),
        "RECASTED" if given < own => {
            let text = format!("recast from {} to {} in Tenable", WORDS[own], WORDS[given]);
            (own, Some(text))
        }
        "RECASTED" => (given, None),
        other => {
            return Err(Refusal::Unknown(format!(
                "`severity_modification_type` is {}; `NONE`, `RECASTED` and `ACCEPTED` are known",
                value::shown(other)
            )));
        }
    };
    Ok(Rating {
        severity: Severity::from_word(WORDS[counted]),
        suppressed,
    })
}
