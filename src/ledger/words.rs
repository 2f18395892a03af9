//! The words for what an observation may be, both ways.

use crate::model::{Exploit, HostStatus, ObservationState, Quality, Severity};

const QUALITIES: [(&str, Quality); 5] = [
    ("advisory", Quality::Advisory),
    ("banner", Quality::Banner),
    ("unauthenticated", Quality::Unauthenticated),
    ("authenticated", Quality::Authenticated),
    ("agent", Quality::Agent),
];
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
const EXPLOITS: [(&str, Exploit); 3] = [
    ("none", Exploit::None),
    ("poc", Exploit::Poc),
    ("active", Exploit::Active),
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

pub(super) fn of_quality(quality: Quality) -> &'static str {
    word(&QUALITIES, &quality)
}

pub(super) fn quality(word: &str) -> Result<Quality, String> {
    value(&QUALITIES, word, "quality of a look")
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

pub(super) fn of_exploit(exploit: Exploit) -> &'static str {
    word(&EXPLOITS, &exploit)
}

pub(super) fn exploit(word: &str) -> Result<Exploit, String> {
    value(&EXPLOITS, word, "state of an exploit")
}

pub(super) fn severity(word: &str) -> Result<Severity, String> {
    Severity::from_word(word).ok_or_else(|| format!("`{word}` is no severity"))
}
