//! GOV004: a suppression that lacks what it needs, or that nobody approved; good ones are carried out in here.

use super::scanner_suppression::scanner_suppressions;
use crate::check::words::{excerpt, listed};
use crate::check::{ALWAYS_BLOCKING, Check, Context, Default, Family, Parameter, find};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::{CONFIGURATION, Repository, configuration_of};
use crate::model::{Date, RecordId, Suppression, parse_date};
use crate::source::{Span, Spanned};
use crate::trust::{ApprovalState, Basis, CONFIGURATION_ID, Question, Standing, judge_configuration};

pub(in crate::check) const CHECK: Check = Check {
    code: "GOV004",
    name: "suppression",
    family: Family::Governance,
    level: Level::Error,
    parameters: &[Parameter {
        name: "max_days",
        default: Default::Number(30),
        meaning: "days ahead that a suppression may last",
    }],
    explanation: include_str!("suppression.md"),
    run,
};

/// A reason has at least so many characters.
const SHORTEST_REASON: usize = 20;
/// A reason has at least so many different characters.
const DIFFERENT_CHARACTERS: usize = 6;
/// Words that stand where a reason is still to be written.
const PLACEHOLDERS: [&str; 8] = [
    "tbd",
    "todo",
    "tbc",
    "fixme",
    "xxx",
    "lorem",
    "ipsum",
    "placeholder",
];

/// A suppression that has all that it needs, save for the approval.
#[derive(Debug)]
struct Whole<'a> {
    id: RecordId,
    rule: &'a str,
    subject: &'a str,
    owner: RecordId,
    reason: &'a str,
    expires: Date,
    span: Span,
}

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    context.faults(CHECK.code, out);
    scanner_suppressions(context, out);
    let written = written(context.repository());
    if written.is_empty() {
        return;
    }
    let whole = wholes(context, context.repository(), &written, out);
    let standing = context.register.standings.of_configuration();
    if is_approved(standing) {
        return;
    }
    out.extend(whole.iter().map(|one| not_approved(one, standing)));
}

/// Makes what good suppressions name information, and tells which of them name nothing.
pub(in crate::check) fn suppress(context: &Context<'_>, diagnostics: &mut Vec<Diagnostic>) {
    // Rules are believed as they stand on the base, and so is what is suppressed.
    let believed = context
        .change()
        .map_or(context.repository(), |change| &change.base);
    let written_there = written(believed);
    if written_there.is_empty() || !is_approved(&standing_of(context)) {
        return;
    }
    let own = written(context.repository());
    for one in wholes(context, believed, &written_there, &mut Vec::new()) {
        let place = place_in(&own, &one.id);
        let mut is_used = false;
        for diagnostic in diagnostics.iter_mut() {
            if diagnostic.code == one.rule && diagnostic.subject.as_deref() == Some(one.subject) {
                is_used = true;
                demote(diagnostic, &one, place);
            }
        }
        if let Some(span) = place.filter(|_| !is_used) {
            diagnostics.push(unused(&one, span));
        }
    }
}

/// Returns the suppressions in the text of a repository's own configuration, whoever is believed.
fn written(repository: &Repository) -> Vec<Spanned<Suppression>> {
    let file = repository.sources.find(CONFIGURATION);
    let Some((file, source)) = file.and_then(|file| Some((file, repository.sources.get(file)?))) else {
        return Vec::new();
    };
    configuration_of(file, &source.text).0.suppressions
}

fn place_in(own: &[Spanned<Suppression>], id: &RecordId) -> Option<Span> {
    let mut ids = own.iter().filter_map(|one| one.value.id.as_ref());
    ids.find(|other| other.value == id.as_str())
        .map(|other| other.span)
}

/// Returns what the configuration that is believed stands on.
fn standing_of(context: &Context<'_>) -> Standing {
    let Some(change) = context.change() else {
        return context.register.standings.of_configuration().clone();
    };
    let question = Question {
        at: context.as_of().instant(),
        basis: Basis::of(&change.base),
        own: None,
        rules: context.approval_rules(),
        testimony: context.testimony(),
        changed: RecordId::new(CONFIGURATION_ID).into_iter().collect(),
    };
    judge_configuration(&change.base, &question)
}

/// Tells whether everybody has approved who must; elsewhere the configuration of a first commit needs nobody.
fn is_approved(standing: &Standing) -> bool {
    let is_complete = !standing.demands.is_empty() && standing.missing().next().is_none();
    standing.state == ApprovalState::Approved && is_complete
}

