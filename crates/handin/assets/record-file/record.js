// The candidate's page: sends finished recordings of each track straight to the store and shows the receipts.
//
// The token stands behind `#`, so no server sees it in a URL; it is kept for this tab and taken out of the address.
// Sending again after a reload finds the same recording (the idempotency key follows from the file) and sends only
// the parts that the store does not confirm.

const IN_FLIGHT = 2;
const TRIES = 8;
const STALL_MS = 120_000;

const TEXTS = {
  en: {
    title: "Send your recordings",
    lead: "Each file goes straight to the storage of your exam. You may close this tab when every track has its receipt.",
    choose: "Recording file",
    send: "Send",
    copy: "Copy receipt",
    save: "Save receipt",
    copied: "Copied",
    sitting: ({ exam, subject, candidate }) => `Exam ${exam}, subject ${subject}, candidate ${candidate}`,
    track: (track) => ({ webcam: "Webcam", screen: "Screen" })[track] ?? track,
    reading: "Opening…",
    sending: (done, all) => `${done} of ${all} MB are confirmed or sent`,
    sealing: "Everything is sent. The server is checking it…",
    sealed: (size) => `Complete: ${size} bytes, checked by the server.`,
    partial: "Only a part of this recording had arrived in time. It is kept.",
    waiting: (seconds) => `No connection. Trying again in ${seconds} s. Please keep this tab open.`,
    failed: (why) => `This did not work: ${why}`,
    done: "All recordings are complete. You may close this tab.",
    no_token: "This link is not complete. Please open the link of your invitation again.",
    expired: "This link has expired. Please ask for a new one.",
  },
  ko: {
    title: "녹화 파일 제출",
    lead: "파일은 시험 저장소로 바로 전송됩니다. 모든 항목의 접수증이 표시되면 이 탭을 닫아도 됩니다.",
    choose: "녹화 파일",
    send: "보내기",
    copy: "접수증 복사",
    save: "접수증 저장",
    copied: "복사했습니다",
    sitting: ({ exam, subject, candidate }) => `시험 ${exam}, 과목 ${subject}, 응시자 ${candidate}`,
    track: (track) => ({ webcam: "웹캠", screen: "화면" })[track] ?? track,
    reading: "준비하고 있습니다…",
    sending: (done, all) => `${all}MB 가운데 ${done}MB를 보냈습니다`,
    sealing: "모두 보냈습니다. 서버가 확인하고 있습니다…",
    sealed: (size) => `완료: ${size}바이트, 서버가 확인했습니다.`,
    partial: "이 녹화는 일부만 제시간에 도착했습니다. 도착한 부분은 보관됩니다.",
    waiting: (seconds) => `연결이 끊겼습니다. ${seconds}초 뒤에 다시 시도합니다. 탭을 닫지 마세요.`,
    failed: (why) => `처리하지 못했습니다: ${why}`,
    done: "모든 녹화가 완료되었습니다. 이 탭을 닫아도 됩니다.",
    no_token: "링크가 올바르지 않습니다. 안내받은 링크를 다시 열어 주세요.",
    expired: "링크가 만료되었습니다. 새 링크를 요청해 주세요.",
  },
};

let language = navigator.language.startsWith("ko") ? "ko" : "en";
const text = (name, ...values) => {
  const found = TEXTS[language][name];
  return typeof found === "function" ? found(...values) : found;
};

/** A problem document of the API, or what went wrong on the way to it. */
class Failure extends Error {
  constructor(message, { code = "network", parts = [], retryAfter = null, passing = false } = {}) {
    super(message);
    Object.assign(this, { code, parts, retryAfter, passing });
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** Repeats what may pass: capped exponential with full jitter, never sooner than the server asks. */
async function patiently(work, say) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (failure) {
      // Who only waits for a turn has not failed.
      if (failure.code === "paced") attempt -= 1;
      if (!failure.passing || attempt === TRIES) throw failure;
      const asked = (failure.retryAfter ?? 0) * 1000;
      const delay = Math.max(asked, Math.random() * Math.min(30_000, 500 * 2 ** attempt));
      say("waiting", Math.ceil(delay / 1000));
      await pause(delay);
    }
  }
}

async function request(url, options) {
  try {
    return await fetch(url, { ...options, signal: AbortSignal.timeout(STALL_MS) });
  } catch (error) {
    throw new Failure(error.message, { passing: true });
  }
}

const PASSING = new Set([408, 429, 500, 502, 503, 504]);

async function api(token, method, path, body, headers = {}) {
  const response = await request(path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const retryAfter = Number(response.headers.get("retry-after")) || null;
  const passing = PASSING.has(response.status) || answer.code === "sealing";
  throw new Failure(answer.detail ?? response.statusText, { code: answer.code, parts: answer.parts, retryAfter, passing });
}

async function put({ url, headers }, slice) {
  const sent = Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => name !== "content-length"));
  const response = await request(url, { method: "PUT", headers: sent, body: slice });
  if (response.ok) return;
  const body = await response.text();
  // An expired URL is signed again on the next try; a store that closed an idle socket says 400 RequestTimeout.
  const passing = PASSING.has(response.status) || /RequestTimeout|Request has expired|AccessDenied/.test(body);
  throw new Failure(`the storage answered ${response.status}`, { passing });
}

