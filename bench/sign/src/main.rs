//! What one part URL costs in process: ours, other Rust signers, and the compressions nobody can avoid.
//!
//! - `bench-sign measure MILLISECONDS` checks that every signer made a URL for the same request, then measures each for
//!   that long and prints one JSON object: signer → nanoseconds of CPU per URL.
//! - `bench-sign part` prints the request as JSON, for signers in other languages.
//! - `bench-sign check NAME URL` fails unless a URL that such a signer made just now is for the same request.
//!
//! It knows nothing of rounds and medians: whoever starts it repeats it among other programs.

mod check;
mod clock;
mod floor;
mod ours;
mod part;
mod rivals;

use std::time::Duration;

use serde_json::{Map, Value};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["measure", millis] => println!("{}", measure(millis.parse().expect("milliseconds"))),
        ["part"] => println!("{}", part::json()),
        ["check", name, url] => check::made_now(name, url),
        _ => panic!("give measure MILLISECONDS, part, or check NAME URL"),
    }
}

fn measure(millis: u64) -> Value {
    check::all();
    let long = Duration::from_millis(millis);
    let mut costs = Map::new();
    let mut put = |name: &str, nanoseconds: f64| costs.insert(name.to_owned(), Value::from(nanoseconds));
    put("handin-s3", clock::per_call(long, ours::presigner()));
    put("handin-s3, a call for one part", clock::per_call(long, ours::part_urls(1)));
    put("handin-s3, a call for 100 parts", clock::per_call(long, ours::part_urls(100)) / 100.0);
    put("rusty-s3", clock::per_call(long, rivals::rusty_s3()));
    put("aws-sigv4", clock::per_call(long, rivals::aws_sigv4()));
    put("aws-sdk-s3", clock::per_call(long, rivals::aws_sdk_s3()));
    put("compressions alone", clock::per_call(long, floor::of_one()));
    put("compressions alone, 100 parts", clock::per_call(long, floor::of_many()));
    Value::Object(costs)
}
