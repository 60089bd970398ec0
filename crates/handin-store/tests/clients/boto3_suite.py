"""Drives a store with unmodified boto3. Usage: boto3_suite.py ENDPOINT BUCKET REGION"""

import base64
import hashlib
import io
import os
import sys
import tempfile
import urllib.error
import urllib.request

try:
    import boto3
    from boto3.s3.transfer import TransferConfig
    from botocore.client import Config
    from botocore.exceptions import ClientError
except ImportError as missing:
    sys.exit(f"{sys.executable} lacks boto3 ({missing}): pip install boto3, or set HANDIN_TEST_PYTHON")

ENDPOINT, BUCKET, REGION = sys.argv[1:]
MIB = 1 << 20
s3 = boto3.client("s3", endpoint_url=ENDPOINT, region_name=REGION)


def refused(code, call, **arguments):
    """The call must be refused with exactly this code."""
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response
    raise AssertionError(f"{call} was not refused with {code}")


def buckets():
    s3.create_bucket(Bucket="another", CreateBucketConfiguration={"LocationConstraint": REGION})
    refused("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="another",
            CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.head_bucket(Bucket="another")
    assert {b["Name"] for b in s3.list_buckets()["Buckets"]} == {"another", BUCKET}
    assert s3.get_bucket_location(Bucket="another")["LocationConstraint"] == REGION
    s3.put_object(Bucket="another", Key="a", Body=b"x")
    refused("BucketNotEmpty", s3.delete_bucket, Bucket="another")
    s3.delete_object(Bucket="another", Key="a")
    s3.delete_bucket(Bucket="another")
    refused("404", s3.head_bucket, Bucket="another")
    refused("NoSuchBucket", s3.list_objects_v2, Bucket="another")


def objects():
    key = "webcam/한글 key+%~ü.webm"
    body = os.urandom(70_000)
    s3.put_object(Bucket=BUCKET, Key=key, Body=body, ContentType="video/webm",
                  Metadata={"take": "1"}, CacheControl="no-store")
    got = s3.get_object(Bucket=BUCKET, Key=key)
    assert got["Body"].read() == body
    assert got["ContentType"] == "video/webm" and got["Metadata"] == {"take": "1"}
    assert got["CacheControl"] == "no-store"
    assert got["ETag"] == '"' + hashlib.md5(body).hexdigest() + '"'
    part = s3.get_object(Bucket=BUCKET, Key=key, Range="bytes=10-19")
    assert part["Body"].read() == body[10:20] and part["ContentRange"] == "bytes 10-19/70000"
    refused("NoSuchKey", s3.get_object, Bucket=BUCKET, Key="nothing")
    refused("404", s3.head_object, Bucket=BUCKET, Key="nothing")
    refused("PreconditionFailed", s3.put_object, Bucket=BUCKET, Key=key, Body=b"", IfNoneMatch="*")
    s3.put_object(Bucket=BUCKET, Key="stream", Body=io.BytesIO(body))
    assert s3.get_object(Bucket=BUCKET, Key="stream")["Body"].read() == body


def checksums():
    body = b"123456789"
    # The check values of the catalogue of parametrised CRC algorithms; SHA-256 by Python.
    values = {
        "CRC32": "y/Q5Jg==",
        "CRC32C": "4waSgw==",
        "CRC64NVME": "rosUhgp5mIg=",
        "SHA256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
        "SHA1": base64.b64encode(hashlib.sha1(body).digest()).decode(),
    }
    for name, value in values.items():
        field = f"Checksum{name}"
        put = s3.put_object(Bucket=BUCKET, Key=name, Body=body, **{field: value})
        assert put[field] == value, put
        head = s3.head_object(Bucket=BUCKET, Key=name, ChecksumMode="ENABLED")
        assert head[field] == value and head["ChecksumType"] == "FULL_OBJECT", head
        wrong = ("B" if value[0] != "B" else "C") + value[1:]
        refused("BadDigest", s3.put_object, Bucket=BUCKET, Key="wrong", Body=body, **{field: wrong})
        if name in ("CRC32", "SHA256", "SHA1"):  # those that boto3 computes by itself
            put = s3.put_object(Bucket=BUCKET, Key=name, Body=body, ChecksumAlgorithm=name)
            assert put[field] == value, put
            assert s3.get_object(Bucket=BUCKET, Key=name, ChecksumMode="ENABLED")["Body"].read() == body
    refused("404", s3.head_object, Bucket=BUCKET, Key="wrong")
    refused("BadDigest", s3.put_object, Bucket=BUCKET, Key="wrong", Body=body,
            ContentMD5=base64.b64encode(hashlib.md5(b"?").digest()).decode())


def multipart():
    parts = [os.urandom(5 * MIB), os.urandom(5 * MIB), os.urandom(99)]
    made = s3.create_multipart_upload(Bucket=BUCKET, Key="m", ChecksumAlgorithm="SHA256")
    upload = {"Bucket": BUCKET, "Key": "m", "UploadId": made["UploadId"]}
    done = []
    for number, part in enumerate(parts, 1):
        sent = s3.upload_part(PartNumber=number, Body=part, ChecksumAlgorithm="SHA256", **upload)
        done.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": sent["ChecksumSHA256"]})
    pages = s3.get_paginator("list_parts").paginate(PaginationConfig={"PageSize": 2}, **upload)
    listed = [part for page in pages for part in page["Parts"]]
    assert [p["Size"] for p in listed] == [5 * MIB, 5 * MIB, 99]
    assert [p["ChecksumSHA256"] for p in listed] == [p["ChecksumSHA256"] for p in done]
    open_uploads = s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert [u["UploadId"] for u in open_uploads] == [made["UploadId"]]
    complete = {"MultipartUpload": {"Parts": done}, **upload}
    refused("InvalidRequest", s3.complete_multipart_upload, MpuObjectSize=1, **complete)
    first = s3.complete_multipart_upload(MpuObjectSize=10 * MIB + 99, IfNoneMatch="*", **complete)
    digests = b"".join(hashlib.sha256(part).digest() for part in parts)
    composite = base64.b64encode(hashlib.sha256(digests).digest()).decode() + "-3"
    assert first["ChecksumSHA256"] == composite, first
    again = s3.complete_multipart_upload(**complete)
    assert (again["ETag"], again["ChecksumSHA256"]) == (first["ETag"], composite)
    assert s3.get_object(Bucket=BUCKET, Key="m")["Body"].read() == b"".join(parts)
    made = s3.create_multipart_upload(Bucket=BUCKET, Key="m2")
    s3.abort_multipart_upload(Bucket=BUCKET, Key="m2", UploadId=made["UploadId"])
    refused("NoSuchUpload", s3.list_parts, Bucket=BUCKET, Key="m2", UploadId=made["UploadId"])


def copies():
    parts = [os.urandom(5 * MIB), os.urandom(6 * MIB)]
    whole = b"".join(parts)
    source = {"Bucket": BUCKET, "Key": "copies/source ü.webm"}
    s3.put_object(Body=whole, **source)
    made = s3.create_multipart_upload(Bucket=BUCKET, Key="copied", ChecksumAlgorithm="SHA256")
    upload = {"Bucket": BUCKET, "Key": "copied", "UploadId": made["UploadId"]}
    done, first = [], 0
    for number, part in enumerate(parts, 1):
        span = f"bytes={first}-{first + len(part) - 1}"
        copied = s3.upload_part_copy(CopySource=source, CopySourceRange=span, PartNumber=number, **upload)
        result = copied["CopyPartResult"]
        assert result["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(part).digest()).decode(), result
        done.append({"PartNumber": number, "ETag": result["ETag"], "ChecksumSHA256": result["ChecksumSHA256"]})
        first += len(part)
    refused("NotImplemented", s3.copy_object, Bucket=BUCKET, Key="copied", CopySource=source)
    refused("NoSuchKey", s3.upload_part_copy, CopySource={"Bucket": BUCKET, "Key": "nothing"},
            PartNumber=1, **upload)
    s3.complete_multipart_upload(MultipartUpload={"Parts": done}, **upload)
    assert s3.get_object(Bucket=BUCKET, Key="copied")["Body"].read() == whole
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
    s3.copy(source, BUCKET, "copied again", Config=config)
    assert s3.get_object(Bucket=BUCKET, Key="copied again")["Body"].read() == whole


def transfer():
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "source"), os.path.join(folder, "target")
        content = os.urandom(17 * MIB)
        with open(source, "wb") as file:
            file.write(content)
        for extra in ({}, {"ChecksumAlgorithm": "SHA256"}, {"ChecksumAlgorithm": "CRC32"}):
            s3.upload_file(source, BUCKET, "transfer", Config=config, ExtraArgs=extra)
            s3.download_file(BUCKET, "transfer", target, Config=config)
            with open(target, "rb") as file:
                assert file.read() == content, extra


def presigned():
    signing = boto3.client("s3", endpoint_url=ENDPOINT, region_name=REGION, config=Config(
        signature_version="s3v4", request_checksum_calculation="when_required"))
    where = {"Bucket": BUCKET, "Key": "presigned/a b"}

    def fetch(url, method="GET", data=None, headers={}):
        return urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)).read()

    put = signing.generate_presigned_url("put_object", {**where, "ContentType": "video/webm"}, 60)
    fetch(put, "PUT", b"content", {"Content-Type": "video/webm"})
    assert fetch(signing.generate_presigned_url("get_object", where, 60)) == b"content"
    named = {**where, "ResponseContentDisposition": 'attachment; filename="x"'}
    answer = urllib.request.urlopen(signing.generate_presigned_url("get_object", named, 60))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="x"'
    made = s3.create_multipart_upload(**where)
    part = signing.generate_presigned_url(
        "upload_part", {**where, "UploadId": made["UploadId"], "PartNumber": 1}, 60)
    fetch(part, "PUT", b"part", {"Content-Type": ""})
    etag = s3.list_parts(UploadId=made["UploadId"], **where)["Parts"][0]["ETag"]
    s3.complete_multipart_upload(UploadId=made["UploadId"], **where,
                                 MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert fetch(signing.generate_presigned_url("get_object", where, 60)) == b"part"
    try:
        fetch(put, "PUT", b"content", {"Content-Type": "text/html"})
        raise AssertionError("another type was taken")
    except urllib.error.HTTPError as error:
        assert error.code == 403
    old = boto3.client("s3", endpoint_url=ENDPOINT, region_name=REGION, config=Config(signature_version="s3"))
    try:
        fetch(old.generate_presigned_url("get_object", where, 60))
        raise AssertionError("a signature of version 2 was taken")
    except urllib.error.HTTPError as error:
        assert error.code == 400


def listings():
    keys = sorted(f"list/{n % 7}/{n:03}" for n in range(60))
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix="list/", PaginationConfig={"PageSize": 9})
    assert [item["Key"] for page in pages for item in page.get("Contents", [])] == keys
    folded = s3.list_objects_v2(Bucket=BUCKET, Prefix="list/", Delimiter="/")
    assert [p["Prefix"] for p in folded["CommonPrefixes"]] == [f"list/{n}/" for n in range(7)]
    old = s3.get_paginator("list_objects").paginate(
        Bucket=BUCKET, Prefix="list/", PaginationConfig={"PageSize": 9})
    assert [item["Key"] for page in old for item in page["Contents"]] == keys
    gone = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})
    assert len(gone["Deleted"]) == 60 and "Errors" not in gone
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="list/")["KeyCount"] == 0


def rules():
    cors = {"CORSRules": [{"AllowedOrigins": ["https://exam.test"], "AllowedMethods": ["PUT"],
                           "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}]}
    refused("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket=BUCKET)
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration=cors)
    assert s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"] == cors["CORSRules"]
    s3.delete_bucket_cors(Bucket=BUCKET)
    refused("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket=BUCKET)
    lifecycle = {"Rules": [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "webcam/"},
                            "Expiration": {"Days": 30},
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]}
    put = s3.put_bucket_lifecycle_configuration
    put(Bucket=BUCKET, LifecycleConfiguration=lifecycle)
    assert s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"] == lifecycle["Rules"]
    colder = {"Rules": [{"ID": "t", "Status": "Enabled", "Filter": {"Prefix": ""},
                         "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]}]}
    refused("NotImplemented", put, Bucket=BUCKET, LifecycleConfiguration=colder)
    s3.delete_bucket_lifecycle(Bucket=BUCKET)
    refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=BUCKET)


for check in (buckets, objects, checksums, multipart, copies, transfer, presigned, listings, rules):
    check()
    print(check.__name__)
print("done")
