// A disk in memory that can be full, and that can be copied as a crash would leave it.

import { type Appender, type Disk, DiskFull } from "../../src/spool/disk.js";

export class MemoryDisk implements Disk {
  /** Bytes by folder and file. */
  readonly content: Map<string, Map<string, Uint8Array>>;
  /** Bytes that may still be written. */
  room = Infinity;

  constructor(content: Map<string, Map<string, Uint8Array>> = new Map()) {
    this.content = content;
  }

  copy(): MemoryDisk {
    return new MemoryDisk(new Map([...this.content].map(([folder, files]) => [folder, new Map(files)])));
  }

  async folders(): Promise<string[]> {
    return [...this.content.keys()];
  }

  async files(folder: string): Promise<ReadonlyMap<string, number>> {
    return new Map([...this.#files(folder)].map(([name, bytes]) => [name, bytes.length]));
  }

  async read(folder: string, file: string): Promise<Blob> {
    const bytes = this.#files(folder).get(file);
    if (bytes === undefined) throw new Error(`there is no ${file}`);
    return new Blob([new Uint8Array(bytes)]);
  }

  async append(folder: string, file: string): Promise<Appender> {
    const files = this.content.get(folder) ?? new Map<string, Uint8Array>();
    this.content.set(folder, files);
    if (!files.has(file)) files.set(file, new Uint8Array());
    const bytes = () => files.get(file) ?? new Uint8Array();
    return {
      get length() {
        return bytes().length;
      },
      append: (more) => {
        if (more.length > this.room) throw new DiskFull("no room");
        this.room -= more.length;
        const grown = new Uint8Array(bytes().length + more.length);
        grown.set(bytes());
        grown.set(more, bytes().length);
        files.set(file, grown);
      },
      read: async (from, to) => new Blob([bytes().slice(from, to)]),
      close: () => undefined,
    };
  }

  async remove(folder: string, file: string): Promise<void> {
    this.room += this.#files(folder).get(file)?.length ?? 0;
    this.#files(folder).delete(file);
  }

  async removeFolder(folder: string): Promise<void> {
    this.content.delete(folder);
  }

  #files(folder: string): Map<string, Uint8Array> {
    return this.content.get(folder) ?? new Map();
  }
}
