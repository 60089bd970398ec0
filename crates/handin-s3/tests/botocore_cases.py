"""Prints calls and the URLs (or Authorization headers) that botocore makes of them, one JSON object a line.

botocore signs for real; only its clock is replaced. The cases are the same on every run: all randomness
comes from one seed. `tests/botocore.rs` signs the same calls and compares byte for byte.
"""

import base64
import datetime
import functools
import hashlib
import itertools
import json
import random

import botocore.auth
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.utils import percent_encode, percent_encode_sequence

SEED = 20261122

SESSION = botocore.session.get_session()

KEYS = [
    "webcam/3f/2026-11-22/spring/math/c-0001/01KAMPLE0000000000000000.webm",
    "a b",
    " lead and trail ",
    "a+b",
    "100%",
    "already%20encoded%2Fyes",
    "~tilde~",
    "!*'()",
    "$&,:;=@?#[]",
    "double//slash",
    "//two/in/front",
    "/one/in/front",
    "ends/with/",
    "dots/./and/../more/...",
    "..",
    "back\\slash|pipe^caret`tick\"quote<angle>{brace}",
    "시험/수학/응시자.webm",
    "emoji-😀-👩‍💻",
    "é-composed-e\u0301-decomposed",
    "tab\tnewline\nend",
    "\u0001\u007f",
    "k" * 900,
]

ENDPOINTS = [
    ("https://s3.ap-northeast-2.amazonaws.com", "ap-northeast-2", "exam-recordings", "path"),
    ("https://s3.ap-northeast-2.amazonaws.com", "ap-northeast-2", "exam-recordings", "virtual"),
    ("http://127.0.0.1:3900", "garage", "exams", "path"),
    ("http://store.example:9000", "us-east-1", "exams", "virtual"),
    ("https://files.example:8443", "us-east-1", "exams", "path"),
    ("https://gateway.example/s3", "eu-west-1", "exams", "path"),
]

TOKENS = [None, None, "FwoGZXIvYXdzEJr//////////wEaDH+/=" * 12]

UPLOAD_IDS = ["VXBsb2FkIElE", "2~qV7tEbCk_pPz0", "a.b+c/d=e&f g%", "x" * 160]

METADATA = [{}, {"handin-write": "01KAMPLEWRITETOKEN"}, {"handin-write": "a  b", "take": "2"}]


class Cases:
    """Makes cases in turn; every call draws the next moment, endpoint and credentials."""

    def __init__(self):
        self.random = random.Random(SEED)
        self.places = itertools.cycle(itertools.product(TOKENS, ENDPOINTS))

    def place(self):
        token, (endpoint, region, bucket, style) = next(self.places)
        return {
            "endpoint": endpoint,
            "region": region,
            "bucket": bucket,
            "style": style,
            "access_key": "AKIAIOSFODNN7EXAMPLE",
            "secret_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "token": token,
            "at": self.random.randrange(946_684_800, 4_102_444_800),
            "expires": self.random.choice([1, 60, 600, 3_600, 604_800]),
        }

    def sha256(self):
        return hashlib.sha256(self.random.randbytes(16)).digest()

    def operation(self, name, fields, method, params):
        """A call that botocore's client presigns from its own parameters."""
        place = self.place()
        freeze(place["at"])
        present = {key: value for key, value in params.items() if value is not None and value != {}}
        url = client(place).generate_presigned_url(
            method, Params={"Bucket": place["bucket"], **present}, ExpiresIn=place["expires"]
        )
        emit({"kind": "operation", "op": name, "fields": fields, "url": url, **place})

    def request(self, method, key, query, headers):
        """A request that botocore's S3 signer presigns, for what its client cannot."""
        place = self.place()
        freeze(place["at"])
        request = AWSRequest(method=method, url=bare_url(place, key, query), headers=dict(headers))
        signer = botocore.auth.S3SigV4QueryAuth(credentials(place), "s3", place["region"], expires=place["expires"])
        signer.add_auth(request)
        emit({"kind": "request", "method": method, "key": key, "query": query, "headers": headers,
              "url": request.url, **place})

    def authorization(self, method, key, query, headers, body):
        """A request that botocore's S3 signer signs in its headers."""
        place = self.place()
        freeze(place["at"])
        request = AWSRequest(method=method, url=bare_url(place, key, query), headers=dict(headers), data=body)
        botocore.auth.S3SigV4Auth(credentials(place), "s3", place["region"]).add_auth(request)
        emit({"kind": "authorization", "method": method, "key": key, "query": query, "headers": headers,
              "body": body.decode(), "authorization": request.headers["Authorization"], **place})


