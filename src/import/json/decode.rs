//! The scanner as serde sees it, so that parts of a document become values of derived types.
//!
//! It hands out texts without allocating; who keeps one copies it. What fails is placed at the line where it was read.

use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use super::{Json, Stop};

impl<'de> Deserializer<'de> for &mut Json<'_> {
    type Error = Stop;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let read = match self.value()? {
            b'"' => visitor.visit_str(self.text()?),
            b'{' => self.object(visitor),
            b'[' => self.list(visitor),
            b'-' | b'0'..=b'9' => self.visit_number(visitor),
            b't' => self.word("true").and_then(|()| visitor.visit_bool(true)),
            b'f' => self.word("false").and_then(|()| visitor.visit_bool(false)),
            b'n' => self.word("null").and_then(|()| visitor.visit_unit()),
            _ => return Err(self.malformed("no value")),
        };
        read.map_err(|stop| stop.at(|| self.place()))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        if self.value()? == b'n' {
            self.word("null")?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.skip()?;
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct enum identifier
    }
}

impl Json<'_> {
    fn object<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Stop> {
        self.begin_object()?;
        let mut entries = Entries {
            json: self,
            is_at_end: false,
        };
        let read = visitor.visit_map(&mut entries)?;
        if !entries.is_at_end && self.entry(|_| ())?.is_some() {
            return Err(self.malformed("an object has more entries than are known"));
        }
        Ok(read)
    }

    fn list<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Stop> {
        self.begin_list()?;
        let mut members = Members {
            json: self,
            is_at_end: false,
        };
        let read = visitor.visit_seq(&mut members)?;
        if !members.is_at_end && self.member()? {
            return Err(self.malformed("a list has more members than are known"));
        }
        Ok(read)
    }

    /// Reads a number: a whole one, unless it is none or is too large.
    fn visit_number<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Stop> {
        let text = self.number()?;
        if let Ok(number) = text.parse::<u64>() {
            return visitor.visit_u64(number);
        }
        match text.parse::<i64>() {
            Ok(number) if number < 0 => return visitor.visit_i64(number),
            Ok(_) | Err(_) => {}
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => visitor.visit_f64(number),
            Ok(_) | Err(_) => Err(self.malformed("a number that is too large")),
        }
    }

    /// Reads a text into the memory of another.
    pub(in crate::import) fn text_into(&mut self, kept: &mut String) -> Result<(), Stop> {
        kept.clear();
        if self.value()? != b'"' {
            return Err(self.other_than("a string"));
        }
        kept.push_str(self.text()?);
        Ok(())
    }

    /// Begins the object that must stand here.
    pub(in crate::import) fn must_be(&mut self, expected: &'static str) -> Result<(), Stop> {
        if self.value()? != b'{' {
            return Err(self.other_than(expected));
        }
        self.begin_object()
    }

    /// Begins an object whose entries follow; `false` where `null` stands in its place.
    pub(in crate::import) fn may_be(&mut self, expected: &'static str) -> Result<bool, Stop> {
        if self.may_be_null()? {
            return Ok(false);
        }
        self.must_be(expected).map(|()| true)
    }

    /// Passes `null`; `false` where something else stands.
    pub(in crate::import) fn may_be_null(&mut self) -> Result<bool, Stop> {
        let is_null = self.value()? == b'n';
        if is_null {
            self.word("null")?;
        }
        Ok(is_null)
    }

    /// Places what has no place yet where it reads.
    pub(in crate::import) fn placed(&self, stop: Stop) -> Stop {
        stop.at(|| self.place())
    }

    /// Begins a list whose members follow; `false` where `null` stands in its place.
    pub(in crate::import) fn may_be_list(&mut self) -> Result<bool, Stop> {
        match self.value()? {
            b'n' => self.word("null").map(|()| false),
            b'[' => self.begin_list().map(|()| true),
            _ => Err(self.other_than("an array")),
        }
    }

    /// Reads a value that is not what it must be, and says so.
    fn other_than(&mut self, expected: &'static str) -> Stop {
        match self.deserialize_any(Other(expected)) {
            Ok(()) => self.malformed(expected),
            Err(stop) => stop,
        }
    }
}

/// Visits nothing.
struct Other(&'static str);

impl Visitor<'_> for Other {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.0)
    }
}

struct Entries<'j, 'r> {
    json: &'j mut Json<'r>,
    is_at_end: bool,
}

impl<'de> MapAccess<'de> for &mut Entries<'_, '_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Stop> {
        let read = self
            .json
            .entry(|name| seed.deserialize(name.into_deserializer()))?;
        self.is_at_end = read.is_none();
        read.transpose()
            .map_err(|stop: Stop| stop.at(|| self.json.place()))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        seed.deserialize(&mut *self.json)
    }
}

struct Members<'j, 'r> {
    json: &'j mut Json<'r>,
    is_at_end: bool,
}

impl<'de> SeqAccess<'de> for &mut Members<'_, '_> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Stop> {
        if !self.json.member()? {
            self.is_at_end = true;
            return Ok(None);
        }
        seed.deserialize(&mut *self.json).map(Some)
    }
}
