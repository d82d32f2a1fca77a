use std::sync::Arc;

use mydata_store::keys::KeyRing;
use mydata_wire::SystemRandom;

use super::*;
use crate::web::Lang;

fn crypter() -> Crypter {
    Crypter::new(&KeyRing::fresh(&SystemRandom), Arc::new(SystemRandom))
}

fn posted<'p>(challenge: &'p str, nonce: &'p str, digits: &'p str) -> Posted<'p> {
    Posted { challenge, nonce, digits }
}

#[test]
fn work_or_digits_are_an_answer_and_nothing_else() {
    let crypter = crypter();
    let now = Time(1_000_000);
    let challenge = Challenge::new(&crypter, &SystemRandom, now);
    let text = challenge.as_str();
    assert!(!text.contains(challenge.digits()), "the digits are sealed");
    let right = judge(&crypter, posted(text, "", challenge.digits()), now).unwrap();
    assert_eq!(right, Answered { id: challenge.id.clone(), until: Time(now.0 + LIFE) });
    let spaced: String = challenge.digits().chars().flat_map(|c| [c, ' ']).collect();
    assert_eq!(judge(&crypter, posted(text, "", &spaced), now), Ok(right.clone()));
    let wide: String =
        challenge.digits().chars().filter_map(|c| char::from_u32(u32::from(c) + 0xfee0)).collect();
    assert_eq!(judge(&crypter, posted(text, "", &wide), now), Ok(right.clone()));
    let nonce = work::find(text);
    assert_eq!(judge(&crypter, posted(text, &nonce, ""), now), Ok(right.clone()));

    let wrong: String = challenge.digits().chars().rev().map(|c| if c == '0' { '1' } else { '0' }).collect();
    assert_eq!(judge(&crypter, posted(text, "", &wrong), now), Err(Refused::Wrong(right.clone())));
    assert_eq!(judge(&crypter, posted(text, "x", ""), now), Err(Refused::Wrong(right)));
    assert_eq!(judge(&crypter, posted(text, "", " "), now), Err(Refused::Missing));
    for foreign in ["", "a", "a.b", ".", "條.碼", &text.replace('.', ".A"), &format!("x{text}")] {
        assert_eq!(judge(&crypter, posted(foreign, "", "123456"), now), Err(Refused::Foreign), "{foreign}");
    }
    let late = Time(now.0 + LIFE);
    assert_eq!(judge(&crypter, posted(text, "", challenge.digits()), late), Err(Refused::Late));
    let other = self::crypter();
    assert_eq!(judge(&other, posted(text, "", challenge.digits()), now), Err(Refused::Foreign));
}

#[test]
fn the_picture_is_a_png_that_is_never_twice_the_same() {
    let (one, two) = (picture::png("0123456789", &SystemRandom), picture::png("0123456789", &SystemRandom));
    assert!(one.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x04\0\0\0\x58\x08\0"));
    assert_ne!(one, two);
    if let Some(folder) = std::env::var_os("MYDATA_PAGES_OUT") {
        std::fs::write(std::path::Path::new(&folder).join("captcha.png"), &one).unwrap();
    }
}

#[test]
fn every_digit_is_spoken_in_both_languages() {
    for lang in [Lang::ZhTw, Lang::En] {
        let silent = sound::wav("", lang, &SystemRandom).len();
        for digit in '0'..='9' {
            let wav = sound::wav(&digit.to_string(), lang, &SystemRandom);
            // A quarter of a second of voice at least, and a pause.
            assert!(wav.len() > silent + 2_000 + 2_800, "{digit}");
            assert_eq!(wav[..4], *b"RIFF");
            let said = u32::from_le_bytes(wav[40..44].try_into().unwrap());
            assert_eq!(said as usize + 44, wav.len());
        }
    }
}
