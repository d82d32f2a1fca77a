//! Reading forms out of HTML: as much of it as a browser without JavaScript needs to fill a form.

use std::borrow::Cow;

/// A form on a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// `data-form`, or else the last segment of `action`: what the form is for.
    pub purpose: String,
    /// Where it goes, as written.
    pub action: String,
    /// Whether it is posted.
    pub post: bool,
    /// Its fields, in their order.
    pub fields: Vec<Field>,
    /// `name` and `value` of its submit buttons.
    pub buttons: Vec<(String, String)>,
}

/// What kind of field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Typed text, a date, a number.
    Typed,
    /// Not shown.
    Hidden,
    /// Ticked or not.
    Checkbox,
    /// One of several.
    Radio,
    /// A list; the value is the chosen or first option.
    Select,
}

/// A field that is not disabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What kind.
    pub kind: Kind,
    /// Its value as the page has it.
    pub value: String,
    /// For checkboxes and radio buttons.
    pub checked: bool,
    /// Whether it must be filled.
    pub required: bool,
}

/// What a citizen sees of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Text of `<title>`.
    pub title: String,
    /// Its forms.
    pub forms: Vec<Form>,
    /// Where its links lead.
    pub links: Vec<String>,
    /// `<meta http-equiv="refresh">`: seconds and, where given, the next address.
    pub refresh: Option<(u64, Option<String>)>,
}

impl Reading {
    /// The form for `purpose`.
    pub fn form(&self, purpose: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.purpose == purpose)
    }
}

/// An element's name and attributes.
struct Tag<'a> {
    name: String,
    closing: bool,
    attributes: Vec<(String, Cow<'a, str>)>,
}

impl Tag<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_ref())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }
}

/// Reads a page.
pub fn read(html: &str) -> Reading {
    let mut reading = Reading::default();
    let mut form: Option<Form> = None;
    // The select that is open: its name, whether an option was chosen, its value.
    let mut select: Option<Field> = None;
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some((tag, after)) = tag(rest) else {
            rest = &rest[1..];
            continue;
        };
        rest = after;
        match (tag.name.as_str(), tag.closing) {
            ("script" | "style" | "title" | "textarea", false) => {
                let close = format!("</{}", tag.name);
                let end = rest.to_ascii_lowercase().find(&close).unwrap_or(rest.len());
                let content = unescape(&rest[..end]);
                match tag.name.as_str() {
                    "title" => content.trim().clone_into(&mut reading.title),
                    "textarea" => push(&mut form, field(&tag, Kind::Typed, content.into_owned())),
                    _ => {}
                }
                rest = &rest[end..];
            }
            ("form", false) => {
                let action = tag.text("action");
                let path = action.split(['?', '#']).next().unwrap_or_default();
                let purpose = tag
                    .get("data-form")
                    .unwrap_or_else(|| path.rsplit('/').next().unwrap_or_default())
                    .to_owned();
                let post = tag.get("method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
                form = Some(Form { purpose, action, post, ..Form::default() });
            }
            ("form", true) => reading.forms.extend(form.take()),
            ("input", false) => match tag.get("type").unwrap_or("text").to_ascii_lowercase().as_str() {
                "submit" | "image" => button(&mut form, &tag),
                "button" | "reset" | "file" => {}
                "hidden" => push(&mut form, field(&tag, Kind::Hidden, tag.text("value"))),
                kind @ ("checkbox" | "radio") => {
                    let value = tag.get("value").unwrap_or("on").to_owned();
                    let kind = if kind == "radio" { Kind::Radio } else { Kind::Checkbox };
                    push(&mut form, field(&tag, kind, value));
                }
                _ => push(&mut form, field(&tag, Kind::Typed, tag.text("value"))),
            },
            ("button", false) if tag.get("type").unwrap_or("submit") == "submit" => button(&mut form, &tag),
            ("select", false) => select = field(&tag, Kind::Select, String::new()),
            ("option", false) => {
                if let Some(select) = &mut select
                    && (select.value.is_empty() || tag.has("selected"))
                {
                    select.value = tag.text("value");
                }
            }
            ("select", true) => push(&mut form, select.take()),
            ("a", false) => reading.links.extend(tag.get("href").map(str::to_owned)),
            ("meta", false)
                if tag.get("http-equiv").is_some_and(|name| name.eq_ignore_ascii_case("refresh")) =>
            {
                reading.refresh = refresh(tag.get("content").unwrap_or_default());
            }
            _ => {}
        }
    }
    reading.forms.extend(form);
    reading
}

