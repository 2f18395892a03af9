//! `import` and `ledger`: what scanners said becomes history, and history is checked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::identity::key_holder;
use super::say;
use crate::cli::args::{At, Global, Import, LedgerCommand, Rebuild};
use crate::cli::console::Console;
use crate::cli::exports::{format_of, named_part, notes, unfolded};
use crate::cli::failure::{CLEAN, Failure, INPUT, TRUST};
use crate::cli::job::{Job, open};
use crate::cli::ledger;
use crate::cli::progress::Progress;
use crate::diagnostic::counted;
use crate::import::{Content, Export, Meter, Scan, collect, collect_with, sha256_of};
use crate::ledger::{EventKind, Filed, Ledger, MANIFEST, NewSegment, Refusal, Statement, Terms, Wanted};
use crate::model::{KeyPurpose, Record, RecordId, Source};
use crate::output::text::visible;
use crate::source::undo::steady;
use crate::source::write::{hold, remove, write_beside, write_new};
use crate::source::{self, EntryKind, Tree};
use crate::trust::signer::Signer;
use crate::trust::sshsig::Namespace;

/// The share of hosts by which a run may shrink, in percent, where the configuration says nothing.
const MAX_DROP: i64 = 20;
/// A segment that is compared may have this many bytes.
const MAX_SEGMENT_BYTES: u64 = 1 << 34;

pub(in crate::cli) fn import(
    console: &mut Console<'_>,
    global: &Global,
    import: &Import,
) -> Result<u8, Failure> {
    let job = open(console, global, &At::default())?;
    let source = job.source_named(&import.source)?;
    let signer = import
        .key
        .as_ref()
        .map(|key| key_holder(console, &job, Some(key.as_path()), KeyPurpose::Import))
        .transpose()?;
    let progress = Progress::start(console, global, "importing");
    let mut exports = Vec::new();
    for file in &import.files {
        let parts = unfolded(export(console, &job, &source, import, file)?)?;
        for line in notes(&parts) {
            progress.say(console, &line)?;
        }
        exports.extend(of_source(console, &progress, &job, &source, parts)?);
    }
    let scans = read(&job, &source, &progress, &exports)?;
    drop(progress);
    let hold = hold(&job.root.join(crate::ledger::LEDGER))?;
    let mut ledger = ledger::read_whole(&source::read_folder(&job.root)?)?;
    for scan in &scans {
        file(
            console,
            global,
            &job,
            &source,
            (import, signer.as_ref()),
            (scan, &mut ledger),
        )?;
    }
    drop(hold);
    Ok(CLEAN)
}

/// Names an export as it lies in the repository, else by its file name: the rest is of this machine.
fn export(
    console: &Console<'_>,
    job: &Job,
    source: &RecordId,
    import: &Import,
    file: &Path,
) -> Result<Export, Failure> {
    let path = console.folder.join(file);
    if !path.exists() {
        return Err(Failure::input(anyhow::anyhow!(
            "`{}` is not there; give the exports of one Source: files, folders or archives",
            file.display()
        )));
    }
    let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
    let inside = job.root.canonicalize().ok().and_then(|root| {
        let name = whole
            .strip_prefix(root)
            .ok()?
            .to_string_lossy()
            .replace('\\', "/");
        Some(name).filter(|name| !name.is_empty())
    });
    let name = path.file_name().or(whole.file_name());
    let name = name.map(|name| name.to_string_lossy().into_owned());
    let name = inside.or(name).unwrap_or_default();
    Ok(job.export(
        name,
        Content::File(path),
        Some(source.clone()),
        import.host.clone(),
        false,
    ))
}

fn format_read_by<'a>(job: &'a Job, source: &RecordId) -> Option<&'a str> {
    let tool = job.repository.tools.get(source)?;
    Some(tool.spec.format.value.as_str())
}

/// Keeps what the Source reads of a folder or an archive, and says what is left for others.
fn of_source(
    console: &mut Console<'_>,
    progress: &Progress,
    job: &Job,
    source: &RecordId,
    parts: Vec<Export>,
) -> Result<Vec<Export>, Failure> {
    let expected = format_read_by(job, source);
    let (own, others): (Vec<Export>, Vec<Export>) =
        parts.into_iter().partition(|part| format_of(part) == expected);
    if own.is_empty() {
        return Ok(others);
    }
    for other in others {
        let format = format_of(&other).unwrap_or_default();
        let line = format!(
            "`{}` is not imported: `{source}` does not read `{format}`; import it with the Source that does",
            other.file
        );
        progress.say(console, &line)?;
    }
    Ok(own)
}

