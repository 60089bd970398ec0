//! Line charts: series over one pair of axes, with their key and their numbers.

use std::fmt::Write as _;

use super::COLOURS;
use super::html::{Html, Table, escape};
use super::sample::{range, thin};
use super::scale::{Scale, number};

/// Pixels of the drawing; it is scaled to the width of the page.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 320.0;
/// Room for what stands below the frame, above it, and at its right.
const BELOW: f64 = 44.0;
const ABOVE: f64 = 18.0;
const RIGHT: f64 = 18.0;
/// About the width of a digit of the labels.
const DIGIT: f64 = 7.2;
/// More points than this no screen shows apart.
const MOST_POINTS: usize = 800;
/// How many rows the numbers have at most.
const ROWS: usize = 11;
/// Told apart without colours, too.
const DASHES: [&str; 4] = ["", "7 4", "2 3", "10 3 2 3"];

/// A line chart; [`Chart::to_html`] draws it.
#[derive(Debug, Clone, Default)]
pub struct Chart {
    title: String,
    says: String,
    x: String,
    y: String,
    numbers: String,
    log_x: bool,
    y_from: Option<f64>,
    y_to: Option<f64>,
    series: Vec<Series>,
    marks: Vec<(f64, String)>,
}

#[derive(Debug, Clone)]
struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    stepped: bool,
}

impl Chart {
    /// An empty chart. Its vertical axis begins at 0 unless a value lies below.
    pub fn new(title: impl Into<String>) -> Chart {
        Chart { title: title.into(), numbers: "Numbers".to_owned(), ..Chart::default() }
    }

    /// What there is to see, in a sentence.
    pub fn says(mut self, says: impl Into<String>) -> Chart {
        self.says = says.into();
        self
    }

    /// What the horizontal axis is, with its unit.
    pub fn x(mut self, label: impl Into<String>) -> Chart {
        self.x = label.into();
        self
    }

    /// What the vertical axis is, with its unit.
    pub fn y(mut self, label: impl Into<String>) -> Chart {
        self.y = label.into();
        self
    }

    /// A logarithmic horizontal axis; values that are not positive stand at its left end.
    pub fn log_x(mut self) -> Chart {
        self.log_x = true;
        self
    }

    /// Where the vertical axis begins and ends, whatever the values.
    pub fn y_range(mut self, from: f64, to: f64) -> Chart {
        (self.y_from, self.y_to) = (Some(from), Some(to));
        self
    }

    /// What opens the table of numbers, in the page's language; `Numbers` if not said.
    pub fn numbers(mut self, word: impl Into<String>) -> Chart {
        self.numbers = word.into();
        self
    }

