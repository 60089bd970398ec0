/** Watches the room in this browser's storage. */

import type { Clock } from "../clock.js";

/** How much room there is. */
export type Room = "enough" | "low" | "full";

/** Below this it is low, in bytes: some twenty minutes of both tracks. */
const LOW = 256 * 1024 * 1024;
const LOOK_MS = 15_000;

/** Tells whenever the room changes. */
export class RoomWatch {
  readonly #full = new Set<string>();
  readonly #changed: (room: Room) => void;
  #low = false;
  #last: Room = "enough";

  /** @param changed is told the room now */
  constructor(changed: (room: Room) => void) {
    this.#changed = changed;
  }

  /** Looks at the browser's estimate from now on. It is an upper bound in some browsers: `full` comes from writing. */
  watch(clock: Clock, estimate: () => Promise<StorageEstimate>): void {
    const look = async () => {
      const { quota, usage } = await estimate().catch((): StorageEstimate => ({}));
      this.#low = quota !== undefined && usage !== undefined && quota - usage < LOW;
      this.#tell();
      clock.after(LOOK_MS, () => void look());
    };
    void look();
  }

  /** A take found the disk full, or has room again. */
  full(local: string, full: boolean): void {
    if (full) this.#full.add(local);
    else this.#full.delete(local);
    this.#tell();
  }

  #tell(): void {
    const room = this.#full.size > 0 ? "full" : this.#low ? "low" : "enough";
    if (room === this.#last) return;
    this.#last = room;
    this.#changed(room);
  }
}
