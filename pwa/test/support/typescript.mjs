// Lets node's own test runner read the sources as they are (node 20 cannot yet strip types itself).
import { register } from 'node:module';
register('./typescript-hooks.mjs', import.meta.url);
