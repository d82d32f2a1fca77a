//! The menu of R88. It offers what the table of routes has and its rules allow: no line leads to a closed door.

use mydata_domain::account::Role;

use super::{ROOT, routes};
use crate::web::Lang;

/// A group of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuGroup {
    /// Its heading.
    pub label: String,
    /// Its lines; never empty.
    pub lines: Vec<MenuLine>,
}

/// A line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuLine {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// The page shown is this one, or one below it.
    pub current: bool,
}

/// Groups with their lines: text, and path below the root.
const MENU: [(&str, &[(&str, &str)]); 6] = [
    ("menu-organisation", &[("menu-organisation-data", "/organisation"), ("drafts", "/drafts")]),
    ("menu-sp", &[("menu-services", "/services"), ("menu-services-failing", "/services/failing")]),
    ("menu-dp", &[("menu-datasets", "/datasets"), ("menu-datasets-failing", "/datasets/failing")]),
    ("menu-counter", &[("menu-counter-services", "/counter-services")]),
    (
        "menu-query",
        &[
            ("menu-reviews", "/reviews"),
            ("menu-all-services", "/all-services"),
            ("menu-all-datasets", "/all-datasets"),
        ],
    ),
    ("menu-system", &[("menu-statistics", "/statistics"), ("menu-administration", "/system")]),
];

/// The menu of an account of this role while `path` is shown.
pub fn menu(lang: Lang, role: Role, path: &str) -> Vec<MenuGroup> {
    let table = routes::table();
    let open = |below: &str| {
        let route =
            table.iter().find(|r| r.method == http::Method::GET && r.path.strip_prefix(ROOT) == Some(below));
        route.is_some_and(|route| route.rule.lets_in(role))
    };
    let current = current(path);
    let groups = MENU.iter().map(|(group, lines)| MenuGroup {
        label: lang.t(group),
        lines: lines
            .iter()
            .filter(|(_, below)| open(below))
            .map(|(key, below)| MenuLine {
                label: lang.t(key),
                href: format!("{ROOT}{below}"),
                current: current == Some(*below),
            })
            .collect(),
    });
    groups.filter(|group| !group.lines.is_empty()).collect()
}

/// The line that a path belongs to: the longest that it begins with.
fn current(path: &str) -> Option<&'static str> {
    let below = path.strip_prefix(ROOT)?;
    // The list that the operating side comes from.
    let below = if below == "/organisations" { "/organisation" } else { below };
    let lines = MENU.iter().flat_map(|(_, lines)| lines.iter().map(|(_, below)| *below));
    let within =
        |line: &&str| below.strip_prefix(*line).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    lines.filter(within).max_by_key(|line| line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_belongs_to_the_nearest_line() {
        assert_eq!(current("/mydata-backend/datasets/API.x/edit"), Some("/datasets"));
        assert_eq!(current("/mydata-backend/datasets/failing"), Some("/datasets/failing"));
        assert_eq!(current("/mydata-backend/datasetsx"), None);
        assert_eq!(current("/mydata-backend"), None);
    }

    #[test]
    fn the_menu_has_the_words_of_the_seeds() {
        let words: Vec<String> =
            MENU.iter().flat_map(|(_, lines)| lines.iter().map(|(key, _)| Lang::ZhTw.t(key))).collect();
        for word in [
            "機關單位管理",
            "服務列表",
            "異常管理",
            "資料集列表",
            "審核",
            "所有服務列表",
            "所有資料集列表",
            "統計數據",
            "系統管理",
        ] {
            assert!(words.iter().any(|w| w == word), "{word}");
        }
    }
}
