/** What the element says, in English and Korean. Every language has every text: the type sees to it. */

import type { ProblemCode } from "../problems.js";
import type { GapReason, Phase, TrackState } from "../types.js";

/** Everything that one language needs. */
export interface Texts {
  readonly phase: Readonly<Record<Phase, string>>;
  readonly status: Readonly<Record<TrackState["status"], string>>;
  readonly reason: Readonly<Record<GapReason, string>>;
  readonly tracks: Readonly<Record<string, string>>;
  readonly problems: Readonly<Record<ProblemCode | "expired" | "no_spool", string>>;
  readonly start: string;
  readonly stop: string;
  readonly resume: (track: string) => string;
  readonly rehearse: string;
  readonly rehearsing: string;
  readonly receipt: (track: string, take: number | null) => string;
  readonly records: (tracks: readonly string[]) => string;
  readonly lowered: string;
  readonly offline: string;
  readonly atRisk: (seconds: number) => string;
  readonly remaining: (minutes: number) => string;
  readonly sending: string;
  readonly mayClose: string;
}

const en: Texts = {
  phase: {
    loading: "One moment…",
    ready: "Ready to record.",
    recording: "Recording.",
    finishing: "Recording has ended. The rest is being sent: please keep this tab open, or come back to it later.",
    finished: "Everything has arrived.",
    elsewhere: "This exam is being recorded in another tab. Close that one to go on here.",
    refused: "This cannot go on.",
  },
  status: { waiting: "not started", prepared: "ready", live: "being recorded", interrupted: "interrupted", over: "ended" },
  reason: {
    share_stopped: "The screen is no longer shared.",
    device_unplugged: "The camera or microphone is gone. Connect it again.",
    permission_revoked: "The browser may no longer use the camera. Allow it beside the address bar.",
    asleep: "The computer slept.",
    frozen: "The browser paused this page.",
    spool_full: "There is no room left on this computer. Free some, and recording goes on by itself.",
    page_closed: "The page was closed.",
    encoder_failed: "The browser's encoder failed.",
  },
  tracks: { webcam: "Webcam", screen: "Screen" },
  problems: {
    insecure_page: "This page is not served over HTTPS, so there is no camera.",
    recording_unsupported: "This browser cannot record. Use a current Chrome, Edge, Firefox or Safari on a computer.",
    camera_denied: "The browser may not use the camera or microphone. Allow both beside the address bar, then try again.",
    camera_missing: "No camera was found. Connect one, then try again.",
    camera_busy: "Another program uses the camera. Close it, then try again.",
    microphone_missing: "No microphone was found: the recording has no sound.",
    screen_denied: "The screen was not shared. Choose it again and press Share.",
    screen_unsupported: "This browser cannot share the screen. Use a current browser on a computer.",
    not_whole_monitor: "Only a window or a tab was shared. Choose again and share the entire screen.",
    source_failed: "The source of this recording could not be opened. Try again.",
    encoder_failed: "The browser's encoder failed again and again. Close other programs, then resume.",
    not_now: "This is not possible at the moment.",
    server_unreachable: "The server does not answer. Check the connection; this page tries again by itself.",
    bad_answer: "Something between this computer and the server answers in its place. Try another network.",
    worker_failed: "The recorder could not be started. Reload this page.",
    no_spool: "This browser keeps no recordings. Use a normal window, and allow site data in the settings.",
    expired: "This link is no longer valid. Open the newest link of your invitation.",
  },
  start: "Start recording",
  stop: "Stop recording",
  resume: (track) => `Resume: ${track}`,
  rehearse: "Check this computer",
  rehearsing: "Checking…",
  receipt: (track, take) => `Save receipt: ${track}${take === null ? "" : ` ${take}`}`,
  records: (tracks) => `This exam records: ${tracks.join(", ")}.`,
  lowered: "at lower quality, to save room",
  offline: "You are offline. Recording goes on and is sent later.",
  atRisk: (seconds) => `${seconds} s are only on this computer so far.`,
  remaining: (minutes) => `About ${minutes} min left.`,
  sending: "Sending…",
  mayClose: "You may close this tab.",
};

