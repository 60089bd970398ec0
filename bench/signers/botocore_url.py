"""What a part URL costs with botocore. Prints one JSON object: nanoseconds of CPU per URL, and one URL to check.

usage: botocore_url.py MILLISECONDS PART.json
"""

import json
import sys
import time

import botocore.session
from botocore.config import Config


def signer(part):
    client = botocore.session.Session().create_client(
        "s3",
        region_name=part["region"],
        endpoint_url=part["endpoint"],
        aws_access_key_id=part["access_key"],
        aws_secret_access_key=part["secret_key"],
        # Else botocore asks for the checksum of a body that is not there.
        config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}, request_checksum_calculation="when_required"),
    )

    def bind_type(request, **_):
        # UploadPart has no content type of its own.
        request.headers["Content-Type"] = part["content_type"]

    client.meta.events.register("before-sign.s3.UploadPart", bind_type)
    parameters = {
        "Bucket": part["bucket"],
        "Key": part["key"],
        "UploadId": part["upload_id"],
        "PartNumber": part["number"],
        "ContentLength": part["size"],
        "ChecksumSHA256": part["checksum"],
        "RequestPayer": "requester",
    }
    return lambda: client.generate_presigned_url("upload_part", Params=dict(parameters), ExpiresIn=600)


def main():
    with open(sys.argv[2], encoding="utf-8") as file:
        sign = signer(json.load(file))
    url, calls = sign(), 0
    end, begin = time.monotonic() + int(sys.argv[1]) / 1000, time.process_time_ns()
    while time.monotonic() < end:
        for _ in range(20):
            sign()
        calls += 20
    print(json.dumps({"nanoseconds": (time.process_time_ns() - begin) / calls, "url": url}))


main()
