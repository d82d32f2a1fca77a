//! A posted form: fields in their order, and files. Read once, whole; nothing of it is trusted.

use bytes::Bytes;
use memchr::memmem;

use super::route::MAX_FILE;

/// Fields that a form may have at most.
const MAX_FIELDS: usize = 4_000;

/// A file of a posted form.
#[derive(Clone)]
pub struct PostedFile {
    /// The field.
    pub field: String,
    /// What the browser calls it, without folders. Only to be shown.
    pub name: String,
    /// Its content, cut off behind [`MAX_FILE`].
    pub bytes: Bytes,
    /// It is larger than [`MAX_FILE`].
    pub too_large: bool,
}

/// A posted form. May hold personal data: no `Debug`.
#[derive(Clone, Default)]
pub struct Posted {
    /// Names and values in the order of the form.
    pub fields: Vec<(String, String)>,
    /// The files; an empty file field is left out.
    pub files: Vec<PostedFile>,
}

/// The body is not a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAForm;

impl Posted {
    /// Reads a body.
    ///
    /// # Errors
    /// [`NotAForm`]: another content type, or not what it says to be.
    pub fn read(content_type: &str, body: &Bytes) -> Result<Self, NotAForm> {
        let (kind, rest) = content_type.split_once(';').unwrap_or((content_type, ""));
        let kind = kind.trim();
        let posted = if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let pairs = url::form_urlencoded::parse(body).take(MAX_FIELDS + 1);
            let fields = pairs.map(|(name, value)| (name.into_owned(), lines(&value))).collect();
            Self { fields, files: Vec::new() }
        } else if kind.eq_ignore_ascii_case("multipart/form-data") {
            multipart(boundary(rest).ok_or(NotAForm)?, body)?
        } else {
            return Err(NotAForm);
        };
        if posted.fields.len() > MAX_FIELDS { Err(NotAForm) } else { Ok(posted) }
    }

    /// The first value of a field, without space around it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.raw(name).map(str::trim)
    }

    /// [`Self::get`], empty where the field is missing.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// The first value of a field as it was typed: for passwords.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of a field.
    pub fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        self.fields.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.trim())
    }

    /// Whether a box is ticked.
    pub fn ticked(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// The first file of a field.
    pub fn file(&self, field: &str) -> Option<&PostedFile> {
        self.files.iter().find(|file| file.field == field)
    }
}

/// Browsers send the line ends of text areas as CR LF.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn boundary(parameters: &str) -> Option<&str> {
    let value = parameters.split(';').find_map(|p| {
        let (name, value) = p.trim().split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then_some(value.trim())
    })?;
    let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    (1..=70).contains(&value.len()).then_some(value)
}

/// Reads multipart/form-data (RFC 7578).
fn multipart(boundary: &str, body: &Bytes) -> Result<Posted, NotAForm> {
    let mut posted = Posted::default();
    let first = format!("--{boundary}");
    let next = format!("\r\n--{boundary}");
    let find = memmem::Finder::new(next.as_bytes());
    let mut at = if body.starts_with(first.as_bytes()) {
        first.len()
    } else {
        find.find(body).ok_or(NotAForm)? + next.len()
    };
    loop {
        let rest = &body[at..];
        if rest.starts_with(b"--") {
            return Ok(posted);
        }
        let after = memmem::find(rest, b"\r\n").ok_or(NotAForm)? + 2;
        let head_end = memmem::find(&rest[after - 2..], b"\r\n\r\n").ok_or(NotAForm)? + after - 2;
        let head = rest.get(after..head_end).unwrap_or_default();
        let content = head_end + 4;
        let length = find.find(&rest[content..]).ok_or(NotAForm)?;
        let value = body.slice(at + content..at + content + length);
        part(&mut posted, head, &value)?;
        if posted.fields.len() + posted.files.len() > MAX_FIELDS {
            return Err(NotAForm);
        }
        at += content + length + next.len();
    }
}

