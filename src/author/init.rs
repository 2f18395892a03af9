//! A fresh governed repository: honest drafts that pass `check`, with a workflow, editor settings and schemas.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use include_dir::{Dir, include_dir};
use serde_json::{Map, Value, json};

use super::demo::collect;
use crate::model::controls::{Edition, catalogue, predecessors};
use crate::model::{Date, Kind, Zone, configuration_schema, schema_file_name, schema_text};
use crate::source::write::{Files, Place, place, replace_folder, write_beside};

static SKELETON: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/author/skeleton");

/// For each control of Annex A a first reason why it may apply, for its owner to confirm or to replace.
const DRAFT_REASONS: &str = include_str!("draft_reasons.tsv");

/// Files that stay as they are where a folder has them already.
const KEPT: [&str; 2] = [".gitattributes", "README.md"];

/// Writes a governed repository into a folder, and returns the files that it wrote.
///
/// The folder may hold other files, such as those of a git work tree; one that holds `isms.yaml`, or any
/// file that would be written but for a README, is refused before anything is written.
pub fn init(folder: &Path, organisation: &str, timezone: &str, day: Date) -> Result<Vec<String>> {
    if Zone::named(timezone).is_none() {
        bail!("`{timezone}` is no zone of the IANA database; write a name such as `Europe/Berlin`");
    }
    if organisation.trim().is_empty() || organisation.chars().any(char::is_control) {
        bail!("the name of the organisation is one line of text; give it with `--organisation`");
    }
    let mut files = skeleton(organisation, timezone, day)?;
    match place(folder)? {
        Place::Free | Place::EmptyFolder => replace_folder(folder, &files)?,
        Place::File => bail!("`{}` is a file, and a folder is to be written", folder.display()),
        Place::Folder => {
            if folder.join("isms.yaml").exists() {
                bail!(
                    "`{}` holds an `isms.yaml`, so that it is governed already",
                    folder.display()
                );
            }
            files.retain(|path, _| !(KEPT.contains(&path.as_str()) && folder.join(path).exists()));
            if let Some(path) = files.keys().find(|path| folder.join(path).exists()) {
                bail!(
                    "`{}` holds `{path}` already; move it away, or name another folder",
                    folder.display()
                );
            }
            for (path, bytes) in &files {
                write_beside(&folder.join(path), bytes)?;
            }
        }
    }
    Ok(files.into_keys().collect())
}

fn skeleton(organisation: &str, timezone: &str, day: Date) -> Result<Files> {
    let mut files = Files::new();
    collect(&SKELETON, &mut files);
    let values = [
        ("{{organisation}}", Value::from(organisation).to_string()),
        ("{{timezone}}", timezone.to_owned()),
        ("{{day}}", day.to_string()),
        ("{{in_half_a_year}}", day.plus_days(180).to_string()),
        ("{{in_a_year}}", day.plus_days(365).to_string()),
        ("{{version}}", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    for (path, bytes) in &mut files {
        let text = std::str::from_utf8(bytes).with_context(|| format!("`{path}` is no text"))?;
        *bytes = values
            .iter()
            .fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
            .into_bytes();
    }
    files.insert("soa/soa-2022.yaml".into(), draft_statement(day).into_bytes());
    files.insert(".vscode/settings.json".into(), editor_settings().into_bytes());
    for kind in Kind::ALL {
        files.insert(
            format!("schemas/{}", schema_file_name(Some(*kind))),
            schema_text(*kind).into(),
        );
    }
    files.insert(
        format!("schemas/{}", schema_file_name(None)),
        configuration_schema().into(),
    );
    Ok(files)
}

/// Writes a statement in which every control applies and none is claimed to be implemented.
fn draft_statement(day: Date) -> String {
    let next = day.plus_days(365);
    let mut text = format!(
        "# yaml-language-server: $schema=../schemas/soa.schema.json\n\
         apiVersion: countersign/v1\nkind: Soa\nid: soa-2022\ntitle: Statement of Applicability\nowner: role-ciso\n\
         created: {day}\nstatus: draft\nversion: 0.1.0\nreview: {{cycle_days: 365, next: {next}}}\nspec:\n  edition: \"2022\"\n  entries:\n"
    );
    for control in catalogue(Edition::Iso2022) {
        let legacy = predecessors(control.id).join(", ");
        let reason = DRAFT_REASONS
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .find(|(id, _)| *id == control.id);
        let justification = format!("Draft: {}", reason.map_or(control.title, |(_, reason)| reason));
        let _ = write!(
            text,
            "    - control: \"{}\"\n      legacy: [{legacy}]\n      applicable: true\n      reasons: [practice]\n\
             \x20     justification: {}\n      implementation: none\n      owner: role-ciso\n",
            control.id,
            Value::from(justification)
        );
    }
    text
}

/// Maps each folder of records to its schema, for the YAML extension of editors.
fn editor_settings() -> String {
    let mut schemas = Map::new();
    for kind in Kind::ALL {
        let pattern = match kind.folder() {
            "" => "/isms.yaml".to_owned(),
            folder if *kind == Kind::Approval => format!("/{folder}/*/*.yaml"),
            folder => format!("/{folder}/*.yaml"),
        };
        schemas.insert(
            format!("./schemas/{}", schema_file_name(Some(*kind))),
            json!(pattern),
        );
    }
    schemas.insert(
        format!("./schemas/{}", schema_file_name(None)),
        json!("/compliance.yaml"),
    );
    let settings = json!({ "yaml.schemas": schemas, "files.eol": "\n" });
    serde_json::to_string_pretty(&settings).unwrap_or_default() + "\n"
}
