"""Compares what a run of this engine said and wrote with the reference's."""

import json
import math
import warnings
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict
from referenceTraining import Spec, load_base, logits_of, starts_inside_base
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, PreTrainedModel

Tensors = dict[str, torch.Tensor]
START_LIMIT = 1e-4


class Difference(Exception):
    """Something that has no figure: a missing step, a tensor of another name or shape."""


def compare(spec: Spec, folder: Path, run: Path) -> dict[str, float]:
    """The worst figure of each kind; raises Difference where there is nothing to measure."""
    expected_steps = json.loads((folder / "steps.json").read_text())
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    figures = compare_steps(expected_steps, [event for event in events if event["type"] == "step"])
    output = run / "output"
    expected, got = load_tensors(folder / "expected"), load_tensors(output)
    if starts_inside_base(spec):
        figures["tensors"] = compare_products(expected, got)
    else:
        figures["tensors"] = compare_tensors(expected, got, load_file(folder / "initial.safetensors"))
    model = load_full(output) if spec.get("method") == "full" else load_adapter(folder, output)
    figures["logits"] = compare_logits(model, load_file(folder / "probe.safetensors"))
    return figures


def compare_steps(expected: list[dict[str, float]], got: list[dict[str, float]]) -> dict[str, float]:
    if len(expected) != len(got):
        raise Difference(f"{len(got)} steps instead of {len(expected)}")

    def worst(key: str) -> float:
        return max((abs(b[key] - a[key]) / max(abs(a[key]), 1e-30) for a, b in zip(expected, got)), default=math.nan)

    for a, b in zip(expected, got):
        if a["num_tokens"] != b["num_tokens"]:
            raise Difference(f"{b['num_tokens']} tokens seen at step {a['step']} instead of {a['num_tokens']}")
        # One token may be a tie that rounding breaks.
        if abs(a["mean_token_accuracy"] - b["mean_token_accuracy"]) > 1.01 / a["supervised"]:
            raise Difference(f"accuracy {b['mean_token_accuracy']} at step {a['step']} instead of {a['mean_token_accuracy']}")
    return {key: worst(key) for key in ("loss", "grad_norm", "learning_rate")}


def load_tensors(folder: Path) -> Tensors:
    tensors: Tensors = {}
    for file in sorted(folder.glob("*.safetensors")):
        tensors.update(load_file(file))
    return tensors


def compare_tensors(expected: Tensors, got: Tensors, initial: Tensors) -> float:
    """Largest difference of a final tensor as a share of the largest update that training made to any."""
    check_shapes(expected, got)
    update = max(float((expected[name] - before).abs().max()) for name, before in initial.items())
    difference = max(float((expected[name] - got[name].float()).abs().max()) for name in expected)
    return difference / update


def compare_products(expected: Tensors, got: Tensors) -> float:
    """
    PiSSA and OLoRA start from a decomposition, whose directions are unique only up to sign and rounding: what counts
    is what they make of the base. Ranks 0 … r-1 are the trained adapter, the rest is the first one, negated.
    """
    check_shapes(expected, got)
    worst = 0.0
    for name in (name for name in expected if name.endswith("lora_A.weight")):
        pairs = [(tensors[name.replace("lora_A", "lora_B")], tensors[name]) for tensors in (expected, got)]
        r = len(expected[name]) // 2
        first = [b[:, r:] @ a[r:] for b, a in pairs]
        if relative_difference(*first) > START_LIMIT:
            raise Difference(f"{name}: the first adapter takes something else out of the base weights")
        worst = max(worst, relative_difference(*(b @ a for b, a in pairs)))
    return worst


def relative_difference(expected: torch.Tensor, got: torch.Tensor) -> float:
    return float((expected - got).abs().max() / expected.abs().max())


def check_shapes(expected: Tensors, got: Tensors) -> None:
    missing = [name for name, tensor in expected.items() if name not in got or got[name].shape != tensor.shape]
    unknown = [name for name in got if name not in expected]
    if missing or unknown:
        raise Difference(f"tensors missing or of another shape: {missing[:3]}; unknown: {unknown[:3]}")


def load_adapter(folder: Path, output: Path) -> PeftModel:
    """As users load it; every tensor of the file must find its place and every place its tensor."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = PeftModel.from_pretrained(load_base(folder), output)
    complaints = [str(warning.message) for warning in caught if "adapter keys" in str(warning.message)]
    unknown = load_tensors(output).keys() - get_peft_model_state_dict(model).keys()
    if complaints or unknown:
        raise Difference(f"PEFT does not load the adapter whole: {complaints} unknown: {sorted(unknown)[:3]}")
    return model


def load_full(output: Path) -> PreTrainedModel:
    model, info = AutoModelForCausalLM.from_pretrained(output, dtype=torch.float32, output_loading_info=True)
    problems = {kind: names for kind, names in info.items() if names}
    if problems:
        raise Difference(f"Transformers does not load the model whole: {problems}")
    return model


def compare_logits(model: PeftModel | PreTrainedModel, probe: Tensors) -> float:
    model.eval()
    names = [name for name in probe if name.startswith("ids.")]
    return max(
        float((logits_of(model, probe[name]) - probe[name.replace("ids", "logits")]).abs().max()) for name in names
    )