fn part(posted: &mut Posted, head: &[u8], value: &Bytes) -> Result<(), NotAForm> {
    let head = std::str::from_utf8(head).map_err(|_| NotAForm)?;
    let disposition = head
        .split("\r\n")
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-disposition").then_some(value)
        })
        .ok_or(NotAForm)?;
    let name = quoted(disposition, "name").ok_or(NotAForm)?;
    match quoted(disposition, "filename") {
        None => {
            let text = std::str::from_utf8(value).map_err(|_| NotAForm)?;
            posted.fields.push((name, lines(text)));
        }
        // Nothing was chosen.
        Some(file) if file.is_empty() && value.is_empty() => {}
        Some(file) => {
            let file = file.rsplit(['/', '\\']).next().unwrap_or_default().chars().take(200).collect();
            let too_large = value.len() > MAX_FILE;
            let bytes = value.slice(..value.len().min(MAX_FILE));
            posted.files.push(PostedFile { field: name, name: file, bytes, too_large });
        }
    }
    Ok(())
}

/// The value of a quoted parameter. Browsers write `"` as `%22` and leave everything else as it is.
fn quoted(disposition: &str, name: &str) -> Option<String> {
    let mut rest = disposition;
    let begin = format!("{name}=\"");
    loop {
        let at = rest.find(&begin)?;
        let before = rest[..at].chars().next_back();
        let value = &rest[at + begin.len()..];
        if before.is_none_or(|c| c == ' ' || c == ';') {
            return value.split_once('"').map(|(value, _)| value.replace("%22", "\""));
        }
        rest = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/form-data; boundary=----x9";

    fn read(body: &str) -> Result<Posted, NotAForm> {
        Posted::read(KIND, &Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn fields_and_files_are_read_as_browsers_send_them() {
        let body = "------x9\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n畢業證書\r\n第二行\r\n\
                    ------x9\r\nContent-Disposition: form-data; name=\"oas\"; filename=\"C:\\a\\介接%22.yaml\"\r\n\
                    Content-Type: text/yaml\r\n\r\n\r\n--x\r\n\r\n------x9\r\n\
                    Content-Disposition: form-data; name=\"none\"; filename=\"\"\r\n\r\n\r\n------x9--\r\n";
        let posted = read(body).unwrap();
        assert_eq!(posted.text("name"), "畢業證書\n第二行");
        let file = posted.file("oas").unwrap();
        assert_eq!((file.name.as_str(), &*file.bytes), ("介接\".yaml", &b"\r\n--x\r\n"[..]));
        assert_eq!(posted.files.len(), 1);
        assert!(posted.get("filename").is_none());
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for bad in [
            "",
            "------x9",
            "------x9\r\n",
            "------x9\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx",
            "------x9\r\nContent-Disposition: form-data\r\n\r\nx\r\n------x9--",
            "------x9\r\n\r\nx\r\n------x9--",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        assert!(Posted::read("text/plain", &Bytes::from_static(b"a=b")).is_err());
        assert!(Posted::read("multipart/form-data", &Bytes::from_static(b"--\r\n")).is_err());
        let many = "a=1&".repeat(MAX_FIELDS + 1);
        assert!(Posted::read("application/x-www-form-urlencoded", &Bytes::from(many)).is_err());
    }

    #[test]
    fn a_file_that_is_too_large_is_marked_and_cut() {
        let mut body =
            b"------x9\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n".to_vec();
        body.extend(std::iter::repeat_n(b'a', MAX_FILE + 1));
        body.extend_from_slice(b"\r\n------x9--\r\n");
        let posted = Posted::read(KIND, &Bytes::from(body)).unwrap();
        let file = posted.file("f").unwrap();
        assert!(file.too_large && file.bytes.len() == MAX_FILE);
    }

    #[test]
    fn plain_forms_are_read_with_spaces_cut_but_for_passwords() {
        let body = Bytes::from_static(b"account=+jenny+&password=+a%0D%0Ab+&box=");
        let posted = Posted::read("application/x-www-form-urlencoded; charset=utf-8", &body).unwrap();
        assert_eq!((posted.text("account"), posted.raw("password")), ("jenny", Some(" a\nb ")));
        assert!(posted.ticked("box") && !posted.ticked("other"));
    }
}
