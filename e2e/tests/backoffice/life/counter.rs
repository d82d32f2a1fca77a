//! A counter service, up to 已上架.
