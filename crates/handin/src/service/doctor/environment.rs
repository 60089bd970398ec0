//! What depends on the installation and not on the make of the store: that it is reached, that clocks agree, and that
//! the bucket has the rules that browsers and forgotten uploads need.

use http::Method;

use super::bench::{Bench, TTL, Untried};
use super::browser::preflight;
use super::probes::Finding;
use super::{Check, Wishes};
use crate::objects::capabilities::{Capability, Weight};
use crate::objects::{ErrorKind, aborts_incomplete, expires_rehearsals};

/// A URL that lives ten minutes loses a tenth of its life when clocks are this far apart.
const NEAR_S: i64 = 60;
/// S3 refuses signatures that are further off than 15 minutes; URLs of ten minutes fail before that.
const FAR_S: i64 = 300;
/// Stands for any origin in the preflight where every origin is allowed.
const ANY_ORIGIN: &str = "https://handin.example";

/// Bucket, addresses and clock: without these nothing else can be asked.
pub(super) async fn reach(bench: &Bench, wishes: &Wishes) -> Vec<Check> {
    let bucket = Check::new(
        "bucket",
        Weight::Essential,
        "the bucket exists and our credentials reach it",
        bucket(bench, wishes).await,
        "check endpoint, region, bucket and keys; --fix creates a missing bucket",
    );
    if !bucket.passed {
        return vec![bucket];
    }
    let (public, offset) = public_address(bench).await;
    let public = Check::new(
        "public-address",
        Weight::Essential,
        "the address that browsers use leads to the same bucket",
        public,
        "check store.public_endpoint; if this machine cannot reach that address, run the doctor where browsers are",
    );
    let far = offset.is_some_and(|seconds| seconds.abs() > FAR_S);
    let clock = Check::new(
        "clock",
        if far { Weight::Essential } else { Weight::Wanted },
        "this machine and the store agree on the time within a minute",
        judge_clock(offset),
        "set the clock of this machine by NTP; URLs are refused when clocks are too far apart",
    );
    vec![bucket, public, clock]
}

/// The rules of the bucket, after writing them where that is wished.
pub(super) async fn rules(bench: &Bench, wishes: &Wishes) -> Vec<Check> {
    let cors = Capability::AnswersPreflights.about();
    let lifecycle = Capability::KeepsLifecycle.about();
    vec![
        Check::new(
            cors.id,
            Weight::Essential,
            "browsers may send from the configured origins",
            cors_rules(bench, wishes).await,
            "write the rule with --fix; where the store keeps none, allow the origins in a proxy before it",
        ),
        Check::new(
            lifecycle.id,
            Weight::Wanted,
            "rules end uploads that everybody forgot, and delete what rehearsals left",
            lifecycle_rules(bench, wishes).await,
            "write the rules with --fix; where the store keeps none, use its own tools",
        ),
    ]
}

/// Whether what handin holds is held by the store too. A bucket without Object Lock is no fault: then the ledger alone holds.
pub(super) async fn legal_holds(bench: &Bench) -> Check {
    Check::new(
        "legal-holds",
        Weight::Wanted,
        "says whether holds reach the store, by Object Lock",
        legal_hold(bench).await,
        "the credentials need s3:GetBucketObjectLockConfiguration, GetObjectLegalHold and PutObjectLegalHold, and where \
         versions are kept also ListBucketVersions and DeleteObjectVersion",
    )
}

async fn legal_hold(bench: &Bench) -> Result<Finding, Untried> {
    if !bench.objects.has_lock().await? {
        let found = "they bind handin, and nobody else: this bucket has no Object Lock".to_owned();
        return Ok(Finding { does: true, found });
    }
    let key = bench.key("legal-hold");
    let signed = bench.object(&key, 5, None)?;
    bench.put(&signed, &[], b"hello").await?.expect_success("an object")?;
    bench.objects.set_legal_hold(&key, true).await?;
    let held = bench.objects.legal_hold(&key).await?;
    bench.objects.set_legal_hold(&key, false).await?;
    let lifted = !bench.objects.legal_hold(&key).await?;
    let found = match (held, lifted) {
        (true, true) => "they do: what is held has a legal hold in the store",
        (false, _) => "they do not: a legal hold that was set is not there",
        (true, false) => "they do, and stay: a legal hold that was lifted is still there",
    };
    Ok(Finding { does: held && lifted, found: found.to_owned() })
}

