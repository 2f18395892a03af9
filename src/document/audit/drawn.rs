//! The random sample of the audit.

use super::ITEM_RESULTS;
use crate::document::table::{Cell, Column, Layout, Table};
use crate::document::words::spaced;
use crate::model::Kind;
use crate::reconcile::{Register, Sample, Stratum, sample};

/// Draws from each population that an audit samples.
pub(super) fn samples(register: &Register<'_>, seed: &str) -> Vec<Sample> {
    let strata = [
        (Stratum::Findings, 25),
        (Stratum::Hosts, 10),
        (Stratum::Kind(Kind::Approval), 10),
    ];
    let drawn = strata.into_iter();
    drawn
        .map(|(stratum, asked)| sample(register, stratum, seed, asked))
        .collect()
}

const POPULATIONS: &[Column] = &[
    Column::new("stratum", "Stratum").tight(),
    Column::new("items", "What the items are").wide(),
    Column::new("size", "Population"),
    Column::new("drawn", "Drawn"),
    Column::new("sha256", "SHA-256 of the population").wide(),
    Column::new("command", "Draw your own").wide(),
];

/// Lists the populations with their digests.
pub(super) fn population_table(samples: &[Sample]) -> Table {
    let rows = samples.iter().map(|sample| {
        let (word, asked) = (sample.stratum.word(), sample.asked);
        vec![
            Cell::text(word.as_str()),
            Cell::text(sample.stratum.items()),
            Cell::count(sample.population.len()),
            Cell::count(sample.drawn.len()),
            Cell::Code(sample.population_sha256.as_str().into()),
            Cell::Code(format!("countersign sample --seed YOURS --stratum {word} --n {asked}").into()),
        ]
    });
    Table {
        name: "populations",
        caption: "What was drawn from: each population is whole".into(),
        layout: Layout::Plain,
        columns: POPULATIONS,
        rows: rows.collect(),
        when_empty: "",
    }
}

const SAMPLE: &[Column] = &[
    Column::new("stratum", "Stratum").tight(),
    Column::new("item", "Item").wide(),
    Column::beneath("title", ""),
    Column::new("state", "State"),
    Column::data("sha256"),
    Column::new("result", "Result").tight(),
];

/// Lists what was drawn, in the order of the draw.
pub(super) fn sample_table(samples: &[Sample]) -> Table {
    let drawn = samples
        .iter()
        .flat_map(|sample| sample.drawn.iter().map(|drawn| (sample.stratum.word(), drawn)));
    let rows = drawn.map(|(stratum, drawn)| {
        vec![
            Cell::text(stratum),
            Cell::text(drawn.item.line.as_str()),
            Cell::text(drawn.item.title.as_str()),
            Cell::text(spaced(drawn.item.state)),
            Cell::Code(drawn.sha256.as_str().into()),
            Cell::list(ITEM_RESULTS),
        ]
    });
    Table {
        name: "sample",
        caption: "What was drawn; results are the auditor's to tick".into(),
        layout: Layout::Plain,
        columns: SAMPLE,
        rows: rows.collect(),
        when_empty: "Every population is empty.",
    }
}
