//! `/styleguide`: the tokens and every component of the citizens' pages on one page, for whoever builds or checks them. In a
//! sandbox only.

use askama::Template;
use axum::response::Response;

use crate::exchange::fault::Fault;
use crate::exchange::visit::Visit;
use crate::portal::nav::Area;
use crate::portal::view::{Card, Frame, Mark, public};
use crate::web::Chrome;

/// The tokens that are colours, as the style sheet names them.
const COLOURS: [&str; 20] = [
    "ink",
    "soft",
    "paper",
    "ground",
    "line",
    "edge",
    "brand",
    "brand-hover",
    "on-brand",
    "brand-ink",
    "brand-wash",
    "green",
    "green-wash",
    "amber",
    "amber-wash",
    "red",
    "red-wash",
    "quiet-wash",
    "track",
    "focus",
];

/// The page.
#[derive(Template)]
#[template(path = "public/styleguide.html")]
pub struct StyleguidePage {
    /// The frame of every page.
    pub chrome: Chrome,
    /// The frame of the portal.
    pub frame: Frame,
    /// Names of colours.
    pub colours: [&'static str; 20],
    /// Samples of cards.
    pub cards: Vec<Card>,
}

/// `GET /styleguide`.
pub async fn show(visit: Visit) -> Response {
    if !visit.app.config.sandbox {
        return visit.fault(&Fault::NotFound);
    }
    let lang = visit.prefs.lang;
    let card = |look: &'static str, key: &str| Card {
        title: lang.t("portal-datasets-one"),
        href: "/styleguide".to_owned(),
        about: vec![lang.t("portal-kind-agency"), lang.t("portal-category")],
        text: lang.t("portal-datasets.lead"),
        marks: vec![Mark { look, text: lang.t(key) }],
    };
    let cards = vec![card("amber", "portal-state-maintenance"), card("quiet", "zone-test")];
    let frame = Frame::new(&visit, Area::Elsewhere, lang.t("styleguide")).about(lang.t("styleguide.lead"));
    public(&StyleguidePage { chrome: frame.chrome.clone(), frame, colours: COLOURS, cards })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token that is added to the style sheet is shown, and none is shown that is not there.
    #[test]
    fn every_colour_of_the_style_sheet_is_shown() {
        let style = include_str!("../../assets/site.css");
        let root = style.split(":root {").nth(1).unwrap().split('}').next().unwrap();
        let declared =
            root.split(['{', ';', '\n']).filter_map(|part| part.trim().strip_prefix("--")?.split_once(':'));
        for (name, value) in declared.filter(|(_, value)| value.trim().starts_with('#')) {
            let elsewhere = name == "spent";
            assert!(elsewhere || COLOURS.contains(&name), "{name}: {value}");
        }
        for name in COLOURS {
            assert!(root.contains(&format!("--{name}:")), "{name}");
            assert!(style.contains(&format!(".swatch-{name} ")), "{name} has no swatch");
        }
    }
}
