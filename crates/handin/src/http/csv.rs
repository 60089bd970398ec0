//! Comma-separated values (RFC 4180) as spreadsheets write them: quotes, a byte order mark, any line break.

/// Splits text into records of fields; a record without any text is left out. `None` if a quote is never closed.
pub fn parse(text: &str) -> Option<Vec<Vec<String>>> {
    let mut records = Vec::new();
    let mut record = vec![String::new()];
    let mut quoted = false;
    let mut characters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(character) = characters.next() {
        let field = record.last_mut()?;
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => record.push(String::new()),
            '\r' if !quoted && characters.peek() == Some(&'\n') => {}
            '\n' if !quoted => records.push(std::mem::replace(&mut record, vec![String::new()])),
            other => field.push(other),
        }
    }
    records.push(record);
    records.retain(|record| record.iter().any(|field| !field.trim().is_empty()));
    (!quoted).then_some(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_spreadsheets_write() {
        let text = "\u{feff}candidate,name\r\nc1,\"Kim, \"\"M\"\"\"\n\nc2,\"two\nlines\"\r\nc3,";
        let expected =
            [vec!["candidate", "name"], vec!["c1", "Kim, \"M\""], vec!["c2", "two\nlines"], vec!["c3", ""]];
        assert_eq!(parse(text).unwrap(), expected);
        assert_eq!(parse("").unwrap(), Vec::<Vec<String>>::new());
        assert_eq!(parse("a,\"b"), None);
    }
}
