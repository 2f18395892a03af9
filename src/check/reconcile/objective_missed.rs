//! REC016: a figure that is worse than the objective set for it.

use crate::check::words::excerpt;
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Objective, Rate, Target};
use crate::reconcile::Unit;

pub(in crate::check) const CHECK: Check = Check {
    code: "REC016",
    name: "objective-missed",
    family: Family::Reconcile,
    level: Level::Warn,
    parameters: &[],
    explanation: include_str!("objective_missed.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let Some(isms) = &context.repository().isms else {
        return;
    };
    out.extend(
        isms.spec
            .objectives
            .iter()
            .filter_map(|objective| judge(context, objective)),
    );
}

fn judge(context: &Context<'_>, objective: &Objective) -> Option<Diagnostic> {
    let kpi = context.register.kpis.get(objective.kpi.as_str())?;
    let (id, name, asked) = (excerpt(&objective.id), &objective.kpi, excerpt(&objective.target));
    let warn = |message: String| {
        Diagnostic::warn(CHECK.code, objective.owner.span, message).subject(objective.id.clone())
    };
    let Some(target) = Target::parse(&objective.target) else {
        let message = format!("the target of `{id}` cannot be read: `{asked}`");
        let help =
            "write a comparison with a number, such as `\">= 95\"`; allowed are `>=`, `>`, `<=` and `<`";
        return Some(warn(message).label("no comparison with a number").help(help));
    };
    // Over nothing there is no figure, and nothing is missed.
    let (numerator, denominator) = kpi.exact()?;
    if target.is_met(numerator, denominator) {
        return None;
    }
    let value = match kpi.unit {
        Unit::Percent => {
            let Rate {
                numerator,
                denominator,
            } = kpi.rate;
            format!("{} % ({numerator}/{denominator})", kpi.rate.percent())
        }
        Unit::MeanDays | Unit::Days | Unit::FindingDays | Unit::HostDays | Unit::Exceptions => {
            format!("{} {}", kpi.value(), kpi.unit.word().replace('_', " "))
        }
    };
    let message = format!("`{name}` is {value}, and `{id}` asks for {asked}");
    let period = context.register.period;
    Some(
        warn(message)
            .label(format!("{} to {}: {}", period.from, period.to, kpi.title))
            .help(format!(
                "`{}` answers for the objective: record an action against the cause, or have another target approved",
                objective.owner
            )),
    )
}
