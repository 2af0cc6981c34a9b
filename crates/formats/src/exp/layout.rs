// SPDX-License-Identifier: MPL-2.0
//! Where each field of a record stands, as data: a small TOML file (`layouts/*.toml`), built in or given by the user.
//!
//! Offsets count bytes from the record's start. A negative offset counts back from the first byte of the coded picture, because
//! in keyframes that byte does not stand at a fixed place.

use crate::cursor::{self, Short};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

pub use super::time::{PLAUSIBLE_SECONDS, TimeType, civil};
pub use crate::fields::Status;

/// Layouts that ship with the program: name and TOML text.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("reference", include_str!("../../layouts/reference.toml")),
    ("plv1", include_str!("../../layouts/plv1.toml")),
];

/// An error with the line that it is in, unless that is too long to be shown.
fn shown(error: &toml::de::Error) -> String {
    let whole = error.to_string();
    match whole.len() < 2000 {
        true => whole,
        false => error.message().to_owned(),
    }
}

/// What is wrong with a layout.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// Not TOML, or not with these keys.
    #[error("layout cannot be read: {}", shown(.0))]
    Toml(#[from] toml::de::Error),
    /// The keys contradict each other.
    #[error("layout {name}: {what}")]
    Wrong {
        /// Its name.
        name: String,
        /// What contradicts.
        what: &'static str,
    },
}

/// How a number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Number {
    /// One byte.
    U8,
    /// Two bytes, little-endian.
    U16le,
    /// Two bytes, big-endian.
    U16be,
    /// Three bytes, little-endian.
    U24le,
    /// Three bytes, big-endian.
    U24be,
    /// Four bytes, little-endian.
    U32le,
    /// Four bytes, big-endian.
    U32be,
    /// Eight bytes, little-endian.
    U64le,
    /// Eight bytes, big-endian.
    U64be,
}

impl Number {
    /// Bytes it takes.
    pub fn width(self) -> usize {
        match self {
            Number::U8 => 1,
            Number::U16le | Number::U16be => 2,
            Number::U24le | Number::U24be => 3,
            Number::U32le | Number::U32be => 4,
            Number::U64le | Number::U64be => 8,
        }
    }

    /// The highest byte is the first.
    pub fn is_big_endian(self) -> bool {
        use Number::{U16be, U24be, U32be, U64be};
        matches!(self, U16be | U24be | U32be | U64be)
    }

    /// Puts the number at `at`, its low bytes where it has more than fit; nothing where `data` ends before.
    pub fn write(self, data: &mut [u8], at: usize, number: u64) {
        let mut bytes = number.to_le_bytes();
        let Some(bytes) = bytes.get_mut(..self.width()) else {
            return;
        };
        if self.is_big_endian() {
            bytes.reverse();
        }
        if let Some(to) = data.get_mut(at..at.saturating_add(bytes.len())) {
            to.copy_from_slice(bytes);
        }
    }

    /// The number at `at`.
    pub fn read(self, data: &[u8], at: usize) -> Result<u64, Short> {
        match self {
            Number::U8 => cursor::u8_at(data, at).map(u64::from),
            Number::U16le => cursor::u16_le(data, at).map(u64::from),
            Number::U16be => cursor::u16_be(data, at).map(u64::from),
            Number::U24le => {
                cursor::bytes_at(data, at).map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]).into())
            }
            Number::U24be => {
                cursor::bytes_at(data, at).map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]).into())
            }
            Number::U32le => cursor::u32_le(data, at).map(u64::from),
            Number::U32be => cursor::u32_be(data, at).map(u64::from),
            Number::U64le => cursor::u64_le(data, at),
            Number::U64be => cursor::u64_be(data, at),
        }
    }
}

