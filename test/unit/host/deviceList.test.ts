import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deviceChanges, deviceEntries, deviceOverrides, sayingNothing } from '../../../src/host/devices/deviceList';
import { recipeEngine } from '../../../src/host/recipes/recipeEngine';
import { deviceText } from '../../../src/host/status/deviceText';
import { applyEdits, fixEdits } from '../../../src/recipe/fixEdits';
import type { DeviceReport, MachineReport } from '../../../src/run/answers';

const cpu: DeviceReport = {
  runtime: 'onnxruntime',
  device: 'cpu',
  usable: true,
  reason: 'onnxruntime-node 1.30.0 on 8 cores.',
  enable: null,
  precisions: ['fp32'],
  quantizations: ['int8', 'int4', 'nf4'],
  card: null,
  largest_buffer_bytes: null,
  step_ms: 21.4,
};
const webgpu: DeviceReport = {
  ...cpu,
  device: 'webgpu',
  reason: 'A small training step takes 4.0 ms there and 21 ms on the processor.',
  step_ms: 4,
};
const noWebgpu: DeviceReport = {
  ...webgpu,
  usable: false,
  reason: 'No graphics driver was found that it could use.',
  enable: 'Install a Vulkan driver of your GPU, then run `lora doctor` again.',
  step_ms: null,
};
const tensorflow: DeviceReport = {
  ...cpu,
  runtime: 'tensorflow',
  reason: 'TensorFlow, for recipes with "runtime": "tensorflow".',
  step_ms: null,
};
const reference: DeviceReport = { ...cpu, runtime: 'reference', reason: 'Plain TypeScript.', step_ms: null };

const machine = (devices: readonly DeviceReport[], device = 'cpu'): MachineReport => ({
  platform: 'linux x64 6.1',
  node: 'v20.19.0',
  cpu: 'A Processor',
  cores: 8,
  memory_bytes: 16e9,
  free_memory_bytes: 8e9,
  devices,
  chosen: { device, reason: 'It is the fastest: a small training step takes 4.0 ms, on the processor 21 ms.' },
  notes: [],
});

describe('the list of devices', () => {
  test('begins with what auto takes, and why', () => {
    const [auto, first, second] = deviceEntries(machine([cpu, webgpu, reference], 'webgpu'), sayingNothing, false);
    assert.deepEqual(auto, {
      ...{ kind: 'device', device: 'auto', runtime: 'onnxruntime', isCurrent: true },
      description: 'the fastest that works: webgpu',
      detail: 'It is the fastest: a small training step takes 4.0 ms, on the processor 21 ms.',
    });
    assert.equal(first?.description, 'the processor: A Processor, 8 cores');
    assert.equal(first.detail, 'Works everywhere. A small training step takes 21 ms.');
    assert.equal(second?.detail, webgpu.reason);
  });

  test('marks what the setting says where the recipe names no device', () => {
    const marked = (text: string): readonly unknown[] =>
      deviceEntries(machine([cpu, webgpu]), recipeEngine(text), false, 'webgpu').map(
        (entry) => entry.kind === 'device' && entry.isCurrent && entry.device,
      );
    assert.deepEqual(marked('{}'), [false, false, 'webgpu']);
    assert.deepEqual(marked('{ "engine": { "device": "auto" } }'), ['auto', false, false]);
  });

  test('says why a device cannot be used and what would enable it, after those that can', () => {
    const entries = deviceEntries(machine([cpu, noWebgpu]), sayingNothing, false);
    const last = entries.at(-1)!;
    assert.ok(last.kind === 'device');
    assert.equal(last.description, 'a graphics card of any maker: cannot be used here');
    assert.equal(
      last.problem,
      'webgpu cannot be used here. No graphics driver was found that it could use. Install a Vulkan driver of your GPU, then look again.',
    );
  });

  test('marks what the recipe says', () => {
    const engine = recipeEngine('{ "engine": { "device": "webgpu" } }');
    const marked = deviceEntries(machine([cpu, webgpu]), engine, false).filter(
      (entry) => entry.kind === 'device' && entry.isCurrent,
    );
    assert.deepEqual(
      marked.map((entry) => entry.kind === 'device' && entry.device),
      ['webgpu'],
    );
  });

  test('a recipe with quantized weights trains on devices that compute with them alone, which is said', () => {
    const engine = recipeEngine('{ "engine": { "quantization": "nf4" } }');
    const [auto, , other] = deviceEntries(
      machine([cpu, { ...webgpu, quantizations: ['int8'] }], 'webgpu'),
      engine,
      false,
    );
    assert.equal(auto?.description, 'the fastest that works: cpu');
    assert.ok(other?.kind === 'device');
    assert.match(other.problem!, /engine\.quantization to "nf4".* Set it to "none"/);
    const [able] = deviceEntries(machine([cpu, webgpu], 'webgpu'), engine, false);
    assert.equal(able?.description, 'the fastest that works: webgpu');
  });

  test('CUDA is offered to be set up where nothing but its libraries is missing', () => {
    const cuda = { ...noWebgpu, device: 'cuda' };
    const found = (enable: string): readonly unknown[] => {
      const entry = deviceEntries(machine([cpu, { ...cuda, enable }]), sayingNothing, true).at(-1)!;
      return [entry.kind, entry.kind === 'set-up' ? entry.library : entry.problem];
    };
    assert.deepEqual(found('Run `lora setup cuda`, which fetches them.'), ['set-up', 'cuda']);
    const [kind, problem] = found("Install NVIDIA's driver (580 or later), then run `lora setup cuda`.");
    assert.equal(kind, 'device');
    assert.match(problem as string, /then run "LoRA: Set Up CUDA"\.$/);
  });

  test('TensorFlow is offered for recipes: to be set up, or to be used', () => {
    const kinds = (report: DeviceReport, isSetting: boolean): readonly string[] =>
      deviceEntries(machine([cpu, report]), sayingNothing, isSetting).map(({ kind }) => kind);
    assert.deepEqual(kinds({ ...tensorflow, usable: false }, false), ['device', 'device', 'set-up']);
    assert.deepEqual(kinds(tensorflow, false), ['device', 'device', 'device']);
    assert.deepEqual(kinds(tensorflow, true), ['device', 'device']);
  });
});

