//! The auditor portal: what its pages tell, that each link leads somewhere, and what a browser makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::sync::OnceLock;

use countersign::document::{Format, find, render};
use countersign::reconcile::Register;

use super::hostile::{HOSTILE, assert_tags_harmless, tags};
use super::{Files, diagnostics, files, provenance, repository, sample_register, text};
use crate::cli::streams;
use crate::peers::{folder, python, require};

/// Renders the portal over the sample; `foreign` stands in every field that others fill with words.
fn sample(foreign: &str, change: impl FnOnce(&mut Register<'_>)) -> Files {
    let repository = repository(&files(foreign));
    let mut register = sample_register(&repository, foreign);
    change(&mut register);
    let diagnostics = diagnostics(foreign);
    let kinds = [find("portal").unwrap()];
    let provenance = provenance(&diagnostics);
    render(&kinds, &Format::ALL, &register, &provenance, &BTreeMap::new()).unwrap()
}

/// The portal of `example-repo` on the day that it is meant to be read, by file name.
fn example() -> &'static Files {
    static MADE: OnceLock<Files> = OnceLock::new();
    MADE.get_or_init(|| {
        let out = tempfile::tempdir().unwrap();
        let mut words: Vec<OsString> = [
            "countersign",
            "render",
            "--repo",
            "example-repo",
            "--as-of",
            "2026-09-30",
            "--document",
            "portal",
            "--out",
        ]
        .map(Into::into)
        .into();
        words.push(out.path().into());
        let (code, said, error) = streams(Path::new(env!("CARGO_MANIFEST_DIR")), &words);
        assert_eq!(code, 0, "{said}{error}");
        let files = walkdir::WalkDir::new(out.path()).into_iter().map(Result::unwrap);
        let files = files.filter(|entry| entry.file_type().is_file()).map(|entry| {
            let name = entry.path().strip_prefix(out.path()).unwrap();
            (
                name.to_str().unwrap().to_owned(),
                std::fs::read(entry.path()).unwrap(),
            )
        });
        files.collect()
    })
}

