//! `demo`, `init` and `new`.

use super::publish::{make, verify};
use super::say;
use crate::author;
use crate::cli::args::{At, Demo, Global, Init, New, Scans, Verify};
use crate::cli::console::Console;
use crate::cli::failure::{CLEAN, Failure};
use crate::cli::job::open;
use crate::model::KeyPurpose;
use crate::output::text::visible;

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
        &audit,
        key.as_deref(),
        None,
        &At::default(),
        &Scans::default(),
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
        &Verify {
            bundle: audit,
            allowed_signers: None,
        },
    )?;
    Ok(code.max(verified))
}

pub(in crate::cli) fn init(console: &mut Console<'_>, global: &Global, init: &Init) -> Result<u8, Failure> {
    let _ = (console, global, init);
    Err(Failure::usage("not merged"))
}

pub(in crate::cli) fn new(console: &mut Console<'_>, global: &Global, new: &New) -> Result<u8, Failure> {
    let _ = (console, global, new, CLEAN);
    Err(Failure::usage("not merged"))
}
