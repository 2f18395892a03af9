//! Any delimited list of patches on hosts, such as a report of ConfigMgr or an export of WSUS, by the columns and
//! words that a Source maps.
//!
//! Each row is one patch on one host in a state. What the tool does not know is no evidence, and what a list does
//! not name says nothing.

use std::collections::HashMap;
use std::io::BufRead;

use super::delimited::{Rows, fold};
use super::deployment::{Deployed, PatchState};
use super::mapping::{Columns, addresses, delimiter, settled};
use super::tally::Tally;
use super::{HostIndex, ImportError, Importer, Options, Product, Sink, stamp, value};
use crate::model::{Host, MappingProfile, Observation, ScanSummary, Stamp, StateWords};

pub(super) const IMPORTER: Importer = Importer {
    name: "mapping-deployment",
    product: Product::Deployment,
    recognises: |_| false,
    import,
};

/// One cell may name this many patches.
const MAX_PATCHES: usize = 256;

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mapped = options
        .mapping
        .and_then(|profile| Some((profile, profile.states.as_ref()?)));
    let Some((profile, words)) = mapped else {
        let message = "the Source maps no states; give its `mapping` the `states`";
        return Err(ImportError::Foreign(message.into()));
    };
    let mut rows = Rows::new(input, delimiter(profile)?);
    let columns = Columns::find(&mut rows, profile)?;
    let mut list = List {
        tally: Tally::new(options, sink),
        item: Observation::blank("deployment"),
        profile,
        words,
        hosts: HashMap::new(),
        options: *options,
    };
    while rows.next()? {
        if rows.is_blank() {
            continue;
        }
        if rows.is_empty() && rows.has_line_end() {
            list.tally.skip("an empty row", 1);
            continue;
        }
        columns.check_width(&rows)?;
        list.row(&rows, &columns)?;
    }
    Ok(list.tally.summary)
}

struct List<'s, 'o> {
    tally: Tally<'s>,
    item: Observation,
    profile: &'o MappingProfile,
    words: &'o StateWords,
    /// By name, in lower case.
    hosts: HashMap<String, Option<HostIndex>>,
    options: Options<'o>,
}

impl List<'_, '_> {
    fn row(&mut self, rows: &Rows<'_>, columns: &Columns) -> Result<(), ImportError> {
        let (name, _) = columns.cell(rows, "name");
        if name.is_empty() {
            self.tally.skip("a row without a host", 1);
            return Ok(());
        }
        let host = self.host(&name, rows, columns)?;
        let (word, header) = columns.cell(rows, "state");
        let state = state_of(&word, self.words).map_err(|message| ImportError::UnknownValue {
            place: rows.place(header),
            message,
        })?;
        let Some(state) = state else {
            self.tally
                .skip("a state that the tool does not know: no evidence", 1);
            return Ok(());
        };
        let (cell, _) = columns.cell(rows, "patch");
        let patches = patches(&cell);
        if patches.is_empty() {
            self.tally.skip(no_key(&cell), 1);
            return Ok(());
        }
        let at = self.time(&columns.cell(rows, "time").0);
        for patch in patches {
            let deployed = Deployed {
                patch: &patch,
                title: &columns.cell(rows, "title").0,
                state,
                word: &word,
                at,
            };
            match deployed.describe(&mut self.item) {
                Ok(()) => self.tally.observation(host, &self.item),
                Err(_) => self.tally.skip("a patch whose key is none", 1),
            }
        }
        Ok(())
    }

