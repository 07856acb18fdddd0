"""Keeps stdout for this project's own lines of JSON: whatever libraries print goes to stderr."""

import json
import os
from typing import Any

_lines = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def say(value: dict[str, Any]) -> None:
    print(json.dumps(value), file=_lines, flush=True)
