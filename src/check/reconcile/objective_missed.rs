//! REC016: a figure that is worse than the objective set for it.

use crate::check::words::excerpt;
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Objective, Rate};
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

/// What a target asks of a figure; the number in millionths of its unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Target {
    comparison: Comparison,
    number: i128,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Comparison {
    AtLeast,
    Above,
    AtMost,
    Below,
}

/// Digits after the point that a target may have.
const DIGITS: usize = 6;

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
    let Some(target) = target(&objective.target) else {
        let message = format!("the target of `{id}` cannot be read: `{asked}`");
        let help =
            "write a comparison with a number, such as `\">= 95\"`; allowed are `>=`, `>`, `<=` and `<`";
        return Some(warn(message).label("no comparison with a number").help(help));
    };
    // Over nothing there is no figure, and nothing is missed.
    let (numerator, denominator) = kpi.exact()?;
    if is_met(numerator, denominator, target) {
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

/// Reads `>= 95`, `< 2.5 %` and the like; `None` for anything else.
fn target(text: &str) -> Option<Target> {
    let text = text.trim();
    let words = [
        (">=", Comparison::AtLeast),
        ("<=", Comparison::AtMost),
        (">", Comparison::Above),
        ("<", Comparison::Below),
    ];
    let (rest, comparison) = words
        .into_iter()
        .find_map(|(word, comparison)| Some((text.strip_prefix(word)?, comparison)))?;
    let number = rest.trim();
    let number = number.strip_suffix('%').unwrap_or(number).trim_end();
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |text: &str| {
        !text.is_empty() && text.len() <= DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !is_digits(whole) || !is_digits(part) {
        return None;
    }
    let digits = format!("{whole}{part:0<DIGITS$}");
    Some(Target {
        comparison,
        number: digits.parse().ok()?,
    })
}

/// Tells whether a figure is as good as asked, without rounding either.
fn is_met(numerator: u64, denominator: u64, target: Target) -> bool {
    let is = i128::from(numerator) * 1_000_000;
    let asked = target.number * i128::from(denominator);
    match target.comparison {
        Comparison::AtLeast => is >= asked,
        Comparison::Above => is > asked,
        Comparison::AtMost => is <= asked,
        Comparison::Below => is < asked,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_met, target};

    #[test]
    fn a_rate_is_compared_without_rounding() {
        let rows = [
            (28, 30, ">= 95", Some(false)),
            (28, 30, ">=93.3", Some(true)),
            (28, 30, ">= 93.34 %", Some(false)),
            (95, 100, ">= 95", Some(true)),
            (95, 100, "> 95", Some(false)),
            (4, 190, "<= 2.1", Some(false)),
            (4, 190, "< 2.2", Some(true)),
            (1, 2, "95", None),
            (1, 2, ">= many", None),
            (1, 2, ">= -1", None),
            (1, 2, ">= 1.", None),
        ];
        for (numerator, denominator, text, expected) in rows {
            let met = target(text).map(|target| is_met(numerator * 100, denominator, target));
            assert_eq!(met, expected, "{numerator}/{denominator} {text}");
        }
    }
}
