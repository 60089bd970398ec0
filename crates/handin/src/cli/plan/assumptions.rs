//! What the figures rest on: each assumption with its value, its source, and its date.

use handin_plan::{Class, Price, Prices, RegionPrices, Scenario, Season, Uplinks};
use serde::Serialize;

use super::names;
use super::words::{Lang, percent, price, rate};

/// One assumption.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assumption {
    /// What is assumed.
    pub what: String,
    /// Its value, with its unit.
    pub value: String,
    /// Who says so.
    pub source: String,
    /// When it was so, year and month; empty for what the command line says.
    pub date: String,
    /// How firm it is.
    pub kind: Kind,
}

/// How firm an assumption is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Said on the command line, or its default.
    Given,
    /// Assumed, to be replaced by one's own figure.
    Assumed,
    /// From a published list or document.
    Published,
}

/// When the figures that are not prices were collected.
const COLLECTED: &str = "2026-11";

/// All assumptions, those of the bell first, then those of keeping, then prices.
pub fn assumptions(
    scenario: &Scenario,
    season: &Season,
    place: &RegionPrices,
    prices: &Prices,
    lang: Lang,
) -> Vec<Assumption> {
    let mut list = bell(scenario, lang);
    list.extend(clients(scenario, lang));
    list.extend(keeping(season, lang));
    list.extend(cloud_prices(place, lang));
    list.push(priced(
        lang.say("own disks, GB and month", "자체 디스크, GB·월"),
        &prices.own.disk_per_gb_month,
    ));
    let line = lang.say("data centre's line, Mb/s and month", "데이터센터 회선, Mb/s·월");
    list.push(priced(line, &prices.own.line_per_mbps_month));
    list
}

fn given(what: &str, value: String, lang: Lang) -> Assumption {
    let source = lang.say("command line", "명령 인자").to_owned();
    Assumption { what: what.to_owned(), value, source, date: String::new(), kind: Kind::Given }
}

fn assumed(what: &str, value: impl Into<String>, source: &str) -> Assumption {
    let (what, source) = (what.to_owned(), source.to_owned());
    Assumption { what, value: value.into(), source, date: COLLECTED.to_owned(), kind: Kind::Assumed }
}

fn published(what: &str, value: impl Into<String>, source: &str) -> Assumption {
    Assumption { kind: Kind::Published, ..assumed(what, value, source) }
}

fn priced(what: &str, price_of: &Price) -> Assumption {
    let Price { usd, source, date, list } = price_of;
    let (what, value) = (what.to_owned(), price(*usd));
    let kind = if *list { Kind::Published } else { Kind::Assumed };
    Assumption { what, value, source: source.clone(), date: date.clone(), kind }
}

fn bell(scenario: &Scenario, lang: Lang) -> Vec<Assumption> {
    let mut list = vec![given(
        lang.say("candidates at one bell", "한 번에 종료하는 응시자"),
        scenario.candidates.to_string(),
        lang,
    )];
    for track in &scenario.tracks {
        let what = format!("{}: {}", track.track, lang.say("mean bitrate", "평균 비트레이트"));
        list.push(given(&what, rate(track.bits_per_s), lang));
        let what = format!("{}: {}", track.track, lang.say("spread of sizes", "크기 편차"));
        list.push(assumed(
            &what,
            format!("lognormal, σ {}", track.sigma),
            lang.say("not measured", "측정값 아님"),
        ));
    }
    let Uplinks { median_bits_per_s, sigma, lowest_bits_per_s, highest_bits_per_s } = &scenario.uplinks;
    let spread = format!(
        "lognormal, {} {}, σ {sigma}, {}–{}",
        lang.say("median", "중앙값"),
        rate(*median_bits_per_s),
        rate(*lowest_bits_per_s),
        rate(*highest_bits_per_s)
    );
    let source = lang.say("fitted to quoted medians, not measured", "인용된 중앙값에 맞춤, 측정값 아님");
    list.push(assumed(lang.say("candidates' lines, upwards", "응시자 회선, 업로드"), spread, source));
    let submit = lang.say("submits are spread evenly over", "제출은 다음 시간에 고르게 분포");
    list.push(given(submit, lang.time(scenario.submit_within_s), lang));
    let live = lang.say("a live call needs", "실시간 영상 1건의 대역폭");
    list.push(given(live, rate(scenario.live_bits_per_s), lang));
    let goes_on = lang
        .say("live calls go on until all recordings are in", "실시간 영상은 모든 녹화가 도착할 때까지 지속");
    list.push(assumed(goes_on, lang.say("yes", "예"), lang.say("not measured", "측정값 아님")));
    let fair = lang.say("a full link is shared", "포화된 회선의 분배");
    let source = lang.say("model; what equal TCP flows converge to", "모델: 동일 TCP 흐름의 수렴값");
    list.push(assumed(fair, lang.say("max-min fair", "최대-최소 공정"), source));
    list
}

