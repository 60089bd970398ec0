//! The tables of the page.

use handin_plan::{Case, Quantiles, Way};

use super::assumptions::assumptions;
use super::computed::Plan;
use super::names;
use super::words::{Lang, percent};
use crate::report::{Table, number};

/// The three ways in figures.
pub fn bell(plan: &Plan, lang: Lang) -> Table {
    let head = match lang {
        Lang::En => [
            "",
            "half are in",
            "95 %",
            "99 %",
            "recordings lost",
            "sittings lost",
            "sent per byte kept",
            "live starves",
            "live at worst",
        ],
        Lang::Ko => [
            "",
            "절반 도착",
            "95 %",
            "99 %",
            "녹화 유실",
            "응시 유실",
            "유효 바이트당 전송",
            "실시간 부족",
            "실시간 최저",
        ],
    };
    let caption = lang.say(
        "Times from a candidate's own submit, over the sittings that came in whole",
        "각 응시자의 제출 시점부터, 온전히 도착한 응시 기준",
    );
    let ways = [&plan.ways.before, &plan.ways.at_end, &plan.ways.handin];
    let table = Table::new(head).caption(caption);
    names::ways(lang).iter().zip(ways).fold(table, |table, (name, way)| table.row(row(name, way, lang)))
}

fn row(name: &str, way: &Way, lang: Lang) -> Vec<String> {
    let time = |value: fn(&Quantiles) -> f64| lang.maybe_time(way.finish_s.as_ref().map(value));
    vec![
        name.to_owned(),
        time(|finish| finish.p50),
        time(|finish| finish.p95),
        time(|finish| finish.p99),
        percent(way.lost_recordings),
        percent(way.lost_sittings),
        way.carried_per_useful.map_or("–".to_owned(), |waste| format!("{waste:.1}")),
        lang.time(way.starved_s),
        percent(way.live_at_worst),
    ]
}

/// Variations and how they go.
pub fn cases(cases: &[Case], lang: Lang) -> Table {
    let head = match lang {
        Lang::En => [
            "",
            "link needs, 99 %",
            "before: lost",
            "live starves",
            "at the end: lost",
            "at the end, 99 %",
            "handin: lost",
            "handin, half",
            "handin, 99 %",
        ],
        Lang::Ko => [
            "",
            "회선 소요, 99 %",
            "기존: 유실",
            "실시간 부족",
            "종료 후: 유실",
            "종료 후, 99 %",
            "handin: 유실",
            "handin, 절반",
            "handin, 99 %",
        ],
    };
    let rows = cases.iter().filter_map(|case| {
        let short = case.short?;
        Some([
            names::case(&case.name, lang),
            lang.time(short.before_patient_p99_s),
            percent(short.before_lost),
            lang.time(short.before_starved_s),
            percent(short.at_end_lost),
            lang.maybe_time(short.at_end_p99_s),
            percent(short.handin_lost),
            lang.maybe_time(short.handin_p50_s),
            lang.maybe_time(short.handin_p99_s),
        ])
    });
    rows.fold(Table::new(head), Table::row)
}

/// What falls due in each month on each route.
pub fn months(plan: &Plan, lang: Lang) -> Table {
    let longest = plan.costs.bills.iter().map(|bill| bill.months.len()).max().unwrap_or(0);
    let month = |number: usize| match lang {
        Lang::En => format!("month {number}"),
        Lang::Ko => format!("{number}개월차"),
    };
    let sum = lang.say("in all", "합계").to_owned();
    let head = std::iter::once(String::new()).chain((1..=longest).map(month)).chain([sum]);
    let table = Table::new(head).caption(lang.say("US dollars that fall due", "월별 비용, 미국 달러"));
    plan.costs.bills.iter().fold(table, |table, bill| {
        let due =
            (0..longest).map(|month| number(bill.months.get(month).copied().unwrap_or_default().round()));
        let name = std::iter::once(names::route(bill.route, lang));
        table.row(name.chain(due).chain([number(bill.total.round())]).collect::<Vec<_>>())
    })
}

/// Every assumption.
pub fn assumptions_table(plan: &Plan, lang: Lang) -> Table {
    let head = match lang {
        Lang::En => ["assumption", "value", "source", "date", "kind"],
        Lang::Ko => ["가정", "값", "출처", "기준", "구분"],
    };
    let list = assumptions(&plan.scenario, &plan.season, plan.place(), &plan.prices, lang);
    list.into_iter().fold(Table::new(head), |table, one| {
        let kind = names::kind(one.kind, lang).to_owned();
        table.row([one.what, one.value, one.source, one.date, kind])
    })
}
