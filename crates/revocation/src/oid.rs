//! Object identifiers, as the body of their DER.

/// id-ce-keyUsage.
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
/// id-ce-basicConstraints.
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// id-ce-cRLNumber.
pub(crate) const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 0x14];
/// id-ce-cRLReasons.
pub(crate) const REASON_CODE: &[u8] = &[0x55, 0x1d, 0x15];
/// id-ce-invalidityDate.
pub(crate) const INVALIDITY_DATE: &[u8] = &[0x55, 0x1d, 0x18];
/// id-ce-deltaCRLIndicator.
pub(crate) const DELTA_INDICATOR: &[u8] = &[0x55, 0x1d, 0x1b];
/// id-ce-issuingDistributionPoint.
pub(crate) const ISSUING_POINT: &[u8] = &[0x55, 0x1d, 0x1c];
/// id-ce-certificateIssuer.
pub(crate) const CERTIFICATE_ISSUER: &[u8] = &[0x55, 0x1d, 0x1d];
/// id-ce-cRLDistributionPoints.
pub(crate) const CRL_POINTS: &[u8] = &[0x55, 0x1d, 0x1f];
/// id-ce-authorityKeyIdentifier.
pub(crate) const AUTHORITY_KEY: &[u8] = &[0x55, 0x1d, 0x23];
/// id-ce-extKeyUsage.
pub(crate) const EXTENDED_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// id-pe-authorityInfoAccess.
pub(crate) const AUTHORITY_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
/// id-kp-OCSPSigning.
pub(crate) const OCSP_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 9];
/// id-ad-ocsp.
pub(crate) const OCSP: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1];
/// id-pkix-ocsp-basic.
pub(crate) const OCSP_BASIC: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 1];
/// id-pkix-ocsp-nonce.
pub(crate) const OCSP_NONCE: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 2];
/// id-pkix-ocsp-nocheck.
pub(crate) const OCSP_NOCHECK: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 5];
/// SHA-1.
pub(crate) const SHA1: &[u8] = &[0x2b, 0x0e, 3, 2, 0x1a];
/// SHA-256.
pub(crate) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
/// SHA-384.
pub(crate) const SHA384: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2];
/// SHA-512.
pub(crate) const SHA512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];
