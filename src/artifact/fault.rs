//! What an answer of an object store means: whose fault it is, and whether it may pass.

use object_store::Error;
use object_store::client::HttpError;

use super::ArtifactError;

/// Where instances ask for their credentials.
const METADATA_HOSTS: [&str; 3] = [
    "169.254.169.254",
    "169.254.170.2",
    "metadata.google.internal",
];

/// What the client puts before the status of an answer.
const STATUS: &str = "Server returned non-2xx status code: ";
/// What the client says of a 3xx without a place to go to.
const BARE_REDIRECT: &str = "Received redirect without LOCATION";
/// What the client says of an answer that is an error under the status 200.
const ERROR_RESPONSE: &str = "Server returned error response: ";

/// Longest part of an answer that is repeated.
const SAID_CHARS_MAX: usize = 300;

impl ArtifactError {
    /// What the bucket at `place` answered to a request about `name`.
    pub(super) fn of_bucket(place: &str, name: &str, error: Error) -> Self {
        let answer = Answer::of(&error);
        let (place, mut said) = (place.to_owned(), answer.said.clone());
        if answer.asked_for_credentials {
            said =
                format!("none are given, and this machine's metadata service gives none: {said}");
        }
        match answer.kind() {
            Kind::BucketMissing => Self::BucketMissing { place, said },
            Kind::Credentials => Self::Credentials { place, said },
            Kind::Forbidden => Self::Forbidden { place, said },
            Kind::Region => Self::Region { place, said },
            Kind::Unreachable => Self::Unreachable { place, said },
            Kind::Busy => Self::Busy { place, said },
            Kind::Full => Self::Full {
                name: name.to_owned(),
            },
            Kind::Unsupported => Self::Unsupported {
                place,
                what: format!(
                    "the server does not know a request ({said}): a server without conditional \
                     writes needs artifacts.conditional_put = false"
                ),
            },
            Kind::NotFound => Self::NotFound {
                key: name.to_owned(),
            },
            Kind::Other => Self::Backend {
                name: name.to_owned(),
                source: error,
            },
        }
    }
}

enum Kind {
    BucketMissing,
    Credentials,
    Forbidden,
    Region,
    Unreachable,
    Busy,
    Full,
    Unsupported,
    NotFound,
    Other,
}

/// What is known of an answer. The client's errors tell most of it in words alone, which the
/// tests against a server hold it to.
struct Answer {
    /// The status, where there was one.
    status: Option<u16>,
    /// The provider's own code, such as `NoSuchBucket`.
    code: String,
    /// In words, for people.
    said: String,
    /// There was no answer, or not all of it.
    broken: bool,
    /// The instance was asked for credentials.
    asked_for_credentials: bool,
}

impl Answer {
    fn of(error: &Error) -> Self {
        let mut answer = Self {
            status: match error {
                Error::NotFound { .. } => Some(404),
                Error::PermissionDenied { .. } => Some(403),
                Error::Unauthenticated { .. } => Some(401),
                _ => None,
            },
            code: String::new(),
            said: String::new(),
            broken: false,
            asked_for_credentials: false,
        };
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        let mut innermost = String::new();
        while let Some(inner) = cause {
            let text = inner.to_string();
            answer.look_at(&text);
            answer.broken |= inner.downcast_ref::<HttpError>().is_some();
            innermost = text;
            cause = inner.source();
        }
        if answer.said.is_empty() {
            answer.said = innermost.chars().take(SAID_CHARS_MAX).collect();
        }
        answer
    }

    fn look_at(&mut self, text: &str) {
        self.asked_for_credentials |= METADATA_HOSTS.iter().any(|host| text.contains(host));
        if text.contains(BARE_REDIRECT) {
            self.status = Some(301);
        }
        let body = text.strip_prefix(STATUS).inspect(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            self.status = digits.parse().ok().or(self.status);
        });
        let Some(body) = body.or_else(|| text.strip_prefix(ERROR_RESPONSE)) else {
            return;
        };
        self.code = element(body, "Code").unwrap_or_default();
        let message = element(body, "Message").unwrap_or_else(|| body.to_owned());
        let status = self.status.map_or(String::new(), |s| format!("{s} "));
        let said = if self.code.is_empty() {
            message
        } else {
            format!("{status}{}: {message}", self.code)
        };
        self.said = said.chars().take(SAID_CHARS_MAX).collect();
    }

    fn kind(&self) -> Kind {
        if self.asked_for_credentials {
            return Kind::Credentials;
        }
        match self.code.as_str() {
            "NoSuchBucket" | "ContainerNotFound" | "ContainerBeingDeleted" => Kind::BucketMissing,
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "InvalidToken"
            | "ExpiredToken"
            | "RequestTimeTooSkewed"
            | "AuthenticationFailed"
            | "InvalidAuthenticationInfo" => Kind::Credentials,
            "PermanentRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException" => Kind::Region,
            "SlowDown" | "InternalError" | "RequestTimeout" | "ServiceUnavailable"
            | "ServerBusy" | "OperationAborted" => Kind::Busy,
            "XMinioStorageFull" | "QuotaExceeded" => Kind::Full,
            _ => self.kind_by_status(),
        }
    }

    fn kind_by_status(&self) -> Kind {
        match self.status {
            Some(401) => Kind::Credentials,
            Some(403) => Kind::Forbidden,
            Some(404) => Kind::NotFound,
            Some(301 | 307 | 308) => Kind::Region,
            Some(501) => Kind::Unsupported,
            Some(507) => Kind::Full,
            Some(408 | 429 | 500..) => Kind::Busy,
            None if self.broken => Kind::Unreachable,
            _ => Kind::Other,
        }
    }
}

/// The text of the first element of this name.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error as the client makes it of an answer.
    fn answered(status: &str, body: &str) -> ArtifactError {
        let error = Error::Generic {
            store: "test",
            source: format!("{STATUS}{status}: {body}").into(),
        };
        ArtifactError::of_bucket("az://faxes", "jobs/a", error)
    }

    #[test]
    fn what_a_provider_says_in_xml_is_understood_and_repeated_in_short() {
        let body = "\u{feff}<?xml version=\"1.0\"?><Error><Code>ContainerNotFound</Code>\
                    <Message>There is none.</Message></Error>";
        let error = answered("404 Not Found", body);
        assert_eq!(error.code(), "artifact-bucket-missing");
        assert!(
            error
                .to_string()
                .contains("404 ContainerNotFound: There is none.")
        );
        let error = answered("503 Service Unavailable", "<html>");
        assert_eq!(error.code(), "artifact-store-busy");
        let error = answered("400 Bad Request", &"x".repeat(10_000));
        assert_eq!(error.code(), "artifact-store-failed");
    }

    #[test]
    fn a_machine_without_credentials_is_not_taken_for_a_bucket_that_is_gone() {
        let error = Error::Generic {
            store: "test",
            source: "Error performing PUT http://169.254.169.254/latest/api/token".into(),
        };
        let error = ArtifactError::of_bucket("s3://faxes", "jobs/a", error);
        assert_eq!(error.code(), "artifact-store-credentials");
        assert!(error.to_string().contains("none are given"), "{error}");
    }
}
