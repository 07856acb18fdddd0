"""What PEFT's merge_and_unload makes of base model and adapters, and how `lora merge` differs from it."""

import json
from pathlib import Path
from typing import Any

import torch
from comparison import Difference
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from safetensors.torch import load_file, save_file
from smallModels import VOCABULARY, make_model
from transformers import AutoModelForCausalLM, PreTrainedModel

Spec = dict[str, Any]


def prepare_merge(spec: Spec, folder: Path) -> None:
    """Writes the model, the adapters, PEFT's merged weights, and logits with the adapters attached in 32 bits."""
    make_model(folder / "model", spec["model"])
    for number, lora in enumerate(spec["adapters"]):
        make_adapter(folder, number, lora)
    attached = with_adapters(spec, folder, torch.float32)
    save_file({"logits": logits(attached), "base": logits(load(folder / "model", torch.float32))}, folder / "probe.safetensors")
    merged = with_adapters(spec, folder, "auto").merge_and_unload(adapter_names=names(spec))
    state = {name: tensor.clone().contiguous() for name, tensor in merged.state_dict().items()}
    save_file(state, folder / "expected.safetensors")


def make_adapter(folder: Path, number: int, lora: dict[str, Any]) -> None:
    torch.manual_seed(number)
    model = get_peft_model(load(folder / "model", torch.float32), LoraConfig(task_type="CAUSAL_LM", **lora))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.05)
    model.save_pretrained(folder / f"adapter-{number}")


def names(spec: Spec) -> list[str]:
    return [f"adapter-{number}" for number in range(len(spec["adapters"]))]


def with_adapters(spec: Spec, folder: Path, dtype: Any) -> PeftModel:
    first, *others = names(spec)
    model = PeftModel.from_pretrained(load(folder / "model", dtype), folder / first, adapter_name=first)
    for name in others:
        model.load_adapter(folder / name, adapter_name=name)
    model.base_model.set_adapter(names(spec))
    for module in model.modules():
        if isinstance(module, LoraLayer):
            for name, weight in zip(names(spec), spec.get("weights", [])):
                if name in module.scaling:
                    module.scaling[name] *= weight
    return model.eval()


def load(folder: Path, dtype: Any) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()


@torch.no_grad()
def logits(model: PreTrainedModel | PeftModel) -> torch.Tensor:
    ids = (torch.arange(48) * 37 + 5) % VOCABULARY
    return model(ids[None]).logits[0].float().contiguous()


def compare_merge(folder: Path, output: Path) -> dict[str, float]:
    """`weights`: the largest difference in units of the stored dtype's rounding; `logits`: as a share of what the adapters change."""
    expected, probe = load_file(folder / "expected.safetensors"), load_file(folder / "probe.safetensors")
    state = load(output, "auto").state_dict()
    if state.keys() != expected.keys():
        raise Difference(f"weights differ: {sorted(state.keys() ^ expected.keys())}")
    for name, tensor in expected.items():
        if tensor.dtype != state[name].dtype or tensor.shape != state[name].shape:
            raise Difference(f"{name} is {state[name].dtype} {list(state[name].shape)}")
    check_files(output)
    change = (probe["logits"] - probe["base"]).norm()
    return {
        "weights": max(roundings(expected[name], state[name]) for name in expected),
        "logits": ((logits(load(output, torch.float32)) - probe["logits"]).norm() / change).item(),
    }


def roundings(expected: torch.Tensor, got: torch.Tensor) -> float:
    """Sums of 32-bit numbers are off by the rounding of their largest part, not of what is left of it."""
    wide, eps = expected.double(), torch.finfo(expected.dtype).eps
    floor = wide.abs().max() if expected.dtype == torch.float32 else wide.abs().max() * 1e-3
    return ((got.double() - wide).abs() / (eps * wide.abs().maximum(floor))).max().item()


def check_files(output: Path) -> None:
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "README.md"):
        if not (output / name).exists():
            raise Difference(f"{name} is missing")
    if json.loads((output / "config.json").read_text()).get("architectures") is None:
        raise Difference("config.json has no architectures")
