//! API documents: OpenAPI 3.0 and 3.1 in JSON or YAML (R46), the operations and parameters they name, and a form's
//! parameters held against them (R59).

use std::collections::BTreeSet;

use mydata_domain::parameter::{ParameterKey, is_reserved};

use super::tree::{Fault, Node, Place, Value};
use super::{json, text, yaml};

/// How many references lead to one another.
const MAX_REFERENCES: usize = 20;
/// Most operations that are read.
pub const MAX_OPERATIONS: usize = 500;

/// A version of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OasVersion {
    /// 3.0.
    V3_0,
    /// 3.1.
    V3_1,
}

/// What an API document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiDocument {
    /// Of which version it is.
    pub oas: OasVersion,
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub version: String,
    /// Its operations, in their order; at least one.
    pub operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// `get`, `post` …
    pub method: String,
    /// Its path.
    pub path: String,
    /// Where it stands.
    pub at: Place,
    /// What it takes.
    pub parameters: Vec<ApiParameter>,
}

/// Where a parameter travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum In {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// As a header.
    Header,
    /// As a cookie.
    Cookie,
    /// In the body.
    Body,
}

/// One parameter of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiParameter {
    /// Its name.
    pub name: String,
    /// Where it travels.
    pub of: In,
    /// Whether the operation needs it.
    pub required: bool,
    /// Where it stands.
    pub at: Place,
}

/// Why a text is no API document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OasFault {
    /// It is neither JSON nor YAML.
    #[error("{0}")]
    Unreadable(#[from] Fault),
    /// It is readable, but not as the OpenAPI Specification has it.
    #[error("{at} ({path}): {why}")]
    Wrong {
        /// Where.
        at: Place,
        /// The keys that lead there, joined by dots; `(root)` at the top.
        path: String,
        /// Why.
        why: WhyOas,
    },
}

/// Why a document is not as the OpenAPI Specification has it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhyOas {
    /// A key is missing.
    #[error("the key {key} is missing")]
    Missing {
        /// Which.
        key: &'static str,
    },
    /// A value is of another type.
    #[error("{wanted} is wanted here")]
    Type {
        /// What is wanted.
        wanted: &'static str,
    },
    /// Version 2.
    #[error("this is Swagger 2.0; convert it to OpenAPI 3.0 or 3.1")]
    Swagger,
    /// Another version.
    #[error("only versions 3.0.x and 3.1.x are read")]
    Version,
    /// The version is not in quotation marks.
    #[error("write the version in quotation marks")]
    VersionNumber,
    /// A path that does not begin with a slash.
    #[error("a path begins with /")]
    Path,
    /// There is nothing to call.
    #[error("no operation is described")]
    NoOperation,
    /// More than [`MAX_OPERATIONS`].
    #[error("more than {MAX_OPERATIONS} operations")]
    TooManyOperations,
    /// A parameter's place is none.
    #[error("in must be path, query, header or cookie")]
    In,
    /// A parameter in the path that is not required, or not in the path.
    #[error("a parameter in the path must be required and stand in the path as {{name}}")]
    PathParameter,
    /// The same parameter twice.
    #[error("this parameter stands twice")]
    Twice,
    /// A reference out of the document.
    #[error("references may lead inside this document only (#/…); put everything into one file")]
    Outside,
    /// A reference to nothing.
    #[error("this reference leads to nothing")]
    Dangling,
    /// References in a circle.
    #[error("these references lead in a circle")]
    Circle,
}

/// Reads an API document: JSON when it begins with `{`, otherwise YAML.
///
/// # Errors
/// Where and why it is none.
pub fn read(bytes: &[u8]) -> Result<ApiDocument, OasFault> {
    let text = text::decode(bytes)?;
    let root = if text.trim_start().starts_with('{') { json::read(text)? } else { yaml::read(text)? };
    analyse(&root)
}

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

fn wrong(at: Place, path: &str, why: WhyOas) -> OasFault {
    OasFault::Wrong { at, path: if path.is_empty() { "(root)".to_owned() } else { path.to_owned() }, why }
}

fn map<'a>(node: &'a Node, path: &str) -> Result<&'a Node, OasFault> {
    match node.value {
        Value::Map(_) => Ok(node),
        _ => Err(wrong(node.at, path, WhyOas::Type { wanted: "a map" })),
    }
}

fn needed<'a>(node: &'a Node, path: &str, key: &'static str) -> Result<&'a Node, OasFault> {
    node.get(key).ok_or_else(|| wrong(node.at, path, WhyOas::Missing { key }))
}

fn text_of<'a>(node: &'a Node, path: &str) -> Result<&'a str, OasFault> {
    match &node.value {
        Value::Text(text) if !text.trim().is_empty() => Ok(text),
        _ => Err(wrong(node.at, path, WhyOas::Type { wanted: "a text" })),
    }
}

