//! Load shedding: so many requests of a kind are worked on at once, some more wait for a moment, all others are refused
//! before anything of them is read. A kind that is stuck, as opens are when the store is, takes no room from the others;
//! seals have the most, then opens, then looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::Method;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::error::Problem;

/// For each request that is worked on, so many may wait: they hold a connection and nothing else.
const WAITING_FOR_EACH: usize = 16;
/// When to come again, at least.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// The rooms of all kinds.
pub struct Shed {
    seals: Room,
    signs: Room,
    opens: Room,
    looks: Room,
    patience: Duration,
}

/// Where requests of one kind are worked on.
struct Room {
    kind: &'static str,
    places: Semaphore,
    waiting: AtomicUsize,
    most_waiting: usize,
}

/// Counts somebody who waits, for as long as it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl Shed {
    /// Rooms with so many places for seals, and with fewer for what matters less; a place is waited for for so long.
    pub fn new(most: usize, patience: Duration) -> Arc<Shed> {
        Arc::new(Shed {
            seals: Room::new("seal", most),
            signs: Room::new("sign", most),
            opens: Room::new("open", most / 2),
            looks: Room::new("look", most / 4),
            patience,
        })
    }

    fn room(&self, method: &Method, route: &str) -> &Room {
        match (method, route) {
            (_, "/v1/recordings/{id}/seal") => &self.seals,
            (_, "/v1/recordings/{id}/sign") => &self.signs,
            (&Method::POST, "/v1/recordings" | "/v1/rehearsal") | (_, "/v1/sitting") => &self.opens,
            _ => &self.looks,
        }
    }
}

/// Answers a request if there is room for it.
pub async fn shed(State(shed): State<Arc<Shed>>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let room = shed.room(request.method(), path.map_or("", MatchedPath::as_str));
    match room.enter(shed.patience).await {
        Some(_place) => next.run(request).await,
        None => {
            metrics::counter!("handin_shed_total", "kind" => room.kind).increment(1);
            let detail =
                "more is asked of the server than it can do at the moment; nothing was lost, try again";
            Problem::new("overloaded", detail).retry_after(COME_AGAIN).into_response()
        }
    }
}

impl Room {
    fn new(kind: &'static str, places: usize) -> Room {
        let places = places.max(1);
        let most_waiting = places * WAITING_FOR_EACH;
        Room { kind, places: Semaphore::new(places), waiting: AtomicUsize::new(0), most_waiting }
    }

    /// A place, at once or within `patience`; those who wait are let in in the order of their coming.
    async fn enter(&self, patience: Duration) -> Option<SemaphorePermit<'_>> {
        if let Ok(place) = self.places.try_acquire() {
            return Some(place);
        }
        let _waiting = self.wait()?;
        timeout(patience, self.places.acquire()).await.ok()?.ok()
    }

    fn wait(&self) -> Option<Waiting<'_>> {
        let waiting = Waiting(&self.waiting);
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        (before < self.most_waiting).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_place_waits_for_a_moment() {
        let room = Room::new("look", 1);
        let place = room.enter(PATIENCE).await.unwrap();
        let began = tokio::time::Instant::now();
        assert!(room.enter(PATIENCE).await.is_none());
        assert_eq!(began.elapsed(), PATIENCE);
        let mut second = Box::pin(room.enter(PATIENCE));
        assert!(second.as_mut().now_or_never().is_none());
        drop(place);
        assert!(second.await.is_some());
        assert_eq!(room.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_wait_than_may() {
        let room = Room::new("look", 1);
        let _place = room.enter(PATIENCE).await.unwrap();
        let mut waiting: Vec<_> = (0..room.most_waiting).map(|_| Box::pin(room.enter(PATIENCE))).collect();
        assert!(waiting.iter_mut().all(|one| one.as_mut().now_or_never().is_none()));
        assert!(room.enter(PATIENCE).now_or_never().unwrap().is_none(), "refused at once");
        waiting.pop();
        assert!(room.enter(PATIENCE).now_or_never().is_none(), "who went away has made room");
    }

    #[test]
    fn every_kind_has_its_room() {
        let shed = Shed::new(64, PATIENCE);
        let cases = [
            (Method::POST, "/v1/recordings/{id}/seal", "seal"),
            (Method::POST, "/v1/recordings/{id}/sign", "sign"),
            (Method::POST, "/v1/recordings", "open"),
            (Method::GET, "/v1/sitting", "open"),
            (Method::GET, "/v1/recordings/{id}", "look"),
            (Method::GET, "/v1/exams/{exam}/status", "look"),
        ];
        for (method, route, kind) in cases {
            assert_eq!(shed.room(&method, route).kind, kind, "{method} {route}");
        }
        let places = [&shed.seals, &shed.opens, &shed.looks].map(|room| room.places.available_permits());
        assert!(places.is_sorted_by(|more, fewer| more > fewer), "{places:?}");
    }
}
