//! What is said of each vulnerability on each host, in the four statuses of VEX; each format is a module.
//!
//! A host is the product: decisions are made host by host, so that one status for a whole System would say too
//! much. `not_affected` comes from a triage that counts and from nothing else; what an exception or an accepted
//! risk stands for is `affected`, with what is done about it.

mod csaf;
mod cyclonedx;
mod openvex;
mod said;
mod triages;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::identity::host_iri;
use super::{ExportKind, Request};
use crate::document::{Body, DecisionRow, decisions_of};
use crate::model::{Disposition, Finding, HostStatus, Justification, RecordId, Severity};
use crate::reconcile::Register;
use said::{by_decision, by_triage, of_finding};
use triages::Triages;

/// The statements as OpenVEX.
pub(super) const OPENVEX: ExportKind = ExportKind {
    name: "openvex",
    title: "OpenVEX 0.2.0",
    purpose: "Which vulnerability affects which host, and what is done about it, as one OpenVEX document.",
    make: openvex::make,
};

/// The statements as an advisory of CSAF.
pub(super) const CSAF_VEX: ExportKind = ExportKind {
    name: "csaf-vex",
    title: "CSAF 2.0, profile VEX",
    purpose: "The same statements as an advisory of the profile `csaf_vex`.",
    make: csaf::make,
};

/// The statements as a BOM of CycloneDX.
pub(super) const CYCLONEDX_VEX: ExportKind = ExportKind {
    name: "cyclonedx-vex",
    title: "CycloneDX 1.6 VEX",
    purpose: "The same statements as a CycloneDX BOM of hosts and vulnerabilities.",
    make: cyclonedx::make,
};

/// What is done about a vulnerability that affects a host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Measure {
    /// A fix is known, and will be installed.
    Fix,
    /// Other controls lower the risk meanwhile.
    Workaround,
    /// No fix is known here.
    NoFixKnown,
    /// Somebody decided that it is not fixed.
    NotPlanned,
    /// The system has lost its support.
    Unsupported,
}

/// The status of VEX.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Status {
    Affected(BTreeSet<Measure>),
    Fixed,
    NotAffected {
        justification: Option<Justification>,
        /// Whether the scanner was wrong, rather than the host safe.
        is_false_positive: bool,
    },
    UnderInvestigation,
}

/// What is said of a vulnerability on one or more hosts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Said {
    status: Status,
    /// A sentence: what is done, why nothing is affected, when it was fixed, what is looked at.
    text: String,
    /// The record that it rests on.
    record: Option<RecordId>,
}

/// A host, and the System that claims it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Product {
    system: Option<RecordId>,
    host: Arc<str>,
}

impl Product {
    /// Returns the id that every format uses.
    fn iri(&self) -> String {
        host_iri(&self.host)
    }
}

/// How grave the gravest finding of a vulnerability is.
#[derive(Clone, Debug)]
struct Rating {
    severity: Severity,
    score: Option<f64>,
    vector: Option<Arc<str>>,
}

/// One vulnerability with all that is said of it.
#[derive(Clone, Default, Debug)]
struct Vulnerability {
    title: Option<Arc<str>>,
    aliases: BTreeSet<Arc<str>>,
    rating: Option<Rating>,
    statements: BTreeMap<Said, BTreeSet<Product>>,
}

/// Everything that is said.
#[derive(Default, Debug)]
struct Vex {
    by_name: BTreeMap<Arc<str>, Vulnerability>,
    /// Pairs of a host and a vulnerability that are not stated: the host is retired, nobody has seen it fixed.
    retired: usize,
}

impl Vex {
    /// Returns every host that something is said of.
    fn products(&self) -> BTreeSet<&Product> {
        let all = self.by_name.values().flat_map(|one| one.statements.values());
        all.flatten().collect()
    }

    fn say(&mut self, name: &Arc<str>, said: Said, product: Product) {
        let vulnerability = self.by_name.entry(Arc::clone(name)).or_default();
        vulnerability.statements.entry(said).or_default().insert(product);
    }

    /// Says in a sentence what is not stated; `None` where nothing is left out.
    fn left_out(&self) -> Vec<String> {
        let sentence = format!(
            "vulnerabilities on retired hosts, which no scan saw fixed, are not stated: {}",
            self.retired
        );
        (self.retired > 0).then_some(sentence).into_iter().collect()
    }
}

