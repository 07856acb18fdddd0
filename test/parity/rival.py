"""The rival of `npm run bench`: PEFT on PyTorch, in fp32 with SDPA, in a loop without anything that costs time.

    python rival.py prepare CONFIG   makes the model (if it has a shape), the first adapter, and the rows as tokens
    python rival.py train CONFIG     trains; one JSON line a step
    python rival.py matmul CONFIG    the machine's own rate, in GFLOP/s
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
from peft import LoraConfig, PeftModel, get_peft_model  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig  # noqa: E402

Config = dict[str, Any]


def prepare(config: Config) -> None:
    model_folder = Path(config["model"])
    if "shape" in config and not model_folder.exists():
        make_model(config, model_folder)
    torch.manual_seed(1)
    base = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **config["lora"])).save_pretrained(config["init"])


def make_model(config: Config, folder: Path) -> None:
    """A model of the given shape with random weights; its place on disk appears when it is whole."""
    torch.manual_seed(0)
    draft = folder.with_name(f"{folder.name}.making-{os.getpid()}")
    AutoModelForCausalLM.from_config(LlamaConfig(**config["shape"]), dtype=torch.float32).save_pretrained(draft)
    for file in Path(config["tokenizer"]).iterdir():
        (draft / file.name).write_bytes(file.read_bytes())
    draft.rename(folder)


def rows(config: Config) -> torch.Tensor:
    """[rows, length]: each row of the file is longer than `length` tokens and cut there, so nothing is padding."""
    tokenizer = AutoTokenizer.from_pretrained(config["model"])
    texts = [json.loads(line)["text"] for line in Path(config["data"]).read_text().splitlines()]
    ids = [tokenizer(text)["input_ids"][: config["length"]] for text in texts]
    return torch.tensor(ids)


def train(config: Config) -> None:
    torch.set_num_threads(config["threads"])
    # Numbers too small for float32's full precision would cost the random model time in both programs.
    torch.set_flush_denormal(True)
    base = AutoModelForCausalLM.from_pretrained(config["model"], dtype=torch.float32, attn_implementation="sdpa")
    base.config.use_cache = False
    model = PeftModel.from_pretrained(base, config["init"], is_trainable=True)
    if config["gradient_checkpointing"]:
        model.enable_input_require_grads()
        model.gradient_checkpointing_enable({"use_reentrant": False})
    model.train()
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=config["learning_rate"], weight_decay=0.0)
    batches = rows(config).split(config["batch"])
    for step in range(config["steps"]):
        batch = batches[step % len(batches)]
        loss = model(input_ids=batch, labels=batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        say({"type": "step", "step": step + 1, "loss": loss.item()})


def matmul(config: Config) -> None:
    torch.set_num_threads(config["threads"])
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    times = []
    for _ in range(12):
        start = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - start)
    say({"gflops": 2 * 2048**3 / sorted(times)[len(times) // 2] / 1e9})


if __name__ == "__main__":
    {"prepare": prepare, "train": train, "matmul": matmul}[sys.argv[1]](json.loads(Path(sys.argv[2]).read_text()))
