"""Stores what PEFT's add_weighted_adapter makes of adapters, for the unit tests of src/engine/lora/combinations.ts.

    python combinationFixtures.py          writes ../unit/lora/fixtures/combinations.json
    python combinationFixtures.py --check  computes them again and compares

`{"cases": [{"name", "type", "svdRank", "layers": [{"path", "inFeatures", "outFeatures", "rank", "updates": [{"factor", "r", "A",
"B"}], "A", "B"}]}]}`: matrices row by row, `factor` is the adapter's weight times its scaling, A and B are PEFT's result.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

FILE = Path(__file__).parent.parent / "unit" / "lora" / "fixtures" / "combinations.json"

MODELS = {
    "llama": lambda: LlamaForCausalLM(
        LlamaConfig(
            vocab_size=12, hidden_size=8, intermediate_size=12, num_hidden_layers=1, num_attention_heads=2,
            num_key_value_heads=1, max_position_embeddings=16, tie_word_embeddings=False,
        )
    ),
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config(vocab_size=12, n_embd=8, n_layer=1, n_head=2, n_positions=16)),
}  # fmt: skip

QV = dict(r=3, lora_alpha=6, target_modules=["q_proj", "v_proj"])
TWO = [QV, dict(r=3, lora_alpha=4, target_modules=["q_proj", "down_proj"])]
UNEVEN = [QV, dict(r=2, lora_alpha=2, target_modules=["q_proj", "embed_tokens"], alpha_pattern={"q_proj": 5})]
CONV = [dict(r=2, lora_alpha=4, target_modules=["c_attn"], fan_in_fan_out=True)] * 2
CASES: list[tuple[str, str, list[dict[str, Any]], list[float], str, int | None]] = [
    ("cat with other ranks and layers", "llama", UNEVEN, [0.5, -2.0], "cat", None),
    ("cat of Conv1D", "gpt2", CONV, [1.0, 0.25], "cat", None),
    ("linear", "llama", TWO, [0.7, 0.3], "linear", None),
    ("linear with a negative weight", "llama", TWO, [1.0, -0.5], "linear", None),
    ("svd of the largest rank", "llama", UNEVEN, [0.5, 1.5], "svd", None),
    ("svd of a small rank", "llama", TWO, [1.0, -1.0], "svd", 2),
    ("svd of a larger rank than the sum has", "llama", UNEVEN, [1.0, 1.0], "svd", 6),
    ("svd of Conv1D", "gpt2", CONV, [1.0, 2.0], "svd", 3),
]


def case(name: str, model: str, configs: list[dict[str, Any]], weights: list[float], kind: str, rank: int | None) -> Any:
    torch.manual_seed(len(name))
    peft = get_peft_model(MODELS[model](), LoraConfig(task_type="CAUSAL_LM", **configs[0]), adapter_name="0")
    for number, config in enumerate(configs[1:], start=1):
        peft.add_adapter(str(number), LoraConfig(task_type="CAUSAL_LM", **config))
    with torch.no_grad():
        for parameter_name, parameter in peft.named_parameters():
            if ".lora_" in parameter_name:
                parameter.copy_(torch.randn_like(parameter))
    names = [str(number) for number in range(len(configs))]
    peft.base_model.add_weighted_adapter(names, weights, "made", combination_type=kind, svd_rank=rank)
    return {"name": name, "type": kind, "svdRank": rank, "layers": layers(peft, names, weights)}


def layers(peft: PeftModel, names: list[str], weights: list[float]) -> list[dict[str, Any]]:
    found = []
    for path, module in peft.base_model.model.named_modules():
        pair = matrices(module, "made")
        if pair is None:
            continue
        own = [(name, weight, matrices(module, name)) for name, weight in zip(names, weights)]
        updates = [
            {"factor": weight * module.scaling[name], "r": ab[0].shape[0], "A": flat(ab[0]), "B": flat(ab[1])}
            for name, weight, ab in own
            if ab is not None
        ]
        a, b = pair
        sizes = {"inFeatures": a.shape[1], "outFeatures": b.shape[0], "rank": peft.peft_config["made"].r}
        assert module.scaling["made"] == 1
        found.append({"path": path, **sizes, "updates": updates, "A": flat(a), "B": flat(b)})
    return found


def matrices(module: Any, name: str) -> tuple[Tensor, Tensor] | None:
    if name in getattr(module, "lora_A", {}):
        return module.lora_A[name].weight, module.lora_B[name].weight
    if name in getattr(module, "lora_embedding_A", {}):
        return module.lora_embedding_A[name], module.lora_embedding_B[name]
    return None


def flat(tensor: Tensor) -> list[float]:
    return [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]


def close(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(close, one, other))
    return abs(one - other) < 1e-4 if isinstance(one, float) else one == other


def main() -> None:
    made = {"cases": [case(*arguments) for arguments in CASES]}
    if "--check" not in sys.argv:
        FILE.write_text(json.dumps(made) + "\n")
    elif not close(made, json.loads(FILE.read_text())):
        sys.exit(f"{FILE.name} is not what PEFT makes of these cases.")


if __name__ == "__main__":
    main()
