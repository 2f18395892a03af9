//! What a schema of single fields cannot say of calendars and changes.

use std::collections::BTreeMap;

use super::closed_sets::zone;
use super::violation::CHECK;
use crate::check::words::{excerpt, listed};
use crate::diagnostic::Diagnostic;
use crate::load::Repository;
use crate::model::{Calendar, Change, ChangeType, Date, Freeze, Meta, Record, Recurrence};
use crate::source::{Span, Spanned};

/// Flags windows, freezes and changes whose fields contradict or lack each other.
pub(super) fn of_work(repository: &Repository, out: &mut Vec<Diagnostic>) {
    for calendar in &repository.calendars {
        of_calendar(calendar, out);
    }
    windows(repository, out);
    for change in &repository.changes {
        of_change(repository, change, out);
    }
}

fn fault(meta: &Meta, span: Span, message: String, help: &str) -> Diagnostic {
    Diagnostic::error(CHECK.code, span, message)
        .help(help)
        .subject(meta.id.to_string())
}

fn of_calendar(calendar: &Record<Calendar>, out: &mut Vec<Diagnostic>) {
    let (meta, spec) = (&calendar.meta, &calendar.spec);
    let zones = spec.windows.iter().map(|window| &window.timezone);
    let zones = zones.chain(spec.meetings.iter().map(|meeting| &meeting.timezone));
    for name in zones.flatten() {
        zone(meta, name, out);
    }
    let windows = spec.windows.iter().map(|window| (&window.rrule, window.from));
    let cycles = spec.cycles.iter().map(|cycle| (&cycle.rrule, cycle.from));
    let meetings = spec.meetings.iter().map(|meeting| (&meeting.rrule, meeting.from));
    for (rrule, from) in windows.chain(cycles).chain(meetings) {
        out.extend(beginning(meta, rrule, from));
    }
    for freeze in &spec.freezes {
        out.extend(form(meta, freeze));
    }
}

/// A rule that counts needs a day to count from, and ends after it.
fn beginning(meta: &Meta, rrule: &Spanned<Recurrence>, from: Option<Spanned<Date>>) -> Option<Diagnostic> {
    match (from, rrule.until()) {
        (None, _) if rrule.counts_from() => Some(fault(
            meta,
            rrule.span,
            format!("`{}` counts from a day, and there is none", excerpt(rrule.text())),
            "add `from` with the day of the first time, or name the days by `BYDAY` or `BYMONTHDAY` without an interval",
        )),
        (Some(from), Some(until)) if until < from.value => Some(
            fault(
                meta,
                rrule.span,
                format!("the rule ends on {until}, before it begins on {}", from.value),
                "mend `UNTIL` or `from`",
            )
            .related(from.span, "`from` is here"),
        ),
        (_, _) => None,
    }
}

/// A freeze has exactly one of its three forms.
fn form(meta: &Meta, freeze: &Freeze) -> Option<Diagnostic> {
    let span = freeze.name.span;
    let interval = (freeze.from.is_some(), freeze.to.is_some());
    let by_count = (freeze.rule.is_some(), freeze.count.is_some());
    if let Some(rrule) = freeze.rrule.as_ref().filter(|rrule| rrule.counts_from()) {
        return Some(fault(
            meta,
            rrule.span,
            format!(
                "`{}` counts from a day, which a freeze has not",
                excerpt(rrule.text())
            ),
            "name the days by `BYDAY` or `BYMONTHDAY`, or write `from` and `to`",
        ));
    }
    match (interval, freeze.rrule.is_some(), by_count) {
        ((true, true), false, (false, false))
        | ((false, false), true, (false, false))
        | ((false, false), false, (true, true)) => None,
        (_, _, _) => Some(fault(
            meta,
            span,
            format!(
                "the freeze `{}` needs exactly one of `from` with `to`, `rrule`, and `rule` with `count`",
                excerpt(&freeze.name)
            ),
            "keep one of the three, whole",
        )),
    }
}

/// A window has one id, and a System names one that is there, once there is a calendar.
fn windows(repository: &Repository, out: &mut Vec<Diagnostic>) {
    let mut known: BTreeMap<&str, Span> = BTreeMap::new();
    for calendar in repository.calendars.iter().filter(|one| one.meta.is_live()) {
        for window in &calendar.spec.windows {
            let id = window.id.value.as_str();
            if let Some(first) = known.get(id) {
                let message = format!("the window `{id}` is there twice");
                let help = "give one of them another id; Systems name windows by it";
                out.push(fault(&calendar.meta, window.id.span, message, help).related(*first, "first here"));
            } else {
                known.insert(id, window.id.span);
            }
        }
    }
    if known.is_empty() {
        return;
    }
    for system in repository.systems.iter().filter(|system| system.meta.is_live()) {
        let Some(window) = &system.spec.window else {
            continue;
        };
        if !known.contains_key(window.as_str()) {
            let message = format!("`{}` is no window of a Calendar", excerpt(window));
            let help = format!("windows are {}", listed(known.keys()));
            let place = system.meta.id.span;
            out.push(fault(&system.meta, place, message, &help).label("named under `window`"));
        }
    }
}

fn of_change(repository: &Repository, change: &Record<Change>, out: &mut Vec<Diagnostic>) {
    let (meta, spec) = (&change.meta, &change.spec);
    let place = meta.id.span;
    let mut flag = |span: Span, message: &str, help: &str| {
        out.push(fault(meta, span, message.to_owned(), help));
    };
    if spec.template {
        if spec.change_type.value != ChangeType::Standard {
            let help = "write `type: standard`; only standard changes are approved ahead";
            flag(
                spec.change_type.span,
                "a template of another type than `standard`",
                help,
            );
        }
        if let Some(uses) = &spec.uses {
            flag(uses.span, "a template that uses a template", "remove `uses`");
        }
    } else {
        if spec.start.is_none() || spec.end.is_none() {
            let help = "add `start` and `end`; only a template is without them";
            flag(place, "a Change without `start` and `end`", help);
        }
        if spec.systems.is_empty() {
            flag(
                place,
                "a Change of no System",
                "name under `systems` what is changed",
            );
        }
        if spec.limits.is_some() || spec.valid_until.is_some() {
            let help = "remove `limits` and `valid_until`, or write `template: true`";
            flag(
                place,
                "`limits` and `valid_until` have no effect on a Change that is no template",
                help,
            );
        }
    }
    if let Some(uses) = &spec.uses {
        let template = repository.changes.get(&uses.value.0);
        if template.is_some_and(|template| !template.spec.template) {
            flag(
                uses.span,
                &format!("`{}` is no template", uses.value),
                "name a Change with `template: true`",
            );
        }
        if spec.change_type.value != ChangeType::Standard {
            let help = "write `type: standard`, or remove `uses`";
            flag(
                uses.span,
                "a template has an effect on a standard change only",
                help,
            );
        }
    }
    if let Some(departs) = &spec.freeze_approval {
        let mut freezes = repository
            .calendars
            .iter()
            .flat_map(|calendar| &calendar.spec.freezes);
        if !freezes.any(|freeze| freeze.name.value == departs.freeze.value) {
            let message = format!("`{}` is no freeze of a Calendar", excerpt(&departs.freeze));
            flag(
                departs.freeze.span,
                &message,
                "write the `name` of the freeze that it departs from",
            );
        }
    }
}
