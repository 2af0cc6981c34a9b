// SPDX-License-Identifier: MPL-2.0
//! A unit's files by FTP: listed, read with resume, written to another name and renamed.
//!
//! That units keep `.ini` files which are fetched and put back by FTP is **stated** (manuals); where they are is not public, so
//! the user names the folder in the URL. FTP carries passwords in the clear.

use crate::error::{Error, Result};
use crate::files::{Budget, MAX_FILE, check_depth, step};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use suppaftp::list::{File, ListParser};
use suppaftp::types::{FileType, Mode};
use suppaftp::{FtpError, FtpStream, Status, TlsStream, TransferStream};

/// Most bytes of a folder's listing.
const MAX_LISTING: usize = 1 << 20;
/// Seconds from 1970 to 1990; earlier times are those of clocks that were never set.
const YEAR_1990: i64 = 631_152_000;
/// How often a broken connection is made again for one file.
const RETRIES: usize = 3;

/// Host, port and folder of `ftp://HOST[:PORT]/FOLDER/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FtpUrl {
    /// Name or address.
    pub host: String,
    /// 21 by default.
    pub port: u16,
    /// Absolute folder with `/` at both ends.
    pub folder: String,
}

impl std::fmt::Display for FtpUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ftp://{}:{}{}", self.host, self.port, self.folder)
    }
}

impl FtpUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`Error::Usage`]; a user name or password in the URL is refused, as it would end up in the shell's history.
    pub fn parse(text: &str) -> Result<FtpUrl> {
        let fail = |message: &str| Err(Error::Usage(format!("{text}: {message}")));
        let Some(rest) = text.strip_prefix("ftp://") else {
            return fail("expected ftp://HOST[:PORT]/FOLDER/");
        };
        let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
        if place.contains('@') {
            return Err(Error::Usage(
                "the URL contains a login: use --user, and PARCONFIG_PASSWORD for the password"
                    .into(),
            ));
        }
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()),
            None => (place, Some(21)),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let (Some(port), false, true) = (port, host.is_empty(), host.chars().all(plain)) else {
            return fail("expected ftp://HOST[:PORT]/FOLDER/");
        };
        if path.chars().any(char::is_control) {
            return fail("control character in the folder");
        }
        let path = path.trim_matches('/');
        Ok(FtpUrl {
            host: host.into(),
            port,
            folder: if path.is_empty() {
                "/".into()
            } else {
                format!("/{path}/")
            },
        })
    }
}

/// Who connects, and how.
#[derive(Clone)]
pub struct FtpOptions {
    /// User of the Admin FTP account.
    pub user: String,
    /// Its password. Never shown.
    pub password: String,
    /// For connecting and for each answer; logging in, a file or a listing may take ten times as long.
    pub timeout: Duration,
    /// The server connects back to this machine (active mode) instead of the other way round.
    pub active: bool,
}

/// A file of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Name below the folder of the URL, `/` between folders.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Time of the last change as the server reports it, RFC 3339.
    pub modified: Option<String>,
    /// The time is exact to the second, which that of an ordinary listing is not, and is not that of a clock that was never set.
    pub is_exact: bool,
}

/// A connection to one unit.
pub struct Session {
    url: FtpUrl,
    options: FtpOptions,
    ftp: FtpStream,
    watch: Watch,
}

/// Ends a connection that takes longer than it may: a server that sends a byte now and then never times out by itself.
struct Watch {
    restart: Sender<()>,
    has_expired: Arc<AtomicBool>,
}

impl Watch {
    fn start(socket: &TcpStream, limit: Duration) -> std::io::Result<Watch> {
        let socket = socket.try_clone()?;
        let (restart, restarted) = channel();
        let has_expired = Arc::new(AtomicBool::new(false));
        let expired = Arc::clone(&has_expired);
        std::thread::spawn(move || {
            let error = loop {
                if let Err(error) = restarted.recv_timeout(limit) {
                    break error;
                }
            };
            if error == RecvTimeoutError::Timeout {
                expired.store(true, Ordering::SeqCst);
                let _ = socket.shutdown(Shutdown::Both);
            }
        });
        Ok(Watch {
            restart,
            has_expired,
        })
    }

    fn has_expired(&self) -> bool {
        self.has_expired.load(Ordering::SeqCst)
    }
}