fn read(job: &Job, source: &RecordId, progress: &Progress, exports: &[Export]) -> Result<Vec<Scan>, Failure> {
    let expected = format_read_by(job, source);
    let meter = Meter::default();
    let bytes = exports.iter().map(Export::bytes).sum();
    let collected = progress.reading(bytes, &meter, || collect_with(exports, &meter));
    let mut scans = Vec::new();
    for (export, result) in exports.iter().zip(collected) {
        let scan = result.map_err(|error| {
            Failure::input(anyhow::anyhow!(
                "an export was refused\n  `{}` {error}",
                export.file
            ))
        })?;
        if Some(scan.importer.name) != expected {
            return Err(Failure::input(anyhow::anyhow!(
                "an export was refused\n  `{}` is of the format `{}`, and `{source}` reads `{}`",
                export.file,
                scan.importer.name,
                expected.unwrap_or_default()
            )));
        }
        scans.push(scan);
    }
    Ok(scans)
}

fn file(
    console: &mut Console<'_>,
    global: &Global,
    job: &Job,
    source: &RecordId,
    (import, signer): (&Import, Option<&(Signer, RecordId)>),
    (scan, ledger): (&Scan, &mut Ledger),
) -> Result<(), Failure> {
    let tool = job.repository.tools.get(source);
    let terms = Terms {
        source: source.as_str(),
        zone: tool.map_or("UTC", |tool| tool.spec.timezone.value.as_str()),
        absence_means_fixed: tool.is_some_and(|tool: &Record<Source>| tool.spec.absence_means_fixed),
        host: import.host.as_deref(),
        accept_drop: import.accept_drop.as_deref(),
        max_drop: job.settings.number("REC012", "drop_pct").unwrap_or(MAX_DROP),
    };
    let filed = ledger
        .file(scan, &terms)
        .map_err(|refusal| refused(scan, &refusal))?;
    match filed {
        Filed::Known { path } => {
            writeln!(console.out, "{}", visible(&path))?;
            say(
                console,
                global,
                format_args!("`{}` is already there", visible(&scan.file)),
            )
        }
        Filed::New(segment) => {
            let statement = statement(console, &segment, signer.map(|(_, person)| person));
            let text = statement.to_text();
            let signature = signer
                .map(|(signer, _)| signer.sign(text.as_bytes(), Namespace::Import))
                .transpose()?;
            // What belongs together is written to its end, even when the run is interrupted.
            let _steady = steady();
            // The statement last: until it is there nothing is imported, and the next run goes on from before.
            if let Some(left) = ledger.unfinished.take() {
                remove(&job.root.join(&*left))?;
            }
            place(&job.root, &segment.path, &segment.bytes)?;
            let signed = format!("{}.sig", statement.path());
            match signature {
                Some(signature) => place(&job.root, &signed, &signature)?,
                // What a killed run signed is not what this one says.
                None => remove(&job.root.join(signed))?,
            }
            place(&job.root, &statement.path(), text.as_bytes())?;
            writeln!(console.out, "{}", visible(&segment.path))?;
            say(console, global, summary(scan, &segment))
        }
    }
}

fn refused(scan: &Scan, refusal: &Refusal) -> Failure {
    Failure::input(anyhow::anyhow!(
        "an export was refused\n  `{}` {refusal}",
        scan.file
    ))
}

fn statement(console: &Console<'_>, segment: &NewSegment, person: Option<&RecordId>) -> Statement {
    let head = &segment.head;
    Statement {
        import: 1,
        segment: segment.sequence,
        digest: segment.digest.clone(),
        source: head.source.clone(),
        file: head.file.clone(),
        sha256: head.sha256.clone(),
        run_at: head.run_at,
        zone: head.zone.clone(),
        absence_means_fixed: head.absence_means_fixed,
        host: head.host.clone(),
        accept_drop: head.accept_drop.clone(),
        imported_at: console.now,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        person: person.map(ToString::to_string),
        signature: None,
    }
}

