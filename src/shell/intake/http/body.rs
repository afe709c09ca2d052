//! Reads a body, as long as it is neither too long nor too slow.

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use futures_util::StreamExt;

use crate::domain::value::Span;

/// A body that takes longer than this is given up.
const BODY_MS_MAX: Span = Span::seconds(30);

/// Room made before the first byte has come, whatever the sender announces.
const ROOM_BYTES_MAX: usize = 256 << 10;

/// A body that is too long is still read, and dropped, this far: a sender that is cut off while it
/// writes sees a broken connection and not the answer that says why.
const DROPPED_BYTES_MAX: usize = 64 << 20;

/// How long that may take.
const DROPPED_MS_MAX: Span = Span::seconds(5);

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
    /// HTTP 415.
    #[error("the body's encoding is not known here; send it plain, or as gzip, deflate or zstd")]
    Encoding,
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
    let mut chunks = body.into_data_stream();
    let read = if announced.is_some_and(|length| length > bytes_max) {
        Err(Unread::TooLong { bytes_max })
    } else {
        let read = read(&mut chunks, announced.unwrap_or(0), bytes_max);
        let in_time = tokio::time::timeout(BODY_MS_MAX.duration(), read).await;
        in_time.unwrap_or(Err(Unread::Slow { within: BODY_MS_MAX }))
    };
    // Who waits for a word before sending has not begun to write.
    if matches!(read, Err(Unread::TooLong { .. })) && !headers.contains_key(EXPECT) {
        let _ = tokio::time::timeout(DROPPED_MS_MAX.duration(), drop_rest(&mut chunks)).await;
    }
    read
}

async fn drop_rest(chunks: &mut BodyDataStream) {
    let mut dropped = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        dropped += chunk.len();
        if dropped > DROPPED_BYTES_MAX {
            return;
        }
    }
}

async fn read(
    chunks: &mut BodyDataStream,
    announced: usize,
    bytes_max: usize,
) -> Result<Bytes, Unread> {
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
