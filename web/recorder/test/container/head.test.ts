import { describe, expect, test } from "vitest";

import { ID, type Element, concat, element, elements, readUint, uint } from "../../src/container/ebml.js";
import { reserveRoom } from "../../src/container/head.js";
import { HEAD_SIZE, type Point, finishHead, headState, rewriterFor } from "../../src/container/index.js";
import { cluster, madeHead, openSegment, simpleBlock } from "./made.js";
import { isSame, rewrite } from "./support.js";

const open = reserveRoom(madeHead()) ?? new Uint8Array();

function points(count: number): Point[] {
  return Array.from({ length: count }, (_, n) => ({ timeMs: n * 500, offset: open.length + n * 100_000 }));
}

/** What a player finds in a finished head. */
function read(head: Uint8Array) {
  const [, segment] = elements(head, 0, head.length);
  const children = [...elements(head, segment?.data ?? 0, head.length)];
  const child = (id: number) => children.find((found) => found.id === id);
  const inside = (parent: Element | undefined) => [...elements(head, parent?.data ?? 0, parent?.end ?? 0)];
  const number = (found: Element | undefined) => readUint(head, found?.data ?? 0, found?.size ?? 0);
  const seeks = inside(child(ID.seekHead)).map((seek) => inside(seek).map(number));
  const cues = inside(child(ID.cues)).map((point) => {
    const [time, positions] = inside(point);
    const [track, position] = inside(positions).map(number);
    return { time: number(time), track, offset: (position ?? 0) + (segment?.data ?? 0) };
  });
  const duration = inside(child(ID.info)).find((found) => found.id === ID.duration);
  return {
    seeks: seeks.map(([id, position]) => children.find((found) => found.at - (segment?.data ?? 0) === position)?.id === id),
    cues,
    duration: duration ? new DataView(head.buffer, head.byteOffset + duration.data).getFloat64(0) : null,
    end: children.at(-1)?.end,
  };
}

describe("a finished head", () => {
  test("tells the duration, where to seek to, and where its own parts stand", () => {
    const finished = finishHead(open, points(3), 1540.5);
    const { seeks, cues, duration, end } = read(finished);
    expect(seeks).toEqual([true, true, true]);
    expect(duration).toBe(1540.5);
    expect(cues).toEqual(points(3).map(({ timeMs, offset }) => ({ time: timeMs, track: 1, offset })));
    expect(end).toBe(open.length);
  });

  test("keeps what follows it", () => {
    const longer = concat([open, new Uint8Array(500).fill(9)]);
    const finished = finishHead(longer, points(3), 1540);
    expect(isSame(finished.subarray(open.length), longer.subarray(open.length))).toBe(true);
    expect(isSame(finished.subarray(0, open.length), finishHead(open, points(3), 1540))).toBe(true);
  });

  test("leaves the one it was given alone", () => {
    const before = open.slice();
    finishHead(open, points(3), 1540);
    expect(isSame(open, before)).toBe(true);
  });

  test("has no duration and no points where there are none", () => {
    const { seeks, cues, duration } = read(finishHead(open, [], 0));
    expect({ seeks, cues, duration }).toEqual({ seeks: [true, true], cues: [], duration: null });
  });

  test("keeps points evenly spread when there are more than fit", () => {
    const { cues, end } = read(finishHead(open, points(20_000), 10_000_000));
    expect(cues.length).toBeGreaterThan(3000);
    expect(cues[0]?.time).toBe(0);
    const steps = cues.slice(1).map((cue, index) => cue.time - (cues[index]?.time ?? 0));
    expect(Math.max(...steps) - Math.min(...steps)).toBeLessThanOrEqual(500);
    expect(cues.at(-1)?.time).toBeGreaterThan(20_000 * 500 - 2 * Math.max(...steps));
    expect(end).toBe(open.length);
  });

  test("fits all points of two hours with a key frame every two seconds and a half", () => {
    expect(read(finishHead(open, points(2880), 7_200_000)).cues).toHaveLength(2880);
  });
});

describe("the state of a head", () => {
  test("is open, then finished, and finishing twice changes nothing", () => {
    const finished = finishHead(open, points(3), 1540);
    expect([headState(open), headState(finished), headState(madeHead())]).toEqual(["open", "finished", "foreign"]);
    expect(isSame(finishHead(finished, points(5), 99), finished)).toBe(true);
  });

  test("is foreign while it is not all here", () => {
    expect(headState(open.subarray(0, open.length - 1))).toBe("foreign");
  });
});

describe("a recorder's head", () => {
  const frames = cluster(0, simpleBlock(1, 0, true));

  test("loses what would be wrong: an index, a duration, a checksum, padding", () => {
    const info = element(ID.info, element(ID.crc32, uint(1, 4)), element(ID.duration, uint(0, 8)), element(0x4d80, uint(65)));
    const seek = element(ID.seekHead, uint(0, 30));
    const tracks = element(ID.tracks, element(ID.trackEntry, element(ID.trackNumber, uint(1))));
    const tags = element(ID.tags, uint(7, 20));
    const recording = concat([element(ID.ebml), openSegment, seek, element(ID.void, uint(0, 50)), info, tracks, tags, frames]);
    const { file } = rewrite(recording, [11]);
    const [, segment] = elements(file, 0, file.length);
    const children = [...elements(file, segment?.data ?? 0, file.length)];
    expect(children.map((child) => child.id)).toEqual([ID.void, ID.info, ID.tracks, ID.tags, ID.void, ID.cluster]);
    const kept = children.find((child) => child.id === ID.info);
    expect([...elements(file, kept?.data ?? 0, kept?.end ?? 0)].map((child) => child.id)).toEqual([0x4d80, ID.void]);
  });

  test.each([
    ["has no tracks", concat([element(ID.ebml), openSegment, element(ID.info), frames])],
    ["has no room for ours", concat([madeHead(), element(ID.tags, new Uint8Array(HEAD_SIZE - 65_536)), frames])],
    ["never ends", concat([madeHead(), element(ID.tags, new Uint8Array(HEAD_SIZE)), element(ID.tags, new Uint8Array(9)), frames])],
  ])("that %s stays as it is", (_, recording) => {
    const { file, durationMs } = rewrite(recording, [5000]);
    expect(isSame(file, recording)).toBe(true);
    expect(durationMs).toBeNull();
    expect(headState(file.subarray(0, HEAD_SIZE))).toBe("foreign");
  });
});

test.each([
  ["video/webm;codecs=vp9,opus", "open"],
  ["video/x-matroska;codecs=avc1", "open"],
  ["Audio/WebM ; codecs=opus", "open"],
  ["video/mp4", "foreign"],
  ["", "foreign"],
])("%s is rewritten: %s", (contentType, state) => {
  const { file } = rewrite(concat([madeHead(), cluster(0, simpleBlock(1, 0, true))]), [50], rewriterFor(contentType));
  expect(headState(file)).toBe(state);
});
