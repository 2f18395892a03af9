//! The visitors of the reports: what stands where.

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::json::{Array, Count, Entries, Members, Object, Strict, Text};
use super::finding::{Hidden, Metadata, Vulnerability};
use super::{Artefact, Reader, Shape};

/// The lists of a cluster's resources; in the last, they were not looked at for vulnerabilities.
pub(super) const RESOURCE_LISTS: [&str; 4] =
    ["Resources", "Findings", "Vulnerabilities", "Misconfigurations"];

const MISCONFIGURATION: &str = "a misconfiguration, not a vulnerability";
const SECRET: &str = "a secret, not a vulnerability";
const LICENCE: &str = "a licence, not a vulnerability";

pub(super) struct Root<'r, 's>(pub(super) &'r mut Reader<'s>);

impl<'de> Visitor<'de> for Root<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a Trivy report")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.0.pour()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        self.0.shape = Shape::Legacy;
        Array(&mut Results(self.0)).visit_seq(members)?;
        self.0.pour()
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        let reader = self.0;
        Object(&mut Report(reader)).visit_map(entries)?;
        match (reader.shape, reader.has_schema) {
            (Shape::Cluster, _) => Ok(()),
            (Shape::Artefact | Shape::Legacy, true) => reader.pour(),
            (Shape::Artefact | Shape::Legacy, false) => Err(reader
                .flaw
                .malformed("neither `SchemaVersion` nor `ClusterName` at the root".into())),
        }
    }
}

/// The root object.
struct Report<'r, 's>(&'r mut Reader<'s>);

impl Entries for Report<'_, '_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        let reader = &mut *self.0;
        match name {
            "SchemaVersion" => {
                let version: serde_json::Number = values.next_value()?;
                if version.as_u64() != Some(2) {
                    return Err(reader
                        .flaw
                        .unknown(format!("`SchemaVersion` is `{version}`; `2` is known")));
                }
                reader.has_schema = true;
                Ok(())
            }
            "CreatedAt" => reader.created_at(&values.next_value::<Text<'de>>()?.0),
            "ArtifactName" => {
                reader.artefact.host.name = values.next_value::<Text<'de>>()?.0.trim().to_owned();
                Ok(())
            }
            "ArtifactType" => {
                let kind = values.next_value::<Text<'de>>()?.0.into_owned();
                reader.artefact.host.fields.insert("artifact_type".into(), kind);
                Ok(())
            }
            "Metadata" => {
                let metadata: Option<Metadata> = values.next_value()?;
                metadata.unwrap_or_default().describe(&mut reader.artefact.host);
                Ok(())
            }
            "Results" => values.next_value_seed(Array(&mut Results(reader))),
            "ClusterName" => {
                reader.shape = Shape::Cluster;
                values.next_value::<IgnoredAny>().map(drop)
            }
            "Resources" | "Findings" | "Vulnerabilities" => values.next_value_seed(Array(&mut Resources {
                reader,
                is_scanned: true,
            })),
            "Misconfigurations" => values.next_value_seed(Array(&mut Resources {
                reader,
                is_scanned: false,
            })),
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

/// The resources of a cluster.
struct Resources<'r, 's> {
    reader: &'r mut Reader<'s>,
    /// Whether these were looked at for vulnerabilities.
    is_scanned: bool,
}

impl Members for Resources<'_, '_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        self.reader.artefact = Artefact::default();
        let mut resource = Resource {
            reader: &mut *self.reader,
            kind: None,
            namespace: None,
            name: None,
            error: None,
        };
        if members.next_element_seed(Object(&mut resource))?.is_none() {
            return Ok(false);
        }
        resource.settle_name(false);
        let was_scanned = self.is_scanned && resource.error.is_none();
        if let Some(error) = resource.error {
            self.reader.not_scanned(&error);
        }
        let has_findings = !self.reader.artefact.held.is_empty();
        if was_scanned || has_findings {
            self.reader.pour()?;
        }
        Ok(true)
    }
}

struct Resource<'r, 's> {
    reader: &'r mut Reader<'s>,
    kind: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    /// Why the resource could not be scanned.
    error: Option<String>,
}

