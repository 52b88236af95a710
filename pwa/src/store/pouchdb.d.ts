/** The few parts of PouchDB that this application uses; the packages carry no types. */
declare module 'pouchdb-core' {
  export interface Stored {
    _id: string;
    _rev?: string;
  }
  export interface ChangeRow<T> {
    id: string;
    seq: number | string;
    deleted?: boolean;
    changes: { rev: string }[];
    doc?: T;
  }
  export interface Emitter<R> extends Promise<R> {
    on(event: string, handler: (argument: any) => void): Emitter<R>;
    cancel(): void;
  }
  export interface WriteRow {
    id?: string;
    ok?: boolean;
    rev?: string;
    error?: string | boolean;
    reason?: string;
    receipt?: string;
    status?: number;
  }
  export interface ReplicationResult {
    ok: boolean;
    docs_written: number;
    last_seq: number | string;
  }
  export interface Database {
    name: string;
    get<T = Stored>(id: string): Promise<T & Stored>;
    put(doc: object): Promise<{ rev: string }>;
    bulkDocs(docs: object[], options?: { new_edits?: boolean }): Promise<WriteRow[]>;
    allDocs<T>(options: object): Promise<{
      rows: {
        id: string;
        key: string;
        error?: string;
        value?: { rev: string; deleted?: boolean };
        doc?: T;
      }[];
    }>;
    revsDiff(revs: Record<string, string[]>): Promise<Record<string, { missing: string[] }>>;
    changes<T>(options: object): Emitter<{ results: ChangeRow<T>[]; last_seq: number }>;
    info(): Promise<{ update_seq: number | string; doc_count: number }>;
    replicate: { from(source: Database, options: object): Emitter<ReplicationResult> };
    close(): Promise<void>;
    destroy(): Promise<void>;
  }
  interface Constructor {
    new (name: string, options?: object): Database;
    plugin(plugin: unknown): Constructor;
  }
  const PouchDB: Constructor;
  export default PouchDB;
}
declare module 'spark-md5' {
  /** md5 of the text as UTF-8, in hex digits. */
  const Md5: { hash(text: string): string };
  export default Md5;
}
declare module 'pouchdb-adapter-idb';
declare module 'pouchdb-adapter-http';
declare module 'pouchdb-replication';
