//! The pages for people: whole, held to their policy, and not fetched twice.

use std::path::Path;

use reqwest::Method;

use crate::app::TestApp;
use crate::call::Answer;

async fn get(app: &TestApp, path: &str) -> Answer {
    app.call(Method::GET, path).send().await
}

/// What a page loads from its own folder: every `src` and `href` in it that is a path.
fn loads(html: &str) -> Vec<&str> {
    let of =
        |attribute: &'static str| html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next());
    of("src=\"").chain(of("href=\"")).filter(|path| path.starts_with('/')).collect()
}

#[tokio::test]
async fn pages_come_with_everything_they_load() {
    let app = TestApp::start().await;
    for page in ["/record", "/record/", "/record/file"] {
        let html = get(&app, page).await;
        assert_eq!((html.status, html.headers["content-type"].as_str()), (200, "text/html; charset=utf-8"));
        let loads = loads(&html.text);
        assert!(loads.iter().any(|path| path.ends_with(".js")), "{page}: {loads:?}");
        for path in loads {
            let part = get(&app, path).await;
            assert!(part.status == 200 && path.starts_with("/record/"), "{page}: {path}");
        }
    }
}

#[tokio::test]
async fn every_file_of_a_page_is_served_as_it_stands() {
    let app = TestApp::start().await;
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    for (folder, route) in [("record", "/record"), ("record-file", "/record/file")] {
        for entry in std::fs::read_dir(assets.join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                continue;
            }
            let path = format!("{route}/{}", entry.file_name().to_str().unwrap());
            let answer = app.client.get(app.url(&path)).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            assert_eq!(answer.bytes().await.unwrap(), std::fs::read(entry.path()).unwrap(), "{path}");
        }
    }
}

#[tokio::test]
async fn a_page_may_use_the_camera_and_be_framed_by_nobody() {
    let app = TestApp::start().await;
    let page = get(&app, "/record").await;
    let policy = &page.headers["content-security-policy"];
    for rule in ["default-src 'none'", "worker-src 'self'", "connect-src *", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    let permissions = &page.headers["permissions-policy"];
    assert!(permissions.contains("camera=(self)") && permissions.contains("display-capture=(self)"));
    assert_eq!(page.headers["service-worker-allowed"], "/record");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let app = TestApp::start().await;
    let first = get(&app, "/record").await;
    assert_eq!(first.headers["cache-control"], "no-cache");
    let again = app.call(Method::GET, "/record").header("if-none-match", &first.headers["etag"]).send().await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    assert_eq!(again.headers["etag"], first.headers["etag"]);
    let other = app.call(Method::GET, "/record").header("if-none-match", "\"other\"").send().await;
    assert_eq!((other.status, other.text), (200, first.text));
}

#[tokio::test]
async fn who_looks_at_the_root_learns_where_to_go() {
    let app = TestApp::start().await;
    let home = get(&app, "/").await;
    assert!(home.status == 200 && home.text.contains("This is a handin server"), "{}", home.text);
    for path in loads(&home.text) {
        assert_eq!(get(&app, path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn nothing_beside_the_pages_is_served() {
    let app = TestApp::start().await;
    for path in [
        "/record/none.js",
        "/record/file/none.js",
        "/record/..%2frecord-file%2findex.html",
        "/record/%2e%2e/x",
    ] {
        get(&app, path).await.problem(404, "no_such_route");
    }
}
