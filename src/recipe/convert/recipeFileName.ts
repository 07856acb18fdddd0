/**
 * What a converted recipe is called: after its source, or for an adapter_config.json after the adapter's folder.
 * `file` is a path in any system's spelling.
 */
export function recipeFileName(file: string): string {
  const parts = file.split(/[/\\]/).filter((part) => part !== '' && part !== '.');
  const base = (parts.at(-1) ?? '').replace(/\.(json|ya?ml|sh|bash|py|txt)$/i, '');
  const folder = parts.at(-2);
  const name = base === 'adapter_config' && folder !== undefined && folder !== '..' ? folder : base;
  return `${name === '' ? 'adapter' : name}.lora.json`;
}