/// Writes what nobody has written yet; what a killed run left at the end of the ledger is written again.
fn place(root: &Path, path: &str, bytes: &[u8]) -> Result<(), Failure> {
    if write_new(root, path, bytes)? {
        return Ok(());
    }
    Ok(write_beside(&root.join(path), bytes)?)
}

fn summary(scan: &Scan, segment: &NewSegment) -> String {
    let words = |kind: EventKind| match kind {
        EventKind::Seen => "seen first",
        EventKind::SeenAgain => "seen again",
        EventKind::Fixed => "fixed",
        EventKind::Reopened => "reopened",
        EventKind::SeverityChanged => "rated otherwise",
        EventKind::Changed => "changed",
        EventKind::Absent => "gone",
        EventKind::Stale => "not seen, which proves nothing",
    };
    let events: Vec<String> = segment
        .events
        .iter()
        .map(|(kind, count)| format!("{count} {}", words(*kind)))
        .collect();
    let events = if events.is_empty() {
        "nothing new".to_owned()
    } else {
        events.join(", ")
    };
    let incomplete = scan
        .summary
        .incomplete
        .as_ref()
        .map(|why| format!("; incomplete: {}", visible(why)))
        .unwrap_or_default();
    format!(
        "`{}`: {} hosts, {} observations; {events}{incomplete}",
        visible(&scan.file),
        scan.summary.hosts,
        scan.summary.observations
    )
}

pub(in crate::cli) fn ledger(
    console: &mut Console<'_>,
    global: &Global,
    command: &LedgerCommand,
) -> Result<u8, Failure> {
    match command {
        LedgerCommand::Verify => verify(console, global),
        LedgerCommand::Rebuild(rebuild) => remake(console, global, rebuild),
    }
}

/// Names each file that is not what was imported.
fn verify(console: &mut Console<'_>, global: &Global) -> Result<u8, Failure> {
    let job = open(console, global, &At::default())?;
    let ledger = job.read_ledger()?;
    for fault in &ledger.faults {
        writeln!(console.out, "{}: {}", visible(&fault.path), visible(&fault.what))?;
    }
    if let Some(path) = &ledger.unfinished {
        writeln!(
            console.out,
            "{}: no statement says that it was imported; an import was killed, and the next one writes it again",
            visible(path)
        )?;
    }
    if !ledger.faults.is_empty() || ledger.unfinished.is_some() {
        return Ok(TRUST);
    }
    let signed = ledger
        .statements
        .values()
        .filter(|statement| statement.signature.is_some());
    say(
        console,
        global,
        format_args!(
            "{} as imported, {} of the imports signed; head {}",
            counted(ledger.segments.len() as u64, "segment"),
            signed.count(),
            ledger.head().unwrap_or("none")
        ),
    )?;
    Ok(CLEAN)
}

/// Makes every segment again from the exports, and puts back those that were changed or lost.
fn remake(console: &mut Console<'_>, global: &Global, rebuild: &Rebuild) -> Result<u8, Failure> {
    let job = open(console, global, &At::default())?;
    let hold = hold(&job.root.join(crate::ledger::LEDGER))?;
    let tree = source::read_folder(&job.root)?;
    let old = ledger::read(&tree, Wanted::Segments)?;
    let wanted: Vec<&Statement> = old.statements.values().collect();
    let exports = find_exports(console, (&job.root, &tree), &wanted, &rebuild.files)?;
    let missing: Vec<&&Statement> = wanted
        .iter()
        .filter(|one| !exports.contains_key(&*one.sha256))
        .collect();
    if !missing.is_empty() {
        let lines: Vec<String> = missing
            .iter()
            .map(|one| format!("`{}` of `{}`, sha256 {}", one.file, one.source, one.sha256))
            .collect();
        return Err(Failure::input(anyhow::anyhow!(
            "exports are needed that are not under `imports/`; give them as FILE\n  {}",
            lines.join("\n  ")
        )));
    }
    let mut fresh = Ledger::default();
    let mut restored = 0;
    for statement in wanted {
        let segment = again(&job, &mut fresh, statement, exports.get(&*statement.sha256))?;
        if segment.digest != statement.digest {
            writeln!(
                console.out,
                "{}: made again it is {}, and {} was imported",
                segment.path, segment.digest, statement.digest
            )?;
            return Ok(TRUST);
        }
        let there = tree
            .entry(&segment.path)
            .and_then(|entry| tree.read(entry, MAX_SEGMENT_BYTES).ok());
        if there.as_deref() != Some(&*segment.bytes) {
            write_beside(&job.root.join(&segment.path), &segment.bytes)?;
            writeln!(console.out, "{}", segment.path)?;
            restored += 1;
        }
    }
    drop(hold);
    say(
        console,
        global,
        format_args!(
            "{} made again from the exports, {restored} put back; head {}",
            counted(fresh.segments.len() as u64, "segment"),
            fresh.head().unwrap_or("none")
        ),
    )?;
    Ok(CLEAN)
}

