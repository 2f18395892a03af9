//! What an acceptance must be so that a grave exception may stand on it.

use crate::check::Context;
use crate::check::words::{excerpt, listed};
use crate::model::{
    Date, Decision, Exception, Kind, Record, RecordId, RiskAcceptance, RiskAcceptanceType, Status,
};
use crate::trust::Decided;

/// Who must have approved the acceptance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Authority {
    /// Whoever must by its residual risk.
    Own,
    /// The chief information security officer, or somebody above.
    Ciso,
    /// The chief information security officer and senior management, two people.
    Top,
}

impl Authority {
    /// Returns what is needed, in a few words.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Own => "needs a RiskAcceptance that counts",
            Self::Ciso => "needs a RiskAcceptance of CISO level",
            Self::Top => {
                "needs a RiskAcceptance of CISO and senior management that knows of the exploitation"
            }
        }
    }
}

/// The acceptance that an exception needs.
pub(super) struct Need<'a> {
    /// The vulnerabilities or patches that it must name.
    pub(super) subjects: Vec<String>,
    /// The Systems that it must name.
    pub(super) systems: Vec<&'a RecordId>,
    /// The day on which exploitation became known; only what was approved later knows of it.
    pub(super) after: Option<Date>,
    pub(super) authority: Authority,
}

impl Need<'_> {
    /// Returns what to do.
    pub(super) fn help(&self, context: &Context<'_>) -> String {
        let rules = context.approval_rules();
        let after = self.after.map_or_else(String::new, |day| {
            format!(" after {day}, with `covers_exploited: true`")
        });
        let who = match self.authority {
            Authority::Own => "those whom its residual risk asks for".to_owned(),
            Authority::Ciso => who(&rules.words, &["ciso", "senior_management"], " or "),
            Authority::Top => who(&rules.words, &["ciso", "senior_management"], " and "),
        };
        format!(
            "patch it, or write a RiskAcceptance of {}, name it under `acceptance` and have it approved{after} by {who}",
            listed(&self.subjects)
        )
    }
}

fn who(words: &std::collections::BTreeMap<String, Vec<RecordId>>, wanted: &[&str], between: &str) -> String {
    let roles = wanted.iter().map(|word| match words.get(*word) {
        Some(roles) if !roles.is_empty() => listed(roles),
        Some(_) | None => format!("{word} (name a role for it in `APR001`)"),
    });
    roles.collect::<Vec<_>>().join(between)
}

/// Says what is missing from the acceptance of an exception; nothing where it is whole.
pub(super) fn lacks(context: &Context<'_>, exception: &Record<Exception>, need: &Need<'_>) -> Vec<String> {
    let mut lacks = Vec::new();
    if need.after.is_some() && !exception.spec.covers_exploited {
        lacks.push("it does not say `covers_exploited: true`".into());
    }
    let Some(named) = &exception.spec.acceptance else {
        lacks.push("it names no `acceptance`".into());
        return lacks;
    };
    let Some(acceptance) = context.repository().acceptances.get(&named.value.0) else {
        lacks.push(format!("`{}` is no RiskAcceptance", named.value.0));
        return lacks;
    };
    lacks.extend(out_of_force(context, acceptance));
    lacks.extend(other_subject(acceptance, need));
    if need.after.is_some() && !acceptance.spec.covers_exploited {
        lacks.push(format!(
            "`{}` does not say `covers_exploited: true`",
            acceptance.id()
        ));
    }
    lacks.extend(unsigned(context, acceptance, need));
    lacks
}

/// Says why an acceptance does not stand on the day.
fn out_of_force(context: &Context<'_>, acceptance: &Record<RiskAcceptance>) -> Option<String> {
    let (id, spec, day) = (acceptance.id(), &acceptance.spec, context.as_of().day());
    let standing = context.register.standings.of(Kind::RiskAcceptance, id);
    if acceptance.meta.declared() != Status::Submitted {
        return Some(format!("`{id}` is a draft or has ended"));
    }
    if day < spec.starts.value {
        return Some(format!("`{id}` begins on {}", spec.starts));
    }
    match spec.expires {
        Some(expires) if context.as_of().is_past(expires.value) => {
            return Some(format!("`{id}` ended on {expires}"));
        }
        Some(_) => {}
        None => return Some(format!("`{id}` never ends")),
    }
    (!standing.counts()).then(|| format!("`{id}` is not approved by all who must"))
}

/// Says which vulnerability or System the acceptance does not name.
fn other_subject(acceptance: &Record<RiskAcceptance>, need: &Need<'_>) -> Vec<String> {
    let subject = &acceptance.spec.subject;
    let mut lacks = Vec::new();
    // An unsupported system is accepted with all that is found on it.
    let is_whole = acceptance.spec.acceptance_type == RiskAcceptanceType::UnsupportedSystem
        && subject.vulns.is_empty()
        && subject.patches.is_empty();
    let names = |text: &String| {
        let mut named = subject.vulns.iter().chain(&subject.patches);
        named.any(|one| one.value.eq_ignore_ascii_case(text))
    };
    if let Some(other) = need.subjects.iter().find(|text| !is_whole && !names(text)) {
        lacks.push(format!(
            "`{}` does not name `{}`",
            acceptance.id(),
            excerpt(other)
        ));
    }
    let names_system = |id: &&&RecordId| subject.systems.iter().any(|named| named.value.0 == ***id);
    if let Some(other) = need.systems.iter().find(|id| !names_system(id)) {
        lacks.push(format!("`{}` does not name `{other}`", acceptance.id()));
    }
    lacks
}

/// Says who has not approved the acceptance, or not since exploitation is known.
fn unsigned(context: &Context<'_>, acceptance: &Record<RiskAcceptance>, need: &Need<'_>) -> Option<String> {
    let rules = context.approval_rules();
    let zone = context.as_of().zone();
    let standing = context
        .register
        .standings
        .of(Kind::RiskAcceptance, acceptance.id());
    let grants: Vec<&Decided> = standing
        .decisions
        .iter()
        .filter(|decided| decided.decision == Decision::Approve && decided.is_in_force())
        .filter(|decided| need.after.is_none_or(|day| zone.day_of(decided.at) > day))
        .collect();
    let by = |word: &str| -> Vec<&RecordId> {
        let roles = rules.roles(word);
        let fits = grants.iter().filter(|decided| roles.contains(&decided.role));
        fits.map(|decided| &decided.person).collect()
    };
    let (ciso, senior) = (by("ciso"), by("senior_management"));
    let missing = match need.authority {
        Authority::Own => None,
        Authority::Ciso if ciso.is_empty() && senior.is_empty() => Some("ciso or senior_management"),
        Authority::Ciso => None,
        Authority::Top if ciso.is_empty() && senior.is_empty() => Some("ciso and senior_management"),
        Authority::Top if ciso.is_empty() => Some("ciso"),
        Authority::Top if senior.is_empty() => Some("senior_management"),
        Authority::Top if ciso.iter().all(|one| senior.iter().all(|other| one == other)) => {
            Some("a second person: ciso and senior_management are one and the same")
        }
        Authority::Top => None,
    }?;
    let after = need.after.map_or_else(String::new, |day| format!(" after {day}"));
    Some(format!(
        "`{}` is not approved{after} by {missing}",
        acceptance.id()
    ))
}
