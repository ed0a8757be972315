//! SIP addresses, parsed once (RFC 3261 §19.1).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// A `sip:` address that we can dial or call from: never holds a password, headers or characters
/// that would break a header line.
///
/// ```
/// use faxmill::sip::SipUri;
/// let uri: SipUri = "sip:100@127.0.0.1:5070".parse()?;
/// assert_eq!(uri.user(), Some("100"));
/// assert_eq!(uri.port(), Some(5070));
/// assert_eq!(uri.to_string(), "sip:100@127.0.0.1:5070");
/// # Ok::<(), faxmill::sip::UriError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SipUri {
    user: Option<String>,
    host: Host,
    port: Option<u16>,
    transport: Option<Transport>,
    parameters: Vec<(String, Option<String>)>,
}

/// Where an address points.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// An IP address.
    Ip(IpAddr),
    /// A name to be resolved.
    Name(String),
}

/// How SIP messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
}

/// Why a text is not an address that we can dial.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a SIP address: {fault}")]
pub struct UriError {
    /// The beginning of what was given.
    pub text: String,
    /// What is wrong with it.
    pub fault: UriFault,
}

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UriFault {
    /// Longer than [`SipUri::BYTES_MAX`].
    #[error("it is longer than {} bytes", SipUri::BYTES_MAX)]
    TooLong,
    /// Another scheme than `sip:`.
    #[error("it does not begin with \"sip:\"")]
    Scheme,
    /// `sips:` or `transport=tls`.
    #[error("SIP over TLS is not supported")]
    Tls,
    /// The user part is empty or badly escaped.
    #[error("its user part is empty or malformed")]
    User,
    /// The user part carries a password.
    #[error("a password does not belong in an address")]
    Password,
    /// The host is missing or malformed.
    #[error("its host is missing or malformed")]
    Host,
    /// The port is not a number from 1 to 65535.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// A parameter is malformed or names an unknown transport.
    #[error("one of its parameters is malformed")]
    Parameter,
    /// Headers behind a question mark.
    #[error("headers in an address are not accepted")]
    Headers,
}

impl UriError {
    /// The stable code: part of the public interface.
    pub const fn code(&self) -> &'static str {
        "sip-uri-invalid"
    }
}

impl SipUri {
    /// The longest address accepted.
    pub const BYTES_MAX: usize = 256;

    /// An address from its parts.
    pub fn new(user: Option<&str>, host: Host, port: Option<u16>) -> Result<Self, UriError> {
        let refuse = |fault| UriError {
            text: user.unwrap_or_default().chars().take(40).collect(),
            fault,
        };
        if let Some(user) = user
            && (user.is_empty() || user.chars().any(char::is_control))
        {
            return Err(refuse(UriFault::User));
        }
        if let Host::Name(name) = &host
            && !is_host_name(name)
        {
            return Err(refuse(UriFault::Host));
        }
        let uri = Self {
            user: user.map(str::to_owned),
            host,
            port,
            transport: None,
            parameters: Vec::new(),
        };
        match uri.to_string().len() {
            ..=Self::BYTES_MAX => Ok(uri),
            _ => Err(refuse(UriFault::TooLong)),
        }
    }

    /// The user part with escapes resolved: usually the number dialed.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Where it points.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, when one is given.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The transport asked for; UDP unless it says otherwise.
    pub fn transport(&self) -> Transport {
        self.transport.unwrap_or(Transport::Udp)
    }

    /// The same address in the stack's own type.
    pub(super) fn to_stack(&self) -> rsipstack::sip::Uri {
        use rsipstack::sip;
        let mut params: Vec<sip::Param> = self
            .parameters
            .iter()
            .map(|(name, value)| {
                sip::Param::Other(name.as_str().into(), value.as_deref().map(Into::into))
            })
            .collect();
        if self.transport == Some(Transport::Tcp) {
            params.push(sip::Param::Transport(sip::Transport::Tcp));
        }
        sip::Uri {
            scheme: Some(sip::Scheme::Sip),
            auth: self.user.clone().map(|user| sip::Auth {
                user,
                password: None,
            }),
            host_with_port: sip::HostWithPort {
                host: match &self.host {
                    Host::Ip(ip) => sip::Host::IpAddr(*ip),
                    Host::Name(name) => sip::Host::Domain(name.as_str().into()),
                },
                port: self.port.map(Into::into),
            },
            params,
            headers: Vec::new(),
        }
    }

    /// An address from the stack's own type, as a far end sent it.
    pub(super) fn from_stack(uri: &rsipstack::sip::Uri) -> Result<Self, UriError> {
        uri.to_string().parse()
    }
}

impl FromStr for SipUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        parse(text.trim()).map_err(|fault| UriError {
            text: text.chars().take(80).collect(),
            fault,
        })
    }
}

