"""Stores what PyTorch's AdamW and clipping, Transformers' schedules and PEFT's counts give, for the unit tests of
src/engine/optim and src/engine/plan.

    python trainingFixtures.py          writes ../unit/optim/fixtures/*.json and ../unit/plan/fixtures/counts.json
    python trainingFixtures.py --check  computes them again and compares

adamw.json: cases of `options` (torch.optim.AdamW's), `rates` (one a step), `start`, `gradients` (one list a step) and
`values` (after each step).
clipping.json: cases of `gradients` (a list a tensor), `max_norm`, `norm` and the clipped gradients.
schedules.json: cases of `type`, `warmup`, `total` and the `factors` of steps 0, 1, …, past the end.
counts.json: cases of a model's `config`, LoraConfig's `options`, and PEFT's `trainable` and `all`.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, get_scheduler

UNIT = Path(__file__).parent.parent / "unit"

ADAMW: list[tuple[dict[str, Any], list[float]]] = [
    ({}, [1e-3] * 6),
    ({"weight_decay": 0.0}, [2e-4] * 6),
    ({"weight_decay": 0.3, "betas": (0.8, 0.95), "eps": 1e-6}, [0.0, 0.05, 0.1, 0.05, 0.0, 0.02]),
    ({"weight_decay": 0.0, "betas": (0.0, 0.0), "eps": 1e-3}, [1.0, 0.5, 0.25, 0.125, 0.1, 0.1]),
]
START = [0.0, 1.0, -2.5, 1e-4, 300.0, -0.125, 7.0]
# Ordinary, tiny, large, vanishing and changing gradients, and one that is always 0.
GRADIENTS = [
    [math.sin(1.0 + step), 1e-9 * (step + 1), 1e4 * math.cos(step), -0.5, 0.0, 3e-3 / (step + 1), (-1.0) ** step]
    for step in range(6)
]
CLIPPING: list[tuple[list[list[float]], float]] = [
    ([[3.0, 4.0], [12.0]], 1.0),
    ([[0.03, 0.04], [0.12]], 1.0),
    ([[0.0, 0.0], [0.0]], 1.0),
    ([[1e-5, -2e-5], [1e-6, 3e-5]], 1e-5),
    ([[1e6], [2e6, -3e6]], 0.5),
]
SCHEDULES = ["constant", "constant_with_warmup", "linear", "cosine"]
WARMUP_TOTAL = [(0, 10), (3, 10), (10, 10), (12, 10), (0, 1), (1, 1), (1, 2), (7, 100)]

_llama = {"model_type": "llama", "rms_norm_eps": 1e-5}
MODELS: dict[str, dict[str, Any]] = {
    "stories15M": {
        **_llama, "vocab_size": 32000, "hidden_size": 288, "intermediate_size": 768, "num_hidden_layers": 6,
        "num_attention_heads": 6, "num_key_value_heads": 6, "max_position_embeddings": 256, "tie_word_embeddings": True,
    },
    "SmolLM2-135M": {
        **_llama, "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
        "num_attention_heads": 9, "num_key_value_heads": 3, "max_position_embeddings": 8192, "tie_word_embeddings": True,
    },
    "untied llama": {
        **_llama, "vocab_size": 100, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 3,
        "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 64, "tie_word_embeddings": False,
        "attention_bias": True,
    },
    "gpt2": {"model_type": "gpt2", "vocab_size": 50257, "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024},
}  # fmt: skip
COUNTS: list[tuple[str, dict[str, Any]]] = [
    ("stories15M", {"r": 8, "target_modules": ["q_proj", "v_proj"]}),
    ("stories15M", {"r": 16, "target_modules": "all-linear"}),
    ("SmolLM2-135M", {"r": 8}),
    ("SmolLM2-135M", {"r": 4, "target_modules": ["q_proj", "down_proj"], "rank_pattern": {"down_proj": 32}}),
    ("untied llama", {"r": 2, "target_modules": ["q_proj"], "bias": "all"}),
    ("untied llama", {"r": 2, "target_modules": ["q_proj"], "bias": "lora_only"}),
    ("untied llama", {"r": 2, "target_modules": ["v_proj"], "modules_to_save": ["lm_head", "norm"]}),
    ("untied llama", {"r": 2, "target_modules": ["embed_tokens", "q_proj"], "layers_to_transform": None}),
    ("gpt2", {"r": 8}),
]


def adamw(options: dict[str, Any], rates: list[float]) -> dict[str, Any]:
    parameter = torch.nn.Parameter(torch.tensor(START))
    optimizer = torch.optim.AdamW([parameter], foreach=False, **options)
    values = []
    for rate, gradient in zip(rates, GRADIENTS, strict=True):
        optimizer.param_groups[0]["lr"] = rate
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
        values.append(parameter.detach().tolist())
    group = optimizer.param_groups[0]
    used = {"beta1": group["betas"][0], "beta2": group["betas"][1]}
    used |= {"epsilon": group["eps"], "weightDecay": group["weight_decay"]}
    return {"options": used, "rates": rates, "start": START, "gradients": GRADIENTS, "values": values}


def clipping(gradients: list[list[float]], max_norm: float) -> dict[str, Any]:
    parameters = [torch.nn.Parameter(torch.zeros(len(gradient))) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = torch.tensor(gradient)
    norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm).item()
    clipped = [parameter.grad.tolist() for parameter in parameters]
    return {"gradients": gradients, "max_norm": max_norm, "norm": norm, "clipped": clipped}


def schedule(kind: str, warmup: int, total: int) -> dict[str, Any]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = get_scheduler(kind, optimizer, num_warmup_steps=warmup, num_training_steps=total)
    factors = []
    for _ in range(total + 4):
        factors.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return {"type": kind, "warmup": warmup, "total": total, "factors": factors}


def counts(name: str, options: dict[str, Any]) -> dict[str, Any]:
    config = MODELS[name]
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config))
        if config.get("tie_word_embeddings", True):
            model.tie_weights()
        peft = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **options))
    trainable, every = peft.get_nb_trainable_parameters()
    return {"model": name, "config": config, "options": options, "trainable": trainable, "all": every}


def main() -> None:
    files = {
        UNIT / "optim/fixtures/adamw.json": [adamw(*case) for case in ADAMW],
        UNIT / "optim/fixtures/clipping.json": [clipping(*case) for case in CLIPPING],
        UNIT / "optim/fixtures/schedules.json": [
            schedule(kind, *numbers) for kind in SCHEDULES for numbers in WARMUP_TOTAL
        ],
        UNIT / "plan/fixtures/counts.json": [counts(*case) for case in COUNTS],
    }
    for file, cases in files.items():
        lines = ",\n".join(json.dumps(case) for case in cases)
        text = f"[\n{lines}\n]\n"
        if "--check" not in sys.argv:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        elif json.loads(file.read_text()) != json.loads(text):
            sys.exit(f"{file} is not what this version of the libraries gives")


if __name__ == "__main__":
    main()
