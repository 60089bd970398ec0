/** What the page is shown of a take, from its record in the spool and its upload. Pure. */

import type { TakeRecord } from "../spool/journal.js";
import type { UploadMachine } from "../upload/machine.js";
import type { UploadTake } from "../upload/take.js";
import type { Gap, Manifest, TakeState, TakeStatus } from "../types.js";

/** The state of one take. */
export function takeState(record: TakeRecord, machine: UploadMachine): TakeState {
  const upload = machine.take(record.local);
  const storedBytes = record.outcome?.complete ? record.bytes : (upload?.storedBytes ?? 0);
  const atRisk = record.bytes === 0 ? 0 : 1 - storedBytes / record.bytes;
  return {
    local: record.local,
    track: record.track,
    take: record.opened?.take ?? null,
    recording: record.outcome?.recording ?? record.opened?.recording ?? null,
    status: statusOf(record, upload),
    startedAt: record.startedAt,
    recordedMs: record.recordedMs,
    recordedBytes: record.bytes,
    storedBytes,
    // Rates are constant enough for this; what is at risk is always the end.
    atRiskMs: Math.round(record.recordedMs * atRisk),
    gaps: gapsOf(record.manifest),
    receipt: record.outcome?.receipt ?? null,
    problem: upload === undefined ? null : machine.problem(upload),
  };
}

function statusOf(record: TakeRecord, upload: UploadTake | undefined): TakeStatus {
  if (record.outcome !== null) return record.outcome.state;
  if (upload?.refused) return "failed";
  return record.ended ? "ended" : "recording";
}

function gapsOf({ started_at, gaps }: Manifest): Gap[] {
  const startedAt = Date.parse(started_at);
  return gaps.map(({ reason, from_ms, to_ms }) => ({
    reason,
    fromAt: startedAt + from_ms,
    toAt: to_ms === undefined ? null : startedAt + to_ms,
  }));
}
