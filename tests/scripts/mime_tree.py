#!/usr/bin/env python3
"""What Python's `email` package (policy `default`) sees of messages.

Reads paths from the standard input, one on each line, and writes one JSON object for each: the types
of all parts in written order (`types`, each with its depth), the names of files (`names`), the text of
text leaves (`texts`) and the SHA-256 of the bytes of other leaves (`hashes`). Where the package raises,
`error` says what.
"""

import email
import email.policy
import hashlib
import json
import sys


def name_of(part):
    try:
        return part.get_filename()
    except Exception as error:  # pylint: disable=broad-except
        return f"!{type(error).__name__}"


def text_of(part):
    payload = part.get_payload(decode=True)
    if payload is None:
        return None
    charset = part.get_param("charset", "ascii")
    try:
        return payload.decode(str(charset), "replace")
    except LookupError:
        return payload.decode("ascii", "replace")


def leaves(part, depth, found):
    kind = part.get_content_type()
    found["types"].append([depth, kind])
    name = name_of(part)
    if name:
        found["names"].append(name)
    if part.is_multipart():
        if part.get_content_maintype() == "multipart":
            for child in part.get_payload():
                leaves(child, depth + 1, found)
    elif part.get_content_maintype() == "message":
        # Reports and attached messages are trees of their own there.
        return
    elif part.get_content_maintype() == "text":
        found["texts"].append(text_of(part))
    else:
        payload = part.get_payload(decode=True)
        found["hashes"].append(None if payload is None else hashlib.sha256(payload).hexdigest())


for line in sys.stdin:
    path = line.rstrip("\n")
    found = {"types": [], "names": [], "texts": [], "hashes": []}
    try:
        with open(path, "rb") as file:
            message = email.message_from_binary_file(file, policy=email.policy.default)
        leaves(message, 0, found)
    except Exception as error:  # pylint: disable=broad-except
        found["error"] = f"{type(error).__name__}: {error}"
    sys.stdout.write(json.dumps(found) + "\n")
