// The spool on a disk in memory: what is promised is there after a crash at any point.

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { DiskFull } from "../../src/spool/disk.js";
import { type Piece, Spool } from "../../src/spool/spool.js";
import { MemoryDisk } from "../support/memory-disk.js";
import { beginning, manifest } from "../support/takes.js";

const LOCAL = "take-1";
const SEGMENT = 64;

function piece(offset: number, length: number, timeMs: number): Piece {
  const bytes = new Uint8Array(length).fill(timeMs % 251);
  return { offset, bytes, points: [{ timeMs, offset }], durationMs: timeMs, recordedMs: timeMs };
}

function begin(disk: MemoryDisk): Promise<Spool> {
  return Spool.open(disk, "write", SEGMENT);
}

async function reopen(disk: MemoryDisk): Promise<Spool> {
  return begin(disk.copy());
}

async function bytesOf(spool: Spool, from: number, to: number): Promise<number[]> {
  return [...new Uint8Array(await (await spool.read(LOCAL, from, to)).arrayBuffer())];
}

describe("recovery", () => {
  test("takes what a take was, from another browser start", async () => {
    const disk = new MemoryDisk();
    const spool = await begin(disk);
    await spool.begin(LOCAL, beginning(7));
    await spool.append(LOCAL, piece(0, 100, 1));
    const opened = { recording: "r", take: 2, handle: "h", partSize: SEGMENT, maxParts: 9 };
    await spool.write(LOCAL, { at: "opened", opened });
    await spool.append(LOCAL, piece(100, 50, 2));
    const found = (await reopen(disk)).take(LOCAL);
    expect(found).toEqual(spool.take(LOCAL));
    expect(found).toMatchObject({ bytes: 150, recordedMs: 2, durationMs: 2, opened, ended: false, whole: true });
  });

  test("knows nothing of another candidate's place, and nothing of a take that never began", async () => {
    const disk = new MemoryDisk(new Map([[LOCAL, new Map([["journal", new TextEncoder().encode('{"at":"be')]])]]));
    expect((await reopen(disk)).takes()).toEqual([]);
  });

  test("cut anywhere, the journal gives a state the take had, with every byte of the files", async () => {
    const disk = new MemoryDisk();
    const spool = await begin(disk);
    await spool.begin(LOCAL, beginning());
    for (let at = 0; at < 10; at += 1) await spool.append(LOCAL, piece(at * 10, 10, at));
    await spool.write(LOCAL, { at: "stored", part: { number: 1, size: 50, sha256: "aa" } });
    await spool.write(LOCAL, { at: "ended", manifest });
    const journal = disk.content.get(LOCAL)?.get("journal") ?? new Uint8Array();
    const beginningEnd = journal.indexOf(10) + 1;
    let last = -1;
    for (let cut = beginningEnd; cut <= journal.length; cut += 1) {
      const torn = disk.copy();
      torn.content.get(LOCAL)?.set("journal", journal.slice(0, cut));
      const recovered = await begin(torn);
      const take = recovered.take(LOCAL);
      expect(take.bytes).toBe(100);
      expect(take.recordedMs).toBeGreaterThanOrEqual(last);
      last = take.recordedMs;
      expect(take.ended).toBe(cut === journal.length);
      // What a later page writes behind a torn line is read again.
      await recovered.write(LOCAL, { at: "ended", manifest: { ...manifest, ended: "page_closed" } });
      const again = (await reopen(torn)).take(LOCAL);
      expect(again).toMatchObject({ ended: true, bytes: 100, manifest: { ended: "page_closed" } });
    }
  });

  test("places to seek to that a crash took are forgotten", async () => {
    const disk = new MemoryDisk();
    const spool = await begin(disk);
    await spool.begin(LOCAL, beginning());
    for (let at = 0; at < 4; at += 1) await spool.append(LOCAL, piece(at * 10, 10, at));
    disk.content.get(LOCAL)?.set("000000", new Uint8Array(25));
    const { bytes, points } = (await reopen(disk)).take(LOCAL);
    expect([bytes, points.map(({ offset }) => offset)]).toEqual([25, [0, 10, 20]]);
  });

  test("any chunks come back as they were, whatever segments they fall into", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(sizes, async (lengths) => {
        const disk = new MemoryDisk();
        const spool = await begin(disk);
        await spool.begin(LOCAL, beginning());
        let end = 0;
        for (const [at, length] of lengths.entries()) {
          await spool.append(LOCAL, piece(end, length, at + 1));
          end += length;
        }
        const later = await reopen(disk);
        expect(later.take(LOCAL).bytes).toBe(end);
        const whole = lengths.flatMap((length, at) => Array<number>(length).fill(at + 1));
        expect(await bytesOf(later, 0, end)).toEqual(whole);
        expect(await bytesOf(spool, 0, end)).toEqual(whole);
      }),
    );
  });
});

