//! Which web pages may talk to a bucket: the rules, and what they answer to a browser.
//!
//! It knows neither buckets nor requests as such. Rules: S3 user guide, "Using cross-origin resource
//! sharing"; headers: the Fetch standard, "CORS protocol".

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
};
use http::header::{HeaderMap, HeaderName, HeaderValue, VARY};
use serde::{Deserialize, Serialize};

/// One rule of a bucket's CORS configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Rule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// Each may hold one `*`.
    pub(crate) origins: Vec<String>,
    pub(crate) methods: Vec<String>,
    /// Each may hold one `*`. Case does not matter.
    pub(crate) headers: Vec<String>,
    pub(crate) expose: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_age_s: Option<i32>,
}

/// What a browser asks: from where, which method, with which headers.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) origin: String,
    pub(crate) method: String,
    pub(crate) headers: Vec<String>,
}

impl Question {
    /// Reads a preflight; `None` when it lacks an origin or a method.
    pub(crate) fn preflight(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        Some(Self {
            origin: text("origin")?.to_owned(),
            method: text("access-control-request-method")?.to_owned(),
            headers: text("access-control-request-headers")
                .unwrap_or_default()
                .split(',')
                .map(|name| name.trim().to_ascii_lowercase())
                .filter(|name| !name.is_empty())
                .collect(),
        })
    }

    /// The same question as an actual request puts it: its headers were asked about before.
    pub(crate) fn actual(origin: &str, method: &str) -> Self {
        Self { origin: origin.to_owned(), method: method.to_owned(), headers: Vec::new() }
    }
}

/// The first rule that allows what is asked.
pub(crate) fn matching<'r>(rules: &'r [Rule], question: &Question) -> Option<&'r Rule> {
    rules.iter().find(|rule| rule.allows(question))
}

impl Rule {
    fn allows(&self, question: &Question) -> bool {
        let matches = |patterns: &[String], text: &str| patterns.iter().any(|pattern| fits(pattern, text));
        matches(&self.origins, &question.origin)
            && self.methods.contains(&question.method)
            && question
                .headers
                .iter()
                .all(|header| self.headers.iter().any(|pattern| fits(&pattern.to_ascii_lowercase(), header)))
    }

    /// The headers that answer an actual request.
    pub(crate) fn answer(&self, question: &Question) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let any = self.origins.iter().any(|origin| origin == "*");
        set(&mut headers, ACCESS_CONTROL_ALLOW_ORIGIN, if any { "*" } else { &question.origin });
        if !any {
            set(&mut headers, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
        set(&mut headers, ACCESS_CONTROL_ALLOW_METHODS, &self.methods.join(", "));
        if !self.expose.is_empty() {
            set(&mut headers, ACCESS_CONTROL_EXPOSE_HEADERS, &self.expose.join(", "));
        }
        if let Some(seconds) = self.max_age_s {
            set(&mut headers, ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
        }
        set(&mut headers, VARY, "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
        headers
    }

    /// The headers that answer a preflight.
    pub(crate) fn answer_preflight(&self, question: &Question) -> HeaderMap {
        let mut headers = self.answer(question);
        if !question.headers.is_empty() {
            set(&mut headers, ACCESS_CONTROL_ALLOW_HEADERS, &question.headers.join(", "));
        }
        headers
    }

    /// Why the rule cannot be stored, if it cannot.
    pub(crate) fn fault(&self) -> Option<String> {
        let starred = |text: &&String| text.matches('*').count() > 1;
        if let Some(text) = self.origins.iter().chain(&self.headers).find(starred) {
            return Some(format!("{text:?} can not have more than one wildcard."));
        }
        let known = ["GET", "PUT", "POST", "DELETE", "HEAD"];
        let unknown = self.methods.iter().find(|method| !known.contains(&method.as_str()))?;
        Some(format!("Found unsupported HTTP method in CORS config. Unsupported method is {unknown}"))
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // A value that came in as a header can go out as one; the rules hold nothing else.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => {
            text.len() >= before.len() + after.len() && text.starts_with(before) && text.ends_with(after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(fits("*", "https://a.test"));
        assert!(fits("https://*.test", "https://a.b.test"));
        assert!(fits("x-amz-*", "x-amz-meta-a"));
        assert!(!fits("https://*.test", "https://a.tests"));
        assert!(!fits("aa*aa", "aaa"));
    }

    #[test]
    fn the_first_rule_that_allows_everything_asked_answers() {
        let rule = |origin: &str, method: &str| Rule {
            origins: vec![origin.to_owned()],
            methods: vec![method.to_owned()],
            headers: vec!["Content-*".to_owned()],
            ..Rule::default()
        };
        let rules = [rule("https://a.test", "GET"), rule("https://a.test", "PUT")];
        let mut question = Question::actual("https://a.test", "PUT");
        question.headers = vec!["content-type".to_owned()];
        assert_eq!(matching(&rules, &question), Some(&rules[1]));
        question.headers = vec!["x-other".to_owned()];
        assert_eq!(matching(&rules, &question), None);
        assert_eq!(matching(&rules, &Question::actual("https://b.test", "GET")), None);
    }
}
