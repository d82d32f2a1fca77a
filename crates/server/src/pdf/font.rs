//! The file of a font: found, and judged whether papers may be written with it.

use std::path::{Path, PathBuf};

use ttf_parser::{Permissions, name_id};

/// Where systems keep fonts with Chinese characters: Debian, Arch, Fedora, macOS, Windows.
const PLACES: &[&str] = &[
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "C:\\Windows\\Fonts\\msjh.ttc",
];
/// A character that every font for Chinese has.
const PROOF: char = '資';

/// A font that papers can be written with.
pub struct Font {
    /// Its file.
    pub(super) file: PathBuf,
    /// The content of the file.
    pub(super) data: Vec<u8>,
    /// Which of the fonts of a collection.
    pub(super) index: u32,
}

impl std::fmt::Debug for Font {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Font").field("file", &self.file).field("index", &self.index).finish_non_exhaustive()
    }
}

/// Why a font cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FontError {
    /// None is configured, and none stands where systems keep theirs.
    #[error(
        "no font with Chinese characters was found; install one (Debian: fonts-noto-cjk) or name its file in print.font"
    )]
    None,
    /// The file cannot be read.
    #[error("the font {file} cannot be read: {source}; name another in print.font", file = file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no font.
    #[error("{file} is no OpenType or TrueType font: {reason}; name another in print.font", file = file.display())]
    NoFont {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: ttf_parser::FaceParsingError,
    },
    /// The font has no Chinese characters.
    #[error("the font {file} has no Chinese characters; name another in print.font", file = file.display())]
    NotChinese {
        /// The file.
        file: PathBuf,
    },
    /// Its maker does not let it be embedded.
    #[error("the maker of the font {file} forbids to embed it in part; name another in print.font", file = file.display())]
    NotAllowed {
        /// The file.
        file: PathBuf,
    },
}

impl Font {
    /// The configured font, or else the first usable one of the usual places.
    ///
    /// # Errors
    /// What is wrong with the configured font; [`FontError::None`] when nothing was found.
    pub fn find(configured: Option<&Path>) -> Result<Self, FontError> {
        match configured {
            Some(file) => Self::load(file),
            None => PLACES
                .iter()
                .map(Path::new)
                .filter(|file| file.is_file())
                .find_map(|file| Self::load(file).ok())
                .ok_or(FontError::None),
        }
    }

    /// Reads a font. Of a collection it takes the one with the shapes of Taiwan, if there is one.
    ///
    /// # Errors
    /// See [`FontError`].
    pub fn load(file: &Path) -> Result<Self, FontError> {
        let data =
            std::fs::read(file).map_err(|source| FontError::Unreadable { file: file.to_owned(), source })?;
        let fonts = ttf_parser::fonts_in_collection(&data).unwrap_or(1);
        let index = (0..fonts).find(|index| is_of_taiwan(&data, *index)).unwrap_or(0);
        let face = ttf_parser::Face::parse(&data, index)
            .map_err(|reason| FontError::NoFont { file: file.to_owned(), reason })?;
        if face.glyph_index(PROOF).is_none() {
            return Err(FontError::NotChinese { file: file.to_owned() });
        }
        if face.permissions() == Some(Permissions::Restricted) || !face.is_subsetting_allowed() {
            return Err(FontError::NotAllowed { file: file.to_owned() });
        }
        Ok(Self { file: file.to_owned(), data, index })
    }
}

/// Whether a font of a collection names the shapes of Taiwan, and lets its letters be as wide as they are.
fn is_of_taiwan(data: &[u8], index: u32) -> bool {
    let Ok(face) = ttf_parser::Face::parse(data, index) else { return false };
    let families = face.names().into_iter().filter(|name| name.name_id == name_id::FAMILY);
    families.filter_map(|name| name.to_string()).any(|name| {
        let words: Vec<&str> = name.split(' ').collect();
        words.contains(&"TC") && !words.contains(&"Mono")
    })
}