describe('what is chosen', () => {
  const written = (text: string, choice: { device: string; runtime: string }, setting?: string): string => {
    const changes = deviceChanges(choice, recipeEngine(text), setting);
    if (changes.length === 0) return text;
    return applyEdits(text, fixEdits(text, { title: 'Train', changes })!.edits);
  };
  const onnx = (device: string): { device: string; runtime: string } => ({ device, runtime: 'onnxruntime' });

  test('stands in the recipe, and its comments stay', () => {
    const text = '{\n  // ours\n  "engine": { "device": "auto" /* any */ },\n}\n';
    assert.equal(written(text, onnx('webgpu')), text.replace('"auto"', '"webgpu"'));
    assert.equal(
      written('{\n  "name": "a" // mine\n}\n', onnx('cpu')),
      '{\n  "name": "a", // mine\n  "engine": { "device": "cpu" }\n}\n',
    );
  });

  test('auto is what a recipe says that says nothing', () => {
    assert.equal(written('{ "name": "a" }', onnx('auto')), '{ "name": "a" }');
  });

  test('counts more than the setting: a recipe that says nothing trains by that one', () => {
    assert.equal(written('{}', onnx('auto'), 'webgpu'), '{ "engine": { "device": "auto" } }');
    assert.equal(written('{}', onnx('cpu'), 'webgpu'), '{ "engine": { "device": "cpu" } }');
    assert.equal(written('{}', onnx('webgpu'), 'webgpu'), '{}');
    const onTensorflow = '{ "engine": { "runtime": "tensorflow" } }';
    const back = written(onTensorflow, onnx('auto'), 'webgpu');
    assert.equal(back, '{ "engine": { "runtime": "auto", "device": "auto" } }');
  });

  test('TensorFlow is another runtime, and a device of ONNX Runtime leads back', () => {
    const text = '{ "engine": { "device": "auto" } }';
    const there = written(text, { device: 'cpu', runtime: 'tensorflow' });
    assert.equal(there, '{ "engine": { "device": "cpu", "runtime": "tensorflow" } }');
    assert.equal(written(there, onnx('auto')), '{ "engine": { "device": "auto", "runtime": "auto" } }');
  });
});

describe('the device setting', () => {
  test('counts for recipes that name no device', () => {
    assert.deepEqual(deviceOverrides('webgpu', sayingNothing), ['engine.device=webgpu']);
    assert.deepEqual(deviceOverrides('auto', sayingNothing), []);
  });

  test('does not count where the recipe has settled it', () => {
    for (const engine of ['"device": "auto"', '"device": "cpu"', '"runtime": "tensorflow"']) {
      assert.deepEqual(deviceOverrides('webgpu', recipeEngine(`{ "engine": { ${engine} } }`)), [], engine);
    }
  });

  test('a recipe that is being typed says what can be read of it', () => {
    assert.deepEqual(recipeEngine(''), sayingNothing);
    assert.equal(recipeEngine('{ "engine": { "device": "cpu", ').device, 'cpu');
    assert.equal(recipeEngine('{ "engine": { "device": 7 } }').device, undefined);
  });

  test('the status bar says where it trains and who says so', () => {
    assert.deepEqual(deviceText(sayingNothing, 'auto'), {
      text: 'auto',
      tooltip:
        'Trains on the fastest device that works, as the recipe names none. ' +
        'Click to see what this computer has, and to choose.',
    });
    assert.match(deviceText(sayingNothing, 'webgpu').tooltip, /^Trains on webgpu, by the setting lora\.engine\.device/);
    const named = deviceText(recipeEngine('{ "engine": { "device": "cpu", "runtime": "tensorflow" } }'), 'webgpu');
    assert.equal(named.text, 'cpu (tensorflow)');
    assert.match(named.tooltip, /as the recipe says/);
  });
});
