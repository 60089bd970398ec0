/**
 * The disk on the origin private file system. Appends in a dedicated worker, reads anywhere.
 *
 * `FileSystemSyncAccessHandle` with a flush after every write is the only way that loses nothing when the browser is
 * killed: what goes through an open `createWritable` is lost as a whole.
 */

import type { Clock } from "../clock.js";
import { type Appender, type Disk, DiskFull, saysFull } from "./disk.js";

/** How long the worker of a page before may still hold a file after a reload, in milliseconds. */
const HANDED_OVER_WITHIN_MS = 10_000;
const LOOK_AGAIN_MS = 50;

/** The part of `FileSystemSyncAccessHandle` that is used; TypeScript knows it only in its library for workers. */
interface SyncHandle {
  read(into: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(length: number): void;
  flush(): void;
  getSize(): number;
  close(): void;
}

type FileHandle = FileSystemFileHandle & { createSyncAccessHandle?(): Promise<SyncHandle> };

/**
 * The disk below one folder of the origin private file system.
 * @returns `null` where the browser has none (Firefox's private windows), or none that can be written durably
 */
export async function openOpfs(root: string, mode: "read" | "write", clock: Clock): Promise<Disk | null> {
  try {
    if (mode === "write" && !("createSyncAccessHandle" in FileSystemFileHandle.prototype)) return null;
    const top = await navigator.storage.getDirectory();
    const handin = await top.getDirectoryHandle("handin", { create: true });
    return new OpfsDisk(await handin.getDirectoryHandle(root, { create: true }), clock);
  } catch {
    return null;
  }
}

class OpfsDisk implements Disk {
  readonly #root: FileSystemDirectoryHandle;
  readonly #clock: Clock;

  constructor(root: FileSystemDirectoryHandle, clock: Clock) {
    this.#root = root;
    this.#clock = clock;
  }

  async folders(): Promise<string[]> {
    const names = [];
    for await (const [name, handle] of this.#root.entries()) if (handle.kind === "directory") names.push(name);
    return names;
  }

  async files(folder: string): Promise<ReadonlyMap<string, number>> {
    const lengths = new Map<string, number>();
    const directory = await orNull(this.#root.getDirectoryHandle(folder));
    if (directory === null) return lengths;
    for await (const [name, handle] of directory.entries()) {
      if (handle.kind === "file") lengths.set(name, (await (handle as FileSystemFileHandle).getFile()).size);
    }
    return lengths;
  }

  async read(folder: string, file: string): Promise<Blob> {
    const directory = await this.#root.getDirectoryHandle(folder);
    return (await directory.getFileHandle(file)).getFile();
  }

  async append(folder: string, file: string): Promise<Appender> {
    const directory = await this.#root.getDirectoryHandle(folder, { create: true });
    const handle: FileHandle = await directory.getFileHandle(file, { create: true });
    return new OpfsAppender(await this.#takeOver(handle));
  }

  async remove(folder: string, file: string): Promise<void> {
    const directory = await orNull(this.#root.getDirectoryHandle(folder));
    if (directory !== null) await orNull(directory.removeEntry(file));
  }

  async removeFolder(folder: string): Promise<void> {
    await orNull(this.#root.removeEntry(folder, { recursive: true }));
  }

  /** After a reload the worker of the page before may live on for a moment and hold the file. */
  async #takeOver(handle: FileHandle): Promise<SyncHandle> {
    const until = this.#clock.now() + HANDED_OVER_WITHIN_MS;
    for (;;) {
      try {
        if (handle.createSyncAccessHandle === undefined) throw new Error("only a dedicated worker can append");
        return await handle.createSyncAccessHandle();
      } catch (error) {
        const held = error instanceof Error && error.name === "NoModificationAllowedError";
        if (!held || this.#clock.now() >= until) throw asDiskFull(error);
      }
      await this.#clock.pause(LOOK_AGAIN_MS);
    }
  }
}

class OpfsAppender implements Appender {
  readonly #handle: SyncHandle;
  #length: number;

  constructor(handle: SyncHandle) {
    this.#handle = handle;
    this.#length = handle.getSize();
  }

  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    try {
      const written = this.#handle.write(bytes, { at: this.#length });
      // A short write is how some browsers say that the disk is full.
      if (written < bytes.byteLength) throw new DiskFull("the browser wrote less than it was given");
      this.#handle.flush();
      this.#length += bytes.byteLength;
    } catch (error) {
      this.#handle.truncate(this.#length);
      throw asDiskFull(error);
    }
  }

  async read(from: number, to: number): Promise<Blob> {
    const bytes = new Uint8Array(to - from);
    const read = this.#handle.read(bytes, { at: from });
    return new Blob([bytes.subarray(0, read)]);
  }

  close(): void {
    this.#handle.close();
  }
}

function asDiskFull(error: unknown): unknown {
  return saysFull(error) ? new DiskFull("the browser gives no more room", { cause: error }) : error;
}

/** What is not there need not be removed or read. */
async function orNull<T>(wanted: Promise<T>): Promise<T | null> {
  try {
    return await wanted;
  } catch (error) {
    if (error instanceof Error && error.name === "NotFoundError") return null;
    throw error;
  }
}
