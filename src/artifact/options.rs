//! Where artifacts are kept, as one says it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where artifacts are kept.
#[derive(Clone, Debug)]
pub enum ArtifactOptions {
    /// A local folder, or one that all machines mount.
    Folder(PathBuf),
    /// A bucket of an object store.
    Bucket(Box<BucketOptions>),
}

/// A bucket and how it is talked to.
#[derive(Clone, Debug)]
pub struct BucketOptions {
    /// The bucket, and the folder in it.
    pub place: BucketPlace,
    /// Whose bucket it is.
    pub provider: Provider,
    /// How small artifacts are put once.
    pub put_once: PutOnce,
    /// How long things may take.
    pub timing: BucketTiming,
}

impl BucketOptions {
    /// A bucket, with the usual times.
    pub fn new(place: BucketPlace, provider: Provider) -> Self {
        Self {
            place,
            provider,
            put_once: PutOnce::ByCondition,
            timing: BucketTiming::default(),
        }
    }

    /// The URL that stands for the bucket in messages, such as `s3://faxes/site-1`.
    pub fn url(&self) -> String {
        let scheme = match self.provider {
            Provider::S3(_) => Scheme::S3,
            Provider::Gcs(_) => Scheme::Gcs,
            Provider::Azure(_) => Scheme::Azure,
        };
        format!("{}{}", scheme.text(), self.place)
    }
}

/// Whose bucket it is.
#[derive(Clone, Debug)]
pub enum Provider {
    /// Amazon S3, or a server that speaks its language.
    S3(S3Options),
    /// Google Cloud Storage.
    Gcs(GcsOptions),
    /// Azure Blob Storage; a bucket is a container there.
    Azure(AzureOptions),
}

/// What a URL of a bucket begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `s3://`
    S3,
    /// `gs://`
    Gcs,
    /// `az://`
    Azure,
}

impl Scheme {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::S3, Self::Gcs, Self::Azure];

    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::S3 => "s3://",
            Self::Gcs => "gs://",
            Self::Azure => "az://",
        }
    }
}

/// A bucket and the folder in it that is ours, as in `faxes/site-1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketPlace {
    bucket: String,
    prefix: String,
}

impl BucketPlace {
    /// Longest prefix; the keys of S3 have 1,024 bytes.
    const PREFIX_BYTES_MAX: usize = 512;

    /// Takes `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `az://CONTAINER/PREFIX` apart; on an
    /// error says what to write instead.
    pub fn parse(url: &str) -> Result<(Scheme, Self), &'static str> {
        let scheme = Scheme::ALL.into_iter().find_map(|scheme| {
            let rest = url.strip_prefix(scheme.text())?;
            Some((scheme, rest))
        });
        let Some((scheme, rest)) = scheme else {
            return Err("begin with s3://, gs:// or az://");
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_end_matches('/');
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !(3..=222).contains(&bucket.len()) || !bucket.chars().all(is_plain) {
            return Err("name a bucket by its name alone, as in s3://faxes/site-1");
        }
        let folders = || prefix.split('/');
        let has_odd_folder = folders().any(|folder| {
            folder.is_empty() || folder.starts_with('.') || !folder.chars().all(is_plain)
        });
        if !prefix.is_empty() && (has_odd_folder || prefix.len() > Self::PREFIX_BYTES_MAX) {
            return Err("use letters, digits, - _ . in the folders after the bucket");
        }
        let place = Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        };
        Ok((scheme, place))
    }

    /// The bucket's or container's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The folder in it, without slashes around it; empty for the bucket itself.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl fmt::Display for BucketPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bucket)?;
        if !self.prefix.is_empty() {
            write!(f, "/{}", self.prefix)?;
        }
        Ok(())
    }
}

/// How a bucket of S3 is reached.
#[derive(Clone, Debug, Default)]
pub struct S3Options {
    /// `https://HOST:PORT` of a server other than Amazon's.
    pub endpoint: Option<String>,
    /// The bucket's region; without one that of the environment, or us-east-1.
    pub region: Option<String>,
    /// Who we are; without it the environment, the container or the instance says.
    pub credentials: Option<S3Credentials>,
    /// Where in a URL the bucket's name stands.
    pub addressing: Addressing,
    /// How the server encrypts what it keeps; without it as the bucket is set up.
    pub encryption: Option<S3Encryption>,
    /// Whether the endpoint may be without TLS.
    pub allow_http: bool,
}

