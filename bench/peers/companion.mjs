// Uppy Companion, mounted in Express as its documentation has it, for S3 alone: without sessions and without a log of
// requests, which its standalone server adds. It lets everybody in; who may sign is left to what stands before it.
//
// usage: companion.mjs FOLDER    (prints the address it listens on; the store by environment)

import * as companion from "@uppy/companion";
import express from "express";

// What it says of itself goes to the log; standard output is for the address.
console.log = console.error;

const { S3_ENDPOINT, S3_REGION, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = process.env;
const { app } = companion.app({
  server: { host: "127.0.0.1", protocol: "http" },
  filePath: process.argv[2],
  secret: "for sessions, of which there are none",
  corsOrigins: ["https://exams.example"],
  uploadUrls: ["https://exams.example"],
  s3: {
    key: S3_ACCESS_KEY_ID,
    secret: S3_SECRET_ACCESS_KEY,
    bucket: S3_BUCKET,
    region: S3_REGION,
    endpoint: S3_ENDPOINT,
    forcePathStyle: true,
    expires: 600,
    // Else the SDK signs the checksum of a body that is not there, and no real part fits the URL.
    awsClientOptions: { requestChecksumCalculation: "WHEN_REQUIRED" },
  },
});
const server = express().use(app).listen(0, "127.0.0.1", () => {
  process.stdout.write(`127.0.0.1:${server.address().port}\n`);
});
