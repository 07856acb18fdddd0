"""The reference: PyTorch, PEFT, Transformers' schedules and TRL's tokenization in the plainest training loop."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from rows import for_trl, make_rows
from safetensors.torch import save_file
from smallModels import CHAT_TEMPLATE, make_model, set_in_json
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, Trainer, get_scheduler
from trl import SFTConfig, SFTTrainer

Spec = dict[str, Any]
Model = PreTrainedModel | PeftModel


@dataclass
class Example:
    ids: torch.Tensor
    labels: torch.Tensor

    @property
    def supervised(self) -> int:
        return int((self.labels[1:] != -100).sum())


def prepare(spec: Spec, folder: Path) -> None:
    """Writes everything that a comparison needs: model, data, first adapter, and what PEFT makes of them."""
    make_model(folder / "model", spec["model"])
    data = spec["data"]
    rows = make_rows(data["kind"], data["rows"], data.get("seed", 0))
    columns = spec.get("dataset", {}).get("columns", {})
    stored = [{columns.get(role, role): value for role, value in row.items()} for row in rows]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in stored))
    model = first_model(spec, folder)
    examples = tokenize(folder / "model", rows, spec)
    save_file(trained_tensors(model), folder / "initial.safetensors")
    conversion = convert_from_start(model, folder / "start") if starts_inside_base(spec) else {}
    steps = train(model, examples, spec)
    (folder / "steps.json").write_text(json.dumps(steps))
    model.save_pretrained(folder / "expected", **conversion)
    save_file(probe(model, examples), folder / "probe.safetensors")


def load_base(folder: Path) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32)


def first_model(spec: Spec, folder: Path) -> Model:
    """The model before the first step; with `start`, its adapter is stored for `init_from`."""
    base = load_base(folder)
    if spec.get("method") == "full":
        return base
    torch.manual_seed(spec.get("seed", 1))
    model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **spec["lora"]))
    if spec.get("start") == "random":
        randomize_update(model)
    if spec.get("start"):
        model.save_pretrained(folder / "init")
        set_in_json(folder / "init" / "adapter_config.json", {"base_model_name_or_path": "model"})
    return model


def starts_inside_base(spec: Spec) -> bool:
    """PiSSA and OLoRA take their first adapter out of the base weights."""
    return spec.get("lora", {}).get("init_lora_weights") in ("pissa", "olora")


def convert_from_start(model: Model, folder: Path) -> dict[str, str]:
    """Makes PEFT save an ordinary adapter of twice the rank, which fits the untouched base model."""
    assert isinstance(model, PeftModel)
    config = model.peft_config["default"]
    method, config.init_lora_weights = config.init_lora_weights, True
    model.save_pretrained(folder)
    config.init_lora_weights = method
    return {"path_initial_model_for_weight_conversion": str(folder)}


def randomize_update(model: PeftModel) -> None:
    """An adapter that already changes the model, as after earlier training."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name or "lora_embedding_A" in name:
                parameter.normal_(std=0.05)


def trained_tensors(model: Model) -> dict[str, torch.Tensor]:
    state = get_peft_model_state_dict(model) if isinstance(model, PeftModel) else dict(model.named_parameters())
    return {name: tensor.detach().clone().contiguous() for name, tensor in state.items()}


def tokenize(model_folder: Path, rows: list[dict[str, Any]], spec: Spec) -> list[Example]:
    """Token ids and labels of all rows, by TRL's own preparation; rows without a supervised token are left out."""
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    wanted = spec.get("dataset", {})
    only_completions = wanted.get("completion_only_loss", True)
    settings = SFTConfig(
        output_dir="unused",
        max_length=wanted.get("max_length", 512),
        assistant_only_loss=only_completions and spec["data"]["kind"] in ("messages", "sharegpt"),
        report_to="none",
        use_cpu=True,
        bf16=False,
    )
    trainer = SimpleNamespace(_tokenizer=tokenizer, chat_template=CHAT_TEMPLATE, completion_only_loss=only_completions)
    prepared = SFTTrainer._prepare_dataset(
        trainer, Dataset.from_list([for_trl(row) for row in rows]), tokenizer, settings, False, None, "train"
    )
    examples = [Example(torch.tensor(row["input_ids"]), torch.tensor(row["labels"])) for row in prepared]
    return [example for example in examples if example.supervised > 0]


