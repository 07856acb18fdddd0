"""The rival of `npm run learns`: TRL's SFTTrainer with the settings of CONFIG; prints one JSON line an event.

    python trlRival.py CONFIG
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_DISABLE_PROGRESS_BARS="1", TRANSFORMERS_VERBOSITY="error", TQDM_DISABLE="1")

import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from ownStdout import say  # noqa: E402
from peft import PeftModel  # noqa: E402
from transformers import (  # noqa: E402
    AutoModelForCausalLM,
    AutoTokenizer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from trl import SFTConfig, SFTTrainer  # noqa: E402


class Report(TrainerCallback):
    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, metrics: dict[str, float], **_: Any
    ) -> None:
        say({"type": "eval", "step": state.global_step, "eval_loss": metrics["eval_loss"]})


def rows(file: str) -> Dataset:
    return Dataset.from_list([json.loads(line) for line in Path(file).read_text().splitlines()])


def main(config: dict[str, Any]) -> None:
    torch.set_num_threads(config["threads"])
    say({"type": "loaded"})
    base = AutoModelForCausalLM.from_pretrained(config["model"], dtype=torch.float32, attn_implementation="sdpa")
    model = PeftModel.from_pretrained(base, config["init"], is_trainable=True)
    tokenizer = AutoTokenizer.from_pretrained(config["model"])
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    settings = SFTConfig(
        output_dir=config["output"],
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        save_strategy="no",
        eval_strategy="steps",
        eval_on_start=True,
        logging_strategy="no",
        **{**config["training"], **config["setting"]},
    )
    trainer = SFTTrainer(
        model,
        args=settings,
        train_dataset=rows(config["train"]),
        eval_dataset=rows(config["eval"]),
        processing_class=tokenizer,
        callbacks=[Report()],
    )
    trainer.train()
    trainer.save_model()


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