/// An access key of S3.
#[derive(Clone, Debug)]
pub struct S3Credentials {
    /// The key's id, which is no secret.
    pub access_key_id: String,
    /// The key itself.
    pub secret_access_key: SecretFile,
    /// The token of a session, when the key is of one.
    pub session_token: Option<SecretFile>,
}

/// Where in a URL the bucket's name stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addressing {
    /// `https://HOST/BUCKET/KEY`
    #[default]
    Path,
    /// `https://BUCKET.HOST/KEY`
    VirtualHosted,
}

/// How S3 encrypts what it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum S3Encryption {
    /// With keys that S3 keeps.
    Aes256,
    /// With a key of the key management service: the one of this id, or the account's own.
    Kms(Option<String>),
}

/// How a bucket of Google Cloud Storage is reached.
#[derive(Clone, Debug, Default)]
pub struct GcsOptions {
    /// The key file of a service account; without it the environment or the instance says.
    pub service_account: Option<PathBuf>,
    /// `https://HOST:PORT` of a server other than Google's.
    pub endpoint: Option<String>,
    /// Whether the endpoint may be without TLS.
    pub allow_http: bool,
}

/// How a container of Azure Blob Storage is reached.
#[derive(Clone, Debug)]
pub struct AzureOptions {
    /// The storage account.
    pub account: String,
    /// The account's key; without it the environment or the managed identity says.
    pub access_key: Option<SecretFile>,
    /// `https://HOST:PORT` of a server other than Azure's.
    pub endpoint: Option<String>,
    /// Whether the endpoint may be without TLS.
    pub allow_http: bool,
}

/// How it is made sure that a small artifact is written once. (What comes in parts is looked for
/// before it is written, always.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutOnce {
    /// The server refuses a second one (`If-None-Match: *`).
    ByCondition,
    /// It is looked for before it is written: for servers that do not know the condition.
    ByLook,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketTiming {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until a request is answered, its sending included, and between two pieces of the answer.
    pub idle: Duration,
    /// How long what may pass is tried again; after it nothing is begun any more.
    pub retry: Duration,
}

impl Default for BucketTiming {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(30),
            retry: Duration::from_secs(30),
        }
    }
}

/// A secret and the file that it was read from; shows the file alone.
#[derive(Clone)]
pub struct SecretFile {
    file: PathBuf,
    secret: String,
}

impl SecretFile {
    /// Longest secret: session tokens have some hundred bytes.
    const BYTES_MAX: u64 = 16 << 10;

    /// Reads the file; white space around the secret is none of it.
    pub fn read(file: &Path) -> io::Result<Self> {
        use std::io::Read as _;
        let mut text = String::new();
        std::fs::File::open(file)?
            .take(Self::BYTES_MAX)
            .read_to_string(&mut text)?;
        let secret = text.trim();
        if secret.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is empty"));
        }
        Ok(Self {
            file: file.to_owned(),
            secret: secret.to_owned(),
        })
    }

    /// The file that it was read from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn expose(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretFile").field(&self.file).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_bucket_and_a_folder_in_it() {
        let parse = |url: &str| BucketPlace::parse(url).map(|(s, p)| (s, p.to_string()));
        assert_eq!(parse("s3://faxes"), Ok((Scheme::S3, "faxes".to_owned())));
        assert_eq!(parse("gs://faxes/"), Ok((Scheme::Gcs, "faxes".to_owned())));
        let site = Ok((Scheme::Azure, "faxes/site-1/new".to_owned()));
        assert_eq!(parse("az://faxes/site-1/new/"), site);
        for odd in [
            "faxes",
            "http://faxes",
            "s3://",
            "s3://ab",
            "s3://key:secret@faxes",
            "s3://faxes//x",
            "s3://faxes/../x",
            "s3://faxes/a b",
            "s3://faxes?region=x",
        ] {
            assert!(parse(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "hush\n").unwrap();
        let secret = SecretFile::read(&file).unwrap();
        assert_eq!(secret.expose(), "hush");
        assert!(!format!("{secret:?}").contains("hush"));
        std::fs::write(&file, " \n").unwrap();
        assert!(SecretFile::read(&file).is_err());
    }
}
