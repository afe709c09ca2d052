//! Letters of Amazon SNS: taken only with Amazon's signature; a subscription is confirmed.
//!
//! The certificate is got from Amazon's host over HTTPS; the host and the path are checked in
//! [`Envelope`]. It must be made out to SNS, and an authority must vouch for it (`chain.rs`). Where
//! the source demands a secret of its own, or says `verify_signature: false`, signatures are not
//! looked at.

mod chain;
mod https;
mod signature;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use rustls::RootCertStore;
use tokio::sync::Semaphore;

use crate::domain::event::adapter::Kind;
use crate::domain::event::adapter::kind::sns::{Envelope, Letter};
use crate::domain::value::Timestamp;
use crate::shell::client::tls;
use crate::shell::clock;

use chain::Chain;
pub use https::Https;
pub use signature::{Certificate, Unsigned};

/// Certificates that are kept. Each region signs with one for months.
const CERTIFICATES_MAX: usize = 16;
/// Requests to Amazon under way at once: who makes us ask for many certificates waits.
const FETCHES_MAX: usize = 4;

/// Gets what is at a URL.
pub trait Fetch: Send + Sync + fmt::Debug {
    /// The body of the answer, if that is a success.
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, Unfetched>>;
}

/// Nothing was got.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unfetched(pub String);

/// What a letter of SNS has to pass.
#[derive(Debug)]
pub struct Gate {
    verify: bool,
    fetch: Box<dyn Fetch>,
    /// Whom to believe; the machine's authorities where nothing is said.
    authorities: Option<Arc<RootCertStore>>,
    certificates: Mutex<BTreeMap<String, (Certificate, Timestamp)>>,
    fetches: Semaphore,
}

/// Why a letter is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no envelope, so there is no signature.
    #[error(
        "this is no signed message of SNS; where raw delivery is on, or something else posts \
         here, give the source `auth`, or `verify_signature: false`"
    )]
    NoEnvelope,
    /// The certificate is said to be where Amazon keeps none.
    #[error("`SigningCertURL` is not that of a certificate of Amazon SNS")]
    ForeignCertificate,
    /// The signature is missing, wrong, or not of a kind that we know.
    #[error("the signature of the message does not hold: {0}")]
    Unsigned(#[from] Unsigned),
    /// The subscription would be confirmed elsewhere.
    #[error("`SubscribeURL` is not that of a confirmation at Amazon SNS")]
    ForeignSubscription,
    /// The certificate cannot be had at the moment.
    #[error("the certificate of Amazon SNS cannot be had: {0}")]
    Certificate(#[source] Unfetched),
    /// The confirmation did not reach Amazon.
    #[error("the subscription cannot be confirmed: {0}")]
    Confirmation(#[source] Unfetched),
    /// Too many requests to Amazon are under way.
    #[error("too many requests to Amazon SNS are under way; send again")]
    Busy,
}

impl Refused {
    /// The HTTP status: 403 for what is wrong with the letter, 503 for what may pass.
    pub fn status(&self) -> u16 {
        match self {
            Self::NoEnvelope
            | Self::ForeignCertificate
            | Self::Unsigned(_)
            | Self::ForeignSubscription => 403,
            Self::Certificate(_) | Self::Confirmation(_) | Self::Busy => 503,
        }
    }
}

impl Gate {
    /// A gate that gets certificates from Amazon, or trusts whoever is let in if `verify` is false.
    pub fn new(verify: bool) -> Self {
        Self::with_fetch(verify, Box::new(Https::default()))
    }

    /// A gate that asks in another way.
    pub fn with_fetch(verify: bool, fetch: Box<dyn Fetch>) -> Self {
        let certificates = Mutex::default();
        let fetches = Semaphore::new(FETCHES_MAX);
        Self { verify, fetch, authorities: None, certificates, fetches }
    }

    /// Whether bodies of that kind may be letters of SNS.
    pub fn guards(kind: &Kind) -> bool {
        ["sns", "cloudwatch", "eventbridge", "auto"].contains(&kind.name())
    }

    /// Lets a body pass, or says why not. A subscription is confirmed on the way.
    ///
    /// # Errors
    /// When the body is not what the gate may let pass, or Amazon does not answer.
    pub async fn pass(&self, kind: &Kind, body: &[u8]) -> Result<(), Refused> {
        let Some(envelope) = Envelope::parse(body) else {
            let demanded = self.verify && kind.name() == "sns";
            return if demanded { Err(Refused::NoEnvelope) } else { Ok(()) };
        };
        if self.verify {
            self.verify(&envelope).await?;
        }
        if envelope.letter == Letter::Subscription {
            self.confirm(&envelope).await?;
        }
        Ok(())
    }

    async fn verify(&self, envelope: &Envelope) -> Result<(), Refused> {
        let Some(url) = envelope.trusted_certificate_url() else {
            return Err(Refused::ForeignCertificate);
        };
        let now = clock::now();
        let known = self.kept().get(url).cloned();
        if let Some((certificate, _)) = known.filter(|(_, until)| now < *until) {
            return Ok(certificate.verify(envelope)?);
        }
        let pem = self.get(url).await?.map_err(Refused::Certificate)?;
        let mut chain = Chain::from_pem(&pem)?;
        self.trust(&mut chain, &envelope.certificate_names(), now).await?;
        let certificate = Certificate::new(chain.leaf());
        certificate.verify(envelope)?;
        // Only what has signed something is kept.
        let mut kept = self.kept();
        if kept.len() >= CERTIFICATES_MAX {
            kept.pop_first();
        }
        kept.insert(url.to_owned(), (certificate, chain.good_until()));
        Ok(())
    }

    /// Follows a chain up to an authority, getting what is missing in between.
    async fn trust(
        &self,
        chain: &mut Chain,
        names: &[String],
        now: Timestamp,
    ) -> Result<(), Refused> {
        let authorities = self.authorities.clone().unwrap_or_else(tls::of_the_machine);
        loop {
            let checked = chain.check(&authorities.roots, names, now);
            match (checked, chain.issuer_url()) {
                (Err(Unsigned::NoAuthority), Some(url)) => {
                    chain.add(self.get(&url).await?.map_err(Refused::Certificate)?);
                }
                (checked, _) => return Ok(checked?),
            }
        }
    }

    async fn confirm(&self, envelope: &Envelope) -> Result<(), Refused> {
        let Some(url) = envelope.trusted_subscribe_url() else {
            return Err(Refused::ForeignSubscription);
        };
        self.get(url).await?.map_err(Refused::Confirmation)?;
        tracing::info!(topic = %envelope.topic, "confirmed the subscription to a topic of SNS");
        Ok(())
    }

    async fn get(&self, url: &str) -> Result<Result<Vec<u8>, Unfetched>, Refused> {
        let Ok(_permit) = self.fetches.try_acquire() else {
            return Err(Refused::Busy);
        };
        Ok(self.fetch.get(url).await)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Certificate, Timestamp)>> {
        self.certificates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
