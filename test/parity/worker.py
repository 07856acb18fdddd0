"""The reference as a process that stays: one JSON request a line on stdin, one JSON reply a line on stdout.

Loading PyTorch, PEFT and TRL takes longer than a case, so all cases share one process.
"""

import json
import os
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_DISABLE_PROGRESS_BARS="1", TRANSFORMERS_VERBOSITY="error", TQDM_DISABLE="1")

import torch  # noqa: E402
from comparison import Difference, compare  # noqa: E402
from merging import compare_merge, prepare_merge  # noqa: E402
from ownStdout import say  # noqa: E402
from referenceTraining import prepare  # noqa: E402


def answer(request: dict[str, Any]) -> dict[str, Any]:
    folder = Path(request["folder"])
    make = {"prepare": prepare, "prepare-merge": prepare_merge}.get(request["do"])
    if make is not None:
        # Whole or not at all: written beside its place, then renamed. Nothing in it names its own place.
        draft = folder.with_name(f"{folder.name}.making-{os.getpid()}")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        make(request["spec"], draft)
        draft.rename(folder)
        return {}
    if request["do"] == "compare-merge":
        return {"figures": compare_merge(folder, Path(request["run"]))}
    return {"figures": compare(request["spec"], folder, Path(request["run"]))}


def main() -> None:
    torch.set_num_threads(1)
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except Difference as difference:
            reply = {"difference": str(difference)}
        except Exception:
            reply = {"error": traceback.format_exc(limit=-4)}
        say(reply)


if __name__ == "__main__":
    main()
