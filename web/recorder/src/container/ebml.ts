/**
 * EBML elements (RFC 8794), read and written: an id, a size, a payload. Knows which number is which Matroska element
 * (RFC 9559), but nothing of what a recording looks like.
 */

/** The elements that we look at, with the ids of RFC 9559. */
export const ID = {
  ebml: 0x1a45dfa3,
  void: 0xec,
  crc32: 0xbf,
  segment: 0x18538067,
  seekHead: 0x114d9b74,
  seek: 0x4dbb,
  seekId: 0x53ab,
  seekPosition: 0x53ac,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  duration: 0x4489,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  defaultDuration: 0x23e383,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  position: 0xa7,
  prevSize: 0xab,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  blockDuration: 0x9b,
  referenceBlock: 0xfb,
  cues: 0x1c53bb6b,
  cuePoint: 0xbb,
  cueTime: 0xb3,
  cueTrackPositions: 0xb7,
  cueTrack: 0xf7,
  cueClusterPosition: 0xf1,
  tags: 0x1254c367,
  chapters: 0x1043a770,
  attachments: 0x1941a469,
} as const;

/** The start of an element. */
export interface Header {
  readonly id: number;
  /** Bytes of payload; `Infinity` where the writer did not know (RFC 8794, 6.2). */
  readonly size: number;
  /** Bytes of id and size together. */
  readonly length: number;
}

/** An element whose header is complete; its payload may reach beyond the bytes at hand. */
export interface Element extends Header {
  /** Where the header begins. */
  readonly at: number;
  /** Where the payload begins. */
  readonly data: number;
  /** Where the payload ends; `Infinity` where the writer did not know. */
  readonly end: number;
}

/** The width of a variable-length number is told by the leading zeros of its first byte; 0 where there is none. */
function width(first: number, most: number): number {
  const leading = Math.clz32(first) - 24;
  return leading < most ? leading + 1 : 0;
}

/** A big-endian unsigned number of up to 8 bytes; beyond 2^53 it is rounded. */
export function readUint(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = at; i < at + length; i++) value = value * 256 + (bytes[i] ?? 0);
  return value;
}

/**
 * Reads a variable-length number without its marker: `null` while bytes are missing, `NaN` where there can be none or
 * it is beyond 2^53, `Infinity` for the reserved value of all ones.
 */
export function readVint(bytes: Uint8Array, at: number): { value: number; length: number } | null {
  const first = bytes[at];
  if (first === undefined) return null;
  const length = width(first, 8);
  if (length === 0) return { value: Number.NaN, length: 1 };
  if (at + length > bytes.length) return null;
  const ones = (512 >> length) - 1;
  if (first === ones && bytes.subarray(at + 1, at + length).every((byte) => byte === 0xff)) return { value: Infinity, length };
  const value = (first & (ones >> 1)) * 256 ** (length - 1) + readUint(bytes, at + 1, length - 1);
  return { value: value > Number.MAX_SAFE_INTEGER ? Number.NaN : value, length };
}

/** Reads an element's header: `"incomplete"` while bytes are missing, `"invalid"` where no element can begin. */
export function readHeader(bytes: Uint8Array, at: number): Header | "incomplete" | "invalid" {
  const first = bytes[at];
  if (first === undefined) return "incomplete";
  const idLength = width(first, 4);
  if (idLength === 0) return "invalid";
  if (at + idLength > bytes.length) return "incomplete";
  const size = readVint(bytes, at + idLength);
  if (size === null) return "incomplete";
  if (Number.isNaN(size.value)) return "invalid";
  return { id: readUint(bytes, at, idLength), size: size.value, length: idLength + size.length };
}

/** The element whose header stands there. */
export function elementAt({ id, size, length }: Header, at: number): Element {
  // Written out, as a spread of `Header` takes longer than everything else that is done for a frame.
  return { id, size, length, at, data: at + length, end: at + length + size };
}

/** The elements that begin between `from` and `to`, one behind the other, up to the first that cannot be read. */
export function* elements(bytes: Uint8Array, from: number, to: number): Generator<Element> {
  let at = from;
  while (at < Math.min(to, bytes.length)) {
    const header = readHeader(bytes, at);
    if (typeof header === "string") return;
    const element = elementAt(header, at);
    yield element;
    at = element.end;
  }
}

/** Joins pieces into one array. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** An unsigned number in as few bytes as it takes, at least one, or in exactly `length` bytes. */
export function uint(value: number, length?: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  while (bytes.length < (length ?? 1)) bytes.unshift(0);
  return Uint8Array.from(bytes);
}

/** A 64-bit float. */
export function float64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

/** A size in one byte up to 126, else in three bytes: less than 2 MiB, which no element that we write reaches. */
export function sizeField(size: number): Uint8Array {
  return size < 127 ? Uint8Array.of(0x80 | size) : uint(0x200000 + size, 3);
}

/** An element with its payload. */
export function element(id: number, ...payload: readonly Uint8Array[]): Uint8Array {
  const body = concat(payload);
  return concat([uint(id), sizeField(body.length), body]);
}

/** A Void of `total` bytes whose payload begins with `mark`; there must be room for it and for 4 bytes more. */
export function voidElement(total: number, mark: Uint8Array): Uint8Array {
  const size = total - 2 < 127 ? sizeField(total - 2) : uint(0x200000 + total - 4, 3);
  const bytes = new Uint8Array(total);
  bytes.set(concat([uint(ID.void), size, mark]));
  return bytes;
}
