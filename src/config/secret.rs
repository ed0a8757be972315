//! What must not be shown.

use std::fmt;
use std::path::{Path, PathBuf};

use super::ConfigError;
use super::raw::field;

/// A password or key: it is never printed, and remembers the file it came from.
#[derive(Clone)]
pub struct Secret {
    text: String,
    file: Option<PathBuf>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Longest secret file, in bytes.
    const BYTES_MAX: u64 = 64 << 10;

    /// Reads a secret from a file; a line end after it does not count.
    pub(super) fn read(name: &'static str, file: &Path) -> Result<Self, ConfigError> {
        let said = file.display();
        let refuse = |what: String| field(name, format!("{said}: {what}"));
        let path = std::path::absolute(file).map_err(|error| refuse(error.to_string()))?;
        let bytes = std::fs::metadata(&path).map_err(|error| refuse(error.to_string()))?;
        if bytes.len() > Self::BYTES_MAX {
            return Err(refuse("it is too long for a secret".to_owned()));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| refuse(error.to_string()))?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(refuse("it is empty".to_owned()));
        }
        Ok(Self {
            text: text.to_owned(),
            file: Some(path),
        })
    }

    /// Takes the password out of a URL.
    pub(super) fn of_url(
        name: &'static str,
        url: &str,
    ) -> Result<(String, Option<Self>), ConfigError> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(field(name, "it is not a URL"));
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let Some((login, place)) = rest[..end].rsplit_once('@') else {
            return Ok((url.to_owned(), None));
        };
        let after = &rest[end..];
        match login.split_once(':') {
            None => Ok((url.to_owned(), None)),
            Some((user, password)) => {
                let secret = Self {
                    text: percent_decoded(password)
                        .ok_or_else(|| field(name, "its password is not percent-encoded UTF-8"))?,
                    file: None,
                };
                Ok((format!("{scheme}://{user}@{place}{after}"), Some(secret)))
            }
        }
    }

    /// The URL with this password for its user.
    pub(super) fn in_url(&self, url: &str) -> String {
        let password = percent_encoded(&self.text);
        match url.split_once('@') {
            Some((login, place)) => format!("{login}:{password}@{place}"),
            None => url.replacen("://", &format!("://:{password}@"), 1),
        }
    }

    /// The file it came from.
    pub(super) fn file(&self) -> Option<PathBuf> {
        self.file.clone()
    }

    /// The secret itself: for nobody but the one who asks for it.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;

    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string does not fail");
        }
    }
    encoded
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            bytes.push((digit()? * 16 + digit()?) as u8);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_leaves_its_url_and_comes_back_into_it() {
        let url = "postgres://fax:p%40ss%3A%2F@db.example:5432/faxes?sslmode=require";
        let (bare, secret) = Secret::of_url("store.url", url).unwrap();
        assert_eq!(bare, "postgres://fax@db.example:5432/faxes?sslmode=require");
        let secret = secret.unwrap();
        assert_eq!(secret.reveal(), "p@ss:/");
        assert_eq!(secret.in_url(&bare), url);
        assert!(!format!("{secret:?}").contains("p@ss"));
    }

    #[test]
    fn an_at_sign_in_the_path_is_not_a_login() {
        for url in ["amqp://host/a@b", "amqp://user@host/v", "amqp://host"] {
            let (bare, secret) = Secret::of_url("queue.url", url).unwrap();
            assert_eq!(bare, url);
            assert!(secret.is_none());
        }
    }
}
