//! Exports that come packed, in UTF-16, as folders and as archives.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use countersign::import::{
    Content, Export, ImportError, Imported, Input, Options, Scan, collect, import, sha256_of, unfold,
};

use super::{Recorder, assert_refused, fixture, read};

/// A file in an archive of the tests, as the directory and the header before it describe it.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    /// In the header before the file, where that differs.
    local_name: Option<Vec<u8>>,
    packed: Vec<u8>,
    crc: u32,
    unpacked: u32,
    /// In the header before the file.
    local: Option<(u32, u32)>,
    method: u16,
    flags: u16,
    mode: u32,
    /// Whether the sizes follow the file.
    is_streamed: bool,
    /// Begins where this entry begins, and has no bytes of its own.
    over: Option<usize>,
    /// Whether the directory leaves it out.
    is_unlisted: bool,
}

pub(crate) fn stored(name: &str, bytes: &[u8]) -> Entry {
    Entry {
        name: name.into(),
        local_name: None,
        packed: bytes.to_vec(),
        crc: rawzip::crc32(bytes),
        unpacked: u32::try_from(bytes.len()).unwrap(),
        local: None,
        method: 0,
        flags: 0,
        mode: 0,
        is_streamed: false,
        over: None,
        is_unlisted: false,
    }
}

pub(crate) fn deflated(name: &str, bytes: &[u8]) -> Entry {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    Entry {
        packed: encoder.finish().unwrap(),
        method: 8,
        ..stored(name, bytes)
    }
}

fn header(entry: &Entry, (crc, unpacked): (u32, u32), name: &[u8]) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend(20_u16.to_le_bytes());
    header.extend((entry.flags | u16::from(entry.is_streamed) << 3).to_le_bytes());
    header.extend(entry.method.to_le_bytes());
    header.extend([0; 4]);
    header.extend(crc.to_le_bytes());
    let packed = if crc == 0 && entry.is_streamed {
        0
    } else {
        entry.packed.len()
    };
    header.extend(u32::try_from(packed).unwrap().to_le_bytes());
    header.extend(unpacked.to_le_bytes());
    header.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    header.extend([0; 2]);
    header
}