/// Returns the suppressions that are whole, and tells what the others lack.
fn wholes<'a>(
    context: &Context<'_>,
    believed: &Repository,
    written: &'a [Spanned<Suppression>],
    out: &mut Vec<Diagnostic>,
) -> Vec<Whole<'a>> {
    let mut found: Vec<Whole<'a>> = Vec::new();
    for one in written {
        let reader = Reader {
            context,
            believed,
            one,
        };
        let mut faults = Vec::new();
        let read = reader.whole(&mut faults);
        let twin = read
            .as_ref()
            .and_then(|read| found.iter().find(|other| other.id == read.id));
        if let (Some(read), Some(twin)) = (&read, twin) {
            let message = format!("the suppression `{}` is there twice", read.id);
            let fault = Diagnostic::error(CHECK.code, read.span, message)
                .related(twin.span, "the first one")
                .help("give it an id of its own");
            faults.push(fault);
        }
        if faults.is_empty() {
            found.extend(read);
        }
        let id = one
            .value
            .id
            .as_ref()
            .map_or(CONFIGURATION_ID, |id| id.value.as_str());
        out.extend(faults.into_iter().map(|fault| fault.subject(excerpt(id))));
    }
    found
}

/// Reads the fields of one suppression.
struct Reader<'a, 'b> {
    context: &'b Context<'b>,
    believed: &'b Repository,
    one: &'a Spanned<Suppression>,
}

impl<'a> Reader<'a, '_> {
    /// Reads all fields, so that all faults are told at once.
    fn whole(&self, faults: &mut Vec<Diagnostic>) -> Option<Whole<'a>> {
        let fields = &self.one.value;
        let id = self.field("id", fields.id.as_ref(), faults, |text| self.id(text));
        let rule = self.field("rule", fields.rule.as_ref(), faults, rule);
        let subject = self.field("subject", fields.subject.as_ref(), faults, subject);
        let owner = self.field("owner", fields.owner.as_ref(), faults, |text| self.owner(text));
        let reason = self.field("reason", fields.reason.as_ref(), faults, reason);
        let expires = self.field("expires", fields.expires.as_ref(), faults, |text| {
            self.expires(text)
        });
        Some(Whole {
            id: id?,
            rule: rule?,
            subject: subject?,
            owner: owner?,
            reason: reason?,
            expires: expires?,
            span: fields.id.as_ref()?.span,
        })
    }

    /// Reads a field; what is wrong with it is told where it stands.
    fn field<T>(
        &self,
        name: &str,
        field: Option<&'a Spanned<String>>,
        faults: &mut Vec<Diagnostic>,
        read: impl FnOnce(&'a str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let (span, wrong) = match field {
            None => (
                self.one.span,
                Wrong {
                    message: format!("a suppression without `{name}`"),
                    help: "write `id`, `rule`, `subject`, `owner`, `reason` and `expires`".into(),
                },
            ),
            Some(field) => match read(&field.value) {
                Ok(value) => return Some(value),
                Err(wrong) => (field.span, wrong),
            },
        };
        faults.push(
            Diagnostic::error(CHECK.code, span, wrong.message)
                .label("this suppresses nothing")
                .help(wrong.help),
        );
        None
    }

    fn id(&self, text: &str) -> Result<RecordId, Wrong> {
        RecordId::new(text).ok_or_else(|| {
            wrong(
                format!("`{}` is not an id", excerpt(text)),
                "write 3 to 63 lower-case letters, digits and hyphens, a letter first",
            )
        })
    }

    fn owner(&self, text: &str) -> Result<RecordId, Wrong> {
        let id = RecordId::new(text);
        let role = id.as_ref().and_then(|id| self.believed.roles.get(id));
        let live = role.filter(|role| role.meta.is_live());
        live.map(|role| role.id().clone()).ok_or_else(|| {
            let message = if role.is_some() {
                format!("the Role `{text}` is no longer active")
            } else {
                format!("there is no Role `{}`", excerpt(text))
            };
            wrong(message, "name the Role that answers for the suppression")
        })
    }

    fn expires(&self, text: &str) -> Result<Date, Wrong> {
        let max = self.context.number("max_days").clamp(0, 36_500);
        let today = self.context.as_of().day();
        let last = today.plus_days(max);
        let Some(day) = parse_date(text) else {
            let message = format!("`{}` is no day", excerpt(text));
            return Err(wrong(
                message,
                &format!("write a day up to {last}, such as `{last}`"),
            ));
        };
        if day < today {
            let help = "mend what it suppressed and remove it; or have a new day approved";
            return Err(wrong(format!("the suppression expired on {day}"), help));
        }
        if day > last {
            let days = day.days_since(today);
            let message = format!("the suppression lasts {days} more days, and {max} are allowed");
            return Err(wrong(message, &format!("set `expires` to {last} or earlier")));
        }
        Ok(day)
    }
}

