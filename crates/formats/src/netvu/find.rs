// SPDX-License-Identifier: MPL-2.0
//! Finding the next packet of an AD binary stream from any place: by the magic words inside packets, six bytes before which a
//! separator must agree.

use super::audio::AudioHeader;
use super::jfif;
use super::picture::{NoPicture, PictureHeader};
use super::separator::{self, Separator, Type};
use crate::cursor::{u16_be, u32_be};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Seconds before which no minimal packet is believed: the end of 1979 (stated).
const EARLIEST: u32 = 315_532_800;

/// Where the next packet begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Here, proved.
    At(usize),
    /// Possibly at `at`; to tell, the data must be `need` bytes long.
    Perhaps {
        /// Start of the separator.
        at: usize,
        /// Bytes needed, counted from the start of the data.
        need: usize,
    },
    /// Not before this place.
    NotBefore(usize),
}

/// Bytes to look at next where the next record is searched for and `have` show nothing: no fewer than the shortest record
/// has, so that the search does not go on byte by byte.
pub fn more(have: usize) -> usize {
    have.saturating_add(1).max(64)
}

/// A byte string that stands in every record of some kind.
pub struct Sign {
    finder: Finder<'static>,
    /// Bytes from the record's start to the sign.
    behind: usize,
}

impl Sign {
    /// A sign `behind` bytes after the start of its record.
    pub fn new(sign: &'static [u8], behind: usize) -> Sign {
        Sign {
            finder: Finder::new(sign),
            behind,
        }
    }
}

static SIGNS: LazyLock<[Sign; 4]> = LazyLock::new(|| {
    [
        Sign::new(&[0xde, 0xca, 0xde], 6),
        Sign::new(&[0x00, 0xab, 0xcd, 0xef], 6),
        Sign::new(&jfif::START, 6),
        // an MPEG-4 or H.264 start code behind seconds and milliseconds
        Sign::new(&[0x00, 0x00, 0x01], 12),
    ]
});

/// Bytes at the end of a window in which a sign may have begun.
const TAIL: usize = 16;

/// One sign on its way through the data.
struct Hunt<'a> {
    sign: &'a Sign,
    /// The record whose sign was found last.
    at: Option<usize>,
    /// No record with this sign begins between `at` (or the start) and here.
    searched: usize,
}

impl Hunt<'_> {
    /// Looks for the sign up to `before`, unless one is known already.
    fn go_on(&mut self, data: &[u8], before: usize) {
        if self.at.is_some() || self.searched >= before {
            return;
        }
        let behind = self.sign.behind;
        let last = self.sign.finder.needle().len().saturating_sub(1);
        let start = self.searched.saturating_add(behind);
        let end = before
            .saturating_add(behind)
            .saturating_add(last)
            .min(data.len());
        let found = data
            .get(start..end)
            .and_then(|part| self.sign.finder.find(part));
        self.at = found.map(|found| self.searched.saturating_add(found));
        self.searched = before;
    }
}

/// A packet proves itself or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Content and size agree, or content and the packet that follows.
    Yes,
    /// It is none.
    No,
    /// The data must be this long to tell.
    Need(usize),
}

/// What stands at `at` looks like a separator, or the stream ends there.
pub fn separator_at(data: &[u8], at: usize, last: bool) -> Proof {
    match Separator::parse(data, at) {
        Ok(Some(_)) => Proof::Yes,
        Ok(None) => Proof::No,
        Err(_) if last && at <= data.len() => Proof::Yes,
        Err(_) if last => Proof::No,
        Err(short) => Proof::Need(data.len().saturating_add(short.missing)),
    }
}

/// The header of a minimal video packet, seconds and milliseconds, is plausible.
pub fn minimal_time(data: &[u8], at: usize) -> bool {
    u32_be(data, at).is_ok_and(|seconds| seconds > EARLIEST)
        && u16_be(data, at.saturating_add(4)).is_ok_and(|millis| millis < 1000)
}

