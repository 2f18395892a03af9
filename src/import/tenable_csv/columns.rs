//! The four tables that Tenable calls CSV, and where in each what is.

use super::super::delimited::fold;
use super::super::header::has_all;

/// Which of the tables it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dialect {
    /// Nessus Professional: one row an item and CVE.
    Nessus,
    /// Tenable Vulnerability Management, the older export: the same columns, and the life of a finding.
    Classic,
    /// Tenable Vulnerability Management, exported from Explore.
    Explore,
    /// Tenable Security Center.
    SecurityCenter,
    /// Tenable Security Center, summed up by plugin: it names no host.
    Summary,
}

/// Declares the fields once: the enumeration, and the folded names of each one's column in all tables.
macro_rules! fields {
    ($($field:ident: $names:expr,)*) => {
        /// What a column holds.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(super) enum Field { $($field,)* }

        pub(super) const NAMES: &[&[&str]] = &[$(&$names,)*];
    };
}

fields! {
    Plugin: ["plugin id", "plugin", "definition.id"],
    Title: ["name", "plugin name", "definition.name"],
    Cve: ["cve", "definition.cve"],
    Risk: ["risk"],
    Severity: ["severity"],
    OriginalSeverity: ["original severity"],
    PluginSeverity: ["definition.severity"],
    RiskFactor: ["risk factor"],
    Modification: ["modification", "risk_modified"],
    RecastComment: ["recast risk comment", "recast_reason"],
    AcceptComment: ["accept risk comment"],
    Host: ["host"],
    AssetName: ["asset.name"],
    HostName: ["asset.host_name"],
    Fqdn: ["fqdn", "dns name", "asset.display_fqdn"],
    Netbios: ["netbios", "netbios name", "asset.netbios_name"],
    Ip: ["ip address", "asset.display_ipv4_address"],
    Ipv6: ["asset.display_ipv6_address"],
    Mac: ["mac address", "asset.display_mac_address"],
    Asset: ["asset uuid", "asset.id"],
    Agent: ["agent id"],
    HostId: ["host id"],
    Repository: ["repository"],
    Os: ["os", "asset.operating_system"],
    Protocol: ["protocol"],
    Port: ["port"],
    Output: ["plugin output", "plugin text", "output"],
    State: ["vulnerability state", "state"],
    First: ["first found", "first discovered", "first_observed"],
    Last: ["last found", "last observed", "last_seen"],
    Fixed: ["last fixed", "last_fixed"],
    HostEnd: ["host end"],
    Authenticated: ["last authenticated results date", "asset.last_authenticated_scan_time"],
    Unauthenticated: ["last unauthenticated results date"],
    PatchPublished: ["patch publication date", "definition.patch_published"],
    PatchAvailable: ["patch available"],
    ExploitEase: ["exploit ease", "definition.exploitability_ease"],
    OnKev: ["definition.vpr_v2.drivers_on_cisa_kev"],
    References: ["cross references", "xref", "definition.references"],
    Mskb: ["mskb"],
}

/// Columns that say with `TRUE` that an exploit exists.
const EXPLOITS: [&str; 10] = [
    "exploit available",
    "exploit?",
    "exploited by nessus",
    "definition.exploited_by_nessus",
    "canvas",
    "d2 elliot",
    "metasploit",
    "core exploits",
    "core impact",
    "exploithub",
];

/// Columns that say with `TRUE` that malware exploits it.
const MALWARE: [&str; 2] = ["exploited by malware", "definition.exploited_by_malware"];

/// Tells which table a header is of; its names are folded.
pub(super) fn dialect(names: &[String]) -> Option<Dialect> {
    if has_all(names, &["definition.id", "severity", "state"])
        && names.iter().any(|name| name.starts_with("asset."))
    {
        return Some(Dialect::Explore);
    }
    if has_all(names, &["plugin", "plugin name", "severity"]) {
        let has_host = ["ip address", "dns name", "netbios name"]
            .iter()
            .any(|name| has_all(names, &[name]));
        return Some(if has_host {
            Dialect::SecurityCenter
        } else {
            Dialect::Summary
        });
    }
    if !has_all(names, &["plugin id", "risk", "name"]) {
        return None;
    }
    let has_life = ["vulnerability state", "first found", "last found"]
        .iter()
        .any(|name| has_all(names, &[name]));
    Some(if has_life {
        Dialect::Classic
    } else {
        Dialect::Nessus
    })
}

/// Columns that are many of a kind.
pub(super) struct Groups {
    pub(super) exploits: Vec<usize>,
    pub(super) malware: Vec<usize>,
    /// Base vectors, those of the newest version of CVSS first.
    pub(super) vectors: Vec<usize>,
}

impl Groups {
    pub(super) fn of(headers: &[String]) -> Self {
        let names: Vec<String> = headers.iter().map(|header| fold(header)).collect();
        let places = |is_one: &dyn Fn(&str) -> bool| -> Vec<usize> {
            let found = names.iter().enumerate().filter(|(_, name)| is_one(name));
            found.map(|(index, _)| index).collect()
        };
        let mut vectors = places(&is_vector);
        vectors.sort_by_key(|index| std::cmp::Reverse(version(&names[*index])));
        Self {
            exploits: places(&|name| EXPLOITS.contains(&name)),
            malware: places(&|name| MALWARE.contains(&name)),
            vectors,
        }
    }
}

fn is_vector(name: &str) -> bool {
    let is_cvss = name.starts_with("cvss") || name.starts_with("definition.cvss");
    is_cvss && name.ends_with("vector") && !name.contains("temporal") && !name.contains("threat")
}

/// Returns the version of CVSS that a column is named after; one that names none is of version 2.
fn version(name: &str) -> u32 {
    name.chars().find_map(|digit| digit.to_digit(10)).unwrap_or(2)
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Groups, NAMES, dialect};

    #[test]
    fn no_name_is_that_of_two_fields() {
        let mut names: Vec<&str> = NAMES.iter().copied().flatten().copied().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_header_shows_its_table() {
        let rows = [
            ("plugin id,cve,risk,name", Some(Dialect::Nessus)),
            ("plugin id,risk,host,name,last found", Some(Dialect::Classic)),
            (
                "plugin,plugin name,severity,dns name",
                Some(Dialect::SecurityCenter),
            ),
            ("plugin,plugin name,severity,total", Some(Dialect::Summary)),
            ("asset.id,definition.id,severity,state", Some(Dialect::Explore)),
            ("definition.id,severity,state", None),
            ("id,risk,host,name", None),
        ];
        for (header, expected) in rows {
            let names: Vec<String> = header.split(',').map(str::to_owned).collect();
            assert_eq!(dialect(&names), expected, "{header}");
        }
    }

    #[test]
    fn base_vectors_come_newest_first() {
        let headers = [
            "CVSS Vector",
            "CVSS Temporal Vector",
            "CVSS V4 Threat Vector",
            "CVSS3 Vector",
            "CVSS V4 Vector",
            "CVSS",
            "definition.cvss2.base_vector",
        ];
        let groups = Groups::of(&headers.map(str::to_owned));
        assert_eq!(groups.vectors, [4, 3, 0, 6]);
    }
}
