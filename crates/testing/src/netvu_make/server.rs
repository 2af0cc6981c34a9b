// SPDX-License-Identifier: MPL-2.0
//! A unit on 127.0.0.1: answers every request with the same bytes, in the way a test wants.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How the body is sent.
#[derive(Clone)]
pub struct Serve {
    /// `Content-type` of the answer.
    pub kind: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// Bytes sent at a time; 0 = all at once.
    pub drip: usize,
    /// Pause after each of these.
    pub pause: Duration,
    /// How many of them may be sent so far; `None` = all.
    pub allowed: Option<Arc<AtomicUsize>>,
    /// The connection stays open after the last byte.
    pub stay_open: bool,
    /// `Authorization` that a request must have.
    pub authorization: Option<&'static str>,
}

impl Serve {
    /// All at once, then the connection is closed.
    pub fn new(kind: &'static str, body: Vec<u8>) -> Serve {
        Serve {
            kind,
            body,
            drip: 0,
            pause: Duration::ZERO,
            allowed: None,
            stay_open: false,
            authorization: None,
        }
    }
}

/// A running server. Stops when dropped.
pub struct Unit {
    server: Arc<tiny_http::Server>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Unit {
    /// Starts the server on a free port.
    pub fn start(serve: Serve) -> Unit {
        let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
        let stop = Arc::new(AtomicBool::new(false));
        let (listening, ending) = (server.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            let mut answers = Vec::new();
            for request in listening.incoming_requests() {
                let (serve, ending) = (serve.clone(), ending.clone());
                answers.push(std::thread::spawn(move || answer(request, &serve, &ending)));
            }
            for answer in answers {
                let _ = answer.join();
            }
        });
        Unit {
            server,
            stop,
            thread: Some(thread),
        }
    }

    /// Where the stream is.
    pub fn url(&self) -> String {
        format!("http://{}/display_pic.cgi", self.server.server_addr())
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Sends the answer the way units do: HTTP/1.0, no length, the end is the end of the connection.
fn answer(request: tiny_http::Request, serve: &Serve, stop: &AtomicBool) {
    let head_only = *request.method() == tiny_http::Method::Head;
    let given = request.headers().iter();
    let mut given = given.filter(|header| header.field.equiv("Authorization"));
    let allowed = serve
        .authorization
        .is_none_or(|wanted| given.any(|header| header.value.as_str() == wanted));
    if !allowed {
        let ask = tiny_http::Header::from_bytes("WWW-Authenticate", "Basic realm=unit");
        let answer = tiny_http::Response::empty(401).with_header(ask.unwrap());
        let _ = request.respond(answer);
        return;
    }
    let mut writer = request.into_writer();
    let head = format!(
        "HTTP/1.0 200 OK\r\nServer: ADH-Web\r\nConnection: close\r\nContent-type: {}\r\n\r\n",
        serve.kind
    );
    if writer.write_all(head.as_bytes()).is_err() || head_only {
        return;
    }
    let size = if serve.drip == 0 {
        serve.body.len().max(1)
    } else {
        serve.drip
    };
    for (number, piece) in serve.body.chunks(size).enumerate() {
        let waits = || match &serve.allowed {
            Some(allowed) => allowed.load(Ordering::Relaxed) <= number,
            None => false,
        };
        while waits() && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if stop.load(Ordering::Relaxed)
            || writer.write_all(piece).is_err()
            || writer.flush().is_err()
        {
            return;
        }
        std::thread::sleep(serve.pause);
    }
    while serve.stay_open && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(20));
    }
}