/// Whether the packet whose separator stands at `at` proves itself by a magic word and its size.
pub fn prove(data: &[u8], at: usize, last: bool) -> Proof {
    let Ok(Some(sep)) = Separator::parse(data, at) else {
        return Proof::No;
    };
    let body = at.saturating_add(separator::LEN);
    let rest = data.get(body..).unwrap_or_default();
    let short = |missing: usize| {
        if last {
            Proof::No
        } else {
            Proof::Need(data.len().saturating_add(missing))
        }
    };
    match sep.kind {
        Type::Jpeg | Type::Jfif | Type::Mpeg4 | Type::H264
            if rest.starts_with(&[0xde, 0xca, 0xde]) =>
        {
            match PictureHeader::parse(rest) {
                Ok(header) if header.total() == sep.size => Proof::Yes,
                Ok(_) | Err(NoPicture::Expected(_)) => Proof::No,
                Err(NoPicture::Short(missing)) => short(missing.missing),
            }
        }
        Type::Audio => match AudioHeader::parse(rest) {
            Ok(Some(header)) if header.total() == sep.size => Proof::Yes,
            Ok(_) => Proof::No,
            Err(missing) => short(missing.missing),
        },
        Type::Jfif if rest.starts_with(&jfif::START) => {
            separator_at(data, at.saturating_add(sep.total()), last)
        }
        Type::MinimalVideo if minimal_time(data, body) => {
            separator_at(data, at.saturating_add(sep.total()), last)
        }
        _ => Proof::No,
    }
}

/// The first packet of a binary stream from `from` on that proves itself.
pub fn next(data: &[u8], from: usize, last: bool) -> Found {
    hunt(&SIGNS, data, from, last, |at| prove(data, at, last))
}

/// The first record from `from` on that has one of the signs and proves itself. Every byte is looked at once for each sign.
pub fn hunt<const N: usize>(
    signs: &[Sign; N],
    data: &[u8],
    from: usize,
    last: bool,
    mut prove: impl FnMut(usize) -> Proof,
) -> Found {
    let limit = data.len();
    let mut hunts = signs.each_ref().map(|sign| Hunt {
        sign,
        at: None,
        searched: from,
    });
    loop {
        let known = hunts.iter().filter_map(|hunt| hunt.at).min();
        let mut before = known.unwrap_or(limit);
        for hunt in &mut hunts {
            hunt.go_on(data, before);
            before = before.min(hunt.at.unwrap_or(before));
        }
        let first = hunts
            .iter_mut()
            .filter(|hunt| hunt.at.is_some())
            .min_by_key(|hunt| hunt.at);
        let Some((hunt, at)) = first.and_then(|hunt| hunt.at.map(|at| (hunt, at))) else {
            break;
        };
        match prove(at) {
            Proof::Yes => return Found::At(at),
            Proof::Need(need) => return Found::Perhaps { at, need },
            Proof::No => {
                hunt.at = None;
                hunt.searched = at.saturating_add(1);
            }
        }
    }
    Found::NotBefore(if last {
        limit
    } else {
        limit.saturating_sub(TAIL).max(from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut data = vec![kind, 0];
        data.extend((body.len() as u32).to_be_bytes());
        data.extend(body);
        data
    }

    fn picture() -> Vec<u8> {
        let mut body = super::super::picture::tests::vector();
        body.resize(17_074, 7);
        packet(0, &body)
    }

    #[test]
    fn a_picture_is_found_behind_anything() {
        let mut data = vec![0xde, 0xca, 0xde, 0x11, 0, 0, 1, 0xff, 0xd8, 0xff, 0xe0, 0];
        data.extend([0; 100]);
        let at = data.len();
        data.extend(picture());
        assert_eq!(next(&data, 0, true), Found::At(at));
        assert_eq!(
            next(&data[..at + 50], 0, false),
            Found::Perhaps { at, need: at + 174 }
        );
        assert_eq!(next(&data, at + 1, true), Found::NotBefore(data.len()));
    }

    #[test]
    fn weak_packets_need_a_separator_behind_them() {
        let mut body = vec![0x49, 0x30, 4, 0x55, 0, 0xce, 0, 0, 1, 0xb6, 0x10];
        body.resize(100, 9);
        let mut data = vec![1, 2, 3];
        data.extend(packet(6, &body));
        let alone = data.clone();
        assert_eq!(next(&alone, 0, false), Found::Perhaps { at: 3, need: 115 });
        assert_eq!(next(&alone, 0, true), Found::At(3));
        data.extend(packet(6, &body));
        assert_eq!(next(&data, 0, false), Found::At(3));
        data[109] = 0xff;
        assert_ne!(next(&data, 0, false), Found::At(3));
    }
}
