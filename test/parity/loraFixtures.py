"""Stores what PEFT makes of adapter options and of base weights, for the unit tests of src/engine/lora.

    python loraFixtures.py          writes ../unit/lora/fixtures/{matching,factors}.json
    python loraFixtures.py --check  computes them again and compares

matching.json: `{"models": {name: {"config", "modules"}}, "cases": [{"name", "model", "options", "trainable",
"scaling"}]}`. `options` are LoraConfig's; `trainable` maps the names of all trained tensors (as adapter files have
them, without `base_model.model.`) to their shapes; `scaling` is by module. Instead of both, `error` tells that PEFT
refuses.
factors.json: for small layers the merged change of the weight, and how PiSSA and OLoRA take a weight apart.
"""

import json
import math
import sys
import warnings
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM
from transformers.pytorch_utils import Conv1D

FOLDER = Path(__file__).parent.parent / "unit" / "lora" / "fixtures"

LLAMA = dict(
    vocab_size=20, hidden_size=8, intermediate_size=12, num_hidden_layers=3, num_attention_heads=2,
    num_key_value_heads=1, max_position_embeddings=16,
)  # fmt: skip
GPT2 = dict(vocab_size=20, n_embd=8, n_layer=3, n_head=2, n_positions=16)
MODELS = {
    "llama": (LlamaForCausalLM, LlamaConfig(**LLAMA, tie_word_embeddings=False)),
    "llama-tied": (LlamaForCausalLM, LlamaConfig(**LLAMA, tie_word_embeddings=True)),
    "llama-biased": (LlamaForCausalLM, LlamaConfig(**LLAMA, attention_bias=True, mlp_bias=True)),
    "gpt2": (GPT2LMHeadModel, GPT2Config(**GPT2)),
}
CONFIG_KEYS = [
    "model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
    "num_key_value_heads", "max_position_embeddings", "tie_word_embeddings", "attention_bias", "mlp_bias", "rms_norm_eps",
]  # fmt: skip