    /// A series of points, sorted by x, with straight lines between them.
    pub fn line(self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Chart {
        self.series(name, points, false)
    }

    /// A series whose value holds until the next point: counts, distributions.
    pub fn steps(self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Chart {
        self.series(name, points, true)
    }

    /// A vertical line with a word, such as the bell.
    pub fn mark(mut self, x: f64, word: impl Into<String>) -> Chart {
        self.marks.push((x, word.into()));
        self
    }

    fn series(
        mut self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
        stepped: bool,
    ) -> Chart {
        let finite = |point: &(f64, f64)| point.0.is_finite() && point.1.is_finite();
        let points: Vec<_> = points.into_iter().filter(finite).collect();
        self.series.push(Series { name: name.into(), points: thin(&points, MOST_POINTS), stepped });
        self
    }

    /// The drawing as a figure: caption, key, plot, and the numbers in a table that can be opened.
    pub fn to_html(&self) -> Html {
        let (title, says) = (escape(&self.title), escape(&self.says));
        let says = if says.is_empty() { says } else { format!("<p>{says}</p>") };
        let word = escape(&self.numbers);
        let (key, plot, table) = (self.key(), self.to_svg(), self.table());
        Html::trusted(format!(
            "<figure>\n<figcaption>{title}{says}</figcaption>\n{key}{plot}<details><summary>{word}</summary>{table}</details>\n</figure>\n"
        ))
    }

    /// The plot alone.
    pub fn to_svg(&self) -> Html {
        let (x, y, left) = self.scales();
        let mut body = self.axes(x, y, left);
        for (mark, word) in &self.marks {
            let at = x.at(*mark);
            let (word, bottom) = (escape(word), HEIGHT - BELOW);
            // The word stands on the side where there is room for it.
            let (anchor, shift) = if at > WIDTH * 0.8 { ("end", -4.0) } else { ("start", 4.0) };
            // Writing to a string cannot fail.
            let _ = writeln!(
                body,
                "<path class=\"mark\" d=\"M{at:.1} {ABOVE}V{bottom}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{word}</text>",
                at + shift,
                ABOVE + 11.0
            );
        }
        for (place, series) in self.series.iter().enumerate() {
            let path = series.path(x, y);
            let style = stroke(place);
            let _ = writeln!(body, "<path class=\"line\" {style} d=\"{path}\"/>");
        }
        let (title, says) = (escape(&self.title), escape(&self.says));
        Html::trusted(format!(
            "<svg class=\"plot\" role=\"img\" aria-label=\"{title}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\"><title>{title}</title><desc>{says}</desc>\n{body}</svg>\n"
        ))
    }

    fn scales(&self) -> (Scale, Scale, f64) {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let marks = self.marks.iter().map(|mark| mark.0);
        let positive = |x: &f64| !self.log_x || *x > 0.0;
        let xs = range(points().map(|point| point.0).chain(marks).filter(positive));
        let (low, high) = range(points().map(|point| point.1));
        let ys = (self.y_from.unwrap_or(low.min(0.0)), self.y_to.unwrap_or(high));
        let y = Scale::new(ys, (HEIGHT - BELOW, ABOVE), false);
        let widest = y.ticks(6).iter().map(|tick| number(*tick).chars().count()).max().unwrap_or(1);
        let left = 30.0 + DIGIT * widest as f64;
        (Scale::new(xs, (left, WIDTH - RIGHT), self.log_x), y, left)
    }

    fn axes(&self, x: Scale, y: Scale, left: f64) -> String {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BELOW);
        let mut body = String::new();
        for tick in y.ticks(6) {
            let (at, label) = (y.at(tick), number(tick));
            let _ = writeln!(
                body,
                "<path class=\"grid\" d=\"M{left:.1} {at:.1}H{right}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                left - 6.0,
                at + 4.0
            );
        }
        for tick in x.ticks(8) {
            let (at, label) = (x.at(tick), number(tick));
            let _ = writeln!(
                body,
                "<path class=\"grid\" d=\"M{at:.1} {bottom}v5\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
                bottom + 18.0
            );
        }
        let (middle, height) = ((left + right) / 2.0, (ABOVE + bottom) / 2.0);
        let (x_name, y_name) = (escape(&self.x), escape(&self.y));
        let _ = writeln!(
            body,
            "<text x=\"{middle:.1}\" y=\"{}\" text-anchor=\"middle\">{x_name}</text>\n<text transform=\"translate(13 {height:.1}) rotate(-90)\" text-anchor=\"middle\">{y_name}</text>",
            HEIGHT - 6.0
        );
        body
    }

    fn key(&self) -> String {
        if self.series.len() < 2 {
            return String::new();
        }
        let entry = |(place, series): (usize, &Series)| {
            let (style, name) = (stroke(place), escape(&series.name));
            format!(
                "<li><svg viewBox=\"0 0 32 10\" aria-hidden=\"true\"><path class=\"line\" {style} d=\"M0 5H32\"/></svg>{name}</li>"
            )
        };
        format!("<ul class=\"key\">{}</ul>\n", self.series.iter().enumerate().map(entry).collect::<String>())
    }

    /// The series at a few places of the horizontal axis.
    fn table(&self) -> Html {
        let (x, ..) = self.scales();
        let mut places = x.ticks(ROWS - 1);
        places.truncate(ROWS);
        let names = self.series.iter().map(|series| series.name.clone());
        let table = Table::new(std::iter::once(self.x.clone()).chain(names)).caption(&self.y);
        let row = |place: f64| {
            let value = |series: &Series| series.value_at(place).map_or("–".to_owned(), number);
            std::iter::once(number(place)).chain(self.series.iter().map(value)).collect::<Vec<_>>()
        };
        places.into_iter().fold(table, |table, place| table.row(row(place))).to_html()
    }
}

impl Series {
    fn path(&self, x: Scale, y: Scale) -> String {
        let mut path = String::new();
        for (place, point) in self.points.iter().enumerate() {
            let (across, up) = (x.at(point.0), y.at(point.1));
            let _ = match (place, self.stepped) {
                (0, _) => write!(path, "M{across:.1} {up:.1}"),
                (_, true) => write!(path, "H{across:.1}V{up:.1}"),
                (_, false) => write!(path, "L{across:.1} {up:.1}"),
            };
        }
        path
    }

