// How much a Node process really holds: its heap after everything that nobody needs was collected.
//   node heap.mjs PORT     asks the inspector on that port (wants a Node with WebSocket: the test bed's)
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { listeningPorts } from './processes.mjs';
import { until } from './workbench.mjs';

/** Bytes of the heap of `pid` after a collection. The process opens its inspector for it and keeps it open. */
export async function heapBytes(bed, pid) {
  const before = listeningPorts(pid);
  // A second time it changes nothing.
  process.kill(pid, 'SIGUSR1');
  const ports = await until(
    async () => {
      const open = listeningPorts(pid);
      const found = await Promise.all(open.map(isInspector));
      return open.filter((_, at) => found[at]);
    },
    (found) => found.length > 0,
    `an inspector beside the ports ${before.join(', ')}`,
  );
  const { status, stdout, stderr } = spawnSync(bed.node, [fileURLToPath(import.meta.url), String(ports[0])], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The inspector does not answer: ${stderr}`);
  return Number(stdout);
}

async function isInspector(port) {
  const answer = await globalThis.fetch(`http://127.0.0.1:${port}/json/version`).catch(() => undefined);
  return answer?.ok === true && /node/i.test(await answer.text());
}

async function ask(port) {
  const [target] = await (await globalThis.fetch(`http://127.0.0.1:${port}/json/list`)).json();
  const socket = new globalThis.WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  let id = 0;
  const call = (method) => {
    const own = ++id;
    socket.send(JSON.stringify({ id: own, method }));
    return new Promise((resolve) => {
      socket.addEventListener('message', ({ data }) => {
        const message = JSON.parse(data);
        if (message.id === own) resolve(message.result);
      });
    });
  };
  // Twice: what the first one finalizes, the second one frees.
  await call('HeapProfiler.collectGarbage');
  await call('HeapProfiler.collectGarbage');
  const { usedSize } = await call('Runtime.getHeapUsage');
  socket.close();
  return usedSize;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await ask(Number(process.argv[2])));