QV = ["q_proj", "v_proj"]
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("names are endings of paths", "llama", {"target_modules": QV}),
    ("a whole path", "llama", {"target_modules": ["model.layers.1.self_attn.q_proj"]}),
    ("dotted endings", "llama", {"target_modules": ["self_attn.o_proj", "1.mlp.up_proj"]}),
    ("a part of a name is no ending", "llama", {"target_modules": ["proj"]}),
    ("the head by its name", "llama", {"target_modules": ["lm_head", "q_proj"]}),
    ("the embedding by its name", "llama", {"target_modules": ["embed_tokens"]}),
    ("the family's default", "llama", {}),
    ("a pattern matches whole paths", "llama", {"target_modules": r".*\.layers\.[02]\..*(q|k)_proj"}),
    ("a pattern that matches only a part", "llama", {"target_modules": "q_proj"}),
    ("a pattern with Python's own syntax", "llama", {"target_modules": r"(?P<block>model\.layers\.1)\.mlp\.\w+_proj\Z"}),
    ("a pattern may reach the head", "llama", {"target_modules": r".*(lm_head|v_proj)"}),
    ("all linear layers but the head", "llama", {"target_modules": "all-linear"}),
    ("all linear layers but excluded names", "llama",
     {"target_modules": "all-linear", "exclude_modules": ["k_proj", "mlp.down_proj"]}),
    ("an excluded pattern", "llama", {"target_modules": QV, "exclude_modules": r".*\.layers\.0\..*"}),
    ("excluding a group excludes nothing in it", "llama", {"target_modules": QV, "exclude_modules": ["self_attn"]}),
    ("everything excluded", "llama", {"target_modules": ["q_proj"], "exclude_modules": ["q_proj"]}),
    ("a group is no layer", "llama", {"target_modules": ["self_attn"]}),
    ("a norm is no layer", "llama", {"target_modules": ["input_layernorm", "q_proj"]}),
    ("a pattern that matches a group as well", "llama", {"target_modules": r".*self_attn.*"}),
    ("one block", "llama", {"target_modules": QV, "layers_to_transform": 1}),
    ("two blocks", "llama", {"target_modules": QV, "layers_to_transform": [0, 2]}),
    ("no blocks means all", "llama", {"target_modules": QV, "layers_to_transform": []}),
    ("blocks of a named list", "llama",
     {"target_modules": QV, "layers_to_transform": [2], "layers_pattern": "layers"}),
    ("blocks of the first list that is there", "llama",
     {"target_modules": QV, "layers_to_transform": [2], "layers_pattern": ["blocks", "layers"]}),
    ("blocks do not bind whole paths", "llama",
     {"target_modules": ["lm_head", "v_proj", "model.layers.0.mlp.up_proj"], "layers_to_transform": [1]}),
    ("blocks of the default", "llama", {"layers_to_transform": [0]}),
    ("blocks and a pattern", "llama", {"target_modules": r".*q_proj", "layers_to_transform": [1]}),
    ("blocks and all linear layers", "llama", {"target_modules": "all-linear", "layers_to_transform": [1]}),
    ("the first rank that matches counts", "llama",
     {"target_modules": QV, "rank_pattern": {"q_proj": 2, "layers.1.self_attn.q_proj": 5}}),
    ("the first rank that matches counts, narrow one first", "llama",
     {"target_modules": QV, "rank_pattern": {"layers.1.self_attn.q_proj": 5, "q_proj": 2}}),
    ("ranks by patterns", "llama",
     {"target_modules": QV, "rank_pattern": {r"(q|k)_proj": 3, r"^model\.layers\.2.*": 1, "roj": 6}}),
    ("alphas by patterns", "llama",
     {"target_modules": QV, "alpha_pattern": {r"model\.layers\.1\..*": 3, "v_proj": 40}, "rank_pattern": {"v_proj": 2}}),
    ("rsLoRA", "llama", {"target_modules": QV, "use_rslora": True, "rank_pattern": {"v_proj": 2}}),
    ("a saved head", "llama", {"target_modules": QV, "modules_to_save": ["lm_head"]}),
    ("a saved group keeps adapters out", "llama", {"target_modules": ["q_proj", "up_proj"], "modules_to_save": ["mlp"]}),
    ("saved names are any endings", "llama", {"target_modules": QV, "modules_to_save": ["norm"]}),
    ("a target that is saved", "llama", {"target_modules": ["lm_head", "q_proj"], "modules_to_save": ["lm_head"]}),
    ("only saved targets", "llama", {"target_modules": ["lm_head"], "modules_to_save": ["lm_head"]}),
    ("the list of blocks cannot be saved", "llama", {"target_modules": ["lm_head"], "modules_to_save": ["layers"]}),
    ("saved and adapted at once", "llama", {"target_modules": ["q_proj"], "modules_to_save": ["proj"]}),
    ("a saved head of a tied model", "llama-tied", {"target_modules": QV, "modules_to_save": ["lm_head"]}),
    ("a saved embedding of a tied model", "llama-tied", {"target_modules": QV, "modules_to_save": ["embed_tokens"]}),
    ("no head in a tied model's linear layers", "llama-tied", {"target_modules": "all-linear"}),
    ("biases of the adapted layers", "llama-biased", {"target_modules": ["q_proj", "up_proj"], "bias": "lora_only"}),
    ("all biases", "llama-biased", {"target_modules": ["q_proj"], "bias": "all"}),
    ("no biases to train", "llama", {"target_modules": ["q_proj"], "bias": "all"}),
    ("GPT-2's default", "gpt2", {}),
    ("Conv1D layers of two kinds", "gpt2", {"target_modules": ["c_proj"]}),
    ("Conv1D layers of one kind", "gpt2", {"target_modules": ["attn.c_proj", "c_fc"]}),
    ("all Conv1D layers", "gpt2", {"target_modules": "all-linear"}),
    ("GPT-2's blocks", "gpt2", {"target_modules": ["c_attn"], "layers_to_transform": [0, 2]}),
    ("GPT-2's blocks of a named list", "gpt2",
     {"target_modules": ["c_attn"], "layers_to_transform": 2, "layers_pattern": "h"}),
    ("GPT-2 by a pattern", "gpt2", {"target_modules": r"transformer\.h\.\d\.mlp\.c_\w+"}),
    ("GPT-2's own biases", "gpt2", {"target_modules": ["c_attn"], "bias": "lora_only"}),
    ("GPT-2's biases and norms", "gpt2", {"target_modules": ["c_attn"], "bias": "all"}),
    ("GPT-2's positions in full", "gpt2", {"target_modules": ["c_attn"], "modules_to_save": ["wpe", "ln_f"]}),
    ("GPT-2's attention in full", "gpt2", {"target_modules": ["c_proj"], "modules_to_save": ["attn"]}),
    ("a LLaMA name in GPT-2", "gpt2", {"target_modules": ["q_proj"]}),
]  # fmt: skip


def describe(path: str, module: nn.Module) -> dict[str, Any] | None:
    """A module as src/engine/models describes it."""
    if isinstance(module, Conv1D):
        rows, columns = module.weight.shape
        return {"kind": "conv1d", "path": path, "inFeatures": rows, "outFeatures": columns, "bias": True}
    if isinstance(module, nn.Linear):
        sizes = {"inFeatures": module.in_features, "outFeatures": module.out_features}
        return {"kind": "linear", "path": path, **sizes, "bias": module.bias is not None}
    if isinstance(module, nn.Embedding):
        return {"kind": "embedding", "path": path, "rows": module.num_embeddings, "features": module.embedding_dim}
    if isinstance(module, nn.LayerNorm):
        return {"kind": "layerNorm", "path": path, "features": module.normalized_shape[0]}
    if type(module).__name__.endswith("RMSNorm"):
        return {"kind": "rmsNorm", "path": path, "features": module.weight.shape[0]}
    return None


def describe_model(name: str) -> dict[str, Any]:
    kind, config = MODELS[name]
    modules = [describe(path, module) for path, module in kind(config).named_modules()]
    values = config.to_dict()
    return {
        "config": {key: values[key] for key in CONFIG_KEYS if key in values},
        "modules": [module for module in modules if module is not None],
    }


