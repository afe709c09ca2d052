//! Letters against a server on the loopback interface that stands in for Amazon's.
//!
//! The letters were signed once with a key that nobody has kept; its public half is in a certificate,
//! and is put into others here.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{StatusCode, Uri};
use futures_util::future::BoxFuture;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair,
    PublicKeyData, SignatureAlgorithm,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_cert::der::Decode;

use super::*;

const CERTIFICATE: &str = include_str!("../../../../tests/fixtures/sns/certificate.pem");
const VERSION_1: &str = include_str!("../../../../tests/fixtures/sns/version-1.json");
const VERSION_2: &str = include_str!("../../../../tests/fixtures/sns/version-2.json");
const SUBSCRIPTION: &str = include_str!("../../../../tests/fixtures/sns/subscription.json");
const ELSEWHERE: &str = include_str!("../../../../tests/fixtures/sns/subscription-elsewhere.json");

/// Asks the server of the test whatever the host.
#[derive(Debug)]
struct Loopback(SocketAddr);

impl Fetch for Loopback {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, Unfetched>> {
        Box::pin(async move {
            let path = url.splitn(4, '/').nth(3).unwrap_or_default();
            let url = format!("http://{}/{path}", self.0);
            let _ = rustls::crypto::ring::default_provider().install_default();
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let response =
                client.get(url).send().await.map_err(|why| Unfetched(why.to_string()))?;
            https::read(response).await
        })
    }
}

/// How often Amazon was asked for a certificate, an authority for its own, and Amazon to confirm.
#[derive(Debug, Default)]
struct Asked {
    certificates: AtomicUsize,
    issuers: AtomicUsize,
    confirmations: AtomicUsize,
}

/// The public key of who signed the letters.
struct Signer(Vec<u8>);

impl Signer {
    fn new() -> Self {
        let der = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
        let read = x509_cert::Certificate::from_der(&der).unwrap().tbs_certificate;
        Self(read.subject_public_key_info.subject_public_key.raw_bytes().to_vec())
    }
}

impl PublicKeyData for Signer {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

/// What stands in the certificate of SNS.
#[derive(Clone, Copy)]
struct Paper {
    name: &'static str,
    /// Whether its time is over.
    expired: bool,
    /// Where it says that its issuer is.
    issuer: &'static str,
    /// Whether the one in between is handed out with it.
    whole: bool,
    /// Whether the machine believes the authority.
    believed: bool,
}

const PAPER: Paper = Paper {
    name: "sns.amazonaws.com",
    expired: false,
    issuer: "http://crt.test.amazontrust.com/issuer.cer",
    whole: false,
    believed: true,
};

/// The certificate of SNS as PEM, that of its issuer as DER, and whom to believe.
fn papers(paper: Paper) -> (String, Vec<u8>, RootCertStore) {
    let authority = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        (params, KeyPair::generate().unwrap())
    };
    let (root, root_key) = authority("root");
    let root_made = root.self_signed(&root_key).unwrap();
    let (issuer, issuer_key) = authority("issuer");
    let root = Issuer::new(root, root_key);
    let issuer_made = issuer.signed_by(&issuer_key, &root).unwrap();
    let mut leaf = CertificateParams::new(vec![paper.name.to_owned()]).unwrap();
    if paper.expired {
        leaf.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    leaf.custom_extensions.push(access(paper.issuer));
    let leaf = leaf.signed_by(&Signer::new(), &Issuer::new(issuer, issuer_key)).unwrap();
    let mut pem = leaf.pem();
    if paper.whole {
        pem += &issuer_made.pem();
    }
    let mut roots = RootCertStore::empty();
    if paper.believed {
        roots.add(root_made.der().clone()).unwrap();
    }
    (pem, issuer_made.der().to_vec(), roots)
}

/// `authorityInfoAccess` with one `caIssuers` (RFC 5280, 4.2.2.1).
fn access(url: &str) -> CustomExtension {
    let part = |tag: u8, parts: &[&[u8]]| {
        let inside = parts.concat();
        [&[tag, u8::try_from(inside.len()).unwrap()], &inside[..]].concat()
    };
    let method = [6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2];
    let description = part(0x30, &[&method, &part(0x86, &[url.as_bytes()])]);
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], part(0x30, &[&description]))
}

/// A gate before a server that gives a good certificate.
async fn gate(verify: bool, status: StatusCode) -> (Gate, Arc<Asked>) {
    gate_with(verify, status, PAPER).await
}

