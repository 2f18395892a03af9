//! SARIF 2.1.0: results of any static analysis, and of package scanners that write nothing better.
//!
//! No host is named: one file is of one host. The id of a result is its rule's behind the name of the tool, as
//! `Trivy/CVE-2026-1111`. A result is rated by `security-severity` of itself or of its rule, else by its level.

mod result;
mod rule;

use std::io::BufRead;

use memchr::memmem;
use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::json::{
    Array, Entries, Flaw, Listed, Members, Object, Outline, Report, Stop, Strict, Text, outline,
};
use super::rows::{Refusal, When, said, time};
use super::tally::Tally;
use super::{HostIndex, ImportError, Importer, Options, Product, Sink, stamp};
use crate::model::{Host, Observation, ScanSummary};
use result::{Pending, RunResult};
use rule::{Rules, Tool};

pub(super) const IMPORTER: Importer = Importer {
    name: "sarif",
    product: Product::Scan,
    recognises,
    import,
};

/// So many results may come before the tool whose rules they break.
const MAX_PENDING: usize = 200_000;

fn recognises(head: &[u8]) -> bool {
    let Outline::Object(names) = outline(head) else {
        return false;
    };
    let is_beside = names.contains("version") || names.contains("$schema");
    names.contains("runs") && (is_beside || memmem::find(head, b"\"driver\"").is_some())
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut log = Listed::new(Log {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        item: Observation::blank("sarif"),
        has_version: false,
        runs: 0,
    });
    super::json::read(input, &mut log)?;
    Ok(log.report.tally.summary)
}

struct Log<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    item: Observation,
    has_version: bool,
    runs: u64,
}

impl Report for Log<'_> {
    const LIST: &'static str = "runs";

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }

    fn missing(&self) -> Option<String> {
        Some("`version` or `runs` is missing at the root".into())
    }

    fn end(&mut self) -> Result<(), Stop> {
        if let Some(message) = self.missing().filter(|_| !self.has_version) {
            return Err(self.flaw.malformed(message));
        }
        if self.runs == 0 {
            self.tally.incomplete("holds no run");
        }
        Ok(())
    }

    fn other<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "version" => {
                let version = values.next_value::<Text<'de>>()?;
                if version.0 != "2.1.0" {
                    let known = super::rows::unknown("version", &version.0, "only `2.1.0`");
                    return Err(known.stop(&mut self.flaw, ""));
                }
                self.has_version = true;
                Ok(())
            }
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

impl Members for Log<'_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let mut run = Run {
            log: &mut *self,
            rules: None,
            pending: Vec::new(),
            host: None,
            is_poured: false,
            has_results: false,
            rows: 0,
        };
        if members.next_element_seed(Object(&mut run))?.is_none() {
            return Ok(false);
        }
        run.end()?;
        self.runs += 1;
        Ok(true)
    }
}

