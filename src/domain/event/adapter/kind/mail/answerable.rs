//! Whether a mail may be answered by a program, and where the answer goes (RFC 3834, 2 to 4).

use mail_parser::{Addr, Address, Message};

/// Headers of mails that went to many, or that ask for no automatic answer. Microsoft's asks for
/// some kinds of answers to be left out; whoever writes it is a program.
const SILENCERS: [&str; 10] = [
    "List-Id",
    "List-Unsubscribe",
    "List-Post",
    "List-Help",
    "Feedback-ID",
    "X-Auto-Response-Suppress",
    "X-Autoreply",
    "X-Autorespond",
    "X-Loop",
    "X-Failed-Recipients",
];

/// Names whose mail nobody reads, without what separates their words.
const DEAF: [&str; 12] = [
    "mailerdaemon",
    "postmaster",
    "bounce",
    "bounces",
    "daemon",
    "nobody",
    "root",
    "listserv",
    "majordomo",
    "mailman",
    "autoreply",
    "autoresponder",
];

/// Parts of such names.
const DEAF_PARTS: [&str; 4] = ["noreply", "donotreply", "dontreply", "nepasrepondre"];

/// Ends of the names behind mailing lists.
const LIST_ENDS: [&str; 4] = ["-request", "-owner", "-bounces", "-bounce"];

/// The address that an automatic answer to a person's mail goes to, in lower case: the one in
/// `Reply-To`, else the one in `From`. Nothing if there must be no answer. `own` are addresses that
/// are ours, in lower case.
pub(super) fn address(message: &Message, own: &[String]) -> Option<String> {
    if SILENCERS.iter().any(|name| message.header(*name).is_some()) {
        return None;
    }
    let from = only(message.from())?;
    let to = match message.reply_to() {
        Some(list) => only(Some(list))?,
        None => from.clone(),
    };
    let returned = message.return_address().map(str::to_lowercase);
    let all = [Some(&from), Some(&to), returned.as_ref()];
    let hears = |address: &&String| !own.contains(address) && hears(address);
    all.iter().flatten().all(hears).then_some(to)
}

/// The only address of a list. A mail of several people, or to be answered to several, is answered
/// by people.
fn only(list: Option<&Address>) -> Option<String> {
    let mut all = list?.iter().filter_map(Addr::address);
    let first = all.next()?;
    all.next().is_none().then(|| first.to_lowercase())
}

/// Tells whether somebody may read what goes to an address in lower case.
fn hears(address: &str) -> bool {
    let Some((name, domain)) = address.rsplit_once('@') else { return false };
    let name = name.split('+').next().unwrap_or_default();
    let words: String = name.chars().filter(|c| !matches!(c, '-' | '_' | '.')).collect();
    !name.is_empty()
        && !domain.is_empty()
        && !DEAF.contains(&words.as_str())
        && !DEAF_PARTS.iter().any(|part| words.contains(part))
        && !name.starts_with("owner-")
        && !LIST_ENDS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::super::Letter;

    #[test]
    fn only_a_person_who_can_hear_it_is_answered() {
        let check = |headers: &str, expected: &str| {
            let mail = format!("{headers}Subject: x\r\n\r\nbody\r\n");
            let letter = Letter::parse(mail.as_bytes(), &["help@example.org".to_owned()]);
            assert_eq!(letter.unwrap().reply_to, expected, "{headers}");
        };
        check("From: Ada <Ada@Example.org>\r\n", "ada@example.org");
        check("Return-Path: <ada@example.org>\r\nFrom: ada@example.org\r\n", "ada@example.org");
        check("From: ada@example.org\r\nReply-To: bo@example.net\r\n", "bo@example.net");
        check("From: ada@example.org\r\nAuto-Submitted: no\r\n", "ada@example.org");
        check("From: ada@example.org\r\nAuto-Submitted: auto-generated\r\n", "");
        check("From: ada@example.org\r\nAuto-Submitted: auto-replied\r\n", "");
        check("From: ada@example.org\r\nPrecedence: bulk\r\n", "");
        check("From: ada@example.org\r\nList-Id: <dev.example.org>\r\n", "");
        check("From: ada@example.org\r\nList-Unsubscribe: <mailto:x@y>\r\n", "");
        check("From: ada@example.org\r\nX-Auto-Response-Suppress: All\r\n", "");
        check("Return-Path: <>\r\nFrom: ada@example.org\r\n", "");
        check("From: MAILER-DAEMON@mx.example.org\r\n", "");
        check("From: help@example.org\r\n", "");
        check("From: ada@example.org\r\nReply-To: Help@example.org\r\n", "");
        check("Return-Path: <help@example.org>\r\nFrom: ada@example.org\r\n", "");
        check("From: ada@example.org, bo@example.org\r\n", "");
        check("From: ada@example.org\r\nReply-To: a@b.example, c@d.example\r\n", "");
        check("From: No-Reply@shop.example\r\n", "");
        check("From: shop_noreply+7@example.org\r\n", "");
        check("From: do.not.reply@example.org\r\n", "");
        check("Return-Path: <owner-dev@example.org>\r\nFrom: ada@example.org\r\n", "");
        check("Return-Path: <dev-bounces@example.org>\r\nFrom: ada@example.org\r\n", "");
        check("From: nobody-home\r\n", "");
        check("", "");
    }
}
