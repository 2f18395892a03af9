//! An auditor's sample: who gives the seed decides which items are drawn, and nobody else can.
//!
//! The method needs no tool of ours: the population is a list of lines, each line is hashed behind the seed, and the
//! lines with the smallest digests are drawn. A seed that the auditor names after the records are committed cannot be
//! prepared for.

use std::fmt::Write as _;

use super::Register;
use crate::load::{Repository, effective_tier};
use crate::model::{Disposition, Finding, Kind, Meta, RecordId, Severity, utc_text};
use crate::source::sha256_hex;

/// How a sample is drawn, in words that stand in every sample.
pub const METHOD: &str = "the SHA-256 of seed, blank and item, without a line end, orders the items of the population; the smallest digests \
     are drawn";

/// What a sample is drawn from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stratum {
    /// The Systems of a tier, by its id: the stricter one of what their records say and what the criteria say.
    Tier(String),
    /// Findings of a severity.
    Severity(Severity),
    /// Findings of a disposition.
    Disposition(Disposition),
    /// All findings.
    Findings,
    /// All hosts.
    Hosts,
    /// Records of a kind; every approval for [`Kind::Approval`].
    Kind(Kind),
}

impl Stratum {
    /// Finds the stratum that a word names, such as `tier0`, `critical` or `exception`; a word with a colon, such as
    /// `severity:critical`, says which sort it is.
    ///
    /// # Errors
    ///
    /// Returns the words that it could be where it is none or more than one.
    pub fn parse(repository: &Repository, word: &str) -> Result<Self, Vec<String>> {
        let all = Self::all(repository);
        let mut named: Vec<&Self> = all.iter().filter(|stratum| stratum.is_called(word)).collect();
        match (named.pop(), named.as_slice()) {
            (Some(single), []) => Ok(single.clone()),
            (None, _) => Err(all.iter().map(Self::word).collect()),
            (Some(last), rest) => Err(rest.iter().copied().chain([last]).map(Self::word).collect()),
        }
    }

    /// Returns every stratum of a repository.
    pub fn all(repository: &Repository) -> Vec<Self> {
        let tiers = repository.isms.iter().flat_map(|isms| &isms.spec.tiers);
        tiers
            .map(|tier| Self::Tier(tier.id.value.clone()))
            .chain(Severity::ALL.map(Self::Severity))
            .chain(Disposition::ALL.map(Self::Disposition))
            .chain([Self::Findings, Self::Hosts])
            .chain(Kind::ALL.iter().copied().map(Self::Kind))
            .collect()
    }

    /// Returns the word that names it and nothing else, such as `tier:tier0`.
    pub fn word(&self) -> String {
        match self {
            Self::Tier(tier) => format!("tier:{tier}"),
            Self::Severity(severity) => format!("severity:{severity}"),
            Self::Disposition(disposition) => format!("disposition:{}", disposition.word()),
            Self::Findings => "findings".into(),
            Self::Hosts => "hosts".into(),
            Self::Kind(kind) => format!("kind:{}", kebab(*kind)),
        }
    }

    fn is_called(&self, word: &str) -> bool {
        let own = self.word();
        own == word || own.split_once(':').is_some_and(|(_, short)| short == word)
    }

    /// Says what the items are, in the plural.
    pub fn items(&self) -> &'static str {
        match self {
            Self::Tier(_) => "Systems that have not ended",
            Self::Severity(_) | Self::Disposition(_) | Self::Findings => {
                "findings that are open or were closed in the period"
            }
            Self::Hosts => "hosts",
            Self::Kind(Kind::Approval) => "decisions of persons, good or not",
            Self::Kind(_) => "records, ended ones included",
        }
    }
}

/// Returns the name of a kind as the command line writes it, such as `risk-acceptance`.
fn kebab(kind: Kind) -> String {
    let mut word = String::new();
    for (index, letter) in kind.name().char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            word.push('-');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

/// One item of a population.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// Its line: letters, digits and few signs, everything else as `%` and two digits a byte; fields are parted by blanks.
    pub line: String,
    /// What people call it.
    pub title: String,
    /// How it stands: a disposition, the state of a host or System, the standing of a record.
    pub state: &'static str,
}

/// An item that was drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drawn {
    /// What orders it.
    pub sha256: String,
    pub item: Item,
}

/// A sample, with all that it takes to draw it again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sample {
    pub stratum: Stratum,
    pub seed: String,
    /// How many items were asked for.
    pub asked: usize,
    /// Every line, in the order of bytes.
    pub population: Vec<String>,
    /// Of the population as a file: each line ended by a line feed.
    pub population_sha256: String,
    /// The items of the smallest digests, these first; fewer than asked for where there are no more.
    pub drawn: Vec<Drawn>,
}

impl Sample {
    /// Returns the population as a file, which `sha256sum` hashes to its digest.
    pub fn population_text(&self) -> String {
        text_of(&self.population)
    }
}

