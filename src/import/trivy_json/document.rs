//! The reports, pulled from the scanner: what stands where.

use super::super::json::{Json, Stop};
use super::finding::{Hidden, Metadata};
use super::{Artefact, Reader, Shape};
use serde::Deserialize as _;

/// The lists of a cluster's resources; in the last, they were not looked at for vulnerabilities.
pub(super) const RESOURCE_LISTS: [&str; 4] =
    ["Resources", "Findings", "Vulnerabilities", "Misconfigurations"];

const MISCONFIGURATION: &str = "a misconfiguration, not a vulnerability";
const SECRET: &str = "a secret, not a vulnerability";
const LICENCE: &str = "a licence, not a vulnerability";

/// What may stand at the root.
#[derive(Clone, Copy)]
enum AtRoot {
    SchemaVersion,
    CreatedAt,
    ArtifactName,
    ArtifactType,
    Metadata,
    Results,
    ClusterName,
    /// Resources, and whether they were looked at for vulnerabilities.
    Resources(bool),
    Other,
}

impl AtRoot {
    fn of(name: &str) -> Self {
        match name {
            "SchemaVersion" => Self::SchemaVersion,
            "CreatedAt" => Self::CreatedAt,
            "ArtifactName" => Self::ArtifactName,
            "ArtifactType" => Self::ArtifactType,
            "Metadata" => Self::Metadata,
            "Results" => Self::Results,
            "ClusterName" => Self::ClusterName,
            "Resources" | "Findings" | "Vulnerabilities" => Self::Resources(true),
            "Misconfigurations" => Self::Resources(false),
            _ => Self::Other,
        }
    }
}

