//! The documents: what a reader would notice, and what hostile text must not do.

#[path = "documents/acceptances.rs"]
mod acceptances;
#[path = "documents/agreements.rs"]
mod agreements;
#[path = "documents/audit.rs"]
mod audit;
#[path = "documents/browser.rs"]
mod browser;
#[path = "documents/compliance.rs"]
mod compliance;
#[path = "documents/discrepancies.rs"]
mod discrepancies;
#[path = "documents/evidence.rs"]
mod evidence;
#[path = "documents/example.rs"]
mod example;
#[path = "documents/gaps.rs"]
mod gaps;
#[path = "documents/hostile.rs"]
mod hostile;
#[path = "documents/management.rs"]
mod management;
#[cfg(feature = "pdf")]
#[path = "documents/pdf.rs"]
mod pdf;
#[path = "documents/policies.rs"]
mod policies;
#[path = "documents/portal.rs"]
mod portal;
#[path = "documents/portal_served.rs"]
mod portal_served;
#[path = "documents/posture.rs"]
mod posture;
#[path = "documents/records.rs"]
mod records;
#[path = "documents/register.rs"]
mod register;
#[path = "documents/reviews.rs"]
mod reviews;
#[path = "documents/risks.rs"]
mod risks;
#[path = "documents/suppliers.rs"]
mod suppliers;
#[path = "documents/unsupported.rs"]
mod unsupported;
#[path = "documents/views.rs"]
mod views;
#[path = "documents/workbooks.rs"]
mod workbooks;

use std::collections::BTreeMap;

use countersign::document::{DOCUMENTS, DocumentError, DocumentKind, Format, Provenance, find, render};
pub(crate) use records::{files, repository};
pub(crate) use register::{diagnostics, provenance, sample_register};

type Files = BTreeMap<String, Vec<u8>>;

fn all() -> Vec<&'static DocumentKind> {
    DOCUMENTS.iter().collect()
}

/// Renders the sample in every form; `foreign` stands in every field that others fill with words.
fn rendered(foreign: &str) -> Files {
    let repository = repository(&files(foreign));
    let register = sample_register(&repository, foreign);
    let diagnostics = diagnostics(foreign);
    render(
        &all(),
        &Format::ALL,
        &register,
        &provenance(&diagnostics),
        &BTreeMap::new(),
    )
    .unwrap()
}

fn text<'a>(files: &'a Files, name: &str) -> &'a str {
    let bytes = files
        .get(name)
        .unwrap_or_else(|| panic!("no {name} among {:?}", files.keys()));
    std::str::from_utf8(bytes).unwrap()
}

/// Renders one document as Markdown with templates and provenance of the caller's.
fn markdown(
    id: &str,
    overrides: &[(&str, &str)],
    provenance: &Provenance<'_>,
) -> Result<String, DocumentError> {
    let repository = repository(&files(""));
    let register = sample_register(&repository, "");
    let overrides = overrides
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    let made = render(
        &[find(id).unwrap()],
        &[Format::Markdown],
        &register,
        provenance,
        &overrides,
    )?;
    Ok(text(&made, &format!("{id}.md")).to_owned())
}

