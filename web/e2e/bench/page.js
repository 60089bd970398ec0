// Runs in the browser: films a minute, feeds films to the recorder's worker, and sends one the classic way.

const TYPE = "video/webm;codecs=vp9";
const SLICE = 64 * 1024;
const TRACKS = ["webcam", "screen"];
const BITS = { webcam: 500_000, screen: 300_000 };

async function sources() {
  const webcam = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, frameRate: 15 } });
  const screen = await navigator.mediaDevices.getDisplayMedia({ video: { width: 1280, height: 720, frameRate: 5 } });
  return { webcam, screen };
}

const base64 = async (blob) => {
  const url = await new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(",") + 1);
};

/** A minute of both tracks from a bare MediaRecorder, as base64. */
async function minute() {
  const streams = await sources();
  const films = await Promise.all(TRACKS.map((track) => new Promise((resolve) => {
    const recorder = new MediaRecorder(streams[track], { mimeType: TYPE, videoBitsPerSecond: BITS[track] });
    recorder.ondataavailable = ({ data }) => resolve(data);
    recorder.start();
    setTimeout(() => recorder.stop(), 60_000);
  })));
  return Object.fromEntries(await Promise.all(films.map(async (film, at) => [TRACKS[at], await base64(film)])));
}

/** Records with these settings and lets every slice go: what the browser itself costs. Goes on until the page is closed. */
async function bare(made) {
  for (const { options, tracks, slice } of made) {
    const wanted = (kind) => tracks.find((track) => track.kind === kind) ?? false;
    const pick = (track) => track && { width: track.width, height: track.height, frameRate: track.frameRate };
    const isScreen = tracks.some(({ displaySurface }) => displaySurface);
    const constraints = { video: pick(wanted("video")), audio: Boolean(wanted("audio")) };
    const stream = isScreen
      ? await navigator.mediaDevices.getDisplayMedia({ ...constraints, audio: false })
      : await navigator.mediaDevices.getUserMedia(constraints);
    new MediaRecorder(stream, options).start(slice);
  }
}

