/**
 * What a screen reader is told when the page changes: that something began, ended or needs a hand. Pure. Ticking figures
 * are never announced, and a screen needs no announcement, because its heading takes the focus.
 */

import type { Model } from "./model.js";
import { keyOf, type Notice, noticesOf, toneOf } from "./notices.js";
import type { RecorderState } from "./recorder.js";
import { type Texts, trackText } from "./texts/index.js";

/** What to say: at once for what asks for an action, politely for the rest. */
export interface Said {
  readonly assertive: readonly string[];
  readonly polite: readonly string[];
}

/** What changed for the ear between two models; `title` gives a notice's headline. */
export function announce(before: Model, after: Model, texts: Texts, title: (notice: Notice) => string): Said {
  const known = new Set(noticesOf(before).map(keyOf));
  const fresh = noticesOf(after).filter((notice) => !known.has(keyOf(notice)));
  const urgent = (notice: Notice) => toneOf(notice) === "alarm";
  return {
    assertive: fresh.filter(urgent).map(title),
    polite: [...relief(before, after, texts), ...fresh.filter((notice) => !urgent(notice)).map(title)],
  };
}

/** What has become good again. */
function relief(of: Model, then: Model, texts: Texts): string[] {
  const [before, after] = [of.recorder, then.recorder];
  if (!before || !after || after.phase !== "recording") return [];
  if (before.phase !== "recording") return [texts.said.started];
  const said = after.tracks
    .filter(({ track, status }) => status === "live" && statusOf(before, track) === "interrupted")
    .map(({ track }) => texts.said.resumed(trackText(texts, track)));
  if (!before.online && after.online) said.push(texts.said.online);
  if (before.heldBy === "call" && after.heldBy === "nothing") said.push(texts.said.call);
  if (before.storage.room !== "enough" && after.storage.room === "enough") said.push(texts.said.storage);
  if (isRecovering(of) && !isRecovering(then)) said.push(texts.notice.recovered);
  return said;
}

const isRecovering = (model: Model) => noticesOf(model).some(({ kind }) => kind === "recovering");

function statusOf({ tracks }: RecorderState, name: string) {
  return tracks.find(({ track }) => track === name)?.status;
}