fn field(tag: &Tag<'_>, kind: Kind, value: String) -> Option<Field> {
    let name = tag.get("name").filter(|name| !name.is_empty())?.to_owned();
    let field = Field { name, kind, value, checked: tag.has("checked"), required: tag.has("required") };
    (!tag.has("disabled")).then_some(field)
}

fn push(form: &mut Option<Form>, field: Option<Field>) {
    if let Some(form) = form {
        form.fields.extend(field);
    }
}

fn button(form: &mut Option<Form>, tag: &Tag<'_>) {
    // A button with a `form` attribute belongs to another form.
    if let Some(form) = form
        && !tag.has("form")
        && !tag.has("disabled")
    {
        form.buttons.push((tag.text("name"), tag.text("value")));
    }
}

fn refresh(content: &str) -> Option<(u64, Option<String>)> {
    let (seconds, rest) = content.split_once([';', ',']).unwrap_or((content, ""));
    let rest = rest.trim();
    let url = rest.get(..4).filter(|start| start.eq_ignore_ascii_case("url=")).map(|_| &rest[4..]);
    Some((seconds.trim().parse().ok()?, url.map(|url| url.trim_matches(['\'', '"']).to_owned())))
}

/// The tag at the beginning of `text`, and what follows it.
fn tag(text: &str) -> Option<(Tag<'_>, &str)> {
    let inner = text.strip_prefix('<')?;
    let (closing, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    let name_end = inner.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
    let name = inner[..name_end].to_ascii_lowercase();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let mut rest = &inner[name_end..];
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return Some((Tag { name, closing, attributes }, after));
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/'))?;
        let attribute = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let value = match rest.strip_prefix('=') {
            None => "",
            Some(after) => {
                let after = after.trim_start();
                let quote = after.chars().next()?;
                if quote == '"' || quote == '\'' {
                    let end = after[1..].find(quote)?;
                    rest = &after[end + 2..];
                    &after[1..=end]
                } else {
                    let end = after.find(|c: char| c.is_whitespace() || c == '>')?;
                    rest = &after[end..];
                    &after[..end]
                }
            }
        };
        if end == 0 && value.is_empty() {
            // A stray character: go past it.
            rest = rest.get(1..)?;
            continue;
        }
        attributes.push((attribute, unescape(value)));
    }
}

/// Replaces character references.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference = rest.find(';').filter(|end| *end <= 10).map(|end| &rest[1..end]);
        match reference.and_then(character) {
            Some(c) => {
                out.push(c);
                rest = &rest[reference.map_or(0, str::len) + 2..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn character(reference: &str) -> Option<char> {
    match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = reference.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_forms_as_a_browser_does() {
        let page = r#"<!doctype html><title> A &amp; B </title><!-- <form action="/no"> -->
            <noscript><meta http-equiv="refresh" content="3;url=/next?a=1&amp;b=2"></noscript>
            <script>if (a < b) { "<form>" }</script>
            <form method=POST action='/exchange/1/authorise?x=/y' novalidate>
            <input type="hidden" name="form_token" value="t&#x27;&#39;&quot;">
            <input type=checkbox name=terms value=yes required>
            <input type="radio" name="method" value="CER" checked><input type="radio" name="method" value="MOE" disabled>
            <input name="INQ_YR" value="114"><textarea name="note">x &lt; y</textarea>
            <select name="county"><option value="A">a<option value="B" selected>b</select>
            <button name="go" value="1">go</button><button form="refuse">no</button></form>
            <form id="refuse" action="/x" data-form="refuse"></form><a href="/back">b</a>"#;
        let reading = read(page);
        assert_eq!(reading.title, "A & B");
        assert_eq!(reading.refresh, Some((3, Some("/next?a=1&b=2".to_owned()))));
        assert_eq!(reading.links, ["/back"]);
        assert_eq!(reading.forms.len(), 2);
        let form = reading.form("authorise").unwrap();
        assert!(form.post);
        let fields: Vec<_> =
            form.fields.iter().map(|f| (f.name.as_str(), f.kind, f.value.as_str())).collect();
        assert_eq!(
            fields,
            [
                ("form_token", Kind::Hidden, "t''\""),
                ("terms", Kind::Checkbox, "yes"),
                ("method", Kind::Radio, "CER"),
                ("INQ_YR", Kind::Typed, "114"),
                ("note", Kind::Typed, "x < y"),
                ("county", Kind::Select, "B"),
            ]
        );
        assert_eq!(form.buttons, [("go".to_owned(), "1".to_owned())]);
        assert!(!reading.form("refuse").unwrap().post);
    }

    #[test]
    fn broken_pages_end() {
        for page in ["<", "<form", "<a href=", "< p>", "<!--", "<input =x>", "<title>", "&", "<a b='", "<<<>"]
        {
            read(page);
        }
    }
}
