"""Numbers in blocks of nf4 and back by bitsandbytes: python blocks.py NUMBERS RESULT, files of float32. Writes both."""

import sys
from pathlib import Path

import torch
from bitsandbytes.functional import dequantize_4bit, get_4bit_type, quantize_4bit

BLOCK = 64
torch.manual_seed(1)
codes = get_4bit_type("nf4", device="cpu")
# Weights as they are, of any scale, and numbers between two codes: a little less, the middle itself, a little more.
weights = torch.randn(4096, BLOCK) * torch.logspace(-6, 3, 4096)[:, None]
middles = (codes[1:] + codes[:-1]) / 2
around = torch.cat([torch.nextafter(middles, codes[:-1]), middles, torch.nextafter(middles, codes[1:])])
borders = torch.cat([around, torch.ones(BLOCK - len(around))]).repeat(16, 1)
zeros = torch.zeros(2, BLOCK)
numbers = torch.cat([weights, borders, zeros]).contiguous()
packed, state = quantize_4bit(numbers, blocksize=BLOCK, quant_type="nf4")
result = dequantize_4bit(packed, state, quant_type="nf4")
for file, values in zip(sys.argv[1:3], (numbers, result), strict=True):
    Path(file).write_bytes(values.to(torch.float32).numpy().tobytes())
