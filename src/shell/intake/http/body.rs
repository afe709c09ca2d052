//! Reads a body, as long as it is neither too long nor too slow.

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use futures_util::StreamExt;

use crate::domain::value::Span;

/// A body that takes longer than this is given up.
const BODY_MS_MAX: Span = Span::seconds(30);

/// Room made before the first byte has come, whatever the sender announces.
const ROOM_BYTES_MAX: usize = 256 << 10;

/// Why a body did not arrive whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// HTTP 413.
    #[error("the body is longer than {bytes_max} bytes; send smaller ones, or raise the limit")]
    TooLong {
        /// What would be accepted.
        bytes_max: usize,
    },
    /// HTTP 408.
    #[error("the body did not arrive within {within}")]
    Slow {
        /// How long it was waited for.
        within: Span,
    },
    /// The connection broke, or the chunks make no sense.
    #[error("the body did not arrive whole")]
    Broken,
}

/// Collects a body of at most so many bytes.
///
/// # Errors
/// When it is longer, too slow, or breaks off.
pub async fn collect(body: Body, headers: &HeaderMap, bytes_max: usize) -> Result<Bytes, Unread> {
    let announced: Option<usize> = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse().ok());
    if announced.is_some_and(|length| length > bytes_max) {
        return Err(Unread::TooLong { bytes_max });
    }
    let read = read(body, announced.unwrap_or(0), bytes_max);
    let in_time = tokio::time::timeout(BODY_MS_MAX.duration(), read).await;
    in_time.unwrap_or(Err(Unread::Slow { within: BODY_MS_MAX }))
}

async fn read(body: Body, announced: usize, bytes_max: usize) -> Result<Bytes, Unread> {
    let mut chunks = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Unread::Broken)?;
        if whole.len() + chunk.len() > bytes_max {
            return Err(Unread::TooLong { bytes_max });
        }
        // Most bodies are one chunk, which needs no copy.
        if whole.is_empty() && chunk.len() == announced {
            return Ok(chunk);
        }
        if whole.is_empty() {
            whole.reserve(announced.min(ROOM_BYTES_MAX));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.into())
}
