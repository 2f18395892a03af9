//! CVSS of every version: the published examples, the grammar, the environment of a System.

use countersign::model::{
    CvssProfile, CvssVector, Exploit, ModifiedAttackVector, SecurityRequirement, Severity, best_vector,
};
use proptest::prelude::*;

use crate::world::{World, find};

fn read(text: &str) -> CvssVector {
    CvssVector::parse(text).unwrap_or_else(|| panic!("{text} is refused"))
}

/// The examples of the CVSS v2 guide, 3.3: base score, and the scores with the temporal and all metrics.
#[test]
fn the_examples_of_the_v2_guide() {
    let rows = [
        // CVE-2002-0392
        (
            "AV:N/AC:L/Au:N/C:N/I:N/A:C",
            "/E:F/RL:OF/RC:C",
            "/CDP:H/TD:H/CR:M/IR:M/AR:H",
            [7.8, 6.4, 9.2],
        ),
        (
            "AV:N/AC:L/Au:N/C:N/I:N/A:C",
            "/E:F/RL:OF/RC:C",
            "/CDP:N/TD:N/CR:M/IR:M/AR:H",
            [7.8, 6.4, 0.0],
        ),
        // CVE-2003-0818
        (
            "AV:N/AC:L/Au:N/C:C/I:C/A:C",
            "/E:F/RL:OF/RC:C",
            "/CDP:H/TD:H/CR:M/IR:M/AR:L",
            [10.0, 8.3, 9.0],
        ),
        (
            "AV:N/AC:L/Au:N/C:C/I:C/A:C",
            "/E:F/RL:OF/RC:C",
            "/CDP:N/TD:N/CR:M/IR:M/AR:L",
            [10.0, 8.3, 0.0],
        ),
        // CVE-2003-0062
        (
            "AV:L/AC:H/Au:N/C:C/I:C/A:C",
            "/E:POC/RL:OF/RC:C",
            "/CDP:H/TD:H/CR:M/IR:M/AR:M",
            [6.2, 4.9, 7.5],
        ),
    ];
    for (base, temporal, environmental, scores) in rows {
        let alone = read(base);
        let timed = read(&format!("{base}{temporal}"));
        let whole = read(&format!("{base}{temporal}{environmental}"));
        assert_eq!(
            [alone.score, timed.score, whole.score],
            scores,
            "{base}{temporal}{environmental}"
        );
        assert_eq!([alone.base, timed.base, whole.base], [scores[0]; 3], "{base}");
        assert_eq!(
            (whole.version, whole.severity(), whole.base_severity()),
            (20, None, None)
        );
    }
}

