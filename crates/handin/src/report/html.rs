//! Pieces of HTML that are known to be escaped, and tables.

use std::fmt;

/// A piece of HTML. Text becomes one only by being escaped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Text, with everything escaped that HTML and SVG would read.
    pub fn text(text: &str) -> Html {
        Html(escape(text))
    }

    /// Markup of this module's own making.
    pub(super) fn trusted(markup: String) -> Html {
        Html(markup)
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text for an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A paragraph of text.
pub fn paragraph(text: &str) -> Html {
    Html(format!("<p>{}</p>\n", escape(text)))
}

/// A table; cells that begin with a digit or a sign stand at the right.
#[derive(Debug, Clone, Default)]
pub struct Table {
    caption: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column headings.
    pub fn new<S: Into<String>>(head: impl IntoIterator<Item = S>) -> Table {
        Table { head: head.into_iter().map(Into::into).collect(), ..Table::default() }
    }

    /// What the table shows, in a few words.
    pub fn caption(mut self, caption: impl Into<String>) -> Table {
        self.caption = caption.into();
        self
    }

    /// One more row; its first cell names it.
    pub fn row<S: Into<String>>(mut self, cells: impl IntoIterator<Item = S>) -> Table {
        self.rows.push(cells.into_iter().map(Into::into).collect());
        self
    }

    /// The table as HTML, in a frame that scrolls sideways on a narrow screen.
    pub fn to_html(&self) -> Html {
        let caption = match self.caption.is_empty() {
            true => String::new(),
            false => format!("<caption>{}</caption>", escape(&self.caption)),
        };
        let head: String = self.head.iter().map(|cell| heading(cell)).collect();
        let rows: String = self.rows.iter().map(|cells| row(cells)).collect();
        Html(format!(
            "<div class=\"wide\" tabindex=\"0\"><table>{caption}<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>\n"
        ))
    }
}

/// The corner above the names of the rows heads nothing.
fn heading(cell: &str) -> String {
    match cell {
        "" => "<td></td>".to_owned(),
        cell => format!("<th scope=\"col\">{}</th>", escape(cell)),
    }
}

fn row(cells: &[String]) -> String {
    let cell = |(place, cell): (usize, &String)| match place {
        0 => format!("<th scope=\"row\">{}</th>", escape(cell)),
        _ if is_number(cell) => format!("<td class=\"n\">{}</td>", escape(cell)),
        _ => format!("<td>{}</td>", escape(cell)),
    };
    format!("<tr>{}</tr>\n", cells.iter().enumerate().map(cell).collect::<String>())
}

fn is_number(cell: &str) -> bool {
    let unsigned = cell.trim_start_matches(['−', '-', '+', '<', '≤', '≥', '$', '₩', '×', '–', ' ']);
    unsigned.is_empty() || unsigned.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_html_would_read_gets_through() {
        let nasty = "<script>\"&'";
        assert_eq!(Html::text(nasty).to_string(), "&lt;script&gt;&quot;&amp;&#39;");
        let table = Table::new([nasty]).caption(nasty).row([nasty, nasty]).to_html().to_string();
        assert!(!table.contains("<script>"), "{table}");
        assert!(!paragraph(nasty).to_string().contains("<script>"));
    }

    #[test]
    fn numbers_stand_at_the_right() {
        for number in ["1.5 s", "−3", "$2", "–", "× 3"] {
            assert!(is_number(number), "{number}");
        }
        assert!(!is_number("none"));
    }
}
