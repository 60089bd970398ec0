// What a part URL costs with @aws-sdk/s3-request-presigner. Prints one JSON object: nanoseconds of CPU per URL, and one
// URL to check.
//
// usage: sdk_url.mjs MILLISECONDS PART.json FOLDER-WITH-NODE_MODULES

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [millis, partFile, modules] = process.argv.slice(2);
const require = createRequire(`${modules}/package.json`);
const { S3Client, UploadPartCommand } = require("@aws-sdk/client-s3");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");

const part = JSON.parse(readFileSync(partFile, "utf8"));
const client = new S3Client({
  region: part.region,
  endpoint: part.endpoint,
  credentials: { accessKeyId: part.access_key, secretAccessKey: part.secret_key },
  requestChecksumCalculation: "WHEN_REQUIRED",
});
const input = {
  Bucket: part.bucket,
  Key: part.key,
  UploadId: part.upload_id,
  PartNumber: part.number,
  ContentLength: part.size,
  ChecksumSHA256: part.checksum,
  RequestPayer: "requester",
};

// UploadPart has no content type of its own.
const bindType = (next) => (args) => {
  args.request.headers["content-type"] = part.content_type;
  return next(args);
};

const sign = () => {
  const command = new UploadPartCommand(input);
  command.middlewareStack.add(bindType, { step: "build", name: "bindType" });
  return getSignedUrl(client, command, {
    expiresIn: 600,
    // Else they would become query parameters, which S3 ignores, or stay unbound.
    unhoistableHeaders: new Set(["x-amz-checksum-sha256", "x-amz-request-payer"]),
    signableHeaders: new Set(["host", "content-length", "content-type", "x-amz-checksum-sha256", "x-amz-request-payer"]),
  });
};

// The first calls are interpreted; the just-in-time compiler gets its time before the clock starts.
const warm = performance.now() + Number(millis) / 2;
let url = await sign();
while (performance.now() < warm) url = await sign();

const begin = process.cpuUsage();
const end = performance.now() + Number(millis);
let calls = 0;
while (performance.now() < end) {
  for (let i = 0; i < 20; i++) await sign();
  calls += 20;
}
const { user, system } = process.cpuUsage(begin);
console.log(JSON.stringify({ nanoseconds: ((user + system) * 1000) / calls, url }));
