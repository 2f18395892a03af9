//! REF001, the part about keys: `keyring/allowed_signers` says what the records of people say.

use std::collections::BTreeMap;

use super::DANGLING_OR_CYCLIC as CHECK;
use crate::check::words::excerpt;
use crate::diagnostic::Diagnostic;
use crate::load::{ALLOWED_SIGNERS, REVOKED, Repository};
use crate::model::{Key, Person, Record, Zone, utc_text};
use crate::source::Span;
use crate::trust::allowed_signers::{AllowedSigner, AllowedSigners, ValidTime};
use crate::trust::keyring::{expected_line, ssh_name};
use crate::trust::revoked::Revoked;
use crate::trust::sshsig::PublicKey;

/// What an address must not hold, since the list would take it for a pattern, a second name or a comment.
const NOT_IN_A_PRINCIPAL: &[char] = &['*', '?', '!', ',', '"', '#', '\\'];

/// How many unreadable lines are told one by one.
const MAX_UNREADABLE: usize = 100;

/// A key of a Person, and the line of the list that stands for it.
struct Wanted<'a> {
    person: &'a Record<Person>,
    key: &'a Key,
    /// The line that the record asks for, known once a line of the list brings the public half.
    expected: Option<AllowedSigner>,
    line: Option<usize>,
}

impl Wanted<'_> {
    fn expect(&mut self, public_key: &PublicKey, zone: Zone) {
        if self.expected.is_none() {
            let text = expected_line(&self.person.spec.email.value, self.key, public_key, zone);
            self.expected = AllowedSigners::parse(&text).entries.into_iter().next();
        }
    }

    /// Counts in how much a line differs from the one that the record asks for.
    fn distance(&self, entry: &AllowedSigner) -> usize {
        // An address that makes no line is told of the address.
        let Some(expected) = &self.expected else {
            return usize::MAX;
        };
        [
            entry.principals != expected.principals,
            entry.namespaces != expected.namespaces,
            entry.valid_after != expected.valid_after,
            entry.valid_before != expected.valid_before,
            self.key
                .key_type
                .is_some_and(|sort| entry.key.kind() != ssh_name(sort)),
        ]
        .into_iter()
        .filter(|differs| *differs)
        .count()
    }
}

/// Compares the keys of people with the list, both ways.
pub(super) fn compare(repository: &Repository, out: &mut Vec<Diagnostic>) {
    let list = AllowedSigners::parse(repository.keyring.allowed_signers.as_deref().unwrap_or_default());
    let places = Places::of(repository);
    let mut wanted: BTreeMap<&str, Vec<Wanted<'_>>> = BTreeMap::new();
    for person in &repository.people {
        out.extend(address(person));
        for key in &person.spec.keys {
            let of_key = wanted.entry(&key.fingerprint.value).or_default();
            out.extend(of_key.first().and_then(|first| two_people(first, person, key)));
            of_key.push(Wanted {
                person,
                key,
                expected: None,
                line: None,
            });
        }
    }
    unreadable_lines(&list, &places, out);
    compare_lines(&list, repository.zone(), &places, &mut wanted, out);
    for of_key in wanted.values() {
        out.extend(of_key.iter().filter(|wanted| wanted.line.is_none()).map(no_line));
    }
    out.extend(unreadable_revocations(repository, &places));
}

fn unreadable_lines(list: &AllowedSigners, places: &Places<'_>, out: &mut Vec<Diagnostic>) {
    for (index, error) in list.errors.iter().enumerate().take(MAX_UNREADABLE) {
        let mut message = format!(
            "this line of the keyring cannot be read, and lets nobody sign: {}",
            error.what
        );
        if index + 1 == MAX_UNREADABLE && list.errors.len() > MAX_UNREADABLE {
            let more = list.errors.len() - MAX_UNREADABLE;
            message = format!("{message} (and {more} more lines)");
        }
        let help = "mend the line, or remove it";
        out.push(Diagnostic::error(CHECK.code, places.line(error.line), message).help(help));
    }
}

