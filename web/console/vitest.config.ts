/** Unit tests in Node; the browser test starts a Chromium of its own. */

import { defineConfig } from "vitest/config";

import { alias } from "./sources.js";

export default defineConfig({
  resolve: { alias },
  test: { include: ["test/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 120_000 },
});
