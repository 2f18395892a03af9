//! What VEX says of vulnerabilities that scanners found: a note at the finding, and nothing more.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::product::Listed;
use super::{Spoken, WhoSaid};
use crate::load::Repository;
use crate::model::{ClaimStatus, Finding, RecordId, Zone};
use crate::reconcile::alias::plain_names;

/// So many products are named in one sentence.
const MOST_NAMED: usize = 3;
/// So many sentences stand at one finding.
const MOST_NOTES: usize = 12;

/// What one document says of one vulnerability that was found.
#[derive(Clone, PartialEq, Debug)]
pub struct VexStatement {
    pub vuln: Arc<str>,
    pub status: ClaimStatus,
    pub said: WhoSaid,
    pub title: Arc<str>,
    /// The first products of which it says so, in the document's words.
    pub products: Vec<Arc<str>>,
    /// How many there are in all.
    pub product_count: usize,
    pub justification: Option<Arc<str>>,
    pub impact: Option<Arc<str>>,
    /// How many of the findings of this vulnerability are open; it closes none of them.
    pub open: usize,
}

/// What is said of each vulnerability, by its names in lower case.
pub(in crate::reconcile) struct Vex<'a> {
    by_name: HashMap<String, Vec<&'a Spoken<'a>>>,
    zone: Zone,
}

