//! The measure of all HTTP answers: axum as its documentation shows it, saying hello in JSON.
//!
//! Prints the address it listens on, then serves until it is stopped. `GET /hello` answers a constant; `POST /hello`
//! first parses the body of a sign call, which is what a call with a body cannot do without.

use std::error::Error;

use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Serialize)]
struct Hello {
    hello: &'static str,
}

/// The body of a sign call; what is in it is read and dropped.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading it is the work")]
struct Sign {
    handle: String,
    parts: Vec<Part>,
    recorded_ms: Option<u64>,
    pending_bytes: Option<u64>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "reading it is the work")]
struct Part {
    number: u32,
    size: u64,
    sha256: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/hello", get(hello).post(read))).await?;
    Ok(())
}

async fn hello() -> Json<Hello> {
    Json(Hello { hello: "world" })
}

async fn read(Json(_): Json<Sign>) -> Json<Hello> {
    Json(Hello { hello: "world" })
}
