/** Finishes what a page that is gone has left in its spool. Reads the spool, never writes it. */

import type { Clock } from "../clock.js";
import { finishHead } from "../container/index.js";
import { ServerClient } from "../server/client.js";
import { openDisk, placeOf } from "../spool/place.js";
import { Spool } from "../spool/spool.js";
import { UploadEngine } from "../upload/engine.js";
import { putByFetch } from "../upload/put.js";
import { hold, lockNames } from "../worker/locks.js";
import type { Order } from "./protocol.js";

/** What finishing needs of the world. */
export interface FinishParts {
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** How long the page's own worker may take to go away, in milliseconds; after that the page has stayed. */
const GONE_WITHIN_MS = 10_000;

/**
 * Sends and seals all that is left of a sitting, unless a page is there or comes back.
 * @returns whether everything is finished
 */
export async function finish(order: Order, parts: FinishParts): Promise<boolean> {
  const place = await placeOf(order.server, order.sitting);
  const waiting = new AbortController();
  const calledOff = parts.clock.after(GONE_WITHIN_MS, () => waiting.abort());
  const lost = new AbortController();
  try {
    const release = await hold(lockNames(place).send, { signal: waiting.signal }, () => lost.abort());
    calledOff();
    const spool = await Spool.open(await openDisk(place, "read", parts.clock), "read");
    const finished = await sendAll(spool, order, parts, lost.signal);
    release();
    return finished;
  } catch {
    // A page is there, or the spool cannot be read from here: the next page finishes it.
    return false;
  }
}

async function sendAll(spool: Spool, order: Order, parts: FinishParts, stop: AbortSignal): Promise<boolean> {
  for (const { local, ended, manifest } of spool.takes()) {
    if (!ended) await spool.write(local, { at: "ended", manifest: { ...manifest, ended: "page_closed" } });
  }
  return new Promise((resolve) => {
    const { clock, random, fetch } = parts;
    const client = new ServerClient(order.server, order.token, fetch, clock);
    const { offsetMs } = order.sitting.clock;
    const changed = () => {
      const { idle, isHeld } = engine.machine;
      if (told && (idle || isHeld)) end(idle);
    };
    const sending = { put: putByFetch(fetch), reportsProgress: false, finishHead };
    const engine = new UploadEngine({ client, spool, clock, random, offsetMs, changed, ...sending });
    let told = false;
    const end = (finished: boolean) => {
      engine.stop();
      resolve(finished);
    };
    stop.addEventListener("abort", () => end(false));
    for (const record of spool.takes()) engine.tell({ kind: "take", record, earlier: true });
    told = true;
    // Where everything was over before, no answer would ever come.
    engine.tell({ kind: "tick" });
  });
}