/// Finds for each line the key that it stands for: first those that agree, then those that differ.
fn compare_lines(
    list: &AllowedSigners,
    zone: Zone,
    places: &Places<'_>,
    wanted: &mut BTreeMap<&str, Vec<Wanted<'_>>>,
    out: &mut Vec<Diagnostic>,
) {
    let mut left = Vec::new();
    for entry in &list.entries {
        let fingerprint = entry.key.fingerprint();
        let fault = |message: String| Diagnostic::error(CHECK.code, places.line(entry.line), message);
        if entry.cert_authority {
            out.push(
                fault("an authority for certificates, which is no person's own key".to_owned()).help(
                    "list each person's key by itself; a certificate names people whom no record knows",
                ),
            );
            continue;
        }
        let Some(of_key) = wanted.get_mut(fingerprint.as_str()) else {
            out.push(
                fault(format!("{fingerprint} is no key of any person's record"))
                    .help("remove the line, or add the key to the record of the person whose it is"),
            );
            continue;
        };
        for wanted in of_key.iter_mut() {
            wanted.expect(&entry.key, zone);
        }
        let agrees = |wanted: &&mut Wanted<'_>| wanted.line.is_none() && wanted.distance(entry) == 0;
        match of_key.iter_mut().find(agrees) {
            Some(found) => found.line = Some(entry.line),
            None => left.push((entry, fingerprint)),
        }
    }
    for (entry, fingerprint) in left {
        let of_key = wanted.get_mut(fingerprint.as_str()).map(Vec::as_mut_slice);
        let fault = |message: String| Diagnostic::error(CHECK.code, places.line(entry.line), message);
        out.push(match nearest(entry, of_key.unwrap_or_default()) {
            Some(found) => {
                found.line = Some(entry.line);
                let email = &found.person.spec.email.value;
                let expected = expected_line(email, found.key, &entry.key, zone);
                let differences = differences(entry, found).join("; ");
                let message = format!("the line disagrees with `{}`: {differences}", found.person.id());
                fault(message)
                    .related(found.key.fingerprint.span, "the key in the person's record")
                    .help(format!("by the record the line is `{expected}`"))
                    .subject(found.person.id().to_string())
            }
            None => fault(format!(
                "one line more of {fingerprint} than there are keys in the records"
            ))
            .help("remove the line, or add the key with this purpose and time to the person's record"),
        });
    }
}

/// Takes the key that has no line yet and differs least.
fn nearest<'a, 'b>(entry: &AllowedSigner, of_key: &'b mut [Wanted<'a>]) -> Option<&'b mut Wanted<'a>> {
    of_key
        .iter_mut()
        .filter(|wanted| wanted.line.is_none())
        .min_by_key(|wanted| wanted.distance(entry))
}

/// Says in what a line differs from the one that the record asks for.
fn differences(entry: &AllowedSigner, wanted: &Wanted<'_>) -> Vec<String> {
    let Some(expected) = &wanted.expected else {
        return vec!["the record's address cannot stand in the list".to_owned()];
    };
    let mut differences = Vec::new();
    let mut compare = |name: &str, is: String, should: String| {
        if is != should {
            differences.push(format!("{name} is {is}, and by the record {should}"));
        }
    };
    compare(
        "the principal",
        format!("`{}`", excerpt(&entry.principals)),
        format!("`{}`", excerpt(&expected.principals)),
    );
    compare("`namespaces`", namespaces(entry), namespaces(expected));
    compare(
        "`valid-after`",
        time(entry.valid_after),
        time(expected.valid_after),
    );
    compare(
        "`valid-before`",
        time(entry.valid_before),
        time(expected.valid_before),
    );
    if let Some(key_type) = wanted.key.key_type {
        compare("the type", entry.key.kind(), ssh_name(key_type).to_owned());
    }
    differences
}

