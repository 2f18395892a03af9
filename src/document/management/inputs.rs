//! Which inputs of a management review the records hold. Source: ISO/IEC 27001, 9.3.2.

use crate::document::table::{Cell, Column, Layout, Mark, Table, Tone};
use crate::reconcile::Register;

/// How far the records hold an input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Held {
    Recorded,
    InPart,
    NotRecorded,
}

impl Held {
    fn of(is_there: bool) -> Self {
        if is_there {
            Self::Recorded
        } else {
            Self::NotRecorded
        }
    }

    fn mark(self) -> Mark {
        let (word, rank, tone) = match self {
            Self::NotRecorded => ("not_recorded", 0, Tone::Bad),
            Self::InPart => ("recorded_in_part", 1, Tone::Warning),
            Self::Recorded => ("recorded", 2, Tone::Good),
        };
        Mark { word, rank, tone }
    }
}

const INPUTS: &[Column] = &[
    Column::new("key", "9.3.2").tight(),
    Column::new("input", "Input").wide(),
    Column::new("held", "In the records").tight(),
    Column::new("what", "What stands below").wide(),
];

/// Lists the seven inputs, the fourth in its four parts.
pub(super) fn input_table(register: &Register<'_>) -> Table {
    let repository = register.repository;
    let isms = repository.isms.as_ref();
    let has_objectives = isms.is_some_and(|isms| !isms.spec.objectives.is_empty());
    let has_risks = !repository.risks.is_empty();
    let rows = [
        (
            "a",
            "Actions from earlier reviews",
            Held::NotRecorded,
            "no record holds reviews or actions",
        ),
        (
            "b",
            "Changes outside and inside",
            Held::InPart,
            "what was written into the records; of the world outside nothing",
        ),
        (
            "c",
            "Needs of interested parties",
            Held::InPart,
            "regulations with their times, and agreements",
        ),
        (
            "d1",
            "Nonconformities and corrective actions",
            Held::InPart,
            "what the rules object to; no corrective actions",
        ),
        (
            "d2",
            "Monitoring and measurement",
            Held::Recorded,
            "figures with targets and benchmarks, and the months before",
        ),
        (
            "d3",
            "Audit results",
            Held::NotRecorded,
            "no record holds audits; D09 is the sheet for one",
        ),
        (
            "d4",
            "Objectives",
            Held::of(has_objectives),
            "each with its figure and target",
        ),
        (
            "e",
            "Feedback of interested parties",
            Held::NotRecorded,
            "no record holds it",
        ),
        (
            "f",
            "Risk assessment and treatment",
            Held::of(has_risks),
            "each risk with its treatment, and the decisions that bear risks",
        ),
        (
            "g",
            "Chances to improve",
            Held::InPart,
            "causes of what was missed; no proposals",
        ),
    ];
    let rows = rows.into_iter().map(|(key, input, held, what)| {
        vec![
            Cell::text(key),
            Cell::text(input),
            Cell::Mark(held.mark()),
            Cell::text(what),
        ]
    });
    Table {
        name: "inputs",
        caption: "Inputs of the review, and how far the records hold them".into(),
        layout: Layout::Plain,
        columns: INPUTS,
        rows: rows.collect(),
        when_empty: "",
    }
}