/// What a format that cannot be empty says in place of a file.
fn nothing() -> String {
    "there is nothing to state: no finding, no triage and no decision names a vulnerability".into()
}

/// Collects the statements. Findings say most; of what no scan saw the decisions that count say the rest.
fn statements(request: &Request<'_>) -> Vex {
    let register = request.register;
    let triages = Triages::new(register);
    let decisions = decisions_of(register);
    let by_id: BTreeMap<&RecordId, &DecisionRow<'_>> =
        decisions.iter().map(|row| (&row.meta.id.value, row)).collect();
    let mut vex = Vex::default();
    let mut known: BTreeSet<(Arc<str>, Arc<str>)> = BTreeSet::new();
    for finding in newest(register) {
        let names = finding.names();
        known.extend(names.map(|name| (Arc::clone(&finding.host), Arc::clone(name))));
        if finding.disposition == Disposition::ClosedRetired {
            vex.retired += 1;
            continue;
        }
        let product = Product {
            system: finding.system.clone(),
            host: Arc::clone(&finding.host),
        };
        let said = of_finding(register, finding, &triages, &by_id);
        vex.say(&finding.vuln, said, product);
        describe(vex.by_name.entry(Arc::clone(&finding.vuln)).or_default(), finding);
    }
    let mut unseen = Unseen { register, known, vex };
    for row in decisions.iter().filter(|row| row.is_in_force()) {
        let (vulns, hosts) = match &row.body {
            Body::Exception(exception) => (&exception.scope.vulns, &exception.scope.resolved),
            Body::Acceptance(acceptance) => (&acceptance.subject.vulns, &acceptance.subject.resolved),
        };
        for vuln in vulns {
            let hosts = hosts.iter().map(|host| host.value.as_str());
            unseen.say(&vuln.value, hosts, &by_decision(register, row, row.expires));
        }
    }
    for (triage, hosts) in triages.iter() {
        if let Some(said) = by_triage(triage) {
            let hosts = hosts.iter().map(|host| &**host);
            unseen.say(&triage.spec.subject.vuln.value, hosts, &said);
        }
    }
    unseen.vex
}

/// Returns the newest life of each vulnerability on each host.
fn newest<'a>(register: &'a Register<'_>) -> Vec<&'a Finding> {
    let is_of_one = |one: &&Finding, other: &&Finding| one.host == other.host && one.vuln == other.vuln;
    let findings: Vec<&Finding> = register.findings.iter().collect();
    let lives = findings.chunk_by(is_of_one);
    lives
        .filter_map(|lives| lives.iter().max_by_key(|one| one.first_seen).copied())
        .collect()
}

fn describe(vulnerability: &mut Vulnerability, finding: &Finding) {
    let is_own_name = |alias: &Arc<str>| alias.split_once(':').is_some_and(|(_, id)| *id == *finding.vuln);
    let aliases = finding.said.aliases.iter().filter(|alias| !is_own_name(alias));
    vulnerability.aliases.extend(aliases.cloned());
    let score = finding.score().filter(|score| score.is_finite());
    let is_graver = vulnerability.rating.as_ref().is_none_or(|known| {
        let order = finding.severity.cmp(&known.severity);
        order
            .then(
                score
                    .partial_cmp(&known.score)
                    .unwrap_or(std::cmp::Ordering::Equal),
            )
            .is_gt()
    });
    if is_graver {
        vulnerability.title = Some(Arc::clone(&finding.said.title));
        vulnerability.rating = Some(Rating {
            severity: finding.severity,
            score,
            vector: finding.cvss().cloned(),
        });
    }
}

/// States what decisions say of hosts on which no scan saw the vulnerability.
struct Unseen<'a> {
    register: &'a Register<'a>,
    known: BTreeSet<(Arc<str>, Arc<str>)>,
    vex: Vex,
}

impl Unseen<'_> {
    /// The first to say something of a host and a vulnerability wins; what is retired is left out.
    fn say<'h>(&mut self, vuln: &str, hosts: impl Iterator<Item = &'h str>, said: &Said) {
        let name: Arc<str> = vuln.into();
        for host in hosts {
            let row = self.register.host(host);
            if row.is_some_and(|row| row.status == HostStatus::Retired) {
                continue;
            }
            let host: Arc<str> = host.into();
            if self.known.insert((Arc::clone(&host), Arc::clone(&name))) {
                let system = row.and_then(|row| row.system.clone());
                self.vex.say(&name, said.clone(), Product { system, host });
            }
        }
    }
}