/// Makes an archive that says of its files what the entries say.
pub(crate) fn zip(entries: &[Entry]) -> Vec<u8> {
    let (mut bytes, mut directory, mut places) = (Vec::new(), Vec::new(), Vec::<u32>::new());
    for entry in entries {
        let place = match entry.over {
            Some(other) => places[other],
            None => u32::try_from(bytes.len()).unwrap(),
        };
        places.push(place);
        if entry.over.is_none() {
            let name = entry.local_name.as_ref().unwrap_or(&entry.name);
            let sizes = match entry.local {
                Some(sizes) => sizes,
                None if entry.is_streamed => (0, 0),
                None => (entry.crc, entry.unpacked),
            };
            bytes.extend(b"PK\x03\x04");
            bytes.extend(header(entry, sizes, name));
            bytes.extend(name);
            bytes.extend(&entry.packed);
            if entry.is_streamed {
                bytes.extend(b"PK\x07\x08");
                bytes.extend(entry.crc.to_le_bytes());
                bytes.extend(u32::try_from(entry.packed.len()).unwrap().to_le_bytes());
                bytes.extend(entry.unpacked.to_le_bytes());
            }
        }
        if entry.is_unlisted {
            continue;
        }
        directory.extend(b"PK\x01\x02\x14\x03");
        let mut listed = header(entry, (entry.crc, entry.unpacked), &entry.name);
        if entry.is_streamed {
            listed.splice(14..18, u32::try_from(entry.packed.len()).unwrap().to_le_bytes());
        }
        directory.extend(listed);
        directory.extend([0; 6]);
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(place.to_le_bytes());
        directory.extend(&entry.name);
    }
    let at = u32::try_from(bytes.len()).unwrap();
    let listed = entries.iter().filter(|entry| !entry.is_unlisted).count();
    let count = u16::try_from(listed).unwrap().to_le_bytes();
    let length = u32::try_from(directory.len()).unwrap();
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count, count].concat());
    bytes.extend(length.to_le_bytes());
    bytes.extend(at.to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

fn utf16(text: &str, is_big: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units
        .flat_map(|unit| {
            if is_big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        })
        .collect()
}

pub(crate) fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn export(content: Content) -> Export {
    Export {
        file: "run".into(),
        content,
        source: None,
        mapping: None,
        date_order: None,
        host: None,
        is_ad_hoc: true,
    }
}

fn scans(content: Content) -> Result<Vec<Scan>, ImportError> {
    scans_of(export(content))
}

fn scans_of(export: Export) -> Result<Vec<Scan>, ImportError> {
    collect(&unfold(export)?).into_iter().collect()
}

fn of_zip(entries: &[Entry]) -> Result<Vec<Scan>, ImportError> {
    scans(Content::Bytes(Arc::from(zip(entries))))
}

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn of_folder(folder: &Path) -> Result<Vec<Scan>, ImportError> {
    scans(Content::File(folder.to_owned()))
}

/// What a user sees of a scan: format, file, hosts, observations, whether it is whole.
fn shown(scans: &[Scan]) -> Vec<(&str, &str, u64, u64, bool)> {
    let mut rows = Vec::new();
    for scan in scans {
        let summary = &scan.summary;
        let is_whole = summary.incomplete.is_none();
        rows.push((
            scan.importer.name,
            &*scan.file,
            summary.hosts,
            summary.observations,
            is_whole,
        ));
    }
    rows
}

fn error(result: Result<Vec<Scan>, ImportError>) -> String {
    result
        .map(|scans| format!("{:?}", shown(&scans)))
        .expect_err("refused")
        .to_string()
}

/// The beginning of an export, and blanks without an end.
fn endless() -> Vec<u8> {
    let mut bytes = b"<?xml version=\"1.0\"?><NessusClientData_v2><Report>".to_vec();
    bytes.resize(18 << 20, b' ');
    bytes
}

#[test]
fn zstd_is_read_as_gzip_is_and_refused_when_it_is_cut() {
    let plain = fixture("nessus-v2/many.nessus");
    let (expected, _) = read(&plain).unwrap();
    let packed = zstd::encode_all(&plain[..], 3).unwrap();
    let halves = [
        zstd::encode_all(&plain[..500], 3).unwrap(),
        zstd::encode_all(&plain[500..], 3).unwrap(),
    ];
    let skipped = [b"\x51\x2a\x4d\x18\x02\0\0\0ab", &packed[..]].concat();
    for (name, bytes) in [
        ("one", &packed),
        ("two frames", &halves.concat()),
        ("skipped", &skipped),
    ] {
        let (imported, _) = read(bytes).unwrap_or_else(|error| panic!("{name} {error}"));
        assert_eq!(imported.summary, expected.summary, "{name}");
        assert_ne!(
            imported.sha256, expected.sha256,
            "the digest is that of the packed file"
        );
    }
    for cut in (5..packed.len()).step_by(7) {
        assert!(read(&packed[..cut]).is_err(), "cut at {cut}");
    }
    assert_refused(
        "cut",
        read(&packed[..packed.len() - 9]),
        "truncated",
        "ends early",
    );
    let bomb = zstd::encode_all(&endless()[..], 1).unwrap();
    assert_refused("bomb", read(&bomb), "limit", "no honest export");
}

#[test]
fn damage_of_what_is_packed_is_named_and_not_blamed_on_the_disk() {
    let mut packed = gz(&fixture("qualys-csv/report-many.csv"));
    let middle = packed.len() / 2;
    packed[middle..middle + 8].fill(0xff);
    assert_refused("gz", read(&packed), "malformed", "unpacked bytes");
    let nested = gz(&gz(&fixture("nessus-v2/one.nessus")));
    assert_refused("gz in gz", read(&nested), "foreign", "begins with");
}

#[test]
fn utf16_is_decoded_where_a_mark_says_so() {
    for name in [
        "nessus-v2/many.nessus",
        "qualys-csv/report-many.csv",
        "trivy-json/many.json",
    ] {
        let text = String::from_utf8(fixture(name)).unwrap() + "\n";
        let (expected, plain) = read(text.as_bytes()).unwrap();
        for is_big in [false, true] {
            let bytes = utf16(&text, is_big);
            let (imported, recorder) = read(&bytes).unwrap_or_else(|error| panic!("{name} {error}"));
            assert_eq!(imported.summary, expected.summary, "{name}");
            assert_eq!(recorder.observations, plain.observations, "{name}");
            let (packed, _) = read(&gz(&bytes)).unwrap();
            assert_eq!(packed.summary, expected.summary, "{name}");
        }
    }
    let declared = String::from_utf8(fixture("nessus-v2/one.nessus")).unwrap();
    let declared = declared
        .replacen("?>", " encoding=\"UTF-16\"?>", 1)
        .replacen("host", "h\u{1f600}st", 1);
    assert!(declared.contains("UTF-16"), "the fixture has a declaration");
    assert!(read(&utf16(&declared, false)).is_ok());
}

#[test]
fn half_a_character_is_refused_with_its_place() {
    let text = String::from_utf8(fixture("qualys-csv/report-one.csv")).unwrap();
    let with = |unit: u16, is_big: bool| {
        let mut bytes = utf16(&text, is_big);
        let unit = if is_big {
            unit.to_be_bytes()
        } else {
            unit.to_le_bytes()
        };
        bytes[200..202].copy_from_slice(&unit);
        bytes
    };
    for (unit, is_big) in [(0xd800, false), (0xdc00, false), (0xdbff, true), (0xdfff, true)] {
        let says = format!("{unit:#06x}");
        let bytes = with(unit, is_big);
        let refused = read(&bytes)
            .map(|(imported, _)| imported.summary)
            .unwrap_err()
            .to_string();
        // A first half is told at the unit that should be its second.
        let place = if unit < 0xdc00 { 202 } else { 200 };
        assert!(refused.contains(&format!("at byte {place}")), "{refused}");
        assert!(unit < 0xdc00 || refused.contains(&says), "{refused}");
        assert!(refused.starts_with("is malformed"), "{refused}");
    }
    let mut odd = utf16(&text, false);
    odd.push(b'x');
    assert_refused("odd", read(&odd), "truncated", "inside a character");
    let mut high = utf16(&text, false);
    high.extend([0x00, 0xd8]);
    assert_refused("high", read(&high), "truncated", "inside a character");
}

/// Two chunks of one run: the machine that both name is one.
fn chunks() -> [(&'static str, Vec<u8>); 2] {
    [
        ("b/chunk-2.json", fixture("tenable-vm/one.json")),
        ("a/chunk-1.json", fixture("tenable-vm/many.json")),
    ]
}

#[test]
fn the_files_of_a_folder_are_one_run_and_a_host_of_two_files_is_one_host() {
    let [second, first] = chunks();
    let folder = folder(&[(second.0, &second.1), (first.0, &first.1), ("c.json", &first.1)]);
    let scans = of_folder(folder.path()).unwrap();
    // Three hosts in the one file, one in the other; the third file names the three once more.
    let alone = read(&second.1).unwrap().1.hosts.remove(0);
    let others = read(&first.1).unwrap().1.hosts;
    let is_new = u64::from(others.iter().all(|host| host.name != alone.name));
    assert_eq!(
        shown(&scans),
        [("tenable-vm", "run", 3 + is_new, 8 + 8 + 1, true)]
    );
    let scan = &scans[0];
    assert_eq!(scan.hosts.len() as u64, 3 + is_new);
    let same = scan.sightings.iter().filter(|(_, one)| one.instances > 1).count();
    assert!(same >= 1, "what two files say of one host is one sighting");
    let latest = [&first.1, &second.1].map(|bytes| read(bytes).unwrap().0.summary.run_at.unwrap().naive());
    assert_eq!(
        scan.summary.run_at.map(|stamp| stamp.naive()),
        latest.into_iter().max()
    );
}

#[test]
fn one_name_of_two_machines_stays_two() {
    let text = String::from_utf8(fixture("tenable-vm/one.json")).unwrap();
    let (_, recorder) = read(text.as_bytes()).unwrap();
    let host = &recorder.hosts[0];
    let agent = host.agent.clone().expect("the fixture has an id of the agent");
    let other = text.replace(&agent, "ffffffff-0000-4000-8000-ffffffffffff");
    assert_ne!(other, text);
    for (bytes, hosts) in [(&text, 1), (&other, 2)] {
        let folder = folder(&[("a.json", text.as_bytes()), ("b.json", bytes.as_bytes())]);
        assert_eq!(of_folder(folder.path()).unwrap()[0].summary.hosts, hosts);
    }
}

#[test]
fn formats_in_one_folder_are_scans_side_by_side_with_the_same_digest() {
    let files = [
        ("assets.json", fixture("tenable-vm-assets/many.json")),
        ("vulns.json", fixture("tenable-vm/many.json")),
    ];
    let folder = folder(&files.each_ref().map(|(name, bytes)| (*name, &**bytes)));
    let scans = of_folder(folder.path()).unwrap();
    let expected = [
        ("tenable-vm-assets", "run (tenable-vm-assets)", 2, 0, true),
        ("tenable-vm", "run (tenable-vm)", 3, 8, true),
    ];
    assert_eq!(shown(&scans), expected);
    assert_eq!(scans[0].sha256, scans[1].sha256);
    let entries = files.each_ref().map(|(name, bytes)| deflated(name, bytes));
    assert_eq!(shown(&of_zip(&entries).unwrap()), expected);
    let whole = import(
        Input::File(folder.path()),
        &Options::default(),
        &mut Recorder::default(),
    );
    let error = whole
        .map(|Imported { importer, .. }| importer.name)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("several formats, tenable-vm-assets, tenable-vm"),
        "{error}"
    );
}

#[test]
fn the_digest_of_a_folder_can_be_made_with_the_tools_of_any_system() {
    let (one, many) = (fixture("tenable-vm/one.json"), fixture("tenable-vm/many.json"));
    let folder = folder(&[
        ("b.json", &one),
        ("B.json", &one),
        ("a/ü x.json", &many),
        (".hidden/x", b"?"),
        ("__MACOSX/b.json", b"?"),
        ("a/.DS_Store", b"?"),
    ]);
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let exports = unfold(export(Content::File(folder.path().to_owned()))).unwrap();
    let Content::Part(part) = &exports[0].content else {
        panic!("a folder has parts")
    };
    assert_eq!(part.passed_over(), [".hidden", "__MACOSX", "a/.DS_Store"]);
    let scan = collect(&exports).remove(0).unwrap();
    assert_eq!(sha256_of(folder.path()).unwrap(), scan.sha256);
    let out = std::process::Command::new("sh")
        .arg("-c")
        .arg("find . -type f ! -path '*/.*' ! -path '*/__MACOSX/*' | cut -c3- | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum | sha256sum")
        .current_dir(folder.path())
        .output();
    match out {
        Ok(out) if out.status.success() => {
            let text = String::from_utf8(out.stdout).unwrap();
            assert_eq!(text.split(' ').next(), Some(&*scan.sha256));
        }
        other => println!("SKIPPED: no coreutils here: {other:?}"),
    }
    std::fs::write(folder.path().join("b.json"), &many).unwrap();
    assert_ne!(sha256_of(folder.path()).unwrap(), scan.sha256);
}

#[test]
fn the_digest_of_an_archive_is_that_of_its_bytes_wherever_they_lie() {
    let bytes = zip(&[deflated("a.json", &fixture("tenable-vm/one.json"))]);
    let folder = folder(&[("run.zip", &bytes)]);
    let of_file = scans(Content::File(folder.path().join("run.zip"))).unwrap();
    let of_bytes = scans(Content::Bytes(Arc::from(&*bytes))).unwrap();
    let expected = countersign::source::sha256_hex(&bytes);
    assert_eq!(of_file[0].sha256, expected);
    assert_eq!(of_bytes[0].sha256, expected);
    assert_eq!(sha256_of(&folder.path().join("run.zip")).unwrap(), expected);
}

/// What is read on a thread of its own is what is read without one, and so is its digest.
#[test]
fn large_files_in_folders_and_archives_are_read_alike_on_one_core_and_on_more() {
    let (one, many) = (fixture("tenable-vm/one.json"), fixture("tenable-vm/many.json"));
    let large = [&*many, &b" ".repeat(3 << 20)].concat();
    let (a, b) = (stored("a.json", &large), stored("b.json", &one));
    let archive = zip(&[a, b]);
    let cut = zip(&[
        stored("a.json", &large[..many.len() / 2]),
        stored("z.json", &large),
    ]);
    let whole = folder(&[("a.json", &large), ("b.json", &one), ("run.zip", &archive)]);
    let run = folder(&[("a.json", &large), ("b.json", &one)]);
    let broken = folder(&[("a.json", &one), ("b.json", &[&large, &b"]"[..]].concat())]);
    let hex = countersign::source::sha256_hex;
    let lines = format!("{}  a.json\n{}  b.json\n", hex(&large), hex(&one));
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let unpacked = of_folder(run.path()).unwrap();
            let packed = scans(Content::File(whole.path().join("run.zip"))).unwrap();
            assert_eq!(unpacked[0].sha256, hex(lines.as_bytes()), "{threads}");
            assert_eq!(packed[0].sha256, hex(&archive), "{threads}");
            assert_eq!(unpacked[0].summary, packed[0].summary, "{threads}");
            assert_eq!(unpacked[0].summary.observations, 9, "{threads}");
            let error = of_folder(broken.path()).unwrap_err().to_string();
            assert!(error.contains("b.json"), "{threads}: {error}");
            let error = scans(Content::Bytes(Arc::from(&*cut))).unwrap_err().to_string();
            assert!(error.contains("a.json"), "{threads}: {error}");
        });
    }
}