fn analyse(root: &Node) -> Result<ApiDocument, OasFault> {
    map(root, "")?;
    if let Some(swagger) = root.get("swagger") {
        return Err(wrong(swagger.at, "swagger", WhyOas::Swagger));
    }
    let declared = needed(root, "", "openapi")?;
    let oas = match &declared.value {
        Value::Text(version) if is_version(version, "3.0.") => OasVersion::V3_0,
        Value::Text(version) if is_version(version, "3.1.") => OasVersion::V3_1,
        Value::Number(_) => return Err(wrong(declared.at, "openapi", WhyOas::VersionNumber)),
        _ => return Err(wrong(declared.at, "openapi", WhyOas::Version)),
    };
    let info = map(needed(root, "", "info")?, "info")?;
    let title = text_of(needed(info, "info", "title")?, "info.title")?.to_owned();
    let version = match &needed(info, "info", "version")?.value {
        Value::Text(text) => text.clone(),
        // `version: 1.0` is a number to YAML; nobody is helped by refusing it.
        Value::Number(number) => number.clone(),
        _ => return Err(wrong(info.at, "info.version", WhyOas::Type { wanted: "a text" })),
    };
    let Some(paths) = root.get("paths") else {
        let missing = match oas {
            OasVersion::V3_0 => WhyOas::Missing { key: "paths" },
            OasVersion::V3_1 => WhyOas::NoOperation,
        };
        return Err(wrong(root.at, "", missing));
    };
    let mut operations = Vec::new();
    for (key, item) in map(paths, "paths")?.entries() {
        if key.text.starts_with("x-") {
            continue;
        }
        let path = format!("paths.{}", key.text);
        if !key.text.starts_with('/') {
            return Err(wrong(key.at, &path, WhyOas::Path));
        }
        let (item, _) = follow(root, item, &path)?;
        map(item, &path)?;
        let shared = parameters(root, item, &path, &key.text)?;
        for (method, operation) in item.entries() {
            if !METHODS.contains(&method.text.as_str()) {
                continue;
            }
            let path = format!("{path}.{}", method.text);
            map(operation, &path)?;
            if oas == OasVersion::V3_0 || operation.get("responses").is_some() {
                let responses = needed(operation, &path, "responses")?;
                let path = format!("{path}.responses");
                if map(responses, &path)?.entries().is_empty() {
                    return Err(wrong(responses.at, &path, WhyOas::Type { wanted: "at least one response" }));
                }
            }
            let mut all = parameters(root, operation, &path, &key.text)?;
            let own = |p: &ApiParameter| all.iter().any(|o| o.name == p.name && o.of == p.of);
            let inherited: Vec<ApiParameter> = shared.iter().filter(|p| !own(p)).cloned().collect();
            all.extend(inherited);
            if let Some(body) = operation.get("requestBody") {
                all.extend(body_parameters(root, body, &format!("{path}.requestBody"))?);
            }
            if operations.len() >= MAX_OPERATIONS {
                return Err(wrong(operation.at, &path, WhyOas::TooManyOperations));
            }
            operations.push(Operation {
                method: method.text.clone(),
                path: key.text.clone(),
                at: method.at,
                parameters: all,
            });
        }
    }
    if operations.is_empty() {
        return Err(wrong(paths.at, "paths", WhyOas::NoOperation));
    }
    Ok(ApiDocument { oas, title, version, operations })
}

fn is_version(text: &str, start: &str) -> bool {
    text.strip_prefix(start).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Follows `$ref` to what is meant; gives it with how many references were followed.
fn follow<'a>(root: &'a Node, node: &'a Node, path: &str) -> Result<(&'a Node, usize), OasFault> {
    let mut node = node;
    for followed in 0..MAX_REFERENCES {
        let Some(reference) = node.get("$ref") else { return Ok((node, followed)) };
        let target = text_of(reference, &format!("{path}.$ref"))?;
        let Some(pointer) = target.strip_prefix('#') else {
            return Err(wrong(reference.at, path, WhyOas::Outside));
        };
        node = resolve(root, pointer).ok_or_else(|| wrong(reference.at, path, WhyOas::Dangling))?;
    }
    Err(wrong(node.at, path, WhyOas::Circle))
}

/// A JSON pointer (RFC 6901) in a URI fragment.
fn resolve<'a>(root: &'a Node, pointer: &str) -> Option<&'a Node> {
    let pointer = percent_encoding::percent_decode_str(pointer).decode_utf8().ok()?;
    if pointer.is_empty() {
        return Some(root);
    }
    pointer.strip_prefix('/')?.split('/').try_fold(root, |node, part| {
        let part = part.replace("~1", "/").replace("~0", "~");
        match &node.value {
            Value::List(items) => items.get(part.parse::<usize>().ok()?),
            _ => node.get(&part),
        }
    })
}

