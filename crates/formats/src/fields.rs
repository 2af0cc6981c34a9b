// SPDX-License-Identifier: MPL-2.0
//! Headers described once: a table of fields from which a header is parsed, written and explained.
//!
//! `header!` makes a struct and its [`Table`] from one list of rows:
//!
//! ```text
//! header! {
//!     /// An entry of the index.
//!     pub struct Entry: 16 bytes, Little {
//!         0  offset: u64,     "record offset", Assumed;
//!         8  seconds: u32,    "recorder time", Assumed, UnixTime("if UTC (assumed)");
//!         12 title: Text<4>,  "title",         Assumed;
//!     }
//! }
//! let entry = Entry::parse(data)?;
//! ```
//!
//! A row is: offset, field, type, name for people, [`Status`], and [`Meaning`] where it is not [`Plain`](Meaning::Plain). Rows
//! follow each other without gap or overlap up to the size of the header; the compiler checks it. Reserved bytes are a
//! [`Bytes`] or [`Zero`] field.

use crate::cursor::{Short, bytes_at};
use serde::{Deserialize, Serialize};

/// How well the meaning of a field is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Shown on real footage, publicly.
    Verified,
    /// Stated by a manual or a published program, without bytes that show it.
    Stated,
    /// Ours, until a real file shows otherwise.
    Assumed,
    /// Worked out from the file itself.
    #[serde(alias = "learnt")]
    Inferred,
}

impl Status {
    /// The word for it: `verified`, `stated`, `assumed` or `inferred`.
    pub const fn word(self) -> &'static str {
        match self {
            Status::Verified => "verified",
            Status::Stated => "stated",
            Status::Assumed => "assumed",
            Status::Inferred => "inferred",
        }
    }
}

/// Byte order of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

/// How a field is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number of so many bytes, without sign.
    Unsigned(usize),
    /// A number of so many bytes in two's complement.
    Signed(usize),
    /// So many bytes of text, filled up with NUL.
    Text(usize),
    /// So many bytes that are neither.
    Bytes(usize),
    /// So many bytes that should be 0.
    Zero(usize),
}

impl Kind {
    /// Bytes it takes.
    pub const fn width(self) -> usize {
        match self {
            Kind::Unsigned(bytes) | Kind::Signed(bytes) => bytes,
            Kind::Text(bytes) | Kind::Bytes(bytes) | Kind::Zero(bytes) => bytes,
        }
    }
}

/// What the value of a field stands for: how it is shown to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Itself.
    Plain,
    /// A number of these, such as `bytes`.
    Unit(&'static str),
    /// Bits without names, or a constant: shown in hexadecimal.
    Hex,
    /// Seconds since 1970-01-01, and what is known of their zone, such as `if UTC (assumed)`.
    UnixTime(&'static str),
    /// One of these.
    Names(&'static [(u64, &'static str)]),
    /// Any of these bits.
    Flags(&'static [(u64, &'static str)]),
    /// CRC-32 (IEEE) of so many bytes from the start of the header.
    Crc32(usize),
}

impl Meaning {
    /// The number in words.
    pub fn describe(self, value: i128) -> String {
        let bits = u64::try_from(value).unwrap_or(0);
        match self {
            Meaning::Plain | Meaning::Crc32(_) => value.to_string(),
            Meaning::Unit(unit) => format!("{value} {unit}"),
            Meaning::Hex => format!("{bits:#x}"),
            Meaning::UnixTime(zone) => {
                let time = i64::try_from(value).ok().filter(|seconds| *seconds != 0);
                match time.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()) {
                    Some(time) => format!("{value} s = {time} {zone}"),
                    None => value.to_string(),
                }
            }
            Meaning::Names(names) => {
                let name = names.iter().find(|(number, _)| *number == bits);
                format!("{value} {}", name.map_or("unknown", |(_, name)| name))
            }
            Meaning::Flags(names) => {
                let set = names.iter().filter(|(bit, _)| bits & bit != 0);
                let set: Vec<&str> = set.map(|(_, name)| *name).collect();
                format!("{bits:#x} {}", set.join(", "))
                    .trim_end()
                    .to_owned()
            }
        }
    }
}

