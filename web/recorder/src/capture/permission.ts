/** Tells an unplugged device from a permission that was taken back: to a track both look like "ended". */

import type { GapReason } from "../types.js";

/** Names that the type library lacks; Firefox has known them since 131. */
const NAMES: Record<MediaKind, PermissionName> = { video: "camera" as PermissionName, audio: "microphone" as PermissionName };

type MediaKind = "video" | "audio";

/** Why a camera or microphone has ended. */
export async function reasonOfEnd(permissions: Permissions | undefined, kind: string): Promise<GapReason> {
  const status = await query(permissions, kind === "audio" ? "audio" : "video");
  return status && status.state !== "granted" ? "permission_revoked" : "device_unplugged";
}

/**
 * Calls `revoked` when camera or microphone are no longer granted, as some browsers only mute a track then. Returns what
 * ends the watch.
 */
export function watchPermissions(permissions: Permissions | undefined, revoked: () => void): () => void {
  const ends: (() => void)[] = [];
  let over = false;
  for (const kind of ["video", "audio"] as const) {
    void query(permissions, kind).then((status) => {
      if (!status || over) return;
      const changed = (): void => {
        if (status.state === "denied") revoked();
      };
      status.addEventListener("change", changed);
      ends.push(() => status.removeEventListener("change", changed));
    });
  }
  return () => {
    over = true;
    for (const end of ends) end();
  };
}

async function query(permissions: Permissions | undefined, kind: MediaKind): Promise<PermissionStatus | null> {
  // An older Firefox rejects the name; the track's own "ended" is then all there is.
  return permissions ? permissions.query({ name: NAMES[kind] }).catch(() => null) : null;
}