/// The base scores of the v3.0 and v3.1 examples documents, which are the same in both versions.
#[test]
fn the_examples_of_v3() {
    let rows = [
        ("CVE-2013-1937", "AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("CVE-2013-0375", "AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
        ("CVE-2014-3566", "AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
        ("CVE-2012-1516", "AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9),
        ("CVE-2009-0783", "AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 4.2),
        ("CVE-2012-0384", "AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 8.8),
        ("CVE-2015-1098", "AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 7.8),
        ("CVE-2014-0160", "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5),
        ("CVE-2014-6271", "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVE-2008-1447", "AV:N/AC:H/PR:N/UI:N/S:C/C:N/I:H/A:N", 6.8),
        ("CVE-2014-2005", "AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 6.8),
        ("CVE-2010-0467", "AV:N/AC:L/PR:N/UI:N/S:C/C:L/I:N/A:N", 5.8),
        ("CVE-2012-1342", "AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:L/A:N", 5.8),
        ("CVE-2013-6014", "AV:A/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:H", 9.3),
        ("CVE-2014-9253", "AV:N/AC:L/PR:L/UI:R/S:C/C:L/I:L/A:N", 5.4),
        ("CVE-2011-1265", "AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 8.8),
        ("CVE-2014-2019", "AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N", 4.6),
        ("CVE-2015-0970", "AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 8.8),
        ("CVE-2014-0224", "AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N", 7.4),
        ("CVE-2012-5376", "AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H", 9.6),
        ("CVE-2016-5729", "AV:L/AC:L/PR:H/UI:N/S:C/C:H/I:H/A:H", 8.2),
        ("CVE-2018-3652", "AV:P/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 7.6),
    ];
    for (name, metrics, score) in rows {
        for prefix in ["CVSS:3.0/", "CVSS:3.1/", ""] {
            let vector = read(&format!("{prefix}{metrics}"));
            assert_eq!((vector.base, vector.score), (score, score), "{name} {prefix}");
            assert_eq!(vector.severity(), Severity::of_score(score), "{name}");
        }
    }
}

/// The examples document of v4.0: base, threat, environmental and supplemental metrics.
#[test]
fn the_examples_of_v4() {
    let rows = [
        (
            "CVE-2022-41741",
            "AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            "",
            [7.3, 7.3],
        ),
        (
            "CVE-2020-3549",
            "AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            "/E:U",
            [7.7, 5.2],
        ),
        (
            "CVE-2023-3089",
            "AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N",
            "/CR:H/IR:L/AR:L/MAV:N/MAC:H/MVC:H/MVI:L/MVA:L",
            [8.3, 8.1],
        ),
        (
            "CVE-2021-44714",
            "AV:L/AC:L/AT:N/PR:N/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N",
            "",
            [4.6, 4.6],
        ),
        (
            "CVE-2022-21830",
            "AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N",
            "",
            [5.1, 5.1],
        ),
        (
            "CVE-2022-22186",
            "AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N",
            "",
            [6.9, 6.9],
        ),
        (
            "CVE-2023-21989",
            "AV:L/AC:L/AT:N/PR:H/UI:N/VC:N/VI:N/VA:N/SC:H/SI:N/SA:N",
            "",
            [5.9, 5.9],
        ),
        (
            "CVE-2020-3947",
            "AV:L/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
            "",
            [9.4, 9.4],
        ),
        (
            "CVE-2023-48228",
            "AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:H/VA:N/SC:H/SI:H/SA:H",
            "",
            [9.3, 9.3],
        ),
        (
            "CVE-2023-30560",
            "AV:P/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:H/SA:N",
            "/S:P/V:D",
            [8.3, 8.3],
        ),
        (
            "CVE-2025-31324",
            "AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
            "/E:A",
            [10.0, 10.0],
        ),
        (
            "CVE-2014-6271",
            "AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            "/E:A",
            [9.3, 9.3],
        ),
        (
            "CVE-2013-6014",
            "AV:A/AC:L/AT:N/PR:N/UI:N/VC:N/VI:L/VA:N/SC:H/SI:N/SA:H",
            "",
            [6.4, 6.4],
        ),
        (
            "CVE-2016-5729",
            "AV:L/AC:L/AT:N/PR:H/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            "/R:I",
            [8.4, 8.4],
        ),
        (
            "CVE-2018-3652",
            "AV:P/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            "",
            [7.0, 7.0],
        ),
        (
            "CVE-2024-6387",
            "AV:N/AC:H/AT:P/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            "/E:P",
            [9.2, 8.2],
        ),
        (
            "CVE-2024-6387 with a mitigation",
            "AV:N/AC:H/AT:P/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            "/E:P/MAC:L/MAT:N/MVC:N/MVI:N/MVA:L",
            [9.2, 5.5],
        ),
        (
            "CVE-2023-30545",
            "AV:N/AC:L/AT:N/PR:L/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N",
            "",
            [7.1, 7.1],
        ),
    ];
    for (name, base, more, scores) in rows {
        let vector = read(&format!("CVSS:4.0/{base}{more}"));
        assert_eq!([vector.base, vector.score], scores, "{name}");
        assert_eq!(
            read(&format!("{base}{more}")),
            vector,
            "{name} without its prefix"
        );
    }
}

/// The modified impact of a changed scope has another formula in 3.1, and 3.0 rounds up the exact product.
#[test]
fn the_environmental_scores_of_3_0_and_3_1_differ() {
    let rows = [
        // The exponent is 15 in 3.0 and 13 in 3.1.
        ("AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H/CR:M", [9.6, 9.7]),
        ("AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:N/A:N/IR:H/MI:H", [10.0, 10.0]),
        // 10.0 * 0.92 is 9.2 and not a hair more.
        ("AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:H/RC:U", [9.2, 9.2]),
        ("AV:L/AC:L/PR:L/UI:R/S:U/C:H/I:N/A:N/RC:U", [4.6, 4.6]),
        (
            "AV:A/AC:H/PR:L/UI:N/S:U/C:L/I:L/A:N/E:P/RL:T/RC:R/AR:H/MAC:H/MUI:R/MS:C/MC:L/MA:N",
            [3.5, 3.5],
        ),
        (
            "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:U/CR:L/IR:L/AR:L/MAV:P/MAC:H/MPR:H/MUI:R",
            [3.4, 3.4],
        ),
        (
            "AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:L/MS:C/MC:H/MI:H/MA:H/MAV:N/MAC:L/MPR:N/MUI:N/CR:H/IR:H/AR:H",
            [10.0, 10.0],
        ),
    ];
    for (metrics, scores) in rows {
        let found = ["3.0", "3.1"].map(|version| read(&format!("CVSS:{version}/{metrics}")).score);
        assert_eq!(found, scores, "{metrics}");
    }
}

#[test]
fn what_a_specification_does_not_write_is_refused() {
    let v2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P";
    let v3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    let v4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H";
    for whole in [v2, v3, v4] {
        read(whole);
        read(&format!("  ({whole}) "));
        let last = whole.rfind('/').unwrap();
        for (why, text) in [
            ("a base metric is missing", whole[..last].to_owned()),
            ("a metric comes twice", format!("{whole}{}", &whole[last..])),
            ("an unknown metric", format!("{whole}/ZZ:N")),
            ("an unknown value", format!("{whole}/E:Z")),
            ("lower case", whole.to_lowercase()),
            ("a lower-case value", whole.replacen(":N/", ":n/", 1)),
            ("no value", format!("{whole}/E")),
            ("two values", format!("{whole}/E:H:H")),
            ("an empty metric", format!("{whole}/")),
            ("an empty metric within", whole.replacen('/', "//", 2)),
            ("a space", whole.replacen('/', "/ ", 1)),
            ("half a bracket", format!("({whole}")),
            ("brackets twice", format!("(({whole}))")),
            ("a wrong prefix", format!("CVSS:3.2/{whole}")),
            ("a prefix twice", format!("CVSS:3.1/{whole}")),
        ] {
            assert_eq!(CvssVector::parse(&text), None, "{why}: {text}");
        }
    }
    // Version 3 lets metrics stand in any order; versions 2 and 4 fix it.
    let mixed = read("CVSS:3.1/S:U/AV:N/E:U/AC:L/UI:N/C:H/PR:N/I:H/A:H");
    assert_eq!((mixed.base, mixed.score), (9.8, 9.0));
    assert_eq!(&*mixed.text, "CVSS:3.1/S:U/AV:N/E:U/AC:L/UI:N/C:H/PR:N/I:H/A:H");
    for text in [
        "AC:L/AV:N/Au:N/C:P/I:P/A:P",
        "CVSS:4.0/AC:L/AV:N/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/CR:H/E:A",
    ] {
        assert_eq!(CvssVector::parse(text), None, "{text}");
    }
    // Metrics of another version.
    for text in [
        format!("{v3}/AT:N"),
        format!("{v4}/MS:C"),
        format!("{v4}/RL:O"),
        format!("{v2}/MAV:L"),
    ] {
        assert_eq!(CvssVector::parse(&text), None, "{text}");
    }
    for text in ["", "CVSS:3.1/", "7.5", "CVSS2#", "N/A", "AV:N"] {
        assert_eq!(CvssVector::parse(text), None, "{text}");
    }
    assert_eq!(&*read(&format!("CVSS2#{v2}")).text, v2);
}

#[test]
fn the_newest_version_rates_and_v2_never_does() {
    let v2 = read("AV:N/AC:L/Au:N/C:C/I:C/A:C");
    let v30 = read("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
    let v31 = read("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N");
    let v31_higher = read("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N/E:U");
    let v4 = read("CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:N/VI:N/VA:L/SC:N/SI:N/SA:N");
    assert_eq!(best_vector([v2.clone()]), None);
    assert_eq!(best_vector([v2.clone(), v30.clone()]), Some(v30.clone()));
    assert_eq!(
        best_vector([v31_higher.clone(), v31.clone(), v30.clone()]),
        Some(v31_higher.clone())
    );
    assert_eq!(best_vector([v2, v30, v31_higher, v4.clone(), v31]), Some(v4));
}

fn profile(mav: Option<ModifiedAttackVector>, all: Option<SecurityRequirement>) -> CvssProfile {
    CvssProfile {
        mav,
        cr: all,
        ir: all,
        ar: all,
    }
}

#[test]
fn a_profile_is_laid_over_the_base_metrics_of_each_version() {
    use ModifiedAttackVector::{Local, NotDefined};
    let low = profile(Some(Local), Some(SecurityRequirement::Low));
    let rows = [
        // Version 2.0 has the requirements, but no modified attack vector.
        (
            "AV:N/AC:L/Au:N/C:P/I:P/A:P/E:U",
            Some(("AV:N/AC:L/Au:N/C:P/I:P/A:P/CR:L/IR:L/AR:L", 7.5, 5.6)),
        ),
        (
            "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/MAC:H",
            Some((
                "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/CR:L/IR:L/AR:L/MAV:L",
                9.8,
                6.6,
            )),
        ),
        (
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            Some((
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/CR:L/IR:L/AR:L/MAV:L",
                9.8,
                6.6,
            )),
        ),
        (
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U/AU:Y",
            Some((
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/CR:L/IR:L/AR:L/MAV:L",
                9.3,
                7.1,
            )),
        ),
    ];
    for (text, expected) in rows {
        let laid = read(text).environmental(&low);
        let found = laid
            .as_ref()
            .map(|vector| (&*vector.text, vector.base, vector.score));
        assert_eq!(found, expected, "{text}");
        assert_eq!(read(text).environmental(&profile(None, None)), None, "{text}");
        let nothing = profile(Some(NotDefined), Some(SecurityRequirement::NotDefined));
        assert_eq!(
            read(text).environmental(&nothing),
            None,
            "`X` says nothing: {text}"
        );
    }
    let only_access = profile(Some(Local), None);
    assert_eq!(
        read("AV:N/AC:L/Au:N/C:P/I:P/A:P").environmental(&only_access),
        None
    );
    let high = profile(None, Some(SecurityRequirement::High));
    let raised = read("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:L/A:N")
        .environmental(&high)
        .unwrap();
    assert_eq!((raised.base, raised.score), (6.5, 7.5));
}

const CVE: &str = "CVE-2026-0001";
const NETWORK: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

fn world(profile: &str, vector: &str, exploit: Exploit) -> World {
    let mut world = World::new();
    world.record(
        "systems/sys-app.yaml",
        &format!("kind: System\nid: sys-app\ntitle: App\nspec:\n  type: server\n  tier: tier1\n  members: [app01]\n  scope: {{in: true}}\n{profile}"),
    );
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen_with("app01", "1", &[CVE], Severity::High, None, |check| {
            check.vectors = [vector].into_iter().filter_map(CvssVector::parse).collect();
            check.exploit = exploit;
        });
    });
    world.approve("System", "sys-app", "2026-08-01T08:00:00Z");
    world
}

#[test]
fn the_environment_of_a_system_rates_its_findings() {
    let rows = [
        (
            "",
            NETWORK,
            Exploit::None,
            Severity::Critical,
            (Some(9.8), Some(9.8)),
            "",
        ),
        (
            "  cvss_profile: {MAV: L, CR: L, IR: L, AR: L}\n",
            NETWORK,
            Exploit::None,
            Severity::Medium,
            (Some(6.6), Some(9.8)),
            "lowered from critical to medium by the CVSS profile of `sys-app`",
        ),
        (
            "  cvss_profile: {MAV: L, CR: L, IR: L, AR: L}\n",
            NETWORK,
            Exploit::Active,
            Severity::Critical,
            (Some(9.8), Some(9.8)),
            "the CVSS profile of `sys-app` would lower its score to 6.6; it is exploited",
        ),
        (
            "  cvss_profile: {CR: H, IR: H}\n",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:L/A:N",
            Exploit::Active,
            Severity::High,
            (Some(7.5), Some(6.5)),
            "raised from medium to high by the CVSS profile of `sys-app`",
        ),
        // A label without a vector has no metrics to lay a profile over.
        (
            "  cvss_profile: {MAV: L, CR: L}\n",
            "",
            Exploit::None,
            Severity::High,
            (None, None),
            "",
        ),
        // What an export says of threat lowers nothing.
        (
            "",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:U",
            Exploit::None,
            Severity::Critical,
            (Some(9.8), Some(9.8)),
            "",
        ),
    ];
    for (profile, vector, exploit, severity, scores, note) in rows {
        let world = world(profile, vector, exploit);
        world.judge("2026-09-02", |register| {
            let finding = find(register, "app01", CVE);
            assert_eq!(finding.severity, severity, "{profile} {vector}");
            assert_eq!(
                (finding.score(), finding.score_base()),
                scores,
                "{profile} {vector}"
            );
            let notes: Vec<&str> = finding.notes.iter().map(|note| &**note).collect();
            assert_eq!(notes.join("; "), note, "{profile} {vector}");
            let days = match severity {
                Severity::Critical => 7,
                Severity::High => 14,
                Severity::Medium => 30,
                Severity::Low => 90,
            };
            let due = register.as_of.zone().day_of(finding.due);
            let first = register.as_of.zone().day_of(finding.first_seen);
            assert_eq!(
                due.days_since(first),
                days,
                "the due date is that of the severity"
            );
        });
    }
}

#[test]
fn a_listing_as_exploited_takes_the_lowering_away() {
    let mut world = world(
        "  cvss_profile: {MAV: P, CR: L, IR: L, AR: L}\n",
        NETWORK,
        Exploit::None,
    );
    let severity =
        |world: &World, day: &str| world.judge(day, |register| find(register, "app01", CVE).severity);
    assert_eq!(severity(&world, "2026-09-12"), Severity::Medium);
    world.kev(CVE, "2026-09-10", None);
    assert_eq!(severity(&world, "2026-09-09"), Severity::Medium);
    assert_eq!(severity(&world, "2026-09-10"), Severity::Critical);
}

#[test]
fn a_profile_that_nobody_approved_raises_and_lowers_nothing() {
    for (profile, vector, severity, note) in [
        (
            "  cvss_profile: {MAV: P, CR: L, IR: L, AR: L}\n",
            NETWORK,
            Severity::Critical,
            "; nobody has approved it",
        ),
        (
            "  cvss_profile: {CR: H, IR: H}\n",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:L/A:N",
            Severity::High,
            "raised from medium to high",
        ),
    ] {
        let mut world = world(profile, vector, Exploit::None);
        world.remove("approvals/sys-app/00000000-p-kim-1.yaml");
        world.judge("2026-09-02", |register| {
            let finding = find(register, "app01", CVE);
            assert_eq!(finding.severity, severity, "{profile}");
            assert!(finding.notes[0].contains(note), "{:?}", finding.notes);
        });
    }
}

#[test]
fn an_ambiguous_host_is_lowered_by_no_profile() {
    let mut world = World::new();
    world.record(
        "systems/sys-app.yaml",
        "kind: System\nid: sys-app\ntitle: App\nspec:\n  type: server\n  tier: tier1\n  members: [db.one.example, db.two.example]\n  scope: {in: true}\n  cvss_profile: {MAV: P, CR: L, IR: L, AR: L}\n",
    );
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen_with("db", "1", &[CVE], Severity::High, None, |check| {
            check.vectors = vec![read(NETWORK)];
        });
    });
    world.judge("2026-09-02", |register| {
        let finding = find(register, "db.one.example", CVE);
        assert_eq!(
            (finding.severity, finding.score()),
            (Severity::Critical, Some(9.8))
        );
        assert!(
            finding.notes[0].ends_with("; the host is ambiguous"),
            "{:?}",
            finding.notes
        );
    });
}

/// The v3 base score of an approved environmental vector would be 9.8; all of its metrics count.
#[test]
fn an_approved_vector_counts_with_all_its_metrics() {
    let mut world = world("", NETWORK, Exploit::None);
    world.record(
        "triage/tri-0001.yaml",
        &format!("kind: Triage\nid: tri-0001\ntitle: Low\nspec:\n  subject: {{vuln: {CVE}, resolved: [app01]}}\n  status: affected\n  method: looked\n  evidence: []\n  cvss_env: {NETWORK}/MAV:P/MAC:H/MPR:H/MUI:R/MC:L/MI:N/MA:N\n  expires: 2026-12-31\n"),
    );
    world.approve("Triage", "tri-0001", "2026-09-02T08:00:00Z");
    world.judge("2026-09-03", |register| {
        assert_eq!(find(register, "app01", CVE).severity, Severity::Low);
    });
}

#[test]
fn a_profile_has_the_letters_of_the_specification() {
    let mut world = World::new();
    world.record(
        "systems/sys-app.yaml",
        "kind: System\nid: sys-app\ntitle: App\nspec:\n  type: server\n  members: [app01]\n  scope: {in: true}\n  cvss_profile: {MAV: Z}\n",
    );
    let broken = std::panic::catch_unwind(|| world.repository());
    assert!(broken.is_err(), "`Z` is no attack vector");
}

/// Metrics with their values.
type Table = &'static [(&'static str, &'static [&'static str])];

const BASES: [(&str, Table); 4] = [
    (
        "",
        &[
            ("AV", &["L", "A", "N"]),
            ("AC", &["H", "M", "L"]),
            ("Au", &["M", "S", "N"]),
            ("C", &["N", "P", "C"]),
            ("I", &["N", "P", "C"]),
            ("A", &["N", "P", "C"]),
        ],
    ),
    ("CVSS:3.0/", V3_BASE),
    ("CVSS:3.1/", V3_BASE),
    (
        "CVSS:4.0/",
        &[
            ("AV", &["N", "A", "L", "P"]),
            ("AC", &["L", "H"]),
            ("AT", &["N", "P"]),
            ("PR", &["N", "L", "H"]),
            ("UI", &["N", "P", "A"]),
            ("VC", &["H", "L", "N"]),
            ("VI", &["H", "L", "N"]),
            ("VA", &["H", "L", "N"]),
            ("SC", &["H", "L", "N"]),
            ("SI", &["H", "L", "N"]),
            ("SA", &["H", "L", "N"]),
        ],
    ),
];
const V3_BASE: Table = &[
    ("AV", &["N", "A", "L", "P"]),
    ("AC", &["L", "H"]),
    ("PR", &["N", "L", "H"]),
    ("UI", &["N", "R"]),
    ("S", &["U", "C"]),
    ("C", &["H", "L", "N"]),
    ("I", &["H", "L", "N"]),
    ("A", &["H", "L", "N"]),
];
const OPTIONAL: [Table; 4] = [
    &[
        ("E", &["U", "POC", "F", "H", "ND"]),
        ("RL", &["OF", "ND"]),
        ("CDP", &["LM", "MH"]),
        ("TD", &["N", "M"]),
        ("AR", &["H", "ND"]),
    ],
    V3_OPTIONAL,
    V3_OPTIONAL,
    &[
        ("E", &["A", "P", "U", "X"]),
        ("IR", &["H", "L"]),
        ("MAV", &["P", "X"]),
        ("MVC", &["N", "H"]),
        ("MSI", &["S", "N"]),
        ("S", &["P", "N"]),
        ("U", &["Clear", "Red", "X"]),
    ],
];
const V3_OPTIONAL: Table = &[
    ("E", &["U", "P", "X"]),
    ("RL", &["O", "T", "W"]),
    ("RC", &["U", "R"]),
    ("CR", &["L", "H"]),
    ("MAV", &["P", "N"]),
    ("MPR", &["H", "X"]),
    ("MS", &["C", "U"]),
    ("MA", &["N", "H"]),
];

/// Writes a vector by a row of numbers: the version, then which value each metric has, if any.
fn written(version: usize, picks: &[u8]) -> String {
    let (prefix, base) = BASES[version];
    let mut picks = picks.iter().map(|pick| usize::from(*pick));
    let mut parts: Vec<String> = base
        .iter()
        .map(|(name, values)| format!("{name}:{}", values[picks.next().unwrap() % values.len()]))
        .collect();
    for (name, values) in OPTIONAL[version] {
        if let Some(value) = values.get(picks.next().unwrap() % (values.len() + 2)) {
            parts.push(format!("{name}:{value}"));
        }
    }
    format!("{prefix}{}", parts.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_vector_that_is_read_is_written_and_read_again(
        version in 0_usize..4,
        picks in prop::collection::vec(any::<u8>(), 24),
        at in 0_usize..200,
        byte in any::<char>(),
    ) {
        let text = written(version, &picks);
        let vector = CvssVector::parse(&text).unwrap();
        prop_assert_eq!(&*vector.text, text.as_str());
        prop_assert_eq!(CvssVector::parse(&vector.text).unwrap(), vector.clone());
        for score in [vector.base, vector.score] {
            prop_assert!((0.0..=10.0).contains(&score), "{} has {}", text, score);
            prop_assert_eq!(score, (score * 10.0).round() / 10.0, "{} is no tenth", text);
        }
        if let Some(laid) = vector.environmental(&profile(Some(ModifiedAttackVector::Physical), Some(SecurityRequirement::High))) {
            prop_assert_eq!(CvssVector::parse(&laid.text).unwrap(), laid.clone());
            prop_assert_eq!(laid.base, vector.base);
        }
        // Any character may be wrong: then it is another good vector, or none.
        let mut broken: Vec<char> = text.chars().collect();
        let at = at % broken.len();
        broken[at] = byte;
        let broken: String = broken.into_iter().collect();
        if let Some(other) = CvssVector::parse(&broken) {
            prop_assert_eq!(CvssVector::parse(&other.text).unwrap().score, other.score);
        }
    }
}
