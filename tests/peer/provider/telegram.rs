//! Telegram's Bot API.

use std::time::Duration;

use super::{Asked, Counter, Said, home, told};

#[test]
fn telegram_is_told_in_html_and_left_alone_when_it_asks_for_it() {
    let mut asked_before = false;
    let counter = Counter::start(move |asked| {
        if std::mem::replace(&mut asked_before, true) { take(asked) } else { Said::Later(6) }
    });
    let fields = format!(
        "api_url: '{}', bot_token: '17:t0ken', chat_id: -1001234567890, message_thread_id: 5, \
         message: '<b>{{{{ .Status }}}}</b>'",
        counter.url()
    );
    let taken = told(&counter, &home("telegram_configs", &fields), 1, 2);
    let texts: Vec<_> = taken.iter().map(|asked| asked.json()["text"].clone()).collect();
    assert_eq!(texts, ["<b>firing</b>", "<b>resolved</b>"]);
    let asked = counter.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked[1].at - asked[0].at >= Duration::from_millis(5_900), "{asked:#?}");
    assert_eq!(asked[0].text, asked[1].text, "another attempt says the same");
}

fn take(asked: &Asked) -> Said {
    if asked.line() != "POST /bot17:t0ken/sendMessage" {
        return Said::Refused(401, r#"{"ok":false,"description":"Unauthorized"}"#);
    }
    let body = asked.json();
    let fits = asked.header("content-type") == "application/json"
        && body["chat_id"] == "-1001234567890"
        && body["message_thread_id"] == "5"
        && body["parse_mode"] == "HTML";
    if fits {
        Said::Taken(200, r#"{"ok":true,"result":{"message_id":3}}"#.to_owned())
    } else {
        Said::Refused(400, r#"{"ok":false,"description":"Bad Request"}"#)
    }
}
