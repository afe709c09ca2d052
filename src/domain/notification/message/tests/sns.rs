//! What Amazon is asked.

use percent_encoding::percent_decode_str;

use super::*;
use crate::domain::notification::receiver::{
    AwsCredentials, AwsKeys, AwsRole, AwsWebIdentity, SecretSource, SnsConfig, SnsTarget,
};

const TOPIC: &str = "arn:aws:sns:eu-central-1:1:ops";

fn config(target: SnsTarget, fields: &[(&'static str, &str)]) -> SnsConfig {
    SnsConfig {
        api_url: template(""),
        endpoint: "https://sns.eu-central-1.amazonaws.com/".to_owned(),
        region: "eu-central-1".to_owned(),
        credentials: AwsCredentials::Keys(AwsKeys {
            access_key: "AKID".to_owned(),
            secret_key: Secret::new("s3cret"),
            session_token: None,
        }),
        role: None,
        target,
        texts: texts(fields),
        attributes: Vec::new(),
        http: HttpConfig::default(),
    }
}

fn topic(fields: &[(&'static str, &str)]) -> SnsConfig {
    config(SnsTarget::Topic(template(TOPIC)), fields)
}

fn sns(config: SnsConfig) -> Integration {
    integration(IntegrationKind::Sns(Box::new(config)))
}

fn firing() -> Letter {
    letter(vec![alert(AlertStatus::Firing, "sda")])
}

/// The fields of a form, one to a line.
fn form(request: &Request) -> Vec<String> {
    let decoded = |text| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    request.body.split('&').map(decoded).collect()
}

/// The values of the fields with a name.
fn value(request: &Request, name: &str) -> Option<String> {
    let prefix = format!("{name}=");
    form(request).iter().find_map(|field| field.strip_prefix(&prefix).map(str::to_owned))
}

#[test]
fn a_topic_gets_every_field_signed() {
    let attributes = [
        ("cluster", "{{ .CommonLabels.cluster }}"),
        ("none", "{{ .CommonLabels.none }}"),
        ("{{ .Status }}", "yes & no"),
    ];
    let config = SnsConfig {
        attributes: attributes.map(|(name, value)| (template(name), template(value))).to_vec(),
        ..topic(&[("subject", "full:\n {{ .GroupLabels.alertname }}"), ("message", "all + more")])
    };
    let request = post(&firing(), &sns(config));
    assert_eq!(
        form(&request),
        [
            "Action=Publish",
            "Version=2010-03-31",
            "TopicArn=arn:aws:sns:eu-central-1:1:ops",
            "Subject=full: DiskFull",
            "Message=all + more",
            "MessageAttributes.entry.1.Name=cluster",
            "MessageAttributes.entry.1.Value.DataType=String",
            "MessageAttributes.entry.1.Value.StringValue=a",
            "MessageAttributes.entry.2.Name=firing",
            "MessageAttributes.entry.2.Value.DataType=String",
            "MessageAttributes.entry.2.Value.StringValue=yes & no",
        ]
    );
    assert!(request.body.contains("Message=all%20%2B%20more&"), "{}", request.body);
    let headers: Vec<_> =
        request.headers.iter().map(|(name, value)| format!("{name}: {}", value.reveal())).collect();
    assert_eq!(
        headers[..2],
        [
            "Content-Type: application/x-www-form-urlencoded; charset=utf-8",
            "X-Amz-Date: 20260301T020530Z"
        ]
    );
    assert!(
        headers[2].starts_with(
            "Authorization: AWS4-HMAC-SHA256 \
             Credential=AKID/20260301/eu-central-1/sns/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, Signature="
        ),
        "{headers:?}"
    );
    assert_eq!(request.url.reveal(), "https://sns.eu-central-1.amazonaws.com/");
    assert!(!format!("{request:?}{headers:?}").contains("s3cret"));
}

#[test]
fn a_topic_that_keeps_the_order_takes_each_delivery_once() {
    let fifo = || config(SnsTarget::Topic(template("{{ .CommonLabels.cluster }}.fifo")), &[]);
    let first = post(&firing(), &sns(fifo()));
    assert_eq!(value(&first, "MessageGroupId").as_deref(), Some(HASH));
    let again = post(&Letter { attempt: 2, ..firing() }, &sns(fifo()));
    let next = post(&Letter { delivery: DeliveryId(8), ..firing() }, &sns(fifo()));
    let once = |request| value(request, "MessageDeduplicationId").unwrap();
    assert_eq!(once(&first), once(&again));
    assert_ne!(once(&first), once(&next), "the end of it is news");
    assert_eq!(value(&post(&firing(), &sns(topic(&[]))), "MessageGroupId"), None);
}

#[test]
fn messages_are_cut_where_amazon_refuses_them() {
    let long = "ä".repeat(200_000);
    let fields = [("message", long.as_str()), ("subject", long.as_str())];
    let told = |target| {
        let attributes = vec![(template("team"), template("db"))];
        let request = post(&firing(), &sns(SnsConfig { attributes, ..config(target, &fields) }));
        let truncated = value(&request, "MessageAttributes.entry.2.Name");
        assert_eq!(truncated.as_deref(), Some("truncated"));
        let subject = value(&request, "Subject").unwrap();
        assert_eq!((subject.chars().count(), subject.ends_with("ä…")), (99, true));
        value(&request, "Message").unwrap().len()
    };
    assert_eq!(told(SnsTarget::Target(template("arn"))), 256 * 1024 - 6);
    assert_eq!(told(SnsTarget::Phone(template("+491234"))), 1_600);
    let silent = post(&firing(), &sns(topic(&[("message", " "), ("subject", " ")])));
    assert_eq!(value(&silent, "Message").as_deref(), Some("[FIRING:1] DiskFull"));
    assert_eq!(value(&silent, "Subject"), None);
}

#[test]
fn a_role_is_played_before_anything_is_published() {
    let role = AwsRole {
        arn: "arn:aws:iam::1:role/pager".to_owned(),
        external_id: Some("ours".to_owned()),
        endpoint: "https://sts.eu-central-1.amazonaws.com/".to_owned(),
    };
    let mut http = http(&firing(), &sns(SnsConfig { role: Some(role), ..topic(&[]) }));
    assert_eq!(
        form(&http.first),
        [
            "Action=AssumeRole",
            "Version=2011-06-15",
            "RoleArn=arn:aws:iam::1:role/pager",
            "RoleSessionName=incidentd-DLV-7",
            "DurationSeconds=900",
            "ExternalId=ours",
        ]
    );
    let assumed = "<AssumeRoleResponse><Credentials><SessionToken>t0k/en==</SessionToken>\
                   <SecretAccessKey>lent+</SecretAccessKey><AccessKeyId>ASIA1</AccessKeyId>\
                   </Credentials></AssumeRoleResponse>";
    let reply = exchange::Reply { status: 200, body: assumed.to_owned(), ..Default::default() };
    let exchange::Step::Send(publish) = http.listener.hear(&reply) else { panic!("publishes") };
    assert_eq!(value(&publish, "Action").as_deref(), Some("Publish"));
    let headers: BTreeMap<_, _> =
        publish.headers.iter().map(|(name, value)| (*name, value.reveal())).collect();
    assert_eq!(headers["X-Amz-Security-Token"], "t0k/en==");
    let signature = headers["Authorization"];
    assert!(signature.contains("Credential=ASIA1/20260301/eu-central-1/sns/"), "{signature}");
    assert!(signature.contains("content-type;host;x-amz-date;x-amz-security-token"), "{signature}");
    assert_eq!(heard(&mut http, 200, "<r><MessageId>0a-1</MessageId></r>"), "delivered 0a-1");
}

#[test]
fn keys_are_asked_for_beside_the_container_or_of_the_machine() {
    let with = |credentials| http(&firing(), &sns(SnsConfig { credentials, ..topic(&[]) }));
    let keys = r#"{"AccessKeyId":"ASIA2","SecretAccessKey":"lent","Token":"t"}"#;
    let url = "http://169.254.170.23/v1/credentials".to_owned();
    let mut container = with(AwsCredentials::Container {
        url: url.clone(),
        token: Some(SecretSource::Inline(Secret::new("mine"))),
    });
    assert_eq!(
        drawn(&container.first),
        "GET http://169.254.170.23/v1/credentials\nAuthorization: mine\n\n"
    );
    assert!(heard(&mut container, 200, keys).contains("Action=Publish"));
    let token = Some(SecretSource::File("/run/token".to_owned()));
    let proof = with(AwsCredentials::Container { url, token }).first.proof.unwrap();
    assert_eq!(
        (proof.file.as_str(), proof.place),
        ("/run/token", exchange::Place::Header("Authorization"))
    );

    let mut instance = with(AwsCredentials::Instance);
    assert_eq!(
        drawn(&instance.first),
        "PUT http://169.254.169.254/latest/api/token\n\
         X-aws-ec2-metadata-token-ttl-seconds: 60\n\n"
    );
    let place = "Get http://169.254.169.254/latest/meta-data/iam/security-credentials/";
    assert_eq!(heard(&mut instance, 200, "tok\n"), format!("{place} "));
    assert_eq!(heard(&mut instance, 200, "web role\n"), format!("{place}web%20role "));
    assert!(heard(&mut instance, 200, keys).contains("Action=Publish"));
    assert_eq!(heard(&mut instance, 200, "<r/>"), "delivered -");

    let mut lost = with(AwsCredentials::Instance);
    heard(&mut lost, 200, "tok");
    heard(&mut lost, 200, "role");
    assert_eq!(
        heard(&mut lost, 200, "{}"),
        "permanent authError: refused the message: no keys came from the service that lends them \
         to this machine"
    );
}

fn web_identity() -> SnsConfig {
    let credentials = AwsCredentials::WebIdentity(AwsWebIdentity {
        arn: "arn:aws:iam::1:role/pager".to_owned(),
        token_file: "/run/token".to_owned(),
        session: "pager".to_owned(),
        endpoint: "https://sts.eu-central-1.amazonaws.com/".to_owned(),
    });
    SnsConfig { credentials, ..topic(&[]) }
}

/// What the Security Token Service answers.
fn lent(end: &str) -> String {
    format!(
        "<Credentials><AccessKeyId>ASIA3</AccessKeyId><SecretAccessKey>lent</SecretAccessKey>\
         <SessionToken>t</SessionToken><Expiration>{end}</Expiration></Credentials>"
    )
}

#[test]
fn a_web_identity_is_lent_a_role_for_its_token() {
    let mut http = http(&firing(), &sns(web_identity()));
    assert_eq!(
        form(&http.first),
        [
            "Action=AssumeRoleWithWebIdentity",
            "Version=2011-06-15",
            "RoleArn=arn:aws:iam::1:role/pager",
            "RoleSessionName=pager",
        ]
    );
    assert!(http.first.headers.iter().all(|(name, _)| *name != "Authorization"));
    let proof = http.first.proof.clone().unwrap();
    assert_eq!(proof.place, exchange::Place::Form("WebIdentityToken"));
    assert_eq!((proof.file.as_str(), http.first.recall), ("/run/token", exchange::Recall::Kept));
    let keep = |status, end| {
        let reply = exchange::Reply { status, body: lent(end), ..Default::default() };
        http.listener.keep(&reply)
    };
    assert_eq!(keep(200, "2026-03-01T03:05:30Z"), Some(Span::minutes(55)));
    assert_eq!(keep(200, "2026-03-01T02:05:31Z"), Some(Span::ZERO));
    assert_eq!((keep(200, "soon"), keep(403, "2026-03-01T03:05:30Z")), (None, None));
    assert!(heard(&mut http, 200, &lent("soon")).contains("Action=Publish"));
    assert_eq!(heard(&mut http, 200, "<r/>"), "delivered -");
}

#[test]
fn a_web_identity_may_play_another_role_after_its_own() {
    let role = AwsRole {
        arn: "arn:aws:iam::2:role/other".to_owned(),
        external_id: None,
        endpoint: "https://sts.eu-central-1.amazonaws.com/".to_owned(),
    };
    let mut http = http(&firing(), &sns(SnsConfig { role: Some(role), ..web_identity() }));
    assert!(heard(&mut http, 200, &lent("soon")).contains("Action=AssumeRole&"));
    assert!(heard(&mut http, 200, &lent("soon")).contains("Action=Publish"));
}

#[test]
fn a_token_that_will_be_written_anew_is_tried_again() {
    for (code, expected) in [
        (
            "ExpiredTokenException",
            "retry authError: refused the message: ExpiredTokenException: no",
        ),
        ("AccessDenied", "permanent clientError: answered 400: "),
        ("Throttling", "retry rateLimited: refused the message: no"),
    ] {
        let mut http = http(&firing(), &sns(web_identity()));
        let error = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
        let told = heard(&mut http, 400, &error);
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn amazons_code_says_more_than_the_status() {
    let error = |code| format!("<E><Error><Code>{code}</Code><Message>slow</Message></Error></E>");
    for (status, code, expected) in [
        (400, "Throttling", "retry rateLimited: refused the message: slow"),
        (400, "InvalidParameter", "permanent clientError: answered 400: "),
        (403, "AuthorizationError", "permanent authError: answered 403: "),
        (429, "TooMany", "retry rateLimited: answered 429: "),
        (500, "InternalError", "retry serverError: answered 500: "),
    ] {
        let told = heard(&mut http(&firing(), &sns(topic(&[]))), status, &error(code));
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn a_failing_template_costs_its_field_and_a_missing_target_the_message() {
    let broken = topic(&[("subject", BROKEN), ("message", BROKEN)]);
    let error = write(&firing(), &sns(broken), &Library::with_defaults()).unwrap_err();
    assert_eq!(error.faults().len(), 2);
    let Some(Message::Http(http)) = error.into_message() else { panic!("a message all the same") };
    assert!(value(&http.first, "Message").unwrap().contains("firing since"));
    let nobody = config(SnsTarget::Phone(template("{{ .CommonLabels.phone }}")), &[]);
    assert_eq!(
        unaddressed(&firing(), &sns(nobody)),
        "`phone_number` is empty; without it nobody can be told"
    );
}
