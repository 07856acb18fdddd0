"""The rival of `npm run bench:decoding`: Transformers (SDPA, fp32, its cache of keys and values), with PEFT's adapter attached.

usage: decodingRival.py TASK.json: prints one line, seconds to the first token and tokens per second after it.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", TQDM_DISABLE="1")

import torch  # noqa: E402
from ownStdout import say  # noqa: E402
from peft import PeftModel  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402
from transformers.generation.streamers import BaseStreamer  # noqa: E402


class FirstToken(BaseStreamer):
    """When the first new token came. The prompt is given to a streamer first."""

    def __init__(self) -> None:
        self.calls = 0
        self.at = 0.0

    def put(self, value: torch.Tensor) -> None:
        self.calls += 1
        if self.calls == 2:
            self.at = time.perf_counter()

    def end(self) -> None:
        pass


def run(model: Any, task: dict[str, Any], start: int, count: int) -> tuple[float, float]:
    ids = torch.tensor([[start + (i * 7) % (task["vocabulary"] - start) for i in range(task["prompt"])]])
    streamer = FirstToken()
    began = time.perf_counter()
    with torch.inference_mode():
        output = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            min_new_tokens=count,
            max_new_tokens=count,
            pad_token_id=0,
            streamer=streamer,
        )
    end = time.perf_counter()
    assert output.shape[1] == task["prompt"] + count, output.shape
    return streamer.at - began, end - began


def main() -> None:
    task = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(task["threads"])
    # Numbers too small for float32's full precision would cost a random model time.
    torch.set_flush_denormal(True)
    model: Any = AutoModelForCausalLM.from_pretrained(task["model"], dtype=torch.float32, attn_implementation="sdpa")
    if "adapter" in task:
        model = PeftModel.from_pretrained(model, task["adapter"])
    model.eval()
    model.generation_config.temperature = model.generation_config.top_p = model.generation_config.top_k = None
    run(model, task, 7, 4)
    first, end = run(model, task, 3, task["new_tokens"])
    say({"first_seconds": first, "tokens_per_second": (task["new_tokens"] - 1) / (end - first)})


main()