/// A number in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Offset from the record's start, or back from the payload's first byte when negative.
    pub at: i32,
    /// How it is stored.
    #[serde(rename = "type")]
    pub number: Number,
    /// Bits of the stored value that are meant, where others say something else; the lowest of them counts 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<u64>,
    /// Bytes that each unit of the stored value stands for; 0 = one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unit: u32,
    /// The stored value counts bits.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bits: bool,
    /// Added to the stored value, in bytes, to get the meant one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub plus: i64,
}

/// What the size of a record counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Counts {
    /// The whole record.
    #[default]
    Record,
    /// What follows the field.
    After,
}

/// A count of ticks beside the time, or instead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticks {
    /// Offset from the record's start.
    pub at: i32,
    /// How it is stored.
    #[serde(rename = "type")]
    pub number: Number,
    /// Ticks per second: 1000, 90000, 10000000.
    pub rate: u64,
    /// Ticks to add so that a whole second begins at a multiple of `rate`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub phase: u64,
    /// The ticks add whole seconds to the time, which is that of midnight or of the start, instead of only dividing its second.
    #[serde(default, skip_serializing_if = "is_default")]
    pub adds: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn is_zero(value: &i64) -> bool {
    *value == 0
}

impl Field {
    /// A number of which all bits count as they are.
    pub fn new(at: i32, number: Number) -> Field {
        Field {
            at,
            number,
            mask: None,
            unit: 0,
            bits: false,
            plus: 0,
        }
    }

    /// Reads it. `payload` is the offset of the payload, for fields that count back from it.
    pub fn read(&self, data: &[u8], payload: usize) -> Result<u64, Short> {
        let value = self.number.read(data, place(self.at, payload))?;
        let mask = self.mask.unwrap_or(u64::MAX);
        let value = (value & mask)
            .checked_shr(mask.trailing_zeros())
            .unwrap_or(0);
        let value = value.saturating_mul(self.unit.max(1).into());
        let value = if self.bits { value / 8 } else { value };
        Ok(value.saturating_add_signed(self.plus))
    }

    /// Writes the value, where the field has no mask; see [`Number::write`].
    pub fn write(&self, data: &mut [u8], payload: usize, value: u64) {
        let value = value.saturating_add_signed(self.plus.saturating_neg());
        let value = value.checked_div(self.unit.max(1).into()).unwrap_or(0);
        let value = value.saturating_mul(if self.bits { 8 } else { 1 });
        self.number.write(data, place(self.at, payload), value);
    }

    /// The bytes of the record that it takes; see [`Field::read`].
    pub fn range(&self, payload: usize) -> std::ops::Range<usize> {
        let at = place(self.at, payload);
        at..at.saturating_add(self.number.width())
    }

    /// First byte after the field, for fields that count from the record's start.
    pub fn end(&self) -> usize {
        place(self.at, 0).saturating_add(self.number.width())
    }
}

/// Offset from the record's start of a field; a place before the record comes out as beyond any record.
fn place(at: i32, payload: usize) -> usize {
    match usize::try_from(at) {
        Ok(at) => at,
        Err(_) => payload
            .checked_sub(at.unsigned_abs() as usize)
            .unwrap_or(usize::MAX),
    }
}

/// The recorder's time in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeField {
    /// Offset from the record's start.
    pub at: usize,
    /// How it is stored.
    #[serde(rename = "type")]
    pub time: TimeType,
}

/// The byte that shows what a record is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindField {
    /// Offset from the record's start.
    pub at: i32,
    /// How it is stored.
    #[serde(rename = "type")]
    pub number: Number,
    /// Values of P pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub p: Vec<u64>,
    /// Values of keyframes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<u64>,
    /// Values of audio.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audio: Vec<u64>,
}

/// What is done to the coded bytes in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transform {
    /// Nothing.
    #[default]
    None,
    /// Groups of four bytes are stored reversed.
    Swap32,
}

/// What becomes of the last group of a reversed picture, where it has fewer than four bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShortGroup {
    /// It is filled up to four bytes.
    #[default]
    Filled,
    /// It is reversed as it stands.
    Reversed,
    /// It is left as it is.
    Kept,
}

