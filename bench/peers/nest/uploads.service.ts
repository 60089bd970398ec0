import { randomUUID } from "node:crypto";
import { CreateMultipartUploadCommand, S3Client, UploadPartCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { Injectable } from "@nestjs/common";

const { S3_ENDPOINT, S3_REGION, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = process.env;

@Injectable()
export class UploadsService {
  private readonly s3 = new S3Client({
    region: S3_REGION,
    endpoint: S3_ENDPOINT,
    forcePathStyle: true,
    credentials: { accessKeyId: S3_ACCESS_KEY_ID!, secretAccessKey: S3_SECRET_ACCESS_KEY! },
    // Else the SDK signs the checksum of a body that is not there, and no real part fits the URL.
    requestChecksumCalculation: "WHEN_REQUIRED",
  });

  async create(folder: string) {
    const key = `${folder}${randomUUID()}.webm`;
    const command = new CreateMultipartUploadCommand({ Bucket: S3_BUCKET, Key: key, ContentType: "video/webm" });
    const { UploadId } = await this.s3.send(command);
    return { key, uploadId: UploadId };
  }

  async sign(key: string, uploadId: string, partNumbers: number[]) {
    const urls = partNumbers.map(async (partNumber) => {
      const part = { Bucket: S3_BUCKET, Key: key, UploadId: uploadId, PartNumber: partNumber };
      return { partNumber, url: await getSignedUrl(this.s3, new UploadPartCommand(part), { expiresIn: 600 }) };
    });
    return { parts: await Promise.all(urls) };
  }
}
