/**
 * What the spool needs of a browser's storage: folders of files that grow at their end. Knows nothing of takes.
 *
 * Two kinds exist, `opfs.ts` and `indexeddb.ts`; a crash may take what was not yet acknowledged, never more.
 */

/** Files that survive the tab. Everything that was acknowledged is there after a crash of the browser. */
export interface Disk {
  /** The names of all folders, in no order. */
  folders(): Promise<string[]>;
  /** The files of a folder with their lengths in bytes; none when there is no such folder. */
  files(folder: string): Promise<ReadonlyMap<string, number>>;
  /** All bytes of a file that nobody appends to. @throws when there is none. */
  read(folder: string, file: string): Promise<Blob>;
  /** Opens a file to write at its end; makes it, and its folder, where there is none. */
  append(folder: string, file: string): Promise<Appender>;
  /** Removes a file; one that is not there is no error. */
  remove(folder: string, file: string): Promise<void>;
  /** Removes a folder with all its files; one that is not there is no error. */
  removeFolder(folder: string): Promise<void>;
}

/** A file that grows. One appender at a time. */
export interface Appender {
  /** Bytes in the file. */
  readonly length: number;
  /**
   * Adds bytes; they survive a crash once this has returned or, where it returns a promise, resolved.
   * @throws {@link DiskFull}; the file is then as long as before.
   */
  append(bytes: Uint8Array): void | Promise<void>;
  /** Bytes `from` (inclusive) `to` (exclusive). */
  read(from: number, to: number): Promise<Blob>;
  /** Lets go of the file. */
  close(): void;
}

/** The browser gives no more room. */
export class DiskFull extends Error {
  override readonly name = "DiskFull";
}

/** Whether a browser's error says that there is no more room. */
export function saysFull(error: unknown): boolean {
  return error instanceof Error && error.name === "QuotaExceededError";
}
