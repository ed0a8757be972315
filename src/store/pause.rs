//! Work that is held back by an operator: of a stage, or of a tenant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::job::{Stage, TENANT_BYTES_MAX};
use crate::units::UnixMillis;

/// What is held back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PauseScope {
    /// Every job that waits for this stage.
    Stage(Stage),
    /// Every job of this tenant.
    Tenant(String),
}

const TENANT: &str = "tenant:";

impl fmt::Display for PauseScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(stage) => f.write_str(stage.word()),
            Self::Tenant(tenant) => write!(f, "{TENANT}{tenant}"),
        }
    }
}

/// Text that names nothing that can be paused.
#[derive(Debug, thiserror::Error)]
#[error("\"{text}\" cannot be paused: use convert, transmit, transcode, or tenant:NAME")]
pub struct PauseScopeError {
    text: String,
}

impl FromStr for PauseScope {
    type Err = PauseScopeError;

    fn from_str(text: &str) -> Result<Self, PauseScopeError> {
        let refuse = || PauseScopeError {
            text: text.chars().take(80).collect(),
        };
        if let Some(tenant) = text.strip_prefix(TENANT) {
            return match tenant.len() {
                1..=TENANT_BYTES_MAX => Ok(Self::Tenant(tenant.to_owned())),
                _ => Err(refuse()),
            };
        }
        // Calls that come in cannot be put off: nothing waits for that stage.
        [Stage::Convert, Stage::Transmit, Stage::Transcode]
            .into_iter()
            .find(|stage| stage.word() == text)
            .map(Self::Stage)
            .ok_or_else(refuse)
    }
}

impl From<PauseScope> for String {
    fn from(scope: PauseScope) -> Self {
        scope.to_string()
    }
}

impl TryFrom<String> for PauseScope {
    type Error = PauseScopeError;

    fn try_from(text: String) -> Result<Self, PauseScopeError> {
        text.parse()
    }
}

/// Work that is held back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// What.
    pub scope: PauseScope,
    /// Since when.
    pub since: UnixMillis,
    /// Why, in the words of whoever paused it.
    pub why: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_survives_its_own_text() {
        for text in [
            "convert",
            "transmit",
            "transcode",
            "tenant:acme",
            "tenant:a:b",
        ] {
            assert_eq!(text.parse::<PauseScope>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "receive",
            "tenant:",
            "convrt",
            &format!("tenant:{:300}", ""),
        ] {
            assert!(text.parse::<PauseScope>().is_err(), "{text}");
        }
    }
}
