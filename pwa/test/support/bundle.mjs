// node bundle.mjs ENTRY OUT: one classic script for the oldest browser that phones carry.
import { writeFile } from 'node:fs/promises';
import { build } from 'vite';

const [entry, out] = process.argv.slice(2);
const [{ output }] = await build({
  configFile: false,
  publicDir: false,
  logLevel: 'warn',
  build: {
    write: false,
    target: 'chrome87',
    lib: { entry, formats: ['iife'], name: 'bundled', fileName: () => 'bundled.js' },
  },
});
await writeFile(out, output[0].code);
