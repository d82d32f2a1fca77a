//! A `pid` parameter as it arrives.

use mydata_wire::pid::Pid;

/// Reads the bytes.
pub fn read(bytes: &[u8]) {
    let text = crate::text(bytes);
    let secret = "lxLRIhDcR59kp2SG".parse().expect("a client secret");
    let iv = "Qm7XwT2zB9nKfR4v".parse().expect("a CBC IV");
    if let Ok(pid) = Pid::decrypt(text, &secret, &iv) {
        assert_eq!(Pid::decrypt(&pid.encrypt(&secret, &iv), &secret, &iv), Ok(pid));
    }
}