/// Errors after which another attempt may succeed: the connection is gone, or the server said 4xx.
fn is_transient(error: &FtpError) -> bool {
    match error {
        FtpError::ConnectionError(error) => {
            let lasting = [
                ErrorKind::WouldBlock,
                ErrorKind::TimedOut,
                ErrorKind::FileTooLarge,
            ];
            !lasting.contains(&error.kind())
        }
        FtpError::UnexpectedResponse(response) => (400..450).contains(&response.status.code()),
        _ => false,
    }
}

fn is_refused(error: &FtpError, codes: &[u32]) -> bool {
    matches!(error, FtpError::UnexpectedResponse(response) if codes.contains(&response.status.code()))
}

fn timed_out() -> FtpError {
    FtpError::ConnectionError(std::io::Error::from(ErrorKind::TimedOut))
}

/// What the server or the system said, without the library's wording.
fn reason(error: &FtpError) -> String {
    match error {
        FtpError::ConnectionError(error)
            if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
        {
            "timed out".into()
        }
        FtpError::ConnectionError(error) => error.to_string(),
        FtpError::UnexpectedResponse(response) => {
            let text = String::from_utf8_lossy(&response.body);
            text.chars().filter(|c| !c.is_control()).take(200).collect()
        }
        error => error.to_string(),
    }
}

