//! The fields of each ignore file, as its tool documents them.

use super::toml_tree::Places;
use super::{Details, Reader};
use crate::source::{Node, NodeValue};

/// Settings of grype outside `ignore` that hide findings, with what they hide.
const GRYPE_SWITCHES: [(&str, &str); 3] = [
    ("only-fixed", "everything without a fix"),
    ("only-notfixed", "everything with a fix"),
    ("ignore-wontfix", "everything that its vendor will not fix"),
];
/// Lists of grype outside `ignore` that hide findings, with what they hide.
const GRYPE_LISTS: [(&str, &str); 3] = [
    ("exclude", "everything below the path"),
    ("ignore-states", "everything whose fix is"),
    ("vex-documents", "everything that a document calls not affected:"),
];
/// The fields of a rule of grype that narrow it.
const GRYPE_LIMITS: [&str; 5] = [
    "namespace",
    "fix-state",
    "vex-status",
    "vex-justification",
    "match-type",
];
const GRYPE_PACKAGE: [&str; 6] = ["name", "version", "language", "type", "location", "upstream-name"];
/// Fields of cargo-deny's `[advisories]` that hide no advisory about a vulnerability.
const DENY_HARMLESS: [&str; 12] = [
    "version",
    "db-path",
    "db-url",
    "db-urls",
    "git-fetch-with-cli",
    "maximum-db-staleness",
    "unused-ignored-advisory",
    "disable-yank-checking",
    "unmaintained",
    "unsound",
    "yanked",
    "notice",
];

