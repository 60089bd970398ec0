//! The plots of the bell. It refuses to know about money.

use handin_plan::{Curve, Way};

use super::computed::Plan;
use super::names;
use super::words::{Lang, percent};
use crate::report::{Bars, Chart, number};

fn three(plan: &Plan) -> [&Way; 3] {
    [&plan.ways.before, &plan.ways.at_end, &plan.ways.handin]
}

/// Which share of the sittings is in, over the time after the bell.
pub fn finished(plan: &Plan, lang: Lang) -> Chart {
    let chart = Chart::new(lang.say("Sittings whose recordings are all in", "모든 녹화가 도착한 응시 비율"))
        .says(lang.say(
            "The time is logarithmic. A curve that does not reach 100 % has lost the rest.",
            "시간 축은 로그입니다. 100 %에 닿지 못한 곡선의 나머지는 유실입니다.",
        ))
        .x(lang.say("time after the bell, s", "종료 후 시간, 초"))
        .y("%")
        .numbers(numbers(lang))
        .log_x()
        .y_range(0.0, 100.0);
    let last = last_second(plan);
    let curves = three(plan).map(|way| &way.finished).into_iter().chain([&plan.ways.before_patient_finished]);
    finished_names(lang).into_iter().zip(curves).fold(chart, |chart, (name, curve)| {
        let in_percent = curve.iter().map(|(at, share)| (at.max(1.0), share * 100.0));
        let end = curve.last().map_or(0.0, |point| point.1 * 100.0);
        chart.steps(name, in_percent.chain([(last, end)]))
    })
}

/// The names of the curves of [`finished`].
pub fn finished_names(lang: Lang) -> [&'static str; 4] {
    let [before, at_end, handin] = names::ways(lang);
    [before, at_end, handin, names::patient(lang)]
}

/// What the data centre's link carries over the time after the bell.
pub fn load(plan: &Plan, lang: Lang) -> Chart {
    let before = &plan.ways.before;
    let gigabits =
        |curve: &Curve| -> Curve { curve.iter().map(|(at, rate)| (at / 60.0, rate / 1e9)).collect() };
    let end = before.load.last().map_or(1.0, |point| point.0) / 60.0;
    let wanted = plan.scenario.candidates as f64 * plan.scenario.live_bits_per_s / 1e9;
    let link = plan.scenario.data_centre_bits_per_s / 1e9;
    let [name, at_end, handin] = names::ways(lang);
    let says = lang.say(
        "Before, recordings and live calls share the link until the last client gives up. The two other ways leave it to \
         live calls: their lines lie on each other.",
        "기존 방식에서는 마지막 클라이언트가 끝나거나 포기할 때까지 녹화와 실시간 영상이 회선을 나눠 씁니다. \
         나머지 두 방식에서는 실시간 영상만 흐르므로 두 선이 겹칩니다.",
    );
    let recordings = format!("{name}, {}", lang.say("recordings", "녹화"));
    let live = format!("{name}, {}", lang.say("live calls", "실시간 영상"));
    let alone = [(0.0, wanted.min(link)), (end, wanted.min(link))];
    Chart::new(lang.say("Load on the data centre's link", "데이터센터 회선 부하"))
        .says(says)
        .x(lang.say("time after the bell, min", "종료 후 시간, 분"))
        .y("Gb/s")
        .numbers(numbers(lang))
        .line(recordings, gigabits(&before.load))
        .line(live, gigabits(&before.live))
        .line(at_end, alone)
        .line(handin, alone)
        .line(lang.say("the link's rate", "회선 용량"), [(0.0, link), (end, link)])
}

/// How many recordings of one bell are lost.
pub fn lost(plan: &Plan, lang: Lang) -> Bars {
    let all = plan.recordings();
    let bars = Bars::new(lang.say("Recordings lost at one bell", "한 번의 종료에서 유실되는 녹화"), [lang.say("recordings", "녹화 수")])
        .says(match lang {
            Lang::En => format!(
                "Of {}: {} of those that go through the data centre. Presigned at the end loses what is slow; handin \
                 counts what is not in within a day.",
                number(all),
                percent(plan.ways.before.lost_recordings)
            ),
            Lang::Ko => format!(
                "전체 {}건 중 데이터센터 경유 시 {} 유실. 종료 후 사전 서명 방식은 느린 회선을 잃고, handin은 하루 \
                 안에 도착하지 못한 것을 셉니다.",
                number(all),
                percent(plan.ways.before.lost_recordings)
            ),
        })
        .unit(lang.say("recordings", "녹화 수"))
        .numbers(numbers(lang));
    let ways = names::ways(lang).into_iter().zip(three(plan));
    ways.fold(bars, |bars, (name, way)| bars.bar(name, [(way.lost_recordings * all).round()]))
}

/// How long live calls get less than they need.
pub fn starved(plan: &Plan, lang: Lang) -> Bars {
    let worst = percent(plan.ways.before.live_at_worst);
    let bars = Bars::new(
        lang.say("How long live video starves", "실시간 영상이 부족한 시간"),
        [lang.say("minutes", "분")],
    )
    .says(match lang {
        Lang::En => format!("At worst a live call gets {worst} of what it needs."),
        Lang::Ko => format!("최악의 경우 실시간 영상은 필요한 대역폭의 {worst}만 받습니다."),
    })
    .unit(lang.say("minutes", "분"))
    .numbers(numbers(lang));
    let ways = names::ways(lang).into_iter().zip(three(plan));
    ways.fold(bars, |bars, (name, way)| bars.bar(name, [way.starved_s / 60.0]))
}

/// The word that opens a table of numbers.
pub fn numbers(lang: Lang) -> &'static str {
    lang.say("Numbers", "수치")
}

fn last_second(plan: &Plan) -> f64 {
    let end = |curve: &Curve| curve.last().map_or(0.0, |point| point.0);
    let ends = three(plan).map(|way| end(&way.finished));
    ends.into_iter().fold(end(&plan.ways.before_patient_finished), f64::max)
}
