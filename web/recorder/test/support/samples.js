import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../../../samples/container", import.meta.url));
const vectorsFile = join(folder, "vectors.json");

export const matroska = readdirSync(folder).filter((name) => /\.(webm|mkv)$/.test(name)).sort();
export const mp4 = "chromium-vp9-opus.mp4";

export function sample(name) {
  return new Uint8Array(readFileSync(join(folder, name)));
}

export function vectors() {
  return JSON.parse(readFileSync(vectorsFile, "utf8"));
}

export function updateVectors(made) {
  if (process.env.HANDIN_UPDATE_VECTORS) writeFileSync(vectorsFile, `${JSON.stringify(made, null, 1)}\n`);
}

export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

export function toHex(bytes) {
  return Buffer.from(bytes).toString("hex");
}

/** Gives a program the bytes as a real file: from a pipe ffmpeg could not seek to what stands at the end. */
function withFile(bytes, use) {
  const place = mkdtempSync(join(tmpdir(), "handin-container-"));
  try {
    const file = join(place, "recording");
    writeFileSync(file, bytes);
    return use(file);
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** A file that is cut short is read all the same; what ffprobe says about the missing end is noise. */
const QUIET = { maxBuffer: 1 << 26, stdio: ["ignore", "pipe", "ignore"] };

export function probe(bytes) {
  const args = ["-v", "error", "-show_format", "-show_packets", "-of", "json"];
  const found = withFile(bytes, (file) => JSON.parse(execFileSync("ffprobe", [...args, file], QUIET)));
  return {
    durationS: Number(found.format.duration),
    formatName: found.format.format_name,
    packets: found.packets.map((packet) => ({
      stream: packet.stream_index,
      type: packet.codec_type,
      ptsS: Number(packet.pts_time),
      isKey: packet.flags.startsWith("K"),
    })),
  };
}

export function packetHashes(bytes) {
  const args = (file) => ["-v", "error", "-i", file, "-map", "0", "-c", "copy", "-f", "framemd5", "-"];
  return withFile(bytes, (file) => execFileSync("ffmpeg", args(file), { encoding: "utf8", maxBuffer: 1 << 26 }));
}

export function decode(bytes) {
  return withFile(bytes, (file) => {
    const args = ["-v", "error", "-threads", "1", "-i", file, "-progress", "pipe:1", "-f", "null", "-"];
    const { stdout, stderr } = spawnSync("ffmpeg", args, { encoding: "utf8" });
    const frames = [...stdout.matchAll(/^frame=(\d+)$/gm)].at(-1)?.[1] ?? 0;
    return { complaints: stderr, frames: Number(frames) };
  });
}
