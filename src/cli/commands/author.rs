//! `demo`, `init`, `new` and `renew`.

use super::bundle::{Wanted, make};
use super::prove::verify;
use super::say;
use crate::author;
use crate::cli::args::{At, Demo, Global, Init, New, Proof, Renew, Scans, Verify};
use crate::cli::console::Console;
use crate::cli::failure::{CLEAN, Failure, USAGE};
use crate::cli::job::{Job, open};
use crate::cli::progress::Progress;
use crate::cli::time;
use crate::model::{KeyPurpose, Kind, RecordId, Zone, parse_date};
use crate::output::text::visible;
use crate::source::write::write_beside;

pub(in crate::cli) fn demo(console: &mut Console<'_>, global: &Global, demo: &Demo) -> Result<u8, Failure> {
    let out = console.folder.join(&demo.out);
    let mut said = Vec::new();
    let made = author::demo(&out, console.now, &mut |line| said.push(line.to_owned()))?;
    for line in said {
        say(console, global, line)?;
    }
    let inside = Global {
        repo: Some(made.repository.clone()),
        as_of: Some(made.day.to_string()),
        ..global.clone()
    };
    let job = open(console, &inside, &At::default())?;
    let signs = |purpose: Option<KeyPurpose>| purpose == Some(KeyPurpose::SignBundle);
    let signer = job
        .repository
        .people
        .iter()
        .find(|person| person.spec.keys.iter().any(|key| signs(key.purpose)));
    let key = signer.map(|person| made.keys.join(person.id().as_str()));
    let audit = out.join("audit");
    let code = make(
        console,
        &inside,
        &Wanted {
            out: &audit,
            proof: &Proof {
                key,
                ..Proof::default()
            },
            period: None,
            at: &At::default(),
            scans: &Scans::default(),
        },
    )?;
    let place = |path: &std::path::Path| visible(&path.display().to_string()).into_owned();
    writeln!(
        console.out,
        "{} commits, {} approvals, judged as of {}",
        made.commits, made.approvals, made.day
    )?;
    writeln!(console.out, "repository  {}", place(&made.repository))?;
    writeln!(console.out, "keys        {}", place(&made.keys))?;
    writeln!(console.out, "documents   {}", place(&audit.join("index.html")))?;
    writeln!(console.out, "bundle      {}", place(&audit))?;
    let verified = verify(
        console,
        &inside,
        &Verify {
            bundle: audit,
            allowed_signers: None,
            keyring: None,
            rebuild: None,
            scans: Vec::new(),
        },
    )?;
    Ok(code.max(verified))
}

pub(in crate::cli) fn init(console: &mut Console<'_>, global: &Global, init: &Init) -> Result<u8, Failure> {
    let zone = Zone::named(&init.timezone).unwrap_or(Zone(chrono_tz::UTC));
    let day = time::as_of(global.as_of.as_deref(), console.now, zone)?.day();
    let folder = console.folder.join(&init.dir);
    let files = author::init(&folder, &init.organisation, &init.timezone, day)
        .map_err(|error| Failure { code: USAGE, error })?;
    for file in &files {
        writeln!(console.out, "{}", visible(file))?;
    }
    let place = visible(&init.dir.display().to_string()).into_owned();
    say(
        console,
        global,
        format_args!(
            "next: `countersign check --repo {place}`, then commit; README.md in it says what to fill in"
        ),
    )?;
    Ok(CLEAN)
}

pub(in crate::cli) fn new(console: &mut Console<'_>, global: &Global, new: &New) -> Result<u8, Failure> {
    let kind = Kind::from_word(&new.kind).ok_or_else(|| {
        let names: Vec<String> = Kind::ALL.iter().map(ToString::to_string).collect();
        Failure::usage(format!(
            "there is no kind `{}`; kinds are {}",
            new.kind,
            names.join(", ")
        ))
    })?;
    let mut sets = Vec::new();
    for set in &new.sets {
        let Some((path, value)) = set.split_once('=') else {
            return Err(Failure::usage(format!(
                "`--set {set}` has no `=`; write `--set spec.severity=high`"
            )));
        };
        sets.push((path.to_owned(), value.to_owned()));
    }
    let job = open(console, global, &At::default())?;
    let progress = Progress::start(console, global, "reading");
    let scans = job.scans(console, &progress, &Scans::default())?;
    drop(progress);
    let register = job.register(&scans, None);
    let wanted = author::Wanted {
        kind,
        sets: &sets,
        vulns: &new.vulns,
        systems: &new.systems,
    };
    let made = author::new_record(&job.repository, Some(&register), wanted, job.as_of.day());
    let (path, text) = made.map_err(|error| Failure { code: USAGE, error })?;
    put(console, &job, &path, &text)
}

pub(in crate::cli) fn renew(
    console: &mut Console<'_>,
    global: &Global,
    renew: &Renew,
) -> Result<u8, Failure> {
    let job = open(console, global, &At::default())?;
    let until = parse_date(&renew.until)
        .ok_or_else(|| Failure::usage(format!("`--until {}` is no day; write `2026-12-31`", renew.until)))?;
    let id = RecordId::new(&renew.id)
        .ok_or_else(|| Failure::usage(format!("`{}` is no id of a record", renew.id)))?;
    let made = author::renew(&job.repository, &id, until, job.as_of.day());
    let (path, text) = made.map_err(|error| Failure { code: USAGE, error })?;
    put(console, &job, &path, &text)
}

/// Writes a record where none is, and tells its path.
fn put(console: &mut Console<'_>, job: &Job, path: &str, text: &str) -> Result<u8, Failure> {
    let target = job.root.join(path);
    if target.exists() {
        return Err(Failure::usage(format!(
            "`{path}` is there already; nothing was written"
        )));
    }
    write_beside(&target, text.as_bytes())?;
    writeln!(console.out, "{}", visible(path))?;
    Ok(CLEAN)
}
