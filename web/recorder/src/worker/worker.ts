/**
 * The dedicated worker: speaks `protocol.ts` with its page and leaves the work to a {@link Session}.
 *
 * Hosts start it as a module: `new Worker(new URL("./worker/worker.js", import.meta.url), { type: "module" })`.
 */

import { browserClock } from "../clock.js";
import type { FromWorker, ToWorker } from "./protocol.js";
import { Session } from "./session.js";

/** The part of a dedicated worker's scope that is used; TypeScript's library for pages has none of it. */
declare const self: {
  postMessage(message: FromWorker): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  fetch: typeof fetch;
};

const post = (message: FromWorker) => self.postMessage(message);

let session: Promise<Session> | null = null;

self.onmessage = ({ data }) => {
  if (data.kind === "hello") session ??= begin(data);
  else void session?.then((session) => session.hear(data), () => undefined);
};

function begin(hello: Extract<ToWorker, { kind: "hello" }>): Promise<Session> {
  const parts = { clock: browserClock, fetch: self.fetch.bind(self), random: Math.random, post };
  const session = Session.begin(hello, parts);
  session.catch((error: unknown) => {
    const detail = error instanceof Error ? error.message : String(error);
    post({ kind: "refused", problem: { code: "no_spool", detail: `This browser keeps no recordings: ${detail}` } });
  });
  return session;
}
