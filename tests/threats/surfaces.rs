//! T22 to T27, T33, T34: what hostile input does to readers, machines and folders.

use super::lab::{EXC, EXCEPTION, approve_both, base, passes};
use crate::pull_request::PullRequest;
use crate::signing::key_of;

/// The base with an exception of a title, and every document rendered in a format; the texts together.
fn rendered(title: &str, format: &str) -> String {
    let one = base();
    let quoted = serde_json::Value::from(title).to_string();
    one.write(
        EXC,
        &EXCEPTION.replace("Defer the second web server until the season is over", &quoted),
    );
    approve_both(&one, "exc-0001");
    one.commit("Change");
    let out = tempfile::tempdir().unwrap();
    let place = out.path().join("out");
    let (code, said, err) = one.run(&[
        "render",
        "--document",
        "exceptions",
        "--format",
        format,
        "--out",
        place.to_str().unwrap(),
    ]);
    assert_eq!(code, 0, "{said}{err}");
    let mut texts = String::new();
    for entry in walkdir::WalkDir::new(&place).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            texts += &std::fs::read_to_string(entry.path()).unwrap();
        }
    }
    texts
}

pub(super) fn a_title_carries_a_script() {
    let title = "<script>alert(1)</script><img src=x onerror=alert(2)>";
    let html = rendered(title, "html");
    assert!(
        !html.contains("<script>alert") && !html.contains("<img") && html.contains("&lt;script"),
        "{html}"
    );
    assert!(html.contains("Content-Security-Policy"));
    let markdown = rendered("[here](javascript:alert(1)) <b>x</b>", "md");
    assert!(
        markdown.contains("\\[here\\](javascript:") && !markdown.contains("<b>"),
        "{markdown}"
    );
    assert!(rendered("Defer the server", "html").contains("Defer the server"));
}

pub(super) fn a_title_carries_a_formula() {
    for start in ["=", "+", "-", "@", "\u{ff1d}"] {
        let csv = rendered(&format!("{start}HYPERLINK(1)"), "csv");
        let is_cell = |cell: &str| cell.trim_matches('"').starts_with(start);
        let cells = csv.lines().flat_map(|line| line.split(','));
        assert!(
            csv.contains("HYPERLINK")
                && !cells
                    .into_iter()
                    .any(|cell| is_cell(cell) && cell.contains("HYPERLINK")),
            "{csv}"
        );
    }
    assert!(rendered("Defer the server", "csv").contains("Defer the server"));
}

pub(super) fn output_is_forged() {
    let one = base();
    let forged = "\"::error file=isms.yaml,line=1::owned%0A::error ::x\": 1";
    one.write(EXC, &EXCEPTION.replace("spec:\n", &format!("{forged}\nspec:\n")));
    one.commit("Change");
    let (code, out, err) = one.run(&["check", "--base", "main", "--format", "github"]);
    assert_eq!(code, 1, "{err}");
    let lines: Vec<&str> = out.lines().filter(|line| line.contains("owned")).collect();
    assert!(!lines.is_empty(), "{out}");
    for line in out.lines() {
        let file = line.split("file=").nth(1).and_then(|rest| rest.split(',').next());
        assert!(line.starts_with("::") && file != Some("isms.yaml"), "{line}");
    }
    let one = base();
    one.write(EXC, EXCEPTION);
    approve_both(&one, "exc-0001");
    one.commit("Change");
    let (code, out, err) = one.run(&["check", "--base", "main", "--format", "github"]);
    assert!(code == 0 && !out.contains("::error"), "{out}{err}");
}

pub(super) fn yaml_says_two_things() {
    let bomb: String = (1..12)
        .map(|level| {
            format!(
                "  a{level}: &a{level} [*a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}]\n",
                level - 1
            )
        })
        .collect();
    let deep = format!("  x: {}{}\n", "[".repeat(200), "]".repeat(200));
    for (from, to, code) in [
        (
            "  severity: medium\n",
            "  severity: medium\n  severity: low\n".to_owned(),
            "SCH001",
        ),
        (
            "  severity: medium\n",
            "  severity: &a medium\n".to_owned(),
            "SCH001",
        ),
        (
            "  severity: medium\n",
            format!("  a0: &a0 x\n{bomb}  severity: medium\n"),
            "SCH001",
        ),
        (
            "  severity: medium\n",
            format!("{deep}  severity: medium\n"),
            "SCH001",
        ),
        (
            "  severity: medium\n",
            "  severity: !!python/object medium\n".to_owned(),
            "SCH001",
        ),
        (
            "  expires: 2026-01-31\n",
            "  expires: 2026-1-31\n".to_owned(),
            "SCH005",
        ),
        ("id: exc-0001\n", "id: no\n".to_owned(), "SCH"),
    ] {
        let one = base();
        one.write(EXC, &EXCEPTION.replace(from, &to));
        let verdict = one.check();
        let is_told = verdict.diagnostics().any(|found| {
            found["code"].as_str().unwrap().starts_with(code)
                && found["level"] == "error"
                && found["file"] == EXC
        });
        assert!(is_told && verdict.code == 1, "{to}: {}", verdict.told());
    }
    let one = base();
    // A country of two letters stays what it is.
    one.write(
        EXC,
        &EXCEPTION.replace("Defer the second web server until the season is over", "no"),
    );
    approve_both(&one, "exc-0001");
    passes(&one);
}

