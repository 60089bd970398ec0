import { describe, expect, it } from "vitest";

import { rememberStop, wasStopped } from "../src/memory.js";
import { sitting } from "./make.js";

/** A storage as browsers have it. */
function storage(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
    clear: () => kept.clear(),
    key: (index: number) => [...kept.keys()][index] ?? null,
    get length() {
      return kept.size;
    },
  };
}

describe("a stop", () => {
  it("is remembered of the sitting that was stopped, until it is begun again", () => {
    const kept = storage();
    rememberStop(() => kept, sitting(), true);
    expect(wasStopped(() => kept, sitting())).toBe(true);
    expect(wasStopped(() => kept, sitting({ candidate: "c2" }))).toBe(false);
    rememberStop(() => kept, sitting(), false);
    expect(wasStopped(() => kept, sitting())).toBe(false);
  });

  it("is not remembered by a browser that keeps nothing, which is no reason to fail", () => {
    const blocked = (): Storage => {
      throw new DOMException("blocked", "SecurityError");
    };
    rememberStop(blocked, sitting(), true);
    expect(wasStopped(blocked, sitting())).toBe(false);
  });
});
