"""A hub of one data set, org/name, as far as the hub's client asks for it; GET /stop ends it."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "a" * 40


def start(files):
    """Serve {path in the repository: content} on a free port; the caller closes the server."""

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.split("?")[0]
            if path == "/stop":
                threading.Thread(target=self.server.shutdown).start()
                return self.answer(200)
            if path.startswith("/datasets/org/name/resolve/"):
                name = path.split("/resolve/")[1].split("/", 1)[1]
                if name in files:
                    return self.answer(200, files[name], ETag=f'"{_oid(files[name])}"')
                return self.answer(404, **{"X-Error-Code": "EntryNotFound"})
            if path.startswith("/api/datasets/org/name/tree/"):
                return self.json(_listing(files, path.split("/tree/")[1].partition("/")[2]))
            if path.startswith("/api/datasets/org/name/revision/"):
                siblings = [{"rfilename": name} for name in files]
                return self.json({"id": "org/name", "sha": COMMIT, "private": False, "siblings": siblings})
            return self.answer(404)

        do_HEAD = do_GET

        def json(self, content):
            self.answer(200, json.dumps(content).encode(), **{"Content-Type": "application/json"})

        def answer(self, code, body=b"", **headers):
            self.send_response(code)
            lengths = {"Content-Length": str(len(body)), "X-Repo-Commit": COMMIT}
            for key, value in (headers | lengths).items():
                self.send_header(key, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=lambda: (server.serve_forever(0.05), server.server_close()), daemon=True).start()
    return server


def _oid(content):
    return hashlib.sha1(content).hexdigest()


def _listing(files, folder):
    inside = {name: content for name, content in files.items() if name.startswith(folder)}
    rest = {name: name[len(folder) :].strip("/") for name in inside}
    found = [
        {"type": "file", "path": name, "size": len(content), "oid": _oid(content)}
        for name, content in inside.items()
        if "/" not in rest[name]
    ]
    folders = {rest[name].split("/")[0] for name in inside if "/" in rest[name]}
    return found + [{"type": "directory", "path": name, "size": 0, "oid": COMMIT} for name in sorted(folders)]