/// Layouts of the version before say `true` for [`ShortGroup::Reversed`].
fn short_group<'de, D: serde::Deserializer<'de>>(from: D) -> Result<ShortGroup, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Old(bool),
        New(ShortGroup),
    }
    Ok(match Either::deserialize(from)? {
        Either::Old(true) => ShortGroup::Reversed,
        Either::Old(false) => ShortGroup::Filled,
        Either::New(group) => group,
    })
}

/// Where the coded bytes of one kind of record stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayloadLayout {
    /// Usual offset of the first coded byte from the record's start.
    pub payload: usize,
    /// Where the start code does not stand there, it is searched for in this many bytes of the record; 0 = not searched for.
    #[serde(default, skip_serializing_if = "is_none_usize")]
    pub search: usize,
    /// How the coded bytes are stored.
    #[serde(default)]
    pub transform: Transform,
    /// The last group of a reversed picture, where it is shorter.
    #[serde(
        default,
        deserialize_with = "short_group",
        skip_serializing_if = "is_default"
    )]
    pub short_group: ShortGroup,
    /// Number of coded bytes; without it the payload reaches to the record's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<Field>,
    /// CRC-32 (IEEE) of the coded bytes, 0 = absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crc: Option<Field>,
    /// Audio: 1 S16LE, 2 mu-law, 3 A-law, 4 IMA ADPCM (assumed).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<Field>,
    /// Audio: 0 8 kHz, 1 11.025, 2 16, 3 22.05, 4 32, 5 44.1, 6 48 (assumed).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Field>,
}

fn is_none_usize(value: &usize) -> bool {
    *value == 0
}

/// What frames are coded as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Video {
    /// MPEG-4 Part 2 or H.264, as their start codes say.
    #[default]
    Mpeg,
    /// JPEG, from FF D8 to FF D9.
    Jpeg,
}

/// Bytes that are the same in every record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    /// Offset from the record's start.
    pub at: usize,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Where the fields of a record stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordLayout {
    /// Bytes that every record has at least.
    pub header: usize,
    /// Records are padded to a multiple of this many bytes; 0 and 1 = not padded.
    #[serde(default)]
    pub align: usize,
    /// Bytes that never change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constant: Vec<Constant>,
    /// Where in a record the padded part begins: the bytes from there on are a multiple of `align`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub align_from: usize,
    /// The byte that padding consists of.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fill: u8,
    /// Bytes behind the payload that belong to the record and are neither payload nor padding, such as a checksum.
    #[serde(default, skip_serializing_if = "is_default")]
    pub trailer: usize,
    /// No record crosses a multiple of this many bytes: the rest of such a sector is `fill`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sector: usize,
    /// Offset in the file of the first sector.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sector_from: u64,
    /// The headers of a block's records stand together, behind this many bytes and before their payloads, which are in the same order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apart: Option<usize>,
    /// Size of the whole record; without it the record ends with its payload (and padding).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Field>,
    /// What `size` counts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub size_counts: Counts,
    /// `size` does not count the padding.
    #[serde(default, skip_serializing_if = "is_default")]
    pub size_unpadded: bool,
    /// The length counts padding too: the payload ends before the last bytes that are `fill`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub trim: bool,
    /// What the frames are coded as.
    #[serde(default, skip_serializing_if = "is_default")]
    pub video: Video,
    /// The recorder's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeField>,
    /// Milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub millis: Option<Field>,
    /// Ticks since the second, midnight or the start began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticks: Option<Ticks>,
    /// Sequence number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<Field>,
    /// Camera.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<Field>,
    /// Recording mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Field>,
    /// Cameras that the recordings have, as far as they are known. A frame of another one is believed when there are more of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cameras: Vec<u16>,
    /// Size of the picture: 1 CIF, 2 2CIF, 3 4CIF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Field>,
    /// What the record is; without it the coded bytes show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KindField>,
    /// P pictures.
    pub p: PayloadLayout,
    /// Keyframes.
    pub key: PayloadLayout,
    /// Audio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<PayloadLayout>,
}

