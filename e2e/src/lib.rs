//! Tests through the public door: the running program, a real browser, foreign tools.
