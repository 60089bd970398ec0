/** Builds the fixtures, which are no part of the shipped page, into a folder of their own. */

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { build } from "vite";

import { alias, at } from "../../sources.js";

export async function buildFixtures(outDir: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: "warn",
    root: at("./test/fixtures"),
    resolve: { alias },
    plugins: [svelte({ configFile: at("./svelte.config.js") })],
    build: { outDir, emptyOutDir: true, target: "es2022", modulePreload: false, assetsInlineLimit: 0 },
  });
}
