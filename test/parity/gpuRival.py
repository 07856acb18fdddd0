"""The rival on a GPU: PEFT on PyTorch in bf16, a model of the same sizes with random weights, random tokens.

    python gpuRival.py CONFIG    CONFIG: {"sizes", "batch", "length", "steps", "warmup"}; prints one JSON value

Ends with code 4 where PyTorch, Transformers or PEFT is missing, or PyTorch finds no GPU.
"""

import json
import os
import sys
import time

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")

try:
    import peft
    import torch
    import transformers
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(4)

if not torch.cuda.is_available():
    print("PyTorch finds no GPU", file=sys.stderr)
    sys.exit(4)

with open(sys.argv[1], encoding="utf-8") as file:
    config = json.load(file)
sizes = {key: value for key, value in config["sizes"].items() if key not in ("architectures", "model_type")}
torch.manual_seed(0)
base = transformers.AutoModelForCausalLM.from_config(
    transformers.LlamaConfig(**sizes), dtype=torch.bfloat16, attn_implementation="sdpa"
).cuda()
base.config.use_cache = False
lora = peft.LoraConfig(task_type="CAUSAL_LM", r=8, lora_alpha=16, lora_dropout=0.0, target_modules=["q_proj", "v_proj"])
model = peft.get_peft_model(base, lora)
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3, weight_decay=0.0)
shape = (config["batch"], config["length"])
times = []
for _ in range(config["steps"]):
    ids = torch.randint(3, 200, shape, device="cuda")
    torch.cuda.synchronize()
    began = time.perf_counter()
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    loss.item()
    times.append(time.perf_counter() - began)
counted = sorted(times[config["warmup"] :])
print(
    json.dumps(
        {
            "tokensPerSecond": shape[0] * shape[1] / counted[len(counted) // 2],
            "peakMegabytes": torch.cuda.max_memory_allocated() / 1e6,
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "peft": peft.__version__,
        }
    )
)
