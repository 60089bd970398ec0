/** Real browsers open what the rewriter made: with its duration, and seeking without reading through it. */

import { expect, test } from "vitest";

import { ID, concat, element, readHeader, readUint } from "../../src/container/ebml.js";
import { type Playable, browsers, play } from "../support/players.js";
import { matroska, sample, vectors } from "../support/samples.js";
import { openCluster } from "./made.js";
import { type Taken, finish, rewrite } from "./support.js";

const LONG = "half-an-hour.webm";
/** How long the sample is that the long file repeats. */
const ROUND_MS = 6000;

test.each(Object.entries(browsers))("%s shows the duration and seeks", { timeout: 180_000 }, async (browser, executable) => {
  // Firefox does not play Matroska under its own name.
  const names = matroska.filter((name) => browser === "Chromium" || name.endsWith(".webm"));
  const taken: Record<string, Taken> = Object.fromEntries(names.map((name) => [name, rewrite(sample(name), [500])]));
  const long = rewrite(repeated(sample("chromium-vp9-opus.webm"), 300), [100_000]);
  const files = Object.fromEntries(Object.entries({ ...taken, [LONG]: long }).map(([name, made]) => [name, playable(made)]));
  const played = await play(executable, files);

  for (const [name, { bytes, seeks }] of Object.entries(files)) {
    const found = played[name];
    const durationS = (name === LONG ? long.durationMs ?? 0 : (vectors().files[name]?.duration_ms ?? 0)) / 1000;
    expect(found?.duration, name).toBeCloseTo(durationS, 2);
    expect(found?.seeks.length, name).toBe(seeks.length);
    found?.seeks.forEach((place, index) => expect(place, `${name}, seek ${index}`).toBeCloseTo(seeks[index] ?? 0, 1));
    if (name === LONG) expect(found?.sent, "bytes sent for three seeks").toBeLessThan(bytes.length / 2);
  }
});

function playable(made: Taken): Playable {
  return { bytes: finish(made), seeks: [0.9, 0.1, 0.5].map((share) => (share * (made.durationMs ?? 0)) / 1000) };
}

/** A recording over and over, with padding between its clusters so that reading through it would show. */
function repeated(recording: Uint8Array, times: number): Uint8Array {
  const { head, clusters } = takeApart(recording);
  const padding = element(ID.void, new Uint8Array(12_000));
  const round = (turn: number) => clusters.flatMap(({ ticks, blocks }) => [openCluster(ticks + turn * ROUND_MS, ...blocks), padding]);
  return concat([head, ...Array.from({ length: times }, (_, turn) => round(turn)).flat()]);
}

interface Part {
  ticks: number;
  readonly blocks: Uint8Array[];
}

function takeApart(recording: Uint8Array): { head: Uint8Array; clusters: Part[] } {
  const clusters: Part[] = [];
  let headEnd = 0;
  for (let at = 0; at < recording.length; ) {
    const header = readHeader(recording, at);
    if (typeof header === "string") throw new Error(`the sample is broken at ${at}`);
    const end = at + header.length + header.size;
    const last = clusters.at(-1);
    if (header.id === ID.cluster) clusters.push({ ticks: 0, blocks: [] });
    if (header.id === ID.cluster && headEnd === 0) headEnd = at;
    if (header.id === ID.timestamp && last) last.ticks = readUint(recording, at + header.length, header.size);
    if (header.id === ID.simpleBlock) last?.blocks.push(recording.subarray(at, end));
    at = header.size === Infinity ? at + header.length : end;
  }
  return { head: recording.subarray(0, headEnd), clusters };
}