/// A row: one field of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Offset in bytes from the header's start.
    pub at: usize,
    /// How it is stored.
    pub kind: Kind,
    /// What it is called, for people.
    pub name: &'static str,
    /// How well its meaning is known.
    pub status: Status,
    /// What its value stands for.
    pub meaning: Meaning,
}

impl Field {
    /// The value in words.
    ///
    /// # Errors
    /// A header that ends before or inside the field.
    pub fn describe(&self, header: &[u8], order: Order) -> Result<String, Short> {
        let end = self.at.saturating_add(self.kind.width());
        let Some(bytes) = header.get(self.at..end) else {
            let missing = end.saturating_sub(header.len()).max(1);
            return Err(Short { missing });
        };
        Ok(match (self.kind, self.meaning) {
            (Kind::Text(_), _) => format!("{:?}", decode_text(bytes)),
            (Kind::Zero(_), _) if bytes.iter().all(|byte| *byte == 0) => String::new(),
            (Kind::Zero(_), _) => "not zero".to_owned(),
            (Kind::Bytes(_), _) => String::new(),
            (_, Meaning::Crc32(of)) => {
                let actual = header.get(..of).map(crc32fast::hash);
                match (number(bytes, order, false), actual) {
                    (claimed, Some(actual)) if claimed == i128::from(actual) => {
                        format!("{claimed:08x}, ok")
                    }
                    (claimed, Some(actual)) => {
                        format!("{claimed:08x}, mismatch: the bytes have {actual:08x}")
                    }
                    (claimed, None) => format!("{claimed:08x}"),
                }
            }
            (kind, meaning) => {
                let signed = matches!(kind, Kind::Signed(_));
                meaning.describe(number(bytes, order, signed))
            }
        })
    }
}

/// The number that these bytes are: at most 8; 2 or 4 with a sign.
fn number(bytes: &[u8], order: Order, signed: bool) -> i128 {
    let add = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    let value = match order {
        Order::Big => bytes.iter().fold(0, add),
        Order::Little => bytes.iter().rev().fold(0, add),
    };
    match (signed, bytes.len()) {
        (true, 2) => (value as u16).cast_signed().into(),
        (true, 4) => (value as u32).cast_signed().into(),
        _ => value.into(),
    }
}

/// A field of a header that was read, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Offset from the start of the bytes that were explained.
    pub at: usize,
    /// Bytes.
    pub length: usize,
    /// What it is called.
    pub name: String,
    /// Its value in words; empty where the bytes say all.
    pub value: String,
    /// How well its meaning is known.
    pub status: Status,
}

/// The fields of a header in their order, and the byte order of its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Byte order of its numbers.
    pub order: Order,
    /// Its fields.
    pub fields: &'static [Field],
}

impl Table {
    /// The same fields in another byte order.
    pub const fn in_order(self, order: Order) -> Table {
        Table { order, ..self }
    }

    /// All fields of the header that stands at `at` in `data`, as far as `data` goes.
    pub fn explain(&self, data: &[u8], at: usize) -> Vec<Explained> {
        let header = data.get(at..).unwrap_or_default();
        let explain = |field: &Field| {
            Some(Explained {
                at: field.at.saturating_add(at),
                length: field.kind.width(),
                name: field.name.to_owned(),
                value: field.describe(header, self.order).ok()?,
                status: field.status,
            })
        };
        self.fields.iter().filter_map(explain).collect()
    }
}

/// Whether these fields follow each other from 0 to `size`.
pub const fn cover(mut fields: &[Field], size: usize) -> bool {
    let mut end = 0_usize;
    while let [field, rest @ ..] = fields {
        if field.at != end {
            return false;
        }
        end = end.saturating_add(field.kind.width());
        fields = rest;
    }
    end == size
}

/// A type that a field can have.
pub trait Value: Sized {
    /// How it is stored.
    const KIND: Kind;

