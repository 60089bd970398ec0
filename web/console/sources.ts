/** Where the build and the tests take the recorder from: its sources, so that page and workers are one build. */

import { fileURLToPath } from "node:url";

/** A path of this package as the file system knows it. */
export const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const alias = { "@handin/recorder": at("../recorder/src") };
