//! The answer on a terminal: what happens at the bell, and what keeping costs.

use handin_plan::Way;

use super::super::output::table;
use super::computed::Plan;
use super::names;
use super::words::{Lang, percent, rate, size, usd};
use crate::report::number;

/// The summary, without a line feed at its end.
pub fn summary(plan: &Plan, lang: Lang) -> String {
    let mut blocks = vec![asked(plan, lang), bell(plan, lang), line(plan, lang)];
    if !plan.compare.is_empty() {
        blocks.push(compared(plan, lang));
    }
    blocks.push(keeping(plan, lang));
    blocks.join("\n\n")
}

fn asked(plan: &Plan, lang: Lang) -> String {
    let scenario = &plan.scenario;
    let tracks: Vec<String> =
        scenario.tracks.iter().map(|track| format!("{} {}", track.track, rate(track.bits_per_s))).collect();
    let (candidates, hour) = (number(scenario.candidates as f64), lang.time(scenario.duration_s));
    let (tracks, link) = (tracks.join(" + "), rate(scenario.data_centre_bits_per_s));
    match lang {
        Lang::En => format!("{candidates} candidates, {hour} of {tracks}, into {link}"),
        Lang::Ko => format!("응시자 {candidates}명, {hour}, {tracks}, 데이터센터 {link}"),
    }
}

fn bell(plan: &Plan, lang: Lang) -> String {
    let ways = [&plan.ways.before, &plan.ways.at_end, &plan.ways.handin];
    let rows: Vec<Vec<String>> =
        names::ways(lang).iter().zip(ways).map(|(name, way)| row(name, way, lang)).collect();
    let heading = match lang {
        Lang::En => [
            "at the bell",
            "p50",
            "p95",
            "p99",
            "recordings lost",
            "sent per byte kept",
            "live starves",
            "live at worst",
        ],
        Lang::Ko => {
            ["종료 시", "p50", "p95", "p99", "녹화 유실", "유효 바이트당 전송", "실시간 부족", "실시간 최저"]
        }
    };
    table(&heading, &rows)
}

fn row(name: &str, way: &Way, lang: Lang) -> Vec<String> {
    let time = |value: fn(&handin_plan::Quantiles) -> f64| lang.maybe_time(way.finish_s.as_ref().map(value));
    let waste = way.carried_per_useful.map_or("–".to_owned(), |waste| format!("{waste:.1}"));
    vec![
        name.to_owned(),
        time(|finish| finish.p50),
        time(|finish| finish.p95),
        time(|finish| finish.p99),
        percent(way.lost_recordings),
        waste,
        lang.time(way.starved_s),
        percent(way.live_at_worst),
    ]
}

fn line(plan: &Plan, lang: Lang) -> String {
    let patient = plan.ways.before_patient_s;
    let (p50, p99) = (lang.time(patient.p50), lang.time(patient.p99));
    let (needed, month) = (rate(plan.bigger_line.bits_per_s), usd(plan.bigger_line.usd_per_month));
    match lang {
        Lang::En => format!(
            "The data centre's link needs p50 {p50}, p99 {p99} if clients wait for ever.\n\
             To lose nothing there it would have to be {needed}: {month} more a month."
        ),
        Lang::Ko => format!(
            "클라이언트가 끝까지 기다린다면 데이터센터 회선은 p50 {p50}, p99 {p99}이 걸립니다.\n\
             유실이 없으려면 {needed} 회선이 필요하며, 월 {month}가 더 듭니다."
        ),
    }
}

fn compared(plan: &Plan, lang: Lang) -> String {
    let first = &plan.sensitivity[..1];
    let rows: Vec<Vec<String>> = first
        .iter()
        .chain(&plan.compare)
        .filter_map(|case| {
            let short = case.short?;
            Some(vec![
                names::case(&case.name, lang),
                lang.time(short.before_patient_p99_s),
                percent(short.before_lost),
                lang.time(short.before_starved_s),
                percent(short.at_end_lost),
                lang.maybe_time(short.handin_p99_s),
            ])
        })
        .collect();
    let heading = match lang {
        Lang::En => {
            ["compared", "link needs, p99", "before: lost", "live starves", "at the end: lost", "handin p99"]
        }
        Lang::Ko => ["비교", "회선 소요 p99", "기존: 유실", "실시간 부족", "종료 후: 유실", "handin p99"],
    };
    table(&heading, &rows)
}

fn keeping(plan: &Plan, lang: Lang) -> String {
    let rows: Vec<Vec<String>> = plan
        .costs
        .bills
        .iter()
        .map(|bill| {
            let dearest = bill.months.iter().copied().fold(0.0, f64::max);
            let since = bill.cheaper_from_month.map_or("–".to_owned(), |month| month.to_string());
            vec![names::route(bill.route, lang), usd(bill.total), usd(dearest), since]
        })
        .collect();
    let heading = match lang {
        Lang::En => ["keeping one season", "in all", "dearest month", "cheaper from month"],
        Lang::Ko => ["한 시즌 보관", "합계", "최고 월 비용", "저렴해지는 달"],
    };
    let peak = size(plan.stored_bytes.iter().copied().fold(0.0, f64::max));
    let most = match lang {
        Lang::En => format!("At most {peak} are kept at a time."),
        Lang::Ko => format!("동시 보관량은 최대 {peak}입니다."),
    };
    format!("{}\n{most}", table(&heading, &rows))
}
