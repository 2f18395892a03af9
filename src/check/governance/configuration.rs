//! What a change does to `compliance.yaml`: levels, parameters, paths left out, the oldest tool.

use std::collections::BTreeMap;

use crate::check::{CHECKS, Check, Default, Setting, Settings};
use crate::load::{CONFIGURATION, Repository, configuration_of};
use crate::source::{FileId, Span};
use crate::trust::{
    Change, Classified, Edit, Effect, Field, Looser, RecordChange, entry_edits, fields, place_of,
};

const LEVELS: &[&str] = &["error", "warn", "info", "off"];
const NO_LIMIT: f64 = f64::INFINITY;

/// In which direction each parameter gets looser; of one that is not in here any change weakens.
const PARAMETERS: &[(&str, &str, Looser)] = &[
    ("APR004", "max_age_days", Looser::Larger(NO_LIMIT)),
    ("APR007", "max_skew_minutes", Looser::Larger(NO_LIMIT)),
    ("DAT001", "grace_days", Looser::Larger(NO_LIMIT)),
    ("DAT001", "soon_days", Looser::Smaller(0.0)),
    ("DAT002", "max_cycle", Looser::Larger(NO_LIMIT)),
    ("EXC001", "grace_hours", Looser::Larger(NO_LIMIT)),
    ("EXC002", "soon_days", Looser::Smaller(0.0)),
    ("EXC002", "urgent_days", Looser::Smaller(0.0)),
    ("EXC003", "caps", Looser::Larger(NO_LIMIT)),
    ("EXC004", "max_renewals", Looser::Larger(NO_LIMIT)),
    ("EXC004", "max_total_days", Looser::Larger(NO_LIMIT)),
    ("EXC004", "window_days", Looser::Smaller(0.0)),
    ("EXC005", "required", Looser::Removed),
    ("GOV001", "immutable_fields", Looser::Removed),
    ("GOV002", "retention_years", Looser::Smaller(0.0)),
    ("GOV003", "cooling_hours", Looser::Smaller(0.0)),
    ("GOV004", "max_days", Looser::Larger(NO_LIMIT)),
    ("GOV006", "generated_paths", Looser::Removed),
    ("RAC001", "business_functions", Looser::Added),
    ("RAC001", "max_days", Looser::Larger(NO_LIMIT)),
    ("RAC001", "review_days", Looser::Larger(NO_LIMIT)),
    ("REC001", "soon_days", Looser::Smaller(0.0)),
    ("REC003", "scans", Looser::Larger(NO_LIMIT)),
    ("REC004", "max_age_days", Looser::Larger(NO_LIMIT)),
    ("REC009", "grace_hours", Looser::Larger(NO_LIMIT)),
    ("REF002", "grace_days", Looser::Larger(NO_LIMIT)),
    ("SCH001", "max_bytes", Looser::Larger(NO_LIMIT)),
    ("SCH001", "max_depth", Looser::Larger(NO_LIMIT)),
    ("SCH001", "max_nodes", Looser::Larger(NO_LIMIT)),
    ("SCH005", "max_year", Looser::Larger(NO_LIMIT)),
    ("SCH005", "min_year", Looser::Smaller(0.0)),
    ("SCP001", "required", Looser::Removed),
    ("SCP002", "never_exclude", Looser::Removed),
    ("SOA002", "max_same", Looser::Larger(NO_LIMIT)),
];

/// Classifies what a change does to the configuration; `None` where it does nothing.
pub(super) fn compare(change: &Change, after: &Repository) -> Option<RecordChange> {
    let new = Written::of(after);
    let mut edits: Vec<Classified> = Vec::new();
    for before in &change.before {
        let found = new.against(&Written::of(before));
        edits.extend(
            found
                .into_iter()
                .filter(|edit| !edits.contains(edit))
                .collect::<Vec<_>>(),
        );
    }
    RecordChange::of_configuration(edits)
}

/// A configuration as a repository holds it, whoever is believed.
struct Written {
    text: String,
    settings: Option<Settings>,
    fields: BTreeMap<String, Field>,
    file: Option<FileId>,
}

impl Written {
    fn of(repository: &Repository) -> Self {
        let file = repository.sources.find(CONFIGURATION);
        let text = file
            .and_then(|file| repository.sources.get(file))
            .map(|source| source.text.to_string())
            .unwrap_or_default();
        let place = file.unwrap_or(FileId(0));
        if text.is_empty() {
            return Self {
                text,
                settings: Settings::new(&crate::model::Configuration::default()).ok(),
                fields: BTreeMap::new(),
                file,
            };
        }
        let (configuration, faults) = configuration_of(place, &text);
        Self {
            settings: Settings::new(&configuration).ok().filter(|_| faults.is_empty()),
            fields: fields(place, None, &text).unwrap_or_default(),
            text,
            file,
        }
    }

