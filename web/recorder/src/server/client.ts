/**
 * The calls of the REST API that a sender makes. Says what came back, decides nothing, tries nothing twice.
 *
 * The contract is the OpenAPI document; its types are `@handin/api`.
 */

import type { components } from "@handin/api";
import type { Clock } from "../clock.js";
import type { Manifest } from "../types.js";
import { type Failure, problemOf, unreachable } from "./failure.js";

type Schemas = components["schemas"];
/** The answer to opening a recording. */
export type OpenedRecording = Schemas["Opened"];
/** A recording as the server knows it. */
export type ConfirmedRecording = Schemas["ConfirmedRecording"];
/** Where to send a part. */
export type SignedPart = Schemas["SignedPart"];
/** What the server asks of senders. */
export type ServerPace = Schemas["Pace"];
/** The answer to a seal. */
export type SealedRecording = Schemas["SealAnswer"];

/** What came back: the answer, or why there is none. */
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** A part as its sender knows it. */
export interface ClaimedPart {
  readonly number: number;
  readonly size: number;
  readonly sha256?: string;
}

/** How much there is, for the server's at-risk seconds. */
export interface Progress {
  readonly recorded_ms: number;
  readonly pending_bytes: number;
}

/** What is told when a recording is sealed. */
export interface Claim {
  readonly handle: string;
  readonly size: number;
  readonly parts: readonly ClaimedPart[];
  readonly duration_ms: number;
  readonly manifest?: Manifest;
}

/** A call that has no answer after this time, in milliseconds, is given up; sealing lists and completes at the store. */
const PATIENCE_MS = { quick: 15_000, slow: 60_000 };

/** A server, as one candidate. */
export class ServerClient {
  readonly #base: string;
  readonly #fetch: typeof fetch;
  readonly #clock: Clock;
  #token: string;

  /** @param base the server's URL, such as `https://exams.example` */
  constructor(base: string, token: string, fetcher: typeof fetch, clock: Clock) {
    this.#base = base.replace(/\/+$/, "");
    [this.#token, this.#fetch, this.#clock] = [token, fetcher, clock];
  }

  /** Goes on with a fresh token of the same sitting. */
  useToken(token: string): void {
    this.#token = token;
  }

  /** Opens the next take of a track; the same `key` always means the same recording. */
  open(key: string, track: string, contentType: string, startedAt: number): Promise<Answer<OpenedRecording>> {
    const started_at = new Date(startedAt).toISOString();
    const body = { track, upload: "stream", content_type: contentType, checksum: "sha256", started_at };
    return this.#call("POST", "/v1/recordings", { body, headers: { "idempotency-key": key }, ...SLOW });
  }

  /** Has parts signed; without parts it is a heartbeat. */
  sign(
    recording: string,
    handle: string,
    parts: readonly ClaimedPart[],
    progress: Progress,
  ): Promise<Answer<{ parts: SignedPart[]; pace?: ServerPace | null }>> {
    return this.#call("POST", `/v1/recordings/${recording}/sign`, { body: { handle, parts, ...progress } });
  }

  /** What the server knows of a recording, and which of its parts the store holds. */
  show(recording: string): Promise<Answer<ConfirmedRecording>> {
    return this.#call("GET", `/v1/recordings/${recording}`, SLOW);
  }

  /** Seals a recording. */
  seal(recording: string, claim: Claim): Promise<Answer<SealedRecording>> {
    return this.#call("POST", `/v1/recordings/${recording}/seal`, { body: claim, ...SLOW });
  }

  /** Discards a recording in which nothing was recorded. */
  discard(recording: string): Promise<Answer<unknown>> {
    return this.#call("DELETE", `/v1/recordings/${recording}`, SLOW);
  }

  async #call<T>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
    const { body, headers, patienceMs = PATIENCE_MS.quick } = options;
    const patience = new AbortController();
    const answered = this.#clock.after(patienceMs, () => patience.abort(new Error("the server did not answer in time")));
    try {
      const response = await this.#fetch(this.#base + path, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        cache: "no-store",
        referrerPolicy: "no-referrer",
        signal: patience.signal,
      });
      if (!response.ok) return { ok: false, failure: await problemOf(response) };
      return { ok: true, value: (await response.json()) as T };
    } catch (error) {
      return { ok: false, failure: unreachable(error) };
    } finally {
      answered();
    }
  }
}

interface CallOptions {
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly patienceMs?: number;
}

const SLOW = { patienceMs: PATIENCE_MS.slow };
