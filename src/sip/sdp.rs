//! Session descriptions of fax calls: G.711 audio and T.38 image (RFC 8866, ITU-T T.38 Annex D).
//!
//! What a far end sends is read into a [`Description`] that holds only what a fax call needs;
//! everything else is kept as far as an answer must mirror it (RFC 3264 §6: one line for each
//! line of the offer, in its order).

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Attribute, Connection, Media, Origin, Session};

use crate::job::Reason;
use crate::t38::T38Attributes;

/// A far end's session description, checked and bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its media lines, in order.
    pub lines: Vec<MediaLine>,
}

/// One `m=` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaLine {
    /// What the line is about.
    pub kind: MediaKind,
    /// Where the far end wants packets; `None` when the line is refused (port 0) or on hold.
    pub address: Option<SocketAddr>,
    /// What an answer repeats when it refuses the line.
    pub shape: LineShape,
}

/// What a media line is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// Audio with a G.711 format.
    Audio {
        /// The G.711 formats, in the far end's order.
        formats: Vec<G711>,
        /// Who sends.
        direction: Flow,
    },
    /// T.38 over UDPTL.
    T38(T38Attributes),
    /// Anything else, audio without G.711 included.
    Other,
}

/// The two laws of ITU-T G.711, by static payload type (RFC 3551 Table 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum G711 {
    /// µ-law, payload type 0.
    MuLaw,
    /// A-law, payload type 8.
    ALaw,
}

/// Who sends media, as the description's author says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// Both.
    #[default]
    SendRecv,
    /// Only the author.
    SendOnly,
    /// Only the other one.
    RecvOnly,
    /// Nobody.
    Inactive,
}

/// The words of an `m=` line that a refusal repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineShape {
    /// `audio`, `image` …
    pub media: String,
    /// `RTP/AVP`, `udptl` …
    pub protocol: String,
    /// Payload types or `t38`.
    pub format: String,
}

/// Why a description cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SdpError {
    /// No body where one is needed.
    #[error("the session description is missing")]
    Missing,
    /// Larger than [`Description::BYTES_MAX`].
    #[error(
        "the session description has {bytes} bytes; the limit is {}",
        Description::BYTES_MAX
    )]
    TooLong {
        /// Its size.
        bytes: usize,
    },
    /// More media lines than [`Description::LINES_MAX`].
    #[error(
        "the session description has {lines} media lines; the limit is {}",
        Description::LINES_MAX
    )]
    TooManyLines {
        /// Their number.
        lines: usize,
    },
    /// Not a session description.
    #[error("the session description is malformed: {what}")]
    Malformed {
        /// What the parser stumbled over.
        what: String,
    },
    /// An address that is a name, a multicast group or not an address.
    #[error("the session description names no usable address: \"{address}\"")]
    Address {
        /// The beginning of what it names.
        address: String,
    },
}

impl SdpError {
    /// The stable code: part of the public interface.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "sdp-missing",
            Self::TooLong { .. } => "sdp-too-long",
            Self::TooManyLines { .. } => "sdp-too-many-lines",
            Self::Malformed { .. } => "sdp-malformed",
            Self::Address { .. } => "sdp-address-unusable",
        }
    }

    /// Why a job that meets this error ends.
    pub const fn reason(&self) -> Reason {
        Reason::ProtocolError
    }
}

impl Description {
    /// The largest body that is looked at.
    pub const BYTES_MAX: usize = 8 << 10;

    /// The most media lines that are answered.
    pub const LINES_MAX: usize = 16;

    /// Reads a far end's body.
    pub fn parse(body: &[u8]) -> Result<Self, SdpError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(SdpError::Missing);
        }
        if body.len() > Self::BYTES_MAX {
            return Err(SdpError::TooLong { bytes: body.len() });
        }
        let session = Session::parse(body).map_err(|error| SdpError::Malformed {
            what: error.to_string().chars().take(200).collect(),
        })?;
        if session.medias.len() > Self::LINES_MAX {
            return Err(SdpError::TooManyLines {
                lines: session.medias.len(),
            });
        }
        let lines = session
            .medias
            .iter()
            .map(|media| read_line(media, &session))
            .collect::<Result<_, _>>()?;
        Ok(Self { lines })
    }

    /// The first audio line that can carry G.711, with its position.
    pub fn audio(&self) -> Option<(usize, &MediaLine)> {
        self.lines.iter().enumerate().find(|(_, line)| {
            line.address.is_some()
                && matches!(&line.kind, MediaKind::Audio { formats, .. } if !formats.is_empty())
        })
    }

    /// The first T.38 line in use, with its position, address and attributes.
    pub fn t38(&self) -> Option<(usize, SocketAddr, &T38Attributes)> {
        let mut lines = self.lines.iter().enumerate();
        lines.find_map(|(index, line)| match (&line.kind, line.address) {
            (MediaKind::T38(attributes), Some(address)) => Some((index, address, attributes)),
            _ => None,
        })
    }
}

fn read_line(media: &Media, session: &Session) -> Result<MediaLine, SdpError> {
    let connection = media.connections.first().or(session.connection.as_ref());
    let address = match (media.port, connection) {
        (0, _) => None,
        (port, Some(connection)) => usable_address(connection)?.map(|ip| (ip, port).into()),
        (_, None) => {
            return Err(SdpError::Address {
                address: String::new(),
            });
        }
    };
    let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
    let kind = if is(&media.media, "audio") && is(&media.proto, "RTP/AVP") {
        MediaKind::Audio {
            formats: g711_formats(&media.fmt),
            direction: flow(&media.attributes)
                .or_else(|| flow(&session.attributes))
                .unwrap_or_default(),
        }
    } else if is(&media.media, "image") && is(&media.proto, "udptl") && is(&media.fmt, "t38") {
        let attributes = media.attributes.iter().chain(&session.attributes);
        MediaKind::T38(T38Attributes::parse(attributes.map(|attribute| {
            (attribute.attribute.as_str(), attribute.value.as_deref())
        })))
    } else {
        MediaKind::Other
    };
    Ok(MediaLine {
        kind,
        address,
        shape: LineShape {
            media: media.media.clone(),
            protocol: media.proto.clone(),
            format: media.fmt.clone(),
        },
    })
}

