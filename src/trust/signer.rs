//! Signing with the key that a person has: a file that we can read, or whatever `ssh-keygen` can reach.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};
use signature::Signer as _;
use ssh_key::rand_core::{OsRng, RngCore as _};
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, LineEnding, PrivateKey};

use super::certificate::{Certificate, is_certificate};
use super::plain;
use super::sshsig::{Namespace, PublicKey, Signature};

/// The size in bytes over which a key file is refused; an RSA-16384 key has under 13 000.
const MAX_KEY_BYTES: u64 = 64 * 1024;
/// What is read of an agent's answer, in bytes.
const MAX_AGENT_BYTES: usize = 1024 * 1024;

const PRIVATE_KEY_HEADER: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";

/// A key that can sign.
///
/// Ed25519 and ECDSA on P-256 and P-384 sign here. All else (RSA, P-521, hardware keys, keys with a
/// passphrase, certificates, and a `.pub` whose private half an agent holds) is handed to
/// `ssh-keygen -Y sign`, as git does.
pub struct Signer {
    place: Place,
    program: PathBuf,
    public_key: PublicKey,
    /// The certificate under which the key signs.
    certificate: Option<Certificate>,
    /// `None`: the private half stays with `ssh-keygen`.
    private_key: Option<PrivateKey>,
    has_passphrase: bool,
    may_ask: bool,
}

/// Where a key is.
enum Place {
    File(PathBuf),
    Agent,
}

impl Place {
    /// The key as a message names it.
    fn name(&self, key: &PublicKey) -> String {
        match self {
            Place::File(path) => path.display().to_string(),
            Place::Agent => key.fingerprint(),
        }
    }
}

impl Signer {
    /// Opens the key at `path`: a private key, a `.pub`, or a certificate (`-cert.pub`).
    pub fn open(path: &Path) -> Result<Signer> {
        Signer::open_with(path, Path::new("ssh-keygen"))
    }

    /// Opens the key at `path`, with another program than `ssh-keygen` for what cannot be signed here.
    pub fn open_with(path: &Path, program: &Path) -> Result<Signer> {
        let text = read_key(path)?;
        let mut signer = if text.starts_with(PRIVATE_KEY_HEADER) {
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
            let has_passphrase = text.contains("ENCRYPTED");
            Signer::of_program(Place::File(path.to_owned()), key, has_passphrase)
        } else if text.split_whitespace().next().is_some_and(is_certificate) {
            let certificate =
                Certificate::from_line(&text).with_context(|| format!("in `{}`", path.display()))?;
            let key = certificate.key.clone();
            Signer {
                certificate: Some(certificate),
                ..Signer::of_program(Place::File(path.to_owned()), key, false)
            }
        } else {
            let key = PublicKey::from_line(&text)
                .with_context(|| format!("`{}` is neither a private key nor a public one", path.display()))?;
            Signer::of_program(Place::File(path.to_owned()), key, false)
        };
        program.clone_into(&mut signer.program);
        Ok(signer)
    }

    /// Takes a key whose private half the agent holds, as `agent_keys` lists it.
    pub fn from_agent(key: &PublicKey) -> Signer {
        Signer::from_agent_with(key, Path::new("ssh-keygen"))
    }

    /// Takes a key of the agent, with another program than `ssh-keygen`.
    pub fn from_agent_with(key: &PublicKey, program: &Path) -> Signer {
        Signer {
            program: program.to_owned(),
            ..Signer::of_program(Place::Agent, key.clone(), false)
        }
    }

    /// Lists the keys that the agent holds; none where there is no agent.
    ///
    /// Keys of a sort that cannot sign here, and certificates, are left out.
    pub fn agent_keys() -> Result<Vec<PublicKey>> {
        Signer::agent_keys_with(Path::new("ssh-add"))
    }