def main():
    cases = Cases()
    objects(cases)
    uploads(cases)
    bucket(cases)
    requests(cases)


def objects(cases):
    for key in KEYS:
        cases.operation("HeadObject", {"key": key}, "head_object", {"Key": key})
        cases.operation("GetObject", {"key": key}, "get_object", {"Key": key})
        cases.operation("DeleteObject", {"key": key}, "delete_object", {"Key": key})
        put(cases, key, bound=0b11111)
    for bound in range(32):
        put(cases, cases.random.choice(KEYS), bound)
    cases.operation("HeadObject", {"key": "k", "checksums": True}, "head_object", {"Key": "k", "ChecksumMode": "ENABLED"})
    for first, last in [(0, 9), (5_242_880, None), (0, 0)]:
        wanted = f"bytes={first}-{'' if last is None else last}"
        cases.operation("GetObject", {"key": "k", "first": first, "last": last, "checksums": True}, "get_object",
                        {"Key": "k", "Range": wanted, "ChecksumMode": "ENABLED"})
    for name in ["attachment; filename=\"a b+c.webm\"", "attachment; filename*=UTF-8''%EC%8B%9C%ED%97%98.webm"]:
        fields = {"key": "k", "content_disposition": name, "content_type": "video/webm"}
        cases.operation("GetObject", fields, "get_object",
                        {"Key": "k", "ResponseContentDisposition": name, "ResponseContentType": "video/webm"})


def put(cases, key, bound):
    """PutObject with a chosen combination of bound headers."""
    sha256 = cases.sha256() if bound & 1 else None
    size = cases.random.randrange(5 << 30) if bound & 2 else None
    content_type = cases.random.choice(["video/webm", "video/webm;codecs=\"vp9,  opus\""]) if bound & 4 else None
    storage_class = "GLACIER_IR" if bound & 8 else None
    metadata = cases.random.choice(METADATA) if bound & 16 else {}
    fields = {"key": key, "size": size, "content_type": content_type, "sha256": sha256 and sha256.hex(),
              "if_none_match": bound & 4 != 0, "storage_class": storage_class, "metadata": metadata}
    cases.operation("PutObject", fields, "put_object", {
        "Key": key, "ContentLength": size, "ContentType": content_type, "ChecksumSHA256": text(sha256),
        "IfNoneMatch": "*" if bound & 4 else None, "StorageClass": storage_class, "Metadata": metadata})


def uploads(cases):
    for key, upload_id in zip(KEYS * 3, itertools.cycle(UPLOAD_IDS)):
        sha256 = cases.sha256() if cases.random.random() < 0.7 else None
        number = cases.random.choice([1, 2, 10, 999, 10_000])
        size = cases.random.randrange(1, 5 << 30)
        fields = {"key": key, "upload_id": upload_id, "number": number, "size": size, "sha256": sha256 and sha256.hex()}
        cases.operation("UploadPart", fields, "upload_part", {
            "Key": key, "PartNumber": number, "UploadId": upload_id, "ContentLength": size,
            "ChecksumSHA256": text(sha256)})
    for key, upload_id in zip(KEYS, itertools.cycle(UPLOAD_IDS)):
        create(cases, key)
        one = {"key": key, "upload_id": upload_id}
        cases.operation("AbortMultipart", one, "abort_multipart_upload", {"Key": key, "UploadId": upload_id})
        list_parts(cases, one)


def create(cases, key):
    content_type = cases.random.choice([None, "video/webm"])
    algorithm, kind = cases.random.choice([(None, None), ("SHA256", None), ("SHA256", "COMPOSITE"), ("CRC64NVME", "FULL_OBJECT")])
    storage_class = cases.random.choice([None, "STANDARD_IA"])
    metadata = cases.random.choice(METADATA)
    fields = {"key": key, "content_type": content_type, "checksum": algorithm, "checksum_type": kind,
              "storage_class": storage_class, "metadata": metadata}
    cases.operation("CreateMultipart", fields, "create_multipart_upload", {
        "Key": key, "ContentType": content_type, "ChecksumAlgorithm": algorithm, "ChecksumType": kind,
        "StorageClass": storage_class, "Metadata": metadata})


