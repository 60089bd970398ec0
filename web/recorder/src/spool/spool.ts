/**
 * The spool: the durable copy of every take of one sitting in this browser. Knows nothing of the network.
 *
 * A take is a folder: its journal, and its bytes in segments of {@link SEGMENT}. Whatever a method has promised is
 * there after the browser was killed. Reading writes nothing, so that a service worker can read the same spool.
 */

import type { Point } from "../container/container.js";
import type { Appender, Disk } from "./disk.js";
import { type Entry, type TakeRecord, after, begun, decode, encode, replay, summary, withFiles } from "./journal.js";

/** Bytes of a segment: the smallest part S3 takes (user guide, "Multipart upload limits"), so mostly one a part. */
export const SEGMENT = 5 * 1024 * 1024;

const JOURNAL = "journal";
/** What stays of a take that is over. */
const RECORD = "record";

/** A stretch of the file, and what is known of it. */
export interface Piece {
  /** Where in the file it begins. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly points: readonly Point[];
  /** Playing time of the file with it, in milliseconds; `null` when its container cannot be read. */
  readonly durationMs: number | null;
  /** How much of the take is recorded with it, in milliseconds. */
  readonly recordedMs: number;
}

interface Take {
  record: TakeRecord;
  journal: Appender | null;
  /** The segment that grows. */
  tail: { readonly number: number; readonly file: Appender } | null;
  /** Ends when everything asked of this take so far is done. */
  turn: Promise<unknown>;
  /** Whether only its record is left. */
  settled: boolean;
}

/** All takes of one sitting. What is asked of a take is done in the order it was asked. */
export class Spool {
  readonly #disk: Disk;
  readonly #readOnly: boolean;
  readonly #segment: number;
  readonly #takes = new Map<string, Take>();

  private constructor(disk: Disk, readOnly: boolean, segment: number) {
    [this.#disk, this.#readOnly, this.#segment] = [disk, readOnly, segment];
  }

  /**
   * Reads what earlier pages left.
   * @param mode with `read` it never touches the disk: what happens is known as long as this spool lives
   * @param segment bytes of a segment, always the same on one disk
   */
  static async open(disk: Disk, mode: "read" | "write", segment = SEGMENT): Promise<Spool> {
    const spool = new Spool(disk, mode === "read", segment);
    for (const local of await disk.folders()) {
      const found = await recover(disk, local, segment);
      if (found !== null) spool.#takes.set(local, { ...newTake(found.record), settled: found.settled });
    }
    return spool;
  }

  /** Every take, oldest first. */
  takes(): TakeRecord[] {
    return [...this.#takes.values()].map(({ record }) => record).sort((a, b) => a.startedAt - b.startedAt);
  }

  /** One take. @throws when there is none of this id. */
  take(local: string): TakeRecord {
    return this.#find(local).record;
  }

  /** Begins a take. @throws `DiskFull` */
  async begin(local: string, entry: Extract<Entry, { at: "begun" }>): Promise<void> {
    const take = newTake(begun(local, entry));
    await this.#note(take, entry);
    this.#takes.set(local, take);
  }

  /**
   * Adds to a take; durable when it resolves. What already stands in the files is not written twice, so that a piece
   * that did not fit can simply be given again.
   * @throws `DiskFull`
   */
  append(local: string, piece: Piece): Promise<void> {
    return this.#inTurn(local, async (take) => {
      await this.#addBytes(take, piece);
      const points = piece.points.map(({ timeMs, offset }) => [timeMs, offset] as const);
      const { durationMs, recordedMs } = piece;
      const entry: Entry = { at: "grown", bytes: take.record.bytes, recordedMs, durationMs, points };
      await this.#note(take, entry);
      take.record = after(take.record, entry);
    });
  }

