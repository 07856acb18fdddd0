"""Compares what a run of this engine said and wrote with the reference's."""

import json
import math
import warnings
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict
from referenceTraining import Spec, load_base, logits_of
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, PreTrainedModel

Tensors = dict[str, torch.Tensor]


class Difference(Exception):
    """Something that has no figure: a missing step, a tensor of another name or shape."""


def compare(spec: Spec, folder: Path, run: Path) -> dict[str, float]:
    """The worst figure of each kind; raises Difference where there is nothing to measure."""
    expected_steps = json.loads((folder / "steps.json").read_text())
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    figures = compare_steps(expected_steps, [event for event in events if event["type"] == "step"])
    output = run / "output"
    figures["tensors"] = compare_tensors(
        load_tensors(folder / "expected"),
        load_tensors(output),
        load_file(folder / "initial.safetensors"),
        signs_are_free=spec.get("lora", {}).get("init_lora_weights") in ("pissa", "olora"),
    )
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


def compare_tensors(expected: Tensors, got: Tensors, initial: Tensors, signs_are_free: bool) -> float:
    """Largest difference of a final tensor as a share of the largest update that training made to any."""
    missing = [name for name, tensor in expected.items() if name not in got or got[name].shape != tensor.shape]
    unknown = [name for name in got if name not in expected]
    if missing or unknown:
        raise Difference(f"tensors missing or of another shape: {missing[:3]}; unknown: {unknown[:3]}")
    if signs_are_free:
        got = with_signs_of(expected, got)
    update = max(float((expected[name] - initial[name]).abs().max()) for name in expected if name in initial)
    difference = max(float((expected[name] - got[name].float()).abs().max()) for name in expected)
    return difference / update


def with_signs_of(expected: Tensors, got: Tensors) -> Tensors:
    """A direction that comes from a decomposition may point either way: row i of A and column i of B together."""
    aligned = dict(got)
    for name in (name for name in got if name.endswith("lora_A.weight")):
        other = name.replace("lora_A", "lora_B")
        signs = torch.where((expected[name] * got[name]).sum(1) < 0, -1.0, 1.0)
        aligned[name] = got[name] * signs[:, None]
        aligned[other] = got[other] * signs[None, :]
    return aligned


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
