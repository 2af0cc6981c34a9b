// SPDX-License-Identifier: MPL-2.0
//! HTTP/1.0 GET with basic authentication and time-outs.

use crate::error::{Error, Result};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// Most bytes of one answer.
pub const MAX_ANSWER: usize = 256 << 10;
/// Most bytes of an answer's header.
const MAX_HEADER: usize = 16 << 10;

/// How long to wait, and who asks.
#[derive(Clone, Debug)]
pub struct Options {
    /// User for basic authentication.
    pub user: Option<String>,
    /// Password for basic authentication. Never shown.
    pub password: String,
    /// For connecting, and for the first byte of an answer.
    pub timeout: Duration,
    /// An answer without a length is over when nothing came for so long.
    pub silence: Duration,
    /// For one whole answer.
    pub total: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            user: None,
            password: String::new(),
            timeout: Duration::from_secs(10),
            silence: Duration::from_secs(2),
            total: Duration::from_secs(60),
        }
    }
}

/// Host, port and path of `http://host[:port][/path]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Name or address.
    pub host: String,
    /// 80 unless told.
    pub port: u16,
    /// Path without a slash at the end; mostly empty.
    pub base: String,
}

impl Url {
    /// Reads a URL; `None` where the text is none. A log-in in the URL is refused: it would end up in the shell's history.
    pub fn parse(text: &str) -> Option<Url> {
        let rest = text
            .strip_prefix("http://")
            .or_else(|| text.strip_prefix("netvu://"))?;
        let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (place, 80),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let path_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#');
        (!host.is_empty() && host.chars().all(plain) && path.chars().all(path_plain)).then(|| Url {
            host: host.into(),
            port,
            base: match path.trim_end_matches('/') {
                "" => String::new(),
                path => format!("/{path}"),
            },
        })
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// What the `Server` header says.
    pub server: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Asks one unit.
#[derive(Clone, Debug)]
pub struct Client {
    url: Url,
    options: Options,
}

impl Client {
    /// A client for that unit.
    pub fn new(url: Url, options: Options) -> Client {
        Client { url, options }
    }

    /// Fetches `path`, which begins with `/`.
    ///
    /// # Errors
    /// [`Error::Net`] where there is no answer in time, or none that is HTTP.
    pub fn get(&self, path: &str) -> Result<Answer> {
        let deadline = Instant::now().checked_add(self.options.total);
        let mut stream = self.connect()?;
        let request = self.request(path);
        let fail = |what: &str, error: &std::io::Error| {
            Error::Net(format!(
                "{}:{}{path}: {what}: {error}",
                self.url.host, self.url.port
            ))
        };
        stream
            .set_write_timeout(Some(self.options.timeout))
            .and_then(|()| stream.write_all(request.as_bytes()))
            .map_err(|error| fail("cannot ask", &error))?;
        let mut got = Vec::new();
        let mut chunk = [0; 8192];
        loop {
            let wait = if got.is_empty() {
                self.options.timeout
            } else {
                self.options.silence
            };
            let left = deadline.map_or(wait, |end| end.saturating_duration_since(Instant::now()));
            let wait = wait.min(left).max(Duration::from_millis(1));
            stream
                .set_read_timeout(Some(wait))
                .map_err(|error| fail("time-out", &error))?;
            match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(n) => got.extend_from_slice(chunk.get(..n).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    if got.is_empty() {
                        return Err(fail("no answer in time", &error));
                    }
                    break;
                }
                Err(error) if got.is_empty() => return Err(fail("no answer", &error)),
                Err(_) => break,
            }
            if got.len() > MAX_ANSWER.saturating_add(MAX_HEADER) {
                return Err(self.wrong(path, &format!("more than {MAX_ANSWER} bytes")));
            }
            if is_whole(&got) {
                break;
            }
            if left.is_zero() {
                return Err(self.wrong(path, "the answer does not end"));
            }
        }
        self.read(path, &got)
    }

    fn wrong(&self, path: &str, message: &str) -> Error {
        Error::Net(format!(
            "{}:{}{path}: {message}",
            self.url.host, self.url.port
        ))
    }

    fn connect(&self) -> Result<TcpStream> {
        let place = format!("{}:{}", self.url.host, self.url.port);
        let fail = |error: std::io::Error| Error::Net(format!("{place}: cannot connect: {error}"));
        let mut last = std::io::Error::new(ErrorKind::NotFound, "no address");
        for address in place.to_socket_addrs().map_err(fail)? {
            match TcpStream::connect_timeout(&address, self.options.timeout) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(fail(last))
    }

    fn request(&self, path: &str) -> String {
        let mut request = format!(
            "GET {}{path} HTTP/1.0\r\nHost: {}\r\nUser-Agent: parconfig/{}\r\nConnection: close\r\n",
            self.url.base,
            self.url.host,
            env!("CARGO_PKG_VERSION")
        );
        if let Some(user) = &self.options.user {
            let login = format!("{user}:{}", self.options.password);
            request.push_str(&format!(
                "Authorization: Basic {}\r\n",
                base64(login.as_bytes())
            ));
        }
        request.push_str("\r\n");
        request
    }

    fn read(&self, path: &str, got: &[u8]) -> Result<Answer> {
        let Some((header, body)) = split(got) else {
            return Err(self.wrong(path, "byte 0: no HTTP answer with a complete header"));
        };
        let first = header.lines().next().unwrap_or_default();
        let status = first
            .strip_prefix("HTTP/")
            .and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok())
            .ok_or_else(|| self.wrong(path, "byte 0: a line HTTP/1.x and a status are expected"))?;
        let body = match length(header) {
            Some(length) if body.len() < length => {
                let message = format!("the answer is cut off: {} of {length} bytes", body.len());
                return Err(self.wrong(path, &message));
            }
            Some(length) => body.get(..length).unwrap_or(body).to_vec(),
            None if is_chunked(header) => {
                dechunk(body).ok_or_else(|| self.wrong(path, "the answer's chunks are cut off"))?
            }
            None => body.to_vec(),
        };
        Ok(Answer {
            status,
            server: field(header, "server").unwrap_or_default().to_owned(),
            body,
        })
    }
}

/// Header and body; the header's lines end CR LF or LF.
fn split(got: &[u8]) -> Option<(&str, &[u8])> {
    let ends = [(&b"\r\n\r\n"[..], 4), (b"\n\n", 2)];
    let (at, size) = ends
        .iter()
        .filter_map(|(end, size)| Some((memchr::memmem::find(got, end)?, *size)))
        .min()?;
    let header = std::str::from_utf8(got.get(..at)?).ok()?;
    Some((header, got.get(at.saturating_add(size)..)?))
}

fn field<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn length(header: &str) -> Option<usize> {
    field(header, "content-length")?.parse().ok()
}

fn is_chunked(header: &str) -> bool {
    field(header, "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
}

/// The answer is complete by what its own header says.
fn is_whole(got: &[u8]) -> bool {
    let Some((header, body)) = split(got) else {
        return false;
    };
    match length(header) {
        Some(length) => body.len() >= length,
        None => is_chunked(header) && dechunk(body).is_some(),
    }
}

/// The bytes of a chunked body; `None` where it is not complete.
fn dechunk(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let end = memchr::memmem::find(body, b"\r\n")?;
        let size = std::str::from_utf8(body.get(..end)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(out);
        }
        let start = end.checked_add(2)?;
        let stop = start.checked_add(size)?;
        out.extend_from_slice(body.get(start..stop)?);
        body = body.get(stop.checked_add(2)?..)?;
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let at = |n: usize| u32::from(group.get(n).copied().unwrap_or(0));
        let word = (at(0) << 16) | (at(1) << 8) | at(2);
        for (place, shift) in [18_u32, 12, 6, 0].into_iter().enumerate() {
            let letter = LETTERS
                .get((word >> shift) as usize & 63)
                .copied()
                .unwrap_or(b'=');
            out.push(if place <= group.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let url = Url::parse("http://10.0.0.5:8080/a/").unwrap();
        assert_eq!(
            (url.host.as_str(), url.port, url.base.as_str()),
            ("10.0.0.5", 8080, "/a")
        );
        assert_eq!(Url::parse("http://unit").unwrap().port, 80);
        for bad in [
            "unit.par",
            "http://",
            "http://a:b@c",
            "http://a b",
            "http://a:99999",
            "ftp://a",
        ] {
            assert_eq!(Url::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn base64_of_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("fooba", "Zm9vYmE="),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn chunks() {
        assert_eq!(
            dechunk(b"3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n").as_deref(),
            Some(&b"abcd"[..])
        );
        assert_eq!(dechunk(b"ffffffffffffffff\r\nabc"), None);
        assert_eq!(dechunk(b"3\r\nab"), None);
    }
}
