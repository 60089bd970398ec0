// A service that signs part URLs as a typical tutorial builds it: NestJS, a guard that verifies the token, validated
// bodies, the AWS SDK's presigner. Prints the address it listens on; the store and the platform's keys by environment.

import "reflect-metadata";
import { ValidationPipe } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { UploadsModule } from "./uploads.module.js";

const app = await NestFactory.create(UploadsModule, { logger: ["error", "fatal"] });
app.useGlobalPipes(new ValidationPipe());
await app.listen(0, "127.0.0.1");
console.log(new URL(await app.getUrl()).host);
