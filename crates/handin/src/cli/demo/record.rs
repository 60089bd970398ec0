//! Sends the films as candidates' browsers would, with the code of `handin upload`, and fetches them again by link.

use std::io::{Cursor, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};

use super::Server;
use super::platform::Platform;
use super::samples::Sitting;
use crate::cli::upload::deliver::Delivered;
use crate::cli::upload::progress::Display;
use crate::cli::upload::work::{Bench, How, Setup};
use crate::clock::{Clock, Ids};

/// A recorder hands out slices of about this size, in bytes.
const SLICE: usize = 32 << 10;
/// How long something on this machine may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the links to watch live, in seconds.
const LINK_TTL_S: u32 = 3_600;

/// A recording that was sealed, and what came back of it.
pub struct Kept {
    /// What was sent and what the receipt states.
    pub delivered: Delivered,
    /// Bytes of the film.
    pub film_size: u64,
    /// SHA-256 of the film, in hex.
    pub film_sha256: String,
    /// Bytes of the object, downloaded again.
    pub object_size: u64,
    /// SHA-256 of the object, in hex.
    pub object_sha256: String,
    /// Where it can be watched.
    pub link: String,
}

impl Kept {
    /// Whether the object is the film, byte for byte.
    pub fn is_identical(&self) -> bool {
        self.film_size == self.object_size && self.film_sha256 == self.object_sha256
    }
}

/// One candidate's recordings, and what the API carried for them.
pub struct Sat {
    /// Both tracks.
    pub kept: Vec<Kept>,
    /// Bytes of all bodies that passed the API.
    pub api_bytes: u64,
}

/// Sends both tracks of a sitting at once and looks at what arrived.
///
/// # Errors
/// When one is not sealed, or cannot be fetched again.
pub async fn sit(
    sitting: &Sitting,
    platform: &Platform,
    server: &Server<'_>,
    token: &str,
    (clock, ids): (Clock, Ids),
) -> anyhow::Result<Sat> {
    let state = server.folder.join("upload-state");
    let setup =
        Setup { server: server.api, token, state: &state, parallel: 2, patience: PATIENCE, stall: PATIENCE };
    let bench = Bench::new(&setup, Display::Quiet, clock, ids)?;
    let [webcam, screen] =
        sitting.films.map(|(track, film)| send(&bench, sitting, track, film, server.folder));
    let (webcam, screen) = tokio::try_join!(webcam, screen)?;
    let api_bytes = bench.shared.api.traffic();
    let mut kept = Vec::new();
    for (delivered, (_, film)) in [webcam, screen].into_iter().zip(sitting.films) {
        kept.push(fetch(platform, delivered, film).await?);
    }
    Ok(Sat { kept, api_bytes })
}

async fn send(
    bench: &Bench,
    sitting: &Sitting,
    track: &str,
    film: &'static [u8],
    folder: &Path,
) -> anyhow::Result<Delivered> {
    let how = How { upload: sitting.upload, content_type: None, append: false };
    let context = || format!("{} {track} as {}", sitting.candidate, sitting.upload);
    if sitting.upload == "stream" {
        let sent = bench.send_stream(track, Slices(Cursor::new(film)), how).await.with_context(context)?;
        return sent.into_iter().next().with_context(context);
    }
    let path = folder.join(format!("{}-{track}.webm", sitting.candidate));
    std::fs::write(&path, film)?;
    let delivered = bench.send_file(track, &path, how).await.with_context(context)?;
    std::fs::remove_file(&path)?;
    Ok(delivered)
}

/// Downloads a sealed object through a link, as a reviewer would.
async fn fetch(platform: &Platform, delivered: Delivered, film: &[u8]) -> anyhow::Result<Kept> {
    let id = &delivered.stated.id;
    let link = platform.link(id, LINK_TTL_S).await?;
    let http = reqwest::Client::builder().timeout(PATIENCE).build()?;
    // The link is a secret; errors must not show it.
    let answer = http.get(&link).send().await.map_err(reqwest::Error::without_url)?;
    ensure!(answer.status().is_success(), "the link to {id} answers {}", answer.status());
    let object = answer.bytes().await.map_err(reqwest::Error::without_url)?;
    let anyone = platform.receipt(id).await?;
    let same = anyone.get("receipt").and_then(|receipt| receipt.as_str()) == Some(&delivered.receipt);
    ensure!(same, "GET /v1/receipts/{id} gives another receipt than the seal did");
    Ok(Kept {
        film_size: film.len() as u64,
        film_sha256: hex::encode(Sha256::digest(film)),
        object_size: object.len() as u64,
        object_sha256: hex::encode(Sha256::digest(&object)),
        link,
        delivered,
    })
}

/// A recorder that hands out its film in slices.
struct Slices(Cursor<&'static [u8]>);

impl Read for Slices {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(SLICE);
        self.0.read(&mut buffer[..most])
    }
}
