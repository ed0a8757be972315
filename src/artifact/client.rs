//! Clients of object stores.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::signer::Signer;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use super::ArtifactError;
use super::options::{
    Addressing, AzureOptions, BucketOptions, BucketPlace, BucketTiming, GcsOptions, Provider,
    S3Encryption, S3Options,
};

/// How often a request is tried again before the whole operation is.
const REQUEST_RETRIES_MAX: usize = 3;

/// What talks to a bucket.
pub(super) struct Client {
    pub(super) objects: Arc<dyn ObjectStore>,
    pub(super) signer: Arc<dyn Signer>,
}

impl Client {
    /// Builds a client; nothing is sent yet.
    pub(super) fn of(options: &BucketOptions) -> Result<Self, ArtifactError> {
        install_tls();
        let (place, timing) = (&options.place, options.timing);
        let built = match &options.provider {
            Provider::S3(s3) => s3_builder(s3, place, timing).build().map(Self::from),
            Provider::Gcs(gcs) => gcs_builder(gcs, place, timing).build().map(Self::from),
            Provider::Azure(azure) => azure_builder(azure, place, timing).build().map(Self::from),
        };
        built.map_err(|error| ArtifactError::Options {
            place: options.url(),
            what: error.to_string(),
        })
    }
}

impl<T: ObjectStore + Signer> From<T> for Client {
    fn from(client: T) -> Self {
        let client = Arc::new(client);
        Self {
            objects: client.clone(),
            signer: client,
        }
    }
}

/// A local folder, created if missing; every write reaches the disk before it counts.
pub(super) fn folder(folder: &Path) -> Result<Arc<dyn ObjectStore>, ArtifactError> {
    std::fs::create_dir_all(folder).map_err(|e| ArtifactError::local(folder, e))?;
    let objects = LocalFileSystem::new_with_prefix(folder)
        .map_err(|e| ArtifactError::of_folder(&folder.display().to_string(), e))?
        .with_fsync(true);
    Ok(Arc::new(objects))
}

/// Gives TLS its cryptography, unless the process has chosen one already.
fn install_tls() {
    let lost_the_race = rustls::crypto::CryptoProvider::get_default().is_none()
        && rustls::crypto::ring::default_provider()
            .install_default()
            .is_err();
    if lost_the_race {
        tracing::debug!("another thread chose the cryptography of TLS");
    }
}

fn s3_builder(s3: &S3Options, place: &BucketPlace, timing: BucketTiming) -> AmazonS3Builder {
    let mut builder = match &s3.credentials {
        Some(credentials) => {
            let builder = AmazonS3Builder::new()
                .with_access_key_id(&credentials.access_key_id)
                .with_secret_access_key(credentials.secret_access_key.expose());
            match &credentials.session_token {
                Some(token) => builder.with_token(token.expose()),
                None => builder,
            }
        }
        None => AmazonS3Builder::from_env(),
    };
    builder = builder
        .with_bucket_name(place.bucket())
        .with_client_options(client_options(timing, s3.allow_http))
        .with_retry(retry(timing))
        // One request a job less is not worth a call that half of the servers lack.
        .with_disable_bulk_delete(true)
        .with_virtual_hosted_style_request(s3.addressing == Addressing::VirtualHosted);
    if let Some(region) = &s3.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &s3.endpoint {
        builder = builder.with_endpoint(match s3.addressing {
            Addressing::Path => endpoint.clone(),
            Addressing::VirtualHosted => with_bucket(endpoint, place.bucket()),
        });
    }
    match &s3.encryption {
        None => builder,
        Some(S3Encryption::Aes256) => encrypted(builder, "AES256"),
        Some(S3Encryption::Kms(None)) => encrypted(builder, "aws:kms"),
        Some(S3Encryption::Kms(Some(key_id))) => builder.with_sse_kms_encryption(key_id),
    }
}

fn encrypted(builder: AmazonS3Builder, how: &str) -> AmazonS3Builder {
    // The key has no other name outside of the client.
    let key = "aws_server_side_encryption".parse();
    builder.with_config(key.expect("the client knows its own option"), how)
}

fn gcs_builder(
    gcs: &GcsOptions,
    place: &BucketPlace,
    timing: BucketTiming,
) -> GoogleCloudStorageBuilder {
    let mut builder = match &gcs.service_account {
        Some(file) => {
            GoogleCloudStorageBuilder::new().with_service_account_path(file.display().to_string())
        }
        None => GoogleCloudStorageBuilder::from_env(),
    };
    if let Some(endpoint) = &gcs.endpoint {
        builder = builder.with_base_url(endpoint);
    }
    builder
        .with_bucket_name(place.bucket())
        .with_client_options(client_options(timing, gcs.allow_http))
        .with_retry(retry(timing))
}

fn azure_builder(
    azure: &AzureOptions,
    place: &BucketPlace,
    timing: BucketTiming,
) -> MicrosoftAzureBuilder {
    let mut builder = match &azure.access_key {
        Some(key) => MicrosoftAzureBuilder::new().with_access_key(key.expose()),
        None => MicrosoftAzureBuilder::from_env(),
    };
    if let Some(endpoint) = &azure.endpoint {
        builder = builder.with_endpoint(endpoint.clone());
    }
    builder
        .with_account(&azure.account)
        .with_container_name(place.bucket())
        .with_client_options(client_options(timing, azure.allow_http))
        .with_retry(retry(timing))
}

/// A large document may take as long as it moves: bounded is how long it stands still.
fn client_options(timing: BucketTiming, allow_http: bool) -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(timing.connect)
        .with_read_timeout(timing.idle)
        .with_timeout_disabled()
        .with_allow_http(allow_http)
}

fn retry(timing: BucketTiming) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        },
        max_retries: REQUEST_RETRIES_MAX,
        retry_timeout: timing.retry,
    }
}

/// `https://BUCKET.HOST` of `https://HOST`.
fn with_bucket(endpoint: &str, bucket: &str) -> String {
    match endpoint.split_once("://") {
        Some((scheme, host)) => format!("{scheme}://{bucket}.{host}"),
        None => format!("{bucket}.{endpoint}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_stands_before_its_host() {
        let named = with_bucket("https://s3.example:9000", "faxes");
        assert_eq!(named, "https://faxes.s3.example:9000");
    }
}
