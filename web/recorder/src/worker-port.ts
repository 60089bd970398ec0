/** Starts the worker and speaks {@link ToWorker} and {@link FromWorker} with it. Knows nothing of what is said. */

import type { FromWorker, ToWorker } from "./worker/protocol.js";

/** A worker, or what stands for one. */
export interface WorkerPort {
  readonly post: (message: ToWorker, transfer?: Transferable[]) => void;
  /** Ends it at once. */
  readonly close: () => void;
}

/** What hears of a worker. */
export interface WorkerListener {
  readonly heard: (message: FromWorker) => void;
  /** It could not be loaded, or has failed. */
  readonly failed: () => void;
}

/** Starts the worker; a browser refuses one of another origin, so `url` names a copy of it on the page's own. */
export function startWorker(url: string | URL | undefined, listener: WorkerListener): WorkerPort {
  const worker = spawn(url);
  worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => listener.heard(data));
  worker.addEventListener("error", () => listener.failed());
  worker.addEventListener("messageerror", () => listener.failed());
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    close: () => worker.terminate(),
  };
}

function spawn(url: string | URL | undefined): Worker {
  if (url !== undefined) return new Worker(url, { type: "module", name: "handin-recorder" });
  // Bundlers find the worker by exactly this expression.
  return new Worker(new URL("./worker/worker.js", import.meta.url), { type: "module", name: "handin-recorder" });
}
