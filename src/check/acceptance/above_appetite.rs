//! RAC002: a residual risk above the appetite that nobody at the top has signed for.

use crate::check::coverage::{Coverage, replaced};
use crate::check::words::{excerpt, listed};
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Decision, Kind, Record, RecordId, RiskAcceptance, RiskMatrix};

pub(in crate::check) const CHECK: Check = Check {
    code: "RAC002",
    name: "above-appetite-acceptance",
    family: Family::Acceptance,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("above_appetite.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    let isms = repository.isms.as_ref();
    let Some(matrix) = isms.and_then(|isms| isms.spec.risk_matrix.as_ref()) else {
        return;
    };
    let Some(appetite) = matrix.appetite.as_deref() else {
        return;
    };
    let rules = context.approval_rules();
    let replaced = replaced(repository);
    for acceptance in &repository.acceptances {
        let is_replaced = replaced.contains(&(Kind::RiskAcceptance, acceptance.id()));
        if Coverage::of_acceptance(acceptance).is_standing() && !is_replaced {
            let top = rules.roles("senior_management");
            out.extend(judge(context, acceptance, matrix, appetite, top));
        }
    }
}

fn judge(
    context: &Context<'_>,
    acceptance: &Record<RiskAcceptance>,
    matrix: &RiskMatrix,
    appetite: &str,
    top: &[RecordId],
) -> Option<Diagnostic> {
    let residual = &acceptance.spec.residual;
    let level = matrix.level(&residual.likelihood, &residual.impact);
    // A word that is on no scale names a risk that nobody knows, and so one above every appetite.
    let is_above = match (level.and_then(|level| matrix.rank(level)), matrix.rank(appetite)) {
        (Some(is), Some(most)) => is > most,
        (_, _) => true,
    };
    let standing = context
        .register
        .standings
        .of(Kind::RiskAcceptance, acceptance.id());
    let is_signed = standing.decisions.iter().any(|decided| {
        decided.decision == Decision::Approve && decided.is_in_force() && top.contains(&decided.role)
    });
    if !is_above || is_signed {
        return None;
    }
    let level = level.unwrap_or("not known");
    let message = format!(
        "acceptance `{}` bears a residual risk above the appetite: {} > {}",
        acceptance.id(),
        excerpt(level),
        excerpt(appetite)
    );
    let who = if top.is_empty() {
        "senior management, for which `APR001` names no role".into()
    } else {
        listed(top)
    };
    let role = top.first().map_or("role-…", RecordId::as_str);
    Some(
        Diagnostic::error(CHECK.code, residual.likelihood.span, message)
            .label(format!("nobody has approved it as {who}"))
            .related(residual.impact.span, "the other half of the rating")
            .help(format!(
                "lower the residual risk to {}, or have it approved at the top: `countersign approve {} --role {role}`",
                excerpt(appetite),
                acceptance.id()
            ))
            .subject(acceptance.id().to_string()),
    )
}
