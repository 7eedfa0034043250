#!/usr/bin/env python3
"""Holds a running demo against the OpenAPI documents that it serves, with Schemathesis.

Requests are made from the documents, good and bad ones, and every answer is checked: no 5xx, as the
document says, bad data and missing tokens refused (operator.toml and provider.toml have what is
checked, and why something is not). Afterwards the server must be ready, its log without a line of level error, and
SIGTERM must end it.

Runs with the Python of an environment that has Schemathesis; tests/run makes one.
  LINEPASS_BIN         the binary to test [default: target/debug/linepass]
  SCHEMATHESIS_SEED    another seed than the fixed one
"""

import base64
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[1] / "target"))
BINARY = Path(os.environ.get("LINEPASS_BIN", TARGET / "debug" / "linepass"))
SEED = os.environ.get("SCHEMATHESIS_SEED", "20261130")
START_S = 60
STOP_S = 30
# What one API may take on two busy cores; far beyond what it does.
OPERATOR_S = 900
PROVIDER_S = 600

# As tests/process/mod.rs has them: a password hash that costs next to nothing, no bound on the
# machine's disk, and patience with a machine that other tests keep busy.
CHEAP = {
    "LINEPASS__PASSWORD__HASH_MEMORY_KIB": "64",
    "LINEPASS__PASSWORD__HASH_PASSES": "1",
    "LINEPASS__STORE__MIN_FREE_SPACE_BYTES": "16777216",
    "LINEPASS__OVERLOAD__QUEUE_TARGET_MS": "1000",
}


class Failure(Exception):
    """What is wrong, in a sentence."""


class Demo:
    """A running `linepass demo` with a folder and ports of its own."""

    def __init__(self, folder):
        self.log_file = folder / "stderr.log"
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                [BINARY, "demo", "--json", "--data", folder / "data"],
                env={**os.environ, **CHEAP},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.said = self._first_line()

    def _first_line(self):
        readable, _, _ = select.select([self.process.stdout], [], [], START_S)
        line = self.process.stdout.readline() if readable else b""
        try:
            return json.loads(line)
        except ValueError:
            self.kill()
            raise Failure(f"the demo did not start: {line!r}\n{self.log()}") from None

    def log(self):
        return self.log_file.read_text(errors="replace")

    def is_ready(self):
        status, body = get(self.said["operator"] + "/readyz")
        return status == 200 and json.loads(body)["status"] == "ready"

    def error_lines(self):
        """Lines of level error, in either form: the tests change it through the API."""
        error = re.compile(r'"level":"error"|^\S+ +ERROR\b')
        return [line for line in self.log().splitlines() if error.search(line)]

    def end(self):
        """Asks it to end; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            raise Failure(f"SIGTERM did not end the server within {STOP_S} s") from None

    def kill(self):
        self.process.kill()
        self.process.wait()


def get(url, headers=None, body=None):
    """Status and body of an answer, whatever its status."""
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def operator_token(demo):
    return Path(demo.said["operator_token_file"]).read_text().strip()


def provider_token(demo):
    """A token of the second provider for its status API (RFC 6749 section 4.4)."""
    provider = demo.said["providers"][1]
    pair = f"{provider['client_id']}:{provider['client_secret']}"
    headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": "purchases:read"})
    status, body = get(demo.said["issuer"] + "/oauth/token", headers, form.encode())
    if status != 200:
        raise Failure(f"no token for the provider API: {status} {body!r}")
    return json.loads(body)["access_token"]


class Api(NamedTuple):
    """An API with a document of its own."""

    name: str
    # Below which address it stands.
    base: str
    # What is asked with it, from the demo.
    token: Callable
    # In this folder.
    configuration: str
    # Requests that are made up for each operation, besides those that walk its bounds.
    examples: int
    patience_s: int


def apis(demo):
    """Both; the providers' first, so that no change of an operator bars the provider."""
    issuer, operator = demo.said["issuer"], demo.said["operator"]
    return [
        Api("provider API", issuer + "/provider/v1", provider_token, "provider.toml", 60, PROVIDER_S),
        Api("operator API", operator + "/operator/v1", operator_token, "operator.toml", 15, OPERATOR_S),
    ]


def check(api, token):
    """Runs Schemathesis over one API; it prints what it finds."""
    command = [
        Path(sys.executable).with_name("schemathesis"),
        "--config-file", HERE / api.configuration,
        "run", api.base + "/openapi.json",
        "--seed", SEED,
        "--max-examples", str(api.examples),
        "--no-color",
    ]
    # The configuration takes the token from here: arguments can be read by other users.
    environment = {**os.environ, "LINEPASS_API": api.base, "LINEPASS_API_TOKEN": token}
    print(f"\n{api.name}: {api.base}", flush=True)
    began = time.monotonic()
    try:
        ended = subprocess.run(
            command, env=environment, cwd=tempfile.gettempdir(), timeout=api.patience_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise Failure(f"the {api.name} took more than {api.patience_s} s") from None
    print(f"{api.name}: {time.monotonic() - began:.0f} s", flush=True)
    if ended.returncode != 0:
        raise Failure(f"the {api.name} is not what its document says")


def check_apis(demo):
    """Both APIs; what is wrong with each."""
    wrong = []
    for api in apis(demo):
        try:
            check(api, api.token(demo))
        except Failure as failure:
            wrong.append(str(failure))
    return wrong


def check_server(demo):
    """How the server stands after all that; what is wrong with it."""
    wrong = []
    if demo.process.poll() is not None:
        return [f"the server ended by itself: {demo.process.returncode}\n{demo.log()[-4000:]}"]
    if not demo.is_ready():
        wrong.append("the server is not ready any more")
    status = demo.end()
    if status != 0:
        wrong.append(f"SIGTERM ended the server with {status}")
    wrong.extend(f"in the log: {line}" for line in demo.error_lines())
    return wrong


def main():
    print(f"seed {SEED}", flush=True)
    # As an exception, so that what was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory() as folder:
        demo = Demo(Path(folder))
        try:
            wrong = check_apis(demo) + check_server(demo)
        finally:
            if demo.process.poll() is None:
                demo.kill()
    for fault in wrong:
        print(f"tests/schemathesis: {fault}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"tests/schemathesis: {failure}")
