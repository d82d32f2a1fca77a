//! Packages: build, sign, verify, seal and open, as one pass over a stream.