impl Resource<'_, '_> {
    /// Names the host once all three parts are known; what is at the cluster's own level has no namespace.
    fn settle_name(&mut self, may_follow: bool) {
        if may_follow && self.namespace.is_none() {
            return;
        }
        if let (Some(kind), Some(name)) = (&self.kind, &self.name) {
            let parts = [
                Some(kind),
                self.namespace.as_ref().filter(|space| !space.is_empty()),
                Some(name),
            ];
            self.reader.artefact.host.name = parts
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join("/");
        }
    }
}

impl Entries for Resource<'_, '_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "Kind" => self.kind = Some(values.next_value()?),
            "Namespace" => self.namespace = Some(values.next_value()?),
            "Name" => self.name = Some(values.next_value()?),
            "Error" => {
                self.error = values
                    .next_value::<Option<String>>()?
                    .filter(|error| !error.is_empty())
            }
            "Results" => return values.next_value_seed(Array(&mut Results(self.reader))),
            _ => return values.next_value::<IgnoredAny>().map(drop),
        }
        self.settle_name(true);
        Ok(())
    }
}

struct Results<'r, 's>(&'r mut Reader<'s>);

impl Members for Results<'_, '_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let mut result = ScanResult {
            reader: &mut *self.0,
            target: String::new(),
            is_system: false,
        };
        Ok(members.next_element_seed(Object(&mut result))?.is_some())
    }
}

/// What was found in one target: the system's packages, or one lock file.
struct ScanResult<'r, 's> {
    reader: &'r mut Reader<'s>,
    target: String,
    /// Whether these are the packages of the operating system, so that the target is the artefact itself.
    is_system: bool,
}

impl Entries for ScanResult<'_, '_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        let rows_of_other_kinds = match name {
            "Target" => {
                self.target = values.next_value()?;
                self.reader.name_by_target(&self.target);
                return Ok(());
            }
            "Class" => {
                self.is_system = values.next_value::<Text<'de>>()?.0 == "os-pkgs";
                return Ok(());
            }
            "Vulnerabilities" => return values.next_value_seed(Array(self)),
            "ExperimentalModifiedFindings" => {
                return values.next_value_seed(Array(&mut HiddenFindings(self)));
            }
            "Misconfigurations" => MISCONFIGURATION,
            "Secrets" => SECRET,
            "Licenses" => LICENCE,
            _ => return values.next_value::<IgnoredAny>().map(drop),
        };
        let mut count = Count::default();
        values.next_value_seed(Array(&mut count))?;
        self.reader.tally.skip(rows_of_other_kinds, count.0);
        Ok(())
    }
}

impl Members for ScanResult<'_, '_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let Some(Strict(vulnerability)) = members.next_element::<Strict<Vulnerability<'de>>>()? else {
            return Ok(false);
        };
        self.vulnerability(&vulnerability, None)?;
        Ok(true)
    }
}

impl ScanResult<'_, '_> {
    fn vulnerability<E: serde::de::Error>(
        &mut self,
        given: &Vulnerability<'_>,
        hidden: Option<String>,
    ) -> Result<(), E> {
        let is_own_target = self.is_system && self.reader.shape != Shape::Cluster;
        let target = if is_own_target { "" } else { &self.target };
        self.reader.vulnerability(given, target, hidden)
    }
}

/// What an ignore file or a statement of a vendor hides; printed where it is asked for.
struct HiddenFindings<'o, 'r, 's>(&'o mut ScanResult<'r, 's>);

impl Members for HiddenFindings<'_, '_, '_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let Some(Strict(hidden)) = members.next_element::<Strict<Hidden<'de>>>()? else {
            return Ok(false);
        };
        let reader = &mut *self.0.reader;
        let other_sort = match &*hidden.sort {
            "vulnerability" => {
                let why = hidden.why().map_err(|message| reader.flaw.unknown(message))?;
                let Some(Strict(vulnerability)) = &hidden.finding else {
                    let message = "a hidden finding without `Finding`".into();
                    return Err(reader.flaw.malformed(message));
                };
                self.0.vulnerability(vulnerability, Some(why))?;
                return Ok(true);
            }
            "misconfiguration" => MISCONFIGURATION,
            "secret" => SECRET,
            "license" => LICENCE,
            other => {
                return Err(reader.flaw.unknown(format!(
                    "`Type` of a hidden finding is {other:?}; `vulnerability`, `misconfiguration`, `secret` and \
                     `license` are known"
                )));
            }
        };
        reader.tally.skip(other_sort, 1);
        Ok(true)
    }
}