    /// Lists the keys that the agent holds, with another program than `ssh-add`.
    pub fn agent_keys_with(program: &Path) -> Result<Vec<PublicKey>> {
        let mut command = Command::new(program);
        command.arg("-L").stdin(Stdio::null()).stderr(Stdio::null());
        let output = match command.output() {
            Ok(output) => output,
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(
                "the program `{}` is not installed, which lists the keys of the agent; install OpenSSH, or name a key",
                program.display()
            ),
            Err(error) => {
                return Err(error).with_context(|| format!("could not run `{}`", program.display()));
            }
        };
        match output.status.code() {
            Some(0) if output.stdout.len() <= MAX_AGENT_BYTES => {
                let text = String::from_utf8_lossy(&output.stdout);
                Ok(text
                    .lines()
                    .filter_map(|line| PublicKey::from_line(line).ok())
                    .collect())
            }
            // 1: the agent holds no key; 2: there is no agent.
            Some(1 | 2) => Ok(Vec::new()),
            Some(_) | None => bail!(
                "`{} -L` did not list the keys of the agent ({})",
                program.display(),
                output.status
            ),
        }
    }

    fn of_program(place: Place, public_key: PublicKey, has_passphrase: bool) -> Signer {
        Signer {
            place,
            program: PathBuf::from("ssh-keygen"),
            public_key,
            certificate: None,
            private_key: None,
            has_passphrase,
            may_ask: false,
        }
    }

    /// Lets `ssh-keygen` ask the person for a passphrase or a PIN; without this it never asks.
    ///
    /// Only `cli` knows whether there is a terminal, or a program that asks in a window.
    pub fn asking(self, may_ask: bool) -> Signer {
        Signer { may_ask, ..self }
    }

    /// The public half of the key; with a certificate, the key inside it.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The certificate under which the key signs.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Signs `data` for `namespace`; the armoured signature, as it goes into a `.sig` file.
    ///
    /// What comes out has been checked with the public half before it is handed on.
    pub fn sign(&self, data: &[u8], namespace: Namespace) -> Result<Vec<u8>> {
        let name = self.place.name(&self.public_key);
        let armoured = match &self.private_key {
            Some(key) => key
                .sign(namespace.as_str(), HashAlg::Sha512, data)
                .and_then(|signature| signature.to_pem(LineEnding::LF))
                .with_context(|| format!("could not sign with `{name}`"))?
                .into_bytes(),
            None => self.sign_with_program(data, namespace)?,
        };
        let signature = Signature::parse(&armoured)
            .with_context(|| format!("the signature made with `{name}` is unusable"))?;
        signature
            .verify(data, namespace)
            .with_context(|| format!("the signature made with `{name}` does not count"))?;
        if signature.key() != &self.public_key || signature.certificate() != self.certificate.as_ref() {
            let (found, expected) = (signature.key().fingerprint(), self.public_key.fingerprint());
            bail!("`{name}` signed as {found}, but its public half is {expected}");
        }
        Ok(armoured)
    }

    /// Signs `data` without OpenSSH's wrapping, as other standards have it; `None` where the key cannot do that.
    ///
    /// Only a key that signs here can: Ed25519 as 64 bytes, ECDSA as DER over the hash of its curve.
    pub fn sign_plainly(&self, data: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(key) = &self.private_key else {
            return Ok(None);
        };
        let name = self.place.name(&self.public_key);
        let signature = key
            .try_sign(data)
            .with_context(|| format!("could not sign with `{name}`"))?;
        let plain = plain::of_ssh(&signature).filter(|plain| self.public_key.verify_plainly(data, plain));
        let plain = plain.with_context(|| format!("the signature made with `{name}` does not count"))?;
        Ok(Some(plain))
    }

