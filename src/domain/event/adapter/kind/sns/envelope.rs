//! The envelope of SNS: what it says, what of it is signed, and which addresses in it are Amazon's.
//!
//! Rules: "Verifying the signatures of Amazon SNS messages" in the developer guide of Amazon SNS.

use serde_json::Value;

use super::super::table::pick;

/// What kind of letter SNS posts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Letter {
    /// A message of a topic.
    #[default]
    Notification,
    /// The topic asks whether we want its messages.
    Subscription,
    /// The topic will send no more.
    Unsubscription,
}

/// What stands on an envelope. Every text may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// What kind of letter it is.
    pub letter: Letter,
    /// The number of the message, the same when it is delivered once more.
    pub id: String,
    /// The ARN of the topic.
    pub topic: String,
    /// The subject, where the sender gave one.
    pub subject: String,
    /// When it was sent, as it was written.
    pub timestamp: String,
    /// `1` or `2`.
    pub signature_version: String,
    /// In base64.
    pub signature: String,
    /// Where the certificate is that the signature was made with.
    pub certificate_url: String,
    /// What is to be got to confirm a subscription.
    pub subscribe_url: String,
    /// What the signature is made over.
    pub signed: String,
}

const NOTIFICATION: &str = "Notification";
const SUBSCRIPTION: &str = "SubscriptionConfirmation";
const UNSUBSCRIPTION: &str = "UnsubscribeConfirmation";

/// The signed fields, in their order. Of a notification the subject is left out if there is none.
const SIGNED_OF_NOTIFICATION: [&str; 6] =
    ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const SIGNED_OF_SUBSCRIPTION: [&str; 7] =
    ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

/// Whether a body is an envelope of SNS.
pub(in super::super) fn is_envelope(body: &Value) -> bool {
    let types = [NOTIFICATION, SUBSCRIPTION, UNSUBSCRIPTION];
    let of_sns = body["Type"].as_str().is_some_and(|of_type| types.contains(&of_type));
    of_sns && body.get("MessageId").is_some() && body.get("TopicArn").is_some()
        || body.get("Message").is_some_and(|message| message.get("AlarmName").is_some())
}

impl Envelope {
    /// Reads the envelope of a body, if it has one.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(body).ok()?;
        is_envelope(&value).then(|| Self::of(&value))
    }

    /// Reads an envelope that is JSON already.
    pub(super) fn of(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let (letter, fields): (_, &[&str]) = match value["Type"].as_str() {
            Some(SUBSCRIPTION) => (Letter::Subscription, &SIGNED_OF_SUBSCRIPTION),
            Some(UNSUBSCRIPTION) => (Letter::Unsubscription, &SIGNED_OF_SUBSCRIPTION),
            _ => (Letter::Notification, &SIGNED_OF_NOTIFICATION),
        };
        let present = fields.iter().filter_map(|name| Some((name, value.get(*name)?.as_str()?)));
        let signed =
            present.fold(String::new(), |signed, (name, text)| signed + name + "\n" + text + "\n");
        Self {
            letter,
            id: text("MessageId"),
            topic: text("TopicArn"),
            subject: pick(value, &["/Subject"]).into_owned(),
            timestamp: text("Timestamp"),
            signature_version: text("SignatureVersion"),
            signature: text("Signature"),
            certificate_url: pick(value, &["/SigningCertURL", "/SigningCertUrl"]).into_owned(),
            subscribe_url: pick(value, &["/SubscribeURL"]).into_owned(),
            signed,
        }
    }

    /// The last part of the topic's ARN.
    pub fn topic_name(&self) -> &str {
        self.topic.rsplit(':').next().unwrap_or_default()
    }

    /// Where the certificate is, if that is Amazon's: nothing else on those hosts may stand in for
    /// one, so the path is that of their certificates.
    pub fn trusted_certificate_url(&self) -> Option<&str> {
        let path = path_at_amazon(&self.certificate_url)?;
        let name = path.strip_prefix("SimpleNotificationService")?.strip_suffix(".pem")?;
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        plain.then_some(&self.certificate_url)
    }

    /// Names of which the certificate bears one: most regions share a name, some have their own,
    /// written in one of several ways, and one of the American government has its neighbour's.
    pub fn certificate_names(&self) -> Vec<String> {
        let host =
            self.certificate_url.strip_prefix("https://").and_then(|url| url.split_once('/'));
        let parts = host.and_then(|(host, _)| host.strip_prefix("sns.")?.split_once('.'));
        let Some((region, domain)) = parts else { return Vec::new() };
        let region = if region == "us-gov-east-1" { "us-gov-west-1" } else { region };
        vec![
            format!("sns.{domain}"),
            format!("sns.{region}.{domain}"),
            format!("sns-{region}.{domain}"),
            format!("sns-signing.{region}.{domain}"),
        ]
    }

    /// What confirms the subscription, if Amazon answers there.
    pub fn trusted_subscribe_url(&self) -> Option<&str> {
        let query = path_at_amazon(&self.subscribe_url)?.strip_prefix('?')?;
        let confirms = query.split('&').any(|field| field == "Action=ConfirmSubscription");
        confirms.then_some(&self.subscribe_url)
    }
}

