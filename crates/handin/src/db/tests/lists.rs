//! Exams, rosters, keys, and reading recordings page by page.

use std::collections::{BTreeMap, HashSet};

use handin_core::{AfterCrash, CandidateId, Capture, Exam, Limits, RosterEntry, State, Subject, Track};

use super::super::candidates::{PutRoster, RosterCounts, RosterFilter, expected, page};
use super::super::exams::{self, CreateExam};
use super::super::recordings::{
    Filter, Flush, ProgressRow, get, known, list, of_sittings, open_or_sealing, status, to_salvage,
};
use super::super::{api_keys, audit as audits};
use super::*;

pub(super) fn exam(name: &str) -> Exam {
    let subject = |id: &str, ends_at| Subject { id: id.parse().unwrap(), title: None, ends_at };
    Exam {
        id: name.parse().unwrap(),
        title: format!("시험 {name}"),
        tracks: vec!["webcam".parse().unwrap(), "screen".parse().unwrap()],
        subjects: vec![subject("physics", Some(at(60))), subject("math", None), subject("a_b", None)],
        limits: Limits { max_bytes: Some(1 << 40) },
        retention_days: Some(30),
        capture: captures(&["webcam", "screen"]),
        notice: [("ko".parse().unwrap(), "녹화 안내".to_owned())].into(),
        after_crash: AfterCrash::Seal,
        created_at: at(0),
    }
}

/// Each as is usual, but a pixel wider.
fn captures(tracks: &[&str]) -> BTreeMap<Track, Capture> {
    let wider = |track: &Track| Capture { width: 641, ..Capture::usual(track) };
    let tracks = tracks.iter().map(|track| track.parse().unwrap());
    tracks.map(|track: Track| (track.clone(), wider(&track))).collect()
}

#[tokio::test]
async fn an_exam_from_before_there_was_a_choice_is_captured_as_usual() {
    on_each(|TestDb { db, settings, .. }| async move {
        let old = "insert into exam (id, title, tracks, created_at) values ('old', 'Old', '[\"screen\"]', 0)";
        run(&settings.url, old.to_owned()).await;
        let exam = exams::get(&db, &"old".parse().unwrap()).await.unwrap().unwrap();
        let screen: Track = "screen".parse().unwrap();
        assert_eq!(exam.capture, [(screen.clone(), Capture::usual(&screen))].into());
        assert_eq!((exam.notice.len(), exam.after_crash), (0, AfterCrash::NextTake));
    })
    .await;
}

#[tokio::test]
async fn exams_are_created_once_and_read_as_they_were_written() {
    on_each(|TestDb { db, .. }| async move {
        let create = |name, n| CreateExam { exam: exam(name), pace: None, audit: audit(n) };
        for (n, name) in (1..).zip(["c", "a", "b", "aa"]) {
            assert!(db.change(create(name, n)).await.unwrap());
        }
        assert!(!db.change(create("a", 9)).await.unwrap());
        assert_eq!(audits::list(&db, None, 100).await.unwrap(), (1..=4).map(audit).collect::<Vec<_>>());
        assert_eq!(exams::get(&db, &exam("a").id).await.unwrap(), Some(exam("a")));
        assert_eq!(exams::get(&db, &exam("z").id).await.unwrap(), None);
        let page = exams::list(&db, None, 3).await.unwrap();
        assert_eq!(page, [exam("a"), exam("aa"), exam("b")]);
        assert_eq!(exams::list(&db, Some(&page[2].id), 3).await.unwrap(), [exam("c")]);
    })
    .await;
}

pub(super) fn entry(candidate: &str, name: Option<&str>, subjects: Option<&[&str]>) -> RosterEntry {
    RosterEntry {
        candidate: candidate.parse().unwrap(),
        name: name.map(str::to_owned),
        subjects: subjects.map(|ids| ids.iter().map(|id| id.parse().unwrap()).collect()),
        group: None,
    }
}

async fn put(db: &Db, n: u32, entries: Vec<RosterEntry>) -> RosterCounts {
    db.change(PutRoster { exam: exam("spring").id, entries, audit: audit(n) }).await.unwrap()
}

