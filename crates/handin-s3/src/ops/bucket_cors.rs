//! GetBucketCors and PutBucketCors: which web pages may reach the bucket. Putting replaces all rules.

use http::Method;

use crate::error::Error;
use crate::request::{Call, Operation, Response};
use crate::xml::{Element, Writer};

/// Asks for the rules. None at all is a refusal, [`ErrorCode::NoSuchCORSConfiguration`].
///
/// [`ErrorCode::NoSuchCORSConfiguration`]: crate::ErrorCode::NoSuchCORSConfiguration
#[derive(Clone, Copy, Debug, Default)]
pub struct GetBucketCors;

/// Replaces the rules.
#[derive(Clone, Copy, Debug)]
pub struct PutBucketCors<'a> {
    /// All of them, at most 100.
    pub rules: &'a [CorsRule],
}

/// One rule: who may do what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorsRule {
    /// A name, for people.
    pub id: Option<String>,
    /// Origins, each with at most one `*`.
    pub origins: Vec<String>,
    /// Methods: GET, PUT, POST, DELETE, HEAD.
    pub methods: Vec<String>,
    /// Request headers, each with at most one `*`.
    pub headers: Vec<String>,
    /// Response headers that pages may read.
    pub expose: Vec<String>,
    /// How long a browser may keep a preflight's answer, in seconds.
    pub max_age_s: Option<u32>,
}

impl Operation for GetBucketCors {
    type Answer = Vec<CorsRule>;

    fn call(&self) -> Call<'_> {
        Call::new(Method::GET, "").query("cors", "")
    }

    fn answer(&self, response: &Response<'_>) -> Result<Vec<CorsRule>, Error> {
        Ok(response.document("CORSConfiguration")?.all("CORSRule").map(rule).collect())
    }
}

impl Operation for PutBucketCors<'_> {
    type Answer = ();

    fn call(&self) -> Call<'_> {
        let body = Writer::document("CORSConfiguration", |xml| {
            for rule in self.rules {
                xml.element("CORSRule", |xml| write(rule, xml));
            }
        });
        Call::new(Method::PUT, "").query("cors", "").xml(body)
    }

    fn answer(&self, response: &Response<'_>) -> Result<(), Error> {
        response.success()
    }
}

fn rule(element: &Element) -> CorsRule {
    let texts = |name| element.all(name).map(|child| child.text().to_owned()).collect();
    CorsRule {
        id: element.filled("ID").map(str::to_owned),
        origins: texts("AllowedOrigin"),
        methods: texts("AllowedMethod"),
        headers: texts("AllowedHeader"),
        expose: texts("ExposeHeader"),
        max_age_s: element.value("MaxAgeSeconds"),
    }
}

fn write(rule: &CorsRule, xml: &mut Writer) {
    let lists = [
        ("AllowedHeader", &rule.headers),
        ("AllowedMethod", &rule.methods),
        ("AllowedOrigin", &rule.origins),
        ("ExposeHeader", &rule.expose),
    ];
    if let Some(id) = &rule.id {
        xml.leaf("ID", id);
    }
    for (name, texts) in lists {
        texts.iter().for_each(|text| xml.leaf(name, text));
    }
    if let Some(seconds) = rule.max_age_s {
        xml.leaf("MaxAgeSeconds", &seconds.to_string());
    }
}