fn connect_tcp(place: impl ToSocketAddrs, timeout: Duration) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::new(ErrorKind::NotFound, "the host has no address");
    for address in place.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => {
                stream.set_read_timeout(Some(timeout))?;
                stream.set_write_timeout(Some(timeout))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn log_in(url: &FtpUrl, options: &FtpOptions) -> Result<(FtpStream, Watch)> {
    let timeout = options.timeout;
    let connect = || {
        let stream = connect_tcp((url.host.as_str(), url.port), timeout)?;
        let watch = Watch::start(&stream, timeout.saturating_mul(10))?;
        Ok((stream, watch))
    };
    let connected = connect().map_err(FtpError::ConnectionError);
    let (stream, watch) = connected
        .map_err(|error| Error::Net(format!("{url}: cannot connect: {}", reason(&error))))?;
    let fail = |what: &str, error: &FtpError| {
        let expired = watch.has_expired().then(timed_out);
        let reason = reason(expired.as_ref().unwrap_or(error));
        Error::Net(format!("{url}: {what}: {reason}"))
    };
    let mut ftp = FtpStream::connect_with_stream(stream)
        .map_err(|error| fail("cannot connect", &error))?
        .passive_stream_builder(move |address| {
            connect_tcp(address, timeout).map_err(FtpError::ConnectionError)
        });
    // The address that a server behind NAT gives for data is not the one that reaches it.
    ftp.set_passive_nat_workaround(true);
    if options.active {
        ftp = ftp.active_mode(timeout);
        ftp.set_mode(Mode::Active);
    }
    ftp.login(options.user.as_str(), options.password.as_str())
        .map_err(|error| fail("login refused", &error))?;
    ftp.transfer_type(FileType::Binary)
        .map_err(|error| fail("binary transfer refused", &error))?;
    if url.folder != "/" {
        let folder = url.folder.trim_end_matches('/');
        ftp.cwd(folder)
            .map_err(|error| fail("cannot enter the folder", &error))?;
    }
    Ok((ftp, watch))
}

/// A name from a server that stays inside the folder of a set.
fn is_safe(name: &str) -> bool {
    !name.contains(['/', '\\', ':', '\0']) && !name.chars().any(char::is_control)
}

impl Session {
    /// Connects, logs in and enters the folder of the URL.
    ///
    /// # Errors
    /// [`Error::Net`].
    pub fn connect(url: &FtpUrl, options: &FtpOptions) -> Result<Session> {
        let (ftp, watch) = log_in(url, options)?;
        Ok(Session {
            url: url.clone(),
            options: options.clone(),
            ftp,
            watch,
        })
    }

    fn error(&self, name: &str, what: &str, error: &FtpError) -> Error {
        let expired = self.watch.has_expired().then(timed_out);
        let reason = reason(expired.as_ref().unwrap_or(error));
        Error::Net(format!("{}{name}: {what}: {reason}", self.url))
    }

    fn reconnect(&mut self) -> Result<()> {
        (self.ftp, self.watch) = log_in(&self.url, &self.options)?;
        Ok(())
    }

    /// Gives the next operation its time.
    fn restart_watch(&mut self) -> Result<()> {
        match self.watch.restart.send(()) {
            Ok(()) => Ok(()),
            // The connection was not used for too long.
            Err(_) => self.reconnect(),
        }
    }

    /// Repeats what failed because of a broken connection.
    fn retry<T>(
        &mut self,
        name: &str,
        what: &str,
        mut act: impl FnMut(&mut Session) -> Result<T, FtpError>,
    ) -> Result<T> {
        let mut tries = 0_usize;
        loop {
            self.restart_watch()?;
            let done = act(self);
            let may_retry = tries < RETRIES && !self.watch.has_expired();
            match done {
                Ok(done) => return Ok(done),
                Err(error) if is_transient(&error) && may_retry => {
                    tries = tries.saturating_add(1);
                    self.reconnect()?;
                }
                Err(error) => return Err(self.error(name, what, &error)),
            }
        }
    }

    /// The files below the folder whose name fits the pattern, sorted by name.
    ///
    /// # Errors
    /// [`Error::Net`]; more than a set may hold, and names that lead out of the folder.
    pub fn list(&mut self, pattern: &glob::Pattern) -> Result<Vec<Remote>> {
        let mut found = Vec::new();
        let mut budget = Budget::default();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let (entries, is_exact) = self.entries(&folder)?;
            for entry in entries {
                let name = format!("{folder}{}", entry.name());
                // Hidden files and backups are not settings; they would be left out of the set here too.
                if entry.name().is_empty() || entry.name().starts_with('.') || name.ends_with('~') {
                    continue;
                }
                if !is_safe(entry.name()) {
                    let message = "the name cannot be used for a file here";
                    return Err(Error::refuse(format!("{}{name:?}", self.url), message));
                }
                if entry.is_directory() {
                    check_depth(&format!("{name}/"))?;
                    folders.push(format!("{name}/"));
                    continue;
                }
                if !entry.is_file() || !pattern.matches_with(entry.name(), crate::place::ANY_CASE) {
                    continue;
                }
                budget.add(&name, entry.size() as u64)?;
                let modified = jiff::Timestamp::try_from(entry.modified()).ok();
                let is_set = modified.is_some_and(|time| time.as_second() > YEAR_1990);
                found.push(Remote {
                    name,
                    size: entry.size() as u64,
                    modified: modified.map(|time| time.to_string()),
                    is_exact: is_exact && is_set,
                });
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// The entries of a folder, and whether their times are exact.
    fn entries(&mut self, folder: &str) -> Result<(Vec<File>, bool)> {
        let path = folder.trim_end_matches('/');
        self.retry(folder, "cannot list", |session| {
            // MLSD is exact; servers without it list as Unix or as DOS does.
            let (listing, is_exact) = match session.listing(format!("MLSD {path}").trim_end()) {
                Err(error) if is_refused(&error, &[500, 501, 502, 504]) => {
                    (session.listing(format!("LIST {path}").trim_end())?, false)
                }
                listing => (listing?, true),
            };
            let parse = |line: &str| match is_exact {
                true => ListParser::parse_mlsd(line),
                false => ListParser::parse_posix(line).or_else(|_| ListParser::parse_dos(line)),
            };
            let entries = listing.lines().filter_map(|line| parse(line).ok());
            Ok((entries.collect(), is_exact))
        })
    }

    fn listing(&mut self, command: &str) -> Result<String, FtpError> {
        let sent = [Status::AboutToSend, Status::AlreadyOpen];
        let (_, stream) = self.ftp.custom_data_command(command, &sent)?;
        let mut bytes = Vec::new();
        self.receive(stream, &mut bytes, MAX_LISTING)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Reads a transfer to its end, within the limit and in time.
    fn receive<T: TlsStream>(
        &self,
        mut stream: TransferStream<T>,
        got: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), FtpError> {
        let deadline = self.deadline();
        let tcp = stream.get_ref().get_ref();
        tcp.set_read_timeout(Some(self.options.timeout))
            .map_err(FtpError::ConnectionError)?;
        let mut block = [0; 16 << 10];
        loop {
            match stream.read(&mut block).map_err(FtpError::ConnectionError)? {
                0 => return stream.finish(),
                bytes => got.extend_from_slice(block.get(..bytes).unwrap_or_default()),
            }
            if got.len() > limit {
                let message = format!("more than {limit} bytes");
                let error = std::io::Error::new(ErrorKind::FileTooLarge, message);
                return Err(FtpError::ConnectionError(error));
            }
            if Instant::now() > deadline {
                return Err(timed_out());
            }
        }
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// [`Error::Net`].
    pub fn read(&mut self, name: &str) -> Result<Vec<u8>> {
        let mut got = Vec::new();
        self.download(name, None, &mut got)?;
        Ok(got)
    }

    /// Reads the rest of a file of which `got` was read before. After a broken connection reading continues where it ended.
    /// `listed` is its size, where it was just listed.
    ///
    /// # Errors
    /// [`Error::Net`]; `got` then has what was read.
    pub fn download(&mut self, name: &str, listed: Option<u64>, got: &mut Vec<u8>) -> Result<()> {
        let mut size = listed;
        let mut is_known = listed.is_some();
        self.retry(name, "cannot read", |session| {
            step();
            if !std::mem::take(&mut is_known) {
                let now = match session.ftp.size(name) {
                    Ok(size) => Some(size as u64),
                    Err(error) if is_refused(&error, &[500, 502, 504]) => None,
                    Err(error) => return Err(error),
                };
                // A file that became another one meanwhile starts over.
                if now != size {
                    got.clear();
                }
                size = now;
            }
            session.read_on(name, size, got)
        })
    }

    fn read_on(
        &mut self,
        name: &str,
        size: Option<u64>,
        got: &mut Vec<u8>,
    ) -> Result<(), FtpError> {
        let missing = |got: &[u8]| size.map(|size| size.checked_sub(got.len() as u64));
        match missing(got) {
            Some(Some(0)) if !got.is_empty() => return Ok(()),
            Some(None) => got.clear(),
            _ => {}
        }
        self.ftp.resume_transfer(got.len())?;
        let stream = match self.ftp.retr_as_stream(name) {
            Err(error) if !got.is_empty() && is_refused(&error, &[500, 501, 502, 504, 554]) => {
                got.clear();
                self.ftp.resume_transfer(0)?;
                self.ftp.retr_as_stream(name)?
            }
            stream => stream?,
        };
        self.receive(stream, got, MAX_FILE)?;
        match missing(got) {
            None | Some(Some(0)) => Ok(()),
            _ => {
                let error = std::io::Error::new(ErrorKind::UnexpectedEof, "the file is cut off");
                Err(FtpError::ConnectionError(error))
            }
        }
    }

    fn deadline(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.options.timeout.saturating_mul(10))
            .unwrap_or(now)
    }

    /// Writes a file whole. After a broken connection it starts over.
    ///
    /// # Errors
    /// [`Error::Net`]; the server may have kept a part of it.
    pub fn upload(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.retry(name, "cannot write", |session| {
            step();
            let deadline = session.deadline();
            let mut stream = session.ftp.put_with_stream(name)?;
            step();
            for block in bytes.chunks(16 << 10) {
                stream.write_all(block).map_err(FtpError::ConnectionError)?;
                step();
                if Instant::now() > deadline {
                    return Err(timed_out());
                }
            }
            stream.finish()
        })
    }

    /// Gives a file another name, over the file that has it.
    ///
    /// # Errors
    /// [`Error::Net`]; after a broken connection it may have happened.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        self.restart_watch()?;
        step();
        self.ftp
            .rename(from, to)
            .map_err(|error| self.error(from, &format!("cannot rename to {to}"), &error))
    }

    /// Deletes a file.
    ///
    /// # Errors
    /// [`Error::Net`].
    pub fn delete(&mut self, name: &str) -> Result<()> {
        self.restart_watch()?;
        step();
        self.ftp
            .rm(name)
            .map_err(|error| self.error(name, "cannot delete", &error))
    }

    /// Makes the connection again where it is gone.
    ///
    /// # Errors
    /// [`Error::Net`].
    pub fn ensure(&mut self) -> Result<()> {
        self.restart_watch()?;
        match self.ftp.noop() {
            Ok(()) => Ok(()),
            Err(_) => self.reconnect(),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.ftp.quit();
    }
}
