//! A server for this machine alone: it answers GET and HEAD out of a set of files, and knows nothing else.
//!
//! It is our own because so little is needed: one request a connection, no body, no files of the disk. Of the
//! small crates for it the known one has had no release for years, and the maintained ones bring a runtime.
#![expect(
    clippy::disallowed_types,
    reason = "the one listener of the tool; it is bound to the loopback address"
)]

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::source::write::Files;

/// Bytes that a request may have.
const MAX_REQUEST: usize = 16 << 10;
/// Connections that are answered at once; more are closed.
const MAX_CONNECTIONS: usize = 64;
/// How long a connection may stay silent.
const PATIENCE: Duration = Duration::from_secs(5);
/// The address at which a page asks which build is there.
const VERSION: &str = "version";

/// What is served: one build of the pages.
pub(super) struct Built {
    pub(super) files: Files,
    /// Another word for every build.
    pub(super) version: String,
}

/// The build that is served now.
#[derive(Clone)]
pub(super) struct Stand {
    built: Arc<RwLock<Arc<Built>>>,
    /// The path of the page that stands for the root.
    start: &'static str,
}

impl Stand {
    pub(super) fn new(built: Built, start: &'static str) -> Self {
        Self {
            built: Arc::new(RwLock::new(Arc::new(built))),
            start,
        }
    }

    /// Puts a newer build in the place of the one that is served.
    pub(super) fn put(&self, built: Built) {
        *self.built.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(built);
    }

    fn built(&self) -> Arc<Built> {
        Arc::clone(&self.built.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Listens on the loopback address; port 0 takes any that is free.
pub(super) fn listen(port: u16) -> io::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// Answers requests until the process ends.
pub(super) fn answer_all(listener: &TcpListener, port: u16, stand: &Stand) {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming().flatten() {
        if open.fetch_add(1, Ordering::SeqCst) >= MAX_CONNECTIONS {
            open.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        let (stand, open) = (stand.clone(), Arc::clone(&open));
        std::thread::spawn(move || {
            // Who goes away before the answer is none of our business.
            let _ = answer(stream, port, &stand);
            open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

fn answer(mut stream: TcpStream, port: u16, stand: &Stand) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let Some(head) = read_head(&mut stream)? else {
        write(&mut stream, &Answer::refusal("400 Bad Request"), true)?;
        return drain(&mut stream);
    };
    let built = stand.built();
    let answer = reply(&head, port, &built, stand.start);
    let is_head = head.starts_with("HEAD ");
    write(&mut stream, &answer, !is_head)
}

/// Reads up to the empty line; `None` for what is too long, is cut off or is no text.
fn read_head(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let mut part = [0; 2048];
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read(&mut part)?;
        bytes.extend_from_slice(&part[..read]);
        if read == 0 || bytes.len() > MAX_REQUEST {
            return Ok(None);
        }
    }
    Ok(String::from_utf8(bytes).ok())
}

/// Reads some of what is still coming: closing before would throw the answer away.
fn drain(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    io::copy(&mut stream.take(1 << 20), &mut io::sink())?;
    Ok(())
}

/// What is sent back.
struct Answer<'a> {
    status: &'static str,
    kind: &'static str,
    body: std::borrow::Cow<'a, [u8]>,
}

impl Answer<'_> {
    fn refusal(status: &'static str) -> Self {
        Self {
            status,
            kind: "text/plain; charset=utf-8",
            body: format!("{status}\n").into_bytes().into(),
        }
    }
}

/// Finds the answer to a request; whatever is not plainly allowed is refused.
fn reply<'a>(head: &str, port: u16, built: &'a Built, start: &str) -> Answer<'a> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(protocol), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Answer::refusal("400 Bad Request");
    };
    if !protocol.starts_with("HTTP/1.") {
        return Answer::refusal("400 Bad Request");
    }
    // A page of somebody else could give its own name our address; its requests then carry that name.
    let mut hosts = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    });
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_ours(host, port) => {}
        _ => return Answer::refusal("403 Forbidden"),
    }
    if !matches!(method, "GET" | "HEAD") {
        return Answer::refusal("405 Method Not Allowed");
    }
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let Some(path) = path.strip_prefix('/') else {
        return Answer::refusal("400 Bad Request");
    };
    if path == VERSION {
        return Answer {
            status: "200 OK",
            kind: "text/plain; charset=utf-8",
            body: built.version.as_bytes().into(),
        };
    }
    let path = if path.is_empty() { start } else { path };
    match built.files.get(path) {
        Some(bytes) => Answer {
            status: "200 OK",
            kind: if path.ends_with(".ics") {
                "text/calendar; charset=utf-8"
            } else {
                "text/html; charset=utf-8"
            },
            body: bytes.as_slice().into(),
        },
        None => Answer::refusal("404 Not Found"),
    }
}

fn is_ours(host: &str, port: u16) -> bool {
    ["127.0.0.1", "localhost"].iter().any(|name| {
        let rest = host.strip_prefix(name);
        rest.is_some_and(|rest| rest == format!(":{port}") || (rest.is_empty() && port == 80))
    })
}

fn write(stream: &mut TcpStream, answer: &Answer<'_>, with_body: bool) -> io::Result<()> {
    let Answer { status, kind, body } = answer;
    let allow = if status.starts_with("405") {
        "Allow: GET, HEAD\r\n"
    } else {
        ""
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{allow}Cache-Control: no-store\r\n\
         Content-Security-Policy: frame-ancestors 'none'\r\nCross-Origin-Resource-Policy: same-origin\r\n\
         X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    if with_body {
        stream.write_all(body)?;
    }
    stream.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(request: &str) -> &'static str {
        let files = Files::from([("D13.html".to_owned(), b"start".to_vec())]);
        let built = Built {
            files,
            version: "1".into(),
        };
        reply(request, 8000, &built, "D13.html").status
    }

    #[test]
    fn only_what_is_plainly_allowed_is_answered() {
        for (request, expected) in [
            ("GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n", "200"),
            ("HEAD /D13.html?x HTTP/1.1\r\nhost: localhost:8000\r\n\r\n", "200"),
            ("GET /version HTTP/1.1\r\nHost: localhost:8000\r\n\r\n", "200"),
            ("GET / HTTP/1.1\r\n\r\n", "403"),
            ("GET / HTTP/1.1\r\nHost: evil.example:8000\r\n\r\n", "403"),
            ("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "403"),
            (
                "GET / HTTP/1.1\r\nHost: 127.0.0.1:8000.evil.example\r\n\r\n",
                "403",
            ),
            (
                "GET / HTTP/1.1\r\nHost: localhost:8000\r\nHost: evil.example\r\n\r\n",
                "403",
            ),
            ("POST / HTTP/1.1\r\nHost: localhost:8000\r\n\r\n", "405"),
            (
                "GET /../Cargo.toml HTTP/1.1\r\nHost: localhost:8000\r\n\r\n",
                "404",
            ),
            ("GET //D13.html HTTP/1.1\r\nHost: localhost:8000\r\n\r\n", "404"),
            (
                "GET http://localhost:8000/ HTTP/1.1\r\nHost: localhost:8000\r\n\r\n",
                "400",
            ),
            ("GET /\r\n\r\n", "400"),
        ] {
            assert!(
                status(request).starts_with(expected),
                "{request}: {}",
                status(request)
            );
        }
    }
}
