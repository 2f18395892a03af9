//! Lays the seeds of every target into `fuzz/corpus/<target>/`: our own fixtures, and the example's records.

use std::path::{Path, PathBuf};

use countersign::import::{IMPORTERS, Input, Options, recognise};

fn main() -> std::io::Result<()> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = fuzz.join("..");
    for path in files(&root.join("tests/fixtures/import"))? {
        let bytes = std::fs::read(&path)?;
        let name = path
            .strip_prefix(&root)
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('/', "-");
        lay(fuzz, "export", &name, &bytes)?;
        let known = recognise(Input::Bytes(&bytes), &Options::default()).map(|importer| importer.name);
        // A format that only a Source can name lies in a folder of its name.
        let folder = path
            .parent()
            .and_then(Path::file_name)
            .and_then(|name| name.to_str());
        let index = IMPORTERS
            .iter()
            .position(|importer| known.as_ref().ok().copied().or(folder) == Some(importer.name));
        if let Some(index) = index.and_then(|index| u8::try_from(index).ok()) {
            lay(fuzz, "importer", &name, &[&[index], &bytes[..]].concat())?;
            lay(fuzz, "archive", &name, &archive(&bytes))?;
        }
        if known.is_err() {
            let columns: &[u8] = b"Name|fqdn|IP  Address|MAC|Serial|Status|Tier|Aliases\n";
            lay(fuzz, "mapping", &name, &[columns, &bytes].concat())?;
        }
    }
    for path in files(&root.join("example-repo"))? {
        if path.extension().is_some_and(|suffix| suffix == "yaml") {
            let name = path
                .strip_prefix(&root)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('/', "-");
            let bytes = std::fs::read(&path)?;
            lay(fuzz, "yaml", &name, &[&[255], &bytes[..]].concat())?;
            if path.ends_with("compliance.yaml") {
                lay(fuzz, "config", &name, &bytes)?;
            }
        }
    }
    Ok(())
}

fn lay(fuzz: &Path, target: &str, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let folder = fuzz.join("corpus").join(target);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(name), bytes)
}

/// An archive of two stored files of these bytes.
fn archive(bytes: &[u8]) -> Vec<u8> {
    let mut made = Vec::new();
    let mut directory = Vec::new();
    for name in ["a", "b"] {
        let at = made.len() as u32;
        let mut header = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header.extend(crc32(bytes).to_le_bytes());
        header.extend((bytes.len() as u32).to_le_bytes());
        header.extend((bytes.len() as u32).to_le_bytes());
        header.extend([1, 0, 0, 0]);
        made.extend([b"PK\x03\x04", &header[..], name.as_bytes(), bytes].concat());
        directory.extend([b"PK\x01\x02\x14\x03", &header[..], &[0; 10]].concat());
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (at, length) = (made.len() as u32, directory.len() as u32);
    made.extend(directory);
    made.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
    made.extend(length.to_le_bytes());
    made.extend(at.to_le_bytes());
    made.extend([0; 2]);
    made
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1));
        }
    }
    !crc
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
