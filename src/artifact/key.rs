//! Names of artifacts.

use std::fmt;
use std::str::FromStr;

use super::ArtifactError;

/// Where an artifact lies: `jobs/JOB/SHA256/NAME`.
///
/// `NAME` is for people and their tools; it is cut down to letters, digits, `.`, `-` and `_`, so a
/// hostile upload name cannot leave its folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ArtifactKey {
    job: String,
    digest: String,
    name: String,
}

impl ArtifactKey {
    const NAME_BYTES_MAX: usize = 80;

    /// What all keys begin with.
    pub(super) const FOLDER: &str = "jobs";

    /// What the keys of a job's artifacts begin with.
    pub(super) fn folder(job: &str) -> Result<String, ArtifactError> {
        let job_is_plain = !job.is_empty()
            && job.len() <= 64
            && job.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !job_is_plain {
            return Err(ArtifactError::Key {
                text: job.chars().take(80).collect(),
            });
        }
        Ok(format!("{}/{job}", Self::FOLDER))
    }

    pub(super) fn new(job: &str, digest: String, name: &str) -> Result<Self, ArtifactError> {
        Self::folder(job)?;
        Ok(Self {
            job: job.to_owned(),
            digest,
            name: plain_name(name),
        })
    }

    /// The job that the artifact belongs to.
    pub fn job(&self) -> &str {
        &self.job
    }

    /// SHA-256 of the content, in lower-case hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The last part of the key.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ArtifactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (folder, job) = (Self::FOLDER, &self.job);
        write!(f, "{folder}/{job}/{}/{}", self.digest, self.name)
    }
}

impl FromStr for ArtifactKey {
    type Err = ArtifactError;

    fn from_str(text: &str) -> Result<Self, ArtifactError> {
        let refuse = || ArtifactError::Key {
            text: text.chars().take(80).collect(),
        };
        let mut parts = text.split('/');
        let (Some(Self::FOLDER), Some(job), Some(digest), Some(name), None) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ) else {
            return Err(refuse());
        };
        let digest_is_sha256 = digest.len() == 64
            && digest
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !digest_is_sha256 || plain_name(name) != name {
            return Err(refuse());
        }
        Self::new(job, digest.to_owned(), name)
    }
}

fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut plain: String = last
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
                c
            } else {
                '_'
            }
        })
        .collect();
    if plain.len() > ArtifactKey::NAME_BYTES_MAX {
        // The end carries the extension.
        plain.drain(..plain.len() - ArtifactKey::NAME_BYTES_MAX);
    }
    let plain = plain.trim_start_matches('.');
    if plain.is_empty() {
        "unnamed".to_owned()
    } else {
        plain.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_key_survives_its_own_text() {
        let key = ArtifactKey::new("0192-ab", DIGEST.to_owned(), "letter to all.pdf").unwrap();
        assert_eq!(key.name(), "letter_to_all.pdf");
        assert_eq!(key.to_string().parse::<ArtifactKey>().unwrap(), key);
    }

    #[test]
    fn a_name_never_leaves_its_folder() {
        for name in [
            "../../etc/passwd",
            "..",
            "a/../..",
            "\\\\host\\x",
            ".hidden",
            "",
        ] {
            let key = ArtifactKey::new("job", DIGEST.to_owned(), name).unwrap();
            assert!(
                !key.name().starts_with('.') && !key.name().contains(['/', '\\']),
                "{key}"
            );
        }
        for text in [
            "jobs/../x/y",
            "jobs/a/b/c",
            "other/a/b/c",
            "",
            "jobs/a/b/c/d",
        ] {
            assert!(text.parse::<ArtifactKey>().is_err(), "{text}");
        }
    }
}
