//! Signing with the key that a person has: a file that we can read, or whatever `ssh-keygen` can reach.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, LineEnding, PrivateKey};

use super::sshsig::{Namespace, PublicKey, Signature};

/// The size in bytes over which a key file is refused; an RSA-16384 key has under 13 000.
const MAX_KEY_BYTES: u64 = 64 * 1024;

const PRIVATE_KEY_HEADER: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";

/// A key that can sign.
///
/// Ed25519 and ECDSA on P-256 and P-384 sign here. All else (RSA, P-521, hardware keys, keys with a
/// passphrase, and a `.pub` whose private half an agent holds) is handed to `ssh-keygen -Y sign`, as git
/// does.
pub struct Signer {
    path: PathBuf,
    program: PathBuf,
    public_key: PublicKey,
    /// `None`: the private half stays with `ssh-keygen`.
    private_key: Option<PrivateKey>,
}

impl Signer {
    /// Opens the key at `path`, a private key or a `.pub`.
    pub fn open(path: &Path) -> Result<Signer> {
        Signer::open_with(path, Path::new("ssh-keygen"))
    }

    /// Opens the key at `path`, with another program than `ssh-keygen` for what cannot be signed here.
    pub fn open_with(path: &Path, program: &Path) -> Result<Signer> {
        let text = read_key(path)?;
        let (public_key, private_key) = if text.starts_with(PRIVATE_KEY_HEADER) {
            open_private(&text, path, program)?
        } else if text.starts_with("-----BEGIN ") {
            // `ssh-keygen` itself signs with a key in PEM form only if the public half lies beside it.
            let beside = public_half_beside(path)?;
            let key = beside.with_context(|| {
                format!(
                    "`{0}` is a key in PEM form without its public half; write that beside it with \
                     `ssh-keygen -y -f {0} > {0}.pub`",
                    path.display()
                )
            })?;
            (key, None)
        } else {
            let key = PublicKey::from_line(&text)
                .with_context(|| format!("`{}` is neither a private key nor a public one", path.display()))?;
            (key, None)
        };
        Ok(Signer {
            path: path.to_owned(),
            program: program.to_owned(),
            public_key,
            private_key,
        })
    }

    /// The public half of the key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Signs `data` for `namespace`; the armoured signature, as it goes into a `.sig` file.
    ///
    /// What comes out has been checked with the public half before it is handed on.
    pub fn sign(&self, data: &[u8], namespace: Namespace) -> Result<Vec<u8>> {
        let armoured = match &self.private_key {
            Some(key) => key
                .sign(namespace.as_str(), HashAlg::Sha512, data)
                .and_then(|signature| signature.to_pem(LineEnding::LF))
                .with_context(|| format!("could not sign with `{}`", self.path.display()))?
                .into_bytes(),
            None => self.sign_with_program(data, namespace)?,
        };
        let signature = Signature::parse(&armoured)
            .with_context(|| format!("the signature made with `{}` is unusable", self.path.display()))?;
        signature
            .verify(data, namespace)
            .with_context(|| format!("the signature made with `{}` does not count", self.path.display()))?;
        if signature.key() != &self.public_key {
            let (found, expected) = (signature.key().fingerprint(), self.public_key.fingerprint());
            bail!(
                "`{}` signed as {found}, but its public half is {expected}",
                self.path.display()
            );
        }
        Ok(armoured)
    }

    fn sign_with_program(&self, data: &[u8], namespace: Namespace) -> Result<Vec<u8>> {
        let mut command = Command::new(&self.program);
        command
            .args(["-q", "-Y", "sign", "-n", namespace.as_str(), "-f"])
            .arg(&self.path);
        let output = run(command, &self.program, &self.path, data)?;
        Ok(output.stdout)
    }
}

fn read_key(path: &Path) -> Result<String> {
    let file = File::open(path).with_context(|| format!("could not open the key `{}`", path.display()))?;
    let mut text = String::new();
    file.take(MAX_KEY_BYTES + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("could not read the key `{}`", path.display()))?;
    if text.len() as u64 > MAX_KEY_BYTES {
        bail!(
            "`{}` is larger than {MAX_KEY_BYTES} bytes, which no key is",
            path.display()
        );
    }
    Ok(text)
}

/// Reads an OpenSSH private key; the private half is kept only where we can sign with it.
fn open_private(text: &str, path: &Path, program: &Path) -> Result<(PublicKey, Option<PrivateKey>)> {
    // The library cannot read an ECDSA key whose number happens to be short; `ssh-keygen` can.
    let Ok(key) = PrivateKey::from_openssh(text) else {
        return Ok((public_half(path, program)?, None));
    };
    let line = key
        .public_key()
        .to_openssh()
        .context("could not write the public half of the key")?;
    let public_key = PublicKey::from_line(&line).with_context(|| format!("in `{}`", path.display()))?;
    let signs_here = !key.is_encrypted()
        && matches!(
            key.algorithm(),
            Algorithm::Ed25519
                | Algorithm::Ecdsa {
                    curve: EcdsaCurve::NistP256 | EcdsaCurve::NistP384
                }
        );
    Ok((public_key, signs_here.then_some(key)))
}

/// Finds the public half of a private key that we cannot read: from the `.pub` beside it, or by asking.
fn public_half(path: &Path, program: &Path) -> Result<PublicKey> {
    if let Some(key) = public_half_beside(path)? {
        return Ok(key);
    }
    let mut command = Command::new(program);
    command.arg("-y").arg("-f").arg(path);
    let line = String::from_utf8(run(command, program, path, b"")?.stdout)
        .with_context(|| format!("`{}` gave no public key", program.display()))?;
    PublicKey::from_line(&line).with_context(|| format!("the public half of `{}`", path.display()))
}

/// Reads `KEY.pub`, if it is there.
fn public_half_beside(path: &Path) -> Result<Option<PublicKey>> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".pub");
    let beside = PathBuf::from(beside);
    if !beside.exists() {
        return Ok(None);
    }
    let key =
        PublicKey::from_line(&read_key(&beside)?).with_context(|| format!("in `{}`", beside.display()))?;
    Ok(Some(key))
}

/// Runs the program; its messages and prompts (touch the key, type the passphrase) go to the person.
fn run(mut command: Command, program: &Path, key: &Path, input: &[u8]) -> Result<Output> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "`{}` needs the program `{}` to sign, which is not installed; install OpenSSH, or use an ed25519 key",
            key.display(),
            program.display()
        ),
        Err(error) => return Err(error).with_context(|| format!("could not run `{}`", program.display())),
    };
    if let Some(mut stdin) = child.stdin.take() {
        // A program that fails early closes its input; its exit code says more than the broken pipe.
        match stdin.write_all(input) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                return Err(error).with_context(|| format!("could not write to `{}`", program.display()));
            }
            Ok(()) | Err(_) => {}
        }
    }
    let output = child
        .wait_with_output()
        .with_context(|| format!("could not run `{}`", program.display()))?;
    if !output.status.success() {
        bail!(
            "`{}` could not use the key `{}` ({})",
            program.display(),
            key.display(),
            output.status
        );
    }
    Ok(output)
}