def windows(examples: list[Example], spec: Spec) -> Iterator[list[Example]]:
    """What one optimizer step trains on, in file order: an epoch's last window may be short, none spans two epochs."""
    training = spec["training"]
    size = training["per_device_train_batch_size"] * training["gradient_accumulation_steps"]
    while True:
        for start in range(0, len(examples), size):
            yield examples[start : start + size]


def total_steps(examples: list[Example], spec: Spec) -> int:
    training = spec["training"]
    if training.get("max_steps", -1) > 0:
        return int(training["max_steps"])
    size = training["per_device_train_batch_size"] * training["gradient_accumulation_steps"]
    return math.ceil(training["num_train_epochs"] * math.ceil(len(examples) / size))


def make_optimizer(model: Model, training: dict[str, Any]) -> torch.optim.AdamW:
    """torch's AdamW over the parameter groups of Transformers' Trainer: no decay for biases and norms."""
    decayed = set(Trainer.get_decay_parameter_names(None, model))  # type: ignore[arg-type]
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    decay = training.get("weight_decay", 0.0)
    return torch.optim.AdamW(
        [
            {"params": [p for name, p in trained if name in decayed], "weight_decay": decay},
            {"params": [p for name, p in trained if name not in decayed], "weight_decay": 0.0},
        ],
        lr=training["learning_rate"],
        betas=(training.get("adam_beta1", 0.9), training.get("adam_beta2", 0.999)),
        eps=training.get("adam_epsilon", 1e-8),
    )


def train(model: Model, examples: list[Example], spec: Spec) -> list[dict[str, float]]:
    """Ten steps or so; every example is computed alone, so nothing depends on batches, padding or packing."""
    training = spec["training"]
    total = total_steps(examples, spec)
    optimizer = make_optimizer(model, training)
    warmup = training.get("warmup_steps")
    if warmup is None:
        warmup = math.ceil(training.get("warmup_ratio", 0.03) * total)
    schedule = get_scheduler(training.get("lr_scheduler_type", "cosine"), optimizer, warmup, total)
    limit = training.get("max_grad_norm", 1.0)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    model.train()
    steps: list[dict[str, float]] = []
    tokens = 0
    for window, step in zip(windows(examples, spec), range(1, total + 1)):
        loss, correct, supervised = backward(model, window)
        norm = torch.nn.utils.clip_grad_norm_(parameters, limit if limit > 0 else math.inf)
        tokens += sum(len(example.ids) for example in window)
        steps.append(
            {
                "step": step,
                "loss": loss,
                "grad_norm": float(norm),
                "learning_rate": schedule.get_last_lr()[0],
                "mean_token_accuracy": correct / supervised,
                "supervised": supervised,
                "num_tokens": tokens,
            }
        )
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return steps


def backward(model: Model, window: list[Example]) -> tuple[float, int, int]:
    """Adds up the gradients of the window's mean loss over all supervised tokens: (loss, correct, supervised)."""
    supervised = sum(example.supervised for example in window)
    loss, correct = 0.0, 0
    for example in window:
        logits = model(input_ids=example.ids[None]).logits[0, :-1]
        labels = example.labels[1:]
        part = cross_entropy(logits, labels, ignore_index=-100, reduction="sum") / supervised
        part.backward()
        loss += part.item()
        correct += int((logits.argmax(-1) == labels).sum())
    return loss, correct, supervised


def probe(model: Model, examples: list[Example]) -> dict[str, torch.Tensor]:
    """Inputs, and the logits that the trained model gives for them."""
    model.eval()
    tensors: dict[str, torch.Tensor] = {}
    for i, example in enumerate(examples[:4]):
        tensors[f"ids.{i}"] = example.ids
        tensors[f"logits.{i}"] = logits_of(model, example.ids)
    return tensors


def logits_of(model: Model, ids: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=ids[None]).logits[0].contiguous()