async fn bucket(bench: &Bench, wishes: &Wishes) -> Result<Finding, Untried> {
    if wishes.fix {
        bench.objects.ensure_bucket().await?;
    }
    // The list of uploads needs the bucket and valid credentials, and changes nothing.
    match bench.objects.list_uploads(bench.prefix(), None).await {
        Err(error) if error.kind == ErrorKind::NoSuchBucket => {
            Ok(Finding { does: false, found: format!("there is no bucket {}", bench.objects.bucket()) })
        }
        Err(error) => Err(error.into()),
        Ok(_) => Ok(Finding { does: true, found: bench.objects.bucket() }),
    }
}

/// Stores an object through the public address and looks at it through the internal one; the answer's date tells how
/// far the store's clock is ahead, in seconds.
async fn public_address(bench: &Bench) -> (Result<Finding, Untried>, Option<i64>) {
    let key = bench.key("public-address");
    let signed = match bench.object(&key, 5, None) {
        Ok(signed) => signed,
        Err(untried) => return (Err(untried), None),
    };
    let reply = match bench.put(&signed, &[], b"hello").await {
        Ok(reply) => reply,
        Err(untried) => return (Err(untried), None),
    };
    let date = reply.header("date").and_then(handin_s3::time::parse_http_date);
    let offset = date.map(|date| date - bench.now().as_second());
    if reply.is_refusal() {
        return (Ok(Finding { does: false, found: format!("refused, {}", reply.in_short()) }), offset);
    }
    (same_bucket(bench, &key).await, offset)
}

async fn same_bucket(bench: &Bench, key: &str) -> Result<Finding, Untried> {
    if bench.objects.head(key).await?.is_none() {
        return Ok(Finding { does: false, found: "what is sent there does not arrive here".to_owned() });
    }
    let signed = bench.objects.sign_get(key, bench.now(), TTL, None)?;
    let reply = bench.send(Method::GET, &signed.url, &[], &[]).await?;
    let does = reply.body.as_ref() == b"hello";
    Ok(Finding { does, found: if does { bench.objects.origin() } else { reply.in_short() } })
}

fn judge_clock(offset: Option<i64>) -> Result<Finding, Untried> {
    let offset = offset.ok_or_else(|| Untried::because("the store tells no date"))?;
    let found = match offset {
        0 => "the same second".to_owned(),
        ahead @ 1.. => format!("the store is {ahead} s ahead"),
        behind => format!("the store is {} s behind", -behind),
    };
    Ok(Finding { does: offset.abs() <= NEAR_S, found })
}

async fn cors_rules(bench: &Bench, wishes: &Wishes) -> Result<Finding, Untried> {
    if wishes.fix {
        bench.objects.allow_origins(&wishes.origins).await?;
    }
    let mut found = Vec::new();
    for origin in &wishes.origins {
        let origin = if origin == "*" { ANY_ORIGIN } else { origin };
        let answer = preflight(bench, origin).await?;
        if !answer.allowed {
            return Ok(Finding { does: false, found: answer.found });
        }
        found.push(answer.found);
    }
    Ok(Finding { does: true, found: found.join("; ") })
}

async fn lifecycle_rules(bench: &Bench, wishes: &Wishes) -> Result<Finding, Untried> {
    if wishes.fix {
        bench.objects.clean_by_itself().await?;
    }
    let rules = bench.objects.lifecycle().await?;
    let (uploads, rehearsals) = (rules.iter().any(aborts_incomplete), rules.iter().any(expires_rehearsals));
    let found = match (uploads, rehearsals) {
        (true, true) => "both are there",
        (true, false) => "there is none for rehearsals",
        (false, true) => "there is none for forgotten uploads",
        (false, false) => "there is none",
    };
    Ok(Finding { does: uploads && rehearsals, found: found.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_may_differ_by_a_minute() {
        let does = |offset| judge_clock(offset).unwrap().does;
        assert!(does(Some(0)) && does(Some(60)) && does(Some(-60)));
        assert!(!does(Some(61)) && !does(Some(-3_600)));
        assert!(judge_clock(None).is_err());
    }
}
