import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transformWithOxc } from 'vite';

export async function load(url, context, next) {
  if (url.endsWith('.json')) {
    const text = await readFile(fileURLToPath(url), 'utf8');
    return { format: 'module', source: `export default ${text}`, shortCircuit: true };
  }
  if (!/\.tsx?$/.test(url)) return next(url, context);
  const path = fileURLToPath(url);
  const result = await transformWithOxc(await readFile(path, 'utf8'), path, {
    jsx: { runtime: 'automatic', importSource: 'preact' },
  });
  return { format: 'module', source: result.code, shortCircuit: true };
}
