//! The walk over what happened in the life of a finding, by time; each step that moves its due date is a segment.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::counting::{agreement_at, counting, system_at};
use super::demands::{demands, prioritised};
use super::happenings::{Happening, happenings};
use super::pause::Paused;
use super::{Due, Facts, Ground, Law, State, freeze};
use crate::model::{FREEZE_REASON, Governor, Segment, SegmentCause, Segments, Severity};

/// What a clock comes to.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::reconcile) struct Course {
    /// By time; at least one.
    pub(in crate::reconcile) segments: Segments,
    /// The severity at the end of the finding's life, or now.
    pub(in crate::reconcile) severity: Severity,
    pub(in crate::reconcile) notes: Vec<Note>,
}

/// What is told of a clock beside its dates.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::reconcile) enum Note {
    Plain(Arc<str>),
    /// A decision gave more time after a date had passed: told where what was missed stays missed.
    MoreTime {
        at: DateTime<Utc>,
        text: Arc<str>,
    },
}

/// What decisions have made of the facts so far; each counts as if it had stood from the start.
#[derive(Clone, Copy)]
struct View {
    /// The first version of the agreement that counts.
    agreement: usize,
    system: usize,
    rated: Option<RatedSpan>,
    paused: Option<Paused>,
    /// How many freezes have begun.
    freezes: usize,
    /// The override that gives more time than the matrix.
    loosened: Option<usize>,
}

#[derive(Clone, Copy)]
struct RatedSpan {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    severity: Severity,
}

struct Walk<'s, 'a> {
    facts: &'s Facts<'a>,
    law: Law<'s>,
    ground: &'s Ground<'s>,
    view: View,
    happenings: Vec<(DateTime<Utc>, Happening)>,
    segments: Vec<Segment>,
    notes: Vec<Note>,
}

/// Sets the clock of a finding.
pub(in crate::reconcile) fn course<'a, 's>(
    facts: &'s Facts<'a>,
    law: Law<'s>,
    ground: &'s Ground<'s>,
) -> Course {
    let end = facts.closed.map_or(ground.as_of.instant(), |closed| {
        closed.min(ground.as_of.instant())
    });
    let first_seen = facts.first_seen;
    let mut walk = Walk {
        facts,
        law,
        ground,
        view: View {
            agreement: agreement_at(law, first_seen, 0),
            system: system_at(&facts.systems, first_seen, 0),
            rated: None,
            paused: None,
            freezes: 0,
            loosened: None,
        },
        happenings: happenings(facts, law, ground, end),
        segments: Vec::new(),
        notes: Vec::new(),
    };
    let first = walk.best(walk.view, first_seen);
    walk.push(first_seen, first, SegmentCause::Start);
    for index in 0..walk.happenings.len() {
        let (at, happening) = walk.happenings[index];
        walk.take(at, happening);
    }
    let (state, _) = walk.state(walk.view, end.max(first_seen));
    Course {
        severity: state.severity,
        segments: ground.sharing.shared(&walk.segments),
        notes: walk.notes,
    }
}

impl<'s, 'a> Walk<'s, 'a> {
    fn take(&mut self, at: DateTime<Utc>, happening: Happening) {
        match happening {
            Happening::Severity => {
                self.end_lowering(at);
                self.tighten(at, SegmentCause::Severity);
            }
            Happening::Condition => {
                self.end_lowering(at);
                self.tighten(at, SegmentCause::Condition);
            }
            Happening::System(index) => {
                let view = View {
                    system: index,
                    ..self.view
                };
                let loosens = self
                    .facts
                    .systems
                    .get(index)
                    .is_some_and(|version| version.loosens);
                self.take_over(at, view, loosens, SegmentCause::Tier);
            }
            Happening::Agreement(index) => {
                let view = View {
                    agreement: index,
                    ..self.view
                };
                let loosens = match self.law {
                    Law::Agreement(versions) => versions.get(index).is_some_and(|version| version.loosens),
                    Law::Strictest { .. } => false,
                };
                self.take_over(at, view, loosens, SegmentCause::Agreement);
            }
            Happening::Rated => self.rate(at),
            Happening::Override(index) => self.take_override(at, index),
            Happening::Pause => self.pause(at, false),
            Happening::Resume => self.pause(at, true),
            Happening::Freeze(index) => {
                let view = View {
                    freezes: index + 1,
                    ..self.view
                };
                self.decide(at, view, SegmentCause::Freeze);
            }
        }
    }

