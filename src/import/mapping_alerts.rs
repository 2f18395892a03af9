//! Alerts of a SIEM or EDR, one object a line, by the members that a Source maps.
//!
//! An alert is no finding: it says that a vulnerability is exploited on a host, and since when. One that names no
//! vulnerability is counted and nothing more.

use std::collections::HashMap;
use std::io::BufRead;

use serde::de::Deserialize as _;

use super::json::{Document, Flaw, Json, Stop};
use super::mapping::settled;
use super::tally::Tally;
use super::tree::Tree;
use super::{HostIndex, ImportError, Importer, Options, Product, Sink, stamp, value};
use crate::model::{DateOrder, Exploit, Host, MappingProfile, Observation, ScanSummary};

pub(super) const IMPORTER: Importer = Importer {
    name: "mapping-alerts",
    product: Product::Alerts,
    recognises: |_| false,
    import,
};

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let Some(profile) = options.mapping else {
        return Err(ImportError::Foreign(
            "the Source maps no members; give it a `mapping`".into(),
        ));
    };
    let mut alerts = Alerts {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        item: Observation::blank("alert"),
        profile,
        order: options.date_order,
        hosts: HashMap::new(),
        read: 0,
    };
    super::json::read(input, &mut alerts)?;
    Ok(alerts.tally.summary)
}

struct Alerts<'s, 'o> {
    tally: Tally<'s>,
    flaw: Flaw,
    item: Observation,
    profile: &'o MappingProfile,
    order: Option<DateOrder>,
    hosts: HashMap<String, Option<HostIndex>>,
    read: u64,
}

impl Document for Alerts<'_, '_> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        let alert = Tree::deserialize(json)?;
        self.read += 1;
        self.alert(&alert).map_err(|message| self.flaw.unknown(message))
    }

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }

    fn takes_more(&self) -> bool {
        true
    }
}

impl Alerts<'_, '_> {
    fn alert(&mut self, alert: &Tree) -> Result<(), String> {
        let row = self.read;
        if alert.entries().is_empty() {
            return Err(format!("alert {row} is no object with members"));
        }
        let texts = |field: &str| self.texts(alert, field);
        let cves = texts("cve");
        let mut names = texts("name");
        let (fqdns, ips) = (texts("fqdn"), texts("ip"));
        let id = texts("id")
            .first()
            .map_or_else(|| row.to_string(), |id| (*id).to_owned());
        let given = texts("time");
        self.item.clear();
        for cve in cves
            .iter()
            .flat_map(|text| value::list(text))
            .take(value::MAX_CVES)
        {
            match value::cve(cve) {
                Some(cve) => self.item.cves.push(cve),
                None => self.tally.leave_out("not a CVE id"),
            }
        }
        value::settle_cves(&mut self.item.cves);
        let Some(given) = given.first() else {
            return Err(format!(
                "alert {row} has no time; map `time` to the member that has it"
            ));
        };
        let no_time = || {
            format!(
                "the time of alert {row} is {}, which is none",
                value::shown(given)
            )
        };
        let at = settled(given, self.order)
            .or_else(|| stamp::epoch(given))
            .ok_or_else(no_time)?;
        stamp::keep_latest(&mut self.tally.summary.run_at, at);
        if names.is_empty() {
            names = fqdns.iter().chain(&ips).copied().take(1).collect();
        }
        let Some(name) = names.first().copied().filter(|_| !self.item.cves.is_empty()) else {
            let reason = if names.is_empty() {
                "an alert without a host"
            } else {
                "an alert without a CVE"
            };
            self.tally.skip(reason, 1);
            return Ok(());
        };
        let host = Host {
            name: name.to_owned(),
            fqdn: fqdns.first().and_then(|text| value::fqdn(text)),
            ips: ips.iter().filter_map(|text| value::ip(text)).collect(),
            ..Host::default()
        };
        let host = self.host(&host)?;
        if value::flaw_of_id(&id).is_none() {
            self.item.id.push_str(&id);
        } else {
            self.item
                .id
                .push_str(&value::fingerprint(id.as_bytes()).to_string());
        }
        self.item.title.push_str("alert of an attack");
        self.item.exploit = Exploit::Active;
        self.item.first_seen = Some(at);
        self.tally.observation(host, &self.item);
        Ok(())
    }

    fn host(&mut self, host: &Host) -> Result<Option<HostIndex>, String> {
        if let Some(known) = self.hosts.get(&host.name) {
            return Ok(*known);
        }
        let poured = self.tally.host(host)?;
        self.hosts.insert(host.name.clone(), poured);
        Ok(poured)
    }

    /// Returns the texts of a mapped member: as it is named, else step by step at its dots; of a list all.
    fn texts<'t>(&self, alert: &'t Tree, field: &str) -> Vec<&'t str> {
        let Some(path) = self.profile.columns.value.get(field) else {
            return Vec::new();
        };
        let walked = || path.split('.').try_fold(alert, |tree, step| tree.get(step));
        match alert.get(path).or_else(walked) {
            Some(Tree::List(members)) => members.iter().filter_map(Tree::text).collect(),
            Some(one) => one.text().into_iter().collect(),
            None => Vec::new(),
        }
    }
}
