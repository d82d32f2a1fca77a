//! The digits spoken, as a WAV file: 8,000 samples a second, 8 bits, one channel. Between them lies silence of different
//! lengths, over all of it a faint noise.
//!
//! The voices (`assets/captcha/digits.*.pcm`: ten times a length of two bytes and so many samples) were made with eSpeak NG.

use mydata_wire::random::Random;

use crate::web::Lang;

const RATE: u32 = 8_000;
/// No sound.
const REST: u8 = 128;

/// The samples of a digit.
fn spoken(lang: Lang, digit: char) -> &'static [u8] {
    let all: &'static [u8] = match lang {
        Lang::ZhTw => include_bytes!("../../assets/captcha/digits.zh-TW.pcm"),
        Lang::En => include_bytes!("../../assets/captcha/digits.en.pcm"),
    };
    let mut rest = all;
    let mut left = digit.to_digit(10).unwrap_or(0);
    while let Some((length, samples)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(samples.len());
        if left == 0 {
            return &samples[..length];
        }
        left -= 1;
        rest = &samples[length..];
    }
    &[]
}

/// The digits as a WAV file in a voice of the reader's language.
pub fn wav(digits: &str, lang: Lang, random: &dyn Random) -> Vec<u8> {
    let mut samples = vec![REST; 3_000];
    for digit in digits.chars() {
        samples.extend_from_slice(spoken(lang, digit));
        let mut pause = [0];
        random.fill(&mut pause);
        samples.resize(samples.len() + 2_800 + usize::from(pause[0]) * 10, REST);
    }
    let mut noise = vec![0; samples.len()];
    random.fill(&mut noise);
    for (sample, noise) in samples.iter_mut().zip(noise) {
        *sample = sample.saturating_add(noise >> 4).saturating_sub(8);
    }
    let length = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    let mut wav = Vec::with_capacity(samples.len() + 44);
    wav.extend(b"RIFF");
    wav.extend((36 + length).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    // PCM, one channel.
    wav.extend([1, 0, 1, 0]);
    wav.extend(RATE.to_le_bytes());
    wav.extend(RATE.to_le_bytes());
    // One byte a sample, eight bits.
    wav.extend([1, 0, 8, 0]);
    wav.extend(b"data");
    wav.extend(length.to_le_bytes());
    wav.extend(samples);
    wav
}