/// Renders one document as Markdown over records and a register that the caller has changed.
fn page_of(
    id: &str,
    records: &BTreeMap<String, String>,
    change: impl FnOnce(&mut countersign::reconcile::Register<'_>),
) -> String {
    let repository = repository(records);
    let mut register = sample_register(&repository, "");
    change(&mut register);
    let diagnostics = diagnostics("");
    let kinds = [find(id).unwrap()];
    let provenance = provenance(&diagnostics);
    let made = render(
        &kinds,
        &[Format::Markdown],
        &register,
        &provenance,
        &BTreeMap::new(),
    )
    .unwrap();
    text(&made, &format!("{id}.md")).to_owned()
}

/// Returns an approval of p-kim like those of the sample.
fn decision(kind: &str, id: &str, decision: &str, day: &str) -> [(String, String); 2] {
    let path = format!("approvals/{id}/00000000-p-kim-9.yaml");
    let text = format!(
        "apiVersion: countersign/v1\nkind: Approval\nsubject: {{kind: {kind}, id: {id}, digest: \"sha256:{}\"}}\ndecision: \
         {decision}\nrole: role-ciso\nperson: p-kim\nat: {day}T09:00:00Z\nshown: \"I decide\"\n",
        "0".repeat(64)
    );
    [(format!("{path}.sig"), "not looked at".into()), (path, text)]
}

/// Returns the rows of the table that follows a caption, each cut into cells.
fn rows(page: &str, caption: &str) -> Vec<Vec<String>> {
    let start = page
        .find(&format!("*Table: {caption}"))
        .unwrap_or_else(|| panic!("no table `{caption}`"));
    let lines = page[start..]
        .lines()
        .skip(4)
        .take_while(|line| line.starts_with('|'));
    lines
        .map(|line| {
            line.trim_matches('|')
                .split(" | ")
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
        .collect()
}

fn row<'a>(rows: &'a [Vec<String>], first: &str) -> &'a [String] {
    rows.iter()
        .find(|row| row[0].starts_with(first))
        .unwrap_or_else(|| panic!("no row `{first}` in {rows:#?}"))
}

/// Writes what the sample makes into a folder, for eyes: `DOCUMENTS_OUT=folder`.
#[test]
fn sample_can_be_written_for_eyes() {
    let Some(folder) = std::env::var_os("DOCUMENTS_OUT") else {
        return;
    };
    std::fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in rendered("") {
        std::fs::write(std::path::Path::new(&folder).join(name), bytes).unwrap();
    }
}

#[test]
fn every_form_of_every_document_is_made_once_and_alike() {
    let (first, second) = (rendered(""), rendered(""));
    assert!(first == second, "two runs over one input differ");
    let mut expected: Vec<String> = Vec::new();
    for kind in DOCUMENTS {
        expected.extend(["html", "md", "json", "xlsx"].map(|extension| format!("{}.{extension}", kind.id)));
        expected.extend(kind.tables.iter().map(|table| format!("{}-{table}.csv", kind.id)));
    }
    expected.sort();
    assert_eq!(first.keys().cloned().collect::<Vec<_>>(), expected);
}

#[test]
fn documents_are_found_by_id_and_slug() {
    for (word, id) in [
        ("D01", "D01"),
        ("d05", "D05"),
        ("exceptions", "D02"),
        ("index", "index"),
    ] {
        assert_eq!(find(word).unwrap().id, id);
    }
    assert!(find("D99").is_none());
}

#[test]
fn cover_says_where_a_document_comes_from() {
    let made = rendered("");
    for id in DOCUMENTS.iter().map(|kind| kind.id) {
        let (page, html) = (
            text(&made, &format!("{id}.md")),
            text(&made, &format!("{id}.html")),
        );
        for said in [
            "Nordhafen Logistics AG",
            "sites Hamburg and Kiel",
            "2025-01-02 to 2026-01-01",
            "2026-01-01T23:59:59+01:00",
            "4be1c0ffee4be1c0ffee4be1c0ffee4be1c0ffee",
            &"aa".repeat(32),
            &"bb".repeat(32),
            &"cc".repeat(32),
            "countersign 0.1.0",
            "Made with 2 errors open.",
            "sha256sum -c SHA256SUMS",
            "ssh-keygen -Y verify",
        ] {
            assert!(page.contains(said), "{id}.md lacks `{said}`");
            assert!(html.contains(said), "{id}.html lacks `{said}`");
        }
        let nessus = rows(
            page,
            "Imports: rows read = observations + informational + skipped",
        );
        let nessus = row(&nessus, "src-nessus; nessus-v2");
        assert!(nessus[2].contains("1 d 18 h old"), "{nessus:?}");
        assert_eq!(nessus[4..8], ["1553", "340", "1210", "3; 3: no severity"]);
        assert!(page.contains("stale: 2 d allowed"));
    }
}

#[test]
fn cover_says_what_git_does_not_know() {
    let mut provenance = provenance(&[]);
    provenance.modified = true;
    let page = markdown("D01", &[], &provenance).unwrap();
    assert!(page.contains("4be1c0ffee4be1c0ffee4be1c0ffee4be1c0ffee; work tree differs from the commit"));
    assert!(
        page.contains("find . -type f"),
        "a modified work tree is compared as it lies"
    );
    assert!(!page.contains("Made with"), "no error, no banner");
    (provenance.commit, provenance.config_digest) = (None, None);
    let page = markdown("D01", &[], &provenance).unwrap();
    assert!(page.contains("| Commit | not in git |"));
    assert!(page.contains("the defaults hold"));
}

#[test]
fn errors_beyond_the_first_hundred_are_counted() {
    let repository = repository(&files(""));
    let one = diagnostics("").remove(0);
    let many = vec![one; 250];
    let register = sample_register(&repository, "");
    let made = render(
        &all(),
        &[Format::Markdown],
        &register,
        &provenance(&many),
        &BTreeMap::new(),
    )
    .unwrap();
    let page = text(&made, "D05.md");
    assert!(page.contains("Made with 250 errors open."));
    assert_eq!(rows(page, "The first 100 of 250 open errors").len(), 100);
    assert_eq!(row(&rows(page, "Open errors by rule"), "REC001")[2], "250");
}

#[test]
fn json_is_the_view_with_its_provenance() {
    let made = rendered("");
    let json: serde_json::Value = serde_json::from_str(text(&made, "D05.json")).unwrap();
    assert_eq!(json["schema"], "countersign/document/v1");
    assert_eq!(json["provenance"]["as_of"], "2026-01-01T23:59:59+01:00");
    assert_eq!(json["provenance"]["imports"]["rows"][0]["rows_read"], 1553);
    let rate = &json["tables"]["kpis"]["rows"][0]["rate"];
    assert_eq!(
        *rate,
        serde_json::json!({"value": "93.3", "numerator": 28, "denominator": 30, "small_n": false})
    );
    let finding = &json["tables"]["findings"]["rows"][0];
    assert_eq!(finding["disposition"], "overdue");
    assert_eq!(finding["score"], 9.8);
    assert_eq!(finding["due_at"], "2025-12-20T23:59:59+01:00");
    assert_eq!(json["tables"]["findings"]["rows"].as_array().unwrap().len(), 15);
}

#[test]
fn csv_has_typed_numbers_and_every_row() {
    let made = rendered("");
    let mut reader = csv::Reader::from_reader(made["D05-findings.csv"].as_slice());
    let headers = reader.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 15);
    assert_eq!(&rows[0][column("score")], "9.8");
    assert_eq!(&rows[0][column("observers")], "src-nessus; src-qualys");
    assert!(
        text(&made, "D05-findings.csv").contains(",9.8,"),
        "numbers stand bare"
    );
    assert!(text(&made, "D05-kpis.csv").contains("\"SLA rate, net\",\"sla_rate_net\",93.3,28,30,"));
}

