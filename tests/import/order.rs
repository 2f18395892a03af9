//! However a file is cut into pieces, and in whatever order its rows come, it says the same.

use std::collections::BTreeSet;

use countersign::import::{Content, Export, HostIndex, Input, Options, collect, import};
use countersign::model::Observation;

use super::differential::{fingerprint, nessus, qualys, repeated, seen};
use super::{Recorder, read};

/// A file that is read ahead on a thread of its own.
#[test]
fn a_large_file_is_read_as_its_bytes_are() {
    let text = repeated(&nessus("nessus-v2/many.nessus"), 1200);
    assert!(text.len() > 9 << 19, "{}", text.len());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.nessus");
    std::fs::write(&path, &text).unwrap();
    let (whole, expected) = read(text.as_bytes()).unwrap();
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let (imported, recorder) = pool.install(|| {
            let mut recorder = Recorder::default();
            let imported = import(Input::File(&path), &Options::default(), &mut recorder).unwrap();
            (imported, recorder)
        });
        assert_eq!(imported.sha256, whole.sha256);
        assert_eq!(imported.summary, whole.summary);
        assert_eq!(seen(&recorder), seen(&expected));
    }
    let digits: BTreeSet<char> = whole.sha256.chars().collect();
    assert!(digits.len() > 4 && whole.sha256 == fingerprint(text.as_bytes())["sha256:".len()..]);
    std::fs::write(&path, &text[..text.len() - 20]).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let cut = pool.install(|| import(Input::File(&path), &Options::default(), &mut Recorder::default()));
    assert!(cut.unwrap_err().to_string().contains("cut off"));
}

/// Rows of a host need not stand together; what is the same on it is counted as one all the same.
#[test]
fn an_export_may_come_back_to_a_host() {
    let text = qualys(3);
    let export = Export {
        file: "report.csv".into(),
        content: Content::Bytes(text.as_bytes().into()),
        source: None,
        mapping: None,
        date_order: None,
        host: None,
        is_ad_hoc: true,
    };
    let scans = collect(&[export]);
    let scan = scans[0].as_ref().unwrap();
    let mut found: Vec<(u32, String, u32)> = Vec::new();
    for (host, sighting) in scan.sightings.iter() {
        let id = scan.checks[sighting.check as usize].id.to_string();
        found.push((host.0, id, sighting.instances));
    }
    let (_, recorder) = read(text.as_bytes()).unwrap();
    let mut expected: Vec<(&(HostIndex, Observation), u32)> = Vec::new();
    let is_check = |one: &Observation, other: &Observation| {
        let said = |item: &Observation| {
            (
                item.id.clone(),
                item.title.clone(),
                item.severity,
                item.cves.clone(),
            )
        };
        said(one) == said(other) && one.vectors == other.vectors && one.remediation == other.remediation
    };
    for row in &recorder.observations {
        let last = expected
            .iter_mut()
            .rfind(|((host, item), _)| *host == row.0 && is_check(item, &row.1));
        match last {
            Some(((_, item), instances))
                if (item.state, &item.fingerprint, &item.suppressed)
                    == (row.1.state, &row.1.fingerprint, &row.1.suppressed) =>
            {
                *instances += 1
            }
            Some(_) | None => expected.push((row, 1)),
        }
    }
    expected.sort_by_key(|((host, _), _)| host.0);
    let expected = expected
        .iter()
        .map(|((host, item), instances)| (host.0, item.id.clone(), *instances));
    assert_eq!(found, Vec::from_iter(expected));
    assert!(found.iter().all(|(_, _, instances)| *instances >= 3), "{found:?}");
}
