/** Builds the candidate's page into the server's assets. The same sources and lock file make the same bytes. */

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

import { alias, at } from "./sources.js";

/** Plain names: the server asks browsers to look for a newer file each time, and a change is one file's diff. */
const plain = { entryFileNames: "[name].js", chunkFileNames: "[name].js", assetFileNames: "[name][extname]" };

export default defineConfig({
  root: at("src/record"),
  base: "/record/",
  resolve: { alias },
  plugins: [svelte({ configFile: at("svelte.config.js") })],
  build: {
    outDir: at("../../crates/handin/assets/record"),
    emptyOutDir: true,
    target: "es2022",
    // A file of its own for everything: the server's policy lets the page load no data: URLs but pictures.
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: { input: { record: at("src/record/index.html") }, output: plain },
  },
  worker: { format: "es", rolldownOptions: { output: plain } },
});
