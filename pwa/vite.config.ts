import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build, defineConfig, type Plugin } from 'vite';

const OUT = '../server/pwa_dist';
// The oldest browser that informants' phones carry.
const TARGET = 'chrome87';

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

/** What the service worker keeps: every file of the build; names with a hash need no revision. */
function precacheList(): { url: string; revision: string | null }[] {
  return filesUnder(OUT)
    .filter((file) => !file.endsWith('sw.js'))
    .sort()
    .map((file) => {
      const url = relative(OUT, file);
      const digest = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 16);
      return { url: `/${url}`, revision: url.startsWith('assets/') ? null : digest };
    });
}

/** Builds src/sw/sw.ts after the application, with the list of its files inside. */
function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    enforce: 'post',
    async closeBundle() {
      await build({
        configFile: false,
        publicDir: false,
        logLevel: 'warn',
        define: {
          'self.__WB_MANIFEST': JSON.stringify(precacheList()),
          'process.env.NODE_ENV': '"production"',
        },
        build: {
          outDir: OUT,
          emptyOutDir: false,
          target: TARGET,
          lib: { entry: 'src/sw/sw.ts', formats: ['iife'], name: 'sw', fileName: () => 'sw.js' },
        },
      });
    },
  };
}

export default defineConfig({
  define: { __VERSION__: JSON.stringify(process.env.npm_package_version ?? '0') },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: TARGET,
    cssTarget: TARGET,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    fs: { allow: ['..'] },
    proxy: { '/api': 'http://127.0.0.1:8000', '/sync': 'http://127.0.0.1:8000' },
  },
  plugins: [serviceWorker()],
});