fn parse(text: &str) -> Result<SipUri, UriFault> {
    if text.len() > SipUri::BYTES_MAX {
        return Err(UriFault::TooLong);
    }
    let (scheme, rest) = text.split_once(':').ok_or(UriFault::Scheme)?;
    if scheme.eq_ignore_ascii_case("sips") {
        return Err(UriFault::Tls);
    }
    if !scheme.eq_ignore_ascii_case("sip") {
        return Err(UriFault::Scheme);
    }
    // A semicolon or question mark may stand unescaped in the user part, so the user comes off
    // first.
    let (user, rest) = match rest.rsplit_once('@') {
        Some((user, rest)) => (Some(unescape_user(user)?), rest),
        None => (None, rest),
    };
    if rest.contains('?') {
        return Err(UriFault::Headers);
    }
    let mut parts = rest.split(';');
    let (host, port) = parse_host_and_port(parts.next().unwrap_or_default())?;
    let mut uri = SipUri {
        user,
        host,
        port,
        transport: None,
        parameters: Vec::new(),
    };
    for parameter in parts {
        add_parameter(&mut uri, parameter)?;
    }
    // Escapes may make the printed form longer than what was given.
    match uri.to_string().len() {
        ..=SipUri::BYTES_MAX => Ok(uri),
        _ => Err(UriFault::TooLong),
    }
}

fn unescape_user(user: &str) -> Result<String, UriFault> {
    if user.contains(':') {
        return Err(UriFault::Password);
    }
    let mut bytes = Vec::with_capacity(user.len());
    let mut rest = user.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'%' {
            let digits = tail.get(..2).ok_or(UriFault::User)?;
            let digits = std::str::from_utf8(digits).map_err(|_| UriFault::User)?;
            // from_str_radix alone would take a sign.
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(UriFault::User);
            }
            bytes.push(u8::from_str_radix(digits, 16).map_err(|_| UriFault::User)?);
            rest = &tail[2..];
        } else if is_user_byte(byte) {
            bytes.push(byte);
        } else {
            return Err(UriFault::User);
        }
    }
    let user = String::from_utf8(bytes).map_err(|_| UriFault::User)?;
    if user.is_empty() || user.chars().any(char::is_control) {
        return Err(UriFault::User);
    }
    Ok(user)
}

/// RFC 3261 §25.1: unreserved and user-unreserved, and `#`, which dialed numbers carry unescaped.
fn is_user_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/#".contains(&byte)
}

fn parse_host_and_port(text: &str) -> Result<(Host, Option<u16>), UriFault> {
    let parse_port = |port: &str| match port.parse::<u16>() {
        Ok(number) if number > 0 && port.bytes().all(|b| b.is_ascii_digit()) => Ok(Some(number)),
        _ => Err(UriFault::Port),
    };
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or(UriFault::Host)?;
        let address: Ipv6Addr = address.parse().map_err(|_| UriFault::Host)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => parse_port(port)?,
            None if rest.is_empty() => None,
            None => return Err(UriFault::Host),
        };
        return Ok((Host::Ip(address.into()), port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, parse_port(port)?),
        None => (text, None),
    };
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok((Host::Ip(ip), port));
    }
    if is_host_name(host) {
        return Ok((Host::Name(host.to_ascii_lowercase()), port));
    }
    Err(UriFault::Host)
}

/// RFC 1123 §2.1: labels of letters, digits and inner hyphens; the last one not all digits.
fn is_host_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    name.len() <= 253
        && name.split('.').all(label_ok)
        && name
            .rsplit('.')
            .next()
            .is_some_and(|last| !last.bytes().all(|byte| byte.is_ascii_digit()))
}

fn add_parameter(uri: &mut SipUri, parameter: &str) -> Result<(), UriFault> {
    let (name, value) = match parameter.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (parameter, None),
    };
    // RFC 3261 §25.1 paramchar without escapes.
    let token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.!~*'()[]/:&+$".contains(&byte))
    };
    if !token(name) || !value.is_none_or(token) {
        return Err(UriFault::Parameter);
    }
    if !name.eq_ignore_ascii_case("transport") {
        uri.parameters
            .push((name.to_owned(), value.map(str::to_owned)));
        return Ok(());
    }
    uri.transport = Some(match value.map(str::to_ascii_lowercase).as_deref() {
        Some("udp") => Transport::Udp,
        Some("tcp") => Transport::Tcp,
        Some("tls") => return Err(UriFault::Tls),
        _ => return Err(UriFault::Parameter),
    });
    Ok(())
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sip:")?;
        if let Some(user) = &self.user {
            for byte in user.bytes() {
                if byte != b'#' && is_user_byte(byte) {
                    write!(f, "{}", char::from(byte))?;
                } else {
                    write!(f, "%{byte:02X}")?;
                }
            }
            f.write_str("@")?;
        }
        write!(f, "{}", self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        match self.transport {
            Some(Transport::Udp) => f.write_str(";transport=udp")?,
            Some(Transport::Tcp) => f.write_str(";transport=tcp")?,
            None => {}
        }
        for (name, value) in &self.parameters {
            write!(f, ";{name}")?;
            if let Some(value) = value {
                write!(f, "={value}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Ip(ip) => write!(f, "{ip}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}
