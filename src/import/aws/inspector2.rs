//! Inspector 2: the findings as `list-findings` and the report export write them.
//!
//! `CLOSED` is Inspector's own word that the vulnerability is gone; `SUPPRESSED` is that of a rule somebody wrote.

use std::io::BufRead;

use memchr::memmem;
use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::super::json::{
    Flaw, Listed, Members, Outline, Report, Strict, Text, begins_with_empty_list, outline, read,
};
use super::super::rows::{Hosts, Refusal, When, also_known_as, locate, said, take_vector, time, unknown};
use super::super::tally::Tally;
use super::super::value::{self, Vectors};
use super::super::{ImportError, Importer, Options, Product, Sink, stamp};
use super::{Details, Package, host_of, severity};
use crate::model::{Exploit, Observation, ObservationState, ScanSummary};

pub(in crate::import) const IMPORTER: Importer = Importer {
    name: "aws-inspector2",
    product: Product::Scan,
    recognises,
    import,
};

fn recognises(head: &[u8]) -> bool {
    let Outline::Object(names) = outline(head) else {
        return false;
    };
    names.contains("findings")
        && (memmem::find(head, b"\"findingArn\"").is_some() || begins_with_empty_list(head, "findings"))
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Listed::new(Reader {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        item: Observation::blank("inspector"),
        vectors: Vectors::default(),
        hosts: Hosts::default(),
        rows: 0,
    });
    read(input, &mut reader)?;
    Ok(reader.report.tally.summary)
}

struct Reader<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    item: Observation,
    vectors: Vectors,
    hosts: Hosts,
    rows: u64,
}

impl Report for Reader<'_> {
    const LIST: &'static str = "findings";

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }

    fn other<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "nextToken" => {
                if said(&values.next_value::<Option<Text<'de>>>()?).is_some() {
                    self.tally
                        .incomplete("is one page of several: `nextToken` is given");
                }
                Ok(())
            }
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Finding<'a> {
    #[serde(rename = "type", borrow)]
    sort: Option<Text<'a>>,
    #[serde(borrow)]
    title: Option<Text<'a>>,
    #[serde(borrow)]
    severity: Option<Text<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    first_observed_at: Option<When<'a>>,
    #[serde(borrow)]
    last_observed_at: Option<When<'a>>,
    #[serde(borrow)]
    updated_at: Option<When<'a>>,
    #[serde(borrow)]
    fix_available: Option<Text<'a>>,
    #[serde(borrow)]
    exploit_available: Option<Text<'a>>,
    #[serde(borrow)]
    package_vulnerability_details: Option<Strict<OfPackage<'a>>>,
    #[serde(borrow)]
    code_vulnerability_details: Option<Strict<OfCode<'a>>>,
    #[serde(borrow)]
    network_reachability_details: Option<Strict<OfNetwork<'a>>>,
    #[serde(borrow)]
    resources: Option<Vec<Strict<Resource<'a>>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OfPackage<'a> {
    #[serde(borrow)]
    vulnerability_id: Option<Text<'a>>,
    #[serde(borrow)]
    related_vulnerabilities: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    cvss: Option<Vec<Strict<Score<'a>>>>,
    #[serde(borrow)]
    vulnerable_packages: Option<Vec<Strict<Vulnerable<'a>>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Score<'a> {
    #[serde(borrow)]
    scoring_vector: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Vulnerable<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    version: Option<Text<'a>>,
    #[serde(borrow)]
    file_path: Option<Text<'a>>,
    #[serde(borrow)]
    fixed_in_version: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OfCode<'a> {
    #[serde(borrow)]
    detector_id: Option<Text<'a>>,
    #[serde(borrow)]
    file_path: Option<Strict<Place<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Place<'a> {
    #[serde(borrow)]
    file_path: Option<Text<'a>>,
    start_line: Option<u64>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OfNetwork<'a> {
    #[serde(borrow)]
    protocol: Option<Text<'a>>,
    open_port_range: Option<Strict<Ports>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Ports {
    begin: u32,
    end: u32,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Resource<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    details: Option<Strict<ResourceDetails<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ResourceDetails<'a> {
    #[serde(borrow)]
    aws_ec2_instance: Option<Strict<Instance<'a>>>,
    #[serde(borrow)]
    aws_ecr_container_image: Option<Strict<Image<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Instance<'a> {
    #[serde(rename = "ipV4Addresses", borrow)]
    ipv4: Option<Vec<Text<'a>>>,
    #[serde(rename = "ipV6Addresses", borrow)]
    ipv6: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    platform: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Image<'a> {
    #[serde(borrow)]
    repository_name: Option<Text<'a>>,
    #[serde(borrow)]
    image_tags: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    platform: Option<Text<'a>>,
}

impl Resource<'_> {
    fn details(&self) -> Details<'_> {
        let mut found = Details::default();
        let Some(Strict(details)) = &self.details else {
            return found;
        };
        if let Some(Strict(instance)) = &details.aws_ec2_instance {
            let lists = [&instance.ipv4, &instance.ipv6];
            let texts = lists.into_iter().flatten().flatten();
            found.addresses = texts.map(|text| &*text.0).collect();
            found.os = said(&instance.platform);
        }
        if let Some(Strict(image)) = &details.aws_ecr_container_image {
            found.repository = said(&image.repository_name);
            found.tags = image.image_tags.iter().flatten().map(|tag| &*tag.0).collect();
            found.os = said(&image.platform);
        }
        found
    }
}

