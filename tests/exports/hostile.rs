//! Hostile text in every field: each format stays valid, and nothing in it hides, reorders or commands.

use std::sync::Arc;

use countersign::load::Repository;
use countersign::model::{Exception, Record, RiskAcceptance, Soa, System, Triage};

use super::official::{assert_official, assert_trestle, read_calendar};
use super::oscal::{assert_whole, collected};
use super::{Files, NAMES, of_register, parsed};
use crate::documents::{files, repository, sample_register};

/// What a record may hold.
const MARKUP: &str = " <script>alert(1)</script> [x](javascript:1) {{ insert: param, x }} \\n;,:\"'\nEND:VEVENT\nBEGIN:VEVENT\r\nSUMMARY:forged";

/// What an export may hold beside: controls, terminal escapes, marks that reorder or have no width, no characters.
const HIDDEN: &str =
    "\u{0}\u{7}\u{1b}[31m\u{85}\u{200b}\u{202e}\u{2066}\u{2028}\u{feff}\u{e0041}\u{ffff}\u{e000} \t";

/// Puts hidden characters into fields of records; no record that is read from a file can hold them.
fn poison(repository: &mut Repository) {
    let hostile = |text: &mut String| *text = format!("{HIDDEN}{text}{HIDDEN}{MARKUP}");
    if let Some(isms) = &mut repository.isms {
        hostile(&mut isms.spec.organisation);
        hostile(&mut isms.spec.scope_statement);
    }
    let exceptions: Vec<Record<Exception>> = repository.exceptions.iter().cloned().collect();
    for mut record in exceptions {
        hostile(&mut record.meta.title);
        record
            .spec
            .compensating
            .iter_mut()
            .for_each(|control| hostile(&mut control.description));
        if let Some(plan) = &mut record.spec.plan {
            plan.steps.push(HIDDEN.into());
            plan.steps.push(String::new());
        }
        repository.exceptions.put(record);
    }
    let acceptances: Vec<Record<RiskAcceptance>> = repository.acceptances.iter().cloned().collect();
    for mut record in acceptances {
        hostile(&mut record.spec.statement);
        hostile(&mut record.spec.alternatives_considered);
        repository.acceptances.put(record);
    }
    let triages: Vec<Record<Triage>> = repository.triages.iter().cloned().collect();
    for mut record in triages {
        hostile(&mut record.spec.method);
        record.spec.subject.vuln.value.push_str(HIDDEN);
        repository.triages.put(record);
    }
    let systems: Vec<Record<System>> = repository.systems.iter().cloned().collect();
    for mut record in systems {
        hostile(&mut record.meta.title);
        if let Some(lifecycle) = &mut record.spec.lifecycle {
            lifecycle
                .roadmap
                .iter_mut()
                .for_each(|one| hostile(&mut one.milestone));
        }
        repository.systems.put(record);
    }
    let soas: Vec<Record<Soa>> = repository.soas.iter().cloned().collect();
    for mut record in soas {
        for entry in &mut record.spec.entries.value {
            hostile(&mut entry.justification.value);
            if entry.custom {
                hostile(&mut entry.control.value);
            }
        }
        repository.soas.put(record);
    }
}

fn made(name: &str) -> Files {
    let mut repository = repository(&files(MARKUP));
    poison(&mut repository);
    let mut register = sample_register(&repository, &format!("{HIDDEN}{MARKUP}"));
    for finding in &mut register.findings {
        finding.vuln = format!("{}{HIDDEN}", finding.vuln).into();
        let scanner = format!("{HIDDEN}scanner").into();
        let said = Arc::make_mut(&mut finding.said);
        said.observers = said.observers.iter().cloned().chain([scanner]).collect();
        let vector = said.vector.as_mut().unwrap();
        (vector.text, vector.base) = (HIDDEN.into(), f64::NAN);
    }
    // A moment that no format takes.
    register.findings[0].last_seen = chrono::DateTime::from_timestamp(-60_000_000_000, 0).unwrap();
    of_register(name, &register).files
}

#[test]
fn every_format_stays_valid_and_shows_what_it_was_given() {
    for name in NAMES {
        let files = made(name);
        assert_eq!(files, made(name), "{name}: the same bytes twice");
        assert!(!files.is_empty());
        for (file, bytes) in &files {
            let text = std::str::from_utf8(bytes).unwrap();
            let is_hidden = |character: &char| {
                let is_no_character = "\u{e000}\u{ffff}\t".contains(*character);
                is_no_character || countersign::source::unsafe_character(*character).is_some()
            };
            let hidden = text.chars().find(is_hidden);
            assert_eq!(hidden, None, "{file}");
            assert!(text.contains("‹U+202E›"), "{file} shows what was hidden");
        }
        if name != "ics" {
            assert_official(name, &files);
        }
    }
}

#[test]
fn the_models_stay_whole_and_trestle_takes_them() {
    let files = made("oscal");
    assert_whole(&files);
    assert_trestle(&files);
    for name in files.keys() {
        let file = parsed(&files, name);
        for member in ["title", "description", "statement", "remarks"] {
            for text in collected(&file, member) {
                let mut signs = text.match_indices('<');
                let bare = signs.find(|(at, _)| !text[..*at].ends_with('\\'));
                assert_eq!(bare, None, "{name}: {member} holds markup: {text}");
            }
        }
    }
}

#[test]
fn no_event_is_forged() {
    let bytes = made("ics").remove("calendar.ics").unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let begins = text.split("\r\n").filter(|line| *line == "BEGIN:VEVENT").count();
    let ends = text.split("\r\n").filter(|line| *line == "END:VEVENT").count();
    let ids = text.split("\r\n").filter(|line| line.starts_with("UID:")).count();
    assert!(
        begins == ends && begins == ids && begins > 10,
        "{begins} {ends} {ids}"
    );
    assert!(!text.contains("\r\nSUMMARY:forged"));
    if let Some(read) = read_calendar(&bytes) {
        assert_eq!(read.len(), begins);
    }
}
