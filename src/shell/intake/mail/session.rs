//! The server's side of SMTP (RFC 5321) and LMTP (RFC 2033): lines in, replies out. Nothing here
//! touches a socket.

/// What a mail may bring besides its bytes.
const RECIPIENTS_MAX: usize = 100;
/// Mails on one connection.
const MAILS_MAX: usize = 1_000;
/// Commands that make no sense before the connection is closed.
const ERRORS_MAX: usize = 20;
/// A longer line is no command (RFC 5321, 4.5.3.1.4, with room for extensions).
pub(super) const LINE_BYTES_MAX: usize = 4 << 10;

/// Which of the two is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// One reply for a mail.
    Smtp,
    /// One reply for each recipient of a mail.
    Lmtp,
}

/// What is to be done after a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Say this.
    Say(String),
    /// Say this, then take the mail's lines up to the dot.
    Receive(String),
    /// Say this, then begin TLS.
    StartTls(String),
    /// Say this, then close.
    Close(String),
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Its facts are on disk.
    Taken,
    /// There is no room at the moment.
    Later,
    /// It is longer than what is taken.
    TooLong,
    /// It is no mail.
    Refused,
}

/// Whether a client may begin TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    /// It cannot: there is none, or it has begun.
    None,
    /// It can.
    Made,
    /// It must before it sends a mail: it has to show a certificate.
    Demanded,
}

/// A conversation.
#[derive(Debug)]
pub(super) struct Session {
    flavour: Flavour,
    /// The name we go by.
    host: String,
    /// Bytes of a mail.
    bytes_max: usize,
    /// Whose mail is taken, in lower case; anybody's if it is empty.
    addresses: Vec<String>,
    tls: Offer,
    greeted: bool,
    from: Option<String>,
    to: Vec<String>,
    mails: usize,
    errors: usize,
}

impl Session {
    pub(super) fn new(
        flavour: Flavour,
        host: &str,
        bytes_max: usize,
        addresses: Vec<String>,
        tls: Offer,
    ) -> Self {
        Self {
            flavour,
            host: host.to_owned(),
            bytes_max,
            addresses,
            tls,
            greeted: false,
            from: None,
            to: Vec::new(),
            mails: 0,
            errors: 0,
        }
    }

    /// What is said first.
    pub(super) fn greeting(&self) -> String {
        let word = match self.flavour {
            Flavour::Smtp => "ESMTP",
            Flavour::Lmtp => "LMTP",
        };
        format!("220 {} {word} incidentd\r\n", self.host)
    }

    /// The envelope's sender of the mail that is received; empty for a bounce.
    pub(super) fn sender(&self) -> &str {
        self.from.as_deref().unwrap_or_default()
    }

