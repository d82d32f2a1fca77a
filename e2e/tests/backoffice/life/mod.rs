//! Whole lives in a real browser, from 建立帳號 to 下架: applicants, operators, competent authority and ministry at the pages of a
//! platform whose clock the test moves; every page free of axe-core violations on a desktop and on a phone.

mod counter;
mod dataset;
mod front_test;
mod service;
mod walk;
mod world;