/// A gate before a server that gives this certificate.
async fn gate_with(verify: bool, status: StatusCode, paper: Paper) -> (Gate, Arc<Asked>) {
    let asked = Arc::new(Asked::default());
    let counted = Arc::clone(&asked);
    let (pem, issuer, roots) = papers(paper);
    let answer = move |uri: Uri| {
        let confirms = uri.query().is_some_and(|query| query.contains("ConfirmSubscription"));
        let (count, body) = if confirms {
            (&counted.confirmations, Vec::new())
        } else if uri.path() == "/issuer.cer" {
            (&counted.issuers, issuer.clone())
        } else {
            (&counted.certificates, pem.clone().into_bytes())
        };
        count.fetch_add(1, Ordering::Relaxed);
        async move { (status, body) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // The server ends with the runtime of its test.
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    let mut gate = Gate::with_fetch(verify, Box::new(Loopback(address)));
    gate.authorities = Some(Arc::new(roots));
    (gate, asked)
}

fn kind(name: &str) -> Kind {
    Kind::named(name).unwrap()
}

async fn refused(gate: &Gate, body: &str) -> (u16, String) {
    let why = gate.pass(&kind("sns"), body.as_bytes()).await.unwrap_err();
    (why.status(), why.to_string())
}

#[tokio::test]
async fn letters_with_the_signature_of_amazon_pass() {
    let (gate, asked) = gate(true, StatusCode::OK).await;
    for body in [VERSION_1, VERSION_2, VERSION_1] {
        gate.pass(&kind("sns"), body.as_bytes()).await.unwrap();
    }
    assert_eq!(asked.certificates.load(Ordering::Relaxed), 1, "the certificate is kept");
    assert_eq!(asked.issuers.load(Ordering::Relaxed), 1, "and its issuer's is got once");
    assert_eq!(asked.confirmations.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_certificate_must_be_good_and_amazons_and_vouched_for() {
    for (what, paper, expected) in [
        ("the issuer comes with it", Paper { whole: true, issuer: "", ..PAPER }, ""),
        ("a region of its own", Paper { name: "sns-signing.eu-west-1.amazonaws.com", ..PAPER }, ""),
        (
            "another region's",
            Paper { name: "sns-signing.eu-west-2.amazonaws.com", ..PAPER },
            "not made out to Amazon SNS",
        ),
        ("another service's", Paper { name: "s3.amazonaws.com", ..PAPER }, "not made out"),
        ("its time is over", Paper { expired: true, ..PAPER }, "not good at this time"),
        ("nobody is believed", Paper { believed: false, ..PAPER }, "no authority"),
        ("its issuer is unknown", Paper { issuer: "", ..PAPER }, "no authority"),
        (
            "its issuer is elsewhere",
            Paper { issuer: "http://127.0.0.1/issuer.cer", ..PAPER },
            "no authority",
        ),
    ] {
        let (gate, _) = gate_with(true, StatusCode::OK, paper).await;
        let passed = gate.pass(&kind("sns"), VERSION_2.as_bytes()).await;
        let why = passed.as_ref().map_or_else(ToString::to_string, |()| String::new());
        assert_eq!(passed.is_ok(), expected.is_empty(), "{what}: {why}");
        assert!(why.contains(expected), "{what}: {why}");
        assert!(passed.err().is_none_or(|why| why.status() == 403), "{what}");
    }
}

#[tokio::test]
async fn a_letter_that_was_changed_is_refused() {
    let (gate, _) = gate(true, StatusCode::OK).await;
    for (from, to) in [
        ("checkout", "check0ut"),
        ("\"SignatureVersion\": \"2\"", "\"SignatureVersion\": \"1\""),
        ("\"SignatureVersion\": \"2\"", "\"SignatureVersion\": \"3\""),
        ("\"Signature\": \"", "\"Signature\": \"*"),
        ("\"Type\": \"Notification\"", "\"Type\": \"UnsubscribeConfirmation\""),
        ("sns.eu-west-1.amazonaws.com/", "sns.eu-west-1.amazonaws.com.example.org/"),
    ] {
        let forged = VERSION_2.replace(from, to);
        assert_ne!(forged, VERSION_2, "{from}");
        let (status, why) = refused(&gate, &forged).await;
        assert_eq!(status, 403, "{to}: {why}");
    }
}

#[tokio::test]
async fn a_subscription_is_confirmed_at_amazon() {
    for verify in [true, false] {
        let (gate, asked) = gate(verify, StatusCode::OK).await;
        gate.pass(&kind("sns"), SUBSCRIPTION.as_bytes()).await.unwrap();
        assert_eq!(asked.confirmations.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn a_subscription_is_confirmed_nowhere_else() {
    for verify in [true, false] {
        let (gate, asked) = gate(verify, StatusCode::OK).await;
        let (status, why) = refused(&gate, ELSEWHERE).await;
        assert_eq!(status, 403, "{why}");
        assert_eq!(asked.confirmations.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn what_may_pass_later_is_to_be_sent_again() {
    let (gate, _) = gate(true, StatusCode::SERVICE_UNAVAILABLE).await;
    let (status, why) = refused(&gate, VERSION_2).await;
    assert_eq!(status, 503, "{why}");
}

#[tokio::test]
async fn raw_delivery_needs_another_proof() {
    let (strict, _) = gate(true, StatusCode::OK).await;
    let (status, why) = refused(&strict, r#"{"AlarmName":"a"}"#).await;
    assert!(status == 403 && why.contains("verify_signature"), "{why}");
    let (open, asked) = gate(false, StatusCode::OK).await;
    open.pass(&kind("sns"), br#"{"AlarmName":"a"}"#).await.unwrap();
    open.pass(&kind("sns"), VERSION_2.as_bytes()).await.unwrap();
    assert_eq!(asked.certificates.load(Ordering::Relaxed), 0);
    // A source of another kind takes what is no letter.
    strict.pass(&kind("auto"), br#"{"AlarmName":"a"}"#).await.unwrap();
}
