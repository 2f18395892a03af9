//! What a playbook did: the callback `json`, one document behind whatever lines, and `jsonl`, one event a line.
//!
//! Patches are told by `win_updates`, each with its KB, and by package modules that list what they installed; of all
//! other tasks it counts only that the host was there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read as _};

use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::super::deployment::{Deployed, PatchState};
use super::super::json::{Array, Document, Entries, Flaw, Json, Members, Object, Outline, Stop};
use super::super::stamp::{self, Written};
use super::super::tally::Tally;
use super::super::tree::Tree;
use super::super::value;
use super::super::{HostIndex, ImportError, Options, Place, Sink};
use super::{Lines, MAX_NOISE, outline_behind_noise, shifted, tree};
use crate::model::{Host, Observation, ScanSummary, Stamp};

pub(super) fn recognises(head: &[u8]) -> bool {
    match outline_behind_noise(head) {
        Outline::Object(names) => {
            let has = |name: &str| names.contains(name);
            has("plays")
                || has("custom_stats") && has("global_custom_stats")
                || has("_event") && has("_timestamp")
        }
        Outline::ArrayOfObjects(_) | Outline::Null | Outline::Other => false,
    }
}

pub(super) fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut play = Playbook {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        item: Observation::blank("ansible"),
        hosts: BTreeMap::new(),
        unreachable: BTreeSet::new(),
        told: Vec::new(),
        has_plays: false,
        has_stats: false,
    };
    let mut lines = Lines::new(input);
    let first = loop {
        match lines.next()? {
            Some(line) if line.trim_start().starts_with('{') => break line,
            Some(_) if lines.line <= MAX_NOISE => {}
            Some(_) | None => {
                let message = "a text without the JSON of a playbook";
                return Err(ImportError::Foreign(message.into()));
            }
        }
    };
    if is_event(&first) {
        play.events(&first, &mut lines)?;
    } else {
        let before = lines.line - 1;
        let mut whole = std::io::BufReader::new(first.as_bytes().chain(lines.input));
        super::super::json::read(&mut whole, &mut play).map_err(|error| shifted(error, before))?;
    }
    Ok(play.finish())
}

/// Tells whether a line is an event of its own, and not the begin of a document.
fn is_event(line: &str) -> bool {
    match super::super::json::outline(line.as_bytes()) {
        Outline::Object(names) => names.contains("_event"),
        Outline::ArrayOfObjects(_) | Outline::Null | Outline::Other => false,
    }
}

/// A patch that a task told of, until the time of the task is known.
struct Told {
    host: Option<HostIndex>,
    patch: String,
    title: String,
    state: PatchState,
    word: &'static str,
}

struct Playbook<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    item: Observation,
    hosts: BTreeMap<String, Option<HostIndex>>,
    unreachable: BTreeSet<String>,
    told: Vec<Told>,
    has_plays: bool,
    has_stats: bool,
}