#[test]
fn a_template_of_the_repository_wins_and_the_cover_says_so() {
    let ours = markdown("D01", &[], &provenance(&[])).unwrap();
    let own = "{% include \"_cover.md\" %}\n## Own words\n\n{{ table(\"exclusions\") }}\n\n{% for row in rows(\"custom\") %}\n- {{ row.control }}: {{ row.title }}\n{% endfor %}\n";
    let theirs = markdown("D01", &[("D01.md", own)], &provenance(&[])).unwrap();
    assert!(
        theirs.contains("## Own words") && theirs.contains("- nh-1: Four eyes on every release of the shop")
    );
    assert!(theirs.contains("templates: of the repository: D01.md") && ours.contains("templates: built in"));
    let digest = |page: &str| {
        page.lines()
            .find(|line| line.starts_with("| Template digest"))
            .unwrap()
            .to_owned()
    };
    assert_ne!(digest(&ours), digest(&theirs));
}

#[test]
fn a_template_that_asks_for_what_is_not_there_is_named_with_its_line() {
    for (name, template, line, said) in [
        (
            "D01.md",
            "# One\n\n{{ view.nothing }}\n",
            3,
            "undefined value, in `{{ view.nothing }}`",
        ),
        (
            "D01.md",
            "a\n{{ table(\"findngs\") }}\n",
            2,
            "there is no table `findngs`; there are: totals, controls",
        ),
        ("D01.md", "a\nb\n{% if %}\n", 3, "syntax error"),
        ("D01.md", "{{ view.title|safe }}\n", 1, "safe"),
        (
            "D01.md",
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            1,
            "fuel",
        ),
        (
            "_cover.md",
            "one\ntwo {{ cover.nothing }}\n",
            2,
            "in `two {{ cover.nothing }}`",
        ),
    ] {
        let error = markdown("D01", &[(name, template)], &provenance(&[])).unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with(&format!("template `{name}`, line {line}: ")),
            "{message}"
        );
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn templates_are_bounded_and_known() {
    let error = markdown("D01", &[("D77.md", "x")], &provenance(&[]))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`templates/D77.md` is the name of no template") && error.contains("`D01.md`"),
        "{error}"
    );
    let flood = "{% for a in range(40) %}{{ \"x\" * 1000000 }}{% endfor %}";
    let error = markdown("D01", &[("D01.md", flood)], &provenance(&[]))
        .unwrap_err()
        .to_string();
    assert!(error.contains("bytes") || error.contains("fuel"), "{error}");
    let crowded = "text {{ table(\"controls\") }}\n";
    let error = markdown("D01", &[("D01.md", crowded)], &provenance(&[]))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`table:controls`") && error.contains("line of its own"),
        "{error}"
    );
}

/// The command that a reader is given computes the digest that the cover prints.
#[test]
fn the_command_for_the_tree_digest_computes_it() {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in [
        ("isms.yaml", "a"),
        (".gitignore", "b"),
        ("soa/ä b.yaml", "c"),
        (".hidden/x", "d"),
        ("imports/x", "e"),
        ("ledger/y", "f"),
        ("a/.b/c", "g"),
        ("z", "h"),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let digest = countersign::source::read_folder(folder.path())
        .unwrap()
        .digest()
        .unwrap();
    let mut provenance = provenance(&[]);
    provenance.modified = true;
    let page = markdown("D01", &[], &provenance).unwrap();
    let command = page.lines().find(|line| line.starts_with("find .")).unwrap();
    let output = std::process::Command::new("sh")
        .args(["-c", command])
        .current_dir(folder.path())
        .output();
    let Ok(output) = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()) else {
        return println!("skipped: no shell");
    };
    assert_eq!(output.split(' ').next().unwrap(), digest, "{command}");
}
