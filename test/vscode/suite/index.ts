import { apiTests } from './api';
import { chatTests } from './chat';
import { manifestTests } from './manifest';
import { servingTests } from './serving';
import { taskTests } from './tasks';

/** Tests by name; they run one after the other, in the window's one workspace. */
export type Tests = Readonly<Record<string, () => Promise<void>>>;

/** What VS Code calls inside the extension host; it ends the window with an error where this rejects. */
export async function run(): Promise<void> {
  const failed: string[] = [];
  const tests: Tests = { ...manifestTests, ...apiTests, ...taskTests, ...servingTests, ...chatTests };
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`  ok      ${name}`);
    } catch (error) {
      failed.push(name);
      console.log(`  FAILED  ${name}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  console.log(`  ${Object.keys(tests).length - failed.length} passed, ${failed.length} failed in the extension host`);
  if (failed.length > 0) throw new Error(`Failed in the extension host: ${failed.join('; ')}`);
}