    /// The pairs of versions of the agreement and of the system that count at a moment, as a view has them.
    fn counting(&self, view: View, at: DateTime<Utc>) -> impl Iterator<Item = (usize, usize)> {
        let newest = self.newest(view, at);
        counting(self.law, &self.facts.systems, newest)
    }

    fn newest(&self, view: View, at: DateTime<Utc>) -> (usize, usize) {
        let agreement = agreement_at(self.law, at, view.agreement);
        (agreement, system_at(&self.facts.systems, at, view.system))
    }

    /// What is known at a moment, as the decisions of a view make it, with the number of the agreement's version.
    ///
    /// Of several versions that count, the one that makes it gravest.
    fn state(&self, view: View, at: DateTime<Utc>) -> (State<'s, 'a>, usize) {
        let states = self.counting(view, at);
        let states = states.map(|versions| (self.state_by(view, at, versions), versions.0));
        let gravest = states.max_by_key(|(state, _)| state.severity);
        gravest.unwrap_or_else(|| {
            let newest = self.newest(view, at);
            (self.state_by(view, at, newest), newest.0)
        })
    }

    fn state_by(&self, view: View, at: DateTime<Utc>, (agreement, system): (usize, usize)) -> State<'s, 'a> {
        let facts = self.facts;
        let day = self.ground.almanac.day_of(at);
        let system = facts.systems.get(system);
        let mut state = State {
            facts,
            at,
            severity: facts.severity_at(at),
            exploit: facts.exploit_at(at, day),
            kev: facts.kev.filter(|listing| listing.added <= day),
            system: system.and_then(|version| version.system),
        };
        let rated = view.rated.filter(|rated| rated.from <= at && at < rated.until);
        if let Some(rated) = rated {
            state.severity = rated.severity;
        } else {
            let sla = match self.law {
                Law::Agreement(versions) => versions.get(agreement).map(|version| version.sla),
                Law::Strictest { own, .. } => own,
            };
            state.severity = sla.map_or(state.severity, |sla| prioritised(&state, sla));
        }
        state
    }

    /// The earliest date that anything asks for at a moment, by any of the versions that count.
    fn best(&self, view: View, at: DateTime<Utc>) -> Due {
        let all = self
            .counting(view, at)
            .map(|versions| self.best_by(view, at, versions));
        all.reduce(Due::earlier)
            .unwrap_or_else(|| self.best_by(view, at, self.newest(view, at)))
    }

    fn best_by(&self, view: View, at: DateTime<Utc>, versions: (usize, usize)) -> Due {
        let (state, index) = (self.state_by(view, at, versions), versions.0);
        let mut demands = demands(&state, self.law, index, self.ground);
        let (mut overriding, mut loosened) = (Vec::new(), None);
        for (number, one) in self.facts.overrides.iter().enumerate() {
            let from = at.max(one.from);
            if view.loosened == Some(number) && one.holds(from, state.severity, state.tier()) {
                loosened = Some(self.overridden(number, from, &demands.agreed));
            } else if one.holds(at, state.severity, state.tier()) {
                // The earliest date counts, so that this one never gives more time.
                overriding.push(self.overridden(number, at, &demands.agreed));
            }
        }
        if let Some(loosened) = loosened {
            demands.agreed = vec![loosened];
        } else {
            for due in &mut demands.agreed {
                self.hold(due, view, &state, index);
            }
        }
        let all = demands.agreed.into_iter().chain(overriding).chain(demands.fixed);
        all.reduce(Due::earlier).unwrap_or_else(|| Due {
            at,
            reason: "strictest:no-sla".into(),
            by: Arc::default(),
            cause: None,
        })
    }

    fn overridden(&self, number: usize, at: DateTime<Utc>, agreed: &[Due]) -> Due {
        let one = &self.facts.overrides[number];
        let agreement = agreed.first().map_or(&[][..], |due| &due.by);
        Due {
            at: one.after(at),
            reason: format!("override:{}", one.id).into(),
            by: beside(agreement, [&one.by]),
            cause: Some(SegmentCause::Override),
        }
    }