impl Members for Reader<'_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let Some(Strict(finding)) = members.next_element::<Strict<Finding<'de>>>()? else {
            return Ok(false);
        };
        self.rows += 1;
        let row = self.rows;
        let taken = self.take(&finding);
        taken.map_err(|refusal| refusal.stop(&mut self.flaw, &format!("finding {row}")))?;
        Ok(true)
    }
}

impl Reader<'_> {
    fn take(&mut self, finding: &Finding<'_>) -> Result<(), Refusal> {
        self.item.clear();
        self.life(finding)?;
        let given = said(&finding.severity)
            .ok_or_else(|| Refusal::Malformed("a finding without `severity`".into()))?;
        let rated = match given {
            "UNTRIAGED" => Some(None),
            _ => severity("severity", given)?.map(Some),
        };
        self.item.severity_given.push_str(given);
        self.what(finding)?;
        let has_fix = yes_or_no("fixAvailable", &finding.fix_available)?;
        self.item.fix_available = has_fix.or(self.item.fix_available);
        if yes_or_no("exploitAvailable", &finding.exploit_available)? == Some(true) {
            self.item.exploit = Exploit::Poc;
        }
        self.item.title = match said(&finding.title) {
            Some(title) => title.to_owned(),
            None => self.item.id.clone(),
        };
        let resources = finding.resources.as_deref().unwrap_or_default();
        if resources.is_empty() {
            return Err(Refusal::Malformed("a finding without `resources`".into()));
        }
        for Strict(resource) in resources {
            let id = said(&resource.id).unwrap_or_default();
            let details = resource.details();
            let (host, junk) = host_of(id, &details, self.item.last_seen);
            for _ in 0..junk {
                self.tally.leave_out("not an address");
            }
            let index = self.hosts.pour(&mut self.tally, id, || host)?;
            match rated {
                Some(severity) => {
                    self.item.severity = severity;
                    self.tally.observation(index, &self.item);
                }
                None => self.tally.informational(),
            }
        }
        Ok(())
    }

    fn life(&mut self, finding: &Finding<'_>) -> Result<(), Refusal> {
        let item = &mut self.item;
        item.first_seen = time("firstObservedAt", &finding.first_observed_at)?;
        item.last_seen = time("lastObservedAt", &finding.last_observed_at)?;
        let updated = time("updatedAt", &finding.updated_at)?;
        for found in [item.last_seen, updated].into_iter().flatten() {
            stamp::keep_latest(&mut self.tally.summary.run_at, found);
        }
        match said(&finding.status).unwrap_or_default() {
            "ACTIVE" => {}
            "CLOSED" => {
                item.state = ObservationState::Fixed;
                item.last_fixed = updated.or(item.last_seen);
            }
            "SUPPRESSED" => item.suppressed = Some("suppressed by a rule of Inspector".into()),
            other => return Err(unknown("status", other, "`ACTIVE`, `SUPPRESSED` and `CLOSED`")),
        }
        Ok(())
    }

    /// Takes what was found: a vulnerable package, a flaw of code, or a port that can be reached.
    fn what(&mut self, finding: &Finding<'_>) -> Result<(), Refusal> {
        let missing = |name: &str| Refusal::Malformed(format!("a finding without `{name}`"));
        match said(&finding.sort).unwrap_or_default() {
            "PACKAGE_VULNERABILITY" => {
                let details = finding.package_vulnerability_details.as_ref();
                let Strict(details) = details.ok_or_else(|| missing("packageVulnerabilityDetails"))?;
                self.package(details)
            }
            "CODE_VULNERABILITY" => {
                let details = finding.code_vulnerability_details.as_ref();
                let Strict(details) = details.ok_or_else(|| missing("codeVulnerabilityDetails"))?;
                self.id("detectorId", said(&details.detector_id).unwrap_or_default())?;
                let place = details.file_path.as_ref().map(|Strict(place)| {
                    let path = said(&place.file_path).unwrap_or_default();
                    format!("{path}:{}", place.start_line.unwrap_or_default())
                });
                locate(&mut self.item, place.unwrap_or_default());
                Ok(())
            }
            "NETWORK_REACHABILITY" => {
                let details = finding.network_reachability_details.as_ref();
                let Strict(details) = details.ok_or_else(|| missing("networkReachabilityDetails"))?;
                self.id("type", "NETWORK_REACHABILITY")?;
                let ports = details.open_port_range.as_ref();
                let ports = ports.map(|Strict(ports)| format!("{}-{}", ports.begin, ports.end));
                let protocol = said(&details.protocol).unwrap_or_default();
                locate(
                    &mut self.item,
                    format!("{}/{protocol}", ports.unwrap_or_default()),
                );
                Ok(())
            }
            other => {
                let known = "`PACKAGE_VULNERABILITY`, `CODE_VULNERABILITY` and `NETWORK_REACHABILITY`";
                Err(unknown("type", other, known))
            }
        }
    }

    fn id(&mut self, name: &str, id: &str) -> Result<(), Refusal> {
        if let Some(flaw) = value::flaw_of_id(id) {
            return Err(Refusal::Malformed(format!("`{name}`: {flaw}")));
        }
        self.item.id.push_str(id);
        Ok(())
    }

    fn package(&mut self, details: &OfPackage<'_>) -> Result<(), Refusal> {
        let id = said(&details.vulnerability_id).unwrap_or_default();
        self.id("vulnerabilityId", id)?;
        let related = details.related_vulnerabilities.iter().flatten();
        let mut remediation = None;
        for text in std::iter::once(id).chain(related.map(|text| &*text.0)) {
            also_known_as(&mut self.item, &mut self.tally, text)?;
            value::prefer(&mut remediation, value::advisory(text));
        }
        self.item.remediation = remediation.map(|(_, key)| key);
        for Strict(score) in details.cvss.iter().flatten() {
            let text = said(&score.scoring_vector).unwrap_or_default();
            take_vector(&mut self.item, &mut self.tally, &mut self.vectors, text);
        }
        let packages = details.vulnerable_packages.as_deref().unwrap_or_default();
        let texts = packages.iter().map(|Strict(found)| {
            let (name, version, path) = (&found.name, &found.version, &found.file_path);
            Package { name, version, path }.text()
        });
        let instance = texts.collect::<Vec<_>>().join(", ");
        locate(&mut self.item, instance);
        let has_fix = |found: &Vulnerable<'_>| {
            said(&found.fixed_in_version).is_some_and(|version| version != "NotAvailable")
        };
        if packages.iter().any(|Strict(found)| has_fix(found)) {
            self.item.fix_available = Some(true);
        }
        Ok(())
    }
}

/// Reads `YES`, `NO` and `PARTIAL`, which is a yes for some of the packages.
pub(super) fn yes_or_no(name: &str, given: &Option<Text<'_>>) -> Result<Option<bool>, Refusal> {
    match said(given).unwrap_or_default() {
        "" => Ok(None),
        "YES" | "PARTIAL" => Ok(Some(true)),
        "NO" => Ok(Some(false)),
        other => Err(unknown(name, other, "`YES`, `NO` and `PARTIAL`")),
    }
}