/// A whole layout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Short name.
    pub name: String,
    /// What it is, for people.
    pub title: String,
    /// How sure it is.
    pub status: Status,
    /// Fields that are verified where the layout as a whole is not, such as `record.time`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verified: Vec<String>,
    /// Bytes of an opaque file header before the first record, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_header: Option<u64>,
    /// The records.
    pub record: RecordLayout,
}

/// No padding and no sector is larger.
const MAX_BLOCK: usize = 1 << 20;
/// Nothing that is read of a record is farther from its start or its payload.
const MAX_PLACE: usize = 65_536;
/// Values that a record is compared with.
const MAX_VALUES: usize = 256;

impl RecordLayout {
    /// Bytes of a record whose contents end at `end`, padding included.
    pub fn padded(&self, end: usize) -> usize {
        let counted = end.saturating_sub(self.align_from);
        let padded = counted.checked_next_multiple_of(self.align.max(1));
        padded.map_or(end, |counted| {
            counted.saturating_add(end.min(self.align_from))
        })
    }

    /// The record's size as its field gives it, padding added where the field leaves it out. `None` where there is no such field.
    pub fn read_size(&self, data: &[u8]) -> Result<Option<(usize, usize)>, Short> {
        let Some(field) = &self.size else {
            return Ok(None);
        };
        let mut size = field.read(data, 0)?;
        if self.size_counts == Counts::After {
            size = size.saturating_add(field.end() as u64);
        }
        let end = usize::try_from(size).unwrap_or(usize::MAX);
        let size = if self.size_unpadded {
            self.padded(end)
        } else {
            end
        };
        Ok(Some((size, end)))
    }
}

impl Layout {
    /// Reads a layout from TOML text.
    ///
    /// # Errors
    /// Text that is not TOML with these keys, or keys that contradict each other.
    pub fn from_toml(text: &str) -> Result<Layout, LayoutError> {
        let value: toml::Table = toml::from_str(text)?;
        let layout: Layout = toml::from_str(text)?;
        layout.check()?;
        let root = toml::Value::Table(value);
        let is_field = |name: &String| {
            let mut keys = name.split('.');
            keys.try_fold(&root, |value, key| value.get(key)).is_some()
        };
        match layout.verified.iter().all(is_field) {
            true => Ok(layout),
            false => layout.wrong("verified names a field that the layout does not have"),
        }
    }

    fn wrong<T>(&self, what: &'static str) -> Result<T, LayoutError> {
        Err(LayoutError::Wrong {
            name: self.name.clone(),
            what,
        })
    }

    /// How well a field is known, by its key such as `record.time`.
    pub fn status_of(&self, key: &str) -> Status {
        match self.verified.iter().any(|field| field == key) {
            true => Status::Verified,
            false => self.status,
        }
    }

