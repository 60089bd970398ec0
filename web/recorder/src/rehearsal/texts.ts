/** What a rehearsal says, by code: how bad it is, and what to do, in English and Korean. */

/** An outcome and its sentences. */
interface Finding {
  readonly outcome: "good" | "warning" | "bad";
  readonly en: string;
  readonly ko: string;
}

const good = (en: string, ko: string): Finding => ({ outcome: "good", en, ko });
const warning = (en: string, ko: string): Finding => ({ outcome: "warning", en, ko });
const bad = (en: string, ko: string): Finding => ({ outcome: "bad", en, ko });

/** Every finding. */
export const TEXTS = {
  server_answers: good("The exam server answers.", "시험 서버가 응답합니다."),
  offline: bad("This computer is offline. Connect to the internet and try again.", "인터넷에 연결되어 있지 않습니다. 연결한 뒤 다시 시도하세요."),
  server_unreachable: bad(
    "The exam server cannot be reached. A firewall or VPN may block it: try another network, or ask your organiser.",
    "시험 서버에 연결할 수 없습니다. 방화벽이나 VPN이 막고 있을 수 있습니다. 다른 네트워크를 쓰거나 주관사에 문의하세요.",
  ),
  server_cors: bad(
    "The exam server answers, but does not allow this website. Tell the organiser: the site's address is missing in its settings.",
    "시험 서버가 이 웹사이트를 허용하지 않습니다. 주관사에 사이트 주소가 설정에서 빠졌다고 알려 주세요.",
  ),
  server_failed: bad(
    "The exam server could not do what was asked. Try again in a few minutes; if it stays so, ask your organiser.",
    "시험 서버가 요청을 처리하지 못했습니다. 몇 분 뒤 다시 시도하고, 계속되면 주관사에 문의하세요.",
  ),
  token_expired: bad("This link is no longer valid. Open the newest link of your invitation.", "이 링크는 만료되었습니다. 가장 최근에 받은 초대 링크를 여세요."),
  clock_right: good("This computer's clock is right.", "컴퓨터 시계가 정확합니다."),
  clock_skewed: warning(
    "This computer's clock is wrong by more than two minutes. Turn on automatic time in the system settings.",
    "컴퓨터 시계가 2분 넘게 틀립니다. 시스템 설정에서 자동 시간 설정을 켜세요.",
  ),
  store_works: good("A trial file went to the storage and came back unchanged.", "시험용 파일이 저장소에 올라갔다가 그대로 돌아왔습니다."),
  store_unread: warning(
    "A trial file went to the storage, but could not be read back to compare it.",
    "시험용 파일을 저장소에 올렸지만, 다시 읽어 비교하지는 못했습니다.",
  ),
  store_blocked: bad(
    "The storage cannot be reached although the exam server can. A firewall, VPN or ad blocker blocks it: switch it off or try another network.",
    "시험 서버에는 연결되지만 저장소에는 연결되지 않습니다. 방화벽, VPN 또는 광고 차단기를 끄거나 다른 네트워크를 쓰세요.",
  ),
  store_cors: bad(
    "The storage answers, but does not allow this website. Tell the organiser: the storage's CORS rule is missing or wrong.",
    "저장소가 이 웹사이트를 허용하지 않습니다. 주관사에 저장소의 CORS 설정이 잘못되었다고 알려 주세요.",
  ),
  store_insecure: bad(
    "The storage is not served over HTTPS, so the browser refuses it. Tell the organiser.",
    "저장소가 HTTPS가 아니어서 브라우저가 막았습니다. 주관사에 알려 주세요.",
  ),
  store_clock: bad(
    "The storage says that a fresh address has expired: the clocks of exam server and storage differ. Tell the organiser.",
    "저장소가 방금 받은 주소를 만료되었다고 합니다. 시험 서버와 저장소의 시계가 다릅니다. 주관사에 알려 주세요.",
  ),
  store_refuses: bad(
    "The storage refuses the trial file. A proxy may be changing what is sent: try another network, or tell the organiser.",
    "저장소가 시험용 파일을 거절했습니다. 프록시가 내용을 바꾸고 있을 수 있습니다. 다른 네트워크를 쓰거나 주관사에 알려 주세요.",
  ),
  proxy_answers: bad(
    "Something between this computer and the storage answers in its place. Log in to the network, or try another one.",
    "이 컴퓨터와 저장소 사이에서 다른 장치가 대신 응답합니다. 네트워크에 로그인하거나 다른 네트워크를 쓰세요.",
  ),
  proxy_fakes_success: bad(
    "The upload was said to have worked, but the file is not there. A proxy fakes success: use another network.",
    "업로드가 성공했다고 하지만 파일이 없습니다. 프록시가 거짓으로 응답합니다. 다른 네트워크를 쓰세요.",
  ),
  uplink_fast: good("The line is fast enough to upload while recording.", "녹화하면서 업로드하기에 충분히 빠릅니다."),
  uplink_slow: warning(
    "The line is slower than the recording. It is kept on this computer and sent on after the end: keep this computer on until then.",
    "녹화보다 인터넷이 느립니다. 녹화는 이 컴퓨터에 보관되며 끝난 뒤에도 계속 전송됩니다. 그때까지 컴퓨터를 끄지 마세요.",
  ),
  room_enough: good("There is enough room in this browser.", "브라우저에 저장 공간이 충분합니다."),
  room_short: warning(
    "There is little room on this computer. Free some space, so that a long interruption of the line costs nothing.",
    "저장 공간이 부족합니다. 인터넷이 오래 끊겨도 녹화를 잃지 않도록 공간을 비워 두세요.",
  ),
  room_slow: warning(
    "This browser window keeps files in a slower way, as private windows do. Use a normal window.",
    "시크릿 창처럼 파일 저장이 느린 창입니다. 일반 창을 사용하세요.",
  ),
  room_none: bad(
    "This browser keeps no data. Use a normal window, and allow site data in the settings.",
    "브라우저가 데이터를 저장하지 않습니다. 일반 창을 쓰고 설정에서 사이트 데이터를 허용하세요.",
  ),
  persistent: good("The browser will not clear the recording by itself.", "브라우저가 녹화를 스스로 지우지 않습니다."),
  not_persistent: warning(
    "The browser may clear data when the disk is nearly full. Keep some room free; bookmark this page if the browser offers it.",
    "디스크가 거의 차면 브라우저가 데이터를 지울 수 있습니다. 공간을 비워 두고 이 페이지를 북마크하세요.",
  ),
  camera_works: good("The camera works.", "카메라가 작동합니다."),
  camera_denied: bad(
    "The browser may not use the camera or microphone. Allow both beside the address bar.",
    "브라우저에 카메라나 마이크 권한이 없습니다. 주소창 옆에서 둘 다 허용하세요.",
  ),
  camera_missing: bad("No camera was found. Connect one.", "카메라가 없습니다. 카메라를 연결하세요."),
  camera_busy: bad("Another program uses the camera. Close it.", "다른 프로그램이 카메라를 쓰고 있습니다. 그 프로그램을 닫으세요."),
  insecure_page: bad("This page is not served over HTTPS, so there is no camera. Tell the organiser.", "HTTPS 페이지가 아니어서 카메라를 쓸 수 없습니다. 주관사에 알려 주세요."),
  source_failed: bad("A source of the recording could not be opened. Try again, or ask your organiser.", "녹화할 장치를 열 수 없습니다. 다시 시도하거나 주관사에 문의하세요."),
  microphone_works: good("The microphone works.", "마이크가 작동합니다."),
  microphone_missing: warning("No microphone was found. Connect one, or the recording has no sound.", "마이크가 없습니다. 연결하지 않으면 소리가 녹음되지 않습니다."),
  screen_works: good("The screen can be shared.", "화면을 공유할 수 있습니다."),
  screen_denied: bad("The screen was not shared. On a Mac, also allow screen recording for the browser in the system settings.", "화면이 공유되지 않았습니다. Mac에서는 시스템 설정에서 브라우저의 화면 기록도 허용하세요."),
  screen_unsupported: bad("This browser cannot share the screen. Use Chrome, Edge, Firefox or Safari on a computer.", "이 브라우저는 화면을 공유할 수 없습니다. 컴퓨터의 Chrome, Edge, Firefox, Safari를 사용하세요."),
  not_whole_monitor: bad("Only a window or a tab was shared. The exam needs the entire screen: choose it next time.", "창이나 탭만 공유되었습니다. 전체 화면을 선택해야 합니다."),
  encoder_works: good("This browser can record.", "이 브라우저로 녹화할 수 있습니다."),
  encoder_fails: bad("This browser cannot record here. Update it, or use Chrome, Edge, Firefox or Safari.", "이 브라우저로 녹화할 수 없습니다. 업데이트하거나 Chrome, Edge, Firefox, Safari를 사용하세요."),
} as const satisfies Record<string, Finding>;

/** The verdicts. */
export const VERDICTS = {
  ready: { en: "Everything is ready for the exam.", ko: "시험 준비가 모두 되었습니다." },
  warning: { en: "The exam can be recorded. Please look at the warnings first.", ko: "녹화할 수 있습니다. 먼저 주의 사항을 확인하세요." },
  not_ready: { en: "The exam cannot be recorded like this. Please solve what is marked, then try again.", ko: "이대로는 녹화할 수 없습니다. 표시된 문제를 해결한 뒤 다시 시도하세요." },
} as const;