impl<'a> Vex<'a> {
    pub(in crate::reconcile) fn new(spoken: &'a [Spoken<'a>], zone: Zone) -> Self {
        let mut by_name: HashMap<String, Vec<&Spoken<'_>>> = HashMap::new();
        for one in spoken {
            let names = one.advice.names().chain([&*one.vuln]).map(str::to_lowercase);
            for name in names.collect::<BTreeSet<String>>() {
                by_name.entry(name).or_default().push(one);
            }
        }
        Self { by_name, zone }
    }

    fn about(&self, finding: &Finding) -> Vec<&'a Spoken<'a>> {
        let mut all: Vec<&Spoken<'_>> = Vec::new();
        for name in plain_names(&finding.vuln, &finding.said.aliases) {
            for one in self.by_name.get(&name).into_iter().flatten() {
                if !all.iter().any(|known| std::ptr::eq(*known, *one)) {
                    all.push(one);
                }
            }
        }
        all
    }

    /// Writes what is said of each finding into its notes, and lists it by vulnerability and document.
    pub(in crate::reconcile) fn tell(
        &self,
        repository: &Repository,
        findings: &mut [Finding],
    ) -> Vec<VexStatement> {
        if self.by_name.is_empty() {
            return Vec::new();
        }
        self.note(repository, findings);
        self.statements(findings)
    }

    fn note(&self, repository: &Repository, findings: &mut [Finding]) {
        let mut software: BTreeMap<&RecordId, Vec<Listed>> = BTreeMap::new();
        for system in &repository.systems {
            let listed = system.spec.software.iter().map(Listed::new);
            software.insert(system.id(), listed.collect());
        }
        type Key = (Arc<str>, Arc<[Arc<str>]>, Option<RecordId>);
        let mut known: HashMap<Key, Vec<Arc<str>>> = HashMap::new();
        for finding in findings {
            let key = (
                Arc::clone(&finding.vuln),
                Arc::clone(&finding.said.aliases),
                finding.system.clone(),
            );
            let notes = known.entry(key).or_insert_with(|| {
                let listed = finding.system.as_ref().and_then(|id| software.get(id));
                self.notes(finding, listed.map_or(&[], Vec::as_slice))
            });
            finding.notes.extend(notes.iter().cloned());
        }
    }

    /// What a document says is one sentence for each of its answers: of what the System lists, else of how much else.
    fn notes(&self, finding: &Finding, listed: &[Listed]) -> Vec<Arc<str>> {
        let mut answers: BTreeMap<(WhoSaid, ClaimStatus), Vec<(&Spoken<'_>, bool)>> = BTreeMap::new();
        for one in self.about(finding) {
            let is_listed = listed
                .iter()
                .any(|listed| listed.matched(&one.claim.product).is_some());
            let is_answer = match one.claim.status {
                ClaimStatus::Fixed | ClaimStatus::NotAffected => true,
                ClaimStatus::Affected | ClaimStatus::UnderInvestigation => false,
            };
            if one.advice.document.is_vex || is_listed && is_answer {
                let key = (one.said(), one.claim.status);
                answers.entry(key).or_default().push((one, is_listed));
            }
        }
        let mut notes: Vec<Arc<str>> = Vec::new();
        for ((said, status), claims) in answers.iter().take(MOST_NOTES) {
            let of_listed: Vec<&Spoken<'_>> =
                claims.iter().filter(|(_, is)| *is).map(|(one, _)| *one).collect();
            let all: Vec<&Spoken<'_>> = claims.iter().map(|(one, _)| *one).collect();
            let (shown, further) = if of_listed.is_empty() {
                (all, ", which its System does not list")
            } else {
                (of_listed, "")
            };
            let text = format!("{}{further}; it closes nothing", self.said(said, *status, &shown));
            notes.push(text.into());
        }
        let more = answers.len().saturating_sub(MOST_NOTES);
        if more > 0 {
            notes.push(format!("{more} more statements of VEX are about it").into());
        }
        notes
    }

    fn said(&self, said: &WhoSaid, status: ClaimStatus, claims: &[&Spoken<'_>]) -> String {
        let reason = claims.iter().find_map(|one| reason(one));
        format!(
            "{} says in {} of {} that {} {}{}, by import {} of {}",
            quoted(&said.publisher),
            quoted(&said.document),
            self.zone.day_of(said.at),
            products(claims),
            in_words(status),
            reason.map(|reason| format!(" ({reason})")).unwrap_or_default(),
            quoted(&said.file),
            said.observer,
        )
    }

    fn statements(&self, findings: &[Finding]) -> Vec<VexStatement> {
        let mut found: BTreeMap<(Arc<str>, WhoSaid, ClaimStatus), VexStatement> = BTreeMap::new();
        let mut open: BTreeMap<&Arc<str>, (&Finding, usize)> = BTreeMap::new();
        for finding in findings {
            let known = open.entry(&finding.vuln).or_insert((finding, 0));
            known.1 += usize::from(finding.closed.is_none());
        }
        for (vuln, (finding, open)) in open {
            for one in self.about(finding) {
                if !one.advice.document.is_vex {
                    continue;
                }
                let key = (Arc::clone(vuln), one.said(), one.claim.status);
                let statement = found.entry(key).or_insert_with(|| VexStatement {
                    vuln: Arc::clone(vuln),
                    status: one.claim.status,
                    said: one.said(),
                    title: one.advice.document.title.as_str().into(),
                    products: Vec::new(),
                    product_count: 0,
                    justification: one.claim.justification.as_deref().map(Arc::from),
                    impact: one.claim.impact.as_deref().map(Arc::from),
                    open,
                });
                statement.product_count += 1;
                if statement.products.len() < MOST_NAMED {
                    statement.products.push(one.claim.product.text.as_str().into());
                }
            }
        }
        found.into_values().collect()
    }
}

/// Says in one sentence what a claim says.
pub(super) fn sentence(one: &Spoken<'_>) -> String {
    format!(
        "{} says in {} that {} {}{}",
        quoted(&one.advice.document.publisher),
        quoted(&one.advice.document.id),
        quoted(&one.claim.product.text),
        in_words(one.claim.status),
        reason(one)
            .map(|reason| format!(" ({reason})"))
            .unwrap_or_default(),
    )
}

fn reason<'s>(one: &'s Spoken<'_>) -> Option<&'s str> {
    one.claim.justification.as_deref().or(one.claim.impact.as_deref())
}

fn products(claims: &[&Spoken<'_>]) -> String {
    let named: Vec<String> = claims
        .iter()
        .take(MOST_NAMED)
        .map(|one| quoted(&one.claim.product.text))
        .collect();
    match claims.len().saturating_sub(MOST_NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more products", named.join(", ")),
    }
}

fn in_words(status: ClaimStatus) -> &'static str {
    match status {
        ClaimStatus::Affected => "is affected",
        ClaimStatus::UnderInvestigation => "is under investigation",
        ClaimStatus::Fixed => "is fixed",
        ClaimStatus::NotAffected => "is not affected",
    }
}

fn quoted(text: &str) -> String {
    if text.is_empty() {
        return "somebody without a name".into();
    }
    format!("`{}`", text.replace('`', "'"))
}
