//! countersign/sample/v1.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use crate::model::Date;
use crate::output::json::write_pretty;
use crate::reconcile::METHOD;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    as_of: String,
    period: PeriodEntry,
    commit: Option<&'a str>,
    seed: &'a str,
    stratum: String,
    method: &'static str,
    population: Population<'a>,
    asked: usize,
    drawn: Vec<DrawnEntry<'a>>,
}

#[derive(Serialize)]
struct PeriodEntry {
    from: Date,
    to: Date,
}

#[derive(Serialize)]
struct Population<'a> {
    of: &'static str,
    size: usize,
    sha256: &'a str,
}

#[derive(Serialize)]
struct DrawnEntry<'a> {
    item: &'a str,
    title: &'a str,
    state: &'static str,
    sha256: &'a str,
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let sample = report.sample;
    let drawn = sample.drawn.iter().map(|drawn| DrawnEntry {
        item: &drawn.item.line,
        title: &drawn.item.title,
        state: drawn.item.state,
        sha256: &drawn.sha256,
    });
    let document = Document {
        schema: "countersign/sample/v1",
        as_of: report.as_of.to_string(),
        period: PeriodEntry {
            from: report.period.from,
            to: report.period.to,
        },
        commit: report.commit,
        seed: &sample.seed,
        stratum: sample.stratum.word(),
        method: METHOD,
        population: Population {
            of: sample.stratum.items(),
            size: sample.population.len(),
            sha256: &sample.population_sha256,
        },
        asked: sample.asked,
        drawn: drawn.collect(),
    };
    write_pretty(&document, out)
}
