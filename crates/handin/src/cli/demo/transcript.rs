//! What the demonstration prints: at most 80 columns, colours on a terminal only. Pure text; knows nothing of how it
//! came about.

use std::io::IsTerminal;
use std::path::Path;

use super::Shown;
use super::record::{Kept, Sat};
use crate::cli::upload::progress::mib;

/// How words are marked.
#[derive(Debug, Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    /// Colours if stdout is a terminal that wants them (see no-color.org).
    pub fn detect() -> Paint {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Paint(wanted && std::io::stdout().is_terminal())
    }

    fn mark(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// A heading.
    pub fn bold(self, text: &str) -> String {
        self.mark("1", text)
    }

    /// Something beside the point.
    pub fn dim(self, text: &str) -> String {
        self.mark("2", text)
    }

    /// As it should be, or not.
    pub fn verdict(self, good: bool, text: &str) -> String {
        self.mark(if good { "32" } else { "31;1" }, text)
    }
}

/// Where everything is.
pub fn start(api: &str, store: &str, folder: &Path, paint: Paint) -> String {
    format!(
        "{}\n  API      {api}\n  store    {store}\n  folder   {}\n",
        paint.bold("handin is running"),
        folder.display()
    )
}

/// What is about to be recorded.
pub fn exam(id: &str, candidates: usize, paint: Paint) -> String {
    paint.bold(&format!("Exam {id}: {candidates} candidates, each with a webcam and a screen")) + "\n"
}

/// What can be opened now; URLs stand alone on their lines, whatever their length, so that they can be copied.
pub fn next(shown: &Shown, api: &str, api_key: &str, paint: Paint) -> String {
    let Shown { exam, watch, page_url } = shown;
    let title = |text| paint.bold(text);
    format!(
        "{}\n{watch}\n\n{}\n{page_url}\n\n{}\n  {api}/openapi.json\n  {api}/metrics\n  \
         curl -H 'Authorization: Bearer {api_key}' \\\n    {api}/v1/exams/{exam}/recordings\n\n{}",
        title("Watch the first recording (for an hour)"),
        title("Record as a candidate, in this browser"),
        title("Look around"),
        paint.dim("Serving until you press Ctrl-C."),
    )
}

/// One recording in four lines.
pub fn recording(kept: &Kept, paint: Paint) -> String {
    let (delivered, stated) = (&kept.delivered, &kept.delivered.stated);
    let title = format!("{} {:<7} {:<7}", stated.candidate, stated.track, delivered.upload);
    let parts = if stated.parts == 1 { "part" } else { "parts" };
    let size = format!("{:>10} in {} {parts}", mib(stated.size), stated.parts);
    let state = paint.verdict(stated.state == "sealed", &stated.state);
    let same = match kept.is_identical() {
        true => paint.verdict(true, "the source, byte for byte"),
        false => paint.verdict(false, &format!("NOT the source ({})", short(&kept.film_sha256))),
    };
    format!(
        "{}{size}  {state}\n  key      {}\n  object   {} bytes, sha256 {}: {same}\n  receipt  {} {}\n",
        paint.bold(&title),
        stated.key,
        kept.object_size,
        short(&kept.object_sha256),
        paint.dim(&format!("{}…", delivered.receipt.get(..34).unwrap_or(&delivered.receipt))),
        paint.verdict(true, "signature verified offline"),
    )
}

/// What all of it proves.
pub fn proof(sittings: &[Sat], paint: Paint) -> String {
    let kept: Vec<_> = sittings.iter().flat_map(|sitting| &sitting.kept).collect();
    let sealed = kept.iter().filter(|one| one.delivered.stated.state == "sealed").count();
    let identical = kept.iter().filter(|one| one.is_identical()).count();
    let stored: u64 = kept.iter().map(|one| one.object_size).sum();
    let api: u64 = sittings.iter().map(|sitting| sitting.api_bytes).sum();
    let count = |good: usize| paint.verdict(good == kept.len(), &format!("{good} of {}", kept.len()));
    format!(
        "{}\n  {} sealed, their receipts verified with the server's public keys\n  \
         {} downloaded again by link are what was recorded\n  \
         {} of JSON passed the API for {} in the store:\n  \
         {:.4} bytes per byte stored (a server that proxies: 1)\n",
        paint.bold("Proof"),
        count(sealed),
        count(identical),
        mib(api),
        mib(stored),
        api as f64 / stored.max(1) as f64,
    )
}

/// The beginning of a digest, enough to compare by eye.
fn short(digest: &str) -> String {
    format!("{}…", digest.get(..12).unwrap_or(digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::upload::deliver::Delivered;
    use crate::cli::upload::receipt::Receipt;

    fn kept(object_sha256: &str) -> Kept {
        let stated = Receipt {
            id: "01JD8Z0QX3V5T9K2M4N6P8R0SW".into(),
            exam: "demo-0a1b2c".into(),
            subject: "coding".into(),
            candidate: "C-001".into(),
            track: "webcam".into(),
            take: 1,
            key: "webcam/b3/2026-11-22/demo-0a1b2c/coding/C-001/01JD8Z0QX3V5T9K2M4N6P8R0SW.webm".into(),
            size: 307_131,
            sha256_parts: None,
            parts: 1,
            state: "sealed".into(),
            sealed_at: "2026-11-22T05:00:00Z".into(),
            replaces: None,
        };
        let receipt = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSIsImtpZCI6ImEifQ".into();
        let delivered = Delivered { upload: "stream".into(), resumed_bytes: 0, stated, receipt };
        let (film_sha256, object_sha256) = ("ab".repeat(32), object_sha256.to_owned());
        Kept { delivered, film_size: 7, film_sha256, object_size: 7, object_sha256, link: String::new() }
    }

    #[test]
    fn no_line_is_wider_than_a_terminal_but_for_a_long_key() {
        let sat = Sat { kept: vec![kept(&"ab".repeat(32))], api_bytes: 3 };
        let text = recording(&sat.kept[0], Paint(false)) + &proof(&[sat], Paint(false));
        let wide: Vec<_> =
            text.lines().filter(|line| line.chars().count() > 80 && !line.contains(" key ")).collect();
        assert_eq!(wide, Vec::<&str>::new());
        assert!(text.contains("1 of 1 downloaded"), "{text}");
    }

    #[test]
    fn another_object_is_called_so() {
        let sat = Sat { kept: vec![kept(&"cd".repeat(32))], api_bytes: 3 };
        assert!(recording(&sat.kept[0], Paint(false)).contains("NOT the source"));
        assert!(proof(&[sat], Paint(false)).contains("0 of 1 downloaded"));
    }
}
