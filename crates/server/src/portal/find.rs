//! Searching what is offered: every word must be part of some text, in either case and width. Chinese has no spaces, so any
//! part of a name is a word.

/// Longest search, in characters.
pub const MAX: usize = 100;
/// Most words that count.
const WORDS: usize = 6;

/// What is searched for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    text: String,
    words: Vec<String>,
}

impl Search {
    /// Reads what was typed.
    pub fn read(text: &str) -> Self {
        let text: String = text.trim().chars().filter(|c| !c.is_control()).take(MAX).collect();
        let words = fold(&text).split_whitespace().take(WORDS).map(str::to_owned).collect();
        Self { text, words }
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether nothing is searched for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether every word is part of one of the texts that [`fold_all`] has folded.
    pub fn finds(&self, folded: &str) -> bool {
        self.words.iter().all(|word| folded.contains(word.as_str()))
    }
}

/// Texts as they are searched: folded, each in a line of its own, so that no word reaches from one into the next.
pub fn fold_all<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut all = String::new();
    for text in texts {
        all.extend(folded(text));
        all.push('\n');
    }
    all
}

/// Small letters, and those of full width as narrow ones. 台 is written for 臺 more often than not.
fn fold(text: &str) -> String {
    folded(text).collect()
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    let narrow = |c: char| match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '台' => '臺',
        other => other,
    };
    text.chars().map(narrow).flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn any_part_of_a_name_finds_it() {
        let texts = fold_all(["個人戶籍資料", "Household registration", "臺北市"]);
        let finds = |typed: &str| Search::read(typed).finds(&texts);
        for typed in ["", "戶籍", "籍資", "個人　資料", "HOUSE", "ｈｏｕｓｅ", "台北", "臺北 戶籍", " 戶 籍 "]
        {
            assert!(finds(typed), "{typed:?}");
        }
        for typed in ["戶役", "戶籍 地政", "houses", "<b>", "資料household"] {
            assert!(!finds(typed), "{typed:?}");
        }
    }

    proptest! {
        #[test]
        fn every_part_of_a_text_finds_it(text in "[\\p{Han}a-zA-Z]{1,30}", from in 0_usize..30, len in 1_usize..10) {
            let part: String = text.chars().skip(from).take(len).collect();
            prop_assert!(Search::read(&part).finds(&fold_all([text.as_str()])));
        }
    }
}
