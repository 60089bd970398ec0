/** Sends a trial file to the real store and reads it back. Collects what was seen; {@link diagnoseStore} says what it means. */

import { RecorderError } from "../problems.js";
import { call, type Server } from "../sitting/sitting.js";
import type { Answer, StoreEvidence } from "./diagnose.js";

/** The first try is small, so that a slow line is known before it is filled. */
const SMALL = 256 * 1024;
/** Bytes: a whole part, the most the server grants. */
const LARGE = 5 * 1024 * 1024;
/** Seconds that the larger try may take. */
const SECONDS = 8;
/** `getRandomValues` gives at most this at once. */
const RANDOM = 65_536;

/** What the trial showed. */
export interface Trial {
  readonly evidence: StoreEvidence;
  /** `null` when nothing arrived. */
  readonly bytesPerS: number | null;
}

/** One small try, and a larger one if the line bears it. @throws {@link RecorderError} when the server grants none. */
export async function tryStore(server: Server): Promise<Trial> {
  const small = await tryOnce(server, SMALL);
  if (small.bytesPerS === null || !small.evidence.get?.same) return small;
  const size = Math.floor(Math.min(LARGE, small.bytesPerS * SECONDS));
  return size > SMALL ? tryOnce(server, size) : small;
}

/** Whether anything at all answers there: a request without CORS tells only that. */
export async function isReached(server: Server, url: string): Promise<boolean> {
  const init: RequestInit = { mode: "no-cors", cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" };
  return server.fetch(url, init).then(
    () => true,
    () => false,
  );
}

async function tryOnce(server: Server, size: number): Promise<Trial> {
  const bytes = random(size);
  const grant = grantOf(await call(server, "POST", "/v1/rehearsal", { size, sha256: await sha256(bytes) }));
  const sentMs = performance.now();
  const put = await answerOf(server, grant.put.url, { method: "PUT", headers: grant.put.headers, body: bytes });
  const tookMs = performance.now() - sentMs;
  const arrived = put !== null && put.answer.status < 300;
  const got = arrived ? await answerOf(server, grant.get.url, {}) : null;
  const evidence = {
    put: put && put.answer,
    get: got && { ...got.answer, same: equal(got.body, bytes) },
    reached: put !== null || (await isReached(server, new URL(grant.put.url).origin)),
    isMixed: location.protocol === "https:" && grant.put.url.startsWith("http:"),
    online: navigator.onLine,
  };
  return { evidence, bytesPerS: arrived ? (size / tookMs) * 1000 : null };
}

/** What the server grants: one PUT and one GET. */
interface Grant {
  readonly put: { readonly url: string; readonly headers: Record<string, string> };
  readonly get: { readonly url: string };
}

function grantOf(json: unknown): Grant {
  const { put, get } = json as Partial<Grant>;
  if (typeof put?.url === "string" && typeof get?.url === "string") return { put: { url: put.url, headers: put.headers ?? {} }, get };
  throw new RecorderError({ code: "bad_answer", detail: "The server granted no trial." });
}

async function answerOf(server: Server, url: string, init: RequestInit): Promise<{ answer: Answer; body: Uint8Array } | null> {
  try {
    const response = await server.fetch(url, { ...init, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });
    const body = new Uint8Array(await response.arrayBuffer());
    const contentType = response.headers.get("content-type") ?? "";
    const text = new TextDecoder().decode(body.subarray(0, 4096));
    return { answer: { status: response.status, contentType, text }, body };
  } catch {
    return null;
  }
}

/** Bytes that no proxy can have in store, nor compress. */
function random(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += RANDOM) crypto.getRandomValues(bytes.subarray(at, at + RANDOM));
  return bytes;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
