/** Sends one part to the store, exactly as it was signed. */

import { type Failure, retryAfter, unreachable } from "../server/failure.js";

/** One part, signed. */
export interface PutRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Blob;
  readonly signal: AbortSignal;
  /** Is told how many bytes have gone, where the browser says so. */
  readonly onProgress: (sent: number) => void;
}

/** What became of it: `null` when the store took it. `bodySent` says whether all bytes had gone. */
export interface PutAnswer {
  readonly failure: Failure | null;
  readonly bodySent: boolean;
}

/** A way to send a part. */
export type Put = (request: PutRequest) => Promise<PutAnswer>;

/** Sends by XMLHttpRequest, which alone tells how far it is. */
export const putByXhr: Put = ({ url, headers, body, signal, onProgress }) =>
  new Promise((resolve) => {
    const request = new XMLHttpRequest();
    let sent = 0;
    const broke = () => resolve({ failure: unreachable("the connection broke"), bodySent: sent >= body.size });
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => onProgress((sent = loaded));
    request.onload = () => {
      // Asking for a header that the store does not expose would be a complaint on the console.
      const exposed = /^retry-after: *(\d+)/im.exec(request.getAllResponseHeaders())?.[1] ?? null;
      resolve({ failure: failureOf(request.status, request.responseText, exposed), bodySent: true });
    };
    request.onerror = request.onabort = broke;
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });

/** Sends by `fetch`, for service workers, which have nothing else. */
export function putByFetch(fetcher: typeof fetch): Put {
  return async ({ url, headers, body, signal }) => {
    try {
      const response = await fetcher(url, { method: "PUT", headers, body, signal, referrerPolicy: "no-referrer" });
      const failure = failureOf(response.status, await response.text(), response.headers.get("retry-after"));
      return { failure, bodySent: true };
    } catch (error) {
      // Nobody says how much had gone; that it may have been all is the careful answer.
      return { failure: unreachable(error), bodySent: true };
    }
  };
}

/** S3 says in XML what it dislikes. */
function failureOf(status: number, body: string, header: string | null): Failure | null {
  if (status >= 200 && status < 300) return null;
  const code = /<Code>([^<]*)<\/Code>/.exec(body)?.[1] ?? "unexpected_answer";
  const detail = /<Message>([^<]*)<\/Message>/.exec(body)?.[1] ?? `the store answered with status ${status}`;
  return { status, code, detail, retryAfterMs: retryAfter(header), parts: [], field: null };
}