    fn sign_with_program(&self, data: &[u8], namespace: Namespace) -> Result<Vec<u8>> {
        let scratch;
        let path = match &self.place {
            Place::File(path) => path.as_path(),
            Place::Agent => {
                scratch = Scratch::write(&self.public_key.to_line())?;
                scratch.0.as_path()
            }
        };
        let mut command = Command::new(&self.program);
        command
            .args(["-q", "-Y", "sign", "-n", namespace.as_str(), "-f"])
            .arg(path);
        let name = self.place.name(&self.public_key);
        let output = run(command, &self.program, &name, data, self.may_ask)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        if self.has_passphrase && !self.may_ask {
            bail!(
                "`{name}` has a passphrase, and there is no terminal to ask for it on; sign at a terminal, or hand \
                 the key to an agent with `ssh-add {name}`"
            );
        }
        Err(refused(&self.program, &name, &output))
    }
}

/// A public key in a file, for a program that takes keys by file only; gone when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn write(line: &str) -> Result<Scratch> {
        // The name cannot be guessed, and an existing file is not opened; what is in it is public, and
        // whoever changes it is found out, since the signature is checked against the key asked for.
        let name = format!(
            "countersign-{:016x}{:016x}.pub",
            OsRng.next_u64(),
            OsRng.next_u64()
        );
        let path = std::env::temp_dir().join(name);
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|mut file| writeln!(file, "{line}"));
        let scratch = Scratch(path);
        written.with_context(|| format!("could not write `{}`", scratch.0.display()))?;
        Ok(scratch)
    }
}

impl Drop for Scratch {
    #[expect(clippy::disallowed_methods, reason = "removes the file that it wrote itself")]
    fn drop(&mut self) {
        // A public key left behind harms nobody.
        let _ = std::fs::remove_file(&self.0);
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
fn open_private(text: &str, path: &Path, program: &Path) -> Result<Signer> {
    let place = Place::File(path.to_owned());
    // The library cannot read an ECDSA key whose number happens to be short; `ssh-keygen` can.
    let Ok(key) = PrivateKey::from_openssh(text) else {
        return Ok(Signer::of_program(place, public_half(path, program)?, false));
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
    let signer = Signer::of_program(place, public_key, key.is_encrypted());
    Ok(Signer {
        private_key: signs_here.then_some(key),
        ..signer
    })
}

/// Finds the public half of a private key that we cannot read: from the `.pub` beside it, or by asking.
fn public_half(path: &Path, program: &Path) -> Result<PublicKey> {
    if let Some(key) = public_half_beside(path)? {
        return Ok(key);
    }
    let mut command = Command::new(program);
    command.arg("-y").arg("-f").arg(path);
    let name = path.display().to_string();
    let output = run(command, program, &name, b"", false)?;
    if !output.status.success() {
        return Err(refused(program, &name, &output));
    }
    let line = String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` gave no public key", program.display()))?;
    PublicKey::from_line(&line).with_context(|| format!("the public half of `{name}`"))
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

/// Runs the program; where it may ask, its messages and prompts (touch the key, type the passphrase) go to the
/// person, and otherwise it is kept from asking.
fn run(mut command: Command, program: &Path, key: &str, input: &[u8], may_ask: bool) -> Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    if may_ask {
        command.stderr(Stdio::inherit());
    } else {
        // With these, OpenSSH asks this program instead of the terminal, and takes its failure for an answer.
        command
            .stderr(Stdio::piped())
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("SSH_ASKPASS", OsStr::new("false"));
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "`{key}` needs the program `{}` to sign, which is not installed; install OpenSSH, or use an ed25519 key \
             in a file",
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
    child
        .wait_with_output()
        .with_context(|| format!("could not run `{}`", program.display()))
}

/// Says that the program did not do it, in its own last words.
fn refused(program: &Path, key: &str, output: &Output) -> anyhow::Error {
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().rev().find(|line| !line.trim().is_empty());
    let said = said
        .map(|line| format!(": {}", line.trim().escape_debug()))
        .unwrap_or_default();
    anyhow::anyhow!(
        "`{}` could not use the key `{key}` ({}){said}",
        program.display(),
        output.status
    )
}