def list_parts(cases, one):
    most, after = cases.random.choice([(None, None), (1_000, None), (1_000, 1_000), (None, 7)])
    cases.operation("ListParts", {**one, "max": most, "after": after}, "list_parts", {
        "Key": one["key"], "MaxParts": most, "PartNumberMarker": after, "UploadId": one["upload_id"]})


def bucket(cases):
    for _ in ENDPOINTS:
        cases.operation("HeadBucket", {}, "head_bucket", {})
        cases.operation("CreateBucket", {}, "create_bucket", {})
        cases.operation("GetBucketCors", {}, "get_bucket_cors", {})
        cases.operation("GetBucketLifecycle", {}, "get_bucket_lifecycle_configuration", {})
        cases.operation("GetObjectLock", {}, "get_object_lock_configuration", {})
    for key in KEYS:
        cases.operation("GetLegalHold", {"key": key}, "get_object_legal_hold", {"Key": key})
        cases.operation("ListObjectsV2", {"prefix": key, "continuation": "1+/=", "max": 7}, "list_objects_v2", {
            "ContinuationToken": "1+/=", "EncodingType": "url", "MaxKeys": 7, "Prefix": key})
        cases.operation("ListObjectsV2", {"delimiter": "/", "start_after": key}, "list_objects_v2", {
            "Delimiter": "/", "EncodingType": "url", "StartAfter": key})
        cases.operation("ListMultipartUploads", {"prefix": "webcam/", "key_marker": key, "upload_id_marker": "2~a+b"},
                        "list_multipart_uploads", {"EncodingType": "url", "KeyMarker": key, "Prefix": "webcam/",
                                                   "UploadIdMarker": "2~a+b"})


def requests(cases):
    """What botocore's client does not presign (calls with a body), and headers in every shape."""
    headers = [
        [],
        [["Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="], ["Content-Type", "application/xml"]],
        [["if-none-match", "*"], ["x-amz-mp-object-size", "5368709120"]],
        [["X-Amz-Meta-Spaces", "  a   b\tc "], ["x-amz-acl", "private"], ["Range", "bytes=0-9"]],
        [[f"x-amz-meta-{number:02}", str(number)] for number in range(20)],
    ]
    queries = [[], [["uploadId", "2~a+b"]], [["delete", ""]], [["cors", ""]], [["A", "upper"], ["z", "~"], ["m n", "+ %"]]]
    for number, key in enumerate(["", "k", *KEYS]):
        query, bound = queries[number % len(queries)], headers[number * 3 % len(headers)]
        cases.request(["GET", "POST", "PUT", "DELETE"][number % 4], key, query, bound)
        cases.request("PUT", key, query, [*bound, ["x-amz-content-sha256", cases.sha256().hex()]])
        cases.authorization(["GET", "POST", "PUT"][number % 3], key, query, bound, b"body %d" % number)


def client(place):
    names = ["endpoint", "region", "style", "access_key", "secret_key", "token"]
    return make_client(*(place[name] for name in names))


@functools.cache
def make_client(endpoint, region, style, access_key, secret_key, token):
    return SESSION.create_client(
        "s3", region_name=region, endpoint_url=endpoint,
        aws_access_key_id=access_key, aws_secret_access_key=secret_key, aws_session_token=token,
        config=Config(signature_version="s3v4", s3={"addressing_style": style},
                      request_checksum_calculation="when_required"))


def credentials(place):
    return Credentials(place["access_key"], place["secret_key"], place["token"])


def bare_url(place, key, query):
    scheme, rest = place["endpoint"].split("://")
    if place["style"] == "virtual":
        root = f"{scheme}://{place['bucket']}.{rest}"
    else:
        root = f"{scheme}://{rest}/{place['bucket']}"
    path = "/" + percent_encode(key, safe="/~") if key or place["style"] == "virtual" else ""
    return root + path + ("?" + percent_encode_sequence(query) if query else "")


def freeze(at):
    moment = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    assert hasattr(botocore.auth, "get_current_datetime"), "this botocore reads its clock elsewhere; take 1.40 or later"
    botocore.auth.get_current_datetime = lambda *_, **__: moment


def text(digest):
    return digest and base64.b64encode(digest).decode()


def emit(case):
    print(json.dumps(case, ensure_ascii=True))


main()
