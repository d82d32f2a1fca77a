//! Draws documents of [`mydata_domain::markup`]. Every word is escaped here; nothing else makes an element.

use askama::filters::Safe;
use mydata_domain::markup::{self, Block, Span};

use super::i18n::escape;

/// A text with its markup as HTML. `values` stand for `{name}` in its plain and bold words. Headings begin below an `h2`.
pub fn html(text: &str, values: &[(&str, &str)]) -> Safe<String> {
    let mut out = String::with_capacity(text.len() * 2);
    for block in markup::read(text) {
        match block {
            Block::Heading { level, words } => {
                let element = if level == 1 { "h3" } else { "h4" };
                out.push_str(&format!("<{element}>"));
                spans(&words, values, &mut out);
                out.push_str(&format!("</{element}>\n"));
            }
            Block::Paragraph(lines) => {
                out.push_str("<p>");
                for (number, line) in lines.iter().enumerate() {
                    if number > 0 {
                        out.push_str("<br>");
                    }
                    spans(line, values, &mut out);
                }
                out.push_str("</p>\n");
            }
            Block::List { numbered, points } => {
                let element = if numbered { "ol" } else { "ul" };
                out.push_str(&format!("<{element}>"));
                for point in &points {
                    out.push_str("<li>");
                    spans(point, values, &mut out);
                    out.push_str("</li>");
                }
                out.push_str(&format!("</{element}>\n"));
            }
        }
    }
    Safe(out)
}

fn spans(all: &[Span], values: &[(&str, &str)], out: &mut String) {
    let filled = |words: &str| {
        let mut words = words.to_owned();
        for (name, value) in values {
            words = words.replace(&format!("{{{name}}}"), value);
        }
        escape(&words)
    };
    for span in all {
        match span {
            Span::Text(words) => out.push_str(&filled(words)),
            Span::Strong(words) => out.push_str(&format!("<strong>{}</strong>", filled(words))),
            Span::Link { words, to } => {
                out.push_str(&format!("<a href=\"{}\">{}</a>", escape(to), escape(words)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_drawn_and_nothing_else_becomes_an_element() {
        let text = "# 一、甲 & 乙\n寫給 {mailbox}\n**{phone}**\n- <script>alert(1)</script>\n- [站](https://mydata.example/?a=1&b=2)";
        let html = html(text, &[("mailbox", "<desk>@mydata.example"), ("phone", "02")]).0;
        assert_eq!(
            html,
            "<h3>一、甲 &amp; 乙</h3>\n<p>寫給 &lt;desk&gt;@mydata.example<br><strong>02</strong></p>\n\
             <ul><li>&lt;script&gt;alert(1)&lt;/script&gt;</li>\
             <li><a href=\"https://mydata.example/?a=1&amp;b=2\">站</a></li></ul>\n"
        );
    }
}