#[tokio::test]
async fn rosters_add_and_update_and_count_who_is_expected() {
    on_each(|TestDb { db, .. }| async move {
        assert!(db.change(CreateExam { exam: exam("spring"), pace: None, audit: audit(1) }).await.unwrap());
        let many: Vec<_> = (0..200).map(|n| entry(&format!("c{n:03}"), None, None)).collect();
        assert_eq!(put(&db, 2, many.clone()).await, RosterCounts { added: 200, updated: 0 });
        assert_eq!(put(&db, 3, many).await, RosterCounts { added: 0, updated: 0 });
        let changes = vec![
            entry("c000", Some("first"), None),
            entry("c000", Some("김"), None),
            entry("c001", None, Some(&["math"])),
            entry("c002", None, Some(&["math", "a_b"])),
            entry("C999", None, Some(&["physics"])),
        ];
        assert_eq!(put(&db, 4, changes).await, RosterCounts { added: 1, updated: 3 });
        let expected = expected(&db, &exam("spring").id).await.unwrap();
        let expected: Vec<_> = expected.iter().map(|(id, count)| (id.as_str(), *count)).collect();
        assert_eq!(expected, [("physics", 199), ("math", 200), ("a_b", 199)]);

        let first = page(&db, &exam("spring").id, &RosterFilter::default(), None, 2).await.unwrap();
        assert_eq!(first, [entry("C999", None, Some(&["physics"])), entry("c000", Some("김"), None)]);
        let after = Some(&first[1].candidate);
        let next = page(&db, &exam("spring").id, &RosterFilter::default(), after, 1).await.unwrap();
        assert_eq!(next, [entry("c001", None, Some(&["math"]))]);
        let of = |subject: &str| RosterFilter { subject: Some(subject.parse().unwrap()), candidate: None };
        assert_eq!(page(&db, &exam("spring").id, &of("physics"), None, 999).await.unwrap().len(), 199);
        assert_eq!(page(&db, &exam("spring").id, &of("axb"), None, 999).await.unwrap().len(), 198);
        let one = RosterFilter { candidate: Some("c002".parse().unwrap()), ..of("a_b") };
        assert_eq!(page(&db, &exam("spring").id, &one, None, 999).await.unwrap().len(), 1);
        let none = RosterFilter { candidate: Some("c001".parse().unwrap()), ..of("a_b") };
        assert_eq!(page(&db, &exam("spring").id, &none, None, 999).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_roster_for_no_exam_is_refused() {
    on_each(|TestDb { db, .. }| async move {
        let put = PutRoster { exam: exam("none").id, entries: vec![entry("c", None, None)], audit: audit(1) };
        assert!(matches!(db.change(put).await, Err(Error::Other(_))));
        assert_eq!(audits::list(&db, None, 9).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn api_keys_are_found_by_hash_and_revoked_once() {
    on_each(|TestDb { db, .. }| async move {
        let new = api_keys::NewApiKey {
            id: "k1".to_owned(),
            name: "backend".to_owned(),
            hash: "ab".repeat(32),
            prefix: "hk_abc".to_owned(),
            created_at: at(1),
        };
        assert!(api_keys::create(&db, new.clone()).await.unwrap());
        let same_hash = api_keys::NewApiKey { id: "k2".to_owned(), ..new.clone() };
        assert!(!api_keys::create(&db, same_hash).await.unwrap());
        assert_eq!(api_keys::count_active(&db).await.unwrap(), 1);
        let found = api_keys::by_hash(&db, &new.hash).await.unwrap().unwrap();
        assert_eq!((found.id.as_str(), found.revoked_at), ("k1", None));
        assert_eq!(api_keys::by_hash(&db, "other").await.unwrap(), None);
        assert!(api_keys::revoke(&db, "k1", at(5)).await.unwrap());
        assert!(!api_keys::revoke(&db, "k1", at(6)).await.unwrap());
        assert_eq!(api_keys::list(&db).await.unwrap()[0].revoked_at, Some(at(5)));
        assert_eq!(api_keys::count_active(&db).await.unwrap(), 0);
    })
    .await;
}

/// Three takes each of ten candidates; every third is sealed.
async fn fill(db: &Db) {
    for n in 0..30 {
        let candidate = format!("c{}", n % 10).parse().unwrap();
        let new = NewRecording { candidate, salvage_at: at(i64::from(n % 5)), ..new_recording(n) };
        open(db, new, Caused::default()).await.unwrap();
        if n % 3 == 0 {
            claimed(db, n, "me").await;
            assert!(db.change(finish(n, "me", State::Sealed)).await.unwrap());
        }
    }
}

fn everything() -> Filter {
    Filter {
        exam: exam("spring").id,
        subject: None,
        candidate: None,
        track: None,
        state: None,
        marked: false,
    }
}

/// Reads a list to its end, seven at a time.
async fn pages(db: &Db, filter: &Filter) -> Vec<Recording> {
    let mut all: Vec<Recording> = Vec::new();
    loop {
        let page = list(db, filter, all.last().map(|last| &last.id), 7).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

#[tokio::test]
async fn recordings_are_listed_by_page_and_filter() {
    on_each(|TestDb { db, .. }| async move {
        fill(&db).await;
        let other = NewRecording { exam: exam("other").id, ..new_recording(50) };
        open(&db, other, Caused::default()).await.unwrap();
        let all = pages(&db, &everything()).await;
        let places: Vec<_> = all.iter().map(|one| (one.candidate.as_str().to_owned(), one.take)).collect();
        let expected: Vec<_> =
            (0..10).flat_map(|c| (1..=3).map(move |take| (format!("c{c}"), take))).collect();
        assert_eq!(places, expected);
        assert!(all.iter().all(|one| one.claim.is_none()));

        let c3 = Filter { candidate: Some("c3".parse().unwrap()), ..everything() };
        assert_eq!(pages(&db, &c3).await.len(), 3);
        let sealed = Filter { state: Some(State::Sealed), ..everything() };
        assert_eq!(pages(&db, &sealed).await.len(), 10);
        let screen = Filter { track: Some("screen".parse().unwrap()), ..everything() };
        assert_eq!(pages(&db, &screen).await, []);
        let math = Filter { subject: Some("math".parse().unwrap()), ..everything() };
        assert_eq!(pages(&db, &math).await.len(), 30);
        assert_eq!(list(&db, &everything(), Some(&id(9_999)), 7).await.unwrap(), []);

        let sought: Vec<CandidateId> = ["c9", "c1", "nobody"].map(|id| id.parse().unwrap()).to_vec();
        let mut sittings = of_sittings(&db, &exam("spring").id, &sought).await.unwrap();
        sittings.retain(|one| sought.contains(&one.candidate));
        assert_eq!(sittings.len(), 6);
        assert_eq!(of_sittings(&db, &exam("spring").id, &[]).await.unwrap(), []);
        let asked: Vec<RecordingId> = (25..35).map(id).collect();
        assert_eq!(known(&db, &asked).await.unwrap(), (25..30).map(id).collect::<HashSet<_>>());
    })
    .await;
}

#[tokio::test]
async fn the_unfinished_are_found_soonest_salvage_first() {
    on_each(|TestDb { db, .. }| async move {
        fill(&db).await;
        claimed(&db, 1, "me").await;
        let mut all: Vec<Recording> = Vec::new();
        loop {
            let page = open_or_sealing(&db, all.last().map(|last| &last.id), 7).await.unwrap();
            if page.is_empty() {
                break;
            }
            all.extend(page);
        }
        let mut expected: Vec<_> =
            (0..30).filter(|n| n % 3 != 0).map(|n| (at(i64::from(n % 5)), id(n))).collect();
        expected.sort();
        let found: Vec<_> = all.iter().map(|one| (one.salvage_at, one.id.clone())).collect();
        assert_eq!(found, expected);
        let due = to_salvage(&db, at(1), None, 100).await.unwrap();
        assert_eq!(due.len(), expected.iter().filter(|(salvage_at, _)| *salvage_at <= at(1)).count());
    })
    .await;
}

pub(super) fn progress(n: u32) -> ProgressRow {
    ProgressRow {
        id: id(n),
        seen_at: at(100 + i64::from(n)),
        recorded_ms: 1_000,
        pending_bytes: 10,
        confirmed_bytes: (n == 1).then_some(500),
        confirmed_parts: (n == 1).then_some(2),
    }
}

#[tokio::test]
async fn progress_is_flushed_to_running_recordings_only_and_added_up() {
    on_each(|TestDb { db, .. }| async move {
        fill(&db).await;
        assert_eq!(db.change(Flush((0..30).map(progress).collect())).await.unwrap(), 20);
        assert_eq!(
            db.change(Flush(vec![ProgressRow { confirmed_bytes: None, ..progress(1) }])).await.unwrap(),
            1
        );
        let one = get(&db, &id(1)).await.unwrap().unwrap();
        assert_eq!((one.seen_at, one.recorded_ms, one.pending_bytes), (Some(at(101)), 1_000, 10));
        assert_eq!((one.confirmed_bytes, one.confirmed_parts), (Some(500), Some(2)));
        assert_eq!(get(&db, &id(0)).await.unwrap().unwrap().seen_at, None);

        // Candidate 1 has the takes 1, 11 and 21; the last one is sealed.
        let rows = status(&db, &exam("spring").id).await.unwrap();
        let of_c1: Vec<_> = rows.iter().filter(|row| row.candidate.as_str() == "c1").collect();
        assert_eq!((of_c1[0].state, of_c1[0].takes, of_c1[0].bytes), (State::Open, 2, 500));
        assert_eq!((of_c1[0].pending_bytes, of_c1[0].recorded_ms), (20, 2_000));
        assert_eq!(of_c1[0].seen_at, Some(at(111)));
        assert_eq!((of_c1[1].state, of_c1[1].takes, of_c1[1].bytes), (State::Sealed, 1, 7 << 20));
        assert_eq!(rows.iter().map(|row| row.takes).sum::<u32>(), 30);
    })
    .await;
}
