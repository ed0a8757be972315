//! What `[artifacts]` may say.

use std::path::Path;
use std::time::Duration;

use faxmill::artifact::ArtifactStore;
use faxmill::artifact::options::{
    Addressing, ArtifactOptions, Provider, PutOnce, S3Encryption, Scheme,
};
use faxmill::config::{Config, ConfigError};

/// Loads `[artifacts]`, in which `{secret}` and `{google}` stand for files with secrets in them.
fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("secret"), "aHVzaC1odXNo\n").unwrap();
    std::fs::write(path("empty"), "\n").unwrap();
    let google = r#"{"type": "service_account", "client_email": "", "private_key": "",
        "private_key_id": "", "gcs_base_url": "https://localhost", "disable_oauth": true}"#;
    std::fs::write(path("google"), google).unwrap();
    let mut text = format!("[artifacts]\n{text}\n");
    for name in ["secret", "empty", "google"] {
        let quoted = format!("'{}'", path(name).display());
        text = text.replace(&format!("{{{name}}}"), &quoted);
    }
    std::fs::write(path("faxmill.toml"), &text).unwrap();
    let config = Config::load(Some(&path("faxmill.toml")), None)?;
    // What is printed means the same, and holds no secret.
    let printed = config.to_toml();
    std::fs::write(path("again.toml"), &printed).unwrap();
    let again = Config::load(Some(&path("again.toml")), None)?;
    assert_eq!(again.to_toml(), printed);
    for words in [printed, format!("{config:?}")] {
        assert!(!words.contains("aHVzaC1odXNo"), "{words}");
    }
    // The client takes it too.
    let bucket = config.bucket.clone().unwrap();
    ArtifactStore::connect(&ArtifactOptions::Bucket(bucket)).unwrap();
    Ok(config)
}

const S3: &str = r#"
url = "s3://faxes/site-1/"
endpoint = "http://127.0.0.1:9000"
allow_http = true
region = "eu-central-1"
access_key_id = "alice"
secret_access_key_file = {secret}
session_token_file = {secret}
addressing = "virtual-hosted"
encryption = "aws:kms"
kms_key_id = "a-key"
conditional_put = false
connect_seconds = 2
idle_seconds = 3
retry_seconds = 0
"#;

#[test]
fn every_field_of_an_s3_bucket_means_what_it_says() {
    let bucket = load(S3).unwrap().bucket.unwrap();
    assert_eq!(bucket.url(), "s3://faxes/site-1");
    assert_eq!(
        (bucket.place.bucket(), bucket.place.prefix()),
        ("faxes", "site-1")
    );
    assert_eq!(bucket.put_once, PutOnce::ByLook);
    assert_eq!(bucket.timing.connect, Duration::from_secs(2));
    assert_eq!(bucket.timing.idle, Duration::from_secs(3));
    assert_eq!(bucket.timing.retry, Duration::ZERO);
    let Provider::S3(s3) = bucket.provider else {
        panic!("it is of S3");
    };
    assert_eq!(s3.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
    assert_eq!(s3.region.as_deref(), Some("eu-central-1"));
    assert_eq!(s3.addressing, Addressing::VirtualHosted);
    let kms = S3Encryption::Kms(Some("a-key".to_owned()));
    assert_eq!(s3.encryption, Some(kms));
    let credentials = s3.credentials.unwrap();
    assert_eq!(credentials.access_key_id, "alice");
    assert!(credentials.secret_access_key.file().ends_with("secret"));
    assert!(credentials.session_token.is_some() && s3.allow_http);
}

#[test]
fn a_bucket_needs_no_more_than_its_url() {
    assert!(Config::load(None, None).unwrap().bucket.is_none());
    let bucket = load("url = \"s3://faxes\"").unwrap().bucket.unwrap();
    let Provider::S3(s3) = bucket.provider else {
        panic!("it is of S3");
    };
    assert!(s3.credentials.is_none() && s3.encryption.is_none() && !s3.allow_http);
    assert_eq!(bucket.put_once, PutOnce::ByCondition);

    let google = "url = \"gs://faxes\"\nservice_account_file = {google}";
    let bucket = load(google).unwrap().bucket.unwrap();
    assert!(bucket.url().starts_with(Scheme::Gcs.text()));
    let Provider::Gcs(gcs) = bucket.provider else {
        panic!("it is of Google");
    };
    assert!(gcs.service_account.unwrap().ends_with("google"));

    let azure = "url = \"az://faxes\"\naccount = \"ours\"\naccount_key_file = {secret}";
    let bucket = load(azure).unwrap().bucket.unwrap();
    let Provider::Azure(azure) = bucket.provider else {
        panic!("it is of Azure");
    };
    assert_eq!(azure.account, "ours");
    assert!(azure.access_key.is_some());
}

#[test]
fn a_bucket_that_contradicts_itself_is_refused_by_its_field() {
    let s3 = |more: &str| format!("url = \"s3://faxes\"\n{more}");
    for (text, named) in [
        (String::new(), "url"),
        ("region = \"x\"".to_owned(), "url"),
        ("url = \"faxes\"".to_owned(), "url"),
        ("url = \"s3://alice:secret@faxes\"".to_owned(), "url"),
        ("url = \"s3://faxes/../other\"".to_owned(), "url"),
        (s3("account = \"ours\""), "account"),
        (
            s3("service_account_file = {google}"),
            "service_account_file",
        ),
        ("url = \"gs://faxes\"\nregion = \"x\"".to_owned(), "region"),
        ("url = \"az://faxes\"".to_owned(), "account"),
        (s3("access_key_id = \"alice\""), "secret_access_key_file"),
        (s3("secret_access_key_file = {secret}"), "access_key_id"),
        (s3("session_token_file = {secret}"), "access_key_id"),
        (
            s3("access_key_id = \"a\"\nsecret_access_key_file = {empty}"),
            "secret_access_key_file",
        ),
        (
            s3("access_key_id = \"a\"\nsecret_access_key_file = \"/no/such/file\""),
            "secret_access_key_file",
        ),
        (s3("kms_key_id = \"a\""), "kms_key_id"),
        (
            s3("encryption = \"AES256\"\nkms_key_id = \"a\""),
            "kms_key_id",
        ),
        (s3("endpoint = \"http://127.0.0.1\""), "endpoint"),
        (s3("endpoint = \"127.0.0.1:9000\""), "endpoint"),
        (s3("endpoint = \"https://host/faxes\""), "endpoint"),
        (s3("endpoint = \"https://a:b@host\""), "endpoint"),
        (s3("allow_http = true"), "allow_http"),
        (s3("region = \"\""), "region"),
        (s3("region = \"a b\""), "region"),
        (s3("connect_seconds = 0"), "connect_seconds"),
        (s3("idle_seconds = 3601"), "idle_seconds"),
        (s3("retry_seconds = 3601"), "retry_seconds"),
    ] {
        match load(&text) {
            Err(error @ ConfigError::Field { field, .. }) => {
                assert_eq!(field, format!("artifacts.{named}"), "{text}");
                assert!(!error.to_string().contains("alice:secret"), "{error}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    for text in [
        "bukket = \"x\"",
        "encryption = \"rot13\"",
        "addressing = \"host\"",
        "secret_access_key = \"in the open\"",
    ] {
        let error = load(&s3(text)).unwrap_err();
        assert_eq!(error.code(), "config-syntax", "{text}");
    }
    assert!(!Path::new("faxmill-data").exists(), "nothing was made");
}
