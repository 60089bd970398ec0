/** Unit tests in Node; the browser test starts a Chromium of its own. */

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

import { alias, at } from "./sources.js";

export default defineConfig({
  resolve: { alias },
  plugins: [svelte({ configFile: at("svelte.config.js") })],
  test: { include: ["test/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 120_000 },
});