impl Reader<'_> {
    /// One id a line, then perhaps `exp:YYYY-MM-DD`; the id may be of anything that Trivy finds.
    pub(super) fn trivy_plain(&mut self, text: &str) {
        let places = Places::new(self.file, text);
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let start = at + (line.len() - line.trim_start().len());
            at += line.len();
            let mut words = line.split_whitespace();
            let Some(id) = words.next().filter(|id| !id.starts_with('#')) else {
                continue;
            };
            let span = places.span(start..start + id.len());
            let mut details = Details::default();
            if let Some(day) = words.find_map(|word| word.strip_prefix("exp:")) {
                match self.moment(day, span) {
                    Ok(until) => details.until = Some(until),
                    Err(()) => continue,
                }
            }
            self.take_id(id, span, details);
        }
    }

    /// Vulnerabilities, and what else shows a weakness; licences are read for the name of their section alone.
    pub(super) fn trivy_yaml(&mut self, root: &Node) {
        let sections = ["vulnerabilities", "misconfigurations", "secrets", "licenses"];
        self.unknown_fields(root, &sections);
        for entry in self.list(root, "vulnerabilities") {
            self.trivy_entry(entry, None);
        }
        for section in ["misconfigurations", "secrets"] {
            for entry in self.list(root, section) {
                self.trivy_entry(entry, Some(section));
            }
        }
    }

    /// Takes an entry of vulnerabilities, or of another section.
    fn trivy_entry(&mut self, entry: &Node, section: Option<&str>) {
        self.unknown_fields(entry, &["id", "paths", "purls", "expired_at", "statement"]);
        let mut narrowed_to: Vec<String> = section.into_iter().map(str::to_owned).collect();
        narrowed_to.extend(self.texts(entry, "paths", "path"));
        narrowed_to.extend(self.texts(entry, "purls", "package"));
        let reason = self.text(entry, "statement").map(|text| text.value);
        let until = self.until(entry, "expired_at");
        let id = self.id(entry, "id");
        if let (Ok(until), Some(id)) = (until, id) {
            let details = Details {
                until,
                reason,
                narrowed_to,
                is_unlisted: section.is_some(),
            };
            self.take_id(&id.value, id.span, details);
        }
    }

    fn id(&mut self, entry: &Node, name: &str) -> Option<crate::source::Spanned<String>> {
        let is_there = entry.get(name).is_some();
        let id = self.text(entry, name);
        if !is_there && matches!(entry.value, NodeValue::Mapping(_)) {
            let help = format!("write `{name}` with the id that the scanner gives");
            self.fault(entry.span, format!("an entry without `{name}`"), help);
        }
        id
    }

    /// Grype takes the names of its settings in any case.
    pub(super) fn grype(&mut self, root: &Node) {
        let NodeValue::Mapping(entries) = &root.value else {
            return self.unknown_fields(root, &[]);
        };
        for (key, value) in entries {
            let name = key.name.to_ascii_lowercase();
            // A mapping of one setting in lower case, so that it is read like the others.
            let lower = Node {
                span: value.span,
                value: NodeValue::Mapping(vec![(
                    crate::source::Key {
                        name: name.as_str().into(),
                        span: key.span,
                    },
                    value.clone(),
                )]),
            };
            if name == "ignore" {
                self.list(&lower, &name)
                    .iter()
                    .for_each(|rule| self.grype_rule(rule));
            }
            if let Some((_, hides)) = GRYPE_SWITCHES.iter().find(|(switch, _)| *switch == name)
                && self.is_on(&lower, &name)
            {
                self.take(None, key.span, class((*hides).to_owned(), None));
            }
            if let Some((_, hides)) = GRYPE_LISTS.iter().find(|(list, _)| *list == name) {
                let texts = match value.text() {
                    // Some of these may be one text with commas.
                    Some(text) if !text.trim().is_empty() => vec![format!("{hides} {text}")],
                    Some(_) => Vec::new(),
                    None => self.texts(&lower, &name, hides),
                };
                for text in texts {
                    self.take(None, key.span, class(text, None));
                }
            }
        }
    }

    fn grype_rule(&mut self, rule: &Node) {
        let mut known = vec!["vulnerability", "include-aliases", "reason", "package"];
        known.extend(GRYPE_LIMITS);
        self.unknown_fields(rule, &known);
        let mut narrowed_to = Vec::new();
        for name in GRYPE_LIMITS {
            narrowed_to.extend(self.text(rule, name).map(|text| format!("{name} {}", text.value)));
        }
        if let Some(package) = rule.get("package") {
            self.unknown_fields(package, &GRYPE_PACKAGE);
            for name in GRYPE_PACKAGE {
                let text = self.text(package, name);
                narrowed_to.extend(text.map(|text| format!("package {name} {}", text.value)));
            }
        }
        let reason = self.text(rule, "reason").map(|text| text.value);
        let details = Details {
            until: None,
            reason,
            narrowed_to,
            is_unlisted: false,
        };
        match self.text(rule, "vulnerability") {
            Some(id) => self.take_id(&id.value, id.span, details),
            None if details.narrowed_to.is_empty() => {
                let help = "write `vulnerability` with the id that grype gives, or remove the rule";
                self.fault(rule.span, "a rule that names nothing", help);
            }
            None => self.take(None, rule.span, details),
        }
    }

    pub(super) fn osv_scanner(&mut self, root: &Node) {
        self.unknown_fields(root, &["IgnoredVulns", "PackageOverrides", "GoVersionOverride"]);
        for entry in self.list(root, "IgnoredVulns") {
            self.unknown_fields(entry, &["id", "ignoreUntil", "reason"]);
            let reason = self.text(entry, "reason").map(|text| text.value);
            let until = self.until(entry, "ignoreUntil");
            let id = self.id(entry, "id");
            if let (Ok(until), Some(id)) = (until, id) {
                let details = Details {
                    until,
                    reason,
                    narrowed_to: Vec::new(),
                    is_unlisted: false,
                };
                self.take_id(&id.value, id.span, details);
            }
        }
        for entry in self.list(root, "PackageOverrides") {
            self.osv_override(entry);
        }
    }

    /// An override that ignores a package hides whatever is found in it.
    fn osv_override(&mut self, entry: &Node) {
        let limits = ["name", "version", "ecosystem", "group"];
        let mut known = vec![
            "nameIsRegex",
            "ignore",
            "vulnerability",
            "license",
            "effectiveUntil",
            "reason",
        ];
        known.extend(limits);
        self.unknown_fields(entry, &known);
        let mut ignores = self.is_on(entry, "ignore");
        if let Some(vulnerability) = entry.get("vulnerability") {
            self.unknown_fields(vulnerability, &["ignore"]);
            ignores |= self.is_on(vulnerability, "ignore");
        }
        let reason = self.text(entry, "reason").map(|text| text.value);
        let until = self.until(entry, "effectiveUntil");
        let mut words = Vec::new();
        for name in limits {
            words.extend(
                self.text(entry, name)
                    .map(|text| format!("{name} {}", text.value)),
            );
        }
        if let (true, Ok(until)) = (ignores, until) {
            let what = if words.is_empty() {
                "everything in every package".to_owned()
            } else {
                format!("everything in packages of {}", words.join(", "))
            };
            let details = Details {
                until,
                ..class(what, reason)
            };
            self.take(None, entry.span, details);
        }
    }

    pub(super) fn cargo_deny(&mut self, root: &Node) {
        let Some(advisories) = root.get("advisories") else {
            return;
        };
        let mut known = vec!["ignore", "vulnerability", "severity-threshold"];
        known.extend(DENY_HARMLESS);
        self.unknown_fields(advisories, &known);
        if let Some(level) = self
            .text(advisories, "vulnerability")
            .filter(|level| level.value != "deny")
        {
            let what = "every vulnerability, which no longer fails the check".to_owned();
            self.take(None, level.span, class(what, None));
        }
        if let Some(level) = self.text(advisories, "severity-threshold") {
            let what = format!("every vulnerability below {}", level.value);
            self.take(None, level.span, class(what, None));
        }
        for entry in self.list(advisories, "ignore") {
            match entry.text() {
                Some(text) => self.deny_id(text, entry.span, None),
                None => self.deny_entry(entry),
            }
        }
    }

    fn deny_entry(&mut self, entry: &Node) {
        self.unknown_fields(entry, &["id", "crate", "name", "version", "reason"]);
        let reason = self.text(entry, "reason").map(|text| text.value);
        if let Some(id) = self.text(entry, "id") {
            return self.take_id(&id.value, id.span, details_of(reason));
        }
        let package = self.text(entry, "crate").or_else(|| self.text(entry, "name"));
        let version = self.text(entry, "version");
        match package {
            Some(package) => {
                let version = version.map(|version| format!("@{}", version.value));
                let text = format!("{}{}", package.value, version.unwrap_or_default());
                self.deny_id(&text, package.span, reason);
            }
            None if matches!(entry.value, NodeValue::Mapping(_)) => {
                let help = "write `id` with an advisory, or `crate` with a withdrawn release";
                self.fault(entry.span, "an entry that names nothing", help);
            }
            None => {}
        }
    }

    /// A text is the id of an advisory, or a release that its author withdrew.
    fn deny_id(&mut self, text: &str, span: crate::source::Span, reason: Option<String>) {
        let is_advisory = ["RUSTSEC-", "CVE-", "GHSA-"]
            .iter()
            .any(|prefix| text.starts_with(prefix));
        let mut details = details_of(reason);
        if !is_advisory {
            details.narrowed_to.push("a withdrawn release".to_owned());
        }
        self.take_id(text, span, details);
    }
}

/// What an entry without an id hides.
fn class(what: String, reason: Option<String>) -> Details {
    Details {
        until: None,
        reason,
        narrowed_to: vec![what],
        is_unlisted: false,
    }
}

fn details_of(reason: Option<String>) -> Details {
    Details {
        until: None,
        reason,
        narrowed_to: Vec::new(),
        is_unlisted: false,
    }
}
