//! SCP004: a System that no tool and no procedure brings patches to.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::systems::is_current;
use crate::check::words::{excerpt, listed, listed_up_to};
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{HostStatus, ManagementMethod, Record, Source, SourceRole, SourceState, System};

pub(in crate::check) const CHECK: Check = Check {
    code: "SCP004",
    name: "management-coverage-gap",
    family: Family::Scope,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("management_coverage.md"),
    run,
};

/// Words by which a platform is known in an inventory, and what a Source may call it under `covers`.
const PLATFORMS: &[(&[&str], &[&str])] = &[
    (&["windows", "win"], &["windows"]),
    (&["rhel", "red hat"], &["rhel", "linux"]),
    (&["debian"], &["debian", "linux"]),
    (&["ubuntu"], &["ubuntu", "linux"]),
    (&["centos"], &["centos", "linux"]),
    (&["almalinux"], &["almalinux", "linux"]),
    (&["rocky"], &["rocky", "linux"]),
    (&["suse", "sles"], &["suse", "sles", "linux"]),
    (&["fedora"], &["fedora", "linux"]),
    (&["alpine"], &["alpine", "linux"]),
    (&["linux"], &["linux"]),
    (&["macos", "mac os"], &["macos"]),
];

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let day = context.as_of().day();
    for system in &context.repository().systems {
        if is_current(system, day) && system.spec.scope.is_in.value {
            out.extend(judge(context, system));
        }
    }
}

fn judge(context: &Context<'_>, system: &Record<System>) -> Option<Diagnostic> {
    let management = system.spec.management.as_ref();
    let manual = management.and_then(|management| management.manual.as_ref());
    // What a tool does not reach may be patched by a procedure beside it.
    if manual.is_some_and(|manual| !manual.procedure.trim().is_empty()) {
        return None;
    }
    if management.is_some_and(|management| management.method == ManagementMethod::Manual) {
        let message = format!("`{}` is patched by hand, and no procedure says how", system.id());
        let help = "write `management.manual` with `procedure` and `verify_days`";
        return Some(fault(system, message, "method `manual`".into(), help.into()));
    }
    let named = management.and_then(|management| management.source.as_ref());
    let tools: Vec<&Record<Source>> = match named {
        // A Source that is not there is REF001's to flag.
        Some(named) => vec![context.repository().tools.get(named)?],
        None => deploying(context),
    };
    let (platform, places) = uncovered(context, system, &tools)?;
    let of_tools = listed(tools.iter().map(|tool| tool.id()));
    let message = match (&platform, named) {
        (Some(platform), _) => format!(
            "`{}` runs {platform}, which {of_tools} does not cover",
            system.id()
        ),
        (None, _) => format!("no Source brings patches to `{}`", system.id()),
    };
    let label = if places.is_empty() {
        "no `management.source`, and no Source deploys".into()
    } else {
        format!("found at {}", listed_up_to(3, places))
    };
    let help = "name the Source that deploys to it under `management.source`, add the platform to its `covers` if it \
                does reach it, or write a procedure under `management.manual`";
    Some(fault(system, message, label, help.into()))
}

fn fault(system: &Record<System>, message: String, label: String, help: String) -> Diagnostic {
    Diagnostic::error(CHECK.code, system.meta.id.span, message)
        .label(label)
        .help(help)
        .subject(system.id().to_string())
}

/// Lists the Sources in use that deploy patches.
fn deploying<'a>(context: &Context<'a>) -> Vec<&'a Record<Source>> {
    let all = context.repository().tools.iter();
    all.filter(|source| {
        source.meta.is_live()
            && source.spec.state == SourceState::Approved
            && source.spec.roles.contains(&SourceRole::Deploy)
    })
    .collect()
}

/// Finds a platform of a System that none of the tools covers, with where it was found; `None` where all are.
fn uncovered(
    context: &Context<'_>,
    system: &Record<System>,
    tools: &[&Record<Source>],
) -> Option<(Option<String>, Vec<String>)> {
    if tools.is_empty() {
        return Some((None, Vec::new()));
    }
    let covered: BTreeSet<String> = tools
        .iter()
        .flat_map(|tool| &tool.spec.covers)
        .map(|word| word.to_lowercase())
        .collect();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let row = context.register.systems.get(system.id());
    for host in row.map_or(&[][..], |row| &row.hosts) {
        let host = context.register.host(host);
        let Some(host) = host.filter(|host| host.status != HostStatus::Retired) else {
            continue;
        };
        let Some(os) = host.os.as_deref() else { continue };
        let names = names_of(os);
        if !names.is_empty() && !names.iter().any(|name| covered.contains(*name)) {
            found
                .entry(format!("`{}`", excerpt(os)))
                .or_default()
                .push(host.id.to_string());
        }
    }
    let (platform, places) = found.into_iter().next()?;
    Some((Some(platform), places))
}

/// Returns what a platform may be called under `covers`; nothing for one that is not known.
fn names_of(os: &str) -> &'static [&'static str] {
    let os = os.to_lowercase();
    let platform = PLATFORMS
        .iter()
        .find(|(words, _)| words.iter().any(|word| is_named(&os, word)));
    platform.map_or(&[], |(_, names)| names)
}

/// Tells whether a text has a word; numbers may follow it directly, as in `win2012r2`.
fn is_named(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(start, _)| {
        let is_letter = |letter: char| letter.is_alphabetic();
        let before = text[..start].chars().next_back().is_some_and(is_letter);
        let after = text[start + word.len()..].chars().next().is_some_and(is_letter);
        !before && !after
    })
}

#[cfg(test)]
mod tests {
    use super::names_of;

    #[test]
    fn a_platform_is_told_by_its_words() {
        let rows: [(&str, &[&str]); 6] = [
            ("Linux Kernel 6.1 on Debian 12.0", &["debian", "linux"]),
            ("Red Hat Enterprise Linux 9", &["rhel", "linux"]),
            ("win2012r2", &["windows"]),
            ("Darwin", &[]),
            ("Photon Linux", &["linux"]),
            ("FortiOS 7.4", &[]),
        ];
        for (os, expected) in rows {
            assert_eq!(names_of(os), expected, "{os}");
        }
    }
}
