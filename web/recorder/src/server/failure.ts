/** Why a request to the server or the store has no good answer. Pure but for reading a response. */

/** What a request failed with. */
export interface Failure {
  /** The HTTP status; 0 when there was no answer at all. */
  readonly status: number;
  /** The code of the server's problem document or of the store's error; `unreachable` when there was no answer. */
  readonly code: string;
  /** What happened, in English. */
  readonly detail: string;
  /** How long to wait at least before the next try, in milliseconds; `null` when nothing was said. */
  readonly retryAfterMs: number | null;
  /** The parts it is about. */
  readonly parts: readonly number[];
  /** The field of the request it is about. */
  readonly field: string | null;
}

/** The failure of a request that was never answered. */
export function unreachable(error: unknown): Failure {
  const detail = error instanceof Error ? error.message : String(error);
  return { status: 0, code: "unreachable", detail, retryAfterMs: null, parts: [], field: null };
}

/** The failure in an answer of the server: an RFC 9457 problem document, or whatever a proxy put in its place. */
export async function problemOf(response: Response): Promise<Failure> {
  const { status } = response;
  const { code, detail, parts, field } = fields(await response.text().catch(() => ""));
  return {
    status,
    code: typeof code === "string" ? code : "unexpected_answer",
    detail: typeof detail === "string" ? detail : `the server answered with status ${status}`,
    retryAfterMs: retryAfter(response.headers.get("retry-after")),
    parts: Array.isArray(parts) ? parts.filter((part) => typeof part === "number") : [],
    field: typeof field === "string" ? field : null,
  };
}

/**
 * Whether the same request may succeed later without anybody's doing: no answer, 5xx, 408, 429, and S3's
 * `400 RequestTimeout`, which it answers when an idle connection is closed.
 */
export function passes({ status, code }: Failure): boolean {
  // Both are answers to what was asked, whatever their status says.
  if (code === "too_many_takes") return false;
  return status === 0 || status >= 500 || status === 408 || status === 429 || code === "RequestTimeout";
}

/** Whether nothing failed at all, and others only go first: the server says when to ask again. */
export function isHeld({ code }: Failure): boolean {
  return code === "paced";
}

/** Milliseconds of a `Retry-After` in seconds, the only form the server and S3 use. */
export function retryAfter(header: string | null): number | null {
  const seconds = Number(header ?? "");
  return header !== null && header.trim() !== "" && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

function fields(text: string): Record<string, unknown> {
  try {
    const problem: unknown = JSON.parse(text);
    return typeof problem === "object" && problem !== null ? { ...problem } : {};
  } catch {
    return {};
  }
}
