//! Self-contained HTML pages with plots: what `handin bench` and `handin plan` hand to people who were not there.
//!
//! Plain functions that write HTML and SVG. A page needs no script, no font and no network; it prints, it follows the
//! reader's dark mode, and every plot has its numbers beside it. Refuses to know what is measured, in which language it
//! is told, and where the page goes: words come in as strings, the page goes out as one.
//!
//! ```
//! use handin::report::{Chart, Page};
//! let chart = Chart::new("Load on the link").x("time from the bell, s").y("MB/s").line("handin", [(0.0, 4.0), (9.0, 5.0)]);
//! let page = Page::new("en", "Ringing the bell").section("Load", [chart.to_html()]).to_string();
//! assert!(page.starts_with("<!doctype html>"));
//! ```

mod page;
mod chart;
mod bars;
mod sample;
mod scale;
mod html;
mod picture;

pub use bars::Bars;
pub use chart::Chart;
pub use html::{Html, Table, paragraph};
pub use page::Page;
pub use picture::picture;
pub use sample::{ecdf, histogram, quantile, thin};
pub use scale::number;

/// How many colours there are; further series begin again with the first, told apart by their dashes.
const COLOURS: usize = 6;
