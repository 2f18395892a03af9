//! Reads an export and hashes it as it lies; a large one on a thread of its own, a few pieces ahead of its importer.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use sha2::{Digest as _, Sha256};

use super::Input;

/// A smaller file is read before a thread for it would have begun.
const LARGE: u64 = 1 << 20;
/// Bytes of one piece; a few of them stay in a core's own cache.
const PIECE: usize = 256 * 1024;
/// Pieces that may wait for the importer: work for longer than the other thread may have to wait for its turn.
const PIECES: usize = 16;

type Sum = sha2::digest::Output<Sha256>;

/// What will be the digest of an export, once it has been read to its end.
pub(super) enum Digest {
    Here(Rc<RefCell<Sha256>>),
    Beside(JoinHandle<Option<Sum>>),
}

/// Tells whether so many bytes are worth a thread of their own, and there is a core for it.
pub(super) fn is_worth(bytes: u64) -> bool {
    rayon::current_num_threads() > 1 && bytes >= LARGE
}

/// Opens an export; where there is one core only, nothing is done beside.
pub(super) fn open(input: Input<'_>) -> std::io::Result<(Box<dyn Read + '_>, Digest)> {
    match input {
        Input::File(path) => {
            let file = File::open(path)?;
            if is_worth(file.metadata()?.len()) {
                return beside(file);
            }
            Ok(here(file))
        }
        Input::Bytes(bytes) => Ok(here(bytes)),
        // Its files are read one by one.
        Input::Part(_) => Ok(here(std::io::empty())),
    }
}

impl Digest {
    /// Returns the digest; the reader that came with it must have been read to its end and dropped.
    pub(super) fn finish(self) -> std::io::Result<Sum> {
        match self {
            Self::Here(hash) => Ok(hash.borrow_mut().finalize_reset()),
            Self::Beside(thread) => {
                let sum = thread.join().ok().flatten();
                sum.ok_or_else(|| std::io::Error::other("the reading of it stopped before its end"))
            }
        }
    }
}

fn here<'a>(inner: impl Read + 'a) -> (Box<dyn Read + 'a>, Digest) {
    let hash = Rc::new(RefCell::new(Sha256::new()));
    let digest = Digest::Here(Rc::clone(&hash));
    (Box::new(Hashed { inner, hash }), digest)
}

struct Hashed<R> {
    inner: R,
    hash: Rc<RefCell<Sha256>>,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.borrow_mut().update(&buffer[..read]);
        Ok(read)
    }
}

type Piece = std::io::Result<Vec<u8>>;

fn beside(file: File) -> std::io::Result<(Box<dyn Read + 'static>, Digest)> {
    let (full, filled) = sync_channel(PIECES);
    let (used, empty) = channel();
    let work = move || hash_ahead(file, &full, &empty);
    let thread = std::thread::Builder::new().name("reader".into()).spawn(work)?;
    let ahead = Ahead {
        filled,
        used,
        piece: Vec::new(),
        at: 0,
    };
    Ok((Box::new(ahead), Digest::Beside(thread)))
}

/// Reads a file to its end; `None` when it cannot be read or nobody wants the rest.
fn hash_ahead(mut file: File, full: &SyncSender<Piece>, empty: &Receiver<Vec<u8>>) -> Option<Sum> {
    let mut hash = Sha256::new();
    loop {
        let mut piece = empty.try_recv().unwrap_or_default();
        piece.resize(PIECE, 0);
        match file.read(&mut piece) {
            Ok(0) => return Some(hash.finalize()),
            Ok(read) => piece.truncate(read),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                full.send(Err(error)).ok();
                return None;
            }
        }
        hash.update(&piece);
        full.send(Ok(piece)).ok()?;
    }
}

/// The importer's end: the pieces as they come, given back to be filled again.
struct Ahead {
    filled: Receiver<Piece>,
    used: std::sync::mpsc::Sender<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.piece.len() {
            let Ok(next) = self.filled.recv() else {
                return Ok(0);
            };
            self.at = 0;
            // The reading thread may have ended before; then nothing needs to be filled again.
            self.used.send(std::mem::replace(&mut self.piece, next?)).ok();
        }
        let read = buffer.len().min(self.piece.len() - self.at);
        buffer[..read].copy_from_slice(&self.piece[self.at..self.at + read]);
        self.at += read;
        Ok(read)
    }
}
