//! What a browser asks before it sends: the preflight of a part from another origin (Fetch standard, "CORS-preflight
//! fetch").

use http::Method;

use super::bench::{Bench, Reply, Untried};
use crate::objects::REQUEST_HEADERS;

/// What the store answers to a browser's question.
#[derive(Debug)]
pub struct Preflight {
    /// Whether the browser would go on and send.
    pub allowed: bool,
    /// The answer in a few words.
    pub found: String,
}

/// Asks whether a page of `origin` may send parts and whole recordings.
pub async fn preflight(bench: &Bench, origin: &str) -> Result<Preflight, Untried> {
    let signed = bench.object(&bench.key("preflight"), 1, None)?;
    let wanted: Vec<&str> = REQUEST_HEADERS.into_iter().filter(|name| *name != "range").collect();
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", &wanted.join(",")),
    ];
    let reply = bench.send(Method::OPTIONS, &signed.url, &headers, &[]).await?;
    let found = match objection(&reply, origin, &wanted) {
        None => return Ok(Preflight { allowed: true, found: format!("{origin} may send") }),
        Some(objection) => format!("{origin} may not send: {objection}"),
    };
    Ok(Preflight { allowed: false, found })
}

fn objection(reply: &Reply, origin: &str, wanted: &[&str]) -> Option<String> {
    if reply.is_refusal() {
        return Some(format!("the preflight is refused, {}", reply.in_short()));
    }
    let list = |name| -> Vec<String> {
        let text = reply.header(name).unwrap_or_default();
        text.split(',').map(|item| item.trim().to_ascii_lowercase()).collect()
    };
    let allows = |list: &[String], item: &str| list.iter().any(|allowed| allowed == item || allowed == "*");
    if !allows(&list("access-control-allow-origin"), origin) {
        return Some("the origin is not allowed".to_owned());
    }
    if !allows(&list("access-control-allow-methods"), "put") {
        return Some("PUT is not allowed".to_owned());
    }
    let headers = list("access-control-allow-headers");
    let missing = wanted.iter().find(|name| !allows(&headers, name));
    missing.map(|name| format!("the header {name} is not allowed"))
}
