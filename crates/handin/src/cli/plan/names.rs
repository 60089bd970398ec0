//! What things are called in each language.

use handin_plan::{Carrier, Class, Item, Route};

use super::assumptions::Kind;
use super::words::Lang;

/// The three ways, in the order in which they are shown.
pub fn ways(lang: Lang) -> [&'static str; 3] {
    [
        lang.say("before: through the data centre", "기존: 데이터센터 경유"),
        lang.say("presigned at the end", "종료 후 사전 서명 URL"),
        lang.say("handin: while recording", "handin: 녹화 중 전송"),
    ]
}

/// The way through the data centre if nobody gave up.
pub fn patient(lang: Lang) -> &'static str {
    lang.say("before, if clients waited for ever", "기존: 끝까지 기다린다면")
}

/// A storage class.
pub fn class(class: Class, lang: Lang) -> &'static str {
    match class {
        Class::Standard => lang.say("Standard", "Standard"),
        Class::Infrequent => lang.say("Infrequent Access", "Infrequent Access"),
        Class::Instant => lang.say("Glacier Instant", "Glacier Instant"),
        Class::Flexible => lang.say("Glacier Flexible", "Glacier Flexible"),
        Class::Deep => lang.say("Glacier Deep Archive", "Glacier Deep Archive"),
    }
}

/// A route from upload to deletion.
pub fn route(route: Route, lang: Lang) -> String {
    match route {
        Route::Keep { class: Class::Standard } => lang.say("keep in Standard", "Standard에 보관").to_owned(),
        Route::Keep { class: archive } => {
            format!("{} {}", lang.say("write straight to", "바로 저장:"), class(archive, lang))
        }
        Route::Tier { after_days } => match lang {
            Lang::En => format!("Instant archive after {after_days} days"),
            Lang::Ko => format!("{after_days}일 후 Glacier Instant"),
        },
        Route::Drain { after_days, by } => match lang {
            Lang::En => format!("own disks after {after_days} days, {}", carrier(by, lang)),
            Lang::Ko => format!("{after_days}일 후 자체 디스크, {}", carrier(by, lang)),
        },
    }
}

/// What carries recordings out.
pub fn carrier(carrier: Carrier, lang: Lang) -> &'static str {
    match carrier {
        Carrier::Internet => lang.say("by internet", "인터넷"),
        Carrier::DirectConnect => lang.say("by leased line", "전용선"),
    }
}

/// What is paid for.
pub fn item(item: Item, lang: Lang) -> &'static str {
    match item {
        Item::Storage => lang.say("cloud storage", "클라우드 보관"),
        Item::Requests => lang.say("requests", "요청"),
        Item::Transitions => lang.say("transitions", "등급 전환"),
        Item::Retrieval => lang.say("retrieval", "검색(읽기)"),
        Item::Egress => lang.say("egress", "외부 전송"),
        Item::OwnDisks => lang.say("own disks", "자체 디스크"),
    }
}

/// How firm an assumption is.
pub fn kind(kind: Kind, lang: Lang) -> &'static str {
    match kind {
        Kind::Given => lang.say("given", "입력"),
        Kind::Assumed => lang.say("assumed", "가정"),
        Kind::Published => lang.say("published", "공개 자료"),
    }
}

/// A variation of the sensitivity; what `--compare` gave keeps its own words.
pub fn case(name: &str, lang: Lang) -> String {
    let (english, korean) = match name {
        "as_given" => ("as given", "주어진 조건"),
        "candidates_half" => ("half the candidates", "응시자 ½"),
        "candidates_double" => ("twice the candidates", "응시자 2배"),
        "bitrates_half" => ("half the bitrates", "비트레이트 ½"),
        "bitrates_double" => ("twice the bitrates", "비트레이트 2배"),
        "uplinks_half" => ("home lines half as fast", "가정 회선 속도 ½"),
        "uplinks_double" => ("home lines twice as fast", "가정 회선 속도 2배"),
        other => (other, other),
    };
    lang.say(english, korean).to_owned()
}