#[test]
fn every_kind_of_honest_archive_is_read() {
    let many = fixture("nessus-v2/many.nessus");
    let directory = |name: &str| Entry {
        mode: 0o040_755,
        ..stored(name, b"")
    };
    let streamed = Entry {
        is_streamed: true,
        ..deflated("a.nessus", &many)
    };
    let plain_mode = Entry {
        mode: 0o100_644,
        ..deflated("x/a.nessus", &many)
    };
    let rows: [(&str, Vec<Entry>); 6] = [
        ("stored", vec![stored("a.nessus", &many)]),
        ("deflated", vec![deflated("a.nessus", &many)]),
        ("streamed", vec![streamed]),
        ("folders", vec![directory("x/"), directory("y/"), plain_mode]),
        (
            "of a Mac",
            vec![
                deflated("a.nessus", &many),
                stored("__MACOSX/a.nessus", b"?"),
                stored(".DS_Store", b"?"),
            ],
        ),
        ("gz inside", vec![stored("a.nessus.gz", &gz(&many))]),
    ];
    for (name, entries) in rows {
        let scans = of_zip(&entries).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(shown(&scans), [("nessus-v2", "run", 4, 9, true)], "{name}");
    }
}

#[test]
fn a_file_that_nobody_knows_refuses_the_whole_and_is_named() {
    let one = fixture("tenable-vm/one.json");
    let rows: [(&str, &[u8], &str); 5] = [
        (
            "notes.txt",
            b"hello",
            "in no known format: `notes.txt`: it begins with `hello`",
        ),
        ("empty.json", b"", "`empty.json`: it is empty"),
        ("cut.json", &one[..one.len() / 2], "is cut off at line"),
        (
            "inner.zip",
            &zip(&[stored("a.json", &one)]),
            "`inner.zip`: an archive inside",
        ),
        ("half.json.gz", &gz(&one)[..60], "`half.json.gz`"),
    ];
    for (name, bytes, says) in rows {
        let folder = folder(&[("a.json", &one), (name, bytes)]);
        let of_folder = error(of_folder(folder.path()));
        let of_zip = error(of_zip(&[stored("a.json", &one), deflated(name, bytes)]));
        for told in [of_folder, of_zip] {
            assert!(
                told.contains(says) && told.contains(&format!("`{name}`")),
                "{name}: {told}"
            );
        }
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(error(of_folder(empty.path())).contains("there are no files in it"));
    std::fs::write(empty.path().join(".hidden"), "x").unwrap();
    assert!(error(of_folder(empty.path())).contains("no files in it but hidden ones"));
    assert!(error(of_zip(&[])).contains("there are no files in it"));
}

#[test]
fn a_run_of_which_one_file_is_not_whole_is_not_whole_and_says_which() {
    let page = fixture("katello-errata/page.json");
    let many = fixture("katello-errata/many.json");
    let of_zip = |entries: &[Entry]| {
        scans_of(Export {
            host: Some("app01".into()),
            ..export(Content::Bytes(Arc::from(zip(entries))))
        })
    };
    let scans = of_zip(&[deflated("1.json", &many), deflated("2.json", &page)]).unwrap();
    assert_eq!(
        scans[0].summary.hosts, 1,
        "the host that was given is one, in whatever file"
    );
    let reason = scans[0].summary.incomplete.as_ref().unwrap();
    assert!(reason.starts_with("`2.json` "), "{reason}");
    let pages: Vec<Entry> = (0..9)
        .map(|number| deflated(&format!("{number}.json"), &page))
        .collect();
    let scans = of_zip(&pages).unwrap();
    let reason = scans[0].summary.incomplete.as_ref().unwrap();
    assert!(reason.ends_with("and 6 more files are not whole"), "{reason}");
}

#[test]
fn hostile_archives_are_refused_with_the_name_of_the_file() {
    let text = fixture("tenable-vm/one.json");
    let good = || deflated("good.json", &text);
    let named = |name: &[u8]| Entry {
        name: name.to_vec(),
        ..deflated("x", &text)
    };
    let is = |change: &dyn Fn(&mut Entry)| {
        let mut entry = deflated("bad.json", &text);
        change(&mut entry);
        entry
    };
    let rows: Vec<(&str, Entry, &str)> = vec![
        ("absolute", named(b"/etc/passwd"), "/etc/passwd"),
        ("dots", named(b"../up.json"), "../up.json"),
        ("dots inside", named(b"a/../../up.json"), "`a/../../up.json`"),
        ("drive", named(b"C:/x.json"), "C:/x.json"),
        ("backslash", named(b"..\\x.json"), "a backslash"),
        ("control", named(b"a\x1b[2J.json"), "\\u{1b}[2J"),
        ("newline", named(b"a\nb.json"), "a\\nb.json"),
        ("nul", named(b"a.json\0.txt"), "\\0"),
        ("latin", named(b"\xe9.json"), "not UTF-8"),
        ("no name", named(b""), "empty part"),
        ("double slash", named(b"a//b.json"), "empty part"),
        ("long", named(&[b'n'; 300]), "longer than 255"),
        (
            "twice",
            named(b"good.json"),
            "`good.json`: the archive holds it twice",
        ),
        (
            "link",
            is(&|entry| entry.mode = 0o120_777),
            "`bad.json`: it is a link",
        ),
        (
            "device",
            is(&|entry| entry.mode = 0o060_777),
            "`bad.json`: it is a link or a device",
        ),
        (
            "encrypted",
            is(&|entry| entry.flags = 1),
            "`bad.json`: it is encrypted",
        ),
        (
            "strongly encrypted",
            is(&|entry| entry.flags = 1 | 1 << 6),
            "encrypted",
        ),
        ("masked", is(&|entry| entry.flags = 1 << 13), "encrypted"),
        ("method", is(&|entry| entry.method = 12), "packed by the method"),
        (
            "other name before",
            is(&|entry| entry.local_name = Some(b"bad.jsox".to_vec())),
            "differ in its name",
        ),
        (
            "other checksum before",
            is(&|entry| entry.local = Some((1, entry.unpacked))),
            "differ in its checksum",
        ),
        (
            "other size before",
            is(&|entry| entry.local = Some((entry.crc, 7))),
            "differ in its size",
        ),
        ("wrong checksum", is(&|entry| entry.crc ^= 1), "`bad.json`"),
        ("too small a size", is(&|entry| entry.unpacked = 10), "`bad.json`"),
        (
            "too large a size",
            is(&|entry| entry.unpacked += 10),
            "`bad.json`",
        ),
        ("overlap", is(&|entry| entry.over = Some(0)), "differ in its name"),
        ("folder with bytes", named(b"bad/"), "a folder with bytes"),
        (
            "damaged",
            is(&|entry| entry.packed[20..40].fill(0xff)),
            "`bad.json`",
        ),
        (
            "zip in zip",
            deflated("in.zip", &zip(&[good()])),
            "`in.zip`: an archive inside",
        ),
    ];
    for (name, entry, says) in rows {
        let told = error(of_zip(&[good(), entry]));
        assert!(told.contains(says), "{name}: {told}");
        assert!(
            !told.chars().any(char::is_control),
            "{name}: {told:?} would reach the terminal raw"
        );
    }
    let same = Entry {
        over: Some(0),
        ..good()
    };
    assert!(error(of_zip(&[good(), same])).contains("twice"));
}

#[test]
fn bytes_around_the_files_of_an_archive_are_refused() {
    let good = zip(&[deflated("good.json", &fixture("tenable-vm/one.json"))]);
    let read = |bytes: &[u8]| error(scans(Content::Bytes(Arc::from(bytes))));
    assert!(read(&[&good, &b"more"[..]].concat()).contains("archive"));
    assert!(read(&[&good[..], &good].concat()).contains("cannot be trusted"));
    // Whoever reads from the beginning on would see it.
    let unlisted = Entry {
        is_unlisted: true,
        ..stored("other.json", b"[]")
    };
    let listed = deflated("good.json", &fixture("tenable-vm/one.json"));
    for entries in [[unlisted.clone(), listed.clone()], [listed, unlisted]] {
        let told = error(of_zip(&entries));
        assert!(told.contains("belong to no file"), "{told}");
    }
    for cut in (4..good.len()).step_by(5) {
        let told = read(&good[..cut]);
        assert!(
            told.starts_with("is cut off") || told.starts_with("is malformed"),
            "{cut}: {told}"
        );
    }
    // The number of files at the end.
    let mut fewer = good.clone();
    let end = fewer.len() - 22;
    fewer[end + 8..end + 12].copy_from_slice(&[0, 0, 0, 0]);
    assert!(read(&fewer).contains("cannot be trusted"), "{}", read(&fewer));
}

#[test]
fn any_wrong_byte_of_an_archive_is_survived() {
    let good = zip(&[
        deflated("a.json", &fixture("tenable-vm/one.json")),
        stored("b.json", &fixture("tenable-vm/one.json")),
    ]);
    let expected = shown(&scans(Content::Bytes(Arc::from(&*good))).unwrap())[0].3;
    for at in 0..good.len() {
        for byte in [good[at] ^ 0x80, good[at] ^ 1] {
            let mut bytes = good.clone();
            bytes[at] = byte;
            match scans(Content::Bytes(Arc::from(&*bytes))) {
                // Neither names nor what nobody reads change what is in it.
                Ok(scans) => assert_eq!(shown(&scans)[0].3, expected, "{at} {byte}"),
                Err(error) => assert!(!error.to_string().chars().any(char::is_control), "{error:?}"),
            }
        }
    }
}

#[test]
fn archives_and_folders_are_bounded() {
    let many: Vec<Entry> = (0..10_001)
        .map(|number| stored(&format!("{number}.json"), b""))
        .collect();
    assert!(error(of_zip(&many)).contains("more than 10000 files"));
    let bomb = endless();
    let told = error(of_zip(&[deflated("bomb.nessus", &bomb)]));
    assert!(
        told.contains("no honest export") && told.contains("`bomb.nessus`"),
        "{told}"
    );
    let told = error(of_zip(&[deflated("bomb.nessus", &gz(&bomb))]));
    assert!(told.contains("no honest export"), "{told}");
    let deep = "d/".repeat(20) + "a.json";
    let folder = folder(&[(&deep, b"x")]);
    assert!(error(of_folder(folder.path())).contains("more than 16 folders deep"));
}

#[cfg(unix)]
#[test]
fn links_and_pipes_in_a_folder_are_refused() {
    let one = fixture("tenable-vm/one.json");
    let outside = folder(&[("secret.json", &one)]);
    let inside = folder(&[("a.json", &one)]);
    let link = inside.path().join("b.json");
    std::os::unix::fs::symlink(outside.path().join("secret.json"), &link).unwrap();
    assert!(error(of_folder(inside.path())).contains("`b.json`: it is a link"));
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(outside.path(), &link).unwrap();
    assert!(error(of_folder(inside.path())).contains("`b.json`: it is a link"));
    std::fs::remove_file(&link).unwrap();
    let status = std::process::Command::new("mkfifo").arg(&link).status();
    if status.is_ok_and(|status| status.success()) {
        assert!(error(of_folder(inside.path())).contains("`b.json`: it is a link or a device"));
    }
    std::fs::remove_file(&link).unwrap();
    let hostile = inside.path().join("a\u{1b}[2J.json");
    std::fs::write(&hostile, &one).unwrap();
    assert!(error(of_folder(inside.path())).contains("control character"));
}
