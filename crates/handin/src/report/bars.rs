//! Bars: one for each name, lying, of one or several pieces.

use std::fmt::Write as _;

use super::COLOURS;
use super::html::{Html, Table, escape};
use super::scale::{Scale, number};

/// Pixels of the drawing; it is scaled to the width of the page.
const WIDTH: f64 = 760.0;
/// From one bar to the next, and how thick a bar is.
const PITCH: f64 = 34.0;
const THICK: f64 = 20.0;
/// Room for the total behind a bar, and for the axis below.
const BEHIND: f64 = 84.0;
const BELOW: f64 = 40.0;
/// About the width of a letter of the labels; letters of Korean are twice as wide as this.
const LETTER: f64 = 6.8;

/// A chart of bars; [`Bars::to_html`] draws it.
#[derive(Debug, Clone, Default)]
pub struct Bars {
    title: String,
    says: String,
    unit: String,
    numbers: String,
    pieces: Vec<String>,
    rows: Vec<(String, Vec<f64>)>,
}

impl Bars {
    /// An empty chart whose bars are made of pieces with these names; one name for plain bars.
    pub fn new<S: Into<String>>(title: impl Into<String>, pieces: impl IntoIterator<Item = S>) -> Bars {
        let pieces = pieces.into_iter().map(Into::into).collect();
        Bars { title: title.into(), pieces, numbers: "Numbers".to_owned(), ..Bars::default() }
    }

    /// What there is to see, in a sentence.
    pub fn says(mut self, says: impl Into<String>) -> Bars {
        self.says = says.into();
        self
    }

    /// What the lengths are, with their unit.
    pub fn unit(mut self, unit: impl Into<String>) -> Bars {
        self.unit = unit.into();
        self
    }

    /// What opens the table of numbers, in the page's language; `Numbers` if not said.
    pub fn numbers(mut self, word: impl Into<String>) -> Bars {
        self.numbers = word.into();
        self
    }

    /// One more bar: the values of its pieces, in their order; what is not finite or below 0 has no length.
    pub fn bar(mut self, name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Bars {
        self.rows.push((name.into(), values.into_iter().collect()));
        self
    }

    /// The drawing as a figure: caption, key, bars, and the numbers in a table that can be opened.
    pub fn to_html(&self) -> Html {
        let (title, says) = (escape(&self.title), escape(&self.says));
        let says = if says.is_empty() { says } else { format!("<p>{says}</p>") };
        let (key, plot, table, word) = (self.key(), self.to_svg(), self.table(), escape(&self.numbers));
        Html::trusted(format!(
            "<figure>\n<figcaption>{title}{says}</figcaption>\n{key}{plot}<details><summary>{word}</summary>{table}</details>\n</figure>\n"
        ))
    }

    /// The bars alone.
    pub fn to_svg(&self) -> Html {
        let left = 12.0 + LETTER * self.rows.iter().map(|row| width(&row.0)).max().unwrap_or(1) as f64;
        let left = left.min(WIDTH / 2.5);
        let longest = self.rows.iter().map(|row| total(&row.1)).fold(0.0, f64::max);
        let x = Scale::new((0.0, longest), (left, WIDTH - BEHIND), false);
        let bottom = 6.0 + PITCH * self.rows.len() as f64;
        let mut body = String::new();
        for tick in x.ticks(5) {
            let (at, label) = (x.at(tick), number(tick));
            // Writing to a string cannot fail.
            let _ = writeln!(
                body,
                "<path class=\"grid\" d=\"M{at:.1} 4V{bottom}\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
                bottom + 15.0
            );
        }
        (0..self.rows.len()).for_each(|place| body.push_str(&self.draw(place, x, left)));
        let (title, says, unit, height) =
            (escape(&self.title), escape(&self.says), escape(&self.unit), bottom + BELOW);
        Html::trusted(format!(
            "<svg class=\"plot\" role=\"img\" aria-label=\"{title}\" viewBox=\"0 0 {WIDTH} {height}\"><title>{title}</title><desc>{says}</desc>\n{body}<text x=\"{left:.1}\" y=\"{}\">{unit}</text>\n</svg>\n",
            bottom + 32.0
        ))
    }

    /// One bar with its name and its length. A plain bar has the colour of its place, each piece of others its own.
    fn draw(&self, place: usize, x: Scale, left: f64) -> String {
        let (name, values) = &self.rows[place];
        let top = 6.0 + PITCH * place as f64;
        let (middle, end, name) = (top + THICK / 2.0 + 4.0, left - 8.0, escape(name));
        let mut body = format!(
            "<text class=\"value\" x=\"{end:.1}\" y=\"{middle:.1}\" text-anchor=\"end\">{name}</text>"
        );
        let mut from = 0.0;
        for (piece, value) in values.iter().map(|value| length(*value)).enumerate() {
            let colour = if self.pieces.len() > 1 { piece } else { place } % COLOURS;
            let (start, end) = (x.at(from), x.at(from + value));
            let _ = write!(
                body,
                "<path fill=\"var(--c{colour})\" d=\"M{start:.1} {top:.1}H{end:.1}v{THICK}H{start:.1}z\"/>"
            );
            from += value;
        }
        let (behind, total) = (x.at(from) + 6.0, number(from));
        let _ = writeln!(body, "<text class=\"value\" x=\"{behind:.1}\" y=\"{middle:.1}\">{total}</text>");
        body
    }

    fn key(&self) -> String {
        if self.pieces.len() < 2 {
            return String::new();
        }
        let entry = |(place, name): (usize, &String)| {
            let (colour, name) = (place % COLOURS, escape(name));
            format!(
                "<li><svg viewBox=\"0 0 32 10\" aria-hidden=\"true\"><path fill=\"var(--c{colour})\" d=\"M0 0H32V10H0z\"/></svg>{name}</li>"
            )
        };
        format!("<ul class=\"key\">{}</ul>\n", self.pieces.iter().enumerate().map(entry).collect::<String>())
    }

    fn table(&self) -> Html {
        let head = std::iter::once(String::new()).chain(self.pieces.iter().cloned());
        let sum = (self.pieces.len() > 1).then(|| "Σ".to_owned());
        let table = Table::new(head.chain(sum)).caption(&self.unit);
        let row = |(name, values): &(String, Vec<f64>)| {
            let sum = (self.pieces.len() > 1).then(|| number(total(values)));
            let values = values.iter().map(|value| number(*value));
            std::iter::once(name.clone()).chain(values).chain(sum).collect::<Vec<_>>()
        };
        self.rows.iter().map(row).fold(table, Table::row).to_html()
    }
}

fn total(values: &[f64]) -> f64 {
    values.iter().map(|value| length(*value)).sum()
}

fn length(value: f64) -> f64 {
    if value.is_finite() { value.max(0.0) } else { 0.0 }
}

/// How many narrow letters a name is as wide as.
fn width(name: &str) -> usize {
    name.chars().map(|letter| if letter > '\u{2fff}' { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_bars_are_drawn_like_this() {
        let bars = Bars::new("Cost", ["storage", "requests"]).says("Requests cost little.").unit("USD");
        insta::assert_snapshot!(bars.bar("cloud", [3.0, 1.0]).bar("자체 디스크", [1.0, 0.0]).to_html());
    }

    #[test]
    fn what_has_no_length_is_drawn_without_one() {
        let html = Bars::new("<b>", ["a"]).bar("<b>", [f64::NAN]).bar("b", [-1.0]).bar("c", []).to_html();
        assert!(!html.to_string().contains("NaN") && !html.to_string().contains("<b>"), "{html}");
    }
}
