//! The parts of a row of the vulnerability export that are needed.

use serde::de::{Deserializer, Visitor};

use super::super::json::{Strict, Text};
use super::{Texts, said};
use crate::model::{Exploit, Stamp};

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Row<'a> {
    #[serde(borrow)]
    pub(super) asset: Option<Strict<Asset<'a>>>,
    #[serde(borrow)]
    pub(super) output: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) plugin: Option<Strict<Plugin<'a>>>,
    #[serde(borrow)]
    pub(super) port: Option<Strict<Port<'a>>>,
    #[serde(borrow)]
    pub(super) scan: Option<Strict<ScanTimes<'a>>>,
    #[serde(borrow)]
    pub(super) severity: Option<Text<'a>>,
    pub(super) severity_id: Option<u64>,
    pub(super) severity_default_id: Option<u64>,
    #[serde(borrow)]
    pub(super) severity_modification_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) first_found: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) last_found: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) last_fixed: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) state: Option<Text<'a>>,
}

/// The times of one row.
pub(super) struct Times {
    pub(super) completed: Option<Stamp>,
    pub(super) first_found: Option<Stamp>,
    pub(super) last_found: Option<Stamp>,
    pub(super) last_fixed: Option<Stamp>,
}

impl Times {
    /// Returns those at which the host was scanned.
    pub(super) fn of_scan(&self) -> impl Iterator<Item = Stamp> {
        [self.completed, self.last_found, self.last_fixed]
            .into_iter()
            .flatten()
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Asset<'a> {
    #[serde(borrow)]
    pub(super) uuid: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) agent_uuid: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) bios_uuid: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) fqdn: Texts<'a>,
    #[serde(borrow)]
    pub(super) hostname: Texts<'a>,
    #[serde(borrow)]
    pub(super) netbios_name: Texts<'a>,
    #[serde(borrow)]
    pub(super) ipv4: Texts<'a>,
    #[serde(borrow)]
    pub(super) ipv6: Texts<'a>,
    #[serde(borrow)]
    pub(super) mac_address: Texts<'a>,
    #[serde(borrow)]
    pub(super) operating_system: Texts<'a>,
    #[serde(borrow)]
    pub(super) last_authenticated_results: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) last_unauthenticated_results: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Plugin<'a> {
    pub(super) id: Option<Id>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) cve: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub(super) xrefs: Option<Vec<Strict<Reference<'a>>>>,
    #[serde(borrow)]
    pub(super) patch_publication_date: Option<Text<'a>>,
    pub(super) has_patch: Option<bool>,
    #[serde(borrow)]
    cvss_vector: Option<Strict<Scored<'a>>>,
    #[serde(borrow)]
    cvss3_vector: Option<Strict<Scored<'a>>>,
    #[serde(borrow)]
    cvss4_vector: Option<Strict<Scored<'a>>>,
    exploit_available: Option<bool>,
    exploited_by_malware: Option<bool>,
    exploited_by_nessus: Option<bool>,
    exploit_framework_canvas: Option<bool>,
    exploit_framework_core: Option<bool>,
    exploit_framework_d2_elliot: Option<bool>,
    exploit_framework_exploithub: Option<bool>,
    exploit_framework_metasploit: Option<bool>,
}

impl Plugin<'_> {
    /// Returns the vectors as they are written, the newest version first; a score of 0 beside them means none.
    pub(super) fn vectors(&self) -> impl Iterator<Item = &str> {
        [&self.cvss4_vector, &self.cvss3_vector, &self.cvss_vector]
            .into_iter()
            .flatten()
            .filter_map(|Strict(scored)| said(&scored.raw))
    }

    pub(super) fn exploit(&self) -> Exploit {
        let known = [
            self.exploit_available,
            self.exploited_by_nessus,
            self.exploit_framework_canvas,
            self.exploit_framework_core,
            self.exploit_framework_d2_elliot,
            self.exploit_framework_exploithub,
            self.exploit_framework_metasploit,
        ];
        if self.exploited_by_malware == Some(true) {
            Exploit::Active
        } else if known.contains(&Some(true)) {
            Exploit::Poc
        } else {
            Exploit::None
        }
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Reference<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) family: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Scored<'a> {
    #[serde(borrow)]
    raw: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Port<'a> {
    pub(super) port: Option<u16>,
    #[serde(borrow)]
    pub(super) protocol: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct ScanTimes<'a> {
    #[serde(borrow)]
    pub(super) completed_at: Option<Text<'a>>,
}

/// The id of a plugin, written as a number or as a text.
pub(super) struct Id(pub(super) String);

impl<'de> serde::Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = Id;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the number of a plugin")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Id, E> {
        Ok(Id(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Id, E> {
        Ok(Id(text.trim().to_owned()))
    }
}