/// Files an export as it was filed then.
fn again(
    job: &Job,
    fresh: &mut Ledger,
    statement: &Statement,
    path: Option<&PathBuf>,
) -> Result<NewSegment, Failure> {
    let source = job.source_named(&statement.source)?;
    let content = path
        .cloned()
        .map(Content::File)
        .unwrap_or_else(|| Content::Bytes(Arc::from([])));
    let export = named_part(job.export(
        statement.file.clone(),
        content,
        Some(source),
        statement.host.clone(),
        false,
    ))?;
    let mut scans = collect(std::slice::from_ref(&export));
    let scan = match scans.pop() {
        Some(Ok(scan)) => scan,
        Some(Err(error)) => {
            return Err(Failure::input(anyhow::anyhow!("`{}` {error}", statement.file)));
        }
        None => {
            return Err(Failure::input(anyhow::anyhow!(
                "`{}` holds nothing",
                statement.file
            )));
        }
    };
    let terms = Terms {
        source: &statement.source,
        zone: &statement.zone,
        absence_means_fixed: statement.absence_means_fixed,
        host: statement.host.as_deref(),
        accept_drop: statement.accept_drop.as_deref(),
        max_drop: i64::from(i32::MAX),
    };
    match fresh.file(&scan, &terms) {
        Ok(Filed::New(segment)) => Ok(*segment),
        Ok(Filed::Known { path }) => Err(Failure {
            code: INPUT,
            error: anyhow::anyhow!("`{}` was imported twice, first as `{path}`", statement.file),
        }),
        Err(refusal) => Err(refused(&scan, &refusal)),
    }
}

/// Finds files and folders by their digests: those given, then everything under `imports/`.
fn find_exports(
    console: &Console<'_>,
    (root, tree): (&Path, &Tree),
    wanted: &[&Statement],
    given: &[PathBuf],
) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let given = given.iter().map(|file| console.folder.join(file));
    let stored = tree
        .entries()
        .iter()
        .filter(|entry| entry.kind == EntryKind::File && entry.path.starts_with("imports/"))
        .filter(|entry| !entry.path.starts_with("imports/manifest/"))
        .filter_map(|entry| tree.path_on_disk(entry));
    let mut found = BTreeMap::new();
    for path in given.chain(stored) {
        let digest = sha256_of(&path)
            .map_err(|error| Failure::input(anyhow::anyhow!("`{}` {error}", path.display())))?;
        if wanted.iter().any(|one| one.sha256 == digest) {
            found.entry(digest).or_insert(path);
        }
    }
    if wanted.iter().all(|one| found.contains_key(&one.sha256)) {
        return Ok(found);
    }
    for folder in folders_of_exports(tree) {
        let folder = root.join(folder);
        // A folder that cannot be one export is none that was imported.
        let digest = sha256_of(&folder).ok();
        if let Some(digest) = digest.filter(|digest| wanted.iter().any(|one| one.sha256 == *digest)) {
            found.entry(digest).or_insert(folder);
        }
    }
    Ok(found)
}

/// Lists the folders under `imports/<source id>/`, at any depth, and those themselves.
fn folders_of_exports(tree: &Tree) -> BTreeSet<&str> {
    let mut folders = BTreeSet::new();
    for entry in tree.entries() {
        let mut path = &*entry.path;
        while let Some((folder, _)) = path.rsplit_once('/') {
            if folder.starts_with("imports/") && folder != MANIFEST {
                folders.insert(folder);
            }
            path = folder;
        }
    }
    folders
}
