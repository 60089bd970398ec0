"""A service that signs part URLs as a typical tutorial builds it: FastAPI, boto3, PyJWT, one uvicorn worker.

Prints the address it listens on; the store and the platform's keys by environment.
"""

import json
import os
import socket
import uuid
from typing import Annotated

import boto3
import jwt
import uvicorn
from botocore.config import Config
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

BUCKET = os.environ["S3_BUCKET"]
with open(os.environ["JWKS_FILE"], encoding="utf-8") as file:
    KEY = jwt.PyJWK(json.load(file)["keys"][0]).key

app = FastAPI()
s3 = boto3.client(
    "s3",
    region_name=os.environ["S3_REGION"],
    endpoint_url=os.environ["S3_ENDPOINT"],
    aws_access_key_id=os.environ["S3_ACCESS_KEY_ID"],
    aws_secret_access_key=os.environ["S3_SECRET_ACCESS_KEY"],
    # Else boto3 signs the checksum of a body that is not there, and no real part fits the URL.
    config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
)


class Sign(BaseModel):
    """What to sign: parts of one upload."""

    key: str
    upload_id: str
    part_numbers: Annotated[list[Annotated[int, Field(ge=1, le=10_000)]], Field(max_length=100)]


# Neither this nor `sign` waits for anything, so they are not given a thread each, which would cost more.
async def folder(shown: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]):
    """Where the objects are of the candidate whose token is shown."""
    try:
        claims = jwt.decode(shown.credentials, KEY, algorithms=["EdDSA"])
    except jwt.InvalidTokenError as error:
        raise HTTPException(401) from error
    return f"{claims['exam']}/{claims['subject']}/{claims['candidate']}/"


@app.post("/uploads")
def create(own: Annotated[str, Depends(folder)]):
    key = f"{own}{uuid.uuid4()}.webm"
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key=key, ContentType="video/webm")
    return {"key": key, "upload_id": upload["UploadId"]}


@app.post("/uploads/sign")
async def sign(wanted: Sign, own: Annotated[str, Depends(folder)]):
    if not wanted.key.startswith(own):
        raise HTTPException(403)
    part = {"Bucket": BUCKET, "Key": wanted.key, "UploadId": wanted.upload_id}
    url = lambda number: s3.generate_presigned_url("upload_part", Params=part | {"PartNumber": number}, ExpiresIn=600)
    return {"parts": [{"part_number": number, "url": url(number)} for number in wanted.part_numbers]}


def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(f"127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])


if __name__ == "__main__":
    main()