    /// The reference layout.
    pub fn reference() -> &'static Layout {
        Layout::shipped("reference")
            .unwrap_or_else(|| unreachable!("a test reads the built-in layouts"))
    }

    /// The built-in layout of that name.
    pub fn built_in(name: &str) -> Option<Layout> {
        Layout::shipped(name).cloned()
    }

    fn shipped(name: &str) -> Option<&'static Layout> {
        static SHIPPED: LazyLock<Vec<Layout>> = LazyLock::new(|| {
            let read = |(_, text): &(&str, &str)| Layout::from_toml(text).ok();
            BUILT_IN.iter().filter_map(read).collect()
        });
        SHIPPED.iter().find(|layout| layout.name == name)
    }

    fn check(&self) -> Result<(), LayoutError> {
        let wrong = |what| self.wrong(what);
        let record = &self.record;
        if record.header == 0 || record.header > 4096 {
            return wrong("record.header must be 1 to 4096 bytes");
        }
        let blocks = [
            record.align,
            record.align_from,
            record.sector,
            record.trailer,
        ];
        if blocks.into_iter().any(|bytes| bytes > MAX_BLOCK) {
            return wrong("align, align_from, sector and trailer of record must be at most 1 MiB");
        }
        let parts = [Some(&record.p), Some(&record.key), record.audio.as_ref()];
        let parts = || parts.into_iter().flatten();
        if parts().any(|part| part.payload > MAX_PLACE || part.search > MAX_PLACE) {
            return wrong("payload and search must be at most 65536");
        }
        let of_payload = parts().flat_map(|part| [part.length, part.crc, part.codec, part.rate]);
        let places = (of_payload
            .chain([record.format])
            .flatten()
            .map(|field| field.at))
        .chain(record.kind.as_ref().map(|kind| kind.at))
        .chain(record.ticks.map(|ticks| ticks.at));
        if (places.into_iter()).any(|at| at.unsigned_abs() as usize > MAX_PLACE) {
            return wrong(
                "a field must be at most 65536 bytes from the record's start or its payload",
            );
        }
        let values = (record.kind.iter()).flat_map(|kind| [&kind.p, &kind.key, &kind.audio]);
        if record.cameras.len() > MAX_VALUES {
            return wrong("record.cameras must be at most 256");
        }
        if record.constant.len() > MAX_VALUES || values.into_iter().any(|of| of.len() > MAX_VALUES)
        {
            return wrong("record.constant and the values of record.kind must be at most 256 each");
        }
        let ends = |constant: &Constant| constant.at.saturating_add(constant.bytes.len());
        if record
            .constant
            .iter()
            .any(|constant| ends(constant) > MAX_PLACE)
        {
            return wrong("record.constant must end in the first 65536 bytes of a record");
        }
        let fields = [
            record.size,
            record.millis,
            record.sequence,
            record.camera,
            record.mode,
        ];
        let ends = fields.iter().flatten().map(Field::end).chain(
            record
                .time
                .map(|time| time.at.saturating_add(time.time.width())),
        );
        if ends.into_iter().any(|end| end > record.header) {
            return wrong("a field reaches beyond record.header");
        }
        if record
            .apart
            .is_some_and(|before| before > MAX_PLACE || record.size.is_none())
        {
            return wrong("record.apart needs record.size, and is at most 65536");
        }
        if record.ticks.is_some_and(|ticks| ticks.rate == 0) {
            return wrong("record.ticks.rate must be at least 1");
        }
        if record.size.is_none() && record.p.length.is_none() && self.name != "plv1" {
            return wrong("neither record.size nor record.p.length shows where a record ends");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_layouts_are_valid() {
        for (name, text) in BUILT_IN {
            let layout = Layout::from_toml(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(&layout.name, name);
            let again = Layout::from_toml(&toml::to_string(&layout).unwrap()).unwrap();
            assert_eq!(again, layout);
        }
    }

    #[test]
    fn contradictions_are_named() {
        let text = BUILT_IN[0].1.replace("header = 24", "header = 10");
        let error = Layout::from_toml(&text).unwrap_err().to_string();
        assert!(error.contains("beyond record.header"), "{error}");
        let text = BUILT_IN[0].1.replace("\"record.time\"", "\"record.times\"");
        let error = Layout::from_toml(&text).unwrap_err().to_string();
        assert!(error.contains("verified names a field"), "{error}");
    }

    #[test]
    fn absurd_numbers_are_refused() {
        let with = |key: &str, value: &str| {
            let mut layout: toml::Table = toml::from_str(BUILT_IN[0].1).unwrap();
            let value: toml::Table = toml::from_str(&format!("value = {value}")).unwrap();
            let mut keys: Vec<&str> = key.split('.').collect();
            let last = keys.pop().unwrap();
            let table = (keys.into_iter()).fold(&mut layout, |table, key| {
                let empty = toml::Value::Table(toml::Table::new());
                let entry = table.entry(key).or_insert(empty);
                entry.as_table_mut().unwrap()
            });
            table.insert(last.to_owned(), value["value"].clone());
            Layout::from_toml(&layout.to_string())
        };
        assert!(with("record.align", "16").is_ok());
        let far = "{ at = 2000000000, type = \"u8\" }";
        let before = "{ at = -2000000000, type = \"u8\" }";
        let many = format!("[{}]", "{ at = 0, bytes = [0] },".repeat(300));
        let values = format!("{{ at = 0, type = \"u8\", p = [{}] }}", "1,".repeat(300));
        for (key, value, what) in [
            ("record.header", "2000000000", "record.header"),
            ("record.header", "0", "record.header"),
            ("record.align", "2000000000", "1 MiB"),
            ("record.align_from", "2000000000", "1 MiB"),
            ("record.sector", "2000000000", "1 MiB"),
            ("record.trailer", "2000000000", "1 MiB"),
            ("record.p.payload", "2000000000", "payload and search"),
            ("record.key.search", "2000000000", "payload and search"),
            ("record.time.at", "2000000000", "beyond record.header"),
            ("record.size", far, "beyond record.header"),
            ("record.camera", before, "beyond record.header"),
            ("record.kind", far, "65536 bytes from"),
            ("record.format", far, "65536 bytes from"),
            ("record.p.length", far, "65536 bytes from"),
            ("record.key.crc", before, "65536 bytes from"),
            (
                "record.ticks",
                "{ at = 0, type = \"u8\", rate = 0 }",
                "record.ticks.rate",
            ),
            (
                "record.constant",
                "[{ at = 2000000000, bytes = [0] }]",
                "first 65536 bytes",
            ),
            ("record.constant", &many, "256 each"),
            ("record.kind", &values, "256 each"),
        ] {
            let error = with(key, value).expect_err(key).to_string();
            assert!(error.contains(what), "{key} = {value}: {error}");
        }
    }

    #[test]
    fn every_time_type_reads_the_same_second() {
        use TimeType::*;
        // 2009-11-10 14:15:30 UTC, a Tuesday, with 120 ms where they are stored; the bytes are Python's
        let cases: &[(TimeType, &[u8], Option<u16>)] = &[
            (Unix32le, b"\x82\x75\xf9\x4a", None),
            (Unix64le, b"\x82\x75\xf9\x4a\x00\x00\x00\x00", None),
            (Since1980le, b"\x82\xcf\x2a\x38", None),
            (Since2000le, b"\x02\x32\x8c\x12", None),
            (Ntp64le, b"\x87\x16\xd9\x1e\x02\xf4\xa3\xce", Some(120)),
            (Filetime, b"\x80\xbc\x15\x42\x10\x62\xca\x01", Some(120)),
            (Systemtime, b"\xd9\x07\x0b\x00\x02\x00\x0a\x00\x0e\x00\x0f\x00\x1e\x00\x78\x00", Some(120)),
            (Date16le, b"\xd9\x07\x0b\x00\x0a\x00\x0e\x00\x0f\x00\x1e\x00", None),
            (Date32le, b"\xd9\x07\x00\x00\x0b\x00\x00\x00\x0a\x00\x00\x00\x0e\x00\x00\x00\x0f\x00\x00\x00\x1e\x00\x00\x00", None),
            (Tm32le, b"\x1e\x00\x00\x00\x0f\x00\x00\x00\x0e\x00\x00\x00\x0a\x00\x00\x00\x0a\x00\x00\x00\x6d\x00\x00\x00", None),
            (Dos, b"\xef\x71\x6a\x3b", None),
            (Dosdate, b"\x6a\x3b\xef\x71", None),
            (Bytes7le, b"\xd9\x07\x0b\x0a\x0e\x0f\x1e", None),
            (Bytes8le, b"\xd9\x07\x0b\x0a\x0e\x0f\x1e\x0c", Some(120)),
            (Decimal64le, b"\x5a\xae\x7b\xd3\x45\x12\x00\x00", None),
            (Decimal32le, b"\xe6\x90\x32\x01\xda\x28\x02\x00", None),
            (Packed32le, b"\xde\xe3\xd4\x26", None),
            (Millis64le, b"\x48\x04\x73\xde\x24\x01\x00\x00", Some(120)),
            (Micros64le, b"\x27\xbd\x48\xf1\x04\x78\x04\x00", Some(120)),
            (Double64le, b"\x14\xae\x87\x60\x5d\xbe\xd2\x41", Some(120)),
            (Doublems64le, b"\x00\x80\x44\x30\xe7\x4d\x72\x42", Some(120)),
            (Oledatele, b"\x2a\x17\xdb\x02\xf3\x97\xe3\x40", Some(120)),
            (Unix32be, b"\x4a\xf9\x75\x82", None),
            (Unix64be, b"\x00\x00\x00\x00\x4a\xf9\x75\x82", None),
            (Since1980be, b"\x38\x2a\xcf\x82", None),
            (Since2000be, b"\x12\x8c\x32\x02", None),
            (Ntp64be, b"\xce\xa3\xf4\x02\x1e\xd9\x16\x87", Some(120)),
            (Filetimebe, b"\x01\xca\x62\x10\x42\x15\xbc\x80", Some(120)),
            (Systemtimebe, b"\x07\xd9\x00\x0b\x00\x02\x00\x0a\x00\x0e\x00\x0f\x00\x1e\x00\x78", Some(120)),
            (Date16be, b"\x07\xd9\x00\x0b\x00\x0a\x00\x0e\x00\x0f\x00\x1e", None),
            (Date32be, b"\x00\x00\x07\xd9\x00\x00\x00\x0b\x00\x00\x00\x0a\x00\x00\x00\x0e\x00\x00\x00\x0f\x00\x00\x00\x1e", None),
            (Tm32be, b"\x00\x00\x00\x1e\x00\x00\x00\x0f\x00\x00\x00\x0e\x00\x00\x00\x0a\x00\x00\x00\x0a\x00\x00\x00\x6d", None),
            (Dosbe, b"\x3b\x6a\x71\xef", None),
            (Bytes7be, b"\x07\xd9\x0b\x0a\x0e\x0f\x1e", None),
            (Bytes8be, b"\x07\xd9\x0b\x0a\x0e\x0f\x1e\x0c", Some(120)),
            (Decimal64be, b"\x00\x00\x12\x45\xd3\x7b\xae\x5a", None),
            (Decimal32be, b"\x01\x32\x90\xe6\x00\x02\x28\xda", None),
            (Packed32be, b"\x26\xd4\xe3\xde", None),
            (Millis64be, b"\x00\x00\x01\x24\xde\x73\x04\x48", Some(120)),
            (Micros64be, b"\x00\x04\x78\x04\xf1\x48\xbd\x27", Some(120)),
            (Double64be, b"\x41\xd2\xbe\x5d\x60\x87\xae\x14", Some(120)),
            (Doublems64be, b"\x42\x72\x4d\xe7\x30\x44\x80\x00", Some(120)),
            (Oledatebe, b"\x40\xe3\x97\xf3\x02\xdb\x17\x2a", Some(120)),
            (Bcd6, b"\x09\x11\x10\x14\x15\x30", None),
            (Bcd7, b"\x20\x09\x11\x10\x14\x15\x30", None),
            (Bcd7hund, b"\x09\x11\x10\x14\x15\x30\x12", Some(120)),
            (Bcd8, b"\x20\x09\x11\x10\x14\x15\x30\x12", Some(120)),
            (Bcd6le, b"\x30\x15\x14\x10\x11\x09", None),
            (Bcd7le, b"\x30\x15\x14\x10\x11\x09\x20", None),
            (Bcd7chip, b"\x30\x15\x14\x03\x10\x11\x09", None),
            (Bytes6, b"\x09\x0b\x0a\x0e\x0f\x1e", None),
            (Bytes6time, b"\x0e\x0f\x1e\x0a\x0b\x09", None),
            (Bytes6le, b"\x1e\x0f\x0e\x0a\x0b\x09", None),
            (Ascii14, b"20091110141530", None),
            (Ascii12, b"091110141530", None),
            (Ascii17, b"20091110141530120", Some(120)),
            (Ascii19, b"2009-11-10 14:15:30", None),
            (Ascii23, b"2009-11-10 14:15:30.120", Some(120)),
        ];
        assert_eq!(cases.len(), TimeType::ALL.len());
        for (kind, bytes, millis) in cases {
            assert_eq!(bytes.len(), kind.width(), "{kind:?}");
            let timestamp = kind.read(bytes, 0).unwrap().unwrap();
            assert_eq!(timestamp.seconds, 1_257_862_530, "{kind:?}");
            assert_eq!(timestamp.millis, *millis, "{kind:?}");
            assert!(kind.read(&bytes[1..], 0).is_err(), "{kind:?}");
        }
    }

    #[test]
    fn short_years_reach_back_to_1990() {
        let read = |year: u8| TimeType::Bcd6.read(&[year, 0x12, 0x31, 0x23, 0x59, 0x59], 0);
        let second = |year: i64| civil(year, 12, 31, 23, 59, 59).map(|timestamp| timestamp.seconds);
        let seconds = |year: u8| read(year).unwrap().map(|timestamp| timestamp.seconds);
        assert_eq!(seconds(0x98), second(1998));
        assert_eq!(seconds(0x08), second(2008));
        // 1994 is before what a recording may carry
        assert_eq!(seconds(0x94), None);
    }

    #[test]
    fn a_mask_keeps_other_bits_out() {
        let field: Field = toml::from_str("at = 1\ntype = \"u8\"\nmask = 127").unwrap();
        assert_eq!(field.read(&[0, 0x83], 0), Ok(3));
        let field: Field = toml::from_str("at = 0\ntype = \"u8\"\nmask = 0xf0").unwrap();
        assert_eq!(field.read(&[0x83], 0), Ok(8));
        let field: Field = toml::from_str("at = 1\ntype = \"u8\"").unwrap();
        assert_eq!(field.read(&[0, 0x83], 0), Ok(0x83));
    }

    #[test]
    fn short_groups_have_three_names_and_an_old_one() {
        let read = |text: &str| {
            let part: PayloadLayout = toml::from_str(&format!("payload = 8\n{text}")).unwrap();
            part.short_group
        };
        assert_eq!(read(""), ShortGroup::Filled);
        assert_eq!(read("short_group = true"), ShortGroup::Reversed);
        assert_eq!(read("short_group = \"reversed\""), ShortGroup::Reversed);
        assert_eq!(read("short_group = \"kept\""), ShortGroup::Kept);
    }

    #[test]
    fn a_unit_makes_bytes_of_words() {
        let field: Field = toml::from_str("at = 0\ntype = \"u16be\"\nunit = 4\nplus = 8").unwrap();
        assert_eq!(field.read(&[0, 5], 0), Ok(28));
        let mut stored = [0, 0];
        field.write(&mut stored, 0, 28);
        assert_eq!(stored, [0, 5]);
        let field: Field = toml::from_str("at = 0\ntype = \"u16be\"\nbits = true").unwrap();
        assert_eq!(field.read(&[1, 0], 0), Ok(32));
        field.write(&mut stored, 0, 33);
        assert_eq!(stored, [1, 8]);
    }

    #[test]
    fn dates_that_do_not_exist_are_no_times() {
        assert!(civil(2009, 2, 29, 0, 0, 0).is_none());
        assert!(civil(2008, 2, 29, 23, 59, 59).is_some());
        assert!(civil(2009, 13, 1, 0, 0, 0).is_none());
        assert_eq!(civil(1970, 1, 1, 0, 0, 0).unwrap().seconds, 0);
    }
}