pub(super) fn an_export_carries_entities() {
    let one = base();
    let good = one.read("imports/src-nessus/2025-12-30.nessus");
    let (head, rest) = good.split_once('\n').unwrap();
    let entities = "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\"><!ENTITY b \"&a;&a;&a;\">]>";
    one.write(
        "imports/src-nessus/2025-12-31.nessus",
        &format!("{head}\n{entities}\n{rest}"),
    );
    one.commit("Change");
    let (code, out, err) = one.run(&["check", "--base", "main"]);
    assert!(
        code == 3 && out.is_empty() && err.contains("2025-12-31.nessus"),
        "{code} {out}{err}"
    );
    one.write(
        "imports/src-nessus/2025-12-31.nessus",
        &good.replace("Weekly", "Daily").replace("17670", "17671"),
    );
    one.commit("Change");
    let (code, _, err) = one.run(&["check", "--base", "main"]);
    assert!(code < 2, "{err}");
}

pub(super) fn paths_lead_out() {
    #[cfg(unix)]
    for (place, target) in [
        ("exceptions/exc-0001.yaml", "/etc/passwd"),
        ("policies/other.md", "../../outside"),
        ("data/all", ".."),
        (".github", "/etc"),
    ] {
        let one = base();
        let link = one.path(place);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, link).unwrap();
        let verdict = one.check();
        let found = verdict.errors("SCH004");
        let is_told = found.iter().any(|found| found["file"] == place);
        let is_guarded = place == ".github" && !verdict.errors("GOV003").is_empty();
        assert!(
            (is_told || is_guarded) && verdict.code == 1,
            "{place}: {}",
            verdict.told()
        );
    }
    let one = base();
    one.edit(
        "policies/pol-patch.yaml",
        "text: policies/pol-patch.md",
        "text: ../../../etc/passwd",
    );
    let verdict = one.check();
    let is_told = verdict.diagnostics().any(|found| {
        found["file"] == "policies/pol-patch.yaml"
            && found["level"] == "error"
            && (found["code"] == "SCH002" || found["code"] == "REF001" || found["code"] == "SCH004")
    });
    assert!(is_told && verdict.code == 1, "{}", verdict.told());
    let one = base();
    for place in ["exceptions", ".", "..", ".github/x", "keyring"] {
        let (code, out, err) = one.run(&["render", "--document", "exceptions", "--out", place]);
        assert_eq!(code, 2, "{place}: {out}{err}");
    }
    let (code, out, err) = one.run(&["render", "--document", "exceptions", "--out", "generated"]);
    assert_eq!(code, 0, "{out}{err}");
}

pub(super) fn the_clock_is_set() {
    let mut one = with_expired_soon();
    one.as_of = "2026-12-24".into();
    let (code, out, err) = one.run(&["check", "--base", "main"]);
    assert!(
        code == 2 && out.is_empty() && err.contains("lies in the future"),
        "{code} {out}{err}"
    );
    // A day in the past is said in what is printed.
    one.as_of = "2025-12-20".into();
    let (_, out, err) = one.run(&["check", "--format", "json"]);
    assert!(
        out.contains("\"as_of\": \"2025-12-20T23:59:59+01:00\"")
            || out.contains("\"as_of\":\"2025-12-20T23:59:59+01:00\""),
        "{out}{err}"
    );
    one.as_of = "2026-01-01".into();
    passes(&one);
}

fn with_expired_soon() -> PullRequest {
    super::lab::with_exception()
}

pub(super) fn a_document_is_edited_in_its_bundle() {
    let one = base();
    one.commit("Change");
    let outside = tempfile::tempdir().unwrap();
    let (bundle, key, list) = (
        outside.path().join("bundle"),
        outside.path().join("key"),
        outside.path().join("list"),
    );
    let signer = key_of("p-kim");
    std::fs::write(
        &key,
        signer.to_openssh(ssh_key::LineEnding::LF).unwrap().as_bytes(),
    )
    .unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let public = signer.public_key().to_openssh().unwrap();
    std::fs::write(&list, format!("jana.kim@nordhafen.example {public}\n")).unwrap();
    let (bundle, list) = (bundle.to_str().unwrap(), list.to_str().unwrap());
    let (code, out, err) = one.run(&["bundle", "--out", bundle, "--key", key.to_str().unwrap()]);
    assert_eq!(code, 0, "{out}{err}");
    let words = ["verify", bundle, "--allowed-signers", list].map(std::ffi::OsString::from);
    let verify = || {
        let line: Vec<_> = ["countersign".into()].into_iter().chain(words.clone()).collect();
        crate::cli::streams(outside.path(), &line)
    };
    let (code, out, err) = verify();
    assert_eq!(code, 0, "{out}{err}");
    let name = walkdir::WalkDir::new(bundle)
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .find(|path| path.extension().is_some_and(|end| end == "html"))
        .unwrap();
    let text = std::fs::read_to_string(&name).unwrap();
    std::fs::write(&name, text.replacen("<body", "<body title=fine", 1)).unwrap();
    let (code, out, _) = verify();
    assert!(code == 4 && out.contains("digest differs"), "{code} {out}");
    // With the list of digests made to fit, its signature fails.
    let line = |text: &str| format!("{}  ", countersign::source::sha256_hex(text.as_bytes()));
    let edited = std::fs::read_to_string(&name).unwrap();
    let sums_path = std::path::Path::new(bundle).join("SHA256SUMS");
    let sums = std::fs::read_to_string(&sums_path).unwrap();
    assert!(sums.contains(&line(&text)));
    std::fs::write(&sums_path, sums.replace(&line(&text), &line(&edited))).unwrap();
    let (code, out, _) = verify();
    assert!(code == 4 && out.contains("FAIL SHA256SUMS.sig"), "{code} {out}");
}