const ko: Texts = {
  phase: {
    loading: "잠시만 기다려 주세요…",
    ready: "녹화할 준비가 되었습니다.",
    recording: "녹화 중입니다.",
    finishing: "녹화가 끝났습니다. 나머지를 전송하고 있으니 이 탭을 열어 두거나 나중에 다시 여세요.",
    finished: "모두 도착했습니다.",
    elsewhere: "다른 탭에서 이 시험을 녹화하고 있습니다. 여기서 계속하려면 그 탭을 닫으세요.",
    refused: "더 진행할 수 없습니다.",
  },
  status: { waiting: "시작 전", prepared: "준비됨", live: "녹화 중", interrupted: "중단됨", over: "종료됨" },
  reason: {
    share_stopped: "화면 공유가 중지되었습니다.",
    device_unplugged: "카메라나 마이크의 연결이 끊겼습니다. 다시 연결하세요.",
    permission_revoked: "카메라 권한이 취소되었습니다. 주소창 옆에서 허용하세요.",
    asleep: "컴퓨터가 절전 상태였습니다.",
    frozen: "브라우저가 이 페이지를 멈추었습니다.",
    spool_full: "컴퓨터에 남은 공간이 없습니다. 공간을 비우면 녹화가 저절로 이어집니다.",
    page_closed: "페이지가 닫혔습니다.",
    encoder_failed: "브라우저의 인코더에 오류가 났습니다.",
  },
  tracks: { webcam: "웹캠", screen: "화면" },
  problems: {
    insecure_page: "HTTPS 페이지가 아니어서 카메라를 쓸 수 없습니다.",
    recording_unsupported: "이 브라우저로는 녹화할 수 없습니다. 컴퓨터에서 최신 Chrome, Edge, Firefox, Safari를 사용하세요.",
    camera_denied: "브라우저에 카메라나 마이크 권한이 없습니다. 주소창 옆에서 둘 다 허용한 뒤 다시 시도하세요.",
    camera_missing: "카메라가 없습니다. 연결한 뒤 다시 시도하세요.",
    camera_busy: "다른 프로그램이 카메라를 쓰고 있습니다. 그 프로그램을 닫고 다시 시도하세요.",
    microphone_missing: "마이크가 없어 소리가 녹음되지 않습니다.",
    screen_denied: "화면이 공유되지 않았습니다. 다시 선택하고 공유를 누르세요.",
    screen_unsupported: "이 브라우저는 화면을 공유할 수 없습니다. 컴퓨터의 최신 브라우저를 사용하세요.",
    not_whole_monitor: "창이나 탭만 공유되었습니다. 다시 선택하여 전체 화면을 공유하세요.",
    source_failed: "녹화할 장치를 열 수 없습니다. 다시 시도하세요.",
    encoder_failed: "브라우저의 인코더에 오류가 반복됩니다. 다른 프로그램을 닫고 다시 시작하세요.",
    not_now: "지금은 할 수 없습니다.",
    server_unreachable: "서버가 응답하지 않습니다. 연결을 확인하세요. 이 페이지는 저절로 다시 시도합니다.",
    bad_answer: "이 컴퓨터와 서버 사이에서 다른 장치가 대신 응답합니다. 다른 네트워크를 쓰세요.",
    worker_failed: "녹화기를 시작하지 못했습니다. 페이지를 새로 고치세요.",
    no_spool: "브라우저가 녹화를 저장하지 않습니다. 일반 창을 쓰고 설정에서 사이트 데이터를 허용하세요.",
    expired: "이 링크는 만료되었습니다. 가장 최근에 받은 초대 링크를 여세요.",
  },
  start: "녹화 시작",
  stop: "녹화 종료",
  resume: (track) => `다시 시작: ${track}`,
  rehearse: "컴퓨터 점검",
  rehearsing: "점검 중…",
  receipt: (track, take) => `영수증 저장: ${track}${take === null ? "" : ` ${take}`}`,
  records: (tracks) => `이 시험에서 녹화하는 것: ${tracks.join(", ")}.`,
  lowered: "공간을 아끼려고 화질을 낮춤",
  offline: "인터넷이 끊겼습니다. 녹화는 계속되며 나중에 전송됩니다.",
  atRisk: (seconds) => `${seconds}초 분량이 아직 이 컴퓨터에만 있습니다.`,
  remaining: (minutes) => `약 ${minutes}분 남았습니다.`,
  sending: "전송 중…",
  mayClose: "이 탭을 닫아도 됩니다.",
};

/** The texts of a language tag, English unless it is Korean. */
export function textsFor(language: string): Texts {
  return /^ko\b/i.test(language) ? ko : en;
}