    /// Takes a command, without the end of its line.
    pub(super) fn line(&mut self, line: &[u8]) -> Step {
        let text = String::from_utf8_lossy(line);
        let text = text.trim();
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" if self.flavour == Flavour::Smtp => self.hello(rest, true),
            "HELO" if self.flavour == Flavour::Smtp => self.hello(rest, false),
            "LHLO" if self.flavour == Flavour::Lmtp => self.hello(rest, true),
            "EHLO" | "HELO" => self.wrong("500 5.5.1 This is LMTP: say LHLO"),
            "LHLO" => self.wrong("500 5.5.1 This is SMTP: say EHLO"),
            "MAIL" => self.mail(rest),
            "RCPT" => self.recipient(rest),
            "DATA" if self.to.is_empty() => self.wrong("503 5.5.1 Say MAIL and RCPT first"),
            "DATA" => Step::Receive("354 End with a line that is a dot\r\n".to_owned()),
            "STARTTLS" if self.tls != Offer::None => {
                // What was said before is forgotten (RFC 3207, 4.2).
                self.tls = Offer::None;
                self.greeted = false;
                self.reset();
                Step::StartTls("220 2.0.0 Begin\r\n".to_owned())
            }
            "RSET" => {
                self.reset();
                say("250 2.0.0 Forgotten")
            }
            "NOOP" => say("250 2.0.0 Still here"),
            "VRFY" => say("252 2.1.5 Send it and see"),
            "HELP" => say("214 2.0.0 Mails become alerts; answers to incidents become notes"),
            "QUIT" => Step::Close("221 2.0.0 Bye\r\n".to_owned()),
            _ => self.wrong("500 5.5.2 Unknown command"),
        }
    }

    /// A command that was longer than [`LINE_BYTES_MAX`].
    pub(super) fn long_line(&mut self) -> Step {
        self.wrong("500 5.5.2 Line too long")
    }

    /// What is said of a mail that was received.
    pub(super) fn received(&mut self, fate: Fate) -> String {
        let reply = match fate {
            Fate::Taken => "250 2.0.0 Taken, and on disk\r\n",
            Fate::Later => "451 4.3.1 No room at the moment, try again later\r\n",
            Fate::TooLong => "552 5.3.4 Longer than what is taken here\r\n",
            Fate::Refused => "554 5.6.0 This is no mail\r\n",
        };
        let replies = match self.flavour {
            Flavour::Smtp => 1,
            Flavour::Lmtp => self.to.len(),
        };
        self.mails += 1;
        self.reset();
        reply.repeat(replies)
    }

    fn hello(&mut self, name: &str, extended: bool) -> Step {
        if name.is_empty() {
            return self.wrong("501 5.5.4 Say who you are");
        }
        self.greeted = true;
        self.reset();
        if !extended {
            return say(&format!("250 {}", self.host));
        }
        let mut lines = vec![
            self.host.clone(),
            "PIPELINING".to_owned(),
            format!("SIZE {}", self.bytes_max),
            "8BITMIME".to_owned(),
            "SMTPUTF8".to_owned(),
            "ENHANCEDSTATUSCODES".to_owned(),
        ];
        if self.tls != Offer::None {
            lines.push("STARTTLS".to_owned());
        }
        let last = lines.len() - 1;
        let lines = lines
            .iter()
            .enumerate()
            .map(|(at, line)| format!("250{}{line}\r\n", if at == last { ' ' } else { '-' }));
        Step::Say(lines.collect())
    }

    fn mail(&mut self, rest: &str) -> Step {
        if !self.greeted {
            return self.wrong("503 5.5.1 Say hello first");
        }
        if self.tls == Offer::Demanded {
            return self.wrong("530 5.7.0 Must issue a STARTTLS command first");
        }
        if self.from.is_some() {
            return self.wrong("503 5.5.1 One sender at a time");
        }
        if self.mails >= MAILS_MAX {
            return Step::Close("421 4.7.0 Enough for one connection\r\n".to_owned());
        }
        let Some((address, parameters)) = path(rest, "FROM:") else {
            return self.wrong("501 5.5.4 Say MAIL FROM:<address>");
        };
        for parameter in parameters.split_whitespace() {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name.to_ascii_uppercase().as_str() {
                "SIZE" if value.parse::<usize>().is_ok_and(|size| size > self.bytes_max) => {
                    return say("552 5.3.4 Longer than what is taken here");
                }
                "SIZE" | "BODY" | "SMTPUTF8" => {}
                _ => return self.wrong("555 5.5.4 Unknown parameter"),
            }
        }
        self.from = Some(address.to_owned());
        say("250 2.1.0 Go on")
    }

    fn recipient(&mut self, rest: &str) -> Step {
        if self.from.is_none() {
            return self.wrong("503 5.5.1 Say MAIL first");
        }
        let Some((address, _)) = path(rest, "TO:").filter(|(address, _)| !address.is_empty())
        else {
            return self.wrong("501 5.5.4 Say RCPT TO:<address>");
        };
        if self.to.len() >= RECIPIENTS_MAX {
            return say("452 4.5.3 Too many recipients");
        }
        let address = address.to_lowercase();
        if !self.addresses.is_empty() && !self.addresses.contains(&address) {
            return self.wrong("550 5.1.1 Nobody of that name is here");
        }
        self.to.push(address);
        say("250 2.1.5 Go on")
    }

    fn wrong(&mut self, reply: &str) -> Step {
        self.errors += 1;
        if self.errors > ERRORS_MAX {
            return Step::Close("421 4.7.0 Too many errors\r\n".to_owned());
        }
        say(reply)
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }
}

fn say(reply: &str) -> Step {
    Step::Say(format!("{reply}\r\n"))
}

/// `FROM:<address> parameters`. Some leave the angle brackets out, or put a space in front of them.
fn path<'t>(text: &'t str, word: &str) -> Option<(&'t str, &'t str)> {
    let start = text.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word))?;
    let rest = text[start.len()..].trim_start();
    match rest.strip_prefix('<') {
        Some(inner) => {
            let (address, parameters) = inner.split_once('>')?;
            // A route in front of the address is obsolete and means nothing.
            Some((address.rsplit_once(':').map_or(address, |(_, address)| address), parameters))
        }
        None if rest.is_empty() => None,
        None => Some(rest.split_once(' ').unwrap_or((rest, ""))),
    }
}

/// Takes the lines of a mail up to the dot, without what was put in front of dots
/// (RFC 5321, 4.5.2). Only CR LF ends a line: whoever took less could be told two mails for one.
#[derive(Debug, Default)]
pub(super) struct Dots {
    mail: Vec<u8>,
    too_long: bool,
}

impl Dots {
    /// Takes a line with its end. True after the last.
    pub(super) fn line(&mut self, line: &[u8], bytes_max: usize) -> bool {
        let whole = self.mail.is_empty() || self.mail.ends_with(b"\r\n");
        if whole && line == b".\r\n" {
            return true;
        }
        let line = if whole { line.strip_prefix(b".").unwrap_or(line) } else { line };
        if self.too_long || self.mail.len() + line.len() > bytes_max {
            self.too_long = true;
            // Enough is kept to know where a line begins.
            self.mail = line[line.len().saturating_sub(2)..].to_vec();
            return false;
        }
        self.mail.extend_from_slice(line);
        false
    }

