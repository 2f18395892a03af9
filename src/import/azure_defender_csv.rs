//! Defender for Cloud: the recommendations as Azure's portal exports them.
//!
//! A row is a recommendation on a resource, with its state. One that is met was a finding only if its state has
//! changed since it was first looked at. One that somebody exempted is not applicable with a reason: it is hidden.

use std::io::BufRead;

use super::delimited::{Rows, fold};
use super::rows::{Hosts, Refusal, text_time, unknown, words};
use super::tally::Tally;
use super::value;
use super::{ImportError, Importer, Options, Product, Sink, stamp};
use crate::model::{Host, Observation, ObservationState, ScanSummary, Severity};

pub(super) const IMPORTER: Importer = Importer {
    name: "azure-defender-csv",
    product: Product::Scan,
    recognises,
    import,
};

/// The columns that are needed, folded, at the place of their [`Column`].
const COLUMNS: [&str; 10] = [
    "exportedtimestamp",
    "resourcename",
    "resourceid",
    "recommendationname",
    "recommendationdisplayname",
    "severity",
    "state",
    "notapplicablereason",
    "firstevaluationdate",
    "statuschangedate",
];

#[derive(Clone, Copy)]
enum Column {
    Exported,
    ResourceName,
    ResourceId,
    Name,
    Title,
    Severity,
    State,
    Reason,
    FirstEvaluated,
    Changed,
}

fn recognises(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    ["recommendationdisplayname", "resourceid", "notapplicablereason"]
        .iter()
        .all(|name| line.contains(name))
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut table = Table {
        rows: Rows::new(input, b','),
        places: [0; COLUMNS.len()],
        tally: Tally::new(options, sink),
        item: Observation::blank("defender"),
        hosts: Hosts::default(),
    };
    let width = table.header()?;
    while table.rows.next()? {
        if table.rows.is_blank() {
            continue;
        }
        if table.rows.len() != width {
            return Err(table.rows.wrong_width(width));
        }
        let taken = table.row();
        taken.map_err(|refusal| refusal.at(table.rows.place("")))?;
    }
    Ok(table.tally.summary)
}

struct Table<'r, 's> {
    rows: Rows<'r>,
    /// Where in a row each of the columns is.
    places: [usize; COLUMNS.len()],
    tally: Tally<'s>,
    item: Observation,
    hosts: Hosts,
}

impl Table<'_, '_> {
    /// Finds the columns by their names; returns how many there are.
    fn header(&mut self) -> Result<usize, ImportError> {
        self.rows.next()?;
        self.rows.begin_table()?;
        let names: Vec<String> = (0..self.rows.len())
            .map(|index| fold(&self.rows.cell(index)))
            .collect();
        for (name, place) in COLUMNS.iter().zip(&mut self.places) {
            let mut found = (0..).zip(&names).filter(|(_, given)| given == name);
            let (Some((first, _)), None) = (found.next(), found.next()) else {
                return Err(ImportError::Malformed {
                    place: self.rows.place(""),
                    message: format!("column `{name}` is missing or comes twice"),
                });
            };
            *place = first;
        }
        Ok(names.len())
    }

    fn text(&self, column: Column) -> String {
        let place = self.places.get(column as usize).copied().unwrap_or_default();
        self.rows.cell(place).into_owned()
    }

    fn row(&mut self) -> Result<(), Refusal> {
        self.item.clear();
        let exported = text_time("exportedTimestamp", &self.text(Column::Exported))?;
        let first = text_time("firstEvaluationDate", &self.text(Column::FirstEvaluated))?;
        let changed = text_time("statusChangeDate", &self.text(Column::Changed))?;
        if let Some(exported) = exported {
            stamp::keep_latest(&mut self.tally.summary.run_at, exported);
        }
        let id = self.text(Column::Name);
        if let Some(flaw) = value::flaw_of_id(&id) {
            return Err(Refusal::Malformed(format!("`recommendationName`: {flaw}")));
        }
        self.item.id = id;
        self.item.title = self.text(Column::Title);
        self.item.cves = value::cves_in(&self.item.title);
        value::settle_cves(&mut self.item.cves);
        self.item.severity_given = self.text(Column::Severity);
        self.item.severity = severity(&self.item.severity_given)?;
        self.item.last_seen = exported;
        let resource = self.text(Column::ResourceId).to_lowercase();
        if resource.is_empty() {
            return Err(Refusal::Malformed("a row without `resourceId`".into()));
        }
        let host = Host {
            name: self.text(Column::ResourceName),
            agent: Some(resource.clone()),
            scanned_at: exported,
            ..Host::default()
        };
        let index = self.hosts.pour(&mut self.tally, &resource, || host)?;
        let state = self.text(Column::State);
        let reason = self.text(Column::Reason);
        match state.as_str() {
            "Unhealthy" => self.item.first_seen = changed.or(first),
            "Healthy" if first == changed => {
                self.tally.informational();
                return Ok(());
            }
            "Healthy" => {
                self.item.state = ObservationState::Fixed;
                self.item.last_fixed = changed;
            }
            "NotApplicable" if reason.is_empty() => {
                self.tally.skip("a recommendation that does not apply", 1);
                return Ok(());
            }
            "NotApplicable" => self.item.suppressed = Some(format!("not applicable: {}", words(&reason))),
            other => {
                let known = "`Unhealthy`, `Healthy` and `NotApplicable`";
                return Err(unknown("state", other, known));
            }
        }
        self.tally.observation(index, &self.item);
        Ok(())
    }
}

/// Reads the severity; `None` where there is none.
fn severity(given: &str) -> Result<Option<Severity>, Refusal> {
    if given.is_empty() {
        return Ok(None);
    }
    Severity::from_word(given)
        .map(Some)
        .ok_or_else(|| unknown("severity", given, "`Critical`, `High`, `Medium` and `Low`"))
}