  /**
   * Adds an entry to a take's journal; durable when it resolves.
   * @throws `DiskFull`; the entry holds nevertheless, as long as this spool lives.
   */
  write(local: string, entry: Entry): Promise<void> {
    return this.#inTurn(local, async (take) => {
      take.record = after(take.record, entry);
      if (entry.at === "ended") closeTail(take);
      await this.#note(take, entry);
    });
  }

  /** Bytes `from` (inclusive) `to` (exclusive) of a take. @throws when they were given up. */
  async read(local: string, from: number, to: number): Promise<Blob> {
    const take = this.#find(local);
    const size = this.#segment;
    const blobs = [];
    for (let number = Math.floor(from / size); number * size < to; number += 1) {
      const start = number * size;
      blobs.push(await this.#slice(take, number, Math.max(from - start, 0), Math.min(to - start, size)));
    }
    const whole = new Blob(blobs);
    if (whole.size !== to - from) throw new Error("the spool does not hold these bytes");
    return whole;
  }

  /** Gives up the segments that lie wholly between two offsets. The first one stays: its head is still to be written. */
  free(local: string, from: number, to: number): Promise<void> {
    return this.#inTurn(local, async (take) => {
      if (this.#readOnly) return;
      const size = this.#segment;
      for (let number = Math.max(Math.ceil(from / size), 1); (number + 1) * size <= to; number += 1) {
        take.record = { ...take.record, whole: false };
        await this.#disk.remove(local, nameOf(number));
      }
    });
  }

  /** Keeps of a take that is over only what it was and its receipt. */
  settle(local: string): Promise<void> {
    return this.#inTurn(local, async (take) => {
      if (take.settled || this.#readOnly) return;
      release(take);
      // The bytes go first: on a full disk nothing can be written before. The server has them, and says so if asked.
      await this.#removeAll(local, (file) => file !== JOURNAL);
      const record = await this.#disk.append(local, RECORD);
      for (const entry of summary(take.record)) await record.append(encode(entry));
      record.close();
      await this.#disk.remove(local, JOURNAL);
      take.settled = true;
    });
  }

  /** Forgets a take in which nothing was recorded. */
  forget(local: string): Promise<void> {
    return this.#inTurn(local, async (take) => {
      release(take);
      this.#takes.delete(local);
      if (this.#readOnly) return;
      await this.#disk.removeFolder(local);
    });
  }

  #find(local: string): Take {
    const take = this.#takes.get(local);
    if (take === undefined) throw new Error(`there is no take ${local}`);
    return take;
  }

  #inTurn(local: string, act: (take: Take) => Promise<void>): Promise<void> {
    const take = this.#find(local);
    const done = take.turn.then(() => act(take));
    // Whoever comes next waits for the end of this, not for its success.
    take.turn = done.catch(() => undefined);
    return done;
  }

  async #addBytes(take: Take, piece: Piece): Promise<void> {
    for (const size = this.#segment; ; ) {
      const { local, bytes: end } = take.record;
      const from = end - piece.offset;
      const next = piece.bytes.subarray(from, from + size - (end % size));
      if (next.byteLength === 0) return;
      const number = Math.floor(end / size);
      if (take.tail?.number !== number) take.tail = { number, file: await this.#disk.append(local, nameOf(number)) };
      await take.tail.file.append(next);
      take.record = { ...take.record, bytes: end + next.byteLength };
      if ((end + next.byteLength) % size === 0) closeTail(take);
    }
  }

  async #note(take: Take, entry: Entry): Promise<void> {
    // Of a settled take the record says it all; a new journal would bring it back to life.
    if (this.#readOnly || take.settled) return;
    take.journal ??= await this.#openJournal(take.record.local);
    await take.journal.append(encode(entry));
  }

  async #openJournal(local: string): Promise<Appender> {
    const journal = await this.#disk.append(local, JOURNAL);
    // A line that a crash tore is ended here, or the next one would be read as its rest.
    if (journal.length > 0) await journal.append(new TextEncoder().encode("\n"));
    return journal;
  }

  async #slice(take: Take, number: number, from: number, to: number): Promise<Blob> {
    if (take.tail?.number === number) return take.tail.file.read(from, to);
    return (await this.#disk.read(take.record.local, nameOf(number))).slice(from, to);
  }

  async #removeAll(local: string, wanted: (file: string) => boolean): Promise<void> {
    const files = [...(await this.#disk.files(local)).keys()].filter(wanted);
    for (const file of files) await this.#disk.remove(local, file);
  }
}

function newTake(record: TakeRecord): Take {
  return { record, journal: null, tail: null, turn: Promise.resolve(), settled: false };
}

async function recover(
  disk: Disk,
  local: string,
  segment: number,
): Promise<{ record: TakeRecord; settled: boolean } | null> {
  const files = await disk.files(local);
  const kept = files.has(RECORD) ? await readJournal(disk, local, RECORD) : null;
  if (kept !== null && kept.outcome !== null) return { record: kept, settled: !files.has(JOURNAL) };
  const record = files.has(JOURNAL) ? await readJournal(disk, local, JOURNAL) : null;
  if (record === null) return null;
  const { bytes, whole } = held(files, record.bytes, segment);
  return { record: record.outcome === null ? withFiles(record, bytes, whole) : record, settled: false };
}

async function readJournal(disk: Disk, local: string, file: string): Promise<TakeRecord | null> {
  return replay(local, decode(await (await disk.read(local, file)).text()));
}

/**
 * What the files hold. A segment that is not there though the journal has bytes beyond it was given up: the journal is
 * written after the bytes.
 */
function held(
  files: ReadonlyMap<string, number>,
  journaled: number,
  segment: number,
): { bytes: number; whole: boolean } {
  let whole = true;
  for (let number = 0; ; number += 1) {
    const length = files.get(nameOf(number));
    const givenUp = length === undefined && (number + 1) * segment <= journaled;
    if (givenUp) whole = false;
    else if (length !== segment) return { bytes: number * segment + (length ?? 0), whole };
  }
}

function nameOf(number: number): string {
  return String(number).padStart(6, "0");
}

function closeTail(take: Take): void {
  take.tail?.file.close();
  take.tail = null;
}

function release(take: Take): void {
  closeTail(take);
  take.journal?.close();
  take.journal = null;
}
