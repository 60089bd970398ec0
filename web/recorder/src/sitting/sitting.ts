/** Asks the server what this candidate's sitting is. Knows the REST call and nothing of what is done with its answer. */

import { failure, RecorderError } from "../problems.js";
import type { CaptureSettings, Sitting } from "../types.js";

/** The sitting as the server describes it, and its clock at that moment. */
export interface SittingAnswer {
  /** Without the clock, which takes several answers to know. */
  readonly sitting: Omit<Sitting, "clock">;
  /** The server's clock in milliseconds since 1970. */
  readonly serverTime: number;
}

/** What is needed to call the server. */
export interface Server {
  /** The API's origin, with or without a path, without a final slash. */
  readonly url: string;
  readonly token: string;
  readonly fetch: typeof fetch;
}

/**
 * `GET /v1/sitting`.
 * @throws {@link RecorderError} `server_unreachable`, `bad_answer`, or a code of the server's problem documents.
 */
export async function getSitting(server: Server): Promise<SittingAnswer> {
  return parseSitting(await call(server, "GET", "/v1/sitting"));
}

/**
 * One call of the API: JSON in, JSON out.
 * @throws {@link RecorderError} as {@link getSitting}.
 */
export async function call(server: Server, method: "GET" | "POST", path: string, body?: unknown): Promise<unknown> {
  const response = await answer(server, method, path, body);
  const json: unknown = await response.json().catch(() => null);
  if (response.ok && json !== null) return json;
  if (isProblem(json)) throw new RecorderError({ code: json.code, detail: json.detail });
  throw failure("bad_answer");
}

async function answer(server: Server, method: string, path: string, body: unknown): Promise<Response> {
  const headers: Record<string, string> = { authorization: `Bearer ${server.token}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  const init: RequestInit = { method, headers, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" };
  if (body !== undefined) init.body = JSON.stringify(body);
  try {
    return await server.fetch(server.url + path, init);
  } catch {
    // A fetch that fails says nothing of its cause, on purpose: offline, blocked, refused and no CORS look the same.
    throw failure("server_unreachable");
  }
}

/**
 * The server's JSON as a sitting.
 * @throws {@link RecorderError} `bad_answer` when it is something else.
 */
export function parseSitting(json: unknown): SittingAnswer {
  try {
    const wire = json as WireSitting;
    const serverTime = time(wire.server_time);
    if (serverTime === null || wire.tracks.length === 0) throw failure("bad_answer");
    return { sitting: fromWire(wire), serverTime };
  } catch {
    throw failure("bad_answer");
  }
}

/** As it comes: the names of the API, nothing checked yet. */
interface WireSitting {
  readonly exam: { readonly id: string; readonly title: string };
  readonly subject: { readonly id: string; readonly title?: string | null; readonly ends_at?: string | null };
  readonly candidate: string;
  readonly server_time: string;
  readonly salvage_at?: string | null;
  readonly retention_days?: number | null;
  readonly notice?: Readonly<Record<string, string>> | null;
  readonly after_crash?: "next_take" | "seal" | null;
  readonly tracks: readonly { readonly track: string; readonly capture: WireCapture }[];
  readonly recordings?: readonly {
    readonly id: string;
    readonly track: string;
    readonly take: number;
    readonly state: string;
    readonly receipt?: string | null;
  }[];
}

interface WireCapture {
  readonly width: number;
  readonly height: number;
  readonly frame_rate: number;
  readonly video_bits_per_second: number;
  readonly audio_bits_per_second?: number | null;
  readonly whole_monitor?: boolean;
}

function fromWire(wire: WireSitting): Omit<Sitting, "clock"> {
  return {
    exam: { id: wire.exam.id, title: wire.exam.title },
    subject: { id: wire.subject.id, title: wire.subject.title ?? null },
    candidate: wire.candidate,
    bellAt: time(wire.subject.ends_at),
    salvageAt: time(wire.salvage_at),
    retentionDays: wire.retention_days ?? null,
    notice: wire.notice ?? {},
    tracks: wire.tracks.map(({ track, capture }) => ({ track, capture: captureFromWire(capture) })),
    recordings: (wire.recordings ?? []).map((one) => ({ ...one, receipt: one.receipt ?? null })),
    afterCrash: wire.after_crash ?? "next_take",
  };
}

function captureFromWire(wire: WireCapture): CaptureSettings {
  return {
    width: positive(wire.width),
    height: positive(wire.height),
    frameRate: positive(wire.frame_rate),
    videoBitsPerSecond: positive(wire.video_bits_per_second),
    // The API writes "no sound" as 0 or leaves it out.
    audioBitsPerSecond: wire.audio_bits_per_second || null,
    wholeMonitor: wire.whole_monitor ?? false,
  };
}

function positive(value: number): number {
  if (!Number.isFinite(value) || value <= 0) throw failure("bad_answer");
  return value;
}

function time(text: string | null | undefined): number | null {
  if (text === null || text === undefined) return null;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw failure("bad_answer");
  return at;
}

function isProblem(json: unknown): json is { code: string; detail: string } {
  if (typeof json !== "object" || json === null || !("code" in json) || !("detail" in json)) return false;
  return typeof json.code === "string" && typeof json.detail === "string";
}