    /// The mail; nothing if it was too long.
    pub(super) fn finish(self) -> Option<Vec<u8>> {
        (!self.too_long).then_some(self.mail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a conversation: `C: ` is the client, `S: ` the first line of the reply; `M: ` is what
    /// became of the mail.
    fn check(flavour: Flavour, script: &str) {
        let own = vec!["alerts@example.org".to_owned()];
        let mut session = Session::new(flavour, "mx.example.org", 1_000, own, Offer::Made);
        let mut said = session.greeting();
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (who, text) = line.split_once(": ").unwrap();
            match who {
                "C" => {
                    assert_eq!(said, "", "before {line}");
                    said = match session.line(text.as_bytes()) {
                        Step::Say(text)
                        | Step::Receive(text)
                        | Step::StartTls(text)
                        | Step::Close(text) => text,
                    };
                }
                "M" => {
                    said = session.received(match text {
                        "taken" => Fate::Taken,
                        "later" => Fate::Later,
                        "too long" => Fate::TooLong,
                        _ => Fate::Refused,
                    });
                }
                _ => {
                    let (first, rest) = said.split_once("\r\n").unwrap();
                    assert!(first.starts_with(text), "expected {text}, got {said:?}");
                    let more = first.as_bytes().get(3) == Some(&b'-') || flavour == Flavour::Lmtp;
                    said = if more { rest.to_owned() } else { String::new() };
                }
            }
        }
        assert_eq!(said, "", "at the end");
    }

    #[test]
    fn a_mail_is_taken_by_smtp() {
        check(
            Flavour::Smtp,
            "S: 220 mx.example.org ESMTP
            C: EHLO there
            S: 250-mx.example.org
            S: 250-PIPELINING
            S: 250-SIZE 1000
            S: 250-8BITMIME
            S: 250-SMTPUTF8
            S: 250-ENHANCEDSTATUSCODES
            S: 250 STARTTLS
            C: MAIL FROM:<a@b> SIZE=10 BODY=8BITMIME
            S: 250
            C: RCPT TO:<Alerts@Example.org>
            S: 250
            C: DATA
            S: 354
            M: taken
            S: 250 2.0.0
            C: mail from: <>
            S: 250
            C: rcpt to:alerts@example.org
            S: 250
            C: DATA
            S: 354
            M: later
            S: 451
            C: QUIT
            S: 221",
        );
    }

    #[test]
    fn lmtp_answers_for_each_recipient() {
        check(
            Flavour::Lmtp,
            "S: 220 mx.example.org LMTP
            C: EHLO there
            S: 500
            C: LHLO there
            S: 250-mx.example.org
            S: 250-PIPELINING
            S: 250-SIZE 1000
            S: 250-8BITMIME
            S: 250-SMTPUTF8
            S: 250-ENHANCEDSTATUSCODES
            S: 250 STARTTLS
            C: MAIL FROM:<a@b>
            S: 250
            C: RCPT TO:<alerts@example.org>
            S: 250
            C: RCPT TO:<@mx,@my:alerts@example.org>
            S: 250
            C: DATA
            S: 354
            M: taken
            S: 250
            S: 250",
        );
    }

    #[test]
    fn what_is_out_of_order_is_refused() {
        check(
            Flavour::Smtp,
            "S: 220
            C: MAIL FROM:<a@b>
            S: 503
            C: HELO
            S: 501
            C: HELO there
            S: 250
            C: RCPT TO:<a@b>
            S: 503
            C: DATA
            S: 503
            C: MAIL TO:<a@b>
            S: 501
            C: MAIL FROM:<a@b> SIZE=1001
            S: 552
            C: MAIL FROM:<a@b> X=1
            S: 555
            C: MAIL FROM:<a@b>
            S: 250
            C: MAIL FROM:<a@b>
            S: 503
            C: RCPT TO:<root@example.org>
            S: 550
            C: RSET
            S: 250
            C: VRFY root
            S: 252
            C: STARTTLS
            S: 220 2.0.0
            C: MAIL FROM:<a@b>
            S: 503
            C: STARTTLS
            S: 500",
        );
        let mut session = Session::new(Flavour::Smtp, "mx", 1, Vec::new(), Offer::None);
        let last = (0..=ERRORS_MAX).map(|_| session.line(b"\xff")).last();
        assert!(matches!(last, Some(Step::Close(_))));
    }

    #[test]
    fn dots_are_taken_from_where_they_were_put() {
        let check = |lines: &[&str], expected: Option<&str>| {
            let mut dots = Dots::default();
            let ends: Vec<bool> = lines.iter().map(|l| dots.line(l.as_bytes(), 20)).collect();
            assert_eq!(ends.last(), Some(&true));
            assert_eq!(ends.iter().filter(|end| **end).count(), 1);
            let mail = dots.finish().map(|mail| String::from_utf8(mail).unwrap());
            assert_eq!(mail.as_deref(), expected);
        };
        check(&["a\r\n", "..b\r\n", ".\r\n"], Some("a\r\n.b\r\n"));
        check(&["a\n.\n", "b\r\n", ".\r\n"], Some("a\n.\nb\r\n"));
        check(&["a", ".\r\n", ".\r\n"], Some("a.\r\n"));
        check(&[".\r\n"], Some(""));
        check(&["0123456789012345678901\r\n", "x\r\n", ".\r\n"], None);
    }
}
