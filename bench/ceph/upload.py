"""Puts a file into a bucket of the gateway, which it makes. Usage: upload.py ENDPOINT BUCKET FILE

By plain requests: the gateway of Ceph 16.2 does not take the chunked uploads of newer clients for S3. The signature is
AWS's version 2 (https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html)."""

import base64
import email.utils
import hashlib
import hmac
import http.client
import pathlib
import sys

from peer import KEY, SECRET


def put(endpoint: str, path: str, body: bytes) -> None:
    date = email.utils.formatdate(usegmt=True)
    signed = hmac.new(SECRET.encode(), f"PUT\n\n\n{date}\n{path}".encode(), hashlib.sha1).digest()
    connection = http.client.HTTPConnection(endpoint)
    connection.request("PUT", path, body, {"Date": date, "Authorization": f"AWS {KEY}:{base64.b64encode(signed).decode()}"})
    response = connection.getresponse()
    if response.status != 200:
        raise RuntimeError(f"PUT {path}: {response.status} {response.read()[:500]!r}")


def main() -> None:
    endpoint, bucket, file = sys.argv[1:]
    put(endpoint, f"/{bucket}", b"")
    put(endpoint, f"/{bucket}/{pathlib.Path(file).name}", pathlib.Path(file).read_bytes())


if __name__ == "__main__":
    main()