fn namespaces(entry: &AllowedSigner) -> String {
    match &entry.namespaces {
        Some(namespaces) => format!("`{}`", excerpt(namespaces)),
        None => "missing".to_owned(),
    }
}

fn time(time: Option<ValidTime>) -> String {
    let Some(time) = time else {
        return "missing".to_owned();
    };
    let zone = if time.zone_missing { " without `Z`" } else { "" };
    format!("{}{zone}", utc_text(time.instant))
}

fn no_line(wanted: &Wanted<'_>) -> Diagnostic {
    let message = format!("the key has no line in `{ALLOWED_SIGNERS}`, and signs nothing");
    Diagnostic::error(CHECK.code, wanted.key.fingerprint.span, message)
        .help("add the line with the public half of the key, or remove the key from the record")
        .subject(wanted.person.id().to_string())
}

/// One key is one human: signatures of two people must not come from the same hand.
fn two_people(first: &Wanted<'_>, person: &Record<Person>, key: &Key) -> Option<Diagnostic> {
    if first.person.id() == person.id() {
        return None;
    }
    let message = format!("the key is that of `{}`, too", first.person.id());
    Some(
        Diagnostic::error(CHECK.code, key.fingerprint.span, message)
            .related(first.key.fingerprint.span, "the same key")
            .help("give each person a key of their own")
            .subject(person.id().to_string()),
    )
}

fn address(person: &Record<Person>) -> Option<Diagnostic> {
    let email = &person.spec.email;
    if !email.value.contains(NOT_IN_A_PRINCIPAL) {
        return None;
    }
    let message = format!(
        "`{}` would be a pattern in the list of keys",
        excerpt(&email.value)
    );
    Some(
        Diagnostic::error(CHECK.code, email.span, message)
            .help("write one plain address; `*`, `?`, `!`, `,`, `\"`, `#` and `\\` mean something else there")
            .subject(person.id().to_string()),
    )
}

fn unreadable_revocations(repository: &Repository, places: &Places<'_>) -> Option<Diagnostic> {
    let revoked = Revoked::parse(repository.keyring.revoked.as_deref()?);
    let what = revoked.fault()?;
    let message = format!("`{REVOKED}` cannot be read, so that no signature counts: {what}");
    Some(
        Diagnostic::error(CHECK.code, places.line(1), message)
            .help("write public keys, one a line, or make the list with `ssh-keygen -k`")
            .subject(REVOKED),
    )
}

/// Where the lines of the list stand.
struct Places<'a> {
    whole: Span,
    /// The first word of each line with the byte at which the line begins, and the blanks before the word.
    lines: Vec<(usize, usize, &'a str)>,
}

impl<'a> Places<'a> {
    fn of(repository: &'a Repository) -> Places<'a> {
        let file = repository.sources.find(ALLOWED_SIGNERS);
        let text = file
            .and_then(|file| repository.sources.get(file))
            .map_or("", |file| &*file.text);
        let mut start = 0;
        let begin = |line: &'a str| {
            let word = line.trim_start_matches([' ', '\t']);
            let blanks = line.len() - word.len();
            let word = word.split([' ', '\t', '\r']).next().unwrap_or_default();
            let place = (start, blanks, word);
            start += line.len() + 1;
            place
        };
        Places {
            whole: file.map_or_else(|| repository.root_span(), Span::start_of),
            lines: text.split('\n').map(begin).collect(),
        }
    }

    /// Returns the first word of a 1-based line; the start of the file for a line that it has not.
    fn line(&self, number: usize) -> Span {
        let place = number.checked_sub(1).and_then(|index| self.lines.get(index));
        let Some((start, blanks, word)) = place else {
            return self.whole;
        };
        let small = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Span {
            file: self.whole.file,
            start: small(start + blanks),
            end: small(start + blanks + word.len()),
            line: small(number),
            column: small(blanks + 1),
            end_line: small(number),
            end_column: small(blanks + word.chars().count() + 1),
        }
    }
}
