//! What a configuration file may say, what it means, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "configuration/artifacts.rs"]
mod artifacts;

use std::path::Path;
use std::time::Duration;

use faxmill::config::{Config, ConfigError};
use faxmill::header::HeaderPages;
use faxmill::limits::Limits;

fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faxmill.toml");
    std::fs::write(&file, text).unwrap();
    Config::load(Some(&file), None)
}

const EVERYTHING: &str = r#"
data_folder = "/var/lib/faxmill"
[trunk]
uri = "sip:{number}@gateway.example:5070"
username = "alice"
password = "secret-word"
[line]
bind = "192.0.2.1:5080"
ident = "+1 555 010 0100"
[header]
pages = "first"
format = "{ident} {page}/{pages}"
time_zone = "Europe/Berlin"
name = "Müller & Söhne"
number = "+49 30 5550199"
[receive]
bind = "192.0.2.1:5060"
calls_max = 7
[workers]
convert = 3
transmit = 4
transcode = 5
[timing]
lease_seconds = 6
sweep_milliseconds = 70
drain_seconds = 8
[limits]
document_pages_max = 9
"#;

#[test]
fn every_field_means_what_it_says() {
    let config = load(EVERYTHING).unwrap();
    assert_eq!(config.data_folder, Path::new("/var/lib/faxmill"));
    let trunk = config.trunk.unwrap();
    let number = "+49 (30) 123".parse().unwrap();
    assert_eq!(trunk.uri(&number), "sip:+4930123@gateway.example:5070");
    let credentials = trunk.credentials.unwrap();
    assert_eq!(credentials.username, "alice");
    assert_eq!(credentials.password, "secret-word");
    assert_eq!(config.line.bind.to_string(), "192.0.2.1:5080");
    assert_eq!(config.line.ident, "+1 555 010 0100");
    let header = config.header;
    assert_eq!(header.pages, Some(HeaderPages::First));
    assert_eq!(header.format.unwrap().as_str(), "{ident} {page}/{pages}");
    assert_eq!(header.time_zone.unwrap().as_str(), "Europe/Berlin");
    assert_eq!(header.name.unwrap().as_str(), "Müller & Söhne");
    assert_eq!(header.number.unwrap().as_str(), "+49 30 5550199");
    let receive = config.receive.unwrap();
    assert_eq!(receive.bind.to_string(), "192.0.2.1:5060");
    assert_eq!(receive.calls_max, 7);
    let workers = config.concurrency;
    assert_eq!(
        (workers.convert, workers.transmit, workers.transcode),
        (3, 4, 5)
    );
    assert_eq!(config.timing.lease, Duration::from_secs(6));
    assert_eq!(config.timing.sweep, Duration::from_millis(70));
    assert_eq!(config.timing.drain, Duration::from_secs(8));
    let limits = Limits {
        document_pages_max: 9,
        ..Limits::default()
    };
    assert_eq!(config.limits, limits, "what is left out has its default");
}

#[test]
fn no_file_and_an_empty_one_mean_the_defaults() {
    let none = Config::load(None, None).unwrap();
    let empty = load("").unwrap();
    assert_eq!(none.to_toml(), empty.to_toml());
    assert!(none.trunk.is_none() && none.receive.is_none());
    assert!(none.data_folder.is_absolute());
    assert_eq!(none.limits, Limits::default());
}

#[test]
fn the_folder_on_the_command_line_goes_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faxmill.toml");
    std::fs::write(&file, "data_folder = \"/from/the/file\"\n").unwrap();
    let config = Config::load(Some(&file), Some(Path::new("/typed"))).unwrap();
    assert_eq!(config.database(), Path::new("/typed/jobs.sqlite"));
    assert!(config.artifacts().starts_with("/typed"));
    assert!(config.scratch().starts_with("/typed"));
    assert!(config.run().starts_with("/typed"));
}

#[test]
fn what_is_printed_reads_back_and_keeps_the_password_to_itself() {
    let text = EVERYTHING.replace("username = \"alice\"\npassword = \"secret-word\"\n", "");
    let config = load(&text).unwrap();
    assert_eq!(load(&config.to_toml()).unwrap().to_toml(), config.to_toml());

    let config = load(EVERYTHING).unwrap();
    assert!(config.to_toml().contains("alice"));
    for words in [config.to_toml(), format!("{config:?}")] {
        assert!(!words.contains("secret-word"), "{words}");
    }
}

