//! The index of the search: every word of every record, and the names of controls, vulnerabilities and hosts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::html::{Block, Page};
use super::super::text::visible;
use super::findings::Vulnerability;
use super::kinds::kind_word;
use super::site::{Site, filtered, page_path, pages_by_row, record_path};
use super::{above, start_step};

/// Letters that a word of the index may have; a longer one is cut, as it is in what is asked.
const MAX_LETTERS: usize = 40;

/// What can be found.
#[derive(Default)]
struct Index {
    /// Name, kind, address, and what more a line says.
    pages: Vec<Value>,
    /// The pages that hold each word.
    words: BTreeMap<String, BTreeSet<usize>>,
}

impl Index {
    fn add(&mut self, (name, kind, address): (&str, &str, &str), note: &str, texts: &[&str]) {
        let place = self.pages.len();
        self.pages
            .push(json!([visible(name), kind, address, visible(note)]));
        for text in texts.iter().chain([&name, &note]) {
            for word in words(text) {
                self.words.entry(word).or_default().insert(place);
            }
        }
    }

    fn into_json(self) -> Value {
        let places: Vec<String> = self.words.values().map(differences).collect();
        let words: Vec<&String> = self.words.keys().collect();
        json!({"pages": self.pages, "words": words, "places": places})
    }
}

/// Writes places as differences in base 36, which is short.
fn differences(places: &BTreeSet<usize>) -> String {
    let mut last = 0;
    let mut steps = Vec::with_capacity(places.len());
    for place in places {
        steps.push(base_36(place - last));
        last = *place;
    }
    steps.join(" ")
}

fn base_36(mut number: usize) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut digits = Vec::new();
    loop {
        digits.push(char::from(DIGITS[number % 36]));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

/// Returns the words of a text in small letters: letters and digits that stand together.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.to_lowercase().chars().take(MAX_LETTERS).collect())
}

/// Returns the page of the search.
///
/// The registers tell on which of their pages a vulnerability or a host stands.
pub(super) fn page(site: &Site<'_>, registers: (&[Page], &[Page])) -> Page {
    Page {
        path: page_path("search"),
        title: "Search".into(),
        purpose: "Every word of every record, and every control, vulnerability and host by its name.".into(),
        above: above([start_step()]),
        blocks: vec![Block::Search(index(site, registers))],
    }
}

fn index(site: &Site<'_>, (vulnerabilities, hosts): (&[Page], &[Page])) -> Value {
    let repository = site.register.repository;
    let mut index = Index::default();
    for known in repository.known.values() {
        let title = repository
            .record(&known.id)
            .map_or("cannot be read", |meta| &meta.title);
        let text = repository
            .sources
            .get(known.span.file)
            .map_or("", |file| &file.text);
        let path = record_path(known.id.as_str());
        index.add((known.id.as_str(), &kind_word(known.kind), &path), title, &[text]);
    }
    for place in &site.controls {
        let texts = [place.entry.justification.value.as_str()];
        index.add((place.id(), "control", &place.path), place.title(), &texts);
    }
    let pages = pages_by_row(vulnerabilities);
    for (id, vulnerability) in Vulnerability::all(site) {
        let page = vulnerability.only_page().or(pages.get(id).map(String::as_str));
        let address = page.map_or_else(|| page_path("vulnerabilities"), |page| filtered(page, "q", id));
        index.add((id, "vulnerability", &address), vulnerability.title, &[]);
    }
    let pages = pages_by_row(hosts);
    for host in &site.register.hosts {
        let note = match &host.system {
            None => "in no System".to_owned(),
            Some(system) => format!("of {system}"),
        };
        let register = || pages.get(&*host.id).map(|page| filtered(page, "q", &host.id));
        let address = site.findings_of_host(&host.id).or_else(register);
        let address = address.unwrap_or_else(|| page_path("hosts"));
        index.add((&host.id, "host", &address), &note, &[]);
    }
    index.into_json()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_differences_in_base_36() {
        assert_eq!(differences(&BTreeSet::from([3, 40, 41])), "3 11 1");
        assert_eq!(base_36(0), "0");
        assert_eq!(base_36(1295), "zz");
    }

    #[test]
    fn words_are_letters_and_digits_that_stand_together() {
        let found: Vec<String> = words("CVE-2026-1111, Ümläut <b>x</b>").collect();
        assert_eq!(found, ["cve", "2026", "1111", "ümläut", "b", "x", "b"]);
    }
}