/// What follows `https://sns.<region>.amazonaws.com/`, or the same in China.
fn path_at_amazon(url: &str) -> Option<&str> {
    let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
    let region = host.strip_prefix("sns.")?;
    let china = region.strip_suffix(".amazonaws.com.cn");
    let region = china.or_else(|| region.strip_suffix(".amazonaws.com"))?;
    let of_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let printable = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (!region.is_empty() && region.bytes().all(of_region) && printable).then_some(path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn envelope(certificate: &str, subscribe: &str) -> Envelope {
        Envelope {
            certificate_url: certificate.into(),
            subscribe_url: subscribe.into(),
            ..Envelope::default()
        }
    }

    #[test]
    fn certificates_come_from_amazon_only() {
        let check = |url: &str, trusted: bool| {
            assert_eq!(envelope(url, "").trusted_certificate_url().is_some(), trusted, "{url}");
        };
        check("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem", true);
        check("https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0a.pem", true);
        check("http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem", false);
        check("https://sns.amazonaws.com/SimpleNotificationService-0a1b.pem", false);
        check(
            "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService.pem",
            false,
        );
        check(
            "https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService.pem",
            false,
        );
        check(
            "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService.pem",
            false,
        );
        check("https://sns.eu-west-1.amazonaws.com:444/SimpleNotificationService.pem", false);
        check("https://sns.a.b.amazonaws.com/SimpleNotificationService.pem", false);
        check(
            "https://sns.eu-west-1.amazonaws.com/?Action=X&a=SimpleNotificationService.pem",
            false,
        );
        check("https://sns.eu-west-1.amazonaws.com/x/../SimpleNotificationService.pem", false);
        check("", false);
    }

    #[test]
    fn a_certificate_bears_the_name_of_its_region_or_the_common_one() {
        let check = |host: &str, expected: &[&str]| {
            let url = format!("https://{host}/SimpleNotificationService-0.pem");
            assert_eq!(envelope(&url, "").certificate_names(), expected, "{host}");
        };
        check(
            "sns.me-south-1.amazonaws.com",
            &[
                "sns.amazonaws.com",
                "sns.me-south-1.amazonaws.com",
                "sns-me-south-1.amazonaws.com",
                "sns-signing.me-south-1.amazonaws.com",
            ],
        );
        check(
            "sns.cn-north-1.amazonaws.com.cn",
            &[
                "sns.amazonaws.com.cn",
                "sns.cn-north-1.amazonaws.com.cn",
                "sns-cn-north-1.amazonaws.com.cn",
                "sns-signing.cn-north-1.amazonaws.com.cn",
            ],
        );
        check("example.org", &[]);
    }

    #[test]
    fn subscriptions_are_confirmed_at_amazon_only() {
        let check = |url: &str, trusted: bool| {
            assert_eq!(envelope("", url).trusted_subscribe_url().is_some(), trusted, "{url}");
        };
        check("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1", true);
        check("https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic&Token=1", false);
        check(
            "https://sns.eu-west-1.amazonaws.com.evil.example/?Action=ConfirmSubscription",
            false,
        );
        check("https://10.0.0.1/?Action=ConfirmSubscription", false);
    }

    #[test]
    fn the_signed_text_is_that_of_the_kind_of_letter() {
        let check = |value: Value, expected: &str| {
            assert_eq!(Envelope::of(&value).signed, expected);
        };
        check(
            json!({"Type": "Notification", "MessageId": "i", "TopicArn": "t", "Message": "m",
                "Timestamp": "w", "Subject": "s", "Signature": "x", "message": "other"}),
            "Message\nm\nMessageId\ni\nSubject\ns\nTimestamp\nw\nTopicArn\nt\nType\nNotification\n",
        );
        check(
            json!({"Type": "Notification", "MessageId": "i", "TopicArn": "t", "Message": "m",
                "Timestamp": "w"}),
            "Message\nm\nMessageId\ni\nTimestamp\nw\nTopicArn\nt\nType\nNotification\n",
        );
        check(
            json!({"Type": "SubscriptionConfirmation", "MessageId": "i", "TopicArn": "t",
                "Message": "m", "Timestamp": "w", "Token": "k", "SubscribeURL": "u"}),
            "Message\nm\nMessageId\ni\nSubscribeURL\nu\nTimestamp\nw\nToken\nk\nTopicArn\nt\n\
             Type\nSubscriptionConfirmation\n",
        );
    }
}
