/** The receipts as a file: one compact JWS on each line, which any verifier reads one by one. Pure. */

import type { RecorderState } from "./recorder.js";

/** All receipts, oldest first; empty when there is none. */
export function receiptsOf({ takes }: RecorderState): string {
  return takes.map(({ receipt }) => (receipt === null ? "" : `${receipt}\n`)).join("");
}

/** What the file is called: the exam's and the subject's ids are slugs, and the candidate's stays out of file names. */
export function receiptsName({ sitting }: RecorderState): string {
  return sitting === null ? "receipts.txt" : `receipts-${sitting.exam.id}-${sitting.subject.id}.txt`;
}