fn parameters(root: &Node, of: &Node, path: &str, url: &str) -> Result<Vec<ApiParameter>, OasFault> {
    let Some(list) = of.get("parameters") else { return Ok(Vec::new()) };
    let path = format!("{path}.parameters");
    if !matches!(list.value, Value::List(_)) {
        return Err(wrong(list.at, &path, WhyOas::Type { wanted: "a list" }));
    }
    let mut out: Vec<ApiParameter> = Vec::new();
    for (index, item) in list.items().iter().enumerate() {
        let path = format!("{path}[{index}]");
        let (parameter, _) = follow(root, map(item, &path)?, &path)?;
        let name = text_of(needed(map(parameter, &path)?, &path, "name")?, &format!("{path}.name"))?;
        let place = needed(parameter, &path, "in")?;
        let of = match place.text() {
            Some("path") => In::Path,
            Some("query") => In::Query,
            Some("header") => In::Header,
            Some("cookie") => In::Cookie,
            _ => return Err(wrong(place.at, &format!("{path}.in"), WhyOas::In)),
        };
        let required = match parameter.get("required").map(|n| &n.value) {
            None => false,
            Some(Value::Bool(required)) => *required,
            Some(_) => {
                let path = format!("{path}.required");
                return Err(wrong(parameter.at, &path, WhyOas::Type { wanted: "true or false" }));
            }
        };
        if of == In::Path && (!required || !url.contains(&format!("{{{name}}}"))) {
            return Err(wrong(item.at, &path, WhyOas::PathParameter));
        }
        if out.iter().any(|p| p.name == name && p.of == of) {
            return Err(wrong(item.at, &path, WhyOas::Twice));
        }
        out.push(ApiParameter { name: name.to_owned(), of, required, at: item.at });
    }
    Ok(out)
}

/// The properties of the body's schema, in whichever media types it comes.
fn body_parameters(root: &Node, body: &Node, path: &str) -> Result<Vec<ApiParameter>, OasFault> {
    let (body, _) = follow(root, map(body, path)?, path)?;
    let content = map(needed(map(body, path)?, path, "content")?, &format!("{path}.content"))?;
    let mut out = Vec::new();
    for (media, described) in content.entries() {
        let path = format!("{path}.content.{}", media.text);
        if let Some(schema) = map(described, &path)?.get("schema") {
            properties(root, schema, &format!("{path}.schema"), 0, &mut out)?;
        }
    }
    Ok(out)
}

/// The properties of an object, also of what it is put together from with `allOf`.
fn properties(
    root: &Node,
    schema: &Node,
    path: &str,
    depth: usize,
    out: &mut Vec<ApiParameter>,
) -> Result<(), OasFault> {
    let (schema, followed) = follow(root, schema, path)?;
    let depth = depth + followed + 1;
    if depth > MAX_REFERENCES {
        return Err(wrong(schema.at, path, WhyOas::Circle));
    }
    let required: BTreeSet<&str> =
        schema.get("required").map_or(&[][..], Node::items).iter().filter_map(Node::text).collect();
    for (key, node) in schema.get("properties").map_or(&[][..], Node::entries) {
        if !out.iter().any(|p| p.name == key.text && p.of == In::Body) {
            let required = required.contains(key.text.as_str());
            out.push(ApiParameter { name: key.text.clone(), of: In::Body, required, at: node.at });
        }
    }
    for (index, part) in schema.get("allOf").map_or(&[][..], Node::items).iter().enumerate() {
        properties(root, part, &format!("{path}.allOf[{index}]"), depth, out)?;
    }
    Ok(())
}

/// A form's parameters held against an API document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Keys of the form that no operation takes.
    pub missing: Vec<ParameterKey>,
    /// Parameters of the document that the form does not have, each name once. Those that the call itself brings along
    /// are not counted.
    pub extra: Vec<ApiParameter>,
}

impl Compared {
    /// Whether both say the same.
    pub fn agree(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty()
    }
}

impl ApiDocument {
    /// Holds the keys of a form's parameters against this document. Headers are the same in upper and lower case, so all
    /// names are compared that way.
    pub fn hold_against<'a>(&self, keys: impl IntoIterator<Item = &'a ParameterKey>) -> Compared {
        let keys: Vec<&ParameterKey> = keys.into_iter().collect();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut extra = Vec::new();
        for parameter in self.operations.iter().flat_map(|o| &o.parameters) {
            let known = keys.iter().any(|k| k.as_str().eq_ignore_ascii_case(&parameter.name));
            if seen.insert(parameter.name.to_ascii_lowercase()) && !known && !is_reserved(&parameter.name) {
                extra.push(parameter.clone());
            }
        }
        let taken = |key: &&&ParameterKey| !seen.contains(&key.as_str().to_ascii_lowercase());
        Compared { missing: keys.iter().filter(taken).map(|k| (*k).clone()).collect(), extra }
    }
}
