//! The frame of a page: title, the few figures that matter, sections.

use std::fmt;

use super::html::{Html, escape};

/// Everything about looks, within the page.
const STYLE: &str = include_str!("page.css");
/// The page may load nothing, whatever somebody writes into it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// One self-contained page; [`fmt::Display`] writes it.
#[derive(Debug, Clone)]
pub struct Page {
    language: String,
    title: String,
    lead: String,
    figures: Vec<(String, String)>,
    sections: Vec<(String, Vec<Html>)>,
    foot: String,
}

impl Page {
    /// An empty page in a language, such as `en` or `ko`.
    pub fn new(language: &str, title: impl Into<String>) -> Page {
        Page {
            language: language.to_owned(),
            title: title.into(),
            lead: String::new(),
            figures: Vec::new(),
            sections: Vec::new(),
            foot: String::new(),
        }
    }

    /// The sentence under the title: what this page says.
    pub fn lead(mut self, lead: impl Into<String>) -> Page {
        self.lead = lead.into();
        self
    }

    /// One of the few figures that are read first: what it is, and its value with its unit.
    pub fn figure(mut self, name: impl Into<String>, value: impl Into<String>) -> Page {
        self.figures.push((name.into(), value.into()));
        self
    }

    /// A section under a heading.
    pub fn section(mut self, heading: impl Into<String>, content: impl IntoIterator<Item = Html>) -> Page {
        self.sections.push((heading.into(), content.into_iter().collect()));
        self
    }

    /// The last line: how and when the page was made.
    pub fn foot(mut self, foot: impl Into<String>) -> Page {
        self.foot = foot.into();
        self
    }

    fn figures(&self) -> String {
        let figure = |(name, value): &(String, String)| {
            format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(value))
        };
        match self.figures.is_empty() {
            true => String::new(),
            false => {
                format!(
                    "<dl class=\"figures\">{}</dl>\n",
                    self.figures.iter().map(figure).collect::<String>()
                )
            }
        }
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (language, title) = (escape(&self.language), escape(&self.title));
        writeln!(f, "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">")?;
        writeln!(f, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
        writeln!(f, "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">")?;
        writeln!(
            f,
            "<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>"
        )?;
        if !self.lead.is_empty() {
            writeln!(f, "<p class=\"lead\">{}</p>", escape(&self.lead))?;
        }
        f.write_str(&self.figures())?;
        for (heading, content) in &self.sections {
            writeln!(f, "<section>\n<h2>{}</h2>", escape(heading))?;
            content.iter().try_for_each(|piece| write!(f, "{piece}"))?;
            writeln!(f, "</section>")?;
        }
        if !self.foot.is_empty() {
            writeln!(f, "<footer>{}</footer>", escape(&self.foot))?;
        }
        writeln!(f, "</main>\n</body>\n</html>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::paragraph;

    #[test]
    fn a_page_stands_alone_and_escapes_what_it_is_given() {
        let page = Page::new("ko", "<벨>")
            .lead("a & b")
            .figure("p99", "<1 s")
            .section("부하", [paragraph("x")])
            .foot("2026")
            .to_string();
        assert!(page.contains("<html lang=\"ko\">") && page.contains("<h1>&lt;벨&gt;</h1>"), "{page}");
        assert!(page.contains("<dd>&lt;1 s</dd>") && page.contains("<footer>2026</footer>"), "{page}");
        for outside in ["http://", "https://", "src=", "href=", "<script", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
