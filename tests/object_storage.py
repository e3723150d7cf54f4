"""An object storage of one's own: moto's server, which speaks S3 on 127.0.0.1."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow.fs as pafs

SECRET = "nobody-may-read-this-anywhere"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "stagegrid-tests",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True)
class Bucket:
    """An empty bucket; `uri("a")` is a folder in it."""

    port: int
    server: "subprocess.Popen[bytes]"

    def uri(self, folder: str, bucket: str = "bucket") -> str:
        endpoint = f"endpoint_override=127.0.0.1:{self.port}&scheme=http&region=us-east-1"
        return f"s3://{bucket}/{folder}?{endpoint}"

    @contextmanager
    def away(self) -> Iterator[None]:
        """The server answers nothing during the block."""
        self.server.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.server.send_signal(signal.SIGCONT)

    def connect(self) -> pafs.S3FileSystem:
        return pafs.S3FileSystem(
            access_key=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            secret_key=SECRET,
            endpoint_override=f"127.0.0.1:{self.port}",
            scheme="http",
            region="us-east-1",
            allow_bucket_creation=True,
        )


@contextmanager
def object_storage() -> Iterator[Bucket]:
    """The server, until the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    bucket = Bucket(port, server)
    try:
        _wait_for(port, server)
        bucket.connect().create_dir("bucket")
        yield bucket
    finally:
        server.kill()
        server.wait()


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert server.poll() is None, (
                "moto's server ended: is moto[s3] with flask and flask-cors installed?"
            )
            assert time.monotonic() < end, "moto's server does not answer"
            time.sleep(0.05)
        else:
            return
