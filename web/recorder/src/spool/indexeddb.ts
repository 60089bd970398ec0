/**
 * The disk on IndexedDB, for browsers and windows without a private file system, and for service workers' notes.
 *
 * A file is a row of pieces, keyed by root, folder, file and the offset where the piece ends; the last key says how
 * long the file is.
 */

import { type Appender, type Disk, DiskFull, saysFull } from "./disk.js";

const DATABASE = "handin-spool";
const PIECES = "pieces";

type Key = [root: string, folder: string, file: string, end: number];

/** The disk below one root in IndexedDB. @throws where the browser refuses even that. */
export async function openIndexedDb(root: string): Promise<Disk> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(PIECES);
  return new IndexedDbDisk(await settled(request), root);
}

class IndexedDbDisk implements Disk {
  readonly #database: IDBDatabase;
  readonly #root: string;

  constructor(database: IDBDatabase, root: string) {
    this.#database = database;
    this.#root = root;
  }

  async folders(): Promise<string[]> {
    return [...new Set((await this.#keys(this.#all())).map(([, folder]) => folder))];
  }

  async files(folder: string): Promise<ReadonlyMap<string, number>> {
    const keys = await this.#keys(this.#all(folder));
    // Keys come in ascending order, so that the last end of a file is its length.
    return new Map(keys.map(([, , file, end]) => [file, end]));
  }

  async read(folder: string, file: string): Promise<Blob> {
    const pieces = await settled(this.#store("readonly").getAll(this.#all(folder, file)));
    if (pieces.length === 0) throw new Error("there is no such file");
    return new Blob(pieces as ArrayBuffer[]);
  }

  async append(folder: string, file: string): Promise<Appender> {
    const keys = await this.#keys(this.#all(folder, file));
    return new IndexedDbAppender(this, folder, file, keys.at(-1)?.[3] ?? 0);
  }

  async remove(folder: string, file: string): Promise<void> {
    await this.#change((store) => store.delete(this.#all(folder, file)));
  }

  async removeFolder(folder: string): Promise<void> {
    await this.#change((store) => store.delete(this.#all(folder)));
  }

  /** Adds a piece that ends at `end`. */
  async put(folder: string, file: string, end: number, bytes: Uint8Array): Promise<void> {
    const key: Key = [this.#root, folder, file, end];
    await this.#change((store) => store.put(bytes.slice().buffer, key));
  }

  #all(...names: string[]): IDBKeyRange {
    const start = [this.#root, ...names];
    // An array sorts after every string and number, so this bounds all keys that begin with these names.
    return IDBKeyRange.bound(start, [...start, []]);
  }

  async #keys(range: IDBKeyRange): Promise<Key[]> {
    return (await settled(this.#store("readonly").getAllKeys(range))) as Key[];
  }

  #store(mode: IDBTransactionMode): IDBObjectStore {
    return this.#database.transaction(PIECES, mode).objectStore(PIECES);
  }

  /** Resolves when the change is on the disk itself: `strict` waits for the flush that `relaxed` leaves out. */
  #change(act: (store: IDBObjectStore) => void): Promise<void> {
    const transaction = this.#database.transaction(PIECES, "readwrite", { durability: "strict" });
    act(transaction.objectStore(PIECES));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => {
        const { error } = transaction;
        reject(saysFull(error) ? new DiskFull("the browser gives no more room") : error);
      };
    });
  }
}

class IndexedDbAppender implements Appender {
  readonly #disk: IndexedDbDisk;
  readonly #folder: string;
  readonly #file: string;
  #length: number;

  constructor(disk: IndexedDbDisk, folder: string, file: string, length: number) {
    this.#disk = disk;
    this.#folder = folder;
    this.#file = file;
    this.#length = length;
  }

  get length(): number {
    return this.#length;
  }

  async append(bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength === 0) return;
    const end = this.#length + bytes.byteLength;
    await this.#disk.put(this.#folder, this.#file, end, bytes);
    this.#length = end;
  }

  async read(from: number, to: number): Promise<Blob> {
    return (await this.#disk.read(this.#folder, this.#file)).slice(from, to);
  }

  close(): void {
    // Nothing is held between two pieces.
  }
}

/** The outcome of a request as a promise. */
export function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
