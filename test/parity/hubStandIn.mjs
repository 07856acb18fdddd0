// Whether test/hub's stand-in for the hub takes what Hugging Face's own client sends: `node test/parity/hubStandIn.mjs`.
// `huggingface_hub` makes a repository there and uploads a folder with a small file, a large one and one that goes in parts.
import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { pythonWithRequirements } from './environment.mjs';

const scratch = mkdtempSync(path.join(tmpdir(), 'lora-hub-stand-in-'));
try {
  const bundle = path.join(scratch, 'hubServer.mjs');
  await build({
    entryPoints: [path.join(import.meta.dirname, '../hub/hubServer.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  const { HubServer } = await import(pathToFileURL(bundle).href);
  const server = await HubServer.start();
  const folder = mkdtempSync(path.join(scratch, 'adapter-'));
  const files = {
    'README.md': Buffer.from('---\nlibrary_name: peft\n---\n# An adapter\n'),
    'adapter_model.safetensors': randomBytes(10_000),
    'one_part.safetensors': randomBytes(2000),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(path.join(folder, name), bytes);
  const script = `
import sys
from huggingface_hub import HfApi
api = HfApi(endpoint=sys.argv[1], token="hf_writer")
assert api.whoami()["name"] == "someone", "it should know whose token this is"
api.create_repo("someone/by-python", private=True, exist_ok=True)
api.create_repo("someone/by-python", private=True, exist_ok=True)
api.upload_folder(repo_id="someone/by-python", folder_path=sys.argv[2])
info = api.model_info("someone/by-python", revision="main", files_metadata=True)
assert info.private, "it should be private"
`;
  const env = { ...process.env, HF_HUB_DISABLE_XET: '1', HF_HUB_DISABLE_PROGRESS_BARS: '1', HF_HOME: scratch };
  try {
    await promisify(execFile)(pythonWithRequirements(), ['-c', script, server.endpoint, folder], { env });
    const there = server.filesAt('someone/by-python');
    const missing = Object.entries(files).filter(([name, bytes]) => !there.get(name)?.equals(bytes));
    console.log(missing.length === 0 ? 'same   all files' : `DIFFERS ${missing.map(([name]) => name).join(', ')}`);
    process.exitCode = missing.length === 0 ? 0 : 1;
  } finally {
    await server.close();
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