    /// Reads it at `at`.
    ///
    /// # Errors
    /// Bytes that end before or inside it.
    fn read(data: &[u8], at: usize, order: Order) -> Result<Self, Short>;

    /// Appends it.
    fn write(&self, out: &mut Vec<u8>, order: Order);
}

macro_rules! number {
    ($type:ty, $kind:ident) => {
        impl Value for $type {
            const KIND: Kind = Kind::$kind(size_of::<$type>());

            fn read(data: &[u8], at: usize, order: Order) -> Result<Self, Short> {
                let bytes = bytes_at(data, at)?;
                Ok(match order {
                    Order::Big => <$type>::from_be_bytes(bytes),
                    Order::Little => <$type>::from_le_bytes(bytes),
                })
            }

            fn write(&self, out: &mut Vec<u8>, order: Order) {
                out.extend_from_slice(&match order {
                    Order::Big => self.to_be_bytes(),
                    Order::Little => self.to_le_bytes(),
                });
            }
        }
    };
}

number!(u8, Unsigned);
number!(u16, Unsigned);
number!(u32, Unsigned);
number!(u64, Unsigned);
number!(i16, Signed);
number!(i32, Signed);

macro_rules! array {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name<const N: usize>(pub [u8; N]);

        impl<const N: usize> Default for $name<N> {
            fn default() -> Self {
                $name([0; N])
            }
        }

        impl<const N: usize> Value for $name<N> {
            const KIND: Kind = Kind::$name(N);

            fn read(data: &[u8], at: usize, _order: Order) -> Result<Self, Short> {
                bytes_at(data, at).map($name)
            }

            fn write(&self, out: &mut Vec<u8>, _order: Order) {
                out.extend_from_slice(&self.0);
            }
        }
    };
}

array! {
    /// Text in a field of `N` bytes, filled up with NUL.
    Text
}
array! {
    /// `N` bytes that are neither number nor text.
    Bytes
}
array! {
    /// `N` bytes that should be 0.
    Zero
}

impl<const N: usize> Text<N> {
    /// The text in UTF-8, cut between two characters where it is longer than the field.
    pub fn new(text: &str) -> Text<N> {
        let text = text.get(..text.floor_char_boundary(N)).unwrap_or_default();
        let mut field = [0; N];
        for (to, from) in field.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        Text(field)
    }

    /// See [`decode_text`].
    pub fn decode(&self) -> String {
        decode_text(&self.0)
    }
}

/// The text in a fixed field: up to the first NUL, blanks at the end off. Bytes that are not UTF-8 are read as Windows code page
/// 1252; of UTF-8 that the field's end cuts inside a character, the whole characters are the text.
pub fn decode_text(field: &[u8]) -> String {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    let bytes = field.get(..end).unwrap_or_default();
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(error)
            if error.error_len().is_none() && end == field.len() && error.valid_up_to() > 0 =>
        {
            let whole = bytes.get(..error.valid_up_to()).unwrap_or_default();
            String::from_utf8_lossy(whole).into_owned()
        }
        Err(_) => encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(),
    };
    text.trim_end().to_owned()
}

/// A header that `header!` made.
pub trait Header: Sized {
    /// Bytes of the header.
    const SIZE: usize;
    /// Its fields, in the byte order that it usually has.
    const TABLE: Table;

    /// Reads the header at the start of `data`, in this byte order.
    ///
    /// # Errors
    /// [`Short`] where `data` does not hold all of it.
    fn parse_in(order: Order, data: &[u8]) -> Result<Self, Short>;

    /// Appends the header, in this byte order.
    fn write_in(&self, order: Order, out: &mut Vec<u8>);

    /// Reads the header at the start of `data`, in its usual byte order.
    ///
    /// # Errors
    /// [`Short`] where `data` does not hold all of it.
    fn parse(data: &[u8]) -> Result<Self, Short> {
        Self::parse_in(Self::TABLE.order, data)
    }