    fn against(&self, old: &Self) -> Vec<Classified> {
        let (Some(before), Some(after)) = (&old.settings, &self.settings) else {
            let is_same = old.text == self.text;
            let edit = edit("compliance.yaml", None, Some("\"cannot be read\"".into()));
            return (!is_same)
                .then(|| self.classified(edit, Effect::Weakens, "", "it cannot be compared"))
                .into_iter()
                .collect();
        };
        let mut found = Vec::new();
        for check in CHECKS {
            self.rule(check, before.of(check), after.of(check), &mut found);
        }
        found.extend(self.tool(old));
        let others = entry_edits(&old.fields, &self.fields).into_iter();
        for edit in others.filter(|edit| edit.field.starts_with("exclude")) {
            let effect = Looser::Added.effect(edit.before.as_deref(), edit.after.as_deref(), &[]);
            let place = edit.field.clone();
            found.push(self.classified(edit, effect, &place, "a path is left out"));
        }
        let others = entry_edits(&old.fields, &self.fields).into_iter();
        for edit in others.filter(|edit| edit.field.starts_with("suppressions")) {
            let (looser, why) = match edit.field.rsplit_once("].") {
                Some((_, "expires")) => (Looser::Later, "a suppression lasts longer"),
                Some((_, "reason")) => (Looser::Nothing, ""),
                Some((_, _)) => (Looser::Any, "a suppression is about something else"),
                None => (Looser::Added, "a diagnostic is suppressed"),
            };
            let effect = looser.effect(edit.before.as_deref(), edit.after.as_deref(), &[]);
            let place = edit.field.clone();
            found.push(self.classified(edit, effect, &place, why));
        }
        found
    }

    fn rule(&self, check: &Check, before: &Setting, after: &Setting, found: &mut Vec<Classified>) {
        let code = check.code;
        let levels = (before.level_word(), after.level_word());
        if levels.0 != levels.1 {
            let edit = edit(code, Some(quoted(levels.0)), Some(quoted(levels.1)));
            let looser = Looser::Further(LEVELS, 0);
            let effect = looser.effect(edit.before.as_deref(), edit.after.as_deref(), &[]);
            let place = format!("rules.{code}.level");
            found.push(self.classified(edit, effect, &place, "the rule is softer"));
        }
        if before.condition() != after.condition() {
            let effect = match (before.condition(), after.condition()) {
                (Some(_), None) => Effect::Tightens,
                (_, _) => Effect::Weakens,
            };
            let field = format!("{code}.applies_to");
            let edit = edit(
                &field,
                before.condition().map(quoted),
                after.condition().map(quoted),
            );
            found.push(self.classified(
                edit,
                effect,
                &format!("rules.{field}"),
                "the rule applies elsewhere",
            ));
        }
        for parameter in check.parameters {
            let name = parameter.name;
            let row = PARAMETERS.iter().find(|row| (row.0, row.1) == (code, name));
            let looser = row.map_or(Looser::Any, |row| row.2);
            for (field, was, is) in values(parameter.default, name, before, after) {
                let edit = edit(&format!("{code}.{field}"), was, is);
                let effect = looser.effect(edit.before.as_deref(), edit.after.as_deref(), &[]);
                let place = format!("rules.{code}.{field}");
                found.push(self.classified(edit, effect, &place, "a parameter is looser"));
            }
        }
    }

    fn tool(&self, old: &Self) -> Option<Classified> {
        let value = |written: &Self| written.fields.get("tool").map(|field| field.value.clone());
        let (was, is) = (value(old), value(self));
        if was == is {
            return None;
        }
        let effect = if numbers(was.as_deref()) > numbers(is.as_deref()) {
            Effect::Weakens
        } else {
            Effect::Tightens
        };
        Some(self.classified(edit("tool", was, is), effect, "tool", "an older tool may judge"))
    }

    fn classified(&self, edit: Edit, effect: Effect, place: &str, why: &str) -> Classified {
        let span = place_of(place, &self.fields)
            .or_else(|| self.fields.get("kind").map(|field| field.span))
            .or(self.file.map(Span::start_of));
        Classified {
            edit,
            effect,
            rule: "GOV003",
            why: if effect == Effect::Weakens {
                why.into()
            } else {
                String::new()
            },
            span,
        }
    }
}

/// Returns the values of a parameter that differ: the name, the value before, the value after.
fn values(
    default: Default,
    name: &str,
    before: &Setting,
    after: &Setting,
) -> Vec<(String, Option<String>, Option<String>)> {
    match default {
        Default::Number(_) => {
            let (was, is) = (before.number(name), after.number(name));
            let differ = was != is;
            let row = (name.to_owned(), Some(was.to_string()), Some(is.to_string()));
            differ.then_some(row).into_iter().collect()
        }
        Default::Table(entries) => {
            let value = |setting: &Setting, entry: &str| setting.table(name).get(entry).map(i64::to_string);
            let rows = entries.iter().map(|(entry, _)| {
                (
                    format!("{name}.{entry}"),
                    value(before, entry),
                    value(after, entry),
                )
            });
            rows.filter(|(_, was, is)| was != is).collect()
        }
        Default::Words(_) => {
            let (was, is) = (before.words(name), after.words(name));
            let gone = was.iter().filter(|word| !is.contains(word));
            let new = is.iter().filter(|word| !was.contains(word));
            gone.map(|word| (format!("{name}[{word}]"), Some(quoted(word)), None))
                .chain(new.map(|word| (format!("{name}[{word}]"), None, Some(quoted(word)))))
                .collect()
        }
    }
}

fn edit(field: &str, before: Option<String>, after: Option<String>) -> Edit {
    Edit {
        field: field.to_owned(),
        before,
        after,
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Returns the parts of a version; a missing one is the lowest of all.
fn numbers(tool: Option<&str>) -> Vec<u64> {
    let text = tool.unwrap_or_default().trim_matches('"');
    let parts = text.trim_start_matches(">=").trim().split('.');
    let mut parts: Vec<u64> = parts.map(|part| part.parse().unwrap_or(0)).collect();
    parts.resize(3, 0);
    parts
}
