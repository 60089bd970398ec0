//! GetBucketLifecycle and PutBucketLifecycle: what the store cleans up by itself. Putting replaces all
//! rules, so rules that somebody else wrote are kept as they were read.

use http::Method;

use crate::error::Error;
use crate::request::{Call, Operation, Response};
use crate::xml::{Element, Writer};

/// Asks for the rules. None at all is a refusal, [`ErrorCode::NoSuchLifecycleConfiguration`].
///
/// [`ErrorCode::NoSuchLifecycleConfiguration`]: crate::ErrorCode::NoSuchLifecycleConfiguration
#[derive(Clone, Copy, Debug, Default)]
pub struct GetBucketLifecycle;

/// Replaces the rules.
#[derive(Clone, Copy, Debug)]
pub struct PutBucketLifecycle<'a> {
    /// All of them, at most 1,000.
    pub rules: &'a [LifecycleRule],
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LifecycleRule {
    /// A rule that this crate understands entirely.
    Prefix(PrefixRule),
    /// Any other rule; it is written back as it was read.
    Foreign(ForeignRule),
}

/// A rule over all keys of a prefix. Days round up to midnight UTC, and stores take their time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrefixRule {
    /// Its name, unique in the bucket.
    pub id: String,
    /// Whether it is in force.
    pub enabled: bool,
    /// The keys it is for; empty for all.
    pub prefix: String,
    /// Objects are deleted at this age, in days.
    pub expire_days: Option<u32>,
    /// Uploads are aborted at this age, in days.
    pub abort_incomplete_days: Option<u32>,
}

/// A rule with parts that this crate does not understand (tags, transitions, versions, dates).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignRule(Element);

impl ForeignRule {
    /// Its name, if it has one.
    pub fn id(&self) -> Option<&str> {
        self.0.filled("ID")
    }
}

impl Operation for GetBucketLifecycle {
    type Answer = Vec<LifecycleRule>;

    fn call(&self) -> Call<'_> {
        Call::new(Method::GET, "").query("lifecycle", "")
    }

    fn answer(&self, response: &Response<'_>) -> Result<Vec<LifecycleRule>, Error> {
        Ok(response.document("LifecycleConfiguration")?.all("Rule").map(rule).collect())
    }
}

impl Operation for PutBucketLifecycle<'_> {
    type Answer = ();

    fn call(&self) -> Call<'_> {
        let body = Writer::document("LifecycleConfiguration", |xml| {
            for rule in self.rules {
                match rule {
                    LifecycleRule::Prefix(rule) => xml.element("Rule", |xml| write(rule, xml)),
                    LifecycleRule::Foreign(ForeignRule(element)) => xml.tree(element),
                }
            }
        });
        Call::new(Method::PUT, "").query("lifecycle", "").xml(body)
    }

    fn answer(&self, response: &Response<'_>) -> Result<(), Error> {
        response.success()
    }
}

fn rule(element: &Element) -> LifecycleRule {
    prefix_rule(element)
        .map_or_else(|| LifecycleRule::Foreign(ForeignRule(element.clone())), LifecycleRule::Prefix)
}

/// `None` when the rule says more than a [`PrefixRule`] can hold.
fn prefix_rule(element: &Element) -> Option<PrefixRule> {
    const KNOWN: [&str; 6] =
        ["ID", "Status", "Filter", "Prefix", "Expiration", "AbortIncompleteMultipartUpload"];
    let known = element.children().all(|child| KNOWN.contains(&child.name.as_str()));
    let prefix = match element.child("Filter") {
        Some(filter) => only(filter, "Prefix")?,
        None => element.text_of("Prefix"),
    };
    let days = |name, unit| {
        element.child(name).map(|child| only(child, unit)?.and_then(|days| days.trim().parse().ok()))
    };
    known.then_some(PrefixRule {
        id: element.text_of("ID").unwrap_or_default().to_owned(),
        enabled: element.text_of("Status") == Some("Enabled"),
        prefix: prefix.unwrap_or_default().to_owned(),
        expire_days: sound(days("Expiration", "Days"))?,
        abort_incomplete_days: sound(days("AbortIncompleteMultipartUpload", "DaysAfterInitiation"))?,
    })
}

/// The text of the only child, which must have that name; `None` when there is anything else.
fn only<'a>(element: &'a Element, name: &str) -> Option<Option<&'a str>> {
    element.children().all(|child| child.name == name).then(|| element.text_of(name))
}

/// Absent is fine, present and unreadable is not.
fn sound(days: Option<Option<u32>>) -> Option<Option<u32>> {
    match days {
        None => Some(None),
        Some(days) => days.map(Some),
    }
}

fn write(rule: &PrefixRule, xml: &mut Writer) {
    if let Some(days) = rule.abort_incomplete_days {
        xml.element("AbortIncompleteMultipartUpload", |xml| {
            xml.leaf("DaysAfterInitiation", &days.to_string());
        });
    }
    if let Some(days) = rule.expire_days {
        xml.element("Expiration", |xml| xml.leaf("Days", &days.to_string()));
    }
    xml.element("Filter", |xml| xml.leaf("Prefix", &rule.prefix));
    if !rule.id.is_empty() {
        xml.leaf("ID", &rule.id);
    }
    xml.leaf("Status", if rule.enabled { "Enabled" } else { "Disabled" });
}