impl Playbook<'_> {
    /// Reads one event a line; other lines are noise.
    fn events(&mut self, first: &str, lines: &mut Lines<'_>) -> Result<(), ImportError> {
        let mut line = Some(first.to_owned());
        while let Some(text) = line {
            let place = Place::Line(lines.line);
            if text.trim_start().starts_with('{') {
                let event = tree(&text, lines.line - 1)?;
                self.event(&event)
                    .map_err(|message| ImportError::Malformed { place, message })?;
            }
            line = lines.next()?;
        }
        Ok(())
    }

    fn event(&mut self, event: &Tree) -> Result<(), String> {
        if let Some(stats) = event.get("stats") {
            self.stats(stats.entries())?;
        }
        if !event
            .text_of("_event")
            .is_some_and(|name| name.starts_with("v2_runner_"))
        {
            return Ok(());
        }
        let at = match event.text_of("_timestamp") {
            Some(given) => Some(time(given)?),
            None => None,
        };
        for (name, result) in event.get("hosts").map_or(&[][..], Tree::entries) {
            self.result(name, result)?;
        }
        self.pour(at);
        Ok(())
    }

    fn host(&mut self, name: &str) -> Result<Option<HostIndex>, String> {
        if let Some(known) = self.hosts.get(name) {
            return Ok(*known);
        }
        let host = Host {
            name: name.trim().to_owned(),
            ips: value::ip(name).into_iter().collect(),
            ..Host::default()
        };
        let poured = self.tally.host(&host)?;
        self.hosts.insert(name.to_owned(), poured);
        Ok(poured)
    }

    /// Takes what one task came to on one host. A host that is never reached is not named as one that was there.
    fn result(&mut self, name: &str, result: &Tree) -> Result<(), String> {
        if result.is_true("unreachable") {
            self.unreachable.insert(name.to_owned());
            self.tally.skip("unreachable: a gap, not a pass", 1);
            return Ok(());
        }
        let host = self.host(name)?;
        if result
            .text_of("msg")
            .is_some_and(|message| message.starts_with("Check mode"))
        {
            self.tally.skip("a task in check mode, which changes nothing", 1);
            return Ok(());
        }
        if result.get("censored").is_some() {
            self.tally.skip("a task whose result is hidden by `no_log`", 1);
            return Ok(());
        }
        let before = self.told.len();
        self.patches(host, result);
        if self.told.len() == before {
            if result.is_true("failed") {
                self.tally.skip("a task that failed and names no patch", 1);
            } else {
                self.tally.informational();
            }
        }
        Ok(())
    }

    /// Collects the patches of a result, and of the results in a loop.
    fn patches(&mut self, host: Option<HostIndex>, result: &Tree) {
        for (_, update) in result.get("updates").map_or(&[][..], Tree::entries) {
            self.update(host, update, result.is_true("reboot_required"));
        }
        for member in result.get("results").map_or(&[][..], Tree::members) {
            let installed = member.text().and_then(|text| text.strip_prefix("Installed: "));
            match installed.filter(|_| result.is_true("changed") && !result.is_true("failed")) {
                Some(package) => self.told.push(Told {
                    host,
                    patch: package.trim().to_owned(),
                    title: String::new(),
                    state: PatchState::Installed,
                    word: "Installed",
                }),
                None if !member.entries().is_empty() => self.patches(host, member),
                None => {}
            }
        }
    }

    /// Takes one update of Windows; the KB is its key. What was only found, and not installed, is missing.
    fn update(&mut self, host: Option<HostIndex>, update: &Tree, is_restart_due: bool) {
        let (state, word) = match (update.is_true("installed"), update.get("failure_hresult_code")) {
            (true, _) if is_restart_due => (PatchState::PendingReboot, "installed, reboot_required"),
            (true, _) => (PatchState::Installed, "installed"),
            (false, Some(Tree::Number(code))) if *code != 0.0 => (PatchState::Failed, "failure_hresult_code"),
            (false, _) => (PatchState::Missing, "not installed"),
        };
        let title = update.text_of("title").unwrap_or_default();
        for kb in update
            .get("kb")
            .map_or(&[][..], Tree::members)
            .iter()
            .filter_map(Tree::text)
        {
            let digits = kb.trim_start_matches(['K', 'B', 'k', 'b']);
            self.told.push(Told {
                host,
                patch: format!("KB{digits}"),
                title: title.to_owned(),
                state,
                word,
            });
        }
    }

    /// Pours the patches of a task once its time is known.
    fn pour(&mut self, at: Option<Stamp>) {
        if let Some(at) = at {
            stamp::keep_latest(&mut self.tally.summary.run_at, at);
        }
        for told in std::mem::take(&mut self.told) {
            let deployed = Deployed {
                patch: &told.patch,
                title: &told.title,
                state: told.state,
                word: told.word,
                at,
            };
            match deployed.describe(&mut self.item) {
                Ok(()) => self.tally.observation(told.host, &self.item),
                Err(_) => self.tally.skip("a patch without a key", 1),
            }
        }
    }

    /// Takes the count of tasks of each host; one that no task reached is known by it.
    fn stats(&mut self, stats: &[(String, Tree)]) -> Result<(), String> {
        self.has_stats = true;
        for (name, counts) in stats {
            match counts.get("unreachable") {
                Some(Tree::Number(count)) if *count > 0.0 => drop(self.unreachable.insert(name.clone())),
                _ => self.host(name).map(drop)?,
            }
        }
        Ok(())
    }

    fn finish(mut self) -> ScanSummary {
        if !self.has_stats {
            let message = "has no final `stats`, so that the playbook may not have ended";
            self.tally.incomplete(message);
        }
        if !self.unreachable.is_empty() {
            let count = self.unreachable.len();
            self.tally
                .incomplete(format!("{count} hosts could not be reached"));
        }
        self.tally.summary
    }
}

fn time(given: &str) -> Result<Stamp, String> {
    match stamp::read(given) {
        Some(Written::Sure(stamp)) => Ok(stamp),
        Some(Written::Either { .. }) | None => Err(format!("{} is no time", value::shown(given))),
    }
}

impl Document for Playbook<'_> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        serde::de::DeserializeSeed::deserialize(Object(self), json)?;
        if self.has_plays {
            return Ok(());
        }
        Err(self.flaw.malformed("`plays` is missing".into()))
    }

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }
}

impl Entries for Playbook<'_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "plays" if self.has_plays => Err(self.flaw.malformed("`plays` comes twice".into())),
            "plays" => {
                self.has_plays = true;
                values.next_value_seed(Array(&mut Plays(self)))
            }
            "stats" => {
                let stats: Tree = values.next_value()?;
                let taken = self.stats(stats.entries());
                taken.map_err(|message| self.flaw.malformed(message))
            }
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

struct Plays<'p, 's>(&'p mut Playbook<'s>);

impl Members for Plays<'_, '_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let read = members.next_element_seed(Object(&mut Play(self.0)))?;
        Ok(read.is_some())
    }
}

struct Play<'p, 's>(&'p mut Playbook<'s>);

impl Entries for Play<'_, '_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        if name == "tasks" {
            return values.next_value_seed(Array(&mut Tasks(self.0)));
        }
        values.next_value::<IgnoredAny>().map(drop)
    }
}

struct Tasks<'p, 's>(&'p mut Playbook<'s>);

impl Members for Tasks<'_, '_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let mut task = Task {
            playbook: self.0,
            at: None,
        };
        let read = members.next_element_seed(Object(&mut task))?;
        let at = task.at;
        self.0.pour(at);
        Ok(read.is_some())
    }
}

/// One task; its time may stand behind its hosts.
struct Task<'p, 's> {
    playbook: &'p mut Playbook<'s>,
    at: Option<Stamp>,
}

impl Entries for Task<'_, '_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "hosts" => values.next_value_seed(Object(&mut Hosts(self.playbook))),
            "task" => {
                let task: Tree = values.next_value()?;
                let duration = task.get("duration");
                let end = duration.and_then(|one| one.text_of("end").or_else(|| one.text_of("start")));
                let at = end.map(time).transpose();
                self.at = at.map_err(|message| self.playbook.flaw.unknown(message))?;
                Ok(())
            }
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

struct Hosts<'p, 's>(&'p mut Playbook<'s>);

impl Entries for Hosts<'_, '_> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        let result: Tree = values.next_value()?;
        let taken = self.0.result(name, &result);
        taken.map_err(|message| self.0.flaw.malformed(message))
    }
}
