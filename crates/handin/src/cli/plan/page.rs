//! The page for management: title, what it says, sections. It refuses to know how a chart is drawn.

use super::computed::Plan;
use super::words::{Lang, percent, rate, usd};
use super::{charts, money, tables};
use crate::report::{self, Html, Page, paragraph};

/// The page as HTML.
pub fn page(plan: &Plan, lang: Lang) -> String {
    let (before, handin) = (&plan.ways.before, &plan.ways.handin);
    let title = lang.say("When the bell rings", "시험 종료 종이 울릴 때");
    let p99 = |way: &handin_plan::Way| lang.maybe_time(way.finish_s.map(|finish| finish.p99));
    let section = |english: &'static str, korean: &'static str| lang.say(english, korean).to_owned();
    Page::new(lang.code(), title)
        .lead(lead(plan, lang))
        .figure(section("lost before", "기존 방식 유실"), percent(before.lost_recordings))
        .figure(section("lost with handin", "handin 유실"), percent(handin.lost_recordings))
        .figure(section("live video starves, before", "기존: 실시간 영상 부족"), lang.time(before.starved_s))
        .figure(section("99 % are in, handin", "handin: 99 % 도착"), p99(handin))
        .figure(
            section("a line wide enough, per month", "충분한 회선, 월 추가"),
            usd(plan.bigger_line.usd_per_month),
        )
        .figure(section("keeping a season, Standard", "시즌 보관(Standard)"), usd(plan.costs.bills[0].total))
        .section(section("The bell, in three ways", "세 가지 방식 비교"), bell(plan, lang))
        .section(section("The season and its cost", "시즌과 비용"), season(plan, lang))
        .section(section("If it comes otherwise", "조건이 달라진다면"), otherwise(plan, lang))
        .section(section("What this rests on", "근거와 가정"), grounds(plan, lang))
        .foot(foot(plan, lang))
        .to_string()
}

/// The one picture that tells the story, as a file of its own.
pub fn picture(plan: &Plan, lang: Lang) -> String {
    report::picture(&charts::finished(plan, lang).to_svg(), &charts::finished_names(lang))
}

fn lead(plan: &Plan, lang: Lang) -> String {
    let (n, link) =
        (report::number(plan.scenario.candidates as f64), rate(plan.scenario.data_centre_bits_per_s));
    let lost = percent(plan.ways.before.lost_recordings);
    let handin = lang.maybe_time(plan.ways.handin.finish_s.map(|finish| finish.p99));
    match lang {
        Lang::En => format!(
            "{n} candidates finish at the same second. Through a data centre with {link}, {lost} of their recordings are \
             lost. Sent part by part while recording, straight to the store, 99 % of the sittings are in {handin} after \
             their submit."
        ),
        Lang::Ko => format!(
            "응시자 {n}명이 같은 순간에 시험을 마칩니다. {link} 데이터센터를 거치면 녹화의 {lost}가 유실됩니다. \
             녹화 중에 조각 단위로 저장소에 직접 보내면 제출 후 {handin} 안에 응시의 99 %가 도착합니다."
        ),
    }
}

fn bell(plan: &Plan, lang: Lang) -> Vec<Html> {
    let mut pieces = vec![
        tables::bell(plan, lang).to_html(),
        charts::finished(plan, lang).to_html(),
        charts::load(plan, lang).to_html(),
        charts::lost(plan, lang).to_html(),
    ];
    if plan.scenario.live_bits_per_s > 0.0 {
        pieces.push(charts::starved(plan, lang).to_html());
    }
    pieces
}

fn season(plan: &Plan, lang: Lang) -> Vec<Html> {
    vec![
        money::kept(plan, lang).to_html(),
        money::season(plan, lang).to_html(),
        money::months(plan, lang).to_html(),
        tables::months(plan, lang).to_html(),
        paragraph(&money::break_even(plan, lang)),
        money::alternative(plan, lang).to_html(),
        paragraph(&money::bigger_line(plan, lang)),
    ]
}

fn otherwise(plan: &Plan, lang: Lang) -> Vec<Html> {
    let mut pieces = vec![tables::cases(&plan.sensitivity, lang).to_html()];
    if !plan.compare.is_empty() {
        let own = lang.say("Compared with what was asked for:", "요청한 비교:");
        pieces.push(paragraph(own));
        pieces.push(tables::cases(&plan.compare, lang).to_html());
    }
    pieces
}

fn grounds(plan: &Plan, lang: Lang) -> Vec<Html> {
    let how = lang.say(
        "A fluid model: links are shared max-min fair, exactly from event to event, for candidates drawn in equally \
         likely strata. It knows no packets, no slow start and no losses on the line; real links carry a little less. \
         Derivation, known points and limits: docs/reference/planner.md.",
        "유체 모델: 회선은 최대-최소 공정으로 분배되며, 사건 단위로 정확히 계산합니다. 응시자는 동일 확률 층에서 \
         추출합니다. 패킷, 느린 시작, 회선 손실은 고려하지 않으므로 실제 회선은 이보다 조금 덜 전송합니다. \
         유도, 검증점, 한계: docs/reference/planner.md.",
    );
    vec![paragraph(how), tables::assumptions_table(plan, lang).to_html()]
}

fn foot(plan: &Plan, lang: Lang) -> String {
    let (version, seed) = (env!("CARGO_PKG_VERSION"), plan.scenario.seed);
    match lang {
        Lang::En => {
            format!("Computed by handin plan {version}, seed {seed}. US dollars before tax; GB = 2^30 bytes.")
        }
        Lang::Ko => format!("handin plan {version} 계산, 시드 {seed}. 세전 미국 달러, GB = 2^30바이트."),
    }
}
