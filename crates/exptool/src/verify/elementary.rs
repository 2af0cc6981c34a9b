// SPDX-License-Identifier: MPL-2.0
//! The pictures of a bare MPEG-4 Part 2 stream, hashed as they pass: such files have no end of picture but the next start code,
//! and may be long.

use crate::common::Failure;
use memchr::memmem::Finder;
use sha2::{Digest, Sha256};
use std::{fs::File, io::Read, path::Path};

/// Bytes that are read at a time.
const BLOCK: usize = 256 << 10;
/// Bytes of a start code.
const CODE: usize = 4;
/// The start code of a picture.
const VOP: u8 = 0xb6;

/// Whether a stream begins here, and whether it is MPEG-4: raw streams begin with a start code, and no recording does.
pub fn begins(path: &Path) -> Option<bool> {
    // a pipe would keep us waiting
    if !path.is_file() {
        return None;
    }
    let mut head = Vec::new();
    File::open(path).ok()?.take(5).read_to_end(&mut head).ok()?;
    match head.as_slice() {
        [0, 0, 1, code, ..] => Some(ends_picture(*code)),
        [0, 0, 0, 1, _] => Some(false),
        _ => None,
    }
}

/// Start codes that stand between pictures: of sequences, objects, layers, groups and user data.
fn ends_picture(code: u8) -> bool {
    matches!(code, 0x00..=0x2f | 0xb0..=0xb3 | 0xb5 | VOP)
}

/// Tells the SHA-256 of each picture, from its start code to the next one.
///
/// # Errors
/// A file that cannot be read, and whatever `tell` fails with.
pub fn pictures(
    path: &Path,
    tell: &mut dyn FnMut([u8; 32]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let fail = |error: std::io::Error| Failure::Input(format!("{}: {error}", path.display()));
    let mut file = File::open(path).map_err(fail)?;
    let mut bytes = Vec::with_capacity(BLOCK + CODE);
    let mut split = Split::default();
    loop {
        let read = file
            .by_ref()
            .take(BLOCK as u64)
            .read_to_end(&mut bytes)
            .map_err(fail)?;
        let taken = split.take(&bytes, read == 0, tell)?;
        if read == 0 {
            return split.end(tell);
        }
        bytes.drain(..taken);
    }
}

/// Where the stream is taken apart.
#[derive(Default)]
struct Split {
    picture: Option<Sha256>,
}

impl Split {
    /// Takes what `bytes` prove; how many. `last`: the file ends with them.
    fn take(
        &mut self,
        bytes: &[u8],
        last: bool,
        tell: &mut dyn FnMut([u8; 32]) -> Result<(), Failure>,
    ) -> Result<usize, Failure> {
        let finder = Finder::new(&[0, 0, 1]);
        // where the last part begins, and where its start code ends
        let (mut from, mut code_end) = (0, 0);
        for at in finder.find_iter(bytes) {
            let Some(code) = bytes.get(at + CODE - 1).filter(|code| ends_picture(**code)) else {
                continue;
            };
            self.hash(bytes.get(from..at).unwrap_or_default());
            self.end(tell)?;
            if *code == VOP {
                self.picture = Some(Sha256::new());
            }
            (from, code_end) = (at, at + CODE);
        }
        // a start code may go on in the next bytes
        let sure = match last {
            true => bytes.len(),
            false => bytes.len().saturating_sub(CODE - 1).max(code_end),
        };
        self.hash(bytes.get(from..sure).unwrap_or_default());
        Ok(sure)
    }

    fn hash(&mut self, bytes: &[u8]) {
        if let Some(sum) = &mut self.picture {
            sum.update(bytes);
        }
    }

    /// A picture that was begun is complete.
    fn end(
        &mut self,
        tell: &mut dyn FnMut([u8; 32]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match self.picture.take() {
            Some(sum) => tell(sum.finalize().into()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_end_at_start_codes_wherever_blocks_do() {
        let vop = |n: u8| [&[0, 0, 1, VOP, n][..], &[n; 9], &[0, 0]].concat();
        let mut stream = vec![0, 0, 1, 0xb0, 1, 0, 0, 1, 0, 0, 0, 1, 0x20, 7, 7];
        let mut expected: Vec<[u8; 32]> = Vec::new();
        for n in 2..30 {
            stream.extend(vop(n));
            // a code that is none of those between pictures belongs to the picture
            if n == 5 {
                stream.extend([0, 0, 1, 0xb9]);
            }
            let from = stream.len() - vop(n).len() - if n == 5 { 4 } else { 0 };
            expected.push(Sha256::digest(&stream[from..]).into());
            if n % 7 == 0 {
                stream.extend([0, 0, 1, 0xb3, 1, 2, 3]);
            }
        }
        for block in 1..40 {
            let (mut found, mut split, mut bytes) = (Vec::new(), Split::default(), Vec::new());
            let mut tell = |hash| {
                found.push(hash);
                Ok(())
            };
            for part in stream.chunks(block) {
                bytes.extend_from_slice(part);
                let taken = split.take(&bytes, false, &mut tell).unwrap();
                bytes.drain(..taken);
            }
            split.take(&bytes, true, &mut tell).unwrap();
            split.end(&mut tell).unwrap();
            assert_eq!(found, expected, "{block}");
        }
    }
}
