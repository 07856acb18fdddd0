"""Prints the fields of the classes in schemas/peft-fields.json as the installed packages have them."""

import dataclasses

from ownStdout import say  # first: the others print

from peft import LoraConfig
from transformers import TrainingArguments
from trl import ModelConfig, ScriptArguments, SFTConfig


def names(kind: type, without: list[str] | None = None) -> list[str]:
    return [field.name for field in dataclasses.fields(kind) if field.name not in (without or [])]


trainer = names(TrainingArguments)
say(
    {
        "LoraConfig": names(LoraConfig),
        "TrainingArguments": trainer,
        "SFTConfig": names(SFTConfig, trainer),
        "ModelConfig": names(ModelConfig),
        "ScriptArguments": names(ScriptArguments),
    }
)
