//! `Retry-After` (RFC 9110 §10.2.3).

use std::time::{Duration, SystemTime};

/// Reads the header's value: seconds, or an HTTP date against `now`. A date in the past means now.
/// `None` when it is neither.
pub fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // A number too long for u64 still means "very long".
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows R118.
    #[test]
    fn reads_seconds_and_dates() {
        let now = httpdate::parse_http_date("Sat, 21 Nov 2026 06:00:00 GMT").unwrap();
        assert_eq!(parse("40", now), Some(Duration::from_secs(40)));
        assert_eq!(parse("Sat, 21 Nov 2026 06:01:30 GMT", now), Some(Duration::from_secs(90)));
        assert_eq!(parse("Sat, 21 Nov 2026 05:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(parse("99999999999999999999999", now), Some(Duration::from_secs(u64::MAX)));
        for bad in ["", "-1", "soon", "1.5"] {
            assert_eq!(parse(bad, now), None, "{bad}");
        }
    }
}
