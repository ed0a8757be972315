//! The ID3v2.4 tag in front of an MP3: who called, when, how long, and which message it is.

use std::time::Duration;

use id3::frame::ExtendedText;
use id3::{Encoder, Tag, TagLike, Version};
use serde::{Deserialize, Serialize};

use super::AudioError;
use crate::units::UnixMillis;

/// Most characters kept of one text.
const TEXT_CHARS_MAX: usize = 500;

/// What is known of a message; absent fields are not written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tags {
    /// Who called: the lead performer, `TPE1`.
    pub caller: Option<String>,
    /// Title of the message, `TIT2`.
    pub title: Option<String>,
    /// When it was recorded, `TDRC`, in UTC.
    pub date: Option<UnixMillis>,
    /// Mailbox it was left in, a user text frame `mailbox`.
    pub mailbox: Option<String>,
    /// The message's identifier, a user text frame `message_id`.
    pub message_id: Option<String>,
}

/// A tag whose length is fixed before the duration is known.
pub(super) struct TagWriter {
    tag: Tag,
    bytes: usize,
}

impl TagWriter {
    pub(super) fn new(tags: &Tags) -> Result<Self, AudioError> {
        let mut tag = Tag::new();
        let texts = [("TPE1", &tags.caller), ("TIT2", &tags.title)];
        for (id, text) in texts {
            if let Some(text) = text.as_deref().map(clean) {
                tag.set_text(id, text);
            }
        }
        if let Some(date) = tags.date.and_then(timestamp) {
            tag.set_text("TDRC", date);
        }
        let extended = [("mailbox", &tags.mailbox), ("message_id", &tags.message_id)];
        for (description, text) in extended {
            if let Some(value) = text.as_deref().map(clean) {
                tag.add_frame(ExtendedText {
                    description: description.to_owned(),
                    value,
                });
            }
        }
        let longest = encode(&tag, u128::from(u64::MAX), 0)?;
        Ok(Self {
            tag,
            bytes: longest.len(),
        })
    }

    /// Length of the tag, whatever the duration, in bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    /// The tag for this duration (`TLEN`, in milliseconds), padded to its length.
    pub(super) fn encode(&self, duration: Duration) -> Result<Vec<u8>, AudioError> {
        let bare = encode(&self.tag, duration.as_millis(), 0)?;
        encode(&self.tag, duration.as_millis(), self.bytes - bare.len())
    }
}

fn encode(tag: &Tag, millis: u128, padding: usize) -> Result<Vec<u8>, AudioError> {
    let mut tag = tag.clone();
    tag.set_text("TLEN", millis.to_string());
    let mut bytes = Vec::new();
    Encoder::new()
        .version(Version::Id3v24)
        .padding(padding)
        .encode(&tag, &mut bytes)
        .map_err(|error| AudioError::encoder(format!("the ID3 tag: {error}")))?;
    Ok(bytes)
}

/// A text without what would end or split it inside a frame.
fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(TEXT_CHARS_MAX)
        .collect()
}

/// ID3v2.4 structure §4: a subset of ISO 8601, in UTC.
fn timestamp(date: UnixMillis) -> Option<String> {
    let timestamp = jiff::Timestamp::from_millisecond(date.0).ok()?;
    Some(timestamp.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}
