"""Logits of a model with an adapter of mlx-lm's, against those that PEFT gives: python mlxLogits.py MODEL ADAPTER PROBE"""

import json
import sys

import mlx.core as mx
import numpy as np
from mlx_lm.utils import load_model
from mlx_lm.tuner.utils import load_adapters
from pathlib import Path
from safetensors.numpy import load_file


def main(model_folder: str, adapter: str, probe_file: str) -> None:
    mx.set_default_device(mx.cpu)
    model, _ = load_model(Path(model_folder))
    model = load_adapters(model, adapter)
    model.eval()
    probe = load_file(probe_file)
    vocabulary = probe["logits"].shape[-1]
    ids = (np.arange(48) * 37 + 5) % vocabulary
    logits = np.array(model(mx.array(ids)[None])[0].astype(mx.float32))
    change = np.linalg.norm(probe["logits"] - probe["base"])
    print(json.dumps({"logits": float(np.linalg.norm(logits - probe["logits"]) / change)}))


main(*sys.argv[1:])
