// SPDX-License-Identifier: MPL-2.0
//! A unit made up: answers over HTTP as units do, and remembers what it was asked.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tiny_http::{Header, Request, Response, Server};

/// How the unit misbehaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// Answers with a length and closes.
    #[default]
    Plain,
    /// Sends no length and keeps the connection open, as newer units do.
    StaysOpen,
    /// Promises more bytes than it sends.
    CutOff,
    /// Takes the question and says nothing.
    Silent,
    /// Never stops sending.
    Endless,
    /// Answers with something that is not HTTP.
    Nonsense,
    /// Sends a byte from time to time and never ends.
    Drips,
    /// Sends everybody elsewhere.
    Redirects(u16),
}

#[derive(Default)]
struct State {
    answers: BTreeMap<String, String>,
    manner: Manner,
    login: Option<String>,
    server: String,
    asked: Vec<String>,
    // Connections that stay open live here.
    open: Vec<Box<dyn Write + Send>>,
}

/// A unit; it stops when it is dropped.
pub struct Unit {
    server: Arc<Server>,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

impl Unit {
    /// A unit of four cameras.
    pub fn start() -> Unit {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let mut state = State {
            server: "ADH-Web".into(),
            ..State::default()
        };
        for (name, answer) in [
            (
                "c_title[]",
                "\"Front door\",\"Loading bay\",\"Car park\",\"Spare\"",
            ),
            ("utc_offset", "0"),
            ("live_cam[]", "1,1,1,1"),
            ("coax_telm_enable_mask[]", "0"),
            ("rs485_telm_enable_mask[]", "4"),
            ("has_rtc", "1"),
            ("current_julian", "1750000000"),
            ("va_horizontal_resolution[]", "704,704,352,352"),
            ("va_vertical_resolution[]", "256,256,256,256"),
            ("output_titles[]", "\"Monitor A\",\"\""),
            ("layouts[]", "\"1\",\"4\""),
            ("camconfig[]", "1,1,1,1"),
            ("alarm_title[]", "\"Front, contact\",,\"Yard\""),
        ] {
            state.answers.insert(name.into(), answer.into());
        }
        state.answers.insert(
            "vparts.cgi".into(),
            "index,dir,file,start,end\n1,0,x,\\VIDEO\\A00001.PAR,1750000000,1750000600,0\n2,0,x,unavailable,0,0,0\n".into(),
        );
        let state = Arc::new(Mutex::new(state));
        let (serving, shared) = (server.clone(), state.clone());
        let thread = std::thread::spawn(move || {
            while let Ok(request) = serving.recv() {
                answer(request, &shared);
            }
        });
        Unit {
            server,
            state,
            thread: Some(thread),
        }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.server.server_addr())
    }

    /// Changes the answer to a variable or page; an empty one is a 404.
    pub fn answer(&mut self, name: &str, text: &str) {
        self.state
            .lock()
            .unwrap()
            .answers
            .insert(name.into(), text.into());
    }

    /// Changes how it answers.
    pub fn behave(&mut self, manner: Manner) {
        self.state.lock().unwrap().manner = manner;
    }

    /// From now on only with this header `Authorization`.
    pub fn lock_with(&mut self, authorization: &str) {
        self.state.lock().unwrap().login = Some(authorization.into());
    }

    /// What the `Server` header says.
    pub fn call_itself(&mut self, name: &str) {
        self.state.lock().unwrap().server = name.into();
    }

    /// All questions so far, as method and URL.
    pub fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn body_of(url: &str, state: &State) -> Option<String> {
    let page = url
        .trim_start_matches('/')
        .split('?')
        .next()
        .unwrap_or_default();
    let name = match url.split_once("variable=") {
        Some((_, rest)) => rest
            .split('&')
            .next()
            .unwrap_or_default()
            .replace("%5B%5D", "[]"),
        None => page.to_owned(),
    };
    let text = state.answers.get(&name).filter(|text| !text.is_empty())?;
    Some(if page == "variable.cgi" {
        format!("{text}\r\n")
    } else {
        text.clone()
    })
}

fn answer(request: Request, state: &Mutex<State>) {
    let mut state = state.lock().unwrap();
    state
        .asked
        .push(format!("{} {}", request.method(), request.url()));
    let authorization = request
        .headers()
        .iter()
        .find(|header| header.field.equiv("Authorization"))
        .map(|header| header.value.to_string());
    let allowed = state.login.is_none() || state.login == authorization;
    let body = body_of(request.url(), &state);
    let (status, body) = match body {
        _ if !allowed => (401, "log in\r\n".to_owned()),
        Some(body) => (200, body),
        None => (404, "not here\r\n".to_owned()),
    };
    let name = state.server.clone();
    match state.manner {
        Manner::Plain => {
            let header = Header::from_bytes("Server", name).unwrap();
            let _ = request.respond(
                Response::from_string(body)
                    .with_status_code(status)
                    .with_header(header),
            );
        }
        Manner::Redirects(port) => {
            let place = format!("http://127.0.0.1:{port}{}", request.url());
            let header = Header::from_bytes("Location", place).unwrap();
            let _ = request.respond(Response::empty(302).with_header(header));
        }
        Manner::Silent => state.open.push(request.into_writer()),
        manner => {
            let mut writer = request.into_writer();
            let length = if manner == Manner::CutOff {
                "Content-Length: 9999\r\n"
            } else {
                ""
            };
            let head = format!("HTTP/1.0 {status} x\r\nServer: {name}\r\n{length}\r\n");
            let _ = match manner {
                Manner::Nonsense => writer.write_all(b"220 ready\r\n\r\n"),
                _ => writer.write_all(format!("{head}{body}").as_bytes()),
            };
            let _ = writer.flush();
            if matches!(manner, Manner::Endless | Manner::Drips) {
                let (bytes, pause) = match manner {
                    Manner::Drips => (1, 50),
                    _ => (4096, 1),
                };
                std::thread::spawn(move || {
                    let block = vec![b'x'; bytes];
                    while writer
                        .write_all(&block)
                        .and_then(|()| writer.flush())
                        .is_ok()
                    {
                        std::thread::sleep(Duration::from_millis(pause));
                    }
                });
            } else if manner != Manner::CutOff && manner != Manner::Nonsense {
                state.open.push(writer);
            }
        }
    }
}
