/** Looks at a live call's statistics every second and tells the uploads how fast they may go. Decides nothing itself. */

import { FIRST_PACE, pace, type CallSample } from "./pacer.js";

/** The uploads beside the call. */
export interface CallLine {
  /** What uploads measured, in bytes per second; `null` before the first part. */
  readonly bytesPerS: () => number | null;
  /** Sets the limit in bytes per second; 0 is a pause, `null` no limit. */
  readonly limit: (maxBytesPerS: number | null) => void;
}

const EVERY_MS = 1_000;

/** Watches until the call is over or the returned function is called; the uploads are then free again. */
export function watchCall(call: RTCPeerConnection, line: CallLine): () => void {
  let now = FIRST_PACE;
  let told: number | null = null;
  let isOver = false;
  const tell = (limit: number | null): void => {
    const rounded = limit === null ? null : Math.round(limit);
    if (rounded !== told) line.limit((told = rounded));
  };
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    tell(null);
  };
  const look = async (): Promise<void> => {
    const stage = stageOf(call.connectionState);
    if (stage === "over") return end();
    if (stage === "before") return tell(null);
    const report = await call.getStats().catch(() => null);
    if (!report || isOver) return;
    now = pace(now, sampleOf(report, performance.now()), line.bytesPerS());
    tell(now.limit);
  };
  // A connection closed on this side fires no event, so it is looked at.
  const timer = setInterval(() => void look(), EVERY_MS);
  void look();
  return end;
}

/** Before a call is connected it needs no line; while it only stumbles it needs it most. */
function stageOf(state: RTCPeerConnectionState): "before" | "during" | "over" {
  if (state === "closed" || state === "failed") return "over";
  return state === "new" || state === "connecting" ? "before" : "during";
}

/** The statistics that matter, by their standard names; a browser that lacks one leaves it out. */
export function sampleOf(report: Iterable<readonly [string, unknown]>, atMs: number): CallSample {
  const stats = [...report].map(([, one]) => one as Readonly<Record<string, unknown>>);
  const pair = stats.find(({ type, nominated, state }) => type === "candidate-pair" && nominated === true && state === "succeeded");
  // What the other side reports of what we send; the worst of sound and picture counts.
  const remote = stats.filter(({ type }) => type === "remote-inbound-rtp");
  const roundTrip = seconds(worst([pair?.["currentRoundTripTime"], ...remote.map((one) => one["roundTripTime"])]));
  return {
    atMs,
    roundTripMs: roundTrip,
    lost: worst(remote.map((one) => one["fractionLost"])),
    jitterMs: seconds(worst(remote.map((one) => one["jitter"]))),
    availableBitsPerS: worst([pair?.["availableOutgoingBitrate"]]),
  };
}

function worst(values: readonly unknown[]): number | null {
  const numbers = values.filter((value) => typeof value === "number");
  return numbers.length > 0 ? Math.max(...numbers) : null;
}

function seconds(value: number | null): number | null {
  return value === null ? null : value * 1_000;
}