describe("room", () => {
  test("a piece that does not fit is simply given again", async () => {
    const disk = new MemoryDisk();
    const spool = await begin(disk);
    await spool.begin(LOCAL, beginning());
    await spool.append(LOCAL, piece(0, SEGMENT - 10, 1));
    disk.room = 10;
    const second = piece(SEGMENT - 10, 30, 2);
    await expect(spool.append(LOCAL, second)).rejects.toThrow(DiskFull);
    // What fitted before the border of two segments stays; nothing is told of the rest.
    expect(spool.take(LOCAL)).toMatchObject({ recordedMs: 1, bytes: SEGMENT });
    disk.room = Infinity;
    await spool.append(LOCAL, second);
    const later = await reopen(disk);
    expect(later.take(LOCAL)).toMatchObject({ recordedMs: 2, bytes: SEGMENT + 20 });
    expect((await bytesOf(later, SEGMENT - 10, SEGMENT + 20)).every((byte) => byte === 2)).toBe(true);
  });

  test("what is given up is gone, but counts, and the first segment stays", async () => {
    const disk = new MemoryDisk();
    const spool = await begin(disk);
    await spool.begin(LOCAL, beginning());
    await spool.append(LOCAL, piece(0, 3 * SEGMENT + 5, 1));
    await spool.free(LOCAL, 0, 2 * SEGMENT + 1);
    expect([...(await disk.files(LOCAL)).keys()].sort()).toEqual(["000000", "000002", "000003", "journal"]);
    const later = await reopen(disk);
    expect(later.take(LOCAL)).toMatchObject({ bytes: 3 * SEGMENT + 5, whole: false });
    await expect(later.read(LOCAL, SEGMENT, SEGMENT + 1)).rejects.toThrow("there is no 000001");
  });
});

describe("the end", () => {
  async function sealed(): Promise<MemoryDisk> {
    const disk = new MemoryDisk();
    const spool = await begin(disk);
    await spool.begin(LOCAL, beginning());
    await spool.append(LOCAL, piece(0, 1000, 1));
    await spool.write(LOCAL, { at: "ended", manifest });
    const outcome = { state: "sealed" as const, complete: true, recording: "r", receipt: "a.b.c" };
    await spool.write(LOCAL, { at: "over", outcome });
    await spool.settle(LOCAL);
    return disk;
  }

  test("leaves the receipt and no bytes", async () => {
    const disk = await sealed();
    expect([...(await disk.files(LOCAL)).keys()]).toEqual(["record"]);
    const later = await reopen(disk);
    expect(later.take(LOCAL)).toMatchObject({ bytes: 1000, ended: true, outcome: { receipt: "a.b.c" } });
    await later.settle(LOCAL);
    expect(later.take(LOCAL).outcome?.receipt).toBe("a.b.c");
  });

  test("a reader touches nothing on the disk", async () => {
    const disk = new MemoryDisk();
    const spool = await begin(disk);
    await spool.begin(LOCAL, beginning());
    await spool.append(LOCAL, piece(0, 10, 1));
    const before = structuredClone(disk.content);
    const reader = await Spool.open(disk, "read", SEGMENT);
    await reader.write(LOCAL, { at: "ended", manifest });
    await reader.free(LOCAL, 0, SEGMENT * 3);
    await reader.settle(LOCAL);
    expect(reader.take(LOCAL).ended).toBe(true);
    await reader.forget(LOCAL);
    expect(disk.content).toEqual(before);
  });

  test("a take in which nothing was recorded leaves nothing", async () => {
    const disk = new MemoryDisk();
    const spool = await begin(disk);
    await spool.begin(LOCAL, beginning());
    await spool.forget(LOCAL);
    expect(await disk.folders()).toEqual([]);
    expect(spool.takes()).toEqual([]);
  });
});
