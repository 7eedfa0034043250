"""Looks at every line of a credentials file by the operator API, so that all of them are awake."""

import http.client
import json
import os
import sys
from urllib.parse import urlsplit


def main(credentials):
    with open(os.environ["LINEPASS_OPERATOR_TOKEN_FILE"], encoding="utf-8") as file:
        headers = {"Authorization": f"Bearer {file.read().strip()}"}
    connection = http.client.HTTPConnection(urlsplit(os.environ["LINEPASS_OPERATOR_URL"]).netloc, timeout=60)
    with open(credentials, encoding="utf-8") as file:
        told = map(json.loads, file)
        customers = [one["customer_id"] for one in told if one["kind"] == "line"]
    for customer in customers:
        connection.request("GET", f"/operator/v1/lines/{customer}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f"line {customer}: {answer.status} {body.decode(errors='replace')[:200]}")


if __name__ == "__main__":
    main(sys.argv[1])
