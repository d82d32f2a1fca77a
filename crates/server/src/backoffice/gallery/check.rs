//! What every page of the back office keeps to: well nested, one heading, ids once, labels that lead somewhere, no inline
//! style or script, a token in every form.

use crate::web::Lang;

/// The elements that must be closed stand well nested.
pub(in crate::backoffice) fn well_nested(html: &str) -> Result<(), String> {
    const VOID: [&str; 6] = ["meta", "link", "input", "img", "br", "!doctype"];
    let mut open: Vec<&str> = Vec::new();
    for part in html.split('<').skip(1) {
        let name: &str = part.split([' ', '>', '\n']).next().unwrap_or_default();
        if let Some(name) = name.strip_prefix('/') {
            let last = open.pop();
            if last != Some(name) {
                return Err(format!("</{name}> closes {last:?}"));
            }
        } else if !VOID.contains(&name) {
            open.push(name);
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("left open: {open:?}")) }
}

/// The values of an attribute.
pub(in crate::backoffice) fn values<'h>(html: &'h str, attribute: &str) -> Vec<&'h str> {
    let begin = format!(" {attribute}=\"");
    html.split(begin.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Fails unless a whole page keeps to it.
pub(in crate::backoffice) fn page(at: &str, lang: Lang, html: &str) {
    well_nested(html).unwrap_or_else(|fault| panic!("{at}: {fault}"));
    assert!(html.contains(&format!("<html lang=\"{lang}\"")), "{at}");
    for (element, count) in [("<h1", 1), ("<main", 1)] {
        assert_eq!(html.matches(element).count(), count, "{at}: {element}");
    }
    for key in ["U", "C", "B"] {
        assert_eq!(html.matches(&format!("accesskey=\"{key}\"")).count(), 1, "{at}: access key {key}");
    }
    // The policy allows no inline style or script, so a page that had one would be broken.
    for inline in [" style=", "<style", "<script>", " onclick="] {
        assert!(!html.contains(inline), "{at}: {inline}");
    }
    let mut ids = values(html, "id");
    ids.sort_unstable();
    let twice: Vec<_> = ids.windows(2).filter(|w| w[0] == w[1]).collect();
    assert!(twice.is_empty(), "{at}: {twice:?} twice");
    for target in values(html, "for").into_iter().chain(values(html, "aria-describedby")) {
        for id in target.split(' ') {
            assert!(ids.binary_search(&id).is_ok(), "{at}: nothing has the id {id}");
        }
    }
    // Every form but the search and the preferences carries the token.
    let posts = html.split("<form").skip(1).filter(|form| form.contains("method=\"post\""));
    for form in posts.map(|form| form.split("</form>").next().unwrap()) {
        let exempt = form.contains("action=\"/preferences\"");
        assert!(exempt || form.contains("name=\"form_token\""), "{at}: a form without token: {form}");
    }
}
