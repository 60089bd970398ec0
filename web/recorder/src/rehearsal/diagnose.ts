/** Tells apart why the way to the server or the store does not work, from what was seen on it. Pure. */

import type { CheckCode } from "./report.js";

/** An answer that could be read. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  /** The beginning of the body, where it is text. */
  readonly text: string;
}

/** What was seen on the way to the server. */
export interface ServerEvidence {
  readonly online: boolean;
  /** The code of the problem it failed with; `null` when it answered well. */
  readonly code: string | null;
  /** Whether a request without CORS got through, where the one with it did not. */
  readonly reached: boolean;
}

/** What became of the call to the server; `server_answers` when it went well. */
export function diagnoseServer({ online, code, reached }: ServerEvidence): CheckCode {
  if (code === null) return "server_answers";
  if (code === "expired" || code === "unauthenticated") return "token_expired";
  if (code !== "server_unreachable") return "server_failed";
  if (!online) return "offline";
  return reached ? "server_cors" : "server_unreachable";
}

/** What was seen on the way to the store, while the server could be reached. */
export interface StoreEvidence {
  /** `null` when the browser only says that it failed. */
  readonly put: Answer | null;
  /** The answer to reading it back, and whether it was what had been sent; `null` as above, or when it was not tried. */
  readonly get: (Answer & { readonly same: boolean }) | null;
  /** Whether a request without CORS got through to the store. */
  readonly reached: boolean;
  /** Whether a page over HTTPS was told to use a store without. */
  readonly isMixed: boolean;
  readonly online: boolean;
}

/** What became of the trial file; `store_works` when it came back unchanged. */
export function diagnoseStore(evidence: StoreEvidence): CheckCode {
  const { put, get, reached, isMixed, online } = evidence;
  if (!put) return isMixed ? "store_insecure" : reached ? "store_cors" : online ? "store_blocked" : "offline";
  if (put.status >= 200 && put.status < 300) return get ? readBack(put, get) : isPage(put) ? "proxy_answers" : "store_unread";
  return refusal(put);
}

function readBack(put: Answer, get: Answer & { readonly same: boolean }): CheckCode {
  if (get.same) return "store_works";
  if (isPage(put) || isPage(get)) return "proxy_answers";
  // The store is read after it is written: what it does not have then, it never had.
  return "proxy_fakes_success";
}

function refusal(put: Answer): CheckCode {
  if (isPage(put) || put.status === 407 || put.status === 511) return "proxy_answers";
  const code = /<Code>([^<]*)<\/Code>/.exec(put.text)?.[1];
  if (code === "RequestTimeTooSkewed" || (code === "AccessDenied" && /expired/i.test(put.text))) return "store_clock";
  return "store_refuses";
}

/** No store answers with a web page; log-in pages, block pages and proxies do. */
function isPage({ contentType, text }: Answer): boolean {
  return contentType.startsWith("text/html") || /^\s*<(!doctype html|html)/i.test(text);
}
