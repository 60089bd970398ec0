"""Drives a store with unmodified aws-cli. Usage: aws_cli_suite.py ENDPOINT BUCKET REGION"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request

ENDPOINT, BUCKET, REGION = sys.argv[1:]
MIB = 1 << 20
beside = os.path.join(os.path.dirname(sys.executable), "aws")
AWS = beside if os.access(beside, os.X_OK) else shutil.which("aws")
if AWS is None:
    sys.exit(f"there is no aws beside {sys.executable}: pip install awscli, or set HANDIN_TEST_PYTHON")


def aws(*arguments):
    """Runs a command, which must succeed; reads its JSON if there is any."""
    command = [AWS, "--endpoint-url", ENDPOINT, "--output", "json", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, (arguments, ran.stdout, ran.stderr)
    text = ran.stdout.strip()
    return json.loads(text) if text.startswith(("{", "[")) else text


with tempfile.TemporaryDirectory() as folder:
    small, large, back = (os.path.join(folder, name) for name in ("small", "large", "back"))
    with open(small, "wb") as file:
        file.write(b"a small file")
    content = os.urandom(20 * MIB)  # above the client's threshold for parts
    with open(large, "wb") as file:
        file.write(content)

    aws("s3", "cp", small, f"s3://{BUCKET}/cli/small")
    aws("s3", "cp", large, f"s3://{BUCKET}/cli/large")
    assert "cli/" in aws("s3", "ls", f"s3://{BUCKET}/")
    aws("s3", "cp", f"s3://{BUCKET}/cli/large", back)
    with open(back, "rb") as file:
        assert file.read() == content
    aws("s3", "sync", folder, f"s3://{BUCKET}/sync/")
    assert len(aws("s3api", "list-objects-v2", "--bucket", BUCKET, "--prefix", "sync/")["Contents"]) == 3

    put = aws("s3api", "put-object", "--bucket", BUCKET, "--key", "api", "--body", small,
              "--checksum-algorithm", "SHA256", "--if-none-match", "*")
    head = aws("s3api", "head-object", "--bucket", BUCKET, "--key", "api", "--checksum-mode", "ENABLED")
    assert head["ChecksumSHA256"] == put["ChecksumSHA256"] and head["ContentLength"] == 12
    aws("s3api", "get-object", "--bucket", BUCKET, "--key", "api", back)
    with open(back, "rb") as file:
        assert file.read() == b"a small file"

    upload = ["--bucket", BUCKET, "--key", "parts"]
    made = aws("s3api", "create-multipart-upload", *upload, "--checksum-algorithm", "CRC32")
    upload += ["--upload-id", made["UploadId"]]
    parts = []
    for number in ("1", "2"):
        sent = aws("s3api", "upload-part", *upload, "--part-number", number, "--body", large,
                   "--checksum-algorithm", "CRC32")
        parts.append({"PartNumber": int(number), "ETag": sent["ETag"], "ChecksumCRC32": sent["ChecksumCRC32"]})
    assert len(aws("s3api", "list-parts", *upload)["Parts"]) == 2
    aws("s3api", "complete-multipart-upload", *upload, "--multipart-upload", json.dumps({"Parts": parts}))
    url = aws("s3", "presign", f"s3://{BUCKET}/parts", "--region", REGION)
    assert urllib.request.urlopen(url).read() == content * 2

    upload = ["--bucket", BUCKET, "--key", "copied"]
    made = aws("s3api", "create-multipart-upload", *upload, "--checksum-algorithm", "SHA256")
    upload += ["--upload-id", made["UploadId"]]
    copied = aws("s3api", "upload-part-copy", *upload, "--part-number", "1", "--copy-source", f"{BUCKET}/parts",
                 "--copy-source-range", "bytes=7-20")["CopyPartResult"]
    parts = [{"PartNumber": 1, "ETag": copied["ETag"], "ChecksumSHA256": copied["ChecksumSHA256"]}]
    aws("s3api", "complete-multipart-upload", *upload, "--multipart-upload", json.dumps({"Parts": parts}))
    aws("s3api", "get-object", "--bucket", BUCKET, "--key", "copied", back)
    with open(back, "rb") as file:
        assert file.read() == content[7:21]

    aws("s3", "rm", "--recursive", f"s3://{BUCKET}/")
    assert not aws("s3api", "list-objects-v2", "--bucket", BUCKET).get("Contents")
print("done")