fn laid(made: &Files) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in made {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

/// Runs a task of `portal.py`; says so where a browser or its driver is missing.
fn in_browser(task: &str, place: &std::ffi::OsStr, more: &[&str]) {
    let Some(mut python) = python("selenium") else {
        return;
    };
    if !require(&["chromedriver", "chromium"]) {
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/portal.py");
    let output = python
        .arg(script)
        .arg(task)
        .arg(place)
        .args(more)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Returns the values of an attribute, unescaped.
fn values(html: &str, attribute: &str) -> Vec<String> {
    let open = format!(" {attribute}=\"");
    let values = html
        .split(&open)
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    values
        .map(|value| value.replace("&#39;", "'").replace("&amp;", "&"))
        .collect()
}

/// Returns the page that an address on another leads to, and the place in it.
fn target(from: &str, address: &str) -> (String, Option<String>) {
    let (page, place) = address
        .split_once('#')
        .map_or((address, None), |(page, place)| (page, Some(place)));
    let mut steps: Vec<&str> = from.split('/').collect();
    if !page.is_empty() {
        steps.pop();
        for step in page.split('/') {
            if step == ".." {
                steps.pop().expect("an address leaves the site");
            } else {
                steps.push(step);
            }
        }
    }
    (steps.join("/"), place.map(String::from))
}

fn every_link_resolves(made: &Files) -> usize {
    let ids: BTreeMap<&String, BTreeSet<String>> = made
        .iter()
        .map(|(name, bytes)| {
            let all = values(std::str::from_utf8(bytes).unwrap(), "id");
            let set: BTreeSet<String> = all.iter().cloned().collect();
            assert_eq!(set.len(), all.len(), "{name}: an id is there twice: {all:?}");
            (name, set)
        })
        .collect();
    let mut count = 0;
    for (name, bytes) in made {
        for address in values(std::str::from_utf8(bytes).unwrap(), "href") {
            let (page, place) = target(name, &address);
            let there = ids
                .get(&page)
                .unwrap_or_else(|| panic!("{name}: {address} leads nowhere"));
            if let Some(place) = place.filter(|place| !place.contains('=')) {
                assert!(there.contains(&place), "{name}: {address} has no such place");
            }
            count += 1;
        }
    }
    count
}

#[test]
fn every_link_leads_to_a_page_and_a_place() {
    assert!(every_link_resolves(example()) > 5000);
    every_link_resolves(&sample("", |_| {}));
    every_link_resolves(&sample(HOSTILE, |_| {}));
}

#[test]
fn the_start_page_tells_today_and_leads_to_the_rows() {
    let made = sample("", |_| {});
    let page = text(&made, "D13.html");
    for card in [
        "<dt>Overdue</dt><dd class=\"figure\"><a href=\"portal/findings/all.overdue.html\">3</a></dd><dd>of 13 open findings</dd>",
        "<dt>Errors open</dt><dd class=\"figure\"><a href=\"portal/diagnostics.html#level=error\">2</a></dd>",
        "<dt>Hosts without a scan in time</dt><dd class=\"figure\"><a href=\"portal/hosts.html#scanned=no\">",
        "<small>28 of 30</small>",
    ] {
        assert!(page.contains(card), "{card}");
    }
    assert!(page.contains("Made with 2 errors open"), "the banner");
    // The rows behind the number: three, each with what decides it.
    let rows = text(&made, "portal/findings/all.overdue.html");
    assert_eq!(rows.matches("<tr><th scope=\"row\"").count(), 3, "{rows}");
    assert!(rows.contains("records/exc-0005.html#life") && rows.contains("exc-0005 is set aside: exploited"));
    let due = text(&made, "portal/findings/all.due.html");
    assert!(due.contains("What the SLA rates are counted from"));
}

#[test]
fn a_record_has_its_approvals_its_life_and_what_it_covers() {
    let made = example();
    let page = text(made, "portal/records/exc-0014.html");
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo/exceptions/exc-0014.yaml");
    for line in std::fs::read_to_string(repository).unwrap().lines().take(12) {
        let line = line
            .replace('&', "&amp;")
            .replace('\'', "&#39;")
            .replace('"', "&quot;")
            .replace('>', "&gt;");
        assert!(page.contains(&line), "the record's own text: {line}");
    }
    let said = [
        "<b class=\"good\">approved</b>",
        "verified, SHA256:",
        "<b class=\"good\">counts</b>",
        "<b class=\"good\">given</b>",
        "Its approvals that count came with commit",
        "1 finding on 1 host.",
        "CVE-2026-991444",
        "EXC002",
    ];
    for said in said {
        assert!(page.contains(said), "{said}");
    }
    for (place, heading) in [
        ("approvals", "Approvals"),
        ("covers", "What it covers now"),
        ("life", "Life in git"),
    ] {
        assert!(
            page.contains(&format!("<h2 id=\"{place}\">{heading}</h2>")),
            "{heading}"
        );
    }
    // Outside git nothing is claimed of the past; an approval that does not count says why.
    let made = sample("", |_| {});
    let outside = text(&made, "portal/records/exc-0003.html");
    assert!(outside.contains("read outside git"), "{outside}");
    let unsigned = made
        .keys()
        .filter(|name| name.starts_with("portal/records/"))
        .map(|name| text(&made, name));
    assert!(
        unsigned
            .into_iter()
            .any(|page| page.contains("does not count") || page.contains("Nobody has decided"))
    );
}

#[test]
fn systems_and_controls_say_what_speaks_against_them() {
    let made = example();
    let system = text(made, "portal/records/sys-erp-prod.html");
    for said in [
        "erp01.nordhafen.example",
        "tier1",
        "findings/sys-erp-prod.html#disposition=fixed_in_time",
        "role-infra",
    ] {
        assert!(system.contains(said), "{said}");
    }
    let control = text(made, "portal/controls/8.8.html");
    for said in [
        "Management of technical vulnerabilities",
        "Checkpoint 8.8-a has no evidence for 2025-10",
        "ev-0001",
        "pol-patch",
    ] {
        assert!(control.contains(said), "{said}");
    }
    let claimed = made
        .keys()
        .filter(|name| name.starts_with("portal/controls/"))
        .map(|name| text(made, name));
    assert!(
        claimed
            .into_iter()
            .any(|page| page.contains("It is claimed to be implemented, and no evidence is there."))
    );
}

#[test]
fn long_registers_go_over_several_pages() {
    let made = sample("", |register| {
        let first = register.findings[0].clone();
        for number in 0..2500 {
            let mut one = first.clone();
            one.vuln = format!("CVE-2026-{number:05}").into();
            register.findings.push(one);
        }
    });
    for (part, rows) in [("", 500), (".2", 500), (".6", 3)] {
        let page = text(&made, &format!("portal/findings/sys-directory{part}.html"));
        assert_eq!(page.matches("<tr><th scope=\"row\"").count(), rows, "{part}");
        assert!(page.len() < 1 << 20, "{} bytes", page.len());
    }
    every_link_resolves(&made);
    // A vulnerability leads to the part that has its rows.
    let all = text(&made, "portal/vulnerabilities.5.html");
    let address = values(all, "href")
        .into_iter()
        .find(|address| address.contains("#q=CVE-2026-02"))
        .unwrap();
    let (page, place) = target("portal/vulnerabilities.5.html", &address);
    let vuln = place.unwrap().replace("q=", "");
    assert!(text(&made, &page).contains(&vuln), "{vuln} is not on {page}");
}

#[test]
fn hostile_text_is_shown_and_does_nothing() {
    let made = sample(HOSTILE, |_| {});
    for (name, bytes) in &made {
        let page = std::str::from_utf8(bytes).unwrap();
        assert_tags_harmless(name, &tags(page));
        assert!(
            page.contains(
                "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-"
            ),
            "{name}"
        );
        assert!(!page.contains("'unsafe") && !page.contains("url(http"), "{name}");
    }
    let pages = [
        "D13.html",
        "portal/records/exc-0003.html",
        "portal/exceptions.html",
        "portal/hosts.html",
        "portal/vulnerabilities.html",
    ];
    for name in pages {
        assert!(
            text(&made, name).contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
            "{name}"
        );
    }
    let folder = laid(&made);
    in_browser("harmless", folder.path().as_os_str(), &pages);
}

#[test]
fn the_same_inputs_make_the_same_pages() {
    assert!(sample("", |_| {}) == sample("", |_| {}));
}

#[test]
fn only_pages_can_be_asked_for() {
    let words = [
        "countersign",
        "render",
        "--repo",
        "example-repo",
        "--as-of",
        "2026-09-30",
        "--document",
        "portal",
        "--format",
        "csv",
        "--out",
        "target/never",
    ];
    let words: Vec<OsString> = words.map(Into::into).into();
    let (code, _, error) = streams(Path::new(env!("CARGO_MANIFEST_DIR")), &words);
    assert_eq!(code, 2, "{error}");
    assert!(error.contains("the portal is a site of HTML pages"), "{error}");
}

#[test]
fn a_person_uses_the_portal_in_a_browser() {
    let folder = laid(example());
    in_browser("use", folder.path().as_os_str(), &[]);
    in_browser("keyboard", folder.path().as_os_str(), &[]);
    in_browser("shapes", folder.path().as_os_str(), &SHOWN);
}

/// One page of each sort.
const SHOWN: [&str; 17] = [
    "D13.html",
    "portal/search.html",
    "portal/waiting.html",
    "portal/expiry.html",
    "portal/findings.html",
    "portal/findings/sys-erp-prod.html",
    "portal/findings/all.deferred.html",
    "portal/findings/all.due.html",
    "portal/vulnerabilities.html",
    "portal/hosts.html",
    "portal/controls.html",
    "portal/controls/8.8.html",
    "portal/trend.html",
    "portal/diagnostics.html",
    "portal/exceptions.html",
    "portal/records/exc-0014.html",
    "portal/records/sys-erp-prod.html",
];

/// Where axe-core lies among the checkers.
fn axe_core() -> Option<String> {
    let found = walkdir::WalkDir::new(folder()).into_iter().flatten();
    let mut found = found.filter(|entry| entry.file_name() == "axe.min.js");
    let path = found
        .next()
        .map(|entry| entry.path().to_str().unwrap().to_owned());
    if path.is_none() {
        crate::peers::skip("axe-core is not there; `.ci/peers.txt` tells how to install it");
    }
    path
}

#[test]
fn axe_finds_nothing_on_the_portal() {
    let Some(axe) = axe_core() else { return };
    let folder = laid(example());
    let mut words = vec![axe.as_str(), "light,dark"];
    words.extend(SHOWN);
    in_browser("axe", folder.path().as_os_str(), &words);
}

#[test]
fn axe_finds_nothing_on_the_documents() {
    let Some(axe) = axe_core() else { return };
    // The sample has an open error and overdue findings, the example what it lacks.
    let folder = laid(&super::rendered(""));
    let pages: Vec<String> = super::all()
        .iter()
        .map(|kind| format!("{}.html", kind.id))
        .collect();
    let mut words = vec![axe.as_str(), "light,dark"];
    words.extend(pages.iter().map(String::as_str));
    in_browser("axe", folder.path().as_os_str(), &words);
    let example = tempfile::tempdir().unwrap();
    let mut render: Vec<OsString> = [
        "countersign",
        "render",
        "--repo",
        "example-repo",
        "--as-of",
        "2026-09-30",
        "--out",
    ]
    .map(Into::into)
    .into();
    render.push(example.path().into());
    let (code, said, error) = streams(Path::new(env!("CARGO_MANIFEST_DIR")), &render);
    assert_eq!(code, 0, "{said}{error}");
    words[1] = "light";
    in_browser("axe", example.path().as_os_str(), &words);
}
