//! The portal on loopback: what is answered, what is refused, and that pages follow the records.
#![expect(
    clippy::disallowed_types,
    reason = "the test asks the server of the tool on loopback"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::peers::{python, require};
use crate::readme::copy;

/// A running `serve`, stopped when dropped.
struct Served {
    process: Child,
    url: String,
    port: u16,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn serve(repository: &Path) -> Served {
    let mut process = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args([
            "serve",
            "--quiet",
            "--port",
            "0",
            "--as-of",
            "2026-09-30",
            "--repo",
        ])
        .arg(repository)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(process.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let url = line.trim().to_owned();
    let port = url
        .strip_prefix("http://127.0.0.1:")
        .unwrap()
        .strip_suffix('/')
        .unwrap();
    let port = port.parse().unwrap();
    Served { process, url, port }
}

impl Served {
    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    fn get(&self, path: &str) -> String {
        let host = format!("127.0.0.1:{}", self.port);
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
    }
}

#[test]
fn pages_are_served_to_this_machine_alone_and_follow_the_records() {
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new("example-repo"), folder.path());
    let served = serve(folder.path());
    let start = served.get("/");
    assert!(
        start.starts_with("HTTP/1.1 200 OK\r\n")
            && start.contains("<h1 id=\"auditor-portal\">Auditor portal</h1>")
    );
    assert!(
        start.contains("connect-src 'self'") && !start.contains("'unsafe"),
        "the policy allows to ask for news"
    );
    let head = format!(
        "HEAD /D13.html HTTP/1.1\r\nHost: localhost:{}\r\n\r\n",
        served.port
    );
    assert!(served.ask(&head).ends_with("\r\n\r\n"), "no body");
    assert!(served.get("/portal/records/exc-0014.html").contains("exc-0014"));
    // Another name for this machine, another method, another place.
    let rebound = served.ask("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert!(rebound.starts_with("HTTP/1.1 403"), "{rebound}");
    let post = format!(
        "POST / HTTP/1.1\r\nHost: localhost:{}\r\nContent-Length: 0\r\n\r\n",
        served.port
    );
    assert!(served.ask(&post).starts_with("HTTP/1.1 405"));
    for path in [
        "/../Cargo.toml",
        "/portal/../../etc/passwd",
        "/%2e%2e/x",
        "/isms.yaml",
        "//etc/passwd",
    ] {
        assert!(served.get(path).starts_with("HTTP/1.1 404"), "{path}");
    }
    assert!(served.ask(&"x".repeat(20_000)).starts_with("HTTP/1.1 400"));
    // A changed record is a new build.
    let version = served.get("/version");
    assert_eq!(version, served.get("/version"));
    let path = folder.path().join("exceptions/exc-0013.yaml");
    let record = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, record + "# a remark of today\n").unwrap();
    let begun = Instant::now();
    while served.get("/version") == version {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "the pages do not follow"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(
        served
            .get("/portal/records/exc-0013.html")
            .contains("# a remark of today")
    );
}

#[test]
fn an_open_page_shows_the_new_record_by_itself() {
    let Some(mut python) = python("selenium").filter(|_| require(&["chromedriver", "chromium"])) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new("example-repo"), folder.path());
    let served = serve(folder.path());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/portal.py");
    let output = python
        .arg(script)
        .arg("live")
        .arg(&served.url)
        .arg(folder.path().join("exceptions/exc-0014.yaml"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
