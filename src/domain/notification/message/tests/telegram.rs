//! What Telegram gets.

use super::*;
use crate::domain::notification::receiver::{ParseMode, TelegramConfig};

fn telegram(message: &str, parse_mode: ParseMode) -> TelegramConfig {
    TelegramConfig {
        api_url: "https://telegram.example.org/".to_owned(),
        bot_token: Secret::new("17:SESAME"),
        chat_id: "-1001234567890".to_owned(),
        message_thread_id: None,
        message: template(message),
        disable_notifications: false,
        parse_mode,
        timeout: Span::ZERO,
        http: HttpConfig::default(),
    }
}

fn sent(letter: &Letter, config: TelegramConfig) -> Request {
    post(letter, &integration(IntegrationKind::Telegram(Box::new(config))))
}

#[test]
fn telegram_gets_one_text_at_the_bots_address() {
    let letter = letter(vec![alert(AlertStatus::Firing, "<sda>")]);
    let first = sent(
        &letter,
        TelegramConfig {
            message_thread_id: Some(12),
            disable_notifications: true,
            ..telegram("<b>{{ (index .Alerts 0).Labels.disk }}</b>", ParseMode::Html)
        },
    );
    assert_eq!(
        head(&first),
        "Post https://telegram.example.org/bot17:SESAME/sendMessage\n\
         Content-Type: application/json\nIdempotency-Key: DLV-7"
    );
    assert_eq!(first.secrets.iter().map(Secret::reveal).collect::<Vec<_>>(), ["17:SESAME"]);
    assert_eq!(
        pretty(&first),
        r#"{
  "chat_id": "-1001234567890",
  "message_thread_id": "12",
  "text": "<b>&lt;sda&gt;</b>",
  "parse_mode": "HTML",
  "disable_web_page_preview": true,
  "disable_notification": true
}"#
    );
    let late = Letter { delayed: Some(Span::minutes(9)), ..letter };
    let first = sent(&late, telegram("*{{ .Status }}*", ParseMode::MarkdownV2));
    assert_eq!(
        pretty(&first),
        r#"{
  "chat_id": "-1001234567890",
  "text": "Delayed by 9m.\n*firing*",
  "parse_mode": "MarkdownV2",
  "disable_web_page_preview": true
}"#
    );
    assert_eq!(json(&sent(&late, telegram("a", ParseMode::Plain))).get("parse_mode"), None);
}

#[test]
fn what_cannot_be_said_in_mark_up_is_said_in_plain_words() {
    let letter = letter(vec![alert(AlertStatus::Firing, "sda")]);
    let plain = |request: &Request| {
        let body = json(request);
        assert_eq!(body.get("parse_mode"), None);
        let text = body["text"].as_str().unwrap().to_owned();
        assert!(text.starts_with("[FIRING:1] DiskFull\n") && text.chars().count() <= 4_096);
    };
    let tag = "<b></b>";
    plain(&sent(&letter, telegram(&"ä".repeat(4_097), ParseMode::Html)));
    plain(&sent(&letter, telegram(&format!("a{}", tag.repeat(5_000)), ParseMode::Html)));
    plain(&sent(&letter, telegram(" ", ParseMode::Markdown)));
    let broken = telegram(BROKEN, ParseMode::Html);
    let (faults, http) = mended(&letter, &integration(IntegrationKind::Telegram(broken.into())));
    assert_eq!(faults, "`message`");
    plain(&http.first);

    let marked = format!("{}{}", "ä".repeat(4_096), tag.repeat(10));
    assert_eq!(json(&sent(&letter, telegram(&marked, ParseMode::Html)))["text"], marked);
    let long = json(&sent(&letter, telegram(&"ä".repeat(5_000), ParseMode::Markdown)));
    assert_eq!(long["text"].as_str().unwrap().chars().count(), 4_096);
}

#[test]
fn telegram_says_in_the_body_what_is_wrong() {
    let letter = letter(vec![]);
    let config = || integration(IntegrationKind::Telegram(telegram("a", ParseMode::Html).into()));
    for (status, body, expected) in [
        (200, r#"{"ok":true,"result":{"message_id":5}}"#, "delivered -"),
        (200, "", "delivered -"),
        (
            400,
            r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#,
            "permanent clientError: answered 400: Bad Request: chat not found",
        ),
        (
            400,
            r#"{"ok":false,"description":"upgraded","parameters":{"migrate_to_chat_id":-1007}}"#,
            "permanent clientError: answered 400: upgraded; its `chat_id` has become -1007",
        ),
        (
            401,
            r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#,
            "permanent authError: answered 401: Unauthorized",
        ),
        (
            429,
            r#"{"ok":false,"description":"Too Many","parameters":{"retry_after":14}}"#,
            "retry after 14s rateLimited: answered 429: Too Many",
        ),
        (
            200,
            r#"{"ok":false,"error_code":502,"description":"Bad Gateway"}"#,
            "retry serverError: answered 502: Bad Gateway",
        ),
    ] {
        assert_eq!(heard(&mut http(&letter, &config()), status, body), expected);
    }
}