    /// The value at a place between the first and the last point.
    fn value_at(&self, x: f64) -> Option<f64> {
        let next = self.points.partition_point(|point| point.0 <= x);
        let before = self.points.get(next.checked_sub(1)?)?;
        match self.points.get(next) {
            Some(_) if self.stepped => Some(before.1),
            Some(after) => Some(before.1 + (after.1 - before.1) * (x - before.0) / (after.0 - before.0)),
            // Beyond its end a distribution stays where it is; anything else is not known there.
            None => (self.stepped || before.0 == x).then_some(before.1),
        }
    }
}

pub(super) fn stroke(place: usize) -> String {
    let colour = place % COLOURS;
    match DASHES[place % DASHES.len()] {
        "" => format!("stroke=\"var(--c{colour})\""),
        dashes => format!("stroke=\"var(--c{colour})\" stroke-dasharray=\"{dashes}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_chart_is_drawn_like_this() {
        let chart = Chart::new("Load").says("It falls.").x("s").y("MB/s").mark(1.0, "bell");
        let chart = chart.line("before", [(0.0, 0.0), (2.0, 10.0)]).steps("handin", [(0.0, 4.0), (1.0, 5.0)]);
        insta::assert_snapshot!(chart.to_html());
    }

    #[test]
    fn names_are_escaped_wherever_they_stand() {
        let nasty = "<b>\"";
        let chart = Chart::new(nasty).says(nasty).x(nasty).y(nasty).numbers(nasty).mark(1.0, nasty);
        let html = chart.line(nasty, [(1.0, 1.0)]).line(nasty, []).to_html().to_string();
        assert!(!html.contains(nasty) && !html.contains("<b>"), "{html}");
    }

    #[test]
    fn charts_of_nothing_of_one_point_and_of_infinities_are_drawn() {
        let infinite = [(f64::NAN, 1.0), (1.0, f64::INFINITY)];
        for chart in [
            Chart::new("none"),
            Chart::new("one").line("a", [(3.0, 3.0)]),
            Chart::new("endless").line("a", infinite),
        ] {
            for chart in [chart.clone(), chart.log_x()] {
                let html = chart.to_html().to_string();
                assert!(!html.contains("NaN") && !html.contains("inf\""), "{html}");
            }
        }
    }

    #[test]
    fn the_numbers_are_those_of_the_lines() {
        let line = Series { name: String::new(), points: vec![(0.0, 0.0), (2.0, 10.0)], stepped: false };
        let steps = Series { stepped: true, ..line.clone() };
        assert_eq!(
            [line.value_at(1.0), line.value_at(2.0), line.value_at(3.0), line.value_at(-1.0)],
            [Some(5.0), Some(10.0), None, None]
        );
        assert_eq!([steps.value_at(1.0), steps.value_at(3.0)], [Some(0.0), Some(10.0)]);
    }
}
