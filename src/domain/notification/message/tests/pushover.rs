//! What Pushover gets.

use percent_encoding::percent_decode_str;

use super::*;
use crate::domain::notification::receiver::{PushoverConfig, PushoverStyle, SecretTemplate};

fn config(title: &str, message: &str) -> PushoverConfig {
    PushoverConfig {
        user_key: SecretTemplate::new(template("ANN")),
        token: SecretTemplate::new(template("SESAME")),
        title: template(title),
        message: template(message),
        url: template(""),
        url_title: template(""),
        device: template(""),
        sound: template(""),
        priority: template(r#"{{ if eq .Status "firing" }}2{{ else }}0{{ end }}"#),
        retry: Span::minutes(1),
        expire: Span::hours(1),
        ttl: Span::ZERO,
        style: PushoverStyle::Plain,
        http: HttpConfig::default(),
    }
}

fn pushover(config: PushoverConfig) -> Integration {
    integration(IntegrationKind::Pushover(Box::new(config)))
}

/// The fields of a form, a line each.
fn fields(request: &Request) -> String {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let lines = request.body.split('&').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap();
        format!("{}={}", decode(name), decode(value))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn field(request: &Request, name: &str) -> String {
    let fields = fields(request);
    let mut lines = fields.lines().filter_map(|line| line.strip_prefix(&format!("{name}=")));
    lines.next().unwrap().to_owned()
}

#[test]
fn pushover_gets_a_form() {
    let firing = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let first = post(
        &firing,
        &pushover(PushoverConfig {
            url: template("{{ .ExternalURL }}/?a=1&b=2"),
            url_title: template("Look"),
            device: template("phone"),
            sound: template("siren"),
            ttl: Span::hours(1),
            style: PushoverStyle::Monospace,
            ..config("Disk & more", "is full\nä")
        }),
    );
    assert_eq!(
        head(&first),
        "Post https://api.pushover.net/1/messages.json\n\
         Content-Type: application/x-www-form-urlencoded"
    );
    assert_eq!(first.secrets.iter().map(Secret::reveal).collect::<Vec<_>>(), ["SESAME", "ANN"]);
    assert!(first.body.contains("title=Disk%20%26%20more&message=is%20full%0A%C3%A4&"));
    assert_eq!(
        fields(&first),
        "token=SESAME\nuser=ANN\ntitle=Disk & more\nmessage=is full\nä\n\
         url=https://am.example.org/?a=1&b=2\nurl_title=Look\npriority=2\nretry=60\nexpire=3600\n\
         device=phone\nsound=siren\nttl=3600\nmonospace=1"
    );
    let resolved = letter(vec![alert(AlertStatus::Resolved, "sda")]);
    let late = Letter { delayed: Some(Span::minutes(9)), ..resolved };
    let first = post(&late, &pushover(config("a", "b")));
    assert_eq!(
        fields(&first),
        "token=SESAME\nuser=ANN\ntitle=a\nmessage=Delayed by 9m.\nb\nurl=\nurl_title=\n\
         priority=0\nretry=60\nexpire=3600\ndevice=\nsound="
    );
}

#[test]
fn pushover_refuses_what_is_too_long_or_empty() {
    let letter = letter(vec![alert(AlertStatus::Firing, "<sda>")]);
    let long = "ä".repeat(2_000);
    let first =
        post(&letter, &pushover(PushoverConfig { url: template(&long), ..config(&long, &long) }));
    let lengths = ["title", "message", "url"].map(|name| field(&first, name).chars().count());
    assert_eq!(lengths, [250, 1_024, 512]);
    assert_eq!(field(&post(&letter, &pushover(config("a", " "))), "message"), "(no details)");

    let html = PushoverConfig {
        style: PushoverStyle::Html,
        ..config("a", "<b>{{ (index .Alerts 0).Labels.disk }}</b>")
    };
    let first = post(&letter, &pushover(html));
    assert_eq!((field(&first, "message"), field(&first, "html")), {
        ("<b>&lt;sda&gt;</b>".to_owned(), "1".to_owned())
    });
}

#[test]
fn a_push_whose_templates_fail_is_sent_in_plain_words() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let broken = PushoverConfig {
        style: PushoverStyle::Html,
        priority: template(BROKEN),
        ..config(BROKEN, BROKEN)
    };
    let (faults, http) = mended(&letter, &pushover(broken));
    assert_eq!(faults, "`message`, `title`, `priority`");
    assert_eq!(field(&http.first, "title"), "[FIRING:1] DiskFull");
    assert_eq!(field(&http.first, "priority"), "2");
    assert!(field(&http.first, "message").starts_with("[FIRING:1] DiskFull"));
    assert!(!fields(&http.first).contains("html="), "plain words are no HTML");

    let nobody =
        PushoverConfig { user_key: SecretTemplate::new(template(BROKEN)), ..config("a", "b") };
    let error = write(&letter, &pushover(nobody), &Library::with_defaults()).unwrap_err();
    assert!(error.into_message().is_none(), "no user, no message");
}

#[test]
fn pushover_says_in_the_body_what_it_does_not_like() {
    let letter = letter(vec![]);
    for (status, body, expected) in [
        (200, r#"{"status":1,"request":"a"}"#, "delivered -"),
        (
            200,
            r#"{"status":0,"errors":["no user"]}"#,
            "permanent clientError: refused the message: no user",
        ),
        (
            400,
            r#"{"user":"invalid","errors":["user identifier is invalid"],"status":0}"#,
            "permanent clientError: answered 400: user identifier is invalid",
        ),
        (
            429,
            r#"{"errors":["over its monthly limit"],"status":0}"#,
            "retry rateLimited: answered 429: over its monthly limit",
        ),
        (500, "", "retry serverError: answered 500"),
    ] {
        let mut http = http(&letter, &pushover(config("a", "b")));
        assert_eq!(heard(&mut http, status, body), expected);
    }
}
