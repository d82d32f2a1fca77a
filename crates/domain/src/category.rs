//! Categories of datasets (one level) and of services (three levels, R91): a tree that the operating side looks after.
//!
//! What stands in forms, registry files and records is the path of a category: `社會福利/線上申請/生育津貼`, made of the keys
//! that its parts were given when they were added. A part may be renamed for readers; its key never changes, so that what
//! was filed keeps its meaning.

use std::fmt;
use std::str::FromStr;

use crate::text::{self, BadText};

crate::own_id::own_id!(
    /// A category's identifier: a version 4 UUID.
    CategoryId, "category id"
);

/// Longest name of one part.
pub const MAX_NAME: usize = 40;
/// Between the parts of a path.
pub const SEPARATOR: char = '/';

/// What is sorted by a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Area {
    /// 資料集類別: one level.
    Dataset,
    /// 服務類別, of services and counter services: three levels.
    Service,
}

impl Area {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Dataset, Self::Service];

    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::Service => "service",
        }
    }

    /// How many levels its tree has.
    pub fn levels(self) -> usize {
        match self {
            Self::Dataset => 1,
            Self::Service => 3,
        }
    }
}

impl FromStr for Area {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|a| a.as_str() == text).ok_or_else(|| format!("no area {text:?}"))
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One part of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Its identifier.
    pub id: CategoryId,
    /// Which tree.
    pub area: Area,
    /// The part above it.
    pub parent: Option<CategoryId>,
    /// Its place among those beside it.
    pub place: i64,
    /// Its part of the path; never changes.
    pub key: String,
    /// What readers see.
    pub name: String,
    /// The same in English.
    pub name_en: String,
    /// Not offered any more, nor what lies below it. Items keep it.
    pub retired: bool,
    /// Grows with every change.
    pub version: i64,
}

/// Reads the name of a part: one line without the sign that parts paths.
///
/// # Errors
/// What is wrong with it; the sign counts as a control character.
pub fn read_name(typed: &str) -> Result<String, BadText> {
    let name = text::line(typed, MAX_NAME)?;
    if name.contains(SEPARATOR) { Err(BadText::Control) } else { Ok(name) }
}

/// Both trees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Categories(Vec<Category>);

impl Categories {
    /// Both trees of their parts, in any order.
    pub fn new(mut parts: Vec<Category>) -> Self {
        parts.sort_by(|a, b| (a.area, a.place, &a.key).cmp(&(b.area, b.place, &b.key)));
        Self(parts)
    }

    /// The part of this identifier.
    pub fn get(&self, id: CategoryId) -> Option<&Category> {
        self.0.iter().find(|c| c.id == id)
    }

    /// The parts directly below another, or at the root, in their order.
    pub fn below(&self, area: Area, parent: Option<CategoryId>) -> impl Iterator<Item = &Category> {
        self.0.iter().filter(move |c| c.area == area && c.parent == parent)
    }

    /// From the root down to a part, itself included.
    pub fn way(&self, id: CategoryId) -> Vec<&Category> {
        let mut way = Vec::new();
        let mut next = self.get(id);
        while let Some(category) = next {
            way.push(category);
            // No tree is deeper than its levels, whatever the rows say.
            next = category.parent.filter(|_| way.len() < category.area.levels()).and_then(|id| self.get(id));
        }
        way.reverse();
        way
    }

    /// Every part of a tree with its level from 1, each followed by those below it.
    pub fn tree(&self, area: Area) -> Vec<(usize, &Category)> {
        let mut tree = Vec::new();
        self.grow(area, None, 1, &mut tree);
        tree
    }

    fn grow<'c>(
        &'c self,
        area: Area,
        parent: Option<CategoryId>,
        level: usize,
        into: &mut Vec<(usize, &'c Category)>,
    ) {
        if level > area.levels() {
            return;
        }
        for category in self.below(area, parent) {
            into.push((level, category));
            self.grow(area, Some(category.id), level + 1, into);
        }
    }

    /// The path of a part.
    pub fn path(&self, id: CategoryId) -> String {
        self.way(id).iter().map(|c| c.key.as_str()).collect::<Vec<_>>().join("/")
    }

    /// The paths that forms offer: as deep as the tree is, with nothing retired on the way.
    pub fn offered(&self, area: Area) -> Vec<String> {
        let deepest = |&(level, _): &(usize, &Category)| level == area.levels();
        let offered = self.tree(area).into_iter().filter(deepest).filter_map(|(_, category)| {
            let way = self.way(category.id);
            way.iter().all(|c| !c.retired).then(|| self.path(category.id))
        });
        offered.collect()
    }