#[test]
fn a_wrong_value_is_refused_by_its_field() {
    let rows = [
        ("[trunk]\nuri = \"gateway\"", "trunk.uri"),
        ("[trunk]\nuri = \"sip:100@gateway\"", "trunk.uri"),
        (
            "[trunk]\nuri = \"sip:{number}{number}@gateway\"",
            "trunk.uri",
        ),
        (
            "[trunk]\nuri = \"sip:{number}@g\"\nusername = \"a\"",
            "trunk",
        ),
        ("[line]\nbind = \"localhost\"", "line.bind"),
        ("[line]\nident = \"longer than twenty chars\"", "line.ident"),
        ("[line]\nident = \"Grün\"", "line.ident"),
        ("[header]\npages = \"last\"", "header.pages"),
        ("[header]\nformat = \"{colour}\"", "header.format"),
        ("[header]\nformat = \"{page\"", "header.format"),
        ("[header]\ntime_zone = \"Mars/Olympus\"", "header.time_zone"),
        (
            "[header]\ntime_zone = \"../../etc/passwd\"",
            "header.time_zone",
        ),
        ("[header]\nname = \"\"", "header.name"),
        ("[header]\nname = \"a\\u0007b\"", "header.name"),
        ("[header]\nnumber = \"call me\"", "header.number"),
        ("[receive]\nbind = \"5060\"", "receive.bind"),
        (
            "[receive]\nbind = \"0.0.0.0:5060\"\ncalls_max = 0",
            "receive.calls_max",
        ),
        ("[workers]\nconvert = 0", "workers.convert"),
        ("[workers]\ntransmit = 10001", "workers.transmit"),
        ("[workers]\ntranscode = 0", "workers.transcode"),
        ("[timing]\nlease_seconds = 1", "timing.lease_seconds"),
        ("[timing]\nlease_seconds = 3601", "timing.lease_seconds"),
        (
            "[timing]\nsweep_milliseconds = 9",
            "timing.sweep_milliseconds",
        ),
        (
            "[limits]\ndocument_bytes_max = 0",
            "limits.document_bytes_max",
        ),
        (
            "[limits]\nrender_address_space_max = 1",
            "limits.render_address_space_max",
        ),
    ];
    let for_ever = u64::MAX >> 1;
    let too_long = [
        "timing.drain_seconds",
        "limits.answer_seconds_max",
        "limits.call_seconds_max",
        "limits.silence_seconds_max",
        "limits.render_wall_seconds_max",
        "limits.page_wall_seconds_max",
        "limits.render_cpu_seconds_max",
    ]
    .map(|named| {
        let (section, field) = named.split_once('.').unwrap();
        (format!("[{section}]\n{field} = {for_ever}"), named)
    });
    let rows = rows.map(|(text, named)| (text.to_owned(), named));
    for (text, named) in rows.into_iter().chain(too_long) {
        match load(&text) {
            Err(ConfigError::Field { field, .. }) => assert_eq!(field, named, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn what_is_not_known_or_not_toml_is_refused_with_its_place() {
    let rows = [
        "no_such_field = 1",
        "[line]\nbnid = \"0.0.0.0:0\"",
        "[limits]\npages = 3",
        "[workers]\nconvert = -1",
        "[line",
    ];
    for text in rows {
        let error = load(text).unwrap_err();
        assert_eq!(error.code(), "config-syntax", "{text}");
        assert!(error.to_string().contains("faxmill.toml"), "{error}");
    }
    let error = Config::load(Some(Path::new("/no/such/file.toml")), None).unwrap_err();
    assert_eq!(error.code(), "config-unreadable");
}

#[test]
fn a_message_broker_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("password");
    std::fs::write(&secret, "a secret word\n").unwrap();
    let queue = |url: &str| {
        let file = secret.display();
        load(&format!(
            "[queue]\nurl = \"{url}\"\npassword_file = \"{file}\"\n"
        ))
    };
    let config = queue("amqps://faxmill@mq.example:5671/%2f").unwrap();
    let broker = config.queue.as_ref().unwrap();
    assert_eq!(broker.password.reveal(), "a secret word");
    for shown in [config.to_toml(), format!("{config:?}")] {
        assert!(shown.contains("mq.example"), "{shown}");
        assert!(!shown.contains("a secret word"), "{shown}");
    }
    assert!(load("").unwrap().queue.is_none());
    let typed = load("[queue]\nurl = \"amqp://faxmill:p%40ss@mq.example/%2f\"\n").unwrap();
    let broker = typed.queue.as_ref().unwrap();
    assert_eq!(
        (broker.url.as_str(), broker.password.reveal()),
        ("amqp://faxmill@mq.example/%2f", "p@ss")
    );
    assert!(!typed.to_toml().contains("p%40ss"));
    let both = queue("amqp://faxmill:p@mq.example/%2f")
        .unwrap_err()
        .to_string();
    assert!(both.contains("queue.password_file"), "{both}");

    for url in [
        "mq.example",
        "http://faxmill@mq.example/%2f",
        "amqp://mq.example/%2f",
        "amqp://@mq.example/%2f",
        "amqp://faxmill@mq.example",
        "amqp://faxmill@mq.example/",
        "amqp://:typed-in@mq.example/%2f",
    ] {
        let said = queue(url).unwrap_err().to_string();
        assert!(said.contains("queue.url"), "{said}");
        assert!(!said.contains("typed-in"), "{said}");
    }
}

#[test]
fn a_message_broker_needs_a_password_that_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = |content: &str| {
        let path = folder.path().join("password");
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    for path in [
        folder.path().join("missing").display().to_string(),
        folder.path().display().to_string(),
    ] {
        let text = format!("[queue]\nurl = \"amqp://a@b/c\"\npassword_file = \"{path}\"\n");
        let said = load(&text).unwrap_err().to_string();
        assert!(said.contains("queue.password_file"), "{said}");
        assert!(said.contains(&path), "{said}");
    }
    for content in ["", "\n", &"x".repeat(70_000)] {
        let path = file(content);
        let text = format!("[queue]\nurl = \"amqp://a@b/c\"\npassword_file = \"{path}\"\n");
        let said = load(&text).unwrap_err().to_string();
        assert!(said.contains("queue.password_file"), "{said}");
    }
    let url = "url = \"amqp://a@b/c\"\n";
    for text in [
        format!("[queue]\n{url}"),
        "[queue]\n".to_owned(),
        format!("[queue]\n{url}password_file = \"p\"\nprefetch = 3\n"),
    ] {
        assert!(load(&text).is_err(), "{text}");
    }
}
