//! A document as a tree in which everything knows its place, with limits against documents made to be large.

use std::fmt;

/// How deep lists and maps may lie inside each other.
pub const MAX_DEPTH: usize = 100;
/// How many values a document may have, aliases written out.
pub const MAX_NODES: usize = 300_000;

/// A place in a text, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A text that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {why}")]
pub struct Fault {
    /// Where.
    pub at: Place,
    /// Why.
    pub why: Why,
}

/// Why a text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The grammar is broken, with the reader's words.
    #[error("{0}")]
    Grammar(String),
    /// Not UTF-8.
    #[error("not UTF-8; save the file as UTF-8")]
    NotUtf8,
    /// Over [`MAX_DEPTH`].
    #[error("lists and maps lie inside each other more than {MAX_DEPTH} deep")]
    TooDeep,
    /// Over [`MAX_NODES`].
    #[error("more than {MAX_NODES} values, aliases written out")]
    TooMany,
    /// A key stands twice in a map.
    #[error("the key {key:?} stands here for the second time; first in line {first}")]
    Twice {
        /// The key, cut to 60 characters.
        key: String,
        /// The line of the first.
        first: usize,
    },
    /// A key that is no text.
    #[error("a key must be a text")]
    KeyNotText,
    /// An alias inside what it stands for.
    #[error("an alias stands inside what it stands for")]
    Circle,
    /// Several documents in one text.
    #[error("a second document begins here; only one is read")]
    SecondDocument,
    /// Declarations of its own, which can be made to be large.
    #[error("a document type is not accepted")]
    Doctype,
    /// Rows of a table with different numbers of columns.
    #[error("this row has {found} columns, the first one {needed}")]
    Columns {
        /// In this row.
        found: usize,
        /// In the first row.
        needed: usize,
    },
}

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where.
    pub at: Place,
    /// What.
    pub value: Value,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number as it is written.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map in its order.
    Map(Vec<(Key, Node)>),
}

/// A key of a map and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where.
    pub at: Place,
    /// The key.
    pub text: String,
}

impl Node {
    /// The value of a key, of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(k, _)| k.text == key).map(|(_, node)| node)
    }

    /// The entries of a map; of anything else none.
    pub fn entries(&self) -> &[(Key, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; of anything else none.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a text.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// How many values it is, itself included.
    pub(super) fn size(&self) -> usize {
        // As deep as MAX_DEPTH at most.
        1 + match &self.value {
            Value::List(items) => items.iter().map(Node::size).sum(),
            Value::Map(entries) => entries.iter().map(|(_, node)| node.size()).sum(),
            _ => 0,
        }
    }
}

/// Puts lists and maps together from a reader's events, and holds to the limits.
#[derive(Debug, Default)]
pub(super) struct Builder {
    open: Vec<Open>,
    nodes: usize,
    root: Option<Node>,
}

#[derive(Debug)]
enum Open {
    List {
        at: Place,
        items: Vec<Node>,
    },
    Map {
        at: Place,
        entries: Vec<(Key, Node)>,
        key: Option<Key>,
        seen: std::collections::HashMap<String, usize>,
    },
}

impl Builder {
    pub(super) fn list(&mut self, at: Place) -> Result<(), Fault> {
        self.begin(at, Open::List { at, items: Vec::new() })
    }

    pub(super) fn map(&mut self, at: Place) -> Result<(), Fault> {
        let map = Open::Map { at, entries: Vec::new(), key: None, seen: std::collections::HashMap::new() };
        self.begin(at, map)
    }

    fn begin(&mut self, at: Place, open: Open) -> Result<(), Fault> {
        if self.wants_key() {
            return Err(Fault { at, why: Why::KeyNotText });
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Fault { at, why: Why::TooDeep });
        }
        self.open.push(open);
        Ok(())
    }

    /// Whether what comes next is a key.
    pub(super) fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Map { key: None, .. }))
    }

    pub(super) fn key(&mut self, at: Place, text: String) -> Result<(), Fault> {
        if let Some(Open::Map { key, seen, .. }) = self.open.last_mut() {
            if let Some(first) = seen.insert(text.clone(), at.line) {
                let key = text.chars().take(60).collect();
                return Err(Fault { at, why: Why::Twice { key, first } });
            }
            *key = Some(Key { at, text });
        }
        Ok(())
    }

    /// Ends the innermost list or map; gives it back for whoever remembers it.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        let node = match self.open.pop() {
            Some(Open::List { at, items }) => Node { at, value: Value::List(items) },
            Some(Open::Map { at, entries, .. }) => Node { at, value: Value::Map(entries) },
            None => return Ok(()),
        };
        self.put(node, 1)
    }

    pub(super) fn value(&mut self, at: Place, value: Value) -> Result<(), Fault> {
        self.put(Node { at, value }, 1)
    }

    /// Puts a value where one is wanted; it counts as `size` values.
    pub(super) fn put(&mut self, node: Node, size: usize) -> Result<(), Fault> {
        self.nodes += size;
        if self.nodes > MAX_NODES {
            return Err(Fault { at: node.at, why: Why::TooMany });
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => return Err(Fault { at: node.at, why: Why::KeyNotText }),
            },
        }
        Ok(())
    }

    /// How many values there is still room for.
    pub(super) fn room(&self) -> usize {
        MAX_NODES - self.nodes
    }

    /// How deep the place is at which the next value comes.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// The last value that was put at this place.
    pub(super) fn last(&self) -> Option<&Node> {
        match self.open.last() {
            None => self.root.as_ref(),
            Some(Open::List { items, .. }) => items.last(),
            Some(Open::Map { entries, .. }) => entries.last().map(|(_, node)| node),
        }
    }

    pub(super) fn finish(self) -> Option<Node> {
        self.root
    }
}
