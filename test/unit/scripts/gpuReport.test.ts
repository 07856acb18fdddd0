import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

type ReportText = (report: object) => string;

const script = pathToFileURL(path.resolve('test/gpu/report.mjs')).href;

const report = {
  date: '2026-01-02T03:04:05.000Z',
  release: { version: '0.1.0', onnxruntime: '1.30.0', commit: 'abc1234' },
  software: null,
  seconds: 400.2,
  parts: {
    devices: { failed: 'lora doctor ended' },
    'placement-webgpu': {
      providers: [{ provider: 'WebGpuExecutionProvider', compute: 3, sizes: 0, ops: { MatMul: 2, Add: 1 } }],
    },
    'conformance-webgpu': { isComplete: true, passed: 7, failures: [{ name: 'log: tiny', error: '1 | 2 differ' }] },
    'training-15m': {
      runs: [
        {
          device: 'cpu',
          precision: 'fp32',
          error: null,
          losses: [3, 2],
          tokensPerSecond: 1500,
          firstStepSeconds: 1.5,
          apart: 0,
        },
        {
          ...{
            device: 'webgpu',
            precision: 'fp32',
            error: null,
            losses: [3.001, 2],
            tokensPerSecond: 30_000,
            firstStepSeconds: 4,
          },
          apart: 3.3e-4,
          card: { peakMegabytes: 900, beforeMegabytes: 400, busyPercent: 71.6 },
        },
      ],
    },
    rival: {
      tasks: { '15m': { tokensPerSecond: 52_000.4, peakMegabytes: 1234.5, torch: '2', transformers: '5', peft: '0' } },
    },
  },
};

test('the report of a GPU says what each part found, and what failed or was left out', async () => {
  const { reportText } = (await import(script)) as { reportText: ReportText };
  const text = reportText(report);
  assert.match(text, /^# GPU, 2026-01-02 03:04 UTC\n\nLoRA Workbench 0\.1\.0 \(abc1234\), onnxruntime-node 1\.30\.0;/);
  assert.match(text, /## What `lora doctor` says\n\nFailed: lora doctor ended\n/);
  assert.match(text, /\| WebGpuExecutionProvider \| 3 \| 0 \| MatMul 2, Add 1 \|/);
  assert.match(text, /7 passed, 1 failed\.\n\n- log: tiny: 1 \| 2 differ\n/);
  assert.match(text, /\| cpu, fp32 \| 1500 \| 1\.5 \| 3\.0000 → 2\.0000 \| {2}\| {2}\| {2}\|/);
  assert.match(text, /\| webgpu, fp32 \| 30000 \| 4\.0 \| 3\.0010 → 2\.0000 \| 3\.3e-4 \| 500 MB, 72 % \| {2}\|/);
  assert.match(text, /\| PEFT, bf16 \| 52000 \|/);
  assert.doesNotMatch(text, /In software|undefined|NaN/);
});

test('a measurement in software says what it is no measure of', async () => {
  const { reportText } = (await import(script)) as { reportText: ReportText };
  const text = reportText({ ...report, software: '/icd.json', parts: { rival: { skipped: 'python3 is not there' } } });
  assert.match(text, /\*\*In software\*\* \(\/icd\.json\)/);
  assert.match(text, /## The rival\n\nNot measured: python3 is not there\.\n$/);
});
