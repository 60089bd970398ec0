// What ffprobe says of a recording.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Looks at a recording's bytes.
 * @returns {{ durationS: number | null, frames: number, codecs: string[], width: number, errors: string, seekable: boolean }}
 *   `durationS` as the header states it; `errors` what a full decode complained about; `seekable` whether it has an index
 */
export function look(bytes) {
  const folder = mkdtempSync(join(tmpdir(), "handin-video-"));
  try {
    const file = join(folder, "recording.webm");
    writeFileSync(file, bytes);
    // Counting frames decodes every one of them.
    const args = ["-v", "error", "-show_streams", "-show_format", "-count_frames", "-of", "json", file];
    const { stdout, stderr } = spawnSync("ffprobe", args, { encoding: "utf8", maxBuffer: 1 << 26 });
    const { streams = [], format = {} } = JSON.parse(stdout || "{}");
    const video = streams.find(({ codec_type }) => codec_type === "video");
    return {
      durationS: format.duration === undefined ? null : Number(format.duration),
      frames: Number(video?.nb_read_frames ?? 0),
      codecs: streams.map(({ codec_name }) => codec_name),
      width: video?.width,
      errors: stderr,
      seekable: bytes.includes(Buffer.from([0x1c, 0x53, 0xbb, 0x6b])),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
