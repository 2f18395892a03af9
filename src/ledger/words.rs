//! The words for what an observation may be, both ways.

use crate::model::{Exploit, HostStatus, ObservationState, Quality, Severity};

const QUALITIES: [Quality; 5] = [
    Quality::Advisory,
    Quality::Banner,
    Quality::Unauthenticated,
    Quality::Authenticated,
    Quality::Agent,
];
const EXPLOITS: [Exploit; 3] = [Exploit::None, Exploit::Poc, Exploit::Active];
const STATES: [(&str, ObservationState); 3] = [
    ("seen", ObservationState::Seen),
    ("fixed", ObservationState::Fixed),
    ("reopened", ObservationState::Reopened),
];
const STATUSES: [(&str, HostStatus); 3] = [
    ("active", HostStatus::Active),
    ("retired", HostStatus::Retired),
    ("unknown", HostStatus::Unknown),
];
fn word<T: PartialEq>(table: &[(&'static str, T)], value: &T) -> &'static str {
    let found = table.iter().find(|(_, known)| known == value);
    found.map_or("", |(word, _)| word)
}

fn value<T: Copy>(table: &[(&'static str, T)], word: &str, what: &str) -> Result<T, String> {
    let found = table.iter().find(|(known, _)| *known == word);
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| format!("`{word}` is no {what}"))
}

pub(super) fn quality(word: &str) -> Result<Quality, String> {
    let found = QUALITIES.into_iter().find(|quality| quality.word() == word);
    found.ok_or_else(|| format!("`{word}` is no quality of a look"))
}

pub(super) fn of_state(state: ObservationState) -> &'static str {
    word(&STATES, &state)
}

pub(super) fn state(word: &str) -> Result<ObservationState, String> {
    value(&STATES, word, "state of a sighting")
}

pub(super) fn of_status(status: HostStatus) -> &'static str {
    word(&STATUSES, &status)
}

pub(super) fn status(word: &str) -> Result<HostStatus, String> {
    value(&STATUSES, word, "status of a host")
}

pub(super) fn exploit(word: &str) -> Result<Exploit, String> {
    let found = EXPLOITS.into_iter().find(|exploit| exploit.word() == word);
    found.ok_or_else(|| format!("`{word}` is no state of an exploit"))
}

pub(super) fn severity(word: &str) -> Result<Severity, String> {
    Severity::from_word(word).ok_or_else(|| format!("`{word}` is no severity"))
}
