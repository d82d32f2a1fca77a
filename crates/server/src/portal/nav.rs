//! The portal's main ways, above every page of it.

use crate::web::Lang;

/// Where a page belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// None of the others.
    Elsewhere,
    /// 資料下載.
    Datasets,
    /// 線上服務.
    Services,
    /// 臨櫃服務.
    CounterServices,
    /// 關於.
    About,
}

/// A way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub href: &'static str,
    /// Whether the page belongs there.
    pub current: bool,
}

/// All of them: area, text, address.
pub const WAYS: [(Area, &str, &str); 4] = [
    (Area::Datasets, "portal-datasets", "/datasets"),
    (Area::Services, "portal-services", "/services"),
    (Area::CounterServices, "portal-counter-services", "/counter-services"),
    (Area::About, "portal-about", "/about"),
];

/// The ways, as a page of an area shows them.
pub fn ways(lang: Lang, area: Area) -> Vec<Way> {
    WAYS.iter().map(|(of, key, href)| Way { label: lang.t(key), href, current: *of == area }).collect()
}
