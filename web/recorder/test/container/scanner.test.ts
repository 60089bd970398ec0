import { describe, expect, test } from "vitest";

import { ID, concat, element, elements, uint } from "../../src/container/ebml.js";
import { Scanner } from "../../src/container/scanner.js";
import { blockGroup, cluster, madeHead, openCluster, openSegment, simpleBlock } from "./made.js";
import { isSame, rewrite } from "./support.js";

function scan(...pieces: readonly Uint8Array[]) {
  const scanner = new Scanner();
  const file = concat(pieces);
  const { points, used } = scanner.scan(file);
  return { times: points.map((point) => point.timeMs), places: points.map((point) => point.offset), used, file, scanner };
}

describe("points", () => {
  test("are where a cluster has a key frame of the video, whatever stands before it", () => {
    const head = madeHead();
    const first = openCluster(0, simpleBlock(2, 0, true), simpleBlock(1, 7, true), simpleBlock(1, 47, true));
    const second = openCluster(500, simpleBlock(2, 0, true), simpleBlock(1, 5, false));
    const third = cluster(1000, simpleBlock(1, 0, false), simpleBlock(1, 40, true));
    const { times, places } = scan(head, first, second, third);
    expect(times).toEqual([7, 1040]);
    expect(places).toEqual([head.length, head.length + first.length + second.length]);
  });

  test("are at blocks in a group that refer to no other", () => {
    const reference = element(ID.referenceBlock, uint(40));
    const clusters = [cluster(0, blockGroup(1, 0)), cluster(1000, blockGroup(1, 0, reference)), cluster(2000, blockGroup(1, 3))];
    expect(scan(madeHead(), ...clusters).times).toEqual([0, 2003]);
  });

  test("are at the first frame of each cluster where there is no video", () => {
    const info = element(ID.info, element(ID.timestampScale, uint(1_000_000)));
    const sound = element(ID.trackEntry, element(ID.trackNumber, uint(3)), element(ID.trackType, uint(2)));
    const head = concat([element(ID.ebml), openSegment, info, element(ID.tracks, sound)]);
    const clusters = [openCluster(0, simpleBlock(3, 6, false), simpleBlock(3, 26, false)), openCluster(500, simpleBlock(3, 0, false))];
    expect(scan(head, ...clusters).times).toEqual([6, 500]);
  });

  test("wait until their frame is complete", () => {
    const file = concat([madeHead(), openCluster(0, simpleBlock(1, 0, true))]);
    const scanner = new Scanner();
    const { points, used } = scanner.scan(file.subarray(0, file.length - 1));
    expect(points).toEqual([]);
    expect(scanner.durationMs).toBe(0);
    expect(scanner.scan(concat([file.subarray(used, file.length - 1), file.subarray(-1)])).points).toHaveLength(1);
    expect(scanner.durationMs).toBe(40);
  });
});

describe("playing time", () => {
  test("counts a frame's own length before its track's, and none where neither is told", () => {
    const own = element(ID.blockDuration, uint(25));
    expect(scan(madeHead(), cluster(100, blockGroup(1, 0, own))).scanner.durationMs).toBe(125);
    expect(scan(madeHead(), cluster(100, simpleBlock(1, 0, true))).scanner.durationMs).toBe(140);
    expect(scan(madeHead(), cluster(100, simpleBlock(2, 3, true))).scanner.durationMs).toBe(103);
  });

  test("is of the latest frame, not of the last", () => {
    const { scanner } = scan(madeHead(), cluster(100, simpleBlock(1, 50, true), simpleBlock(1, -30, false)));
    expect(scanner.durationMs).toBe(190);
  });

  test("goes by the file's unit of time", () => {
    const { times, scanner } = scan(madeHead(100_000), cluster(105, blockGroup(1, 0, element(ID.blockDuration, uint(10)))));
    expect(times).toEqual([10.5]);
    expect(scanner.durationMs).toBe(11.5);
  });
});

describe("what makes no sense", () => {
  const good = [madeHead(), cluster(0, simpleBlock(1, 0, true))];
  const nonsense = {
    "no element": Uint8Array.of(0x00, 0x01, 0x02),
    "a second file": element(ID.ebml),
    "a frame longer than its cluster": concat([uint(ID.cluster), Uint8Array.of(0x83), uint(ID.simpleBlock), Uint8Array.of(0x90, 0x81)]),
    "a group without an end": concat([uint(ID.cluster), Uint8Array.of(0xff), uint(ID.blockGroup), Uint8Array.of(0xff)]),
  };

  test.each(Object.entries(nonsense))("%s ends the reading, and nothing is held back", (_, bytes) => {
    const { times, used, file, scanner } = scan(...good, bytes, cluster(9000, simpleBlock(1, 0, true)));
    expect(times).toEqual([0]);
    expect(scanner.durationMs).toBe(40);
    expect(used).toBe(file.length);
  });
});

test("elements that tell places become Voids, and nothing moves", () => {
  const stale = [element(ID.position, uint(70_000)), element(ID.prevSize, uint(9))];
  const cues = element(ID.cues, new Uint8Array(300).fill(7));
  const longCues = concat([uint(ID.cues), Uint8Array.of(0x01, 0, 0, 0, 0, 0, 0, 200), new Uint8Array(200).fill(7)]);
  const recording = concat([madeHead(), cluster(0, ...stale, simpleBlock(1, 0, true)), cues, longCues, cluster(900, simpleBlock(1, 0, true))]);
  const { file, points } = rewrite(recording, [recording.length]);
  expect(isSame(rewrite(recording, [1]).file, file)).toBe(true);

  const start = points[0]?.offset ?? 0;
  expect(file.length - start).toBe(recording.length - madeHead().length);
  const [first, ...others] = elements(file, start, file.length);
  expect(others.map((child) => child.id)).toEqual([ID.void, ID.void, ID.cluster]);
  const children = [...elements(file, first?.data ?? 0, first?.end ?? 0)];
  expect(children.map((child) => child.id)).toEqual([ID.timestamp, ID.void, ID.void, ID.simpleBlock]);
  expect(points.map((point) => point.timeMs)).toEqual([0, 900]);
  expect(others.at(-1)?.at).toBe(points[1]?.offset);
});
