//! Where artifacts are kept, as it is typed and as it is meant.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::raw::field;
use crate::artifact::options::{
    Addressing, AzureOptions, BucketOptions, BucketPlace, BucketTiming, GcsOptions, Provider,
    PutOnce, S3Credentials, S3Encryption, S3Options, Scheme, SecretFile,
};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawArtifacts {
    url: Option<String>,
    endpoint: Option<String>,
    allow_http: Option<bool>,
    region: Option<String>,
    access_key_id: Option<String>,
    secret_access_key_file: Option<PathBuf>,
    session_token_file: Option<PathBuf>,
    addressing: Option<RawAddressing>,
    encryption: Option<RawEncryption>,
    kms_key_id: Option<String>,
    service_account_file: Option<PathBuf>,
    account: Option<String>,
    account_key_file: Option<PathBuf>,
    conditional_put: Option<bool>,
    connect_seconds: Option<u64>,
    idle_seconds: Option<u64>,
    retry_seconds: Option<u64>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawAddressing {
    Path,
    VirtualHosted,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum RawEncryption {
    #[serde(rename = "AES256")]
    Aes256,
    #[serde(rename = "aws:kms")]
    Kms,
}

/// Longest time that a connection or a request may be waited for: an hour.
const SECONDS_MAX: u64 = 3600;

impl RawArtifacts {
    /// As a file would state it; of secrets the files that they are in.
    pub(super) fn of(bucket: &BucketOptions) -> Self {
        let timing = bucket.timing;
        let mut raw = Self {
            url: Some(bucket.url()),
            conditional_put: Some(bucket.put_once == PutOnce::ByCondition),
            connect_seconds: Some(timing.connect.as_secs()),
            idle_seconds: Some(timing.idle.as_secs()),
            retry_seconds: Some(timing.retry.as_secs()),
            ..Self::default()
        };
        match &bucket.provider {
            Provider::S3(s3) => raw.state_s3(s3),
            Provider::Gcs(gcs) => {
                raw.endpoint.clone_from(&gcs.endpoint);
                raw.allow_http = Some(gcs.allow_http);
                raw.service_account_file.clone_from(&gcs.service_account);
            }
            Provider::Azure(azure) => {
                raw.endpoint.clone_from(&azure.endpoint);
                raw.allow_http = Some(azure.allow_http);
                raw.account = Some(azure.account.clone());
                raw.account_key_file = azure.access_key.as_ref().map(file_of);
            }
        }
        raw
    }

    fn state_s3(&mut self, s3: &S3Options) {
        self.endpoint.clone_from(&s3.endpoint);
        self.allow_http = Some(s3.allow_http);
        self.region.clone_from(&s3.region);
        self.addressing = Some(match s3.addressing {
            Addressing::Path => RawAddressing::Path,
            Addressing::VirtualHosted => RawAddressing::VirtualHosted,
        });
        if let Some(credentials) = &s3.credentials {
            self.access_key_id = Some(credentials.access_key_id.clone());
            self.secret_access_key_file = Some(file_of(&credentials.secret_access_key));
            self.session_token_file = credentials.session_token.as_ref().map(file_of);
        }
        (self.encryption, self.kms_key_id) = match &s3.encryption {
            None => (None, None),
            Some(S3Encryption::Aes256) => (Some(RawEncryption::Aes256), None),
            Some(S3Encryption::Kms(key_id)) => (Some(RawEncryption::Kms), key_id.clone()),
        };
    }

    pub(super) fn check(self) -> Result<BucketOptions, ConfigError> {
        let Some(url) = &self.url else {
            let what = "name the bucket, as in s3://faxes/site-1; without [artifacts] they are \
                        kept in the data folder";
            return Err(field("artifacts.url", what));
        };
        let (scheme, place) = BucketPlace::parse(url).map_err(|what| {
            // It may hold a secret where it should not.
            field("artifacts.url", format!("{what}; secrets have files"))
        })?;
        self.refuse_what_belongs_to_others(scheme)?;
        self.check_endpoint()?;
        let timing = self.check_timing()?;
        let put_once = match self.conditional_put {
            Some(false) => PutOnce::ByLook,
            _ => PutOnce::ByCondition,
        };
        let provider = match scheme {
            Scheme::S3 => Provider::S3(self.check_s3()?),
            Scheme::Gcs => Provider::Gcs(self.check_gcs()?),
            Scheme::Azure => Provider::Azure(self.check_azure()?),
        };
        Ok(BucketOptions {
            put_once,
            timing,
            ..BucketOptions::new(place, provider)
        })
    }

    /// A setting that would do nothing is a mistake.
    fn refuse_what_belongs_to_others(&self, scheme: Scheme) -> Result<(), ConfigError> {
        use Scheme::{Azure, Gcs, S3};
        let stated = [
            ("artifacts.region", S3, self.region.is_some()),
            ("artifacts.access_key_id", S3, self.access_key_id.is_some()),
            (
                "artifacts.secret_access_key_file",
                S3,
                self.secret_access_key_file.is_some(),
            ),
            (
                "artifacts.session_token_file",
                S3,
                self.session_token_file.is_some(),
            ),
            ("artifacts.addressing", S3, self.addressing.is_some()),
            ("artifacts.encryption", S3, self.encryption.is_some()),
            ("artifacts.kms_key_id", S3, self.kms_key_id.is_some()),
            (
                "artifacts.service_account_file",
                Gcs,
                self.service_account_file.is_some(),
            ),
            ("artifacts.account", Azure, self.account.is_some()),
            (
                "artifacts.account_key_file",
                Azure,
                self.account_key_file.is_some(),
            ),
        ];
        let foreign = stated
            .into_iter()
            .find(|(_, whose, is_stated)| *is_stated && *whose != scheme);
        match foreign {
            None => Ok(()),
            Some((name, whose, _)) => {
                let (whose, ours) = (whose.text(), scheme.text());
                Err(field(
                    name,
                    format!("it belongs to a {whose} bucket, and artifacts.url begins with {ours}"),
                ))
            }
        }
    }

    fn check_endpoint(&self) -> Result<(), ConfigError> {
        let Some(endpoint) = &self.endpoint else {
            return match self.allow_http {
                Some(true) => Err(field(
                    "artifacts.allow_http",
                    "only an artifacts.endpoint of your own can be without TLS",
                )),
                _ => Ok(()),
            };
        };
        let name = "artifacts.endpoint";
        let rest = if let Some(rest) = endpoint.strip_prefix("https://") {
            rest
        } else if let Some(rest) = endpoint.strip_prefix("http://") {
            if self.allow_http != Some(true) {
                let what = "faxes would go over the network in the clear: use https://, or state \
                            allow_http = true";
                return Err(field(name, what));
            }
            rest
        } else {
            return Err(field(name, "write https://HOST or https://HOST:PORT"));
        };
        let is_host =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        let host = rest.strip_suffix('/').unwrap_or(rest);
        if host.is_empty() || !host.chars().all(is_host) {
            let what = "write https://HOST:PORT alone: bucket and folder are part of artifacts.url";
            return Err(field(name, what));
        }
        Ok(())
    }

    fn check_timing(&self) -> Result<BucketTiming, ConfigError> {
        let usual = BucketTiming::default();
        let seconds = |name, stated: Option<u64>, usual: Duration, min| match stated {
            None => Ok(usual),
            Some(seconds) if (min..=SECONDS_MAX).contains(&seconds) => {
                Ok(Duration::from_secs(seconds))
            }
            Some(_) => Err(field(name, format!("use {min} to {SECONDS_MAX}"))),
        };
        Ok(BucketTiming {
            connect: seconds(
                "artifacts.connect_seconds",
                self.connect_seconds,
                usual.connect,
                1,
            )?,
            idle: seconds("artifacts.idle_seconds", self.idle_seconds, usual.idle, 1)?,
            retry: seconds(
                "artifacts.retry_seconds",
                self.retry_seconds,
                usual.retry,
                0,
            )?,
        })
    }

    fn check_s3(self) -> Result<S3Options, ConfigError> {
        let secret = secret(
            "artifacts.secret_access_key_file",
            self.secret_access_key_file,
        )?;
        let session_token = self::secret("artifacts.session_token_file", self.session_token_file)?;
        let credentials = match (self.access_key_id, secret) {
            (Some(access_key_id), Some(secret_access_key)) => Some(S3Credentials {
                access_key_id: plain("artifacts.access_key_id", access_key_id)?,
                secret_access_key,
                session_token,
            }),
            (None, None) if session_token.is_none() => None,
            (None, _) => {
                let what = "name the id of the access key, or leave its files out too: then the \
                            environment or the instance says who we are";
                return Err(field("artifacts.access_key_id", what));
            }
            (Some(_), None) => {
                let what = "name the file that holds the secret access key";
                return Err(field("artifacts.secret_access_key_file", what));
            }
        };
        let encryption = match (self.encryption, self.kms_key_id) {
            (None, None) => None,
            (Some(RawEncryption::Aes256), None) => Some(S3Encryption::Aes256),
            (Some(RawEncryption::Kms), key_id) => Some(S3Encryption::Kms(
                key_id
                    .map(|id| plain("artifacts.kms_key_id", id))
                    .transpose()?,
            )),
            (_, Some(_)) => {
                let what = "it needs encryption = \"aws:kms\"";
                return Err(field("artifacts.kms_key_id", what));
            }
        };
        let addressing = match self.addressing {
            Some(RawAddressing::VirtualHosted) => Addressing::VirtualHosted,
            _ => Addressing::Path,
        };
        Ok(S3Options {
            endpoint: self.endpoint,
            region: self
                .region
                .map(|region| plain("artifacts.region", region))
                .transpose()?,
            credentials,
            addressing,
            encryption,
            allow_http: self.allow_http.unwrap_or(false),
        })
    }

    fn check_gcs(self) -> Result<GcsOptions, ConfigError> {
        // The client reads it again, when it opens the bucket.
        let key = secret("artifacts.service_account_file", self.service_account_file)?;
        Ok(GcsOptions {
            service_account: key.as_ref().map(file_of),
            endpoint: self.endpoint,
            allow_http: self.allow_http.unwrap_or(false),
        })
    }

    fn check_azure(self) -> Result<AzureOptions, ConfigError> {
        let Some(account) = self.account else {
            return Err(field("artifacts.account", "name the storage account"));
        };
        Ok(AzureOptions {
            account: plain("artifacts.account", account)?,
            access_key: secret("artifacts.account_key_file", self.account_key_file)?,
            endpoint: self.endpoint,
            allow_http: self.allow_http.unwrap_or(false),
        })
    }
}

/// Reads the file of a secret: that it cannot be read is said before anything starts.
fn secret(name: &'static str, file: Option<PathBuf>) -> Result<Option<SecretFile>, ConfigError> {
    file.map(|file| {
        let absolute = std::path::absolute(&file);
        absolute
            .and_then(|file| SecretFile::read(&file))
            .map_err(|error| field(name, format!("{}: {error}", file.display())))
    })
    .transpose()
}

fn file_of(secret: &SecretFile) -> PathBuf {
    secret.file().to_owned()
}

/// A name that goes into headers and URLs as it is.
fn plain(name: &'static str, text: String) -> Result<String, ConfigError> {
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err(field(name, "use printable ASCII characters without spaces"));
    }
    Ok(text)
}
