/** The rehearsal from beginning to end. Loaded only when it is asked for. */

import type { Effort } from "../capture/codec.js";
import type { TrackOptions } from "../capture/sources.js";
import { RecorderError } from "../problems.js";
import { ServerClock } from "../sitting/clock.js";
import { loadSitting } from "../sitting/load.js";
import type { Server } from "../sitting/sitting.js";
import type { Sitting, TrackName } from "../types.js";
import { tryDevices } from "./devices.js";
import { diagnoseServer, diagnoseStore } from "./diagnose.js";
import { finish, lengthOf, needed } from "./forecast.js";
import { isReached, tryStore } from "./line.js";
import { check, report, type Check, type RehearsalReport } from "./report.js";
import { tryPersistence, tryRoom } from "./room.js";

/**
 * How a rehearsal is done.
 *
 * @example
 * ```ts
 * const options: RehearsalOptions = { devices: false, onCheck: ({ name, code }) => console.log(name, code) };
 * await recorder.rehearse(options);
 * ```
 */
export interface RehearsalOptions {
  /** `false` leaves camera, microphone and screen alone, so that no user gesture is needed. */
  readonly devices?: boolean;
  /** Hears of every check as soon as it is done. */
  readonly onCheck?: (check: Check) => void;
}

/** What a rehearsal works with. */
export interface RehearsalWorld {
  readonly server: Server;
  readonly tracks: Readonly<Record<TrackName, TrackOptions>>;
  readonly effort: Effort;
}

/** A machine that is wrong by more has trouble with certificates, and its candidate with the time. */
const SKEWED_MS = 120_000;

/** Tries everything and says what it found. */
export async function rehearse(world: RehearsalWorld, options: RehearsalOptions): Promise<RehearsalReport> {
  const checks: Check[] = [];
  const found = (one: Check): void => {
    checks.push(one);
    options.onCheck?.(one);
  };
  const clock = new ServerClock({ mono: () => performance.now(), wall: () => Date.now() });
  const sitting = await tryServer(world.server, clock, found);
  if (!sitting) return report(checks, { uplinkBytesPerS: null, neededBytesPerS: null, finishMs: null });
  // Devices next: the gesture that this was called in does not last until a slow line has been measured.
  if (options.devices ?? true) await tryDevices(sitting, world.tracks, world.effort, found);
  const lengthMs = lengthOf(sitting, clock.now());
  const neededBytesPerS = needed(sitting);
  found(check("room", await tryRoom(navigator.storage, (neededBytesPerS * lengthMs) / 1000)));
  found(check("persistence", await tryPersistence(navigator.storage)));
  const uplinkBytesPerS = await tryLine(world.server, neededBytesPerS, found);
  const finishMs = uplinkBytesPerS === null ? null : finish(uplinkBytesPerS, neededBytesPerS, lengthMs, sitting.tracks.length);
  return report(checks, { uplinkBytesPerS, neededBytesPerS, finishMs });
}

async function tryServer(server: Server, clock: ServerClock, found: (check: Check) => void): Promise<Sitting | null> {
  try {
    const sitting = await loadSitting(server, clock);
    found(check("server", "server_answers"));
    found(check("clock", Math.abs(sitting.clock.offsetMs) > SKEWED_MS ? "clock_skewed" : "clock_right"));
    return sitting;
  } catch (error) {
    found(check("server", await serverCode(server, error)));
    return null;
  }
}

async function tryLine(server: Server, neededBytesPerS: number, found: (check: Check) => void): Promise<number | null> {
  try {
    const { evidence, bytesPerS } = await tryStore(server);
    found(check("store", diagnoseStore(evidence)));
    if (bytesPerS !== null) found(check("uplink", bytesPerS < neededBytesPerS ? "uplink_slow" : "uplink_fast"));
    return bytesPerS;
  } catch (error) {
    found(check("server", await serverCode(server, error)));
    return null;
  }
}

async function serverCode(server: Server, error: unknown): Promise<Check["code"]> {
  const code = error instanceof RecorderError ? error.code : "internal";
  const reached = code === "server_unreachable" && (await isReached(server, server.url));
  return diagnoseServer({ online: navigator.onLine, code, reached });
}
