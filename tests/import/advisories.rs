//! Advisories and VEX: CSAF and OpenVEX.

use countersign::import::Product;
use countersign::model::{Advice, Claim};

use super::{assert_refused, fixture, read, read_fixture, show};

/// Writes a claim as `status product (ids; version; range)`.
fn told(claim: &Claim) -> String {
    let identities = claim.product.identities.iter().map(|one| {
        let ids = [&one.names[..], &one.purls, &one.cpes].concat().join(" + ");
        let version = one.version.as_deref().or(one.range.as_deref()).unwrap_or("-");
        format!("{ids} / {version}")
    });
    let identities: Vec<String> = identities.collect();
    format!(
        "{} {}: {}",
        claim.status.word(),
        claim.product.text,
        identities.join("; ")
    )
}

fn all(advice: &Advice) -> Vec<String> {
    advice.claims.iter().map(told).collect()
}

#[test]
fn an_advisory_says_which_products_are_affected_and_what_to_do() {
    let (imported, recorder) = read_fixture("csaf/one.json");
    assert_eq!(imported.importer.product, Product::Advisories);
    assert_eq!(show(imported.summary.run_at), "2026-09-20T08:00:00Z");
    let [advice] = &recorder.advice[..] else {
        panic!("{:?}", recorder.advice)
    };
    assert_eq!(
        (advice.cves.join(" "), advice.aliases.len()),
        ("CVE-2026-1111".into(), 0)
    );
    assert_eq!(advice.title, "Buffer overrun in a parser");
    assert_eq!(advice.vectors, ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"]);
    let document = &advice.document;
    assert_eq!(
        (&*document.id, &*document.publisher),
        ("EX-2026-2", "Example Project")
    );
    assert_eq!((document.is_vex, &*document.severity_given), (false, "Important"));
    assert_eq!(
        all(advice),
        [
            "affected OpenSSL 3.0: OpenSSL + OpenSSL OpenSSL + cpe:2.3:a:openssl:openssl:3.0:*:*:*:*:*:*:* / 3.0"
        ]
    );
    assert_eq!(
        advice.claims[0].remedies,
        [0, 1],
        "one for the product, one for all"
    );
    let fix = &advice.remedies[0];
    assert_eq!(
        (&*fix.category, fix.key.as_deref()),
        ("vendor_fix", Some("RHSA-2026:0011"))
    );
    assert_eq!(
        fix.date.map(|date| date.to_string()).unwrap(),
        "2026-09-20 08:00:00 UTC"
    );
}

#[test]
fn products_come_from_nested_branches_relationships_and_groups() {
    let (imported, recorder) = read_fixture("csaf/many.json");
    let [first, second, third] = &recorder.advice[..] else {
        panic!("{:?}", recorder.advice)
    };
    assert_eq!(first.aliases, ["Example_Tracker:4711", "GHSA-aaaa-bbbb-cccc"]);
    assert!(first.document.is_vex);
    let linux = "Example Linux 9 + Example Example Linux 9 + cpe:/o:example:linux:9 / -";
    let lib = "widgetlib-1.2-3.el9.x86_64 + pkg:rpm/example/widgetlib@1.2-3.el9?arch=x86_64 / widgetlib-1.2-3.el9.x86_64";
    assert_eq!(
        all(first),
        [
            "affected Widget Server before 2.4.1: Widget Server + Example Widget Server / vers:generic/>=2.0.0|<2.4.1".to_owned(),
            "fixed Widget Server 2.4.1: Widget Server + Example Widget Server + pkg:generic/widget-server@2.4.1 / 2.4.1".to_owned(),
            format!("not_affected widgetlib as a component of Example Linux 9: {lib}; {linux}"),
        ]
    );
    let reasons: Vec<_> = first
        .claims
        .iter()
        .map(|claim| {
            (
                claim.justification.as_deref(),
                claim.impact.as_deref(),
                &claim.remedies[..],
            )
        })
        .collect();
    assert_eq!(
        reasons,
        [
            (None, None, &[0][..]),
            (None, None, &[]),
            (
                Some("vulnerable_code_not_present"),
                Some("The parser is not built in."),
                &[]
            ),
        ]
    );
    assert_eq!(first.remedies[0].key.as_deref(), Some("KB5043050"));
    assert_eq!(first.vectors.len(), 2);
    assert_eq!(
        (second.name(), all(second).len()),
        ("EX-VU-7", 1),
        "an id of another list"
    );
    assert!(
        third
            .claims
            .iter()
            .all(|claim| claim.impact.as_deref() == Some("To all."))
    );
    assert_eq!(
        imported.summary.skipped[0].reason,
        "a vulnerability without `cve` and `ids`"
    );
    let (_, recorder) = read_fixture("csaf/v21.json");
    let advice = &recorder.advice[0];
    assert_eq!(
        all(advice),
        [
            "affected Gadget 1.0: Gadget + Example Gadget + pkg:generic/gadget@1.0 + pkg:generic/gadget-pro@1.0 / 1.0"
        ]
    );
    assert!(advice.vectors[0].starts_with("CVSS:4.0/"));
}

#[test]
fn an_advisory_that_cannot_be_understood_is_refused() {
    let text = String::from_utf8(fixture("csaf/one.json")).unwrap();
    let product = "\"known_affected\": [\n          \"P-30\"\n        ]";
    for (from, to, kind, says) in [
        (
            "\"csaf_version\": \"2.0\"",
            "\"csaf_version\": \"1.2\"",
            "unknown",
            "`document.csaf_version` is `1.2`",
        ),
        (
            "\"csaf_version\": \"2.0\",",
            "",
            "unknown",
            "`2.0` and `2.1` are known",
        ),
        (
            product,
            "\"known_affected\": [\"P-31\"]",
            "malformed",
            "`CVE-2026-1111`: the product `P-31` is not in `product_tree`",
        ),
        (
            product,
            "\"exploited\": [\"P-30\"]",
            "unknown",
            "vulnerability 1: `product_status` is `exploited`",
        ),
        (
            "\"product_ids\": [\n            \"P-30\"",
            "\"product_ids\": [\n            \"P-9\"",
            "malformed",
            "the product `P-9` is not",
        ),
        (
            "\"product_ids\": [\n            \"P-30\"",
            "\"group_ids\": [\n            \"G-9\"",
            "malformed",
            "there is no product group `G-9`",
        ),
        (
            "\"id\": \"EX-2026-2\",",
            "",
            "malformed",
            "`document.tracking.id` is missing",
        ),
        (
            "\"tracking\"",
            "\"traces\"",
            "malformed",
            "`document.tracking` is missing",
        ),
        (
            "2026-09-19T08:00:00Z",
            "yesterday",
            "unknown",
            "`release_date` is `yesterday`",
        ),
        (
            "\"product_id\": \"P-30\"",
            "\"product_id\": \"\"",
            "malformed",
            "a product without `product_id`",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        assert_refused(to, read(text.replacen(from, to, 1).as_bytes()), kind, says);
    }
    let (_, recorder) = read(text.replace("CVE-2026-1111", "CVE-YYYY-1").as_bytes()).unwrap();
    assert!(
        recorder.advice.is_empty(),
        "a vulnerability that nobody can name is counted as skipped"
    );
}

#[test]
fn a_tree_without_an_end_and_relations_in_a_circle_are_refused() {
    let document = |tree: &str| {
        format!(
            "{{\"document\": {{\"csaf_version\": \"2.0\", \"tracking\": {{\"id\": \"a\"}}}}, \"product_tree\": {tree}, \
             \"vulnerabilities\": [{{\"cve\": \"CVE-2026-1111\", \"product_status\": {{\"fixed\": [\"p\"]}}}}]}}"
        )
    };
    let nested = |depth: usize| {
        let open = "{\"category\": \"product_family\", \"name\": \"f\", \"branches\": [".repeat(depth - 1);
        let product = "{\"category\": \"product_name\", \"name\": \"n\", \"product\": {\"name\": \"n\", \"product_id\": \"p\"}}";
        document(&format!(
            "{{\"branches\": [{open}{product}{}]}}",
            "]}".repeat(depth - 1)
        ))
    };
    assert!(read(nested(30).as_bytes()).is_ok());
    assert_refused(
        "deep",
        read(nested(31).as_bytes()),
        "limit",
        "`branches` nest deeper than 30",
    );
    let relation = |id: &str, of: &str| {
        format!(
            "{{\"category\": \"default_component_of\", \"full_product_name\": {{\"name\": \"{id}\", \"product_id\": \"{id}\"}}, \
             \"product_reference\": \"{of}\", \"relates_to_product_reference\": \"{of}\"}}"
        )
    };
    let circle = format!(
        "{{\"relationships\": [{}, {}]}}",
        relation("p", "q"),
        relation("q", "p")
    );
    assert_refused(
        "circle",
        read(document(&circle).as_bytes()),
        "limit",
        "in a circle",
    );
    let mut wide: Vec<String> = (0..15)
        .map(|at| relation(&format!("p{at}"), &format!("p{}", at + 1)))
        .collect();
    wide.push(relation("p", "p0"));
    let end = "\"full_product_names\": [{\"name\": \"n\", \"product_id\": \"p15\"}]";
    let tree = format!("{{\"relationships\": [{}], {end}}}", wide.join(", "));
    let (_, recorder) = read(document(&tree).as_bytes()).unwrap();
    assert_eq!(
        recorder.advice[0].claims[0].product.identities.len(),
        8,
        "cut off, soon"
    );
    let twice = "{\"full_product_names\": [{\"name\": \"n\", \"product_id\": \"p\"}, {\"name\": \"m\", \"product_id\": \"p\"}]}";
    assert_refused(
        "twice",
        read(document(twice).as_bytes()),
        "malformed",
        "`p` is defined twice",
    );
    let many = format!("\"fixed\": [{}]", ["\"p\""].repeat(200_001).join(","));
    let one = "{\"full_product_names\": [{\"name\": \"n\", \"product_id\": \"p\"}]}";
    let text = document(one).replace("\"fixed\": [\"p\"]", &many);
    assert_refused("many", read(text.as_bytes()), "limit", "more than 200000 times");
}

#[test]
fn statements_name_products_and_vulnerabilities_in_either_version() {
    let (imported, recorder) = read_fixture("openvex/many.json");
    assert_eq!(
        show(imported.summary.run_at),
        "2026-09-22T08:00:00Z",
        "the last update"
    );
    let [first, second, third] = &recorder.advice[..] else {
        panic!("{:?}", recorder.advice)
    };
    assert_eq!(
        (first.name(), first.aliases.join(" ")),
        ("CVE-2026-2222", "GHSA-aaaa-bbbb-cccc".into())
    );
    assert_eq!(
        all(first),
        [
            "under_investigation pkg:generic/openssl@3.0.7, in it pkg:generic/parser@1: pkg:generic/openssl@3.0.7 / -",
            "under_investigation https://example.com/products/shop: https://example.com/products/shop + \
             pkg:generic/shop@2 + cpe:2.3:a:example:shop:2:*:*:*:*:*:*:* / -",
        ]
    );
    assert_eq!(first.claims[0].at.unwrap().to_string(), "2026-09-10 08:00:00 UTC");
    assert_eq!(second.remedies[0].key.as_deref(), Some("RHSA-2026:0011"));
    assert_eq!(
        (third.name(), third.claims[0].at),
        ("CVE-2026-3333", None),
        "the time of the document"
    );
    let reasons: Vec<&str> = imported.summary.skipped.iter().map(|one| &*one.reason).collect();
    assert_eq!(
        reasons,
        [
            "a statement that names no product",
            "a statement that names no vulnerability"
        ]
    );
    let (_, recorder) = read_fixture("openvex/old.json");
    let old = &recorder.advice[0];
    assert_eq!(
        all(old),
        [
            "not_affected pkg:apk/example/bash@1.0.0, in it pkg:apk/example/readline@8: pkg:apk/example/bash@1.0.0 / -"
        ]
    );
    assert_eq!(
        old.claims[0].justification.as_deref(),
        Some("component_not_present")
    );
    assert_eq!(
        (&*old.title, old.claims[0].impact.as_deref()),
        ("Of old", Some("As we said."))
    );
    assert!(old.document.is_vex);
}

#[test]
fn vex_of_another_version_or_with_another_word_is_refused() {
    let text = String::from_utf8(fixture("openvex/one.json")).unwrap();
    for (from, to, kind, says) in [
        (
            "/v0.2.0",
            "/v1.0.0",
            "unknown",
            "`@context` is `https://openvex.dev/ns/v1.0.0`",
        ),
        (
            "\"not_affected\"",
            "\"harmless\"",
            "unknown",
            "statement 1: `status` is `harmless`",
        ),
        ("\"status\": \"not_affected\",", "", "unknown", "`status` is ``"),
        (
            "\"@id\": \"https://vex.example/one\"",
            "\"id\": \"\"",
            "malformed",
            "`@id` is missing",
        ),
        (
            "\"statements\"",
            "\"sentences\"",
            "malformed",
            "`statements` is missing",
        ),
        (
            "\"@id\": \"pkg:generic/openssl@3.0.7\"",
            "\"purl\": \"\"",
            "malformed",
            "one without a name",
        ),
        (
            "2026-09-21T08:00:00Z",
            "today",
            "unknown",
            "`timestamp` is `today`",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        assert_refused(to, read(text.replacen(from, to, 1).as_bytes()), kind, says);
    }
    for version in ["", "/", "/v0.0.1", "/v0.2.0", "/v0.2.1"] {
        assert!(
            read(text.replace("/v0.2.0", version).as_bytes()).is_ok(),
            "{version}"
        );
    }
}
