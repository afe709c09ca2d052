//! Unpacks a body that was compressed on its way (`Content-Encoding`), as far as the limit goes.

use std::io::Read;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use flate2::read::{MultiGzDecoder, ZlibDecoder};

use super::Unread;

/// The body as it was before it was compressed.
///
/// # Errors
/// When it was compressed in a way that is not known here, is broken, or is too long unpacked.
pub(super) fn unpack(body: Bytes, headers: &HeaderMap, bytes_max: usize) -> Result<Bytes, Unread> {
    let Some(encoding) = headers.get(CONTENT_ENCODING) else { return Ok(body) };
    let encoding = encoding.to_str().unwrap_or_default().trim().to_ascii_lowercase();
    match encoding.as_str() {
        "" | "identity" => Ok(body),
        "gzip" | "x-gzip" => read(MultiGzDecoder::new(&body[..]), bytes_max),
        "deflate" => read(ZlibDecoder::new(&body[..]), bytes_max),
        "zstd" => {
            let decoder = zstd::stream::read::Decoder::new(&body[..]);
            read(decoder.map_err(|_| Unread::Broken)?, bytes_max)
        }
        _ => Err(Unread::Encoding),
    }
}

fn read(decoder: impl Read, bytes_max: usize) -> Result<Bytes, Unread> {
    let mut whole = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(limit).read_to_end(&mut whole).map_err(|_| Unread::Broken)?;
    if whole.len() > bytes_max {
        return Err(Unread::TooLong { bytes_max });
    }
    Ok(whole.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::http::HeaderValue;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    #[test]
    fn a_compressed_body_is_unpacked_as_far_as_the_limit() {
        let text = "[]".repeat(500);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(text.as_bytes()).unwrap();
        let packed = [
            ("gzip", gzip.finish().unwrap()),
            ("deflate", zlib.finish().unwrap()),
            ("zstd", zstd::encode_all(text.as_bytes(), 1).unwrap()),
            ("identity", text.clone().into_bytes()),
        ];
        for (encoding, body) in packed {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
            let unpacked = unpack(body.clone().into(), &headers, 1_000).unwrap();
            assert_eq!(unpacked, text, "{encoding}");
            if encoding != "identity" {
                let over = unpack(body.into(), &headers, 999);
                assert_eq!(over, Err(Unread::TooLong { bytes_max: 999 }), "{encoding}");
                assert_eq!(unpack("no".into(), &headers, 9), Err(Unread::Broken), "{encoding}");
            }
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
        assert_eq!(unpack("x".into(), &headers, 9), Err(Unread::Encoding));
        assert_eq!(unpack("x".into(), &HeaderMap::new(), 9), Ok("x".into()));
    }
}
