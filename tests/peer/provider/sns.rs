//! Amazon's SNS and STS, which check the signature of every request.

use std::collections::BTreeMap;

use hmac::{Hmac, Mac};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use super::{Asked, Counter, Said, home, told};

const TOPIC: &str = "arn:aws:sns:eu-central-1:1:ops.fifo";
const ROLE: &str = "arn:aws:iam::1:role/pager";
/// Our own key, and that of the role.
const KEYS: [(&str, &str); 2] = [("AKIDOWN", "own/s3cret"), ("ASIAROLE", "role/s3cret")];

#[test]
fn a_topic_hears_what_fires_and_what_ended_from_a_role() {
    let counter = Counter::start(take);
    let url = counter.url();
    let (id, secret) = KEYS[0];
    let fields = format!(
        "api_url: '{url}/', topic_arn: '{TOPIC}', attributes: {{ team: '{{{{ .CommonLabels.team }}}}' }}, \
         sigv4: {{ region: eu-central-1, access_key: {id}, secret_key: {secret}, role_arn: '{ROLE}' }}"
    );
    let home = home("sns_configs", &fields).with_env("AWS_ENDPOINT_URL_STS", url);
    let taken = told(&counter, &home, 2, 4);
    let actions: Vec<String> = taken.iter().map(|asked| form(asked)["Action"].clone()).collect();
    assert_eq!(actions, ["AssumeRole", "Publish", "AssumeRole", "Publish"]);
    let [firing, resolved] = [form(&taken[1]), form(&taken[3])];
    let subjects = [&firing["Subject"], &resolved["Subject"]];
    assert!(subjects[0].contains("[FIRING:1] DiskFull"), "{subjects:?}");
    assert!(subjects[1].contains("[RESOLVED] DiskFull"), "{subjects:?}");
    assert_eq!(firing["MessageGroupId"], resolved["MessageGroupId"]);
    assert_ne!(firing["MessageDeduplicationId"], resolved["MessageDeduplicationId"]);
    assert_eq!(firing["MessageAttributes.entry.1.Value.StringValue"], "dba");
}

fn form(asked: &Asked) -> BTreeMap<String, String> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = asked.text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn take(asked: &Asked) -> Said {
    let form = form(asked);
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    if asked.line() != "POST /" {
        return Said::Refused(404, "no such door");
    }
    if !asked.header("content-type").starts_with("application/x-www-form-urlencoded") {
        return Said::Refused(400, "not a form");
    }
    match field("Action") {
        "AssumeRole" => {
            let known = field("Version") == "2011-06-15" && field("RoleArn") == ROLE;
            if !known || field("RoleSessionName").is_empty() {
                return Said::Refused(400, "not a role");
            }
            if !is_signed(asked, "sts", KEYS[0]) {
                return Said::Refused(403, "not signed for STS");
            }
            let (id, secret) = KEYS[1];
            let keys = format!(
                "<AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
                 <SessionToken>t0ken</SessionToken>"
            );
            Said::Taken(200, format!("<R><Credentials>{keys}</Credentials></R>"))
        }
        "Publish" => {
            let told = !field("Message").is_empty() && !field("Subject").contains('\n');
            let in_order = field("MessageGroupId").len() == 64;
            if field("Version") != "2010-03-31" || field("TopicArn") != TOPIC || !told || !in_order
            {
                return Said::Refused(400, "not a message");
            }
            if asked.header("x-amz-security-token") != "t0ken" || !is_signed(asked, "sns", KEYS[1])
            {
                return Said::Refused(403, "not signed for SNS");
            }
            Said::Taken(200, "<R><MessageId>1</MessageId></R>".to_owned())
        }
        _ => Said::Refused(400, "no such action"),
    }
}

/// Computes the signature of what arrived, as Amazon documents it.
fn is_signed(asked: &Asked, service: &str, (id, secret): (&str, &str)) -> bool {
    let time = asked.header("x-amz-date");
    let Some(date) = time.get(..8) else { return false };
    let given = asked.header("authorization");
    let Some((_, rest)) = given.split_once("SignedHeaders=") else { return false };
    let Some((names, signature)) = rest.split_once(", Signature=") else { return false };
    let must = ["content-type", "host", "x-amz-date"];
    if !must.iter().all(|name| names.split(';').any(|signed| signed == *name)) {
        return false;
    }
    let lines: Vec<String> =
        names.split(';').map(|name| format!("{name}:{}\n", asked.header(name))).collect();
    let lines = lines.concat();
    let hash = |text: &str| format!("{:x}", Sha256::digest(text));
    let request = format!("POST\n/\n\n{lines}\n{names}\n{}", hash(&asked.text));
    let scope = format!("{date}/eu-central-1/{service}/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hash(&request));
    let mac = |key: Vec<u8>, text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let key = [date, "eu-central-1", service, "aws4_request", &text]
        .iter()
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(key, part));
    let expected: String =
        key.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    given.starts_with(&format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, "))
        && signature == expected
}