/** Sends one file as the recording of a track; gives the sealed answer. */
async function send(token, track, file, say) {
  const open = {
    track,
    upload: "file",
    content_type: file.type || "application/octet-stream",
    size: file.size,
  };
  const key = { "idempotency-key": `page-${track}-${file.size}-${file.lastModified}` };
  const recording = await patiently(() => api(token, "POST", "/v1/recordings", open, key), say);
  const { id, handle, part_size } = recording;
  const parts = Array.from({ length: Math.ceil(file.size / part_size) }, (_, place) => place + 1);
  const slice = (number) => file.slice((number - 1) * part_size, number * part_size);
  const known = await patiently(() => api(token, "GET", `/v1/recordings/${id}`), say);
  // Sealed before this page was opened again: there is nothing left to send.
  if (known.receipt) return { state: known.state, receipt: known.receipt };
  const there = new Map((known.parts ?? []).map((part) => [part.number, part]));
  const digests = new Map();
  let done = 0;

  const deliver = async (number) => {
    const piece = slice(number);
    const sha256 = hex(await crypto.subtle.digest("SHA-256", await piece.arrayBuffer()));
    digests.set(number, sha256);
    const same = there.get(number)?.size === piece.size && there.get(number)?.sha256 === sha256;
    if (!same) {
      await patiently(async () => {
        const wanted = { handle, parts: [{ number, size: piece.size, sha256 }], pending_bytes: file.size - done };
        const { parts: [signed] } = await api(token, "POST", `/v1/recordings/${id}/sign`, wanted);
        await put(signed, piece);
      }, say);
    }
    done += piece.size;
    say("sending", megabytes(done), megabytes(file.size), done / file.size);
  };
  const deliverAll = async (numbers) => {
    const queue = [...numbers];
    const lane = async () => {
      while (queue.length) await deliver(queue.shift());
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  };

  await deliverAll(parts);
  const claim = {
    handle,
    size: file.size,
    parts: parts.map((number) => ({ number, size: slice(number).size, sha256: digests.get(number) })),
  };
  for (;;) {
    say("sealing");
    try {
      return await patiently(() => api(token, "POST", `/v1/recordings/${id}/seal`, claim), say);
    } catch (failure) {
      if (failure.code !== "parts_missing") throw failure;
      failure.parts.forEach((number) => there.delete(number));
      done -= failure.parts.reduce((sum, number) => sum + slice(number).size, 0);
      await deliverAll(failure.parts);
    }
  }
}

function readToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  const token = given ?? sessionStorage.getItem("token");
  try {
    const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return { token, claims: JSON.parse(atob(payload)) };
  } catch {
    return null;
  }
}

const pending = new Set();
addEventListener("beforeunload", (event) => pending.size && event.preventDefault());

function trackForm(token, track, onSealed) {
  const form = document.querySelector("#track").content.cloneNode(true).querySelector("fieldset");
  const [input, button, progress, state, receipt] =
    ["input", "button[type=submit]", "progress", ".state", ".receipt"].map((selector) => form.querySelector(selector));
  let shown = [];
  const render = () => {
    form.querySelector("legend").textContent = text("track", track);
    progress.setAttribute("aria-label", text("track", track));
    state.textContent = shown.length ? text(...shown) : "";
  };
  const say = (...message) => {
    shown = message;
    state.className = { sealed: "state good", failed: "state bad" }[message[0]] ?? "state";
    if (message[0] === "sending") progress.value = message[3];
    render();
  };
  input.addEventListener("change", () => { button.disabled = !input.files.length; });
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    const [file] = input.files;
    input.disabled = button.disabled = true;
    progress.hidden = false;
    pending.add(track);
    say("reading");
    try {
      const sealed = await send(token, track, file, say);
      showReceipt(receipt, track, sealed.receipt);
      say(sealed.state === "sealed" ? "sealed" : "partial", file.size);
      onSealed();
    } catch (failure) {
      say(failure.code === "expired" ? "expired" : "failed", failure.message);
      input.disabled = button.disabled = false;
    } finally {
      pending.delete(track);
    }
  });
  return { form, render };
}

function showReceipt(place, track, receipt) {
  const copy = place.querySelector(".copy");
  const save = place.querySelector(".save");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(receipt);
    copy.textContent = text("copied");
  });
  save.href = URL.createObjectURL(new Blob([receipt], { type: "application/jose" }));
  save.download = `receipt-${track}.jws`;
  place.hidden = false;
}

function start() {
  const verdict = document.querySelector("#verdict");
  const found = readToken();
  const tracks = found?.claims.tracks ?? [];
  let sealed = 0;
  const forms = tracks.map((track) => trackForm(found.token, track, () => { sealed += 1; render(); }));
  document.querySelector("#tracks").append(...forms.map(({ form }) => form));
  function render() {
    document.documentElement.lang = language;
    document.querySelectorAll("[data-text]").forEach((node) => { node.textContent = text(node.dataset.text); });
    document.querySelectorAll("[data-language]").forEach((node) => {
      node.setAttribute("aria-pressed", String(node.dataset.language === language));
    });
    document.title = `${text("title")} · handin`;
    document.querySelector("#sitting").textContent = found ? text("sitting", found.claims) : "";
    forms.forEach((form) => form.render());
    verdict.className = tracks.length && sealed === tracks.length ? "good" : "";
    verdict.textContent = !found ? text("no_token") : verdict.className ? text("done") : "";
  }
  document.querySelectorAll("[data-language]").forEach((node) => {
    node.addEventListener("click", () => { language = node.dataset.language; render(); });
  });
  render();
}

start();
