//! The way out: stretches without support, acceptances and milestones over time.

use super::{Ending, Support};
use crate::diagnostic::counted;
use crate::document::figure::{Drawing, Figure, Fill, Milestone, Stretch, Timeline};
use crate::document::table::{Cell, Column, Layout, Mark, Table, Tone};
use crate::document::words::{days_left, remaining};
use crate::model::{Date, Milestone as Step};
use crate::reconcile::Register;

/// Days before its day from which a milestone is called near.
const SOON_DAYS: i64 = 90;

/// Tells whether a milestone was done by the day of the document.
fn is_done(register: &Register<'_>, step: &Step) -> bool {
    step.done.is_some_and(|done| days_left(register, done.value) <= 0)
}

/// Tells whether a milestone is past its day and not done.
pub(super) fn is_late(register: &Register<'_>, step: &Step) -> bool {
    !is_done(register, step) && days_left(register, step.due.value) < 0
}

/// Draws each System with its milestones, its acceptances beneath; `None` where nothing is to be drawn.
pub(super) fn roadmap_figure(register: &Register<'_>, endings: &[Ending<'_>]) -> Option<Figure> {
    let counted = endings
        .iter()
        .filter(|ending| ending.support(register) != Support::NotCounted);
    let rows: Vec<Stretch> = counted.flat_map(|ending| stretches(register, ending)).collect();
    (!rows.is_empty()).then(|| Figure {
        name: "roadmap",
        title: "Time without support, acceptances and milestones".into(),
        unit: "systems",
        drawing: Drawing::Timeline(Timeline {
            legend: vec![
                (Fill::Hatched, "without support, to the end of the roadmap"),
                (Fill::Solid, "acceptance in force or to come"),
                (Fill::Dotted, "extended support"),
                (Fill::Blank, "supported"),
            ],
            today: register.as_of.day(),
            rows,
        }),
    })
}

fn stretches(register: &Register<'_>, ending: &Ending<'_>) -> Vec<Stretch> {
    let roadmap = &ending.lifecycle.roadmap;
    let today = register.as_of.day();
    let id = ending.record.id();
    let bare = |label: String, days: (Date, Date), fill| Stretch {
        label,
        days: Some(days),
        fill,
        milestones: Vec::new(),
    };
    let extended = ending
        .lifecycle
        .extended_support
        .as_ref()
        .map(|support| support.until.value);
    let end = extended.map_or(ending.end, |until| until.max(ending.end));
    let last = roadmap.iter().map(|step| step.due.value).max().unwrap_or(today);
    let (days, fill) = if end < today {
        ((end.plus_days(1), last.max(today)), Fill::Hatched)
    } else {
        ((today, end), Fill::Blank)
    };
    let milestone = |step: &Step| Milestone {
        on: step
            .done
            .filter(|_| is_done(register, step))
            .unwrap_or(step.due)
            .value,
        word: step.milestone.clone(),
        is_done: is_done(register, step),
    };
    let mut rows = vec![Stretch {
        milestones: roadmap.iter().map(milestone).collect(),
        ..bare(id.to_string(), days, fill)
    }];
    if let Some(until) = extended.filter(|until| *until > ending.end) {
        rows.push(bare(
            "extended support".into(),
            (ending.end.plus_days(1), until),
            Fill::Dotted,
        ));
    }
    for accepted in ending.acceptances.iter().filter(|row| is_drawn(row.phase)) {
        let until = accepted.expires.unwrap_or(last.max(today));
        let days = (accepted.starts(), until.max(accepted.starts()));
        rows.push(bare(
            format!("acceptance {}", accepted.meta.id),
            days,
            Fill::Solid,
        ));
    }
    rows
}

/// Tells whether an acceptance was approved and has not been ended: what nobody approved bears nothing.
fn is_drawn(phase: crate::document::decisions::Phase) -> bool {
    use crate::document::decisions::Phase;
    matches!(phase, Phase::Active | Phase::Expiring | Phase::NotStarted)
}

const MILESTONES: &[Column] = &[
    Column::new("system", "System").wide(),
    Column::beneath("title", ""),
    Column::new("milestone", "Milestone").wide(),
    Column::new("due", "Due").tight(),
    Column::new("state", "State").tight(),
    Column::beneath("remaining", "").tight(),
    Column::data("days_left"),
    Column::new("done", "Done").tight(),
    Column::new("resources", "Resources").wide(),
    Column::new("budget", "Budget"),
];

/// Lists every milestone by its day; a System past its end without any stands first.
pub(super) fn milestone_table(register: &Register<'_>, endings: &[Ending<'_>]) -> Table {
    let mut steps: Vec<(&Ending<'_>, Option<&Step>)> = Vec::new();
    for ending in endings
        .iter()
        .filter(|ending| ending.support(register) != Support::NotCounted)
    {
        let roadmap = &ending.lifecycle.roadmap;
        if roadmap.is_empty() && ending.support(register) <= Support::Extended {
            steps.push((ending, None));
        }
        steps.extend(roadmap.iter().map(|step| (ending, Some(step))));
    }
    steps.sort_by_key(|(_, step)| step.map(|step| step.due.value));
    Table {
        name: "milestones",
        caption: "Milestones by their day".into(),
        layout: Layout::Sortable,
        columns: MILESTONES,
        rows: steps
            .into_iter()
            .map(|(ending, step)| milestone(register, ending, step))
            .collect(),
        when_empty: "No milestone is recorded, and no system in scope is past its end of support.",
    }
}

fn milestone(register: &Register<'_>, ending: &Ending<'_>, step: Option<&Step>) -> Vec<Cell> {
    let meta = &ending.record.meta;
    let mark = |word, rank, tone| Cell::Mark(Mark { word, rank, tone });
    let mut cells = vec![Cell::shown(&meta.id), Cell::text(meta.title.as_str())];
    let Some(step) = step else {
        cells.extend([
            Cell::text("no milestone is recorded"),
            Cell::Empty,
            mark("no_roadmap", 0, Tone::Bad),
        ]);
        cells.extend(std::iter::repeat_n(Cell::Empty, MILESTONES.len() - cells.len()));
        return cells;
    };
    let days = days_left(register, step.due.value);
    let (state, words) = state(register, step, days);
    cells.extend([
        Cell::text(step.milestone.as_str()),
        Cell::shown(step.due),
        state,
        Cell::text(words),
        Cell::Number(days),
        Cell::maybe_shown(step.done.filter(|_| is_done(register, step))),
        Cell::text(step.resources.as_deref().unwrap_or("not recorded")),
        Cell::text(step.budget.as_deref().unwrap_or("not recorded")),
    ]);
    cells
}

fn state(register: &Register<'_>, step: &Step, days: i64) -> (Cell, String) {
    let mark = |word, rank, tone| Cell::Mark(Mark { word, rank, tone });
    let number = |days: i64| counted(usize::try_from(days.unsigned_abs()).unwrap_or(usize::MAX), "day");
    if let Some(done) = step.done.filter(|_| is_done(register, step)) {
        let late = done.days_since(step.due.value);
        return if late > 0 {
            (
                mark("done_late", 4, Tone::Warning),
                format!("{} after its day", number(late)),
            )
        } else {
            (mark("done", 5, Tone::Good), "in time".to_owned())
        };
    }
    match days {
        days if days < 0 => (
            mark("late", 1, Tone::Bad),
            format!("{} past its day", number(days)),
        ),
        days if days <= SOON_DAYS => (mark("due_soon", 2, Tone::Warning), remaining(days)),
        days => (mark("planned", 3, Tone::Busy), remaining(days)),
    }
}