    /// The header that `data` begins with; where `data` is shorter, the rest counts as 0.
    fn parse_padded(data: &[u8]) -> Result<Self, Short> {
        if data.len() >= Self::SIZE {
            return Self::parse(data);
        }
        let mut whole = data.to_vec();
        whole.resize(Self::SIZE, 0);
        Self::parse(&whole)
    }

    /// Appends the header, in its usual byte order.
    fn write(&self, out: &mut Vec<u8>) {
        self.write_in(Self::TABLE.order, out);
    }

    /// Its bytes, in its usual byte order.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::SIZE);
        self.write(&mut out);
        out
    }
}

/// Makes a struct and its [`Table`](crate::fields::Table) from the rows of a header; see the module [`fields`](crate::fields).
macro_rules! header {
    (
        $(#[$doc:meta])*
        pub struct $name:ident: $size:literal bytes, $order:ident {
            $($at:literal $field:ident: $type:ty, $label:literal, $status:ident $(, $meaning:ident $(($of:expr))?)?;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $(#[doc = concat!("At ", stringify!($at), ": ", $label, " (", stringify!($status), ").")] pub $field: $type,)*
        }

        impl $crate::fields::Header for $name {
            const SIZE: usize = $size;
            const TABLE: $crate::fields::Table = $crate::fields::Table {
                order: $crate::fields::Order::$order,
                fields: &[$($crate::fields::Field {
                    at: $at,
                    kind: <$type as $crate::fields::Value>::KIND,
                    name: $label,
                    status: $crate::fields::Status::$status,
                    meaning: $crate::fields::header!(@meaning $($meaning $(($of))?)?),
                }),*],
            };

            fn parse_in(order: $crate::fields::Order, data: &[u8]) -> Result<Self, $crate::cursor::Short> {
                // all of it is there, else what is missing counts up to the header's end
                $crate::cursor::bytes_at::<$size>(data, 0)?;
                Ok($name { $($field: $crate::fields::Value::read(data, $at, order)?),* })
            }

            fn write_in(&self, order: $crate::fields::Order, out: &mut Vec<u8>) {
                $($crate::fields::Value::write(&self.$field, out, order);)*
            }
        }

        const _: () = assert!(
            $crate::fields::cover(<$name as $crate::fields::Header>::TABLE.fields, $size),
            "the rows of a header follow each other up to its size"
        );
    };
    (@meaning) => { $crate::fields::Meaning::Plain };
    (@meaning $meaning:ident $(($of:expr))?) => { $crate::fields::Meaning::$meaning $(($of))? };
}

pub(crate) use header;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;

    /// A header is written as it was read, in both byte orders, and every byte of it is in one field: for any bytes, and with
    /// any bytes after it.
    pub(crate) fn check_header<H: Header + PartialEq + std::fmt::Debug>() {
        assert!(cover(H::TABLE.fields, H::SIZE));
        let bytes = proptest::collection::vec(any::<u8>(), H::SIZE..H::SIZE + 5);
        let run = TestRunner::default().run(&bytes, |data| {
            for order in [Order::Big, Order::Little] {
                let header = H::parse_in(order, &data).unwrap();
                let mut out = Vec::new();
                header.write_in(order, &mut out);
                prop_assert_eq!(&out, &data[..H::SIZE]);
                prop_assert_eq!(H::parse_in(order, &out).unwrap(), header);
                let explained = H::TABLE.in_order(order).explain(&data, 0);
                prop_assert_eq!(explained.len(), H::TABLE.fields.len());
            }
            Ok(())
        });
        run.unwrap();
    }

    header! {
        /// One field of each type.
        pub struct Sample: 42 bytes, Little {
            0  byte: u8, "byte", Verified, Names(&[(1, "one"), (2, "two")]);
            1  short: u16, "short", Stated, Unit("min");
            3  word: u32, "word", Assumed, UnixTime("if UTC (assumed)");
            7  long: u64, "long", Assumed;
            15 small: i16, "small", Assumed, Unit("min");
            17 large: i32, "large", Assumed;
            21 text: Text<9>, "text", Assumed;
            30 bytes: Bytes<2>, "bytes", Assumed;
            32 zero: Zero<2>, "zero", Assumed;
            34 flags: u32, "flags", Assumed, Flags(&[(1, "index"), (2, "audio")]);
            38 crc: u32, "checksum", Assumed, Crc32(38);
        }
    }

    proptest! {
        #[test]
        fn a_number_is_explained_as_it_is_read(bytes: [u8; Sample::SIZE]) {
            for order in [Order::Big, Order::Little] {
                let sample = Sample::parse_in(order, &bytes).unwrap();
                let explained = Sample::TABLE.in_order(order).explain(&bytes, 0);
                let value = |name: &str| explained.iter().find(|field| field.name == name).unwrap().value.clone();
                prop_assert_eq!(value("short"), format!("{} min", sample.short));
                prop_assert_eq!(value("long"), sample.long.to_string());
                prop_assert_eq!(value("small"), format!("{} min", sample.small));
                prop_assert_eq!(value("large"), sample.large.to_string());
            }
        }
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        check_header::<Sample>();
    }

    #[test]
    fn values_are_put_into_words() {
        let mut sample = Sample {
            byte: 2,
            short: 513,
            word: 1_262_332_800,
            small: -300,
            text: Text::new("Tür 1"),
            zero: Zero([0, 1]),
            flags: 3,
            ..Sample::default()
        };
        sample.crc = crc32fast::hash(&sample.to_bytes()[..38]);
        let values = |sample: &Sample| {
            let data = [&[9; 3][..], &sample.to_bytes()].concat();
            let explained = Sample::TABLE.explain(&data, 3);
            assert_eq!((explained[1].at, explained[1].length), (4, 2));
            assert_eq!(explained[1].status, Status::Stated);
            explained
                .into_iter()
                .map(|field| field.value)
                .collect::<Vec<_>>()
        };
        let explained = values(&sample);
        assert_eq!(
            explained[..10],
            [
                "2 two",
                "513 min",
                "1262332800 s = 2010-01-01T08:00:00Z if UTC (assumed)",
                "0",
                "-300 min",
                "0",
                "\"Tür 1\"",
                "",
                "not zero",
                "0x3 index, audio"
            ]
        );
        assert_eq!(explained[10], format!("{:08x}, ok", sample.crc));
        sample.byte = 9;
        assert_eq!(values(&sample)[0], "9 unknown");
        assert!(values(&sample)[10].contains("mismatch: the bytes have "));
    }

    #[test]
    fn a_short_header_says_how_much_is_missing() {
        assert_eq!(Sample::parse(&[1; 30]), Err(Short { missing: 12 }));
        let padded = Sample::parse_padded(&[1; 3]).unwrap();
        assert_eq!((padded.byte, padded.short, padded.word), (1, 0x101, 0));
        assert_eq!(Sample::TABLE.explain(&[1; 30], 0).len(), 7);
        assert!(Sample::TABLE.explain(&[1; 30], 31).is_empty());
    }

    #[test]
    fn gaps_and_overlaps_are_found() {
        let [first, second, ..] = Sample::TABLE.fields else {
            panic!("two fields");
        };
        assert!(cover(&[*first, *second], 3));
        assert!(!cover(&[*first, *second], 4));
        assert!(!cover(&[*first, Field { at: 2, ..*second }], 4));
        assert!(!cover(&[*first, Field { at: 0, ..*second }], 2));
    }

    #[test]
    fn text_is_utf8_or_code_page_1252() {
        assert_eq!(decode_text(b"Front door \0xx"), "Front door");
        assert_eq!(decode_text("Tür".as_bytes()), "Tür");
        assert_eq!(decode_text(b"T\xfcr \x80"), "Tür €");
        // the field ends inside a character
        assert_eq!(decode_text(&"Tür".as_bytes()[..2]), "T");
        assert_eq!(decode_text(b"T\xc3\0"), "TÃ");
        assert_eq!(decode_text(b"\xfc"), "ü");
        assert_eq!(Text::<2>::new("aé").0, [b'a', 0]);
        assert_eq!(Text::<4>::new("aé").decode(), "aé");
    }
}
