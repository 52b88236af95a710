/** Small things in localStorage: read at once at start, before any database is open. */

export function kept<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(`tianwen.${key}`);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function keep(key: string, value: unknown): void {
  try {
    if (value === undefined || value === null) localStorage.removeItem(`tianwen.${key}`);
    else localStorage.setItem(`tianwen.${key}`, JSON.stringify(value));
  } catch {
    // A full or forbidden localStorage costs a convenience, never a document: those are in IndexedDB.
  }
}
