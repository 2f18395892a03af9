//! What the flaws of decisions have in common when they are told.

use crate::check::Context;
use crate::check::words::excerpt;
use crate::diagnostic::Diagnostic;
use crate::load::ApprovalFile;
use crate::model::Decision;
use crate::source::Span;
use crate::trust::sshsig::VerifyError;
use crate::trust::{Decided, Flaw, Standing};

/// Tells every flaw of one code, each at the place in its approval file that `place` chooses.
pub(super) fn tell_all(
    context: &Context<'_>,
    code: &'static str,
    place: fn(&ApprovalFile) -> Span,
    out: &mut Vec<Diagnostic>,
) {
    for (_, id, standing) in context.register.standings.iter() {
        for decided in &standing.decisions {
            let flaws = decided
                .flaws
                .iter()
                .filter(|flaw| flaw.code() == code && is_told(standing, decided, flaw));
            for flaw in flaws {
                let file = find(context, decided);
                let span = file.map_or(decided.span, place);
                out.push(tell(code, span, id.as_str(), decided, flaw));
            }
        }
    }
}

/// An approval that has aged, or whose content was left since, matters only where nobody has approved anew.
fn is_told(standing: &Standing, decided: &Decided, flaw: &Flaw) -> bool {
    match flaw {
        Flaw::TooOld { .. } | Flaw::Overtaken { .. } | Flaw::OtherContent { .. } => {
            !standing.counts() && decided.decision == Decision::Approve
        }
        // The file of a lost key is never removed; once the record is approved anew it bothers nobody.
        Flaw::Signature(VerifyError::Revoked { .. }) => {
            !(standing.counts() && decided.decision == Decision::Approve)
        }
        Flaw::Unsigned
        | Flaw::Signature(_)
        | Flaw::PersonUnknown
        | Flaw::KeyNotInRecord { .. }
        | Flaw::TrustFromChange { .. }
        | Flaw::PersonInactive { .. }
        | Flaw::RoleUnknown
        | Flaw::OnlyDraft { .. }
        | Flaw::RoleNotHeld { .. }
        | Flaw::DelegationLapsed { .. }
        | Flaw::KindNotAllowed { .. }
        | Flaw::AboveSeverity { .. }
        | Flaw::TierNotAllowed { .. }
        | Flaw::TooManyDays { .. }
        | Flaw::NoEnd { .. }
        | Flaw::AboveResidual { .. }
        | Flaw::Requester { .. }
        | Flaw::RequesterByDelegate { .. }
        | Flaw::Author { .. }
        | Flaw::Beneficiary
        | Flaw::OwnerBenefits { .. }
        | Flaw::Incompatible { .. }
        | Flaw::BeforeRecord { .. }
        | Flaw::AfterCommit { .. }
        | Flaw::AgainstAnchor { .. } => true,
    }
}

pub(super) fn tell(code: &'static str, span: Span, id: &str, decided: &Decided, flaw: &Flaw) -> Diagnostic {
    let what = word(decided.decision);
    let message = format!(
        "the {what} of `{id}` by `{}` as `{}` does not count: {}",
        decided.person,
        decided.role,
        excerpt(&flaw.to_string())
    );
    Diagnostic::error(code, span, message)
        .help(flaw.help())
        .subject(id)
}

/// Finds the file of a decision.
pub(super) fn find<'a>(context: &Context<'a>, decided: &Decided) -> Option<&'a ApprovalFile> {
    let files = &context.repository().approvals;
    let index = files.binary_search_by(|file| file.path.cmp(&decided.path)).ok()?;
    files.get(index)
}

/// Returns the word for a decision in a sentence.
pub(super) fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "approval",
        Decision::Reject => "rejection",
        Decision::Revoke => "revocation",
        Decision::ReviewKeep | Decision::ReviewEnd => "review",
    }
}