impl Reader<'_> {
    /// Reads a report: an object, the array of an older one, or `null`, when nothing was found.
    pub(super) fn root(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        if json.value()? == b'[' {
            self.shape = Shape::Legacy;
            self.results(json)?;
            return self.pour();
        }
        if !json.may_be("a Trivy report")? {
            return self.pour();
        }
        while let Some(field) = json.entry(AtRoot::of)? {
            let read = self.entry(json, field);
            read.map_err(|stop| json.placed(stop))?;
        }
        match (self.shape, self.has_schema) {
            (Shape::Cluster, _) => Ok(()),
            (Shape::Artefact | Shape::Legacy, true) => self.pour(),
            (Shape::Artefact | Shape::Legacy, false) => Err(json.placed(
                self.flaw
                    .malformed("neither `SchemaVersion` nor `ClusterName` at the root".into()),
            )),
        }
    }

    fn entry(&mut self, json: &mut Json<'_>, field: AtRoot) -> Result<(), Stop> {
        match field {
            AtRoot::SchemaVersion => {
                let version = serde_json::Number::deserialize(json)?;
                if version.as_u64() != Some(2) {
                    let message = format!("`SchemaVersion` is `{version}`; `2` is known");
                    return Err(self.flaw.unknown(message));
                }
                self.has_schema = true;
                Ok(())
            }
            AtRoot::CreatedAt => {
                let text = String::deserialize(json)?;
                self.created_at(&text)
            }
            AtRoot::ArtifactName => {
                self.artefact.host.name = String::deserialize(json)?.trim().to_owned();
                Ok(())
            }
            AtRoot::ArtifactType => {
                let kind = String::deserialize(json)?;
                self.artefact.host.fields.insert("artifact_type".into(), kind);
                Ok(())
            }
            AtRoot::Metadata => {
                let metadata = Option::<Metadata>::deserialize(json)?;
                metadata.unwrap_or_default().describe(&mut self.artefact.host);
                Ok(())
            }
            AtRoot::Results => self.results(json),
            AtRoot::ClusterName => {
                self.shape = Shape::Cluster;
                json.skip()
            }
            AtRoot::Resources(were_scanned) => self.resources(json, were_scanned),
            AtRoot::Other => json.skip(),
        }
    }

    /// Reads the resources of a cluster.
    fn resources(&mut self, json: &mut Json<'_>, were_scanned: bool) -> Result<(), Stop> {
        if !json.may_be_list()? {
            return Ok(());
        }
        while json.member()? {
            self.artefact = Artefact::default();
            let mut resource = Resource::default();
            if json.may_be("an object")? {
                while let Some(field) = json.entry(OfResource::of)? {
                    self.of_resource(json, field, &mut resource)?;
                }
            }
            resource.settle_name(self, false);
            let was_scanned = were_scanned && resource.error.is_none();
            if let Some(error) = resource.error {
                self.not_scanned(&error);
            }
            let has_findings = !self.artefact.held.is_empty();
            if was_scanned || has_findings {
                self.pour::<Stop>().map_err(|stop| json.placed(stop))?;
            }
        }
        Ok(())
    }

    fn of_resource(
        &mut self,
        json: &mut Json<'_>,
        field: OfResource,
        resource: &mut Resource,
    ) -> Result<(), Stop> {
        match field {
            OfResource::Kind => resource.kind = Some(String::deserialize(json)?),
            OfResource::Namespace => resource.namespace = Some(String::deserialize(json)?),
            OfResource::Name => resource.name = Some(String::deserialize(json)?),
            OfResource::Error => {
                let error = Option::<String>::deserialize(json)?;
                resource.error = error.filter(|error| !error.is_empty());
            }
            OfResource::Results => return self.results(json),
            OfResource::Other => return json.skip(),
        }
        resource.settle_name(self, true);
        Ok(())
    }

    fn results(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        if !json.may_be_list()? {
            return Ok(());
        }
        while json.member()? {
            let mut result = ScanResult::default();
            if json.may_be("an object")? {
                while let Some(field) = json.entry(OfResult::of)? {
                    self.of_result(json, field, &mut result)?;
                }
            }
        }
        Ok(())
    }

    fn of_result(
        &mut self,
        json: &mut Json<'_>,
        field: OfResult,
        result: &mut ScanResult,
    ) -> Result<(), Stop> {
        match field {
            OfResult::Target => {
                json.text_into(&mut result.target)?;
                self.name_by_target(&result.target);
                Ok(())
            }
            OfResult::Class => {
                result.is_system = String::deserialize(json)? == "os-pkgs";
                Ok(())
            }
            OfResult::Vulnerabilities => self.vulnerabilities(json, result),
            OfResult::Hidden => self.hidden(json, result),
            OfResult::OfOtherKind(kind) => {
                let mut rows = 0;
                if json.may_be_list()? {
                    while json.member()? {
                        json.skip()?;
                        rows += 1;
                    }
                }
                self.tally.skip(kind, rows);
                Ok(())
            }
            OfResult::Other => json.skip(),
        }
    }

    fn vulnerabilities(&mut self, json: &mut Json<'_>, result: &ScanResult) -> Result<(), Stop> {
        if !json.may_be_list()? {
            return Ok(());
        }
        let mut given = std::mem::take(&mut self.given);
        while json.member()? {
            given.read(json)?;
            let target = result.target_for(self.shape);
            let taken = self.vulnerability(&given, target, None);
            taken.map_err(|stop| json.placed(stop))?;
        }
        self.given = given;
        Ok(())
    }

    /// Reads what an ignore file or a statement of a vendor hides; it is printed where it is asked for.
    fn hidden(&mut self, json: &mut Json<'_>, result: &ScanResult) -> Result<(), Stop> {
        if !json.may_be_list()? {
            return Ok(());
        }
        while json.member()? {
            let hidden = Hidden::read(json)?;
            let taken = self.take_hidden(&hidden, result);
            taken.map_err(|stop| json.placed(stop))?;
        }
        Ok(())
    }

    fn take_hidden(&mut self, hidden: &Hidden, result: &ScanResult) -> Result<(), Stop> {
        let other_sort = match hidden.sort.as_str() {
            "vulnerability" => {
                let why = hidden
                    .why()
                    .map_err(|message| self.flaw.unknown::<Stop>(message))?;
                let Some(vulnerability) = &hidden.finding else {
                    let message = "a hidden finding without `Finding`".into();
                    return Err(self.flaw.malformed(message));
                };
                return self.vulnerability(vulnerability, result.target_for(self.shape), Some(why));
            }
            "misconfiguration" => MISCONFIGURATION,
            "secret" => SECRET,
            "license" => LICENCE,
            other => {
                return Err(self.flaw.unknown(format!(
                    "`Type` of a hidden finding is {other:?}; `vulnerability`, `misconfiguration`, `secret` and \
                     `license` are known"
                )));
            }
        };
        self.tally.skip(other_sort, 1);
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum OfResource {
    Kind,
    Namespace,
    Name,
    Error,
    Results,
    Other,
}

impl OfResource {
    fn of(name: &str) -> Self {
        match name {
            "Kind" => Self::Kind,
            "Namespace" => Self::Namespace,
            "Name" => Self::Name,
            "Error" => Self::Error,
            "Results" => Self::Results,
            _ => Self::Other,
        }
    }
}

/// One resource of a cluster.
#[derive(Default)]
struct Resource {
    kind: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    /// Why the resource could not be scanned.
    error: Option<String>,
}

impl Resource {
    /// Names the host once all three parts are known; what is at the cluster's own level has no namespace.
    fn settle_name(&self, reader: &mut Reader<'_>, may_follow: bool) {
        if may_follow && self.namespace.is_none() {
            return;
        }
        if let (Some(kind), Some(name)) = (&self.kind, &self.name) {
            let namespace = self.namespace.as_ref().filter(|space| !space.is_empty());
            let parts = [Some(kind), namespace, Some(name)].into_iter().flatten();
            let parts: Vec<&str> = parts.map(String::as_str).collect();
            reader.artefact.host.name = parts.join("/");
        }
    }
}

#[derive(Clone, Copy)]
enum OfResult {
    Target,
    Class,
    Vulnerabilities,
    Hidden,
    OfOtherKind(&'static str),
    Other,
}

impl OfResult {
    fn of(name: &str) -> Self {
        match name {
            "Target" => Self::Target,
            "Class" => Self::Class,
            "Vulnerabilities" => Self::Vulnerabilities,
            "ExperimentalModifiedFindings" => Self::Hidden,
            "Misconfigurations" => Self::OfOtherKind(MISCONFIGURATION),
            "Secrets" => Self::OfOtherKind(SECRET),
            "Licenses" => Self::OfOtherKind(LICENCE),
            _ => Self::Other,
        }
    }
}

/// What was found in one target: the system's packages, or one lock file.
#[derive(Default)]
struct ScanResult {
    target: String,
    /// Whether these are the packages of the operating system, so that the target is the artefact itself.
    is_system: bool,
}

impl ScanResult {
    fn target_for(&self, shape: Shape) -> &str {
        let is_own_target = self.is_system && shape != Shape::Cluster;
        if is_own_target { "" } else { &self.target }
    }
}
