//! The plots of the season: what is kept, what it costs, and what the bigger line would cost.

use handin_plan::{MONTH_DAYS, Route, Season, stored};

use super::charts::numbers;
use super::computed::Plan;
use super::names;
use super::words::{Lang, rate, usd};
use crate::report::{Bars, Chart};

/// What is kept, all of it and what a drain leaves in the cloud.
pub fn kept(plan: &Plan, lang: Lang) -> Chart {
    let after_days = Route::ALL.into_iter().find_map(|route| match route {
        Route::Drain { after_days, .. } => Some(after_days),
        _ => None,
    });
    let life = plan.season.life_days().min(after_days.unwrap_or_default());
    let drained = Season { clock_starts_after_days: 0, retention_days: life, ..plan.season.clone() };
    let chart = Chart::new(lang.say("What is kept", "보관량"))
        .says(lang.say(
            "Each exam day adds its recordings, retention takes them away again.",
            "시험일마다 녹화가 쌓이고, 보존 기간이 지나면 삭제됩니다.",
        ))
        .x(lang.say("days from the season's first exam", "시즌 첫 시험부터의 일수"))
        .y("TB")
        .numbers(numbers(lang))
        .steps(lang.say("all", "전체"), in_terabytes(&plan.stored_bytes));
    let left = lang.say("in the cloud, if drained to own disks", "자체 디스크로 옮길 때 클라우드 잔량");
    chart.steps(left, in_terabytes(&stored(&drained, &plan.scenario)))
}

/// What a season costs on each route, by what is paid for.
pub fn season(plan: &Plan, lang: Lang) -> Bars {
    let bills = &plan.costs.bills;
    let pieces = bills[0].items.iter().map(|(item, _)| names::item(*item, lang));
    let bars = Bars::new(lang.say("What keeping one season costs", "한 시즌 보관 비용"), pieces)
        .says(lang.say(
            "From the first exam until the last recording is deleted. What is in an archive waits before it can be read.",
            "첫 시험부터 마지막 녹화가 삭제될 때까지. 아카이브 등급은 읽기 전에 대기 시간이 있을 수 있습니다.",
        ))
        .unit(lang.say("US dollars", "미국 달러"))
        .numbers(numbers(lang));
    bills.iter().fold(bars, |bars, bill| {
        bars.bar(names::route(bill.route, lang), bill.items.iter().map(|(_, usd)| *usd))
    })
}

/// What has been paid after so many months.
pub fn months(plan: &Plan, lang: Lang) -> Chart {
    let shown = [0, 1, 2, 3, 5];
    let longest = plan.costs.bills.iter().map(|bill| bill.months.len()).max().unwrap_or(0);
    let chart = Chart::new(lang.say("What has been paid by the end of each month", "월말까지의 누적 비용"))
        .x(lang.say("months from the season's first exam", "시즌 첫 시험부터의 개월"))
        .y(lang.say("US dollars", "미국 달러"))
        .numbers(numbers(lang));
    shown.into_iter().map(|place| &plan.costs.bills[place]).fold(chart, |chart, bill| {
        let month = |end: usize| (end as f64, bill.months.iter().take(end).sum::<f64>());
        chart.line(names::route(bill.route, lang), (0..=longest).map(month))
    })
}

/// When draining pays.
pub fn break_even(plan: &Plan, lang: Lang) -> String {
    let kept = f64::from(plan.season.life_days()) / MONTH_DAYS;
    let said = |months: Option<f64>| months.map_or("–".to_owned(), |months| lang.months(months));
    let (internet, leased) =
        (said(plan.break_even_months.internet), said(plan.break_even_months.direct_connect));
    let kept = lang.months(kept);
    match lang {
        Lang::En => format!(
            "Break-even: draining to own disks has cost less than keeping in Standard once a recording is kept for \
             {internet} beyond the drain over the internet, {leased} over a leased line (its rent not counted). Here \
             recordings are kept for {kept}."
        ),
        Lang::Ko => format!(
            "손익분기: 자체 디스크로 옮긴 뒤 인터넷은 {internet}, 전용선은 {leased}(임대료 제외) 넘게 보관해야 Standard \
             보관보다 저렴해집니다. 여기서의 보존 기간은 {kept}입니다."
        ),
    }
}

/// A year of the bigger line beside a season in the cloud.
pub fn alternative(plan: &Plan, lang: Lang) -> Bars {
    let line = plan.bigger_line.usd_per_month;
    let cheapest = plan.costs.bills.iter().map(|bill| bill.total).fold(f64::INFINITY, f64::min);
    Bars::new(lang.say("What the alternative costs", "대안의 비용"), [lang.say("US dollars", "미국 달러")])
        .says(lang.say(
            "A line is rented by the month, whether a bell rings or not; the cloud is paid for what it keeps.",
            "회선은 시험이 없어도 매달 임대료가 나가고, 클라우드는 보관한 만큼 냅니다.",
        ))
        .unit(lang.say("US dollars", "미국 달러"))
        .numbers(numbers(lang))
        .bar(lang.say("bigger line, one month", "회선 증설, 1개월"), [line])
        .bar(lang.say("bigger line, one year", "회선 증설, 1년"), [line * 12.0])
        .bar(lang.say("a season in Standard", "시즌 보관, Standard"), [plan.costs.bills[0].total])
        .bar(lang.say("a season, cheapest route", "시즌 보관, 최저"), [cheapest])
}

/// The bigger line in words.
pub fn bigger_line(plan: &Plan, lang: Lang) -> String {
    let (needed, month) = (rate(plan.bigger_line.bits_per_s), usd(plan.bigger_line.usd_per_month));
    let given = rate(plan.scenario.data_centre_bits_per_s);
    match lang {
        Lang::En => format!(
            "To lose nothing and starve nobody, the data centre's link would have to carry {needed} in the place of \
             {given}: {month} more every month, by the price in the table below. The servers behind it are not counted."
        ),
        Lang::Ko => format!(
            "유실과 영상 부족이 없으려면 데이터센터 회선이 {given}가 아니라 {needed}여야 합니다. 아래 표의 단가로 매월 \
             {month}가 더 듭니다. 그 뒤의 서버 비용은 포함하지 않았습니다."
        ),
    }
}

/// Bytes by day, in terabytes.
fn in_terabytes(bytes: &[f64]) -> impl Iterator<Item = (f64, f64)> {
    bytes.iter().enumerate().map(|(day, bytes)| (day as f64, bytes / handin_plan::GB / 1_024.0))
}