    /// Moves a date of the agreement by the days on which its clock does not run.
    fn hold(&self, due: &mut Due, view: View, state: &State<'_, '_>, index: usize) {
        let Law::Agreement(versions) = self.law else {
            return;
        };
        let almanac = &self.ground.almanac;
        let (Some(version), counted_from) = (versions.get(index), state.at) else {
            return;
        };
        if let (Some(paused), Some(pause)) = (view.paused, &self.facts.pause) {
            let moved = paused.moved(due.at, counted_from, almanac);
            if moved != due.at {
                due.at = moved;
                due.reason = "pause".into();
                let ended_by = pause.ended_by.iter().filter(|_| paused.is_fixed);
                due.by = beside(&due.by, std::iter::once(&pause.by).chain(ended_by));
            }
        }
        let freezes = self.facts.freezes.get(..view.freezes).unwrap_or_default();
        if !freezes.is_empty() && freeze::pauses(version.sla, state.severity, state.is_exploited()) {
            let moved = freeze::moved(freezes, due.at, counted_from, almanac);
            if moved != due.at {
                due.at = moved;
                due.reason = FREEZE_REASON.into();
                due.by = beside(&due.by, freezes.iter().map(|freeze| &freeze.by));
            }
        }
    }

    /// Works a date out anew, as if the decisions of a view had stood from the start; a lowering that has ended never did.
    fn anew(&self, view: View, until: DateTime<Utc>) -> Due {
        let view = View {
            rated: view.rated.filter(|rated| rated.until > until),
            ..view
        };
        let mut best = self.best(view, self.facts.first_seen);
        let mut last = self.facts.first_seen;
        for (at, _) in self.happenings.iter().filter(|(at, _)| *at <= until) {
            if *at > last {
                best = best.earlier(self.best(view, *at));
                last = *at;
            }
        }
        best
    }

    fn tighten(&mut self, at: DateTime<Utc>, cause: SegmentCause) {
        let due = self.best(self.view, at);
        if self.segments.last().is_some_and(|last| due.at < last.due) {
            self.push(at, due, cause);
        }
    }

    /// Takes a decision that may give more time; a date that had passed by then stays a breach.
    fn decide(&mut self, at: DateTime<Utc>, view: View, cause: SegmentCause) -> bool {
        // What follows from the decision is told as the decision, whatever asks for the date that is left.
        let due = Due {
            cause: None,
            ..self.anew(view, at)
        };
        self.view = view;
        let Some(last) = self.segments.last() else {
            return false;
        };
        if (last.due, &last.reason, &last.by) == (due.at, &due.reason, &due.by) {
            return false;
        }
        let missed = Some(last.due).filter(|missed| *missed < at && due.at > *missed);
        self.push(at, due, cause);
        missed.is_some()
    }

    /// Another version, or another system: more time only where somebody approved it.
    fn take_over(&mut self, at: DateTime<Utc>, view: View, loosens: bool, cause: SegmentCause) {
        let now = self.segments.last().map(|last| last.due);
        if loosens && now.is_some_and(|now| self.anew(view, at).at >= now) {
            if self.decide(at, view, cause) {
                self.note_breach(at);
            }
        } else {
            self.tighten(at, cause);
        }
    }

    fn note_breach(&mut self, at: DateTime<Utc>) {
        let by = self.segments.last().map_or(&[][..], |last| &last.by);
        let by: Vec<String> = by.iter().map(ToString::to_string).collect();
        let text = format!("more time by {}", by.join(" and ")).into();
        self.notes.push(Note::MoreTime { at, text });
    }

    /// An approved environmental vector lowers or raises the severity; of an exploited vulnerability it lowers none.
    fn rate(&mut self, at: DateTime<Utc>) {
        let Some(rated) = &self.facts.rated else { return };
        let (state, _) = self.state(self.view, at);
        let before = state.severity;
        if rated.severity <= before && state.is_exploited() {
            return;
        }
        let raises = rated.severity > before;
        let view = View {
            rated: Some(RatedSpan {
                from: if raises { at } else { DateTime::<Utc>::MIN_UTC },
                until: DateTime::<Utc>::MAX_UTC,
                severity: rated.severity,
            }),
            ..self.view
        };
        if raises || rated.severity == before {
            self.view = view;
            self.tighten(at, SegmentCause::Severity);
        } else if self.decide(at, view, SegmentCause::Severity) {
            let (after, by) = (rated.severity, &rated.by);
            let text = format!("lowered from {before} to {after} by `{by}`").into();
            self.notes.push(Note::MoreTime { at, text });
        }
    }

