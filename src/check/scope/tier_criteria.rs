//! SCP003: a System whose tier is laxer than its own fields make it.

use crate::check::systems::is_current;
use crate::check::words::excerpt;
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::{Repository, computed_tier, declared_tier};
use crate::model::{Record, System};

pub(in crate::check) const CHECK: Check = Check {
    code: "SCP003",
    name: "tier-criteria-breach",
    family: Family::Scope,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("tier_criteria.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    let day = context.as_of().day();
    let current = repository.systems.iter().filter(|system| is_current(system, day));
    out.extend(current.filter_map(|system| judge(repository, system)));
}

/// A tier that is missing or unknown is flagged elsewhere; a stricter one than the criteria ask for is a choice.
fn judge(repository: &Repository, system: &Record<System>) -> Option<Diagnostic> {
    let written = system.spec.tier.as_ref()?;
    let declared = declared_tier(repository, system)?;
    let computed = computed_tier(repository, system).filter(|computed| computed.rank < declared.rank)?;
    let criterion = computed.criterion?;
    let message = format!(
        "`{}` says `{}`, but its fields make it `{}`",
        system.id(),
        declared.id(),
        computed.id()
    );
    Some(
        Diagnostic::error(CHECK.code, written.span, message)
            .label(format!("`{}` holds for it", excerpt(criterion.text())))
            .related(
                criterion.span,
                format!("the criterion of `{}` is here", computed.id()),
            )
            .help(format!(
                "write `tier: {}`, mend the field that is wrong, or have the criteria of the Isms changed and \
                 approved; until then approvals are asked for as of `{}`",
                computed.id(),
                computed.id()
            ))
            .subject(system.id().to_string()),
    )
}
