//! A plot as a picture of its own, for places that take no page: it brings its looks and its key along.

use super::chart::stroke;
use super::html::{Html, escape};

/// The looks of a page in light, for a plot that stands alone.
const STYLE: &str = "svg { --c0: #0067b1; --c1: #c44600; --c2: #00785a; --c3: #8250a8; --c4: #9a6700; --c5: #57606a; } \
text { fill: #57606a; font: 12px system-ui, sans-serif; } .grid { stroke: #d0d7de; fill: none; } \
.mark { stroke: #57606a; stroke-dasharray: 3 3; fill: none; } .line { fill: none; stroke-width: 2; stroke-linejoin: round; }";

/// Pixels of a plot, and of the key below it: the height of a row, and how many names stand in one.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 320.0;
const ROW: f64 = 22.0;
const COLUMNS: usize = 2;

/// The plot of a [`super::Chart`] as a file, with the names of its series below.
pub fn picture(plot: &Html, names: &[&str]) -> String {
    let (plot, rows) = (plot.to_string(), names.len().div_ceil(COLUMNS));
    let height = HEIGHT + ROW * rows as f64 + 8.0;
    let key: String = names.iter().enumerate().map(|(place, name)| entry(place, name)).collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\">\n<style>{STYLE}</style>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n{}\n{key}</svg>\n",
        plot.replacen("<svg ", &format!("<svg width=\"{WIDTH}\" height=\"{HEIGHT}\" "), 1).trim_end()
    )
}

fn entry(place: usize, name: &str) -> String {
    let (column, row) = (place % COLUMNS, place / COLUMNS);
    let left = 60.0 + (WIDTH - 60.0) / COLUMNS as f64 * column as f64;
    let (middle, name) = (HEIGHT + ROW * (row as f64 + 0.5), escape(name));
    let (end, text, base, style) = (left + 28.0, left + 34.0, middle + 4.0, stroke(place));
    format!(
        "<path class=\"line\" {style} d=\"M{left:.1} {middle}H{end:.1}\"/><text x=\"{text:.1}\" y=\"{base}\">{name}</text>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Chart;

    #[test]
    fn a_picture_brings_its_looks_and_names_along() {
        let plot = Chart::new("Load").line("a", [(0.0, 1.0), (1.0, 2.0)]).line("b", [(0.0, 2.0)]).to_svg();
        let picture = picture(&plot, &["a", "<b>"]);
        assert!(picture.starts_with("<svg xmlns=") && picture.contains("<style>"), "{picture}");
        assert!(picture.contains(">a</text>") && picture.contains("&lt;b&gt;"), "{picture}");
        assert_eq!(picture.matches("class=\"line\"").count(), 4, "{picture}");
    }
}
