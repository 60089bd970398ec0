/** When to try again: capped exponential backoff with full jitter. Pure. */

/** How often something failed in a row. */
export interface Retry {
  readonly failures: number;
  /** When the row of failures began. */
  readonly since: number;
  /** Not before this moment. */
  readonly at: number;
}

/** Nothing failed yet. */
export const fresh: Retry = { failures: 0, since: 0, at: 0 };

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** How long to try at the usual rate; a store or a line that is away for longer is asked less often, but never given up. */
const BUDGET_MS = 10 * 60_000;
const LONGEST_BEYOND_BUDGET_MS = 5 * 60_000;

/**
 * One more failure.
 * @param chance uniform in [0, 1)
 * @param retryAfterMs what the other side asked for; it is waited out, and a little more so that not all return at once
 */
export function failed(retry: Retry, now: number, chance: number, retryAfterMs: number | null = null): Retry {
  const failures = retry.failures + 1;
  const since = retry.failures === 0 ? now : retry.since;
  const cap = now - since < BUDGET_MS ? LONGEST_MS : LONGEST_BEYOND_BUDGET_MS;
  const backoff = chance * Math.min(cap, FIRST_MS * 2 ** Math.min(failures - 1, 20));
  return { failures, since, at: now + (retryAfterMs ?? 0) + backoff };
}

/**
 * The same failures, and a wait that the server asked for, as others go first.
 * @param chance uniform in [0, 1)
 */
export function held(retry: Retry, now: number, chance: number, retryAfterMs: number | null): Retry {
  return { ...retry, at: now + (retryAfterMs ?? FIRST_MS) + chance * FIRST_MS };
}

/** The same failures, but it may be tried at once: the line is back, or there is a new token. */
export function atOnce(retry: Retry, now: number): Retry {
  return { ...retry, at: Math.min(retry.at, now) };
}
