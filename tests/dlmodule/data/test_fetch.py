"""Finding files: DLMODULE_DATA first, then the cache, then the address; a damaged copy is never used."""

import gc
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dlmodule.data.fetch import RemoteFile, locate
from dlmodule.errors import DLModuleError

# Pooch leaves the closing of a response that failed to the garbage collector, whose remark would meet a later
# test.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CONTENT = b"sand, silt, shale\n" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server:
    """A source on this machine that answers each request with the next of its replies, the last one for
    ever.
    """

    def __init__(self, *replies: tuple[int, bytes, int]) -> None:
        self.replies = list(replies)
        self.requests = 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                reply = owner.replies[min(owner.requests, len(owner.replies) - 1)]
                owner.requests += 1
                status, body, announced = reply
                self.send_response(status)
                self.send_header("Content-Length", str(announced))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/rocks.csv"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def serve() -> Iterator[object]:
    servers = []

    def start(*replies: tuple[int, bytes, int]) -> Server:
        servers.append(Server(*replies))
        return servers[-1]

    yield start
    for server in servers:
        server.http.shutdown()
        server.http.server_close()
    gc.collect()


WHOLE = (200, CONTENT, len(CONTENT))
CUT = (200, CONTENT[:500], len(CONTENT))
GONE = (404, b"gone", 4)


def test_file_at_hand(tmp_path, monkeypatch, serve):
    """A good file under DLMODULE_DATA is used, and the network is not."""
    server = serve(WHOLE)
    (tmp_path / "rocks").mkdir()
    (tmp_path / "rocks" / "rocks.csv").write_bytes(CONTENT)
    monkeypatch.setenv("DLMODULE_DATA", str(tmp_path))
    assert locate(RemoteFile("rocks", "rocks.csv", SHA256, (server.url,))).parent == tmp_path / "rocks"
    assert server.requests == 0


@pytest.mark.parametrize("content", [CONTENT[:-1], b"", CONTENT.replace(b"silt", b"salt", 1)])
def test_damaged_file_at_hand(tmp_path, monkeypatch, content):
    """A file under DLMODULE_DATA with another digest stops the work, with its path in one line."""
    (tmp_path / "rocks").mkdir()
    path = tmp_path / "rocks" / "rocks.csv"
    path.write_bytes(content)
    monkeypatch.setenv("DLMODULE_DATA", str(tmp_path))
    with pytest.raises(DLModuleError) as caught:
        locate(RemoteFile("rocks", "rocks.csv", SHA256))
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_no_address(tmp_path, monkeypatch):
    """A file without an address, and not at hand, is named, with or without DLMODULE_DATA."""
    for value in (None, str(tmp_path)):
        monkeypatch.delenv("DLMODULE_DATA", raising=False)
        if value:
            monkeypatch.setenv("DLMODULE_DATA", value)
        with pytest.raises(DLModuleError, match=r"rocks/rocks\.csv: .*DLMODULE_DATA"):
            locate(RemoteFile("rocks", "rocks.csv"))


def test_data_folder_that_is_not_there(tmp_path, monkeypatch):
    """A DLMODULE_DATA that names no folder is an error, not a silent download."""
    monkeypatch.setenv("DLMODULE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DLModuleError, match="nowhere: no such folder"):
        locate(RemoteFile("rocks", "rocks.csv"))


def test_downloaded_once(monkeypatch, serve, own_cache):
    """A download is kept: the second call asks nobody."""
    monkeypatch.delenv("DLMODULE_DATA", raising=False)
    server = serve(WHOLE)
    file = RemoteFile("rocks", "rocks.csv", SHA256, (server.url,))
    assert locate(file).read_bytes() == CONTENT
    assert locate(file) == own_cache / "rocks" / "rocks.csv"
    assert server.requests == 1


def test_interrupted_download_leaves_nothing(monkeypatch, serve, own_cache):
    """A download that breaks off is an error in one line and leaves no file; the next call fetches the
    whole.
    """
    monkeypatch.delenv("DLMODULE_DATA", raising=False)
    server = serve(CUT, WHOLE)
    file = RemoteFile("rocks", "rocks.csv", SHA256, (server.url,))
    with pytest.raises(DLModuleError, match=r"rocks/rocks\.csv") as caught:
        locate(file)
    assert "\n" not in str(caught.value)
    assert not list((own_cache / "rocks").glob("*"))
    assert locate(file).read_bytes() == CONTENT


def test_damaged_cache_is_fetched_again(monkeypatch, serve, own_cache):
    """A cached file that was damaged since is replaced."""
    monkeypatch.delenv("DLMODULE_DATA", raising=False)
    server = serve(WHOLE)
    file = RemoteFile("rocks", "rocks.csv", SHA256, (server.url,))
    locate(file).write_bytes(b"damaged")
    assert locate(file).read_bytes() == CONTENT
    assert server.requests == 2


def test_mirrors_in_turn(monkeypatch, serve):
    """Where the first address fails, the second is asked."""
    monkeypatch.delenv("DLMODULE_DATA", raising=False)
    gone, good = serve(GONE), serve(WHOLE)
    assert locate(RemoteFile("rocks", "rocks.csv", SHA256, (gone.url, good.url))).read_bytes() == CONTENT
    with pytest.raises(DLModuleError, match="404"):
        locate(RemoteFile("rocks", "other.csv", SHA256, (gone.url,)))


def test_nobody_answers(monkeypatch, serve):
    """No network is one clear line that names the file and the address."""
    monkeypatch.delenv("DLMODULE_DATA", raising=False)
    server = serve(WHOLE)
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(DLModuleError, match=r"rocks/rocks\.csv.*could not be downloaded from http") as caught:
        locate(RemoteFile("rocks", "rocks.csv", SHA256, (server.url,)))
    assert "\n" not in str(caught.value)
