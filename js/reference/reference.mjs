// Writes the reference of the browser SDK into dist, a page for each entry; with
// --check it writes nothing. Either way it fails where an export has no words of its
// own, or a link leads nowhere. It is a workspace of its own since TypeDoc reads
// sources with an older TypeScript than the one that checks them.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Application } from "typedoc";
import { entries } from "../sdk/entries.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const sdk = join(here, "../sdk");
const app = await Application.bootstrap({
  name: "@liaison/client",
  entryPoints: [...entries.values()],
  tsconfig: join(sdk, "tsconfig.json"),
  readme: join(sdk, "README.md"),
  out: join(here, "dist"),
  skipErrorChecking: true, // the newer one has
  disableSources: true, // they would name the machine's revision
  excludePrivate: true,
  excludeInternal: true,
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
  validation: { notExported: false, invalidLink: true, notDocumented: true },
  requiredToBeDocumented: ["Class", "Function", "Interface", "TypeAlias", "Variable", "Property", "Method", "Accessor"],
});
const project = await app.convert();
if (!project) process.exit(1);
app.validate(project);
if (!process.argv.includes("--check")) await app.generateOutputs(project);
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1);