const call = async (server, token, method, path, body, headers = {}) => {
  const response = await fetch(server + path, {
    method, headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
};

const PART = 5 << 20;
/** Where the last full part begins: from there on the recorder meets the line that it ends on. */
const startOfRest = ({ film }) => Math.max(0, Math.floor(film.byteLength / PART) - 1) * PART;

/** Uploading while recording: the recorder's own worker, fed faster than life. */
class Streaming {
  #worker = new Worker("/recorder/worker/worker.js", { type: "module" });
  #listeners = new Set();
  #takes = [];

  constructor() {
    this.#worker.onmessage = ({ data }) => {
      if (data.kind === "uploads") this.#takes = data.takes;
      for (const listener of this.#listeners) listener(data);
    };
  }

  #until(found) {
    return new Promise((resolve) => {
      const listener = (message) => {
        const value = found(message);
        if (!value) return;
        this.#listeners.delete(listener);
        resolve(value);
      };
      this.#listeners.add(listener);
    });
  }

  async prepare({ server, token, minutes, films }) {
    const sitting = await sittingOf(server, token);
    const ready = this.#until(({ kind }) => kind === "ready");
    this.#worker.postMessage({ kind: "hello", server, token, sitting });
    await ready;
    this.takes = TRACKS.map((track) => ({ track, film: films[track], local: crypto.randomUUID(), ms: minutes * 60_000 }));
    for (const { local, track } of this.takes) {
      this.#worker.postMessage({ kind: "begin", local, track, contentType: TYPE, startedAt: Date.now(), manifest: manifest() });
    }
    await Promise.all(this.takes.map((take) => this.#feed(take, 0, startOfRest(take))));
    await this.#settled();
  }

  /** The last full part, and what comes after it. */
  async rest() {
    await Promise.all(this.takes.map((take) => this.#feed(take, startOfRest(take), take.film.byteLength)));
    await this.#settled();
  }

  async #feed(take, from, to) {
    const { film, local, ms } = take;
    take.fed = to;
    for (let at = from; at < to; at += SLICE) {
      const end = Math.min(at + SLICE, to);
      const bytes = film.slice(at, end);
      const recordedMs = Math.round((end / film.byteLength) * ms);
      const durable = this.#until((said) => said.kind === "durable" && said.local === local);
      this.#worker.postMessage({ kind: "chunk", local, bytes, recordedMs }, [bytes]);
      await durable;
    }
  }

  /** Every full part is in the store; what is left is what a recording of this length always has left. */
  #settled() {
    const settled = (takes) => this.takes.every(({ local, fed }) => {
      const take = takes.find((one) => one.local === local);
      return take && take.recordedBytes >= fed && take.storedBytes >= Math.floor(take.recordedBytes / PART) * PART;
    });
    return settled(this.#takes) || this.#until(({ kind, takes }) => kind === "uploads" && settled(takes));
  }

  async finish() {
    const sealed = this.#until(({ kind, takes }) => kind === "uploads"
      && this.takes.every(({ local }) => takes.some((take) => take.local === local && take.receipt)));
    for (const { local } of this.takes) this.#worker.postMessage({ kind: "end", local, manifest: manifest() });
    await sealed;
  }
}

/** Recording first: the whole file is there, and now it is sent in parts, two at a time as the recorder may. */
class Classic {
  async prepare({ server, token, films }) {
    this.api = (...rest) => call(server, token, ...rest);
    this.files = TRACKS.map((track) => ({ track, film: films[track] }));
  }

  /** Nothing was sent, so nothing has met the line. */
  async rest() {}

  async finish() {
    await Promise.all(this.files.map((file) => this.#send(file)));
  }

  async #send({ track, film }) {
    const opened = await this.api("POST", "/v1/recordings", { track, upload: "file", content_type: "video/webm", size: film.byteLength });
    const { id, handle, part_size } = opened;
    const parts = [];
    for (let at = 0, number = 1; at < film.byteLength; at += part_size, number += 1) {
      const bytes = film.slice(at, at + part_size);
      parts.push({ number, size: bytes.byteLength, sha256: hex(await crypto.subtle.digest("SHA-256", bytes)) });
    }
    for (const part of parts) {
      const signed = await this.api("POST", `/v1/recordings/${id}/sign`, { handle, parts: [part] });
      const { url, headers } = signed.parts[0];
      const body = film.slice((part.number - 1) * part_size, part.number * part_size);
      const response = await fetch(url, { method: "PUT", headers, body });
      if (!response.ok) throw new Error(`part ${part.number}: ${response.status} ${await response.text()}`);
    }
    await this.api("POST", `/v1/recordings/${id}/seal`, { handle, size: film.byteLength, parts });
  }
}

const hex = (digest) => [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const manifest = () => ({
  version: 1, started_at: new Date().toISOString(), clock: { offset_ms: 0, uncertainty_ms: 0 }, gaps: [],
  capture: { mime_type: TYPE, video_bits_per_second: 500_000 }, ended: "stopped",
});

/** The sitting as the recorder reads it; only what the worker looks at. */
async function sittingOf(server, token) {
  const answer = await call(server, token, "GET", "/v1/sitting");
  return {
    exam: answer.exam, subject: { id: answer.subject.id, title: null }, candidate: answer.candidate, bellAt: null, salvageAt: null,
    retentionDays: null, notice: {}, tracks: [], recordings: [], afterCrash: "next_take", clock: { offsetMs: 0, uncertaintyMs: 0 },
  };
}

let way;

globalThis.bench = {
  minute,
  bare,
  async prepare(options) {
    const films = {};
    for (const track of TRACKS) films[track] = await (await fetch(`/film/${track}-${options.minutes}`)).arrayBuffer();
    way = options.way === "handin" ? new Streaming() : new Classic();
    await way.prepare({ ...options, films });
  },
  rest() {
    return way.rest();
  },
  async finish() {
    const begun = performance.now();
    await way.finish();
    return { ms: performance.now() - begun };
  },
};