/// What is wrong with a field, and what to do.
struct Wrong {
    message: String,
    help: String,
}

fn wrong(message: String, help: &str) -> Wrong {
    Wrong {
        message,
        help: help.to_owned(),
    }
}

fn rule(text: &str) -> Result<&str, Wrong> {
    let Some(check) = find(text) else {
        let message = format!("`{}` is no rule of this version", excerpt(text));
        return Err(wrong(message, "write the code that the diagnostic carries"));
    };
    let is_guard = matches!(
        check.family,
        Family::Schema | Family::Approval | Family::Governance
    );
    if is_guard || ALWAYS_BLOCKING.contains(&check.code) {
        return Err(wrong(
            format!("`{}` can never be suppressed", check.code),
            "mend what it says, and remove the suppression",
        ));
    }
    Ok(text)
}

fn subject(text: &str) -> Result<&str, Wrong> {
    if text.trim().is_empty() {
        return Err(wrong(
            "a suppression of nothing in particular".into(),
            "write the subject of the diagnostic as `check --format json` tells it",
        ));
    }
    Ok(text)
}

fn reason(text: &str) -> Result<&str, Wrong> {
    let text = text.trim();
    let length = text.chars().count();
    let help = "say in a sentence why this must not block, and what is done about it";
    if length < SHORTEST_REASON {
        let message = format!("a reason of {length} characters; at least {SHORTEST_REASON} are needed");
        return Err(wrong(message, help));
    }
    let lower = text.to_lowercase();
    let mut words = lower.split(|letter: char| !letter.is_alphanumeric());
    let mut different: Vec<char> = lower.chars().filter(|letter| letter.is_alphanumeric()).collect();
    different.sort_unstable();
    different.dedup();
    if words.any(|word| PLACEHOLDERS.contains(&word)) || different.len() < DIFFERENT_CHARACTERS {
        return Err(wrong("a placeholder instead of a reason".into(), help));
    }
    Ok(text)
}

fn not_approved(one: &Whole<'_>, standing: &Standing) -> Diagnostic {
    let missing: Vec<String> = standing
        .missing()
        .map(|met| {
            format!(
                "{}, {} of {} people",
                listed(met.demand.who()),
                met.by.len(),
                met.needed
            )
        })
        .collect();
    let wanted = if missing.is_empty() {
        "an approval of the configuration as it is".to_owned()
    } else {
        missing.join("; ")
    };
    let role = standing
        .missing()
        .find_map(|met| met.demand.who().into_iter().next());
    let message = format!(
        "the suppression `{}` is not approved and suppresses nothing",
        one.id
    );
    Diagnostic::error(CHECK.code, one.span, message)
        .label(format!("it needs {wanted}"))
        .help(format!(
            "have the configuration approved: `countersign approve {CONFIGURATION_ID} --role {}`",
            role.unwrap_or_else(|| "role-…".into())
        ))
        .subject(one.id.to_string())
}

fn demote(diagnostic: &mut Diagnostic, one: &Whole<'_>, place: Option<Span>) {
    let was = diagnostic.level.word();
    diagnostic.level = Level::Info;
    let label = diagnostic.label.take().map(|label| format!("{label}; "));
    diagnostic.label = Some(format!(
        "{}this {was} is suppressed by `{}` of `{}` until {}: {}",
        label.unwrap_or_default(),
        one.id,
        one.owner,
        one.expires,
        excerpt(one.reason)
    ));
    if let Some(span) = place {
        diagnostic.related.push(crate::diagnostic::Related {
            span,
            message: format!("suppressed by `{}` until {}", one.id, one.expires),
        });
    }
}

fn unused(one: &Whole<'_>, span: Span) -> Diagnostic {
    let message = format!(
        "the suppression `{}` suppresses nothing: `{}` says nothing of `{}`",
        one.id,
        one.rule,
        excerpt(one.subject)
    );
    let mut diagnostic = Diagnostic::info(CHECK.code, span, message)
        .help("remove it, if no scan is missing here")
        .subject(one.id.to_string());
    diagnostic.name = CHECK.name;
    diagnostic
}