    /// What is exploited from now on is no longer lowered, and is due as if it had never been.
    fn end_lowering(&mut self, at: DateTime<Utc>) {
        // What has ended already does not end again: what happened since is counted by what holds since.
        let Some(rated) = self.view.rated.filter(|rated| rated.until > at) else {
            return;
        };
        let plain = View {
            rated: None,
            ..self.view
        };
        let (state, _) = self.state(plain, at);
        if state.is_exploited() && rated.severity < state.severity {
            self.view.rated = Some(RatedSpan {
                until: rated.until.min(at),
                ..rated
            });
            let due = self.anew(plain, at);
            if self.segments.last().is_some_and(|last| due.at < last.due) {
                self.push(at, due, SegmentCause::Condition);
            }
        }
    }

    fn take_override(&mut self, at: DateTime<Utc>, index: usize) {
        let one = &self.facts.overrides[index];
        let (state, version) = self.state(self.view, at);
        if !one.holds(at, state.severity, state.tier()) {
            return;
        }
        let agreed = demands(&state, self.law, version, self.ground).agreed;
        let loosens = agreed.first().is_some_and(|matrix| one.after(at) > matrix.at);
        if !loosens {
            return self.tighten(at, SegmentCause::Override);
        }
        if !one.may_loosen {
            // A pause may have moved the date to after that of the override, which then counts as any earlier one.
            let steps = self.segments.len();
            self.tighten(at, SegmentCause::Override);
            if self.segments.len() > steps {
                return;
            }
            let text = format!(
                "the override of `{}` gives {} h, more than the agreement; senior management has not approved it, so it is ignored",
                one.id, one.hours
            );
            return self.notes.push(Note::Plain(text.into()));
        }
        let view = View {
            loosened: Some(index),
            ..self.view
        };
        if self.decide(at, view, SegmentCause::Override) {
            self.note_breach(at);
        }
    }

    fn pause(&mut self, at: DateTime<Utc>, is_over: bool) {
        let (Some(pause), Law::Agreement(versions)) = (&self.facts.pause, self.law) else {
            return;
        };
        let (_, index) = self.state(self.view, at);
        let first_day = self.ground.almanac.day_of(self.facts.first_seen);
        let paused = versions
            .get(index)
            .and_then(|version| pause.under(version.sla, first_day, is_over));
        // A fix that came out before the pause was known leaves nothing to pause.
        if paused.is_none() && self.view.paused.is_none() {
            return;
        }
        let view = View { paused, ..self.view };
        let cause = if is_over {
            SegmentCause::Resume
        } else {
            SegmentCause::Pause
        };
        if self.decide(at, view, cause) {
            self.note_breach(at);
        }
    }

    fn push(&mut self, at: DateTime<Utc>, due: Due, cause: SegmentCause) {
        let mut segment = Segment {
            from: at,
            due: due.at,
            reason: due.reason,
            cause: due.cause.unwrap_or(cause),
            by: due.by,
        };
        if self.segments.is_empty() {
            segment.cause = SegmentCause::Start;
        } else if cause == SegmentCause::Tier {
            let system = system_at(&self.facts.systems, at, self.view.system);
            let by = self
                .facts
                .systems
                .get(system)
                .and_then(|version| version.by.as_ref());
            segment.by = beside(&segment.by, by);
        }
        match self.segments.last_mut() {
            // Of what happens in one moment only the end of it is told.
            Some(last) if last.from == at => {
                segment.cause = last.cause;
                *last = segment;
            }
            Some(_) | None => self.segments.push(segment),
        }
    }
}

/// The agreement with what else moved the date.
fn beside<'g>(agreement: &[Governor], others: impl IntoIterator<Item = &'g Governor>) -> Arc<[Governor]> {
    let mut all = agreement.to_vec();
    for other in others {
        if !all.contains(other) {
            all.push(other.clone());
        }
    }
    all.into()
}
