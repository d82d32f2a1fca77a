#![no_main]
//! A `pid` parameter as it arrives.

use libfuzzer_sys::fuzz_target;
use mydata_wire::pid::Pid;

fuzz_target!(|text: &str| {
    let secret = "lxLRIhDcR59kp2SG".parse().expect("a client secret");
    let iv = "Qm7XwT2zB9nKfR4v".parse().expect("a CBC IV");
    if let Ok(pid) = Pid::decrypt(text, &secret, &iv) {
        assert_eq!(Pid::decrypt(&pid.encrypt(&secret, &iv), &secret, &iv), Ok(pid));
    }
});
