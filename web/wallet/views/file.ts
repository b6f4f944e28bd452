import { field } from "../dom.ts";
import { maxBackupBytes } from "../vault/backup.ts";
import { words } from "../words.ts";

/** A field for a backup file. */
export interface FileField {
  readonly row: HTMLElement;
  /** The file's text; undefined if there is none, or none that could be a backup. */
  read(): Promise<string | undefined>;
}

/** Makes a field for a backup file. */
export function fileField(): FileField {
  const { row, input } = field(words.settings.file, { type: "file", accept: ".json,application/json", testid: "backup-file", required: true });
  return {
    row,
    async read() {
      const file = input.files?.[0];
      if (!file || file.size > maxBackupBytes) return undefined;
      return file.text().catch(() => undefined);
    },
  };
}
