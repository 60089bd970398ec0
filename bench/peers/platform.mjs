// The exam platform of the comparison: makes an Ed25519 key and mints tokens that every service can verify.
//
// usage: platform.mjs CLAIMS.json    (a list of claims; prints {"jwks", "tokens"} in the same order)

import { generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";

const KEY_ID = "platform";
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const header = encode({ alg: "EdDSA", typ: "JWT", kid: KEY_ID });

function mint(claims) {
  const signed = `${header}.${encode(claims)}`;
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString("base64url")}`;
}

const key = { ...publicKey.export({ format: "jwk" }), kid: KEY_ID, alg: "EdDSA", use: "sig" };
const tokens = JSON.parse(readFileSync(process.argv[2], "utf8")).map(mint);
console.log(JSON.stringify({ jwks: { keys: [key] }, tokens }));