/// The address of a connection line; `None` for 0.0.0.0, which puts a line on hold.
fn usable_address(connection: &Connection) -> Result<Option<IpAddr>, SdpError> {
    let refuse = || SdpError::Address {
        address: connection.connection_address.chars().take(80).collect(),
    };
    let ip = connection.try_address().map_err(|_| refuse())?.ip;
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    match ip {
        ip if ip.is_unspecified() => Ok(None),
        ip if ip.is_multicast() || broadcast => Err(refuse()),
        ip => Ok(Some(ip)),
    }
}

fn g711_formats(format: &str) -> Vec<G711> {
    let laws = format.split_whitespace().filter_map(|word| match word {
        "0" => Some(G711::MuLaw),
        "8" => Some(G711::ALaw),
        _ => None,
    });
    let mut formats = Vec::new();
    for law in laws {
        if !formats.contains(&law) {
            formats.push(law);
        }
    }
    formats
}

fn flow(attributes: &[Attribute]) -> Option<Flow> {
    attributes.iter().find_map(|attribute| {
        let name = attribute.attribute.to_ascii_lowercase();
        Some(match name.as_str() {
            "sendrecv" => Flow::SendRecv,
            "sendonly" => Flow::SendOnly,
            "recvonly" => Flow::RecvOnly,
            "inactive" => Flow::Inactive,
            _ => return None,
        })
    })
}

impl Flow {
    /// What the other side answers (RFC 3264 §6.1).
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            both => both,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }
}

impl G711 {
    /// Static RTP payload type.
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::MuLaw => 0,
            Self::ALaw => 8,
        }
    }

    const fn encoding_name(self) -> &'static str {
        match self {
            Self::MuLaw => "PCMU",
            Self::ALaw => "PCMA",
        }
    }
}

/// One of our own media lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalLine {
    /// G.711 audio on a port.
    Audio {
        /// Our RTP port.
        port: u16,
        /// The formats, best first.
        formats: Vec<G711>,
        /// Who sends.
        direction: Flow,
    },
    /// T.38 on a port.
    T38 {
        /// Our UDPTL port.
        port: u16,
        /// What we say of ourselves.
        attributes: T38Attributes,
    },
    /// A line we do not use.
    Refused(LineShape),
}

impl LocalLine {
    /// The line's words, to refuse it with later.
    pub fn shape(&self) -> LineShape {
        let (media, protocol, format) = match self {
            Self::Audio { formats, .. } => ("audio", "RTP/AVP", payload_types(formats)),
            Self::T38 { .. } => ("image", "udptl", "t38".to_owned()),
            Self::Refused(shape) => return shape.clone(),
        };
        LineShape {
            media: media.to_owned(),
            protocol: protocol.to_owned(),
            format,
        }
    }

    fn to_media(&self) -> Media {
        let shape = self.shape();
        let (port, attributes) = match self {
            Self::Audio {
                port,
                formats,
                direction,
            } => (*port, audio_attributes(formats, *direction)),
            Self::T38 { port, attributes } => (*port, t38_attributes(attributes)),
            Self::Refused(_) => (0, Vec::new()),
        };
        Media {
            media: shape.media,
            port,
            num_ports: None,
            proto: shape.protocol,
            fmt: shape.format,
            media_title: None,
            connections: Vec::new(),
            bandwidths: Vec::new(),
            key: None,
            attributes,
        }
    }
}

/// Writes one of our own descriptions.
pub fn write(address: IpAddr, session_id: u64, version: u64, lines: &[LocalLine]) -> Vec<u8> {
    let mut session = Session::new(Origin::with_ip_addr(session_id, version, address), "-");
    session.origin.username = Some("faxmill".to_owned());
    session.connection = Some(Connection::from_ip_addr(address));
    session.medias = lines.iter().map(LocalLine::to_media).collect();
    let mut body = Vec::new();
    // Writing to memory cannot fail; an empty body would be refused by any far end.
    let _ = session.write(&mut body);
    body
}

fn payload_types(formats: &[G711]) -> String {
    let types: Vec<String> = formats
        .iter()
        .map(|law| law.payload_type().to_string())
        .collect();
    types.join(" ")
}

fn audio_attributes(formats: &[G711], direction: Flow) -> Vec<Attribute> {
    let rtpmap = |law: &G711| {
        let value = format!("{} {}/8000", law.payload_type(), law.encoding_name());
        attribute("rtpmap", Some(value))
    };
    let mut attributes: Vec<_> = formats.iter().map(rtpmap).collect();
    attributes.push(attribute("ptime", Some("20".to_owned())));
    attributes.push(attribute(direction.name(), None));
    attributes
}

fn t38_attributes(attributes: &T38Attributes) -> Vec<Attribute> {
    attributes
        .to_pairs()
        .into_iter()
        .map(|(name, value)| attribute(name, value))
        .collect()
}

fn attribute(name: &str, value: Option<String>) -> Attribute {
    Attribute {
        attribute: name.to_owned(),
        value,
    }
}
