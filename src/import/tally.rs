//! Counts what an importer reads while it pours it on.

use super::value::flaw_of_host;
use super::{HostIndex, Options, Sink};
use crate::model::{Host, Observation, ScanSummary, Skipped};

/// Bytes of reasons after which no further one is told.
const MAX_REASONS: usize = 1000;

/// A sink with the counts of one export.
pub(super) struct Tally<'a> {
    pub(super) sink: &'a mut dyn Sink,
    pub(super) summary: ScanSummary,
    /// The name for a host that has none in the export.
    name: Option<&'a str>,
    /// Whether a host without a name was counted, and what the sink calls it.
    has_unnamed: bool,
    unnamed: Option<HostIndex>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(options: &Options<'a>, sink: &'a mut dyn Sink) -> Self {
        Self {
            sink,
            summary: ScanSummary::default(),
            name: options.host,
            has_unnamed: false,
            unnamed: None,
        }
    }

    /// Counts a host and pours it; `None` when nothing names it, an `Err` says what is wrong with its names.
    pub(super) fn host(&mut self, host: &Host) -> Result<Option<HostIndex>, String> {
        if host.name.is_empty() {
            return self.unnamed_host(host);
        }
        if let Some(flaw) = flaw_of_host(host) {
            return Err(flaw);
        }
        self.summary.hosts += 1;
        Ok(Some(self.sink.host(host)))
    }

    /// All that is unnamed in one export is one host, since it can be named but once.
    fn unnamed_host(&mut self, host: &Host) -> Result<Option<HostIndex>, String> {
        if self.has_unnamed {
            return Ok(self.unnamed);
        }
        if let Some(name) = self.name {
            let host = Host {
                name: name.to_owned(),
                ..host.clone()
            };
            if let Some(flaw) = flaw_of_host(&host) {
                return Err(flaw);
            }
            self.unnamed = Some(self.sink.host(&host));
        } else {
            self.incomplete("names no host; give `--host`");
        }
        self.has_unnamed = true;
        self.summary.hosts += 1;
        Ok(self.unnamed)
    }

    /// Pours what came to be known of a host after its observations; a host that nothing names stays as it is.
    pub(super) fn amend(&mut self, index: Option<HostIndex>, host: &Host) -> Result<(), String> {
        if let Some(index) = index.filter(|_| !host.name.is_empty()) {
            if let Some(flaw) = flaw_of_host(host) {
                return Err(flaw);
            }
            self.sink.amend(index, host);
        }
        Ok(())
    }

    /// Says why the export is not whole; of several reasons each is told once, and not more than a reader takes in.
    pub(super) fn incomplete(&mut self, reason: impl Into<String>) {
        let reason = reason.into();
        match &mut self.summary.incomplete {
            Some(known) if known.contains(&reason) || known.len() > MAX_REASONS => {}
            Some(known) => {
                known.push_str("; ");
                known.push_str(&reason);
            }
            none => *none = Some(reason),
        }
    }

    /// Counts an observation, and pours it where its host is known.
    pub(super) fn observation(&mut self, host: Option<HostIndex>, observation: &Observation) {
        self.summary.observations += 1;
        if let Some(host) = host {
            self.sink.observation(host, observation);
        }
    }

    /// Counts and pours an observation whose check is that of each other with this number.
    pub(super) fn repeated(&mut self, host: Option<HostIndex>, observation: &Observation, number: usize) {
        self.summary.observations += 1;
        if let Some(host) = host {
            self.sink.repeated(host, observation, number);
        }
    }

    pub(super) fn informational(&mut self) {
        self.summary.informational += 1;
    }

    /// Counts rows that became nothing.
    pub(super) fn skip(&mut self, reason: &str, rows: u64) {
        count(&mut self.summary.skipped, reason, rows);
    }

    /// Returns how many values were left out so far.
    pub(super) fn left_out(&self) -> u64 {
        self.summary.left_out.iter().map(|skipped| skipped.rows).sum()
    }

    /// Counts values that were left out of rows that were kept.
    pub(super) fn leave_out(&mut self, reason: &str) {
        count(&mut self.summary.left_out, reason, 1);
    }
}

fn count(counts: &mut Vec<Skipped>, reason: &str, rows: u64) {
    if rows == 0 {
        return;
    }
    match counts.iter_mut().find(|known| known.reason == reason) {
        Some(known) => known.rows += rows,
        None => counts.push(Skipped {
            reason: reason.to_owned(),
            rows,
        }),
    }
}
