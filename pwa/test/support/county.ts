/** A server of one file with ranges (docs/pack.md), whose link breaks after so many bytes of a body. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class County {
  /** [address, Range, status] of every request. */
  readonly asked: [string, string, number][] = [];
  sent = 0;
  /** Bytes of a body after which the link breaks; null for a good link. */
  breaksAfter: number | null = null;
  status = 200;
  private server!: Server;

  /** `files`: the file for an address, and what its ETag is. */
  constructor(public files: (address: string) => { file: Uint8Array; etag: string }) {}

  async open(): Promise<this> {
    this.server = createServer((request, response) => {
      const { file, etag } = this.files(request.url!);
      const from = request.headers['if-range'] === etag ? Number(/\d+/.exec(request.headers.range ?? '')) : 0;
      const partly = from > 0;
      const status = this.status !== 200 ? this.status : from >= file.length ? 416 : partly ? 206 : 200;
      this.asked.push([request.url!, request.headers.range ?? '', status]);
      const body = status >= 400 ? new Uint8Array() : file.subarray(from);
      response.writeHead(status, {
        ...{ ETag: etag, 'Content-Length': body.length, 'Accept-Ranges': 'bytes' },
        ...(partly ? { 'Content-Range': `bytes ${from}-${file.length - 1}/${file.length}` } : {}),
      });
      const end = Math.min(body.length, this.breaksAfter ?? Infinity);
      this.sent += end;
      if (end === body.length) response.end(body);
      else response.write(body.subarray(0, end), () => setTimeout(() => response.destroy(), 20));
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  /** As the worker fetches from its own origin. */
  fetch: typeof fetch = (path, init) =>
    fetch(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}${String(path)}`, init);

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
