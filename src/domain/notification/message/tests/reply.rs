//! What the answer to a mail says, and to whom.

use super::*;
use crate::domain::notification::correspondence::Reply;

fn reply(subject: &str, references: &[&str]) -> Letter {
    let reply = Reply {
        to: "ada@example.net".to_owned(),
        subject: subject.to_owned(),
        message_id: "m1@example.net".to_owned(),
        references: references.iter().map(|id| (*id).to_owned()).collect(),
    };
    Letter { reply: Some(reply), incident: Some(incident()), ..letter(vec![]) }
}

#[test]
fn an_answer_names_the_incident_and_no_program_can_answer_it() {
    let mail = mail(&reply("Re: AW: Printer burns", &["m0@example.net"]), &{
        email(mail_config(&[("Subject", "of other mails")]))
    });
    let id = header(&mail, "Message-ID");
    assert!(id.ends_with(".inc-12.00ff@example.org>"), "an answer to it is found: {id}");
    let headers: Vec<String> =
        mail.headers.iter().map(|(name, text)| format!("{name}: {text}")).collect();
    assert_eq!(
        headers.join("\n"),
        format!(
            "From: incidentd@example.org\n\
             To: ada@example.net\n\
             Subject: [INC-12] Re: Printer burns\n\
             Date: Sun, 01 Mar 2026 02:05:30 +0000\n\
             Message-ID: {id}\n\
             In-Reply-To: <m1@example.net>\n\
             References: <m0@example.net> <m1@example.net>\n\
             Auto-Submitted: auto-replied\n\
             X-Auto-Response-Suppress: All"
        )
    );
    assert!(mail.from.is_none() && mail.html.is_none());
    assert_eq!(mail.to, ["ada@example.net".parse().unwrap()]);
    assert_eq!(
        mail.text,
        "Your mail \"Re: AW: Printer burns\" has come in. Its number is INC-12.\n\
         INC-12 is acknowledged; it was opened at 2026-03-01T02:05:00Z.\n\n\
         To add something, answer this mail.\n\n\
         This mail was written by a program.\n"
    );
}

#[test]
fn what_a_stranger_wrote_makes_no_header_and_no_list() {
    let check = |subject: &str, expected: &str| {
        let mail = mail(&reply(subject, &[]), &email(mail_config(&[])));
        assert_eq!(header(&mail, "Subject"), expected);
        assert!(mail.headers.iter().all(|(_, text)| !text.contains(['\r', '\n'])));
    };
    check("", "[INC-12] Re:");
    check("two\r\nBcc: all@example.org", "[INC-12] Re: two  Bcc: all@example.org");

    let many: Vec<String> = (0..500).map(|at| format!("{at}@x")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let letter = reply("x", &many);
    let references = header(&mail(&letter, &email(mail_config(&[]))), "References").to_owned();
    assert_eq!(references.split(' ').count(), 21);
    assert!(references.ends_with("<499@x> <m1@example.net>"), "{references}");
}
