//! What goes to the two streams. The only place that writes to them.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

/// A line of data on standard output. A reader that has gone away is no failure of ours.
///
/// # Errors
/// When it cannot be written for another reason.
pub fn say(line: &str) -> io::Result<()> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Data as one line of JSON.
///
/// # Errors
/// When it cannot be written.
pub fn say_json(data: &impl Serialize) -> anyhow::Result<()> {
    Ok(say(&serde_json::to_string(data)?)?)
}

/// A line for people on standard error; there is nobody to tell when that fails.
pub fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Rows with a heading, in columns as wide as their widest cell.
pub fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| places(cell));
        cells.chain([places(heading[column])]).max().unwrap_or_default()
    };
    let line = |cells: Vec<&str>| {
        let padded = cells
            .iter()
            .enumerate()
            .map(|(column, cell)| format!("{cell}{}", " ".repeat(width(column) - places(cell))));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let head = std::iter::once(line(heading.to_vec()));
    let body = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    head.chain(body).collect::<Vec<_>>().join("\n")
}

/// A field of an answer as a cell of a table; empty where it is absent.
pub fn text(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// How many places of a terminal a text takes: letters of Korean, Chinese and Japanese take two.
fn places(text: &str) -> usize {
    text.chars().map(|letter| if letter > '\u{2fff}' { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["a".to_owned(), "1".to_owned()], vec!["long".to_owned(), "22".to_owned()]];
        assert_eq!(super::table(&["id", "n"], &rows), "id    n\na     1\nlong  22");
    }

    #[test]
    fn a_letter_of_korean_takes_two_places() {
        let rows = [vec!["시험".to_owned(), "1".to_owned()], vec!["exam".to_owned(), "2".to_owned()]];
        assert_eq!(super::table(&["id", "n"], &rows), "id    n\n시험  1\nexam  2");
    }
}
