//! The exports of a job: given by hand, committed, or from the ledger.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::args::Scans;
use super::console::Console;
use super::failure::{Failure, INPUT};
use super::job::Job;
use super::ledger;
use super::progress::Progress;
use crate::import::{Content, Export, ImportError, Meter, Product, Scan, collect_with, recognise, unfold};
use crate::ledger::{Ledger, Wanted};
use crate::model::RecordId;
use crate::source::EntryKind;

/// An export may have this many bytes when it is read from a commit, where it must be held whole.
const MAX_EXPORT_IN_COMMIT: u64 = 1 << 31;

impl Job {
    /// Reads the exports; one that cannot be read stops the work.
    pub(super) fn scans(
        &self,
        console: &mut Console<'_>,
        progress: &Progress,
        scans: &Scans,
    ) -> Result<Vec<Scan>, Failure> {
        let exports = self.ad_hoc(console, scans)?;
        for line in notes(&exports) {
            progress.say(console, &line)?;
        }
        self.scans_with(progress, exports)
    }

    /// Reads the exports of the repository, as far as those that are given do not stand for them, and those.
    pub(super) fn scans_with(
        &self,
        progress: &Progress,
        mut exports: Vec<Export>,
    ) -> Result<Vec<Scan>, Failure> {
        let mut replaced: Vec<Product> = Vec::new();
        for export in &exports {
            replaced.push(self.product(export)?);
        }
        // A scan given by hand stands for all scans of the repository; its inventory and catalogues stay.
        let mut read = Vec::new();
        let mut ledger = ledger::whole(self.read_ledger()?)?;
        let runs = ledger.take_runs();
        let stays = |scan: &Scan| !replaced.contains(&scan.importer.product);
        read.extend(runs.into_iter().filter(stays));
        // A Source that has a history is read from there alone; the others have their exports as they lie.
        let filed: BTreeSet<&str> = ledger
            .segments
            .iter()
            .map(|segment| &*segment.head.source)
            .collect();
        for export in self.committed()? {
            let is_filed = export
                .source
                .as_ref()
                .is_some_and(|id| filed.contains(id.as_str()));
            if !is_filed && (replaced.is_empty() || !replaced.contains(&self.product(&export)?)) {
                exports.push(export);
            }
        }
        // Read twice it is the same: the tree does not change.
        self.ledger.get_or_init(|| ledger);
        let mut refused = Vec::new();
        let meter = Meter::default();
        let bytes = exports.iter().map(Export::bytes).sum();
        let collected = progress.reading(bytes, &meter, || collect_with(&exports, &meter));
        for (export, result) in exports.iter().zip(collected) {
            match result {
                Ok(scan) => read.push(scan),
                Err(error) => refused.push(format!("`{}` {error}", export.file)),
            }
        }
        if refused.is_empty() {
            return Ok(read);
        }
        Err(Failure {
            code: INPUT,
            error: anyhow::anyhow!("an export was refused\n  {}", refused.join("\n  ")),
        })
    }

    /// Reads the ledger, if that is not done already, with its runs as of the moment that is judged.
    pub(super) fn read_ledger(&self) -> Result<Ledger, Failure> {
        match self.read.take() {
            Some(ledger) => Ok(ledger),
            None => ledger::read(&self.tree, Wanted::RunsAt(Arc::clone(&self.moments))),
        }
    }

    fn product(&self, export: &Export) -> Result<Product, Failure> {
        match recognise(export.input(), &export.options()) {
            Ok(importer) => Ok(importer.product),
            Err(error) => Err(refused(export, &error)),
        }
    }

    fn ad_hoc(&self, console: &Console<'_>, scans: &Scans) -> Result<Vec<Export>, Failure> {
        let mut exports = Vec::new();
        for argument in &scans.scans {
            let whole = console.folder.join(argument);
            let (file, source) = match argument.rsplit_once('=') {
                Some((file, source)) if !whole.exists() => (file, Some(self.source_named(source)?)),
                _ => (argument.as_str(), None),
            };
            let path = console.folder.join(file);
            if !path.exists() {
                return Err(Failure::input(anyhow::anyhow!(
                    "`{file}` is not there; give one export with each `--scan`: a file, or a folder or an archive of files"
                )));
            }
            let export = self.export(
                file.to_owned(),
                Content::File(path),
                source,
                scans.host.clone(),
                true,
            );
            for part in self.with_shared_source(unfolded(export)?) {
                exports.push(self.with_own_source(part)?);
            }
        }
        Ok(exports)
    }

    /// Leaves the Source that was given for a whole folder or archive to that of its formats that it reads.
    ///
    /// Where it reads none of them all keep it, as a file does.
    fn with_shared_source(&self, mut parts: Vec<Export>) -> Vec<Export> {
        let given = parts.first().and_then(|part| part.source.as_ref());
        let tool = given.and_then(|id| self.repository.tools.get(id));
        let reads = tool.map_or("", |tool| tool.spec.format.value.as_str());
        if parts.iter().any(|part| format_of(part) == Some(reads)) {
            for part in &mut parts {
                if format_of(part) != Some(reads) {
                    part.source = None;
                }
            }
        }
        parts
    }