/// Draws a sample.
pub fn sample(register: &Register<'_>, stratum: Stratum, seed: &str, asked: usize) -> Sample {
    let items = population(register, &stratum);
    let mut population: Vec<String> = items.iter().map(|item| item.line.clone()).collect();
    population.sort_unstable();
    let mut drawn: Vec<Drawn> = items
        .into_iter()
        .map(|item| Drawn {
            sha256: sha256_hex(format!("{seed} {}", item.line).as_bytes()),
            item,
        })
        .collect();
    drawn.sort_unstable_by(|one, other| {
        (&one.sha256, &one.item.line, &one.item.title).cmp(&(
            &other.sha256,
            &other.item.line,
            &other.item.title,
        ))
    });
    drawn.truncate(asked);
    Sample {
        stratum,
        seed: seed.to_owned(),
        asked,
        population_sha256: sha256_hex(text_of(&population).as_bytes()),
        population,
        drawn,
    }
}

fn text_of(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// Collects every item of a stratum; nothing that belongs to it is left out, however it stands.
fn population(register: &Register<'_>, stratum: &Stratum) -> Vec<Item> {
    match stratum {
        Stratum::Tier(tier) => systems(register, tier),
        Stratum::Severity(severity) => findings(register, |finding| finding.severity == *severity),
        Stratum::Disposition(disposition) => {
            findings(register, |finding| finding.disposition == *disposition)
        }
        Stratum::Findings => findings(register, |_| true),
        Stratum::Hosts => hosts(register),
        Stratum::Kind(Kind::Approval) => decisions(register),
        Stratum::Kind(kind) => records(register, *kind),
    }
}

fn systems(register: &Register<'_>, tier: &str) -> Vec<Item> {
    let of_tier = register.repository.systems.iter().filter(|system| {
        let own = effective_tier(register.repository, system);
        system.meta.is_live() && own.is_some_and(|own| own.id() == tier)
    });
    let items = of_tier.map(|system| Item {
        line: encoded(system.id().as_str()),
        title: system.meta.title.clone(),
        state: register
            .systems
            .get(system.id())
            .map_or("unknown", |row| row.state.word()),
    });
    items.collect()
}

fn findings(register: &Register<'_>, is_wanted: impl Fn(&Finding) -> bool) -> Vec<Item> {
    let wanted = register.findings.iter().filter(|finding| is_wanted(finding));
    let items = wanted.map(|finding| Item {
        line: format!(
            "{} {} {}",
            encoded(&finding.host),
            encoded(&finding.vuln),
            utc_text(finding.first_seen)
        ),
        title: finding.said.title.to_string(),
        state: finding.disposition.word(),
    });
    items.collect()
}

fn hosts(register: &Register<'_>) -> Vec<Item> {
    let items = register.hosts.iter().map(|host| Item {
        line: encoded(&host.id),
        title: host
            .system
            .as_ref()
            .map_or("no single System", RecordId::as_str)
            .to_owned(),
        state: host.state.word(),
    });
    items.collect()
}

fn records(register: &Register<'_>, kind: Kind) -> Vec<Item> {
    let of_kind = register.repository.records().filter(|meta| meta.kind == kind);
    let state = |meta: &Meta| {
        if meta.is_live() {
            register.standings.of(kind, &meta.id.value).state.word()
        } else {
            meta.declared().word()
        }
    };
    let items = of_kind.map(|meta| Item {
        line: encoded(meta.id.value.as_str()),
        title: meta.title.clone(),
        state: state(meta),
    });
    items.collect()
}

/// Lists every decision by its file; how its record stands is said beside it.
fn decisions(register: &Register<'_>) -> Vec<Item> {
    let items = register.repository.approvals.iter().map(|file| {
        let approval = &file.approval;
        let subject = &approval.subject.value;
        let kind = Kind::from_name(&subject.kind);
        let state = kind.map(|kind| register.standings.of(kind, &subject.id).state.word());
        Item {
            line: encoded(&file.path),
            title: format!("{} {}", approval.decision.word(), subject.id),
            state: state.unwrap_or("unknown"),
        }
    });
    items.collect()
}

/// Writes a text so that it is one word on one line wherever it is printed, and two texts never the same.
fn encoded(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for byte in text.bytes() {
        let is_plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'_' | b'~' | b':' | b'/')
            || (byte == b'-' && !line.is_empty());
        if is_plain {
            line.push(char::from(byte));
        } else {
            let _ = write!(line, "%{byte:02X}");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn an_item_is_one_word_and_no_other_one() {
        for (text, line) in [
            ("web01.nordhafen.example", "web01.nordhafen.example"),
            ("exc-0014", "exc-0014"),
            ("two words\nand a line", "two%20words%0Aand%20a%20line"),
            ("-rf", "%2Drf"),
            ("=1+1", "%3D1%2B1"),
            ("%20", "%2520"),
            ("Lübeck\u{202e}", "L%C3%BCbeck%E2%80%AE"),
        ] {
            assert_eq!(encoded(text), line);
        }
    }
}
