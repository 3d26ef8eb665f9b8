"""Websockets of pages, opened as a browser does."""

import base64
import http.client
import re
import urllib.parse
import urllib.request


def status_under(page: str, name: str) -> int:
    """Ask for a page as a browser does for which `name` leads to its server."""
    place = urllib.parse.urlsplit(page)
    connection = http.client.HTTPConnection(place.netloc, timeout=30)
    try:
        connection.request("GET", place.path, headers={"Host": name})
        with connection.getresponse() as answer:
            return answer.status
    finally:
        connection.close()


def answer(page: str, origin: str) -> int:
    """Open the websocket of a page with an origin; returns the status, 101 where it opens."""
    with urllib.request.urlopen(page, timeout=30) as response:
        token = re.search(r'"token":"([^"]+)"', response.read().decode())
    assert token is not None
    place = urllib.parse.urlsplit(page)
    connection = http.client.HTTPConnection(place.netloc, timeout=30)
    headers = {
        "Origin": origin, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(b"sixteen bytes...").decode(), "Sec-WebSocket-Protocol": f"bokeh, {token.group(1)}",
    }  # fmt: skip
    try:
        connection.request("GET", f"{place.path}/ws", headers=headers)
        with connection.getresponse() as answer:
            return answer.status
    finally:
        connection.close()
