//! Recovery codes: ten, each used once, for whoever lost their authenticator.

use mydata_wire::Random;

/// How many are made at a time.
pub const CODES: usize = 10;
/// Letters and digits that nobody takes for one another.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const LENGTH: usize = 10;

/// New codes, as they are shown: two groups of five. 50 bits each.
pub fn generate(random: &dyn Random) -> Vec<String> {
    (0..CODES)
        .map(|_| {
            let mut bytes = [0u8; LENGTH];
            random.fill(&mut bytes);
            let code: String = bytes.iter().map(|b| char::from(ALPHABET[usize::from(b % 32)])).collect();
            format!("{}-{}", &code[..5], &code[5..])
        })
        .collect()
}

/// A typed code as it is looked up: without hyphen and space, in capitals. `None` when it cannot be one.
pub fn read(typed: &str) -> Option<String> {
    let code: String =
        typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    (code.len() == LENGTH && code.bytes().all(|b| ALPHABET.contains(&b))).then_some(code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mydata_wire::SystemRandom;

    use super::*;

    #[test]
    fn codes_are_read_as_they_are_typed() {
        let codes = generate(&SystemRandom);
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), CODES);
        for code in codes {
            let plain = code.replace('-', "");
            assert_eq!(read(&code).as_deref(), Some(plain.as_str()));
            assert_eq!(read(&format!(" {} ", plain.to_lowercase())).as_deref(), Some(plain.as_str()));
        }
        assert_eq!(read("123456"), None);
        assert_eq!(read("OIL01-OIL01"), None);
    }
}