    fn host(
        &mut self,
        name: &str,
        rows: &Rows<'_>,
        columns: &Columns,
    ) -> Result<Option<HostIndex>, ImportError> {
        let key = name.to_lowercase();
        if let Some(known) = self.hosts.get(&key) {
            return Ok(*known);
        }
        let cell = |field: &str| columns.cell(rows, field).0;
        let serial = Some(cell("serial").into_owned()).filter(|serial| !serial.is_empty());
        let host = Host {
            name: value::hostname(name).unwrap_or_default(),
            fqdn: value::fqdn(&cell("fqdn")),
            ips: addresses(&cell("ip"), value::ip, "not an IP address", &mut self.tally),
            serial,
            scanned_at: self.time(&cell("reported")),
            ..Host::default()
        };
        if let Some(at) = host.scanned_at {
            stamp::keep_latest(&mut self.tally.summary.run_at, at);
        }
        let place = || rows.place(&self.profile.columns.value["name"]);
        let poured = self.tally.host(&host);
        let poured = poured.map_err(|message| ImportError::Malformed {
            place: place(),
            message,
        })?;
        self.hosts.insert(key, poured);
        Ok(poured)
    }

    fn time(&mut self, cell: &str) -> Option<Stamp> {
        let found = settled(cell, self.options.date_order);
        if found.is_none() && !cell.is_empty() {
            self.tally
                .leave_out("a time that is none, or could be of two days");
        }
        found
    }
}

/// Reads the state of a patch; `None` where the tool does not know, an `Err` names the word that no list has.
fn state_of(word: &str, words: &StateWords) -> Result<Option<PatchState>, String> {
    let lists = [
        ("installed", &words.installed, Some(PatchState::Installed)),
        ("missing", &words.missing, Some(PatchState::Missing)),
        ("failed", &words.failed, Some(PatchState::Failed)),
        (
            "pending_reboot",
            &words.pending_reboot,
            Some(PatchState::PendingReboot),
        ),
        ("unknown", &words.unknown, None),
    ];
    let has = |list: &[String]| list.iter().any(|known| fold(known) == fold(word));
    let found: Vec<_> = lists.iter().filter(|(_, list, _)| has(list)).collect();
    match found.as_slice() {
        [(_, _, state)] => Ok(*state),
        [] => {
            let known: Vec<String> = lists
                .iter()
                .map(|(name, list, _)| format!("`{name}` is [{}]", list.join(", ")))
                .collect();
            Err(format!(
                "the state {} is in no list of `mapping.states`; {}; add it to one",
                value::shown(word),
                known.join(", ")
            ))
        }
        several => {
            let names: Vec<String> = several.iter().map(|(name, ..)| format!("`{name}`")).collect();
            Err(format!(
                "the state {} is in several lists: {}",
                value::shown(word),
                names.join(", ")
            ))
        }
    }
}

/// Reads the keys of a cell: an article's number alone, `{3160005}`, a list of either, or a name with its KB.
fn patches(cell: &str) -> Vec<String> {
    let inner = cell.trim_start_matches('{').trim_end_matches('}');
    let mut found = Vec::new();
    for part in inner
        .split([',', ';', '|'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let is_number = part.len() >= 6 && part.bytes().all(|byte| byte.is_ascii_digit());
        let key = if is_number {
            Some(format!("KB{part}"))
        } else if let Some((_, key)) = value::advisory(part) {
            Some(key)
        } else {
            named_kb(part).or_else(|| is_key(part).then(|| part.to_owned()))
        };
        if let Some(key) = key.filter(|key| found.len() < MAX_PATCHES && !found.contains(key)) {
            found.push(key);
        }
    }
    found
}

/// Tells whether a text could be the key of a patch: one word with a digit, and not the name of a type.
fn is_key(part: &str) -> bool {
    value::flaw_of_id(part).is_none()
        && part.bytes().any(|byte| byte.is_ascii_digit())
        && !part.starts_with("System.")
}

/// Finds `KB5043050` in the title of an update.
fn named_kb(title: &str) -> Option<String> {
    let words = title.split(|letter: char| !letter.is_ascii_alphanumeric());
    words
        .filter_map(value::advisory)
        .find(|(rank, _)| *rank == 0)
        .map(|(_, key)| key)
}

fn no_key(cell: &str) -> &'static str {
    if cell.starts_with("System.") {
        "a list of patches that PowerShell did not write out, such as `System.String[]`"
    } else {
        "a row without the key of a patch"
    }
}
