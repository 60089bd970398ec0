/** Builds the fixtures, which are no part of the shipped page, into a folder of their own. */

import { fileURLToPath } from "node:url";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { build } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export async function buildFixtures(outDir: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: "warn",
    root: at("../fixtures"),
    plugins: [svelte({ configFile: at("../../svelte.config.js") })],
    build: { outDir, emptyOutDir: true, target: "es2022", modulePreload: false, assetsInlineLimit: 0 },
  });
}