fn clients(scenario: &Scenario, lang: Lang) -> Vec<Assumption> {
    let outages = format!("{}/h × {}", scenario.outages.per_hour, lang.time(scenario.outages.length_s));
    let life = lang.say("a URL signed at the end lives", "종료 시 서명한 URL의 수명");
    let life = match (scenario.url_life_s - 900.0).abs() < 0.5 {
        true => published(
            life,
            lang.time(scenario.url_life_s),
            lang.say("default of the AWS SDK for JavaScript v3", "AWS SDK for JavaScript v3 기본값"),
        ),
        false => given(life, lang.time(scenario.url_life_s), lang),
    };
    vec![
        given(
            lang.say("a request for a whole file may take", "전체 파일 요청의 제한 시간"),
            lang.time(scenario.request_limit_s),
            lang,
        ),
        given(
            lang.say("tries in all, each from the first byte", "총 시도 횟수(매번 처음부터)"),
            scenario.tries.to_string(),
            lang,
        ),
        life,
        published(
            lang.say("a URL's expiry is checked", "URL 만료 확인 시점"),
            lang.say("when the request arrives", "요청 도착 시"),
            "Amazon S3 User Guide",
        ),
        given(lang.say("outages of a candidate's line", "응시자 회선 단절"), outages, lang),
        given(
            lang.say("part that is sent while recording", "녹화 중 전송 단위"),
            format!("{} MiB", scenario.part_bytes / 1_048_576.0),
            lang,
        ),
    ]
}

fn keeping(season: &Season, lang: Lang) -> Vec<Assumption> {
    let plan = lang.say("retention, from the start of its clock", "보존 기간(기산일부터)");
    let mut list = vec![
        given(plan, lang.days(season.retention_days), lang),
        given(
            lang.say("the clock starts after the exam by", "기산일: 시험 후"),
            lang.days(season.clock_starts_after_days),
            lang,
        ),
        given(
            lang.say("recordings that somebody watches", "열람되는 녹화 비율"),
            percent(season.reviewed),
            lang,
        ),
    ];
    for class in [Class::Infrequent, Class::Instant, Class::Flexible, Class::Deep] {
        let what =
            format!("{}: {}", names::class(class, lang), lang.say("least time billed", "최소 과금 기간"));
        list.push(published(&what, lang.days(class.least_days()), "Amazon S3 pricing"));
    }
    list
}

fn cloud_prices(place: &RegionPrices, lang: Lang) -> Vec<Assumption> {
    let classes = [Class::Standard, Class::Infrequent, Class::Instant, Class::Flexible, Class::Deep];
    let groups = [
        (&place.storage, lang.say("GB and month", "GB·월")),
        (&place.put, lang.say("1,000 writing requests", "쓰기 요청 1,000건")),
        (&place.retrieval, lang.say("GB read", "GB 읽기")),
    ];
    let by_class = groups.into_iter().flat_map(|(prices, unit)| {
        classes.map(|class| priced(&format!("{}, {unit}", names::class(class, lang)), prices.of(class)))
    });
    let mut list: Vec<Assumption> = by_class.collect();
    for tier in &place.internet {
        let end = tier
            .up_to_gb
            .map_or_else(|| lang.say("beyond", "초과분").to_owned(), |gb| format!("≤ {} TB", gb / 1_024.0));
        let what = format!("{} ({end})", lang.say("internet out, GB in a month", "인터넷 송신, 월 GB"));
        list.push(priced(&what, &tier.per_gb));
    }
    let other = &place.other;
    list.push(priced(lang.say("leased line out, GB", "전용선 송신, GB"), &other.direct_connect_per_gb));
    list.push(priced(lang.say("1,000 reading requests", "읽기 요청 1,000건"), &other.get_per_1000));
    list.push(priced(lang.say("1,000 changes of class", "등급 전환 1,000건"), &other.transition_per_1000));
    list
}