    /// Gives an export without a Source the only one that reads its format, with what that Source says of it.
    fn with_own_source(&self, export: Export) -> Result<Export, Failure> {
        if export.source.is_some() {
            return Ok(export);
        }
        let recognised = recognise(export.input(), &export.options());
        // A delimited inventory has no form of its own: only a Source's mapping makes it readable.
        let format = recognised.as_ref().map_or("mapping", |importer| importer.name);
        let mut fitting = self
            .repository
            .tools
            .iter()
            .filter(|tool| tool.meta.is_live() && tool.spec.format.value == format);
        match (fitting.next(), fitting.next(), recognised) {
            (Some(single), None, _) => {
                let source = Some(single.id().clone());
                Ok(self.export(export.file, export.content, source, export.host, export.is_ad_hoc))
            }
            (_, _, Ok(_)) => Ok(export),
            (_, _, Err(error)) => Err(refused(&export, &error)),
        }
    }

    pub(super) fn source_named(&self, text: &str) -> Result<RecordId, Failure> {
        let found = RecordId::new(text).filter(|id| self.repository.tools.get(id).is_some());
        found.ok_or_else(|| {
            let known: Vec<&str> = self
                .repository
                .tools
                .iter()
                .map(|source| source.id().as_str())
                .collect();
            Failure::usage(format!(
                "there is no Source `{text}`; Sources are {}",
                known.join(", ")
            ))
        })
    }

    /// Lists `imports/<source id>/<file>`.
    fn committed(&self) -> Result<Vec<Export>, Failure> {
        let mut exports = Vec::new();
        for entry in self
            .tree
            .entries()
            .iter()
            .filter(|entry| entry.kind == EntryKind::File)
        {
            let mut parts = entry.path.split('/');
            let (Some("imports"), Some(folder), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            if entry.path.starts_with("imports/manifest/") {
                continue;
            }
            // Where a format names no host, a folder under the Source may.
            let host = match (entry.path.split('/').nth(2), parts.next()) {
                (Some(host), Some(_)) => Some(host.to_owned()),
                (_, _) => None,
            };
            let source = RecordId::new(folder).filter(|id| self.repository.tools.get(id).is_some());
            let content = match self.tree.path_on_disk(entry) {
                Some(path) => Content::File(path),
                None => Content::Bytes(Arc::from(self.tree.read(entry, MAX_EXPORT_IN_COMMIT)?)),
            };
            exports.extend(unfolded(self.export(
                entry.path.to_string(),
                content,
                source,
                host,
                false,
            ))?);
        }
        Ok(exports)
    }

    pub(super) fn export(
        &self,
        file: String,
        content: Content,
        source: Option<RecordId>,
        host: Option<String>,
        is_ad_hoc: bool,
    ) -> Export {
        let tool = source
            .as_ref()
            .and_then(|id| self.repository.tools.get(id))
            .map(|tool| &tool.spec);
        let mapping = tool
            .filter(|tool| tool.format.value == "mapping")
            .and_then(|tool| tool.mapping.clone());
        let date_order = tool.and_then(|tool| tool.date_order);
        Export {
            file,
            content,
            source,
            mapping,
            date_order,
            host,
            is_ad_hoc,
        }
    }
}

/// Splits a folder or an archive into an export for each format in it.
pub(super) fn unfolded(export: Export) -> Result<Vec<Export>, Failure> {
    let file = export.file.clone();
    unfold(export).map_err(|error| Failure {
        code: INPUT,
        error: anyhow::anyhow!("an export was refused\n  `{file}` {error}"),
    })
}

/// Finds again the part of a folder or an archive that an export was, by the name that it had.
pub(super) fn named_part(export: Export) -> Result<Export, Failure> {
    let file = export.file.clone();
    let mut parts = unfolded(export)?;
    let ends = |part: &Export| format_of(part).is_some_and(|format| file.ends_with(&format!(" ({format})")));
    let at = if parts.len() == 1 {
        Some(0)
    } else {
        parts.iter().position(ends)
    };
    match at {
        Some(at) => Ok(Export {
            file,
            ..parts.swap_remove(at)
        }),
        None => Err(Failure::input(anyhow::anyhow!(
            "`{file}` holds exports of several formats, and its name says none of them"
        ))),
    }
}

/// Returns the format of the files of a folder or an archive.
pub(super) fn format_of(export: &Export) -> Option<&'static str> {
    match &export.content {
        Content::Part(part) => Some(part.importer().name),
        Content::File(_) | Content::Bytes(_) => None,
    }
}

/// Says which files of folders and archives were passed over.
pub(super) fn notes(exports: &[Export]) -> Vec<String> {
    const SHOWN: usize = 5;
    let mut lines: Vec<String> = Vec::new();
    for export in exports {
        let Content::Part(part) = &export.content else {
            continue;
        };
        let names = part.passed_over();
        if names.is_empty() || !part.is_first() {
            continue;
        }
        let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
        let more = match names.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        lines.push(format!(
            "`{}`: hidden files were passed over: {}{more}",
            export.file,
            shown.join(", ")
        ));
    }
    lines
}

fn refused(export: &Export, error: &ImportError) -> Failure {
    Failure {
        code: INPUT,
        error: anyhow::anyhow!("an export was refused\n  `{}` {error}", export.file),
    }
}