    /// Whether a whole path is in the tree, retired or not: what an item may keep.
    pub fn knows(&self, area: Area, path: &str) -> bool {
        path.split(SEPARATOR).count() == area.levels() && self.missing(area, path).is_empty()
    }

    /// A path as readers see it; parts that the tree does not know stand as they are.
    pub fn label(&self, area: Area, path: &str, english: bool) -> String {
        let mut parent = None;
        let mut known = true;
        let names = path.split(SEPARATOR).map(|key| {
            let found = self.below(area, parent).find(|c| c.key == key).filter(|_| known);
            match found {
                Some(c) => {
                    parent = Some(c.id);
                    if english && !c.name_en.is_empty() { c.name_en.as_str() } else { c.name.as_str() }
                }
                None => {
                    known = false;
                    key
                }
            }
        });
        names.collect::<Vec<_>>().join(if english { " / " } else { "/" })
    }

    /// The parts of a path that the tree lacks, as (keys above, key) from the root down.
    pub fn missing<'p>(&self, area: Area, path: &'p str) -> Vec<&'p str> {
        let mut parent = None;
        let mut keys = path.split(SEPARATOR).peekable();
        while let Some(key) = keys.peek() {
            match self.below(area, parent).find(|c| c.key == *key) {
                Some(found) => parent = Some(found.id),
                None => break,
            }
            keys.next();
        }
        keys.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> CategoryId {
        format!("{n:08}-0000-4000-8000-000000000000").parse().unwrap()
    }

    fn part(n: u8, parent: Option<u8>, place: i64, key: &str, en: &str) -> Category {
        Category {
            id: id(n),
            area: Area::Service,
            parent: parent.map(id),
            place,
            key: key.to_owned(),
            name: key.to_owned(),
            name_en: en.to_owned(),
            retired: false,
            version: 1,
        }
    }

    fn trees() -> Vec<Category> {
        vec![
            part(3, Some(2), 2, "生育津貼", "Birth grant"),
            part(4, Some(2), 1, "托育補助", "Childcare"),
            part(2, Some(1), 1, "線上申請", "Online"),
            part(1, None, 1, "社會福利", "Welfare"),
            part(5, None, 2, "教育文化", "Education"),
        ]
    }

    /// Shows R91: three levels, in the order that is set; what is retired, or lies below it, is not offered.
    #[test]
    fn whole_paths_are_offered_in_their_order() {
        let tree = Categories::new(trees());
        let paths = ["社會福利/線上申請/托育補助", "社會福利/線上申請/生育津貼"];
        assert_eq!(tree.offered(Area::Service), paths);
        let levels: Vec<_> =
            tree.tree(Area::Service).iter().map(|(level, c)| (*level, c.key.as_str())).collect();
        assert_eq!(
            levels,
            [(1, "社會福利"), (2, "線上申請"), (3, "托育補助"), (3, "生育津貼"), (1, "教育文化")]
        );
        for retired in [1, 2] {
            let mut parts = trees();
            parts.iter_mut().filter(|c| c.id == id(retired)).for_each(|c| c.retired = true);
            assert!(Categories::new(parts).offered(Area::Service).is_empty());
        }
    }

    #[test]
    fn a_path_keeps_its_keys_and_shows_its_names() {
        let mut parts = trees();
        parts[0].name = "生育給付".to_owned();
        let tree = Categories::new(parts);
        let path = "社會福利/線上申請/生育津貼";
        assert_eq!(tree.path(id(3)), path);
        assert_eq!(tree.label(Area::Service, path, false), "社會福利/線上申請/生育給付");
        assert_eq!(tree.label(Area::Service, path, true), "Welfare / Online / Birth grant");
        assert_eq!(tree.label(Area::Service, "綜合", true), "綜合");
        assert_eq!(tree.label(Area::Service, "別的/線上申請", false), "別的/線上申請");
        assert_eq!(tree.missing(Area::Service, "社會福利/臨櫃/身障"), ["臨櫃", "身障"]);
        assert!(tree.missing(Area::Service, path).is_empty());
        assert!(tree.knows(Area::Service, path) && !tree.knows(Area::Service, "社會福利/線上申請"));
        assert!(!tree.knows(Area::Service, "別的/線上申請/生育津貼") && !tree.knows(Area::Dataset, path));
    }

    #[test]
    fn names_are_one_part() {
        assert_eq!(read_name(" 生育津貼 ").as_deref(), Ok("生育津貼"));
        assert_eq!(read_name("<script>").as_deref(), Ok("<script>"));
        assert_eq!(read_name("𠮷野").as_deref(), Ok("𠮷野"));
        for bad in ["", "甲/乙", "甲\u{202e}乙", "甲\n乙", &"長".repeat(41)] {
            assert!(read_name(bad).is_err(), "{bad:?}");
        }
    }
}
