//! Outputs appear whole or not at all, and never over something else.

use std::fs;
use std::path::Path;

use countersign::source::write::{Files, check_paths, replace_folder, write_beside, write_folder};

fn files(list: &[(&str, &str)]) -> Files {
    list.iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_replaced_and_nothing_stays_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/out.json");
    write_beside(&path, b"one").unwrap();
    write_beside(&path, b"two").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(names(&folder.path().join("new")), ["out.json"]);
    assert!(
        write_beside(folder.path(), b"x")
            .unwrap_err()
            .to_string()
            .contains("is a folder")
    );
    #[cfg(unix)]
    {
        write_beside(Path::new("/dev/null"), b"gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write_beside(&link, b"three").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}

#[test]
fn what_a_killed_run_left_is_removed_and_a_living_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let dead = folder.path().join("out.partial-1-0");
    fs::create_dir_all(dead.join("new")).unwrap();
    fs::write(dead.join("lock"), "").unwrap();
    let empty = folder.path().join("out.partial-2-0");
    fs::create_dir(&empty).unwrap();
    let living = folder.path().join("out.partial-3-0");
    fs::create_dir(&living).unwrap();
    let lock = fs::File::create(living.join("lock")).unwrap();
    lock.lock().unwrap();
    let own = folder
        .path()
        .join(format!("out.partial-{}-0", std::process::id()));
    fs::create_dir(&own).unwrap();
    fs::write(own.join("theirs"), "").unwrap();
    let alien = folder.path().join("out.partial-x");
    fs::create_dir(&alien).unwrap();
    replace_folder(&out, &files(&[("a", "1")])).unwrap();
    assert_eq!(names(&out), ["a"]);
    assert!(!dead.exists() && !empty.exists());
    assert!(living.exists() && own.exists() && alien.exists());
}

#[test]
fn a_swap_that_was_cut_in_the_middle_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let dead = folder.path().join("out.partial-1-0");
    fs::create_dir_all(dead.join("old")).unwrap();
    fs::write(dead.join("old/kept"), "former").unwrap();
    fs::write(dead.join("lock"), "").unwrap();
    write_folder(&out, &files(&[("new", "1")])).unwrap();
    assert_eq!(names(&out), ["kept", "new"]);
    assert_eq!(names(folder.path()), ["out"]);
}

#[test]
fn a_folder_is_replaced_as_a_whole_or_written_into() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    replace_folder(&out, &files(&[("a", "1"), ("b/c", "2")])).unwrap();
    replace_folder(&out, &files(&[("d/e/f", "3")])).unwrap();
    assert_eq!(names(&out), ["d"]);
    write_folder(&out, &files(&[("d/e/f", "4"), ("g", "5")])).unwrap();
    assert_eq!(fs::read(out.join("d/e/f")).unwrap(), b"4");
    assert_eq!(names(&out), ["d", "g"]);
    assert_eq!(names(folder.path()), ["out"]);
}

#[test]
fn nothing_is_written_where_something_else_stands() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    fs::create_dir_all(out.join("D01.html")).unwrap();
    let error = write_folder(&out, &files(&[("A.md", "1"), ("D01.html", "2")]))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("D01.html") && error.contains("in the way"),
        "{error}"
    );
    assert_eq!(
        names(&out),
        ["D01.html"],
        "nothing was written before the refusal"
    );
    fs::create_dir(out.join(".git")).unwrap();
    assert!(
        write_folder(&out, &files(&[("A.md", "1")]))
            .unwrap_err()
            .to_string()
            .contains("work tree")
    );
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(write_folder(&folder.path().join("file"), &files(&[("a", "1")])).is_err());
    for place in [".", "..", "/"] {
        assert!(
            replace_folder(Path::new(place), &files(&[("a", "1")])).is_err(),
            "{place}"
        );
    }
    #[cfg(unix)]
    {
        let elsewhere = folder.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let target = folder.path().join("target");
        fs::create_dir(&target).unwrap();
        std::os::unix::fs::symlink(&elsewhere, target.join("d")).unwrap();
        assert!(write_folder(&target, &files(&[("d/a", "1")])).is_err());
        assert!(write_folder(&target.join("d"), &files(&[("a", "1")])).is_err());
        assert!(names(&elsewhere).is_empty());
    }
}

#[test]
fn paths_that_escape_or_collide_are_refused() {
    for path in [
        "", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\\b", "..\\a", "a\nb", "a\u{7f}b",
        "a\u{85}b", "c:", "C:/a", "\0",
    ] {
        assert!(check_paths([path].into_iter()).is_err(), "{path:?}");
    }
    assert!(check_paths(["x".repeat(256).as_str()].into_iter()).is_err());
    for pair in [
        ["a/B", "a/b"],
        ["A/x", "a/y"],
        ["a", "a/b"],
        ["a/b", "a"],
        ["É", "é"],
        ["a", "a"],
    ] {
        assert!(check_paths(pair.into_iter()).is_err(), "{pair:?}");
    }
    assert!(check_paths(["a/b", "a/c", "a.b", "..a", "a..", "é/ü.html", "-x", "a b"].into_iter()).is_ok());
}