struct Run<'r, 's> {
    log: &'r mut Log<'s>,
    rules: Option<Rules>,
    /// Results that came before the tool.
    pending: Vec<Pending>,
    host: Option<HostIndex>,
    is_poured: bool,
    has_results: bool,
    rows: u64,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Invocation<'a> {
    #[serde(borrow)]
    start_time_utc: Option<When<'a>>,
    #[serde(borrow)]
    end_time_utc: Option<When<'a>>,
    execution_successful: Option<bool>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Elsewhere {
    results: Option<Vec<IgnoredAny>>,
}

impl Entries for Run<'_, '_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "tool" => {
                let Strict(tool): Strict<Tool<'de>> = values.next_value()?;
                let rules = Rules::new(tool);
                self.rules = Some(rules.map_err(|refusal| refusal.stop(&mut self.log.flaw, "`tool`"))?);
                Ok(())
            }
            "results" if self.has_results => Err(self.log.flaw.malformed("`results` comes twice".into())),
            "results" => {
                let mut list = Results {
                    run: self,
                    is_list: false,
                };
                values.next_value_seed(Array(&mut list))?;
                self.has_results = list.is_list;
                Ok(())
            }
            "invocations" => {
                let invocations: Option<Vec<Strict<Invocation<'de>>>> = values.next_value()?;
                for Strict(invocation) in invocations.iter().flatten() {
                    let taken = self.invocation(invocation);
                    taken.map_err(|refusal| refusal.stop(&mut self.log.flaw, "`invocations`"))?;
                }
                Ok(())
            }
            "externalPropertyFileReferences" => {
                let elsewhere: Option<Strict<Elsewhere>> = values.next_value()?;
                let lists = elsewhere.and_then(|Strict(elsewhere)| elsewhere.results);
                if lists.is_some_and(|lists| !lists.is_empty()) {
                    self.log.tally.incomplete("keeps results in other files");
                }
                Ok(())
            }
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

impl Run<'_, '_> {
    fn invocation(&mut self, invocation: &Invocation<'_>) -> Result<(), Refusal> {
        let times = [
            time("startTimeUtc", &invocation.start_time_utc)?,
            time("endTimeUtc", &invocation.end_time_utc)?,
        ];
        for found in times.into_iter().flatten() {
            stamp::keep_latest(&mut self.log.tally.summary.run_at, found);
        }
        if invocation.execution_successful == Some(false) {
            self.log.tally.incomplete("the tool says that its run failed");
        }
        Ok(())
    }

    fn result<E: serde::de::Error>(&mut self, result: &RunResult<'_>) -> Result<(), E> {
        self.rows += 1;
        let row = self.rows;
        self.pour_host()?;
        let taken = Pending::new(result).and_then(|pending| match &self.rules {
            Some(rules) => pending.pour(rules, &mut self.log.item, &mut self.log.tally, self.host),
            None if self.pending.len() >= MAX_PENDING => {
                let message = format!("more than {MAX_PENDING} results stand before `tool`");
                Err(Refusal::OverLimit(message))
            }
            None => {
                self.pending.push(pending);
                Ok(())
            }
        });
        taken.map_err(|refusal| refusal.stop(&mut self.log.flaw, &format!("result {row}")))
    }

    fn pour_host<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if !self.is_poured {
            let poured = self.log.tally.host(&Host::default());
            self.host = poured.map_err(|flaw| self.log.flaw.malformed(flaw))?;
            self.is_poured = true;
        }
        Ok(())
    }

    /// Pours what waited for the tool. That a run has no list of results means that they could not be had.
    fn end<E: serde::de::Error>(mut self) -> Result<(), E> {
        self.pour_host()?;
        let Some(rules) = &self.rules else {
            return Err(self.log.flaw.malformed("a run without `tool`".into()));
        };
        if !self.has_results {
            let tool = super::value::shown(&rules.tool);
            self.log
                .tally
                .incomplete(format!("a run of {tool} has no list of results"));
        }
        for (row, pending) in (1..).zip(std::mem::take(&mut self.pending)) {
            let taken = pending.pour(rules, &mut self.log.item, &mut self.log.tally, self.host);
            taken.map_err(|refusal| refusal.stop(&mut self.log.flaw, &format!("result {row}")))?;
        }
        Ok(())
    }
}

struct Results<'a, 'r, 's> {
    run: &'a mut Run<'r, 's>,
    /// Whether it is a list, of which an empty one is told from `null`.
    is_list: bool,
}

impl Members for Results<'_, '_, '_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        self.is_list = true;
        let Some(Strict(result)) = members.next_element::<Strict<RunResult<'de>>>()? else {
            return Ok(false);
        };
        self.run.result(&result)?;
        Ok(true)
    }
}

/// Returns the text of a message.
fn text_of<'a>(message: &'a Option<Strict<Message<'_>>>) -> Option<&'a str> {
    message.as_ref().and_then(|Strict(message)| said(&message.text))
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
}
