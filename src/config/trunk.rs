//! Where calls go out.

use std::fmt;

use super::ConfigError;
use crate::units::FaxNumber;

/// A SIP peer that carries calls to the telephone network.
#[derive(Clone, Debug)]
pub struct Trunk {
    template: String,
    /// Digest credentials, when the peer asks for them.
    pub credentials: Option<Credentials>,
}

/// Digest credentials.
#[derive(Clone)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

impl Trunk {
    const NUMBER: &'static str = "{number}";

    /// A trunk from its URI template, such as `sip:{number}@gateway.example:5060`.
    pub fn new(template: &str, credentials: Option<Credentials>) -> Result<Self, ConfigError> {
        let refuse = |what: &str| {
            Err(ConfigError::Field {
                field: "trunk.uri",
                what: format!("\"{template}\": {what}"),
            })
        };
        if !template.starts_with("sip:") {
            return refuse("it must begin with sip:");
        }
        if template.matches(Self::NUMBER).count() != 1 {
            return refuse("it must hold {number} once, as in sip:{number}@gateway.example:5060");
        }
        Ok(Self {
            template: template.to_owned(),
            credentials,
        })
    }

    /// The URI to call for a number.
    pub fn uri(&self, number: &FaxNumber) -> String {
        self.template.replace(Self::NUMBER, number.as_str())
    }

    /// The URI of a number that stands for every other.
    pub fn example_uri(&self) -> String {
        self.template.replace(Self::NUMBER, "100")
    }

    /// The template as written.
    pub fn template(&self) -> &str {
        &self.template
    }
}
