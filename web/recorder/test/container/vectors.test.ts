/** What `samples/container/vectors.json` says, which the Rust twin is held to as well. */

import { expect, test } from "vitest";

import { ID, concat, element, float64, uint } from "../../src/container/ebml.js";
import { reserveRoom } from "../../src/container/head.js";
import { finishHead } from "../../src/container/index.js";
import { Scanner } from "../../src/container/scanner.js";
import {
  type BrokenVector, type FileVector, type HeadVector, type Vectors, matroska, sample, sha256, toHex, updateVectors, vectors,
} from "../support/samples.js";
import { rewrite } from "./support.js";

test("the rewriter and the head are as the vectors say", () => {
  const made: Vectors = {
    files: Object.fromEntries(matroska.map((name) => [name, fileVector(sample(name))])),
    heads: {
      "no points": headVector(syntheticHead(1_000_000), 0, 0),
      "one point": headVector(syntheticHead(1_000_000), 1, 40),
      "more points than room": headVector(syntheticHead(1_000_000), 10_000, 7_200_000.25),
      "a tenth of a millisecond": headVector(syntheticHead(100_000), 50, 12_345.6),
      "an odd unit of time": headVector(syntheticHead(20_833), 50, 12_345.6),
    },
    broken: {
      "chromium-opus.webm": brokenVectors(sample("chromium-opus.webm")),
      "firefox-opus.webm": brokenVectors(sample("firefox-opus.webm")),
      "chromium-vp9.webm": brokenVectors(sample("chromium-vp9.webm")),
    },
  };
  updateVectors(made);
  expect(made).toEqual(vectors());
});

function fileVector(recording: Uint8Array): FileVector {
  const { file, points, durationMs } = rewrite(recording, [500]);
  const head_size = points[0]?.offset ?? 0;
  const cluster = recording.length - (file.length - head_size);
  const head = file.slice(0, head_size);
  const duration_ms = durationMs ?? 0;
  return {
    cluster,
    open: withoutZeros(head),
    head_size,
    duration_ms,
    points: points.map(({ timeMs, offset }) => [timeMs, offset]),
    finished_sha256: sha256(finishHead(head, points, duration_ms)),
  };
}

function headVector(head: Uint8Array, count: number, duration_ms: number): HeadVector {
  const rule = { count, step_ms: 719.7, first: head.length, step_bytes: 654_321 };
  const points = Array.from({ length: count }, (_, n) => ({
    timeMs: n * rule.step_ms,
    offset: rule.first + n * rule.step_bytes,
  }));
  const finished_sha256 = sha256(finishHead(head, points, duration_ms));
  return { open: withoutZeros(head), head_size: head.length, duration_ms, points: rule, finished_sha256 };
}

/** How the two scanners read files with changed bytes: they must give up at the same places. */
function brokenVectors(recording: Uint8Array): BrokenVector[] {
  const { file, points } = rewrite(recording, [500]);
  return Array.from({ length: 40 }, (_, seed) => {
    const scanner = new Scanner();
    const found = scanner.scan(damaged(file, points[0]?.offset ?? 0, seed)).points;
    return { seed, points: found.length, last_offset: found.at(-1)?.offset ?? 0, duration_ms: scanner.durationMs };
  });
}

/** Changes 30 bytes, chosen by a Lehmer generator, of the head's first 300 and of the clusters. */
function damaged(file: Uint8Array, headSize: number, seed: number): Uint8Array {
  const bytes = file.slice();
  let state = seed + 1;
  const next = () => (state = (state * 48_271) % 2_147_483_647);
  for (let change = 0; change < 30; change++) {
    const place = next() % (300 + bytes.length - headSize);
    bytes[place < 300 ? place : place - 300 + headSize] = next() % 256;
  }
  return bytes;
}

/** A head as a recorder could write it, with another unit of time and sound before the picture. */
function syntheticHead(timestampScale: number): Uint8Array {
  const track = (number: number, type: number) =>
    element(ID.trackEntry, element(ID.trackNumber, uint(number)), element(ID.trackType, uint(type)));
  const info = element(ID.info, element(ID.timestampScale, uint(timestampScale)), element(ID.duration, float64(0)));
  const segment = concat([info, element(ID.tracks, track(1, 2), track(200, 1))]);
  const ebml = element(ID.ebml, element(0x4282, new TextEncoder().encode("webm")));
  return reserveRoom(concat([ebml, element(ID.segment, segment)])) ?? new Uint8Array();
}

function withoutZeros(bytes: Uint8Array): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return toHex(bytes.subarray(0, end));
}