def stored_name(parameter: str) -> str:
    """A parameter's name as an adapter file has it."""
    name = parameter.removeprefix("base_model.model.")
    for part in (".default", ".modules_to_save", ".base_layer"):
        name = name.replace(part, "")
    return name


def match(name: str, model: str, options: dict[str, Any]) -> dict[str, Any]:
    case = {"name": name, "model": model, "options": {"r": 4, "lora_alpha": 6, **options}}
    kind, config = MODELS[model]
    try:
        adapted = get_peft_model(kind(config), LoraConfig(task_type="CAUSAL_LM", **case["options"]))
    except (ValueError, TypeError):
        return {**case, "error": True}
    trainable = {stored_name(n): list(p.shape) for n, p in adapted.named_parameters() if p.requires_grad}
    layers = {n: m for n, m in adapted.named_modules() if isinstance(m, LoraLayer)}
    scaling = {stored_name(n): m.scaling["default"] for n, m in layers.items()}
    return {**case, "trainable": dict(sorted(trainable.items())), "scaling": dict(sorted(scaling.items()))}


def waves(rows: int, columns: int) -> Tensor:
    """A matrix without structure that every language computes alike."""
    entries = [[math.sin(1 + 7.13 * i + 3.77 * j + 0.9 * i * j) for j in range(columns)] for i in range(rows)]
    return torch.tensor(entries, dtype=torch.float32)


def numbers(tensor: Tensor) -> dict[str, Any]:
    return {"shape": list(tensor.shape), "data": [float(f"{x:.7g}") for x in tensor.detach().flatten().tolist()]}


class One(nn.Module):
    def __init__(self, layer: nn.Module, weight: Tensor):
        super().__init__()
        self.layer = layer
        layer.weight = nn.Parameter(weight.clone())

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


def adapt(layer: nn.Module, weight: Tensor, **options: Any) -> LoraLayer:
    model = get_peft_model(One(layer, weight), LoraConfig(r=3, lora_alpha=5, target_modules=["layer"], **options))
    return model.base_model.model.layer


def layers() -> dict[str, tuple[nn.Module, Tensor]]:
    return {
        "linear": (nn.Linear(7, 5, bias=False), waves(5, 7)),
        "conv1d": (Conv1D(5, 7), waves(7, 5)),
        "embedding": (nn.Embedding(7, 5), waves(7, 5)),
    }


def deltas() -> list[dict[str, Any]]:
    """A is waves(3, 7), B is waves(5, 3)."""
    found = []
    for kind, (layer, weight) in layers().items():
        adapted = adapt(layer, weight)
        if kind == "embedding":
            adapted.lora_embedding_A["default"].data = waves(3, 7)
            adapted.lora_embedding_B["default"].data = waves(5, 3)
        else:
            adapted.lora_A["default"].weight.data = waves(3, 7)
            adapted.lora_B["default"].weight.data = waves(5, 3)
        found.append({"kind": kind, "delta": numbers(adapted.get_delta_weight("default"))})
    return found


def decompositions() -> list[dict[str, Any]]:
    """Weights are waves(rows, columns) as stored."""
    sizes = [("linear", 12, 20), ("linear", 20, 12), ("conv1d", 12, 20), ("linear", 40, 60)]
    cases = [("pissa", *size) for size in sizes] + [("olora", *size) for size in sizes if size[0] == "linear"]
    found = []
    for init, kind, rows, columns in cases:
        layer = nn.Linear(columns, rows, bias=False) if kind == "linear" else Conv1D(columns, rows)
        adapted = adapt(layer, waves(rows, columns), init_lora_weights=init)
        a, b = adapted.lora_A["default"].weight, adapted.lora_B["default"].weight
        case = {"init": init, "kind": kind, "rows": rows, "columns": columns, "BA": numbers(b @ a)}
        # The signs of singular vectors are arbitrary, those of a QR decomposition are not.
        found.append(case | ({"A": numbers(a), "B": numbers(b)} if init == "olora" else {}))
    return found


def fixtures() -> dict[str, Any]:
    matching = {
        "models": {name: describe_model(name) for name in MODELS},
        "cases": [match(*case) for case in CASES],
    }
    return {"matching": matching, "factors": {"deltas": deltas(), "decompositions": decompositions()}}


def main() -> None:
    warnings.simplefilter("ignore")
    torch.manual_seed(20)
    for name, content in fixtures().items():
        file = FOLDER / f"{name}.json"
        if "--check" in sys.argv:
            close = matches(json.loads(file.read_text()), json.loads(json.dumps(content)))
            print(f"{file.name}: {'as stored' if close else 'differs'}")
            if not close:
                sys.exit(1)
        else:
            file.write_text(json.dumps(content, separators=(",", ":")) + "\n")
            print(f"{file.name}: {file.stat().st_size} bytes")


def matches(a: Any, b: Any) -> bool:
    if isinstance(a, float) or isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-5)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(matches(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(matches, a, b))
    return a == b


if __name__ == "__main__":
    main()
